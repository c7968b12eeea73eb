"""How much a person's periodic balance is and what to add for it: pure decisions on plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from relay import amounts
from relay.accounts import LinkedAccount
from relay.money.decide.account import Mark
from relay.officernd.model import Membership


@dataclass(frozen=True, slots=True)
class TopUp:
    """What to do for one person this period: `amount` micros to add (0: nothing to add, the period is done)."""

    person: LinkedAccount
    amount: int


@dataclass(frozen=True, slots=True)
class Skipped:
    person: LinkedAccount
    owed: int
    reason: str


def allowance_of(
    person: LinkedAccount, memberships: Iterable[Membership], by_plan: Mapping[str, int], otherwise: int
) -> int:
    """Return a person's amount per period, micros: of the plans that cover them the highest, else the general one.

    A plan on a company covers its members; one on a member covers that one.
    Source: OfficeRnD help, ezeep integration (the rule of OfficeRnD's own integrations).
    """
    covered = [
        by_plan[membership.plan]
        for membership in memberships
        if membership.plan in by_plan
        and membership.calculated_status == "active"
        and (
            membership.member == person.member_id
            or (not membership.member and bool(membership.company) and membership.company == person.company_id)
        )
    ]
    return max(covered) if covered else otherwise


def decide_top_up(
    person: LinkedAccount,
    balance: int,
    allowance: int,
    *,
    busy: bool,
    mode: Literal["add", "reset"],
    minimum: int,
    currency: str,
) -> TopUp | Skipped | None:
    """Return what to add to a balance (micros), why it must wait, or None for somebody without an allowance.

    Whoever owes is settled first: a top-up on a debt would be eaten by it, and the fee would be too small.
    """
    if allowance <= 0 or person.standing != "active":
        return None
    owed = amounts.billable(balance, currency)
    if busy:
        return Skipped(
            person, owed, "an earlier movement of this account is still open: papercut-relay status shows it"
        )
    if owed >= max(minimum, 1):
        money = f"{amounts.text(owed, currency)} {currency}"
        return Skipped(person, owed, f"owes {money}: settle first (papercut-relay settle), then the top-up is made")
    return TopUp(person, allowance if mode == "add" else allowance - balance)


def take_back(person: LinkedAccount, mark: Mark | None, balance: int, currency: str) -> int:
    """Return what to take from a leaver's balance, micros as a positive number: unused, and at most what we gave."""
    if person.standing != "departed" or mark is None:
        return 0
    return amounts.billable(-min(mark.top_up_left, max(0, balance)), currency)
