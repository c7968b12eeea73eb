"""What the members' page says, in nine languages: one file of sentences each, with the plural forms of its language.

A sentence has named places, `{count}`; one with forms is a table by the names that Unicode gives them (one, few, many,
other). Source: Unicode CLDR, Language Plural Rules, by babel.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale
from werkzeug.datastructures import LanguageAccept

from relay.print_texts import LANGUAGES

FIRST = "en"


class Texts:
    """The sentences of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.locale = LANGUAGES[language][1]
        self._form = Locale.parse(self.locale).plural_form
        self.sentences = read(language)

    def __call__(self, key: str, **places: Any) -> str:
        """Return the sentence of a key with its places filled; `count` chooses among its forms."""
        sentence = self.sentences[key]
        if isinstance(sentence, Mapping):
            sentence = sentence.get(self._form(places["count"]), sentence["other"])
        return str(sentence).format(**places)

    def term(self, code: str) -> str:
        """Return what a part of a fee is for."""
        return self(f"term_{code}" if f"term_{code}" in self.sentences else "term_other")


@cache
def read(language: str) -> Mapping[str, Any]:
    file = Path(__file__).parent / "texts" / f"{language}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def chosen(wanted: object, accepted: LanguageAccept) -> str:
    """Return the language that somebody switched to, else the first of the browser's that there is, else English."""
    if isinstance(wanted, str) and wanted in LANGUAGES:
        return wanted
    return accepted.best_match(list(LANGUAGES)) or FIRST
