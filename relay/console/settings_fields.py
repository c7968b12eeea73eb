"""The settings that an operator may change in the console, and how a form becomes TOML values.

The form is made from the words beside each setting in `relay/config/sections.py`, which also says what a value may be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any

from werkzeug.datastructures import MultiDict

from relay import amounts
from relay.config import SECTIONS, Settings
from relay.config.words import Choice, Kind, Role, words
from relay.language import joined, lazy

# The sections of which something may be changed in the console, as the page shows them from top to bottom.
SHOWN = ("members", "fees", "top_up", "included", "schedule", "print", "signin", "safety")


@dataclass(frozen=True, slots=True)
class Field:
    """One setting of the form: its place, its kind, and its words as they stand beside the setting itself."""

    section: str
    key: str
    kind: Kind
    label: str
    help: str
    choices: tuple[Choice, ...]

    @property
    def name(self) -> str:
        return f"{self.section}.{self.key}"


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """A section's fields; `role` may change them. `more`: shown when asked for."""

    id: str
    title: str
    lead: str
    role: Role
    more: bool
    fields: tuple[Field, ...]


def _group(section: str) -> FieldGroup:
    about = SECTIONS[section].about
    return FieldGroup(section, lazy(about.title), lazy(about.lead), about.role, about.more, tuple(_fields(section)))


def _fields(section: str) -> Iterator[Field]:
    for key, field in SECTIONS[section].model_fields.items():
        told = words(field)
        if told.form:
            label = lazy(told.label)
            if told.unit:
                label = lazy("%(label)s (%(unit)s)", label=label, unit=lazy(told.unit))
            example = lazy("For example %(example)s.", example=told.example) if told.example else ""
            help = joined(lazy(told.help).with_text(_without_marks), example)
            yield Field(section, key, told.form, label, help, tuple(_choices(told.choices)))


def _choices(listed: Iterable[Choice]) -> Iterator[Choice]:
    for choice in listed:
        yield Choice(
            choice.value, lazy(choice.label).with_text(_without_marks), lazy(choice.help).with_text(_without_marks)
        )


def _without_marks(text: str) -> str:
    return text.replace("`", "")


GROUPS = tuple(_group(section) for section in SHOWN)
FIELDS: Mapping[str, Field] = {field.name: field for group in GROUPS for field in group.fields}
ROLES: Mapping[str, Role] = {field.name: group.role for group in GROUPS for field in group.fields}


def amount_lines(rows: Iterable[Mapping[str, str]]) -> list[str]:
    """Return amounts by plan as somebody types them, a line each: ["HOTDESK = 5.00"]."""
    return [f"{row['plan']} = {row['amount']}" for row in rows]


def shown(settings: Settings, field: Field) -> Any:
    """Return a setting's value as the form shows it: text, a list of texts, or a bool."""
    value = getattr(getattr(settings, field.section), field.key)
    if field.kind == "money":
        return "" if value is None else amounts.text(value, settings.site.currency)
    if field.kind == "amounts":
        return [f"{item.plan} = {amounts.text(item.amount, settings.site.currency)}" for item in value]
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, time):
        return value.strftime("%H:%M")
    return value if isinstance(value, bool) else str(value)


def read_form(form: MultiDict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return (values as TOML holds them, problems) by field name, for the fields that the form carries.

    A field of switches and boxes says by `field.here` that it was shown, since an empty box is sent by no browser.
    """
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    here = set(form.getlist("here"))
    for name, field in FIELDS.items():
        if name not in here:
            continue
        text = form.get(name, "").strip()
        if field.kind == "switch":
            values[name] = text == "on"
        elif field.kind == "many":
            values[name] = [item for item in form.getlist(name) if item.strip()]
        elif field.kind == "lines":
            values[name] = [" ".join(line.split()) for line in form.get(name, "").splitlines() if line.strip()]
        elif field.kind == "number":
            if text.isascii() and text.isdigit() and len(text) < 10:
                values[name] = int(text)
            else:
                problems[name] = lazy("must be a whole number")
        elif field.kind == "amounts":
            rows = [line.rpartition("=") for line in form.get(name, "").splitlines() if line.strip()]
            if all(plan.strip() and amount.strip() for plan, _, amount in rows):
                values[name] = [{"plan": plan.strip(), "amount": amounts.typed(amount)} for plan, _, amount in rows]
            else:
                problems[name] = lazy("write each line as plan = amount")
        else:
            values[name] = amounts.typed(text) if field.kind == "money" else text
    return values, problems
