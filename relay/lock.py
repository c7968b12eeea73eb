"""One writing command at a time per site: an operating-system lock that is free the moment its holder dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from relay.errors import AlreadyRunning, LedgerError

FILE_NAME = "relay.lock"


@contextmanager
def site_lock(state_dir: Path) -> Iterator[None]:
    """Hold the site's lock for the `with` block.

    Raises AlreadyRunning at once when another process holds it, LedgerError when the folder cannot be written.
    """
    lock = filelock.FileLock(state_dir / FILE_NAME, timeout=0)
    try:
        state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock.acquire()
    except filelock.Timeout:
        raise AlreadyRunning(
            f"Another papercut-relay command is working on this site ({state_dir}); wait until it is over, then try "
            "again."
        ) from None
    except OSError as error:
        raise LedgerError(
            f"The state folder {state_dir} cannot be written ({error.strerror}); nothing was done: correct [site] "
            "state_dir or the folder's rights."
        ) from None
    try:
        yield
    finally:
        lock.release()
