"""Lost answers are decided by evidence, and what evidence does not decide is unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.money.decide.evidence import Reading, judge_adjustment, match_fee
from relay.money.decide.explain import LoggedJobs
from relay.money.decide.movement import Fee
from relay.officernd.model import RemoteFee

SEVEN = 7_000_000


QUARTER = 250_000
ONE_ROW = LoggedJobs(QUARTER, 1)


@pytest.mark.parametrize(
    ("now", "known", "verdict"),
    [
        (Reading(0, 10), None, "there"),
        (Reading(-SEVEN, 10), None, "absent"),
        (Reading(1, 10), None, "there"),  # a double's rounding
        (Reading(-SEVEN + 1, 10), None, "absent"),
        (Reading(-3_500_000, 10), None, "unknown"),  # somebody else moved the balance
        (Reading(0, 11), None, "unknown"),
        (Reading(-SEVEN, 11), None, "unknown"),  # absent and free job, or there and a job of 7.00
        (Reading(-QUARTER, 11), ONE_ROW, "there"),
        (Reading(-SEVEN - QUARTER, 11), ONE_ROW, "absent"),
        (Reading(-SEVEN, 11), ONE_ROW, "unknown"),
        (Reading(-QUARTER, 12), ONE_ROW, "unknown"),  # a counted job that the log does not tell
        (Reading(-QUARTER, 11), LoggedJobs(QUARTER, 2), "unknown"),  # a row that the counter does not know
        (Reading(0, 10), ONE_ROW, "there"),  # that row is of a job which is not counted yet
        (Reading(QUARTER, 10), LoggedJobs(-QUARTER, 0), "there"),  # a refund needs no job
        (Reading(QUARTER - SEVEN, 10), LoggedJobs(-QUARTER, 0), "absent"),
        (Reading(0, 9), None, "unknown"),  # the counter fell: a restored server
        (Reading(0, 9), LoggedJobs(0, -1), "unknown"),
    ],
)
def test_an_adjustment_is_judged_by_balance_and_jobs(now: Reading, known: LoggedJobs | None, verdict: str) -> None:
    assert judge_adjustment(Reading(-SEVEN, 10), now, SEVEN, known) == verdict


def test_without_a_reading_from_before_nothing_is_known() -> None:
    assert judge_adjustment(None, Reading(0, 10), SEVEN) == "unknown"


@pytest.mark.parametrize("amount", [1, -1])
def test_an_amount_that_rounding_may_hide_is_not_judged(amount: int) -> None:
    assert judge_adjustment(Reading(0, 10), Reading(0, 10), amount) == "unknown"


@pytest.mark.parametrize(
    ("before", "now", "logged", "verdict"),
    [
        (Reading(-SEVEN, 10), Reading(0, 10), True, "there"),
        (Reading(-SEVEN, 10), Reading(-SEVEN, 10), False, "absent"),
        (Reading(-SEVEN, 10), Reading(0, 10), False, "unknown"),  # they disagree: the table may be a copy that lags
        (Reading(-SEVEN, 10), Reading(-SEVEN, 10), True, "unknown"),  # they disagree: somebody took it back
        (None, Reading(0, 10), True, "there"),  # a comment is there
        (Reading(-SEVEN, 10), Reading(-SEVEN, 11), True, "there"),
        (None, Reading(0, 10), False, "unknown"),  # its silence alone proves nothing
        (Reading(-SEVEN, 10), Reading(-SEVEN, 11), False, "unknown"),
    ],
)
def test_two_witnesses_that_disagree_decide_nothing(
    before: Reading | None, now: Reading, logged: bool, verdict: str
) -> None:
    assert judge_adjustment(before, now, SEVEN, logged=logged) == verdict


@given(
    before=st.integers(-(10**9), 10**9),
    amount=st.integers(10_000, 10**9),
    jobs=st.lists(st.integers(0, 10**8), max_size=3),
    done=st.booleans(),
    lags=st.booleans(),
)
def test_a_verdict_is_never_wrong(before: int, amount: int, jobs: list[int], done: bool, lags: bool) -> None:
    """Whatever jobs land in between: with the job log it is always decided and right, without it never wrong.

    A transaction table that lags makes no verdict wrong either.
    """
    now = Reading(before + (amount if done else 0) - sum(jobs), 5 + len(jobs))
    truth = "there" if done else "absent"
    known = LoggedJobs(sum(jobs), len(jobs))
    assert judge_adjustment(Reading(before, 5), now, amount, known) == truth
    assert judge_adjustment(Reading(before, 5), now, amount) in (truth if not jobs else "unknown", "unknown")
    logged = done and not lags
    assert judge_adjustment(Reading(before, 5), now, amount, known, logged) in (truth, "unknown")
    assert judge_adjustment(Reading(before, 5), now, amount, None, logged) in (truth, "unknown")


DAY = date(2025, 3, 12)
FEE = Fee("PRF-250312-4HW0PZ-7QK2M9FA", DAY, 1, "m1", "c1", False, "p1", "l1", "n", SEVEN, "EUR", DAY, False)
OURS = RemoteFee(
    "f1", f"Printing [{FEE.reference}]", date(2025, 3, 12), "l1", "p1", Decimal("7"), member="m1", company="c1"
)


@pytest.mark.parametrize(
    "edited",
    [
        OURS,
        replace(OURS, name=f"prints {FEE.reference.lower()} of ann"),
        replace(OURS, issue_date=date(2025, 3, 1)),
        replace(OURS, plan="another", price=Decimal("6.50"), member="somebody else"),
    ],
)
def test_a_fee_is_found_by_its_reference_whatever_staff_changed(edited: RemoteFee) -> None:
    strange = replace(OURS, id="f0", name="Coffee")
    assert match_fee(FEE, [strange, edited], set()).fee_id == "f1"


@pytest.mark.parametrize("day", [11, 12, 13])
def test_a_fee_that_only_looks_like_it_is_for_a_person(day: int) -> None:
    match = match_fee(FEE, [replace(OURS, name="Printing", issue_date=date(2025, 3, day))], set())
    assert match.verdict == "unknown" and "f1" in match.reason


@pytest.mark.parametrize(
    "other",
    [
        replace(OURS, name="Printing", issue_date=date(2025, 3, 14)),
        replace(OURS, name="Printing", price=Decimal("7.01")),
        replace(OURS, name="Printing", member="m2"),
        replace(OURS, name="Printing [PRF-250312-9HW0PZ-7QK2M9FB]"),
    ],
)
def test_another_fee_is_not_it(other: RemoteFee) -> None:
    assert match_fee(FEE, [other], set()).verdict == "absent"
    assert match_fee(FEE, [replace(OURS, name="Printing")], {"f1"}).verdict == "absent"  # known as another of ours


def test_a_shared_fee_is_looked_for_by_its_company() -> None:
    shared = replace(FEE, member_id="")
    assert match_fee(shared, [replace(OURS, name="Printing", member="")], set()).verdict == "unknown"
    assert match_fee(shared, [replace(OURS, name="Printing")], set()).verdict == "absent"
    assert (
        match_fee(FEE, [replace(OURS, price=Decimal("3.5"), quantity=Decimal(2), name="x")], set()).verdict == "unknown"
    )
