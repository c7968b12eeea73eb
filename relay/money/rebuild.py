"""Rebuilding a lost ledger from the references in OfficeRnD's fees.

Every fee of this site carries a reference that can be checked against its member, so the fees themselves tell what was
billed. What they cannot tell is whether the last adjustment of each person was made: that is decided by the balance
where it shows it, else it is in doubt until a person has looked. Nothing remote is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from relay import amounts
from relay.accounts import LinkedAccount
from relay.errors import EXIT_DONE, EXIT_IN_DOUBT
from relay.money.act import fees_plan
from relay.money.act.effects import resolve_command
from relay.money.books import Books, opened
from relay.money.decide import reference
from relay.money.decide.account import first_mark
from relay.money.decide.movement import Fee, Movement, State
from relay.officernd.model import Fee as RemoteFee
from relay.site import Site


@dataclass(frozen=True)
class Rebuilt:
    """What `rebuild` found: fees taken into the ledger, those already there, adjustments in doubt."""

    taken: int
    known: int
    in_doubt: tuple[str, ...]
    dry_run: bool

    @property
    def exit_code(self) -> int:
        return EXIT_IN_DOUBT if self.in_doubt else EXIT_DONE

    def as_json(self) -> dict[str, Any]:
        return {"taken": self.taken, "known": self.known, "in_doubt": list(self.in_doubt), "dry_run": self.dry_run}

    def text(self) -> str:
        done = "would be taken" if self.dry_run else "were taken"
        doubt = ""
        if self.in_doubt:
            doubt = (
                f"; {len(self.in_doubt)} adjustments are in doubt, papercut-relay status shows each with its command"
            )
        return f"{self.taken} fees {done} from OfficeRnD into the ledger, {self.known} were known{doubt}."


def rebuild(
    site: Site, *, dry_run: bool = False,
) -> Rebuilt:  # fmt: skip
    """Take every fee of this site that OfficeRnD holds and the ledger does not know into the ledger, as posted."""
    with opened(site, writes=not dry_run) as books:
        plan = fees_plan.fees_plan(books.officernd, books.settings, create=False)
        found = [] if plan is None else [fee for fee in books.officernd.fees(plan=plan.id) if _ours(books, fee)]
        names = {fee.id: name for fee in found if (name := _reference(books, fee))}
        known = books.ledger.known_references(names.values())
        lost = [fee for fee in found if names[fee.id] not in known]
        people = {person.member_id: person for person in books.people}
        doubtful = _doubtful(books, lost, people)
        taken: set[str] = set()
        unmarked = set(people) - set(books.ledger.marks())
        if not dry_run:
            for fee in sorted(lost, key=lambda fee: names[fee.id]):
                if names[fee.id] not in taken:
                    taken.add(names[fee.id])
                    person = people.get(fee.member)
                    _take(books, fee, names[fee.id], person, fee.id in doubtful, fee.member in unmarked)
                    unmarked.discard(fee.member)
        in_doubt = tuple(sorted(names[fee.id] for fee in lost if fee.id in doubtful))
        return Rebuilt(len({names[fee.id] for fee in lost}), len(known), in_doubt, dry_run)


def _ours(books: Books, fee: RemoteFee) -> bool:
    return fee.location in ("", books.settings.officernd.location) and bool(_reference(books, fee))


def _reference(books: Books, fee: RemoteFee) -> str:
    """Return the reference in a fee's name that this site made for its payer, "" for none."""
    for name in reference.find(fee.name):
        if any(reference.belongs(name, books.name, subject) for subject in (fee.member, fee.company)):
            return name
    return ""


def _doubtful(books: Books, lost: list[RemoteFee], people: dict[str, LinkedAccount]) -> set[str]:
    """Return the ids of those fees whose adjustment may not have been made.

    Only a person's last fee can be: nothing new is begun before the last movement is done. If the balance is above what
    the fee took over, the adjustment must have been made.
    """
    last: dict[str, RemoteFee] = {}
    for fee in lost:
        if fee.member in people and (fee.member not in last or _order(books, fee) > _order(books, last[fee.member])):
            last[fee.member] = fee
    readings = books.read_all([people[member_id] for member_id in last])
    doubtful = set()
    for member_id, fee in last.items():
        reading = readings.get(people[member_id].username)
        price = amounts.from_decimal(fee.price * fee.quantity)
        if reading is not None and -reading.balance >= price:
            doubtful.add(fee.id)
    return doubtful


def _order(books: Books, fee: RemoteFee) -> tuple[str, int]:
    name = _reference(books, fee)
    return str(reference.business_day(name)), reference.sequence(name)


def _take(
    books: Books, remote: RemoteFee, name: str, person: LinkedAccount | None, doubtful: bool, marked: bool
) -> None:
    """Store one fee, its adjustment, and (`marked`) a first mark for its person."""
    day = reference.business_day(name)
    assert day is not None
    price = amounts.from_decimal(remote.price * remote.quantity)
    fee = Fee(
        reference=name,
        business_day=day,
        sequence=reference.sequence(name),
        member_id=remote.member,
        company_id=remote.company,
        is_personal=remote.is_personal,
        plan_id=remote.plan,
        location_id=remote.location or books.settings.officernd.location,
        name=remote.name,
        price=price,
        currency=books.currency,
        issue_date=remote.issue_date,
        use_coins=False,
        state="posted",
        fee_id=remote.id,
    )
    state: State = "in_doubt" if doubtful else "posted"
    username = person.username if person is not None else ""
    note = ""
    if doubtful:
        note = (
            f"The ledger was rebuilt: was {amounts.text(price, books.currency)} {books.currency} added to {username} "
            f"for this fee? Look for {name} in this account's transactions in PaperCut. {resolve_command(name)}"
        )
    with books.ledger.write() as connection:
        books.ledger.add_fee(connection, fee)
        if remote.member:  # who shared a company's fee is not written in it
            movement = Movement(
                reference=name,
                kind="fee",
                member_id=remote.member,
                username=username,
                company_id=remote.company,
                amount=price,
                currency=books.currency,
                business_day=day,
                sequence=fee.sequence,
                state=state,
                fee_reference=name,
                fee_state="posted",
                note=note,
            )
            books.ledger.add_movement(connection, movement)
        if marked:
            assert person is not None
            books.ledger.set_mark(connection, person.member_id, first_mark(person))
        books.ledger.evidence(connection, name, "rebuilt", {"fee_id": remote.id})
