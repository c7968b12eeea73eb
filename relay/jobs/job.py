"""The nouns of the jobs room: a job as a source tells it, a row that cannot be read, a finding.

Plain values; nothing here reads or writes anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from relay.language import lazy

State = Literal["printed", "refunded", "denied"]

LARGEST_COUNT = 10_000_000  # pages or copies of one job; more is no number of pages
LARGEST_COST = 10**9 * 10**6  # micros


class UnreadableRow(ValueError):
    """A row that cannot be read; says in half a sentence why. What it repeats of the row is the value `text`."""

    @property
    def reason(self) -> str:
        told: str = self.args[0]
        return told


@dataclass(frozen=True, slots=True)
class Job:
    """One job. `pages` and `colour_pages` count every copy; None everywhere means that the source does not say.

    `base` identifies the row that tells the job, the same at every reading; equal rows of a file share it. `cost` and
    `refunded` are micros. `account` is the shared account that was charged, "" for the person's own. `certain` is False
    where the source leaves open what the job cost whom.
    """

    base: str
    at: datetime
    username: str
    server: str
    printer: str
    document: str
    pages: int
    copies: int = 1
    colour_pages: int | None = None
    is_colour: bool | None = None
    sheets: int | None = None
    duplex: bool | None = None
    cost: int | None = None
    account: str = ""
    kind: str = "print"
    state: State = "printed"
    refunded: int = 0
    certain: bool = True


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row that was kept aside: where it stands, why, and its text (cut)."""

    file: str
    position: int
    reason: str
    text: str

    @property
    def told(self) -> str:
        return lazy("%(file)s at %(position)s: %(reason)s", file=self.file, position=self.position, reason=self.reason)


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a file is read: `offset` in bytes (for the database: the highest row id), and what proves it is the same.

    `reader` names the version and the settings that it was read with; another reader starts again.
    """

    file: str
    offset: int
    fingerprint: str
    reader: str
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What goes into the ledger's database in one transaction. `restarted`: the file's set-aside rows are told anew.

    `settled` are positions of set-aside rows that could be read now.
    """

    jobs: list[Job]
    keys: list[str]  # the identity of each job within a site: its base, with a counter where rows may be equal
    set_aside: list[SetAside]
    cursor: Cursor | None
    restarted: bool = False
    settled: tuple[int, ...] = ()
    bytes_read: int = 0
