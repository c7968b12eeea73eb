"""Lost answers are decided by evidence, and what evidence does not decide is unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.money.decide.evidence import Reading, judge_adjustment, match_fee
from relay.money.decide.movement import Fee
from relay.officernd.model import Fee as RemoteFee

SEVEN = 7_000_000


@pytest.mark.parametrize(
    ("now", "costs", "verdict"),
    [
        (Reading(0, 10), None, "there"),
        (Reading(-SEVEN, 10), None, "absent"),
        (Reading(1, 10), None, "there"),  # a double's rounding
        (Reading(-SEVEN + 1, 10), None, "absent"),
        (Reading(-3_500_000, 10), None, "unknown"),  # somebody else moved the balance
        (Reading(0, 11), None, "unknown"),
        (Reading(-SEVEN, 11), None, "unknown"),  # absent and free job, or there and a job of 7.00
        (Reading(-250_000, 11), 250_000, "there"),
        (Reading(-SEVEN - 250_000, 11), 250_000, "absent"),
        (Reading(-SEVEN, 11), 250_000, "unknown"),
        (Reading(0, 9), None, "unknown"),  # the counter fell: a restored server
    ],
)
def test_an_adjustment_is_judged_by_balance_and_jobs(now: Reading, costs: int | None, verdict: str) -> None:
    assert judge_adjustment(Reading(-SEVEN, 10), now, SEVEN, costs=costs) == verdict


def test_without_a_reading_from_before_nothing_is_known() -> None:
    assert judge_adjustment(None, Reading(0, 10), SEVEN) == "unknown"


@pytest.mark.parametrize(("logged", "verdict"), [(True, "there"), (False, "absent")])
def test_the_servers_own_transactions_overrule(logged: bool, verdict: str) -> None:
    assert judge_adjustment(None, Reading(5, 1), SEVEN, logged=logged) == verdict


@given(
    before=st.integers(-(10**9), 10**9),
    amount=st.integers(10_000, 10**9),
    jobs=st.lists(st.integers(0, 10**8), max_size=3),
    done=st.booleans(),
)
def test_a_verdict_is_never_wrong(before: int, amount: int, jobs: list[int], done: bool) -> None:
    """Whatever jobs land in between: with the job log it is always decided and right, without it never wrong."""
    now = Reading(before + (amount if done else 0) - sum(jobs), 5 + len(jobs))
    truth = "there" if done else "absent"
    assert judge_adjustment(Reading(before, 5), now, amount, costs=sum(jobs)) == truth
    assert judge_adjustment(Reading(before, 5), now, amount) in (truth if not jobs else "unknown", "unknown")


DAY = date(2025, 3, 12)
FEE = Fee("PRF-250312-1-7QK2M9FA", DAY, 1, "m1", "c1", False, "p1", "l1", "n", SEVEN, "EUR", DAY, False)
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
        replace(OURS, name="Printing [PRF-250312-2-7QK2M9FB]"),
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
