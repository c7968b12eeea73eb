"""Pipes, devices, links, folders and giants in place of files: nobody waits for one, or reads one to its end."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from papercut_scripts import auth_program, compat, handover, user_source
from relay import config, log_files, private_files, web
from relay.console import audit
from relay.console.first_hour import FirstHourWords
from relay.console.gate import EndedSessions
from relay.errors import ConfigError, RelayError
from relay.jobs.sources.columns import RowContext
from relay.jobs.sources.logs import LogFolder
from relay.officernd.client import OfficeRnD
from relay.people import logins, ready
from relay.people.act import publish
from relay.people.memory import snapshot
from tests.support.papercut_site import sample_directory
from tests.support.settings_example import example_settings, written_settings
from tests.support.still_clock import StillClock

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has no such files in a folder")
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
PATIENCE_S = 20.0  # of a test that would wait for ever


def pipe(path: Path) -> None:
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.mkdir()


def giant(path: Path) -> None:
    """A file of a terabyte that takes no room."""
    with path.open("wb") as file:
        file.truncate(1 << 40)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def circle(path: Path) -> None:
    path.symlink_to(path.name)


def socket_file(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # its whole path may be longer than a socket's
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(here)


ACCOUNT = 65534
KINDS = [pipe, folder, giant, endless, circle, socket_file]
Put = Callable[[Path], None]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def put(request: pytest.FixtureRequest) -> Put:
    """Put a thing of one kind where a file was."""

    def instead(path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        request.param(path)

    return instead


def soon(work: Callable[[], Any]) -> Any:
    """Return what `work` returns; whoever waits for ever has failed."""
    return compat.run_bounded(work, PATIENCE_S)


@pytest.fixture
def settings(tmp_path: Path) -> config.Settings:
    made = example_settings(tmp_path)
    publish.publish(sample_directory(), made, record_fields=5, now=datetime.now(UTC))
    publish.publish_programs(made, now=datetime.now(UTC))
    return made


# -- what PaperCut starts ----------------------------------------------------------------------------------------------


def files_of(home: Path) -> Iterator[Path]:
    """What the two programs read or write: all of it, in its place."""
    generation = home / "directory" / (home / "directory" / "CURRENT").read_text().strip()
    login = handover.shard(generation.name, "ann.lee@example.com")
    yield from (home / name for name in ("settings.json", "directory/CURRENT", "state/token.json", "state/pace"))
    yield from (generation / name for name in ("all-users", "all-groups", handover.group_file("Empty Company"), login))
    yield from (home / name for name in ("state/failures", "state/failures.lock", "state/token.json.lock"))
    yield from (home / name for name in ("logs/auth.log", "logs/user_source.log", "logs/auth.log.lock"))


@pytest.mark.parametrize("number", range(14))
def test_the_programs_answer_whatever_lies_in_their_folder(settings: config.Settings, put: Put, number: int) -> None:
    home = str(settings.scripts.home)
    put(list(files_of(settings.scripts.home))[number])
    out: list[bytes] = []
    said: list[str] = []
    typed = iter([b"ann.lee@example.com\n", b"Secret-1\n"])
    soon(lambda: auth_program.serve(lambda: home, lambda limit: next(typed, b""), out.append, said.append, 3))
    assert (b"ERROR\n", 1) == (b"".join(out), len(said))
    for words in (["-", "all-users"], ["-", "all-groups"], ["-", "get-group-members", "Empty Company"]):
        told: list[bytes] = []
        code = soon(
            lambda words=words, told=told: user_source.serve(
                lambda: home, lambda: words, lambda limit: b"", told.append, said.append
            )
        )
        assert code in (0, 1) and (code == 0 or b"" == b"".join(told))
    assert not any("Error)" in one for one in said)


# -- what the relay reads ----------------------------------------------------------------------------------------------


def token_of(made: config.Settings) -> str:
    source = OfficeRnD(made, StillClock())._token
    source._load()
    return source._token


def added(file: Path) -> None:
    """Add a line to a log, which may be refused, or be moved aside."""
    with suppress(OSError):
        log_files.add_line(file, b"x\n", largest=5_000_000, kept=5)


def refused(work: Callable[[], Any]) -> None:
    with pytest.raises((RelayError, OSError, handover.Doubt)):
        work()


def rows_of(folder: Path) -> list[Any]:
    """Return what is read of a folder of job logs; a file that cannot be read is a finding."""
    logs = LogFolder("print_logs", folder, RowContext(ZoneInfo("UTC")), date(2026, 11, 24))
    known = SimpleNamespace(cursors=dict, equal_rows=lambda bases: {})
    found = [row for batch in logs.batches(known) for row in batch.jobs]
    assert found or all(one.code.startswith("job_log_") for one in logs.findings)
    return found


READERS: dict[str, tuple[str, Callable[[config.Settings, Path], Any]]] = {
    "snapshot": ("state/people.json", lambda made, _: snapshot.load(made)),
    "readiness": ("state/readiness.json", lambda made, _: ready.readiness(made).people),
    "auth_log": ("home/logs/auth.log", lambda made, _: logins.latest(made.scripts.home).accepted),
    "rotated_auth_log": ("home/logs/auth.log.1", lambda made, _: logins.bulk_failures(made.scripts.home, NOW)),
    "ended_sessions": ("ended", lambda _, file: EndedSessions(file).is_ended("x")),
    "first_hour": ("first_hour.json", lambda _, file: FirstHourWords(file.parent).has_begun),
    "audit": ("console/console.log", lambda _, file: list(audit.Audit(file.parent, StillClock()).rows())),
    "session_key": ("session_key", lambda _, file: refused(lambda: web.session_key(file.parent))),
    "current": (
        "home/directory/CURRENT",
        lambda made, _: refused(lambda: handover.DirectoryInForce(str(made.scripts.home))),
    ),
    "job_log": ("logs/printlog_2026_11_23.log", lambda _, file: rows_of(file.parent)),
    "token": ("state/officernd_token.json", lambda made, _: token_of(made)),
    "relay_log": ("state/logs/relay.log", lambda _, file: added(file)),
    "settings": ("relay.toml", lambda _, file: refused(lambda: config.load(file, {}))),
}


@pytest.mark.parametrize("name", list(READERS))
def test_the_relay_waits_for_nothing_that_is_no_file(tmp_path: Path, put: Put, name: str) -> None:
    where, read = READERS[name]
    file = tmp_path / where
    put(file)
    assert not soon(lambda: read(example_settings(tmp_path), file))


# -- secrets -----------------------------------------------------------------------------------------------------------


def test_a_secret_that_is_no_file_is_a_problem_of_the_settings(tmp_path: Path, put: Put) -> None:
    file = written_settings(tmp_path)
    put(tmp_path / "secrets" / "papercut_token")
    with pytest.raises(ConfigError, match=r"relay\.toml: \[papercut\] auth_token_file: .*papercut_token") as told:
        soon(lambda: config.load(file, {}))
    assert 1 == len(told.value.problems)


@pytest.mark.needs("root")
def test_root_reads_no_secret_through_a_link_of_the_account(tmp_path: Path) -> None:
    """Else whoever owns relay.toml has root send a file of its choice to an address that stands there."""
    file = written_settings(tmp_path)
    for path in (tmp_path, file, *tmp_path.rglob("*")):
        os.chown(path, ACCOUNT, ACCOUNT)
    config.load(file, {})
    secret, victim = tmp_path / "secrets" / "papercut_token", tmp_path.parent / "roots_own"
    private_files.write_private(victim, "root's own word")
    os.chown(victim, 0, 0)
    secret.unlink()
    for plant in (
        lambda: secret.symlink_to(victim),
        lambda: os.link(victim, secret),
        lambda: file.write_text(file.read_text().replace("secrets/papercut_token", str(victim))),
    ):
        plant()
        if secret.is_symlink():
            os.chown(secret, ACCOUNT, ACCOUNT, follow_symlinks=False)
        with pytest.raises(ConfigError) as told:
            config.load(file, {})
        assert "root's own word" not in told.value.message
        secret.unlink(missing_ok=True)


@pytest.mark.needs("root")
def test_root_follows_its_own_link_to_a_secret(tmp_path: Path) -> None:
    """As secrets are mounted into containers."""
    file = written_settings(tmp_path)
    secret = tmp_path / "secrets" / "papercut_token"
    secret.rename(tmp_path / "secrets" / "..data")
    secret.symlink_to("..data")
    assert config.load(file, {}).papercut.auth_token.get_secret_value()


@pytest.mark.parametrize("kept", ["", "short", "ü" * 40])
def test_a_spoiled_session_key_is_made_anew(tmp_path: Path, kept: str) -> None:
    """An empty or a cut one would let anybody sign a session."""
    (tmp_path / "session_key").write_text(kept, encoding="utf-8")
    made = web.session_key(tmp_path)
    assert len(made) > 60 and made == web.session_key(tmp_path)


# -- lines -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x85", "\u2028", "\x0b", "\x1c"], ids=ascii)
def test_no_name_begins_a_line_of_the_relays_log(tmp_path: Path, end: str) -> None:
    handler = log_files.RotatingLog(tmp_path / "relay.log", largest=5_000_000, kept=5)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    forged = "2026-11-24 09:00:00,000 ERROR everything is fine"
    handler.emit(logging.LogRecord("relay", logging.ERROR, "", 0, "Ann%s was refused", (end + forged + end,), None))
    written_lines = (tmp_path / "relay.log").read_bytes().decode().splitlines()
    assert 1 == len([line for line in written_lines if line[:1].isdigit()])


@pytest.mark.parametrize("end", ["\n", "\r", "\x85", "\u2028", "\x0b", "\x1c"], ids=ascii)
def test_no_name_takes_a_line_out_of_the_audit(tmp_path: Path, end: str) -> None:
    kept = audit.Audit(tmp_path, StillClock())
    kept.write("nobody", "login", f"moneyer{end}x", "wrong", "192.0.2.1")
    assert [f"moneyer{end}x"] == [row["subject"] for row in kept.rows()]


# -- links to folders --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["directory", "state", "logs", "state/offline"])
def test_nothing_is_cleared_up_behind_a_link_in_the_hand_over_folder(tmp_path: Path, name: str) -> None:
    """Else whoever owns that folder has root empty any other one."""
    made = example_settings(tmp_path)
    now = datetime.now(UTC)
    publish.publish(sample_directory(), made, record_fields=5, now=now)
    publish.publish_programs(made, now=now)
    theirs = tmp_path / "theirs"
    for number in range(6):
        (theirs / f"folder{number}").mkdir(parents=True)
        (theirs / f"file{number}").write_text("x")
        os.utime(theirs / f"file{number}", (1, 1))
    before = sorted(path.name for path in theirs.iterdir())
    place = made.scripts.home / name
    if place.is_dir():
        place.rename(tmp_path / "moved")
    place.symlink_to(theirs)
    for work in (
        lambda: publish.publish(sample_directory(), made, record_fields=5, now=now),
        lambda: publish.publish_programs(made, now=now),
    ):
        with pytest.raises(RelayError, match="is a link to another folder"):
            work()
    assert before == sorted(path.name for path in theirs.iterdir())


def test_only_what_is_ours_is_cleared_up(tmp_path: Path) -> None:
    made = example_settings(tmp_path)
    kept = [made.scripts.home / "directory" / "notes", made.scripts.home / "state" / "offline" / "notes.txt"]
    kept[0].mkdir(parents=True)
    kept[1].parent.mkdir(parents=True)
    kept[1].write_text("x")
    os.utime(kept[1], (1, 1))
    for _ in range(5):
        publish.publish(sample_directory(), made, record_fields=5, now=datetime.now(UTC))
        publish.publish_programs(made, now=datetime.now(UTC))
    assert all(path.exists() for path in kept)
    assert 4 == len([path for path in kept[0].parent.iterdir() if path.is_dir()])  # the last three, and the notes
