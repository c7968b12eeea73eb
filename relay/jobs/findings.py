"""What prints silently free, and what personal balances never see: findings over the last weeks of jobs.

Reads the jobs table and the ledger, and printers' prices where PaperCut is given; changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from relay import amounts, language
from relay.accounts import SHARED
from relay.config import Settings
from relay.config.values import usernames_among
from relay.counted import counted
from relay.database import reading
from relay.errors import RelayError
from relay.finding import Finding
from relay.jobs import store, tables
from relay.jobs.importing import page_prices
from relay.jobs.job import Cursor, SetAside
from relay.jobs.sources.kinds import configured
from relay.jobs.sources.source import NoSource, Source
from relay.jobs.statement import queries
from relay.jobs.statement.billed import LONG_AGO
from relay.jobs.statement.figures import Amounts
from relay.jobs.unread import unread, unread_files
from relay.language import joined, lazy
from relay.money.ledger import tables as money
from relay.papercut.client import PaperCut
from relay.remedy import Remedy
from relay.stored_accounts import shared_accounts

WINDOW_DAYS = 14  # of jobs that are looked at
QUIET_DAYS = 3  # so many days with jobs and without one fee are silently free
_NAMED = 5

_jobs = tables.jobs


def free_printing_findings(
    settings: Settings, database: Engine, papercut: PaperCut | None = None, *, today: date | None = None
) -> list[Finding]:
    """Return findings of `check`'s form on what was printed in the last 14 days without anybody being billed for it.

    With `papercut` jobs at zero cost are compared with the printer's price. `today` is the site's business day, else
    the day of the last job.
    """
    with reading(database) as connection:
        until = (
            today
            or connection.execute(
                select(func.max(_jobs.c.business_day)).where(_jobs.c.site == settings.site.name)
            ).scalar()
        )
        if until is None:
            return []
        look = _Look(connection, settings, until - timedelta(days=WINDOW_DAYS - 1), until)
        found = [*look.strangers(), *look.no_fees(), *look.shared_accounts(), *look.set_aside()]
        free = look.free_printers()
    found.extend(_free(free, settings, papercut))
    return found


def source_findings(settings: Settings, database: Engine, now: datetime) -> list[Finding]:
    """Return findings of `check`'s form on the source itself: the newest files as they are, and what was not read."""
    with reading(database) as connection:
        found = unread_files(connection, settings.site.name, settings.jobs.source, now)
    kind = configured(settings)
    if kind is not None and kind.look is not None:
        try:
            found += _newest_files(kind.look(settings, now), settings)
        except NoSource as none:
            found.append(none.finding)
    # PaperCut makes its own folder at the first print job: no trouble of the set-up.
    found = [one for one in found if (one.code, one.severity) != ("job_log_missing", "warning")]
    return list({(one.code, one.subject): one for one in found}.values())


class _Nothing:
    """What is known where files are looked at, not imported."""

    def cursors(self) -> dict[str, Cursor]:
        return {}

    def equal_rows(self, bases: list[str]) -> dict[str, int]:
        return {}


def _newest_files(source: Source, settings: Settings) -> Iterator[Finding]:
    """Read the newest files without keeping anything, and tell of one that cannot be read and of missing costs."""
    aside: dict[str, list[SetAside]] = defaultdict(list)
    read: dict[str, int] = defaultdict(int)
    priced: dict[str, int] = defaultdict(int)
    for batch in source.batches(_Nothing()):
        name = batch.cursor.file if batch.cursor else ""
        aside[name] += batch.set_aside
        read[name] += len(batch.jobs)
        priced[name] += sum(job.cost is not None for job in batch.jobs)
    yield from source.findings
    for name, rows in aside.items():
        if rows and not read[name]:
            example = rows[0] if settings.jobs.document_names == "full" else replace(rows[0], text="")
            yield unread(example, len(rows))
    newest = max((name for name in read if read[name]), default="")
    if newest and not priced[newest]:
        yield Finding(
            "job_log_no_cost",
            "warning",
            newest,
            lazy(
                "No row of %(newest)s says what its job cost, so costs in statements are estimates from the "
                "printers' prices and prove nothing about balances: name the cost column in [jobs] cost_column if "
                'there is one, or let the relay read PaperCut\'s external database ([jobs] source = "database").',
                newest=newest,
            ),
        )


class _Look:
    """The last weeks of one site."""

    def __init__(self, connection: Connection, settings: Settings, first: date, last: date) -> None:
        self.connection = connection
        self.settings = settings
        self.site = settings.site.name
        self.currency = settings.site.currency
        self.first, self.last = first, last

    def _where(self, *more: Any) -> tuple[Any, ...]:
        days = _jobs.c.business_day.between(self.first, self.last)
        return _jobs.c.site == self.site, days, _jobs.c.state != "denied", *more

    def _money(self, micros: int) -> str:
        return amounts.with_currency(micros, self.currency)

    def strangers(self) -> Iterator[Finding]:
        """Jobs that cost something on accounts that are no member's: nobody is ever billed for them."""
        meant = (*self.settings.print.exceptions, *self.settings.members.not_ours)
        known = usernames_among(meant)
        cost = func.sum(_jobs.c.cost - _jobs.c.refunded)
        query = (
            select(_jobs.c.username, func.count().label("jobs"), cost.label("cost"))
            .where(*self._where(_jobs.c.member_id == "", _jobs.c.cost > 0, _jobs.c.account == ""))
            .group_by(_jobs.c.username)
            .order_by(cost.desc())
        )
        rows = [row for row in self.connection.execute(query) if row.username not in known]
        if rows:
            total = sum(int(row.cost) for row in rows)
            yield Finding(
                "unlinked_printing",
                "warning",
                _some([row.username for row in rows]),
                lazy(
                    "%(rows)s accounts that are no member's printed for %(money)s since %(first)s "
                    "(%(some)s), and nobody is billed "
                    "for it: link them, or name them in [members] not_ours where that is meant.",
                    rows=len(rows),
                    money=self._money(total),
                    first=language.day(self.first),
                    some=_some([f"{row.username}: {self._money(int(row.cost))}" for row in rows]),
                ),
                remedies=(Remedy("link", ("", "")),),
            )

    def no_fees(self) -> Iterator[Finding]:
        """Members' jobs that cost something for days on end, and no fee at all."""
        if self.settings.fees.managed_in != "officernd" or self.settings.fees.every != "day":
            return
        days_query = (
            select(_jobs.c.business_day)
            .where(*self._where(_jobs.c.member_id != "", _jobs.c.cost > _jobs.c.refunded, _jobs.c.account == ""))
            .distinct()
        )
        # Today's jobs are billed tomorrow.
        days = sorted(day for day in self.connection.execute(days_query).scalars() if day < self.last)
        moved = money.movements
        billed = self.connection.execute(
            select(func.max(moved.c.business_day)).where(
                moved.c.site == self.site, moved.c.kind == "fee", moved.c.fee_state == "posted"
            )
        ).scalar()
        quiet = [day for day in days if billed is None or day > billed]
        if len(quiet) >= QUIET_DAYS and self._is_owed(quiet[0]):
            yield Finding(
                "no_fees_for_days",
                "warning",
                lazy("%(first)s to %(last)s", first=language.day(quiet[0]), last=language.day(quiet[-1])),
                lazy(
                    "Members have printed chargeable jobs on %(days)s since %(first)s, and no fee has been billed "
                    "since: make sure that the daily run is scheduled, and look at what is held.",
                    days=counted(len(quiet), "day"),
                    first=language.day(quiet[0]),
                ),
                remedies=(Remedy("status"),),
            )

    def _is_owed(self, since: date) -> bool:
        """Return whether somebody who printed owes a fee: else balances that members were given have covered it."""
        query = select(_jobs.c.member_id).where(*self._where(_jobs.c.member_id != "", _jobs.c.business_day >= since))
        members = set(self.connection.execute(query.distinct()).scalars())
        known = queries.people(self.connection, self.site)
        standings = {
            member_id: standing
            for member_id, standing in queries.standings(self.connection, self.site, known).items()
            if member_id in members
        }
        began = min((standing.at for standing in standings.values()), default=LONG_AGO)
        printed = queries.amounts_by_payer(self.connection, self.site, began, queries.SharedAccounts(()))
        return any(
            standing.owed(printed.get(member_id, Amounts())) - standing.held >= max(1, self.settings.fees.minimum)
            for member_id, standing in standings.items()
        )

    def shared_accounts(self) -> Iterator[Finding]:
        """Jobs on shared accounts that no company pays for: personal balances never see them, so that no fee does."""
        paid = [account.name for account in shared_accounts(self.connection, self.site) if not account.unlinked_at]
        cost = func.sum(func.coalesce(_jobs.c.cost, 0) - _jobs.c.refunded)
        query = (
            select(_jobs.c.account, func.count().label("jobs"), cost.label("cost"))
            .where(*self._where(_jobs.c.account != "", _jobs.c.account.not_in(paid)))
            .group_by(_jobs.c.account)
            .order_by(cost.desc(), _jobs.c.account)
        )
        for row in self.connection.execute(query):
            yield Finding(
                "shared_account_printing",
                "warning" if row.cost else "info",
                row.account,
                lazy(
                    "%(jobs)s for %(money)s since %(first)s went to the shared "
                    "account %(account)s: no member's balance shows them and no fee bills them. Let its company pay; "
                    "or let PaperCut charge personal accounts (Users > Account selection).",
                    jobs=counted(row.jobs, "job"),
                    money=self._money(int(row.cost)),
                    first=language.day(self.first),
                    account=row.account,
                ),
                remedies=(Remedy("link", ("", SHARED + row.account), lazy("to let a company pay")),),
            )

    def set_aside(self) -> Iterator[Finding]:
        total, rows = store.set_aside(self.connection, self.site, _NAMED)
        if total:
            places = _some([row.told for row in rows])
            yield Finding(
                "job_rows_set_aside",
                "info",
                self.settings.jobs.source,
                lazy(
                    "%(rows)s of the job source could not be read, so statements lack them: %(places)s.",
                    rows=counted(total, "row"),
                    places=places,
                ),
            )

    def free_printers(self) -> list[tuple[str, str, int, int]]:
        """Return (server, printer, jobs, pages) of jobs that cost nothing, members' own and not refunded."""
        query = (
            select(_jobs.c.server, _jobs.c.printer, func.count().label("jobs"), func.sum(_jobs.c.pages).label("pages"))
            .where(
                *self._where(_jobs.c.cost == 0, _jobs.c.basis == "logged", _jobs.c.pages > 0, _jobs.c.kind == "print")
            )
            .group_by(_jobs.c.server, _jobs.c.printer)
            .order_by(_jobs.c.server, _jobs.c.printer)
        )
        return [(row.server, row.printer, row.jobs, int(row.pages)) for row in self.connection.execute(query)]


def _free(
    free: Sequence[tuple[str, str, int, int]], settings: Settings, papercut: PaperCut | None
) -> Iterator[Finding]:
    """Tell jobs at zero cost, by whether their printer has a price."""
    prices = _prices([(server, printer) for server, printer, _, _ in free], papercut)
    currency = settings.site.currency
    for server, printer, jobs, pages in free:
        name = f"{server}\\{printer}" if server else printer
        price = prices.get((server, printer))
        if price:
            yield Finding(
                "free_jobs_on_priced_printer",
                "warning",
                name,
                lazy(
                    "%(jobs)s of %(pages)s on %(name)s cost nothing, although a page costs "
                    "%(price)s there: look for a filter, a script, a user's cost "
                    "adjustment or a free group in PaperCut (Printers > %(printer)s > Job Log).",
                    jobs=counted(jobs, "job"),
                    pages=counted(pages, "page"),
                    name=name,
                    price=amounts.with_currency(price, currency),
                    printer=printer,
                ),
            )
        else:
            known = lazy("has no price") if price == 0 else lazy("may have no price")
            yield Finding(
                "free_printing",
                "warning",
                name,
                lazy(
                    "%(jobs)s of %(pages)s on %(name)s cost nothing, since it %(known)s: set one "
                    "at Printers > %(printer)s > Charging, unless that is meant.",
                    jobs=counted(jobs, "job"),
                    pages=counted(pages, "page"),
                    name=name,
                    known=known,
                    printer=printer,
                ),
            )


def _prices(printers: Sequence[tuple[str, str]], papercut: PaperCut | None) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    with suppress(RelayError):  # the caller's own checks tell that PaperCut does not answer
        if papercut is not None and printers:
            found.update(page_prices(papercut, printers))
    return found


def _some(names: Sequence[str]) -> str:
    told, more = joined(*names[:_NAMED], by=", "), len(names) - _NAMED
    return lazy("%(names)s and %(count)s more", names=told, count=more) if more > 0 else told
