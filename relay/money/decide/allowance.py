"""How much a person's periodic balance is and what to add for it: pure decisions on plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from relay import amounts
from relay.accounts import LinkedAccount
from relay.money.decide.explain import Buckets
from relay.money.decide.wallet import Wallet
from relay.officernd.model import Membership


@dataclass(frozen=True, slots=True)
class TopUp:
    """What to do for one person this period: `amount` micros to add (0: nothing to add, the period is done).

    `expires` is how much of the unused allowance ends with it.
    """

    account: LinkedAccount
    amount: int
    expires: int = 0


def allowance_of(
    account: LinkedAccount, memberships: Iterable[Membership], by_plan: Mapping[str, int], otherwise: int
) -> int:
    """Return a person's amount per period, micros: of the plans that cover them the highest, else the general one.

    A plan on a company covers its members; one on a member covers that one.
    Source: OfficeRnD help, ezeep integration (the rule of OfficeRnD's own integrations).
    """
    covering = [
        membership
        for membership in memberships
        if membership.member == account.member_id
        or (not membership.member and membership.company and membership.company == account.company_id)
    ]
    return highest(covering, by_plan, otherwise)


def highest(memberships: Iterable[Membership], by_plan: Mapping[str, int], otherwise: int) -> int:
    """Return the highest amount of the plans of those memberships that are active, `otherwise` where none has any."""
    active = [one for one in memberships if one.calculated_status == "active"]
    return max((by_plan[one.plan] for one in active if one.plan in by_plan), default=otherwise)


def top_up_amount(buckets: Buckets, allowance: int, mode: Literal["add", "reset"]) -> int:
    """Return the relative adjustment of a period's top-up, micros: `reset` lets what is left of the last one expire."""
    return allowance if mode == "add" else allowance - buckets.allowance


def decide_top_up(
    account: LinkedAccount, wallet: Wallet, allowance: int, *, busy: bool, mode: Literal["add", "reset"]
) -> TopUp | str | None:
    """Return what to add for this period, why it must wait, or None for somebody without an allowance.

    A debt never delays it, and nothing but what is left of the last one lessens it.
    """
    if allowance <= 0 or account.standing != "active":
        return None
    if busy:
        return "an earlier movement of this account is still open"
    amount = max(0, top_up_amount(wallet.buckets, allowance, mode))
    return TopUp(account, amount, allowance - amount if mode == "reset" else 0)


def take_back(account: LinkedAccount, wallet: Wallet, currency: str) -> TopUp | None:
    """Return what a leaver's balance gives back: what we gave and was not used, never anybody's own money."""
    if account.standing != "departed":
        return None
    unused = amounts.billable(-min(wallet.buckets.allowance, max(0, wallet.balance)), currency)
    return TopUp(account, -unused, unused) if unused else None
