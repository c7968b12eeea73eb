"""What a killed or answerless run leaves is brought to truth by the next one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from money_world import Site, kill, lose, sites, unreachable


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    yield from sites(tmp_path)


def moments(site: Site) -> list[tuple[str, str]]:
    """Return the moments of a settle of one debt, by doing it on a site of its own."""
    site.settle()
    return list(site.faults.seen)


def test_every_kill_leaves_one_fee_and_one_adjustment(tmp_path: Path) -> None:
    probe = Site(tmp_path, {})
    probe.person("ann.lee")
    probe.prints("ann.lee", 7.0)
    probe.faults.clear()
    for moment in range(len(moments(probe))):
        site = Site(tmp_path, {})
        ann = site.person("ann.lee")
        site.prints("ann.lee", 7.0)
        site.faults.clear()
        site.faults.actions[moment] = kill
        assert site.killed(site.settle)
        site.faults.clear()
        site.clock.move(seconds=5)
        assert site.settle().exit_code == 0, moment
        assert (len(site.fees_of(ann)), len(site.adjustments("ann.lee")), site.balance("ann.lee")) == (1, 1, 0), moment


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("name", ["create_fee", "adjust_balance"])
def test_a_lost_answer_is_looked_up(site: Site, name: str, phase: str) -> None:
    ann = site.person("ann.lee")
    site.prints("ann.lee", 7.0)
    site.faults.always = lambda called, at: lose(called, at) if (called, at) == (name, phase) else None
    assert (0 if phase == "after" else 1) == site.settle().exit_code, site.result.as_json()
    site.faults.clear()
    assert site.settle().exit_code == 0
    assert (len(site.fees_of(ann)), len(site.adjustments("ann.lee")), site.balance("ann.lee")) == (1, 1, 0)


def test_recovery_gives_up_on_a_system_that_is_down(site: Site) -> None:
    """Hundreds of open movements do not each wait for the same dead server."""
    for name in ("ann", "bob", "eve"):
        site.person(name)
        site.prints(name, 1.0)
    seen: list[str] = []

    def papercut_dies(name: str, phase: str) -> None:
        if name == "create_fee" and phase == "after":
            seen.append(name)
        if name in ("adjust_balance", "user_properties") and len(seen) == 3:
            unreachable(name, phase)

    site.configure(fees={"grouping": "company"})
    site.faults.always = papercut_dies
    seen.extend(["x", "x"])
    assert site.settle().exit_code == 1
    tried = len(site.papercut.calls)
    site.clock.move(minutes=1)
    site.recover()
    assert len(site.papercut.calls) == tried + 1
    site.faults.clear()
    assert site.settle().exit_code == 0
    assert [site.balance(name) for name in ("ann", "bob", "eve")] == [0, 0, 0]


def test_with_nothing_open_recovery_makes_no_call(site: Site) -> None:
    site.person("ann")
    assert (site.recover().exit_code, site.papercut.calls, site.officernd.calls) == (0, [], [])


@pytest.mark.parametrize(("name", "phase"), [("create_fee", "before"), ("adjust_balance", "before")])
def test_a_request_of_a_killed_run_is_given_its_time(site: Site, name: str, phase: str) -> None:
    """The request may still be under way when the next run starts: it is judged dead only after settling_s."""
    site.person("ann.lee")
    site.prints("ann.lee", 7.0)
    site.faults.always = lambda called, at: kill(called, at) if (called, at) == (name, phase) else None
    assert site.killed(site.settle)
    site.faults.clear()
    site.clock.move(seconds=0.5)
    assert site.settle().exit_code == 0
    assert site.clock.slept_s == [1.5]
    site.prints("ann.lee", 1.0)
    site.settle()
    assert site.clock.slept_s == [1.5]


@pytest.mark.parametrize(("word", "balance"), [("not-sent", 7_000_000), ("posted", 0)])
def test_an_adjustment_whose_debt_is_gone_is_parked(site: Site, word: str, balance: int) -> None:
    """Paid at the desk, or adjusted by a run that this copy of the ledger never saw: a person says which."""
    ann = site.person("ann.lee")
    site.prints("ann.lee", 7.0)
    site.faults.always = lambda called, at: kill(called, at) if (called, at) == ("create_fee", "after") else None
    assert site.killed(site.settle)
    site.faults.clear()
    site.clock.move(minutes=1)
    site.papercut.accounts["ann.lee"].balance += 7.0
    result = site.settle()
    assert (result.exit_code, site.adjustments("ann.lee")) == (4, [])
    assert "was the balance adjusted already, or paid?" in result.movements[0].note
    assert site.settle().exit_code == 4
    site.resolve(result.movements[0].reference, word)
    assert (site.settle().exit_code, site.balance("ann.lee"), len(site.fees_of(ann))) == (0, balance, 1)
