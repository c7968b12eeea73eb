"""When a debt is due: a rule on the journal's sums, without any state of its own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from relay import amounts
from relay.money.decide import periods


class OwedChange(NamedTuple):
    """One journal line on `owed`: its business day, and micros (negative: more debt)."""

    day: date
    owed: int


def due(changes: Iterable[OwedChange], today: date, every: periods.Period, minimum: int, currency: str) -> int:
    """Return what is to be billed now, micros in whole coins: all that is owed, once a coin of it is of older periods.

    Payments and fees reduce the oldest part first, so the part of earlier periods is what was owed when this period
    began, less everything that was paid since.
    """
    first = periods.first_day(today, every)
    owed = old = 0
    for change in changes:
        owed -= change.owed
        if change.day < first or change.owed > 0:
            old -= change.owed
    coin = amounts.minor_unit(currency)
    whole = amounts.billable(-owed, currency)
    is_due = every == "day" or old >= coin
    return whole if is_due and whole >= max(minimum, coin) else 0
