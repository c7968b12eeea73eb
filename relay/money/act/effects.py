"""The two remote writes, each between two commits, with what to do about every way they can go wrong.

A fee is posted, then the balance adjusted by a relative amount, then read back. A lost answer is looked up after the
settling time; whatever that does not decide is parked. Nothing is ever sent a second time in the run that lost its
answer: the next run looks again first. Who is billed, and how much, was decided before.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Literal

from relay import amounts
from relay.accounts import is_shared
from relay.errors import AuthFailed, NotFound, NotSent, OutcomeUnknown, RateLimited, Refused, RelayError
from relay.money.books import Books
from relay.money.decide import wording
from relay.money.decide.evidence import ROUNDING, FeeMatch, Reading, Verdict, judge_adjustment, match_fee
from relay.money.decide.movement import Fee, Movement
from relay.officernd.model import NewFee

log = logging.getLogger(__name__)

# "unreachable": certainly not there, and trying the next one is pointless; the others are the ledger's own words.
Outcome = Literal["posted", "failed", "in_doubt", "unreachable"]

RATE_LIMIT_TRIES = 3
RATE_LIMIT_WAIT_S = 65.0  # OfficeRnD counts by the minute


def post_fee(books: Books, fee: Fee) -> Outcome:
    """Create one planned or failed fee in OfficeRnD, and return how that ended; the ledger knows it too."""
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
    with ledger.write() as connection:
        ledger.step_fee(connection, reference, "sent", "sent", sent_at=books.clock.now(), note="", lost=False)
    try:
        fee_id = _create_fee(books, new, reference)
    except OutcomeUnknown as error:
        return _after_lost_fee(books, fee, error)
    except (NotSent, RateLimited, AuthFailed) as error:
        note = f"{error.message} The fee was not made; the next settle tries again."
        with ledger.write() as connection:
            ledger.step_fee(connection, reference, "failed", "not_sent", {"error": error.message}, note=note)
        return "unreachable"
    except Refused as error:
        note = f"{error.message} Nothing was billed; correct that in OfficeRnD, the next settle tries again."
        with ledger.write() as connection:
            ledger.step_fee(connection, reference, "failed", "refused", {"error": error.message}, note=note)
        return "failed"
    with ledger.write() as connection:
        ledger.step_fee(connection, reference, "posted", "answered", {"fee_id": fee_id}, fee_id=fee_id)
    log.info("fee %s posted as %s", reference, fee_id)
    return "posted"


def _create_fee(books: Books, new: NewFee, reference: str) -> str:
    """Create a fee, waiting while OfficeRnD says that there were too many; that answer means that nothing happened."""
    for _ in range(RATE_LIMIT_TRIES):
        try:
            return books.officernd.create_fee(new, reference)
        except RateLimited as error:
            books.clock.sleep(min(max(error.retry_after_s, 1.0), RATE_LIMIT_WAIT_S))
    return books.officernd.create_fee(new, reference)


def look_up_fee(books: Books, fee: Fee) -> FeeMatch:
    """Return whether a fee is in OfficeRnD: all fees of its payer are read, whatever they are called or dated now."""
    payer = {"member": fee.member_id} if fee.member_id else {"company": fee.company_id}
    candidates = books.officernd.fees(**payer)
    known = books.ledger.known_fee_ids(candidate.id for candidate in candidates)
    match = match_fee(fee, candidates, known)
    if match.verdict == "absent":
        # Staff may have moved it to another payer; then the plan and the time around it still show it.
        around = timedelta(days=31)
        moved = books.officernd.fees(
            plan=fee.plan_id, issued_from=fee.issue_date - around, issued_to=fee.issue_date + around
        )
        found = match_fee(fee, moved, known)
        match = found if found.verdict == "there" else match
    return match


def settle_fee_by_look_up(books: Books, fee: Fee, match: FeeMatch) -> Outcome:
    """Write into the ledger what a look-up said about a fee whose effect was not certain."""
    ledger, reference = books.ledger, fee.reference
    detail = {"verdict": match.verdict, "fee_id": match.fee_id, "reason": match.reason}
    parts = ledger.of_fee(reference)
    with ledger.write() as connection:
        if match.verdict == "there":
            ledger.step_fee(connection, reference, "posted", "found", detail, fee_id=match.fee_id, note="", lost=False)
            return "posted"
        if match.verdict == "unknown":
            note = f"Is this fee in OfficeRnD? {match.reason}. {resolve_command(reference)}"
            if fee.state == "in_doubt":
                for movement in parts:
                    ledger.note(connection, movement, "looked_up", note, detail)
            else:
                ledger.step_fee(connection, reference, "in_doubt", "looked_up", detail, note=note)
            return "in_doubt"
        ledger.step_fee(connection, reference, "planned", "absent", detail, note="", lost=False)
        return "failed"


def _after_lost_fee(books: Books, fee: Fee, error: OutcomeUnknown) -> Outcome:
    with books.ledger.write() as connection:
        books.ledger.evidence(connection, fee.reference, "lost", {"error": error.message})
    books.clock.sleep(books.settings.safety.settling_s)
    try:
        match = look_up_fee(books, fee)
    except RelayError as unreadable:
        return _fee_not_looked_up(books, fee, unreadable)
    if match.verdict != "absent":
        return settle_fee_by_look_up(books, fee, match)
    note = (
        "The answer to this fee was lost and it is not in OfficeRnD, so nothing was billed; the next settle looks "
        "again and then sends it once."
    )
    with books.ledger.write() as connection:
        books.ledger.step_fee(connection, fee.reference, "failed", "absent", {}, note=note, lost=True)
    return "failed"


def _fee_not_looked_up(books: Books, fee: Fee, error: RelayError) -> Outcome:
    note = (
        f"The answer to this fee was lost and it could not be looked up ({error.message}) The next settle looks again. "
        f"{resolve_command(fee.reference)}"
    )
    with books.ledger.write() as connection:
        books.ledger.step_fee(connection, fee.reference, "in_doubt", "lost", {"error": error.message}, note=note)
    return "in_doubt"


def adjust(books: Books, movement: Movement) -> Outcome:
    """Add a movement's amount to the balance, once, and return how that ended; the ledger knows it too."""
    ledger, reference = books.ledger, movement.reference
    username = books.username_of(movement.member_id, movement.username)
    try:
        before = books.read_one(username)
    except NotFound:
        again = 'papercut-relay link COMPANY "account:NEW NAME"' if is_shared(username) else "papercut-relay sync"
        note = (
            f"PaperCut has no account {username} any more, so {_money(books, movement)} cannot be added. If it was "
            f"renamed: {again}; if nothing is left to do: papercut-relay resolve {reference} --as posted "
            "--reason TEXT."
        )
        _adjustment_failed(books, movement, "refused", note)
        return "failed"
    except RelayError as error:
        _adjustment_failed(books, movement, "not_sent", f"{error.message} {_what_stands(movement)}")
        return "unreachable"
    with ledger.write() as connection:
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
            note="",
            lost=False,
        )
    comment = wording.comment(movement)
    try:
        if movement.amount < 0 and movement.kind in ("credit", "top_up"):
            if not books.papercut.adjust_balance_if_available(username, movement.amount, comment):
                return _not_available(books, movement)
        else:
            books.add(username, movement.amount, comment)
    except OutcomeUnknown as error:
        return _after_lost_adjustment(books, movement, username, before, error)
    except NotSent as error:
        _adjustment_failed(books, movement, "not_sent", f"{error.message} {_what_stands(movement)}")
        return "unreachable"
    except Refused as error:
        _adjustment_failed(books, movement, "refused", f"{error.message} {_what_stands(movement)}")
        return "unreachable" if isinstance(error, AuthFailed) else "failed"
    with ledger.write() as connection:
        ledger.step_movement(connection, reference, "posted", "answered")
    log.info("adjustment %s posted for %s", reference, username)
    return "posted"


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
    currency = books.currency
    wrong = (
        f"{stored.username} has {amounts.text(after.balance, currency)} after an adjustment that should have left "
        f"{amounts.text(expected, currency)} {currency}: look at this account's transactions in PaperCut."
    )
    with books.ledger.write() as connection:
        books.ledger.note(connection, stored, "verified", wrong, detail)
    return wrong


def judge(books: Books, movement: Movement, username: str) -> tuple[Verdict, Reading]:
    """Return whether an adjustment that was sent is there, and the reading that was compared."""
    now = books.read_one(username)
    before = None
    if movement.balance_before is not None and movement.jobs_before is not None:
        before = Reading(movement.balance_before, movement.jobs_before)
    costs = None
    if before is not None and movement.sent_at is not None and now.jobs > before.jobs:
        costs = books.jobs.costs(username, movement.sent_at, books.clock.now(), now.jobs - before.jobs)
    logged = books.jobs.logged(movement.reference)
    return judge_adjustment(before, now, movement.amount, costs=costs, logged=logged), now


def settle_adjustment_by_verdict(books: Books, movement: Movement, verdict: Verdict, now: Reading) -> Outcome:
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
        ledger.step_movement(connection, reference, "planned", "absent", detail, note="", lost=False)
        return "failed"


def _after_lost_adjustment(
    books: Books, movement: Movement, username: str, before: Reading, error: OutcomeUnknown
) -> Outcome:
    ledger, reference = books.ledger, movement.reference
    with ledger.write() as connection:
        ledger.evidence(connection, reference, "lost", {"error": error.message})
    books.clock.sleep(books.settings.safety.settling_s)
    sent = ledger.movement(reference)
    try:
        verdict, now = judge(books, sent, username)
    except RelayError as unreadable:
        note = (
            f"The answer to this adjustment was lost and {username} could not be read ({unreadable.message}) The next "
            f"settle looks again. {resolve_command(reference)}"
        )
        with ledger.write() as connection:
            ledger.step_movement(connection, reference, "in_doubt", "lost", {"error": unreadable.message}, note=note)
        return "in_doubt"
    if verdict != "absent":
        return settle_adjustment_by_verdict(books, sent, verdict, now)
    note = f"The answer to this adjustment was lost and it is not there. {_what_stands(movement)}"
    with ledger.write() as connection:
        ledger.step_movement(connection, reference, "failed", "absent", {"balance": now.balance}, note=note, lost=True)
    return "failed"


def _not_available(books: Books, movement: Movement) -> Outcome:
    """Close a movement that takes money which is no longer there: PaperCut did nothing, so there is nothing to bill."""
    note = f"{movement.username} no longer has {_money(books, movement)}, so nothing was taken and nothing is credited."
    with books.ledger.write() as connection:
        books.ledger.step_movement(connection, movement.reference, "failed", "not_available", {}, note=note)
        books.ledger.step_movement(connection, movement.reference, "withdrawn", "withdrawn")
    return "failed"


def _adjustment_failed(books: Books, movement: Movement, event: str, note: str) -> None:
    """Record that an adjustment certainly did not happen; one that was not even begun keeps its state."""
    ledger = books.ledger
    begun = ledger.movement(movement.reference).state == "sent"
    with ledger.write() as connection:
        if begun:
            ledger.step_movement(connection, movement.reference, "failed", event, {"note": note}, note=note)
        else:
            ledger.note(connection, movement, event, note, {"note": note})


def _what_stands(movement: Movement) -> str:
    """Return what is true now that an adjustment was not made, and what happens next."""
    if movement.kind == "fee":
        return "The fee stands in OfficeRnD, the balance is not adjusted yet; the next settle does it."
    return "The balance is not adjusted; the next run tries again."


def _doubt(books: Books, movement: Movement, now: Reading) -> str:
    before = movement.balance_before
    held = (
        f"{amounts.text(before, books.currency)} and {movement.jobs_before} jobs" if before is not None else "not known"
    )
    stands = "Its fee stands in OfficeRnD. " if movement.kind == "fee" else ""
    return (
        f"Was {_money(books, movement)} added to {movement.username}? Before: {held}; now: "
        f"{amounts.text(now.balance, books.currency)} and {now.jobs} jobs. {stands}Look for {movement.reference} in "
        f"this account's transactions in PaperCut. {resolve_command(movement.reference)}"
    )


def resolve_command(reference: str) -> str:
    return f'Then: papercut-relay resolve {reference} --as posted --reason "..." (or --as not-sent).'


def _money(books: Books, movement: Movement) -> str:
    return f"{amounts.text(movement.amount, books.currency)} {books.currency}"
