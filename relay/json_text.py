"""JSON from outside: neither its depth nor its numbers can stop who reads it. Pure."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import Any

from relay.language import lazy

_LONGEST_NUMBER = 40
_FIRST_YEAR, _LAST_YEAR = 1970, 9000


def parsed(text: bytes | str) -> Any:
    """Return the value of a JSON text whose numbers a person could mean. Raises ValueError for every other text."""
    try:
        return json.loads(text, parse_float=_finite, parse_int=_whole, parse_constant=_no_number)
    except RecursionError:
        raise ValueError(lazy("nested too deep")) from None


def moment(text: Any) -> datetime:
    """Return a moment of ISO 8601 that can be compared and shown in any zone. Raises ValueError, TypeError."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None or not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise ValueError("no moment with a time zone, of a year that can be meant")
    return found


def _finite(text: str) -> float:
    value = float(text)
    if len(text) > _LONGEST_NUMBER or not math.isfinite(value):
        raise ValueError(lazy("a number far out of range"))
    return value


def _whole(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError(lazy("a number far out of range"))
    return int(text)


def _no_number(text: str) -> float:
    raise ValueError(lazy("%(text)s, which is not a number", text=text))
