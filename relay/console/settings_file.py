"""Changing relay.toml: only the keys that were changed, comments and order kept, whole or not at all.

Nothing is written that `relay/config.py` would not accept, nor over a file that somebody else has changed since.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from relay import config, written_files
from relay.config import Settings
from relay.console.settings_fields import FIELDS, amount_lines, shown
from relay.errors import ConfigError, RelayError
from relay.held_files import what_to_do
from relay.language import lazy
from relay.private_files import make_private_folder, write_private


@dataclass(frozen=True)
class Draft:
    """Settings that somebody wants: the file's new text, what it was made from, and what differs, in words.

    `changed` are (field name, before, after) as the form shows them.
    """

    text: str
    base: str
    settings: Settings
    changed: tuple[tuple[str, Any, Any], ...]


class FormProblems(Exception):
    """Values that cannot be accepted: a sentence by field name, and those that belong to no field of the form."""

    def __init__(self, by_field: Mapping[str, str], others: list[str]) -> None:
        super().__init__(lazy("the settings cannot be accepted"))
        self.by_field = dict(by_field)
        self.others = others


def fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def draft(current: Settings, values: Mapping[str, Any]) -> Draft:
    """Return relay.toml with `values` (by "section.key") in it. Raises FormProblems, ConfigError."""
    text = config.text_of(current.path)
    try:
        document = tomlkit.parse(text)
    except TOMLKitError as error:
        raise ConfigError([lazy("%(path)s is not valid TOML: %(error)s.", path=current.path, error=error)]) from None
    for name, value in values.items():
        field = FIELDS[name]
        if _same(current, name, value):
            continue
        if field.section not in document:
            document[field.section] = tomlkit.table()
        section: Any = document[field.section]
        if field.kind == "amounts":
            _set_tables(section, field.key, value)
        elif isinstance(value, list) and field.key in section:
            _set_list(section, field.key, value)
        else:
            section[field.key] = value
    new_text = tomlkit.dumps(document)
    try:
        settings = config.parse(document.unwrap(), current.path, os.environ)
    except ConfigError as error:
        raise _sorted(error) from None
    changed = tuple(
        (name, before, after)
        for name in FIELDS
        if (before := shown(current, FIELDS[name])) != (after := shown(settings, FIELDS[name]))
    )
    return Draft(new_text, fingerprint(text), settings, changed)


def save(wanted: Draft, path: Path, copies: Path) -> None:
    """Write a draft over relay.toml, with a copy of the old one in `copies`. Raises RelayError when it has changed."""
    old = config.text_of(path)
    if fingerprint(old) != wanted.base:
        raise RelayError(
            lazy(
                "Somebody else has changed the settings since you began, so nothing was saved: look at them again and "
                "repeat what you wanted."
            ),
            code="settings_changed",
        )
    try:
        make_private_folder(copies)
        write_private(copies / "relay.toml.before", old)
        written_files.rewrite(path, wanted.text)
    except OSError as error:
        what = what_to_do(error, lazy("let the account that runs the relay write it and its folder"))
        raise RelayError(
            lazy(
                "The settings file %(path)s cannot be written (%(strerror)s), so nothing was saved: %(what)s.",
                path=path,
                strerror=error.strerror or error,
                what=what,
            ),
            code="settings_not_written",
        ) from None


def _same(current: Settings, name: str, value: Any) -> bool:
    """Return whether `value` is what is in force already, so that the file stays as short as it is."""
    field = FIELDS[name]
    before = shown(current, field)
    if field.kind == "amounts":
        return bool(amount_lines(value) == before)
    return bool(value == before or (not isinstance(value, bool | list) and str(value) == before))


def _set_list(section: Any, key: str, value: list[str]) -> None:
    """Change a list's members, keeping comments that stand inside it."""
    items = section[key]
    for index in reversed(range(len(items))):
        if str(items[index]) not in value:
            del items[index]
    have = [str(item) for item in items]
    for item in value:
        if item not in have:
            items.append(item)


def _set_tables(section: Any, key: str, rows: list[dict[str, str]]) -> None:
    """Write [[top_up.plan]] rows anew."""
    section.pop(key, None)
    if not rows:
        return
    tables = tomlkit.aot()
    for row in rows:
        table = tomlkit.table()
        for name, value in row.items():
            table[name] = value
        tables.append(table)
    section[key] = tables


def _sorted(error: ConfigError) -> FormProblems:
    by_field: dict[str, str] = {}
    others = []
    for problem in error.problems:
        name = f"{problem.section}.{problem.key.partition('.')[0]}"
        if name in FIELDS:
            by_field[name] = problem.clause
        else:
            others.append(problem.sentence)
    return FormProblems(by_field, others)
