"""Refunds that PaperCut gave after the job was billed: proposed, approved by a person, taken back, handed to staff.

A refund of a billed job leaves credit on the balance that the member already paid in OfficeRnD. The way back is a new,
opposite movement: first the balance is taken back, and only if it is still there; then staff credit the fee. Only the
job itself is evidence; a positive balance alone may be cash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import insert, select

from relay import amounts
from relay.accounts import LinkedAccount
from relay.errors import argument
from relay.money.act import effects
from relay.money.act.planning import new_movement
from relay.money.books import Books
from relay.money.decide.bill import CREDIT, Approval, Case, Held
from relay.money.decide.movement import Movement
from relay.money.ledger import tables


@dataclass(frozen=True, slots=True)
class Refund:
    """A refunded job: its id in the job log, what came back (micros), when it was printed."""

    job: str
    amount: int
    printed_at: datetime


@dataclass(frozen=True, slots=True)
class Proposal:
    person: LinkedAccount
    refunds: tuple[Refund, ...]

    @property
    def amount(self) -> int:
        return sum(refund.amount for refund in self.refunds)


def proposals(books: Books, cases: Sequence[Case]) -> list[Proposal]:
    """Return the refunds of billed jobs that are still on somebody's balance and not yet credited."""
    # What comes back to a shared account stays there for its next jobs: it has no conditional adjustment.
    with_credit = [
        case for case in cases if case.carried.mark.balance > 0 and not case.busy and not case.person.is_shared
    ]
    if not with_credit:
        return []
    with books.ledger.read() as connection:
        query = select(tables.refund_claims.c.job).where(tables.refund_claims.c.site == books.name)
        claimed = set(connection.execute(query).scalars())
    found = []
    for case in with_credit:
        billed_at = case.before.billed_at
        told = books.jobs.refunds(case.person.username, case.person.linked_at) if billed_at is not None else None
        if not told or billed_at is None:
            continue
        rest = min(case.carried.mark.balance, _billed(books, case.person))
        chosen = []
        for refund in (Refund(*item) for item in told):
            if refund.job not in claimed and refund.printed_at <= billed_at and 0 < refund.amount <= rest:
                chosen.append(refund)
                rest -= refund.amount
        if chosen:
            found.append(Proposal(case.person, tuple(chosen)))
    return found


def held(books: Books, found: Sequence[Proposal], approvals: Mapping[str, Approval]) -> list[Held]:
    """Return the proposals that nobody has answered yet, as what waits for a word."""
    return [
        Held(proposal.person, proposal.amount, CREDIT, _sentence(books, proposal))
        for proposal in found
        if not _approved(proposal, approvals)
    ]


def answered(found: Sequence[Proposal], approvals: Mapping[str, Approval]) -> set[str]:
    """Return the member ids of the proposals that a person has approved."""
    return {proposal.person.member_id for proposal in found if _approved(proposal, approvals)}


def carry_out(books: Books, found: Sequence[Proposal], approvals: Mapping[str, Approval]) -> None:
    """Take every approved refund back from its balance, and leave the task for staff in the movement."""
    ledger = books.ledger
    planned = []
    numbers = ledger.sequences(tables.movements.c.member_id, books.business_day(), "credit")
    for proposal in (proposal for proposal in found if _approved(proposal, approvals)):
        movement = new_movement(books, proposal.person, "credit", -proposal.amount, numbers)
        fees = _fees(books, proposal)
        planned.append((proposal, replace(movement, task=_task(books, proposal, fees)), fees))
    if not planned:
        return
    with ledger.write() as connection:
        for proposal, movement, fees in planned:
            ledger.add_movement(connection, movement, corrects=fees[0].reference if fees else None)
            for refund in proposal.refunds:
                connection.execute(
                    insert(tables.refund_claims).values(
                        site=books.name,
                        job=refund.job,
                        member_id=proposal.person.member_id,
                        amount=refund.amount,
                        reference=movement.reference,
                    )
                )
    for _, movement, _ in planned:
        if effects.adjust(books, movement) == "posted":
            effects.verify(books, movement)


def _approved(proposal: Proposal, approvals: Mapping[str, Approval]) -> bool:
    word = approvals.get(proposal.person.member_id)
    return word is not None and word.answer == "credit" and CREDIT in word.held


def _billed(books: Books, person: LinkedAccount) -> int:
    """Return what a person was billed and not yet credited, micros."""
    posted = books.ledger.movements(
        tables.movements.c.member_id == person.member_id,
        tables.movements.c.state == "posted",
        tables.movements.c.kind.in_(("fee", "credit")),
    )
    return max(0, sum(movement.amount for movement in posted))


def _fees(books: Books, proposal: Proposal) -> list[Movement]:
    """Return the posted fees that may carry a refunded job, the likeliest first."""
    first = min(refund.printed_at for refund in proposal.refunds)
    day = books.clock.local_day(first, books.settings.site.timezone)
    return books.ledger.movements(
        tables.movements.c.member_id == proposal.person.member_id,
        tables.movements.c.kind == "fee",
        tables.movements.c.state == "posted",
        tables.movements.c.business_day >= day,
    )


def _jobs(proposal: Proposal) -> str:
    return ", ".join(refund.job for refund in proposal.refunds[:5])


def _sentence(books: Books, proposal: Proposal) -> str:
    money = f"{amounts.text(proposal.amount, books.currency)} {books.currency}"
    return (
        f"{money} came back in PaperCut for jobs that are billed already ({_jobs(proposal)}): papercut-relay approve "
        f"{argument(proposal.person.username)} --as credit --reason TEXT takes them from the balance and tells which "
        "fee to credit"
    )


def _task(books: Books, proposal: Proposal, fees: Sequence[Movement]) -> str:
    money = f"{amounts.text(proposal.amount, books.currency)} {books.currency}"
    fee = f"fee {fees[0].fee_id} ({fees[0].reference})" if fees else "the print fee"
    return (
        f"To do in OfficeRnD: credit {money} to {proposal.person.full_name or proposal.person.username} on {fee}; the "
        f"refunded jobs are {_jobs(proposal)}. The balance in PaperCut is already taken back."
    )
