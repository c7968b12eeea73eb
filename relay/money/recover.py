"""Bringing to truth what an earlier run left open, before anything new begins.

Each fee that may have been sent is looked for in the guard's counted list, each adjustment judged by balance and
counter; what is proved not to be there is sent on, what cannot be decided is parked.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

from relay import amounts
from relay.errors import AuthFailed, NotFound, NotSent, RelayError
from relay.money import restore
from relay.money.act import deadline, effects, readings
from relay.money.act.effects import Outcome
from relay.money.act.guard import Guard
from relay.money.books import Books
from relay.money.decide.evidence import FeeMatch
from relay.money.decide.movement import Movement

log = logging.getLogger(__name__)

Item = TypeVar("Item")


def begin(books: Books, guard: Guard) -> list[RelayError]:
    """Begin a run that may move money: the witness's next number, what a restore took, then everything open.

    Returns what stood in the way of the open movements.
    """
    guard.raise_witness()
    readings.open_wallets(books)
    restore.restore(books, guard)
    restore.carry_words(books, guard)
    return recover_open(books, guard) if not guard.stops else []


def recover_open(books: Books, guard: Guard) -> list[RelayError]:
    """Finish every open movement as far as the evidence goes, and return what stood in the way.

    The guard has looked already, so its list of fees was read after every request of an earlier run was over.
    """
    problems: list[RelayError] = []
    if not books.ledger.open_movements():
        return problems
    _recover_fees(books, guard, problems)
    ready = [movement for movement in books.ledger.open_movements() if not movement.waits_for_fee]
    ready.sort(key=lambda movement: movement.kind != "restoration")  # before any other
    _each(problems, ready, lambda movement: _recover_adjustment(books, guard, movement))
    return problems


def _recover_fees(books: Books, guard: Guard, problems: list[RelayError]) -> None:
    ledger, found = books.ledger, guard.fees
    if found is None:
        return
    for late, fee_id in found.late():
        effects.settle_fee_by_match(books, late, FeeMatch("there", fee_id, "found on the fees plan"))
    for fee in ledger.open_fees():
        if fee.state == "sent":  # by a run that is no more: nobody heard an answer
            with ledger.write() as connection:
                ledger.answer_fee(connection, fee.reference, fee.note, lost=True)
        if fee.state in ("sent", "in_doubt"):
            try:
                effects.settle_fee(books, ledger.fee(fee.reference), found)
            except RelayError as error:
                problems.append(error)


def _each(problems: list[RelayError], items: Iterable[Item], work: Callable[[Item], Outcome | None]) -> None:
    """Do `work` on each item, gathering what stands in the way; a system that does not answer ends it."""
    for item in items:
        try:
            if work(item) == "unreachable":
                return
        except RelayError as error:
            log.warning("recovery: %s", error.message)
            problems.append(error)
            if isinstance(error, (NotSent, AuthFailed)):
                return


def _recover_adjustment(books: Books, guard: Guard, movement: Movement) -> Outcome | None:
    if movement.kind != "restoration" and _is_being_restored(books, movement.member_id):
        return None
    if movement.state == "sent":
        with books.ledger.write() as connection:
            books.ledger.answer_movement(connection, movement, movement.note, lost=True)
        movement = books.ledger.movement(movement.reference)
    if movement.state in ("sent", "in_doubt"):
        outcome = _judge(books, guard, movement)
        if outcome != "failed":
            return outcome
        movement = books.ledger.movement(movement.reference)
    elif movement.kind == "fee" and not movement.by_word and _debt_is_gone(books, guard, movement):
        return None
    outcome = effects.make_adjustment(books, guard, movement)
    if outcome == "posted":
        effects.verify(books, movement)
    return outcome


def _is_being_restored(books: Books, member_id: str) -> bool:
    return any(
        movement.kind == "restoration" and movement.member_id == member_id for movement in books.ledger.open_movements()
    )


def _judge(books: Books, guard: Guard, movement: Movement) -> Outcome | None:
    """Judge an adjustment that was sent, on the very account that it was sent to."""
    found = guard.account_of(movement)
    if isinstance(found, str):
        if movement.lost and movement.state == "sent":  # what is parked is judged later without waiting
            deadline.wait_for_adjustments(books, [movement.reference])
        effects.park(books, movement, "withheld", found)
        return None
    account, _ = found
    try:
        return effects.judge_adjustment_sent(books, movement, account.username)
    except NotFound:
        effects.account_is_gone(books, movement)
        return None


def _debt_is_gone(books: Books, guard: Guard, movement: Movement) -> bool:
    """Park an adjustment whose debt is no longer on the balance: paid, or adjusted by a run this ledger never saw."""
    found = guard.account_of(movement)
    if isinstance(found, str):
        return False  # the permit says what to do about that
    account, wallet = found
    try:
        now = books.read_one(account.username)
    except NotFound:
        return False
    buckets = readings.book_one(books, account, wallet, now).wallet.buckets
    owed = -(buckets.owed + buckets.disputed + buckets.opening)
    # A rise by just this amount, before it was ever sent, is no accident: some other run has adjusted it.
    if owed >= movement.amount and now.balance - wallet.balance != movement.amount:
        return False
    money = amounts.with_currency(movement.amount, movement.currency)
    note = (
        f"The fee over {money} stands in OfficeRnD, but {account.username} owes only "
        f"{amounts.with_currency(owed, movement.currency)} now: was the balance adjusted already, or paid? Look "
        f"for {movement.reference} in this account's transactions in PaperCut."
    )
    detail = {"balance": now.balance, "jobs": now.jobs}
    with books.ledger.write() as connection:
        books.ledger.step_movement(connection, movement.reference, "in_doubt", "judged", detail, note=note)
    return True
