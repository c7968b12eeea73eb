"""A wallet: what is known of one link's balance, and the immutable entries that change it.

A wallet belongs to one link of one member to one account; a link made anew is another wallet. Every change of it is an
entry: what it does to the buckets, and the counter sides that balance it. Nothing here reads or writes anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal, NamedTuple

from relay.accounts import LinkedAccount
from relay.money.decide.evidence import Reading
from relay.money.decide.explain import PAYS, Bucket, Buckets, Doubt, LoggedJobs, Uncounted, draw, explain, fill, opened
from relay.money.decide.movement import Movement

EntryKind = Literal["opening", "reading", "movement", "word", "loss"]


class Sides(NamedTuple):
    """The counter sides of an entry, micros, positive where they credit the member: together what the wallet changed.

    `linked`: the balance at the link. `printed`: jobs (negative), refunds that the log tells. `outside`: cash, quota,
    other refunds, manual adjustments. `fees`, `granted`, `included`, `forgiven`: what we moved. `restored`: what a
    restored backup took, and what we gave back for it.
    """

    linked: int = 0
    printed: int = 0
    outside: int = 0
    fees: int = 0
    granted: int = 0
    included: int = 0
    forgiven: int = 0
    restored: int = 0


@dataclass(frozen=True, slots=True)
class Wallet:
    """One link's wallet. `jobs` is the job counter at the last reading, None where it was not known at the link.

    `witness` is the number in force at that reading. `billed_jobs` and `billed_at` are counter and moment up to which
    nothing is owed. `doubt` is why there is a disputed part.
    """

    id: int
    member_id: str
    username: str
    linked_at: datetime
    buckets: Buckets
    jobs: int | None
    read_at: datetime
    witness: int = 0
    billed_jobs: int | None = None
    billed_at: datetime | None = None
    doubt: Doubt = ""
    closed_at: datetime | None = None

    @classmethod
    def empty(cls, account: LinkedAccount) -> Wallet:
        """Return a wallet that nothing is known of."""
        return cls(0, account.member_id, account.username, account.linked_at, Buckets(), None, account.linked_at)

    @property
    def balance(self) -> int:
        return self.buckets.wallet

    @property
    def unbilled_jobs(self) -> int:
        """How many jobs the unbilled debt stands for, 0 where that is not known."""
        return max(0, self.jobs - self.billed_jobs) if self.jobs is not None and self.billed_jobs is not None else 0

    def is_continued_by(self, reading: Reading) -> bool:
        """Return whether an account that answers to another name, or was linked anew, is the same one still."""
        return reading == Reading(self.balance, self.jobs or 0)


@dataclass(frozen=True, slots=True)
class Entry:
    """One immutable journal entry: the buckets' change and the sides that balance it.

    `cause` is the movement's reference, or the id of the hold that a person spoke of. `day` is the business day that
    the change belongs to. `inferred`: that it was printed is concluded from counter and balance alone.
    """

    kind: EntryKind
    change: Buckets
    sides: Sides
    balance: int
    jobs: int | None
    day: date
    cause: str = ""
    doubt: Doubt = ""
    inferred: bool = False

    def __post_init__(self) -> None:
        assert self.change.wallet == sum(self.sides), f"an entry of {self.kind} does not add up to zero"


Change = tuple[Wallet, Entry]


def opening(account: LinkedAccount, day: date) -> Change:
    """Return the wallet of a link at its beginning, id 0, with the entry that opens it."""
    buckets = opened(account.opening_balance)
    wallet = Wallet(
        0, account.member_id, account.username, account.linked_at, buckets, account.opening_jobs, account.linked_at
    )
    sides = Sides(linked=account.opening_balance)
    return wallet, Entry("opening", buckets, sides, wallet.balance, wallet.jobs, day)


def read(
    wallet: Wallet, reading: Reading, at: datetime, day: date, known: LoggedJobs | None, uncounted: Uncounted
) -> tuple[Wallet, Entry | None]:
    """Return the wallet moved on to a reading, and the entry that explains the way, None where nothing has changed."""
    difference, jobs = reading.balance - wallet.balance, reading.jobs - (wallet.jobs or 0)
    told = explain(wallet.buckets, difference, jobs, known, uncounted)
    after = _moved(wallet, told.after)
    after = replace(after, jobs=reading.jobs, read_at=at, doubt=_doubt(wallet, told.after, told.doubt))
    if not told.after.owed:
        after = replace(after, billed_jobs=reading.jobs, billed_at=at)
    if not difference and not jobs and not told.doubt and told.after == wallet.buckets:
        return after, None
    sides = Sides(printed=told.printed, outside=told.outside)
    change = told.after.less(wallet.buckets)
    return after, Entry("reading", change, sides, after.balance, reading.jobs, day, "", told.doubt, told.inferred)


def read_unbilled(wallet: Wallet, reading: Reading, at: datetime, day: date) -> tuple[Wallet, Entry | None]:
    """Return the wallet after a time in which PaperCut did the billing: what is owed since is an opening debt."""
    difference = reading.balance - wallet.balance
    buckets = wallet.buckets
    after = draw(buckets, -difference, ("allowance", "own"), "opening") if difference < 0 else fill(
        buckets, difference, PAYS
    )  # fmt: skip
    moved = replace(_moved(wallet, after), jobs=reading.jobs, read_at=at, doubt=_doubt(wallet, after, ""))
    if not after.owed:
        moved = replace(moved, billed_jobs=reading.jobs, billed_at=at)
    if not difference and reading.jobs == wallet.jobs:
        return moved, None
    sides = Sides(outside=difference)
    return moved, Entry("reading", after.less(buckets), sides, moved.balance, reading.jobs, day)


def posted(wallet: Wallet, movement: Movement, day: date) -> Change:
    """Return the wallet after one of our own movements is there."""
    before, amount = wallet.buckets, movement.amount
    match movement.kind:
        case "fee":
            after, sides = fill(before, amount, ("owed", "disputed", "opening")), Sides(fees=amount)
        case "included":
            after, sides = fill(before, amount, ("owed", "disputed", "opening")), Sides(included=amount)
        case "forgiveness":
            order: tuple[Bucket, ...] = (movement.bucket or "opening", "disputed", "opening", "owed")
            after, sides = fill(before, amount, order), Sides(forgiven=amount)
        case "restoration":
            after = fill(before, amount, ("disputed",)) if amount > 0 else draw(before, -amount, ("own",), "owed")
            sides = Sides(restored=amount)
        case "credit":  # the fee is credited by staff in OfficeRnD, so what the balance gave is taken back
            after, sides = draw(before, -amount, ("own", "allowance"), "owed"), Sides(fees=amount)
        case _:
            after, sides = _topped_up(before, movement), Sides(granted=amount)
    moved = replace(_moved(wallet, after), doubt=_doubt(wallet, after, ""))
    if movement.kind == "fee":
        moved = replace(moved, billed_jobs=wallet.jobs, billed_at=wallet.read_at)
    change = after.less(before)
    return moved, Entry("movement", change, sides, moved.balance, wallet.jobs, day, movement.reference)


def released(wallet: Wallet, bucket: Literal["opening", "disputed"], amount: int, day: date, cause: str) -> Change:
    """Return the wallet after a person's word, or the setting, has moved `amount` of a bucket to what is owed."""
    after = wallet.buckets._replace(
        **{bucket: getattr(wallet.buckets, bucket) + amount, "owed": wallet.buckets.owed - amount}
    )
    moved = replace(_moved(wallet, after), doubt=_doubt(wallet, after, ""))
    return moved, Entry("word", after.less(wallet.buckets), Sides(), moved.balance, wallet.jobs, day, cause)


def disputed_again(wallet: Wallet, movement: Movement) -> Change:
    """Return the wallet after a person said that a fee stands and nothing is to be adjusted for it.

    What of its debt is still there was billed once, so it is disputed, and never billed by itself again.
    """
    amount = min(movement.amount, -wallet.buckets.owed)
    after = wallet.buckets._replace(owed=wallet.buckets.owed + amount, disputed=wallet.buckets.disputed - amount)
    moved = replace(_moved(wallet, after), doubt=_doubt(wallet, after, "uncounted"))
    change = after.less(wallet.buckets)
    return moved, Entry("word", change, Sides(), moved.balance, wallet.jobs, movement.business_day, movement.reference)


def _topped_up(before: Buckets, movement: Movement) -> Buckets:
    """Return the buckets after a top-up: what is left of the last one expires first, in `reset` and for leavers."""
    gone = min(movement.expires, before.allowance)
    rest = movement.amount + gone
    after = before._replace(allowance=before.allowance - gone)
    if rest >= 0:
        return after._replace(allowance=after.allowance + rest)
    return draw(after, -rest, ("own",), "owed")


def _moved(wallet: Wallet, after: Buckets) -> Wallet:
    assert after.is_sound, f"the buckets of {wallet.member_id} have a wrong sign"
    return replace(wallet, buckets=after)


def _doubt(wallet: Wallet, after: Buckets, new: Doubt) -> Doubt:
    """Return why there is a disputed part: the newest reason while there is one."""
    return (new or wallet.doubt) if after.disputed else ""
