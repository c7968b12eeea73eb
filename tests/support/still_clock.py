"""A clock that stands still and moves only when told, or when somebody sleeps on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from relay.clock import Clock


class StillClock(Clock):
    def __init__(self, start: datetime = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)) -> None:
        self.moment = start
        self.slept_s: list[float] = []
        self._jumped_s = 0.0

    def now(self) -> datetime:
        return self.moment

    def monotonic_s(self) -> float:
        return self.moment.timestamp() - self._jumped_s

    def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self.move(seconds=seconds)

    def jump(self, **delta: float) -> None:
        """Set the wall clock, as a wrong time server does; time itself goes on."""
        change = timedelta(**delta)
        self.moment += change
        self._jumped_s += change.total_seconds()

    def move(self, **delta: float) -> None:
        self.moment += timedelta(**delta)
