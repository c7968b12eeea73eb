"""Replaces, adds to and rotates files that somebody else may have open, which Windows refuses and POSIX allows.

The law: who replaces or removes a file tries again until a deadline; who adds a line does it alone, under a lock; who
rotates does it under the same lock, begins at the first free number, and leaves for the next time what is held now.
PaperCut's side keeps a copy of this law in papercut_scripts/compat.py, since it has the standard library alone.

Source: Windows' MoveFileEx and DeleteFile (ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION while a
handle is open); Python's append mode, which is a seek and a write on Windows.
"""

from __future__ import annotations

import errno
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from relay.language import lazy

PATIENCE_S = 10.0
PAUSE_S = 0.01
HELD_ERRORS = (5, 32, 33)
LET_GO = lazy("another program has it open (an editor, a backup, a virus scanner): close it there and run again")


def is_held(error: OSError) -> bool:
    """Return whether Windows refused because somebody has the file open, or may have: it has one word for both."""
    return getattr(error, "winerror", None) in HELD_ERRORS


def what_to_do(error: OSError, otherwise: str) -> str:
    """Return in a clause what a person does about a file that was refused: by its reason, else `otherwise`."""
    if is_held(error):
        return lazy("%(let_go)s, or give this account the right to it", let_go=LET_GO)
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return lazy("let this account open more files at once (ulimit -n), then run again")
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return lazy("make room on its disk, then run again")
    return otherwise


def replace(source: Path, target: Path) -> None:
    """Move a file over another one. Raises OSError when somebody holds it for PATIENCE_S."""
    _patiently(lambda: os.replace(source, target))


def remove(path: Path) -> None:
    """Remove a file. Raises FileNotFoundError, and OSError when somebody holds it for PATIENCE_S."""
    _patiently(path.unlink)


def remove_or_leave(path: Path) -> None:
    """Remove a file that may as well go another time: one in somebody's hands stays. Raises OSError otherwise."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        if not is_held(error):
            raise


def scratch_folder(purpose: str) -> tempfile.TemporaryDirectory[str]:
    """Return a folder for the length of a `with` block; what somebody has open there at its end is left behind."""
    return tempfile.TemporaryDirectory(prefix=f"papercut-{purpose}-", ignore_cleanup_errors=True)


def rotate(path: Path, *, largest: int, kept: int) -> None:
    """Move a file of `largest` bytes or more aside to `path`.1, and older ones up to `path`.`kept`.

    It begins at the first free number: where a file in somebody's hands stopped the last rotation half way, it goes on
    there and loses nothing. To be called by one process at a time. Raises OSError, to be tried again another time.
    """
    if not path.exists() or path.stat().st_size < largest:
        return
    names = [path, *(path.with_name(f"{path.name}.{number}") for number in range(1, kept + 1))]
    last = next((number for number in range(1, kept) if not names[number].exists()), kept)
    for number in range(last, 0, -1):
        os.replace(names[number - 1], names[number])


@contextmanager
def alone(lock_file: Path) -> Iterator[bool]:
    """Hold a lock between processes; False where it is not to be had within PATIENCE_S, or not at all."""
    lock = filelock.FileLock(lock_file, timeout=PATIENCE_S, mode=0o600)
    try:
        lock.acquire()
    except OSError:  # a time-out is one as well
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _patiently(action: Callable[[], None]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            return action()
        except OSError as error:
            if not is_held(error) or time.monotonic() >= deadline_s:
                raise
        time.sleep(PAUSE_S)
