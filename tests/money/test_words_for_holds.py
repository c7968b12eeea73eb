"""Which words release what is held, and what becomes of what a restored PaperCut lost."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from relay.money.decide import holds, periods, remedies
from relay.money.decide.evidence import Reading
from relay.money.decide.restoration import restoration
from relay.money.decide.wallet import Buckets, Wallet

AT, DAY = datetime(2026, 11, 30, 9, 0, tzinfo=UTC), date(2026, 11, 30)


@pytest.mark.parametrize(
    ("code", "answers"),
    [
        (holds.UNREAD, ()),
        (holds.CREDIT, ("credit",)),
        (holds.MEMBER_GONE, ("forgive",)),
        (holds.FOREIGN_FEE, ("forgive", "bill")),
        (holds.UNEXPLAINED, ("bill", "forgive")),
    ],
)
def test_the_answers_to_a_hold(code: str, answers: tuple[str, ...]) -> None:
    assert remedies.answers_to(code) == answers
    assert [one.arguments[1] for one in remedies.of_hold(code, "ann") if one.action == "approve"] == list(answers)


def test_what_is_held_for_a_restoration_is_forgiven_by_its_amount_and_a_top_up_is_allowed() -> None:
    (forgiven,) = remedies.of_hold(holds.RESTORED, "ann")
    assert (forgiven.action, forgiven.arguments) == ("approve_amount", ("ann", "forgive"))
    (allowed,) = remedies.of_hold(holds.MAX_TOP_UPS, "ann")
    assert allowed.action == "allow_top_up"


@pytest.mark.parametrize(
    ("buckets", "held", "amount"), [(Buckets(owed=-5), -2, -3), (Buckets(owed=-5), -9, 4), (Buckets(owed=-5), -5, 0)]
)
def test_a_restoration_brings_back_the_difference_to_what_the_backup_held(
    buckets: Buckets, held: int, amount: int
) -> None:
    wallet = Wallet(1, "m1", "ann", AT, buckets, 3, AT)
    now = Reading(held - 1, 3)
    brought = restoration(wallet, Reading(held, 2), now, AT, DAY, "hold")
    assert brought.amount == amount
    assert brought.wallet.balance == now.balance, "the wallet is what PaperCut shows"
    assert len(brought.entries) == (2 if amount else 1)


def test_where_nothing_happened_since_the_backup_the_loss_is_all_that_is_written() -> None:
    wallet = Wallet(1, "m1", "ann", AT, Buckets(owed=-5), 3, AT)
    brought = restoration(wallet, Reading(-2, 2), Reading(-2, 2), AT, DAY, "hold")
    assert [entry.kind for entry in brought.entries] == ["loss"]
    assert (brought.amount, brought.wallet.balance) == (-3, -2)


def test_the_first_day_of_the_next_period() -> None:
    assert periods.next_first_day(date(2026, 12, 30), "month") == date(2027, 1, 1)
