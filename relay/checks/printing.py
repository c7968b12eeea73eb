"""What was printed in the last weeks without anybody being billed for it: the jobs room's findings."""

from __future__ import annotations

from collections.abc import Iterator

from relay.checks.model import Finding, Site
from relay.database import open_database
from relay.errors import LedgerError


def silently_free(site: Site) -> Iterator[Finding]:
    from relay import jobs  # slow to import, and only this check needs it

    try:
        database = open_database(site.settings)
    except LedgerError:
        return  # the ledger's own check tells that
    try:
        today = site.clock.business_day(site.settings.site.timezone)
        for found in jobs.free_printing_findings(site.settings, database, site.papercut, today=today):
            yield Finding(found["code"], found["severity"], found["subject"], found["message"])
    finally:
        database.dispose()
