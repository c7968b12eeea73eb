"""What the jobs room keeps in the ledger's database: jobs, cursors, rows set aside, who was who, prices.

Each function is one small read or write on a connection that the caller opened. A job that is there already keeps the
member and the company it was counted for; only what its source says of it may change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select, update

from relay.database import of_row, portions, put
from relay.jobs import tables
from relay.jobs.job import Batch, Cursor, SetAside

_FACTS = (
    "cost",
    "basis",
    "certain",
    "state",
    "refunded",
    "pages",
    "colour_pages",
    "is_colour",
    "sheets",
    "duplex",
    "account",
)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose an account was from `since` on."""

    since: datetime
    member_id: str = ""
    company_id: str = ""
    company_name: str = ""
    full_name: str = ""


NOBODY = Owner(datetime.min.replace(tzinfo=UTC))


@dataclass
class Counts:
    """What an import did so far, in rows; `set_aside` counts those not told before."""

    read: int = 0
    new: int = 0
    known: int = 0
    refunded: int = 0
    changed: int = 0
    set_aside: int = 0
    bytes_read: int = 0
    unpriced: int = 0  # new ones whose source tells no cost


# -- importing -------------------------------------------------------------------------------------------------------


def put_jobs(connection: Connection, site: str, rows: Sequence[dict[str, Any]], counts: Counts) -> None:
    """Store jobs (rows of `jobs_log`); one that is there is corrected where its source has changed its word."""
    known = _facts_of(connection, site, [row["key"] for row in rows])
    fresh = []
    for row in rows:
        old = known.get(row["key"])
        if old is None:
            fresh.append(row)
            continue
        counts.known += 1
        if row["basis"] == "unknown" and old["basis"] == "estimated":
            row = row | {"cost": old["cost"], "basis": old["basis"]}
        if any(row[name] != old[name] for name in _FACTS):
            counts.changed += 1
            if row["state"] == "refunded" and (old["state"], old["refunded"]) != ("refunded", row["refunded"]):
                counts.refunded += 1
            where = and_(tables.jobs.c.site == site, tables.jobs.c.key == row["key"])
            connection.execute(update(tables.jobs).where(where).values({name: row[name] for name in _FACTS}))
    if fresh:
        connection.execute(insert(tables.jobs), fresh)
        counts.new += len(fresh)
        counts.refunded += sum(row["state"] == "refunded" for row in fresh)
        counts.unpriced += sum(row["basis"] == "unknown" for row in fresh)


def _facts_of(connection: Connection, site: str, keys: list[str]) -> dict[str, Any]:
    columns = [tables.jobs.c.key, *(tables.jobs.c[name] for name in _FACTS)]
    found: dict[str, Any] = {}
    for chunk in portions(keys):
        query = select(*columns).where(tables.jobs.c.site == site, tables.jobs.c.key.in_(chunk))
        found.update((row["key"], row) for row in connection.execute(query).mappings())
    return found


def equal_rows(connection: Connection, site: str, bases: Sequence[str]) -> dict[str, int]:
    """Return how many jobs there are of each key without its counter, where there is any; counters have no gap."""
    found: dict[str, int] = {}
    number, left = 1, list(bases)
    while left:
        there = _facts_of(connection, site, [f"{base}.{number}" for base in left])
        left = [base for base in left if f"{base}.{number}" in there]
        found.update(dict.fromkeys(left, number))
        number += 1
    return found


def forget_names(connection: Connection, site: str, before: date, seen_before: datetime) -> None:
    """Take username and document out of the jobs before a day, and the text out of rows set aside before a moment."""
    jobs, aside = tables.jobs, tables.set_aside
    named = or_(jobs.c.username != "", jobs.c.document != "")
    connection.execute(
        update(jobs).where(jobs.c.site == site, jobs.c.business_day < before, named).values(username="", document="")
    )
    old = (aside.c.site == site, aside.c.seen_at < seen_before, aside.c.text != "")
    connection.execute(update(aside).where(*old).values(text="", reason="a row that could not be read"))


def put_set_aside(connection: Connection, site: str, source: str, batch: Batch, now: datetime) -> int:
    """Store what could not be read and return how many rows of it were not told before.

    A file that is read again from its start tells its rows anew; one that is unreadable for the same reason is known.
    """
    table = tables.set_aside
    file = batch.cursor.file if batch.cursor else ""
    of_file = and_(table.c.site == site, table.c.source == source, table.c.file == file)
    positions = [item.position for item in batch.set_aside]
    told: set[int] = set()
    seen: dict[tuple[int, str], datetime] = {}
    if batch.restarted:
        before = connection.execute(select(table.c.position, table.c.reason, table.c.seen_at).where(of_file))
        seen = {(row.position, row.reason): row.seen_at for row in before}
        connection.execute(delete(table).where(of_file))
    else:
        if positions:
            around = table.c.position.between(min(positions), max(positions))
            told = set(connection.execute(select(table.c.position).where(of_file, around)).scalars())
        gone = [position for position in batch.settled if position not in positions]
        if gone:
            connection.execute(delete(table).where(of_file, table.c.position.in_(gone)))
    rows = [
        {
            "site": site,
            "source": source,
            "file": item.file,
            "position": item.position,
            "reason": item.reason,
            "text": item.text,
            "seen_at": seen.get((item.position, item.reason), now),
        }
        for item in batch.set_aside
        if item.position not in told
    ]
    if rows:
        connection.execute(insert(table), rows)
    return sum((row["position"], row["reason"]) not in seen for row in rows)


def save_cursor(connection: Connection, site: str, source: str, cursor: Cursor) -> None:
    values = {
        "offset": cursor.offset,
        "fingerprint": cursor.fingerprint,
        "reader": cursor.reader,
        "last_at": cursor.last_at,
    }
    put(connection, tables.readings, {"site": site, "source": source, "file": cursor.file}, values)


def cursors(connection: Connection, site: str, source: str) -> dict[str, Cursor]:
    table = tables.readings
    rows = connection.execute(select(table).where(table.c.site == site, table.c.source == source)).mappings()
    return {row["file"]: of_row(Cursor, row) for row in rows}


def set_aside(connection: Connection, site: str, limit: int) -> tuple[int, list[SetAside]]:
    """Return how many rows are kept aside in all, and the latest of them."""
    table = tables.set_aside
    total = connection.execute(select(func.count()).select_from(table).where(table.c.site == site)).scalar_one()
    query = (
        select(table)
        .where(table.c.site == site)
        .order_by(table.c.seen_at.desc(), table.c.file.desc(), table.c.position.desc())
    )
    rows = connection.execute(query.limit(limit)).mappings()
    return int(total), [of_row(SetAside, row) for row in rows]


def unread_files(connection: Connection, site: str, source: str, since: datetime) -> list[tuple[SetAside, int]]:
    """Return an example and the number of rows of each file of which no row was ever read, the latest file first."""
    table, readings = tables.set_aside, tables.readings
    never = and_(readings.c.site == table.c.site, readings.c.source == table.c.source, readings.c.file == table.c.file)
    of_source = and_(table.c.site == site, table.c.source == source)
    query = (
        select(table.c.file, func.min(table.c.position).label("first"), func.count().label("rows"))
        .join(readings, never)
        .where(of_source, readings.c.last_at.is_(None))
        .group_by(table.c.file)
        .having(func.max(table.c.seen_at) >= since)
        .order_by(table.c.file.desc())
    )
    found = []
    for row in connection.execute(query).all():
        where = and_(of_source, table.c.file == row.file, table.c.position == row.first)
        example = connection.execute(select(table).where(where)).mappings().one()
        found.append((of_row(SetAside, example), int(row.rows)))
    return found


def set_aside_since(connection: Connection, site: str, since: datetime) -> tuple[int, str]:
    """Return how many rows were kept aside from a moment on, and the latest file that has one."""
    table = tables.set_aside
    query = select(func.count(), func.max(table.c.file)).where(table.c.site == site, table.c.seen_at >= since)
    count, file = connection.execute(query).one()
    return int(count), file or ""


# -- one source after another ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ImportState:
    """From when on a source is known whole, and when it was last read; jobs up to `takes_over_at` are another's."""

    covers_from: datetime
    last_at: datetime
    takes_over_at: datetime | None


def import_states(connection: Connection, site: str) -> dict[str, ImportState]:
    rows = connection.execute(select(tables.imports).where(tables.imports.c.site == site)).mappings()
    return {row["source"]: of_row(ImportState, row) for row in rows}


def save_import(connection: Connection, site: str, source: str, state: ImportState) -> None:
    values = {"covers_from": state.covers_from, "last_at": state.last_at, "takes_over_at": state.takes_over_at}
    put(connection, tables.imports, {"site": site, "source": source}, values)


def last_job_of_others(connection: Connection, site: str, source: str, until: datetime) -> datetime | None:
    """Return the moment of the latest job, not later than `until`, that another source has counted."""
    table = tables.jobs
    query = select(func.max(table.c.at)).where(table.c.site == site, table.c.source != source, table.c.at <= until)
    return connection.execute(query).scalar()


# -- who was who -----------------------------------------------------------------------------------------------------


def remember_owners(connection: Connection, site: str, owners: dict[str, Owner], now: datetime) -> set[str]:
    """Write down whose accounts changed hands or company since the last time; return those that were nobody's."""
    known = owners_by_username(connection, site)
    changed = {username: owner for username, owner in owners.items() if _who(owner) != _who(_last(known, username))}
    for username in known.keys() - owners.keys():
        if _last(known, username).member_id:
            changed[username] = replace(NOBODY, since=now)
    # A clock that went back would put the news before what is known: then it waits until time has caught up.
    changed = {name: owner for name, owner in changed.items() if owner.since > _last(known, name).since}
    if changed:
        connection.execute(insert(tables.people), [_owner_row(site, name, owner) for name, owner in changed.items()])
    return {name for name, owner in changed.items() if owner.member_id and not _last(known, name).member_id}


def _last(known: dict[str, list[Owner]], username: str) -> Owner:
    return known[username][-1] if username in known else NOBODY


def _who(owner: Owner) -> tuple[str, ...]:
    return owner.member_id, owner.company_id, owner.company_name, owner.full_name


def _owner_row(site: str, username: str, owner: Owner) -> dict[str, Any]:
    values = {name: getattr(owner, name) for name in Owner.__dataclass_fields__}
    return {"site": site, "username": username, **values}


def owners_by_username(connection: Connection, site: str, member_id: str = "") -> dict[str, list[Owner]]:
    """Return each account's owners, oldest first; with `member_id` only where and while that was its owner."""
    found: dict[str, list[Owner]] = {}
    own = [tables.people.c.member_id == member_id] if member_id else []
    for username, owner in _owners(connection, and_(tables.people.c.site == site, *own)):
        found.setdefault(username, []).append(owner)
    return found


def owners_of(connection: Connection, site: str, username: str) -> list[Owner]:
    """Return one account's owners, oldest first."""
    where = and_(tables.people.c.site == site, tables.people.c.username == username)
    return [owner for _, owner in _owners(connection, where)]


def _owners(connection: Connection, where: ColumnElement[bool]) -> Iterator[tuple[str, Owner]]:
    table = tables.people
    for row in connection.execute(select(table).where(where).order_by(table.c.username, table.c.since)).mappings():
        yield row["username"], of_row(Owner, row)


def adopt_jobs(connection: Connection, site: str, username: str, owner: Owner) -> None:
    """Give the jobs of an account that was nobody's to the member it was linked to."""
    table = tables.jobs
    where = and_(table.c.site == site, table.c.username == username, table.c.member_id == "")
    values = {"member_id": owner.member_id, "company_id": owner.company_id, "company_name": owner.company_name}
    connection.execute(update(table).where(where).values(values))


# -- prices ----------------------------------------------------------------------------------------------------------


def prices(connection: Connection, site: str) -> dict[tuple[str, str], int]:
    """Return what a page costs on each printer whose price was read, by (server, printer)."""
    rows = connection.execute(select(tables.prices).where(tables.prices.c.site == site)).mappings()
    return {(row["server"], row["printer"]): row["per_page"] for row in rows}


def save_price(connection: Connection, site: str, server: str, printer: str, per_page: int, now: datetime) -> None:
    key = {"site": site, "server": server, "printer": printer}
    put(connection, tables.prices, key, {"per_page": per_page, "read_at": now})


def price_unpriced(connection: Connection, site: str, server: str, printer: str, per_page: int) -> None:
    """Estimate the cost of jobs on a printer whose source told none."""
    table = tables.jobs
    where = and_(table.c.site == site, table.c.server == server, table.c.printer == printer, table.c.basis == "unknown")
    connection.execute(update(table).where(where).values(cost=table.c.pages * per_page, basis="estimated"))


def unpriced_printers(connection: Connection, site: str) -> list[tuple[str, str]]:
    """Return the printers with jobs whose cost nobody knows."""
    table = tables.jobs
    query = select(table.c.server, table.c.printer).where(table.c.site == site, table.c.basis == "unknown").distinct()
    return [(row.server, row.printer) for row in connection.execute(query.order_by(table.c.server, table.c.printer))]
