"""Included printing: what a membership includes pays a company's people's debts before a fee does. Pure.

The amount is a company's, or of a person without one; its people share it, who has owed longest first, and what is not
used by the end of the period is gone. It is no money on any balance: each use of it is a movement on somebody who owes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from relay.accounts import LinkedAccount
from relay.money.decide.allowance import highest
from relay.money.decide.due import OwedChange
from relay.officernd.model import Membership


def payer_of(account: LinkedAccount) -> str:
    """Return whose included printing an account uses: its company's id, else the member's; "" for none.

    A shared account is nobody's printing, and who left without a company has no membership that could include any.
    """
    if account.is_shared or (not account.company_id and account.standing == "departed"):
        return ""
    return account.company_id or account.member_id


def amount_of(payer: str, memberships: Iterable[Membership], by_plan: Mapping[str, int], otherwise: int) -> int:
    """Return what a payer's memberships include in a period, micros: of several plans the highest, else the general.

    The memberships of a company are its own and those that it pays for its members.
    """
    own = [one for one in memberships if payer in (one.company, one.member if not one.company else "")]
    return highest(own, by_plan, otherwise)


def owing_since(changes: Iterable[OwedChange]) -> date | None:
    """Return the business day of the oldest debt that is not paid: payments pay the oldest first. None without one."""
    debts: list[OwedChange] = []
    for change in changes:
        if change.owed < 0:
            debts.append(change)
            continue
        paid = change.owed
        while debts and paid >= -debts[0].owed:
            paid += debts.pop(0).owed
        if debts:
            debts[0] = OwedChange(debts[0].day, debts[0].owed + paid)
    return debts[0].day if debts else None
