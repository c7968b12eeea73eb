"""Which jobs a fee covers: the fees and other movements of the ledger, each fee with the time that it bills.

A fee bills what somebody owed at one reading of the balance, so it covers the jobs since the reading behind the fee
before it. What jobs alone do not explain (top-ups, what was carried over, money from elsewhere) is told term by term,
and the terms add up to the fee exactly. Reads the ledger only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, and_, func, or_, select

from relay.database import of_row
from relay.language import lazy
from relay.money.ledger import tables as money

# A fee is planned moments after the balances were read; a reading older than this was of another settle.
_SAME_SETTLE = timedelta(hours=1)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Billed:
    """One movement of a person. `amount` is what it adds to the balance, micros; `at` the reading that it rests on.

    `price` is that of the whole fee in OfficeRnD, without tax, however many people share it.
    """

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
    price: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """One fee and the time that it bills: jobs after `since`, up to `until`; `between` are the other movements then."""

    fee: Billed
    since: datetime
    until: datetime
    between: tuple[Billed, ...] = ()

    def covers(self, at: datetime) -> bool:
        return self.since < at <= self.until


def movements(connection: Connection, site: str, first: date, member_id: str = "") -> dict[str, list[Billed]]:
    """Return each member's (or one's) movements from the last posted fee before a business day on, oldest first.

    With them what has not come to its end, however old; what certainly never happened is left out.
    """
    moved, fees, read, wallets = money.movements, money.fees, money.journal, money.wallets
    earlier = (
        select(moved.c.member_id, func.max(moved.c.created_at).label("at"))
        .where(moved.c.site == site, moved.c.kind == "fee", moved.c.fee_state == "posted", moved.c.business_day < first)
        .group_by(moved.c.member_id)
        .subquery()
    )
    source = moved.outerjoin(fees, moved.c.fee_reference == fees.c.reference)
    source = source.outerjoin(earlier, earlier.c.member_id == moved.c.member_id)
    read_at = (
        select(func.max(read.c.at))
        .join(wallets, wallets.c.id == read.c.wallet_id)
        .where(read.c.site == site, read.c.kind == "reading", read.c.at <= moved.c.created_at)
        .where(wallets.c.member_id == moved.c.member_id)
        .scalar_subquery()
    )
    open_fee = and_(moved.c.kind == "fee", moved.c.fee_state != "posted")
    query = (
        select(
            moved,
            func.coalesce(fees.c.fee_id, "").label("fee_id"),
            func.coalesce(fees.c.price, 0).label("price"),
            read_at.label("read_at"),
        )
        .select_from(source)
        .where(moved.c.site == site, moved.c.state != "withdrawn")
        .where(or_(earlier.c.at.is_(None), moved.c.created_at >= earlier.c.at, open_fee))
        .order_by(moved.c.created_at, moved.c.reference)
    )
    if member_id:
        query = query.where(moved.c.member_id == member_id)
    found: dict[str, list[Billed]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        is_fee = row["kind"] == "fee"
        found[row["member_id"]].append(
            of_row(
                Billed,
                row,
                at=_reading_behind(row["read_at"], row["created_at"]),
                posted=(row["fee_state"] if is_fee else row["state"]) == "posted",
            )
        )
    return dict(found)


def _reading_behind(read_at: datetime | None, planned_at: datetime) -> datetime:
    return read_at if read_at is not None and planned_at - read_at < _SAME_SETTLE else planned_at


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
    "jobs": lazy("print jobs"),
    "refunds": lazy("refunds of these jobs"),
    "before": lazy("owed already, or left on the balance, before"),
    "left": lazy("stays owed for later (held, or less than the smallest coin)"),
    "top_up": lazy("covered by the member's balance (top-ups)"),
    "included": lazy("included in a membership"),
    "forgiveness": lazy("forgiven"),
    "credit": lazy("refunds moved to OfficeRnD"),
    "elsewhere": lazy("paid, given as quota or adjusted by hand in PaperCut"),
    "unlogged": lazy("not in the job log: copies, scans, jobs before the log began, or charged by hand"),
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
