"""Reading the fees plan before a settle: fees that we did not make, and fees of ours that the ledger has lost.

The old connector may still bill from the cloud, and a ledger may be lost or restored from a backup. Either would charge
people twice, and both show in the fees that OfficeRnD holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from relay.accounts import LinkedAccount
from relay.errors import UnsafePlan
from relay.money.act.effects import settle_fee_by_look_up
from relay.money.books import Books
from relay.money.decide import reference
from relay.money.decide.bill import SEVERAL
from relay.money.decide.evidence import FeeMatch, match_fee
from relay.money.ledger import records, tables
from relay.officernd.model import Fee as RemoteFee
from relay.officernd.model import Plan

OVERLAP = timedelta(days=3)  # read again, since staff may have dated a fee back


@dataclass(frozen=True, slots=True)
class Seen:
    """`held` is member id -> the id of a fee that is not ours; `stop` is why the site's money stops."""

    held: Mapping[str, str] = field(default_factory=dict)
    fees: Sequence[RemoteFee] = ()
    stop: UnsafePlan | None = None
    read: bool = False
    late: bool = False  # a fee that the ledger held as not made is there after all


def lost_ledger(books: Books, plan: Plan) -> UnsafePlan | None:
    """Return why nothing may be recovered either: the ledger is an older copy than the fees. Reads the plan's fees."""
    return _lost_stop(books, _read(books, plan))


def look(books: Books, plan: Plan) -> Seen:
    """Read the plan's fees since the last settle (all of them while the ledger is empty) and return what they mean."""
    found = _read(books, plan)
    stop = _lost_stop(books, found)
    if stop is not None:
        return Seen(stop=stop, read=True)
    named = {fee.id: reference.find(fee.name) for fee in found}
    # One that we withdrew was billed again under another reference: if it is there after all, it is one too many.
    known = books.ledger.known_references((name for names in named.values() for name in names), live=True)
    with books.ledger.read() as connection:
        earlier = records.foreign_fees(connection, books.name)
    known_ids = books.ledger.known_fee_ids({*named, *earlier})
    known_ids |= _identified(books, found, known_ids)
    late = [fee for fee in found if _found_late(books, fee, known & set(named[fee.id]))]
    people = {person.member_id: person for person in books.people}
    strange = [
        fee
        for fee in found
        if fee.id not in known_ids
        and not known & set(named[fee.id])
        and fee.member in people
        and _since_link(fee, people[fee.member], books)
    ]
    strange = [fee for fee in strange if fee.id not in earlier]
    waiting = [fee for fee in earlier.values() if not fee.released and fee.fee_id not in known_ids]
    held = {fee.member_id: fee.fee_id for fee in waiting} | {fee.member: fee.id for fee in strange}
    # One now and then is staff's own; several within days are a machine.
    lately = books.clock.now() - OVERLAP
    at_once = {fee.member for fee in strange} | {fee.member_id for fee in waiting if fee.seen_at > lately}
    stop = None
    if len(at_once) >= SEVERAL:
        stop = UnsafePlan(
            "old_connector",
            f"The fees plan holds fees for {len(at_once)} of our people that the relay did not make, so no money "
            "moves: OfficeRnD's own connector is probably still on. Switch it off in OfficeRnD; then papercut-relay "
            "approve "
            f'"{books.name}" --as bill --reason TEXT goes on, or --as forgive forgives what is owed now.',
            count=len(at_once),
            limit=SEVERAL - 1,
        )
    return Seen(held, strange, stop, read=True, late=bool(late))


def _read(books: Books, plan: Plan) -> list[RemoteFee]:
    with books.ledger.read() as connection:
        read_to = records.fact(connection, books.name, "fees_read_to")
    since = date.fromisoformat(read_to) - OVERLAP if read_to and books.ledger.has_fees() else None
    here = books.settings.officernd.location
    return [fee for fee in books.officernd.fees(plan=plan.id, issued_from=since) if fee.location in ("", here)]


def _lost_stop(books: Books, found: Sequence[RemoteFee]) -> UnsafePlan | None:
    named = {fee.id: reference.find(fee.name) for fee in found}
    known = books.ledger.known_references(name for names in named.values() for name in names)
    known_ids = books.ledger.known_fee_ids(named)
    lost = [fee for fee in found if fee.id not in known_ids and _lost(books, fee, named[fee.id], known)]
    return _ledger_lost(books, lost) if lost else None


def _lost(books: Books, fee: RemoteFee, names: Sequence[str], known: set[str]) -> bool:
    """Return whether a fee carries a reference that this site made and the ledger does not know."""
    return any(
        name not in known
        and (reference.belongs(name, books.name, fee.member) or reference.belongs(name, books.name, fee.company))
        for name in names
    )


def _found_late(books: Books, remote: RemoteFee, names: set[str]) -> bool:
    """Take a fee that the ledger holds as not made, and that is there after all, for what it is."""
    if not names or books.ledger.epoch is None:
        return False
    late = books.ledger.fees(tables.fees.c.reference.in_(names), tables.fees.c.state.in_(("planned", "failed")))
    for fee in late:
        settle_fee_by_look_up(books, fee, FeeMatch("there", remote.id, "found on the fees plan"))
    return bool(late)


def _identified(books: Books, found: Sequence[RemoteFee], known_ids: set[str]) -> set[str]:
    """Return the ids of fees of ours that only a person's word says are there; the ledger learns which they are.

    Staff typed over their names: same payer, price and date is what the look-up asked the person about.
    """
    told: dict[str, str] = {}
    for fee in books.ledger.fees(tables.fees.c.state == "posted", tables.fees.c.fee_id.is_(None)):
        fee_id = match_fee(fee, found, known_ids | set(told.values())).fee_id
        if fee_id and fee_id not in known_ids:
            told[fee.reference] = fee_id
    if told and books.ledger.epoch is not None:
        with books.ledger.write() as connection:
            for name, fee_id in told.items():
                books.ledger.identify(connection, name, fee_id)
    return set(told.values())


def _since_link(fee: RemoteFee, person: LinkedAccount, books: Books) -> bool:
    """Return whether a fee was made after a person was linked: older ones are the old connector's rightful work."""
    linked = books.clock.local_day(person.linked_at, books.settings.site.timezone)
    if fee.issue_date != linked:
        return fee.issue_date > linked
    try:
        return datetime.fromisoformat(fee.modified_at) > person.linked_at
    except (ValueError, TypeError):
        return False


def _ledger_lost(books: Books, fees: Sequence[RemoteFee]) -> UnsafePlan:
    days = sorted({fee.issue_date for fee in fees})
    return UnsafePlan(
        "ledger_lost",
        f"OfficeRnD holds {len(fees)} fees of this site, from {days[0]} to {days[-1]}, that the ledger does not know: "
        "it was lost or is an old copy, and billing now could charge twice. Put the newest copy of the ledger back, or "
        "run papercut-relay rebuild.",
        count=len(fees),
    )
