"""The whole product under Windows: its story, a killed settle, a console's answer."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repository import ROOT

if os.name != "nt":
    pytest.skip("told elsewhere for POSIX", allow_module_level=True)

from relay import money
from relay.money.decide import reference
from relay.sandbox.pair import Pair
from tests.console.test_serve import Served
from tests.money.test_kills import SECONDS, _toml, tell_the_truth
from tests.support.ports import free_port
from tests.support.standin_world import standins

pytestmark = pytest.mark.windows
LIMIT_S = 300
LAST_WORDS = ("POST /api/v2/organizations/acme/fees", "POST api.adjustUserAccountBalance")


def run(command: list[str] | str, cwd: Path = ROOT) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, cwd=cwd, capture_output=True, timeout=LIMIT_S, check=False)


def test_the_demo_keeps_every_promise_started_by_its_batch_file(tmp_path: Path) -> None:
    """`demo.bat` with an environment that is there already: setting one up needs the internet."""
    folder = tmp_path / "Vorführung & mehr"
    (folder / "deploy").mkdir(parents=True)
    (folder / ".venv" / "Scripts").mkdir(parents=True)
    shutil.copy(ROOT / "deploy" / "demo.bat", folder / "deploy")
    shutil.copy(Path(sys.executable).parent / "Scripts" / "papercut-relay.exe", folder / ".venv" / "Scripts")
    done = run(["cmd", "/d", "/c", "deploy\\demo.bat", "--members", "20", "--json"], folder)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ok"] is True


def around(what: str, passed: list[str]) -> list[int]:
    """Return the moments before and after something is sent, and before its answer is kept."""
    sent = passed.index(f"after {what}")
    return [sent - 1, sent, passed.index("before a commit", sent)]


def test_a_settle_ended_by_terminate_process_bills_once_or_parks(tmp_path: Path) -> None:
    """One process of its own for each moment, ended there; what it left is taken up in this one."""
    worker = [sys.executable, str(ROOT / "tests" / "support" / "kill_worker.py")]
    with standins(tmp_path, **SECONDS) as site:
        user = site.link(1)
        path = site.folder / "relay.toml"
        path.write_text(_toml(site.raw), encoding="utf-8")
        site.owes(user, 1.0)
        assert site.settle().exit_code == 0
        site.owes(user, 2.0)
        passed = run([*worker, str(path), "-1"]).stdout.decode().splitlines()
        moments = [number for what in LAST_WORDS for number in around(what, passed)]
        for moment in moments:
            site.owes(user, 2.0)
            killed = run([*worker, str(path), str(moment)])
            assert killed.returncode == 15, killed.stderr  # what TerminateProcess was told
            for _ in range(4):
                ended = site.settle().exit_code
                if ended == 4:  # nobody can tell what came of the last request: a person looks
                    tell_the_truth(site, user)
                if ended == 0 and abs(site.balance(user)) < 1e-9:
                    break
            assert (moment, ended, site.balance(user)) == (moment, 0, pytest.approx(0))
        names = [name for fee in site.fees() for name in reference.find(fee["name"])]
        assert len(names) == len(set(names)) == 2 + len(moments)
        assert sum(fee["price"] for fee in site.fees()) == pytest.approx(1.0 + 2.0 * (1 + len(moments)))
        assert money.open_movements(site.database, site.settings) == []


def test_the_console_answers(tmp_path: Path) -> None:
    with Pair(tmp_path / "Büro & Co", members=10) as pair:
        served = Served(pair, free_port())
        try:
            assert served.text("/")
        finally:
            served.process.terminate()
            served.process.communicate(timeout=LIMIT_S)
            served.web.close()


def test_check_of_a_sandbox_finds_no_program_at_fault(tmp_path: Path) -> None:
    with Pair(tmp_path / "Büro mit Blank", members=10) as pair:
        relay = [sys.executable, "-m", "relay", "--config", str(pair.config_file), "--json"]
        synced = run([*relay, "sync"])
        assert synced.returncode == 0, synced.stderr
        found = json.loads(run([*relay, "check"]).stdout)["findings"]
    codes = {finding["code"] for finding in found}
    assert not codes & {"auth_program_fails", "user_source_fails", "folder_not_allowed", "program_foreign"}, found
