"""Refunds that PaperCut gave after the job was billed: proposed, approved by a person, taken back, handed to staff.

A refund of a billed job leaves credit on the balance that the member already paid in OfficeRnD. The way back is a new,
opposite movement: first the balance is taken back, and only if it is still there; then staff credit the fee. Only the
job itself is evidence; a positive balance alone may be cash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from relay import amounts
from relay.accounts import LinkedAccount
from relay.language import lazy
from relay.money.act import effects
from relay.money.act.guard import Guard
from relay.money.act.planning import new_movement
from relay.money.books import Books
from relay.money.decide.bill import Case
from relay.money.decide.holds import CREDIT, Held, Hold, Word
from relay.money.decide.movement import Movement
from relay.money.ledger import holds, records
from relay.money.ledger.store import open_of


@dataclass(frozen=True, slots=True)
class Refund:
    """What came back for a job and is not yet credited (micros): the job's id in the log, when it was printed."""

    job: str
    amount: int
    printed_at: datetime


@dataclass(frozen=True, slots=True)
class Proposal:
    """What came back to somebody; `row` is what was held of it by an earlier run."""

    account: LinkedAccount
    refunds: tuple[Refund, ...]
    row: Hold | None

    @property
    def amount(self) -> int:
        return sum(refund.amount for refund in self.refunds)

    @property
    def word(self) -> Word | None:
        """The word that speaks of exactly what is proposed now."""
        return self.row.word if self.row is not None and self.row.amount == self.amount else None


def proposals(books: Books, cases: Sequence[Case]) -> list[Proposal]:
    """Return the refunds of billed jobs that are still on somebody's balance and not yet credited."""
    # What comes back to a shared account stays there for its next jobs: it has no conditional adjustment.
    with_credit = [
        case for case in cases if case.wallet.buckets.own > 0 and not case.busy and not case.account.is_shared
    ]
    if not with_credit:
        return []
    with books.ledger.read() as connection:
        claimed = records.credited_jobs(connection, books.name)
    found = []
    for case in with_credit:
        billed_at = case.wallet.billed_at
        told = books.jobs.refunds(case.account.username, case.account.linked_at) if billed_at is not None else None
        if not told or billed_at is None:
            continue
        rest = min(case.wallet.balance, _billed(books, case.account))
        chosen = []
        for job, refunded, printed_at in told:
            refund = Refund(job, refunded - claimed[job], printed_at)
            if printed_at <= billed_at and 0 < refund.amount <= rest:
                chosen.append(refund)
                rest -= refund.amount
        if chosen:
            found.append(Proposal(case.account, tuple(chosen), case.hold(CREDIT)))
    return found


def held(books: Books, found: Sequence[Proposal]) -> list[Held]:
    """Return the proposals that nobody has approved yet, as what waits for a word."""
    return [
        Held(proposal.account, proposal.amount, CREDIT, _sentence(books, proposal))
        for proposal in found
        if proposal.word is None
    ]


def approved(found: Sequence[Proposal]) -> set[str]:
    """Return the member ids of the proposals that a person has approved."""
    return {proposal.account.member_id for proposal in found if proposal.word is not None}


def carry_out(books: Books, guard: Guard, found: Sequence[Proposal], cases: Sequence[Case]) -> None:
    """Take every approved refund back from its balance, and leave the task for staff in the movement."""
    ledger, now = books.ledger, books.clock.now()
    planned: list[tuple[Proposal, Movement, list[Movement], Word]] = []
    numbers = ledger.movement_numbers(books.business_day(), "credit")
    busy = open_of(ledger.open_movements())  # such as a forgiveness of this run that did not come through
    for proposal in found:
        if proposal.word is not None and proposal.account.member_id not in busy:
            movement = new_movement(books, proposal.account, "credit", -proposal.amount, numbers)
            fees = _fees(books, proposal)
            planned.append((proposal, replace(movement, task=_task(books, proposal, fees)), fees, proposal.word))
    _void_the_rest(books, found, cases)
    if not planned:
        return
    with ledger.write() as connection:
        for proposal, movement, fees, word in planned:
            ledger.add_movement(connection, movement, corrects=fees[0].reference if fees else None)
            for refund in proposal.refunds:
                records.claim_refund(
                    connection, books.name, refund.job, movement.reference, movement.member_id, refund.amount
                )
            holds.spend_word(connection, word.id, now, movement=movement.reference)
    for _, movement, _, _ in planned:
        if effects.make_adjustment(books, guard, movement) == "posted":
            effects.verify(books, movement)


def _void_the_rest(books: Books, found: Sequence[Proposal], cases: Sequence[Case]) -> None:
    """Void the words on credits that are not proposed any more as they were named."""
    good = approved(found)
    stale = [
        row
        for case in cases
        if not case.busy and (row := case.hold(CREDIT)) is not None and row.word and row.member_id not in good
    ]
    if stale:
        now = books.clock.now()
        with books.ledger.write() as connection:
            for row in stale:
                assert row.word is not None
                holds.void_word(connection, row.word.id, lazy("what is to be credited has changed"), now)
                holds.end_hold(connection, row.id, now)


def _billed(books: Books, account: LinkedAccount) -> int:
    """Return what a person was billed and not yet credited, micros."""
    posted = books.ledger.posted_of(account.member_id, "fee", "credit")
    return max(0, sum(movement.amount for movement in posted))


def _fees(books: Books, proposal: Proposal) -> list[Movement]:
    """Return the posted fees that may carry a refunded job, the likeliest first."""
    first = min(refund.printed_at for refund in proposal.refunds)
    day = books.clock.local_day(first, books.settings.site.timezone)
    return books.ledger.posted_of(proposal.account.member_id, "fee", since=day)


def _jobs(proposal: Proposal) -> str:
    return ", ".join(refund.job for refund in proposal.refunds[:5])


def _sentence(books: Books, proposal: Proposal) -> str:
    money = amounts.with_currency(proposal.amount, books.currency)
    return lazy(
        "%(money)s came back in PaperCut for jobs that have already been billed (%(jobs)s); approving the credit "
        "takes them from the balance and says which fee to credit",
        money=money,
        jobs=_jobs(proposal),
    )


def _task(books: Books, proposal: Proposal, fees: Sequence[Movement]) -> str:
    money = amounts.with_currency(proposal.amount, books.currency)
    fee = (
        lazy("fee %(fee_id)s (%(reference)s)", fee_id=fees[0].fee_id, reference=fees[0].reference)
        if fees
        else lazy("the print fee")
    )
    return lazy(
        "To do in OfficeRnD: credit %(money)s to %(full_name)s on %(fee)s; "
        "the refunded jobs are %(jobs)s. The balance in PaperCut is already taken back.",
        money=money,
        full_name=proposal.account.full_name or proposal.account.username,
        fee=fee,
        jobs=_jobs(proposal),
    )
