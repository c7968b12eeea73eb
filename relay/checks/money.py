"""Money: does a stop stand, and do held debts look like copiers whose jobs PaperCut does not count."""

from __future__ import annotations

from collections.abc import Iterator

from relay import money
from relay.checks.model import Check, CheckedSite
from relay.database import open_database
from relay.errors import LedgerError
from relay.finding import Finding
from relay.language import lazy, nlazy

COPIERS = 3  # debts without a counted job of this many people are no accident of one account


def standing(site: CheckedSite) -> Iterator[Finding]:
    """Tell why no money moves, and what the held debts have in common; says nothing of a ledger that cannot be read."""
    try:
        database = open_database(site.settings)
    except LedgerError:
        return  # told by the check of the ledger
    try:
        stops = money.stops(database, site.settings)
        uncounted = money.uncounted(database, site.settings.site.name)
    finally:
        database.dispose()
    for stop in stops:
        if not stop["said"]:
            yield Finding("money_stopped", "error", stop["code"], stop["message"])
    if len(uncounted) >= COPIERS and site.settings.fees.uncounted == "hold":
        yield Finding(
            "uncounted_debts",
            "warning",
            "debts",
            nlazy(
                "%(num)s person, %(first)s, owes more although PaperCut counted no job of theirs. If your copiers "
                'charge PaperCut accounts without counting jobs, set [fees] uncounted = "bill", so that copies '
                "are billed; otherwise look at this account's transactions in PaperCut.",
                "%(num)s people, such as %(first)s, owe more although PaperCut counted no job of theirs. If your "
                'copiers charge PaperCut accounts without counting jobs, set [fees] uncounted = "bill", so that '
                "copies are billed; otherwise look at these accounts' transactions in PaperCut.",
                len(uncounted),
                first=uncounted[0],
            ),
        )


CHECKS = (Check(standing, lazy("Nothing stops the money")),)
