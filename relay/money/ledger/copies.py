"""Copies of the ledger: each daily run keeps one that was opened again and found good, 14 days of them.

A copy gets its name only after it was verified, so that whatever has the name of one is one. PostgreSQL's server makes
its own backups; nothing is done there.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from relay import database as databases
from relay import ledger_copies
from relay.clock import Clock
from relay.config import Settings
from relay.errors import LedgerError
from relay.held_files import remove_or_leave
from relay.language import lazy
from relay.money.ledger import journal, tables
from relay.private_files import make_private_folder

COUNT = 14
FRESH = timedelta(days=2)
_UNFINISHED = re.compile(r"ledger-[0-9]{8}-[0-9]{6}\.db\.new(-journal)?")


def keep(database: Engine, settings: Settings, clock: Clock) -> Path | None:
    """Keep a verified copy of the ledger and return its file; None where the ledger is no file.

    It takes the place of an earlier one of the same day, so that a day of many runs does not push two weeks out.
    Raises LedgerError, after which no part of the copy is left, and every older one is.
    """
    if settings.ledger_file is None:
        return None
    folder = settings.copies_dir
    file = folder / clock.now().astimezone(UTC).strftime(ledger_copies.NAME)
    try:
        make_private_folder(folder)
        _remove_unfinished(folder)
        _write(database, settings, file)
        _remove_older(file, settings, clock)
    except (OSError, sqlite3.Error) as error:
        if ledger_copies.is_spoiled(error):
            raise _spoiled(settings, str(error)) from None
        why = isinstance(error, OSError) and error.strerror or error
        raise LedgerError(
            lazy(
                "The copy of the ledger in %(folder)s could not be made (%(why)s): make room there, or correct "
                "[ledger] copies_dir and the folder's rights.",
                folder=folder,
                why=why,
            )
        ) from None
    return file


def _write(database: Engine, settings: Settings, file: Path) -> None:
    """Write, verify, rename; a copy that is not good is removed."""
    unfinished = file.with_name(file.name + ".new")
    ledger_copies.write_copy(database, unfinished)
    try:
        why = fault(unfinished, settings.site.name)
        if why:
            raise _spoiled(settings, why)
        ledger_copies.rename(unfinished, file)
    except BaseException:
        ledger_copies.remove(unfinished)
        raise


def fault(file: Path, site: str) -> str:
    """Return in a clause what is wrong with a copy, "" for a whole one whose journal adds up."""
    why = ledger_copies.fault(file, databases.REVISION)
    if why:
        return why
    engine = create_engine("sqlite://", creator=lambda: ledger_copies.opened(file), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            found = databases.revision(connection)
            wrong = journal.wrong_wallets(connection, site)
    except DBAPIError as error:
        return databases.reason(error)
    if found != databases.REVISION:
        return lazy("its schema is %(found)s and not %(revision)s", found=found, revision=databases.REVISION)
    names = ", ".join(wallet.username for wallet, _ in wrong[:3])
    return lazy("what is on record for %(names)s is not the sum of its entries", names=names) if wrong else ""


def _spoiled(settings: Settings, why: str) -> LedgerError:
    back = ledger_copies.how_to_put_back(settings.ledger_file or "", settings.copies_dir, databases.REVISION)
    return LedgerError(
        lazy(
            "A copy of the ledger is not good (%(why)s) and was not kept; if the next run says so again, the "
            "ledger itself is damaged: %(back)s.",
            why=why,
            back=back,
        )
    )


def _remove_unfinished(folder: Path) -> None:
    """Remove what a killed run left; a folder has one writer, which the site's lock lets in."""
    for file in folder.iterdir():
        if _UNFINISHED.fullmatch(file.name):
            remove_or_leave(file)


def _remove_older(new: Path, settings: Settings, clock: Clock) -> None:
    """Remove the copies whose place the new one takes. By a wrong clock it may have the oldest name, and stays."""

    def day(file: Path) -> object:
        made = ledger_copies.made_at(file)
        return clock.local_day(made, settings.site.timezone) if made else None

    others = [file for file in ledger_copies.kept(new.parent) if file != new]
    earlier = [file for file in others if day(file) != day(new)]
    for file in {*others} - {*earlier[: COUNT - 1]}:
        remove_or_leave(file)  # a backup program reads just these


def put_back(database: Engine, settings: Settings) -> str:
    """Return the sentence about which copy to put back in place of a ledger that was lost or is too old.

    The newest good one that knows more fees than the ledger does: the copies of a ledger that began anew are newer, and
    know nothing.
    """
    if settings.ledger_file is not None:
        with databases.reading(database) as connection:
            known = connection.execute(select(func.count()).select_from(tables.fees)).scalar() or 0
        for file in ledger_copies.kept(settings.copies_dir):
            if not ledger_copies.fault(file, databases.REVISION) and _fees(file) > known:
                ledger = settings.ledger_file
                return lazy(
                    "Stop the schedule, then copy %(file)s, the newest good copy, over %(ledger)s and delete "
                    "%(ledger)s-wal and %(ledger)s-shm",
                    file=file,
                    ledger=ledger,
                )
    return lazy("Put the newest copy of the ledger back")


def _fees(file: Path) -> int:
    try:
        with closing(ledger_copies.opened(file)) as connection:
            return int(connection.execute("SELECT count(*) FROM fees").fetchone()[0])
    except sqlite3.Error:
        return 0


# -- what the checks ask -----------------------------------------------------------------------------------------------


def newest(settings: Settings) -> datetime | None:
    """Return when the newest copy was made, None where there is none."""
    found = ledger_copies.kept(settings.copies_dir)
    return ledger_copies.made_at(found[0]) if found else None


def has_run(database: Engine, site: str) -> bool:
    """Return whether a business day of this site was ever done."""
    days = tables.business_days
    query = select(func.count()).select_from(days).where(days.c.site == site, days.c.done_at.is_not(None))
    with databases.reading(database) as connection:
        return bool(connection.execute(query).scalar())
