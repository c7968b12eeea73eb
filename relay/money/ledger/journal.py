"""Wallets and their journal: what a balance is made of, and every change of it.

An entry is written once, beside the wallet's new buckets in the same commit, and never changed. Nothing here decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from functools import reduce
from operator import add
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    RowMapping,
    bindparam,
    case,
    cast,
    func,
    insert,
    select,
    update,
)

from relay.database import portions
from relay.money.decide.due import OwedChange
from relay.money.decide.explain import Buckets
from relay.money.decide.snapshot import AccountState
from relay.money.decide.wallet import Entry, Wallet
from relay.money.ledger import tables

_PLAIN = ("member_id", "username", "linked_at", "jobs", "read_at", "witness", "billed_jobs", "billed_at", "doubt")
# Built once: a settle asks for them with every effect.
_OPEN = select(tables.wallets).where(
    tables.wallets.c.site == bindparam("of_site"), tables.wallets.c.closed_at.is_(None)
)
_OPEN_OF = _OPEN.where(tables.wallets.c.member_id == bindparam("of_member"))
_CLOSED = (
    select(tables.wallets)
    .where(tables.wallets.c.site == bindparam("of_site"), tables.wallets.c.closed_at.is_not(None))
    .order_by(tables.wallets.c.id)
)
_WALLET = select(tables.wallets).where(tables.wallets.c.id == bindparam("of_wallet"))
_STORE = update(tables.wallets).where(tables.wallets.c.id == bindparam("of_wallet"))
_ENTRY = insert(tables.journal)


def open_wallets(connection: Connection, site: str, member_id: str = "") -> dict[str, Wallet]:
    """Return the wallet of every present link, by member id, or of one member's."""
    found = connection.execute(_OPEN_OF if member_id else _OPEN, {"of_site": site, "of_member": member_id})
    return {row["member_id"]: _wallet(row) for row in found.mappings()}


def balances(connection: Connection, site: str) -> dict[str, int]:
    """Return the last believed balance of every present link, in micros by member id."""
    table = tables.wallets
    names = [table.c[name] for name in Buckets._fields]
    query = select(table.c.member_id, *names).where(table.c.site == site, table.c.closed_at.is_(None))
    return {member_id: Buckets(*buckets).wallet for member_id, *buckets in connection.execute(query)}


def wallets(connection: Connection, site: str) -> list[Wallet]:
    """Return every wallet that a site ever had, oldest first."""
    query = select(tables.wallets).where(tables.wallets.c.site == site).order_by(tables.wallets.c.id)
    return [_wallet(row) for row in connection.execute(query).mappings()]


def wallet(connection: Connection, wallet_id: int) -> Wallet:
    return _wallet(connection.execute(_WALLET, {"of_wallet": wallet_id}).mappings().one())


def closed_wallets(connection: Connection, site: str) -> dict[tuple[str, str], Wallet]:
    """Return the last wallet of each link that is over, by member id and username."""
    found = connection.execute(_CLOSED, {"of_site": site})
    return {(row["member_id"], row["username"]): _wallet(row) for row in found.mappings()}


def add_wallets(connection: Connection, site: str, new: Sequence[Wallet]) -> list[Wallet]:
    """Store new wallets and return them with their ids, in order."""
    if not new:
        return []
    table = tables.wallets
    statement = insert(table).returning(table.c.id, sort_by_parameter_order=True)
    ids = connection.execute(statement, [{"site": site, **_values(one)} for one in new]).scalars()
    return [replace(one, id=int(wallet_id)) for one, wallet_id in zip(new, ids, strict=True)]


def store_wallets(connection: Connection, changed: Sequence[Wallet]) -> None:
    """Store the present state of wallets, in place of what they were."""
    if changed:
        connection.execute(_STORE, [{"of_wallet": one.id, **_values(one)} for one in changed])


def confirm_wallets(connection: Connection, wallet_ids: Sequence[int], at: datetime, witness: int) -> None:
    """Note that wallets were read and found just as they are."""
    table = tables.wallets
    for some in portions(wallet_ids):
        connection.execute(update(table).where(table.c.id.in_(some)).values(read_at=at, witness=witness))


def add_entries(
    connection: Connection, site: str, entries: Iterable[tuple[int, Entry, int]], at: datetime, witness: int
) -> None:
    """Write (wallet id, entry, witness number at the reading or sending before) into the journal, for good.

    `witness` is the number in force; an opening is what was there under the number before, at the link.
    """
    rows = [_entry_values(site, wallet_id, entry, at, witness, since) for wallet_id, entry, since in entries]
    if rows:
        connection.execute(_ENTRY, rows)


def add_entry(
    connection: Connection, site: str, wallet_id: int, entry: Entry, at: datetime, witness: int, since: int
) -> int:
    """Write one entry and return its id."""
    values = _entry_values(site, wallet_id, entry, at, witness, since)
    key = connection.execute(_ENTRY, values).inserted_primary_key
    assert key is not None
    return int(key[0])


def owed_changes(connection: Connection, site: str, first_day: date) -> dict[int, tuple[OwedChange, ...]]:
    """Return by wallet what became of what it owes: all before `first_day` summed up, since then debts and payments."""
    table, open_ = tables.journal, tables.wallets
    old = func.sum(case((table.c.day < first_day, table.c.owed), else_=0))
    paid = func.sum(case(((table.c.day >= first_day) & (table.c.owed > 0), table.c.owed), else_=0))
    new = func.sum(case(((table.c.day >= first_day) & (table.c.owed < 0), table.c.owed), else_=0))
    query = (
        select(table.c.wallet_id, old, paid, new)
        .join(open_, open_.c.id == table.c.wallet_id)
        .where(open_.c.site == site, open_.c.closed_at.is_(None), open_.c.owed < 0)
        .group_by(table.c.wallet_id)
    )
    before = first_day - timedelta(days=1)
    return {
        row[0]: (
            OwedChange(before, int(row[1])),
            OwedChange(first_day, int(row[2])),
            OwedChange(first_day, int(row[3])),
        )
        for row in connection.execute(query)
    }


def wrong_wallets(connection: Connection, site: str) -> list[tuple[Wallet, Buckets]]:
    """Return the wallets whose buckets are not the sum of their entries, each with that sum: a damaged ledger."""
    table = tables.journal
    sums = [func.coalesce(func.sum(table.c[name]), 0) for name in Buckets._fields]
    query = select(table.c.wallet_id, *sums).where(table.c.site == site).group_by(table.c.wallet_id)
    found = {row[0]: Buckets(*(int(value) for value in row[1:])) for row in connection.execute(query)}
    return [
        (one, found.get(one.id, Buckets()))
        for one in wallets(connection, site)
        if found.get(one.id, Buckets()) != one.buckets
    ]


def states(connection: Connection, site: str) -> dict[int, list[AccountState]]:
    """Return by wallet what PaperCut held of it at each entry, oldest first: the present links of a site."""
    table, of = tables.journal, tables.wallets
    query = (
        select(table.c.wallet_id, table.c.balance, table.c.jobs, table.c.witness, table.c.since, table.c.at)
        .add_columns(table.c.kind, of.c.linked_at)
        .join(of, of.c.id == table.c.wallet_id)
        .where(of.c.site == site, of.c.closed_at.is_(None))
        .order_by(table.c.id)
    )
    found: dict[int, list[AccountState]] = {}
    for wallet_id, balance, jobs, witness, since, at, kind, linked_at in connection.execute(query):
        began = min(at, linked_at) if kind == "opening" else at  # what a link begins with is from its own moment
        found.setdefault(wallet_id, []).append(AccountState(balance, jobs or 0, witness, since, began))
    return found


def fell_on(connection: Connection, site: str, day: date) -> set[str]:
    """Return the members whose job counter was found below its last value on a business day."""
    table, of = tables.journal, tables.wallets
    query = (
        select(of.c.member_id)
        .join(table, table.c.wallet_id == of.c.id)
        .where(table.c.site == site, table.c.day == day, table.c.doubt == "counter_fell")
    )
    return set(connection.execute(query).scalars())


def _entry_values(site: str, wallet_id: int, entry: Entry, at: datetime, witness: int, since: int) -> dict[str, Any]:
    values = asdict(entry)
    values.pop("change")
    values.pop("sides")
    changes = {**entry.change._asdict(), **entry.sides._asdict()}
    number = since if entry.kind == "opening" else witness
    return {"site": site, "wallet_id": wallet_id, "at": at, "witness": number, "since": since, **values, **changes}


def _values(one: Wallet) -> dict[str, Any]:
    return {name: getattr(one, name) for name in (*_PLAIN, "closed_at")} | one.buckets._asdict()


def _wallet(row: RowMapping) -> Wallet:
    buckets = Buckets(*(row[name] for name in Buckets._fields))
    return Wallet(row["id"], buckets=buckets, closed_at=row["closed_at"], **{name: row[name] for name in _PLAIN})


def entries(connection: Connection, site: str, since: date | None = None) -> list[RowMapping]:
    """Return the journal's rows of a site in their order, each with its wallet's member id and username.

    `since` leaves out earlier business days. `standing` is the entry's own balance, seen in the order of business days:
    a movement that was found later counts on its day already.
    """
    table, of = tables.journal, tables.wallets
    change = func.sum(_change())
    by_day = change.over(partition_by=table.c.wallet_id, order_by=(table.c.day, table.c.id))
    as_written = change.over(partition_by=table.c.wallet_id, order_by=table.c.id)
    standing = cast(table.c.balance + by_day - as_written, BigInteger).label("standing")
    query = select(table, of.c.member_id, of.c.username, standing).join(of, of.c.id == table.c.wallet_id)
    rows = query.where(table.c.site == site).subquery()
    asked = select(rows).order_by(rows.c.id)
    if since is not None:
        asked = asked.where(rows.c.day >= since)
    return list(connection.execute(asked).mappings())


def sums_before(connection: Connection, site: str, day: date) -> dict[int, Buckets]:
    """Return by wallet id what the entries of earlier business days add up to."""
    table = tables.journal
    sums = [func.sum(table.c[name]) for name in Buckets._fields]
    query = select(table.c.wallet_id, *sums).where(table.c.site == site, table.c.day < day).group_by(table.c.wallet_id)
    return {row[0]: Buckets(*(int(value) for value in row[1:])) for row in connection.execute(query)}


def _change() -> ColumnElement[int]:
    """Return by how much an entry changes its wallet."""
    first, *rest = (tables.journal.c[name] for name in Buckets._fields)
    return reduce(add, rest, first)
