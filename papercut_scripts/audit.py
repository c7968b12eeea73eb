# -*- coding: utf-8 -*-
"""Runs inside PaperCut's server folder under CPython 3.9+ and Jython 2.7, standard library only.

The programs' own logs: one JSON object a line, rotated by size. Writing one never raises, since no login and no sync
may fail for its log. What comes in here must hold no password; nothing typed is logged as it was typed.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import os
import time

from papercut_scripts import compat

MAX_BYTES = 2000000
KEPT = 5
LONGEST = 300  # characters of one value: what is typed, or asked for, has no end of its own
SHORTEST_SECRET = 4  # what is as short as a syllable keeps nobody out, and stands in every sentence


def write(home, name, pairs):
    """Append one line to `logs/<name>.log`: the time in UTC, the process, then `pairs` of names and values."""
    try:
        folder = os.path.join(home, "logs")
        compat.make_private_folder(folder)
        path = os.path.join(folder, name + ".log")
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
        line = json_line([("time", stamp), ("pid", os.getpid())] + list(pairs))
        compat.append_private(path, line.encode("utf-8"))
        if os.path.getsize(path) > MAX_BYTES:
            compat.rotate(path, MAX_BYTES, KEPT)
    except compat.ANY_ERROR:
        pass


def json_line(pairs):
    """Return pairs of names and texts, integers or booleans as a JSON object with its line end; order is kept.

    By hand, since importing `json` would double what a query costs.
    """
    return "{" + ", ".join([_text(name) + ": " + _value(value) for name, value in pairs]) + "}\n"


def _value(value):
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, bytes):  # what Jython calls a string
        value = value.decode("utf-8", "replace")
    return _text(value[:LONGEST]) if isinstance(value, type("")) else "{0}".format(value)


def _text(text):
    return '"' + visible(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def visible(text):
    """Return a text with what is obeyed or not seen written out, as JSON writes it."""
    return "".join([_escaped(ord(one)) if _is_hidden(ord(one)) else one for one in text])


def shown(text, secrets=()):
    """Return a text from outside as a sentence shows it: without our secrets, visible, on one line, cut."""
    for secret in secrets:  # before it is cut, since a part of one is told as well
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, "...")
    text = visible(" ".join(text[: 2 * LONGEST].split()))
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def _is_hidden(code):
    """Return whether a character is obeyed, or not seen, where a log is looked at: controls, directions, no widths."""
    return (
        code < 32
        or 0x7F <= code <= 0x9F
        or 0xD800 <= code < 0xE000
        or 0x200B <= code <= 0x200F
        or 0x2028 <= code <= 0x202E
        or 0x2060 <= code <= 0x206F
        or code == 0xFEFF
        or 0xE0000 <= code < 0xE1000
    )


def _escaped(code):
    if code < 0x10000:
        return "\\u{0:04x}".format(code)
    return "\\u{0:04x}\\u{1:04x}".format(0xD7C0 + (code >> 10), 0xDC00 + (code & 0x3FF))
