"""Which plans or locations of OfficeRnD a word of the settings means: the one answer for rules, money and checks. Pure.

Source: the settings, where a plan is given as its id or code, and people write its name as they see it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar


class HasNames(Protocol):
    """A plan or a location."""

    @property
    def id(self) -> str: ...

    @property
    def code(self) -> str: ...

    @property
    def name(self) -> str: ...


Named = TypeVar("Named", bound=HasNames)


def named(records: Iterable[Named], word: str) -> list[Named]:
    """Return the records that `word` means: those of this code, else id, else name, else code in another case."""
    known, folded = list(records), word.strip().casefold()
    if not folded:
        return []
    for matches in (
        [one for one in known if one.code == word],
        [one for one in known if one.id == word],
        [one for one in known if one.name.strip().casefold() == folded],
        [one for one in known if one.code.strip().casefold() == folded],
    ):
        if matches:
            return matches
    return []
