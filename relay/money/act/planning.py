"""Turning a decision into rows of the ledger: fees and movements with references, stored before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from relay.accounts import LinkedAccount
from relay.config import Settings
from relay.money.books import Books
from relay.money.decide import reference, wording
from relay.money.decide.bill import Bill, Decision
from relay.money.decide.movement import Fee, Kind, Movement
from relay.money.ledger import tables
from relay.money.ledger.store import open_of
from relay.officernd.model import Plan


def plan_fees(books: Books, bills: Sequence[Bill], retried: Sequence[Fee], plan: Plan | None) -> list[str]:
    """Store every fee before the first is sent, and return their references in the order to send them.

    A fee that an earlier settle could not post is sent as it stands if that is exactly what is owed now; else it is
    withdrawn, which is safe because it is certainly not there, and a new one takes its place.
    """
    ledger = books.ledger
    earlier = {fee.reference: (fee, ledger.of_fee(fee.reference)) for fee in retried}
    still_open = open_of([movement for movement in ledger.open_movements() if movement.fee_reference not in earlier])
    numbers = ledger.sequences(tables.fees.c.subject_id, books.business_day())
    references: list[str] = []
    new: list[tuple[Fee, list[Movement]]] = []
    for bill in bills:
        if any(share.person.member_id in still_open for share in bill.shares):
            continue  # its forgiveness did not come through; next time
        assert plan is not None
        fee, movements = new_fee(books, bill, plan, numbers[bill.subject_id] + 1)
        same = next((name for name, (old, parts) in earlier.items() if _same(old, parts, fee, movements)), None)
        if same is not None:
            earlier.pop(same)
            references.append(same)
        else:
            numbers[bill.subject_id] += 1
            new.append((fee, movements))
            references.append(fee.reference)
    if not earlier and not new:
        return references
    with ledger.write() as connection:
        for old, parts in earlier.values():
            ledger.withdraw(connection, old, parts)
        for fee, movements in new:
            ledger.add_fee(connection, fee)
            for movement in movements:
                ledger.add_movement(connection, movement)
    return references


def new_fee(books: Books, bill: Bill, plan: Plan, sequence: int) -> tuple[Fee, list[Movement]]:
    """Return the fee of a bill with its movements, not yet stored."""
    day = books.business_day()
    name = reference.make("fee", books.name, bill.subject_id, day, sequence)
    settings = books.settings.fees
    fee = Fee(
        reference=name,
        business_day=day,
        sequence=sequence,
        member_id=bill.member_id,
        company_id=bill.company_id,
        is_personal=bill.is_personal,
        plan_id=plan.id,
        location_id=books.settings.officernd.location,
        name=wording.fee_name(
            bill, name, day, settings.detail, bill.shares[0].person.company_name, _jobs_told(books, bill)
        ),
        price=bill.amount,
        currency=books.currency,
        issue_date=issue_date(books.settings, day),
        use_coins=settings.use_coins,
    )
    return fee, list(_movements(books, bill, name, day, sequence))


def new_movement(
    books: Books, person: LinkedAccount, kind: Kind, amount: int, numbers: Mapping[str, int], period: str | None = None
) -> Movement:
    """Return a planned movement without a fee, not yet stored; `numbers` are the day's last ones of this kind."""
    day = books.business_day()
    sequence = numbers[person.member_id] + 1
    return Movement(
        reference=reference.make(kind, books.name, person.member_id, day, sequence),
        kind=kind,
        member_id=person.member_id,
        username=person.username,
        company_id=person.company_id,
        amount=amount,
        currency=books.currency,
        business_day=day,
        sequence=sequence,
        period=period,
    )


def shown(books: Books, decision: Decision, plan: Plan | None) -> Iterator[Movement]:
    """Yield what would be done, with the references it would get; nothing of it is stored."""
    day = books.business_day()
    given = books.ledger.sequences(tables.movements.c.member_id, day, "forgiveness")
    for share in decision.forgivenesses:
        yield new_movement(books, share.person, "forgiveness", share.amount, given)
    numbers = books.ledger.sequences(tables.fees.c.subject_id, day)
    for bill in decision.bills:
        sequence = numbers[bill.subject_id] = numbers[bill.subject_id] + 1
        name = reference.make("fee", books.name, bill.subject_id, day, sequence)
        note = "" if plan is not None else f"The plan {books.settings.fees.plan!r} does not exist yet."
        for movement in _movements(books, bill, name, day, sequence):
            yield replace(movement, note=note)


def issue_date(settings: Settings, day: date) -> date:
    return day - timedelta(days=1) if settings.fees.issue_date == "previous_day" else day


def _movements(books: Books, bill: Bill, fee_reference: str, day: date, sequence: int) -> Iterator[Movement]:
    for ordinal, share in enumerate(bill.shares, start=1):
        yield Movement(
            reference=fee_reference if bill.member_id else reference.part(fee_reference, ordinal),
            kind="fee",
            member_id=share.person.member_id,
            username=share.person.username,
            company_id=share.person.company_id,
            amount=share.amount,
            currency=books.currency,
            business_day=day,
            sequence=sequence,
            fee_reference=fee_reference,
            fee_state="planned",
        )


def _jobs_told(books: Books, bill: Bill) -> str:
    share = bill.only
    if books.settings.fees.detail == "none" or share is None:
        return ""
    assert share.since is not None
    return books.jobs.told(share.person.username, share.since, books.clock.now()) or ""


def _same(old: Fee, old_parts: Sequence[Movement], new: Fee, new_parts: Sequence[Movement]) -> bool:
    """Return whether a fee planned earlier is exactly what would be planned now, its name and number aside."""

    def content(fee: Fee) -> Fee:
        return replace(
            fee, reference="", business_day=date.min, sequence=0, name="", state="planned", sent_at=None, note=""
        )

    shares = [[(part.member_id, part.amount) for part in parts] for parts in (old_parts, new_parts)]
    return content(old) == content(new) and shares[0] == shares[1]
