"""Text from outside: what of it is kept, and what of it is shown. Pure.

A name is never an instruction: no sequence that moves a cursor, turns a line round or hides a part of it reaches a
person. What is shown is escaped, so that he sees that something was there.
"""

from __future__ import annotations

import re
from typing import Any

LONGEST = 300  # of what is shown of one text
_KEPT = 2000  # of what is kept of one

# Control characters but the line's end and the tab; the marks that turn a line's direction, invisible ones, and what is
# no character at all. Source: Unicode Standard Annex 9, table 2; "Trojan Source", Boucher and Anderson 2021.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def text(value: str) -> str:
    """Return a text as it is kept: at most 2,000 characters, without NUL and halves of characters.

    >>> text("a\\x00b\\ud800c")
    'abc'
    """
    value = value[:_KEPT]
    return value if value.isprintable() else re.sub("[\x00\ud800-\udfff]", "", value)


def visible(value: str) -> str:
    """Return a text with what cannot be seen written out.

    >>> visible("Ann\\x1b[2J")
    'Ann\\\\x1b[2J'
    """
    if value.isprintable():
        return value
    return _INVISIBLE.sub(_written_out, value)


def _written_out(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def visible_json(value: str) -> str:
    """Return a JSON text of the same meaning in which everything can be seen."""
    return value if value.isprintable() else _INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", value)


def shown(value: str) -> str:
    """Return a text from outside as it is shown: visible, on one line, at most 300 characters.

    >>> shown("x" * 400)[-3:]
    'xx…'
    """
    value = visible(" ".join(value[: 2 * LONGEST].split()))
    return value if len(value) <= LONGEST else value[: LONGEST - 1] + "…"


def seen(value: Any) -> Any:
    """Return what a page shows of a value: a text made visible; all else, such as our own markup, as it is."""
    return visible(value) if type(value) is str else value
