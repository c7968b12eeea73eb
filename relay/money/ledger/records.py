"""What the ledger remembers beside the movements: runs, foreign fees, facts of the site.

Small reads and writes on a connection that the caller opened; nothing here decides or calls a remote system.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, select, update

from relay import __version__
from relay.accounts import LinkedAccount
from relay.database import of_row, put
from relay.language import kept, unkept
from relay.money.ledger import tables
from relay.officernd.model import RemoteFee

# Built once: a settle asks for it again and again.
_FACT = select(tables.facts.c.value).where(
    tables.facts.c.site == bindparam("site"), tables.facts.c.name == bindparam("name")
)
NO_TOP_UP = "no_top_up_in"  # the fact of a period whose top-ups a rebuilt ledger cannot account for


@dataclass(frozen=True, slots=True)
class Run:
    kind: str
    started_at: datetime
    finished_at: datetime
    exit_code: int
    summary: dict[str, Any]
    version: str = __version__


def add_run(connection: Connection, site: str, run: Run) -> None:
    values = {name: getattr(run, name) for name in Run.__dataclass_fields__} | {"summary": kept(run.summary)}
    connection.execute(insert(tables.runs).values(site=site, **values))


def last_runs(connection: Connection, site: str, count: int) -> list[Run]:
    """Return the last runs of a site, newest first."""
    query = select(tables.runs).where(tables.runs.c.site == site).order_by(tables.runs.c.id.desc()).limit(count)
    rows = connection.execute(query).mappings()
    return [of_row(Run, row, summary=unkept(row["summary"])) for row in rows]


def last_daily_run(connection: Connection, site: str) -> datetime | None:
    """Return when a whole run last ended its first part, whatever came of it; None where there was never one."""
    query = select(func.max(tables.runs.c.finished_at)).where(
        tables.runs.c.site == site, tables.runs.c.kind == "recover"
    )
    return connection.execute(query).scalar()


def first_run(connection: Connection, site: str, kind: str) -> datetime | None:
    """Return when the first run of a kind ended; None where there was never one."""
    query = select(func.min(tables.runs.c.finished_at)).where(tables.runs.c.site == site, tables.runs.c.kind == kind)
    return connection.execute(query).scalar()


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
    return str(connection.execute(_FACT, {"site": site, "name": name}).scalar() or "")


def set_fact(connection: Connection, site: str, name: str, value: str) -> None:
    put(connection, tables.facts, {"site": site, "name": name}, {"value": value})


def billed_by_day(connection: Connection, site: str, first: date, last: date) -> dict[date, int]:
    """Return what the fees that stand in OfficeRnD bill, in micros, by business day, whatever became of the balance."""
    moved = tables.movements.c
    is_billed = (moved.kind == "fee", moved.fee_state == "posted", moved.business_day.between(first, last))
    query = select(moved.business_day, func.sum(moved.amount).label("billed")).where(moved.site == site, *is_billed)
    return {row.business_day: int(row.billed) for row in connection.execute(query.group_by(moved.business_day))}


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
            "price": fee.amount,
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
    price: int  # micros
    seen_at: datetime
    released: bool  # a person has spoken of it


def foreign_fees(connection: Connection, site: str) -> dict[str, ForeignFee]:
    """Return every fee of the fees plan ever seen that is not ours, by its id."""
    table = tables.foreign_fees
    rows = connection.execute(select(table).where(table.c.site == site).order_by(table.c.seen_at)).mappings()
    return {
        row["fee_id"]: ForeignFee(
            row["fee_id"], row["member_id"], row["price"], row["seen_at"], row["released_at"] is not None
        )
        for row in rows
    }


def release_foreign_fees(connection: Connection, site: str, member_ids: Iterable[str], now: datetime) -> None:
    table = tables.foreign_fees
    for member_id in member_ids:
        where = and_(table.c.site == site, table.c.member_id == member_id, table.c.released_at.is_(None))
        connection.execute(update(table).where(where).values(released_at=now))


def shown_in_shadow(connection: Connection, site: str) -> dict[str, int]:
    """Return what shadow mode has shown of each member so far, micros."""
    table = tables.shadow_fees
    query = select(table.c.member_id, func.sum(table.c.amount)).where(table.c.site == site).group_by(table.c.member_id)
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def add_shadow_fees(connection: Connection, site: str, day: date, shown: Iterable[tuple[LinkedAccount, int]]) -> None:
    """Remember what shadow mode shows of accounts, micros."""
    rows = [
        {
            "site": site,
            "business_day": day,
            "member_id": account.member_id,
            "username": account.username,
            "company_id": account.company_id,
            "amount": amount,
        }
        for account, amount in shown
    ]
    if rows:
        connection.execute(insert(tables.shadow_fees), rows)


def credited_jobs(connection: Connection, site: str) -> Counter[str]:
    """Return how much of each job's refund became a credit, micros; a withdrawn credit claims nothing."""
    claims, of = tables.refund_claims, tables.movements
    query = (
        select(claims.c.job, func.sum(claims.c.amount))
        .join(of, of.c.reference == claims.c.reference)
        .where(claims.c.site == site, of.c.state != "withdrawn")
        .group_by(claims.c.job)
    )
    return Counter({row[0]: int(row[1]) for row in connection.execute(query)})


def claim_refund(connection: Connection, site: str, job: str, reference: str, member_id: str, amount: int) -> None:
    """Note that a credit takes back so much of a job's refund, micros."""
    connection.execute(
        insert(tables.refund_claims).values(site=site, job=job, reference=reference, member_id=member_id, amount=amount)
    )


def topped_up(connection: Connection, site: str, period: str) -> set[str]:
    """Return the members whose top-up of a period is claimed."""
    table = tables.top_up_claims
    query = select(table.c.member_id).where(table.c.site == site, table.c.period == period)
    return set(connection.execute(query).scalars())


def claim_top_ups(
    connection: Connection, site: str, period: str, claims: Mapping[str, str | None], now: datetime
) -> None:
    """Claim a period's top-up for members, each with its movement's reference; None where there is nothing to give."""
    rows = [
        {"site": site, "member_id": member_id, "period": period, "reference": reference, "claimed_at": now}
        for member_id, reference in claims.items()
    ]
    if rows:
        connection.execute(insert(tables.top_up_claims), rows)
