# -*- coding: utf-8 -*-
"""Entries of a list in PaperCut's security.properties, as bytes to bytes: nothing else in the file changes.

Comments, order, line ends, encoding, continuation lines and other people's entries stay as they are. Reads and writes
no file itself.

Source: java.util.Properties (escapes, separators, continuation, the last of two equal keys wins); PaperCut manual,
security for advanced features, and papercut-mf images for the semicolon between folders.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import re

from . import pythons

FOLDER_LIST = "security.custom-executable.allowed-directory-list"
SCRIPTS_ENABLED = "security.print-and-device.script.enabled"
SCRIPTS_UNSAFE = "security.print-script.allow-unsafe-code"
SEPARATOR = ";"

_KEY = re.compile(r"[ \t\f]*((?:\\.|[^\\=: \t\f\r\n])+)[ \t\f]*[=:]?[ \t\f]*")


def value(data, key):
    """Return the value of `key` as Java reads it, None where the file does not set it."""
    found = _find(_text(data), key)
    return _unescaped(_text(data)[found[1] : found[2]]) if found else None


def keys(data):
    """Return the keys that the file sets."""
    text = _text(data)
    matches = [_KEY.match(text, start, stop) for start, stop in _logical_lines(text)]
    found = [match for match in matches if match and text[match.start(1)] not in "#!"]
    return sorted({_unescaped(match.group(1)) for match in found})


def with_value(data, key, value):
    """Return the file with `key` set to a text, in its own place where it has one."""
    text = _text(data)
    found = _find(text, key)
    if found is None:
        end = _line_end(text)
        line = key + "=" + _escaped(value) + end
        # The last line may lack its end, and one that goes on in the next would swallow ours.
        tried = (text + gap + line for gap in ("", end, end + end))
        return _bytes(next(made for made in tried if _find(made, key)))
    return _bytes(text[: found[1]] + _escaped(value) + text[found[2] :])


def entries(data):
    """Return the folders that may be started from, [] where the file does not name any."""
    return [entry.strip() for entry in (value(data, FOLDER_LIST) or "").split(SEPARATOR) if entry.strip()]


def has_entry(data, entry, windows):
    """Return whether Java reads `entry` in the list; one with single backslashes reads as another folder."""
    return _plain(entry, windows) in [_plain(one, windows) for one in entries(data)]


def with_entry(data, entry, windows):
    """Return the file with `entry` at the end of the list; the same bytes where it is there already."""
    if has_entry(data, entry, windows):
        return data
    text = _text(data)
    found = _find(text, FOLDER_LIST)
    if found is None:
        return with_value(data, FOLDER_LIST, entry)
    start, stop = found[1], found[2]
    old = text[start:stop]
    kept = old.rstrip()
    joint = "" if not kept or kept.endswith(SEPARATOR) else SEPARATOR
    return _bytes(text[:start] + kept + joint + _escaped(entry) + text[stop:])


def without_entry(data, entry, windows):
    """Return the file without `entry` in the list; the same bytes where it is not there."""
    text = _text(data)
    found = _find(text, FOLDER_LIST)
    if found is None or not has_entry(data, entry, windows):
        return data
    start, stop = found[1], found[2]
    kept = [
        piece
        for piece in text[start:stop].split(SEPARATOR)
        if _plain(_unescaped(piece), windows) != _plain(entry, windows)
    ]
    return _bytes(text[:start] + SEPARATOR.join(kept) + text[stop:])


def _find(text, key):
    """Return (start of line, start of value, end of value) of the last line that sets `key`, or None."""
    found = None
    for start, stop in _logical_lines(text):
        match = _KEY.match(text, start, stop)
        if match and text[match.start(1)] not in "#!" and _unescaped(match.group(1)) == key:
            found = (start, match.end(), stop)
    return found


def _logical_lines(text):
    """Yield (start, end) of each line without its line end; a backslash at the end joins the next one to it."""
    start = position = 0
    comment = None
    for match in re.finditer("\r\n|\n|\r|$", text):
        line = text[position : match.start()]
        if comment is None:
            comment = line.lstrip(" \t\f")[:1] in ("#", "!")
        backslashes = len(line) - len(line.rstrip("\\"))
        position = match.end()
        if backslashes % 2 and not comment and match.group():
            continue
        yield start, match.start()
        start, comment = position, None


def _plain(entry, windows):
    """Return an entry in the form in which two names of one folder are equal."""
    plain = entry.strip().replace("\\", "/") if windows else entry.strip()
    plain = re.sub("/+", "/", plain).rstrip("/") or "/"
    return plain.lower() if windows else plain


def _unescaped(text):
    text = re.sub(r"\\(?:\r\n|\n|\r)[ \t\f]*", "", text)

    def one(match):
        character = match.group(1)
        if character[:1] == "u" and len(character) == 5:
            return pythons.character(int(character[1:], 16))
        return {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}.get(character[:1], character[:1])

    return _joined(re.sub(r"\\(u[0-9a-fA-F]{4}|.|\Z)", one, text))  # Java drops a backslash at the end of the file


def _joined(text):
    """Return text with the halves of characters beyond 16 bits, which Java writes one by one, put together."""
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except (LookupError, UnicodeError):  # Python 2 keeps them as halves by itself
        return text


def _escaped(text):
    pieces = []
    for character in text:
        if character == "\\":
            pieces.append("\\\\")
        elif ord(character) > 0xFFFF:
            high, low = divmod(ord(character) - 0x10000, 0x400)
            pieces.append("\\u{0:04x}\\u{1:04x}".format(0xD800 + high, 0xDC00 + low))
        elif ord(character) > 126:
            pieces.append("\\u{0:04x}".format(ord(character)))
        else:
            pieces.append(character)
    return "".join(pieces)


def _line_end(text):
    match = re.search("\r\n|\n|\r", text)
    return match.group() if match else "\n"


def _text(data):
    return data.decode("latin-1")  # one byte, one character: what we do not touch comes back as it was


def _bytes(text):
    return text.encode("latin-1")
