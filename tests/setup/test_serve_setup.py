"""`serve` without settings as a process: the set-up behind its code, then the console at the same address."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
import requests
from lxml import html

from relay.console import server
from relay.errors import UsageError
from relay.setup.walk import STEPS
from tests.console.test_serve import wait_until
from tests.support.ports import free_port
from tests.support.repository import ROOT
from tests.support.setup_site import PASSWORD, SetupSite


class Process:
    """A `papercut-relay serve` in an empty folder, and what it says."""

    def __init__(self, site: SetupSite, *words: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        environment = {name: value for name, value in os.environ.items() if name != "PAPERCUT_RELAY_CONFIG"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "relay", *words, "serve", "--listen", f"127.0.0.1:{self.port}"],
            cwd=site.folder,
            env={**environment, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.web = requests.Session()
        self.web.trust_env = False

    def _read(self) -> None:
        assert self.process.stdout
        self.said.extend(iter(self.process.stdout.readline, ""))

    @property
    def code(self) -> str:
        found = re.search(r"Code +(\S+)", "".join(self.said))
        return found.group(1) if found else ""

    def form(self, path: str) -> tuple[str, dict[str, object]]:
        tree = html.fromstring(self.web.get(self.url + path, timeout=60).text)
        form = tree.xpath("//form")[0]
        data: dict[str, object] = {}
        for name, value in form.form_values():
            data.setdefault(name, []).append(value)  # type: ignore[attr-defined]
        return str(form.get("action")), data

    def send(self, path: str, **answers: object) -> requests.Response:
        action, data = self.form(path)
        return self.web.post(self.url + action, {**data, **answers}, timeout=120)

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self._reader.join(10)
        if self.process.stdout:
            self.process.stdout.close()
        self.web.close()
        return code


@pytest.fixture
def process(site: SetupSite) -> Iterator[Process]:
    made = Process(site)
    try:
        wait_until(lambda: made.code or made.process.poll() is not None)
        yield made
    finally:
        if made.process.poll() is None:
            made.end()


def test_from_an_empty_folder_to_the_console_at_the_same_address(process: Process, site: SetupSite) -> None:
    assert process.send("/code", code=process.code).ok
    for step in STEPS:
        again = {"console.again": PASSWORD} if step.id == "password" else {}
        answer = process.send(f"/step/{step.id}", **{**site.answers[step.id], **again, "do": "next"})
        assert answer.status_code == 200 and f"/step/{step.id}" not in answer.url, (step.id, answer.url)
    assert not (site.folder / "relay.toml").exists()
    assert "The console starts" in process.send("/summary").text
    # A page that is opened in between waits for the console, over the very connection of the set-up.
    login = process.web.get(process.url + "/login", timeout=60)
    assert "Log in" in login.text
    inside = process.send("/login", name="nora", password=PASSWORD)
    assert "Get printing started" in inside.text
    assert process.end() == 0
    told = "".join(process.said)
    assert site.token not in told and PASSWORD not in told and "Console" in told


def test_leaving_it_writes_nothing(process: Process, site: SetupSite) -> None:
    assert process.end() == 0
    assert list(site.folder.iterdir()) == []


def test_settings_that_were_named_are_missed_and_not_asked_for(site: SetupSite) -> None:
    named = Process(site, "--config", "elsewhere.toml")
    assert named.process.wait(60) == 2
    named._reader.join(10)
    assert "There is no settings file elsewhere.toml" in "".join(named.said)
    assert named.process.stdout
    named.process.stdout.close()


@pytest.mark.parametrize("listen", ["0.0.0.0:9480", "192.0.2.1:9480", "127.0.0.1:http"])
def test_the_set_up_listens_on_this_machine_only(listen: str, site: SetupSite) -> None:
    with pytest.raises(UsageError):
        server.serve_setup(site.folder / "relay.toml", site.bench, listen=listen, say=lambda _: None)
