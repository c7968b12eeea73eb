"""The job source, and printing that nobody is billed for: what there was lately, and who may print as no member."""

from __future__ import annotations

from collections.abc import Iterator

from relay.checks.model import Check, CheckedSite
from relay.database import open_database
from relay.errors import LedgerError, NotFound
from relay.finding import Finding
from relay.language import lazy, nlazy
from relay.people.decide.guard import groups_asked, let_in_unproven


def silently_free(site: CheckedSite) -> Iterator[Finding]:
    from relay import jobs  # slow to import, and only this check needs it

    try:
        database = open_database(site.settings)
    except LedgerError:
        return  # the ledger's own check tells that
    try:
        today = site.clock.business_day(site.settings.site.timezone)
        yield from jobs.source_findings(site.settings, database, site.clock.now())
        yield from jobs.free_printing_findings(site.settings, database, site.papercut, today=today)
    finally:
        database.dispose()


def let_in(site: CheckedSite) -> Iterator[Finding]:
    """Count the accounts that the print script lets pass although they are no members: none of them is billed."""
    settings, papercut = site.settings, site.reached_papercut
    if settings.print.guard == "members":
        return
    groups: dict[str, list[str]] = {}
    for group in sorted(groups_asked(settings)):
        try:
            groups[group] = papercut.group_members(group)
        except NotFound:
            groups[group] = []  # before the first sync there is no such group
    found = let_in_unproven([name.lower() for name in papercut.usernames()], groups, settings)
    if found:
        yield Finding(
            "print_without_login",
            "info",
            nlazy("%(num)s account", "%(num)s accounts", len(found)),
            nlazy(
                "%(num)s account, %(first)s, may print without ever having logged in with OfficeRnD, and nobody is "
                'billed for it: with [print] guard = "members" the print script lets only members print.',
                "%(num)s accounts, such as %(first)s, may print without ever having logged in with OfficeRnD, and "
                'nobody is billed for it: with [print] guard = "members" the print script lets only members print.',
                len(found),
                first=found[0],
            ),
        )


CHECKS = (
    Check(let_in, lazy("Nobody who is not a member can print"), needs="papercut"),
    Check(silently_free, lazy("No recent printing has escaped billing")),
)
