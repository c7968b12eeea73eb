"""The one context of a command: a site's settings, both clients, its ledger's database, clock and progress.

It is opened once and passed whole; whoever needs less takes from it what he needs. It makes no remote call by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from relay.clock import Clock
from relay.config import Settings
from relay.database import open_database, reason
from relay.errors import LedgerError
from relay.language import lazy
from relay.officernd.client import OfficeRnD
from relay.papercut.client import PaperCut
from relay.progress import Progress


@dataclass(frozen=True)
class Site:
    """Everything that a command of one site works with."""

    settings: Settings
    officernd: OfficeRnD
    papercut: PaperCut
    database: Engine
    clock: Clock
    progress: Progress

    @property
    def name(self) -> str:
        return self.settings.site.name


@contextmanager
def open_site(settings: Settings, clock: Clock, progress: Progress) -> Iterator[Site]:
    """Open both clients and the ledger for the `with` block.

    A ledger that fails under way, such as on a full disk, becomes a LedgerError here, whichever room met it.
    """
    database = open_database(settings)
    try:
        yield Site(settings, OfficeRnD(settings, clock), PaperCut(settings, clock), database, clock, progress)
    except DBAPIError as error:
        raise LedgerError(
            lazy(
                "The ledger failed during the run (%(reason)s): see to its disk, rights or server, then run again; "
                "what was begun is finished then.",
                reason=reason(error),
            )
        ) from error
    finally:
        database.dispose()
