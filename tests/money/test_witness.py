"""The witness: restored servers, older ledgers, second relays and renamed sites are noticed before money moves."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from relay import money
from relay.errors import UsageError
from relay.money.decide.witness import Remembered, Witness, judge_witness, notes_of, witness_of
from relay.money.ledger import tables
from tests.support.money_acts import killed_everywhere
from tests.support.money_world import Site, refuse

NAME = "officernd-relay"
MINE = Witness("hq", "ledger", 7, "a")
NEXT = Witness("hq", "ledger", 8, "b")


@pytest.mark.parametrize(
    ("seen", "known", "verdict"),
    [
        (None, Remembered(Witness("hq", "", 0, "")), ""),
        (None, Remembered(Witness("hq", "ledger", 0, ""), Witness("hq", "ledger", 1, "a")), ""),
        (MINE, Remembered(MINE), ""),
        (MINE, Remembered(MINE, NEXT), ""),
        (NEXT, Remembered(MINE, NEXT), ""),
        (NEXT, Remembered(MINE), "ledger_old"),
        (None, Remembered(MINE), "restored"),
        (Witness("hq", "ledger", 6, "z"), Remembered(MINE), "restored"),
        (Witness("hq", "ledger", 7, "other"), Remembered(MINE), "restored"),
        (Witness("hq", "other", 7, "a"), Remembered(MINE), "second_relay"),
        (Witness("hq", "other", 7, "a"), Remembered(Witness("hq", "", 0, "")), "ledger_lost"),
        (Witness("old", "other", 7, "a"), Remembered(Witness("hq", "", 0, ""), None, {"old": "other"}), "site_renamed"),
        (Witness("old", "other", 7, "a"), Remembered(Witness("hq", "", 0, ""), None, {"old": "else"}), "second_relay"),
    ],
)
def test_what_the_witness_says(seen: Witness | None, known: Remembered, verdict: str) -> None:
    assert judge_witness(seen, known) == verdict


@pytest.mark.parametrize("notes", [None, "", "hello", "[]", '{"site": "hq"}', '{"site": "hq", "number": "x"}'])
def test_notes_that_are_not_ours_are_no_witness(notes: str | None) -> None:
    assert witness_of(notes) is None


def test_notes_tell_the_witness_again() -> None:
    assert witness_of(notes_of(MINE)) == MINE


def stopped(site: Site) -> list[str]:
    return [refusal.code for refusal in site.settle().refused]


def test_each_run_sets_the_number_twice(site: Site) -> None:
    site.person("ann")
    numbers = []
    for _ in range(3):
        site.settle()
        numbers.append(witness_of(site.papercut.notes[NAME]).number)  # type: ignore[union-attr]
    assert numbers == [2, 4, 6]


def test_the_first_sync_makes_it(site: Site) -> None:
    assert (money.keep_witness(site.context), money.keep_witness(site.context)) == (True, False)
    assert witness_of(site.papercut.notes[NAME]) is not None


@pytest.mark.parametrize("accident", ["earlier", "deleted", "edited"])
def test_a_restored_server_stops_before_anything_moves(site: Site, accident: str) -> None:
    """Billed, and put back to the day before: the same debts stand there again, and nobody is billed for them."""
    site.configure(top_up={"amount": "5.00", "every": "day"})
    people = [site.person(f"user{number}") for number in range(8)]
    site.settle()
    for number in range(8):
        site.prints(f"user{number}", 5.0)
    backup = deepcopy((site.papercut.accounts, site.papercut.notes))
    site.settle()
    site.papercut.accounts, site.papercut.notes = backup
    if accident != "earlier":
        site.papercut.notes = {NAME: "somebody's words"} if accident == "edited" else {}
    for number in range(8):
        site.prints(f"user{number}", 0.1)
    site.clock.move(days=1)
    writes = site.remote_writes()
    for work in (site.settle, site.top_up, site.settle):
        assert (work().exit_code, [item.code for item in site.result.refused]) == (3, ["restored"])
    assert (site.remote_writes(), sum(site.billed(member) for member in people)) == (writes, 40_000_000)


def test_continue_says_that_only_the_account_was_touched(site: Site) -> None:
    ann = site.person("ann")
    site.settle()
    site.papercut.notes.clear()
    site.prints("ann", 2.0)
    assert stopped(site) == ["restored"]
    with pytest.raises(UsageError, match="not ended by “bill”"):
        site.approve("restored", "bill")
    site.approve("restored", "continue")
    assert (site.settle().exit_code, site.billed(ann), site.balance("ann")) == (0, 2_000_000, 0)


def test_a_word_on_one_restore_says_nothing_of_the_next(site: Site) -> None:
    site.person("ann")
    for _ in range(3):
        site.settle()
        site.clock.move(minutes=1)
    earlier, later = dict(site.papercut.notes), dict(site.papercut.notes)
    site.settle()
    site.papercut.notes = later
    assert stopped(site) == ["restored"]
    site.approve("restored", "continue")
    found = witness_of(earlier[NAME])
    assert found is not None
    site.papercut.notes = {NAME: notes_of(Witness("hq", found.ledger, 1, "older"))}
    assert stopped(site) == ["restored"], "the facts are others than those that the word named"


def test_restored_in_the_middle_of_a_run(site: Site) -> None:
    """After the accounts were read and before the first fee: the permit sees it, and nothing is sent."""
    for name in ("ann", "bob"):
        site.person(name, prints=3.0)
    money.keep_witness(site.context)
    backup = dict(site.papercut.notes)
    reads = [0]

    def restore(name: str, phase: str) -> None:
        if (name, phase) == ("account_reading", "before"):
            reads[0] += 1
        if (name, phase) == ("account_readings", "before"):
            site.faults.always = put_back

    def put_back(name: str, phase: str) -> None:
        if (name, phase) == ("shared_account_notes", "after") and not reads[0]:
            reads[0] = 1
            site.papercut.notes = dict(backup)

    site.faults.always = restore
    result = site.settle()
    site.faults.clear()
    assert ([item.code for item in result.refused], site.officernd.held_fees) == (["restored"], {})


def other_site(site: Site, name: str) -> Site:
    """Return the same systems and ledger under another site's name, as after [site] name was changed."""
    site.configure(site={"name": name})
    return site


def test_a_renamed_site_with_an_adjustment_open_is_refused(site: Site) -> None:
    site.person("ann", prints=7.0)
    with site.faulty("adjust_balance", refuse):
        site.settle()
    other_site(site, "main")
    for work in (site.settle, site.top_up):
        site.configure(top_up={"amount": "1.00"})
        site.person(f"twin{work.__name__}")
        assert (work().exit_code, [item.code for item in site.result.refused]) == (3, ["site_renamed"])
    other_site(site, "hq")
    assert (site.settle().exit_code, site.balance("ann"), len(site.officernd.held_fees)) == (0, 0, 1)


def test_two_sites_on_one_ledger_and_one_papercut(site: Site) -> None:
    site.person("ann", prints=7.0)
    site.settle()
    other_site(site, "annex")
    site.person("ann2", prints=1.0)
    assert stopped(site) == ["site_renamed"]
    assert len(site.officernd.held_fees) == 1


def test_two_ledgers_on_one_papercut(site: Site, tmp_path: Path) -> None:
    site.person("ann", prints=7.0)
    site.settle()
    (tmp_path / "second").mkdir()
    second = Site(tmp_path / "second", {"site": {"name": "annex"}}, url=f"sqlite:///{tmp_path}/second.db")
    second.papercut.notes = site.papercut.notes
    second.person("ann")
    second.prints("ann", 1.0)
    assert (stopped(second), second.officernd.held_fees) == (["second_relay"], {})


def test_an_older_copy_of_the_ledger(site: Site) -> None:
    """Fees aside, the number alone tells it: what that copy holds as open may long be finished."""
    site.person("ann", prints=7.0)
    site.settle()
    with site.quietly(), site.database.begin() as connection:
        connection.execute(update(tables.witnesses).values(number=1, mark="older"))
    site.prints("ann", 1.0)
    assert stopped(site) == ["ledger_old"]
    with pytest.raises(UsageError, match="rebuild"):
        site.approve("hq", "continue")
    money.rebuild(site.context)
    assert (site.settle().exit_code, site.balance("ann"), len(site.officernd.held_fees)) == (0, 0, 2)


def test_a_kill_at_every_moment_of_the_first_run_stops_nothing(tmp_path: Path) -> None:
    for site in killed_everywhere(tmp_path, lambda site: site.person("ann")):
        assert site.settle().exit_code == 0


def test_it_shows_in_no_figures(site: Site) -> None:
    site.person("ann")
    site.settle()
    report: Any = money.discrepancies(site.context).as_json()
    assert NAME not in str(report) and site.settle().as_json()["movements"] == []
