"""A count with its noun, for sentences: the one owner of English plurals."""

from __future__ import annotations

_IRREGULAR = {"person": "people", "company": "companies"}


def counted(number: int, one: str, many: str = "") -> str:
    """Return "1 job", "12 jobs", "5,000 people"; `many` where the plural is of its own kind."""
    return f"{number:,} {noun(number, one, many)}"


def noun(number: int, one: str, many: str = "") -> str:
    """Return the same without the count."""
    return one if number == 1 else many or _IRREGULAR.get(one, one + "s")
