"""Instants as OfficeRnD writes them, `2026-01-31T08:00:00.000Z`: always UTC, so that texts compare as times do."""

from __future__ import annotations

from datetime import UTC, date, datetime


def instant(moment: datetime | date) -> str:
    """Given a moment with an offset, or a date (midnight UTC), return its text, cut to the millisecond."""
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def parse_instant(text: object) -> str:
    """Given an ISO 8601 date or time (UTC where no offset is given) return it as `instant` does. Raises ValueError."""
    if not isinstance(text, str) or len(text) < 10 or text[4:5] != "-":
        raise ValueError(f"{text!r} is no ISO 8601 date")
    moment = datetime.fromisoformat(text)
    return instant(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
