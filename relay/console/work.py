"""Long work that is started from a page or by the schedule: one at a time, watched while it goes on, remembered after.

Each work is written to a small file when it begins and when it ends, so that a page tells the truth after a restart;
what the work did is in the ledger and in the two systems, never here.
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from relay import json_text, language, plain_files
from relay.clock import Clock
from relay.errors import EXIT_DONE, EXIT_FAILED, AlreadyRunning, RelayError
from relay.held_files import remove_or_leave
from relay.language import lazy
from relay.private_files import make_private_folder, write_private
from relay.progress import Phase, Progress

log = logging.getLogger(__name__)

KEPT = 60
LINES_KEPT = 200
State = Literal["running", "done", "failed", "interrupted"]


class Result(Protocol):
    """What every facade of a room returns."""

    @property
    def exit_code(self) -> int: ...

    def as_json(self) -> dict[str, Any]: ...


@dataclass
class ShownPhase:
    """One phase as the page shows it; `total` None: not known."""

    title: str
    total: int | None
    done: int = 0
    over: bool = False


@dataclass
class Work:
    """One piece of long work. `answer` is the room's JSON answer, `error` one sentence where it could not be done."""

    id: str
    kind: str
    title: str
    who: str
    started_at: datetime
    facts: dict[str, Any] = field(default_factory=dict)
    ended_at: datetime | None = None
    state: State = "running"
    steps: list[ShownPhase] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    answer: dict[str, Any] | None = None
    exit_code: int = EXIT_DONE
    error: str = ""
    version: int = 0

    @property
    def is_over(self) -> bool:
        return self.state != "running"

    def as_json(self) -> dict[str, Any]:
        """Return what is kept of it: all but its version, which is this process's own."""
        ended = self.ended_at.isoformat() if self.ended_at else None
        steps = [vars(step) for step in self.steps]
        told = {**vars(self), "started_at": self.started_at.isoformat(), "ended_at": ended, "steps": steps}
        del told["version"]
        return told


class Works:
    """Every work this process knows, newest first; files of earlier processes are read at the start."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._changed = threading.Condition()
        self._works: dict[str, Work] = {}
        self._current: Work | None = None
        make_private_folder(folder)
        self._read_files()

    # -- asking

    @property
    def current(self) -> Work | None:
        return self._current

    def find(self, work_id: str) -> Work | None:
        return self._works.get(work_id)

    def newest(self, *kinds: str, over: bool = False) -> Work | None:
        """Return the newest work of these kinds; with `over` the newest that has ended well or badly."""
        found = [
            work
            for work in list(self._works.values())
            if work.kind in kinds and (not over or work.state in ("done", "failed"))
        ]
        return max(found, key=lambda work: work.started_at, default=None)

    def all(self) -> list[Work]:
        return sorted(self._works.values(), key=lambda work: work.started_at, reverse=True)

    def wait(self, work: Work, version: int, timeout_s: float) -> int:
        """Wait until `work` has moved on from `version`, or the time is over; return its version now."""
        with self._changed:
            self._changed.wait_for(lambda: work.version != version, timeout=timeout_s)
            return work.version

    # -- doing

    def start(
        self, kind: str, title: str, who: str, call: Callable[[Progress], Result], facts: dict[str, Any] | None = None
    ) -> Work:
        """Begin a work in the background. Raises AlreadyRunning while another one goes on."""
        work = self._begin(kind, title, who, facts or {})
        threading.Thread(target=self._do, args=(work, call), name=f"work-{kind}", daemon=True).start()
        return work

    def do(
        self, kind: str, title: str, who: str, call: Callable[[Progress], Result], facts: dict[str, Any] | None = None
    ) -> Work:
        """Do a work in this thread and return it ended. Raises AlreadyRunning while another one goes on."""
        work = self._begin(kind, title, who, facts or {})
        self._do(work, call)
        return work

    def finish(self, timeout_s: float) -> bool:
        """Wait for the work under way at most this long; return whether none goes on any more."""
        with self._changed:
            return self._changed.wait_for(lambda: self._current is None, timeout=timeout_s)

    def _begin(self, kind: str, title: str, who: str, facts: dict[str, Any]) -> Work:
        with self._changed:
            if self._current is not None:
                raise AlreadyRunning(
                    lazy(
                        "“%(title)s” is under way here; wait until it is over, then try again.",
                        title=lazy(self._current.title),
                    )
                )
            work = Work(secrets.token_urlsafe(9), kind, title, who, self._clock.now(), facts)
            self._works[work.id] = work
            self._current = work
        self._write(work)
        self._forget_old()
        return work

    def _do(self, work: Work, call: Callable[[Progress], Result]) -> None:
        try:
            answer = call(_Live(self, work))
            self._end(work, "done", answer.as_json(), int(answer.exit_code), "")
        except RelayError as error:
            self._end(work, "failed", None, error.exit_code, error.message)
        except Exception:
            log.exception("unexpected error in %s", work.kind)
            sentence = lazy(
                "Something unexpected stopped this. What was begun is finished by the next run. Whoever looks after "
                "this server finds the details in the relay's log."
            )
            self._end(work, "failed", None, EXIT_FAILED, sentence)

    def _end(self, work: Work, state: State, answer: dict[str, Any] | None, exit_code: int, error: str) -> None:
        work.answer = language.unkept(_plain(answer)) if answer is not None else None
        work.exit_code, work.error, work.ended_at = exit_code, error, self._clock.now()
        for step in work.steps:
            step.over = True
        try:
            self._write(work, state)
        finally:
            with self.changing(work):
                work.state, self._current = state, None

    @contextmanager
    def changing(self, work: Work) -> Iterator[None]:
        """Change something of a work in the `with` block; whoever waits for that is told."""
        with self._changed:
            yield
            work.version += 1
            self._changed.notify_all()

    # -- files

    def _write(self, work: Work, state: State | None = None) -> None:
        """Keep what a restart must know; a disk that is full or read-only never stops the work itself."""
        try:
            content = _plain({**work.as_json(), "state": state or work.state})
            write_private(self._folder / f"{work.id}.json", json.dumps(content, ensure_ascii=False))
        except OSError as error:
            log.error("the console cannot keep what it did in %s: %s", self._folder, error.strerror)

    def _read_files(self) -> None:
        for file in self._folder.glob("*.json"):
            try:
                stored = language.unkept(plain_files.json_value(file))
                work = _from_json({**stored, "id": file.stem})  # which it is kept, and removed, by
            except (OSError, ValueError, KeyError, TypeError):
                log.warning("the console cannot read %s and leaves it out", file)
                continue
            if work.state == "running":
                work.state, work.exit_code = "interrupted", EXIT_FAILED
                work.error = lazy(
                    "The relay was stopped while this was under way. Nothing is lost or doubled: the next run first "
                    "looks how far this one came, and goes on from there."
                )
                self._works[work.id] = work
                self._write(work)
            self._works[work.id] = work

    def _forget_old(self) -> None:
        for work in self.all()[KEPT:]:
            self._works.pop(work.id, None)
            remove_or_leave(self._folder / f"{work.id}.json")


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    """Return what a file keeps of a value: JSON, with what its messages are made of."""
    found: dict[str, Any] = json.loads(json.dumps(language.kept(value), default=str))
    return found


def _from_json(stored: dict[str, Any]) -> Work:
    started, ended = json_text.moment(stored["started_at"]), stored["ended_at"]
    steps = [ShownPhase(**step) for step in stored["steps"]]
    read = {"started_at": started, "ended_at": json_text.moment(ended) if ended else None, "steps": steps}
    return Work(**{**stored, **read})


class _Live(Progress):
    """Writes what a room reports into the work that a page is watching."""

    def __init__(self, works: Works, work: Work) -> None:
        self._works, self._work = works, work

    @contextmanager
    def phase(self, title: str, total: int | None = None) -> Iterator[Phase]:
        step = ShownPhase(title, total)
        with self._works.changing(self._work):
            self._work.steps.append(step)
        try:
            yield _LivePhase(self._works, self._work, step)
        finally:
            with self._works.changing(self._work):
                step.over = True

    def line(self, text: str) -> None:
        with self._works.changing(self._work):
            self._work.lines = [*self._work.lines, text][-LINES_KEPT:]


class _LivePhase(Phase):
    def __init__(self, works: Works, work: Work, step: ShownPhase) -> None:
        self._works, self._work, self._step = works, work, step

    def advance(self, steps: int = 1) -> None:
        with self._works.changing(self._work):
            self._step.done += steps
