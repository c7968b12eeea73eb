"""This machine: can the ledger be written, is there room, is the schedule installed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from relay.checks.model import Finding, Site
from relay.database import open_database
from relay.errors import LedgerError
from relay.installer import places
from relay.lock import is_served

LOW_DISK_MB = 1024
FULL_DISK_MB = 100


def ledger(site: Site) -> Iterator[Finding]:
    try:
        open_database(site.settings).dispose()
    except LedgerError as error:
        yield Finding("ledger_unwritable", "error", "ledger", error.message)


def disks(site: Site) -> Iterator[Finding]:
    settings = site.settings
    for key, folder in (("[site] state_dir", settings.site.state_dir), ("[scripts] home", settings.scripts.home)):
        free_mb = shutil.disk_usage(_existing(folder)).free // 2**20
        if free_mb < LOW_DISK_MB:
            yield Finding(
                "disk_low",
                "error" if free_mb < FULL_DISK_MB else "warning",
                str(folder),
                f"The disk of {key} ({folder}) has {free_mb} MB left: make room, since nothing is billed while the "
                "ledger cannot be written.",
            )


def _existing(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def schedule(site: Site, where: places.Places | None = None) -> Iterator[Finding]:
    where = where or places.Places(places.SYSTEM)
    files = [path for _, path in where.schedule()]
    if not all(Path(path).is_file() for path in files) and not is_served(site.settings.site.state_dir):
        yield Finding(
            "schedule_missing",
            "warning",
            "schedule",
            "This machine has no schedule for the relay, so that nothing happens by itself: run the installer "
            f"({places.INSTALL_COMMANDS[places.SYSTEM]}), or keep papercut-relay serve running.",
        )
