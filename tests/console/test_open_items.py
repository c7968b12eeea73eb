"""One source of what is open: status, the pages and the messages tell the same count in the same words."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, update

from relay import alerts
from relay import run as story
from relay.cli.app import OUTSIDE
from relay.console import first_hour
from relay.console.app import make_app
from relay.console.desk import Desk
from relay.money.ledger import tables
from relay.open_items import open_items
from relay.people.decide.matching import Question
from relay.people.memory import questions
from relay.remedy import Remedy
from tests.console.conftest import MakeDesk
from tests.support.visitor import Visitor

SITE = "hq"


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


def page_text(visitor: Visitor, path: str) -> str:
    return " ".join(visitor.page(path).xpath("//main")[0].text_content().split())


def test_everybody_tells_the_same(make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_hour, "is_open", lambda place: False)
    place = make_desk()
    visitor = Visitor(make_app(place).test_client())
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
    today = page_text(visitor, "/")
    for line in lines:
        assert line.replace("157.50 EUR", "€157.50") in today
    assert "62 people" in page_text(visitor, "/money")
    review = visitor.page("/review")
    assert review.xpath("//h2[@id='questions']")[0].text == "58 questions: who is who?"
    assert len(review.xpath("//input[@name='pick']")) == 58 and "Use these 58" in page_text(visitor, "/review")


def test_status_says_what_is_open_and_what_is_not(make_desk: MakeDesk, capsys) -> None:
    from relay.cli import terminal

    place = make_desk()
    OUTSIDE.json = False
    terminal.status(terminal.output(), status(place))
    assert "Nothing waits for a person." in capsys.readouterr().out
    leave_open(place)
    terminal.status(terminal.output(), status(place))
    shown = capsys.readouterr().out
    assert "58 questions about who is who." in shown and "62 people with held money" in shown
    assert "Nothing waits" not in shown and "No movement is open" not in shown


def test_what_is_over_is_open_no_more(make_desk: MakeDesk) -> None:
    place = make_desk()
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


def test_a_question_stays_as_old_as_it_is(make_desk: MakeDesk) -> None:
    place = make_desk()
    leave_open(place)
    first = open_items(place.database, place.settings).questions[0]
    place.clock.move(days=2)  # type: ignore[attr-defined]
    with place.database.begin() as connection:
        again = [Question(one.code, one.subject, "Still.", (Remedy("unlink", ("m0",)),)) for one in (first,)]
        new = Question("other", "x", "New.", (Remedy("link", ("m1", "a")),))
        questions.keep(connection, SITE, [*again, new], place.clock.now())
    old, young = open_items(place.database, place.settings).questions
    assert (old.message, old.since) == ("Still.", first.since) and young.since == place.clock.now()
