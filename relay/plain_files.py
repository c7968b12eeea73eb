"""Reads files that somebody else may have put there: waits for none, follows no pipe, and reads none without end.

Whoever reads a file that a person named for one command (a field record, answers of a set-up) reads what he named.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any, BinaryIO

from papercut_scripts import compat
from relay import json_text


def content(path: Path) -> bytes:
    """Return a plain file's bytes. Raises OSError, also for a pipe, a device, and a file that is larger than any."""
    return bytes(compat.read_file(str(path)))


def text(path: Path, encoding: str = "utf-8", errors: str = "strict") -> str:
    """Return a plain file's text with every line end as \\n. Raises OSError, UnicodeDecodeError."""
    return content(path).decode(encoding, errors).replace("\r\n", "\n").replace("\r", "\n")


def json_value(path: Path) -> Any:
    """Return the value of a JSON file. Raises OSError, ValueError for everything that is none."""
    return json_text.parsed(content(path))


def opened(path: Path, largest: int) -> BinaryIO:
    """Return a plain file of `largest` bytes at most, opened to be read. Raises OSError."""
    file: BinaryIO = compat.open_plain(str(path))
    if os.fstat(file.fileno()).st_size > largest:
        file.close()
        raise OSError(errno.EFBIG, "it is larger than any", str(path))
    return file
