"""Copies of a ledger in SQLite, as files: written whole, looked into without a change, the newest good one found.

It knows nothing of what the tables mean, so that the database's own errors can name a copy. When one is made, judged
and removed is decided in `relay/money/ledger/copies.py`.
"""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Engine

from relay import held_files
from relay.language import lazy
from relay.private_files import create_private

NAME = "ledger-%Y%m%d-%H%M%S.db"  # of UTC
_OURS = re.compile(r"ledger-[0-9]{8}-[0-9]{6}\.db")
_SPOILED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def made_at(file: Path) -> datetime | None:
    """Return when a copy was made, by its name; None for a name that is not exactly one of ours.

    >>> made_at(Path("ledger-20261123-080000.db")).isoformat()
    '2026-11-23T08:00:00+00:00'
    """
    with suppress(ValueError):
        if _OURS.fullmatch(file.name):
            return datetime.strptime(file.name, NAME).replace(tzinfo=UTC)
    return None


def kept(folder: Path) -> list[Path]:
    """Return the copies in a folder, the newest first; whatever else lies there is none."""
    if not folder.is_dir():
        return []
    found = [file for file in folder.iterdir() if made_at(file) and file.is_file() and not file.is_symlink()]
    return sorted(found, reverse=True)


def write_copy(engine: Engine, target: Path) -> None:
    """Copy the whole ledger into a new file that only its owner may read, and flush it to the disk.

    What was begun is removed where it cannot be finished. Raises OSError, sqlite3.Error.
    """
    create_private(target)
    try:
        with closing(engine.raw_connection()) as connection:
            connection.execute("VACUUM INTO ?", (str(target),))
        _flush(target, os.O_RDWR)
    except BaseException:
        remove(target)
        raise


def rename(file: Path, target: Path) -> None:
    """Give a copy its own name, durably."""
    held_files.replace(file, target)
    if os.name != "nt":  # where a folder cannot be opened
        _flush(target.parent, os.O_RDONLY)


def remove(file: Path) -> None:
    """Remove a copy, and what SQLite may have left beside it."""
    for path in (file, file.with_name(file.name + "-journal")):
        held_files.remove_or_leave(path)


def _flush(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def opened(file: Path) -> sqlite3.Connection:
    """Open a copy for reading only: SQLite neither writes to it nor puts a file beside it."""
    path = quote(file.absolute().as_posix(), safe="/:")
    return sqlite3.connect(f"file://{'' if path.startswith('/') else '/'}{path}?mode=ro&immutable=1", uri=True)


def fault(file: Path, revision: str) -> str:
    """Return in a clause why a file is no whole ledger that a relay with this schema can open, "" where it is one."""
    try:
        with closing(opened(file)) as connection:
            (said,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            if said != "ok":
                return str(said).strip().replace("\n", " ")
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        return str(error)
    return "" if found and "" < str(found[0]) <= revision else lazy("its schema is not one that this relay knows")


def newest_good(folder: Path, revision: str) -> Path | None:
    """Return the newest copy that is whole, None where there is none or the folder cannot be read."""
    try:
        return next((file for file in kept(folder) if not fault(file, revision)), None)
    except OSError:
        return None


def is_spoiled(error: BaseException | None) -> bool:
    """Return whether SQLite said that a file is damaged, or no database at all."""
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in _SPOILED


def how_to_put_back(ledger: Path | str, folder: Path, revision: str) -> str:
    """Return in a clause what to do about a spoiled ledger; the files beside it belong to it and spoil any other."""
    good = newest_good(folder, revision)
    if good is None:
        return lazy(
            "there is no good copy in %(folder)s, so put a backup of your own back, or move the ledger away and "
            "rebuild it",
            folder=folder,
        )
    return lazy(
        "stop the schedule, then copy %(good)s over %(ledger)s and delete %(ledger)s-wal and %(ledger)s-shm",
        good=good,
        ledger=ledger,
    )
