"""What ran on this site, by the ledger: each daily run as one with its parts, and every command that ran by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, select

from relay.console import words
from relay.database import of_row, reading
from relay.language import unkept
from relay.money.ledger import tables
from relay.run import worst

STORY = ("recover", "sync", "settle", "top_up", "jobs")  # the parts of a daily run, in their order
PAUSE = timedelta(minutes=5)  # between two parts of one run there is hardly any
_LISTED = ("users", "groups", "applied", "refused", "total", "new", "error")


@dataclass(frozen=True, slots=True)
class Part:
    """One recorded command. `answer` is what it answered, in the list of runs without its long parts."""

    id: int
    kind: str
    started_at: datetime
    finished_at: datetime
    exit_code: int
    answer: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ShownRun:
    """What was done at one time: the parts of a daily run, or one command alone."""

    parts: tuple[Part, ...]

    @property
    def id(self) -> int:
        return self.parts[0].id

    @property
    def is_daily(self) -> bool:
        return self.parts[0].kind == STORY[0]

    @property
    def title(self) -> str:
        kind = "run" if self.is_daily else self.parts[0].kind
        return words.WORDS["run"].get(kind, kind)

    @property
    def started_at(self) -> datetime:
        return self.parts[0].started_at

    @property
    def took(self) -> timedelta:
        return self.parts[-1].finished_at - self.started_at

    @property
    def exit_code(self) -> int:
        return worst([part.exit_code for part in self.parts])

    def answer(self, kind: str) -> Mapping[str, Any]:
        """Return what a part of this kind answered, {} where there was none."""
        return next((part.answer for part in self.parts if part.kind == kind), {})


def grouped(parts: Iterable[Part]) -> list[ShownRun]:
    """Return parts, oldest first, as runs: what follows a recovery at once, in the order of a run, belongs to it."""
    groups: list[list[Part]] = []
    for part in parts:
        if not groups or not _goes_on(groups[-1], part):
            groups.append([])
        groups[-1].append(part)
    return [ShownRun(tuple(group)) for group in groups]


def _goes_on(group: Sequence[Part], part: Part) -> bool:
    if group[0].kind != STORY[0] or part.kind not in STORY:
        return False
    last = group[-1]
    return STORY.index(part.kind) > STORY.index(last.kind) and part.started_at - last.finished_at < PAUSE


def listed(engine: Engine, site: str, count: int, before: int | None = None) -> list[ShownRun]:
    """Return the newest runs, at most `count`, newest first; only those that began before the part `before`."""
    table = tables.runs
    columns = [table.c[name] for name in ("id", "kind", "started_at", "finished_at", "exit_code")]
    # The whole answers hold every line of money: a page of runs needs none of them.
    answers = [table.c.summary[name].label(name) for name in _LISTED]
    query = select(*columns, *answers).where(table.c.site == site).order_by(table.c.id.desc())
    if before is not None:
        query = query.where(table.c.id < before)
    with reading(engine) as connection:
        rows = list(connection.execute(query.limit((count + 1) * len(STORY))).mappings())
    found = grouped(
        of_row(Part, row, answer={name: unkept(row[name]) for name in _LISTED if row[name] is not None})
        for row in reversed(rows)
    )
    return found[::-1][:count]


def one(engine: Engine, site: str, part_id: int) -> ShownRun | None:
    """Return the run that a part belongs to, with its whole answers; None where there is no such part."""
    table = tables.runs
    names = Part.__dataclass_fields__
    columns = [table.c["summary" if name == "answer" else name] for name in names]
    near = select(*columns).where(
        table.c.site == site, table.c.id > part_id - len(STORY), table.c.id < part_id + len(STORY)
    )
    with reading(engine) as connection:
        rows = connection.execute(near.order_by(table.c.id)).mappings()
        found = grouped(of_row(Part, row, answer=unkept(row["summary"])) for row in rows)
    return next((run for run in found if any(part.id == part_id for part in run.parts)), None)
