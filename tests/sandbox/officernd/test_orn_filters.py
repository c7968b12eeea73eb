"""Filters, operators, $select, $sort, counts: each list takes what it takes and refuses the rest."""

from __future__ import annotations

import json
from collections import Counter

import pytest


def refused(answer):
    assert answer.status_code == 400, answer.text
    return answer.json()["message"]


def test_equality(api, organisation):
    """officernd-api 2.4: field=value; e-mail is an exact match, stored in lower case (3.1)."""
    member = organisation.login_samples(1)[0].member
    assert [row["_id"] for row in api.get("/members", email=member.email).json()["results"]] == [member.id]
    assert api.get("/members", email=member.email.upper()).json()["results"] == []
    company = {row["_id"] for row in api.get("/members", company=member.company).json()["results"]}
    assert company == {row.id for row in organisation.members if row.company == member.company}
    assert [row["_id"] for row in api.get("/members", _id=member.id, status="active").json()["results"]] == [member.id]


def test_operators(api, organisation):
    """officernd-api 2.4: modifiedAt[$gte]=ISO, $lt, status[$in]=a,b; dates with or without a time."""
    moment = sorted(member.modified for member in organisation.members)[60]
    later = api.get("/members", **{"modifiedAt[$gte]": moment, "$limit": 50}).json()["results"]
    earlier = api.get("/members/count", **{"modifiedAt[$lt]": moment}).json()["total"]
    assert all(row["modifiedAt"] >= moment for row in later)
    assert earlier == 60
    assert api.get("/members/count", **{"modifiedAt[$gt]": moment}).json()["total"] == 59
    assert api.get("/members/count", **{"modifiedAt[$lte]": moment}).json()["total"] == 61
    between = {"modifiedAt[$gte]": moment[:10], "modifiedAt[$lte]": moment}
    assert api.get("/members/count", **between).json()["total"] >= 1
    statuses = {row["status"] for row in api.get("/members", **{"status[$in]": "lead,former"}).json()["results"]}
    assert statuses == {"lead", "former"}


def test_offsets_in_dates_are_honoured(api, standin):
    """officernd-api 2.4: dates are ISO; an offset is converted, not cut off."""
    standin.state.add_member("Zoned", modifiedBy="x")
    now = standin.state.now_text()
    assert now.endswith("12:00:00.000Z")
    assert api.get("/members/count", **{"modifiedAt[$gte]": "2026-11-02T14:00:00+02:00"}).json()["total"] == 1
    assert api.get("/members/count", **{"modifiedAt[$gte]": "2026-11-02T14:00:00+01:00"}).json()["total"] == 0


@pytest.mark.parametrize("value", ["yesterday", "", "2026-13-01", "1700000000"])
def test_bad_dates(api, value):
    """officernd-api 2.2: a wrong type is a 400 that says so."""
    assert refused(api.get("/members", **{"modifiedAt[$gte]": value})) == [
        "modifiedAt must be a valid ISO 8601 date string"
    ]


@pytest.mark.parametrize(
    ("path", "query", "name"),
    [
        ("/members", {"phone": "1"}, "phone"),
        ("/members", {"$populate": "company"}, "$populate"),
        ("/members", {"$skip": "1"}, "$skip"),
        ("/members", {"limit": "5"}, "limit"),
        ("/companies", {"email": "x"}, "email"),
        ("/memberships", {"modifiedAt[$gte]": "2026-01-01"}, "modifiedAt"),
        ("/memberships", {"createdAt[$gt]": "2026-01-01"}, "createdAt"),
        ("/memberships", {"$sort": '{"name":"asc"}'}, "$sort"),
        ("/memberships", {"$sort[createdAt]": "1"}, "$sort"),
        ("/plans", {"modifiedAt[$gte]": "2026-01-01"}, "modifiedAt"),
        ("/plans", {"$sort": '{"name":"asc"}'}, "$sort"),
        ("/locations", {"modifiedAt[$gte]": "2026-01-01"}, "modifiedAt"),
        ("/fees", {"name": "x"}, "name"),
        ("/fees", {"status": "approved"}, "status"),
        ("/fees", {"createdAt[$gte]": "2026-01-01"}, "createdAt"),
        ("/custom-properties", {"key": "x"}, "key"),
        ("/members/count", {"$limit": "5"}, "$limit"),
        ("/companies/count", {"$countBy": "x", "email": "y"}, "email"),
    ],
)
def test_unknown_parameters(api, path, query, name):
    """officernd-api 2.2 and 2.4: each list refuses what it does not know; memberships refuse dates and $sort."""
    assert f"property {name} should not exist" in refused(api.get(path, **query))


def test_unknown_operators(api):
    """officernd-api 2.4: operators are those of the page; others are refused."""
    assert refused(api.get("/members", **{"status[$ne]": "lead"})) == ["status.property $ne should not exist"]
    assert refused(api.get("/members", **{"modifiedAt[$in]": "a"})) == ["modifiedAt.property $in should not exist"]


def test_parameter_given_twice(api):
    """officernd-api 2.2: a repeated parameter would be a list where a text is due."""
    answer = api.call("GET", "/members?status=active&status=former")
    assert refused(answer) == ["status must be a string"]
    assert refused(api.call("GET", "/members?status=active&status[$in]=former")) == ["status must be a string"]


def test_custom_properties_are_found_by_text(api, organisation):
    """officernd-api 2.4: properties[key]=value, for strings only."""
    member = next(row for row in organisation.members if "accessCard" in row.properties)
    card = member.properties["accessCard"]
    found = api.get("/members", **{"properties[accessCard]": card}).json()["results"]
    assert [row["_id"] for row in found] == [member.id]
    assert api.get("/members", **{"properties[accessCard]": card.lstrip("0")}).json()["results"] == []
    assert refused(api.get("/members", properties="x")) == ["property properties should not exist"]
    assert refused(api.get("/fees", **{"properties[a]": "b"})) == ["property properties should not exist"]


def test_select(api, organisation):
    """officernd-api 2.4: $select keeps _id, ignores unknown names, and must not be empty."""
    row = api.get("/members", **{"$select": "name,nothing"}).json()["results"][0]
    assert set(row) == {"_id", "name"}
    assert set(api.get(f"/members/{row['_id']}", **{"$select": "status"}).json()) == {"_id", "status"}
    assert set(api.get("/plans", **{"$select": "nothing"}).json()["results"][0]) == {"_id"}
    assert refused(api.get("/members", **{"$select": ""})) == ["$select should not be empty"]
    assert refused(api.get(f"/members/{row['_id']}", **{"$select": ""})) == ["$select should not be empty"]
    assert refused(api.get(f"/members/{row['_id']}", x="1")) == ["property x should not exist"]


def test_sort(api):
    """officernd-api 2.4: $sort is JSON with asc and desc, by a few fields, and keeps its order over pages."""
    query = {"$sort": json.dumps({"status": "asc", "name": "desc"}), "$limit": 50}
    first = api.get("/members", **query).json()
    second = api.get("/members", **query, **{"$cursorNext": first["cursorNext"]}).json()
    rows = first["results"] + second["results"]
    assert rows == sorted(sorted(rows, key=lambda row: row["name"], reverse=True), key=lambda row: row["status"])
    back = api.get("/members", **query, **{"$cursorPrev": second["cursorPrev"]}).json()
    assert back["results"] == first["results"]


@pytest.mark.parametrize("value", ["name", "[1]", '{"phone":"asc"}', '{"name":"up"}'])
def test_bad_sort(api, value):
    """officernd-api 2.4: other fields and directions are refused."""
    assert refused(api.get("/members", **{"$sort": value}))[0].startswith("$sort")


def test_counts(api, organisation):
    """officernd-api 2.4: the same filters, $countBy gives groups; without it there are none."""
    statuses = Counter(member.status for member in organisation.members)
    grouped = api.get("/members/count", **{"$countBy": "status"}).json()
    assert grouped["total"] == 120
    assert {row["key"]: row["count"] for row in grouped["groups"]} == statuses
    assert api.get("/members/count", status="active").json() == {"total": statuses["active"]}
    assert api.get("/companies/count").json() == {"total": len(organisation.companies)}
    assert "$countBy must be one of" in refused(api.get("/members/count", **{"$countBy": "name"}))[0]


def test_membership_count_ignores_everything(api, organisation):
    """officernd-api 2.4: for memberships the count ignores the filters, known or not."""
    whole = {"total": len(organisation.memberships)}
    assert api.get("/memberships/count").json() == whole
    assert api.get("/memberships/count", status="not_approved").json() == whole
    assert api.get("/memberships/count", nonsense="1", **{"$limit": "x"}).json() == whole


def test_membership_filters_are_a_switch(api, switches):
    """officernd-api 2.4: which filters the memberships list takes is not said."""
    assert api.get("/memberships", status="approved").status_code == 200
    switches.membership_filters = frozenset()
    assert refused(api.get("/memberships", status="approved")) == ["property status should not exist"]
