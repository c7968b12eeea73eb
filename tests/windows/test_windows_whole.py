"""The whole product under Windows: its story, a killed settle, a console's answer."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

if os.name != "nt":
    pytest.skip("told elsewhere for POSIX", allow_module_level=True)

from relay import money
from relay.money.decide import reference
from relay.sandbox.pair import Pair
from tests.console.test_serve import Served, free_port
from tests.money.test_kills import SECONDS, _toml
from tests.support.standin_world import standins

pytestmark = pytest.mark.windows
ROOT = Path(__file__).parents[2]
LIMIT_S = 150


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


@pytest.mark.parametrize("moment", [3, 6, 9, 12])
def test_a_settle_ended_by_terminate_process_bills_once(tmp_path: Path, moment: int) -> None:
    worker = [sys.executable, str(ROOT / "tests" / "support" / "kill_worker.py")]
    with standins(tmp_path, **SECONDS) as site:
        user = site.link(1)
        path = site.folder / "relay.toml"
        path.write_text(_toml(site.raw), encoding="utf-8")
        site.owes(user, 1.0)
        assert run([*worker, str(path), "-1"]).returncode == 0
        site.owes(user, 2.0)
        killed = run([*worker, str(path), str(moment)])
        assert killed.returncode == 15, killed.stderr  # what TerminateProcess was told
        for _ in range(4):
            ended = run([*worker, str(path), "-1"]).returncode
            if ended == 0 and abs(site.balance(user)) < 1e-9:
                break
        assert (ended, site.balance(user)) == (0, pytest.approx(0))
        names = [name for fee in site.fees() for name in reference.find(fee["name"])]
        assert len(names) == len(set(names)) == 2
        assert sum(fee["price"] for fee in site.fees()) == pytest.approx(3.0)
        assert money.open_movements(site.database, site.settings) == []


def test_the_console_answers(tmp_path: Path) -> None:
    with Pair(tmp_path / "Büro & Co", members=10) as pair:
        served = Served(pair, free_port())
        try:
            assert served.text("/")
        finally:
            served.process.terminate()
            served.process.communicate(timeout=30)
            served.web.close()


def test_check_of_a_sandbox_finds_no_program_at_fault(tmp_path: Path) -> None:
    with Pair(tmp_path / "Büro mit Blank", members=10) as pair:
        relay = [sys.executable, "-m", "relay", "--config", str(pair.config_file), "--json"]
        synced = run([*relay, "sync"])
        assert synced.returncode == 0, synced.stderr
        found = json.loads(run([*relay, "check"]).stdout)["findings"]
    codes = {finding["code"] for finding in found}
    assert not codes & {"auth_program_fails", "user_source_fails", "folder_not_allowed", "program_foreign"}, found
