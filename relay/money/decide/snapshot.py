"""What a restored backup held of one account, told from the journal's own states. Plain values; pure.

Possible is every state in force under the restored number of the witness, and all that may have come about under it. If
only one is possible it is taken; else the one from which the logged jobs lead exactly to the present reading; else one
that equals the present reading; else nobody can tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from relay.money.decide.evidence import Reading


class AccountState(NamedTuple):
    """What PaperCut held of an account at one moment of the journal: balance, counter, the witness then in force.

    `since` is the witness in force at the account's reading before, or when the movement was sent: what this state
    shows happened between the two.
    """

    balance: int
    jobs: int
    witness: int
    since: int
    at: datetime


Row = tuple[datetime, int]  # a logged job: when, and what it cost in micros


def snapshot_state(
    states: Sequence[AccountState],
    witnesses: Sequence[int],
    now: Reading,
    read_at: datetime,
    rows: Sequence[Row] | None,
) -> Reading | None:
    """Given an account's journal states, oldest first, return what the backup held of it; None: nobody can tell.

    `witnesses` are the restored number and, where that one was set after an earlier restore, the number it rose from.
    `rows` are the account's logged jobs, oldest first, None where the log is not complete. `read_at` is the last
    believed reading.
    """
    candidates = _candidates(states, witnesses)
    possible = list(dict.fromkeys((state.balance, state.jobs) for state in candidates))
    if not possible:
        return None
    if len(possible) == 1 and now.jobs >= possible[0][1]:
        return Reading(*possible[0])
    if rows is not None:
        fits: set[tuple[int, int]] = set()
        for state in candidates:
            known = [cost for at, cost in rows if state.at < at <= read_at]
            if len(known) != states[-1].jobs - state.jobs:
                return None  # the log and the journal do not speak of the same jobs, as after an earlier restore
            fits |= _fits(state, known, [cost for at, cost in rows if at > read_at], now)
        if len({balance for balance, _ in fits}) == 1:
            return Reading(*min(fits))
    return now if (now.balance, now.jobs) in possible else None


def snapshot_jobs(states: Sequence[AccountState], witnesses: Sequence[int], balance: int, now: Reading) -> int | None:
    """Return the job counter of a backup of which a person has told the balance; None where no state tells it."""
    jobs = [one.jobs for one in _candidates(states, witnesses) if one.balance == balance and one.jobs <= now.jobs]
    return max(jobs, default=None)


def _candidates(states: Sequence[AccountState], witnesses: Sequence[int]) -> list[AccountState]:
    """Return the states that a backup with one of these numbers may hold."""
    before = [state for value in witnesses for state in [one for one in states if one.witness < value][-1:]]
    during = [state for state in states if state.witness in witnesses]
    after = [state for state in states if any(state.since <= value < state.witness for value in witnesses)]
    return list(dict.fromkeys(before + during + after))


def _fits(state: AccountState, known: Sequence[int], new: Sequence[int], now: Reading) -> set[tuple[int, int]]:
    """Return (balance, jobs) of the backups made after `state` from which the last jobs lead exactly to `now`.

    The backup was made when `more` of the known jobs had been printed, and then `unseen` ones that no reading saw; as
    many of the last jobs as the counter shows beyond that were printed since.
    """
    found = set()
    for more in range(len(known) + 1):
        for unseen in range(len(new) + 1 if more == len(known) else 1):
            rest = now.jobs - state.jobs - more - unseen
            if not 0 <= rest <= len(new) - unseen:
                continue
            held = state.balance - sum(known[:more])
            if held - sum(new[:unseen]) - sum(new[len(new) - rest :]) == now.balance:
                found.add((held, state.jobs + more))
    return found
