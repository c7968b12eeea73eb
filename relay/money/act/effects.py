"""The two remote writes, each between two commits; whatever is no plain success is judged by what the other side shows.

A fee is posted, then the balance adjusted by a relative amount, then both are read back. An answer other than a plain
success says nothing certain, and neither does silence: once the request is over, OfficeRnD's counted list decides
about a fee, balance and counter about an adjustment. What they do not decide is parked. Nothing is sent a second time
before that, and each sending needs a permit of the guard.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from threading import Event
from typing import Literal

from relay import amounts
from relay.errors import AuthFailed, NotSent, OutcomeUnknown, RateLimited, RelayError, RemoteError
from relay.money.act import deadline, fee_list, readings
from relay.money.act.guard import Guard, Permit
from relay.money.books import Books, Wrong, first_alone
from relay.money.decide import wording
from relay.money.decide.evidence import ROUNDING, FeeMatch, Reading, Verdict, judge_adjustment
from relay.money.decide.movement import Fee, Movement
from relay.money.decide.wallet import Wallet
from relay.officernd.model import NewFee

log = logging.getLogger(__name__)

# "unreachable": certainly not there, and trying the next one is pointless. "open": sent, to be judged by the list.
# "again": proved absent after "too many requests"; may be sent once more, with a new permit.
Outcome = Literal["posted", "failed", "in_doubt", "unreachable", "open", "again"]

RATE_LIMIT_TRIES = 3
RATE_LIMIT_WAIT_S = 65.0  # OfficeRnD counts by the minute


# -- fees ------------------------------------------------------------------------------------------------------------


def post_fee(books: Books, fee: Fee, permit: Permit) -> Outcome:
    """Create one planned or failed fee in OfficeRnD, and return how that ended; the ledger knows it too."""
    permit.use(fee.reference)
    ledger, reference = books.ledger, fee.reference
    with ledger.write() as connection:
        for booked in permit.read.values():
            readings.store_one(books, connection, booked)
        ledger.step_fee(connection, reference, "sent", "sent", sent_at=books.clock.now(), note="")
    outcome, error = _create_fee(books, fee)
    if not isinstance(error, RateLimited):
        return outcome
    books.clock.sleep(min(max(error.retry_after_s, 1.0), RATE_LIMIT_WAIT_S))
    # "Too many requests" is an answer like any other: only the list says that nothing was made.
    outcome = judge_fees(books, [ledger.fee(reference)])[0]
    return "again" if outcome == "failed" else outcome


def _create_fee(books: Books, fee: Fee) -> tuple[Outcome, RemoteError | None]:
    """Send one fee once; return what became of it, and the error where the answer was no plain success."""
    ledger, reference = books.ledger, fee.reference
    new = NewFee(
        name=fee.name,
        issue_date=fee.issue_date,
        location=fee.location_id,
        plan=fee.plan_id,
        price=amounts.to_decimal(fee.price),
        member=fee.member_id,
        company=fee.company_id,
        is_personal=fee.is_personal,
        use_coins=fee.use_coins,
    )
    books.sent_s[reference] = books.clock.monotonic_s()
    try:
        fee_id = books.officernd.create_fee(new)
    except NotSent as error:
        note = f"{error.message} The fee was not made; the next settle tries again."
        with ledger.write() as connection:
            ledger.step_fee(connection, reference, "failed", "not_sent", {"error": error.message}, note=note)
        return "unreachable", error
    except RemoteError as error:
        lost = isinstance(error, OutcomeUnknown)
        with ledger.write() as connection:
            ledger.answer_fee(connection, reference, error.message, lost=lost)
        if not lost:
            books.sent_s.pop(reference)  # an answered request is over at once
        return "open", error
    with ledger.write() as connection:
        ledger.step_fee(connection, reference, "posted", "answered", {"fee_id": fee_id}, fee_id=fee_id, lost=False)
    log.info("fee %s posted as %s", reference, fee_id)
    return "posted", None


def judge_fees(books: Books, fees: Sequence[Fee]) -> list[Outcome]:
    """Bring fees whose answer was no plain success to truth, all by one counted list, once their requests are over.

    Returns the outcome of each, in order.
    """
    if not fees:
        return []
    deadline.wait_for_fees(books, [fee.reference for fee in fees if fee.state == "sent" and fee.lost])
    try:
        found = fee_list.read(books, fees[0].plan_id, fees)
    except RelayError as error:
        return [not_looked_up(books, fee, error) for fee in fees]
    return [settle_fee(books, fee, found) for fee in fees]


def settle_fee(books: Books, fee: Fee, found: fee_list.FeeList) -> Outcome:
    """Write into the ledger what a counted list says about one fee whose effect was not certain."""
    try:
        match = found.look_up(fee)
    except RelayError as error:
        return not_looked_up(books, fee, error)
    return settle_fee_by_match(books, fee, match)


def settle_fee_by_match(books: Books, fee: Fee, match: FeeMatch) -> Outcome:
    ledger, reference = books.ledger, fee.reference
    detail = {"verdict": match.verdict, "fee_id": match.fee_id, "reason": match.reason}
    with ledger.write() as connection:
        if match.verdict == "there":
            ledger.step_fee(connection, reference, "posted", "found", detail, fee_id=match.fee_id, note="", lost=False)
            return "posted"
        if match.verdict == "unknown":
            note = f"Is this fee in OfficeRnD? {match.reason}."
            if fee.state == "in_doubt":
                ledger.note_fee(connection, reference, "looked_up", note, detail)
            else:
                ledger.step_fee(connection, reference, "in_doubt", "looked_up", detail, note=note)
            return "in_doubt"
        if fee.state in ("planned", "failed"):
            return "failed"  # looked for before a second sending, and still not there
        said = f"{fee.note} " if fee.note else ""
        note = f"{said}It is not in OfficeRnD, so nothing was billed; the next settle tries again."
        ledger.step_fee(connection, reference, "failed", "absent", detail, note=note)
        return "failed"


def not_looked_up(books: Books, fee: Fee, error: RelayError) -> Outcome:
    note = f"Whether this fee is in OfficeRnD could not be looked up ({error.message}) The next settle looks again."
    with books.ledger.write() as connection:
        if fee.state == "sent":
            books.ledger.step_fee(
                connection, fee.reference, "in_doubt", "not_looked_up", {"error": error.message}, note=note
            )
        else:
            books.ledger.note_fee(connection, fee.reference, "not_looked_up", note, {"error": error.message})
    return "in_doubt"


# -- adjustments -----------------------------------------------------------------------------------------------------


def make_adjustment(books: Books, guard: Guard, movement: Movement) -> Outcome:
    """Ask for a permit, make one adjustment, read it back, and return how that ended; the ledger knows it too."""
    try:
        permit = guard.permit(movement.reference, [movement])
    except RelayError as error:
        _note(books, movement, "not_sent", f"{error.message} {_what_stands(movement)}")
        return "unreachable"
    if not isinstance(permit, Permit):
        note = permit.note
        if permit.is_gone:
            note = f"{permit.note} If nothing is left to do, say that {movement.reference} is posted."
        _note(books, movement, "withheld", note)
        return "unreachable" if permit.is_stopped else "failed"
    if not _is_still_there(movement, permit.read[movement.member_id].wallet):
        note = f"Less than {_money(books, movement)} is left of what this was to move, so nothing was moved."
        with books.ledger.write() as connection:
            books.ledger.step_movement(connection, movement.reference, "withdrawn", "void", {"note": note}, note=note)
        return "failed"
    return adjust(books, movement, permit)


def adjust_all(books: Books, guard: Guard, movements: Sequence[Movement], title: str) -> Wrong:
    """Make and verify adjustments, the first alone, then several at once; stop when PaperCut no longer answers."""
    by_reference = {movement.reference: movement for movement in movements}
    pointless = Event()

    def one(name: str) -> str | None:
        if pointless.is_set():
            return None
        outcome = make_adjustment(books, guard, by_reference[name])
        if outcome == "unreachable":
            pointless.set()
        return verify(books, by_reference[name]) if outcome == "posted" else None

    return first_alone(books, one, list(by_reference), title)


def _is_still_there(movement: Movement, wallet: Wallet) -> bool:
    """Return whether what a forgiveness, or a take-back, names is still there; a word never moves more than that."""
    if movement.balance_before is not None:
        return True  # it was sent: the evidence is judged first
    buckets = wallet.buckets
    if movement.kind == "forgiveness":
        return -int(getattr(buckets, movement.bucket or "opening")) >= movement.amount
    if movement.kind == "included":
        return -buckets.owed >= movement.amount
    if movement.kind == "top_up" and movement.amount < 0:
        return buckets.allowance >= -movement.amount
    return True


def adjust(books: Books, movement: Movement, permit: Permit) -> Outcome:
    """Make one planned or failed adjustment in PaperCut, and return how that ended; the ledger knows it too."""
    permit.use(movement.reference)
    ledger, reference = books.ledger, movement.reference
    booked = permit.read[movement.member_id]
    username, before = booked.account.username, booked.reading
    if movement.balance_before is not None:  # it was sent before: the evidence is judged once more
        verdict = judge(books, movement, username, before)
        if verdict == "there" and movement.state == "failed" and not books.jobs.logged(reference):
            # It was proved absent: the same sum from elsewhere, or a late effect. Two witnesses disagree.
            with ledger.write() as connection:
                note = _doubt(books, movement, before)
                ledger.step_movement(
                    connection, reference, "in_doubt", "judged", note=note, balance_before=None, jobs_before=None
                )
            return "in_doubt"
        if verdict != "absent":
            return settle_adjustment(books, movement, verdict, before)
    with ledger.write() as connection:
        readings.store_one(books, connection, booked)
        ledger.step_movement(
            connection,
            reference,
            "sent",
            "sent",
            {"username": username, "balance": before.balance, "jobs": before.jobs},
            username=username,
            sent_at=books.clock.now(),
            balance_before=before.balance,
            jobs_before=before.jobs,
            witness=ledger.witness,
            note="",
        )
    books.sent_s[reference] = books.clock.monotonic_s()
    try:
        is_done = _send(books, movement, username)
    except NotSent as error:
        note = f"{error.message} {_what_stands(movement)}"
        # Certainly never there: there is no evidence to judge, unless an earlier request for it had no answer.
        gone = {} if movement.lost else {"balance_before": None, "jobs_before": None}
        with ledger.write() as connection:
            ledger.step_movement(connection, reference, "failed", "not_sent", {"note": note}, note=note, **gone)
        return "unreachable"
    except RemoteError as error:
        return _after_bad_answer(books, ledger.movement(reference), error)
    if not is_done:
        return _not_available(books, ledger.movement(reference))
    with ledger.write() as connection:
        ledger.step_movement(connection, reference, "posted", "answered", lost=False)
    log.info("adjustment %s posted for %s", reference, username)
    return "posted"


def _send(books: Books, movement: Movement, username: str) -> bool:
    """Send one adjustment once, and return whether PaperCut did it; what takes money back takes only what is there."""
    comment = wording.comment(movement)
    if movement.amount < 0 and movement.kind in ("credit", "top_up"):
        return books.papercut.adjust_balance_if_available(username, movement.amount, comment)
    books.add(username, movement.amount, comment)
    return True


def verify(books: Books, movement: Movement) -> str | None:
    """Read a posted adjustment back and return what is wrong with it: "" for nothing, None where it cannot be said.

    With a job in between nothing can be said, and nothing is wrong: its cost stays for the next settle.
    """
    stored = books.ledger.movement(movement.reference)
    if stored.balance_before is None:
        return None
    try:
        after = books.read_one(stored.username)
    except RelayError:
        return None  # it is posted by PaperCut's own word; the next settle reads the balance anyway
    expected = stored.balance_before + stored.amount
    detail = {"balance": after.balance, "jobs": after.jobs, "expected": expected}
    if after.jobs != stored.jobs_before or abs(after.balance - expected) <= ROUNDING:
        books.ledger.remember(stored.reference, "verified", detail)
        return "" if after.jobs == stored.jobs_before else None
    has, meant = (amounts.with_currency(micros, books.currency) for micros in (after.balance, expected))
    wrong = (
        f"{stored.username} has {has} after an adjustment that should have left {meant}: look at this account's "
        "transactions in PaperCut."
    )
    with books.ledger.write() as connection:
        books.ledger.note(connection, stored, "verified", wrong, detail)
    return wrong


def judge(books: Books, movement: Movement, username: str, now: Reading) -> Verdict:
    """Return whether an adjustment that was sent is there, given a reading taken now."""
    before = None
    if movement.balance_before is not None and movement.jobs_before is not None:
        before = Reading(movement.balance_before, movement.jobs_before)
    known = None
    if before is not None and movement.sent_at is not None and now.jobs > before.jobs:
        known = books.jobs.known(username, movement.sent_at, books.clock.now(), now.jobs - before.jobs)
    return judge_adjustment(before, now, movement.amount, known, books.jobs.logged(movement.reference))


def settle_adjustment(books: Books, movement: Movement, verdict: Verdict, now: Reading) -> Outcome:
    """Write into the ledger what the evidence says about an adjustment whose effect was not certain."""
    ledger, reference = books.ledger, movement.reference
    detail = {"verdict": verdict, "balance": now.balance, "jobs": now.jobs}
    with ledger.write() as connection:
        if verdict == "there":
            ledger.step_movement(connection, reference, "posted", "judged", detail, note="", lost=False)
            return "posted"
        if verdict == "unknown":
            note = _doubt(books, movement, now)
            if movement.state == "in_doubt":
                ledger.note(connection, movement, "judged", note, detail)
            else:
                ledger.step_movement(connection, reference, "in_doubt", "judged", detail, note=note)
            return "in_doubt"
        said = f"{movement.note} " if movement.note and movement.state == "sent" else ""
        note = f"{said}It is not on the balance. {_what_stands(movement)}"
        ledger.step_movement(connection, reference, "failed", "absent", detail, note=note)
        return "failed"


def judge_adjustment_sent(books: Books, movement: Movement, username: str) -> Outcome:
    """Bring one adjustment whose answer was no plain success to truth, once its request is over. Raises NotFound."""
    if movement.lost and movement.state == "sent":
        deadline.wait_for_adjustments(books, [movement.reference])
    now = books.read_one(username)
    return settle_adjustment(books, movement, judge(books, movement, username, now), now)


def _after_bad_answer(books: Books, movement: Movement, error: RemoteError) -> Outcome:
    ledger, reference = books.ledger, movement.reference
    lost = isinstance(error, OutcomeUnknown)
    with ledger.write() as connection:
        ledger.answer_movement(connection, movement, error.message, lost=lost)
    sent = ledger.movement(reference)
    try:
        outcome = judge_adjustment_sent(books, sent, sent.username)
    except RelayError as unreadable:
        note = (
            f"The answer to this adjustment was no success ({error.message}) and {sent.username} could not be read "
            f"({unreadable.message}) The next settle looks again."
        )
        park(books, sent, "lost", note)
        return "in_doubt"
    return "unreachable" if outcome == "failed" and isinstance(error, AuthFailed) else outcome


def _not_available(books: Books, movement: Movement) -> Outcome:
    """Close a movement that takes money which is no longer there, once the balance shows that PaperCut did nothing."""
    try:
        outcome = judge_adjustment_sent(books, movement, movement.username)
    except RelayError as error:
        park(books, movement, "lost", error.message)
        return "in_doubt"
    if outcome == "failed":
        money = _money(books, movement)
        note = f"{movement.username} no longer has {money}, so nothing was taken and nothing is credited."
        with books.ledger.write() as connection:
            books.ledger.step_movement(connection, movement.reference, "withdrawn", "not_available", {}, note=note)
    return outcome


def account_is_gone(books: Books, movement: Movement) -> None:
    """Park an adjustment of which nothing can be seen, since PaperCut has no such account any more."""
    note = (
        f"PaperCut has no account {movement.username} any more, so whether this adjustment is there cannot be seen. If "
        "there is nothing left to do, say that it is posted."
    )
    park(books, movement, "judged", note)


def park(books: Books, movement: Movement, event: str, note: str) -> None:
    """Put an adjustment in doubt, or note why it still is."""
    if movement.state == "in_doubt":
        _note(books, movement, event, note)
        return
    with books.ledger.write() as connection:
        books.ledger.step_movement(connection, movement.reference, "in_doubt", event, {"note": note}, note=note)


def _note(books: Books, movement: Movement, event: str, note: str) -> None:
    with books.ledger.write() as connection:
        books.ledger.note(connection, movement, event, note, {"note": note})


def _what_stands(movement: Movement) -> str:
    """Return what is true now that an adjustment was not made, and what happens next."""
    if movement.kind == "fee":
        return "The fee stands in OfficeRnD, the balance is not adjusted yet; the next settle does it."
    return "The balance is not adjusted; the next run tries again."


def _doubt(books: Books, movement: Movement, now: Reading) -> str:
    before = movement.balance_before
    held = "not known"
    if before is not None:
        held = f"{amounts.with_currency(before, books.currency)} and {movement.jobs_before} jobs"
    has = amounts.with_currency(now.balance, books.currency)
    stands = "Its fee stands in OfficeRnD. " if movement.kind == "fee" else ""
    return (
        f"Was {_money(books, movement)} added to {movement.username}? Before: {held}; now: {has} and {now.jobs} jobs. "
        f"{stands}Look for {movement.reference} in this account's transactions in PaperCut."
    )


def _money(books: Books, movement: Movement) -> str:
    return amounts.with_currency(movement.amount, books.currency)
