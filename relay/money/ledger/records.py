"""What the ledger remembers beside the movements: runs, holds, approvals, foreign fees, facts of the site.

Small reads and writes on a connection that the caller opened; nothing here decides or calls a remote system.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, func, insert, select, update

from relay import amounts
from relay.accounts import LinkedAccount
from relay.money.decide.account import Carried
from relay.money.decide.bill import Answer, Approval, Held
from relay.money.ledger import tables
from relay.officernd.model import Fee as RemoteFee


@dataclass(frozen=True, slots=True)
class Run:
    kind: str
    started_at: datetime
    finished_at: datetime
    exit_code: int
    summary: dict[str, Any]


def add_run(connection: Connection, site: str, run: Run) -> None:
    values = {name: getattr(run, name) for name in Run.__dataclass_fields__}
    connection.execute(insert(tables.runs).values(site=site, **values))


def last_runs(connection: Connection, site: str, count: int) -> list[Run]:
    """Return the last runs of a site, newest first."""
    query = select(tables.runs).where(tables.runs.c.site == site).order_by(tables.runs.c.id.desc()).limit(count)
    rows = connection.execute(query).mappings()
    return [Run(**{name: row[name] for name in Run.__dataclass_fields__}) for row in rows]


def newest_moment(connection: Connection, site: str) -> datetime | None:
    """Return the latest moment at which a run of this site ended; a clock before it has gone back.

    Runs that ended before a person said that the clock is right now do not count.
    """
    accepted = int(fact(connection, site, "clock_accepted_after_run") or 0)
    query = select(func.max(tables.runs.c.finished_at)).where(tables.runs.c.site == site, tables.runs.c.id > accepted)
    return connection.execute(query).scalar()


def accept_clock(connection: Connection, site: str, now: datetime) -> None:
    """Take the present clock for right, by a person's word: what is on record from the future no longer counts."""
    last = connection.execute(select(func.max(tables.runs.c.id)).where(tables.runs.c.site == site)).scalar()
    set_fact(connection, site, "clock_accepted_after_run", str(last or 0))
    days = tables.business_days
    connection.execute(delete(days).where(days.c.site == site, days.c.claimed_at > now))


def fact(connection: Connection, site: str, name: str) -> str:
    query = select(tables.facts.c.value).where(tables.facts.c.site == site, tables.facts.c.name == name)
    return str(connection.execute(query).scalar() or "")


def set_fact(connection: Connection, site: str, name: str, value: str) -> None:
    where = and_(tables.facts.c.site == site, tables.facts.c.name == name)
    if connection.execute(update(tables.facts).where(where).values(value=value)).rowcount == 0:
        connection.execute(insert(tables.facts).values(site=site, name=name, value=value))


def replace_holds(connection: Connection, site: str, held: Iterable[Held], now: datetime) -> None:
    """Store what this settle holds, in place of what the last one held."""
    connection.execute(delete(tables.holds).where(tables.holds.c.site == site))
    rows = [_hold_row(site, item, now) for item in held]
    if rows:
        connection.execute(insert(tables.holds), rows)


def add_hold(connection: Connection, site: str, item: Held, now: datetime) -> None:
    where = and_(
        tables.holds.c.site == site, tables.holds.c.member_id == item.person.member_id, tables.holds.c.code == item.code
    )
    connection.execute(delete(tables.holds).where(where))
    connection.execute(insert(tables.holds), [_hold_row(site, item, now)])


def _hold_row(site: str, item: Held, now: datetime) -> dict[str, Any]:
    return {
        "site": site,
        "member_id": item.person.member_id,
        "code": item.code,
        "username": item.person.username,
        "amount": item.amount,
        "reason": item.reason,
        "at": now,
    }


@dataclass(frozen=True, slots=True)
class Hold:
    member_id: str
    username: str
    code: str
    amount: int
    reason: str


def holds(connection: Connection, site: str) -> list[Hold]:
    query = select(tables.holds).where(tables.holds.c.site == site).order_by(tables.holds.c.username)
    rows = connection.execute(query).mappings()
    return [Hold(**{name: row[name] for name in Hold.__dataclass_fields__}) for row in rows]


def add_approval(
    connection: Connection, site: str, member_id: str, answer: Answer, held: dict[str, int], reason: str, now: datetime
) -> None:
    connection.execute(
        insert(tables.approvals).values(
            site=site, member_id=member_id, answer=answer, held=held, reason=reason, at=now, used_at=None
        )
    )


def approvals(connection: Connection, site: str) -> dict[str, Approval]:
    """Return the words not used yet, by member id ("" for the whole site); the latest one on each counts."""
    table = tables.approvals
    query = select(table).where(table.c.site == site, table.c.used_at.is_(None)).order_by(table.c.id)
    rows = connection.execute(query).mappings()
    return {row["member_id"]: Approval(row["answer"], dict(row["held"])) for row in rows}


def use_approvals(connection: Connection, site: str, now: datetime) -> None:
    table = tables.approvals
    connection.execute(update(table).where(table.c.site == site, table.c.used_at.is_(None)).values(used_at=now))


def add_foreign_fees(connection: Connection, site: str, fees: Sequence[RemoteFee], now: datetime) -> None:
    """Remember fees of the fees plan that are not ours; a known one keeps what was said of it."""
    table = tables.foreign_fees
    known = set(connection.execute(select(table.c.fee_id).where(table.c.site == site)).scalars())
    rows = [
        {
            "site": site,
            "fee_id": fee.id,
            "member_id": fee.member,
            "name": fee.name,
            "price": amounts.from_decimal(fee.price * fee.quantity),
            "seen_at": now,
            "released_at": None,
        }
        for fee in fees
        if fee.id not in known
    ]
    if rows:
        connection.execute(insert(table), rows)


@dataclass(frozen=True, slots=True)
class ForeignFee:
    fee_id: str
    member_id: str
    seen_at: datetime
    released: bool  # a person has spoken of it


def foreign_fees(connection: Connection, site: str) -> dict[str, ForeignFee]:
    """Return every fee of the fees plan ever seen that is not ours, by its id."""
    table = tables.foreign_fees
    rows = connection.execute(select(table).where(table.c.site == site).order_by(table.c.seen_at)).mappings()
    return {
        row["fee_id"]: ForeignFee(row["fee_id"], row["member_id"], row["seen_at"], row["released_at"] is not None)
        for row in rows
    }


def release_foreign_fees(connection: Connection, site: str, member_ids: Iterable[str], now: datetime) -> None:
    table = tables.foreign_fees
    for member_id in member_ids:
        where = and_(table.c.site == site, table.c.member_id == member_id, table.c.released_at.is_(None))
        connection.execute(update(table).where(where).values(released_at=now))


def add_change(connection: Connection, site: str, person: LinkedAccount, carried: Carried, jobs: int) -> None:
    """Record what happened to a balance since the last mark: a term of `discrepancies`."""
    connection.execute(
        insert(tables.changes).values(
            site=site,
            member_id=person.member_id,
            at=carried.mark.at,
            printed=carried.printed,
            credited=carried.credited,
            jobs=jobs,
            doubt=carried.doubt,
        )
    )
