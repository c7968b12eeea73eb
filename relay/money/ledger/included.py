"""What included printing has paid: its uses and amounts, by payer and period."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy import Connection, and_, delete, func, insert, select

from relay.database import portions
from relay.money.decide.due import OwedChange
from relay.money.decide.included import owing_since
from relay.money.ledger import tables


def used(connection: Connection, site: str, period: str) -> dict[str, int]:
    """Return what each payer has used of a period, micros, whatever is still open counted."""
    uses, of = tables.included_uses, tables.movements
    query = (
        select(uses.c.payer_id, func.sum(of.c.amount))
        .join(of, of.c.reference == uses.c.reference)
        .where(uses.c.site == site, uses.c.period == period, of.c.state != "withdrawn")
        .group_by(uses.c.payer_id)
    )
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def of_payer(connection: Connection, site: str, payer_id: str, period: str) -> tuple[int, int] | None:
    """Return what a payer has included in a period and what is used of it, micros; None before its first use."""
    told, uses, of = tables.included_amounts, tables.included_uses, tables.movements
    here = (told.c.site == site, told.c.payer_id == payer_id, told.c.period == period)
    amount = connection.execute(select(told.c.amount).where(*here)).scalar()
    if amount is None:
        return None
    query = (
        select(func.coalesce(func.sum(of.c.amount), 0))
        .join(uses, of.c.reference == uses.c.reference)
        .where(uses.c.site == site, uses.c.period == period, uses.c.payer_id == payer_id, of.c.state != "withdrawn")
    )
    return int(amount), int(connection.execute(query).scalar_one())


def used_between(connection: Connection, site: str, first: date, last: date) -> list[tuple[str, str, int, int]]:
    """Return (payer id, period, what it had included, what was used) of the settles from one day to another, micros."""
    uses, of, told = tables.included_uses, tables.movements, tables.included_amounts
    query = (
        select(uses.c.payer_id, uses.c.period, func.max(told.c.amount), func.sum(of.c.amount))
        .join(of, of.c.reference == uses.c.reference)
        .join(
            told, and_(told.c.site == uses.c.site, told.c.payer_id == uses.c.payer_id, told.c.period == uses.c.period)
        )
        .where(uses.c.site == site, of.c.state == "posted", of.c.business_day.between(first, last))
        .group_by(uses.c.payer_id, uses.c.period)
        .order_by(uses.c.period, uses.c.payer_id)
    )
    return [(row[0], row[1], int(row[2]), int(row[3])) for row in connection.execute(query)]


def add(connection: Connection, site: str, period: str, uses: Mapping[str, str], amounts_of: Mapping[str, int]) -> None:
    """Store the uses of a period, payer id by movement reference, and what those payers have included in it."""
    if not uses:
        return
    rows = [{"reference": name, "site": site, "payer_id": payer, "period": period} for name, payer in uses.items()]
    connection.execute(insert(tables.included_uses), rows)
    table, payers = tables.included_amounts, sorted(set(uses.values()))
    here = (table.c.site == site, table.c.period == period)
    for some in portions(payers):
        connection.execute(delete(table).where(*here, table.c.payer_id.in_(some)))
    told = [{"site": site, "payer_id": payer, "period": period, "amount": amounts_of[payer]} for payer in payers]
    connection.execute(insert(table), told)


def debts_since(connection: Connection, site: str) -> dict[int, date]:
    """Return by wallet the business day of the oldest debt that is not paid."""
    table, open_ = tables.journal, tables.wallets
    query = (
        select(table.c.wallet_id, table.c.day, table.c.owed)
        .join(open_, open_.c.id == table.c.wallet_id)
        .where(open_.c.site == site, open_.c.closed_at.is_(None), open_.c.owed < 0, table.c.owed != 0)
        .order_by(table.c.id)
    )
    changes: dict[int, list[OwedChange]] = {}
    for row in connection.execute(query):
        changes.setdefault(row.wallet_id, []).append(OwedChange(row.day, row.owed))
    return {wallet: day for wallet, own in changes.items() if (day := owing_since(own)) is not None}
