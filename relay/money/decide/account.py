"""What is known of one person's balance between two settles, carried forward by plain arithmetic.

A *mark* is the last verified state: balance, job counter, and which part of the balance is what (held opening debt,
top-up not yet used, debt already shown in shadow mode). Nothing here reads or writes anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from relay.accounts import LinkedAccount
from relay.money.decide.evidence import Reading
from relay.money.decide.movement import Movement


@dataclass(frozen=True, slots=True)
class Mark:
    """The last verified state of a person; amounts in micros, never negative but `balance`. `jobs` None: not known.

    `billed_jobs` and `billed_at` are the job counter and the moment up to which everything is billed. `doubt` is why
    what is owed beyond this balance was not believed; a job printed later explains nothing of what was there before it.
    """

    balance: int
    jobs: int | None
    at: datetime
    opening_left: int = 0
    top_up_left: int = 0
    shadow_left: int = 0
    billed_jobs: int | None = None
    billed_at: datetime | None = None
    doubt: str = ""

    @property
    def unbilled_jobs(self) -> int:
        """How many jobs the unbilled debt stands for, 0 where that is not known."""
        return max(0, self.jobs - self.billed_jobs) if self.jobs is not None and self.billed_jobs is not None else 0


@dataclass(frozen=True, slots=True)
class Carried:
    """A mark moved on to a new reading, and whether the way from one to the other can be believed.

    `credited` is money that came from elsewhere (cash, refund, quota, a manual adjustment; negative where it went
    elsewhere), `printed` what was used: credited - printed is the change of the balance.
    """

    mark: Mark
    credited: int
    printed: int
    doubt: str = ""  # "", "counter_fell" or "unexplained_debt"


def first_mark(person: LinkedAccount) -> Mark:
    """Return the mark of a person never settled: the balance at linking, a negative one being the opening debt."""
    return Mark(
        person.opening_balance, person.opening_jobs, person.linked_at, opening_left=max(0, -person.opening_balance)
    )


def carry(mark: Mark, reading: Reading, at: datetime, costs: int | None = None) -> Carried:
    """Given the last mark and a new reading, return the new mark and what must have happened between them.

    `costs` is what the jobs between the two cost, less refunds, where the job log is known (micros); without it the
    change of the balance is taken as one thing. Payments reduce the held opening debt first; printing uses up the
    top-up first.
    """
    change = reading.balance - mark.balance
    if costs is None:
        credited, printed = max(0, change), max(0, -change)
    else:
        credited, printed = change + costs, costs
    owed = max(0, -reading.balance)
    paid = max(0, credited)
    opening = min(max(0, mark.opening_left - paid), owed)
    beyond = max(0, paid - mark.opening_left)
    shadow = min(max(0, mark.shadow_left - beyond), owed - opening)
    top_up = min(max(0, mark.top_up_left - max(0, printed)), max(0, reading.balance))
    billed = (reading.jobs, at) if owed == opening else (mark.billed_jobs, mark.billed_at)
    carried = Mark(reading.balance, reading.jobs, at, opening, top_up, shadow, *billed)
    return Carried(carried, credited, printed, _doubt(mark, reading, change))


def _doubt(mark: Mark, reading: Reading, change: int) -> str:
    if mark.jobs is not None and reading.jobs < mark.jobs:
        return "counter_fell"
    if mark.doubt and change < 0:
        return mark.doubt
    # Somebody who never printed at all cannot owe more than at linking, even where no counter was noted then.
    printed_nothing = reading.jobs == (mark.jobs if mark.jobs is not None else 0)
    return "unexplained_debt" if change < 0 and reading.balance < 0 and printed_nothing else ""


def posted(mark: Mark, movement: Movement) -> Mark:
    """Return the mark after one of our own movements was posted."""
    amount = movement.amount
    moved = replace(mark, balance=mark.balance + amount)
    if movement.kind == "fee":
        return replace(moved, billed_jobs=mark.jobs, billed_at=mark.at)
    if movement.kind == "top_up":
        return replace(moved, top_up_left=max(0, mark.top_up_left + amount))
    if movement.kind == "forgiveness":
        return replace(moved, opening_left=max(0, mark.opening_left - amount))
    return moved


def mark_of(person: LinkedAccount, marks: Mapping[str, Mark]) -> Mark:
    """Return a person's last mark; one older than the link is of another account and does not count."""
    mark = marks.get(person.member_id)
    return mark if mark is not None and mark.at >= person.linked_at else first_mark(person)
