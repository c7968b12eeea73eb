"""Figures of jobs added up: pages, colour, sheets, money. Plain values; nothing here reads or writes anything."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import accumulate

from relay.jobs.statement.billed import Net


@dataclass(frozen=True, slots=True)
class NamedMember:
    """A member as a statement names them: whose account it is now, or was last."""

    member_id: str
    username: str
    name: str
    email: str = ""
    company_id: str = ""
    company_name: str = ""
    linked_at: datetime | None = None
    opening_balance: int | None = None

    @property
    def full_name(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class PrintedJob:
    """A job as the ledger's database holds it; None means that its source does not say. Money is micros."""

    key: str
    at: datetime
    business_day: date
    kind: str
    username: str
    member_id: str
    company_id: str
    company_name: str
    server: str
    printer: str
    account: str
    document: str
    pages: int
    colour_pages: int | None
    is_colour: bool | None
    copies: int
    sheets: int | None
    duplex: bool | None
    cost: int | None
    basis: str
    state: str
    refunded: int
    shared_id: str = ""  # the shared account that paid, where a company pays for it and this statement tells of it

    @property
    def counts(self) -> bool:
        """Whether paper came out: a denied job is told, and counted nowhere."""
        return self.state != "denied"

    @property
    def net(self) -> int:
        return (self.cost or 0) - self.refunded if self.counts else 0

    @property
    def is_billed(self) -> bool:
        """Whether a balance that is billed paid: the person's own, or a shared account that a company pays for."""
        return self.account == "" or bool(self.shared_id)

    @property
    def payer_id(self) -> str:
        """Whose line of a statement it stands in, "" for nobody's."""
        return self.shared_id or self.member_id


def sheets_of(pages: int, copies: int, sheets: int | None, duplex: bool | None) -> int | None:
    """Return how many sheets a job took, None where nothing tells."""
    if sheets is not None or duplex is None:
        return sheets
    if not duplex:
        return pages
    per_copy, rest = divmod(pages, max(1, copies))
    return (per_copy + 1) // 2 * max(1, copies) + (rest + 1) // 2


@dataclass(slots=True)
class Tally:
    """Figures of any number of jobs. `sheets` and `colour_pages` count only the jobs whose source tells them."""

    jobs: int = 0
    denied: int = 0
    refunded_jobs: int = 0
    pages: int = 0
    colour_pages: int = 0
    colour_known_pages: int = 0  # pages of the jobs whose colour pages are known
    colour_jobs: int = 0
    colour_untold: int = 0  # jobs in colour whose source does not say how many pages of them
    sheets: int = 0
    sheet_pages: int = 0  # pages of the jobs whose sheets are known
    cost: int = 0
    refunded: int = 0
    estimated: int = 0  # jobs
    unpriced: int = 0  # jobs

    @property
    def net(self) -> int:
        return self.cost - self.refunded

    @property
    def sheets_saved(self) -> int:
        """How many sheets fewer than pages: what duplex saved."""
        return self.sheet_pages - self.sheets

    @property
    def colour_percent(self) -> int | None:
        """The share of colour pages, where pages are known by colour; a source that only tells gray ones has none."""
        if self.colour_untold:
            return None
        return round(100 * self.colour_pages / self.colour_known_pages) if self.colour_known_pages else None

    def add(self, job: PrintedJob, times: int = 1) -> None:
        """Count a job, or as many as there are with the same figures."""
        if not job.counts:
            self.denied += times
            return
        self.jobs += times
        self.pages += job.pages * times
        if job.is_colour:
            self.colour_jobs += times
            self.colour_untold += times if job.colour_pages is None else 0
        if job.colour_pages is not None:
            self.colour_pages += job.colour_pages * times
            self.colour_known_pages += job.pages * times
        sheets = sheets_of(job.pages, job.copies, job.sheets, job.duplex)
        if sheets is not None:
            self.sheets += sheets * times
            self.sheet_pages += job.pages * times
        self.cost += (job.cost or 0) * times
        self.refunded += job.refunded * times
        self.refunded_jobs += times if job.state == "refunded" else 0
        self.estimated += times if job.basis == "estimated" else 0
        self.unpriced += times if job.basis == "unknown" else 0


def tally(jobs: Iterable[PrintedJob]) -> Tally:
    total = Tally()
    for job in jobs:
        total.add(job)
    return total


class Amounts:
    """What one member's personal jobs cost and what of it was refunded (micros), asked by time."""

    def __init__(self, jobs: Sequence[tuple[datetime, int, int]] = ()) -> None:
        """`jobs` are (at, cost, refunded), oldest first."""
        self._at = [at for at, _, _ in jobs]
        self._costs = [0, *accumulate(cost for _, cost, _ in jobs)]
        self._refunds = [0, *accumulate(refunded for _, _, refunded in jobs)]

    def net(self, since: datetime, until: datetime | None = None) -> Net:
        """Return what the jobs after `since` and up to `until` (None: all later ones) came to."""
        first = bisect_right(self._at, since)
        last = len(self._at) if until is None else max(first, bisect_right(self._at, until))
        return Net(self._costs[last] - self._costs[first], self._refunds[last] - self._refunds[first])
