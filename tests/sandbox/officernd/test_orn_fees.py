"""Plans and fees: what a fee needs, what it looks like, who pays, coins, invoices, locked periods, staff edits."""

from __future__ import annotations

from datetime import date

import pytest

NOBODY = "a" * 24


def refusal(answer):
    return answer.status_code, answer.json()["message"]


def test_plans(api):
    """officernd-api 3.4: filters only name and code; a print product is a plan with intervalLength once."""
    found = api.get("/plans", name="PaperCut Fees").json()["results"]
    assert [row["intervalLength"] for row in found] == ["once"]
    assert api.get("/plans", code="PRINT").json()["results"] == found
    assert isinstance(found[0]["price"], float)


@pytest.mark.parametrize(("switch", "status"), [("no", 404), ("unauthorized", 401), ("yes", 201)])
def test_creating_a_plan(api, switches, switch, status):
    """officernd-api 3.4: no create in the v2 scope list; how it is refused, or whether it works, is a switch."""
    switches.plans_can_be_created = switch
    answer = api.post("/plans", {"name": "Print 2", "intervalLength": "once", "intervalCount": 1})
    assert answer.status_code == status
    assert len(api.get("/plans", name="Print 2").json()["results"]) == (status == 201)


def test_create(api, new_fee):
    """officernd-api 3.5: 201 with the fields of the answer; source public-api, no payment yet."""
    answer = api.post("/fees", new_fee())
    fee = answer.json()
    assert answer.status_code == 201
    assert (fee["name"], fee["price"], fee["quantity"]) == ("Printing 2026-11-01 [hq-1]", 7.03, 1)
    assert (fee["issueDate"], fee["isPersonal"], fee["status"]) == ("2026-11-01T00:00:00.000Z", False, "approved")
    assert (fee["planType"], fee["source"], fee["discountedPrice"]) == ("Plan", "public-api", 7.03)
    assert "payment" not in fee
    assert api.get(f"/fees/{fee['_id']}").json() == fee
    assert fee["createdAt"] == fee["modifiedAt"] == "2026-11-02T12:00:00.000Z"


def test_not_idempotent(api, new_fee, standin):
    """officernd-api 2.2: two equal POSTs make two records."""
    assert api.post("/fees", new_fee()).json()["_id"] != api.post("/fees", new_fee()).json()["_id"]
    assert len(standin.fees()) == 2


def test_required(api):
    """officernd-api 3.5: name, issueDate, location, plan and price are due."""
    assert refusal(api.post("/fees", {})) == (
        400,
        [
            "name must be a string",
            "issueDate must be a valid ISO 8601 date string",
            "location must be a string",
            "plan must be a string",
            "price must be a number conforming to the specified constraints",
        ],
    )


@pytest.mark.parametrize("name", ["status", "source", "isRefundable", "discount", "shouldUseCoins", "_id"])
def test_not_in_the_create_list(api, new_fee, name):
    """officernd-api 3.5: what is not in the create list is refused with 400; shouldUseCoins is no body field."""
    assert refusal(api.post("/fees", new_fee(**{name: "x"}))) == (400, [f"property {name} should not exist"])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"price": "7.03"}, "price must be a number conforming to the specified constraints"),
        ({"price": True}, "price must be a number conforming to the specified constraints"),
        ({"price": -1}, "price must not be less than 0"),
        ({"issueDate": "01.11.2026"}, "issueDate must be a valid ISO 8601 date string"),
        ({"isPersonal": "true"}, "isPersonal must be a boolean value"),
        ({"member": 7}, "member must be a string"),
    ],
)
def test_types(api, new_fee, fields, message):
    """officernd-api 2.2 and 3.5: money is a number, not a string; wrong types are told by name."""
    assert refusal(api.post("/fees", new_fee(**fields))) == (400, [message])


def test_nan_is_no_price(api, new_fee):
    """JSON has no NaN; Python's reader takes it, the stand-in does not."""
    text = '{"name":"x","issueDate":"2026-11-01","location":"l","plan":"p","price":NaN}'
    answer = api.call("POST", "/fees", data=text, headers={"Content-Type": "application/json"})
    assert refusal(answer) == (400, ["price must be a number conforming to the specified constraints"])


def test_negative_price_is_a_switch(api, new_fee, switches):
    """officernd-api 3.5: whether a fee may be negative is not said."""
    switches.negative_price = "accept"
    assert api.post("/fees", new_fee(price=-1)).status_code == 201


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": ""}, "Path `name` is required."),
        ({"plan": NOBODY}, "Specified plan was not found"),
        ({"plan": "notanid"}, "Specified plan was not found"),
        ({"location": NOBODY}, "Specified office was not found"),
        ({"member": NOBODY}, "Specified member was not found"),
        ({"company": NOBODY}, "Specified company was not found"),
        ({"member": None, "company": None}, "A fee needs a member or a company"),
    ],
)
def test_business_rules(api, new_fee, standin, fields, message):
    """officernd-api 2.2: a broken business rule is a 500 with a plain message, and nothing is made."""
    answer = api.post("/fees", new_fee(**fields))
    assert refusal(answer) == (500, message)
    assert "error" not in answer.json()
    assert standin.fees() == []


def test_recurring_plan(api, new_fee, organisation, switches):
    """officernd-api 3.4: a fee needs a one-off plan; how strictly is a switch."""
    body = new_fee(plan=organisation.plan("Hot Desk").id)
    assert refusal(api.post("/fees", body)) == (500, "Specified plan is not a one-off plan")
    switches.recurring_plan_for_fee = "accept"
    assert api.post("/fees", body).status_code == 201


def test_plan_of_another_location(api, new_fee, organisation, switches):
    """officernd-api 3.4: a plan is sold at its locations; whether a fee elsewhere is refused is a switch."""
    body = new_fee(plan=organisation.plan("EVENT").id, location=organisation.locations[1].id)
    assert refusal(api.post("/fees", body)) == (500, "Specified plan is not available at the specified office")
    switches.plan_at_other_location = "accept"
    assert api.post("/fees", body).json()["status"] == "awaiting_approval"


def test_filters_find_a_lost_fee(api, new_fee):
    """officernd-api 3.5: before any repeat ask by member, plan and issueDate, and compare the reference in the name."""
    body = new_fee()
    made = api.post("/fees", body).json()
    query = {"member": body["member"], "plan": body["plan"], "issueDate[$gte]": "2026-11-01T00:00:00.000Z"}
    assert api.get("/fees", **query).json()["results"] == [made]
    assert api.get("/fees", **{**query, "issueDate[$gte]": "2026-11-02"}).json()["results"] == []
    assert api.get("/fees", **{"modifiedAt[$gte]": "2026-11-02T12:00:00Z"}).json()["results"] == [made]
    assert api.get("/fees/count", member=body["member"]).json() == {"total": 1}


FILTERS = [
    {"location": "{location}"},
    {"company": "{company}"},
    {"member": "{member}", "plan": "{plan}"},
    {"issueDate[$gte]": "2026-11-02", "issueDate[$lte]": "2026-11-30T23:59:59Z"},
    {"modifiedAt[$gt]": "2026-11-02T12:00:00Z"},
    {"company[$in]": "{company},other"},
]


@pytest.mark.parametrize("query", FILTERS)
def test_a_count_takes_the_filters_of_the_list(api, new_fee, standin, clock, query):
    """corrections, OfficeRnD: a fee list can be counted; page and count must say the same."""
    body = new_fee()
    stranger = standin.state.add_member("Stranger")
    api.post("/fees", body)
    clock.move(minutes=1)
    api.post("/fees", new_fee(issueDate="2026-11-15"))
    api.post("/fees", new_fee(member=stranger["_id"], company=None, issueDate="2026-12-01"))
    query = {name: value.format(**body) for name, value in query.items()}
    listed = len(api.get("/fees", **query).json()["results"])
    assert api.get("/fees/count", **query).json() == {"total": listed}
    assert listed == (3 if "location" in query else 1 if "issueDate[$gte]" in query else 2)
    assert api.get("/fees/count").json() == {"total": 3}


def test_a_new_fee_is_in_the_lists_later(api, new_fee, switches, clock):
    """officernd-api 2.3: absent from a list is not absent; by its id it is there at once."""
    switches.list_lag_s = 30.0
    old, body = api.post("/fees", new_fee()).json(), new_fee()
    clock.move(seconds=29)
    new = api.post("/fees", body).json()
    assert api.get("/fees").json() == {"results": [], "rangeStart": 0, "rangeEnd": 0}
    assert api.get(f"/fees/{new['_id']}").json() == new
    clock.move(seconds=1)
    assert api.get("/fees", member=body["member"]).json()["results"] == [old]
    assert api.get("/fees/count", member=body["member"]).json() == {"total": 1}
    api.put(f"/fees/{old['_id']}", {"price": 1})
    assert api.get("/fees/count").json() == {"total": 1}, "a change is seen at once"
    clock.move(seconds=29)
    assert api.get("/fees/count").json() == {"total": 2}
    assert len(api.get("/fees").json()["results"]) == 2
    api.post("/fees", new_fee())
    switches.list_lag_s = 0.0
    assert api.get("/fees/count").json() == {"total": 3}


def test_pages_of_fees_of_which_some_are_not_listed_yet(api, new_fee, switches, clock):
    """officernd-api 2.3: ranges and cursors count what is seen."""
    switches.list_lag_s = 30.0
    for number in range(4):
        api.post("/fees", new_fee(name=f"fee {number}"))
        clock.move(seconds=10)
    first = api.get("/fees", **{"$limit": 1}).json()
    second = api.get("/fees", **{"$limit": 1, "$cursorNext": first["cursorNext"]}).json()
    assert [first["results"][0]["name"], second["results"][0]["name"]] == ["fee 0", "fee 1"]
    assert (second["rangeStart"], second["rangeEnd"]) == (2, 2)
    assert "cursorNext" not in second


@pytest.mark.parametrize(
    ("digits", "sent", "stored"),
    [(-1, 0.125, 0.125), (2, 0.125, 0.13), (2, 7.03, 7.03), (2, 1.005, 1.01), (0, 7.5, 8), (3, 0.0004, 0)],
)
def test_a_stored_price_may_be_rounded(api, new_fee, switches, digits, sent, stored):
    """officernd-api 3.5: what is billed is what is stored, not what was sent."""
    switches.fee_price_digits = digits
    fee = api.post("/fees", new_fee(price=sent)).json()
    assert (fee["price"], fee["discountedPrice"]) == (stored, stored)
    other = api.post("/fees", new_fee(price=3)).json()
    changed = api.put(f"/fees/{other['_id']}", {"price": sent}).json()
    assert (changed["price"], changed["discountedPrice"]) == (stored, stored)
    assert api.get(f"/fees/{other['_id']}").json() == changed


def test_a_count_that_is_less_than_hoped_for(api, new_fee, switches):
    """corrections, OfficeRnD: documented is that it is there; what it takes is a switch."""
    body = new_fee()
    api.post("/fees", body)
    assert refusal(api.get("/fees/count", name="x")) == (400, ["property name should not exist"])
    switches.fee_count = "plain"
    assert api.get("/fees/count").json() == {"total": 1}
    assert refusal(api.get("/fees/count", member=body["member"])) == (400, ["property member should not exist"])
    assert api.get("/fees", member=body["member"]).status_code == 200
    switches.fee_count = "ignoring"
    assert api.get("/fees/count", member=NOBODY, name="x").json() == {"total": 1}
    switches.fee_count = "absent"
    assert refusal(api.get("/fees/count")) == (404, "Item with Id (count)")
    assert api.get("/fees/count", member=body["member"]).status_code == 404
    assert api.get("/members/count", status="active").status_code == 200


@pytest.mark.parametrize("path", ["/plans/count", "/members/count", "/companies/count"])
def test_other_counts(api, path):
    """corrections, OfficeRnD: plans are counted as members and companies are."""
    listed = api.get(path.removesuffix("/count"), name="PaperCut Fees").json()["results"]
    assert api.get(path, name="PaperCut Fees").json() == {"total": len(listed)}


def test_a_count_of_memberships_that_no_page_documents(api, switches):
    """corrections, OfficeRnD: seen on a staging site, without a word in the reference."""
    assert api.get("/memberships/count").json()["total"] > 0
    switches.membership_count = "absent"
    assert refusal(api.get("/memberships/count")) == (404, "Item with Id (count)")


def test_billing_settings(api, switches):
    """corrections, OfficeRnD: whether prices are with tax is the organisation's setting."""
    assert api.get("/billing-settings").json() == {"pricesIncludeTax": False, "lockDate": None}
    switches.prices_include_tax = True
    assert api.get("/billing-settings").json()["pricesIncludeTax"] is True
    switches.billing_settings = "absent"
    assert api.get("/billing-settings").status_code == 404


@pytest.mark.parametrize(("switch", "filled"), [("filled", True), ("as_sent", False)])
def test_company_of_a_members_fee(api, new_fee, switches, organisation, switch, filled):
    """officernd-api 3.6 and 8.7: a company member's fee is the company's; sent without one it is a switch."""
    switches.company_of_fee = switch
    member = organisation.login_samples(1)[0].member
    fee = api.post("/fees", new_fee(company=None)).json()
    assert fee.get("company") == (member.company if filled else None)
    personal = api.post("/fees", new_fee(company=None, isPersonal=True)).json()
    assert "company" not in personal


def test_fee_makes_a_contact_a_drop_in(api, new_fee, standin, switches):
    """officernd-api 3.1: a one-off fee may turn a contact or former into drop-in; an active one stays."""
    contact = standin.state.add_member("Contact", status="contact")
    api.post("/fees", new_fee(member=contact["_id"], company=None))
    assert standin.state.members[contact["_id"]]["status"] == "drop-in"
    active = new_fee()["member"]
    api.post("/fees", new_fee())
    assert standin.state.members[active]["status"] == "active"
    switches.fee_makes_drop_in = False
    other = standin.state.add_member("Other", status="former")
    api.post("/fees", new_fee(member=other["_id"], company=None))
    assert standin.state.members[other["_id"]]["status"] == "former"


def test_put(api, new_fee, switches):
    """corrections, OfficeRnD: PUT takes properties, price and billToMember, an alias of isPersonal; 200."""
    fee = api.post("/fees", new_fee()).json()
    path = f"/fees/{fee['_id']}"
    assert api.put(path, {"price": 5}).json()["discountedPrice"] == 5
    assert api.put(path, {"billToMember": True}).json()["isPersonal"] is True
    assert api.put(path, {"properties": {"site": "hq"}, "price": None}).json()["properties"] == {"site": "hq"}
    assert (api.put(path, {}).status_code, api.get(path).json()["price"]) == (200, 5)
    for field in ("name", "quantity", "issueDate", "isPersonal", "shouldUseCoins", "_id"):
        assert refusal(api.put(path, {field: fee.get(field)})) == (400, [f"property {field} should not exist"])
    assert refusal(api.call("PUT", path, json={}, params={"x": "1"})) == (400, ["property x should not exist"])
    switches.fee_update_fields = frozenset({"issueDate", "name"})
    assert api.put(path, {"issueDate": "2026-11-02"}).json()["issueDate"] == "2026-11-02T00:00:00.000Z"
    assert refusal(api.put(path, {"name": ""})) == (500, "Path `name` is required.")
    assert refusal(api.put(path, {"price": 5})) == (400, ["property price should not exist"])
    assert api.put(f"/fees/{NOBODY}", {}).status_code == 404


@pytest.mark.parametrize(("switch", "kept"), [("replace", {"b": "2"}), ("merge", {"a": "1", "b": "2"})])
def test_properties_of_a_fee(api, new_fee, switches, switch, kept):
    """corrections, OfficeRnD: POST takes properties too; what PUT does with those that are there is a switch (2.5)."""
    switches.properties_on_put = switch
    fee = api.post("/fees", new_fee(properties={"a": "1"})).json()
    assert fee["properties"] == {"a": "1"}
    assert api.put(f"/fees/{fee['_id']}", {"properties": {"b": "2"}}).json()["properties"] == kept


@pytest.mark.parametrize("place", ["query", "body"])
def test_coins_of_a_changed_fee(api, new_fee, standin, switches, place):
    """corrections, OfficeRnD: shouldUseCoins is a query parameter of PUT too; a fee takes its coins once."""
    switches.coins_switch_in = place
    body = new_fee(price=4)
    standin.state.grant_coins(body["company"], [body["plan"]], monthly=5)
    path = f"/fees/{api.post('/fees', body).json()['_id']}"

    def put(value):
        if place == "body":
            return api.put(path, {"shouldUseCoins": value})
        return api.call("PUT", path, json={}, params={"shouldUseCoins": str(value).lower()})

    for _ in range(2):
        fee = put(True).json()
        assert (fee["shouldUseCoins"], fee["discountedPrice"]) == (True, 0)
    assert standin.state.coins[body["company"]].used_in == {"2026-11": 4}
    assert put("perhaps").status_code == 400


def test_delete(api, new_fee):
    """officernd-api 3.5: DELETE answers the fee as it was; the second time 404."""
    fee = api.post("/fees", new_fee()).json()
    gone = api.delete(f"/fees/{fee['_id']}")
    assert (gone.status_code, gone.json()["_id"], gone.json()["properties"]) == (200, fee["_id"], {})
    assert api.delete(f"/fees/{fee['_id']}").status_code == 404


def test_bill_run(api, new_fee, standin, organisation):
    """officernd-api 3.5, 3.6, 3.8: fees up to a date, earlier periods too, one invoice a payer; lines name the fee."""
    company = api.post("/fees", new_fee()).json()
    personal = api.post("/fees", new_fee(isPersonal=True, price=2)).json()
    early = api.post("/fees", new_fee(issueDate="2026-09-30", price=1)).json()
    late = api.post("/fees", new_fee(issueDate="2026-11-02T00:00:00.000Z")).json()
    invoices = standin.bill_run(date(2026, 11, 1))
    assert {(row.get("company"), row.get("member"), row["amount"]) for row in invoices} == {
        (company["company"], None, 8.03),
        (None, company["member"], 2),
    }
    billed = api.get(f"/fees/{company['_id']}").json()
    assert billed["payment"]["status"] == "awaiting_payment"
    payments = api.get("/payments", company=company["company"]).json()["results"]
    assert {line["fee"] for row in payments for line in row["lines"]} == {company["_id"], early["_id"]}
    assert api.get("/payments", member=personal["member"]).json()["results"][0]["documentType"] == "invoice"
    assert "payment" not in api.get(f"/fees/{late['_id']}").json()
    assert standin.bill_run(date(2026, 11, 1)) == []


def test_invoiced_fee_is_fixed(api, new_fee, standin):
    """officernd-api 3.5: an invoiced fee can neither be deleted nor changed by API, 500."""
    fee = api.post("/fees", new_fee()).json()
    standin.bill_run(date(2026, 11, 30))
    assert refusal(api.delete(f"/fees/{fee['_id']}")) == (500, "Cannot delete invoiced fee")
    assert refusal(api.put(f"/fees/{fee['_id']}", {"price": 1})) == (500, "Cannot update invoiced fee")


def test_locked_period(api, new_fee, standin, switches):
    """officernd-api 3.5: a billing lock date forbids changes in closed periods; the first open day is open."""
    fee = api.post("/fees", new_fee(issueDate="2026-10-31")).json()
    standin.state.lock_before(date(2026, 11, 1))
    for answer in (
        api.post("/fees", new_fee(issueDate="2026-10-31T23:59:59.999Z")),
        api.put(f"/fees/{fee['_id']}", {"price": 1}),
        api.delete(f"/fees/{fee['_id']}"),
    ):
        assert refusal(answer) == (500, "The billing period is locked")
    assert api.post("/fees", new_fee(issueDate="2026-11-01")).status_code == 201
    switches.lock_applies_to = frozenset({"POST"})
    assert api.delete(f"/fees/{fee['_id']}").status_code == 200
    standin.state.lock_before(None)
    assert api.post("/fees", new_fee(issueDate="2026-10-31")).status_code == 201


@pytest.mark.parametrize(
    ("switch", "status", "payment"),
    [("nothing", "approved", None), ("status", "waived", None), ("payment", "approved", "voided")],
)
def test_waived(api, new_fee, standin, switches, switch, status, payment):
    """officernd-api 3.5: a waived fee is kept and never billed; how it looks in the API is unknown."""
    switches.waived_shown_as = switch
    fee = api.post("/fees", new_fee()).json()
    standin.waive_fee(fee["_id"])
    told = api.get(f"/fees/{fee['_id']}").json()
    assert told["status"] == status
    assert told.get("payment", {}).get("status") == payment
    assert standin.bill_run(date(2026, 12, 31)) == []


def test_staff_rename_and_delete(api, new_fee, standin, clock):
    """officernd-api 3.5: staff edit names and delete fees; the name moves modifiedAt."""
    fee = api.post("/fees", new_fee()).json()
    clock.move(minutes=30)
    standin.rename_fee(fee["_id"], "Print (hq-1) as agreed")
    assert api.get("/fees", **{"modifiedAt[$gt]": fee["modifiedAt"]}).json()["results"][0]["name"].startswith("Print (")
    standin.delete_fee(fee["_id"])
    assert api.get(f"/fees/{fee['_id']}").status_code == 404


def test_fee_of_somebody_else(api, new_fee, standin):
    """officernd-api 3.5: fees of staff, the portal or another integration show their source."""
    standin.add_fee(source="portal", **new_fee(name="Printing"))
    assert [row["source"] for row in api.get("/fees").json()["results"]] == ["portal"]


def test_coins(api, new_fee, standin, switches):
    """officernd-api 3.5 and 3.9: shouldUseCoins is a query parameter; coins valid for the plan pay first."""
    body = new_fee(price=4, quantity=2)
    plan = body["plan"]
    standin.state.grant_coins(body["company"], [plan], monthly=5)
    fee = api.post("/fees", body, shouldUseCoins="true").json()
    assert (fee["shouldUseCoins"], fee["discountedPrice"], fee["discountAmount"]) == (True, 1.5, 2.5)
    stats = api.get("/coins/stats", month="2026-11", company=body["company"]).json()
    assert stats == [
        {
            "validFor": "oneOffPlans",
            "oneOffPlans": [plan],
            "monthly": {"total": 5, "used": 5, "remaining": 0},
            "once": {"total": 0.0, "used": 0.0, "remaining": 0.0},
        }
    ]
    assert api.post("/fees", body, shouldUseCoins="true").json()["discountedPrice"] == 4, "used up"
    assert standin.bill_run(date(2026, 11, 30))[0]["amount"] == 3 + 8
    switches.coins_shown_as = "nothing"
    standin.state.grant_coins(body["company"], [plan], once=100)
    assert api.post("/fees", body, shouldUseCoins="true").json()["discountedPrice"] == 4
    assert standin.state.coins[body["company"]].once_used == 8


def test_coins_of_other_plans_do_not_pay(api, new_fee, standin, organisation):
    """officernd-api 3.9: coins are limited to chosen plans; without shouldUseCoins none are taken."""
    body = new_fee()
    standin.state.grant_coins(body["company"], [organisation.plan("Day Pass").id], monthly=5)
    assert api.post("/fees", body, shouldUseCoins="true").json()["discountedPrice"] == body["price"]
    standin.state.grant_coins(body["company"], [body["plan"]], monthly=5)
    assert api.post("/fees", body, shouldUseCoins="false").json()["discountedPrice"] == body["price"]


def test_where_the_coins_switch_is_read(api, new_fee, switches):
    """officernd-api 3.5 and 8.4: query or body is an inference; the wrong place is refused."""
    assert refusal(api.post("/fees", new_fee(), shouldUseCoins="maybe")) == (
        400,
        ["shouldUseCoins must be a boolean value"],
    )
    switches.coins_switch_in = "body"
    assert api.post("/fees", new_fee(shouldUseCoins=True)).json()["shouldUseCoins"] is True
    assert refusal(api.post("/fees", new_fee(), shouldUseCoins="true")) == (
        400,
        ["property shouldUseCoins should not exist"],
    )


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"month": "2026-13", "member": "x"},
        {"month": "2026-11"},
        {"month": "2026-11", "member": "x", "a": "b"},
        {"month": "2026-11", "member": "x", "company": "y"},
    ],
)
def test_coin_stats_refused(api, query):
    """officernd-api 3.9: month as YYYY-MM and one of company or member."""
    assert api.get("/coins/stats", **query).status_code == 400


def test_coin_stats_of_nobody(api):
    """officernd-api 3.9: who has no coins has no credit account."""
    assert api.get("/coins/stats", month="2026-11", member=NOBODY).json() == []
