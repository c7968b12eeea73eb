"""Progress of long work: the rooms report steps, the terminal or the console decides what to show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Phase:
    """One piece of long work. `advance` may be called from any thread."""

    def advance(self, steps: int = 1) -> None:
        """Count `steps` more as done."""


class Progress:
    """Shows nothing; the base of the terminal's bars and of the console's live view."""

    @contextmanager
    def phase(self, title: str, total: int | None = None) -> Iterator[Phase]:
        """Open a phase of `total` steps (None: not known) for the time of the `with` block."""
        yield Phase()

    def line(self, text: str) -> None:
        """Tell one finished step in a sentence."""


class OnePhase(Progress):
    """Lets several readers count on one bar, since a terminal shows one at a time."""

    def __init__(self, phase: Phase) -> None:
        self._phase = phase

    @contextmanager
    def phase(self, title: str, total: int | None = None) -> Iterator[Phase]:
        yield self._phase
