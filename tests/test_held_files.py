"""Files that somebody else may have open: the relay's law, and the copy of it that PaperCut's side keeps."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import filelock
import pytest

from papercut_scripts import audit, compat, verifier
from relay import bundle, held_files, log_files, private_files
from relay.console import settings_file
from relay.errors import RelayError
from relay.installer import held
from relay.money.ledger import copies
from relay.officernd.model import Organization
from relay.people import ready
from relay.people.act import pins, publish
from relay.people.memory import snapshot
from relay.people.world import OfficeRnDSide, PaperCutSide
from relay.private_files import why_not_private
from relay.probe import record
from tests.support.money_world import billed_in_a_file
from tests.support.papercut_site import NOW, sample_directory
from tests.support.settings_example import example_settings

pytestmark = pytest.mark.windows
on_windows = pytest.mark.skipif(os.name != "nt", reason="POSIX lets an open file be replaced")
PROCESSES, LINES, KEPT = 4, 60, 40
_NOBODY = OfficeRnDSide(Organization("o", "acme", "Acme"), {}, {}, {})

_RELAY = """
import sys
from pathlib import Path
from relay.log_files import add_line
for number in range({lines}):
    add_line(Path(sys.argv[1]), f"{{sys.argv[2]}} {{number}} ".encode() + b"x" * 80 + b"\\n", largest=2000, kept={kept})
"""
_SCRIPTS = """
import sys
from papercut_scripts import compat
for number in range({lines}):
    compat.append_private(sys.argv[1], f"{{sys.argv[2]}} {{number}} ".encode() + b"x" * 80 + b"\\n")
    compat.rotate(sys.argv[1], 2000, {kept})
"""


@pytest.mark.parametrize("program", [_RELAY, _SCRIPTS], ids=["relay", "scripts"])
def test_appends_of_several_processes_lose_and_spoil_no_line(tmp_path: Path, program: str) -> None:
    path = tmp_path / "lög mit Blank.log"
    command = [sys.executable, "-c", program.format(lines=LINES, kept=KEPT), str(path)]
    started = [subprocess.Popen([*command, str(number)]) for number in range(PROCESSES)]
    assert [process.wait(120) for process in started] == [0] * PROCESSES
    files = [file for file in tmp_path.iterdir() if file.suffix != ".lock"]
    lines = [line for file in files for line in file.read_bytes().decode().split("\n") if line]
    wanted = [f"{process} {number} {'x' * 80}" for process in range(PROCESSES) for number in range(LINES)]
    assert sorted(lines) == sorted(wanted)
    assert len(files) > 5


def test_a_line_of_the_relay_is_added_under_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the processes above show only where they lose the race."""
    path, opened, seen = tmp_path / "relay.log", private_files.open_to_append, []

    def watched(file: Path) -> int:
        with pytest.raises(filelock.Timeout):
            filelock.FileLock(f"{path}.lock", timeout=0).acquire()
        seen.append(file)
        return opened(file)

    monkeypatch.setattr(private_files, "open_to_append", watched)
    log_files.add_line(path, b"line\n", largest=100, kept=3)
    assert seen == [path]


@on_windows
def test_a_line_of_the_programs_is_added_under_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def watched(path: str, data: bytes) -> None:
        with pytest.raises(compat.TimeOut), compat.Lock(path + ".lock", 0.0):
            pass
        seen.append(path)

    monkeypatch.setattr(compat, "_append", watched)
    compat.append_private(str(tmp_path / "auth.log"), b"line\n")
    assert seen == [str(tmp_path / "auth.log")]


def _rotate(path: Path) -> None:
    held_files.rotate(path, largest=5, kept=5)


def _rotate_of_the_scripts(path: Path) -> None:
    compat.rotate(str(path), 5, 5)


@pytest.mark.parametrize("rotate", [_rotate, _rotate_of_the_scripts])
def test_a_held_file_stops_a_rotation_and_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rotate: Callable[[Path], None]
) -> None:
    path = tmp_path / "auth.log"
    names = [path, *(path.with_name(f"auth.log.{number}") for number in range(1, 5))]
    for number, file in enumerate(names):
        file.write_text(f"generation {number}")
    replace = os.replace

    def held(source: Any, target: Any) -> None:
        if str(source).endswith(".2"):
            raise PermissionError(13, "in use", str(source))
        replace(source, target)

    monkeypatch.setattr(os, "replace", held)
    for _ in range(4):
        with pytest.raises(PermissionError):
            rotate(path)
    assert sorted(file.read_text() for file in tmp_path.glob("auth.log*") if file.suffix != ".lock") == [
        f"generation {number}" for number in range(5)
    ]
    monkeypatch.undo()
    rotate(path)
    assert not path.exists()
    assert (tmp_path / "auth.log.1").read_text() == "generation 0"


def test_every_log_is_for_its_owner_alone_rotated_ones_too(tmp_path: Path) -> None:
    """The relay's, the console's and those of both programs: which of them wrote first decides nothing."""
    folder = tmp_path / "logs"
    for name in ("relay.log", "console.log"):
        for line in (b"one\n", b"two\n"):
            log_files.add_line(folder / name, line, largest=1, kept=2)
    for name in ("auth", "user_source"):
        audit.write(str(tmp_path), name, [("verdict", "accepted")])
    found = {file.name: why_not_private(file) for file in sorted(folder.iterdir())}
    assert {"relay.log", "relay.log.1", "console.log", "console.log.1", "auth.log", "user_source.log"} <= found.keys()
    assert set(found.values()) == {None}


def test_a_log_that_cannot_be_rotated_still_takes_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise PermissionError(13, "in use")

    monkeypatch.setattr(os, "replace", refuse)
    monkeypatch.setattr(audit, "MAX_BYTES", 50)
    for number in range(5):
        audit.write(str(tmp_path), "auth", [("number", number)])
        log_files.add_line(tmp_path / "relay.log", b"line\n", largest=1, kept=3)
    assert len((tmp_path / "logs" / "auth.log").read_text().splitlines()) == 5
    assert (tmp_path / "relay.log").read_bytes() == b"line\n" * 5


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of a busy machine, on which a file of ours is let go later than we say."""
    monkeypatch.setattr(held_files, "PATIENCE_S", 60.0)
    monkeypatch.setattr(compat, "REPLACE_RETRY_S", 60.0)


@on_windows
@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("replace", [held_files.replace, lambda *names: compat.replace(*map(str, names))])
def test_windows_waits_until_somebody_lets_go(tmp_path: Path, replace: Callable[[Path, Path], None]) -> None:
    source, target = tmp_path / "new", tmp_path / "öld"
    source.write_text("new")
    target.write_text("old")
    reader = target.open()
    threading.Timer(0.3, reader.close).start()
    replace(source, target)
    assert target.read_text() == "new"


@on_windows
def test_windows_leaves_what_is_held_in_a_scratch_folder() -> None:
    """A command that has done its work does not fail at its very end."""
    with held_files.scratch_folder("test") as folder:
        kept = Path(folder) / "held"
        kept.write_text("x")
        reader = kept.open()
    assert kept.exists()
    reader.close()
    kept.unlink()
    kept.parent.rmdir()


@on_windows
def test_windows_lets_a_file_go_that_the_programs_read(tmp_path: Path) -> None:
    """A login that reads stops no sync: only who opens a file as Python does holds it."""
    path = tmp_path / "CURRENT"
    path.write_text("old")
    with path.open("rb"), pytest.raises(PermissionError):
        path.rename(tmp_path / "aside")
    descriptor = compat._shared(str(path))
    try:
        path.rename(tmp_path / "aside")
        assert os.read(descriptor, 3) == b"old"
    finally:
        os.close(descriptor)


@on_windows
@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("act", ["rename", "remove"])
def test_windows_lets_the_installer_go_on_when_somebody_lets_go(tmp_path: Path, act: str) -> None:
    """A virus scanner looks at what was just written."""
    (tmp_path / "öld").write_text("old")
    reader = (tmp_path / "öld").open()
    threading.Timer(0.3, reader.close).start()
    with held.hold(str(tmp_path)) as folder:
        getattr(folder, act)("öld", *(["new"] if act == "rename" else []))
    assert [path.name for path in tmp_path.iterdir()] == (["new"] if act == "rename" else [])


@on_windows
def test_windows_advice_names_what_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compat, "REPLACE_RETRY_S", 0.05)
    settings = example_settings(tmp_path)
    publish.publish_programs(settings, now=NOW)
    busy = settings.scripts.home / "settings.json"
    with busy.open(), pytest.raises(RelayError, match=held_files.LET_GO.split("(")[0]) as refused:
        publish.publish_programs(settings, now=NOW)
    assert str(busy) in refused.value.message


@pytest.mark.parametrize("work", ["package", "field record", "settings", "PIN"])
def test_who_writes_for_a_person_names_what_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: str) -> None:
    """A ZIP in a window, a file in an editor: the advice is to close it there, and not about rights or names."""

    def refuse(*arguments: object, **more: object) -> None:
        error = PermissionError(13, "in use")
        error.winerror = 32  # type: ignore[attr-defined]
        raise error

    for room in (bundle, record, settings_file):
        monkeypatch.setattr(room, "write_private", refuse)
    monkeypatch.setattr(verifier, "store", refuse)
    settings = example_settings(tmp_path)
    settings.path.write_text("", encoding="utf-8")
    draft = settings_file.Draft("", settings_file.fingerprint(""), settings, ())
    acts: dict[str, Callable[[], object]] = {
        "package": lambda: bundle._write(tmp_path / "package.zip", {}),
        "field record": lambda: record.FieldRecord(NOW.date(), False, ()).write(tmp_path / "record.json"),
        "settings": lambda: settings_file.save(draft, settings.path, tmp_path),
        "PIN": lambda: pins.issue_pin(tmp_path, "m1"),
    }
    with pytest.raises(RelayError, match=re.escape(held_files.LET_GO)):
        acts[work]()


@pytest.mark.parametrize(("winerror", "is_held"), [(32, True), (5, True), (19, False), (None, False)])
def test_what_somebody_holds_goes_another_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, winerror: int | None, is_held: bool
) -> None:
    def refuse(path: Path, missing_ok: bool = False) -> None:
        error = PermissionError(13, "in use")
        error.winerror = winerror  # type: ignore[attr-defined]
        raise error

    monkeypatch.setattr(Path, "unlink", refuse)
    with nullcontext() if is_held else pytest.raises(PermissionError):
        held_files.remove_or_leave(tmp_path / "old")


@on_windows
def test_windows_keeps_the_days_copy_while_a_backup_reads_an_old_one(tmp_path: Path) -> None:
    site = billed_in_a_file(tmp_path)
    old = copies.keep(site.database, site.settings, site.clock)
    assert old is not None
    site.clock.move(hours=1)
    with old.open("rb"):
        new = copies.keep(site.database, site.settings, site.clock)
    assert new is not None and new.exists() and old.exists()
    site.clock.move(hours=1)
    copies.keep(site.database, site.settings, site.clock)
    assert not old.exists() and not new.exists()


@on_windows
def test_windows_leaves_a_held_password_for_the_next_sync(tmp_path: Path) -> None:
    settings = example_settings(tmp_path)
    publish.publish_programs(settings, now=NOW)
    kept = settings.scripts.home / "state" / "offline" / ("0" * 32)
    kept.parent.mkdir()
    kept.write_text("{}")
    later = datetime(2040, 1, 1, tzinfo=UTC)
    with kept.open():
        publish.publish_programs(settings, now=later)
    publish.publish_programs(settings, now=later)
    assert not kept.exists()


def test_a_file_that_is_not_utf_8_does_not_stop_publishing(tmp_path: Path) -> None:
    settings = example_settings(tmp_path)
    publish.publish(sample_directory(), settings, record_fields=5, now=NOW)
    (settings.scripts.home / "directory" / "CURRENT").write_bytes(b"\xff\xfe\x00broken")
    generation = publish.publish(sample_directory(), settings, record_fields=5, now=NOW)
    assert (settings.scripts.home / "directory" / "CURRENT").read_text() == f"{generation}\n"


def test_a_cache_that_cannot_be_written_does_not_fail_a_sync_that_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything is published by then: who reads the cache starts from the one before, or reads all."""

    def refuse(path: Path, content: str) -> None:
        raise PermissionError(13, "Access is denied", str(path))

    monkeypatch.setattr(snapshot, "write_private", refuse)
    monkeypatch.setattr(ready, "write_private", refuse)
    monkeypatch.setattr(ready, "assess", lambda plan: {})
    monkeypatch.setattr(ready, "left_out", lambda decisions: {})
    plan = SimpleNamespace(decisions=())
    settings, world = example_settings(tmp_path), SimpleNamespace(officernd=_NOBODY)
    snapshot.save(settings, world, PaperCutSide({}, {}), full_at=NOW)  # type: ignore[arg-type]
    ready.save(settings, plan, now=NOW)  # type: ignore[arg-type]
    assert snapshot.load(settings) is None
