"""Bringing back what a restored PaperCut took from one account: the loss, what happened since, one movement. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from relay.money.decide import wallet as wallets
from relay.money.decide.evidence import Reading
from relay.money.decide.explain import Uncounted
from relay.money.decide.wallet import Entry, Sides, Wallet


@dataclass(frozen=True, slots=True)
class Restoration:
    """The wallet as PaperCut has it now, the entries that lead there, and what is to be added for the loss."""

    wallet: Wallet
    entries: tuple[Entry, ...]
    amount: int


def restoration(
    wallet: Wallet, held: Reading, now: Reading, at: datetime, day: date, uncounted: Uncounted
) -> Restoration:
    """Given what the backup held of an account and what PaperCut shows now, return how it is brought back.

    The loss is disputed where the balance fell, and the member's own where it rose, until the movement is there; what
    happened since is explained without the log, which also tells the jobs that were lost.
    """
    entries: list[Entry] = []
    loss = held.balance - wallet.balance
    lost = wallet
    if loss:
        after = wallet.buckets._replace(
            disputed=wallet.buckets.disputed + min(0, loss), own=wallet.buckets.own + max(0, loss)
        )
        change, sides = after.less(wallet.buckets), Sides(restored=loss)
        lost = replace(wallet, buckets=after, doubt="counter_fell" if after.disputed else "")
        entries.append(Entry("loss", change, sides, lost.balance, held.jobs, day))
    lost = replace(lost, jobs=held.jobs)
    present, entry = wallets.read(lost, now, at, day, None, uncounted)
    if entry is not None:
        entries.append(entry)
    return Restoration(present, tuple(entries), -loss)
