"""The settle: recover, read, decide, bill, adjust, verify.

The order is the promise: every fee is stored before it is sent, posted before the balance is adjusted, and the first
movement of a run goes alone and is verified before the others follow, so that whatever is wrong with this server or
this version is found on one person. What to bill is decided in `decide`; how each effect is done in `effects`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import Event
from types import MappingProxyType

from sqlalchemy import Connection, insert

from relay import amounts
from relay.accounts import LinkedAccount
from relay.errors import AuthFailed, BadAnswer, NotFound, Refused, RelayError, UnsafePlan, UsageError, argument
from relay.money import credits
from relay.money.act import effects, fees_plan, foreign
from relay.money.act.planning import new_movement, plan_fees, shown
from relay.money.books import Books, JobEvidence, first_alone, opened
from relay.money.decide import periods
from relay.money.decide.account import carry, mark_of
from relay.money.decide.bill import (
    CREDIT,
    LIMITS,
    NO_APPROVAL,
    OPENING,
    UNREAD,
    Approval,
    Case,
    Decision,
    Held,
    Policy,
    Share,
    decide,
)
from relay.money.decide.evidence import Reading
from relay.money.decide.movement import Fee, Movement
from relay.money.ledger import records, tables
from relay.money.ledger.store import open_of
from relay.money.recover import recover_open
from relay.money.report.result import MoneyResult, ordered, told
from relay.site import Site

ALLOWABLE = (*LIMITS, "max_removals_percent", "max_changes_percent")
CLOCK_TOLERANCE = timedelta(minutes=5)


def recover(
    site: Site, *, jobs: JobEvidence | None = None,
) -> MoneyResult:  # fmt: skip
    """Bring every open movement to truth; without one this makes no remote call."""
    with opened(site, writes=True, jobs=jobs) as books:
        problems = () if site.settings.fees.managed_in == "shadow" else tuple(recover_open(books))
        return MoneyResult(books.currency, told(books.ledger), problems=problems)


def settle(
    site: Site, *, dry_run: bool = False, allow: Sequence[str] = (), jobs: JobEvidence | None = None,
    parallel: int | None = None,
) -> MoneyResult:  # fmt: skip
    """Recover, bill every negative balance, adjust it, verify, and return what was done and what waits.

    With `dry_run` nothing is written anywhere, also by recovery. `allow` lifts named limits for this run. `parallel` is
    the number of fees under way at once, by default `papercut.connections`.
    """
    unknown = sorted(set(allow) - set(ALLOWABLE))
    if unknown:
        raise UsageError(f"--allow {unknown[0]}: there is no such limit; the limits are {', '.join(ALLOWABLE)}.")
    with opened(site, writes=not dry_run, jobs=jobs) as books:
        return _Settle(books, dry_run, frozenset(allow), parallel or site.settings.papercut.connections).run()


@dataclass
class _Settle:
    """One settle under way."""

    books: Books
    dry_run: bool
    allow: frozenset[str]
    parallel: int
    held: list[Held] = field(default_factory=list)
    refused: list[UnsafePlan] = field(default_factory=list)
    problems: list[RelayError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    shown: tuple[Movement, ...] = ()

    def run(self) -> MoneyResult:
        books, mode = self.books, self.books.settings.fees.managed_in
        shadow = mode == "shadow"
        if not self.dry_run and not shadow:
            self.problems.extend(recover_open(books))
        if mode == "papercut":
            self.notes.append("[fees] managed_in is papercut: printing fees are not managed in OfficeRnD.")
        else:
            try:
                self._bill(shadow)
            except RelayError as error:
                if not books.ledger.touched and not self.problems:
                    raise
                self.problems.append(error)
        return MoneyResult(
            books.currency,
            (*told(books.ledger), *self.shown),
            ordered(self.held),
            tuple(self.refused),
            tuple(self.problems),
            tuple(self.notes),
            showing=self.dry_run or shadow,
        )

    # -- deciding ----------------------------------------------------------------------------------------------------

    def _bill(self, shadow: bool) -> None:
        books = self.books
        with books.ledger.read() as connection:
            words = records.approvals(connection, books.name)
            holds = records.holds(connection, books.name)
            stop = _stop(connection, books)
        earlier = {hold.member_id for hold in holds if hold.code not in (OPENING, CREDIT)}
        site_word = words.get("", NO_APPROVAL)
        if stop is not None and stop.code not in site_word.held:
            self._stopped(stop)
            return
        plan = fees_plan.fees_plan(books.officernd, books.settings, create=False)
        seen = foreign.look(books, plan) if plan is not None and not shadow else foreign.Seen()
        if seen.stop is not None and seen.stop.code not in site_word.held:
            self._stopped(seen.stop)
            return
        if seen.late:
            self.problems.extend(recover_open(books))
        readings, unread = self._readings()
        cases, retried = self._cases(readings, words, earlier, seen)
        decision = decide(cases, self._policy(shadow))
        refunds = [] if shadow else credits.proposals(books, cases)
        decision = replace(decision, held=(*decision.held, *credits.held(books, refunds, words), *unread))
        self.held.extend(decision.held)
        self.refused.extend(decision.refused)
        self.notes.extend(_gone(books.people if unread else books.accounts, readings))
        if self.dry_run or shadow:
            self.shown = tuple(shown(books, decision, plan))
            if shadow and not self.dry_run:
                self._store(decision, cases, seen, words)
                _store_shadow(books, decision)
            return
        forgiven = self._forgivenesses(decision.forgivenesses)
        # One open movement per person: a fee that was not made gives way to what comes first, and is planned anew.
        first = {movement.member_id for movement in forgiven} | credits.answered(refunds, words)
        parts = {fee: books.ledger.of_fee(fee.reference) for fee in retried}
        in_the_way = {fee: own for fee, own in parts.items() if any(part.member_id in first for part in own)}
        retried = [fee for fee in retried if fee not in in_the_way]
        self._store(decision, cases, seen, words, forgiven, in_the_way)
        if forgiven:
            self._forgive(forgiven)
        credits.carry_out(books, refunds, words)
        if plan is None and decision.bills:
            plan = fees_plan.fees_plan(books.officernd, books.settings, create=True)
        references = plan_fees(books, decision.bills, retried, plan)
        if references:
            self._carry_out(references)
        self._finish(seen)

    def _readings(self) -> tuple[dict[str, Reading], list[Held]]:
        """Return what PaperCut holds, and the shared accounts that cannot be read: they stop nobody else's money."""
        books = self.books
        readings = books.read_all(books.people)
        shared = [account for account in books.accounts if account.is_shared]
        try:
            return readings | books.read_all(shared), []
        except AuthFailed:
            raise
        except (BadAnswer, Refused) as error:
            self.problems.append(error)
            return readings, [Held(account, 0, UNREAD, error.message) for account in shared]

    def _cases(
        self, readings: Mapping[str, Reading], words: Mapping[str, Approval], earlier: set[str], seen: foreign.Seen
    ) -> tuple[list[Case], list[Fee]]:
        """Return a case for every person read, and the fees that earlier settles planned and could not post."""
        books, now = self.books, self.books.clock.now()
        open_now = books.ledger.open_movements()
        retried = [fee for fee in books.ledger.open_fees() if fee.state in ("planned", "failed") and not fee.lost]
        again = {fee.reference for fee in retried}
        passed = {movement.member_id: movement.amount for movement in open_now if movement.fee_reference in again}
        busy = open_of([movement for movement in open_now if movement.fee_reference not in again])
        marks = books.ledger.marks()
        fees_today = books.ledger.fees_on(books.business_day())
        cases = []
        for person in books.accounts:
            reading = readings.get(person.username)
            if reading is None:
                continue
            before = mark_of(person, marks)
            printed = reading.jobs - before.jobs if before.jobs is not None else None
            unchanged = reading.balance == before.balance and not printed
            costs = None if unchanged else books.jobs.costs(person.username, before.at, now, printed)
            carried = carry(before, reading, now, costs)
            if before.at > now:  # our own clock went back; a jump was accepted by a person's word
                carried = replace(carried, doubt="")
            cases.append(
                Case(
                    person,
                    before,
                    carried,
                    _heard(person, words, carried.doubt, seen),
                    busy=person.member_id in busy,
                    waiting=person.member_id in passed or person.member_id in earlier,
                    passed=passed.get(person.member_id, 0),
                    gone=person.standing == "departed" and reading.balance < 0 and self._gone(person.member_id),
                    foreign_fee=seen.held.get(person.member_id, ""),
                    fees_today=fees_today[person.member_id],
                )
            )
        return cases, retried

    def _gone(self, member_id: str) -> bool:
        try:
            self.books.officernd.member(member_id)
        except NotFound:
            return True
        return False

    def _policy(self, shadow: bool) -> Policy:
        books, fees, safety = self.books, self.books.settings.fees, self.books.settings.safety
        with books.ledger.read() as connection:
            billed = records.fact(connection, books.name, "billed_period")
        return Policy(
            site=books.name,
            currency=books.currency,
            grouping=fees.grouping,
            bill_to=fees.bill_to,
            opening=fees.opening_balances,
            minimum=fees.minimum,
            max_fee=safety.max_fee,
            max_run_total=safety.max_run_total,
            max_fees_per_person_day=safety.max_fees_per_person_day,
            allow=self.allow,
            due=fees.every == "day" or billed != self._period(),
            shadow=shadow,
        )

    def _period(self) -> str:
        return periods.key(self.books.business_day(), self.books.settings.fees.every)

    def _stopped(self, stop: UnsafePlan) -> None:
        self.refused.append(stop)
        if not self.dry_run:
            with self.books.ledger.write() as connection:
                site_wide = Held(LinkedAccount("", self.books.name, self.books.clock.now()), 0, stop.code, stop.message)
                records.replace_holds(connection, self.books.name, [site_wide], self.books.clock.now())

    # -- storing -----------------------------------------------------------------------------------------------------

    def _store(
        self,
        decision: Decision,
        cases: Sequence[Case],
        seen: foreign.Seen,
        words: Mapping[str, Approval],
        forgiven: Sequence[Movement] = (),
        withdrawn: Mapping[Fee, Sequence[Movement]] = MappingProxyType({}),
    ) -> None:
        """Store what was believed, what is forgiven and what is held, in one commit; every word was heard by now.

        A word that forgives is used up in the commit that plans it: else a kill in between would leave the debt
        believed and nobody's word against billing it.
        """
        books, now = self.books, self.books.clock.now()
        stops = [
            Held(LinkedAccount("", books.name, now), 0, refusal.code, refusal.message)
            for refusal in decision.refused
            if refusal.code == "restored"
        ]
        with books.ledger.write() as connection:
            for case in cases:
                mark = decision.marks.get(case.person.member_id)
                if mark is None or replace(mark, at=case.before.at, billed_at=case.before.billed_at) == case.before:
                    continue  # not believed, or nothing has changed
                books.ledger.set_mark(connection, case.person.member_id, mark)
                if case.carried.printed or case.carried.credited:
                    jobs = (
                        (case.carried.mark.jobs or 0) - (case.before.jobs or 0) if case.before.jobs is not None else 0
                    )
                    records.add_change(connection, books.name, case.person, case.carried, jobs)
            for fee, parts in withdrawn.items():
                books.ledger.withdraw(connection, fee, parts)
            for movement in forgiven:
                books.ledger.add_movement(connection, movement)
            for member_id, doubted in decision.doubts.items():
                books.ledger.set_mark(connection, member_id, doubted)
            records.add_foreign_fees(connection, books.name, seen.fees, now)
            spoken_of = [case.person.member_id for case in cases if "foreign_fee" in case.approval.held]
            records.release_foreign_fees(connection, books.name, spoken_of, now)
            if "clock_went_back" in words.get("", NO_APPROVAL).held:
                records.accept_clock(connection, books.name, now)
            records.replace_holds(connection, books.name, (*decision.held, *stops), now)
            records.use_approvals(connection, books.name, now)

    # -- acting ------------------------------------------------------------------------------------------------------

    def _forgivenesses(self, shares: Sequence[Share]) -> list[Movement]:
        books = self.books
        numbers = books.ledger.sequences(tables.movements.c.member_id, books.business_day(), "forgiveness")
        return [new_movement(books, share.person, "forgiveness", share.amount, numbers) for share in shares]

    def _forgive(self, planned: Sequence[Movement]) -> None:
        books = self.books
        with books.progress.phase("Forgiving opening balances", len(planned)) as phase:
            for movement in planned:
                if effects.adjust(books, movement) == "posted":
                    effects.verify(books, movement)
                phase.advance()

    def _carry_out(self, references: Sequence[str]) -> None:
        """Bill: alone until one fee is verified, then side by side; stop when a system no longer answers."""
        pointless = Event()

        def one(name: str) -> str | None:
            return None if pointless.is_set() else self._carry_out_one(name, pointless)

        wrong = first_alone(one, references, self.parallel, self.books.progress, "Billing")
        if wrong.first:
            message = (
                f"The first adjustment of this run did not read back as it must, so no other was begun: {wrong.first}"
            )
            self.refused.append(UnsafePlan("verification_failed", message, count=1))
        self.notes.extend(wrong.others)

    def _carry_out_one(self, fee_reference: str, pointless: Event) -> str | None:
        """Bill one fee and adjust everybody under it; return as `effects.verify` what did not read back as it must."""
        books, ledger = self.books, self.books.ledger
        fee = ledger.fee(fee_reference)
        movements = ledger.of_fee(fee_reference)
        try:
            owed = all(self._still_owes(movement) for movement in movements)
        except RelayError as error:
            pointless.set()
            with ledger.write() as connection:
                for movement in movements:
                    ledger.note(connection, movement, "not_sent", error.message, {"error": error.message})
            return None
        if not owed:
            with ledger.write() as connection:
                ledger.withdraw(connection, fee, movements)
            return None
        outcome = effects.post_fee(books, fee)
        if outcome == "unreachable":
            pointless.set()
        if outcome == "failed" and fee.member_id and not ledger.fee(fee_reference).lost:
            self._hold_if_gone(fee, movements)
        if outcome != "posted":
            return None
        verdicts = []
        for movement in ledger.of_fee(fee_reference):
            outcome = effects.adjust(books, movement)
            if outcome == "unreachable":
                pointless.set()
                break
            if outcome == "posted":
                verdicts.append(effects.verify(books, movement))
        return next((verdict for verdict in verdicts if verdict), "" if "" in verdicts else None)

    def _still_owes(self, movement: Movement) -> bool:
        """Return whether the account, read once more right before billing, still owes the amount."""
        username = self.books.username_of(movement.member_id, movement.username)
        try:
            balance = self.books.balance_of(username)
        except NotFound:
            return False
        mark = self.books.ledger.mark(movement.member_id)
        opening = mark.opening_left if mark is not None and self.books.settings.fees.opening_balances != "bill" else 0
        return -balance - opening >= movement.amount

    def _hold_if_gone(self, fee: Fee, movements: Sequence[Movement]) -> None:
        """Hold the debt of somebody whom OfficeRnD does not know any more, instead of failing for ever."""
        try:
            if not self._gone(fee.member_id):
                return
        except RelayError:
            return
        with self.books.ledger.write() as connection:
            self.books.ledger.withdraw(connection, fee, movements)
        person = next(person for person in self.books.people if person.member_id == fee.member_id)
        money = f"{amounts.text(fee.price, fee.currency)} {fee.currency}"
        reason = (
            f"OfficeRnD no longer knows this member, so {money} cannot be billed: collect it otherwise, then "
            f"papercut-relay approve {argument(person.username)} --as forgive --reason TEXT"
        )
        held = Held(person, fee.price, "member_gone", reason)
        self.held.append(held)
        self.refused.append(UnsafePlan("member_gone", f"{person.username}: {reason}", count=1))
        with self.books.ledger.write() as connection:
            records.add_hold(connection, self.books.name, held, self.books.clock.now())

    def _finish(self, seen: foreign.Seen) -> None:
        """Remember how far this settle came; whoever was held waits by that, not by the period."""
        books = self.books
        with books.ledger.write() as connection:
            records.set_fact(connection, books.name, "currency", books.currency)
            if seen.read:
                records.set_fact(connection, books.name, "fees_read_to", books.business_day().isoformat())
            records.set_fact(connection, books.name, "billed_period", self._period())


def _gone(accounts: Sequence[LinkedAccount], readings: Mapping[str, Reading]) -> Iterator[str]:
    """Tell which linked accounts PaperCut no longer has."""
    gone = [account for account in accounts if account.username not in readings]
    people = [account.username for account in gone if not account.is_shared]
    if people:
        yield f"PaperCut has no account {', '.join(people[:5])} any more: run papercut-relay sync."
    for account in gone:
        if account.is_shared:
            yield (
                f"PaperCut has no {account.username} of {account.company_name} any more: if it was renamed, "
                f'papercut-relay link {account.company_id} "account:NAME"; else papercut-relay unlink '
                f"{argument(account.username)}."
            )


def _heard(person: LinkedAccount, words: Mapping[str, Approval], doubt: str, seen: foreign.Seen) -> Approval:
    """Return the word that was given on a person; one on the whole site speaks of those who made it stop."""
    word = words.get(person.member_id)
    if word is not None:
        return Approval(word.answer, {**word.held, **({doubt: 0} if doubt and "restored" in word.held else {})})
    word = words.get("", NO_APPROVAL)
    held = {}
    if doubt and "restored" in word.held:
        held[doubt] = 0
    if person.member_id in seen.held and "old_connector" in word.held:
        held["foreign_fee"] = 0
    return Approval(word.answer, held)


def _stop(connection: Connection, books: Books) -> UnsafePlan | None:
    """Return why no money of this site may move at all, None if it may."""
    currency = records.fact(connection, books.name, "currency")
    if currency and currency != books.currency:
        return UnsafePlan(
            "currency_changed",
            f"This site has been billed in {currency} and [site] currency now says {books.currency}: nothing was "
            "billed. Correct it, or give a site with another currency another name.",
        )
    newest = records.newest_moment(connection, books.name)
    if newest is not None and newest > books.clock.now() + CLOCK_TOLERANCE:
        return UnsafePlan(
            "clock_went_back",
            f"The last run ended at {newest:%Y-%m-%d %H:%M} UTC, which is later than this machine's clock says now: "
            f'nothing was billed. Correct the clock; if it is right now, papercut-relay approve "{books.name}" --as '
            "bill --reason TEXT.",
        )
    return None


def _store_shadow(books: Books, decision: Decision) -> None:
    """Remember what shadow mode has shown, so that it is shown once."""
    rows = [
        {
            "site": books.name,
            "business_day": books.business_day(),
            "member_id": share.person.member_id,
            "username": share.person.username,
            "company_id": share.person.company_id,
            "amount": share.amount,
        }
        for bill in decision.bills
        for share in bill.shares
    ]
    if not rows:
        return
    marks = books.ledger.marks()
    with books.ledger.write() as connection:
        connection.execute(insert(tables.shadow_fees), rows)
        for row in rows:
            member_id, amount = str(row["member_id"]), int(str(row["amount"]))
            mark = marks[member_id]
            books.ledger.set_mark(
                connection, member_id, replace(mark, shadow_left=mark.shadow_left + amount, billed_jobs=mark.jobs)
            )
