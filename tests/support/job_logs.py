"""Job logs for the tests of money: what a run may know of printed and refunded jobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from relay import amounts
from relay.money.books import JobEvidence
from relay.money.decide.explain import LoggedJobs
from tests.support.money_world import Site


@dataclass
class RefundingLog(JobEvidence):
    """A job log that knows what was printed, refunded and posted."""

    site: Site
    printed: list[tuple[str, int, datetime]] = field(default_factory=list)
    refunded: Counter[int] = field(default_factory=Counter)
    comments_known: bool = False

    def prints(self, username: str, cost: float) -> None:
        self.site.prints(username, cost)
        self.site.clock.move(seconds=1)
        self.printed.append((username, amounts.from_double(cost), self.site.clock.now()))
        self.site.clock.move(seconds=1)

    def refunds_job(self, number: int, amount: int | None = None) -> None:
        """Give back a job's cost, or some micros of it; PaperCut then tells the sum of what it gave back."""
        username, cost, _ = self.printed[number]
        amount = cost if amount is None else amount
        self.site.papercut.accounts[username].balance += amount / 1e6
        self.refunded[number] += amount

    def known(self, username: str, since: datetime, until: datetime, jobs: int | None) -> LoggedJobs | None:
        found = [
            cost - self.refunded[number]
            for number, (name, cost, at) in enumerate(self.printed)
            if name == username and since < at <= until
        ]
        return LoggedJobs(sum(found), len(found))

    def refunds(self, username: str, since: datetime) -> Sequence[tuple[str, int, datetime]] | None:
        return [
            (f"job{number}", amount, self.printed[number][2])
            for number, amount in sorted(self.refunded.items())
            if self.printed[number][0] == username
        ]

    def logged(self, reference: str) -> bool | None:
        if not self.comments_known:
            return None
        return any(
            reference in comment
            for account in self.site.papercut.accounts.values()
            for _, comment in account.transactions
        )

    def told(self, username: str, since: datetime, until: datetime) -> str | None:
        return "10 pages of report.pdf"


class Log(RefundingLog):
    """A job log that tells a restoration of every job too, and posts nothing."""

    def prints(self, username: str, cost: float) -> None:
        self.site.prints(username, cost)
        self.printed.append((username, amounts.from_double(cost), self.site.clock.now()))

    def rows(self, username: str, since: datetime) -> list[tuple[datetime, int]]:
        return [(at, cost) for name, cost, at in self.printed if name == username and at > since]

    def told(self, username: str, since: datetime, until: datetime) -> None:
        return None
