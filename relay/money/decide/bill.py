"""What to bill, what to forgive, what to hold: a pure decision on plain values.

Given every linked account with its wallet, `decide` returns a value that can be printed, compared and tested; nothing
here reads or writes. The rules are the operator's promise: never more than is owed, nothing twice, what cannot be
explained waits for a person, and a person's word moves exactly what it named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal

from relay import amounts
from relay.accounts import LinkedAccount
from relay.counted import counted
from relay.errors import UnsafePlan
from relay.language import lazy, nlazy
from relay.money.decide import holds, tax, wallet
from relay.money.decide.due import OwedChange, due
from relay.money.decide.holds import Held, Hold, Word
from relay.money.decide.included import payer_of
from relay.money.decide.periods import Period
from relay.money.decide.remedies import of_refusal
from relay.money.decide.wallet import Entry, Wallet


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings that a decision depends on; amounts in micros."""

    currency: str
    today: date
    grouping: Literal["person", "company"] = "person"
    bill_to: Literal["company", "member"] = "company"
    every: Period = "day"
    opening: Literal["hold", "bill", "forgive"] = "hold"
    minimum: int = 10_000
    tax: int = 0  # micros of a percent
    max_fee: int = 200_000_000
    max_run_total: int = 2_000_000_000
    max_fees_per_person_day: int = 0
    allow: frozenset[str] = frozenset()

    @property
    def coin(self) -> int:
        return amounts.minor_unit(self.currency)

    @property
    def least(self) -> int:
        """The smallest debt that is billed."""
        return tax.least(self.minimum, self.tax, self.coin)


@dataclass(frozen=True, slots=True)
class Case:
    """One account to decide on, with its wallet after this run's reading.

    `changes` are the journal's lines on what is owed, older ones summed up. `holds` are the rows that stand, with the
    words given on them. `busy`: an earlier movement is still open; `passed`: micros that an earlier settle already let
    through the limits and could not post; `gone`: the code of a payer that OfficeRnD no longer knows; `foreign_fee`:
    the id of a print fee that we did not make; `billed_elsewhere`: micros that a person said such fees have billed;
    `may_be_billed`: a fee of before the ledger was rebuilt may have billed the opening debt; `owing_since`: the
    business day of the oldest debt.
    """

    account: LinkedAccount
    wallet: Wallet
    changes: tuple[OwedChange, ...] = ()
    holds: tuple[Hold, ...] = ()
    busy: bool = False
    passed: int = 0
    gone: str = ""
    foreign_fee: str = ""
    billed_elsewhere: int = 0
    fees_today: int = 0
    may_be_billed: bool = False
    owing_since: date | None = None

    def hold(self, *codes: str) -> Hold | None:
        return next((row for row in self.holds if row.code in codes), None)


@dataclass(frozen=True, slots=True)
class Share:
    """One account's part of a fee: `amount` micros of debt that the fee takes over, for `jobs` jobs since a moment.

    `words` are the ids of the words that let it go; `is_spoken_for`: a word has just made exactly this amount owed.
    """

    account: LinkedAccount
    amount: int
    jobs: int = 0
    since: datetime | None = None
    words: tuple[int, ...] = ()
    is_spoken_for: bool = False


@dataclass(frozen=True, slots=True)
class Bill:
    """One fee to make: `price` micros without tax, and the debt that it takes over, which includes the tax.

    `member_id` is "" where a company is billed for several accounts, or for a shared one.
    """

    member_id: str
    company_id: str
    is_personal: bool
    shares: tuple[Share, ...]
    price: int = 0

    @property
    def amount(self) -> int:
        return sum(share.amount for share in self.shares)

    @property
    def subject_id(self) -> str:
        return self.member_id or self.company_id

    @property
    def only(self) -> Share | None:
        """The share of a fee that is one account's; None where a company's accounts share it."""
        is_one = len(self.shares) == 1 and (bool(self.member_id) or self.shares[0].account.is_shared)
        return self.shares[0] if is_one else None


@dataclass(frozen=True, slots=True)
class Forgiveness:
    """Debt of one bucket to forgive, micros; `word` is the id of the word that does, None where the setting does."""

    account: LinkedAccount
    amount: int
    bucket: Literal["opening", "disputed", "owed"]
    word: int | None = None


@dataclass(frozen=True, slots=True)
class Included:
    """What included printing pays of one account's debt, micros."""

    account: LinkedAccount
    amount: int


@dataclass(frozen=True, slots=True)
class Release:
    """A word, or the setting (None), that makes part of a bucket owed: the wallet after it, and the entry to store."""

    wallet: Wallet
    entry: Entry
    word: int | None = None


@dataclass(frozen=True, slots=True)
class Void:
    """A word that nothing carries out any more, and why."""

    word: int
    reason: str


@dataclass(frozen=True, slots=True)
class BillingDecision:
    """`releases` are entries to store before anything is sent; `voids` are words that have lost their object."""

    bills: tuple[Bill, ...] = ()
    forgivenesses: tuple[Forgiveness, ...] = ()
    included: tuple[Included, ...] = ()
    releases: tuple[Release, ...] = ()
    voids: tuple[Void, ...] = ()
    held: tuple[Held, ...] = ()
    refused: tuple[UnsafePlan, ...] = ()


def decide(cases: Sequence[Case], policy: Policy, included: Mapping[str, int] | None = None) -> BillingDecision:
    """Given every account's case, return what this settle does and what it leaves to a person.

    `included` is what each payer has left of its included printing, micros.
    """
    outcomes = [_Account(case, policy) for case in cases if not case.busy]
    for outcome in outcomes:
        outcome.decide_on_buckets()
    _include(outcomes, dict(included or {}))
    for outcome in outcomes:
        outcome.decide_on_debt()
    shares = [outcome.share for outcome in outcomes if outcome.share is not None]
    bills, over = _within_limits(_grouped(shares, policy), {case.account.member_id: case for case in cases}, policy)
    held = [item for outcome in outcomes for item in outcome.held] + over
    return BillingDecision(
        tuple(bills),
        tuple(outcome.forgiveness for outcome in outcomes if outcome.forgiveness is not None),
        tuple(Included(outcome.case.account, outcome.included) for outcome in outcomes if outcome.included),
        tuple(release for outcome in outcomes for release in outcome.releases),
        tuple(void for outcome in outcomes for void in outcome.voids),
        tuple(held),
        tuple(_refusals(held, policy)),
    )


def _include(outcomes: Sequence[_Account], left: dict[str, int]) -> None:
    """Share out what each payer has left among those who owe, the oldest debt first."""
    for outcome in sorted(outcomes, key=lambda one: (one.case.owing_since or date.max, one.case.account.member_id)):
        payer = payer_of(outcome.case.account)
        if left.get(payer, 0) > 0:
            outcome.included = min(left[payer], outcome.may_be_included())
            left[payer] -= outcome.included


# -- one account -----------------------------------------------------------------------------------------------------


@dataclass
class _Account:
    """One account under decision: its wallet as words and settings have moved it, and what came of that."""

    case: Case
    policy: Policy
    releases: list[Release] = field(default_factory=list)
    voids: list[Void] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    forgiveness: Forgiveness | None = None
    share: Share | None = None
    included: int = 0  # micros of what is owed that included printing pays
    elsewhere: int = 0  # micros of what is owed that other fees have billed
    billed_by_word: int = 0  # micros that words have made owed now: they wait for no period

    def __post_init__(self) -> None:
        self.wallet = self.case.wallet

    def decide_on_buckets(self) -> None:
        """Decide on what is not simply owed: what other fees have billed, opening debt, and what nobody explains."""
        # First, since the site's word on such fees is spent by this run; another forgiveness comes with the next.
        owed = amounts.billable(self.wallet.buckets.owed, self.policy.currency)
        self.elsewhere = min(owed, self.case.billed_elsewhere)
        if self.elsewhere:
            self.forgive("owed", self.elsewhere, None)
        self.decide_on_bucket(holds.OPENING_BUCKET, "hold" if self.case.may_be_billed else self.policy.opening)
        self.decide_on_bucket(holds.DISPUTED_BUCKET, "hold")

    def may_be_included(self) -> int:
        """Return what included printing may pay here, micros in whole coins: what is owed and nobody has spoken of."""
        spoken = any(row.word is not None and row.code not in holds.BUCKETS for row in self.case.holds)
        if spoken or self.elsewhere or self.forgiveness is not None or _why_held(self.case, self.policy):
            return 0
        return amounts.billable(self.wallet.buckets.owed + self.billed_by_word, self.policy.currency)

    def decide_on_bucket(
        self, bucket: Literal["opening", "disputed"], otherwise: Literal["hold", "bill", "forgive"]
    ) -> None:
        """Carry out the word on what a bucket holds, else the setting, and hold the rest."""
        there, forgiven = -getattr(self.wallet.buckets, bucket), 0
        row = self.case.hold(*(code for code, name in holds.BUCKETS.items() if name == bucket))
        if row is not None and row.word is not None:
            named = row.word.amount
            if there < named:
                self.void(row)
            elif row.word.answer == "bill":
                self.release(bucket, named, row.word)
                self.billed_by_word += named
            elif self.forgive(bucket, named, row.word):
                forgiven = named
        elif otherwise == "bill" and there:
            self.release(bucket, there, None)
        elif otherwise == "forgive" and self.forgive(bucket, there, None):
            forgiven = there
        code = holds.OPENING if bucket == holds.OPENING_BUCKET else _disputed_code(self.wallet)
        self.hold(code, -getattr(self.wallet.buckets, bucket) - forgiven)

    def decide_on_debt(self) -> None:
        """Bill what is owed and due, unless something holds it."""
        amount = self.due()
        spoken: list[Hold] = []
        owed = amounts.billable(self.wallet.buckets.owed, self.policy.currency)
        if self.elsewhere:
            self.bill(amount - self.elsewhere, ())
            return
        for row in self.case.holds:
            if row.word is None or row.code in holds.BUCKETS or row.code == holds.CREDIT:
                continue
            if owed < row.word.amount:
                self.void(row)
            elif row.word.answer == "forgive":
                if self.forgive("owed", row.word.amount, row.word) and row.code == holds.FOREIGN_FEE:
                    self.bill(amount - row.word.amount, ())  # what the other fee did not bill
                return
            else:
                spoken.append(row)
        code = _why_held(self.case, self.policy)
        if code and code not in {row.code for row in spoken}:
            self.hold(code, amount)
        else:
            words = [row.word for row in spoken if row.word is not None]
            named = min((word.amount for word in words), default=amount)
            released = amounts.billable(-self.billed_by_word, self.policy.currency)
            if not words and released and amount > self.policy.max_fee:
                named = released  # a person has named just this; what more is owed follows
            self.bill(named, tuple(word.id for word in words), is_spoken_for=0 < released == named)

    def due(self) -> int:
        """Return what is due now, micros in whole coins: by the period, and what words made owed at once."""
        policy, released = self.policy, -self.wallet.buckets.owed + self.case.wallet.buckets.owed
        changes = (*self.case.changes, OwedChange(policy.today, -released), OwedChange(policy.today, self.included))
        by_period = due(changes, policy.today, policy.every, policy.least, policy.currency)
        by_word = amounts.billable(-self.billed_by_word, policy.currency)
        return max(by_period, by_word if by_word >= policy.minimum else 0)

    def bill(self, amount: int, words: tuple[int, ...], *, is_spoken_for: bool = False) -> None:
        if amount > 0:
            # The counter of a shared account counts everybody's jobs, which are no figure for its invoice.
            jobs = 0 if self.case.account.is_shared else self.wallet.unbilled_jobs
            since = self.wallet.billed_at or self.case.account.linked_at
            self.share = Share(self.case.account, amount, jobs, since, words, is_spoken_for)

    def forgive(self, bucket: Literal["opening", "disputed", "owed"], amount: int, word: Word | None) -> bool:
        """Plan a forgiveness in whole coins, unless another is planned; return whether that was done."""
        whole = amounts.billable(-amount, self.policy.currency)
        if self.forgiveness is not None or not whole:
            return False
        self.forgiveness = Forgiveness(self.case.account, whole, bucket, word.id if word else None)
        return True

    def release(self, bucket: Literal["opening", "disputed"], amount: int, word: Word | None) -> None:
        cause = f"word {word.id}" if word else "setting"
        self.wallet, entry = wallet.released(self.wallet, bucket, amount, self.policy.today, cause)
        self.releases.append(Release(self.wallet, entry, word.id if word else None))

    def hold(self, code: str, amount: int) -> None:
        if amounts.billable(-amount, self.policy.currency):
            self.held.append(Held(self.case.account, amount, code, _sentence(code, self.case, amount, self.policy)))

    def void(self, row: Hold) -> None:
        assert row.word is not None
        money = _money(row.word.amount, self.policy)
        self.voids.append(
            Void(
                row.word.id,
                lazy(
                    "The decision on %(money)s of %(username)s (%(code)s) is void: less than that is left.",
                    money=money,
                    username=self.case.account.username,
                    code=row.code,
                ),
            )
        )


def _disputed_code(one: Wallet) -> str:
    return holds.COUNTER_FELL if one.doubt == "counter_fell" else holds.UNEXPLAINED


def _why_held(case: Case, policy: Policy) -> str:
    if case.gone:
        return case.gone
    if case.foreign_fee:
        return holds.FOREIGN_FEE
    limit = policy.max_fees_per_person_day
    if limit and case.fees_today >= limit and "max_fees_per_person_day" not in policy.allow:
        return "max_fees_per_person_day"
    return ""


# -- fees and limits -------------------------------------------------------------------------------------------------


def is_personal(account: LinkedAccount, grouping: str, bill_to: str) -> bool:
    """Return whether a person pays the fee for an account; else its company does."""
    if account.is_shared or not account.company_id:
        return not account.company_id
    return grouping == "person" and bill_to == "member"


def _grouped(shares: Iterable[Share], policy: Policy) -> list[Bill]:
    """Return the fees: one per person or shared account, or one per company with its accounts in order of their ids."""
    bills = []
    companies: dict[str, list[Share]] = {}
    for share in shares:
        account = share.account
        if policy.grouping == "company" and account.company_id:
            companies.setdefault(account.company_id, []).append(share)
            continue
        if account.is_shared:
            bills.append(Bill("", account.company_id, False, (share,)))
            continue
        personal = is_personal(account, policy.grouping, policy.bill_to)
        bills.append(Bill(account.member_id, account.company_id, personal, (share,)))
    for company_id, members in sorted(companies.items()):
        ordered = tuple(sorted(members, key=lambda share: share.account.member_id))
        bills.append(Bill("", company_id, False, ordered))
    return [bill for bill in (priced(bill, policy.tax, policy.coin) for bill in bills) if bill.price]


def priced(bill: Bill, rate: int, coin: int) -> Bill:
    """Return a bill with its price; what the price cannot reach for its tax is left out of the largest share."""
    price = tax.price_within(bill.amount, rate, coin)
    rest = bill.amount - tax.taxed(price, rate, coin)
    if not rest:
        return replace(bill, price=price)
    largest = max(bill.shares, key=lambda share: share.amount)
    shares = [replace(share, amount=share.amount - rest) if share is largest else share for share in bill.shares]
    return replace(bill, price=price, shares=tuple(share for share in shares if share.amount > 0))


def _within_limits(bills: Sequence[Bill], cases: Mapping[str, Case], policy: Policy) -> tuple[list[Bill], list[Held]]:
    """Return the fees that may go, and what the limits of one fee and of the whole run hold."""

    def spoken_for(bill: Bill, code: str) -> bool:
        if code in policy.allow:
            return True
        of = [(share, cases[share.account.member_id]) for share in bill.shares]
        return all(share.words or share.is_spoken_for or share.amount <= case.passed for share, case in of)

    def hold(bill: Bill, code: str, figure: int) -> list[Held]:
        return [
            Held(share.account, share.amount, code, _sentence(code, cases[share.account.member_id], figure, policy))
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


def _refusals(held: Sequence[Held], policy: Policy) -> list[UnsafePlan]:
    """Return one refusal for each code that holds somebody; opening balances are a choice, not a refusal."""
    limits: dict[str, int | str] = {
        "max_fee": amounts.text(policy.max_fee, policy.currency),
        "max_run_total": amounts.text(policy.max_run_total, policy.currency),
        "max_fees_per_person_day": policy.max_fees_per_person_day,
    }
    refusals = []
    for code in sorted({item.code for item in held} - {holds.OPENING, holds.CREDIT}):
        items = [item for item in held if item.code == code]
        total = sum(amounts.billable(-item.amount, policy.currency) for item in items)
        count: int | str = amounts.text(total, policy.currency) if code == "max_run_total" else len(items)
        people = nlazy("%(num)s person is held", "%(num)s people are held", len(items))
        message = lazy(
            "%(people)s by %(code)s, %(total)s in all: %(next)s",
            people=people,
            code=code,
            total=amounts.with_currency(total, policy.currency),
            next=NEXT[code],
        )
        refusals.append(UnsafePlan(code, message, count=count, limit=limits.get(code, 0), remedies=of_refusal(code)))
    return refusals


# What to do next about a bill that is held: a clause for each code that is a refusal.
NEXT = {
    "max_fee": lazy("look at the price list."),
    "max_run_total": lazy("such a total is a wrong price list until somebody has looked."),
    "max_fees_per_person_day": lazy("look at what they printed."),
    "counter_fell": lazy("the job counter is below its last verified value; look at the account, then approve it."),
    "unexplained_debt": lazy(
        "the debt grew by more than the printing; look at PaperCut's transactions, then approve it."
    ),
    "member_gone": lazy(
        "OfficeRnD no longer knows the member, so no fee can be made; collect it in another way, then forgive it."
    ),
    "company_gone": lazy(
        "OfficeRnD no longer knows the company that pays, so no fee can be made; collect it in another way, then "
        "forgive it."
    ),
    "foreign_fee": lazy(
        "the fees plan holds a fee that the relay did not make; is OfficeRnD's own connector still on? "
        "Look, then bill it (both are right) or forgive it (already billed)."
    ),
}


def _money(amount: int, policy: Policy) -> str:
    return amounts.with_currency(amounts.billable(-amount, policy.currency), policy.currency)


def _sentence(code: str, case: Case, amount: int, policy: Policy) -> str:
    """Return why this person's money waits."""
    money = _money(amount, policy)
    match code:
        case "opening_balance":
            return lazy("%(money)s was owed before the integration", money=money)
        case "counter_fell":
            return lazy(
                "the job counter is lower than it was before, so what %(money)s stand for is not known", money=money
            )
        case "unexplained_debt":
            why = (
                lazy("than its jobs are known to have cost")
                if case.wallet.doubt == "beyond_costs"
                else lazy("without a job")
            )
            return lazy("owes %(money)s more %(why)s, such as a charge by hand or a copy", money=money, why=why)
        case "member_gone":
            return lazy("OfficeRnD no longer knows this member, so %(money)s cannot be billed", money=money)
        case "company_gone":
            return lazy("OfficeRnD no longer knows the company that pays, so %(money)s cannot be billed", money=money)
        case "foreign_fee":
            return lazy(
                "fee %(foreign_fee)s stands on the fees plan and is not ours, so %(money)s may be billed already",
                foreign_fee=case.foreign_fee,
                money=money,
            )
        case "max_fee":
            limit = amounts.with_currency(policy.max_fee, policy.currency)
            return lazy("a fee of %(money)s is above max_fee %(limit)s", money=money, limit=limit)
        case "max_run_total":
            limit = amounts.with_currency(policy.max_run_total, policy.currency)
            return lazy("the run's total of %(money)s is above max_run_total %(limit)s", money=money, limit=limit)
        case _:
            return lazy(
                "has %(fees)s of this business day already, so %(money)s wait",
                fees=counted(case.fees_today, "fee"),
                money=money,
            )
