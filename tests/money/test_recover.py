"""What a killed or answerless run leaves is brought to truth by the next one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.money_acts import killed_everywhere
from tests.support.money_world import Killed, Site, lose, unreachable


def test_every_kill_leaves_one_fee_and_one_adjustment(tmp_path: Path) -> None:
    for site in killed_everywhere(tmp_path, lambda site: site.person("ann.lee", prints=7.0)):
        site.clock.move(seconds=5)
        assert site.settle().exit_code == 0
        assert (len(site.officernd.held_fees), len(site.adjustments("ann.lee")), site.balance("ann.lee")) == (1, 1, 0)


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("name", ["create_fee", "adjust_balance"])
def test_a_lost_answer_is_looked_up(site: Site, name: str, phase: str) -> None:
    ann = site.person("ann.lee", prints=7.0)
    with site.faulty(name, lose, phase):
        assert (0 if phase == "after" else 1) == site.settle().exit_code, site.result.as_json()
    assert site.settle().exit_code == 0
    assert (len(site.fees_of(ann)), len(site.adjustments("ann.lee")), site.balance("ann.lee")) == (1, 1, 0)


def test_recovery_gives_up_on_a_system_that_is_down(site: Site) -> None:
    """Hundreds of open movements do not each wait for the same dead server."""
    for name in ("ann", "bob", "eve"):
        site.person(name, prints=1.0)
    seen: list[str] = []

    def papercut_dies(name: str, phase: str) -> None:
        if name == "create_fee" and phase == "after":
            seen.append(name)
        if name in ("adjust_balance", "account_reading") and len(seen) == 3:
            unreachable(name, phase)

    site.configure(fees={"grouping": "company"})
    site.faults.always = papercut_dies
    seen.extend(["x", "x"])
    assert site.settle().exit_code == 1
    tried = site.papercut.calls.count("account_reading")
    site.clock.move(minutes=1)
    site.recover()
    assert site.papercut.calls.count("account_reading") == tried + 1
    site.faults.clear()
    assert site.settle().exit_code == 0
    assert [site.balance(name) for name in ("ann", "bob", "eve")] == [0, 0, 0]


def test_with_nothing_open_recovery_makes_no_call(site: Site) -> None:
    site.person("ann")
    assert (site.recover().exit_code, site.papercut.calls, site.officernd.calls) == (0, [], [])


@pytest.mark.parametrize(("name", "waited_s"), [("create_fee", 30 + 2 + 10), ("adjust_balance", 30 + 2)])
def test_a_request_of_a_killed_run_is_given_its_time(site: Site, name: str, waited_s: float) -> None:
    """It may still be under way: it is dead only after the judging run itself has waited, whatever clocks say."""
    site.person("ann.lee", prints=7.0)
    site.killed_at(name, "before")
    site.clock.move(days=1)
    assert site.settle().exit_code == 0
    assert sum(site.clock.slept_s) == waited_s
    site.prints("ann.lee", 1.0)
    site.settle()
    assert sum(site.clock.slept_s) == waited_s


@pytest.mark.parametrize("name", ["create_fee", "adjust_balance"])
def test_what_a_killed_run_sent_and_comes_late_is_there_once(site: Site, name: str) -> None:
    ann = site.person("ann.lee", prints=7.0)

    def killed_after_sending(called: str, at: str) -> None:
        if sent:
            raise Killed(called)
        if (called, at) == (name, "before"):
            site.late.next_s = 25
            sent.append(called)

    sent: list[str] = []
    site.faults.always = killed_after_sending
    assert site.killed(site.settle)
    site.faults.clear()
    assert site.settle().exit_code == 0
    assert (len(site.fees_of(ann)), len(site.adjustments("ann.lee")), site.balance("ann.lee")) == (1, 1, 0)


@pytest.mark.parametrize(("word", "balance"), [("not-sent", 7_000_000), ("posted", 0)])
def test_an_adjustment_whose_debt_is_gone_is_parked(site: Site, word: str, balance: int) -> None:
    """Paid at the desk, or adjusted by a run that this copy of the ledger never saw: a person says which."""
    ann = site.person("ann.lee", prints=7.0)
    site.killed_at("create_fee", "after")
    site.clock.move(minutes=1)
    site.papercut.accounts["ann.lee"].balance += 7.0
    result = site.settle()
    assert (result.exit_code, site.adjustments("ann.lee")) == (4, [])
    assert "was the balance adjusted already, or paid?" in result.movements[0].note
    assert site.settle().exit_code == 4
    site.resolve(result.movements[0].reference, word)
    assert (site.settle().exit_code, site.balance("ann.lee"), len(site.fees_of(ann))) == (0, balance, 1)
