"""How a text becomes one argument of a command line that somebody pastes into the shell at hand."""

from __future__ import annotations

import os
import re
import shlex

_CMD_EXPANDS = frozenset('"%!')
_CMD_SPECIAL = frozenset('()%!^"<>&|')


def quoted(text: str, *, windows: bool = os.name == "nt") -> str:
    """Return a text as one argument of a command line: for cmd.exe on Windows, for a POSIX shell elsewhere.

    cmd.exe knows no single quotes, and expands %NAME% within double ones; a caret before every special character is
    what it always takes literally.
    """
    if not windows:
        return shlex.quote(text)
    if text.isascii() and text.replace(".", "").replace("_", "").replace("-", "").isalnum():
        return text
    argument = '"' + re.sub(r'(\\*)("|$)', _backslashes_doubled, text) + '"'
    if not _CMD_EXPANDS & set(argument[1:-1]):
        return argument
    return "".join(f"^{character}" if character in _CMD_SPECIAL else character for character in argument)


def _backslashes_doubled(found: re.Match[str]) -> str:
    """A program of Windows takes a backslash before a double quote for an escape, and nowhere else."""
    return found[1] * 2 + ('\\"' if found[2] else "")
