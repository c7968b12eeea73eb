"""In which language a page speaks: English, which stands in the code, or one of the catalogues beside it.

A language is one file, `console/locale/LANGUAGE/LC_MESSAGES/console.po`; it is read as it is, no step of a build comes
between. Outside of a page (command line, schedule, messages) everything is English. Nothing here marks a text as safe
markup, `relay.web` does so for what stands in a template.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "console" / "locale"
SOURCE = "en"
_FILE = Path("LC_MESSAGES", "console.po")
_SOURCE_LOCALE = "en_GB"


@dataclass(frozen=True)
class Language:
    """One language: its code ("de"), and what turns the English sentences into it."""

    code: str
    texts: NullTranslations

    def locale(self, site_locale: str) -> str:
        """Return how dates and amounts are written on a page: as the site wishes where that is of this language.

        A site whose language has no catalogue reads English, and still its own dates.
        """
        own = site_locale.partition("_")[0]
        if own == self.code or (self.code == SOURCE and own not in codes()):
            return site_locale
        return _SOURCE_LOCALE if self.code == SOURCE else self.code


ENGLISH = Language(SOURCE, NullTranslations())

_spoken: ContextVar[Language | None] = ContextVar("language", default=None)


@cache
def codes() -> tuple[str, ...]:
    """Return every language there is, English first."""
    return (SOURCE, *sorted(folder.name for folder in FOLDER.iterdir() if (folder / _FILE).is_file()))


def file_of(code: str) -> Path:
    return FOLDER / code / _FILE


@cache
def named(code: str) -> Language:
    """Return one of `codes`, its catalogue read at the first call."""
    if code == SOURCE:
        return ENGLISH
    from babel.messages.mofile import write_mo  # not for the command line, which needs neither
    from babel.messages.pofile import read_po

    binary = io.BytesIO()
    with file_of(code).open("rb") as file:
        write_mo(binary, read_po(file, locale=code))
    binary.seek(0)
    return Language(code, GNUTranslations(binary))


def spoken() -> Language | None:
    """Return the language of the page that is being made, None outside of one."""
    return _spoken.get()


def speak(language: Language | None) -> None:
    """Say in which language this thread goes on."""
    _spoken.set(language)


def N_(message: str) -> str:  # noqa: N802 - the name that every tool for catalogues knows
    """Mark a sentence for the catalogues, where it stands in a table; it is translated when it is shown."""
    return message


def marked(one: str, many: str) -> tuple[str, str]:
    """Mark the two forms of a sentence with a count for the catalogues, where they stand in a table."""
    return one, many


def translated(message: str) -> str:
    """Return a text in the page's language where a catalogue has it, else as it is: what was marked, or is foreign."""
    language = _spoken.get()
    return language.texts.gettext(message) if language and message else message


def gettext(message: str, /, **values: Any) -> str:
    """Return a sentence in the page's language, with its values: `gettext("%(name)s has left.", name=name)`.

    A whole number is written as people of that language read it.
    """
    return filled(translated(message), values)


def ngettext(one: str, many: str, count: int, /, **values: Any) -> str:
    """Return a sentence with a count in the form that the count asks for: `%(num)s` is the count."""
    language = _spoken.get() or ENGLISH
    return filled(language.texts.ngettext(one, many, count), {"num": count, **values})


def filled(text: str, values: Mapping[str, Any]) -> str:
    return text % {name: number(value) for name, value in values.items()} if values else text


def number(value: Any) -> Any:
    """Return a whole number as text, all else as it is."""
    if type(value) is not int:
        return value
    language = _spoken.get()
    if language is None or language.code == SOURCE:
        return f"{value:,}"
    from babel import numbers

    return numbers.format_decimal(value, locale=language.code)


class Table(Mapping[str, str]):
    """Words by key, each in the page's language when it is asked for. Its sentences are marked with `N_`."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def __getitem__(self, key: str) -> str:
        return translated(self._texts[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)
