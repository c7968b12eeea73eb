"""The sources that [jobs] source may name, and what each can tell; whoever needs to know asks here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from relay.config import Settings
from relay.jobs.sources import logs, papercut_database
from relay.jobs.sources.source import Source


@dataclass(frozen=True)
class SourceKind:
    """One kind of source. `open` and `look` raise NoSource.

    `open` is given the moment of the reading; `look` opens as much as a check looks at, None where that is too much to
    ask. `has_transaction` tells whether PaperCut's transactions hold a reference.
    """

    open: Callable[[Settings, datetime], Source]
    is_named: Callable[[Settings], bool]
    look: Callable[[Settings, datetime], Source] | None = None
    tells_refunds: bool = False  # and jobs at a copier
    tells_accounts: bool = False  # which account a job was charged to
    has_transaction: Callable[[Settings, str], bool | None] | None = None


KINDS = {
    "print_logs": SourceKind(logs.opened, logs.is_named, logs.newest, tells_accounts=True),
    "csv": SourceKind(logs.opened, logs.is_named, logs.newest),
    "database": SourceKind(
        papercut_database.opened,
        lambda settings: True,
        tells_refunds=True,
        tells_accounts=True,
        has_transaction=papercut_database.has_transaction,
    ),
}


def configured(settings: Settings) -> SourceKind | None:
    """Return the kind that the settings name, None where no jobs are read."""
    return KINDS.get(settings.jobs.source)
