"""Rate limits: reads and writes apart, a minute and a day, for each application.

Source: officernd-api 2.1 (header names observed; most numbers unknown, hence switches).
"""

from __future__ import annotations

from typing import Literal

from relay.sandbox.officernd.answers import ErrorResponse
from relay.sandbox.officernd.switches import OfficeRnDSwitches

Family = Literal["read", "write"]
_WINDOWS = {"minute": 60, "day": 86_400}


class RateLimits:
    """Fixed windows that begin with the first call in them."""

    def __init__(self, switches: OfficeRnDSwitches) -> None:
        self._switches = switches
        self._windows: dict[tuple[str, str, str], tuple[float, int]] = {}

    def count(self, client_id: str, family: Family, now: float) -> dict[str, str]:
        """Count one call at `now` (seconds since 1970) and return the headers of its answer. Raises the 429."""
        headers: dict[str, str] = {}
        counted: list[tuple[tuple[str, str, str], tuple[float, int]]] = []
        for window, length in _WINDOWS.items():
            limit = getattr(self._switches, f"{family}s_a_{window}")
            key = (client_id, family, window)
            began, used = self._windows.get(key, (now, 0))
            if not began <= now < began + length:
                began, used = now, 0
            left = began + length - now
            if limit and used >= limit:
                raise self._too_many(left)
            counted.append((key, (began, used + 1)))
            if limit and self._shown(family):
                name = f"{family}-{window}"
                headers[f"x-ratelimit-limit-{name}"] = str(limit)
                headers[f"x-ratelimit-remaining-{name}"] = str(limit - used - 1)
                headers[f"x-ratelimit-reset-{name}"] = str(int(left))
        self._windows.update(counted)
        return headers

    def _shown(self, family: Family) -> bool:
        return self._switches.rate_headers and (family == "read" or self._switches.write_rate_headers)

    def _too_many(self, left: float) -> ErrorResponse:
        headers = {"Retry-After": str(int(left) + 1)} if self._switches.retry_after else {}
        return ErrorResponse(429, "Too many requests", headers=headers)
