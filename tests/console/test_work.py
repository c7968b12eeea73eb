"""Long work: one at a time, watched, remembered over a kill; and the audit log."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from relay.console import work as works_module
from relay.console.audit import Audit
from relay.console.results import Done
from relay.console.work import Works
from relay.errors import AlreadyRunning, NotSent
from relay.progress import Progress
from tests.support.still_clock import StillClock


@pytest.fixture
def works(tmp_path: Path, clock: StillClock) -> Works:
    return Works(tmp_path / "works", clock)


def test_a_work_is_watched_and_its_answer_kept(works: Works, tmp_path: Path, clock: StillClock) -> None:
    def call(progress: Progress) -> Done:
        with progress.phase("Reading", 3) as phase:
            phase.advance()
            phase.advance(2)
        progress.line("Read three.")
        return Done({"users": {"create": 3}}, 1)

    work = works.start("plan", "Look", "ann", call)
    assert works.finish(60)
    assert ("done", 1, {"users": {"create": 3}}) == (work.state, work.exit_code, work.answer)
    assert [("Reading", 3, 3, True)] == [(step.title, step.total, step.done, step.over) for step in work.steps]
    again = Works(tmp_path / "works", clock).find(work.id)
    assert again is not None and again.as_json() == work.as_json()


def test_who_watches_is_told_of_each_change(works: Works) -> None:
    go, seen = threading.Event(), []

    def call(progress: Progress) -> Done:
        go.wait(60)
        progress.line("One.")
        return Done({})

    work = works.start("plan", "Look", "ann", call)
    version = work.version
    go.set()
    while not work.is_over:
        version = works.wait(work, version, 60)
        seen.append(list(work.lines))
    assert ["One."] == seen[-1]
    assert version == works.wait(work, version, 0)


def test_one_work_at_a_time(works: Works) -> None:
    go = threading.Event()

    def call(progress: Progress) -> Done:
        go.wait(60)
        return Done({})

    works.start("sync", "Bring people in line", "ann", call)
    with pytest.raises(AlreadyRunning, match="Bring people in line"):
        works.do("settle", "Bill", "the schedule", lambda progress: Done({}))
    assert not works.finish(0)
    go.set()
    assert works.finish(60)
    assert "done" == works.do("settle", "Bill", "the schedule", lambda progress: Done({})).state


def test_a_refusal_is_one_sentence_and_a_bug_is_no_secret_leak(works: Works) -> None:
    def unreachable(progress: Progress) -> Done:
        raise NotSent("PaperCut cannot be reached.", system="PaperCut")

    def bug(progress: Progress) -> Done:
        raise ValueError("token-of-papercut")

    work = works.do("sync", "x", "ann", unreachable)
    assert ("failed", "PaperCut cannot be reached.") == (work.state, work.error)
    work = works.do("sync", "x", "ann", bug)
    assert "failed" == work.state and "token" not in work.error and "log" in work.error


def test_a_kill_is_told_after_the_restart(works: Works, tmp_path: Path, clock: StillClock) -> None:
    work = works._begin("sync", "Bring people in line", "ann", {})  # and never ended
    after = Works(tmp_path / "works", clock)
    found = after.find(work.id)
    assert found is not None and "interrupted" == found.state and "Nothing is lost or doubled" in found.error
    assert after.newest("sync", over=True) is None
    assert found.state == Works(tmp_path / "works", clock).find(work.id).state  # type: ignore[union-attr]
    assert "done" == after.do("sync", "x", "ann", lambda progress: Done({})).state


def test_a_damaged_file_is_left_out(works: Works, tmp_path: Path, clock: StillClock) -> None:
    works.do("plan", "Look", "ann", lambda progress: Done({}))
    for name, content in (("a", "{"), ("b", "[]"), ("c", '{"id": "c"}')):
        (tmp_path / "works" / f"{name}.json").write_text(content)
    assert 1 == len(Works(tmp_path / "works", clock).all())


def test_old_works_are_forgotten(works: Works, tmp_path: Path, clock: StillClock, monkeypatch: Any) -> None:
    monkeypatch.setattr(works_module, "KEPT", 3)
    for _ in range(6):
        clock.move(minutes=1)
        works.do("plan", "Look", "ann", lambda progress: Done({}))
    assert 3 == len(works.all()) == len(list((tmp_path / "works").glob("*.json")))


def test_a_kept_work_names_no_file_but_its_own(
    works: Works, tmp_path: Path, clock: StillClock, monkeypatch: Any
) -> None:
    """What is removed with it is named by the file that it stands in, not by a word within."""
    work = works.do("sync", "x", "ann", lambda progress: Done({}))
    (file,) = tmp_path.rglob(f"{work.id}.json")
    victim = file.parent.parent / "victim.json"
    victim.write_text("{}")
    file.write_text(json.dumps({**json.loads(file.read_text()), "id": "../victim"}))
    monkeypatch.setattr(works_module, "KEPT", 0)
    again = Works(file.parent, clock)
    assert [work.id] == [one.id for one in again.all()]
    again._forget_old()
    assert victim.exists() and not file.exists()


def test_a_full_disk_stops_no_work(works: Works, monkeypatch: Any) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(works_module, "write_private", full)
    assert "done" == works.do("sync", "x", "ann", lambda progress: Done({})).state


# -- audit ------------------------------------------------------------------------------------------------------------


def test_the_audit_is_kept_newest_first_and_private(tmp_path: Path, clock: StillClock) -> None:
    audit = Audit(tmp_path, clock)
    audit.write("ann", "synced")
    clock.move(minutes=1)
    audit.write("bob", "billed", "x" * 900, "line\nbreak\x1b")
    rows = audit.last(5)
    assert ["bob", "ann"] == [row["who"] for row in rows]
    assert clock.now() == rows[0]["at"] and 500 == len(rows[0]["subject"])
    file = tmp_path / "console.log"
    assert 0o600 == file.stat().st_mode & 0o777
    assert 2 == len(file.read_text().splitlines())


def test_the_audit_survives_half_a_line_and_turns_over(tmp_path: Path, clock: StillClock, monkeypatch: Any) -> None:
    audit = Audit(tmp_path, clock)
    audit.write("ann", "one")
    with (tmp_path / "console.log").open("a") as file:
        file.write('{"at": "2026')
    monkeypatch.setattr("relay.console.audit.LARGEST_BYTES", 10)
    audit.write("ann", "two")
    audit.write("ann", "three")
    assert ["three", "two", "one"] == [row["action"] for row in audit.last(9)]
    assert json.loads((tmp_path / "console.log.2").read_text().splitlines()[0])["action"] == "one"
