"""Who did what, what ran, and who may come in: the three pages about the relay itself."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from lxml import html

from relay import money
from relay.console import runs
from relay.console.app import make_app
from relay.console.desk import Desk
from relay.language import lazy
from tests.console.conftest import MakeDesk
from tests.support.still_clock import StillClock
from tests.support.visitor import PASSWORD, Visitor, text

LONG = "another long password"


def cells(page: html.HtmlElement) -> list[list[str]]:
    return [[" ".join(cell.text_content().split()) for cell in row] for row in page.xpath("//main//tbody/tr")]


@pytest.fixture
def place(make_desk: MakeDesk) -> Desk:
    return make_desk(with_passwords=True)


@pytest.fixture
def ann(place: Desk) -> Visitor:
    """Somebody who may decide on money."""
    found = Visitor(make_app(place).test_client())
    assert 302 == found.log_in("moneyer").status_code
    return found


# -- audit


def test_the_audit_says_who_did_what_to_whom_how_much_and_why(ann: Visitor, place: Desk) -> None:
    place.audit.write("tim", "forgave", "Luca Marchetto", amount="1.30", reason="printer jammed", about="money")
    when, who, what, whom, amount, why = cells(ann.page("/audit"))[0]
    assert ("tim", "forgave", "Luca Marchetto", "€1.30", "printer jammed") == (who, what, whom, amount, why)
    assert when


def test_a_deed_and_its_end_are_read_in_the_reader_s_language(ann: Visitor, place: Desk) -> None:
    """The log is English; a sentence that is put together has beside it what it is made of."""
    end = lazy("%(username)s is not linked to any PaperCut account.", username="bo")
    place.audit.write("ann", lazy("answered the stop: %(said)s", said="continue"), "restored", end, about="money")
    row = place.audit.last(1)[0]
    assert ("answered the stop: continue", "bo is not linked to any PaperCut account.") == (
        row["action"],
        row["outcome"],
    )
    shown = ann.get("/audit", headers={"Accept-Language": "de"}).text
    assert "hat den Abrechnungsstopp beantwortet: continue" in shown
    assert "answered the stop: continue" in ann.get("/audit.csv").text and "answered the stop" in ann.get("/audit").text


def test_the_audit_is_found_by_word_person_subject_and_day(ann: Visitor, place: Desk, clock: StillClock) -> None:
    place.audit.write("tim", "linked", "Zoë Müller", about="people")
    day = clock.now().date()
    clock.move(days=3)
    ann.log_in("moneyer")
    place.audit.write("eve", "forgave", "Bob", reason="jam", about="money")
    for query, expected in (
        ("find=MÜLL+zo", ["linked"]),
        ("find=jam", ["forgave"]),
        ("by=tim", ["linked"]),
        ("about=money", ["forgave"]),
        (f"to={day}&about=people", ["linked"]),
        (f"from={day + timedelta(days=1)}&by=eve", ["forgave"]),
        ("find=nothing-like-this", []),
    ):
        assert expected == [row[2] for row in cells(ann.page(f"/audit?{query}")) if len(row) > 2], query
    views = [" ".join(one.text_content().split()) for one in ann.page("/audit").xpath("//ul[@class='chips']//a")]
    assert ["All 4", "Money 1", "People 1", "Logins 2"] == views


def test_the_audit_as_csv_runs_no_formula_and_keeps_the_filter(ann: Visitor, place: Desk) -> None:
    place.audit.write("tim", "linked", "=HYPERLINK(1)", about="people")
    answer = ann.get("/audit.csv?by=tim")
    rows = list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert ["'=HYPERLINK(1)"] == [row["subject"] for row in rows]
    assert "audit.csv" in answer.headers["Content-Disposition"]


def test_the_audit_goes_back_through_every_file_that_is_kept(
    ann: Visitor, place: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.console.audit.LARGEST_BYTES", 10)
    for number in range(5):
        place.audit.write("tim", f"deed {number}", about="people")
    found = [row[2] for row in cells(ann.page("/audit"))]
    assert [f"deed {number}" for number in (4, 3, 2, 1, 0)] == found[:5]


def test_a_long_audit_has_pages(ann: Visitor, place: Desk) -> None:
    for number in range(60):
        place.audit.write("tim", f"deed {number}", about="people")
    assert 50 == len(cells(ann.page("/audit?by=tim")))
    assert 10 == len(cells(ann.page("/audit?by=tim&page=2")))


def test_a_decision_names_people_amount_and_reason(ann: Visitor, place: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [{"name": "Luca Rossi"}, {"name": "Ben Ode"}]
    done = {"people": people, "ids": [7, 8], "total": "1.30", "at": "2026-11-23T10:00:00"}
    monkeypatch.setattr(Desk, "now_under_lock", lambda *_: SimpleNamespace(as_json=lambda: done))
    form = {"hold": "7 8", "said": "forgive", "reason": "jam"}
    assert 302 == ann.post("/money/decide", form).status_code
    row = place.audit.last(1)[0]
    assert ("Luca Rossi, Ben Ode", "1.30", "jam") == (row["subject"], row["amount"], row["reason"])
    assert "forgive" in row["action"]


# -- runs


def record(place: Desk, clock: StillClock, kind: str, code: int = 0, **answer: Any) -> None:
    started = clock.now()
    clock.move(seconds=2)
    money.record_run(
        place.database,
        place.settings.site.name,
        kind,
        started=started,
        ended=clock.now(),
        exit_code=code,
        answer=answer,
    )


def test_the_parts_of_a_daily_run_are_one_run(ann: Visitor, place: Desk, clock: StillClock) -> None:
    record(place, clock, "sync", users={"update": 1}, applied=True)
    record(place, clock, "recover", movements=[])
    record(place, clock, "sync", users={"create": 2}, applied=True)
    record(place, clock, "settle", code=1, movements=[], total="61.20", error={"message": "Bob: no answer"})
    record(place, clock, "jobs", new=64)
    record(place, clock, "sync", users={}, applied=True)
    rows = cells(ann.page("/runs"))
    assert ["People brought in line", "Daily run", "People brought in line"] == [row[1] for row in rows]
    assert ["2 new people", "€61.20", "64", "8 s", "some of it could not be done"] == rows[1][2:]
    assert ["no change", "", "", "2 s", "done"] == rows[0][2:]


def test_a_run_shows_what_each_part_did(ann: Visitor, place: Desk, clock: StillClock) -> None:
    line = {"kind": "fee", "username": "bob", "member_id": "", "amount": "3.00", "state": "posted"}
    record(place, clock, "recover", movements=[])
    record(place, clock, "settle", movements=[line], total="3.00")
    record(place, clock, "jobs", code=1, error={"message": "The log is gone."})
    link = ann.page("/runs").xpath("//tbody//th/a/@href")[0]
    told = text(ann.page(link))
    for words in ("1 fee billed, €3.00 in all", "bob", "Print fee", "The log is gone."):
        assert words in told, words
    assert 404 == ann.get("/runs/999").status_code


def test_an_interrupted_run_does_not_swallow_the_next_sync(place: Desk, clock: StillClock) -> None:
    record(place, clock, "recover")
    clock.move(hours=1)
    record(place, clock, "sync")
    assert [["sync"], ["recover"]] == [
        [part.kind for part in run.parts] for run in runs.listed(place.database, place.settings.site.name, 9)
    ]


def test_older_runs_follow_without_a_gap(ann: Visitor, place: Desk, clock: StillClock) -> None:
    for number in range(30):
        record(place, clock, "jobs", new=number)
    first = ann.page("/runs")
    older = ann.page(first.xpath("//a[@rel='next']/@href")[0])
    assert [str(number) for number in range(29, -1, -1)] == [row[4] for row in (*cells(first), *cells(older))]


# -- users


def form(name: str, role: str = "look", password: str = LONG, again: str | None = None) -> dict[str, str]:
    return {"name": name, "role": role, "password": password, "again": password if again is None else again}


def test_a_user_is_added_logs_in_and_is_removed(ann: Visitor, place: Desk) -> None:
    assert 302 == ann.post("/users/add", form("tim", "operate")).status_code
    tim = Visitor(make_app(place).test_client())
    assert 302 == tim.log_in("tim", LONG).status_code
    row = next(row for row in cells(ann.page("/users")) if row[0].startswith("tim"))
    assert "look, work with people" == row[1] and row[2] != "none on record"
    assert 302 == ann.post("/users/remove", {"name": "tim"}).status_code
    assert "tim" not in place.users
    assert 302 == tim.get("/").status_code  # to the login
    assert ["removed the user", "added the user"] == [
        item["action"] for item in place.audit.last(9) if "user" in item["action"]
    ]


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (form("tim", password="short"), "at least 10 characters"),
        (form("tim", again=LONG + "x"), "The two passwords differ"),
        (form("ann lee"), "cannot be a login name"),
        (form("looker"), "already"),
    ],
)
def test_what_is_wrong_is_told_at_the_field_and_nothing_is_lost(
    ann: Visitor, place: Desk, sent: dict[str, str], told: str
) -> None:
    before = set(place.users)
    answer = ann.post("/users/add", sent)
    page = html.fromstring(answer.text)
    assert 400 == answer.status_code and set(place.users) == before
    problem = page.xpath("//p[@class='problem']")[0]
    assert told in problem.text_content()
    field = page.xpath("//input[@aria-invalid='true']")[0]
    assert problem.get("id") in field.get("aria-describedby")
    assert sent["name"] == page.xpath("//input[@id='name']/@value")[0]
    assert LONG not in answer.text


def test_a_role_is_changed_without_a_password(ann: Visitor, place: Desk) -> None:
    assert 302 == ann.post("/users/change", form("looker", "operate", password="")).status_code
    assert "operate" == place.users["looker"].role
    assert 302 == Visitor(make_app(place).test_client()).log_in("looker", PASSWORD).status_code


def test_whoever_changes_his_own_password_stays_in(ann: Visitor, place: Desk) -> None:
    other = Visitor(make_app(place).test_client())
    other.log_in("moneyer")
    assert 302 == ann.post("/users/change", form("moneyer", "money")).status_code
    assert 200 == ann.get("/users").status_code
    assert 302 == other.get("/users").status_code


def test_the_last_who_may_decide_on_money_stays(ann: Visitor, place: Desk) -> None:
    answer = ann.post("/users/change", form("moneyer", "look", password=""))
    assert 409 == answer.status_code and "last one who may decide on money" in answer.text
    assert 409 == ann.post("/users/remove", {"name": "moneyer"}).status_code
    assert "money" == place.users["moneyer"].role
    ann.post("/users/add", form("eve", "money"))
    assert 302 == ann.post("/users/change", form("moneyer", "look", password="")).status_code
    assert "look" == place.users["moneyer"].role


@pytest.mark.parametrize("role", ["looker", "operateer"])
def test_nobody_else_touches_users(place: Desk, role: str) -> None:
    somebody = Visitor(make_app(place).test_client())
    assert 302 == somebody.log_in(role).status_code
    page = somebody.page("/users")
    assert not page.xpath("//main//form")
    for path in ("add", "change", "remove"):
        assert 403 == somebody.post(f"/users/{path}", form("looker")).status_code
    assert 403 == somebody.get("/users/one?name=looker").status_code


def test_without_a_password_the_page_says_how_to_make_one(visitor: Visitor) -> None:
    assert "papercut-relay password NAME" in text(visitor.page("/users"))
