"""Included printing in a settle: how much each payer has left, and the movements that use it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection

from relay.accounts import LinkedAccount
from relay.money.act.by_plan import by_plan
from relay.money.act.planning import new_movement
from relay.money.books import Books
from relay.money.decide import periods
from relay.money.decide.bill import BillingDecision
from relay.money.decide.included import amount_of, payer_of
from relay.money.decide.movement import Movement
from relay.money.ledger import included


@dataclass(frozen=True, slots=True)
class Budget:
    """The included printing of one period: `amounts` and what is `left` of them by payer id, micros."""

    period: str = ""
    amounts: Mapping[str, int] = field(default_factory=dict)
    left: Mapping[str, int] = field(default_factory=dict)
    since: Mapping[int, date] = field(default_factory=dict)  # by wallet: the day of the oldest debt


def budget(books: Books, accounts: Iterable[LinkedAccount]) -> Budget:
    """Return what the payers of these accounts have left of this period; without the setting nothing, and no call."""
    settings = books.settings.included
    payers = sorted({payer_of(account) for account in accounts} - {""}) if settings.is_on else []
    if not payers:
        return Budget()
    period = periods.key(books.business_day(), settings.every)
    rates, memberships = by_plan(books, settings.plan)
    amounts = {payer: amount_of(payer, memberships, rates, settings.amount) for payer in payers}
    with books.ledger.read() as connection:
        used = included.used(connection, books.name, period)
        since = included.debts_since(connection, books.name)
    left = {payer: max(0, amount - used.get(payer, 0)) for payer, amount in amounts.items()}
    return Budget(period, amounts, left, since)


def movements(books: Books, decision: BillingDecision) -> list[Movement]:
    """Return the movements of a decision's included printing, not yet stored."""
    numbers = books.ledger.movement_numbers(books.business_day(), "included")
    return [new_movement(books, one.account, "included", one.amount, numbers) for one in decision.included]


def store(books: Books, connection: Connection, found: Iterable[Movement], of: Budget) -> None:
    """Store the movements with what they use, in the caller's commit, before anything is sent."""
    uses = {}
    for movement in found:
        books.ledger.add_movement(connection, movement)
        uses[movement.reference] = payer_of(books.by_member[movement.member_id])
    included.add(connection, books.name, of.period, uses, of.amounts)
