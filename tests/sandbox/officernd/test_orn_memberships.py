"""Memberships: the resource on which the service's refusals were observed, word by word."""

from __future__ import annotations

import pytest


@pytest.fixture
def body(organisation):
    return {
        "name": "Hot Desk",
        "startDate": "2026-01-01T00:00:00.000Z",
        "location": organisation.locations[0].id,
        "plan": organisation.plan("Hot Desk").id,
        "company": organisation.companies[0].id,
    }


def without(body, *names, **changed):
    return {name: value for name, value in {**body, **changed}.items() if name not in names}


def test_list(api, organisation):
    """officernd-api 3.3: member is absent for a membership of the whole company; endDate is null while open."""
    rows = {row["_id"]: row for row in api.get("/memberships").json()["results"]}
    for made in organisation.memberships[:50]:
        row = rows[made.id]
        assert row.get("member", "") == made.member
        assert (row["endDate"] is None) == (made.end is None)
        assert row["calculatedStatus"] == made.calculated_status
        assert row["isPersonal"] == made.personal


def test_create(api, body):
    """officernd-api 3.3: 201 with defaults; equal POSTs make two (2.2)."""
    first, second = api.post("/memberships", body), api.post("/memberships", body)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["_id"] != second.json()["_id"]
    made = first.json()
    assert (made["type"], made["intervalLength"], made["calculatedStatus"]) == ("month_to_month", "month", "active")
    assert made["createdAt"] == made["modifiedAt"]
    later = api.post("/memberships", without(body, startDate="2027-01-01"))
    assert later.json()["calculatedStatus"] == "not_started"


@pytest.mark.parametrize(
    ("leave_out", "change", "status", "message"),
    [
        (["name"], {}, 400, ["name must be a string"]),
        (["plan"], {}, 400, ["plan must be a string"]),
        (["company"], {}, 400, ["A company field must be provided if the isPersonal field is set to false."]),
        ([], {"isPersonal": True}, 400, ["A member field must be provided if the isPersonal field is set to true."]),
        ([], {"type": "fixed"}, 400, ["End date is required for fixed memberships"]),
        ([], {"type": "daily"}, 400, ["type must be one of the following values: month_to_month, fixed"]),
        ([], {"price": 5}, 400, ["property price should not exist"]),
        ([], {"name": ""}, 500, "Path `name` is required."),
        ([], {"plan": "a" * 24}, 500, "Specified plan was not found"),
        ([], {"plan": "notanid"}, 500, "Specified plan was not found"),
        ([], {"location": "a" * 24}, 500, "Specified office was not found"),
        ([], {"company": "a" * 24}, 500, "Specified company was not found"),
        ([], {"endDate": "2025-01-01"}, 500, "Membership startDate should be before the endDate"),
    ],
)
def test_create_refused(api, standin, body, leave_out, change, status, message):
    """officernd-api 2.2: 400 for the form, 500 for business rules such as an unknown plan or end before start."""
    before = len(standin.state.memberships)
    answer = api.post("/memberships", without(body, *leave_out, **change))
    assert (answer.status_code, answer.json()["message"]) == (status, message)
    assert ("error" in answer.json()) == (status == 400)
    assert len(standin.state.memberships) == before


def test_location_that_is_no_id(api, body):
    """officernd-api 2.2: a location that is no id at all is another 500."""
    answer = api.post("/memberships", without(body, location="notanid"))
    assert (answer.status_code, "24 character hex" in answer.json()["message"]) == (500, True)


def test_put_takes_three_fields(api, body, clock):
    """officernd-api 3.5: memberships accept only three fields on PUT; {} is a no-op that moves no modifiedAt."""
    made = api.post("/memberships", body).json()
    path = f"/memberships/{made['_id']}"
    clock.move(minutes=1)
    assert api.put(path, {}).json()["modifiedAt"] == made["modifiedAt"]
    assert api.put(path, {"endDate": "2027-01-01", "price": 200}).json()["price"] == 200
    assert api.put(path, {"endDate": None}).json()["endDate"] is None
    for name in ("name", "type", "plan", "location", "company", "isPersonal", "status", "properties"):
        assert api.put(path, {name: "x"}).json()["message"] == [f"property {name} should not exist"]
    assert api.put(path, {"endDate": "2025-01-01"}).status_code == 500
    assert api.put(path, {"endDate": made["startDate"]}).status_code == 200, "the same day is allowed (observed)"
    assert api.put("/memberships/" + "a" * 24, {}).status_code == 404


def test_delete(api, standin, body):
    """officernd-api 2.2: an invoiced membership cannot be deleted, 500; another is answered as it was."""
    made = api.post("/memberships", body).json()
    assert api.delete(f"/memberships/{made['_id']}").json()["_id"] == made["_id"]
    assert api.delete(f"/memberships/{made['_id']}").status_code == 404
    again = api.post("/memberships", body).json()
    standin.bill_run(standin.state.clock.now().date())
    refused = api.delete(f"/memberships/{again['_id']}")
    assert (refused.status_code, refused.json()["message"]) == (500, "Cannot delete invoiced membership")
    refused = api.put(f"/memberships/{again['_id']}", {"startDate": "2026-02-01"})
    assert refused.status_code == 500
    assert "invoiced" in refused.json()["message"]


@pytest.mark.parametrize("bumps", [False, True])
def test_whether_a_membership_moves_its_member(api, standin, switches, clock, organisation, bumps):
    """officernd-api 2.4: whether a membership change bumps the member's modifiedAt is unknown."""
    switches.membership_bumps_member = bumps
    sample = organisation.login_samples(1)[0].member
    plan = organisation.plan("Hot Desk").id
    standin.state.add_membership(plan, company=sample.company, member=sample.id)
    whole = standin.state.add_membership(plan, company=sample.company)
    clock.move(minutes=1)
    standin.state.change_membership(whole["_id"], calculatedStatus="expired")
    moved = {row["_id"] for row in standin.state.members if row["modifiedAt"] == standin.state.now_text()}
    colleagues = {row.id for row in organisation.members if row.company == sample.company}
    assert moved == (colleagues if bumps else set())
    standin.state.remove_membership(whole["_id"])
    assert api.get(f"/memberships/{whole['_id']}").status_code == 404
