"""One run at a time for a site, also over machines that share a ledger in PostgreSQL.

The operating system's lock keeps two runs of one machine apart and is taken by whoever starts a run; this lease keeps
two machines apart. Every write of the ledger renews it and names its epoch, so that a run which slept through its lease
cannot write any more.
"""

from __future__ import annotations

import socket
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, insert, select, update

from relay.config import Settings
from relay.errors import AlreadyRunning, LedgerError
from relay.language import lazy
from relay.money.ledger import tables
from relay.remedy import Remedy

LIFE = timedelta(minutes=15)  # longer than any single remote call with its settling time
# Built once: every write begins with a renewal.
_LEASE = select(tables.leases).where(tables.leases.c.site == bindparam("of_site"))
_OURS = update(tables.leases).where(
    tables.leases.c.site == bindparam("of_site"), tables.leases.c.epoch == bindparam("of_epoch")
)


def holder_of(settings: Settings) -> str:
    """Return who we are to other machines; runs of one state folder are kept apart by its lock file."""
    return f"{socket.gethostname()}:{settings.site.state_dir}"[:120]


def take(connection: Connection, site: str, holder: str, now: datetime) -> int:
    """Return the epoch of a new lease. Raises AlreadyRunning while another holder's lease lives."""
    row = connection.execute(_LEASE, {"of_site": site}).mappings().first()
    if row is None:
        connection.execute(insert(tables.leases).values(site=site, holder=holder, epoch=1, expires_at=now + LIFE))
        return 1
    if row["holder"] != holder and row["expires_at"] > now:
        raise AlreadyRunning(
            lazy(
                "Another run for site %(site)s is under way on %(split)s; it ends by itself, or its "
                "claim does at %(expires_at)s UTC. Try again then.",
                site=repr(site),
                split=row["holder"].split(":")[0],
                expires_at=format(row["expires_at"], "%H:%M"),
            )
        )
    epoch = int(row["epoch"]) + 1
    if not _write(connection, site, row["epoch"], holder=holder, epoch=epoch, expires_at=now + LIFE):
        raise just_taken(site)
    return epoch


def _write(connection: Connection, site: str, epoch: int, /, **values: object) -> bool:
    """Change the lease of an epoch, and return whether it was still the site's."""
    changed = connection.execute(_OURS, {"of_site": site, "of_epoch": epoch, **values})
    return changed.rowcount == 1


def just_taken(site: str) -> AlreadyRunning:
    return AlreadyRunning(
        lazy("Another run for site %(site)s has just begun; try again when it is over.", site=repr(site))
    )


def renew(connection: Connection, site: str, epoch: int, now: datetime) -> None:
    """Renew our lease as the first statement of a write. Raises LedgerError when another run has taken over."""
    if not _write(connection, site, epoch, expires_at=now + LIFE):
        raise LedgerError(
            lazy(
                "Another run for site %(site)s has taken over, so this one stopped before sending anything more.",
                site=repr(site),
            ),
            remedies=(Remedy("status"),),
        )


def give_back(connection: Connection, site: str, epoch: int, now: datetime) -> None:
    """End our lease at once, if it is still ours."""
    _write(connection, site, epoch, expires_at=now)
