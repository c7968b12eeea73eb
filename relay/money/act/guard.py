"""The guard: nothing writes money to either system without its permit, and a permit is good for one movement.

Before a run it looks for whatever must stop the site's money: another currency, a clock that went back, fees of ours
that the ledger does not know, fees that somebody else makes. What it finds is stored as a stop with its facts, and only
the answer that this stop asks for ends it. During the run it reads each account right before each movement.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from relay import language
from relay.accounts import LinkedAccount
from relay.errors import LedgerError, NotFound, RelayError, UnsafePlan
from relay.language import lazy
from relay.money.act import deadline, fee_list, fees_plan, readings, witness
from relay.money.act.fee_list import FeeList, Strangers
from relay.money.act.readings import Booked
from relay.money.books import Books
from relay.money.decide.holds import RESTORED, Answer, Hold, Stop
from relay.money.decide.movement import Movement
from relay.money.decide.remedies import of_stop
from relay.money.decide.wallet import Wallet
from relay.money.ledger import holds, records
from relay.officernd.model import Plan

log = logging.getLogger(__name__)

Source = Literal["here", "witness", "fees"]

CLOCK_TOLERANCE = timedelta(minutes=5)
FROM_WITNESS = frozenset({"restored", "second_relay", "site_renamed"})  # what the witness tells, and a word ends
SOURCES: Mapping[str, Source] = {"old_connector": "fees", **dict.fromkeys(FROM_WITNESS, "witness")}
CHANGED = lazy("PaperCut's witness changed during the run, so nothing more was begun; run again.")


@dataclass(slots=True)
class Permit:
    """Leave to send one thing: the fee or adjustment named, on the accounts as they were read right before.

    Only the guard gives one. `read` is by member id.
    """

    reference: str
    read: Mapping[str, Booked]
    is_used: bool = False

    def use(self, reference: str) -> None:
        """Use the permit for what it names. Raises LedgerError for anything else, and for a second time: a bug."""
        if self.is_used or reference != self.reference:
            raise LedgerError(
                lazy(
                    "The relay was about to send %(reference)s without permission, so it stopped before sending "
                    "it. This is a bug: keep a copy of the ledger and report it.",
                    reference=reference,
                )
            )
        self.is_used = True


@dataclass(frozen=True, slots=True)
class Withheld:
    """Why no permit was given: a sentence on the movement, and whether the next one would fare no better."""

    note: str
    is_stopped: bool = False
    is_gone: bool = False  # PaperCut has no such account


@dataclass
class Guard:
    """One run's guard. `stops` stand and are not answered; `lifted` are those that a word has just ended."""

    books: Books
    writes: bool
    stops: list[Stop] = field(default_factory=list)
    lifted: dict[str, Answer] = field(default_factory=dict)
    restoring: Stop | None = None  # a restored PaperCut that a person wants brought back
    plan: Plan | None = None
    fees: FeeList | None = None
    strangers: Strangers = field(default_factory=lambda: Strangers({}))
    answers_fees: bool = False  # a settle: only it carries out a word on fees that somebody else makes
    doubles: tuple[UnsafePlan, ...] = ()  # two fees with one reference: told, and no reason to stop
    _untold: list[Hold] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def sends(self) -> bool:
        """Whether anything may be written to either system: not in a dry run, and not in shadow mode."""
        return self.writes and self.books.settings.fees.managed_in != "shadow"

    def refusals(self) -> tuple[UnsafePlan, ...]:
        return tuple(UnsafePlan(stop.code, stop.message, remedies=of_stop(stop.code)) for stop in self.stops)

    # -- before a run ------------------------------------------------------------------------------------------------

    def look(self, *, at_fees: bool = True) -> bool:
        """Look for everything that must stop the site's money, and return whether it may move."""
        self._stand(_local_stops(self.books), "here")
        if self.stops:
            return False
        self._look_at_witness()
        if self.stops or not at_fees:
            return not self.stops
        uncertain = [fee for fee in self.books.ledger.open_fees() if fee.state in ("sent", "in_doubt") or fee.lost]
        if self.writes:
            deadline.wait_for_fees(self.books, [fee.reference for fee in uncertain if fee.state == "sent"])
        self.plan = fees_plan.fees_plan(self.books.officernd, self.books.settings, create=False)
        if self.plan is None:
            self._stand([], "fees")
            return not self.stops
        self.fees = fee_list.read(self.books, self.plan.id, uncertain)
        lost = self.fees.lost()
        self.strangers = self.fees.strangers() if not lost else Strangers({})
        found = [fee_list.ledger_lost(self.books, lost)] if lost else []
        self._stand([*found, *([self.strangers.stop] if self.strangers.stop is not None else [])], "fees")
        self.doubles = tuple(
            UnsafePlan("double_fee", fee_list.doubled_sentence(name, fees), count=len(fees), limit=1)
            for name, fees in self.fees.doubled().items()
        )
        return not self.stops

    def _look_at_witness(self) -> None:
        """Compare the witness with the ledger, and store what follows; an answer takes it as it is from now on."""
        seen, stop = witness.look(self.books)
        if stop is None and self._goes_on_restoring():
            witness.settle_raise(self.books, seen)
            return
        self._stand([stop] if stop is not None else [], "witness")
        if not self.sends or self.stops:
            return
        number = seen.number if seen is not None else 0
        if self.restoring is not None:
            witness.raise_number(self.books, number, raised_from=number)
        elif self.lifted.keys() & FROM_WITNESS:
            witness.raise_number(self.books, number)
        else:
            witness.settle_raise(self.books, seen)

    def _goes_on_restoring(self) -> bool:
        """Return whether a restoration that a kill interrupted goes on: its raise is what PaperCut shows."""
        with self.books.ledger.read() as connection:
            standing = holds.open_stops(connection, self.books.name)
        known = witness.known(self.books)
        shown = known.target or known.current
        for stop in standing:
            is_answered = stop.code == RESTORED and stop.word is not None and stop.word.answer == "forgive"
            if is_answered and self.sends and known.raised_from.get(shown.number) == (stop.facts["number"] or 0):
                self.restoring = stop
                return True
        return False

    def restored_numbers(self, stop: Stop) -> list[int]:
        """Return the number that PaperCut was restored to, and what it had risen from after earlier restores."""
        return self._risen_from(int(stop.facts["number"] or 0))

    def last_restored_numbers(self) -> list[int]:
        """Return the same of the last restore that was answered; empty where there was none."""
        raised_from = witness.known(self.books).raised_from
        return self._risen_from(raised_from[max(raised_from)]) if raised_from else []

    def _risen_from(self, number: int) -> list[int]:
        numbers = [number]
        raised_from = witness.known(self.books).raised_from
        while numbers[-1] in raised_from:
            numbers.append(raised_from[numbers[-1]])
        return numbers

    def restored(self) -> None:
        """Note that the losses are booked and the word is spent."""
        self.restoring = None
        self.told()

    def told(self) -> None:
        """Note that other people than before are held for what a restore has taken."""
        self._untold = None

    def untold(self) -> list[Hold]:
        """Return the held rows of those of whom nobody can tell what a restore has taken: neither read nor moved."""
        if self._untold is None:
            with self.books.ledger.read() as connection:
                rows = holds.open_holds(connection, self.books.name)
            self._untold = [row for row in rows if row.code == RESTORED]
        return self._untold

    def raise_witness(self) -> None:
        """Set the witness's next number: before accounts are read, and again after a run's last movement."""
        # Unchanged: else a restore since the last look would be painted over.
        if not self.stops and self.restoring is None and self.is_unchanged():
            witness.raise_number(self.books)

    def try_to_raise(self) -> None:
        """Set the next number after a run that failed, where PaperCut lets us."""
        try:
            if self.writes and self.books.ledger.witness:
                self.raise_witness()
        except RelayError as error:
            log.warning("the witness was not raised: %s", error.message)

    def is_unchanged(self) -> bool:
        """Return whether the witness still shows the number in force: else nothing that was just read is believed."""
        if not self.writes or not self.books.ledger.witness:
            return True
        seen, stop = witness.look(self.books)
        if stop is not None:
            with self._lock:
                self._stand([stop], "witness")
        return stop is None and seen is not None and seen.number == self.books.ledger.witness

    def _stand(self, found: Sequence[Stop], looked_at: Source) -> None:
        """Store what was found, end what was answered, and keep what stands.

        A word is carried out only after its facts were looked at again: they may have changed since.
        """
        ledger, site, now = self.books.ledger, self.books.name, self.books.clock.now()
        with ledger.read() as connection:
            standing = holds.open_stops(connection, site)
        if not found and not standing:
            return
        if not self.writes:
            new = [stop for stop in found if not any(stop.is_the_same(known) for known in standing)]
            codes = {stop.code for stop in new}
            self._sort([*new, *(known for known in standing if known.code not in codes)], looked_at)
            return
        with ledger.write() as connection:
            for stop in found:
                holds.add_stop(connection, site, stop, now)
            for stop in self._sort(holds.open_stops(connection, site), looked_at):
                if stop.code == "clock_went_back":
                    records.accept_clock(connection, site, now)
                holds.end_stop(connection, stop, now)

    def _sort(self, standing: Sequence[Stop], looked_at: Source) -> list[Stop]:
        """Keep the stops that stand, note the answers to those that were given one, and return what is over."""
        over = []
        self.stops = []
        for stop in standing:
            if stop.word is not None:
                if SOURCES.get(stop.code, "here") != looked_at:
                    continue
                if looked_at == "fees" and not self.answers_fees:
                    self.stops.append(stop)
                    continue
                if stop.code == RESTORED and stop.word.answer == "forgive":
                    if self.sends:
                        self.restoring = stop  # ended by the commit that brings the balances back
                    else:
                        self.stops.append(stop)
                    continue
                self.lifted[stop.code] = stop.word.answer
                over.append(stop)
            elif _is_over(stop, self.books):
                over.append(stop)
            else:
                self.stops.append(stop)
        return over

    # -- during a run ------------------------------------------------------------------------------------------------

    def permit(self, reference: str, movements: Sequence[Movement]) -> Permit | Withheld:
        """Return leave to send the fee or adjustment `reference` for these movements, or why not.

        Each account is read, and must be the one that the movement was decided on. Raises what reading raises.
        """
        if self.stops:
            return Withheld(self.stops[0].message, is_stopped=True)
        read: dict[str, Booked] = {}
        untold = {row.member_id for row in self.untold()}
        for movement in movements:
            if movement.member_id in untold:
                return Withheld(
                    lazy(
                        "What %(username)s lost by the restore has not been named yet, so this waits.",
                        username=movement.username,
                    )
                )
            found = self.account_of(movement)
            if isinstance(found, str):
                return Withheld(found)
            account, wallet = found
            try:
                reading = self.books.read_one(account.username)
            except NotFound:
                return _gone(self.books, account)
            read[movement.member_id] = readings.book_one(self.books, account, wallet, reading)
        if not self.is_unchanged():  # after the readings: they are of the server that the witness is of
            return Withheld(self.stops[0].message if self.stops else CHANGED, is_stopped=True)
        return Permit(reference, read)

    def account_of(self, movement: Movement) -> tuple[LinkedAccount, Wallet] | str:
        """Return the account that a movement was decided on, by its present name, or why the movement waits."""
        account = self.books.by_member.get(movement.member_id)
        ledger = self.books.ledger
        if movement.wallet_id is not None:
            wallet: Wallet | None = ledger.wallet(movement.wallet_id)
        else:  # taken over by `rebuild` before its member was linked
            wallet = ledger.wallets().get(movement.member_id)
        if account is None or wallet is None or wallet.closed_at is not None or not _is_same(wallet, account):
            return lazy(
                "%(username)s is no longer linked as it was when %(reference)s was decided, so it waits. Link that "
                "account again, or say how it stands: posted, or none where nothing is to be adjusted.",
                username=movement.username,
                reference=movement.reference,
            )
        return account, wallet


def _is_same(wallet: Wallet, account: LinkedAccount) -> bool:
    """Return whether a link is still the wallet's: renamed under one link, or made anew to the account of that name."""
    return wallet.linked_at == account.linked_at or wallet.username == account.username


def _local_stops(books: Books) -> list[Stop]:
    """Return the stops that settings, clock and ledger tell without any remote call."""
    found = []
    with books.ledger.read() as connection:
        currency = records.fact(connection, books.name, "currency")
        newest = records.newest_moment(connection, books.name)
    if currency and currency != books.currency:
        found.append(
            Stop(
                "currency_changed",
                lazy(
                    "This site has been billed in %(currency)s and [site] currency now says %(now)s: no money "
                    "moves. Correct it, or give a site with another currency another name.",
                    currency=currency,
                    now=books.currency,
                ),
                {"billed_in": currency, "currency": books.currency},
            )
        )
    if newest is not None and newest > books.clock.now() + CLOCK_TOLERANCE:
        found.append(
            Stop(
                "clock_went_back",
                lazy(
                    "The last run ended on %(newest)s, which is later than this machine's clock says now, so no money "
                    "moves. Correct the clock, then say so.",
                    newest=language.moment(newest, books.settings.site.timezone),
                ),
                {"newest": newest.isoformat()},
            )
        )
    return found


def _is_over(stop: Stop, books: Books) -> bool:
    """Return whether a stop that no word ends has been put right: the setting says again what was billed in."""
    return stop.code == "currency_changed" and stop.facts.get("billed_in") == books.currency


def _gone(books: Books, account: LinkedAccount) -> Withheld:
    again = lazy("link its new name to the company") if account.is_shared else lazy("bring people in line again")
    return Withheld(
        lazy(
            "PaperCut no longer has an account %(username)s, so this waits. If it was renamed, %(again)s.",
            username=account.username,
            again=again,
        ),
        is_gone=True,
    )
