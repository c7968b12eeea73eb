"""The settle: recover, read, decide, bill, adjust, verify.

The order is the promise: every fee is stored before it is sent, posted before the balance is adjusted, and the first
movement of a run goes alone and is verified before the others follow, so that whatever is wrong with this server or
this version is found on one person. What to bill is decided in `decide`; how each effect is done in `effects`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from threading import Event

from sqlalchemy import Engine, insert

from relay.clock import Clock
from relay.config import Settings
from relay.errors import NotFound, RelayError, UnsafePlan, UsageError
from relay.money import amounts, effects, fees_plan, foreign, periods, records, reference, tables, wording
from relay.money.account import Carried, Mark, Person, carry, first_mark
from relay.money.decide import LIMITS, NO_APPROVAL, OPENING, Approval, Bill, Case, Decision, Held, Policy, Share, decide
from relay.money.evidence import Reading
from relay.money.ledger import Ledger, open_ledger, open_of
from relay.money.linked import people_of
from relay.money.movement import Fee, Movement
from relay.money.recovery import recover_open
from relay.money.result import MoneyResult, ordered, told
from relay.money.site import JobEvidence, NoEvidence, Site
from relay.officernd.client import OfficeRnD
from relay.officernd.model import Plan
from relay.papercut.client import PaperCut
from relay.progress import Progress

ALLOWABLE = (*LIMITS, "max_removals_percent", "max_changes_percent")
CLOCK_TOLERANCE = timedelta(minutes=5)


@contextmanager
def opened(
    settings: Settings,
    officernd: OfficeRnD,
    papercut: PaperCut,
    database: Engine,
    *,
    clock: Clock,
    progress: Progress,
    writes: bool,
    jobs: JobEvidence | None = None,
) -> Iterator[Site]:
    """Open one site's money for the `with` block; with `writes` under the site's lease."""
    ledger = open_ledger(database, settings, clock) if writes else Ledger(database, settings.site.name, clock)
    try:
        people = people_of(database, settings.site.name)
        yield Site(settings, officernd, papercut, ledger, clock, progress, people, jobs or NoEvidence())
    finally:
        if writes:
            ledger.release()


def recover(
    settings: Settings, officernd: OfficeRnD, papercut: PaperCut, database: Engine, *,
    clock: Clock, progress: Progress, jobs: JobEvidence | None = None,
) -> MoneyResult:  # fmt: skip
    """Bring every open movement to truth; without one this makes no remote call."""
    with opened(
        settings, officernd, papercut, database, clock=clock, progress=progress, writes=True, jobs=jobs
    ) as site:
        problems = () if settings.fees.managed_in == "shadow" else tuple(recover_open(site))
        return MoneyResult(site.currency, told(site.ledger), problems=problems)


def settle(
    settings: Settings, officernd: OfficeRnD, papercut: PaperCut, database: Engine, *,
    clock: Clock, progress: Progress, dry_run: bool = False, allow: Sequence[str] = (), jobs: JobEvidence | None = None,
    parallel: int | None = None,
) -> MoneyResult:  # fmt: skip
    """Recover, bill every negative balance, adjust it, verify, and return what was done and what waits.

    With `dry_run` nothing is written anywhere, also by recovery. `allow` lifts named limits for this run. `parallel` is
    the number of fees under way at once, by default `papercut.connections`.
    """
    unknown = sorted(set(allow) - set(ALLOWABLE))
    if unknown:
        raise UsageError(f"--allow {unknown[0]}: there is no such limit; the limits are {', '.join(ALLOWABLE)}.")
    with opened(
        settings, officernd, papercut, database, clock=clock, progress=progress, writes=not dry_run, jobs=jobs
    ) as site:
        return _Settle(site, dry_run, frozenset(allow), parallel or settings.papercut.connections).run()


@dataclass
class _Settle:
    """One settle under way."""

    site: Site
    dry_run: bool
    allow: frozenset[str]
    parallel: int
    held: list[Held] = field(default_factory=list)
    refused: list[UnsafePlan] = field(default_factory=list)
    problems: list[RelayError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    shown: tuple[Movement, ...] = ()

    def run(self) -> MoneyResult:
        site, mode = self.site, self.site.settings.fees.managed_in
        shadow = mode == "shadow"
        if not self.dry_run and not shadow:
            self.problems.extend(recover_open(site))
        if mode == "papercut":
            self.notes.append("[fees] managed_in is papercut: printing fees are not managed in OfficeRnD.")
        else:
            try:
                self._bill(shadow)
            except RelayError as error:
                if not site.ledger.touched and not self.problems:
                    raise
                self.problems.append(error)
        return MoneyResult(
            site.currency,
            (*told(site.ledger), *self.shown),
            ordered(self.held),
            tuple(self.refused),
            tuple(self.problems),
            tuple(self.notes),
            showing=self.dry_run or shadow,
        )

    # -- deciding ----------------------------------------------------------------------------------------------------

    def _bill(self, shadow: bool) -> None:
        site = self.site
        with site.ledger.read() as connection:
            words = records.approvals(connection, site.name)
            earlier = {hold.member_id for hold in records.holds(connection, site.name) if hold.code != OPENING}
            stop = _stop(connection, site, words)
        if stop is not None:
            self._stopped(stop)
            return
        plan = fees_plan.fees_plan(site.officernd, site.settings, create=False)
        seen = foreign.look(site, plan) if plan is not None and not shadow else foreign.Seen()
        if seen.stop is not None and "" not in words:
            self._stopped(seen.stop)
            return
        readings = site.read_all([person.username for person in site.people])
        cases, retried = self._cases(readings, words, earlier, seen)
        decision = decide(cases, self._policy(shadow))
        self.held.extend(decision.held)
        self.refused.extend(decision.refused)
        gone = [person.username for person in site.people if person.username not in readings]
        if gone:
            self.notes.append(f"PaperCut has no account {', '.join(gone[:5])} any more: run papercut-relay sync.")
        if self.dry_run or shadow:
            self.shown = tuple(_shown(site, decision, plan))
            if shadow and not self.dry_run:
                self._store(decision, cases, seen, words)
                _store_shadow(site, decision)
            return
        self._store(decision, cases, seen, words)
        if decision.forgivenesses:
            self._forgive(decision.forgivenesses)
        if plan is None and decision.bills:
            plan = fees_plan.fees_plan(site.officernd, site.settings, create=True)
        references = self._plan_fees(decision.bills, retried, plan)
        if references:
            self._carry_out(references)
        self._finish(seen, stopped=bool(decision.refused))

    def _cases(
        self, readings: Mapping[str, Reading], words: Mapping[str, Approval], earlier: set[str], seen: foreign.Seen
    ) -> tuple[list[Case], list[Fee]]:
        """Return a case for every person read, and the fees that earlier settles planned and could not post."""
        site, now = self.site, self.site.clock.now()
        open_now = site.ledger.open_movements()
        retried = [fee for fee in site.ledger.open_fees() if fee.state in ("planned", "failed") and not fee.lost]
        again = {fee.reference for fee in retried}
        passed = {movement.member_id: movement.amount for movement in open_now if movement.fee_reference in again}
        busy = open_of([movement for movement in open_now if movement.fee_reference not in again])
        marks = site.ledger.marks()
        fees_today = site.ledger.fees_on(site.business_day())
        cases = []
        for person in site.people:
            reading = readings.get(person.username)
            if reading is None:
                continue
            before = mark_of(person, marks)
            costs = site.jobs.costs(person.username, before.at, now) if reading.balance != before.balance else None
            carried = carry(before, reading, now, costs)
            if before.at > now:  # our own clock went back; a jump was accepted by a person's word
                carried = replace(carried, doubt="")
            cases.append(
                Case(
                    person,
                    before,
                    carried,
                    words.get(person.member_id) or words.get("") or NO_APPROVAL,
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
            self.site.officernd.member(member_id)
        except NotFound:
            return True
        return False

    def _policy(self, shadow: bool) -> Policy:
        site, fees, safety = self.site, self.site.settings.fees, self.site.settings.safety
        with site.ledger.read() as connection:
            billed = records.fact(connection, site.name, "billed_period")
        return Policy(
            site=site.name,
            currency=site.currency,
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
        return periods.key(self.site.business_day(), self.site.settings.fees.every)

    def _stopped(self, stop: UnsafePlan) -> None:
        self.refused.append(stop)
        if not self.dry_run:
            with self.site.ledger.write() as connection:
                site_wide = Held(Person("", self.site.name, self.site.clock.now()), 0, stop.code, stop.message)
                records.replace_holds(connection, self.site.name, [site_wide], self.site.clock.now())

    # -- storing -----------------------------------------------------------------------------------------------------

    def _store(
        self, decision: Decision, cases: Sequence[Case], seen: foreign.Seen, words: Mapping[str, Approval]
    ) -> None:
        """Store what was believed and what is held, in one commit; every word was heard by now."""
        site, now = self.site, self.site.clock.now()
        stops = [
            Held(Person("", site.name, now), 0, refusal.code, refusal.message)
            for refusal in decision.refused
            if refusal.code == "restored"
        ]
        with site.ledger.write() as connection:
            for case in cases:
                mark = decision.marks.get(case.person.member_id)
                if mark is None:
                    continue
                site.ledger.set_mark(connection, case.person.member_id, mark)
                if case.carried.printed or case.carried.credited:
                    jobs = (
                        (case.carried.mark.jobs or 0) - (case.before.jobs or 0) if case.before.jobs is not None else 0
                    )
                    records.add_change(connection, site.name, case.person, case.carried, jobs)
            records.add_foreign_fees(connection, site.name, seen.fees, now)
            records.release_foreign_fees(
                connection,
                site.name,
                [member_id for member_id, word in words.items() if "foreign_fee" in word.held],
                now,
            )
            records.replace_holds(connection, site.name, (*decision.held, *stops), now)
            records.use_approvals(connection, site.name, now)

    def _plan_fees(self, bills: Sequence[Bill], retried: Sequence[Fee], plan: Plan | None) -> list[str]:
        """Store every fee before the first is sent, and return their references in the order to send them.

        A fee that an earlier settle could not post is sent as it stands if that is exactly what is owed now; else it
        is withdrawn, which is safe because it is certainly not there, and a new one takes its place.
        """
        ledger = self.site.ledger
        earlier = {fee.reference: (fee, ledger.of_fee(fee.reference)) for fee in retried}
        still_open = open_of(
            [movement for movement in ledger.open_movements() if movement.fee_reference not in earlier]
        )
        references: list[str] = []
        new: list[tuple[Fee, list[Movement]]] = []
        for bill in bills:
            if any(share.person.member_id in still_open for share in bill.shares):
                continue  # its forgiveness did not come through; next time
            assert plan is not None
            fee, movements = self._new_fee(bill, plan)
            same = next((ref for ref, (old, parts) in earlier.items() if _same(old, parts, fee, movements)), None)
            if same is not None:
                earlier.pop(same)
                references.append(same)
            else:
                new.append((fee, movements))
                references.append(fee.reference)
        with ledger.write() as connection:
            for old, parts in earlier.values():
                for movement in parts:
                    ledger.step_movement(connection, movement.reference, "withdrawn", "withdrawn")
                ledger.step_fee(connection, old.reference, "withdrawn", "withdrawn")
            for fee, movements in new:
                ledger.add_fee(connection, fee)
                for movement in movements:
                    ledger.add_movement(connection, movement)
        return references

    def _new_fee(self, bill: Bill, plan: Plan) -> tuple[Fee, list[Movement]]:
        """Return the fee of a bill with its movements, not yet stored."""
        site, day = self.site, self.site.business_day()
        sequence = site.ledger.next_sequence(tables.fees, "subject_id", bill.subject_id, day)
        name = reference.make("fee", site.name, bill.subject_id, day, sequence)
        people = {share.person.member_id: share.person for share in bill.shares}
        fee = Fee(
            reference=name,
            business_day=day,
            sequence=sequence,
            member_id=bill.member_id,
            company_id=bill.company_id,
            is_personal=bill.is_personal,
            plan_id=plan.id,
            location_id=site.settings.officernd.location,
            name=wording.fee_name(
                bill, name, day, site.settings.fees.detail, next(iter(people.values())).company_name, self._told(bill)
            ),
            price=bill.amount,
            currency=site.currency,
            issue_date=issue_date(site.settings, day),
            use_coins=site.settings.fees.use_coins,
        )
        movements = [
            Movement(
                reference=name if bill.member_id else reference.part(name, ordinal),
                kind="fee",
                member_id=share.person.member_id,
                username=share.person.username,
                company_id=share.person.company_id,
                amount=share.amount,
                currency=site.currency,
                business_day=day,
                sequence=sequence,
                fee_reference=name,
                fee_state="planned",
            )
            for ordinal, share in enumerate(bill.shares, start=1)
        ]
        return fee, movements

    def _told(self, bill: Bill) -> str:
        if self.site.settings.fees.detail != "jobs" or not bill.member_id:
            return ""
        person = bill.shares[0].person
        since = mark_of(person, self.site.ledger.marks()).at
        return self.site.jobs.told(person.username, since, self.site.clock.now()) or ""

    # -- acting ------------------------------------------------------------------------------------------------------

    def _forgive(self, shares: Sequence[Share]) -> None:
        site, ledger = self.site, self.site.ledger
        planned = [new_movement(site, share.person, "forgiveness", share.amount) for share in shares]
        with ledger.write() as connection:
            for movement in planned:
                ledger.add_movement(connection, movement)
        with site.progress.phase("Forgiving opening balances", len(planned)) as phase:
            for movement in planned:
                if effects.adjust(site, movement) == "posted":
                    effects.verify(site, movement)
                phase.advance()

    def _carry_out(self, references: Sequence[str]) -> None:
        """Bill: the first fee alone, then the others side by side; stop when a system no longer answers."""
        site = self.site
        with site.progress.phase("Billing", len(references)) as phase:
            pointless = Event()

            def one(name: str) -> str:
                wrong = "" if pointless.is_set() else self._carry_out_one(name, pointless)
                phase.advance()
                return wrong

            wrong = one(references[0])
            if wrong:
                self.refused.append(
                    UnsafePlan(
                        "verification_failed",
                        f"The first adjustment of this run did not read back as it must, so no other was begun: "
                        f"{wrong}",
                        count=1,
                    )
                )
                return
            for problem in in_parallel(one, references[1:], self.parallel):
                if problem:
                    self.notes.append(problem)

    def _carry_out_one(self, fee_reference: str, pointless: Event) -> str:
        """Bill one fee and adjust everybody under it; return what did not read back as it must."""
        site, ledger = self.site, self.site.ledger
        fee = ledger.fee(fee_reference)
        movements = ledger.of_fee(fee_reference)
        try:
            owed = all(self._still_owes(movement) for movement in movements)
        except RelayError as error:
            pointless.set()
            with ledger.write() as connection:
                for movement in movements:
                    ledger.note(connection, movement, "not_sent", error.message, {"error": error.message})
            return ""
        if not owed:
            self._withdraw(fee, movements)
            return ""
        outcome = effects.post_fee(site, fee)
        if outcome == "unreachable":
            pointless.set()
        if outcome == "failed" and fee.member_id and not ledger.fee(fee_reference).lost:
            self._hold_if_gone(fee, movements)
        if outcome != "posted":
            return ""
        wrong = ""
        for movement in ledger.of_fee(fee_reference):
            outcome = effects.adjust(site, movement)
            if outcome == "unreachable":
                pointless.set()
                break
            if outcome == "posted":
                wrong = effects.verify(site, movement) or wrong
        return wrong

    def _still_owes(self, movement: Movement) -> bool:
        """Return whether the account, read once more right before billing, still owes the amount."""
        username = self.site.username_of(movement.member_id, movement.username)
        try:
            balance = self.site.read_one(username).balance
        except NotFound:
            return False
        mark = self.site.ledger.marks().get(movement.member_id)
        opening = mark.opening_left if mark is not None and self.site.settings.fees.opening_balances != "bill" else 0
        return -balance - opening >= movement.amount

    def _withdraw(self, fee: Fee, movements: Sequence[Movement]) -> None:
        with self.site.ledger.write() as connection:
            for movement in movements:
                self.site.ledger.step_movement(connection, movement.reference, "withdrawn", "withdrawn")
            self.site.ledger.step_fee(connection, fee.reference, "withdrawn", "withdrawn")

    def _hold_if_gone(self, fee: Fee, movements: Sequence[Movement]) -> None:
        """Hold the debt of somebody whom OfficeRnD does not know any more, instead of failing for ever."""
        try:
            if not self._gone(fee.member_id):
                return
        except RelayError:
            return
        self._withdraw(fee, movements)
        person = next(person for person in self.site.people if person.member_id == fee.member_id)
        money = f"{amounts.text(fee.price, fee.currency)} {fee.currency}"
        reason = (
            f"OfficeRnD no longer knows this member, so {money} cannot be billed: collect it otherwise, then "
            f"papercut-relay approve {person.username} --as forgive --reason TEXT"
        )
        held = Held(person, fee.price, "member_gone", reason)
        self.held.append(held)
        self.refused.append(UnsafePlan("member_gone", f"{person.username}: {reason}", count=1))
        with self.site.ledger.write() as connection:
            records.add_hold(connection, self.site.name, held, self.site.clock.now())

    def _finish(self, seen: foreign.Seen, *, stopped: bool) -> None:
        site = self.site
        with site.ledger.write() as connection:
            records.set_fact(connection, site.name, "currency", site.currency)
            if seen.read:
                records.set_fact(connection, site.name, "fees_read_to", site.business_day().isoformat())
            if not stopped or site.settings.fees.every == "day":
                records.set_fact(connection, site.name, "billed_period", self._period())


def in_parallel(one: Callable[[str], str], names: Sequence[str], workers: int) -> Iterator[str]:
    """Yield `one(name)` for every name, `workers` at once; a kill or an error in one ends the rest."""
    if workers <= 1:
        yield from map(one, names)
        return
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(one, name) for name in names]
        try:
            for future in futures:
                yield future.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def mark_of(person: Person, marks: Mapping[str, Mark]) -> Mark:
    """Return a person's last mark; one older than the link is of another account and does not count."""
    mark = marks.get(person.member_id)
    return mark if mark is not None and mark.at >= person.linked_at else first_mark(person)


def issue_date(settings: Settings, day: date) -> date:
    return day - timedelta(days=1) if settings.fees.issue_date == "previous_day" else day


def new_movement(site: Site, person: Person, kind: str, amount: int, period: str | None = None) -> Movement:
    """Return a planned movement without a fee, not yet stored."""
    day = site.business_day()
    sequence = site.ledger.next_sequence(tables.movements, "member_id", person.member_id, day, kind)
    return Movement(
        reference=reference.make(kind, site.name, person.member_id, day, sequence),  # type: ignore[arg-type]
        kind=kind,  # type: ignore[arg-type]
        member_id=person.member_id,
        username=person.username,
        company_id=person.company_id,
        amount=amount,
        currency=site.currency,
        business_day=day,
        sequence=sequence,
        period=period,
    )


def _same(old: Fee, old_parts: Sequence[Movement], new: Fee, new_parts: Sequence[Movement]) -> bool:
    """Return whether a fee planned earlier is exactly what would be planned now, its name and number aside."""

    def content(fee: Fee) -> Fee:
        return replace(
            fee, reference="", business_day=date.min, sequence=0, name="", state="planned", sent_at=None, note=""
        )

    shares = [[(part.member_id, part.amount) for part in parts] for parts in (old_parts, new_parts)]
    return content(old) == content(new) and shares[0] == shares[1]


def _stop(connection, site: Site, words: Mapping[str, Approval]) -> UnsafePlan | None:  # type: ignore[no-untyped-def]
    """Return why no money of this site may move at all, None if it may."""
    currency = records.fact(connection, site.name, "currency")
    if currency and currency != site.currency:
        return UnsafePlan(
            "currency_changed",
            f"This site has been billed in {currency} and [site] currency now says {site.currency}: nothing was "
            "billed. Correct it, or give a site with another currency another name.",
        )
    newest = records.newest_moment(connection, site.name)
    if newest is not None and newest > site.clock.now() + CLOCK_TOLERANCE and "" not in words:
        return UnsafePlan(
            "clock_went_back",
            f"The last run ended at {newest:%Y-%m-%d %H:%M} UTC, which is later than this machine's clock says now: "
            f'nothing was billed. Correct the clock; if it is right now, papercut-relay approve "{site.name}" --as '
            "bill "
            "--reason TEXT.",
        )
    return None


def _shown(site: Site, decision: Decision, plan: Plan | None) -> Iterator[Movement]:
    """Return what would be done, with the references it would get; nothing of it is stored."""
    day = site.business_day()
    for share in decision.forgivenesses:
        yield new_movement(site, share.person, "forgiveness", share.amount)
    for bill in decision.bills:
        sequence = site.ledger.next_sequence(tables.fees, "subject_id", bill.subject_id, day)
        name = reference.make("fee", site.name, bill.subject_id, day, sequence)
        for ordinal, share in enumerate(bill.shares, start=1):
            yield Movement(
                reference=name if bill.member_id else reference.part(name, ordinal),
                kind="fee",
                member_id=share.person.member_id,
                username=share.person.username,
                company_id=share.person.company_id,
                amount=share.amount,
                currency=site.currency,
                business_day=day,
                sequence=sequence,
                fee_reference=name,
                fee_state="planned",
                note="" if plan is not None else f"The plan {site.settings.fees.plan!r} does not exist yet.",
            )


def _store_shadow(site: Site, decision: Decision) -> None:
    """Remember what shadow mode has shown, so that it is shown once."""
    rows = [
        {
            "site": site.name,
            "business_day": site.business_day(),
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
    marks = site.ledger.marks()
    with site.ledger.write() as connection:
        connection.execute(insert(tables.shadow_fees), rows)
        for row in rows:
            member_id, amount = str(row["member_id"]), int(str(row["amount"]))
            mark = marks[member_id]
            site.ledger.set_mark(
                connection, member_id, replace(mark, shadow_left=mark.shadow_left + amount, billed_jobs=mark.jobs)
            )


__all__ = ["Carried", "mark_of", "new_movement", "opened", "recover", "settle"]
