"""What the job log can say about one person's money: what their jobs cost, what was refunded, the text for an invoice.

It answers the money room's questions, and says nothing (None) wherever it is not sure: a cost that is estimated or told
by its look, a row kept aside, days that were never read, a job within the second in which the question begins, a number
of jobs other than PaperCut's own counter says. Money then decides without it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError

from relay import amounts
from relay.accounts import SHARED, is_shared
from relay.counted import counted
from relay.database import reading
from relay.errors import RelayError
from relay.jobs import store, tables, unread
from relay.jobs.importing import ImportResult, import_jobs
from relay.jobs.sources.kinds import configured
from relay.jobs.store import Counts
from relay.money.books import JobEvidence
from relay.money.decide.explain import LoggedJobs
from relay.site import Site

_TOLD_JOBS = 5  # of an invoice line; the statement has them all
_TOLD_NAME = 24

_jobs = tables.jobs


class JobLog(JobEvidence):
    """The job log of one run: read up to the moment of each question; safe to be asked from several threads.

    With `imports` False, for commands that write nothing, it says what the last import knew, and nothing beyond it.
    """

    def __init__(self, site: Site, *, imports: bool = True) -> None:
        self._site = site
        self._kind = configured(site.settings)
        self._imports = imports
        self._lock = threading.Lock()
        self._read_at: datetime | None = None
        self._imported = ImportResult(site.settings.jobs.source)

    def import_jobs(self) -> ImportResult:
        """Import what is new and return all that this run has imported."""
        with self._lock:
            self._import()
            return self._imported

    def known(self, username: str, since: datetime, until: datetime, jobs: int | None) -> LoggedJobs | None:
        if not self._is_fresh(until):
            return None
        with reading(self._site.database) as connection:
            if not self._covers(connection, since):
                return None
            rows = self._rows(connection, username, _whole_second(since), until)
        after = [row for row in rows if row.at > since]
        # PaperCut logs whole seconds: what stands in the first one may have been before the question or after it.
        chosen = after if len(after) == len(rows) else next((one for one in (after, rows) if len(one) == jobs), None)
        if chosen is None or not all(row.certain for row in chosen):
            return None
        charged = _charged(username)
        if charged and any(row.account not in ("", charged) for row in chosen):
            return None  # how a log spells the account's name is not known: another name may be the same account
        return LoggedJobs(sum(row.cost - row.refunded for row in chosen if row.account == charged), len(chosen))

    def rows(self, username: str, since: datetime) -> Sequence[tuple[datetime, int]] | None:
        now = self._site.clock.now()
        if not self._is_fresh(now):
            return None
        with reading(self._site.database) as connection:
            if not self._covers(connection, since):
                return None
            rows = self._rows(connection, username, since, now)
        charged = _charged(username)
        if charged or not all(row.certain for row in rows):
            return None
        return [(row.at, row.cost - row.refunded) for row in rows if row.account == ""]

    def missing(self, since: datetime) -> tuple[int, str]:
        settings = self._site.settings
        if self._kind is None or not self._kind.is_named(settings):
            return 0, ""
        with reading(self._site.database) as connection:
            state = store.import_states(connection, self._site.name).get(settings.jobs.source)
            rows, file = store.set_aside_since(connection, self._site.name, since)
        told = f"{counted(rows, 'row')} of it could not be read ({file})" if rows else ""
        if state is None:
            told = "it was never read"
        elif since < state.covers_from:
            told = " and ".join(filter(None, (told, f"what is older than {state.covers_from:%Y-%m-%d} is not in it")))
        return rows, told

    def refunds(self, username: str, since: datetime) -> Sequence[tuple[str, int, datetime]] | None:
        if self._kind is None or not self._kind.tells_refunds or not self._is_fresh(self._site.clock.now()):
            return None
        with reading(self._site.database) as connection:
            rows = self._rows(connection, username, since, self._site.clock.now())
        return [(row.key, row.refunded, row.at) for row in rows if row.refunded and row.account == ""]

    def logged(self, reference: str) -> bool | None:
        if self._kind is None or self._kind.has_transaction is None:
            return None
        return self._kind.has_transaction(self._site.settings, reference)

    def told(self, username: str, since: datetime, until: datetime) -> str | None:
        if not self._is_fresh(until):
            return None
        with reading(self._site.database) as connection:
            detail = self._site.settings.fees.detail
            currency = self._site.settings.site.currency
            return fee_detail(connection, self._site.name, username, since, until, detail, currency=currency) or None

    # -- inside ------------------------------------------------------------------------------------------------------

    def _is_fresh(self, until: datetime) -> bool:
        """Read the log up to a moment, if that was not done yet; return whether the source could be read whole."""
        if self._kind is None:
            return False
        if not self._imports:
            with reading(self._site.database) as connection:
                state = store.import_states(connection, self._site.name).get(self._site.settings.jobs.source)
            return state is not None and state.last_at >= until
        with self._lock:
            if self._read_at is None or self._read_at < until:
                try:
                    self._import()
                except (RelayError, DBAPIError):
                    return False
            # Rows that could not be read are kept aside, and looked for where a question is about their time.
            return not any(one.severity == "error" and one.code != unread.CODE for one in self._imported.findings)

    def _import(self) -> None:
        now = self._site.clock.now()
        new = import_jobs(self._site)
        self._read_at = now
        before = self._imported
        added = {name: getattr(before.counts, name) + getattr(new.counts, name) for name in Counts.__dataclass_fields__}
        findings = dict.fromkeys((*before.findings, *new.findings))
        self._imported = ImportResult(new.source, Counts(**added), tuple(findings))

    def _covers(self, connection: Connection, since: datetime) -> bool:
        state = store.import_states(connection, self._site.name).get(self._site.settings.jobs.source)
        if state is None or since < state.covers_from:
            return False
        aside = tables.set_aside
        query = select(aside.c.position).where(aside.c.site == self._site.name, aside.c.seen_at >= since).limit(1)
        return connection.execute(query).first() is None

    def _rows(self, connection: Connection, username: str, since: datetime, until: datetime) -> list[Any]:
        query = (
            select(_jobs.c.key, _jobs.c.at, _jobs.c.cost, _jobs.c.refunded, _jobs.c.certain, _jobs.c.account)
            .where(*_counted_for(connection, self._site.name, username), _jobs.c.at >= since, _jobs.c.at <= until)
            .where(_jobs.c.state != "denied")
            .order_by(_jobs.c.at)
        )
        return list(connection.execute(query))


def fee_detail(
    connection: Connection, site: str, username: str, since: datetime, until: datetime, detail: str, *, currency: str
) -> str:
    """Return what an invoice line tells of an account's jobs after `since` and up to `until`.

    `detail` as in [fees]: "none" is "", "summary" is "12 pages, 3 colour, 2 jobs", "jobs" names the jobs, as many as a
    line holds. "" where no job is known.
    """
    if detail == "none":
        return ""
    own = (
        *_counted_for(connection, site, username),
        _jobs.c.at > since,
        _jobs.c.at <= until,
        _jobs.c.account == _charged(username),
        _jobs.c.state != "denied",
    )
    totals = select(func.count(), func.sum(_jobs.c.pages), func.sum(_jobs.c.colour_pages)).where(*own)
    count, pages, colour = connection.execute(totals).one()
    if not count:
        return ""
    parts = [counted(int(pages), "page"), f"{int(colour)} colour" if colour else "", counted(count, "job")]
    summary = ", ".join(part for part in parts if part)
    if detail == "summary":
        return summary
    query = select(_jobs.c.business_day, _jobs.c.document, _jobs.c.pages, _jobs.c.cost).where(*own)
    rows = connection.execute(query.order_by(_jobs.c.at, _jobs.c.key).limit(_TOLD_JOBS))
    told = [
        " ".join(
            part
            for part in (
                f"{row.business_day:%d.%m.}",
                row.document[:_TOLD_NAME].strip(),
                f"{row.pages}p",
                amounts.text(row.cost, currency) if row.cost is not None else "",
            )
            if part
        )
        for row in rows
    ]
    more = f"; and {count - _TOLD_JOBS} more" if count > _TOLD_JOBS else ""
    return f"{summary}: {'; '.join(told)}{more}"


def _charged(username: str) -> str:
    """Return what a job row names as charged where this account pays: "" for a person's own."""
    return username.removeprefix(SHARED) if is_shared(username) else ""


def _counted_for(connection: Connection, site: str, username: str) -> tuple[Any, ...]:
    """Return what chooses the jobs that an account's counter counts: everybody's for a shared one.

    A person's are chosen by member, since accounts are renamed; by name for somebody not linked.
    """
    if is_shared(username):
        return (_jobs.c.site == site,)
    owners = store.owners_of(connection, site, username)
    if owners and owners[-1].member_id:
        return _jobs.c.site == site, _jobs.c.member_id == owners[-1].member_id
    return _jobs.c.site == site, _jobs.c.member_id == "", _jobs.c.username == username


def _whole_second(moment: datetime) -> datetime:
    return moment - timedelta(microseconds=moment.microsecond)
