"""What the print script says to members: its texts in each language, and a site's own in their place.

The English ones stand in `papercut_scripts/print_hook.js`, and their names and places (`{price}`) are the rule for all;
every other language is a file here. A text that counts has a form for each number: {"one": ..., "other": ...}.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import papercut_scripts
from relay.language import joined, lazy, told_all

# By the two letters that browsers send: how the language calls itself, and how its dates and amounts are written.
LANGUAGES: Mapping[str, tuple[str, str]] = {
    "en": ("English", "en_GB"),
    "de": ("Deutsch", "de_DE"),
    "fr": ("Français", "fr_FR"),
    "es": ("Español", "es_ES"),
    "it": ("Italiano", "it_IT"),
    "nl": ("Nederlands", "nl_NL"),
    "pt": ("Português", "pt_PT"),
    "pl": ("Polski", "pl_PL"),
    "bg": ("Български", "bg_BG"),
}
SCRIPT = Path(papercut_scripts.__file__).parent / "print_hook.js"
TABLE = re.compile(r"(/\* texts:.*?\*/\nvar TEXTS = )(.*?)(;\n/\* end of texts \*/)", re.DOTALL)
LONGEST = 500  # characters of a site's own text: what a popup shows without growing over the screen
_PLACE = re.compile(r"\{(\w+)\}")

Text = str | dict[str, str]


def forms(language: str) -> tuple[str, ...]:
    """Return the forms that a counting text has. Source: Unicode CLDR 46, plural rules."""
    return ("one", "few", "many") if language == "pl" else ("one", "other")


@cache
def table(language: str) -> Mapping[str, Text]:
    """Return the texts of a language by name."""
    if language != "en":
        text = (Path(__file__).parent / f"{language}.json").read_text(encoding="utf-8")
    else:
        found = TABLE.search(SCRIPT.read_text(encoding="utf-8"))
        assert found, "print_hook.js has lost the marks around its texts"
        text = found[2]
    texts: dict[str, Text] = json.loads(text)
    return texts


def places(name: str) -> frozenset[str]:
    """Return what a text is told: {"pages", "price"}."""
    text = table("en")[name]
    return frozenset(_PLACE.findall(text if isinstance(text, str) else text["other"]))


def problems(language: str, own: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a site's own texts, a clause for each: ("ask", "must name {document}")."""
    for key, text in own.items():
        name, _, form = key.partition(".")
        named = frozenset(_PLACE.findall(text))
        if name not in table("en"):
            yield key, lazy("is not a text of the print script; there are %(names)s", names=", ".join(table("en")))
        elif form and form not in (forms(language) if isinstance(table("en")[name], dict) else ()):
            yield (
                key,
                joined(
                    lazy("is not a form of this text in %(language)s", language=language),
                    _forms_of(language, name),
                    by="; ",
                ),
            )
        elif len(text) > LONGEST:
            yield key, lazy("must have at most %(longest)s characters", longest=LONGEST)
        elif not text.strip():
            yield key, lazy("must not be empty")
        elif missing := places(name) - named:
            yield key, lazy("must name %(listed)s", listed=_listed(missing))
        elif unknown := named - places(name):
            yield key, joined(lazy("cannot name %(listed)s", listed=_listed(unknown)), _places_of(name), by="; ")


def of_site(language: str, contact: str, own: Mapping[str, str]) -> dict[str, Text]:
    """Return the texts that a site needs: its language's, `contact` in place of the front desk, and its own."""
    texts = dict(table(language))
    desk, ask = (own.get(name) or str(texts[name]) for name in ("ask_desk", "ask_contact"))
    whom = ask.replace("{contact}", contact) if contact else desk
    default = str(texts.pop("ask_desk"))
    del texts["ask_contact"]
    texts = {name: text.replace(default, whom) if isinstance(text, str) else dict(text) for name, text in texts.items()}
    for key, text in own.items():
        name, _, form = key.partition(".")
        if form:
            before = texts[name]
            texts[name] = (before if isinstance(before, dict) else {}) | {form: text}
        elif isinstance(table(language).get(name), dict):
            texts[name] = dict.fromkeys(forms(language), text)
        elif name in texts:
            texts[name] = text
    return texts


def _forms_of(language: str, name: str) -> str:
    counts = isinstance(table("en")[name], dict)
    return lazy("it has %(forms)s", forms=", ".join(forms(language))) if counts else ""


def _places_of(name: str) -> str:
    return lazy("it is given %(listed)s", listed=_listed(places(name))) if places(name) else ""


def _listed(names: frozenset[str]) -> str:
    return told_all(*(f"{{{name}}}" for name in sorted(names)))
