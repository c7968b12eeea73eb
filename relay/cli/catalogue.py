"""The catalogues of the console's texts: every sentence of the code in every language, brought up to date.

`python -m relay.cli.catalogue` adds to each language what is new, without a translation, and takes out what is gone;
`python -m relay.cli.catalogue fr` begins a language. The tests hold the languages of this repository to be complete.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from babel import Locale
from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from papercut_scripts import login
from relay import config, language
from relay.config.words import words
from relay.console import settings_fields
from relay.counted import forms
from relay.installer import versions
from relay.people.decide import questions

ROOT = Path(__file__).parents[1]
METHODS = [
    ("installer/**", "ignore"),
    ("sandbox/**", "ignore"),
    ("**.py", "python"),
    ("console/templates/**.html", "jinja2"),
    ("jobs/statement/**.html", "jinja2"),
]
_TEMPLATES = {"trimmed": "true", "newstyle_gettext": "true"}
OPTIONS = {"console/templates/**.html": _TEMPLATES, "jobs/statement/**.html": _TEMPLATES}
# `phase` names a step of long work, in whatever room: a page that shows it translates it.
KEYWORDS = {
    "gettext": None, "ngettext": (1, 2), "lazy": None, "nlazy": (1, 2), "marked": (1, 2), "N_": None, "_": None,
    "phase": None,
}  # fmt: skip


# A count with its noun: `counted(n, "job")`, `counted(n, "fee is", "fees are")`.
COUNTED = {"counted": {2: (2,), 3: (2, 3)}}


def found() -> Iterator[tuple[str, str | tuple[str, ...]]]:
    """Yield every sentence that stands in the code: its file, and itself or its forms."""
    messages = extract_from_dir(ROOT, METHODS, OPTIONS, KEYWORDS)
    for file, _line, message, _comments, _context in sorted(messages, key=lambda one: one[:2]):
        if message:
            yield f"relay/{file}", tuple(message) if isinstance(message, (tuple, list)) else message
    for file, _line, nouns, _comments, _context in extract_from_dir(ROOT, METHODS, OPTIONS, COUNTED):  # type: ignore[arg-type]
        yield f"relay/{file}", forms(*nouns) if isinstance(nouns, tuple) else forms(str(nouns))
    for kind in questions.KINDS.values():
        yield "relay/people/decide/questions.py", (kind.one, kind.many.replace("{count}", "%(num)s"))
        yield "relay/people/decide/questions.py", kind.meaning
    yield from (("relay/installer/versions.py", one) for one in versions.SENTENCES.values() if one)
    yield from (("papercut_scripts/login.py", one) for one in login.reasons().values())
    yield from (("relay/config/sections.py", one) for one in _settings() if one)


def _settings() -> Iterator[str]:
    """Yield the words of the settings that the console shows, as they stand beside each."""
    for group in settings_fields.GROUPS:
        section = config.SECTIONS[group.id]
        yield from (section.about.title, section.about.lead)
        for told in (words(section.model_fields[field.key]) for field in group.fields):
            yield from (told.label, told.help, told.unit)
            for choice in told.choices:
                yield from (choice.label, choice.help)


def read(code: str) -> Catalog:
    file = language.file_of(code)
    if not file.exists():
        about = f"# {Locale.parse(code).english_name}: the texts of the console, the set-up and the messages."
        return Catalog(locale=code, charset="utf-8", fuzzy=False, header_comment=about)
    with file.open("rb") as content:
        return read_po(content, locale=code)


def updated(code: str) -> Catalog:
    """Return a language's catalogue with exactly the sentences of the code; nothing is guessed."""
    old = read(code)
    new = Catalog(locale=code, charset="utf-8", header_comment=old.header_comment, fuzzy=False)
    for file, message in found():
        one = message if isinstance(message, str) else message[0]
        known = old.get(one)
        same = known is not None and isinstance(known.id, str) == isinstance(message, str)
        new.add(message, known.string if known and same else "", locations=[(file, 0)])
    return new


def text(catalogue: Catalog) -> bytes:
    """Return a catalogue as its file has it: a sentence with the files it stands in, in the order of the files."""
    catalogue.revision_date = catalogue.creation_date = None  # type: ignore[assignment]
    out = io.BytesIO()
    write_po(out, catalogue, width=110, omit_header=True, include_lineno=False, sort_by_file=True)
    return _head(catalogue).encode() + out.getvalue()


def _head(catalogue: Catalog) -> str:
    fields = {
        "Project-Id-Version": "papercut-officernd",
        "Language": str(catalogue.locale_identifier),
        "Plural-Forms": catalogue.plural_forms,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
    }
    lines = "".join(f'"{name}: {value}\\n"\n' for name, value in fields.items())
    return f'{catalogue.header_comment}\nmsgid ""\nmsgstr ""\n{lines}\n'


def main(wanted: list[str]) -> None:
    for code in wanted or [one for one in language.codes() if one != language.SOURCE]:
        Locale.parse(code)
        file = language.file_of(code)
        catalogue = updated(code)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text(catalogue))
        empty = sum(1 for message in catalogue if message.id and message.string in ("", ("", "")))
        click.echo(f"{file}: {len(catalogue)} sentences, {empty} without a translation")


if __name__ == "__main__":
    main(sys.argv[1:])
