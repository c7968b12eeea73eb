"""Making a statement: reads jobs, people and movements of one month from the ledger's database, and nothing else."""

from __future__ import annotations

import calendar
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, or_

from relay import amounts, language
from relay.accounts import meant
from relay.clock import Clock
from relay.config import Settings
from relay.counted import counted
from relay.database import reading
from relay.errors import UsageError
from relay.jobs import store
from relay.jobs.sources.kinds import configured
from relay.jobs.statement import billed, queries
from relay.jobs.statement.billed import LONG_AGO, Billed
from relay.jobs.statement.figures import Amounts, NamedMember, PrintedJob, Tally, tally
from relay.jobs.statement.model import IncludedLine, PersonLine, Statement, person_line, steps
from relay.jobs.statement.queries import SharedAccounts, Standing
from relay.language import lazy
from relay.money.ledger import included as ledger


def statement(
    settings: Settings,
    database: Engine,
    *,
    month: str | None = None,
    member: str | None = None,
    company: str | None = None,
    clock: Clock,
) -> Statement:
    """Return the statement of a month ("2026-11"; None: the present one) of the site, one member or one company.

    Raises UsageError for a month that is none, and for a member or company that nothing is known of.
    """
    first, last = month_days(month, clock.business_day(settings.site.timezone))
    for name, text in (("month", month), ("member", member), ("company", company)):
        if text is not None and not text.strip():
            raise UsageError(lazy("The %(name)s is empty: say which, or leave it out.", name=name))
    if member and company:
        raise UsageError(lazy("A statement is for one member or for one company: name one of them."))
    with reading(database) as connection:
        return _Making(connection, settings, first, last, clock.now()).make(member or "", company or "")


def month_of(settings: Settings, database: Engine, *, month: str | None, member_id: str, clock: Clock) -> PersonLine:
    """Return one member's month and nothing of anybody else: only an id names them. Raises UsageError for the month."""
    first, last = month_days(month, clock.business_day(settings.site.timezone))
    with reading(database) as connection:
        return _Making(connection, settings, first, last, clock.now(), member_id).person(member_id)


def month_days(month: str | None, today: date) -> tuple[date, date]:
    """Return the first and the last day of a month. Raises UsageError."""
    text = month or f"{today:%Y-%m}"
    if not re.fullmatch(r"[12]\d{3}-(0[1-9]|1[0-2])", text):
        raise UsageError(
            lazy(
                "“%(text)s” is not a month: write it as YYYY-MM, such as %(today)s.",
                text=text,
                today=format(today, "%Y-%m"),
            )
        )
    year, number = int(text[:4]), int(text[5:])
    return date(year, number, 1), date(year, number, calendar.monthrange(year, number)[1])


_FEW = 500  # members that a query may name one by one


@dataclass(frozen=True)
class _Scope:
    """Whose statement it is. `where` chooses jobs; `members` or `companies` choose fees, None for all."""

    title: str = ""
    where: tuple[Any, ...] = ()
    members: frozenset[str] | None = None
    companies: frozenset[str] | None = None
    shared: SharedAccounts = SharedAccounts(())  # whose lines are among those told

    def tells(self, job: PrintedJob) -> bool:
        """Whether a job is of this statement: what its shared accounts no longer paid for is not."""
        if self.companies is not None:
            return bool(job.shared_id) or job.company_id in self.companies
        return not self.members or job.payer_id in self.members

    def takes(self, fee: Billed) -> bool:
        if self.members is not None:
            return fee.member_id in self.members
        return self.companies is None or fee.company_id in self.companies


class _Making:
    """One statement in the making."""

    def __init__(
        self, connection: Connection, settings: Settings, first: date, last: date, now: datetime, member_id: str = ""
    ) -> None:
        """`member_id`: the only person that it is about."""
        self.connection = connection
        self.settings = settings
        self.site = settings.site.name
        self.first, self.last, self.now = first, last, now
        zone = ZoneInfo(settings.site.timezone)
        self.begins = datetime(first.year, first.month, 1, tzinfo=zone)
        self.made_at = now.astimezone(zone)
        self.people = queries.people(connection, self.site, member_id)
        if member_id:
            self.people.setdefault(member_id, NamedMember(member_id, "", ""))
        self.shared = queries.shared_accounts(connection, self.site)
        self.moved = billed.movements(connection, self.site, first, member_id)
        self.standings = queries.standings(connection, self.site, self.people)

    def make(self, member: str, company: str) -> Statement:
        scope = self._scope(member, company)
        jobs = self._jobs(self.first, self.last, scope)
        people = self._people(jobs, scope)
        strangers = self._strangers(jobs)
        total = tally(job for job in jobs if job.is_billed)
        included = tuple(self._included(scope))
        shared: dict[str, Tally] = defaultdict(Tally)
        for job in jobs:
            if not job.is_billed:
                shared[job.account].add(job)
        return Statement(
            site=self.site,
            timezone=self.settings.site.timezone,
            currency=self.settings.site.currency,
            month=f"{self.first:%Y-%m}",
            first=self.first,
            last=self.last,
            scope=scope.title,
            made_at=self.made_at.isoformat(timespec="seconds"),
            people=people,
            strangers=strangers,
            shared=dict(sorted(shared.items())),
            total=total,
            before=self._month_before(scope),
            steps=steps(total.net, people, strangers),
            notes=(*self._notes(total, shared, people), *self._money_notes(people, included)),
            included=included,
        )

    def person(self, member_id: str) -> PersonLine:
        scope = _Scope(where=(queries.of_member(member_id),), members=frozenset({member_id}))
        lines = self._people(self._jobs(self.first, self.last, scope), scope)
        return lines[0] if lines else PersonLine(self.people[member_id], ())

    def _jobs(self, first: date, last: date, scope: _Scope, *where: Any) -> list[PrintedJob]:
        found = queries.jobs_between(self.connection, self.site, first, last, scope.shared, *scope.where, *where)
        return [job for job in found if scope.tells(job)]

    # -- scope -------------------------------------------------------------------------------------------------------

    def _scope(self, member: str, company: str) -> _Scope:
        if member:
            person = self._find_member(member)
            if not person.member_id:
                return _Scope(person.username, (queries.of_stranger(person.username),), frozenset())
            members, shared = frozenset({person.member_id}), self.shared.of_id(person.member_id)
            where = shared.charged() if shared.accounts else queries.of_member(person.member_id)
            return _Scope(person.name or person.username, (where,), members, shared=shared)
        if company:
            found = queries.company_ids(self.connection, self.site, company.strip())
            if not found:
                raise UsageError(
                    lazy("No linked member and no print job belongs to a company “%(company)s”.", company=company)
                )
            ids = frozenset(company_id for company_id, _ in found)
            names = sorted(name for _, name in found if name)
            shared = self.shared.of_companies(ids)
            where = or_(queries.of_companies(ids), shared.charged())
            return _Scope(names[0] if names else company, (where,), None, ids, shared)
        return _Scope(shared=self.shared)

    def _find_member(self, who: str) -> NamedMember:
        wanted = who.strip().lower()
        found = meant(who, self.people.values())
        if not found:  # a name that the account had before
            had = {owner.member_id for owner in store.owners_of(self.connection, self.site, wanted)}
            found = [named for named in self.people.values() if named.member_id in had]
        if len(found) > 1:
            names = ", ".join(sorted(named.username for named in found))
            raise UsageError(
                lazy("Several people answer to “%(who)s” (%(names)s): name one by username.", who=who, names=names)
            )
        if found:
            return found[0]
        if queries.has_jobs_of(self.connection, self.site, wanted):
            return NamedMember("", wanted, "")
        raise UsageError(
            lazy(
                "No linked person has “%(who)s” as e-mail, username, member id or name, and no print job is theirs.",
                who=who,
            )
        )

    # -- people ------------------------------------------------------------------------------------------------------

    def _people(self, jobs: Sequence[PrintedJob], scope: _Scope) -> tuple[PersonLine, ...]:
        own: dict[str, list[PrintedJob]] = defaultdict(list)
        for job in jobs:
            if job.payer_id:
                own[job.payer_id].append(job)
        chosen = {
            member_id: references
            for member_id, moved in self.moved.items()
            if (references := {item.reference for item in moved if item.posted and self._is_asked(item, scope)})
        }
        wanted = own.keys() | chosen.keys()
        few = wanted if scope.where and len(wanted) <= _FEW else None
        since = self._reaches_back(wanted, chosen)
        amounts = queries.amounts_by_payer(self.connection, self.site, since, scope.shared, few)
        lines = []
        for member_id in wanted:
            person = self.people.get(member_id) or NamedMember(member_id, own[member_id][0].username, "")
            known = amounts.get(member_id, Amounts())
            lines.append(
                person_line(
                    person,
                    own.get(member_id, ()),
                    self.moved.get(member_id, ()),
                    known,
                    chosen=chosen.get(member_id, ()),
                    owed=self._standing(member_id).owed(known),
                    first=self.first,
                )
            )
        return tuple(sorted(lines, key=_by_company_and_name))

    def _is_asked(self, item: Billed, scope: _Scope) -> bool:
        return item.kind == "fee" and self.first <= item.business_day <= self.last and scope.takes(item)

    def _standing(self, member_id: str) -> Standing:
        return self.standings.get(member_id, Standing())

    def _reaches_back(self, wanted: Iterable[str], chosen: dict[str, set[str]]) -> datetime:
        """Return from when on jobs must be known: since the first of the chosen fees, the month or the last settle."""
        begins = [self.begins, *(self._standing(member_id).at for member_id in wanted)]
        for member_id, references in chosen.items():
            person = self.people.get(member_id)
            began = person.linked_at if person and person.linked_at else LONG_AGO
            windows = billed.windows(self.moved[member_id], began)
            begins.extend(window.since for window in windows if window.fee.reference in references)
        return min(begins)

    def _strangers(self, jobs: Sequence[PrintedJob]) -> tuple[PersonLine, ...]:
        own: dict[str, list[PrintedJob]] = defaultdict(list)
        for job in jobs:
            if not job.payer_id:
                own[job.username].append(job)
        return tuple(
            PersonLine(NamedMember("", username, ""), tuple(theirs)) for username, theirs in sorted(own.items())
        )

    def _included(self, scope: _Scope) -> Iterator[IncludedLine]:
        """Yield what the asked payers used of their included printing in this month's settles."""
        companies = {person.company_id: person.company_name for person in self.people.values() if person.company_id}
        asked = scope.companies if scope.companies is not None else scope.members
        for payer, period, amount, used in ledger.used_between(self.connection, self.site, self.first, self.last):
            if asked is None or payer in asked:
                person = self.people.get(payer)
                name = companies.get(payer) or (person.name or person.username if person else payer)
                yield IncludedLine(payer, name, period, amount, used)

    # -- telling -----------------------------------------------------------------------------------------------------

    def _month_before(self, scope: _Scope) -> Tally:
        last = self.first - timedelta(days=1)
        first = last.replace(day=1)
        found = tally(job for job in self._jobs(first, last, scope, queries.on_accounts()) if job.is_billed)
        # Whose a personal job is, `where` alone decides; so that the database may count them.
        for job, times in queries.alike(self.connection, self.site, first, last, queries.personal(), *scope.where):
            found.add(job, times)
        return found

    def _notes(self, total: Tally, shared: dict[str, Tally], people: Sequence[PersonLine]) -> Iterator[str]:
        if total.estimated:
            yield lazy(
                "%(jobs)s, since the source gives none; fees follow the balances.",
                jobs=counted(total.estimated, "job has an estimated cost", "jobs have estimated costs"),
            )
        if total.unpriced == 1:
            yield lazy("%(job)s no known cost and counts as nothing here.", job=counted(1, "job has", "jobs have"))
        elif total.unpriced:
            yield lazy(
                "%(jobs)s no known cost and count as nothing here.",
                jobs=counted(total.unpriced, "job has", "jobs have"),
            )
        aside, _ = store.set_aside(self.connection, self.site, 0)
        if aside:
            yield lazy(
                "%(rows)s of the job source could not be read, so nothing of that counts here.",
                rows=counted(aside, "row"),
            )
        paid = {account.name for account in self.shared.accounts if account.unlinked_at is None}
        state = store.import_states(self.connection, self.site).get(self.settings.jobs.source)
        if state is not None and self.begins < state.covers_from <= self.now:
            zone = ZoneInfo(self.settings.site.timezone)
            yield lazy(
                "Print jobs are known without a gap from %(date)s on; what was printed before may be missing here.",
                date=language.day(state.covers_from.astimezone(zone).date()),
            )
        if shared.keys() & paid:
            yield lazy(
                "What was charged to these shared accounts is billed to the company that pays for each: %(keys)s.",
                keys=", ".join(sorted(shared.keys() & paid)),
            )
        if shared.keys() - paid:
            yield lazy(
                "Jobs charged to shared accounts never reach a person's balance, so no fee bills them: %(keys)s.",
                keys=", ".join(sorted(shared.keys() - paid)),
            )
        kind = configured(self.settings)
        if kind is not None and not kind.tells_refunds:
            yield lazy(
                "PaperCut's logs show neither refunds nor jobs at a copier; what they change appears above as "
                "a difference. PaperCut's database would show them."
            )
        if kind is not None and not kind.tells_accounts and self.shared.accounts:
            yield lazy(
                "PaperCut's CSV logs do not say which account was charged: jobs on a shared account are listed "
                "under the person who printed them, and its fees appear as a difference."
            )
        waiting = sum(len(line.pending) for line in people)
        if waiting:
            yield lazy("%(fees)s not settled yet.", fees=counted(waiting, "fee is", "fees are"))
        if self.settings.fees.managed_in != "officernd":
            yield lazy(
                '[fees] managed_in is "%(managed_in)s": OfficeRnD bills nothing for printing.',
                managed_in=self.settings.fees.managed_in,
            )

    def _money_notes(self, people: Sequence[PersonLine], included: Sequence[IncludedLine]) -> Iterator[str]:
        """Yield what memberships included, and how much of the fees is tax."""
        currency = self.settings.site.currency
        for line in included:
            fees = [fee.fee for person in people for fee in person.fees]
            billed_ = sum(fee.amount for fee in fees if line.payer_id in (fee.company_id or fee.member_id,))
            told = [amounts.with_currency(micros, currency) for micros in (line.amount, line.used, billed_)]
            yield lazy(
                "%(name)s: %(included)s included in %(period)s, %(used)s used, %(billed)s billed this month.",
                name=line.name,
                included=told[0],
                period=line.period,
                used=told[1],
                billed=told[2],
            )
        if self.settings.fees.tax_rate and any(line.fees for line in people):
            yield lazy(
                "What is billed includes tax of %(tax_percent)s %%, which OfficeRnD adds to the fees' prices.",
                tax_percent=language.number(self.settings.fees.tax_percent),
            )


def _by_company_and_name(line: PersonLine) -> tuple[str, str, str]:
    return line.company.lower(), line.person.name.lower(), line.person.username
