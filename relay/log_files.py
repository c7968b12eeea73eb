"""Logs that several processes write: each line is added alone, under a lock, and the file is not kept open.

So any of them may move it aside, also on Windows, and no line is lost or mixed with another one.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path

from relay import foreign, held_files, private_files


def add_line(path: Path, line: bytes, *, largest: int, kept: int, durable: bool = False) -> None:
    """Add one line to a private log; one of `largest` bytes or more is moved aside first.

    Raises OSError when the line could not be written. Where the log is somebody's for too long the line is added all
    the same: it is worth more than its order.
    """
    lock_file = path.with_name(f"{path.name}.lock")
    with suppress(OSError):
        private_files.create_private(lock_file)  # the folder's owner gets it, also from root
    with held_files.alone(lock_file) as alone:
        if alone:
            with suppress(OSError):  # tried again with the next line
                held_files.rotate(path, largest=largest, kept=kept)
        descriptor = private_files.open_to_append(path)
        try:
            os.write(descriptor, line)
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)


def indented(text: str) -> str:
    """Return a log's text in which what comes from outside can neither hide anything nor begin a line of its own."""
    return foreign.visible(text).replace("\n", "\n    ")


class RotatingLog(logging.Handler):
    """The relay's own log as a handler."""

    def __init__(self, path: Path, *, largest: int, kept: int) -> None:
        super().__init__()
        self._path, self._largest, self._kept = path, largest, kept

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = (indented(self.format(record)) + "\n").encode("utf-8", "backslashreplace")
            add_line(self._path, line, largest=self._largest, kept=self._kept)
        except Exception:
            self.handleError(record)
