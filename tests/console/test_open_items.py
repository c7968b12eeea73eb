"""One source of what is open: status, the pages and the messages tell the same count in the same words."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import html
from sqlalchemy import insert, select, update

from relay import alerts, money
from relay import run as story
from relay.cli.app import OUTSIDE
from relay.console import figures, first_hour
from relay.console.app import make_app
from relay.console.desk import Desk
from relay.money.ledger import tables
from relay.open_items import open_items
from relay.people.decide.matching import Question
from relay.people.memory import questions
from relay.remedy import Remedy
from relay.stored_accounts import people_links
from tests.console.conftest import MakeDesk
from tests.support.visitor import Visitor, text

SITE = "hq"


@pytest.fixture
def place(make_desk: MakeDesk) -> Desk:
    return make_desk()


@pytest.fixture
def visitor(place: Desk) -> Visitor:
    return Visitor(make_app(place).test_client())


def leave_open(place: Desk) -> None:
    """Leave of everything something: as a scheduler's run does, none of which this console has seen."""
    now = place.clock.now()
    asked = [
        Question("shared_email", f"m{number}@x.example", "Say who.", (Remedy("link_new", (f"m{number}", "new")),))
        for number in range(58)
    ]
    remark = Question("no_email", "Di Fox", "There is no address.", (Remedy("issue_pin", ("m9",)),))
    held = [
        {"member_id": f"m{number}", "username": f"u{number}", "code": code, "amount": 2_500_000, "reason": "why"}
        for number in range(62)
        for code in (("opening", "grew") if number == 0 else ("opening",))
    ]
    rows = [{"site": SITE, "at": now, "ended_at": None, **row} for row in held]
    stop = {"site": SITE, "code": "restored", "facts": {}, "message": "A counter fell.", "at": now, "ended_at": None}
    alert = {"site": SITE, "cause": "missed", "message": "Nothing has run since Monday.", "since": now, "seen_at": now}
    with place.database.begin() as connection:
        questions.keep(connection, SITE, [*asked, remark], now)
        connection.execute(insert(tables.holds), rows)
        connection.execute(insert(tables.stops).values(**stop))
        connection.execute(insert(alerts.alerts).values(**alert))
        # Told as a message too, and here as what it is: once.
        connection.execute(insert(alerts.alerts).values(**{**alert, "cause": "held", "message": "Money is held."}))


def status(place: Desk) -> dict[str, Any]:
    with place.site() as site:
        return story.status(site)


def test_everybody_tells_the_same(place: Desk, visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_hour, "is_open", lambda place: False)
    visitor.page("/")
    leave_open(place)
    told = status(place)["open"]
    lines = told.pop("lines")
    assert told == {"questions": 58, "held": 62, "in_doubt": 0, "stops": 1, "alerts": 1}
    assert lines == [
        "No money moves: PaperCut was put back from a backup.",
        "Nothing has run since Monday.",
        "62 people with held money wait for a decision (157.50 EUR).",
        "58 questions about who is who.",
    ]
    today = text(visitor.page("/"))
    for line in lines:
        assert line.replace("157.50 EUR", "€157.50") in today
    assert "62 people" in text(visitor.page("/money"))
    review = visitor.page("/review")
    assert review.xpath("//h2[@id='questions']")[0].text == "58 questions: who is who?"
    assert len(review.xpath("//input[@name='pick']")) == 58 and "Use these 58" in text(visitor.page("/review"))


def test_status_says_what_is_open_and_what_is_not(place: Desk, capsys) -> None:
    from relay.cli import terminal

    OUTSIDE.json = False
    terminal.status(terminal.output(), status(place))
    assert "Nothing waits for a person." in capsys.readouterr().out
    leave_open(place)
    terminal.status(terminal.output(), status(place))
    shown = capsys.readouterr().out
    assert "58 questions about who is who." in shown and "62 people with held money" in shown
    assert "Nothing waits" not in shown and "No movement is open" not in shown


def test_what_is_over_is_open_no_more(place: Desk) -> None:
    leave_open(place)
    now = place.clock.now()
    with place.database.begin() as connection:
        for table in (tables.holds, tables.stops, alerts.alerts):
            connection.execute(update(table).values(ended_at=now))
        questions.answered(connection, SITE, "m7", now)
        questions.answered(connection, "other", "m8", now)
    found = open_items(place.database, place.settings)
    assert found.counts() == {"questions": 57, "held": 0, "in_doubt": 0, "stops": 0, "alerts": 0}
    assert "m7@x.example" not in {one.subject for one in found.questions}


def test_what_a_kill_left_is_the_next_runs_and_no_persons(
    place: Desk, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between a request and its answer only evidence can tell, and the next run looks for it."""
    monkeypatch.setattr(first_hour, "is_open", lambda place: False)
    now = place.clock.now()
    row = {
        "site": SITE, "reference": "hq-20261124-m1-1", "kind": "top_up", "member_id": "m1", "username": "ann",
        "company_id": "", "amount": 2_500_000, "currency": "EUR", "business_day": now.date(), "sequence": 1,
        "period": "2026-11", "state": "sent", "sent_at": now, "created_at": now, "changed_at": now,
        "balance_before": 0, "jobs_before": 0,
    }  # fmt: skip
    with place.database.begin() as connection:
        connection.execute(insert(tables.movements).values(**row))
    found = open_items(place.database, place.settings)
    told = "1 fee or adjustment was sent, and its answer is not known: the next run checks whether it arrived."
    assert [told] == found.as_json()["lines"] and 0 == found.counts()["in_doubt"] == found.for_money
    for path in ("/", "/money"):
        page = text(visitor.page(path))
        assert "must check" not in page and "only you can answer" not in page
    assert told in text(visitor.page("/"))
    with place.database.begin() as connection:
        connection.execute(update(tables.movements).values(state="in_doubt"))
    assert "must check whether it is there" in text(visitor.page("/"))
    assert "1 question that only you can answer" in text(visitor.page("/money"))


def test_a_question_stays_as_old_as_it_is(place: Desk) -> None:
    leave_open(place)
    first = open_items(place.database, place.settings).questions[0]
    place.clock.move(days=2)  # type: ignore[attr-defined]
    with place.database.begin() as connection:
        again = [Question(one.code, one.subject, "Still.", (Remedy("unlink", ("m0",)),)) for one in (first,)]
        new = Question("other", "x", "New.", (Remedy("link", ("m1", "a")),))
        questions.keep(connection, SITE, [*again, new], place.clock.now())
    old, young = open_items(place.database, place.settings).questions
    assert (old.message, old.since) == ("Still.", first.since) and young.since == place.clock.now()


def test_the_navigation_counts_what_each_page_asks_for(place: Desk, visitor: Visitor) -> None:

    def counts() -> list[str]:
        return ["".join(one.itertext()) for one in visitor.page("/runs").xpath("//nav//a[span]")]

    assert [] == counts()
    leave_open(place)
    assert ["Review58 open", "Money63 open"] == counts()  # the stop is one of the 63
    with place.database.begin() as connection:
        connection.execute(update(tables.stops).values(ended_at=place.clock.now()))
    assert ["Review58 open", "Money62 open"] == counts()


def test_sites_has_a_page_where_the_ledger_has_several(place: Desk, visitor: Visitor) -> None:
    """The same as `status --all-sites`, and in the navigation only then."""
    assert [] == visitor.page("/").xpath("//nav//a[@href='/sites']")
    with place.database.begin() as connection:
        now = place.clock.now()
        connection.execute(insert(tables.holds).values(
            site="annex", member_id="m1", username="u1", code="opening", amount=2_500_000, reason="why",
            at=now, ended_at=None,
        ))  # fmt: skip
        connection.execute(insert(people_links).values(
            site="annex", member_id="m1", username="u1", display_name="Ann", linked_at=now,
        ))  # fmt: skip
    assert 1 == len(visitor.page("/").xpath("//nav//a[@href='/sites']"))
    told = text(visitor.page("/sites"))
    assert "annex" in told and "hq (this one)" in told
    assert "1 person with held money waits for a decision (€2.50)." in told


def test_a_section_of_the_settings_is_opened_and_a_problem_leads_to_its_field(make_desk: MakeDesk) -> None:
    visitor = Visitor(make_app(make_desk(with_passwords=True)).test_client())
    visitor.log_in("moneyer")
    form = visitor.page("/settings?section=fees")
    assert ["fees"] == form.xpath("//details[@open]/parent::section/@id")
    assert 1 == len(form.xpath("//form//div[contains(@class, 'savebar')]//button"))
    wrong = visitor.post(
        "/settings", {"here": ["fees.minimum", "safety.max_removals_percent"], "fees.minimum": "free",
                      "safety.max_removals_percent": "many"},
    )  # fmt: skip
    page = html.fromstring(wrong.text)
    assert ["fees", "safety"] == page.xpath("//details[@open]/parent::section/@id")
    for target in ("at-fees.minimum", "at-safety.max_removals_percent"):
        assert page.xpath(f"//a[@href='#{target}']") and page.xpath(f"//*[@id='{target}']//p[@class='problem']")
    assert len(set(page.xpath("//@id"))) == len(page.xpath("//@id"))


def test_of_two_people_who_decide_the_same_the_first_word_stands(make_desk: MakeDesk) -> None:
    """The second of two clicks, too, is told that all is decided, and gives no second word."""
    place = make_desk(with_passwords=True)
    visitor, now = Visitor(make_app(place).test_client()), place.clock.now()
    held = {"site": SITE, "code": "opening_balance", "amount": 2_500_000, "reason": "why", "at": now, "ended_at": None}
    with place.database.begin() as connection:
        connection.execute(
            insert(tables.holds), [{**held, "member_id": f"m{number}", "username": f"u{number}"} for number in range(3)]
        )
    ids = [str(item["id"]) for item in figures.held(place)]
    visitor.log_in("moneyer")
    visitor.page("/money")
    first = {"said": "bill", "reason": "agreed", "hold": " ".join(ids[:2])}
    assert visitor.post("/money/decide", first).status_code == 302
    assert visitor.post("/money/decide", first).status_code == 302
    assert "2 of these amounts were decided already" in text(visitor.page("/money"))
    visitor.post("/money/decide", {"said": "forgive", "reason": "no", "hold": " ".join(ids)})
    assert "2 of these amounts were decided already" in text(visitor.page("/money"))
    assert [item["said"] for item in figures.held(place)] == ["bill", "bill", "forgive"]
    with place.database.connect() as connection:
        assert len(connection.execute(select(tables.words)).all()) == 3


def test_who_waits_for_the_lock_decides_nothing_that_was_decided_meanwhile(
    make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two windows within the same milliseconds: the second one looks once it has the lock, not before."""
    place = make_desk(with_passwords=True)
    visitor, now, lock = Visitor(make_app(place).test_client()), place.clock.now(), place.now_under_lock
    held = {"site": SITE, "code": "opening_balance", "amount": 2_500_000, "reason": "why", "at": now, "ended_at": None}
    with place.database.begin() as connection:
        connection.execute(insert(tables.holds), [{**held, "member_id": f"m{n}", "username": f"u{n}"} for n in "12"])
    (first, second) = (item["id"] for item in figures.held(place))

    def decided_meanwhile(work: Any) -> Any:
        lock(lambda site: money.approve_all(site, money.chosen(site, [first], "bill"), as_="bill", reason="a", by="a"))
        return lock(work)

    visitor.log_in("moneyer")
    visitor.page("/money")
    monkeypatch.setattr(place, "now_under_lock", decided_meanwhile)
    visitor.post("/money/decide", {"said": "forgive", "reason": "no", "hold": f"{first} {second}"})
    assert "1 of these amounts was decided already" in text(visitor.page("/money"))
    assert [(item["said"], item["said_by"]) for item in figures.held(place)] == [("bill", "a"), ("forgive", "moneyer")]
