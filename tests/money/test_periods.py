"""Periods as keys."""

from __future__ import annotations

from datetime import date

import pytest

from relay.money.decide import periods


@pytest.mark.parametrize(
    ("every", "day", "key", "first"),
    [
        ("day", date(2025, 3, 12), "2025-03-12", date(2025, 3, 12)),
        ("week", date(2025, 3, 12), "2025-W11", date(2025, 3, 10)),
        ("week", date(2027, 1, 3), "2026-W53", date(2026, 12, 28)),
        ("month", date(2025, 3, 31), "2025-03", date(2025, 3, 1)),
    ],
)
def test_a_day_is_in_one_period(every: str, day: date, key: str, first: date) -> None:
    assert (periods.key(day, every), periods.first_day(day, every)) == (key, first)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("every", "last", "today", "missed"),
    [
        ("day", date(2025, 3, 10), date(2025, 3, 12), ["2025-03-11"]),
        ("day", date(2025, 3, 11), date(2025, 3, 12), []),
        ("week", date(2025, 3, 9), date(2025, 3, 24), ["2025-W11", "2025-W12"]),
        ("month", date(2024, 11, 30), date(2025, 2, 1), ["2024-12", "2025-01"]),
        ("month", date(2025, 2, 1), date(2025, 2, 28), []),
    ],
)
def test_missed_periods_lie_between(every: str, last: date, today: date, missed: list[str]) -> None:
    assert periods.missed(last, today, every) == missed  # type: ignore[arg-type]
