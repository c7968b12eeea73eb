"""The end of a set-up: a commented `relay.toml` and its secrets, for their owner only, whole or not at all."""

from __future__ import annotations

import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomlkit

from relay import commands, config, passwords, written_files
from relay.config.sections import SECTIONS
from relay.config.words import words
from relay.errors import RelayError
from relay.held_files import what_to_do
from relay.language import lazy
from relay.private_files import can_be_made, make_private_folder, write_private
from relay.setup import trial, unfinished
from relay.setup.unfinished import FOLDER
from relay.setup.values import SECRETS, Prompt, Walk, Workbench
from relay.setup.walk import STEPS

SECRET_FILES = {
    "papercut.auth_token": "papercut_token",
    "officernd.client_secret": "officernd_secret",
    "signin.client_secret": "officernd_signin_secret",
}
PASSWORD_FILE = "console_password"
WIDTH = 98
_HEAD = (
    "Made by the set-up. Every key and what it may be stands in the documentation; what is left out has its default.",
    "Secrets lie in files of their own. Changes take effect at the next command; the console reads them anew.",
)


@dataclass(frozen=True)
class Document:
    """What is to be written: the settings' text and, by file name, the secrets that it names."""

    text: str
    secrets: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Written:
    """What stands on the disk now; `kept` is where the earlier settings are, None where there were none."""

    settings: Path
    secrets: tuple[Path, ...]
    kept: Path | None

    def lines(self) -> list[str]:
        lines: list[str] = [lazy("Settings  %(file)s", file=self.settings)]
        lines += [lazy("Secret    %(file)s", file=path) for path in self.secrets]
        return lines + ([lazy("The earlier settings are kept as %(file)s.", file=self.kept)] if self.kept else [])


def document(workbench: Workbench, walk: Walk, folder: Path | None = None) -> Document:
    """Return the settings that the answers make. Secrets get names that are free in `folder`, so that files of earlier
    settings stay as they are."""
    answers = walk.answers
    comments = {question.name: question for step in STEPS for question in step.questions(workbench, walk)}
    secrets, named = dict[str, str](), dict[str, str]()
    for name, file in SECRET_FILES.items():
        if answers.get(name):
            named[f"{name}_file"] = free = _free(folder, file)
            secrets[free] = str(answers[name]) + "\n"
    if answers.get("console.password"):
        named["console.password_hash_file"] = free = _free(folder, PASSWORD_FILE)
        secrets[free] = passwords.first_user(str(answers["console.name"]), str(answers["console.password"]))
    made = tomlkit.document()
    for line in _HEAD:
        made.add(tomlkit.comment(line))
    order = list(comments)
    ordered = sorted(
        {**answers, **named}.items(),
        key=lambda item: order.index(item[0].removesuffix("_file")) if item[0].removesuffix("_file") in order else 999,
    )
    sections = trial.by_section(dict(ordered))
    for section in SECTIONS:
        fields = SECTIONS[section].model_fields
        values = {
            key: value
            for key, value in sections.get(section, {}).items()
            if value not in ("", []) or (key in fields and fields[key].default not in (None, "", ()))
        }
        if values:
            made.add(tomlkit.nl())
            made.add(section, _table(section, values, comments))
    return Document(tomlkit.dumps(made), secrets)


def _table(section: str, values: Mapping[str, Any], comments: Mapping[str, Prompt]) -> Any:
    table = tomlkit.table()
    for key, value in values.items():
        for line in _comment(f"{section}.{key}", comments):
            for part in textwrap.wrap(line, WIDTH, subsequent_indent="  "):
                table.add(tomlkit.comment(part))
        table.add(key, value)
    return table


def _comment(name: str, comments: Mapping[str, Prompt]) -> Iterator[str]:
    question, plain = comments.get(name.removesuffix("_file")), name.removesuffix("_file")
    if name == "console.password_hash_file":
        yield f"Who may use the console. More people: {commands.named('password')}"
    elif plain in SECRETS and question:
        yield f"{question.label}: alone in this file, readable by its owner only."
    elif question:
        yield " ".join(filter(None, (question.label.rstrip(".?") + ".", question.help)))
        for choice in question.choices:
            yield f"  {choice.value}: {choice.label}"
    else:
        section, _, key = plain.partition(".")
        told = words(SECTIONS[section].model_fields[key])
        yield " ".join(filter(None, (told.label + ".", told.help)))


def _free(folder: Path | None, name: str) -> str:
    """Return a name for a secret that no file in `folder` has yet."""
    number, free = 1, f"{FOLDER}/{name}"
    while folder is not None and (folder / free).exists():
        number += 1
        free = f"{FOLDER}/{name}.{number}"
    return free


def write(workbench: Workbench, walk: Walk, target: Path, *, replace: bool = False) -> Written:
    """Write secrets and settings; the settings come last and in one piece, so that a kill leaves the earlier ones.

    Settings that are there are only replaced with `replace`, and kept under another name. Raises RelayError, with
    nothing left behind, where they are not to be replaced, another set-up writes, or a file cannot be written.
    """
    target = target.absolute()
    try:
        is_new = not target.parent.exists()
        make_private_folder(target.parent)
        try:
            with unfinished.alone(target.parent):
                unfinished.end(target)
                return _write(workbench, walk, target, replace)
        except BaseException:
            if is_new:
                with suppress(OSError):
                    target.parent.rmdir()
            raise
    except OSError as error:
        again = lazy("run this again as the account that PaperCut's server runs as")
        raise RelayError(
            lazy(
                "%(file)s cannot be written (%(strerror)s); nothing was left behind: %(what)s.",
                file=error.filename or target.parent,
                strerror=error.strerror or error,
                what=what_to_do(error, again),
            ),
            code="setup",
        ) from None


def why_not_writable(target: Path) -> str:
    """Return in a sentence why settings could not be written to `target` at the end, "" where they could be."""
    folder = target.absolute().parent
    if can_be_made(folder):
        return ""
    return (
        f"This account may not write in {folder}, where the settings would go: start this as the account "
        "that PaperCut's server runs as, or in a folder of its own."
    )


def left(walk: Walk) -> str:
    """Return in a sentence what a set-up that is left before its end leaves behind."""
    if walk.known.token_made:
        return (
            "Nothing was written here. In PaperCut the token papercut-officernd, which you had made, stays until the "
            "next set-up makes another one."
        )
    return "Nothing was written."


def _write(workbench: Workbench, walk: Walk, target: Path, replace: bool) -> Written:
    if target.exists() and not replace:
        raise RelayError(lazy("%(file)s already exists, so nothing was written.", file=target), code="settings_exist")
    made = document(workbench, walk, target.parent)
    kept = _kept(target) if target.exists() else None
    names = [*made.secrets, *([kept.name] if kept else [])]
    text = written_files.for_editors(made.text)
    unfinished.begin(target, unfinished.WritingNote.of(names, text))
    try:
        make_private_folder(target.parent / FOLDER)
        for name, value in made.secrets.items():
            write_private(target.parent / name, value)
        config.parse(tomllib.loads(made.text), target, {})  # what could not be read back is not put in force
        if kept:
            write_private(kept, target.read_bytes())
        write_private(target, text)
    finally:
        with suppress(OSError):  # the next set-up takes back what cannot be now
            unfinished.end(target)
    return Written(target, tuple(target.parent / name for name in made.secrets), kept)


def _kept(target: Path) -> Path:
    number = 1
    while (path := target.with_name(f"{target.stem}.before-{number}{target.suffix}")).exists():
        number += 1
    return path
