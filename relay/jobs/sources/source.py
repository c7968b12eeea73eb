"""What every source of jobs is, and what it is told of the jobs that are known already."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Protocol

from relay.finding import Finding
from relay.jobs.job import Batch, Cursor


class KnownJobs(Protocol):
    """What the ledger's database already holds of a source."""

    def cursors(self) -> dict[str, Cursor]:
        """Return how far each file is read, by its name."""

    def equal_rows(self, bases: list[str]) -> dict[str, int]:
        """Return how many jobs there are of each key without its counter, where there is any."""


class Source(Protocol):
    """Where jobs come from. `findings` and the days are told while `batches` is read."""

    findings: list[Finding]
    oldest_day: date | None  # the first day that it tells of; None before it is read, or where it has none
    read_day: date | None  # the last day of which something was read before

    def batches(self, known: KnownJobs) -> Iterator[Batch]:
        """Yield what is new since the last reading, and what may have changed; each batch becomes one commit."""


class NoSource(Exception):
    """There is nothing to read; `finding` says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding
