"""The main job by the commands that an operator types, against a sandbox in another process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xmlrpc.client import ServerProxy

import pytest
import requests

from relay.sandbox.pair import Pair
from tests.support.forked_relay import ForkedRelay
from tests.support.repository import ROOT

PATIENCE_S = 60


@dataclass
class Sandbox:
    """A site between stand-ins at two addresses, which may be in this process or in another."""

    folder: Path
    papercut: str
    officernd: str
    forked: ForkedRelay

    @property
    def config(self) -> Path:
        return self.folder / "relay.toml"

    def relay(self, *words: str) -> tuple[int, dict[str, Any]]:
        """Run a command with --json and return its exit code and answer."""
        done = self.forked("--config", self.config, "--json", *words)
        assert "Traceback" not in done.stderr, done.stderr
        return done.code, json.loads(done.stdout)

    def post(self, base: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = requests.post(f"{base}/sandbox/{path}", json=body, timeout=PATIENCE_S)
        return {"status": answer.status_code, **answer.json()}

    def fees(self) -> list[dict[str, Any]]:
        state = requests.get(f"{self.officernd}/sandbox/state", timeout=PATIENCE_S).json()
        return list(state["fees"])

    def user(self, username: str) -> dict[str, Any]:
        url = f"{self.papercut}/sandbox/users"
        return dict(requests.get(url, params={"username": username}, timeout=PATIENCE_S).json()["users"][0])

    def a_login(self) -> tuple[str, str]:
        """Return e-mail and password of a member who can log in, as the sandbox's own README names them."""
        lines = (self.folder / "README.txt").read_text(encoding="utf-8").splitlines()
        first = next(line for line in lines if "@" in line and line.startswith("  ") and "curl" not in line)
        email, password = first.split()
        return email, password


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def sandbox(tmp_path: Path, forked_relay: ForkedRelay) -> Iterator[Sandbox]:
    """What an operator has who started one in another window."""
    command = [sys.executable, "-m", "relay", "--json", "sandbox", "--members", "60", "--write-config"]
    folder = tmp_path / "try"
    with subprocess.Popen([*command, folder], env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        text = ""
        while not text.rstrip().endswith("}"):
            line = process.stdout.readline()
            assert line, "the sandbox ended before it was ready"
            text += line
        facts = json.loads(text)
        yield Sandbox(folder, facts["papercut_url"], facts["officernd_api_url"].removesuffix("/api/v2"), forked_relay)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE_S) == 0


@pytest.fixture
def beside(tmp_path: Path, forked_relay: ForkedRelay) -> Iterator[tuple[Pair, Sandbox]]:
    """The same with the stand-ins in this process, where more can be done to them."""
    with Pair(tmp_path / "try", members=20) as pair:
        yield pair, Sandbox(tmp_path / "try", pair.papercut.url, pair.officernd.url, forked_relay)


def print_something(sandbox: Sandbox) -> str:
    """Let a member log in at the popup and print; return the username."""
    email, password = sandbox.a_login()
    verdict = sandbox.post(sandbox.papercut, "popup", {"username": email, "password": password})
    assert verdict["ok"], verdict
    job = {"login": [email, password], "printer": "Colour", "pages": 10, "colour_pages": 10}
    assert sandbox.post(sandbox.papercut, "print", job)["status"] == 200
    return str(verdict["username"])


def test_a_day_by_the_commands(sandbox: Sandbox) -> None:
    """plan, sync, login, job, settle, run, status; each also twice, and the second time nothing changes."""
    code, plan = sandbox.relay("plan")
    assert code == 0 and plan["users"]["create"] > 0 and plan["applied"] is False
    code, synced = sandbox.relay("sync", "--expect", plan["hash"])
    assert (code, synced["applied"], synced["hash"]) == (0, True, plan["hash"])
    code, again = sandbox.relay("sync")
    assert (code, again["changes"]) == (0, [])
    assert again["users"]["unchanged"] == plan["users"]["create"]

    email, password = sandbox.a_login()
    assert not sandbox.post(sandbox.papercut, "popup", {"username": email, "password": password + "x"})["ok"]
    username = print_something(sandbox)
    assert sandbox.user(username)["balance"] == pytest.approx(-2.5)

    code, dry = sandbox.relay("settle", "--dry-run")
    assert (code, dry["total"], [item["state"] for item in dry["movements"]]) == (0, "2.50", ["planned"])
    assert sandbox.fees() == []
    code, settled = sandbox.relay("settle")
    assert code == 0
    (movement,) = settled["movements"]
    assert (movement["kind"], movement["state"], movement["amount"]) == ("fee", "posted", "2.50")
    (fee,) = sandbox.fees()
    assert fee["price"] == 2.5 and movement["reference"] in fee["name"] and fee["_id"] == movement["fee_id"]
    assert sandbox.user(username)["balance"] == 0
    code, again = sandbox.relay("settle")
    assert (code, again["movements"], again["total"]) == (0, [], "0.00")

    code, ran = sandbox.relay("run")
    assert code == 0
    assert ran["sync"]["changes"] == [] and ran["settle"]["movements"] == []
    code, status = sandbox.relay("status")
    assert code == 0 and status["open_movements"] == []
    assert len(sandbox.fees()) == 1


def test_a_kill_in_the_middle_of_a_settle_neither_doubles_nor_loses(sandbox: Sandbox) -> None:
    """SIGKILL while the adjustment is under way: the next settle finishes exactly what was begun."""
    text = sandbox.config.read_text(encoding="utf-8")  # the next settle gives the request its whole time
    for system in ("officernd", "papercut"):
        text = text.replace(f"[{system}]\n", f"[{system}]\ntimeout_s = 5\n")
    sandbox.config.write_text(text + "\n[safety]\nsettling_s = 0\nlist_lag_s = 0\n", encoding="utf-8")
    assert sandbox.relay("sync")[0] == 0
    username = print_something(sandbox)
    slow = {"method": "adjustUserAccountBalance", "kind": "delay", "delay_s": 3}
    assert sandbox.post(sandbox.papercut, "fault", slow)["status"] == 200
    process = subprocess.Popen(
        [sys.executable, "-m", "relay", "--config", str(sandbox.config), "settle"],
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + PATIENCE_S
    while not sandbox.fees():
        assert time.monotonic() < until, "there is no fee"
        time.sleep(0.02)
    process.kill()
    process.wait(PATIENCE_S)
    code, _ = sandbox.relay("settle")
    assert code in (0, 4)
    assert len(sandbox.fees()) == 1
    if code == 0:
        assert sandbox.user(username)["balance"] == 0
        assert sandbox.relay("settle")[1]["movements"] == []


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("token", "auth_token_file"),
        ("caller", "Allowed XML Web Services callers"),
        ("secret", "client_secret_file"),
        ("organization", "organization"),
    ],
)
def test_a_refusal_by_a_system_is_one_sentence_and_writes_nothing(
    beside: tuple[Pair, Sandbox], damage: str, told: str
) -> None:
    _, sandbox = beside
    if damage == "token":
        (sandbox.folder / "secrets" / "papercut_token").write_text("wrong")
    elif damage == "secret":
        (sandbox.folder / "secrets" / "officernd_secret").write_text("wrong")
    elif damage == "caller":
        token = (sandbox.folder / "secrets" / "papercut_token").read_text().strip()
        with ServerProxy(f"{sandbox.papercut}/rpc/api/xmlrpc") as server:
            server.api.setConfigValue(token, "auth.webservices.allowed-addresses", "10.0.0.1")
    else:
        text = sandbox.config.read_text().replace('organization = "acme"', 'organization = "other"')
        sandbox.config.write_text(text)
    code, answer = sandbox.relay("sync")
    assert code == 1
    assert told in answer["error"]["message"]
    assert answer["applied"] is False
    assert not (sandbox.folder / "home" / "directory").exists()


def test_an_application_without_a_scope_is_one_sentence(beside: tuple[Pair, Sandbox]) -> None:
    pair, sandbox = beside
    application = pair.officernd.relay_application
    pair.officernd.tokens.add(replace(application, scopes=application.scopes - {"flex.community.fees.create"}))
    code, answer = sandbox.relay("sync")
    assert (code, answer["error"]["code"]) == (1, "scope_missing")
    assert "flex.community.fees.create" in answer["error"]["message"]
    assert pair.papercut.writes.total() == 0
