"""Deciding, from evidence alone, whether an effect whose answer was lost is there.

Plain values in, one word out; nothing here reads or writes. What cannot be decided is "unknown" and goes to a person:
a wrong guess would charge twice, or lose a charge.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from relay.money.decide import reference
from relay.money.decide.explain import LoggedJobs
from relay.money.decide.movement import Fee
from relay.officernd.model import RemoteFee

Verdict = Literal["there", "absent", "unknown"]
ROUNDING = 1  # micros: a balance is a double on PaperCut's side


@dataclass(frozen=True, slots=True)
class Reading:
    """What PaperCut said of one person at one moment: balance in micros, number of jobs ever printed."""

    balance: int
    jobs: int


def judge_adjustment(
    before: Reading | None, now: Reading, amount: int, known: LoggedJobs | None = None, logged: bool | None = None
) -> Verdict:
    """Given the readings before an adjustment of `amount` and now, return whether it is there.

    Without a job in between the balance tells. With one it tells only if the job log knows every job that was counted:
    two prints of the same page look exactly like an adjustment that did not happen. `logged` is the word of PaperCut's
    own transaction table where that can be read. The table may be a copy that lags, so where the two disagree, or where
    only its silence speaks, nothing is certain.
    """
    by_balance = _by_balance(before, now, amount, known)
    if logged is None:
        return by_balance
    if logged:
        return "unknown" if by_balance == "absent" else "there"
    return "absent" if by_balance == "absent" else "unknown"


def _by_balance(before: Reading | None, now: Reading, amount: int, known: LoggedJobs | None) -> Verdict:
    if before is None or now.jobs < before.jobs:
        return "unknown"
    jobs = now.jobs - before.jobs
    if jobs and (known is None or known.rows != jobs):
        return "unknown"
    costs = known.costs if known is not None and known.rows == jobs else 0
    change = now.balance - before.balance + costs
    is_there, is_absent = abs(change - amount) <= ROUNDING, abs(change) <= ROUNDING
    if is_there == is_absent:  # neither, or too small to tell
        return "unknown"
    return "there" if is_there else "absent"


@dataclass(frozen=True, slots=True)
class FeeMatch:
    verdict: Verdict
    fee_id: str = ""
    reason: str = ""


def match_fee(fee: Fee, candidates: Iterable[RemoteFee], known_ids: Collection[str]) -> FeeMatch:
    """Given the fees OfficeRnD holds for the payer, return whether ours is among them.

    The reference decides, wherever it stands in the name and whatever date staff gave the fee. A fee of the same payer,
    price and date (a day off counts) without any reference, not known as another of ours, might be ours with its name
    typed over: that is for a person.
    """
    rest = []
    for candidate in candidates:
        if fee.reference in reference.find(candidate.name):
            return FeeMatch("there", candidate.id)
        rest.append(candidate)
    for candidate in rest:
        same_payer = candidate.member == fee.member_id and (bool(fee.member_id) or candidate.company == fee.company_id)
        same_price = candidate.amount == fee.price
        same_date = abs(candidate.issue_date - fee.issue_date) <= timedelta(days=1)
        if same_payer and same_price and same_date and candidate.id not in known_ids:
            if reference.find(candidate.name):
                continue
            return FeeMatch(
                "unknown",
                candidate.id,
                f"fee {candidate.id} ({candidate.name[:60]!r}) has the same payer, price and date but not the "
                "reference",
            )
    return FeeMatch("absent")
