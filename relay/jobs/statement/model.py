"""A statement of one month as a value: who printed what, what was billed, what is open, and why these differ.

The way from what was printed to the month's fees is told step by step and adds up exactly. Pure: `making` reads the
ledger's database, `render` says how it looks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from relay.accounts import is_shared
from relay.jobs.statement import billed
from relay.jobs.statement.billed import LONG_AGO, Billed, Window
from relay.jobs.statement.figures import Amounts, NamedMember, PrintedJob, Tally, tally
from relay.language import lazy

# What becomes of jobs that no fee of this statement bills.
UNCOVERED = {
    "strangers": lazy("printed on accounts that belong to no member, so never billed"),
    "before_link": lazy("printed before the account was linked: part of its opening balance"),
    "later": lazy("billed by a fee of another month, or to another payer"),
    "open": lazy("not billed yet"),
    "included": billed.MEANING["included"],
    "from_balance": lazy("covered by the person's balance"),
}
MEANING = (
    {"earlier": lazy("printed before this month, or for another payer, and billed here")} | UNCOVERED | billed.MEANING
)


@dataclass(frozen=True)
class FeeLine:
    """One fee of the month, its jobs of this month, and the terms that add up to it (micros, all its jobs counted)."""

    fee: Billed
    jobs: tuple[PrintedJob, ...]
    terms: Mapping[str, int]


@dataclass(frozen=True)
class PersonLine:
    """One person's month, or that of a shared account which a company pays for.

    `uncovered`: what became of the jobs that no fee here bills, micros by code.
    """

    person: NamedMember
    jobs: tuple[PrintedJob, ...]
    fees: tuple[FeeLine, ...] = ()
    pending: tuple[Billed, ...] = ()
    uncovered: Mapping[str, int] = field(default_factory=dict)
    open_of: Mapping[str, int] = field(default_factory=dict)  # job key -> micros of it that are not billed yet
    fee_of: Mapping[str, str] = field(default_factory=dict)  # job key -> reference of the fee that bills it

    @property
    def tally(self) -> Tally:
        """The figures of the jobs that this balance paid for; what another shared account paid is not among them."""
        return tally(job for job in self.jobs if job.is_billed)

    @property
    def company(self) -> str:
        """The company at the time of these jobs, several where the person changed; else the present one."""
        names = dict.fromkeys(name for job in self.jobs if (name := self.company_of(job)[1]))
        return ", ".join(names) if self.jobs else self.person.company_name

    def company_of(self, job: PrintedJob) -> tuple[str, str]:
        """Return (id, name) of the company whose cost a job is: a shared account's own, else that of its time."""
        person = self.person
        return (person.company_id, person.company_name) if job.shared_id else (job.company_id, job.company_name)

    @property
    def billed(self) -> int:
        return sum(line.fee.amount for line in self.fees)

    @property
    def open(self) -> int:
        return self.uncovered.get("open", 0)


@dataclass
class CompanyLine:
    """One company's month: what its members printed as such, wherever they belong by now, what was charged to its
    shared accounts, and the fees it pays."""

    company_id: str
    name: str = ""
    members: set[str] = field(default_factory=set)
    tally: Tally = field(default_factory=Tally)
    billed: int = 0
    open: int = 0


@dataclass(frozen=True, slots=True)
class IncludedLine:
    """What a company, or a member without one, had included in a period, what was used of it and what fees billed."""

    payer_id: str
    name: str
    period: str
    amount: int
    used: int


@dataclass(frozen=True, slots=True)
class BridgeStep:
    """One step of the way from what was printed to what was billed, micros."""

    code: str
    what: str
    amount: int


@dataclass(frozen=True)
class Statement:
    """One month of a site, a company or a person (`scope`: its name, "" for the site)."""

    site: str
    timezone: str
    currency: str
    month: str
    first: date
    last: date
    scope: str
    made_at: str
    people: tuple[PersonLine, ...]
    strangers: tuple[PersonLine, ...]  # accounts that are no member's
    shared: Mapping[str, Tally]  # what was charged to shared accounts that are not among `people`
    total: Tally  # of all other jobs, strangers' among them
    before: Tally  # the same of the month before
    steps: tuple[BridgeStep, ...]
    notes: tuple[str, ...]
    included: tuple[IncludedLine, ...] = ()

    @property
    def printed(self) -> int:
        return self.total.net

    @property
    def billed(self) -> int:
        return sum(line.billed for line in self.people)

    @property
    def price(self) -> int:
        """The sum of the fees' prices in OfficeRnD, without tax; a fee that several people share counts once."""
        return sum(
            {fee.fee.reference.partition("/")[0]: fee.fee.price for line in self.people for fee in line.fees}.values()
        )

    @property
    def lines(self) -> tuple[PersonLine, ...]:
        return (*self.people, *self.strangers)

    @property
    def companies(self) -> list[CompanyLine]:
        """Return what each company had of this, by name; "" for members without one."""
        found: dict[str, CompanyLine] = {}

        def company(company_id: str, line: PersonLine) -> CompanyLine:
            known = found.setdefault(company_id, CompanyLine(company_id))
            if not is_shared(line.person.member_id):
                known.members.add(line.person.member_id)
            return known

        for line in self.people:
            for job in line.jobs:
                if job.is_billed:
                    company_id, name = line.company_of(job)
                    of_job = company(company_id, line)
                    of_job.name = name
                    of_job.tally.add(job)
                    of_job.open += line.open_of.get(job.key, 0)
            for fee in line.fees:
                company(fee.fee.company_id, line).billed += fee.fee.amount
        present = {line.person.company_id: line.person.company_name for line in self.people}
        for of_company in found.values():
            of_company.name = present.get(of_company.company_id) or of_company.name or of_company.company_id
        return sorted(found.values(), key=lambda of_company: (of_company.name.lower(), of_company.company_id))

    @property
    def jobs(self) -> list[tuple[PrintedJob, PersonLine]]:
        """Return every job with its person, oldest first; what shared accounts paid is among them."""
        found = [(job, line) for line in self.lines for job in line.jobs]
        return sorted(found, key=lambda pair: (pair[0].at, pair[0].key))


def person_line(
    person: NamedMember,
    jobs: Sequence[PrintedJob],
    moved: Sequence[Billed],
    amounts: Amounts,
    *,
    chosen: Iterable[str],
    owed: int,
    first: date = date.min,
) -> PersonLine:
    """Return one person's month, given their jobs of it, oldest first, and all their movements.

    `chosen` are the references of the fees that the statement is about; `owed` is what the person owes now (micros),
    `first` the first day of the month. `amounts` must reach back to the first chosen fee's beginning and to the first
    of the jobs.
    """
    began = person.linked_at or LONG_AGO
    windows = billed.windows(moved, began)
    wanted = set(chosen)
    indexes = [index for index, window in enumerate(windows) if window.fee.reference in wanted]
    terms: dict[str, dict[str, int]] = {}
    if indexes:
        # The fee before the first one is told too, since its end is the first one's beginning.
        start = max(0, indexes[0] - 1)
        terms = billed.explain(windows[start:], None if start else person.opening_balance, amounts.net)
    fee_of: dict[str, str] = {}
    uncovered: dict[str, int] = defaultdict(int)
    unbilled: list[PrintedJob] = []
    billed_until = windows[-1].until if windows else began
    for job in jobs:
        if not job.is_billed or not job.counts:
            continue
        window = _covering(windows, job.at)
        if window is not None:
            fee_of[job.key] = window.fee.reference
            if window.fee.reference not in wanted:
                uncovered["later"] += job.net
        elif job.at > billed_until:
            unbilled.append(job)
        else:
            uncovered["before_link"] += job.net
    open_of = _open_of(unbilled, owed, amounts)
    uncovered["open"] = sum(open_of.values())
    paid = sum(job.net for job in unbilled) - uncovered["open"]
    uses = (item for item in moved if item.kind == "included" and item.posted and item.at > billed_until)
    uncovered["included"] = min(paid, sum(item.amount for item in uses if item.business_day >= first))
    uncovered["from_balance"] = paid - uncovered["included"]
    by_key = {job.key: job for job in jobs}
    lines = tuple(
        FeeLine(
            windows[index].fee,
            tuple(by_key[key] for key, reference in fee_of.items() if reference == windows[index].fee.reference),
            terms[windows[index].fee.reference],
        )
        for index in indexes
    )
    pending = tuple(item for item in moved if item.kind == "fee" and not item.posted)
    told = {code: amount for code, amount in uncovered.items() if amount}
    return PersonLine(person, tuple(jobs), lines, pending, told, open_of, fee_of)


def _open_of(unbilled: Sequence[PrintedJob], owed: int, amounts: Amounts) -> dict[str, int]:
    """Return what of each job is still owed, by its key: who owes something owes it for the latest jobs.

    Those are counted over all that the person printed, so that statements of two companies never tell a cent twice.
    """
    found: dict[str, int] = {}
    moment, at_once = None, 0
    for job in reversed(unbilled):
        if job.at != moment:
            moment, at_once = job.at, 0
        left = max(0, owed - amounts.net(job.at).amount - at_once)
        at_once += job.net
        if open_ := min(job.net, left):
            found[job.key] = open_
    return found


def _covering(windows: Sequence[Window], at: datetime) -> Window | None:
    """Return the window that a moment lies in: they follow each other without a gap."""
    low, high = 0, len(windows)
    while low < high:
        middle = (low + high) // 2
        if windows[middle].until < at:
            low = middle + 1
        else:
            high = middle
    return windows[low] if low < len(windows) and windows[low].covers(at) else None


def steps(printed: int, people: Sequence[PersonLine], strangers: Sequence[PersonLine]) -> tuple[BridgeStep, ...]:
    """Return the way from what was printed to what was billed; the amounts between the two add up exactly."""
    sums: dict[str, int] = defaultdict(int)
    sums["strangers"] = -sum(line.tally.net for line in strangers)
    for line in people:
        for code, amount in line.uncovered.items():
            sums[code] -= amount
        for fee in line.fees:
            sums["earlier"] += fee.terms.get("jobs", 0) + fee.terms.get("refunds", 0)
            sums["earlier"] -= sum(job.net for job in fee.jobs)
            for code, amount in fee.terms.items():
                if code not in ("jobs", "refunds"):
                    sums[code] += amount
    way = [BridgeStep(code, what, sums[code]) for code, what in MEANING.items() if sums.get(code)]
    fees = sum(line.billed for line in people)
    assert printed + sum(step.amount for step in way) == fees, "the way from print jobs to fees must add up"
    return (
        BridgeStep("printed", lazy("printed, less refunds"), printed),
        *way,
        BridgeStep("fees", lazy("billed by fees"), fees),
    )
