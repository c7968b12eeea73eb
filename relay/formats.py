"""How the pages write moments, days, amounts and counts: in the site's time zone, currency and locale."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from babel import dates, numbers

from relay import amounts, language
from relay.config import Settings


class Formats:
    def __init__(self, settings: Settings, locale: str = "") -> None:
        self.locale = locale or settings.console.locale
        self.currency = settings.site.currency
        self.zone = ZoneInfo(settings.site.timezone)

    def money(self, value: Any, currency: str = "") -> str:
        """Return an amount as people write it: micros (int), or the text of an answer such as "7.00".

        `currency` is that of another site of the ledger, where it is one's.
        """
        currency = currency or self.currency
        if value is None or value == "":
            return ""
        try:
            number = amounts.to_decimal(value) if isinstance(value, int) else Decimal(str(value))
        except InvalidOperation:
            return str(value)
        return language.money(number, currency, self.locale)

    def count(self, value: int) -> str:
        return str(numbers.format_decimal(value, locale=self.locale))

    def day(self, value: Any) -> str:
        """Return a date, also one of an answer's ISO text, as "24 Nov 2026"."""
        found = _moment(value)
        if found is None:
            return "" if value is None else str(value)
        if isinstance(found, datetime):
            found = found.astimezone(self.zone).date()
        return str(dates.format_date(found, "medium", locale=self.locale))

    def short_day(self, value: date) -> str:
        return str(dates.format_skeleton("MMMd", value, locale=self.locale))

    def day_and_time(self, value: datetime) -> str:
        """Return a moment within its month: "24, 07:30"."""
        local = value.astimezone(self.zone)
        return f"{local.day}, {dates.format_time(local, 'short', tzinfo=self.zone, locale=self.locale)}"

    def month(self, value: date) -> str:
        """Return "November 2026", of a moment too."""
        if isinstance(value, datetime):
            value = value.astimezone(self.zone).date()
        return str(dates.format_skeleton("yMMMM", value, locale=self.locale))

    def time(self, value: Any) -> str:
        """Return a moment as date and time of the site: "24 Nov 2026, 07:30"."""
        found = _moment(value)
        if not isinstance(found, datetime):
            return self.day(value)
        local = found.astimezone(self.zone)
        return f"{self.day(local)}, {dates.format_time(local, 'short', tzinfo=self.zone, locale=self.locale)}"

    def lasted(self, value: timedelta) -> str:
        """Return how long something took, to the second: "58 s", "1 min 20 s"."""
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{self.count(minutes)} min {seconds} s" if minutes else f"{seconds} s"

    def ago(self, value: Any, now: datetime) -> str:
        """Return how long ago, or in how long, a moment is: "5 minutes ago", "in 3 hours"."""
        found = _moment(value)
        if not isinstance(found, datetime):
            return self.day(value)
        spoken = language.spoken() or language.ENGLISH  # words, so of the page's language whatever the dates are
        return str(dates.format_timedelta(found - now, add_direction=True, locale=spoken.code, threshold=1.2))


def _moment(value: Any) -> datetime | date | None:
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not value:
        return None
    try:
        return date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
    except ValueError:
        return None
