"""Pages: size, cursors, ranges, and what a write between two pages does."""

from __future__ import annotations

import pytest

from relay.sandbox.officernd import queries


def every_page(api, path, **query):
    """Return the pages of a list as bodies."""
    pages, cursor = [], None
    while True:
        body = api.get(path, **query, **({"$cursorNext": cursor} if cursor else {})).json()
        pages.append(body)
        cursor = body.get("cursorNext")
        if not cursor:
            return pages


def ids(pages):
    return [row["_id"] for page in pages for row in page["results"]]


def test_pages_join_to_the_whole(api, organisation):
    """officernd-api 2.3: results, 1-based rangeStart and rangeEnd, cursorNext until it is left out at the end."""
    pages = every_page(api, "/members", **{"$limit": 50})
    assert [(page["rangeStart"], page["rangeEnd"]) for page in pages] == [(1, 50), (51, 100), (101, 120)]
    assert ids(pages) == [member.id for member in organisation.members]
    assert ["cursorNext" in page for page in pages] == [True, True, False]
    assert ["cursorPrev" in page for page in pages] == [False, True, True]


def test_end_may_be_null(api, switches):
    """officernd-api 2.3: cursorNext at the end is absent (observed) or null (documented)."""
    switches.end_of_list = "null"
    pages = every_page(api, "/members")
    assert (pages[-1]["cursorNext"], pages[0]["cursorPrev"]) == (None, None)


@pytest.mark.parametrize(("limit", "size"), [(None, 50), (50, 50), (1, 1), (0, 20), (-5, 5), ("7", 7)])
def test_limit(api, limit, size):
    """officernd-api 2.3: 50 by default and at most; 0 falls back to 20; negative ones are accepted."""
    query = {} if limit is None else {"$limit": limit}
    assert len(api.get("/members", **query).json()["results"]) == size


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("51", "$limit must not be greater than 50"),
        ("10000", "$limit must not be greater than 50"),
        ("abc", "$limit must be a number conforming to the specified constraints"),
        ("' OR 1=1 --", "$limit must be a number conforming to the specified constraints"),
        ("", "$limit must be a number conforming to the specified constraints"),
    ],
)
def test_limit_refused(api, limit, message):
    """officernd-api 2.3: 51 is refused with that text, not capped; text is refused."""
    answer = api.get("/members", **{"$limit": limit})
    assert (answer.status_code, answer.json()["message"]) == (400, [message])


def test_default_limit_is_a_switch(api, switches):
    """officernd-api 2.3: whether the default is 50 or 20 was not settled."""
    switches.default_limit = 20
    assert len(api.get("/members").json()["results"]) == 20


def test_previous_page(api):
    """officernd-api 2.3: $cursorPrev of page 2 is page 1."""
    first = api.get("/members", **{"$limit": 10}).json()
    second = api.get("/members", **{"$limit": 10, "$cursorNext": first["cursorNext"]}).json()
    again = api.get("/members", **{"$limit": 10, "$cursorPrev": second["cursorPrev"]}).json()
    assert again["results"] == first["results"]
    assert "cursorPrev" not in again


@pytest.mark.parametrize("cursor", ["nonsense", "bm90IGpzb24=", "e30=", "W10=", "é"])
def test_broken_cursor_is_a_500(api, cursor):
    """officernd-api 2.2: a broken cursor is 500."""
    answer = api.get("/members", **{"$cursorNext": cursor})
    assert answer.status_code == 500
    assert "JSON" in answer.json()["message"]


def test_both_cursors_are_a_504(api):
    """officernd-api 2.2: both cursors at once are 504, a page of the proxy and no JSON."""
    cursor = api.get("/members").json()["cursorNext"]
    answer = api.get("/members", **{"$cursorNext": cursor, "$cursorPrev": cursor})
    assert (answer.status_code, answer.headers["Content-Type"]) == (504, "text/html")


def test_empty_list(api):
    """officernd-api 2.3: an empty list has the range 0 to 0 and no cursors."""
    assert api.get("/fees").json() == {"results": [], "rangeStart": 0, "rangeEnd": 0}


@pytest.mark.parametrize(("cursors", "seen"), [("keyset", 1), ("offset", 0)])
def test_somebody_leaves_between_two_pages(api, standin, switches, cursors, seen):
    """officernd-api 2.3: cursors are opaque; with offsets a removal before the cursor hides the next one."""
    switches.cursors = cursors
    first = api.get("/members", **{"$limit": 10}).json()
    after = list(standin.state.members)[10]["_id"]
    standin.state.remove_member(first["results"][0]["_id"])
    second = api.get("/members", **{"$limit": 10, "$cursorNext": first["cursorNext"]}).json()
    assert [row["_id"] for row in second["results"]].count(after) == seen


def test_bare_arrays(api, switches, organisation):
    """officernd-api 2.3: some endpoints may answer a bare array."""
    switches.bare_lists = frozenset({"locations"})
    assert [row["_id"] for row in api.get("/locations").json()] == [row.id for row in organisation.locations]
    assert isinstance(api.get("/plans").json(), dict)


def test_paging_filters_once(api, monkeypatch):
    """Going through all pages of a filtered list looks at each record once, not once a page."""
    looked = []
    real = queries.matches
    monkeypatch.setattr(queries, "matches", lambda row, filters: looked.append(row) or real(row, filters))
    every_page(api, "/members", **{"$limit": 5, "modifiedAt[$gte]": "2000-01-01"})
    assert len(looked) == 120


def test_pages_see_what_changed(api, standin):
    """What is remembered of a list ends with the next write."""
    before = api.get("/members", status="lead").json()["results"]
    standin.state.add_member("New Lead", status="lead")
    assert len(api.get("/members", status="lead").json()["results"]) == len(before) + 1
