"""What to bill, what to forgive, what to hold: a pure decision on plain values.

Given every linked person with the last mark and a new reading, `decide` returns a value that can be printed, compared
and tested; nothing here reads or writes. The rules are the operator's promise: never more than is owed, nothing twice,
and what cannot be explained waits for a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from relay import amounts
from relay.accounts import LinkedAccount
from relay.errors import UnsafePlan, argument
from relay.money.decide.account import Carried, Mark

CREDIT = "credit"
LIMITS = ("max_fee", "max_run_total", "max_fees_per_person_day")
OPENING = "opening_balance"
UNREAD = "unread"  # of an account that was not decided on, since PaperCut did not tell its state
SEVERAL = 3  # this many people at once are no accident of one account: the site's money stops

Answer = Literal["bill", "forgive", "credit"]


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's word on what was held: `held` is code -> micros at the moment of the word, 0 for whatever it is."""

    answer: Answer
    held: Mapping[str, int]

    def releases(self, code: str) -> bool:
        return self.answer == "bill" and code in self.held

    def covers(self, code: str, amount: int, more: int) -> bool:
        """Return whether a debt of `amount` is what this word released, and at most `more` micros printed since."""
        return self.releases(code) and amount - self.held[code] <= more

    def forgives(self, code: str) -> bool:
        return self.answer == "forgive" and code in self.held

    def given(self, code: str, most: int) -> int:
        """Return what is forgiven of `most` micros: what was printed since the word is not what it spoke of."""
        return min(most, self.held.get(code) or most)


NO_APPROVAL = Approval("bill", {})


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings that a decision depends on; amounts in micros. `due`: is this a settle that bills (`fees.every`)."""

    site: str
    currency: str
    grouping: Literal["person", "company"] = "person"
    bill_to: Literal["company", "member"] = "company"
    opening: Literal["hold", "bill", "forgive"] = "hold"
    minimum: int = 10_000
    max_fee: int = 200_000_000
    max_run_total: int = 2_000_000_000
    max_fees_per_person_day: int = 0
    allow: frozenset[str] = frozenset()
    due: bool = True
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """One person to decide on. `before` is the mark that `carried` started from.

    `busy`: an earlier movement is still open; `waiting`: something of an earlier billing day was held or refused;
    `passed`: micros that an earlier settle already let through the limits and could not post; `gone`: OfficeRnD no
    longer knows the member; `foreign_fee`: the id of a print fee that we did not make.
    """

    person: LinkedAccount
    before: Mark
    carried: Carried
    approval: Approval = NO_APPROVAL
    busy: bool = False
    waiting: bool = False
    passed: int = 0
    gone: bool = False
    foreign_fee: str = ""
    fees_today: int = 0

    @property
    def growth(self) -> int:
        """How much more is owed than at the last mark, micros."""
        return max(0, self.before.balance - self.carried.mark.balance)


@dataclass(frozen=True, slots=True)
class Share:
    """One person's part of a fee: `amount` micros of debt that the fee takes over, for `jobs` jobs since a moment."""

    person: LinkedAccount
    amount: int
    jobs: int = 0
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Bill:
    """One fee to make. `member_id` is "" where a company is billed for several accounts, or for a shared one."""

    member_id: str
    company_id: str
    is_personal: bool
    shares: tuple[Share, ...]

    @property
    def amount(self) -> int:
        return sum(share.amount for share in self.shares)

    @property
    def subject_id(self) -> str:
        return self.member_id or self.company_id

    @property
    def only(self) -> Share | None:
        """The share of a fee that is one account's; None where a company's accounts share it."""
        is_one = len(self.shares) == 1 and (bool(self.member_id) or self.shares[0].person.is_shared)
        return self.shares[0] if is_one else None


@dataclass(frozen=True, slots=True)
class Held:
    person: LinkedAccount
    amount: int
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """`marks` are the new marks of the people whose state was believed; the others keep theirs.

    `doubts` are the kept marks of those who were not, with the doubt that only a word or a paid debt ends.
    """

    bills: tuple[Bill, ...] = ()
    forgivenesses: tuple[Share, ...] = ()
    held: tuple[Held, ...] = ()
    refused: tuple[UnsafePlan, ...] = ()
    marks: Mapping[str, Mark] = field(default_factory=dict)
    doubts: Mapping[str, Mark] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(bill.amount for bill in self.bills)


def decide(cases: Sequence[Case], policy: Policy) -> Decision:
    """Given every person's case, return what this settle does and what it leaves to a person."""
    # Of shared accounts nothing follows for the others: the counter of all of them falls when a printer is removed.
    doubted = [
        case
        for case in cases
        if case.carried.doubt and not case.busy and not case.person.is_shared and not _released(case)
    ]
    if len(doubted) >= SEVERAL:
        return _stopped(cases, doubted, policy)
    held: list[Held] = []
    shares: list[Share] = []
    forgivenesses: list[Share] = []
    marks: dict[str, Mark] = {}
    for case in cases:
        if case.busy:
            continue
        outcome = _one(case, policy)
        held.extend(outcome.held)
        if outcome.forgive:
            forgivenesses.append(Share(case.person, outcome.forgive))
        if outcome.bill:
            since = case.carried.mark.billed_at or case.person.linked_at
            # The counter of a shared account counts everybody's jobs, which are no figure for its invoice.
            jobs = 0 if case.person.is_shared else case.carried.mark.unbilled_jobs
            shares.append(Share(case.person, outcome.bill, jobs, since))
        if outcome.mark is not None:
            marks[case.person.member_id] = outcome.mark
    bills, over = _within_limits(_grouped(shares, policy), {case.person.member_id: case for case in cases}, policy)
    held.extend(over)
    doubts = _doubts(case for case in cases if not case.busy and case.person.member_id not in marks)
    return Decision(tuple(bills), tuple(forgivenesses), tuple(held), tuple(_refusals(held, policy)), marks, doubts)


@dataclass(frozen=True, slots=True)
class _Outcome:
    bill: int = 0
    forgive: int = 0
    held: tuple[Held, ...] = ()
    mark: Mark | None = None


def _one(case: Case, policy: Policy) -> _Outcome:
    """Decide on one person, limits on whole fees and on the run aside."""
    mark, approval = case.carried.mark, case.approval
    held: list[Held] = []
    forgive = 0
    opening = mark.opening_left
    if policy.opening == "bill" or approval.releases(OPENING):
        opening, mark = 0, replace(mark, opening_left=0)
    elif policy.opening == "forgive" or approval.forgives(OPENING):
        forgive += amounts.billable(-opening, policy.currency)
    elif owed := amounts.billable(-opening, policy.currency):
        held.append(Held(case.person, owed, OPENING, _sentence(OPENING, case, owed, policy)))

    fresh = max(0, -mark.balance) - opening - (mark.shadow_left if policy.shadow else 0)
    amount = amounts.billable(-fresh, policy.currency)
    code = _why_held(case, policy)
    if code and approval.forgives(code):
        most = min(case.growth, fresh) if code == case.carried.doubt else fresh
        given = amounts.billable(-approval.given(code, most), policy.currency)
        rest = amount - given if code in (case.carried.doubt, "foreign_fee") else 0
        return _Outcome(rest, forgive + given, tuple(held), mark)
    if code and not approval.releases(code):
        if amount >= max(policy.minimum, 1):
            held.append(Held(case.person, amount, code, _sentence(code, case, amount, policy)))
        # What is not believed keeps its old mark, so that the doubt is still there tomorrow.
        believed = mark if code not in ("counter_fell", "unexplained_debt") else None
        return _Outcome(0, forgive, tuple(held), believed)
    for limit in LIMITS:
        if amount and approval.forgives(limit):
            return _Outcome(0, forgive + approval.given(limit, amount), tuple(held), mark)
    due = policy.due or case.waiting or bool(approval.held)
    if amount < policy.minimum or not due:
        amount = 0
    return _Outcome(amount, forgive, tuple(held), mark)


def _why_held(case: Case, policy: Policy) -> str:
    if case.carried.doubt:
        return case.carried.doubt
    if case.gone:
        return "member_gone"
    if case.foreign_fee:
        return "foreign_fee"
    limit = policy.max_fees_per_person_day
    if limit and case.fees_today >= limit and "max_fees_per_person_day" not in policy.allow:
        return "max_fees_per_person_day"
    return ""


def _released(case: Case) -> bool:
    return case.carried.doubt in case.approval.held


def _doubts(cases: Iterable[Case]) -> dict[str, Mark]:
    return {case.person.member_id: replace(case.before, doubt=case.carried.doubt) for case in cases}


def _grouped(shares: Iterable[Share], policy: Policy) -> list[Bill]:
    """Return the fees: one per person or shared account, or one per company with its accounts in order of their ids."""
    bills = []
    companies: dict[str, list[Share]] = {}
    for share in shares:
        person = share.person
        if policy.grouping == "company" and person.company_id:
            companies.setdefault(person.company_id, []).append(share)
            continue
        if person.is_shared:
            bills.append(Bill("", person.company_id, False, (share,)))
            continue
        personal = policy.bill_to == "member" or not person.company_id
        bills.append(Bill(person.member_id, person.company_id, personal, (share,)))
    for company_id, members in sorted(companies.items()):
        ordered = tuple(sorted(members, key=lambda share: share.person.member_id))
        bills.append(Bill("", company_id, False, ordered))
    return bills


def _within_limits(bills: Sequence[Bill], cases: Mapping[str, Case], policy: Policy) -> tuple[list[Bill], list[Held]]:
    """Return the fees that may go, and what the limits of one fee and of the whole run hold."""

    def spoken_for(bill: Bill, code: str) -> bool:
        if code in policy.allow:
            return True
        of = [(share, cases[share.person.member_id]) for share in bill.shares]
        return all(
            case.approval.covers(code, share.amount, policy.max_fee) or share.amount <= case.passed
            for share, case in of
        )

    def hold(bill: Bill, code: str, figure: int) -> list[Held]:
        return [
            Held(share.person, share.amount, code, _sentence(code, cases[share.person.member_id], figure, policy))
            for share in bill.shares
        ]

    held: list[Held] = []
    small = []
    for bill in bills:
        if bill.amount > policy.max_fee and not spoken_for(bill, "max_fee"):
            held.extend(hold(bill, "max_fee", bill.amount))
        else:
            small.append(bill)
    free = [bill for bill in small if spoken_for(bill, "max_run_total")]
    bound = [bill for bill in small if not spoken_for(bill, "max_run_total")]
    total = sum(bill.amount for bill in bound)
    if total > policy.max_run_total:
        for bill in bound:
            held.extend(hold(bill, "max_run_total", total))
        return free, held
    return small, held


def _stopped(cases: Sequence[Case], doubted: Sequence[Case], policy: Policy) -> Decision:
    """Return the decision of a site whose state went backwards: nobody is billed, and no mark moves."""
    since = min(case.before.at for case in doubted)
    count = len(doubted)
    message = (
        f"The accounts of {count} people went backwards since {since:%Y-%m-%d %H:%M} UTC (a debt that grew, or a job "
        "counter that fell, without a job), as after PaperCut was restored from a backup: no money moves until "
        "somebody "
        f'has looked; then papercut-relay approve "{policy.site}" --as forgive --reason TEXT brings the balances back '
        "to the last verified ones, --as bill takes PaperCut's present ones for the truth."
    )
    held = []
    for case in cases:
        amount = amounts.billable(case.carried.mark.balance, policy.currency)
        if not case.busy and amount >= max(policy.minimum, 1):
            held.append(Held(case.person, amount, "restored", "the site's money is stopped: " + message))
    refused = UnsafePlan("restored", message, count=count, limit=SEVERAL - 1)
    return Decision(held=tuple(held), refused=(refused,), doubts=_doubts(doubted))


def _refusals(held: Sequence[Held], policy: Policy) -> list[UnsafePlan]:
    """Return one refusal for each code that holds somebody; opening balances are a choice, not a refusal."""
    limits: dict[str, int | str] = {
        "max_fee": amounts.text(policy.max_fee, policy.currency),
        "max_run_total": amounts.text(policy.max_run_total, policy.currency),
        "max_fees_per_person_day": policy.max_fees_per_person_day,
    }
    refusals = []
    for code in sorted({item.code for item in held} - {OPENING, CREDIT}):
        items = [item for item in held if item.code == code]
        total = sum(item.amount for item in items)
        count: int | str = amounts.text(total, policy.currency) if code == "max_run_total" else len(items)
        people = f"{len(items)} {'person is' if len(items) == 1 else 'people are'} held"
        message = f"{people} by {code}, {amounts.text(total, policy.currency)} {policy.currency} in all: {_NEXT[code]}"
        refusals.append(UnsafePlan(code, message, count=count, limit=limits.get(code, 0)))
    return refusals


_NEXT = {
    "max_fee": "look at the price list, then settle --allow max_fee or approve each.",
    "max_run_total": "such a total is a wrong price list until somebody has looked; then settle --allow max_run_total.",
    "max_fees_per_person_day": "settle --allow max_fees_per_person_day, or approve each.",
    "counter_fell": "the job counter is below its last verified value; look at the account, then approve it.",
    "unexplained_debt": "the debt grew although no job was printed; look at PaperCut's transactions, then approve it.",
    "member_gone": "OfficeRnD no longer knows the member, so no fee can be made; collect it otherwise, then approve it "
    "--as forgive.",
    "foreign_fee": "the fees plan holds a fee that the relay did not make; is OfficeRnD's own connector still on? "
    "Look, then approve it --as bill (both are right) or --as forgive (already billed).",
    "restored": "see above.",
}


def _sentence(code: str, case: Case, amount: int, policy: Policy) -> str:
    """Return why this person's money waits, with the command that ends the waiting."""
    who = case.person.username
    money = f"{amounts.text(amount, policy.currency)} {policy.currency}"
    command = f"papercut-relay approve {argument(who)} --as %s --reason TEXT"
    since = f"{case.before.at:%Y-%m-%d %H:%M} UTC"
    match code:
        case "opening_balance":
            return f"{money} are older than the integration: {command % 'bill'}, or --as forgive"
        case "counter_fell":
            return (
                f"the job counter is lower than on {since} ({case.before.jobs}), so what {money} stand for is not "
                f"known: {command % 'bill'}, or --as forgive"
            )
        case "unexplained_debt":
            grown = f"{amounts.text(case.growth, policy.currency)} {policy.currency}"
            return f"owes {grown} more than on {since} although no job was printed: {command % 'bill'}, or --as forgive"
        case "member_gone":
            return f"OfficeRnD no longer knows this member, so {money} cannot be billed: {command % 'forgive'}"
        case "foreign_fee":
            return (
                f"fee {case.foreign_fee} stands on the fees plan and is not ours, so {money} may be billed already: "
                f"{command % 'forgive'}, or --as bill"
            )
        case "max_fee":
            limit = f"{amounts.text(policy.max_fee, policy.currency)} {policy.currency}"
            return f"a fee of {money} is above max_fee {limit}: {command % 'bill'}, or settle --allow max_fee"
        case "max_run_total":
            limit = f"{amounts.text(policy.max_run_total, policy.currency)} {policy.currency}"
            return f"the run's total of {money} is above max_run_total {limit}: settle --allow max_run_total"
        case _:
            return (
                f"has {case.fees_today} fees of this business day already, so {money} wait: {command % 'bill'}, or "
                "settle --allow max_fees_per_person_day"
            )
