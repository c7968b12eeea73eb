"""This machine: can the ledger be written, has it copies elsewhere, is there room, is the schedule installed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from relay import language
from relay.checks.model import Check, CheckedSite
from relay.database import open_database
from relay.errors import LedgerError
from relay.finding import Finding
from relay.installer import places
from relay.language import lazy
from relay.lock import is_served
from relay.money.ledger import copies
from relay.remedy import Remedy

LOW_DISK_MB = 1024
FULL_DISK_MB = 100


def ledger(site: CheckedSite) -> Iterator[Finding]:
    try:
        open_database(site.settings).dispose()
    except LedgerError as error:
        yield Finding("ledger_unwritable", "error", lazy("ledger"), error.message)


def ledger_copies(site: CheckedSite) -> Iterator[Finding]:
    """Tell of copies that are missing or lie where the ledger would take them along; PostgreSQL's are its server's."""
    settings = site.settings
    file, folder = settings.ledger_file, settings.copies_dir
    if file is None:
        return
    newest = copies.newest(settings)
    if (newest is None or site.clock.now() - newest > copies.FRESH) and _has_run(site):
        what = (
            lazy(
                "The newest copy of the ledger in %(folder)s is from %(newest)s",
                folder=folder,
                newest=language.moment(newest, settings.site.timezone),
            )
            if newest
            else lazy("There is no copy of the ledger in %(folder)s", folder=folder)
        )
        yield Finding(
            "ledger_copy_missing",
            "warning",
            lazy("ledger"),
            lazy(
                "%(what)s, although each daily run keeps one: look in the relay's log for why it could not, such as a "
                "full disk or the folder's rights, then run again.",
                what=what,
            ),
        )
    if _device(folder) == _device(file):
        yield Finding(
            "ledger_copies_same_disk",
            "warning",
            lazy("ledger"),
            lazy(
                "The copies of the ledger (%(folder)s) lie on the ledger's own disk only and would be lost with it: "
                "set [ledger] copies_dir to a folder on another disk.",
                folder=folder,
            ),
        )


def _has_run(site: CheckedSite) -> bool:
    try:
        database = open_database(site.settings)
    except LedgerError:
        return False  # told by the check of the ledger
    try:
        return copies.has_run(database, site.settings.site.name)
    finally:
        database.dispose()


def disks(site: CheckedSite) -> Iterator[Finding]:
    settings = site.settings
    for key, folder in (("[site] state_dir", settings.site.state_dir), ("[scripts] home", settings.scripts.home)):
        free_mb = shutil.disk_usage(_existing(folder)).free // 2**20
        if free_mb < LOW_DISK_MB:
            yield Finding(
                "disk_low",
                "error" if free_mb < FULL_DISK_MB else "warning",
                str(folder),
                lazy(
                    "The disk of %(key)s (%(folder)s) has %(free_mb)s MB left: make room, since nothing is billed "
                    "while the ledger cannot be written.",
                    key=key,
                    folder=folder,
                    free_mb=free_mb,
                ),
            )


def _device(path: Path) -> int:
    return _existing(path).stat().st_dev


def _existing(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def schedule(site: CheckedSite, where: places.Places | None = None) -> Iterator[Finding]:
    where = where or places.Places(places.SYSTEM)
    files = [path for _, path in where.schedule()]
    if not all(Path(path).is_file() for path in files) and not is_served(site.settings.site.state_dir):
        yield Finding(
            "schedule_missing",
            "warning",
            lazy("schedule"),
            lazy(
                "This machine has no schedule for the relay, so nothing happens by itself: run the installer "
                "(%(install_commands)s), or keep the console running.",
                install_commands=places.INSTALL_COMMANDS[places.SYSTEM],
            ),
            remedies=(Remedy("serve", (), lazy("to keep the console running")),),
        )


CHECKS = (
    Check(ledger, lazy("The ledger can be written")),
    Check(ledger_copies, lazy("The ledger has fresh copies on another disk")),
    Check(disks, lazy("The disks have room")),
    Check(schedule, lazy("The daily run has a schedule")),
)
