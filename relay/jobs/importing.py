"""Importing print jobs: from the configured source into the ledger's database, once each, as far as it can be read.

Jobs, the rows that could not be read and the place where reading stopped are committed together, so that an import that
is killed goes on where it was. Nothing is written to PaperCut.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from relay import language
from relay.counted import counted
from relay.database import reading
from relay.errors import EXIT_DONE, EXIT_FAILED, RelayError
from relay.finding import Finding
from relay.jobs import store
from relay.jobs.job import Batch, Job
from relay.jobs.sources.kinds import KINDS, configured
from relay.jobs.sources.source import NoSource, Source
from relay.jobs.store import NOBODY, Counts, ImportState, Owner
from relay.jobs.stored_jobs import StoredJobs
from relay.jobs.unread import KEPT_DAYS, unread_files
from relay.language import Message, joined, lazy
from relay.papercut.client import PaperCut
from relay.site import Site
from relay.stored_accounts import linked_accounts

_SHORT_NAME = 20
_AS_TOLD = tuple(name for name in Job.__dataclass_fields__ if name != "base")  # what a job's row has as its source says
_SHOWN_ROWS = 3


def _without_text(reason: str) -> str:
    """Return a reason without what it repeats of its row: of one whose fields have shifted it may be the document."""
    if isinstance(reason, Message) and "text" in reason.values:
        return lazy(reason.forms[0], text=lazy("a field"))
    return reason


@dataclass(frozen=True)
class ImportResult:
    """What one import did, in rows; a second import of the same files reads nothing."""

    source: str
    counts: Counts = field(default_factory=Counts)
    findings: tuple[Finding, ...] = ()

    @property
    def exit_code(self) -> int:
        return EXIT_FAILED if any(finding.severity == "error" for finding in self.findings) else EXIT_DONE

    def as_json(self) -> dict[str, Any]:
        counts = self.counts
        return {
            "source": self.source,
            "read": counts.read,
            "new": counts.new,
            "known": counts.known,
            "refunded": counts.refunded,
            "changed": counts.changed,
            "set_aside": counts.set_aside,
            "bytes_read": counts.bytes_read,
            "findings": [finding.as_json() for finding in self.findings],
        }

    def text(self) -> str:
        counts = self.counts
        told = lazy(
            "%(new)s, %(known)s already known, %(refunded)s refunded, %(aside)s set aside (source: %(source)s)",
            new=counted(counts.new, "new print job"),
            known=counts.known,
            refunded=counts.refunded,
            aside=counted(counts.set_aside, "row"),
            source=self.source,
        )
        return "\n".join([told, *(f"{finding.severity}: {finding.message}" for finding in self.findings)])


def import_jobs(site: Site) -> ImportResult:
    """Read what is new in the configured source into the ledger's database and return what was found.

    PaperCut is asked for the price of a printer where the source tells no cost; such costs are estimates. What cannot
    be read is a finding, and the rest goes on.
    """
    if configured(site.settings) is None:
        return ImportResult(site.settings.jobs.source)
    return _Import(site).run()


def remember_people(database: Engine, site: str, now: datetime) -> None:
    """Write down whose account is whose, and of which company, from `now` on: what decides whose a job is.

    Each import does it; a sync should too, since the jobs between it and the next import are the new company's.
    """
    with database.begin() as connection:
        linked = {
            account.username: Owner(now, account.member_id, account.company_id, account.company_name, account.full_name)
            for account in linked_accounts(connection, site)
        }
        for username in sorted(store.remember_owners(connection, site, linked, now)):
            store.adopt_jobs(connection, site, username, linked[username])


class _Import:
    """One import under way."""

    def __init__(self, site: Site) -> None:
        self.site, self.settings, self.database = site, site.settings, site.database
        self.source = site.settings.jobs.source
        self.now = site.clock.now()
        self.today = site.clock.business_day(site.settings.site.timezone)
        self.zone = ZoneInfo(site.settings.site.timezone)
        self.keeps_from = keeps_from(self.today, site.settings.jobs.keep_months)
        self.counts = Counts()
        self.findings: list[Finding] = []
        self.owners: dict[str, list[Owner]] = {}

    def run(self) -> ImportResult:
        source = self._open_source()
        if source is not None:
            remember_people(self.database, self.site.name, self.now)
            with reading(self.database) as connection:
                self.owners = store.owners_by_username(connection, self.site.name)
                states = store.import_states(connection, self.site.name)
                before = states.get(self.source)
                latest = max(states.values(), key=lambda state: state.last_at, default=None)
                takes_over_at = before.takes_over_at if before and before == latest else self._takes_over(connection)
            with self.site.progress.phase("Importing print jobs") as phase:
                for batch in source.batches(StoredJobs(self.database, self.site.name, self.source)):
                    self._store(batch, takes_over_at)
                    phase.advance(len(batch.jobs))
            self.findings.extend(source.findings)
            state = ImportState(self._covers_from(source, before), self.now, takes_over_at)
            with self.database.begin() as connection:
                store.save_import(connection, self.site.name, self.source, state)
            if self.counts.unpriced:
                self._estimate()
            with reading(self.database) as connection:
                self.findings.extend(unread_files(connection, self.site.name, self.source, self.now))
        if self.keeps_from is not None:
            with self.database.begin() as connection:
                store.forget_names(connection, self.site.name, self.keeps_from, self._midnight(self.keeps_from))
        self._tell_set_aside()
        return ImportResult(self.source, self.counts, tuple(self.findings))

    # -- sources -----------------------------------------------------------------------------------------------------

    def _open_source(self) -> Source | None:
        """Return the source, None with a finding where there is none to read."""
        try:
            return KINDS[self.source].open(self.settings, self.now)
        except NoSource as none:
            self.findings.append(none.finding)
            return None

    def _takes_over(self, connection: Any) -> datetime | None:
        """Return up to when another source has counted the jobs already; a change of source must count none twice."""
        # A job that a wrong clock dated next year must not shut out all that come until then.
        moment = store.last_job_of_others(connection, self.site.name, self.source, self.now + timedelta(days=1))
        if moment is not None:
            self._find(
                "job_source_changed",
                "info",
                self.source,
                lazy(
                    "Jobs up to %(local)s were counted from another source and stay as they are; from "
                    "then on they come from %(source)s.",
                    local=language.moment(moment, self.settings.site.timezone),
                    source=self.source,
                ),
            )
        return moment

    def _covers_from(self, source: Source, before: ImportState | None) -> datetime:
        """Return from when on every job is known, and tell of days that were deleted before they were read."""
        if source.oldest_day is None:
            return before.covers_from if before else self._midnight(self.today)
        if before is None:
            return self._midnight(source.oldest_day)
        read_until = before.last_at.astimezone(self.zone).date()
        kept_from = self.today - timedelta(days=KEPT_DAYS)
        # Where no file is left of what was read, days after it may be gone too: by age, or removed by somebody.
        removed = source.read_day is not None and source.read_day >= kept_from
        if read_until >= source.oldest_day or (read_until >= kept_from and not removed):
            return before.covers_from
        self._find(
            "job_days_lost",
            "warning",
            lazy("%(first)s to %(last)s", first=language.day(read_until), last=language.day(source.oldest_day)),
            lazy(
                "Jobs between %(read_until)s and %(oldest_day)s could not be read: the logs of these days are gone "
                "(PaperCut keeps them for %(kept_days)s days), and the last import was on %(read_until)s. Balances "
                "and fees are not touched by this; statements for these days lack jobs.",
                read_until=language.day(read_until),
                oldest_day=language.day(source.oldest_day),
                kept_days=KEPT_DAYS,
            ),
        )
        return self._midnight(source.oldest_day)

    def _midnight(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=self.zone)

    # -- storing -----------------------------------------------------------------------------------------------------

    def _store(self, batch: Batch, takes_over_at: datetime | None) -> None:
        rows = [
            self._row(job, key)
            for job, key in zip(batch.jobs, batch.keys, strict=True)
            if takes_over_at is None or job.at > takes_over_at
        ]
        self.counts.read += len(batch.jobs) + len(batch.set_aside)
        self.counts.known += len(batch.jobs) - len(rows)
        self.counts.bytes_read += batch.bytes_read
        with self.database.begin() as connection:
            store.put_jobs(connection, self.site.name, rows, self.counts)
            self.counts.set_aside += store.put_set_aside(
                connection, self.site.name, self.source, self._discreet(batch), self.now
            )
            if batch.cursor is not None:
                store.save_cursor(connection, self.site.name, self.source, batch.cursor)

    def _row(self, job: Job, key: str) -> dict[str, Any]:
        owner = self._owner(job.username, job.at)
        day = job.at.astimezone(self.zone).date()
        is_old = self.keeps_from is not None and day < self.keeps_from
        return {name: getattr(job, name) for name in _AS_TOLD} | {
            "site": self.site.name,
            "key": key,
            "source": self.source,
            "business_day": day,
            "username": "" if is_old else job.username,
            "member_id": owner.member_id,
            "company_id": owner.company_id,
            "company_name": owner.company_name,
            "document": "" if is_old else document_name(job.document, self.settings.jobs.document_names),
            "basis": "unknown" if job.cost is None else "logged",
        }

    def _owner(self, username: str, at: datetime) -> Owner:
        """Return whose an account was at a moment; before the first that is known of it, it was the same person's."""
        known = self.owners.get(username)
        if not known:
            return NOBODY
        return next((owner for owner in reversed(known) if owner.since <= at), known[0])

    def _discreet(self, batch: Batch) -> Batch:
        """Keep the text of a row set aside, and what its reason repeats, only where document names may be kept too."""
        if self.settings.jobs.document_names == "full" or not batch.set_aside:
            return batch
        quiet = [replace(item, text="", reason=_without_text(item.reason)) for item in batch.set_aside]
        return replace(batch, set_aside=quiet)

    def _estimate(self) -> None:
        """Put the printer's price on jobs whose source tells no cost, and say that these are estimates."""
        with reading(self.database) as connection:
            printers = store.unpriced_printers(connection, self.site.name)
            prices = store.prices(connection, self.site.name)
        prices |= self._ask_prices(printers)
        with self.database.begin() as connection:
            for key in printers:
                if key in prices:
                    store.price_unpriced(connection, self.site.name, *key, prices[key])
        named = self.settings.jobs.cost_column
        why = (
            lazy("they lack %(named)s, which [jobs] cost_column names", named=repr(named))
            if named
            else lazy("no cost column is known")
        )
        self._find(
            "job_costs_estimated",
            "info" if all(key in prices for key in printers) else "warning",
            self.source,
            lazy(
                "%(unpriced)s new jobs came without a cost: %(why)s. Where a printer's price is known their costs "
                "are estimates, shown as such and never billed or used as evidence. If there is such a column, name it "
                "in [jobs] cost_column.",
                unpriced=self.counts.unpriced,
                why=why,
            ),
        )

    def _ask_prices(self, printers: list[tuple[str, str]]) -> dict[tuple[str, str], int]:
        found: dict[tuple[str, str], int] = {}
        try:
            found.update(page_prices(self.site.papercut, printers))  # as far as it comes
        except RelayError as error:
            self._find(
                "job_prices_unread",
                "warning",
                "PaperCut",
                lazy("Prices could not be read: %(message)s", message=error.message),
            )
        with self.database.begin() as connection:
            for (server, printer), per_page in found.items():
                store.save_price(connection, self.site.name, server, printer, per_page, self.now)
        return found

    # -- telling -----------------------------------------------------------------------------------------------------

    def _tell_set_aside(self) -> None:
        if not self.counts.set_aside:
            return
        with reading(self.database) as connection:
            total, rows = store.set_aside(connection, self.site.name, min(_SHOWN_ROWS, self.counts.set_aside))
        places = joined(*(row.told for row in rows), by="; ")
        self._find(
            "job_rows_set_aside",
            "warning",
            self.source,
            lazy(
                "%(rows)s could not be read (set aside: %(total)s in all), so statements "
                "lack them: %(places)s. Balances and fees are not touched by this.",
                rows=counted(self.counts.set_aside, "row"),
                total=total,
                places=places,
            ),
        )

    def _find(self, code: str, severity: Any, subject: str, message: str) -> None:
        self.findings.append(Finding(code, severity, subject, message))


def page_prices(papercut: PaperCut, printers: Iterable[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], int]]:
    """Yield ((server, printer), micros) of what a page costs by PaperCut's own word, where it has one.

    Without a server the printer's name must be the only one.
    """
    by_name = defaultdict(list)
    for row in papercut.printers():
        by_name[row[1]].append(row)
    for server, printer in printers:
        rows = [row for row in by_name[printer] if server in ("", row[0])]
        if len(rows) == 1:
            yield (server, printer), papercut.printer_cost(*rows[0])


def keeps_from(today: date, months: int) -> date | None:
    """Return the first day whose jobs keep username and document: the month of today and `months` before; None: all."""
    if not months:
        return None
    number = today.year * 12 + today.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def document_name(name: str, setting: str) -> str:
    """Return a document's name as [jobs] document_names lets it be kept."""
    if setting == "off":
        return ""
    if setting == "short" and len(name) > _SHORT_NAME:
        return name[: _SHORT_NAME - 1].rstrip() + "…"
    return name
