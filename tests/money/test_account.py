"""A mark carried to a new reading: what was printed, what came from elsewhere, what is left of each part."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.accounts import LinkedAccount
from relay.money.decide.account import Mark, carry, first_mark, mark_of, posted
from relay.money.decide.evidence import Reading
from relay.money.decide.movement import Movement

NOW = datetime(2025, 3, 12, 6, 30, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
MARK = Mark(0, 10, NOW)
AMOUNTS = st.integers(-(10**9), 10**9)


def carried(mark: Mark, balance: int, jobs: int, costs: int | None = None) -> Mark:
    return carry(mark, Reading(balance, jobs), LATER, costs).mark


@pytest.mark.parametrize(
    ("balance", "jobs", "doubt"),
    [
        (0, 10, ""),
        (-500, 11, ""),
        (-500, 10, "unexplained_debt"),
        (500, 10, ""),
        (0, 9, "counter_fell"),
        (-500, 9, "counter_fell"),
    ],
)
def test_a_debt_needs_a_job(balance: int, jobs: int, doubt: str) -> None:
    assert carry(MARK, Reading(balance, jobs), LATER).doubt == doubt


def test_credit_used_up_without_a_job_is_no_debt() -> None:
    assert carry(replace(MARK, balance=500), Reading(100, 10), LATER).doubt == ""


def test_somebody_who_never_printed_cannot_owe_more_than_at_linking() -> None:
    new = Mark(-300, None, NOW, opening_left=300)
    assert carry(new, Reading(-400, 0), LATER).doubt == "unexplained_debt"
    assert carry(new, Reading(-300, 0), LATER).doubt == ""
    assert carry(new, Reading(-400, 7), LATER).doubt == ""


def test_payments_reduce_the_held_opening_debt_first() -> None:
    opening = Mark(-1000, 10, NOW, opening_left=1000)
    assert carried(opening, -600, 10).opening_left == 600
    assert carried(opening, -1300, 11).opening_left == 1000
    assert carried(opening, 200, 10).opening_left == 0
    # 400 paid and 200 printed: only the job log can tell the two apart.
    assert carried(opening, -800, 11).opening_left == 800
    assert carried(opening, -800, 11, costs=200).opening_left == 600


def test_printing_uses_the_top_up_first() -> None:
    given_five = Mark(500, 10, NOW, top_up_left=500)
    assert carried(given_five, 200, 11).top_up_left == 200
    assert carried(given_five, -100, 11).top_up_left == 0
    assert carried(given_five, 900, 10).top_up_left == 500


def test_billed_jobs_follow_only_what_is_billed() -> None:
    owing = carried(replace(MARK, billed_jobs=10, billed_at=NOW), -500, 13)
    assert (owing.unbilled_jobs, owing.billed_at) == (3, NOW)
    assert carried(owing, 0, 14).unbilled_jobs == 0


@pytest.mark.parametrize(
    ("kind", "amount", "field", "value"),
    [("top_up", 500, "top_up_left", 500), ("forgiveness", 400, "opening_left", 600), ("fee", 300, "billed_jobs", 10)],
)
def test_our_own_movements_move_the_mark(kind: str, amount: int, field: str, value: int) -> None:
    movement = Movement("R", kind, "m", "ann", "c", amount, "EUR", date(2025, 3, 12), 1)  # type: ignore[arg-type]
    moved = posted(replace(MARK, balance=-1000, opening_left=1000), movement)
    assert (moved.balance, getattr(moved, field)) == (-1000 + amount, value)


@given(
    AMOUNTS, AMOUNTS, st.integers(0, 3), st.integers(0, 10**9), st.integers(0, 10**9), st.none() | st.integers(0, 10**9)
)
def test_every_cent_goes_somewhere(
    before: int, after: int, jobs: int, opening: int, top_up: int, costs: int | None
) -> None:
    mark = Mark(before, 10, NOW, opening_left=min(opening, max(0, -before)), top_up_left=top_up)
    found = carry(mark, Reading(after, 10 + jobs), LATER, costs)
    assert found.credited - found.printed == after - before
    assert 0 <= found.mark.opening_left <= min(mark.opening_left, max(0, -after))
    assert 0 <= found.mark.top_up_left <= max(0, after)


def test_a_mark_older_than_the_link_is_of_another_account() -> None:
    person = LinkedAccount("m", "ann", LATER, opening_balance=-5)
    assert mark_of(person, {"m": MARK}) == first_mark(person)
    assert mark_of(replace(person, linked_at=NOW), {"m": MARK}) == MARK
    assert first_mark(person).opening_left == 5
