"""A balance, explained: the five buckets of a wallet, and into which of them a difference between two readings goes.

The law is `explain`: given what was there, what changed, how many jobs were counted and what they are known to have
cost, it says what must have happened. It is compared with an executable model over a table of cases and random
arguments. Nothing here reads or writes anything. Amounts are micros; positive credits the member.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

Bucket = Literal["opening", "owed", "disputed", "allowance", "own"]
Uncounted = Literal["hold", "bill"]
Doubt = Literal["", "counter_fell", "uncounted", "beyond_costs"]

PAYS: tuple[Bucket, ...] = ("disputed", "opening", "owed")  # what money from outside pays, in this order
USES: tuple[Bucket, ...] = ("allowance", "own")  # what printing uses up before it is owed


class Buckets(NamedTuple):
    """The parts of a wallet; the first three are never positive, the last two never negative.

    `opening`: debt older than the link. `owed`: debt to bill. `disputed`: debt that nobody explains. `allowance`: our
    top-ups, unused. `own`: any other credit of the member.
    """

    opening: int = 0
    owed: int = 0
    disputed: int = 0
    allowance: int = 0
    own: int = 0

    @property
    def wallet(self) -> int:
        """The balance that PaperCut must hold."""
        return sum(self)

    @property
    def has_debt(self) -> bool:
        """Whether anything is owed, also where an allowance covers it."""
        return bool(self.opening or self.owed or self.disputed)

    @property
    def is_sound(self) -> bool:
        return self.opening <= 0 and self.owed <= 0 and self.disputed <= 0 and self.allowance >= 0 and self.own >= 0

    def less(self, before: Buckets) -> Buckets:
        """Return the change from `before` to these."""
        return Buckets(*(mine - theirs for mine, theirs in zip(self, before, strict=True)))


class LoggedJobs(NamedTuple):
    """What the job log says of the time between two readings: costs less refunds, and how many rows."""

    costs: int
    rows: int


class Explained(NamedTuple):
    """A reading put into buckets: what they are now, what was printed and came from outside (together the difference),
    why part of it is disputed, and whether "printed" is only inferred."""

    after: Buckets
    printed: int
    outside: int
    doubt: Doubt = ""
    inferred: bool = False


def opened(balance: int) -> Buckets:
    """Return the wallet of an account at the moment of its link: a debt is an opening debt, a credit the member's."""
    return Buckets(opening=min(0, balance), own=max(0, balance))


def fill(before: Buckets, amount: int, order: Sequence[Bucket]) -> Buckets:
    """Given a credit of `amount` >= 0, return the buckets after it paid the debts in `order`; the rest is `own`."""
    values = before._asdict()
    for name in order:
        paid = min(amount, -values[name])
        values[name] += paid
        amount -= paid
    values["own"] += amount
    return Buckets(**values)


def draw(before: Buckets, amount: int, order: Sequence[Bucket], rest: Bucket) -> Buckets:
    """Given a charge of `amount` >= 0, return the buckets after it used the credits in `order`, then grew `rest`."""
    values = before._asdict()
    for name in order:
        used = min(amount, values[name])
        values[name] -= used
        amount -= used
    values[rest] -= amount
    return Buckets(**values)


def explain(before: Buckets, difference: int, jobs: int, known: LoggedJobs | None, uncounted: Uncounted) -> Explained:
    """Given what changed between two readings, return into which buckets it goes.

    `difference` is the reading less the wallet, `jobs` the change of the job counter, `known` the job log's word, None
    where it has none. Printing is booked before money from outside.
    """
    if jobs < 0:
        return _counter_fell(before, difference)
    if known is None or known.rows > jobs:  # more rows than counted jobs are no known costs
        return _costs_not_known(before, difference, jobs, uncounted)
    after = draw(before, known.costs, USES, "owed") if known.costs >= 0 else fill(before, -known.costs, ("owed",))
    rest = difference + known.costs
    if rest >= 0:
        return Explained(fill(after, rest, PAYS), -known.costs, rest)
    if jobs > known.rows or uncounted == "bill":  # copies and scans are counted, or not even that, and not logged
        return Explained(draw(after, -rest, USES, "owed"), difference, 0, "", True)
    return Explained(draw(after, -rest, (), "disputed"), -known.costs, rest, "beyond_costs" if jobs else "uncounted")


def _counter_fell(before: Buckets, difference: int) -> Explained:
    after = fill(before, difference, PAYS) if difference >= 0 else draw(before, -difference, (), "disputed")
    return Explained(after, 0, difference, "counter_fell")


def _costs_not_known(before: Buckets, difference: int, jobs: int, uncounted: Uncounted) -> Explained:
    if difference >= 0:
        after = fill(before, difference, PAYS)
        if jobs and difference:  # what was used of the allowance cannot be told, and nobody may take cash for it
            after = after._replace(allowance=0, own=after.own + after.allowance)
        return Explained(after, 0, difference)
    if jobs or uncounted == "bill":
        return Explained(draw(before, -difference, USES, "owed"), difference, 0, "", True)
    return Explained(draw(before, -difference, (), "disputed"), 0, difference, "uncounted")
