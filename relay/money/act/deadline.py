"""When a request without an answer is over: only after this run itself has waited, by its own monotonic clock.

Wall clocks jump, and a killed run's request may still be on its way. So what an earlier run sent counts as sent when
this run began.
"""

from __future__ import annotations

from collections.abc import Iterable

from relay.money.books import Books

_STEP_S = 1.0


def wait_for_fees(books: Books, references: Iterable[str]) -> None:
    """Wait until requests for these fees are over and would show in OfficeRnD's lists."""
    _wait(books, references, books.settings.officernd.timeout_s, books.settings.safety.list_lag_s)


def wait_for_adjustments(books: Books, references: Iterable[str]) -> None:
    """Wait until requests for these adjustments are over."""
    _wait(books, references, books.settings.papercut.timeout_s, 0.0)


def _wait(books: Books, references: Iterable[str], timeout_s: float, more_s: float) -> None:
    sent_s = [books.sent_s.get(reference, books.began_s) for reference in references]
    if not sent_s:
        return
    until_s = max(sent_s) + timeout_s + books.settings.safety.settling_s + more_s
    rest_s = until_s - books.clock.monotonic_s()
    if rest_s <= 0:
        return
    with books.progress.phase("Waiting until a request without an answer is over", max(1, round(rest_s))) as phase:
        while rest_s > 0:
            books.clock.sleep(min(rest_s, _STEP_S))
            phase.advance()
            rest_s = until_s - books.clock.monotonic_s()
