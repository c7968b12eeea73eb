"""Everybody on one page: with and without an account, found by parts of names, and one person's time line."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import html
from sqlalchemy import insert

from relay.console import everybody, first_hour
from relay.console.app import make_app
from relay.console.desk import Desk, Glance
from relay.jobs import tables
from relay.officernd.model import Company, Member, Organization
from relay.people import ready, who
from relay.people.act.publish import publish
from relay.people.directory import DirectoryUser, directory_of
from relay.people.memory import snapshot
from relay.people.world import Account, Memory, OfficeRnDSide, PaperCutSide, World
from tests.console.conftest import MakeDesk
from tests.support.still_clock import StillClock
from tests.support.visitor import Visitor, text


def member(number: int, name: str, email: str = "", status: str = "active", company: str = "") -> Member:
    return Member(f"{number:024x}", name, email, status, company=company)


def user(one: Member, username: str, **values: object) -> DirectoryUser:
    made = DirectoryUser(username, one.name, one.email, member_id=one.id)
    return replace(made, **values)  # type: ignore[arg-type]


ZOE = member(1, "Zoë Müller", "zoe@acme.example", company="c" * 24)
BEN = member(2, "Ben Alderson", "ben@acme.example")
OLAF = member(3, "Øláf Strauß", "olaf@acme.example")
EWA = member(4, "Ewa Zielonka", "ewa@acme.example", "former")
AINO = member(5, "Aino Salmela")
NEW = member(6, "Nils New", "nils@acme.example")
GONE = DirectoryUser("gone", "Gerda Gone", member_id="9" * 24, standing="departed", reason="the person has left")
SCANNER = DirectoryUser("scanner", standing="unlinked", reason="nobody in OfficeRnD has this account")
USERS = (user(ZOE, "zoe"), user(BEN, "ben"), user(OLAF, "olaf"), GONE, SCANNER)
LEFT_OUT = {EWA.id: ["statuses", "the status former is not one of active"], AINO.id: ["without_email", "no address"]}


def fill(
    place: Desk, members: Sequence[Member], users: Sequence[DirectoryUser], balances: dict[str, int] | None = None
) -> None:
    """Leave on the disk what a sync of these people leaves."""
    now, settings = place.clock.now(), place.settings
    companies = {"c" * 24: Company("c" * 24, "Acme Straße")}
    side = OfficeRnDSide(Organization("acme", "acme", "Acme"), {one.id: one for one in members}, companies, {})
    accounts = {one.username: Account(one.username, balance=(balances or {}).get(one.username, 0)) for one in users}
    papercut = PaperCutSide(accounts, {})
    publish(directory_of(users), settings, record_fields=5, now=now)
    snapshot.save(settings, World(side, papercut, Memory()), papercut, full_at=now)
    content = {"synced_at": now.isoformat(), "people": {}, "left_out": LEFT_OUT}
    (settings.site.state_dir / ready.NAME).write_text(json.dumps(content), encoding="utf-8")


def log_in(home: Path, username: str, moment: str = "2026-11-20T08:00:00+00:00", **values: str) -> None:
    (home / "logs").mkdir(parents=True, exist_ok=True)
    line = {"time": moment, "username": username, "verdict": "accepted", **values}
    with (home / "logs" / "auth.log").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def print_jobs(place: Desk, username: str, count: int = 1, days_ago: int = 1, **values: object) -> None:
    at = place.clock.now() - timedelta(days=days_ago)
    row = {
        "site": place.settings.site.name, "source": "test", "at": at, "business_day": at.date(), "kind": "print",
        "username": username, "member_id": "", "company_id": "", "company_name": "", "server": "s", "printer": "Colour",
        "account": "", "document": "plan.pdf", "pages": 3, "copies": 1, "cost": 1_500_000, "basis": "logged",
        "certain": True, "state": "printed", "refunded": 0, **values,
    }  # fmt: skip
    wanted = {column.name for column in tables.jobs.c}
    with place.database.begin() as connection:
        rows = [{**row, "key": f"{username}-{days_ago}-{number}"} for number in range(count)]
        connection.execute(insert(tables.jobs), [{k: v for k, v in one.items() if k in wanted} for one in rows])


@pytest.fixture
def place(make_desk: MakeDesk) -> Desk:
    made = make_desk()
    fill(made, (ZOE, BEN, OLAF, EWA, AINO, NEW), USERS, {"ben": -6_150_000})
    home = made.settings.scripts.home
    log_in(home, "zoe")
    log_in(home, "ben", verdict="rejected", reason="wrong_password")
    print_jobs(made, "ben", 2)
    print_jobs(made, "olaf", 1, days_ago=40)
    return made


@pytest.fixture
def ann(place: Desk) -> Visitor:
    return Visitor(make_app(place).test_client())


def names(page: html.HtmlElement) -> list[str]:
    return [str(name) for name in page.xpath("//main//tbody/tr/th/a/text()")]


def test_everybody_is_there_also_without_an_account(ann: Visitor) -> None:
    assert [
        "Aino Salmela", "Ben Alderson", "Ewa Zielonka", "Gerda Gone", "Nils New", "Øláf Strauß", "scanner",
        "Zoë Müller",
    ] == names(ann.page("/people"))  # fmt: skip


VIEWS: tuple[tuple[str, list[str] | int], ...] = (
    ("can", ["Ben Alderson", "Øláf Strauß", "Zoë Müller"]),
    ("owes", ["Ben Alderson"]),
    ("never", ["Ben Alderson", "Øláf Strauß"]),
    ("stopped", ["Ben Alderson"]),
    ("statuses", ["Ewa Zielonka"]),
    ("without_email", ["Aino Salmela"]),
    ("departed", ["Gerda Gone"]),
    ("unlinked", ["scanner"]),
    ("next_sync", ["Nils New"]),
    ("no-such-view", 8),
)


def test_each_view_holds_whom_it_says(ann: Visitor) -> None:
    for view, expected in VIEWS:
        found = names(ann.page(f"/people?show={view}"))
        assert found == expected or len(found) == expected, view


def test_every_count_is_a_view_and_the_reasons_add_up(ann: Visitor) -> None:
    page = ann.page("/people")
    counts = {}
    for link in page.xpath("//ul[contains(@class, 'chips')]//a"):
        count = int(link.xpath("span/text()")[0])
        assert count == len(names(ann.page(link.get("href")))), link.text_content()
        counts[link.text.strip()] = count
    everybody_, can = counts.pop("Everybody"), counts.pop("Can print")
    for name in ("Owes", "Never logged in", "Prints, but never logged in"):
        counts.pop(name)
    assert everybody_ == can + sum(counts.values())
    assert f"{everybody_ - can} cannot print, because" in text(page)


SEARCHES: tuple[tuple[str, list[str]], ...] = (
    ("muller", ["Zoë Müller"]),
    ("MUELLER", ["Zoë Müller"]),
    ("zoe mül", ["Zoë Müller"]),
    ("olaf", ["Øláf Strauß"]),
    ("strauss", ["Øláf Strauß"]),
    ("strasse", ["Zoë Müller"]),
    ("alder", ["Ben Alderson"]),
    ("@acme", ["Ben Alderson", "Ewa Zielonka", "Nils New", "Øláf Strauß", "Zoë Müller"]),
    ("scann", ["scanner"]),
    ("nobody at all", []),
)


def test_any_part_of_a_name_finds_with_and_without_accents(ann: Visitor) -> None:
    for typed, expected in SEARCHES:
        assert expected == names(ann.page(f"/people?find={typed}")), typed


def test_what_a_search_box_finds_is_not_who_is_meant() -> None:
    assert who.parts("strasse")[0] in who.searchable("Straße")
    assert who.parts("müller")[0] not in who.searchable("Moller")


def test_who_will_be_stopped_is_told_with_addresses_to_write_to(ann: Visitor, place: Desk) -> None:
    page = ann.page("/people?show=stopped")
    assert "This person will be stopped when every print asks for a login" in text(page)
    assert ["ben@acme.example"] == page.xpath("//textarea[@id='addresses']/text()")
    assert "2" == page.xpath("//tbody/tr/td[last()]/text()")[0].strip()
    log_in(place.settings.scripts.home, "ben")
    assert "Nobody found" in text(ann.page("/people?show=stopped"))


def test_a_page_in_the_middle_keeps_what_was_asked(ann: Visitor, place: Desk) -> None:
    many = [member(100 + number, f"Person {number:03}", f"p{number}@acme.example") for number in range(120)]
    fill(place, many, [user(one, f"p{number}") for number, one in enumerate(many)])
    first = ann.page("/people?find=person&show=can&sort=name")
    second = ann.page(first.xpath("//a[@rel='next']/@href")[0])
    assert ["Person 050", "Person 099"] == [names(second)[0], names(second)[-1]]
    assert "51 to 100 of 120" in text(second)


def test_the_list_as_csv_is_what_the_page_shows(ann: Visitor, place: Desk) -> None:
    fill(place, (replace(BEN, name="=1+1"),), (user(replace(BEN, name="=1+1"), "ben"),), {"ben": -6_150_000})
    rows = list(csv.DictReader(io.StringIO(ann.get("/people.csv?show=owes").get_data().decode("utf-8-sig"))))
    assert [("'=1+1", "ben", "-6.15", "2")] == [
        (row["name"], row["account"], row["balance"], row["jobs_in_30_days"]) for row in rows
    ]


def at_the_desk(ann: Visitor, who_asks: str) -> str:
    """Return what the page of a person says who was found from Today by a part of their name."""
    (address,) = ann.page(f"/people?find={who_asks}").xpath("//main//tbody/tr/th/a/@href")
    return text(ann.page(address))


def test_from_today_somebody_is_found_by_a_part_of_their_name(ann: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_hour, "is_open", lambda place: False)
    (form,) = ann.page("/").xpath("//form[@role='search']")
    assert ("/people", "get") == (form.get("action"), form.get("method")) and form.xpath(".//input[@name='find']")


NEXT_STEPS: tuple[tuple[str, str, str], ...] = (
    (
        "ewa",
        "No account: because of their status",
        "Change the status in OfficeRnD, or admit this status in the settings.",
    ),
    (
        "aino",
        "No account: without an e-mail address that works",
        "Enter their e-mail address in OfficeRnD, or name their account",
    ),
    ("gerda", "May not print: they left", "If they are still a member, see that OfficeRnD says so."),
    ("scann", "May not print: not in OfficeRnD", "say that they have this account"),
    ("nils", "No account: not brought over yet", "Bring them in line now, and they can print.Bring in line now"),
)


@pytest.mark.parametrize(("asks", "because", "then"), NEXT_STEPS)
def test_why_somebody_cannot_print_is_one_answer_with_what_to_do(
    ann: Visitor, asks: str, because: str, then: str
) -> None:
    told = at_the_desk(ann, asks)
    assert because in told and then in told


def test_what_may_stop_somebody_at_the_printer_is_told(ann: Visitor, place: Desk) -> None:
    home, now = place.settings.scripts.home, place.clock.now()
    assert "Their login on" not in at_the_desk(ann, "ben"), "that was days ago"
    log_in(home, "ben", (now - timedelta(minutes=5)).isoformat(), verdict="rejected", reason="wrong_password")
    told = at_the_desk(ann, "ben")
    assert re.search(r"Their login on \d+ \w+ \d{4}, \d\d:\d\d \(.+\) was refused, because OfficeRnD did not", told)
    assert "accept the password. They choose a new password" in told
    assert "The balance is −€6.15: a restricted account" in told
    assert "No login of theirs is on record" in at_the_desk(ann, "olaf")
    assert "What may stop them" not in at_the_desk(ann, "zoe")
    log_in(home, "ben", now.isoformat())
    assert "was refused, because" not in at_the_desk(ann, "ben")


def test_a_silent_system_and_an_old_list_are_told_at_the_desk(ann: Visitor, place: Desk, clock: StillClock) -> None:
    place.glance = Glance(place.clock.now(), papercut_problem="no connection")
    assert "PaperCut did not answer when it was last asked" in at_the_desk(ann, "zoe")
    place.glance = None
    clock.move(hours=place.settings.scripts.max_age_hours + 2)
    assert "PaperCut does not know yet who is new" in at_the_desk(ann, "zoe")


def test_a_card_finds_its_owner_and_a_part_of_it_nobody(ann: Visitor, place: Desk) -> None:
    fill(place, (ZOE, BEN), (user(ZOE, "zoe", primary_card="04A1B2C3"), user(BEN, "ben")))
    assert ["Zoë Müller"] == names(ann.page("/people?find=04a1b2c3"))
    assert [] == names(ann.page("/people?find=04a1"))


def test_somebody_without_an_account_has_a_page_that_says_why(ann: Visitor) -> None:
    told = text(ann.page(f"/people/one?who={EWA.id}"))
    for words in ("Ewa Zielonka", "No account: because of their status", "Status former", "Nothing is on record yet"):
        assert words in told, words


def test_the_page_of_a_person_still_says_who_is_logged_in(ann: Visitor) -> None:
    for somebody in (EWA.id, "ben"):
        assert (
            "this computer" in ann.page(f"/people/one?who={somebody}").xpath("//div[@class='self']")[0].text_content()
        )


def test_the_time_line_tells_everything_newest_first(ann: Visitor, place: Desk) -> None:
    place.audit.write("tim", "made a print PIN for", BEN.name, about="people")
    page = ann.page("/people/one?who=ben")
    told = [" ".join(one.text_content().split()) for one in page.xpath("//ol[@class='timeline']/li[time]")]
    assert ["tim made a print PIN for Ben Alderson", "plan.pdf, 3 pages", "plan.pdf, 3 pages", "Login refused"] == [
        next((words for words in ("tim made a print PIN for Ben Alderson", "plan.pdf, 3 pages", "Login refused")
              if words in line), line)
        for line in told
    ]  # fmt: skip
    assert "-€1.50" in told[1].replace("−", "-")
    only = ann.page("/people/one?who=ben&kind=login").xpath("//ol[@class='timeline']/li[time]")
    assert 1 == len(only)
    assert 1 == len(page.xpath("//ol[@class='timeline']/li/h3"))


def test_what_was_done_to_one_of_two_people_of_a_name_is_told_of_that_one(ann: Visitor, place: Desk) -> None:
    twin = replace(NEW, name=BEN.name)
    fill(place, (ZOE, BEN, OLAF, twin), USERS)
    place.audit.write("tim", "took the print PIN away from", twin.name, about="people", whom=twin.id)
    told = [text(ann.page(f"/people/one?who={who}")) for who in (twin.id, BEN.id)]
    assert ["took the print PIN away from Ben Alderson" in page for page in told] == [True, False]


def test_what_somebody_printed_is_theirs_whatever_the_account_was_called(ann: Visitor, place: Desk) -> None:
    """Staff may exchange two names; a statement goes by whose a job was, and so does a person's page."""
    print_jobs(place, "zoe.old", 2, days_ago=2, member_id=ZOE.id, document="hers.pdf")
    print_jobs(place, "zoe", 1, days_ago=3, member_id=OLAF.id, document="his.pdf")
    page = text(ann.page(f"/people/one?who={ZOE.id}"))
    assert "hers.pdf" in page and "his.pdf" not in page
    assert "his.pdf" in text(ann.page(f"/people/one?who={OLAF.id}"))
    found = everybody.everybody(place)
    assert [2, 1] == [found.jobs(one) for one in map(found.meant, (ZOE.id, OLAF.id)) if one]


def test_the_list_follows_what_it_is_made_of(ann: Visitor, place: Desk) -> None:
    assert everybody.everybody(place).people is everybody.everybody(place).people
    fill(place, (ZOE,), (user(ZOE, "zoe"),))
    assert ["Zoë Müller"] == names(ann.page("/people"))


def test_five_thousand_people_are_shown_at_once(ann: Visitor, place: Desk) -> None:
    many = [member(100 + number, f"Person {number:04}", f"p{number}@acme.example") for number in range(5000)]
    fill(place, many, [user(one, f"p{number}") for number, one in enumerate(many[:4500])])
    for number in range(20_000 // 50):
        print_jobs(place, f"p{number}", 50)
    ann.page("/people")
    began = time.process_time()
    ann.page("/people?find=person+4&sort=balance")
    assert time.process_time() - began < 0.3
