"""Text from outside: what of it is kept, and what of it is shown. Pure.

A name is never an instruction: no sequence that moves a cursor, turns a line round or hides a part of it reaches a
person. What is shown is escaped, so that he sees that something was there.
"""

from __future__ import annotations

import re
from typing import Any

LONGEST = 300  # of what is shown of one text
_KEPT = 2000  # of what is kept of one
_SHORTEST_SECRET = 4

# Control characters but the line's end and the tab; the marks that turn a line's direction, invisible ones, and what is
# no character at all; letters and tags that are drawn as nothing. The two joiners belong to Persian words and to
# pictures of people, and to nothing that is written in ASCII. Source: Unicode Standard Annex 9, table 2, and
# DerivedCoreProperties (Default_Ignorable_Code_Point); "Trojan Source", Boucher and Anderson 2021.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
    "|(?:(?<=[\x00-\x7f])|^)[\u200c\u200d]|[\u200c\u200d](?=[\x00-\x7f]|$)"
)
_LINE_ENDS = re.compile("[\t\n\x0b\x0c\r\x1c-\x1e\x85\u2028\u2029]+")
_ENDLESS = re.compile(rf"(\S{{{LONGEST - 1}}})\S{{2,}}")  # a word as long as no language has it


def text(value: str) -> str:
    """Return a text as it is kept: at most 2,000 characters, without NUL and halves of characters.

    >>> text("a\\x00b\\ud800c")
    'abc'
    """
    value = value[:_KEPT]
    return value if value.isprintable() else re.sub("[\x00\ud800-\udfff]", "", value)


def name(value: str) -> str:
    """Return a name as it is kept: a text on one line, as long as one is shown.

    >>> name("Ann\\r\\nLee")
    'Ann Lee'
    """
    return _LINE_ENDS.sub(" ", text(value))[:LONGEST]


def visible(value: str) -> str:
    """Return a text with what cannot be seen written out, and with no word in it that has no end.

    >>> visible("Ann\\x1b[2J")
    'Ann\\\\x1b[2J'
    """
    if not (value.isascii() and value.isprintable()):
        value = _INVISIBLE.sub(_written_out, value)
    return value if len(value) <= LONGEST else _ENDLESS.sub(r"\1…", value)


def _written_out(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def visible_json(value: str) -> str:
    """Return a JSON text of the same meaning in which everything can be seen."""
    return value if value.isascii() and value.isprintable() else _INVISIBLE.sub(_escaped, value)


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def without(value: str, *secrets: str) -> str:
    """Return a text with "..." for each of our `secrets`; before it is cut, since a part of one is told as well.

    What is as short as a word's syllable keeps nobody out, and would be taken out of every sentence.
    """
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            value = value.replace(secret, "...")
    return value


def shown(value: str, *secrets: str) -> str:
    """Return a text from outside as it is shown: without `secrets`, visible, on one line, at most 300 characters.

    >>> shown("x" * 400)[-3:]
    'xx…'
    """
    value = without(value, *secrets)
    value = visible(" ".join(value[: 2 * LONGEST].split()))
    return value if len(value) <= LONGEST else value[: LONGEST - 1] + "…"


def seen(value: Any) -> Any:
    """Return what a page shows of a value: a text made visible; all else, such as our own markup, as it is."""
    return visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
