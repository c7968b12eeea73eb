"""What a settle and a top-up share while they are under way: what they work with, and what they have to tell."""

from __future__ import annotations

from dataclasses import dataclass, field

from relay.errors import RelayError, UnsafePlan
from relay.money.act.guard import Guard
from relay.money.books import Books
from relay.money.decide.holds import Held
from relay.money.decide.movement import Movement
from relay.money.report.result import MoneyResult, told
from relay.remedy import Note


@dataclass(kw_only=True)
class UnderWay:
    """`allow` are the limits lifted for this run."""

    books: Books
    guard: Guard
    allow: frozenset[str]
    held: list[Held] = field(default_factory=list)
    refused: list[UnsafePlan] = field(default_factory=list)
    problems: list[RelayError] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    shown: tuple[Movement, ...] = ()

    def result(self, *, showing: bool) -> MoneyResult:
        """Return what is to be told; `showing`: of what was only planned."""
        return MoneyResult(
            self.books.currency,
            (*told(self.books.ledger), *self.shown),
            tuple(sorted(self.held, key=lambda item: (item.account.username, item.code))),
            tuple(self.refused),
            tuple(self.problems),
            tuple(self.notes),
            showing,
        )
