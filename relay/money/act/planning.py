"""Turning a decision into rows of the ledger: fees and movements with references, stored before anything is sent."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy import Connection

from relay.accounts import LinkedAccount
from relay.config import Settings
from relay.language import lazy
from relay.money.books import Books
from relay.money.decide import reference, wording
from relay.money.decide.bill import Bill
from relay.money.decide.movement import Fee, Kind, Movement
from relay.money.ledger import holds
from relay.money.ledger.store import open_of
from relay.officernd.model import Plan


@dataclass(frozen=True, slots=True)
class Planned:
    """A fee with its movements, and the words that let each share go, by member id; not yet stored."""

    fee: Fee
    movements: tuple[Movement, ...]
    words: Mapping[str, tuple[int, ...]]


def plan_fees(books: Books, bills: Sequence[Bill], retried: Sequence[Fee], plan: Plan | None) -> list[str]:
    """Store every fee before the first is sent, and return their references in the order to send them.

    A fee that an earlier settle could not post is sent as it stands if that is exactly what is owed now; else it is
    withdrawn, which is safe because it is proved not to be there, and a new one takes its place. One whose request had
    no answer is never replaced while it is owed.
    """
    ledger = books.ledger
    lost = [fee.reference for fee in retried if fee.lost]
    earlier = {fee.reference: (fee, ledger.of_fee(fee.reference)) for fee in retried if not fee.lost}
    still_open = open_of([movement for movement in ledger.open_movements() if movement.fee_reference not in earlier])
    numbers = ledger.fee_numbers(books.business_day())
    references: list[str] = list(lost)
    new: list[Planned] = []
    for bill in bills:
        if any(share.account.member_id in still_open for share in bill.shares):
            continue  # its forgiveness did not come through; next time
        assert plan is not None
        planned = new_fee(books, bill, plan, numbers[bill.subject_id] + 1)
        same = next((name for name, old in earlier.items() if _same(*old, planned)), None)
        if same is not None:
            earlier.pop(same)
            references.append(same)
        else:
            numbers[bill.subject_id] += 1
            new.append(planned)
            references.append(planned.fee.reference)
    if earlier or new:
        with ledger.write() as connection:
            for old, parts in earlier.values():
                ledger.withdraw(connection, old, parts)
            for planned in new:
                store(books, connection, planned)
    return references


def store(books: Books, connection: Connection, planned: Planned) -> None:
    """Store a planned fee with its movements, in the caller's commit; the words that let it go are spent by it."""
    ledger, now = books.ledger, books.clock.now()
    ledger.add_fee(connection, planned.fee)
    for movement in planned.movements:
        ledger.add_movement(connection, movement)
        for word in planned.words.get(movement.member_id, ()):
            holds.spend_word(connection, word, now, movement=movement.reference)


def new_fee(books: Books, bill: Bill, plan: Plan, sequence: int) -> Planned:
    """Return the fee of a bill with its movements, not yet stored."""
    day = books.business_day()
    name = reference.make("fee", books.name, bill.subject_id, day, _nonce())
    settings = books.settings.fees
    fee = Fee(
        reference=name,
        business_day=day,
        sequence=sequence,
        member_id=bill.member_id,
        company_id=bill.company_id,
        is_personal=bill.is_personal,
        plan_id=plan.id,
        location_id=_location(books, bill, plan),
        name=wording.fee_name(
            bill, name, day, settings.detail, bill.shares[0].account.company_name, _jobs_told(books, bill)
        ),
        price=bill.price,
        currency=books.currency,
        issue_date=issue_date(books.settings, day),
        use_coins=settings.use_coins,
    )
    words = {share.account.member_id: share.words for share in bill.shares}
    return Planned(fee, tuple(_movements(books, bill, name, day, sequence)), words)


def new_movement(
    books: Books, account: LinkedAccount, kind: Kind, amount: int, numbers: Mapping[str, int], period: str | None = None
) -> Movement:
    """Return a planned movement without a fee, not yet stored; `numbers` are the day's last ones of this kind."""
    day = books.business_day()
    return Movement(
        reference=reference.make(kind, books.name, account.member_id, day, _nonce()),
        kind=kind,
        member_id=account.member_id,
        username=account.username,
        company_id=account.company_id,
        amount=amount,
        currency=books.currency,
        business_day=day,
        sequence=numbers[account.member_id] + 1,
        period=period,
    )


def shown(books: Books, bills: Iterable[Bill], plan: Plan | None) -> Iterator[Movement]:
    """Yield the movements that fees would have, with references such as they would get; nothing of it is stored."""
    day = books.business_day()
    numbers = books.ledger.fee_numbers(day)
    for bill in bills:
        sequence = numbers[bill.subject_id] = numbers[bill.subject_id] + 1
        name = reference.make("fee", books.name, bill.subject_id, day, _nonce())
        note = (
            ""
            if plan is not None
            else lazy("The plan %(plan)s does not exist yet.", plan=repr(books.settings.fees.plan))
        )
        for movement in _movements(books, bill, name, day, sequence):
            yield replace(movement, note=note)


def issue_date(settings: Settings, day: date) -> date:
    return day - timedelta(days=1) if settings.fees.issue_date == "previous_day" else day


def _nonce() -> str:
    """Return the random part of a reference: an older copy of the ledger never gives one a second time."""
    return "".join(secrets.choice(reference.LETTERS) for _ in range(reference.NONCE_LENGTH))


def _movements(books: Books, bill: Bill, fee_reference: str, day: date, sequence: int) -> Iterator[Movement]:
    for ordinal, share in enumerate(bill.shares, start=1):
        yield Movement(
            reference=fee_reference if bill.member_id else reference.part(fee_reference, ordinal),
            kind="fee",
            member_id=share.account.member_id,
            username=share.account.username,
            company_id=share.account.company_id,
            amount=share.amount,
            currency=books.currency,
            business_day=day,
            sequence=sequence,
            fee_reference=fee_reference,
            fee_state="planned",
            fee_price=bill.price,
        )


def _location(books: Books, bill: Bill, plan: Plan) -> str:
    """Return where the fee stands: at the site, or where the setting says so at the one location of those who owe it.

    A location where the plan is not sold would be refused, so the fee then stands at the site.
    """
    here = books.settings.officernd.location
    theirs = {share.account.location_id for share in bill.shares}
    if books.settings.fees.location == "site" or len(theirs) != 1:
        return here
    (own,) = theirs
    return own if own and (not plan.locations or own in plan.locations) else here


def _jobs_told(books: Books, bill: Bill) -> str:
    share = bill.only
    if books.settings.fees.detail == "none" or share is None:
        return ""
    assert share.since is not None
    return books.jobs.told(share.account.username, share.since, books.clock.now()) or ""


def _same(old: Fee, old_parts: Sequence[Movement], planned: Planned) -> bool:
    """Return whether a fee planned earlier is exactly what would be planned now, its name and number aside."""

    def content(fee: Fee) -> Fee:
        return replace(
            fee, reference="", business_day=date.min, sequence=0, name="", state="planned", sent_at=None, note=""
        )

    shares = [[(part.member_id, part.amount) for part in parts] for parts in (old_parts, planned.movements)]
    return content(old) == content(planned.fee) and shares[0] == shares[1]
