"""The steps that are possible, and how a movement's two effects read as one stage."""

from __future__ import annotations

from datetime import date
from itertools import product

import pytest

from relay.errors import LedgerError
from relay.money.decide.movement import CLOSED, PUBLIC_STATES, STATES, STEPS, Movement, check_step


def movement(state: str = "planned", fee_state: str | None = None) -> Movement:
    fee = "PRF-250312-4HW0PZ-AAAAAAAA" if fee_state else None
    return Movement(
        "R", "fee", "m", "ann", "c", 1, "EUR", date(2025, 3, 12), 1, state=state, fee_reference=fee, fee_state=fee_state
    )  # type: ignore[arg-type]


def test_what_is_final_stays() -> None:
    assert all(STEPS[state] == frozenset() for state in CLOSED)
    for state in set(STATES) - set(CLOSED):
        assert STEPS[state]


@pytest.mark.parametrize(("old", "new"), list(product(STATES, STATES)))
def test_only_the_listed_steps_are_possible(old: str, new: str) -> None:
    if new in STEPS[old]:  # type: ignore[index]
        check_step("R", old, new)  # type: ignore[arg-type]
    else:
        with pytest.raises(LedgerError, match="cannot become"):
            check_step("R", old, new)  # type: ignore[arg-type]


def test_a_lost_or_sent_effect_is_never_withdrawn_or_sent_again_unseen() -> None:
    assert "withdrawn" not in STEPS["sent"]  # of one in doubt a person may say `none`
    assert "sent" not in STEPS["sent"] | STEPS["in_doubt"]


def test_a_doubt_comes_before_a_second_sending() -> None:
    """Everything open is in doubt after an older ledger was put back."""
    assert all("in_doubt" in STEPS[state] for state in ("planned", "sent", "failed"))


@pytest.mark.parametrize(
    ("fee_state", "state", "stage", "public"),
    [
        ("planned", "planned", "planned", "planned"),
        ("sent", "planned", "fee_sent", "in_doubt"),
        ("failed", "planned", "failed", "failed"),
        ("in_doubt", "planned", "in_doubt", "in_doubt"),
        ("posted", "planned", "fee_posted", "failed"),
        ("posted", "sent", "adjustment_sent", "in_doubt"),
        ("posted", "failed", "failed", "failed"),
        ("posted", "in_doubt", "in_doubt", "in_doubt"),
        ("posted", "posted", "posted", "posted"),
        ("withdrawn", "withdrawn", "withdrawn", "failed"),
        (None, "planned", "planned", "planned"),
        (None, "sent", "adjustment_sent", "in_doubt"),
        (None, "posted", "posted", "posted"),
    ],
)
def test_two_effects_read_as_one_stage(fee_state: str | None, state: str, stage: str, public: str) -> None:
    found = movement(state, fee_state)
    assert (found.stage, PUBLIC_STATES[found.stage]) == (stage, public)
    assert found.waits_for_fee is (fee_state not in (None, "posted"))
    assert found.is_unheard is stage.endswith("_sent")
