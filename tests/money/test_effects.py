"""Effects judged by evidence: late answers, lying lists, faults after the effect, witnesses that disagree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from relay import money
from relay.errors import AuthFailed, NotFound, OutcomeUnknown, RateLimited, Refused
from relay.money.decide.explain import LoggedJobs
from tests.support.money_world import Site, kill, lose, refuse


def at(called: str, phase: str, act: Callable[[str, str], None], times: int = 1) -> Callable[[str, str], None]:
    """Return a fault that happens the first `times` times that a call is at a phase."""
    left = [times]

    def fault(name: str, now: str) -> None:
        if (name, now) == (called, phase) and left[0]:
            left[0] -= 1
            act(name, now)

    return fault


def fault_of(error: Callable[[str], Exception]) -> Callable[[str, str], None]:
    def act(name: str, phase: str) -> None:
        raise error(name)

    return act


def once(site: Site, who: str = "ann") -> None:
    """Settle until nothing changes; whatever was printed is then billed and adjusted exactly once."""
    for _ in range(4):
        site.settle()
        site.clock.move(minutes=1)
    assert site.result.exit_code == 0, site.result.as_json()
    assert (len(site.officernd.held_fees), len(site.adjustments(who)), site.balance(who)) == (1, 1, 0)


# -- effects that come late -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("late_s", [1, 2.5, 6, 25])
@pytest.mark.parametrize("called", ["create_fee", "adjust_balance"])
def test_the_effect_of_a_killed_request_shows_later(site: Site, called: str, late_s: float) -> None:
    """The process dies at once and is started again at once, while its request is still under way."""
    site.person("ann")
    site.prints("ann", 7.0)
    site.late.next_s = late_s if called == "create_fee" else None

    def die(name: str, phase: str) -> None:
        if name == called and phase == "before" and called == "adjust_balance":
            site.late.next_s = late_s
        if name != called and site.late.next_s is None and name == "counted_fees":
            pass

    site.faults.always = die
    put_off = site.late.put_off

    def put_off_and_die(effect: Callable[[], Any]) -> bool:
        if put_off(effect):
            kill(called, "after")
        return False

    site.late.put_off = put_off_and_die  # type: ignore[method-assign]
    assert site.killed(site.settle)
    site.faults.clear()
    once(site)


@pytest.mark.parametrize("late_s", [1, 2.5, 6, 25])
@pytest.mark.parametrize("called", ["create_fee", "adjust_balance"])
def test_the_effect_of_a_lost_answer_shows_later(site: Site, called: str, late_s: float) -> None:
    site.person("ann")
    site.prints("ann", 7.0)

    def put_off(name: str, phase: str) -> None:
        site.late.next_s = late_s

    site.faults.always = at(called, "before", put_off)
    assert site.settle().exit_code == 0
    site.faults.clear()
    once(site)


def test_a_wall_clock_that_jumps_ends_no_waiting(site: Site) -> None:
    """The request of a killed run is over when the next run has waited, whatever the clock on the wall says."""
    site.person("ann")
    site.prints("ann", 7.0)
    site.faults.always = at("adjust_balance", "before", kill)
    site.killed(site.settle)
    site.faults.clear()
    site.clock.jump(days=3)
    began_s = site.clock.monotonic_s()
    site.settle()
    assert site.clock.monotonic_s() - began_s >= 32  # timeout_s + settling_s
    once(site)


def test_a_run_without_an_open_request_does_not_wait(site: Site) -> None:
    site.person("ann")
    site.prints("ann", 7.0)
    site.settle()
    site.settle()
    assert site.clock.slept_s == []


# -- answers that lie -------------------------------------------------------------------------------------------------

ANSWERS: list[Callable[[str], Exception]] = [
    lambda name: Refused(f"{name} is refused.", system="fake"),
    lambda name: NotFound(f"{name}: not found.", system="fake"),
    lambda name: AuthFailed(f"{name}: not allowed.", system="fake"),
    lambda name: OutcomeUnknown(f"The answer to {name} was lost.", system="fake"),
]


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("called", ["create_fee", "adjust_balance"])
def test_a_fault_after_the_effect_of_a_fee(site: Site, called: str, answer: Callable[[str], Exception]) -> None:
    """The effect is there, whatever the answer says: one fee, one adjustment, also for somebody with an old debt."""
    site.person("ann", -20.0)
    site.settle()
    site.prints("ann", 7.0)
    site.faults.always = at(called, "after", fault_of(answer))
    site.settle()
    site.faults.clear()
    for _ in range(3):
        assert site.settle().exit_code == 0
    assert (len(site.officernd.held_fees), len(site.adjustments("ann")), site.balance("ann")) == (1, 1, -20_000_000)


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_fault_after_the_effect_of_a_top_up(site: Site, answer: Callable[[str], Exception]) -> None:
    site.configure(top_up={"amount": "5.00"})
    site.person("ann")
    site.faults.always = at("adjust_balance", "after", fault_of(answer))
    site.top_up()
    site.faults.clear()
    for _ in range(3):
        site.top_up()
    assert (site.result.exit_code, len(site.adjustments("ann")), site.balance("ann")) == (0, 1, 5_000_000)


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_fault_after_the_effect_of_a_forgiveness(site: Site, answer: Callable[[str], Exception]) -> None:
    site.person("old", -20.0)
    site.settle()
    site.approve("old", "forgive")
    site.faults.always = at("adjust_balance", "after", fault_of(answer))
    site.settle()
    site.faults.clear()
    for _ in range(3):
        site.settle()
    assert (site.result.exit_code, len(site.adjustments("old")), site.balance("old")) == (0, 1, 0)


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_fault_after_the_effect_of_a_take_back(site: Site, answer: Callable[[str], Exception]) -> None:
    site.configure(top_up={"amount": "5.00"})
    site.person("ann")
    site.top_up()
    site.relink("ann", standing="departed")
    site.faults.always = at("adjust_balance_if_available", "after", fault_of(answer))
    site.top_up()
    site.faults.clear()
    for _ in range(3):
        site.top_up()
    assert (site.result.exit_code, len(site.adjustments("ann")), site.balance("ann")) == (0, 2, 0)


def test_a_429_after_a_fee_was_made(site: Site) -> None:
    site.person("ann")
    site.prints("ann", 7.0)

    def too_many(name: str, phase: str) -> None:
        raise RateLimited("Too many requests.", retry_after_s=20, system="OfficeRnD", status=429)

    site.faults.always = at("create_fee", "after", too_many)
    assert site.settle().exit_code == 0
    once(site)


def test_a_429_before_is_sent_again_in_the_same_run(site: Site) -> None:
    site.person("ann")
    site.prints("ann", 7.0)

    def too_many(name: str, phase: str) -> None:
        raise RateLimited("Too many requests.", retry_after_s=20, system="OfficeRnD", status=429)

    site.faults.always = at("create_fee", "before", too_many, times=2)
    assert (site.settle().exit_code, site.officernd.calls.count("create_fee")) == (0, 3)
    once(site)


def test_a_refusal_whose_absence_is_proved_has_failed(site: Site) -> None:
    site.person("ann")
    site.prints("ann", 7.0)
    site.faults.always = refuse
    result = site.settle()
    assert (result.exit_code, result.movements[0].stage) == (1, "failed")
    assert "is not in OfficeRnD" in result.movements[0].note
    site.faults.clear()
    once(site)


# -- lists that lie ---------------------------------------------------------------------------------------------------


def test_an_empty_list_at_the_moment_of_look_up_proves_nothing(site: Site) -> None:
    """The answer to the second fee is lost, and the list that should show both is empty, once."""
    site.person("ann")
    site.prints("ann", 1.0)
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


def test_a_short_list_before_a_run_moves_nothing(site: Site) -> None:
    site.person("ann")
    site.prints("ann", 1.0)
    site.settle()
    site.prints("ann", 7.0)
    site.officernd.hides = lambda fee: True
    writes = site.remote_writes()
    with pytest.raises(Exception, match="lacks 1 that are there"):
        site.settle()
    assert site.remote_writes() == writes
    assert (site.settle().exit_code, site.balance("ann")) == (0, 0)


def test_a_fee_that_staff_deleted_is_no_lie(site: Site) -> None:
    site.person("ann")
    site.prints("ann", 1.0)
    site.settle()
    site.officernd.held_fees.clear()
    site.prints("ann", 7.0)
    assert (site.settle().exit_code, site.balance("ann")) == (0, 0)


def test_without_a_count_an_absence_is_in_doubt(site: Site) -> None:
    site.person("ann")
    site.prints("ann", 7.0)
    site.officernd.counts = False
    site.faults.always = at("create_fee", "before", lose)
    assert site.settle().exit_code == 4
    site.faults.clear()
    assert site.settle().exit_code == 4
    site.officernd.counts = True
    once(site)


def test_a_fee_called_absent_that_appears_later_is_adopted(site: Site) -> None:
    """It comes later than any design allows for, and before it would be sent a second time."""
    site.person("ann")
    site.prints("ann", 7.0)

    def put_off(name: str, phase: str) -> None:
        site.late.next_s = 300

    site.faults.always = at("create_fee", "before", put_off)
    assert site.settle().movements[0].stage == "failed"
    site.faults.clear()
    site.clock.move(minutes=10)
    once(site)


def test_a_second_fee_with_one_reference_is_found_and_told(site: Site) -> None:
    from dataclasses import asdict

    site.person("ann")
    site.prints("ann", 7.0)
    site.settle()
    (fee,) = site.officernd.held_fees.values()
    twin = site.officernd.put(**{name: value for name, value in asdict(fee).items() if name != "id"})
    result = site.settle()
    assert (result.exit_code, [item.code for item in result.refused]) == (3, ["double_fee"])
    assert twin in result.refused[0].message
    lines = money.discrepancies(site.context).as_json()["lines"]
    assert any(twin in line["message"] and line["state"] == "unmatched" for line in lines)


def test_a_price_that_is_stored_otherwise_stops_the_run_after_the_first(site: Site) -> None:
    from dataclasses import replace
    from decimal import Decimal

    for name in ("ann", "bob"):
        site.person(name)
        site.prints(name, 7.0)
    put = site.officernd.put

    def dearer(**values: Any) -> str:
        fee_id = put(**values)
        held = site.officernd.held_fees
        held[fee_id] = replace(held[fee_id], price=held[fee_id].price + Decimal("0.50"))
        return fee_id

    site.officernd.put = dearer  # type: ignore[method-assign]
    result = site.settle()
    assert "verification_failed" in {item.code for item in result.refused}
    assert "7.50 EUR instead of 7.00" in " ".join(item.message for item in result.refused)
    assert len(site.officernd.held_fees) == 1


# -- two witnesses ----------------------------------------------------------------------------------------------------


class Copy:
    """A copy of PaperCut's database that lags: it never shows the newest transaction."""

    def known(self, username: str, since: Any, until: Any, jobs: int | None) -> LoggedJobs | None:
        return None

    def refunds(self, username: str, since: Any) -> None:
        return None

    def told(self, username: str, since: Any, until: Any) -> None:
        return None

    def logged(self, reference: str) -> bool:
        return False


def test_a_copy_that_lags_and_a_balance_that_shows_it_are_in_doubt(site: Site) -> None:
    site.person("ann")
    site.prints("ann", 7.0)
    site.faults.always = at("adjust_balance", "after", lose)
    assert site.settle(jobs=Copy()).exit_code == 4
    site.faults.clear()
    assert (site.settle(jobs=Copy()).exit_code, len(site.adjustments("ann"))) == (4, 1)
    once(site)  # once the copy is no longer asked, or has caught up


# -- readings of one moment -------------------------------------------------------------------------------------------


def test_a_job_between_balance_and_counter_is_read_again(site: Site) -> None:
    """A reading whose counter moved while the balance was read is none: the job is billed as printing, nothing held."""
    site.person("ann")
    site.settle()
    site.prints("ann", 1.0)
    left = [1]

    def job() -> None:
        if left[0]:
            left[0] -= 1
            site.prints("ann", 2.0)

    site.papercut.between = job
    assert (site.settle().exit_code, site.balance("ann"), site.result.held) == (0, 0, ())
    assert site.result.as_json()["total"] == "3.00"


def test_an_account_that_never_rests_is_not_billed(site: Site) -> None:
    site.person("ann")
    site.papercut.between = lambda: site.prints("ann", 0.1)
    with pytest.raises(Exception, match="Somebody printed each of the 5 times that ann was read"):
        site.settle()
    assert site.remote_writes() == 0
