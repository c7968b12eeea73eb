"""Members, companies, locations, custom properties: what they look like and what may be written to them."""

from __future__ import annotations

import pytest


def any_member(standin, **wanted):
    return next(row for row in standin.state.members if all(bool(row[name]) is value for name, value in wanted.items()))


def test_member(api, standin):
    """officernd-api 3.1: one name, location, company or null, status, properties, stamps; no sign of a password."""
    known = standin.organisation.login_samples(1)[0].member
    body = api.get(f"/members/{known.id}").json()
    assert (body["name"], body["email"], body["company"]) == (known.name, known.email, known.company)
    assert {"startDate", "createdAt", "createdBy", "modifiedAt", "modifiedBy", "status", "location"} <= set(body)
    assert not {name for name in body if "password" in name.lower() or name.startswith("__")}
    assert api.get(f"/members/{any_member(standin, company=False)['_id']}").json()["company"] is None


@pytest.mark.parametrize(("switch", "shows"), [("absent", KeyError), ("null", None), ("empty", "")])
def test_member_without_email(api, standin, switches, switch, shows):
    """officernd-api 3.1: 16 % have no e-mail; whether the field is absent, null or empty is not said."""
    switches.missing_email = switch
    body = api.get(f"/members/{any_member(standin, email=False)['_id']}").json()
    assert body.get("email", KeyError) == shows


def test_empty_properties(api, standin, switches):
    """officernd-api 5: properties can be missing when empty."""
    path = f"/members/{any_member(standin, properties=False)['_id']}"
    assert "properties" not in api.get(path).json()
    switches.empty_properties = "object"
    assert api.get(path).json()["properties"] == {}


def test_put_is_partial(api, standin, clock):
    """officernd-api 2.5: updates are PUT and may hold only what changes; PATCH does not exist."""
    member = any_member(standin, email=True)
    clock.move(minutes=30)
    answer = api.put(f"/members/{member['_id']}", {"phone": "+359 2 1234"})
    assert answer.status_code == 200
    assert answer.json()["name"] == member["name"]
    assert answer.json()["modifiedAt"] == "2026-11-02T12:30:00.000Z"
    assert api.call("PATCH", f"/members/{member['_id']}", json={"phone": "1"}).status_code == 404


def test_put_that_changes_nothing(api, standin, clock):
    """officernd-api 2.2 (observed for memberships): an empty PUT is accepted and moves no modifiedAt."""
    member = any_member(standin, email=True)
    clock.move(minutes=30)
    for body in ({}, {"name": member["name"]}):
        answer = api.put(f"/members/{member['_id']}", body)
        assert (answer.status_code, answer.json()["modifiedAt"]) == (200, member["modifiedAt"])


@pytest.mark.parametrize(("switch", "expected"), [("replace", {"b": "2"}), ("merge", {"a": "1", "b": "2"})])
def test_put_of_properties(api, standin, switches, switch, expected):
    """officernd-api 2.5: whether PUT replaces or merges the properties is unknown."""
    switches.properties_on_put = switch
    member = standin.state.add_member("Proper", properties={"a": "1"})
    assert api.put(f"/members/{member['_id']}", {"properties": {"b": "2"}}).json()["properties"] == expected


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"createdAt": "2026-01-01"}, 400, ["property createdAt should not exist"]),
        ({"_id": "x"}, 400, ["property _id should not exist"]),
        ({"name": 5}, 400, ["name must be a string"]),
        ({"isBillingPerson": "yes"}, 400, ["isBillingPerson must be a boolean value"]),
        ({"properties": "x"}, 400, ["properties must be an object"]),
        ({"tags": {}}, 400, ["tags must be an array"]),
        ({"name": ""}, 500, "Path `name` is required."),
        ({"location": "a" * 24}, 500, "Specified office was not found"),
        ({"company": "a" * 24}, 500, "Specified company was not found"),
    ],
)
def test_put_refused(api, standin, body, status, message):
    """officernd-api 2.2: strict bodies, 500 for business rules; nothing is changed."""
    member = any_member(standin, email=True)
    answer = api.put(f"/members/{member['_id']}", body)
    assert (answer.status_code, answer.json()["message"]) == (status, message)
    assert standin.state.members[member["_id"]] == member


def test_put_status_is_one_of_the_list(api, standin):
    """officernd-api 3.1: status is an enumeration."""
    answer = api.put(f"/members/{any_member(standin, email=True)['_id']}", {"status": "gone"})
    assert answer.json()["message"][0].startswith("status must be one of the following values: active, former")


def test_write_to_nobody(api):
    """officernd-api 2.2: PUT and DELETE of an unknown id are 404."""
    for answer in (api.put("/members/" + "a" * 24, {}), api.delete("/companies/nobody")):
        assert answer.status_code == 404


def test_create_and_delete_member(api, organisation):
    """officernd-api 3.1: POST answers 201 with the object; equal POSTs make two; DELETE answers what was deleted."""
    body = {
        "name": "Twice",
        "location": organisation.locations[0].id,
        "startDate": "2026-11-01",
        "email": "t@x.example",
    }
    first, second = api.post("/members", body), api.post("/members", body)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["_id"] != second.json()["_id"]
    gone = api.delete(f"/members/{first.json()['_id']}")
    assert (gone.status_code, gone.json()["name"], gone.json()["properties"]) == (200, "Twice", {})
    assert api.delete(f"/members/{first.json()['_id']}").status_code == 404
    assert api.post("/members", {}).json()["message"] == ["name must be a string", "location must be a string"]


def test_company_takes_no_status(api, standin):
    """officernd-api 3.2: a company's status is always automatic."""
    company = next(iter(standin.state.companies))
    answer = api.put(f"/companies/{company['_id']}", {"status": "former"})
    assert answer.json()["message"] == ["property status should not exist"]
    assert api.put(f"/companies/{company['_id']}", {"name": "Renamed & Co"}).json()["name"] == "Renamed & Co"


def test_company_names_come_through_unharmed(api, organisation):
    """officernd-api 3.2: names with markup, quotes and other scripts are the same text on the other side."""
    told = [row["name"] for row in api.get("/companies", **{"$limit": 50}).json()["results"]]
    assert told == [company.name for company in organisation.companies]


def test_locations(api):
    """officernd-api 3.7: address is an object or a text; the timezone is an IANA name."""
    row = api.get("/locations").json()["results"][0]
    assert {"_id", "name", "code", "address", "timezone", "isOpen", "isPublic"} <= set(row)
    assert row["timezone"] == "Europe/Sofia"


def test_custom_properties(api):
    """officernd-api 3.10: read only; card numbers are String, printingPin is a Number."""
    rows = {row["key"]: row for row in api.get("/custom-properties").json()["results"]}
    assert (rows["accessCard"]["type"], rows["printingPin"]["type"]) == ("String", "Number")
    assert rows["printingPin"]["targets"] == ["member"]
    assert api.post("/custom-properties", {}).status_code == 404


def test_portal_access(api, standin):
    """officernd-api 3.1 and 4.1: off deletes the sign-in, the member stays; answer 204 without a body."""
    sample = standin.organisation.login_samples(1)[0]
    path = f"/members/{sample.member.id}/portal-access"
    signin = {"email": sample.email, "password": sample.password}
    off = api.put(path, {"isPortalAccessEnabled": False})
    assert (off.status_code, off.content) == (204, b"")
    assert api.post("/auth/signin", signin).status_code == 403
    assert api.get(f"/members/{sample.member.id}").status_code == 200
    assert api.put(path, {"isPortalAccessEnabled": True, "shouldSendInvitation": False}).status_code == 204
    assert api.post("/auth/signin", signin).status_code == 200
    assert api.put(path, {}).json()["message"] == ["isPortalAccessEnabled must be a boolean value"]
    assert api.put("/members/nobody/portal-access", {"isPortalAccessEnabled": True}).status_code == 404


def test_hand_set_status_of_a_company_member(api, standin):
    """officernd-api 3.1: setting a company member by hand to former or contact revokes app access; a solo's stays."""
    sample = standin.organisation.login_samples(1)[0]
    solo = standin.state.add_member("Solo", "solo@x.example", password="Secret-12")
    standin.state.change_member(sample.member.id, status="former")
    standin.state.change_member(solo["_id"], status="former")
    assert api.post("/auth/signin", {"email": sample.email, "password": sample.password}).status_code == 403
    assert api.post("/auth/signin", {"email": "solo@x.example", "password": "Secret-12"}).status_code == 200


@pytest.mark.parametrize(("follows", "status"), [(True, 200), (False, 401)])
def test_account_of_a_changed_address(api, standin, switches, follows, status):
    """officernd-api 4.1: user and member are joined by e-mail; what a changed address does is unknown."""
    switches.account_follows_email = follows
    sample = standin.organisation.login_samples(1)[0]
    standin.state.change_member(sample.member.id, email="new@x.example")
    answer = api.post("/auth/signin", {"email": "new@x.example", "password": sample.password})
    assert answer.status_code == status


def test_account_of_a_shared_address_stays(api, standin):
    """officernd-api 3.1: addresses are shared; when one of two changes theirs, the account stays with the other."""
    sample = standin.organisation.login_samples(1)[0]
    standin.state.add_member("Other", sample.email)
    standin.state.change_member(sample.member.id, email="new@x.example")
    assert api.post("/auth/signin", {"email": sample.email, "password": sample.password}).status_code == 200


def test_passes_and_checkins(api, standin):
    """officernd-api 3.9: passes carry member and status, check-ins start; checking in is POST /checkins/{memberId}."""
    member = standin.organisation.members[0].id
    standin.state.add_pass(member, count=5)
    assert api.get("/passes", member=member).json()["results"][0]["count"] == 5
    made = api.post(f"/checkins/{member}", {})
    assert (made.status_code, made.json()["member"]) == (201, member)
    assert len(api.get("/checkins", **{"start[$gte]": "2026-11-02"}).json()["results"]) == 1
    assert api.get("/checkins", **{"start[$gte]": "2026-11-03"}).json()["results"] == []
    assert api.post("/checkins/nobody", {}).status_code == 404
