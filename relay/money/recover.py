"""Bringing to truth what an earlier run left open, before anything new begins.

Each fee that may have been sent is looked up, each adjustment judged by evidence; what is certainly not there is sent
on, what cannot be decided is parked. With nothing open this makes no remote call.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from relay import amounts
from relay.errors import AuthFailed, NotFound, NotSent, RelayError
from relay.money.act import effects, fees_plan, foreign
from relay.money.act.effects import Outcome
from relay.money.books import Books
from relay.money.decide.movement import Fee, Movement

log = logging.getLogger(__name__)

Item = TypeVar("Item")


def recover_open(books: Books) -> list[RelayError]:
    """Finish every open movement as far as the evidence goes, and return what stood in the way."""
    problems: list[RelayError] = []
    if not books.ledger.open_movements():
        return problems
    try:
        plan = fees_plan.fees_plan(books.officernd, books.settings, create=False)
        stop = foreign.lost_ledger(books, plan) if plan is not None else None
    except RelayError as error:
        return [error]
    if stop is not None:  # an old copy of the ledger remembers as open what was long finished
        return [stop]
    uncertain = [fee for fee in books.ledger.open_fees() if fee.state in ("sent", "in_doubt") or fee.lost]
    _each(problems, uncertain, lambda fee: _recover_fee(books, fee))
    ready = [movement for movement in books.ledger.open_movements() if not movement.waits_for_fee]
    _each(problems, ready, lambda movement: _recover_adjustment(books, movement))
    return problems


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


def _recover_fee(books: Books, fee: Fee) -> Outcome:
    _wait_until_settled(books, fee.sent_at)
    return effects.settle_fee_by_look_up(books, fee, effects.look_up_fee(books, fee))


def _recover_adjustment(books: Books, movement: Movement) -> Outcome | None:
    uncertain = movement.state in ("sent", "in_doubt") or movement.lost
    if uncertain:
        _wait_until_settled(books, movement.sent_at)
        username = books.username_of(movement.member_id, movement.username)
        try:
            verdict, now = effects.judge(books, movement, username)
        except NotFound:
            _account_gone(books, movement, username)
            return None
        if effects.settle_adjustment_by_verdict(books, movement, verdict, now) != "failed":
            return None
    elif movement.kind == "fee" and not movement.by_word and _debt_is_gone(books, movement):
        return None
    outcome = effects.adjust(books, movement)
    if outcome == "posted":
        effects.verify(books, movement)
    return outcome


def _debt_is_gone(books: Books, movement: Movement) -> bool:
    """Park an adjustment whose debt is no longer on the balance: paid, or adjusted by a run this ledger never saw."""
    username = books.username_of(movement.member_id, movement.username)
    try:
        now = books.read_one(username)
    except NotFound:
        return False  # the adjustment itself says what to do about that
    if -now.balance >= movement.amount:
        return False
    money = f"{amounts.text(movement.amount, movement.currency)} {movement.currency}"
    note = (
        f"The fee over {money} stands in OfficeRnD, but {username} owes only "
        f"{amounts.text(max(0, -now.balance), movement.currency)} now: was the balance adjusted already, or paid? Look "
        f"for {movement.reference} in this account's transactions in PaperCut. "
        f"{effects.resolve_command(movement.reference)}"
    )
    detail = {"balance": now.balance, "jobs": now.jobs}
    with books.ledger.write() as connection:
        books.ledger.step_movement(connection, movement.reference, "in_doubt", "judged", detail, note=note)
    return True


def _account_gone(books: Books, movement: Movement, username: str) -> None:
    note = (
        f"PaperCut has no account {username} any more, so whether this adjustment is there cannot be seen. If there is "
        f'nothing left to do: papercut-relay resolve {movement.reference} --as posted --reason "...".'
    )
    with books.ledger.write() as connection:
        if movement.state == "in_doubt":
            books.ledger.note(connection, movement, "judged", note, {"account": "gone"})
        else:
            books.ledger.step_movement(
                connection, movement.reference, "in_doubt", "judged", {"account": "gone"}, note=note
            )


def _wait_until_settled(books: Books, sent_at: datetime | None) -> None:
    """Wait until a request sent at `sent_at` by a run that is no more can be judged dead."""
    if sent_at is None:
        return
    settled_at = sent_at + timedelta(seconds=books.settings.safety.settling_s)
    rest = (settled_at - books.clock.now()).total_seconds()
    if rest > 0:
        books.clock.sleep(min(rest, books.settings.safety.settling_s))
