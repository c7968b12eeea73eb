"""What statements, findings and evidence ask of the jobs table; reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import chain
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from relay import stored_accounts
from relay.accounts import SHARED, SharedLink
from relay.database import of_row, portions
from relay.jobs import store, tables
from relay.jobs.statement.billed import LONG_AGO
from relay.jobs.statement.figures import Amounts, NamedMember, PrintedJob
from relay.money.decide.explain import Buckets
from relay.money.ledger import tables as money
from relay.stored_accounts import people_links, people_shared_accounts

_jobs = tables.jobs
_COLUMNS = tuple(_jobs.c[name] for name in PrintedJob.__dataclass_fields__ if name != "shared_id")

# What a tally looks at.
_FIGURES = frozenset(
    (
        "pages",
        "colour_pages",
        "is_colour",
        "copies",
        "sheets",
        "duplex",
        "cost",
        "basis",
        "state",
        "refunded",
        "account",
    )
)


class SharedAccounts:
    """The shared accounts that a company pays for, or paid for; a job names the account that was charged."""

    def __init__(self, accounts: Iterable[SharedLink], among: Iterable[SharedLink] | None = None) -> None:
        """Of several accounts that had one name, each has the jobs up to its end: `among` are all that there are."""
        self.accounts = tuple(accounts)
        self._among = self.accounts if among is None else tuple(among)
        self._by_name: dict[str, list[SharedLink]] = defaultdict(list)
        for account in sorted(self._among, key=lambda account: account.linked_at):
            self._by_name[account.name].append(account)

    def of_companies(self, ids: Collection[str]) -> SharedAccounts:
        return SharedAccounts((account for account in self.accounts if account.company_id in ids), self._among)

    def of_id(self, shared_id: str) -> SharedAccounts:
        return SharedAccounts((account for account in self.accounts if _shared_id(account) == shared_id), self._among)

    def id_of(self, name: str, at: datetime) -> str:
        """Return the id of the shared account whose balance a job of that moment moved, "" for none of these."""
        for account in self._by_name.get(name, ()):
            if account.unlinked_at is None or at <= account.unlinked_at:
                return _shared_id(account) if account in self.accounts else ""
        return ""

    def charged(self) -> Any:
        """Return what chooses the jobs that were charged to one of these."""
        return _jobs.c.account.in_(sorted({account.name for account in self.accounts}))


def last_prints(connection: Connection, site: str, member_ids: Sequence[str]) -> dict[str, datetime]:
    """Return when each of these members printed last; who never did is missing."""
    found: dict[str, datetime] = {}
    for some in portions(member_ids):
        query = (
            select(_jobs.c.member_id, func.max(_jobs.c.at))
            .where(_jobs.c.site == site, _jobs.c.member_id.in_(some))
            .group_by(_jobs.c.member_id)
        )
        found.update((member_id, at) for member_id, at in connection.execute(query))
    return found


def shared_accounts(connection: Connection, site: str) -> SharedAccounts:
    return SharedAccounts(stored_accounts.shared_accounts(connection, site))


def _shared_id(account: SharedLink) -> str:
    return f"{SHARED}{account.account_id}"


def jobs_between(
    connection: Connection, site: str, first: date, last: date, shared: SharedAccounts, *where: Any
) -> list[PrintedJob]:
    """Return the jobs of the business days from `first` to `last`, oldest first."""
    query = (
        select(*_COLUMNS)
        .where(_jobs.c.site == site, _jobs.c.business_day.between(first, last), *where)
        .order_by(_jobs.c.at, _jobs.c.key)
    )
    found = (PrintedJob(*row) for row in connection.execute(query))
    return [replace(job, shared_id=shared.id_of(job.account, job.at)) if job.account else job for job in found]


def count_between(connection: Connection, site: str, first: date, last: date) -> int:
    """Return how many jobs the business days from `first` to `last` have."""
    query = select(func.count()).where(_jobs.c.site == site, _jobs.c.business_day.between(first, last))
    return int(connection.execute(query).scalar() or 0)


def alike(connection: Connection, site: str, first: date, last: date, *where: Any) -> Iterator[tuple[PrintedJob, int]]:
    """Yield the jobs between two days that a tally takes for the same, each as one of them with how many there are."""
    columns = [column if column.name in _FIGURES else func.min(column) for column in _COLUMNS]
    query = (
        select(*columns, func.count())
        .where(_jobs.c.site == site, _jobs.c.business_day.between(first, last), *where)
        .group_by(*(column for column in _COLUMNS if column.name in _FIGURES))
    )
    for *row, times in connection.execute(query):
        yield PrintedJob(*row), int(times)


def amounts_by_payer(
    connection: Connection, site: str, since: datetime, shared: SharedAccounts, members: Iterable[str] | None = None
) -> dict[str, Amounts]:
    """Return what every job after a moment cost whose balance is billed, by member or shared account."""
    query = select(_jobs.c.member_id, _jobs.c.account, _jobs.c.at, _jobs.c.cost, _jobs.c.refunded).where(
        _jobs.c.site == site, _jobs.c.at > since, _jobs.c.state != "denied"
    )
    own = query.where(_jobs.c.member_id != "", _jobs.c.account == "").order_by(_jobs.c.member_id, _jobs.c.at)
    if members is not None:
        own = own.where(_jobs.c.member_id.in_(sorted(members)))
    queries = [own, query.where(shared.charged()).order_by(_jobs.c.at)] if shared.accounts else [own]
    found: dict[str, list[tuple[datetime, int, int]]] = defaultdict(list)
    for member_id, account, at, cost, refunded in chain.from_iterable(map(connection.execute, queries)):
        found[shared.id_of(account, at) if account else member_id].append((at, cost or 0, refunded))
    return {payer: Amounts(jobs) for payer, jobs in found.items()}


def people(connection: Connection, site: str, member_id: str = "") -> dict[str, NamedMember]:
    """Return everybody who is or was linked, and every shared account that is or was a company's, by member id.

    With `member_id` only that person, at a cost that does not grow with the site.
    """
    found = {}
    for username, owners in store.owners_by_username(connection, site, member_id).items():
        for owner in owners:
            if owner.member_id:
                found[owner.member_id] = NamedMember(
                    owner.member_id, username, owner.full_name, "", owner.company_id, owner.company_name
                )
    links = select(people_links).where(people_links.c.site == site)
    if member_id:
        links = links.where(people_links.c.member_id == member_id)
    for row in connection.execute(links).mappings():
        found[row["member_id"]] = of_row(NamedMember, row, name=row["display_name"])
    for account in stored_accounts.shared_accounts(connection, site) if not member_id else ():
        found[_shared_id(account)] = NamedMember(
            _shared_id(account),
            f"{SHARED}{account.name}",
            f"{account.name} (shared account)",
            "",
            account.company_id,
            account.company_name,
            account.linked_at,
            account.opening_balance,
        )
    return found


@dataclass(frozen=True, slots=True)
class Standing:
    """A member's balance when it was last believed, micros; `held` of a debt waits for somebody's word."""

    balance: int = 0
    at: datetime = LONG_AGO
    held: int = 0

    def owed(self, amounts: Amounts) -> int:
        """Return what the member owes by now, given what the jobs cost since (micros)."""
        return max(0, amounts.net(self.at).amount - self.balance)


def standings(connection: Connection, site: str, known: Mapping[str, NamedMember]) -> dict[str, Standing]:
    """Return the standing of each of these members: by the last settle, else since the account was linked."""
    wallets, moved = money.wallets, money.movements
    posted = or_(moved.c.state == "posted", moved.c.fee_state == "posted")
    if len(known) == 1:
        posted = and_(posted, moved.c.member_id == next(iter(known)))
    sums = select(moved.c.member_id, func.sum(moved.c.amount)).where(moved.c.site == site, posted)
    given = {member_id: int(amount) for member_id, amount in connection.execute(sums.group_by(moved.c.member_id))}
    found = {
        person.member_id: Standing(
            (person.opening_balance or 0) + given.get(person.member_id, 0),
            person.linked_at or LONG_AGO,
            max(0, -(person.opening_balance or 0)),
        )
        for person in known.values()
    }
    query = select(wallets).where(wallets.c.site == site, wallets.c.closed_at.is_(None))
    if len(known) == 1:
        query = query.where(wallets.c.member_id == next(iter(known)))
    for row in connection.execute(query).mappings():
        balance = sum(row[name] for name in Buckets._fields)
        found[row["member_id"]] = Standing(balance, row["read_at"], -row["opening"] - row["disputed"])
    return found


def company_ids(connection: Connection, site: str, name: str) -> set[tuple[str, str]]:
    """Return (id, name) of every company of this name (any case) or id, as jobs, links and history know it."""
    found: set[tuple[str, str]] = set()
    for table in (_jobs, people_links, tables.people, people_shared_accounts):
        query = select(table.c.company_id, table.c.company_name).where(table.c.site == site, table.c.company_id != "")
        found.update((row.company_id, row.company_name) for row in connection.execute(query.distinct()))
    # Compared here: SQLite knows upper and lower case of ASCII only.
    wanted = name.casefold()
    return {(known, called) for known, called in found if called.casefold() == wanted or known == name}


def has_jobs_of(connection: Connection, site: str, username: str) -> bool:
    query = select(_jobs.c.key).where(_jobs.c.site == site, _jobs.c.username == username).limit(1)
    return connection.execute(query).first() is not None


def of_member(member_id: str) -> Any:
    return _jobs.c.member_id == member_id


def personal() -> Any:
    return _jobs.c.account == ""


def on_accounts() -> Any:
    return _jobs.c.account != ""


def of_stranger(username: str) -> Any:
    return and_(_jobs.c.member_id == "", _jobs.c.username == username)


def of_companies(ids: Iterable[str]) -> Any:
    return _jobs.c.company_id.in_(sorted(ids))
