"""Effects judged by evidence: late answers, lying lists, faults after the effect, witnesses that disagree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from relay.errors import AuthFailed, NotFound, OutcomeUnknown, RateLimited, Refused
from relay.money.books import JobEvidence
from relay.money.report.result import MoneyResult
from tests.support.money_acts import exactly_once
from tests.support.money_world import Site, kill, lose

Fault = Callable[[str, str], None]


def fault_of(error: Callable[[str], Exception]) -> Fault:
    def act(name: str, phase: str) -> None:
        raise error(name)

    return act


def late_by(site: Site, late_s: float) -> Fault:
    """Let the effect of a request come so much later than its silence."""

    def act(name: str, phase: str) -> None:
        site.late.next_s = late_s

    return act


# -- effects that come late -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("late_s", [1, 2.5, 6, 25])
@pytest.mark.parametrize("called", ["create_fee", "adjust_balance"])
def test_the_effect_of_a_killed_request_shows_later(site: Site, called: str, late_s: float) -> None:
    """The process dies at once and is started again at once, while its request is still under way."""
    site.person("ann", prints=7.0)
    put_off = site.late.put_off

    def put_off_and_die(effect: Callable[[], Any]) -> bool:
        if put_off(effect):
            kill(called, "after")
        return False

    site.late.put_off = put_off_and_die  # type: ignore[method-assign]
    with site.faulty(called, late_by(site, late_s), "before", times=1):
        assert site.killed(site.settle)
    exactly_once(site)


@pytest.mark.parametrize("late_s", [1, 2.5, 6, 25, 31])
@pytest.mark.parametrize("called", ["create_fee", "adjust_balance"])
def test_an_effect_within_the_deadline_is_never_doubled(site: Site, called: str, late_s: float) -> None:
    site.person("ann", prints=7.0)

    def put_off(name: str, phase: str) -> None:
        site.late.next_s = late_s
        site.clock.jump(hours=2)  # a wall clock says nothing of how long was waited

    with site.faulty(called, put_off, "before", times=1):
        assert site.settle().exit_code == 0
    exactly_once(site)


def test_a_wall_clock_that_jumps_ends_no_waiting(site: Site) -> None:
    """The request of a killed run is over when the next run has waited, whatever the clock on the wall says."""
    site.person("ann", prints=7.0)
    site.killed_at("adjust_balance", "before")
    site.clock.jump(days=3)
    began_s = site.clock.monotonic_s()
    site.settle()
    assert site.clock.monotonic_s() - began_s >= 32  # timeout_s + settling_s
    exactly_once(site)


# -- answers that lie -------------------------------------------------------------------------------------------------

ANSWERS: list[Callable[[str], Exception]] = [
    lambda name: Refused(f"{name} is refused.", system="fake"),
    lambda name: NotFound(f"{name}: not found.", system="fake"),
    lambda name: AuthFailed(f"{name}: not allowed.", system="fake"),
    lambda name: OutcomeUnknown(f"The answer to {name} was lost.", system="fake"),
    lambda name: RateLimited("Too many requests.", retry_after_s=20, system="fake", status=429),
]


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("called", ["create_fee", "adjust_balance"])
def test_a_fault_after_the_effect_of_a_fee(site: Site, called: str, answer: Callable[[str], Exception]) -> None:
    """The effect is there, whatever the answer says: one fee, one adjustment, also for somebody with an old debt."""
    site.person("ann", -20.0)
    site.settle()
    site.prints("ann", 7.0)
    with site.faulty(called, fault_of(answer), "after", times=1):
        site.settle()
    for _ in range(3):
        assert site.settle().exit_code == 0
    assert (len(site.officernd.held_fees), len(site.adjustments("ann")), site.balance("ann")) == (1, 1, -20_000_000)


def top_up(site: Site) -> tuple[Callable[[], MoneyResult], str, int, int]:
    """Return what is to be done, by which call, how many adjustments there are then, and what the balance is."""
    site.configure(top_up={"amount": "5.00"})
    site.person("ann")
    return site.top_up, "adjust_balance", 1, 5_000_000


def forgiveness(site: Site) -> tuple[Callable[[], MoneyResult], str, int, int]:
    site.person("ann", -20.0)
    site.settle()
    site.approve("ann", "forgive")
    return site.settle, "adjust_balance", 1, 0


def take_back(site: Site) -> tuple[Callable[[], MoneyResult], str, int, int]:
    top_up(site)
    site.top_up()
    site.relink("ann", standing="departed")
    return site.top_up, "adjust_balance_if_available", 2, 0


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("deed", [top_up, forgiveness, take_back])
def test_a_fault_after_the_effect_of_another_movement(
    site: Site, deed: Callable[[Site], Any], answer: Callable[[str], Exception]
) -> None:
    work, called, adjustments, balance = deed(site)
    with site.faulty(called, fault_of(answer), "after", times=1):
        work()
    for _ in range(3):
        work()
    assert (site.result.exit_code, len(site.adjustments("ann")), site.balance("ann")) == (0, adjustments, balance)


# -- lists that lie ---------------------------------------------------------------------------------------------------


def test_an_empty_list_at_the_moment_of_look_up_proves_nothing(site: Site) -> None:
    """The answer to the second fee is lost, and the list that should show both is empty, once."""
    site.person("ann", prints=1.0)
    site.settle()
    site.prints("ann", 7.0)
    lists = [0]

    def fault(name: str, phase: str) -> None:
        if (name, phase) == ("create_fee", "after"):
            lose(name, phase)
        if (name, phase) == ("fees", "before"):
            lists[0] += 1
            if lists[0] == 2:
                site.officernd.hides = lambda fee: True

    site.faults.always = fault
    assert site.settle().exit_code == 4
    site.faults.clear()
    for _ in range(3):
        site.settle()
    assert (site.result.exit_code, len(site.officernd.held_fees), site.balance("ann")) == (0, 2, 0)


def test_a_fee_that_staff_deleted_is_no_lie(site: Site) -> None:
    site.person("ann", prints=1.0)
    site.settle()
    site.officernd.held_fees.clear()
    site.prints("ann", 7.0)
    assert (site.settle().exit_code, site.balance("ann")) == (0, 0)


# -- two witnesses ----------------------------------------------------------------------------------------------------


class Copy(JobEvidence):
    """A copy of PaperCut's database that lags: it never shows the newest transaction."""

    def logged(self, reference: str) -> bool:
        return False


def test_a_copy_that_lags_and_a_balance_that_shows_it_are_in_doubt(site: Site) -> None:
    site.person("ann", prints=7.0)
    with site.faulty("adjust_balance", lose, "after", times=1):
        assert site.settle(jobs=Copy()).exit_code == 4
    assert (site.settle(jobs=Copy()).exit_code, len(site.adjustments("ann"))) == (4, 1)
    exactly_once(site)  # once the copy is no longer asked, or has caught up
