"""The list of print fees that OfficeRnD holds, read once and asked everything: what is there, what is not ours.

An absence must be proved: the list agrees with OfficeRnD's own count, and holds every fee of the site that the ledger
knows to be there. From the same list follow the fees that this ledger has lost, fees that somebody else makes, fees
that came late, and a second fee with one reference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property

from relay import amounts, language
from relay.accounts import LinkedAccount
from relay.errors import BadAnswer, NotFound
from relay.language import lazy
from relay.money.books import Books
from relay.money.decide import reference, tax
from relay.money.decide.evidence import FeeMatch, match_fee
from relay.money.decide.holds import Stop
from relay.money.decide.movement import Fee
from relay.money.ledger import copies, records
from relay.officernd.client import SYSTEM
from relay.officernd.model import RemoteFee

OVERLAP = timedelta(days=3)  # read again, since staff may have dated a fee back
SEVERAL = 3  # this many people with fees that are not ours, within days, are a machine's work
NO_MORE = frozenset({"voided", "refunded", "waived", "rejected"})  # a fee that nobody pays


@dataclass(frozen=True, slots=True)
class Strangers:
    """Print fees that we did not make: member id -> fee id of those that hold somebody, and the ones not yet known."""

    held: Mapping[str, str]
    new: Sequence[RemoteFee] = ()
    stop: Stop | None = None
    prices: Mapping[str, int] = field(default_factory=dict)  # micros, by member id


@dataclass(frozen=True)
class FeeList:
    """One reading of the fees plan. `fees` are those of this site; `is_counted`: the list agreed with its count."""

    books: Books
    fees: tuple[RemoteFee, ...]
    is_counted: bool
    since: date | None
    plan_id: str

    @cached_property
    def names(self) -> dict[str, list[str]]:
        """Return the references in each fee's name, by fee id."""
        return {fee.id: reference.find(fee.name) for fee in self.fees}

    @cached_property
    def by_reference(self) -> dict[str, list[RemoteFee]]:
        found: dict[str, list[RemoteFee]] = {}
        for fee in self.fees:
            for name in self.names[fee.id]:
                found.setdefault(name, []).append(fee)
        return found

    @cached_property
    def known_ids(self) -> set[str]:
        return self.books.ledger.known_fee_ids(self.names)

    def missing(self) -> list[Fee]:
        """Return the fees that are there by their own address, should be listed, and are not: the list is short."""
        posted = self.books.ledger.posted_since(self.plan_id, self.since)
        return [fee for fee in posted if fee.fee_id not in self.names and self._is_there(fee)]

    def _is_there(self, fee: Fee) -> bool:
        """Return whether a fee that the list lacks stands in OfficeRnD as it was made; staff delete and move fees."""
        try:
            remote = self.books.officernd.fee(fee.fee_id)
        except NotFound:
            return False
        is_dated = self.since is None or remote.issue_date >= self.since
        return is_dated and remote.plan == self.plan_id

    def look_up(self, fee: Fee) -> FeeMatch:
        """Return whether one of our fees is in OfficeRnD; "absent" only where that is proved."""
        found = self.by_reference.get(fee.reference)
        if found:
            return FeeMatch("there", found[0].id)
        # Its name may have been typed over, or staff moved it to another plan or date: the payer's own fees show it.
        remote = self.books.officernd
        fees = remote.fees(member=fee.member_id) if fee.member_id else remote.fees(company=fee.company_id)
        match = match_fee(fee, fees, self.known_ids)
        if match.verdict != "absent":
            return match
        if not self.is_counted:
            return FeeMatch(
                "unknown", reason=lazy("OfficeRnD does not say how many fees there are, so none can be called missing")
            )
        return match

    def lost(self) -> list[RemoteFee]:
        """Return the fees with a reference that this site made and the ledger does not know."""
        ledger = self.books.ledger
        known = ledger.known_references(self.by_reference)
        return [
            fee
            for fee in self.fees
            if fee.id not in self.known_ids
            and any(name not in known and _is_own(self.books, name, fee) for name in self.names[fee.id])
        ]

    def doubled(self) -> dict[str, list[RemoteFee]]:
        """Return the references that stand in several fees which somebody has to pay."""
        alive = {name: [fee for fee in fees if not is_void(fee)] for name, fees in self.by_reference.items()}
        ours = self.books.ledger.known_references(alive)
        live = self.books.ledger.known_references(alive, live=True)  # a withdrawn one was billed anew since
        return {
            name: fees
            for name, fees in alive.items()
            if name in ours and (len(fees) > 1 or (fees and name not in live and not fees[0].member))
        }

    def late(self) -> list[tuple[Fee, str]]:
        """Return the fees that the ledger holds as not made and that are there after all, with their ids."""
        ledger = self.books.ledger
        names = ledger.known_references(self.by_reference, live=True)
        return [(fee, self.by_reference[fee.reference][0].id) for fee in ledger.fees_not_made(names)]

    def strangers(self) -> Strangers:
        """Return what the fees mean that we did not make, for people of ours."""
        books = self.books
        # One that we withdrew was billed again under another reference: if it is there after all, it is one too many.
        live = books.ledger.known_references(self.by_reference, live=True)
        with books.ledger.read() as connection:
            earlier = records.foreign_fees(connection, books.name)
        ours = self.known_ids | books.ledger.known_fee_ids(earlier) | self._identified()
        people = {account.member_id: account for account in books.people}
        new = [
            fee
            for fee in self.fees
            if fee.id not in ours
            and fee.id not in earlier
            and not live & set(self.names[fee.id])
            and fee.member in people
            and self._since_link(fee, people[fee.member])
        ]
        waiting = [fee for fee in earlier.values() if not fee.released and fee.fee_id not in ours]
        held = {fee.member_id: fee.fee_id for fee in waiting} | {fee.member: fee.id for fee in new}
        lately = books.clock.now() - OVERLAP
        recent = {fee.fee_id: fee.member_id for fee in waiting if fee.seen_at > lately}
        recent |= {fee.id: fee.member for fee in new}
        stop = _old_connector(books, recent) if len(set(recent.values())) >= SEVERAL else None
        prices = Counter({fee.member_id: 0 for fee in waiting})
        for member_id, price in [
            *((fee.member_id, fee.price) for fee in waiting),
            *((fee.member, fee.amount) for fee in new),
        ]:
            prices[member_id] += tax.taxed(price, books.settings.fees.tax_rate, amounts.minor_unit(books.currency))
        return Strangers(held, new, stop, prices)

    def _identified(self) -> set[str]:
        """Return the ids of fees of ours that only a person's word says are there; the ledger learns which they are.

        Staff typed over their names: same payer, price and date is what the look-up asked the person about.
        """
        ledger = self.books.ledger
        told: dict[str, str] = {}
        for fee in ledger.posted_by_word():
            fee_id = match_fee(fee, self.fees, self.known_ids | set(told.values())).fee_id
            if fee_id and fee_id not in self.known_ids:
                told[fee.reference] = fee_id
        if told and ledger.epoch is not None:
            with ledger.write() as connection:
                for name, fee_id in told.items():
                    ledger.identify(connection, name, fee_id)
        return set(told.values())

    def _since_link(self, fee: RemoteFee, account: LinkedAccount) -> bool:
        """Return whether a fee was made after a person was linked: older ones are the old connector's rightful work."""
        linked = self.books.clock.local_day(account.linked_at, self.books.settings.site.timezone)
        if fee.issue_date != linked:
            return fee.issue_date > linked
        try:
            return datetime.fromisoformat(fee.modified_at) > account.linked_at
        except (ValueError, TypeError):
            return False


def read(books: Books, plan_id: str, looked_for: Iterable[Fee] = ()) -> FeeList:
    """Read the plan's fees since the last settle, and as far back as `looked_for` needs. Raises BadAnswer.

    Everything is read while the ledger is empty: it may be a lost one.
    """
    with books.ledger.read() as connection:
        read_to = records.fact(connection, books.name, "fees_read_to")
    # The clock may have been ahead when the list was last read.
    last = min(date.fromisoformat(read_to), books.business_day()) if read_to else None
    since = last - OVERLAP if last is not None and books.ledger.has_fees() else None
    if since is not None:
        since = min([since, *(fee.issue_date - OVERLAP for fee in looked_for)])
    counted = books.officernd.counted_fees(plan=plan_id, issued_from=since)
    fees = tuple(of_site(books, counted.fees))
    found = FeeList(books, fees, counted.is_counted, since, plan_id)
    short = found.missing()
    if short:
        raise BadAnswer(
            lazy(
                "OfficeRnD's list of print fees lacks %(short)s that are there, such as %(reference)s, so what "
                "is not in it may be there too; nothing was billed, try again in a few minutes.",
                short=len(short),
                reference=short[0].reference,
            ),
            system=SYSTEM,
            operation="GET /fees",
        )
    return found


def of_site(books: Books, fees: Sequence[RemoteFee]) -> list[RemoteFee]:
    """Return the fees of this site: those at its location, and its own wherever they stand.

    A fee of ours stands elsewhere by [fees] location = "member", or because staff moved it.
    """
    known = books.ledger.known_fee_ids(fee.id for fee in fees)
    here = ("", books.settings.officernd.location)
    return [fee for fee in fees if fee.location in here or fee.id in known or own_reference(books, fee)]


def own_reference(books: Books, fee: RemoteFee) -> str:
    """Return the reference in a fee's name that this site made for its payer, "" for none."""
    return next((name for name in reference.find(fee.name) if _is_own(books, name, fee)), "")


def _is_own(books: Books, name: str, fee: RemoteFee) -> bool:
    return any(reference.belongs(name, books.name, subject) for subject in (fee.member, fee.company))


def is_void(fee: RemoteFee) -> bool:
    """Return whether staff took a fee back, so that nobody pays it."""
    return bool({fee.status, fee.payment_status} & NO_MORE)


def wrong_price(fee: Fee, remote: RemoteFee) -> str:
    """Return what is wrong with one of our fees as OfficeRnD stored it, "" for nothing."""
    if remote.amount == fee.price:
        return ""
    return lazy(
        "Fee %(id)s (%(reference)s) is in OfficeRnD at %(stored)s instead of %(meant)s: correct its price there, "
        "and look at the plan's settings.",
        id=remote.id,
        reference=fee.reference,
        stored=amounts.with_currency(remote.amount, fee.currency),
        meant=amounts.with_currency(fee.price, fee.currency),
    )


def doubled_sentence(name: str, fees: Sequence[RemoteFee]) -> str:
    return lazy(
        "OfficeRnD holds %(count)s fees with the reference %(name)s (%(ids)s): one is too "
        "many, so delete or credit it in OfficeRnD.",
        count=len(fees),
        name=name,
        ids=", ".join(fee.id for fee in fees),
    )


def ledger_lost(books: Books, fees: Sequence[RemoteFee]) -> Stop:
    days = sorted({fee.issue_date for fee in fees})
    return Stop(
        "ledger_lost",
        lazy(
            "OfficeRnD holds %(count)s fees of this site, from %(first)s to %(last)s, that the ledger does not know: "
            "it was lost or is an old copy, and billing now could charge twice. "
            "%(put_back)s, or rebuild it.",
            count=len(fees),
            first=language.day(days[0]),
            last=language.day(days[-1]),
            put_back=copies.put_back(books.database, books.settings),
        ),
        {"fees": sorted(fee.id for fee in fees)},
    )


def _old_connector(books: Books, fees: Mapping[str, str]) -> Stop:
    count = len(set(fees.values()))
    return Stop(
        "old_connector",
        lazy(
            "The fees plan holds fees for %(count)s of our people that the relay did not make, so no money moves: "
            "OfficeRnD's own connector is probably still on. Switch it off in OfficeRnD, then say whether what "
            "is owed now is to be billed or forgiven.",
            count=count,
        ),
        {"fees": sorted(fees)},
    )
