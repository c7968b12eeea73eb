"""The law of money as an executable specification: pure functions on plain values, to compare the product with.

This is the reference half of `model/money_model.py`, the model that stands beside the law (`money.md`) and was explored
before anybody built the product. Taken over as it is, every rule in force: what the model can switch off to show why a
rule is needed is left out here. It shares no line with the product and must not: a rule is written twice, and random
arguments compare the two. Where words and model differ, the model is right; a difference found here is the product's.

Units: money is integer micros (millionths of the currency's unit; positive credits the member), a day is a number (its
week is day // 7, its month day // 30), time is integer seconds, `jobs` is PaperCut's job counter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

COIN = 10_000  # micros: one cent


class Buckets(NamedTuple):
    """The five parts of a wallet, micros; the first three are never positive, the last two never negative."""

    opening: int = 0
    owed: int = 0
    disputed: int = 0
    allowance: int = 0
    own: int = 0

    @property
    def wallet(self) -> int:
        return sum(self)

    @property
    def is_sound(self) -> bool:
        return self.opening <= 0 and self.owed <= 0 and self.disputed <= 0 and self.allowance >= 0 and self.own >= 0


class Known(NamedTuple):
    """What the job log says of the time between two readings: rows, and their costs less refunds, micros."""

    costs: int
    rows: int


class Explained(NamedTuple):
    """A reading put into buckets: the new buckets, the counter sides (printed, outside), and what is to be told."""

    after: Buckets
    printed: int
    outside: int
    doubt: str = ""  # "", "counter_fell", "uncounted", "beyond_costs"
    inferred: bool = False


def fill(buckets: Buckets, amount: int, order: Sequence[str]) -> Buckets:
    """Given a credit of `amount` >= 0, return the buckets after it paid the debts in `order`; the rest is `own`."""
    values = buckets._asdict()
    for name in order:
        paid = min(amount, -values[name])
        values[name] += paid
        amount -= paid
    values["own"] += amount
    return Buckets(**values)


def draw(buckets: Buckets, amount: int, order: Sequence[str], rest: str) -> Buckets:
    """Given a charge of `amount` >= 0, return the buckets after it used the credits in `order`, then grew `rest`."""
    values = buckets._asdict()
    for name in order:
        used = min(amount, values[name])
        values[name] -= used
        amount -= used
    values[rest] -= amount
    return Buckets(**values)


def explain(before: Buckets, difference: int, jobs: int, known: Known | None, uncounted: str) -> Explained:
    """Given what changed between two readings, return into which buckets it goes.

    `difference` is reading - wallet in micros, `jobs` the change of the counter, `known` the job log's word or None,
    `uncounted` "hold" or "bill". Printing is booked before money from outside, which is kindest to nobody and the same
    for everybody.
    """
    if known is not None and (jobs < 0 or known.rows > jobs):
        known = None  # a log row counts for the reading it precedes; more rows than counted jobs are no known costs
    if jobs < 0:
        if difference < 0:
            return Explained(draw(before, -difference, (), "disputed"), 0, difference, "counter_fell")
        return Explained(fill(before, difference, ("disputed", "opening", "owed")), 0, difference, "counter_fell")
    if known is None:
        if difference >= 0:
            after = fill(before, difference, ("disputed", "opening", "owed"))
            if jobs and difference:  # what was used of the allowance cannot be told: nothing of it may expire
                after = after._replace(allowance=0, own=after.own + after.allowance)
            return Explained(after, 0, difference)
        if jobs or uncounted == "bill":
            return Explained(draw(before, -difference, ("allowance", "own"), "owed"), difference, 0, "", True)
        return Explained(draw(before, -difference, (), "disputed"), 0, difference, "uncounted")
    after = before
    if known.costs >= 0:
        after = draw(after, known.costs, ("allowance", "own"), "owed")
    else:
        after = fill(after, -known.costs, ("owed",))
    rest = difference + known.costs
    if rest >= 0:
        return Explained(fill(after, rest, ("disputed", "opening", "owed")), -known.costs, rest)
    if jobs > known.rows or uncounted == "bill":
        return Explained(draw(after, -rest, ("allowance", "own"), "owed"), rest - known.costs, 0, "", True)
    return Explained(draw(after, -rest, (), "disputed"), -known.costs, rest, "beyond_costs" if jobs else "uncounted")


def whole(amount: int) -> int:
    """Return `amount` micros (>= 0) down to whole coins."""
    return amount // COIN * COIN


def period(day: int, every: str) -> int:
    """Return the number of the period that business day `day` lies in (a month of the model has 30 days)."""
    return day // {"day": 1, "week": 7, "month": 30}[every]


class Change(NamedTuple):
    """One journal line on `owed`: the business day, and the micros (negative: more debt)."""

    day: int
    owed: int


def due(changes: Sequence[Change], today: int, every: str, minimum: int) -> int:
    """Return what is to be billed now, micros in whole coins: the whole debt once a coin of it is of an earlier period.

    A rule on the journal: payments and fees reduce the oldest part first, so the part of earlier periods is what was
    owed when this period began, less everything that was paid since.
    """
    owed = -sum(change.owed for change in changes)
    now = period(today, every)
    old = -sum(change.owed for change in changes if period(change.day, every) < now)
    old -= sum(change.owed for change in changes if period(change.day, every) >= now and change.owed > 0)
    ripe = old >= COIN or every == "day"
    return whole(owed) if ripe and whole(owed) >= max(minimum, COIN) else 0


def top_up(buckets: Buckets, amount: int, mode: str) -> int:
    """Return the relative adjustment of a period's top-up, micros: `reset` lets what is left of the last one expire."""
    return amount if mode == "add" else amount - buckets.allowance


class Reading(NamedTuple):
    balance: int
    jobs: int


def judge_adjustment(before: Reading, now: Reading, amount: int, known: Known | None) -> str:
    """Return "there", "absent" or "unknown" for an adjustment whose answer was lost; absence needs the deadline too."""
    jobs = now.jobs - before.jobs
    if jobs < 0 or (jobs and (known is None or known.rows != jobs)):
        return "unknown"
    change = now.balance - before.balance + (known.costs if known is not None and known.rows == jobs else 0)
    return "there" if change == amount else "absent" if change == 0 else "unknown"


def judge_witness(name: str, value: int | None, mine: str, ledger: int, target: int | None) -> str:
    """Given PaperCut's witness and the ledger's (coins; `target` of a raise under way), return "" or the stop it is."""
    if value is None:
        return "witness_gone" if ledger or target else ""
    if name != mine:
        return "other_ledger"
    if value in (ledger, target):
        return ""
    return "restored" if value < ledger else "older_ledger"


class State(NamedTuple):
    """What PaperCut held of an account at one moment of the journal: balance, counter, the witness then in force.

    `since` is the witness in force at the account's reading before, or when the movement was sent: what this state
    shows happened between the two.
    """

    balance: int
    jobs: int
    witness: int
    since: int
    at: int = 0  # seconds


class Snapshot(NamedTuple):
    """The state that a restored PaperCut went back to; `spread`: how much kinder to the member it may be than true."""

    balance: int
    jobs: int
    spread: int = 0


def snapshot_state(
    states: Sequence[State],
    witnesses: Sequence[int],
    now: Reading,
    read_at: int,
    rows: Sequence[tuple[int, int]] | None,
) -> Snapshot | None:
    """Given an account's journal states, the restored witness and a reading, return what the backup held, or None.

    Possible is every state in force while the witness had the restored value (`witnesses`: that and, where a
    restoration was under way, the one it started from), and what was seen later but may have happened then. `rows` are
    the logged jobs as (second, cost), oldest first (None: the log is not complete): then every known job in between
    makes a possible state too, and the backup's is the one from which the last jobs after `read_at`, the last believed
    reading, lead exactly to `now`. Where that does not decide, a state equal to the present reading wins, at worst
    `spread` too kind. None: nobody can tell, hold.
    """
    before = [state for value in witnesses for state in [s for s in states if s.witness < value][-1:]]
    during = [state for state in states if state.witness in witnesses]
    after = [state for state in states if any(state.since <= value < state.witness for value in witnesses)]
    possible = list(dict.fromkeys((state.balance, state.jobs) for state in before + during + after))
    if not possible:
        return None
    high = max(balance for balance, _ in possible)
    if len(possible) == 1 and now.jobs >= possible[0][1]:
        return Snapshot(*possible[0])
    if rows is not None:
        new = [cost for at, cost in rows if at > read_at]
        fits = set()
        for state in dict.fromkeys(before + during + after):
            known = [cost for at, cost in rows if state.at < at <= read_at]
            if len(known) != states[-1].jobs - state.jobs:
                return None  # the log and the journal do not speak of the same jobs, as after an earlier restore
            for more in range(len(known) + 1):  # the backup was taken `more` known jobs after this state,
                for unseen in range(len(new) + 1 if more == len(known) else 1):  # and so many that no reading saw;
                    rest = now.jobs - state.jobs - more - unseen  # so many of the last jobs were printed since
                    if 0 <= rest <= len(new) - unseen:
                        held = state.balance - sum(known[:more])
                        if held - sum(new[:unseen]) - sum(new[len(new) - rest :]) == now.balance:
                            fits.add((held, state.jobs + more))
        if len({balance for balance, _ in fits}) == 1:
            return Snapshot(*min(fits))
    if tuple(now) in possible:
        return Snapshot(*now, spread=high - now.balance)
    return None
