"""How a setting is told: the words that stand beside its field, once.

The console's form and `deploy/docs/SETTINGS.md` are made from them; what a value may be is said by the field's type.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from pydantic.fields import FieldInfo

Kind = Literal["choice", "many", "lines", "text", "number", "money", "switch", "amounts"]
Role = Literal["operate", "money"]


class Choice(NamedTuple):
    """One value that a setting may have, and what it means; `help` tells what follows from it."""

    value: str
    label: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """One setting in words. `form` is how the console asks for it; None: it is changed in the file only."""

    label: str
    help: str = ""
    unit: str = ""
    example: str = ""
    form: Kind | None = None
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class About:
    """One section in words. `role` may change it in the console; `more`: the console shows it when asked for."""

    title: str
    lead: str = ""
    role: Role = "operate"
    more: bool = False


def words(field: FieldInfo) -> Words:
    """Return the words of a field of the settings."""
    return next(item for item in field.metadata if isinstance(item, Words))


def choices(**told: str | tuple[str, str]) -> tuple[Choice, ...]:
    """Return choices by their labels, or their labels and help: choices(day="every day", no=("never", "Until ..."))."""
    return tuple(Choice(value, *((text,) if isinstance(text, str) else text)) for value, text in told.items())


def choice(label: str, help: str = "", /, **told: str | tuple[str, str]) -> Words:
    """Return the words of a setting that the console asks for by its choices."""
    return Words(label, help, form="choice", choices=choices(**told))
