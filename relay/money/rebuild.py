"""Rebuilding a lost ledger from the references in OfficeRnD's fees.

Every fee of this site carries a reference that can be checked against its member, so the fees themselves tell what was
billed. What they cannot tell is whether the last adjustment of each person was made: that is decided by the balance
where it shows it, else it is in doubt until a person has looked. Nothing remote is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from relay import amounts
from relay.errors import EXIT_DONE, EXIT_IN_DOUBT, BadAnswer, UnsafePlan
from relay.language import joined, lazy, nlazy
from relay.money.act import deadline, fee_list, fees_plan, witness
from relay.money.books import Books, opened
from relay.money.decide import periods, reference, tax
from relay.money.decide.movement import Fee, Movement, State
from relay.money.decide.wallet import opening
from relay.money.ledger import holds, journal, records
from relay.money.ledger.records import NO_TOP_UP
from relay.officernd.client import SYSTEM
from relay.officernd.model import Plan, RemoteFee
from relay.remedy import Remedy, as_json
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
        return {
            "taken": self.taken,
            "known": self.known,
            "in_doubt": list(self.in_doubt),
            "dry_run": self.dry_run,
            "message": self.message,
            "remedies": as_json([Remedy("status", (), lazy("to see each with its question"))] if self.in_doubt else []),
        }

    @property
    def message(self) -> str:
        if self.dry_run:
            taken = nlazy(
                "%(num)s fee would be taken from OfficeRnD into the ledger.",
                "%(num)s fees would be taken from OfficeRnD into the ledger.",
                self.taken,
            )
        else:
            taken = nlazy(
                "%(num)s fee was taken from OfficeRnD into the ledger.",
                "%(num)s fees were taken from OfficeRnD into the ledger.",
                self.taken,
            )
        known = nlazy("%(num)s fee was already known.", "%(num)s fees were already known.", self.known)
        doubt = nlazy("%(num)s adjustment is in doubt.", "%(num)s adjustments are in doubt.", len(self.in_doubt))
        left = lazy("No top-up of the present period is given, because nobody can tell whether it was made.")
        return joined(taken, known, doubt if self.in_doubt else "", "" if self.dry_run else left)


def rebuild(site: Site, *, dry_run: bool = False) -> Rebuilt:
    """Take every fee of this site that OfficeRnD holds and the ledger does not know into the ledger, as posted.

    No adjustment is believed that cannot be seen: what the ledger holds as open is in doubt, and so is the last one of
    each person whose balance may still hold the debt, or who is not linked yet. Opening debts of whoever such a fee may
    have billed wait for a person, whatever the setting says. The present period's top-ups cannot be accounted for, so
    none is given. Raises BadAnswer where the list of fees is no proof.
    """
    with opened(site, writes=not dry_run) as books:
        plan = fees_plan.fees_plan(books.officernd, books.settings, create=False)
        if plan is None:
            if not dry_run and not books.ledger.has_fees():  # nothing was ever billed: only the number is old
                _end(books)
            return Rebuilt(0, 0, (), dry_run)
        read = _all_fees(books, plan)
        names = {fee.id: name for fee in read if (name := fee_list.own_reference(books, fee))}
        found = [fee for fee in read if fee.id in names]
        known = books.ledger.known_references(names.values())
        lost = _once([fee for fee in found if names[fee.id] not in known], names)
        doubtful = _doubtful(books, lost, names)
        in_doubt = {names[fee.id] for fee in lost if fee.id in doubtful}
        _refuse_beside_open(books, [fee.member for fee in lost if fee.id in doubtful])
        if not dry_run:
            in_doubt |= _doubt_open(books, {names[fee.id]: fee for fee in found if names[fee.id] in known})
            for fee in lost:
                _take(books, fee, names[fee.id], fee.id in doubtful)
            _end(books)
        return Rebuilt(len(lost), len(known), tuple(sorted(in_doubt)), dry_run)


def _all_fees(books: Books, plan: Plan) -> list[RemoteFee]:
    counted = books.officernd.counted_fees(plan=plan.id)
    if not counted.is_counted:
        raise BadAnswer(
            lazy(
                "OfficeRnD does not say how many fees there are, so whether its list is whole cannot be told; nothing "
                "was rebuilt, try again in a few minutes."
            ),
            system=SYSTEM,
            operation="GET /fees/count",
        )
    return fee_list.of_site(books, counted.fees)


def _once(fees: list[RemoteFee], names: Mapping[str, str]) -> list[RemoteFee]:
    """Return one fee for each reference, in the order in which they were made."""
    ordered = sorted(fees, key=lambda fee: (str(reference.business_day(names[fee.id])), fee.modified_at, fee.id))
    return list({names[fee.id]: fee for fee in reversed(ordered)}.values())[::-1]


def _doubtful(books: Books, lost: list[RemoteFee], names: Mapping[str, str]) -> set[str]:
    """Return the ids of those fees whose adjustment may not have been made.

    Only a person's last fee can be: nothing new is begun before the last movement is done. If the balance is above what
    the fee took over, there is nothing left to adjust.
    """
    people = {account.member_id: account for account in books.people}
    last = {fee.member: fee for fee in lost if fee.member}
    readings = books.read_all([people[member_id] for member_id in last if member_id in people])
    doubtful, wallets = set(), books.ledger.wallets()
    for member_id, fee in last.items():
        account = people.get(member_id)
        reading = readings.get(account.username) if account is not None else None
        # In an older copy of the ledger the debt is owed, and would be billed once more: a person looks.
        if reading is None or member_id in wallets or -reading.balance >= fee.amount:
            doubtful.add(fee.id)
    return doubtful


def _refuse_beside_open(books: Books, members: Iterable[str]) -> None:
    """Raise UnsafePlan where somebody whose last fee is in doubt has a movement open: one thing after the other."""
    wanted = set(members)
    open_now = [movement for movement in books.ledger.open_movements() if movement.member_id in wanted]
    if open_now:
        names = ", ".join(movement.reference for movement in open_now[:5])
        raise UnsafePlan(
            "open_movements",
            lazy(
                "%(names)s of this ledger is open for people whose later fees are in doubt as well, so nothing was "
                "rebuilt: look for it in PaperCut's transactions and say how it stands, then run rebuild again.",
                names=names,
            ),
            count=len(open_now),
            remedies=(
                Remedy("resolve", (open_now[0].reference, "posted"), lazy("if it is there")),
                Remedy("resolve", (open_now[0].reference, "not-sent"), lazy("if it is not there")),
            ),
        )


def _doubt_open(books: Books, there: Mapping[str, RemoteFee]) -> set[str]:
    """Put everything that the ledger holds as open in doubt: a newer copy of it may have finished that. Returns the
    references of the adjustments in doubt; a fee that is not there stays planned."""
    ledger, doubted = books.ledger, set()
    sent = [movement.reference for movement in ledger.open_movements() if movement.state == "sent"]
    deadline.wait_for_adjustments(books, sent)  # what is parked is judged later without waiting
    for fee in ledger.open_fees():
        if fee.reference in there and fee.state != "withdrawn":
            with ledger.write() as connection:
                ledger.step_fee(
                    connection, fee.reference, "posted", "rebuilt", fee_id=there[fee.reference].id, note="", lost=False
                )
    for movement in ledger.open_movements():
        if movement.waits_for_fee or movement.state == "in_doubt":
            continue
        note = _question(books, movement.amount, movement.username, movement.reference)
        with ledger.write() as connection:
            values = {"balance_before": None, "jobs_before": None} if movement.state != "sent" else {}
            ledger.step_movement(connection, movement.reference, "in_doubt", "rebuilt", note=note, **values)
        doubted.add(movement.reference)
    return doubted


def _take(books: Books, remote: RemoteFee, name: str, doubtful: bool) -> None:
    """Store one fee, and its adjustment where it is one person's."""
    day = reference.business_day(name)
    assert day is not None
    subject = remote.member or remote.company
    sequence = books.ledger.fee_numbers(day)[subject] + 1
    account = books.by_member.get(remote.member)
    fee = Fee(
        reference=name,
        business_day=day,
        sequence=sequence,
        member_id=remote.member,
        company_id=remote.company,
        is_personal=remote.is_personal,
        plan_id=remote.plan,
        location_id=remote.location or books.settings.officernd.location,
        name=remote.name,
        price=remote.amount,
        currency=books.currency,
        issue_date=remote.issue_date,
        use_coins=False,
        state="posted",
        fee_id=remote.id,
    )
    state: State = "in_doubt" if doubtful else "posted"
    username = account.username if account is not None else remote.member
    paid = tax.taxed(fee.price, books.settings.fees.tax_rate, amounts.minor_unit(books.currency))
    with books.ledger.write() as connection:
        if account is not None and account.member_id not in journal.open_wallets(connection, books.name):
            wallet, entry = opening(account, books.business_day())
            (stored,) = journal.add_wallets(connection, books.name, [wallet])
            books.ledger.book(connection, stored, entry, 0)
        books.ledger.add_fee(connection, fee, taken=True)
        if remote.member:  # who shared a company's fee is not written in it
            movement = Movement(
                reference=name,
                kind="fee",
                member_id=remote.member,
                username=username,
                company_id=remote.company,
                amount=paid,
                currency=books.currency,
                business_day=day,
                sequence=sequence,
                state=state,
                fee_reference=name,
                fee_state="posted",
                note=_question(books, paid, username, name) if doubtful else "",
            )
            books.ledger.add_movement(connection, movement)
        books.ledger.evidence(connection, name, "rebuilt", {"fee_id": remote.id})


def _end(books: Books) -> None:
    """End the stop that asked for this, and give no top-up of a period that cannot be accounted for."""
    seen, stop = witness.look(books)
    now = books.clock.now()
    if stop is not None and stop.code not in ("ledger_lost", "ledger_old"):
        with books.ledger.write() as connection:
            holds.add_stop(connection, books.name, stop, now)
    else:
        witness.raise_number(books, seen.number if seen is not None else 0)
    period = periods.key(books.business_day(), books.settings.top_up.every)
    with books.ledger.write() as connection:
        for stop in holds.open_stops(connection, books.name):
            if stop.code in ("ledger_lost", "ledger_old"):
                holds.end_stop(connection, stop, now)
        records.set_fact(connection, books.name, NO_TOP_UP, period)


def _question(books: Books, amount: int, username: str, name: str) -> str:
    return lazy(
        "The ledger was rebuilt: was %(amount)s added to %(username)s for this? Look for %(name)s in this account's "
        "transactions in PaperCut.",
        amount=amounts.with_currency(amount, books.currency),
        username=username,
        name=name,
    )
