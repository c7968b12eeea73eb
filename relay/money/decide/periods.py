"""Days, ISO weeks and months as keys: which period a business day is in, and which lie between two of them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

Period = Literal["day", "week", "month"]


def first_day(day: date, every: Period) -> date:
    """Return the first day of the period that `day` is in; weeks begin on Monday."""
    if every == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if every == "month" else day


def key(day: date, every: Period) -> str:
    """Return the period's stable name: "2025-03-12", "2025-W11", "2025-03"."""
    if every == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02d}"
    return day.strftime("%Y-%m") if every == "month" else day.isoformat()


def missed(last: date, today: date, every: Period) -> list[str]:
    """Return the keys of the periods that lie wholly between the one of `last` and the one of `today`."""
    found = []
    day = first_day(last, every)
    while (day := _next(day, every)) < first_day(today, every):
        found.append(key(day, every))
    return found


def next_first_day(day: date, every: Period) -> date:
    """Return the first day of the period after the one that `day` is in."""
    return _next(first_day(day, every), every)


def _next(first: date, every: Period) -> date:
    if every == "month":
        return (first + timedelta(days=32)).replace(day=1)
    return first + timedelta(days=7 if every == "week" else 1)
