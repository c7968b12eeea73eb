"""A sync that is killed at any write is continued by the next one, and nothing is lost or doubled on the way."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from relay.database import open_database
from relay.people.act.publish import current_directory
from relay.people.act.verify import differences
from tests.support.people_direct import DirectSite, Killed
from tests.support.people_site import answer_in_process
from tests.support.people_values import settings_for

FULL = {
    "members": {"rename": "follow_email", "departed": "delete", "card_property": "card", "restricted": "overdraft:5.00"}
}


@pytest.fixture
def direct(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., DirectSite]:
    monkeypatch.setattr("relay.sandbox.papercut.sync.ask_user_source", answer_in_process)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    database = open_database(settings_for(tmp_path))
    return lambda **sections: DirectSite(tmp_path, database, **sections)


def before(one: DirectSite) -> None:
    """A filled server with something of every kind to do, after a first sync of its first half."""
    acme, best = one.put_company(1, "Acme"), one.put_company(2, "Best")
    for number in range(1, 7):
        one.put_member(number, company=acme if number % 2 else best)
    one.state.add_user("old-6", email="p6@x.example", balance=-3.25, primary_card="666")
    one.state.add_user("desk", internal=True)
    one.sync()
    one.state.users["p1_x.example"].balance = -1.5
    one.state.users["p1_x.example"].primary_card = "111"


def change(one: DirectSite) -> None:
    """Renames, a leaver with money, one without, a move, a renamed company, a joiner, a card, a stranger."""
    one.put_member(1, email="new1@x.example")
    one.put_member(2, status="former")
    one.put_member(6, status="former")
    one.put_member(3, company="64c000000000000000000002")
    one.put_company(1, "Acme & Sons")
    one.put_member(7, properties={"card": "777"})
    one.put_member(4, email="")
    one.state.add_user("stranger", email="who@else.example", balance=9.0)


def held_true(one: DirectSite) -> None:
    """A second sync plans nothing, PaperCut is as the directory says, and everybody has what they had."""
    result = one.sync()
    assert result.failures == () and result.exit_code == 0, result.failures
    directory, found = current_directory(one.settings.scripts.home), one.read()
    assert not differences(directory, found.accounts, found.groups)
    papercut = one.papercut()
    again = one.sync(papercut)
    assert again.plan.changes == () and papercut.writes == 0
    users = one.state.users
    assert (users["new1_x.example"].balance, users["new1_x.example"].primary_card) == (-1.5, "111")
    assert "p1_x.example" not in users and "p2_x.example" not in users
    assert (users["old-6"].balance, users["old-6"].primary_card, users["old-6"].disabled) == (-3.25, "666", True)
    assert users["p7_x.example"].primary_card == "777"
    assert (users["p7_x.example"].restricted, users["p7_x.example"].overdraft_amount) == (True, 5.0)
    assert users["desk"].internal and users["stranger"].balance == 9.0
    assert set(one.state.groups) == {
        "Acme & Sons",
        "Best",
        "[Individual Member]",
        "[OfficeRnD Members]",
        "[OfficeRnD Not Allowed]",
        "UNLINKED_MEMBERS_TO_OFFICERND",
    }
    assert {user.standing for user in directory.users} == {"active", "excluded", "unlinked"}


@pytest.fixture
def writes(direct) -> int:
    one = direct(**FULL)
    before(one)
    change(one)
    papercut = one.papercut()
    one.sync(papercut)
    held_true(one)
    return papercut.writes


def test_there_is_a_kill_at_every_write(direct, writes: int) -> None:
    """Before the effect and after it; each is followed by a whole sync that must end at the same truth."""
    assert writes >= 12
    for number in range(1, writes + 1):
        for after in (False, True):
            one = direct(**FULL)
            before(one)
            change(one)
            with pytest.raises(Killed):
                one.sync(one.papercut(number, after))
            held_true(one)


def test_a_first_sync_may_be_killed_at_every_write_too(direct) -> None:
    def filled() -> DirectSite:
        one = direct(**FULL)
        acme = one.put_company(1, "Acme")
        for number in range(1, 5):
            one.put_member(number, company=acme)
        one.state.add_user("old-1", email="p1@x.example", balance=-2.0)
        one.state.add_group("Acme", {"old-1"})
        return one

    whole = filled()
    papercut = whole.papercut()
    whole.sync(papercut)
    for number in range(1, papercut.writes + 1):
        for after in (False, True):
            one = filled()
            with pytest.raises(Killed):
                one.sync(one.papercut(number, after))
            assert one.sync().exit_code == 0
            assert one.sync().plan.changes == ()
            assert one.state.users["old-1"].balance == -2.0
            assert one.state.groups["Acme"].members == {"old-1", "p2_x.example", "p3_x.example", "p4_x.example"}
            assert {user.restricted for name, user in one.state.users.items() if name != "old-1"} == {True}


def test_two_kills_in_a_row_are_survived(direct, writes: int) -> None:
    for number in range(1, writes + 1, 3):
        one = direct(**FULL)
        before(one)
        change(one)
        with pytest.raises(Killed):
            one.sync(one.papercut(number, True))
        with suppress(Killed):
            one.sync(one.papercut(2, False))
        held_true(one)


def test_a_kill_between_rename_and_journal_leaves_nobody_shut_out(direct) -> None:
    """The directory of a killed run says `renaming`; the next sync puts the true name in force, even a refused one."""
    one = direct(members={"rename": "follow_email"}, safety={"from_users": 1, "max_changes_percent": 30})
    for number in range(1, 5):
        one.put_member(number)
    one.sync()
    one.put_member(1, email="new1@x.example")
    with pytest.raises(Killed):
        one.sync(one.papercut(1, True))
    assert "renaming" in {user.standing for user in current_directory(one.settings.scripts.home).users}
    for number in range(2, 5):
        one.put_member(number, name="Other")
    refused = one.sync()
    assert refused.exit_code == 3 and not refused.applied
    users = {user.username: user for user in current_directory(one.settings.scripts.home).users}
    assert users["new1_x.example"].standing == "active" and "p1_x.example" not in users


def test_a_first_sync_that_was_killed_goes_on_without_being_asked_for_a_limit(direct) -> None:
    """Links are remembered before anything else, so that what is left of an adoption looks like changes."""
    one = direct(safety={"from_users": 1})
    for number in range(1, 5):
        one.put_member(number)
        one.state.add_user(f"old-{number}", email=f"p{number}@x.example")
    with pytest.raises(Killed):
        one.sync(one.papercut(1, False))
    again = one.sync()
    assert again.exit_code == 0 and again.plan.users["update"] == 4
    one.put_company(1, "Acme")
    for number in range(1, 5):
        one.put_member(number, company="64c000000000000000000001")
    assert one.sync().exit_code == 3
