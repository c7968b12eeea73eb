"""Whose an account is and who pays a fee for it, in names; asks neither system."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Engine, func, select

from relay import amounts
from relay.config import Settings
from relay.database import reading
from relay.money.decide.bill import is_personal
from relay.money.decide.holds import RESTORED
from relay.money.ledger import holds, tables
from relay.stored_accounts import accounts_of


@dataclass(frozen=True, slots=True)
class NamedAccount:
    """An account's person (a shared account's own name), and who pays: a company, or the person."""

    name: str
    payer: str
    by_company: bool


@dataclass(frozen=True, slots=True)
class Forgotten:
    """One account's money that was written after the backup from which PaperCut was put back, micros."""

    member_id: str
    named: NamedAccount
    billed: int
    other: int


def forgotten(database: Engine, settings: Settings) -> dict[str, Any] | None:
    """Return what a restored PaperCut has forgotten as far as the ledger tells, None where it was not restored.

    Movements sent under a number above the restored one are not in the backup; what was printed and lost is not here.
    """
    table, site, currency = tables.movements, settings.site.name, settings.site.currency
    with reading(database) as connection:
        stop = next((one for one in holds.open_stops(connection, site) if one.code == RESTORED), None)
        if stop is None:
            return None
        restored_to = int(stop.facts.get("number") or 0)
        query = (
            select(table.c.member_id, table.c.username, table.c.kind, func.sum(table.c.amount))
            .where(table.c.site == site, table.c.state == "posted", table.c.witness > restored_to)
            .group_by(table.c.member_id, table.c.username, table.c.kind)
        )
        rows = connection.execute(query).all()
    people, found = named(database, settings, {row.member_id for row in rows}), dict[str, Forgotten]()
    for member_id, username, kind, amount in rows:
        person = people.get(member_id) or NamedAccount(username, username, False)
        one = found.get(member_id) or Forgotten(member_id, person, 0, 0)
        if kind == "fee":
            found[member_id] = replace(one, billed=one.billed + int(amount))
        else:
            found[member_id] = replace(one, other=one.other + int(amount))

    def money(micros: int) -> str:
        return amounts.text(micros, currency)

    ordered = sorted(found.values(), key=lambda one: (-one.billed - one.other, one.named.name.casefold()))
    return {
        "rows": [
            {
                "member_id": one.member_id,
                "name": one.named.name,
                "payer": one.named.payer,
                "billed": money(one.billed),
                "other": money(one.other),
                "amount": money(one.billed + one.other),
            }
            for one in ordered
        ],
        "billed": money(sum(one.billed for one in ordered)),
        "total": money(sum(one.billed + one.other for one in ordered)),
    }


def named(database: Engine, settings: Settings, member_ids: Collection[str]) -> dict[str, NamedAccount]:
    """Return the accounts of these members that are billed, by member id, and every shared one."""
    fees, found = settings.fees, {}
    for account in accounts_of(database, settings.site.name, member_ids):
        name = account.full_name or account.username
        by_company = not is_personal(account, fees.grouping, fees.bill_to)
        payer = account.company_name or account.company_id if by_company else name
        found[account.member_id] = NamedAccount(name, payer, by_company)
    return found
