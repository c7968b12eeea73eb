"""The clock of `serve`: a due day once, people in between, hints soon, failures later and later."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from relay.console import schedule as schedule_module
from relay.console.app import make_app, preparations
from relay.console.desk import Desk
from relay.console.results import Done
from relay.console.schedule import Schedule
from relay.errors import AlreadyRunning
from relay.people.act.publish import publish
from relay.people.directory import directory_of
from tests.support.still_clock import StillClock
from tests.support.visitor import Visitor


@dataclass
class Result:
    complete: bool = True
    exit_code: int = 0

    def as_json(self) -> dict[str, Any]:
        return {}


@dataclass
class Log:
    did: list[str] = field(default_factory=list)
    complete: bool = True
    busy: bool = False


@dataclass
class Due:
    due: bool = False


@pytest.fixture
def due() -> Due:
    return Due()


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, due: Due) -> Log:
    made = Log()

    def run(site: Any, *, if_due: bool) -> Result:
        assert if_due
        if made.busy:
            raise AlreadyRunning("Another one is at it.")
        made.did.append("run")
        if made.complete:
            due.due = False
        return Result(made.complete)

    def sync(*_: Any, incremental: bool, **__: Any) -> Done:
        assert incremental
        made.did.append("sync")
        return Done({})

    monkeypatch.setattr(schedule_module.story, "run", run)
    monkeypatch.setattr(schedule_module.people, "sync", sync, raising=False)
    monkeypatch.setattr(schedule_module.calendar, "is_due", lambda *_: due)
    return made


@pytest.fixture
def place(make_desk: Any, monkeypatch: pytest.MonkeyPatch, clock: StillClock, tmp_path: Path) -> Desk:
    made: Desk = make_desk()
    monkeypatch.setattr(made, "look", lambda: None)
    publish(directory_of([]), made.settings, record_fields=5, now=datetime(2026, 11, 23, tzinfo=UTC))
    return made


def ticks(schedule: Schedule, clock: StillClock, *, minutes: int, step: int = 1) -> None:
    for _ in range(0, minutes, step):
        schedule.tick()
        clock.move(minutes=step)


def test_a_due_day_is_run_once(place: Desk, log: Log, due: Due, clock: StillClock) -> None:
    due.due = True
    ticks(Schedule(place), clock, minutes=10)
    assert ["run"] == log.did
    assert "the schedule" == place.works.all()[0].who


def test_people_are_looked_at_in_between(place: Desk, log: Log, clock: StillClock) -> None:
    ticks(Schedule(place), clock, minutes=46)
    assert ["sync"] * 3 == log.did


def test_a_run_counts_as_a_look_at_people(place: Desk, log: Log, due: Due, clock: StillClock) -> None:
    due.due = True
    ticks(Schedule(place), clock, minutes=15)
    assert ["run"] == log.did


def test_nobody_is_looked_at_when_that_is_off(make_desk: Any, log: Log, clock: StillClock, monkeypatch: Any) -> None:
    place = make_desk(schedule={"sync_every_minutes": 0})
    monkeypatch.setattr(place, "look", lambda: None)
    publish(directory_of([]), place.settings, record_fields=5, now=clock.now())
    ticks(Schedule(place), clock, minutes=60, step=5)
    assert [] == log.did


def test_the_first_sync_is_a_person_s(make_desk: Any, log: Log, due: Due, clock: StillClock, monkeypatch: Any) -> None:
    due.due = True
    place = make_desk()
    monkeypatch.setattr(place, "look", lambda: None)
    ticks(Schedule(place), clock, minutes=60, step=5)
    assert [] == log.did


def test_pages_are_prepared_before_the_first_tick_until_somebody_stops(
    place: Desk, log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []

    def breaks() -> None:
        raise ValueError("this page")

    schedule = Schedule(
        place, [lambda: done.append("first"), breaks, lambda: schedule.stop(), lambda: done.append("x")]
    )
    schedule._run()
    assert (["first"], []) == (done, log.did) and "could not be prepared" in caplog.text


def test_what_is_prepared_leaves_a_first_visit_nothing_to_compile(place: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app(place)
    for prepare in preparations(app, place):
        prepare()
    monkeypatch.setattr(app.jinja_env.loader, "load", lambda *_, **__: pytest.fail("a template was loaded"))
    Visitor(app.test_client()).page("/people")


def test_a_hint_is_followed_soon_and_a_crowd_of_them_once(place: Desk, log: Log, clock: StillClock) -> None:
    schedule = Schedule(place)
    schedule.tick()
    for _ in range(20):
        schedule._hinted = True
        schedule.tick()
        clock.move(seconds=6)
    assert ["sync"] == log.did


def test_a_run_that_was_not_whole_is_tried_again_later_and_later(
    place: Desk, log: Log, due: Due, clock: StillClock
) -> None:
    due.due, log.complete = True, False
    schedule, began, at = Schedule(place), clock.now(), []
    for _ in range(240):
        before = len(log.did)
        schedule.tick()
        if len(log.did) > before:
            at.append(int((clock.now() - began) / timedelta(minutes=1)))
        clock.move(minutes=1)
    assert [0, 5, 15, 35, 75, 135, 195] == at
    log.complete = True
    clock.move(hours=1)
    schedule.tick()
    assert not due.due


def test_a_lock_held_elsewhere_is_waited_for(place: Desk, log: Log, due: Due, clock: StillClock) -> None:
    due.due, log.busy = True, True
    schedule = Schedule(place)
    schedule.tick()
    assert [] == log.did and "failed" == place.works.all()[0].state
    log.busy = False
    clock.move(minutes=6)
    schedule.tick()
    assert ["run"] == log.did


def test_a_work_started_by_a_person_goes_first(place: Desk, log: Log, due: Due, clock: StillClock) -> None:
    due.due = True
    place.works._begin("sync", "x", "ann", {})
    Schedule(place).tick()
    assert [] == log.did


def test_the_thread_ends_when_told(place: Desk, log: Log) -> None:
    schedule = Schedule(place)
    schedule.start()
    schedule.stop()
    assert schedule._thread is not None
    schedule._thread.join(60)
    assert not schedule._thread.is_alive()


def test_changed_settings_count_from_the_next_tick(place: Desk, log: Log, clock: StillClock) -> None:
    text = place.settings.path.read_text()
    place.settings.path.write_text(text + "\n[schedule]\nsync_every_minutes = 5\n")
    ticks(Schedule(place), clock, minutes=11)
    assert ["sync"] * 2 == log.did
    place.settings.path.write_text(text + "\n[schedule]\nsync_every_minutes = -5\n")
    ticks(Schedule(place), clock, minutes=1)
    assert "sync_every_minutes" in place.settings_problem and 5 == place.settings.schedule.sync_every_minutes
