"""Periodic balances: each person once per day, week or month, after the settle; and a leaver's unused rest taken back.

The key of a top-up is (person, period): it is claimed in the same commit that stores the movement, so nothing can give
it twice. Every top-up is a relative adjustment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from relay import amounts, language
from relay.accounts import LinkedAccount
from relay.errors import RelayError, UnsafePlan
from relay.language import N_, lazy
from relay.money.act import effects, readings
from relay.money.act.by_plan import by_plan
from relay.money.act.guard import Guard
from relay.money.act.planning import new_movement
from relay.money.act.readings import PAUSED, Booking, on_the_way
from relay.money.books import Books, JobEvidence, opened
from relay.money.decide import periods
from relay.money.decide.allowance import TopUp, allowance_of, decide_top_up, take_back
from relay.money.decide.holds import MAX_TOP_UPS, SETTLE_FIRST, Held
from relay.money.decide.movement import Movement
from relay.money.decide.wallet import Wallet
from relay.money.ledger import records
from relay.money.ledger.store import open_of
from relay.money.recover import begin
from relay.money.report.result import MoneyResult
from relay.money.settle import check_codes
from relay.money.under_way import UnderWay
from relay.papercut import quotas
from relay.remedy import Note, Remedy
from relay.site import Site

TOP_UP_EACH = amounts.parse("25.00")  # what a run may give for each member due, where [safety] max_top_ups is ""


def top_up(
    site: Site, *, dry_run: bool = False, allow: Sequence[str] = (), jobs: JobEvidence | None = None
) -> MoneyResult:
    """Give every active person the balance of the current period once, and take back what leavers did not use."""
    check_codes(allow)
    mode = site.settings.fees.managed_in
    if mode == "papercut":
        note = lazy("[fees] managed_in is papercut: balances are left to PaperCut.")
        return MoneyResult(site.settings.site.currency, notes=(Note(note),))
    writes = not dry_run and mode == "officernd"
    with opened(site, writes=writes, jobs=jobs) as books:
        guard = Guard(books, writes=writes)
        return _TopUp(books=books, guard=guard, allow=frozenset(allow), writes=writes).run()


@dataclass(kw_only=True)
class _TopUp(UnderWay):
    """One top-up under way."""

    writes: bool

    def run(self) -> MoneyResult:
        books = self.books
        if self._is_needed():
            try:
                if self.guard.look(at_fees=books.settings.fees.managed_in != "shadow"):
                    self._top_up()
                    if self.writes:
                        self.guard.raise_witness()
                self.refused.extend(self.guard.refusals())
            except RelayError as error:
                if not books.ledger.touched:
                    raise
                self.problems.append(error)
                self.guard.try_to_raise()
        return self.result(showing=not self.writes)

    def _is_needed(self) -> bool:
        """Return whether there is anything to give, to take back, to finish or to tell; else no remote call is made."""
        ledger = self.books.ledger
        return bool(self._waiting() or self._leavers() or ledger.stops() or (self.writes and ledger.open_movements()))

    def _period(self) -> str:
        return periods.key(self.books.business_day(), self.books.settings.top_up.every)

    def _waiting(self) -> list[LinkedAccount]:
        """Return the active people who have not had their top-up of this period."""
        books = self.books
        if not books.settings.top_up.is_on:
            return []
        with books.ledger.read() as connection:
            claimed = records.topped_up(connection, books.name, self._period())
            if records.fact(connection, books.name, records.NO_TOP_UP) == self._period():
                told = lazy(
                    "The top-ups of %(period)s are left out, because the ledger was rebuilt and whether they "
                    "were given cannot be told: add them by hand in PaperCut where they are missing.",
                    period=self._period(),
                )
                self.notes[:] = [Note(told)]
                return []
        return [account for account in books.people if account.is_active and account.member_id not in claimed]

    def _leavers(self) -> list[LinkedAccount]:
        """Return the people who left with a top-up that was not used."""
        wallets = self.books.ledger.wallets()
        return [
            account
            for account in self.books.people
            if account.standing == "departed"
            and account.member_id in wallets
            and wallets[account.member_id].buckets.allowance > 0
        ]

    def _top_up(self) -> None:
        books, ledger = self.books, self.books.ledger
        if self.writes:
            self.problems.extend(begin(books, self.guard))
        waiting, leavers = self._waiting(), self._leavers()
        refused = _native_quotas(books) if waiting else None
        if refused is not None:
            self.refused.append(refused)
            waiting = []
        if not waiting and not leavers:
            return
        open_now = ledger.open_movements()
        untold = {row.member_id for row in self.guard.untold()}
        busy = open_of(open_now) | untold
        with ledger.read() as connection:
            paused = records.fact(connection, books.name, PAUSED)
            last = records.fact(connection, books.name, "topped_up_on")
        found = readings.read_accounts(books, books.accounts if paused else (*waiting, *leavers))
        if self.writes and not self.guard.is_unchanged():
            return  # what was read may be of two servers, or of two moments of one
        booking = readings.book(books, found, on_the_way(open_now) | untold, unbilled=paused)
        given = self._given(waiting, booking, busy)
        taken = [
            back
            for account in leavers
            if account.member_id in booking.booked and account.member_id not in busy
            if (back := take_back(account, booking.booked[account.member_id].wallet, books.currency)) is not None
        ]
        day = books.business_day()
        numbers = ledger.movement_numbers(day, "top_up")
        planned = [
            replace(new_movement(books, item.account, "top_up", item.amount, numbers, period), expires=item.expires)
            for items, period in ((given, self._period()), (taken, None))
            for item in items
            if item.amount
        ]
        self.notes.extend(map(Note, _missed(books, last, day)))
        if not self.writes:
            self.shown = tuple(planned)
            return
        self._store(booking, given, planned, paused)
        self._carry_out(planned)

    def _given(self, waiting: Sequence[LinkedAccount], booking: Booking, busy: set[str]) -> list[TopUp]:
        """Return what each person gets, unless the limit of the whole run holds it."""
        settings = self.books.settings.top_up
        amounts_of, memberships = by_plan(self.books, settings.plan if waiting else ())
        given: list[TopUp] = []
        due = 0
        for account in waiting:
            allowance = allowance_of(account, memberships, amounts_of, settings.amount)
            booked = booking.booked.get(account.member_id)
            if booked is None and account.member_id not in busy:
                continue  # gone from PaperCut meanwhile
            wallet = booked.wallet if booked is not None else Wallet.empty(account)
            outcome = decide_top_up(account, wallet, allowance, busy=account.member_id in busy, mode=settings.mode)
            due += outcome is not None
            if isinstance(outcome, TopUp):
                given.append(outcome)
            elif outcome is not None:
                self.held.append(Held(account, 0, SETTLE_FIRST, outcome))
        return self._within_limit(given, due)

    def _within_limit(self, given: list[TopUp], due: int) -> list[TopUp]:
        books, limit = self.books, self.books.settings.safety.max_top_ups
        most = limit if limit is not None else TOP_UP_EACH * due
        total = sum(item.amount for item in given)
        if total <= most or MAX_TOP_UPS in self.allow:
            return given
        come_to, allowed = amounts.text(total, books.currency), amounts.text(most, books.currency)
        message = lazy(
            "This run's top-ups come to %(come_to)s for %(given)s people, above max_top_ups "
            "%(allowed)s: look at [top_up] amount.",
            come_to=language.amount(come_to, books.currency),
            given=len(given),
            allowed=allowed,
        )
        remedies = (Remedy("allow_top_up", (MAX_TOP_UPS,), lazy("if it is right")),)
        self.refused.append(UnsafePlan(MAX_TOP_UPS, message, count=come_to, limit=allowed, remedies=remedies))
        self.held.extend(Held(item.account, item.amount, MAX_TOP_UPS, message) for item in given if item.amount)
        return []

    def _store(self, booking: Booking, given: Sequence[TopUp], planned: Sequence[Movement], paused: str) -> None:
        """Store what was read, claims and movements in one commit, before anything is sent."""
        books, ledger, now = self.books, self.books.ledger, self.books.clock.now()
        references = {movement.member_id: movement.reference for movement in planned}
        with ledger.write() as connection:
            readings.store(books, connection, booking, now)
            if paused:
                readings.end_pause(books, connection, booking)
            for movement in planned:
                ledger.add_movement(connection, movement)
            claims = {item.account.member_id: references.get(item.account.member_id) for item in given}
            records.claim_top_ups(connection, books.name, self._period(), claims, now)
            records.set_fact(connection, books.name, "topped_up_on", books.business_day().isoformat())

    def _carry_out(self, movements: Sequence[Movement]) -> None:
        """Make every top-up and tell what did not read back as it must; after a first that did not, none follows."""
        wrong = effects.adjust_all(self.books, self.guard, movements, N_("Topping up"))
        self.notes.extend(map(Note, wrong.others))
        if wrong.first:
            raise RelayError(
                lazy(
                    "The first top-up did not read back as it must, so no other was begun: %(first)s", first=wrong.first
                ),
                code="verification_failed",
            )


def _native_quotas(books: Books) -> UnsafePlan | None:
    found = quotas.giving(books.papercut, books.progress)
    if not found:
        return None
    return UnsafePlan(
        "native_quota",
        lazy(
            "PaperCut itself gives quotas to %(found)s, so no top-up was made: both together would "
            "give twice. Set the quota of these groups to none (PaperCut, Groups), or [top_up] amount to 0.",
            found=", ".join(sorted(found)[:5]),
        ),
        count=len(found),
    )


def _missed(books: Books, last: str, day: date) -> list[str]:
    settings = books.settings.top_up
    gone = periods.missed(date.fromisoformat(last), day, settings.every) if last else []
    if not gone or settings.mode != "add":
        return []
    return [
        lazy(
            "No run gave the top-ups of %(gone)s; only the current period's were given. Add the others by hand "
            "in PaperCut if your members are to have them.",
            gone=", ".join(gone),
        )
    ]
