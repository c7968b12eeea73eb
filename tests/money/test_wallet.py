"""A wallet moved on: by readings, our own movements and people's words, each with an entry that adds up to zero."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.accounts import LinkedAccount
from relay.money.decide.evidence import Reading
from relay.money.decide.explain import Buckets, LoggedJobs
from relay.money.decide.movement import Kind, Movement
from relay.money.decide.wallet import (
    Entry,
    Sides,
    Wallet,
    disputed_again,
    opening,
    posted,
    read,
    read_unbilled,
    released,
)

NOW = datetime(2025, 3, 12, 6, 30, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
DAY = date(2025, 3, 12)
ANN = LinkedAccount("m", "ann", NOW)
SIZES = st.integers(0, 10**9)
SOME_BUCKETS = st.builds(lambda *sizes: Buckets(-sizes[0], -sizes[1], -sizes[2], *sizes[3:]), *[SIZES] * 5)


def wallet(jobs: int | None = 10, **buckets: int) -> Wallet:
    return replace(Wallet.empty(ANN), jobs=jobs, buckets=Buckets(**buckets))


def now_read(before: Wallet, balance: int, jobs: int, known: LoggedJobs | None = None) -> Wallet:
    return read(before, Reading(balance, jobs), LATER, DAY, known, "hold")[0]


def movement(kind: str, amount: int, **values: Any) -> Movement:
    return Movement("R", kind, "m", "ann", "c", amount, "EUR", DAY, 1, **values)  # type: ignore[arg-type]


# -- the beginning ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("balance", "buckets"), [(-500, Buckets(opening=-500)), (0, Buckets()), (700, Buckets(own=700))]
)
def test_a_link_begins_with_the_balance_of_its_moment(balance: int, buckets: Buckets) -> None:
    begun, entry = opening(replace(ANN, opening_balance=balance, opening_jobs=4), DAY)
    assert (begun.id, begun.buckets, begun.balance, begun.jobs, begun.read_at) == (0, buckets, balance, 4, NOW)
    assert (entry.kind, entry.change, entry.sides) == ("opening", buckets, Sides(linked=balance))


def test_an_empty_wallet_knows_nothing() -> None:
    assert (Wallet.empty(ANN).balance, Wallet.empty(ANN).jobs, Wallet.empty(ANN).unbilled_jobs) == (0, None, 0)


# -- readings --------------------------------------------------------------------------------------------------------


def test_a_reading_that_changes_nothing_is_no_entry() -> None:
    before = wallet(owed=-500)
    after, entry = read(before, Reading(-500, 10), LATER, DAY, None, "hold")
    assert entry is None
    assert after == replace(before, read_at=LATER)


def test_a_free_job_is_an_entry_without_money() -> None:
    after, entry = read(wallet(own=500), Reading(500, 11), LATER, DAY, None, "hold")
    assert entry is not None and (entry.change, entry.jobs, after.jobs) == (Buckets(), 11, 11)


def test_a_reading_says_what_was_printed_and_what_came_from_outside() -> None:
    after, entry = read(wallet(owed=-300), Reading(-100, 12), LATER, DAY, LoggedJobs(200, 2), "hold")
    assert after.buckets == Buckets(owed=-100)
    assert entry == Entry("reading", Buckets(owed=200), Sides(printed=-200, outside=400), -100, 12, DAY)


def test_what_was_printed_is_inferred_without_a_log() -> None:
    _, entry = read(wallet(), Reading(-500, 11), LATER, DAY, None, "hold")
    assert entry is not None and (entry.inferred, entry.sides) == (True, Sides(printed=-500))


@pytest.mark.parametrize(("jobs", "doubt"), [(10, "uncounted"), (9, "counter_fell")])
def test_a_doubt_stays_until_the_disputed_part_is_paid(jobs: int, doubt: str) -> None:
    doubted = now_read(wallet(), -500, jobs)
    assert (doubted.doubt, doubted.buckets) == (doubt, Buckets(disputed=-500))
    printed = now_read(doubted, -600, jobs + 1)  # a job printed later explains nothing of what was there before
    assert (printed.doubt, printed.buckets) == (doubt, Buckets(disputed=-500, owed=-100))
    paid = now_read(printed, -100, jobs + 1)
    assert (paid.doubt, paid.buckets) == ("", Buckets(owed=-100))


def test_the_newest_doubt_is_told() -> None:
    doubted = now_read(wallet(), -500, 10)
    assert now_read(doubted, -700, 9).doubt == "counter_fell"


def test_somebody_who_never_printed_cannot_owe_more_than_at_linking() -> None:
    new = wallet(None, opening=-300)
    assert now_read(new, -400, 0).buckets == Buckets(opening=-300, disputed=-100)
    assert now_read(new, -300, 0).buckets == Buckets(opening=-300)
    assert now_read(new, -400, 7).buckets == Buckets(opening=-300, owed=-100)


def test_payments_reduce_the_held_opening_debt_first() -> None:
    old = wallet(opening=-1000)
    assert now_read(old, -600, 10).buckets.opening == -600
    assert now_read(old, -1300, 11).buckets.opening == -1000
    assert now_read(old, 200, 10).buckets == Buckets(own=200)
    # 400 paid and 200 printed: only the job log can tell the two apart.
    assert now_read(old, -800, 11).buckets == Buckets(opening=-800)
    assert now_read(old, -800, 11, LoggedJobs(200, 1)).buckets == Buckets(opening=-600, owed=-200)


def test_printing_uses_the_allowance_first() -> None:
    given_five = wallet(allowance=500)
    assert now_read(given_five, 200, 11).buckets == Buckets(allowance=200)
    assert now_read(given_five, -100, 11).buckets == Buckets(owed=-100)
    assert now_read(given_five, 900, 10).buckets == Buckets(allowance=500, own=400)


def test_billed_jobs_follow_only_while_nothing_is_owed() -> None:
    owing = now_read(replace(wallet(), billed_jobs=10, billed_at=NOW), -500, 13)
    assert (owing.unbilled_jobs, owing.billed_at) == (3, NOW)
    paid = now_read(owing, 0, 14)
    assert (paid.unbilled_jobs, paid.billed_jobs, paid.billed_at) == (0, 14, LATER)


def test_how_many_jobs_are_unbilled_is_not_known_without_both_counters() -> None:
    assert (wallet(None).unbilled_jobs, wallet(10).unbilled_jobs) == (0, 0)
    assert replace(wallet(9), billed_jobs=10).unbilled_jobs == 0


def test_what_papercut_billed_meanwhile_is_an_opening_debt() -> None:
    before = wallet(allowance=100, own=50, owed=-30)
    after, entry = read_unbilled(before, Reading(-430, 13), LATER, DAY)
    assert after.buckets == Buckets(opening=-400, owed=-30)
    assert (after.jobs, after.read_at) == (13, LATER)
    assert entry is not None and entry.sides == Sides(outside=-550)
    paid, _ = read_unbilled(after, Reading(70, 13), LATER, DAY)
    assert paid.buckets == Buckets(own=70)
    assert read_unbilled(after, Reading(-430, 13), LATER, DAY) == (after, None)


def test_jobs_that_papercut_billed_are_no_jobs_of_our_next_fee() -> None:
    before = replace(wallet(), billed_jobs=10, billed_at=NOW)
    paused, _ = read_unbilled(before, Reading(-400, 13), LATER, DAY)
    assert now_read(paused, -500, 14).unbilled_jobs == 1


@given(
    SOME_BUCKETS,
    st.integers(-(10**9), 10**9),
    st.integers(-1, 3),
    st.none() | st.builds(LoggedJobs, st.integers(-(10**9), 10**9), st.integers(0, 3)),
    st.sampled_from(["hold", "bill"]),
)
def test_every_cent_of_a_reading_goes_somewhere(
    buckets: Buckets, difference: int, jobs: int, known: LoggedJobs | None, uncounted: Any
) -> None:
    before = replace(wallet(), buckets=buckets)
    reading = Reading(buckets.wallet + difference, 10 + jobs)
    for after, entry in (
        read(before, reading, LATER, DAY, known, uncounted),
        read_unbilled(before, reading, LATER, DAY),
    ):
        assert after.buckets.is_sound and after.is_continued_by(reading)
        changed = entry.change if entry is not None else Buckets()
        assert changed == after.buckets.less(buckets)
        assert (entry is None) <= (difference == jobs == 0)
        assert entry is None or (entry.balance, entry.jobs) == (reading.balance, reading.jobs)


def test_the_same_account_is_told_by_balance_and_counter() -> None:
    known = wallet(owed=-500)
    assert known.is_continued_by(Reading(-500, 10))
    assert not known.is_continued_by(Reading(-499, 10))
    assert not known.is_continued_by(Reading(-500, 11))
    assert wallet(None).is_continued_by(Reading(0, 0))


# -- our own movements -----------------------------------------------------------------------------------------------

FULL = {"opening": -100, "owed": -200, "disputed": -300}
RICH = {"allowance": 400, "own": 500}


@pytest.mark.parametrize(
    ("moved", "before", "after", "side"),
    [
        (movement("fee", 200), FULL, {"opening": -100, "disputed": -300}, "fees"),
        (movement("fee", 350), FULL, {"opening": -100, "disputed": -150}, "fees"),  # paid in between: never lost
        (movement("fee", 550), FULL, {"opening": -50}, "fees"),
        (movement("fee", 700), FULL, {"own": 100}, "fees"),
        (movement("included", 150), FULL, FULL | {"owed": -50}, "included"),
        (movement("forgiveness", 100), FULL, {"owed": -200, "disputed": -300}, "forgiven"),
        (movement("forgiveness", 100, bucket="opening"), FULL, {"owed": -200, "disputed": -300}, "forgiven"),
        (movement("forgiveness", 300, bucket="disputed"), FULL, {"opening": -100, "owed": -200}, "forgiven"),
        (movement("forgiveness", 200, bucket="owed"), FULL, {"opening": -100, "disputed": -300}, "forgiven"),
        (movement("forgiveness", 250, bucket="opening"), FULL, {"owed": -200, "disputed": -150}, "forgiven"),
        (movement("restoration", 400), FULL, {"opening": -100, "owed": -200, "own": 100}, "restored"),
        (movement("restoration", -600), RICH, {"allowance": 400, "owed": -100}, "restored"),
        (movement("credit", -300), RICH, {"allowance": 400, "own": 200}, "fees"),
        (movement("credit", -700), RICH, {"allowance": 200}, "fees"),
        (movement("credit", -1000), RICH, {"owed": -100}, "fees"),
        (movement("top_up", 500), FULL, FULL | {"allowance": 500}, "granted"),  # pays no debt
        (movement("top_up", 500), RICH, {"allowance": 900, "own": 500}, "granted"),
        (movement("top_up", 100, expires=400), RICH, {"allowance": 500, "own": 500}, "granted"),  # reset to 500
        (movement("top_up", 100, expires=450), RICH, {"allowance": 500, "own": 500}, "granted"),  # some was printed
        (movement("top_up", -400, expires=400), RICH, {"own": 500}, "granted"),  # a leaver's
        (movement("top_up", -450, expires=450), RICH, {"own": 450}, "granted"),
        (movement("top_up", -1000, expires=1000), RICH, {"owed": -100}, "granted"),
    ],
)
def test_our_own_movements_move_the_wallet(
    moved: Movement, before: dict[str, int], after: dict[str, int], side: str
) -> None:
    found, entry = posted(wallet(**before), moved, DAY)
    assert found.buckets == Buckets(**after)
    assert entry == Entry(
        "movement", Buckets(**after).less(Buckets(**before)), Sides(**{side: moved.amount}), found.balance, 10, DAY, "R"
    )


def test_a_posted_fee_is_the_moment_up_to_which_all_is_billed() -> None:
    owing = replace(wallet(owed=-500), billed_jobs=4, read_at=LATER)
    billed = posted(owing, movement("fee", 500), DAY)[0]
    assert (billed.billed_jobs, billed.billed_at) == (10, LATER)
    topped_up = posted(owing, movement("top_up", 500), DAY)[0]
    assert (topped_up.billed_jobs, topped_up.billed_at) == (4, None)


def test_a_forgiven_dispute_is_no_doubt_any_more() -> None:
    doubted = replace(wallet(disputed=-500), doubt="uncounted")
    assert posted(doubted, movement("forgiveness", 400, bucket="disputed"), DAY)[0].doubt == "uncounted"
    assert posted(doubted, movement("forgiveness", 500, bucket="disputed"), DAY)[0].doubt == ""


@given(
    SOME_BUCKETS,
    st.sampled_from(get_args(Kind)),
    st.integers(-(10**9), 10**9),
    st.sampled_from(["", "opening", "disputed", "owed"]),
    SIZES,
)
def test_every_cent_of_a_movement_goes_somewhere(
    buckets: Buckets, kind: str, amount: int, bucket: str, expires: int
) -> None:
    if kind in ("fee", "included", "forgiveness"):
        amount = abs(amount)
    if kind == "credit":
        amount = -abs(amount)
    before = replace(wallet(), buckets=buckets)
    after, entry = posted(before, movement(kind, amount, bucket=bucket, expires=expires), DAY)
    assert after.buckets.is_sound and after.balance == before.balance + amount
    assert entry.change == after.buckets.less(buckets) and sum(entry.sides) == amount


# -- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bucket", ["opening", "disputed"])
def test_a_word_makes_exactly_its_amount_owed(bucket: Any) -> None:
    doubted = replace(wallet(owed=-1, **{bucket: -500}), doubt="uncounted")
    after, entry = released(doubted, bucket, 300, DAY, "word 7")
    assert after.buckets == Buckets(**{bucket: -200, "owed": -301})
    assert (entry.kind, entry.cause, entry.sides, after.balance) == ("word", "word 7", Sides(), doubted.balance)
    assert after.doubt == ("uncounted" if bucket == "disputed" else "")
    assert released(after, bucket, 200, DAY, "word 8")[0].doubt == ""
    with pytest.raises(AssertionError, match="wrong sign"):
        released(doubted, bucket, 501, DAY, "word 7")


@pytest.mark.parametrize(("owed", "again"), [(-500, 300), (-200, 200), (0, 0)])
def test_what_a_fee_billed_without_an_adjustment_is_disputed_as_far_as_it_is_there(owed: int, again: int) -> None:
    after, entry = disputed_again(wallet(owed=owed), movement("fee", 300))
    assert after.buckets == Buckets(owed=owed + again, disputed=-again)
    assert (entry.kind, entry.cause, entry.sides) == ("word", "R", Sides())
    assert after.doubt == ("uncounted" if again else "")


def test_an_entry_that_does_not_add_up_cannot_be() -> None:
    with pytest.raises(AssertionError, match="does not add up"):
        Entry("reading", Buckets(owed=-5), Sides(printed=-4), -5, 1, DAY)
