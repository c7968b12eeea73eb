"""The programs as real processes: under Jython with its launcher's options, and started by the stand-in's PaperCut."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from relay.people.act import pins, publish
from relay.sandbox.papercut import PaperCutStandIn
from relay.sandbox.papercut.install import install_programs
from relay.sandbox.papercut.sync import full_sync
from tests.support.behaviour import AUTH, QUERIES, Login, Query, State
from tests.support.jvm import run_jython
from tests.support.papercut_site import ANN, BOB, SCRIPTS, Site, sample_directory
from tests.support.signin_server import PASSWORD
from tests.support.tools import JYTHON_JARS, need

SPAWNED = [
    "name 'Ann.Lee@Example.COM'",
    "stranger 'nobody'",
    "password 'ümläut-ß-A1'",
    "line ends CRLF",
    "brake: on",
    "broken: no CURRENT",
    "details, long",
    "user-details '\\ufeffannie''\\r\\n'",
    "in group, turned",
    "damaged all-users",
]


@pytest.mark.parametrize("name", SPAWNED)
def test_ten_rows_of_the_table_as_jython_processes(site: Site, name: str) -> None:
    (row,) = [row for row in (*AUTH, *QUERIES) if row.name == name]
    if row.directory == "long":
        publish.publish(sample_directory(), site.settings, record_fields=10, now=datetime.now(UTC))
    state = State(site.home, site.signin)
    for setup in row.setup:
        setup(state)
    if isinstance(row, Login):
        done = run_jython(str(SCRIPTS / "auth_program.py"), stdin=row.stdin)
        assert (done.returncode, done.stdout) == (0, row.out), done.stderr
        assert (done.stderr == b"") == (row.verdict == "accepted")
        line = site.log("auth")[0]
        assert (line["verdict"], line["reason"]) == (row.verdict, row.reason)
    else:
        assert isinstance(row, Query)
        done = run_jython(str(SCRIPTS / "user_source.py"), *row.words, stdin=row.stdin)
        assert (done.returncode, done.stdout.decode()) == ((0, row.out) if row.out is not None else (1, "")), (
            done.stderr
        )
        assert site.log("user_source")[0]["exit"] == done.returncode


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="only Linux keeps the bytes of a command line")
def test_a_group_is_understood_under_jython_in_the_c_locale(site: Site) -> None:
    """A service often has no locale, and Java then reads arguments as ASCII."""
    done = run_jython(str(SCRIPTS / "user_source.py"), "-", "is-user-in-group", ANN.username, ANN.groups[0], LC_ALL="C")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"Y\n", b"")
    assert site.log("user_source")[0]["query"] == f"- is-user-in-group {ANN.username} {ANN.groups[0]}"


@pytest.fixture
def papercut(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PaperCutStandIn]:
    """A stand-in PaperCut whose custom programs are ours, found by the pointer file and not by the environment."""
    monkeypatch.delenv("OFFICERND_HOME")
    user_source, auth = install_programs(tmp_path / "programs with blanks", site.home)
    with PaperCutStandIn(data_dir=tmp_path / "papercut") as running:
        running.use_programs(user_source, auth)
        yield running


def test_papercut_asks_the_auth_program(papercut: PaperCutStandIn) -> None:
    full_sync(papercut.state, delete=False, update=True)
    logins = {
        ("ann.lee@example.com", PASSWORD): ANN.username,
        ("ANN.LEE@EXAMPLE.COM", PASSWORD): ANN.username,
        (ANN.username, PASSWORD): ANN.username,
        ("annie", PASSWORD): ANN.username,
        ("annie", "wrong"): None,
        ("annie", "0" * 4000): None,
        ("bob@example.com", PASSWORD): BOB.username,
        ("gone@example.com", PASSWORD): None,
        ("shared@example.com", PASSWORD): None,
        ("nobody@example.com", PASSWORD): None,
    }
    verdicts = {login: papercut.popup_login(*login) for login in logins}
    assert {login: verdict.username or None for login, verdict in verdicts.items()} == logins
    assert {login for login, verdict in verdicts.items() if verdict.ok} == {login for login in logins if logins[login]}


def test_a_pin_opens_the_popup(papercut: PaperCutStandIn, site: Site) -> None:
    full_sync(papercut.state, delete=False, update=True)
    assert papercut.popup_login("no.mail", pins.issue_pin(site.home, "64b000000000000000000003")).ok


def test_a_damaged_directory_changes_nothing_in_papercut(papercut: PaperCutStandIn, site: Site) -> None:
    """The sync fails as a whole; nobody is taken for having left."""
    full_sync(papercut.state, delete=True, update=True)
    before = sorted(papercut.state.users)
    shutil.rmtree(site.home / "directory" / (site.home / "directory" / "CURRENT").read_text().strip())
    with pytest.raises(Exception, match="missing or cannot be read"):
        full_sync(papercut.state, delete=True, update=True)
    assert sorted(papercut.state.users) == before
    assert json.loads((site.home / "logs" / "user_source.log").read_text().splitlines()[-1])["exit"] == 1


@pytest.mark.skipif(os.name == "nt", reason="the launcher is a shell script")
def test_the_launcher_of_jython_with_and_without_its_archive(site: Site, tmp_path: Path) -> None:
    """Its name says which program it starts; an archive that no longer fits prints nothing in front of the answer."""
    need("jython")
    for path in (*SCRIPTS.glob("*.py"), SCRIPTS / "jython.sh"):
        shutil.copy(path, tmp_path)
    for name in ("officernd-auth", "officernd-user-source"):
        shutil.copy(tmp_path / "jython.sh", tmp_path / name)

    def start(name: str, *arguments: str, stdin: bytes = b"") -> tuple[int, bytes]:
        done = subprocess.run(
            ["sh", str(tmp_path / name), *arguments], input=stdin, capture_output=True, timeout=60, check=False
        )
        return done.returncode, done.stdout + (done.stderr if done.returncode else b"")

    login = f"annie\n{PASSWORD}\n".encode()
    assert start("officernd-auth", stdin=login) == (0, f"OK\n{ANN.username}\n".encode())
    assert start("jython.sh")[0] == 1
    assert start("jython.sh", "--make-archive")[0] == 0
    archive = tmp_path / "jython.jsa"
    assert archive.stat().st_size > 10_000_000
    names = f"admin\n{ANN.username}\n".encode()
    assert start("officernd-user-source", "-", "group-member-names", "Acme & Söhne") == (0, names)
    (tmp_path / "jython_path.txt").write_text(f"{JYTHON_JARS[1]}:{JYTHON_JARS[0]}\n")
    assert start("officernd-auth", stdin=login) == (0, f"OK\n{ANN.username}\n".encode())
