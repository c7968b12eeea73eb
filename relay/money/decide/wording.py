"""The words that leave the house: the fee's name and the adjustment's comment.

Both carry the reference whole; everything else gives way to it. Nothing here reads or writes anything.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from relay import amounts
from relay.counted import noun
from relay.money.decide.bill import Bill
from relay.money.decide.movement import Movement
from relay.money.decide.reference import disarmed

NAME_LENGTH = 200  # OfficeRnD states no limit; an invoice line is not longer
COMMENT_LENGTH = 240  # PaperCut keeps 255. Source: SavaPage's mapping of tbl_account_transaction

Detail = Literal["none", "summary", "jobs"]


def fee_name(bill: Bill, reference: str, business_day: date, detail: Detail, company_name: str, jobs: str = "") -> str:
    """Return the text of the invoice line: what was printed by whom up to which day, and the reference at its end.

    `jobs` is what the job log tells of the jobs behind the fee; without it only their number is told.
    """
    told = "Printing"
    if detail != "none":
        printed = sum(share.jobs for share in bill.shares)
        number = _count(printed, "job") if printed else ""
        parts = (f"Printing up to {business_day.isoformat()}", _who(bill, company_name), jobs or number)
        told = ", ".join(part for part in parts if part)
    return f"{disarmed(_short(told, NAME_LENGTH - len(reference) - 3))} [{reference}]"


def _who(bill: Bill, company_name: str) -> str:
    if bill.only is not None:
        account = bill.only.account
        return f"shared account {account.full_name}" if account.is_shared else account.full_name
    people = [share for share in bill.shares if not share.account.is_shared]
    shared = len(bill.shares) - len(people)
    counts = [_count(len(people), "person")] + ([_count(shared, "shared account")] if shared else [])
    return ", ".join([company_name, *counts])


def comment(movement: Movement) -> str:
    """Return the text of the transaction in PaperCut: what it is, the amount, the reference."""
    amount = amounts.with_currency(abs(movement.amount), movement.currency)
    text = {
        "fee": f"Billed through OfficeRnD: {amount}",
        "top_up": f"Member balance: {amount}" if movement.amount > 0 else f"Unused member balance taken back: {amount}",
        "forgiveness": f"Forgiven: {amount}",
        "included": f"Included printing: {amount}",
        "credit": f"Refund moved to OfficeRnD: {amount}",
        "restoration": f"Brought back after PaperCut was restored: {amount}",
    }[movement.kind]
    return f"{_short(text, COMMENT_LENGTH - len(movement.reference) - 3)} [{movement.reference}]"


def _count(number: int, one: str) -> str:
    return f"{number} {noun(number, one)}"


def _short(text: str, length: int) -> str:
    text = " ".join("".join(character if ord(character) >= 32 else " " for character in text).split())
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
