"""The settle: guard, recover, read, decide, bill, adjust, verify.

The order is the promise: the guard looks first, what is open comes to truth before anything new, every fee is stored
before it is sent and posted before the balance is adjusted, and the first movement of a run goes alone and is verified
before the others follow, so that whatever is wrong with this server or this version is found on one person. What to
bill is decided in `decide`; how each effect is done in `act`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Event

from sqlalchemy import Connection

from relay import amounts
from relay.accounts import LinkedAccount
from relay.errors import NotFound, RelayError, UnsafePlan, UsageError
from relay.language import N_, lazy
from relay.money import credits, restore
from relay.money.act import deadline, effects, fee_list, fees_plan, included, readings
from relay.money.act.guard import Guard, Permit
from relay.money.act.included import Budget
from relay.money.act.planning import new_fee, new_movement, plan_fees, shown, store
from relay.money.act.readings import PAUSED, Booked, Booking, on_the_way
from relay.money.books import JobEvidence, first_alone, opened
from relay.money.decide import periods
from relay.money.decide.bill import Bill, BillingDecision, Case, Forgiveness, Policy, Share, decide, priced
from relay.money.decide.due import OwedChange
from relay.money.decide.holds import COMPANY_GONE, FOREIGN_FEE, LIMITS, MAX_TOP_UPS, MEMBER_GONE, UNREAD, Held
from relay.money.decide.movement import Fee, Movement
from relay.money.decide.remedies import of_hold
from relay.money.decide.wallet import Wallet
from relay.money.ledger import holds, journal, records
from relay.money.ledger.store import open_of
from relay.money.recover import begin
from relay.money.report.result import MoneyResult, told
from relay.money.under_way import UnderWay
from relay.remedy import Note, Remedy
from relay.site import Site
from relay.stored_accounts import contradicted

ALLOWABLE = (*LIMITS, MAX_TOP_UPS, "max_removals_percent", "max_changes_percent")
SEVERAL_FELL = 3  # this many counters below their last value on one day, and this share of those read, are worth a word
SHARE_FELL = 10  # percent


def check_codes(allow: Sequence[str]) -> None:
    """Raise UsageError for a limit that does not exist."""
    unknown = sorted(set(allow) - set(ALLOWABLE))
    if unknown:
        raise UsageError(
            lazy(
                "There is no limit %(unknown)s; the limits are %(allowable)s.",
                unknown=", ".join(unknown),
                allowable=", ".join(ALLOWABLE),
            )
        )


def recover(site: Site, *, jobs: JobEvidence | None = None) -> MoneyResult:
    """Bring every open movement to truth; without one this makes no remote call."""
    with opened(site, writes=True, jobs=jobs) as books:
        if site.settings.fees.managed_in == "shadow" or not books.ledger.open_movements():
            return MoneyResult(books.currency, told(books.ledger))
        guard = Guard(books, writes=True)
        problems: list[RelayError] = []
        try:
            if guard.look():
                problems.extend(begin(books, guard))
                guard.raise_witness()
        except RelayError as error:
            problems.append(error)
        return MoneyResult(books.currency, told(books.ledger), refused=guard.refusals(), problems=tuple(problems))


def settle(
    site: Site, *, dry_run: bool = False, allow: Sequence[str] = (), jobs: JobEvidence | None = None
) -> MoneyResult:
    """Recover, bill what is owed, adjust it, verify, and return what was done and what waits.

    With `dry_run` nothing is written anywhere, also by recovery. `allow` lifts named limits for this run.
    """
    check_codes(allow)
    with opened(site, writes=not dry_run, jobs=jobs) as books:
        guard = Guard(books, writes=not dry_run, answers_fees=True)
        return _Settle(books=books, guard=guard, allow=frozenset(allow), dry_run=dry_run).run()


@dataclass(kw_only=True)
class _Settle(UnderWay):
    """One settle under way."""

    dry_run: bool
    to_judge: list[str] = field(default_factory=list)  # fees whose answer was no plain success
    checked_one: Event = field(default_factory=Event)  # a fee of this run was read back

    def run(self) -> MoneyResult:
        books, mode = self.books, self.books.settings.fees.managed_in
        shadow = mode == "shadow"
        try:
            if mode != "papercut" or books.ledger.open_movements():
                may_move = self.guard.look(at_fees=not shadow)
                self.refused.extend((*self.guard.refusals(), *self.guard.doubles))
                writes = may_move and not self.dry_run and not shadow
                if writes:
                    self.problems.extend(begin(books, self.guard))
                if may_move and mode != "papercut":
                    self._bill(shadow)
                if writes:
                    self.guard.raise_witness()
                    self.refused.extend(stop for stop in self.guard.refusals() if stop.code not in self._told())
        except RelayError as error:
            if not books.ledger.touched and not self.problems and not self.refused:
                raise
            self.problems.append(error)
            self.guard.try_to_raise()
        if mode == "papercut":
            self.notes.append(Note(lazy("[fees] managed_in is papercut: printing fees are not managed in OfficeRnD.")))
            self._pause()
        return self.result(showing=self.dry_run or shadow)

    def _told(self) -> set[str]:
        return {refusal.code for refusal in self.refused}

    def _pause(self) -> None:
        """Remember that PaperCut does the billing, so that what is owed meanwhile is an opening debt later."""
        if not self.dry_run:
            with self.books.ledger.write() as connection:
                records.set_fact(connection, self.books.name, PAUSED, "yes")

    # -- deciding ----------------------------------------------------------------------------------------------------

    def _bill(self, shadow: bool) -> None:
        books, ledger = self.books, self.books.ledger
        open_now = ledger.open_movements()
        retried = [fee for fee in ledger.open_fees() if fee.state in ("planned", "failed")]
        replaceable = {fee.reference for fee in retried if not fee.lost}
        found = readings.read_accounts(books, books.accounts)
        if found.problem is not None:
            self.problems.append(found.problem)
        with ledger.read() as connection:
            paused = records.fact(connection, books.name, PAUSED)
        if not shadow and not self.guard.is_unchanged():
            return  # what was read may be of two servers, or of two moments of one
        untold = self.guard.untold()
        unread = on_the_way(open_now) | {row.member_id for row in untold}
        booking = readings.book(books, found, unread, unbilled=paused)
        cases = self._cases(booking, open_now, replaceable, shadow)
        budget = included.budget(books, [case.account for case in cases if case.wallet.buckets.owed])
        cases = [replace(case, owing_since=budget.since.get(case.wallet.id)) for case in cases]
        decision = decide(cases, self._policy(), budget.left)
        refunds = [] if shadow else credits.proposals(books, cases)
        waiting = (*decision.held, *credits.held(books, refunds))
        self.held.extend((*waiting, *found.unread, *restore.held_rows(books, untold)))
        self.refused.extend((*decision.refused, *restore.refusals(untold)))
        self.notes.extend(Note(void.reason) for void in decision.voids)
        self.notes.extend(_gone(books.people if found.unread else books.accounts, found.readings))
        self.notes.extend(map(Note, self._counters_fell(booking)))
        forgiven, uses = self._forgivenesses(decision.forgivenesses), included.movements(books, decision)
        if self.dry_run or shadow:
            fees = shown(books, decision.bills, self.guard.plan)
            self.shown = (*(movement for movement, _ in forgiven), *uses, *fees)
            forgiven, uses = [], []
        if self.dry_run:
            return
        # One open movement per person: a fee that was not made gives way to what comes first, and is planned anew.
        first = {movement.member_id for movement in (*uses, *(movement for movement, _ in forgiven))}
        first |= credits.approved(refunds)
        parts = {fee: ledger.of_fee(fee.reference) for fee in retried}
        in_the_way = {
            fee: own
            for fee, own in parts.items()
            if not fee.lost and any(part.member_id in first for part in own)
        }  # fmt: skip
        self._store(booking, decision, cases, waiting, found.unread, forgiven, in_the_way, (uses, budget))
        if shadow:
            self._show(decision)
            return
        for movement, _ in forgiven:
            if effects.make_adjustment(books, self.guard, movement) == "posted":
                effects.verify(books, movement)
        if not self._use_included(uses):
            return
        credits.carry_out(books, self.guard, refunds, cases)
        plan = self.guard.plan
        if plan is None and decision.bills:
            plan = fees_plan.fees_plan(books.officernd, books.settings, create=True)
        references = plan_fees(books, decision.bills, [fee for fee in retried if fee not in in_the_way], plan)
        if references:
            self._carry_out(references)
        self._finish()

    def _cases(self, booking: Booking, open_now: Sequence[Movement], replaceable: set[str], shadow: bool) -> list[Case]:
        """Return a case for every account that was read."""
        books, day = self.books, self.books.business_day()
        first_day = periods.first_day(day, books.settings.fees.every)
        with books.ledger.read() as connection:
            changes = journal.owed_changes(connection, books.name, first_day)
            rows = holds.open_holds(connection, books.name)
            doubtful = contradicted(connection, books.name)
            shown_before = records.shown_in_shadow(connection, books.name) if shadow else {}
        passed = {movement.member_id: movement.amount for movement in open_now if movement.fee_reference in replaceable}
        busy = open_of([movement for movement in open_now if movement.fee_reference not in replaceable])
        fees_today = books.ledger.fees_on(day)
        lifted = self.guard.lifted.get("old_connector")
        taken = books.ledger.taken_subjects()
        cases = []
        for member_id, booked in booking.booked.items():
            wallet, account = booked.wallet, booked.account
            foreign = self.guard.strangers.held.get(member_id, "")
            known = changes.get(wallet.id, ()) if wallet.id else ()
            cases.append(
                Case(
                    account,
                    wallet,
                    (*known, *_new_changes(booked), OwedChange(day, shown_before.get(member_id, 0))),
                    tuple(row for row in rows if row.member_id == member_id) if rows and wallet.id else (),
                    busy=member_id in busy or member_id in doubtful,
                    passed=passed.get(member_id, 0),
                    gone=self._payer_gone(account) if account.standing == "departed" and wallet.buckets.owed else "",
                    foreign_fee=foreign if lifted is None else "",
                    billed_elsewhere=self.guard.strangers.prices.get(member_id, 0) if lifted == "forgive" else 0,
                    fees_today=fees_today[member_id],
                    may_be_billed=bool({member_id, account.company_id} & taken),
                )
            )
        return cases

    def _payer_gone(self, account: LinkedAccount) -> str:
        """Return the code of a payer that OfficeRnD no longer knows, "" where it knows both."""
        cloud, fees = self.books.officernd, self.books.settings.fees
        try:
            if not account.is_shared:
                cloud.member(account.member_id)
        except NotFound:
            return MEMBER_GONE
        try:
            if account.company_id and (account.is_shared or fees.bill_to == "company"):
                cloud.company(account.company_id)
        except NotFound:
            return COMPANY_GONE
        return ""

    def _policy(self) -> Policy:
        books, fees, safety = self.books, self.books.settings.fees, self.books.settings.safety
        return Policy(
            currency=books.currency,
            today=books.business_day(),
            grouping=fees.grouping,
            bill_to=fees.bill_to,
            every=fees.every,
            opening=fees.opening_balances,
            minimum=fees.minimum,
            tax=fees.tax_rate,
            max_fee=safety.max_fee,
            max_run_total=safety.max_run_total,
            max_fees_per_person_day=safety.max_fees_per_person_day,
            allow=self.allow,
        )

    def _counters_fell(self, booking: Booking) -> Iterator[str]:
        """Tell of several job counters that fell on one business day, which is no accident of one account."""
        with self.books.ledger.read() as connection:
            before = journal.fell_on(connection, self.books.name, self.books.business_day())
        fell = before | {one.account.member_id for one in booking.fell if not one.account.is_shared}
        if len(fell) >= SEVERAL_FELL and 100 * len(fell) >= SHARE_FELL * len(booking.booked):
            yield (
                lazy(
                    "The job counters of %(fell)s people are lower today than they were, as happens when PaperCut "
                    "is put back from a backup: look at PaperCut before you approve what is held.",
                    fell=len(fell),
                )
            )

    # -- storing -----------------------------------------------------------------------------------------------------

    def _store(
        self,
        booking: Booking,
        decision: BillingDecision,
        cases: Sequence[Case],
        waiting: Sequence[Held],
        unread: Sequence[Held],
        forgiven: Sequence[tuple[Movement, Forgiveness]],
        withdrawn: Mapping[Fee, Sequence[Movement]],
        uses: tuple[Sequence[Movement], Budget],
    ) -> None:
        """Store what was read, what is released, forgiven and held, in one commit.

        A word is used up in the commit that carries it out: else a kill in between would leave it for a second use.
        """
        books, ledger, now = self.books, self.books.ledger, self.books.clock.now()
        with ledger.write() as connection:
            stored = readings.store(books, connection, booking, now)
            if books.settings.fees.managed_in != "shadow":  # shadow shows; nothing of it binds
                self._release(connection, decision, stored)
            for fee, parts in withdrawn.items():
                ledger.withdraw(connection, fee, parts)
            for movement, one in forgiven:
                ledger.add_movement(connection, movement)
                if one.word is not None:
                    holds.spend_word(connection, one.word, now, movement=movement.reference)
            included.store(books, connection, *uses)
            for void in decision.voids:
                holds.void_word(connection, void.word, void.reason, now)
            records.add_foreign_fees(connection, books.name, self.guard.strangers.new, now)
            records.release_foreign_fees(connection, books.name, self._spoken_of(cases, decision), now)
            decided = [case.account.member_id for case in cases if not case.busy]
            over = [wallet.member_id for wallet in booking.over]
            holds.renew_holds(connection, books.name, waiting, (*decided, *over), now)
            names = {account.member_id: account.username for account in books.accounts}
            holds.renew_holds(connection, books.name, unread, names, now, code=UNREAD)
            holds.follow_names(connection, books.name, names)
            readings.end_pause(books, connection, booking)

    def _release(self, connection: Connection, decision: BillingDecision, stored: Mapping[str, Wallet]) -> None:
        """Book what words, or the setting, have made owed."""
        ledger, now = self.books.ledger, self.books.clock.now()
        for release in decision.releases:
            before = stored[release.wallet.member_id]
            wallet = replace(release.wallet, id=before.id, witness=before.witness)
            entry_id = ledger.book(connection, wallet, release.entry, ledger.witness)
            if release.word is not None:
                holds.spend_word(connection, release.word, now, entry_id=entry_id)

    def _spoken_of(self, cases: Sequence[Case], decision: BillingDecision) -> set[str]:
        """Return the members of whose foreign fees a person has spoken, for each or for the whole site.

        A fee of somebody who is busy was not decided on, so it stays to be asked about.
        """
        decided = [case for case in cases if not case.busy]
        void = {one.word for one in decision.voids}
        spoken = {
            case.account.member_id
            for case in decided
            if (row := case.hold(FOREIGN_FEE)) and row.word and row.word.id not in void
        }
        if "old_connector" in self.guard.lifted:
            spoken |= set(self.guard.strangers.held) & {case.account.member_id for case in decided}
        return spoken

    def _show(self, decision: BillingDecision) -> None:
        """Remember what shadow mode shows, so that it is shown once."""
        books = self.books
        rows = [(share.account, share.amount) for bill in decision.bills for share in bill.shares]
        with books.ledger.write() as connection:
            records.add_shadow_fees(connection, books.name, books.business_day(), rows)

    # -- acting ------------------------------------------------------------------------------------------------------

    def _forgivenesses(self, found: Sequence[Forgiveness]) -> list[tuple[Movement, Forgiveness]]:
        books = self.books
        numbers = books.ledger.movement_numbers(books.business_day(), "forgiveness")
        return [
            (replace(new_movement(books, one.account, "forgiveness", one.amount, numbers), bucket=one.bucket), one)
            for one in found
        ]

    def _use_included(self, uses: Sequence[Movement]) -> bool:
        """Let included printing pay, and return whether billing may follow: not after a first that reads back wrong."""
        wrong = effects.adjust_all(self.books, self.guard, uses, "Included printing")
        if wrong.first:
            self._not_verified(
                lazy("The first movement of this run did not read back as it must: %(first)s", first=wrong.first)
            )
        self.notes.extend(map(Note, wrong.others))
        return not wrong.first

    def _carry_out(self, references: Sequence[str]) -> None:
        """Bill: alone until one fee is verified, then side by side; stop when a system no longer answers."""
        pointless = Event()

        def one(name: str) -> str | None:
            return None if pointless.is_set() else self._carry_out_one(name, pointless)

        wrong = first_alone(self.books, one, references, N_("Billing"))
        if wrong.first:
            self._not_verified(
                lazy("The first movement of this run did not read back as it must: %(first)s", first=wrong.first)
            )
        self.notes.extend(map(Note, wrong.others))
        self._read_back(pointless)

    def _not_verified(self, message: str) -> None:
        self.refused.append(
            UnsafePlan("verification_failed", lazy("%(message)s No other was begun.", message=message), count=1)
        )

    def _carry_out_one(self, fee_reference: str, pointless: Event, tries: int = effects.RATE_LIMIT_TRIES) -> str | None:
        """Bill one fee and adjust everybody under it; return as `effects.verify` what did not read back as it must."""
        ledger = self.books.ledger
        fee, movements = ledger.fee(fee_reference), ledger.of_fee(fee_reference)
        try:
            permit = self.guard.permit(fee_reference, movements)
        except RelayError as error:
            pointless.set()
            self._note(movements, "not_sent", error.message)
            return None
        if not isinstance(permit, Permit):
            if permit.is_stopped:
                pointless.set()
            if fee.lost or permit.is_stopped:
                self._note(movements, "withheld", permit.note)
            else:
                with ledger.write() as connection:
                    ledger.withdraw(connection, fee, movements)
            return None
        owing = [
            movement
            for movement in movements
            if -permit.read[movement.member_id].wallet.buckets.owed >= movement.amount
        ]
        if len(owing) < len(movements):
            again = self._without_the_paid(fee, movements, owing)
            return self._carry_out_one(again, pointless) if again else None
        outcome = effects.post_fee(self.books, fee, permit)
        if outcome == "unreachable":
            pointless.set()
        if outcome == "again" and tries > 0:
            return self._carry_out_one(fee_reference, pointless, tries - 1)
        if outcome == "open":
            self.to_judge.append(fee_reference)
        if outcome != "posted":
            return None
        return self._check_first(fee_reference) or self._adjust(fee_reference, pointless)

    def _without_the_paid(self, fee: Fee, movements: Sequence[Movement], owing: Sequence[Movement]) -> str:
        """Withdraw a fee of which somebody has paid his part, and plan one of those who still owe; return it, or "".

        A fee that was ever sent keeps its shares: it is decided anew by the next settle.
        """
        books, ledger = self.books, self.books.ledger
        shares = tuple(
            Share(
                books.by_member[movement.member_id],
                movement.amount,
                since=books.by_member[movement.member_id].linked_at,
            )
            for movement in owing
        )
        if not shares or fee.lost or self.guard.plan is None:
            with ledger.write() as connection:
                ledger.withdraw(connection, fee, movements)
            return ""
        whole = Bill(fee.member_id, fee.company_id, fee.is_personal, shares)
        bill = priced(whole, books.settings.fees.tax_rate, amounts.minor_unit(books.currency))
        numbers = ledger.fee_numbers(books.business_day())
        planned = new_fee(books, bill, self.guard.plan, numbers[fee.subject_id] + 1)
        with ledger.write() as connection:
            ledger.withdraw(connection, fee, movements)
            store(books, connection, planned)
        return planned.fee.reference

    def _check_first(self, fee_reference: str) -> str:
        """Read the first fee of a run back before anybody else's follows, and return what is wrong with it."""
        if self.checked_one.is_set():
            return ""
        fee = self.books.ledger.fee(fee_reference)
        try:
            remote = self.books.officernd.fee(fee.fee_id)
        except RelayError:
            return ""  # the list at the end of the run shows it
        self.checked_one.set()
        return fee_list.wrong_price(fee, remote)

    def _adjust(self, fee_reference: str, pointless: Event) -> str | None:
        """Adjust everybody under a posted fee."""
        verdicts = []
        for movement in self.books.ledger.of_fee(fee_reference):
            outcome = effects.make_adjustment(self.books, self.guard, movement)
            if outcome == "unreachable":
                pointless.set()
                break
            if outcome == "posted":
                verdicts.append(effects.verify(self.books, movement))
        return next((verdict for verdict in verdicts if verdict), "" if "" in verdicts else None)

    def _read_back(self, pointless: Event) -> None:
        """Look every fee of this run up in one counted list: judge those without a success, read the others back."""
        books, ledger = self.books, self.books.ledger
        posted = [fee for fee in ledger.fees_named(books.sent_s) if fee.state == "posted"]
        judged = [ledger.fee(name) for name in self.to_judge]
        if not posted and not judged:
            return
        plan_id = (posted or judged)[0].plan_id
        deadline.wait_for_fees(books, [fee.reference for fee in judged if fee.lost])
        try:
            found = fee_list.read(books, plan_id, judged)
        except RelayError as error:
            for fee in judged:
                effects.not_looked_up(books, fee, error)
            if posted:
                self.notes.append(
                    Note(lazy("The fees of this run could not be read back: %(message)s", message=error.message))
                )
            return
        for fee in judged:
            outcome = effects.settle_fee(books, fee, found)
            if outcome == "posted":
                wrong = self._adjust(fee.reference, pointless)
                self.notes.extend([Note(wrong)] if wrong else [])
            elif outcome == "failed" and not fee.lost:
                self._hold_if_gone(ledger.fee(fee.reference))
        for fee in posted:
            for remote in found.by_reference.get(fee.reference, [])[:1]:
                wrong = fee_list.wrong_price(fee, remote)
                if wrong:
                    self.refused.append(UnsafePlan("verification_failed", wrong, count=1))

    def _note(self, movements: Sequence[Movement], event: str, note: str) -> None:
        with self.books.ledger.write() as connection:
            for movement in movements:
                self.books.ledger.note(connection, movement, event, note, {"note": note})

    def _hold_if_gone(self, fee: Fee) -> None:
        """Hold the debt of somebody whose payer OfficeRnD does not know any more, instead of failing for ever."""
        books, ledger = self.books, self.books.ledger
        movements = ledger.of_fee(fee.reference)
        accounts = [books.by_member[movement.member_id] for movement in movements]
        try:
            code = self._payer_gone(accounts[0])
        except RelayError:
            return
        if not code:
            return
        held = [_gone_hold(account, movement, code) for account, movement in zip(accounts, movements, strict=True)]
        self.held.extend(held)
        first = held[0]
        reason = f"{first.account.username}: {first.reason}"
        self.refused.append(UnsafePlan(code, reason, count=len(held), remedies=of_hold(code, first.account.username)))
        with ledger.write() as connection:
            ledger.withdraw(connection, fee, movements)
            holds.add_holds(connection, books.name, held, books.clock.now())

    def _finish(self) -> None:
        """Remember how far this settle came."""
        books = self.books
        with books.ledger.write() as connection:
            records.set_fact(connection, books.name, "currency", books.currency)
            if self.guard.fees is not None:
                records.set_fact(connection, books.name, "fees_read_to", books.business_day().isoformat())


def _new_changes(booked: Booked) -> tuple[OwedChange, ...]:
    """Return what this run's reading changed of what is owed."""
    return tuple(OwedChange(entry.day, entry.change.owed) for entry, _ in booked.entries)


def _gone(accounts: Sequence[LinkedAccount], found: Mapping[str, object]) -> Iterator[Note]:
    """Tell which linked accounts PaperCut no longer has."""
    gone = [account for account in accounts if account.username not in found]
    people = [account.username for account in gone if not account.is_shared]
    if people:
        yield Note(
            lazy("PaperCut no longer has an account %(people)s.", people=", ".join(people[:5])), (Remedy("sync"),)
        )
    for account in gone:
        if account.is_shared:
            yield Note(
                lazy(
                    "PaperCut no longer has %(username)s of %(company_name)s.",
                    username=account.username,
                    company_name=account.company_name,
                ),
                (
                    Remedy("link_shared", (account.company_id, ""), lazy("if it was renamed")),
                    Remedy("unlink", (account.username,), "else"),
                ),
            )


def _gone_hold(account: LinkedAccount, movement: Movement, code: str) -> Held:
    who = lazy("this member") if code == MEMBER_GONE else lazy("the company that pays")
    money = amounts.with_currency(movement.amount, movement.currency)
    reason = lazy(
        "OfficeRnD no longer knows %(who)s, so %(money)s cannot be billed; collect it in another way, then forgive it",
        who=who,
        money=money,
    )
    return Held(account, movement.amount, code, reason)
