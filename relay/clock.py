"""Time as a parameter, so that no test waits and no decision reads the machine's clock by itself."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


class Clock:
    """The real clock; tests pass a subclass that stands still and moves when told."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def business_day(self, timezone: str) -> date:
        """Return the calendar date at this moment in the site's IANA `timezone`."""
        return self.local_day(self.now(), timezone)

    def local_day(self, moment: datetime, timezone: str) -> date:
        """Return the calendar date of a moment in an IANA `timezone`."""
        return moment.astimezone(ZoneInfo(timezone)).date()
