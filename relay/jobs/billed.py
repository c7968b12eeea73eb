"""Which jobs a fee covers: the fees and other movements of the ledger, each fee with the time that it bills.

A fee bills what somebody owed at one reading of the balance, so it covers the jobs since the reading behind the fee
before it. What jobs alone do not explain (top-ups, what was carried over, money from elsewhere) is told term by term,
and the terms add up to the fee exactly. Reads the ledger only.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, func, select

from relay.money import tables as money

# A fee is planned moments after the balances were read; a reading older than this was of another settle.
_SAME_SETTLE = timedelta(hours=1)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Billed:
    """One movement of a person. `amount` is what it adds to the balance, micros; `at` the reading that it rests on."""

    reference: str
    kind: str
    member_id: str
    username: str
    company_id: str
    amount: int
    business_day: date
    at: datetime
    posted: bool
    fee_id: str = ""
    sent_at: datetime | None = None
    balance_before: int | None = None  # when it was sent


@dataclass(frozen=True, slots=True)
class Window:
    """One fee and the time that it bills: jobs after `since`, up to `until`; `between` are the other movements then."""

    fee: Billed
    since: datetime
    until: datetime
    between: tuple[Billed, ...] = ()

    def covers(self, at: datetime) -> bool:
        return self.since < at <= self.until


def movements(connection: Connection, site: str) -> dict[str, list[Billed]]:
    """Return each member's movements, oldest first; what certainly never happened is left out."""
    moved, fees = money.movements, money.fees
    source = moved.outerjoin(fees, moved.c.fee_reference == fees.c.reference)
    columns = [
        moved.c[name]
        for name in ("reference", "kind", "member_id", "username", "company_id", "amount", "business_day", "created_at")
    ]
    query = (
        select(
            *columns,
            moved.c.state,
            moved.c.fee_state,
            moved.c.sent_at,
            moved.c.balance_before,
            func.coalesce(fees.c.fee_id, "").label("fee_id"),
        )
        .select_from(source)
        .where(moved.c.site == site, moved.c.state != "withdrawn")
        .order_by(moved.c.created_at, moved.c.reference)
    )
    read_at = _readings(connection, site)
    found: dict[str, list[Billed]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        is_posted = (row["fee_state"] if row["kind"] == "fee" else row["state"]) == "posted"
        found[row["member_id"]].append(
            Billed(
                row["reference"],
                row["kind"],
                row["member_id"],
                row["username"],
                row["company_id"],
                row["amount"],
                row["business_day"],
                _reading_behind(read_at.get(row["member_id"], []), row["created_at"]),
                is_posted,
                row["fee_id"],
                row["sent_at"],
                row["balance_before"],
            )
        )
    return dict(found)


def _readings(connection: Connection, site: str) -> dict[str, list[datetime]]:
    query = select(money.changes.c.member_id, money.changes.c.at).where(money.changes.c.site == site)
    found: dict[str, list[datetime]] = defaultdict(list)
    for row in connection.execute(query.order_by(money.changes.c.at)):
        found[row.member_id].append(row.at)
    return found


def _reading_behind(readings: list[datetime], planned_at: datetime) -> datetime:
    index = bisect_right(readings, planned_at)
    if index and planned_at - readings[index - 1] < _SAME_SETTLE:
        return readings[index - 1]
    return planned_at


def windows(moved: Sequence[Billed], began: datetime = LONG_AGO) -> list[Window]:
    """Given one member's movements, oldest first, return the fees in force with the time each bills.

    `began` is when the account was linked: the first fee bills nothing before it.
    """
    found: list[Window] = []
    since = began
    between: list[Billed] = []
    for item in moved:
        if not item.posted:
            continue
        if item.kind != "fee":
            between.append(item)
            continue
        found.append(Window(item, since, item.at, tuple(between)))
        since, between = item.at, []
    return found


# What each term of a fee means, in the words of a statement.
MEANING = {
    "jobs": "print jobs",
    "refunds": "refunds of these jobs",
    "before": "owed already, or left on the balance, before",
    "left": "stays owed for later (held, or less than the smallest coin)",
    "top_up": "covered by the member's balance (top-ups)",
    "forgiveness": "forgiven",
    "credit": "refunds moved to OfficeRnD",
    "elsewhere": "paid, given as quota or adjusted by hand in PaperCut",
    "unlogged": "not in the job log: copies, scans, jobs before the log began, or charged by hand",
}


@dataclass(frozen=True, slots=True)
class Net:
    """What jobs cost and what of it was refunded, micros."""

    cost: int = 0
    refunded: int = 0

    @property
    def amount(self) -> int:
        return self.cost - self.refunded


def explain(
    fees: Sequence[Window], opening: int | None, net: Callable[[datetime, datetime], Net]
) -> dict[str, dict[str, int]]:
    """Given one member's fees, return for each (by reference) the terms that add up to it, micros.

    `opening` is the balance when the account was linked; `net` tells what the jobs after one moment, up to another,
    came to. A job that landed between the reading and the adjustment belongs to the next fee.
    """
    found: dict[str, dict[str, int]] = {}
    balance = opening
    for window in fees:
        fee, jobs = window.fee, net(window.since, window.until)
        terms = {"jobs": jobs.cost, "refunds": -jobs.refunded, "before": -(balance or 0)}
        for item in window.between:
            terms[item.kind] = terms.get(item.kind, 0) - item.amount
        balance = None
        if fee.balance_before is not None and fee.sent_at is not None:
            landed = net(window.until, fee.sent_at).amount if fee.sent_at > window.until else 0
            balance = fee.balance_before + fee.amount + landed
            terms["left"] = min(0, balance)
        rest = fee.amount - sum(terms.values())
        terms["unlogged" if rest > 0 else "elsewhere"] = rest
        found[fee.reference] = {code: amount for code, amount in terms.items() if amount}
    return found
