"""Text files that a person writes: settings, secrets, answers, in whatever his editor or shell makes of them.

Notepad marks UTF-8 and its "Unicode", PowerShell 5 writes UTF-16 with `>`, and Windows ends lines with CR LF; whatever
is said here of a file that is none of those names what to do about it.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from papercut_scripts import compat
from relay import plain_files
from relay.language import lazy
from relay.private_files import write_private

PATH_ADVICE = lazy("write a Windows path in single quotes, such as 'C:\\Program Files\\PaperCut MF'")


def read(path: Path) -> str:
    r"""Return a file's text with \n for every line end. Raises OSError, UnicodeDecodeError.

    Windows holds a file back for the moment in which the console or an editor replaces it: it is asked for again then.
    """
    return _text_in(path).replace("\r\n", "\n").replace("\r", "\n")


def _text_in(path: Path) -> str:
    return str(compat.written_text(plain_files.content(path)))


def why_unread(error: Exception) -> str:
    """Return in a clause why a file could not be read as text, and for one in another encoding what to do."""
    if isinstance(error, UnicodeDecodeError):
        return lazy("it is not UTF-8 text: save it with the encoding UTF-8")
    return str(getattr(error, "strerror", None) or error)


def why_no_toml(error: tomllib.TOMLDecodeError) -> str:
    """Return in a clause what is wrong with a text that is no TOML; a backslash in double quotes begins an escape."""
    is_escape = "Unescaped" in str(error) or "Invalid hex value" in str(error)
    return f"{error}; {PATH_ADVICE}" if is_escape else str(error)


def rewrite(path: Path, text: str) -> None:
    """Put a text in the place of a file, with the owner, the rights and the line ends of that one. Raises OSError."""
    ends = "\r\n" if "\r\n" in _text_in(path) else "\n"
    write_private(path, text.replace("\n", ends), as_before=True)


def for_editors(text: str) -> str:
    """Return the text of a new file that a person will edit, with the line ends of this system's editors."""
    return text.replace("\n", os.linesep)
