"""One writing command at a time per site: an operating-system lock that is free the moment its holder dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock

from relay.errors import AlreadyRunning, LedgerError
from relay.held_files import what_to_do
from relay.language import lazy
from relay.private_files import create_private, make_private_folder

FILE_NAME = "relay.lock"
SERVING_NAME = "serve.lock"


@contextmanager
def site_lock(state_dir: Path) -> Iterator[None]:
    """Hold the site's lock for the `with` block.

    Raises AlreadyRunning at once when another process holds it, LedgerError when the folder cannot be written.
    """
    busy = lazy(
        "Another command is working on this site (%(state_dir)s); wait until it is over, then try again.",
        state_dir=state_dir,
    )
    with _held(state_dir, FILE_NAME, busy):
        yield


@contextmanager
def serving_lock(state_dir: Path) -> Iterator[None]:
    """Hold what tells that this site is served, for the `with` block. Raises AlreadyRunning, LedgerError."""
    busy = lazy(
        "The console of this site is already running, as a service or in another window (%(state_dir)s): open its "
        "page, or stop it first.",
        state_dir=state_dir,
    )
    with _held(state_dir, SERVING_NAME, busy):
        yield


def is_served(state_dir: Path) -> bool:
    """Return whether a papercut-relay serve works for this site at this moment."""
    if not (state_dir / SERVING_NAME).exists():
        return False
    try:
        with serving_lock(state_dir):
            return False
    except AlreadyRunning:
        return True
    except LedgerError:
        return False


@contextmanager
def _held(state_dir: Path, name: str, busy: str) -> Iterator[None]:
    lock = filelock.FileLock(state_dir / name, timeout=0)
    try:
        make_private_folder(state_dir)
        with suppress(FileExistsError):
            create_private(state_dir / name)
        lock.acquire()
    except filelock.Timeout:
        raise AlreadyRunning(busy) from None
    except OSError as error:
        what = what_to_do(error, lazy("correct [site] state_dir or the folder's rights"))
        raise LedgerError(
            lazy(
                "The state folder %(state_dir)s cannot be written (%(strerror)s); nothing was done: %(what)s.",
                state_dir=state_dir,
                strerror=error.strerror or error,
                what=what,
            )
        ) from None
    try:
        yield
    finally:
        lock.release()
