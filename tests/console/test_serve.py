"""`serve` as a process of its own: killed during a sync, stopped cleanly, started twice, watched live."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from lxml import html

from relay import passwords
from relay.console import server
from relay.errors import ConfigError, UsageError
from relay.sandbox.pair import Pair
from tests.support.ports import free_port
from tests.support.settings_example import example_settings
from tests.support.visitor import PASSWORD

PATIENCE_S = 60


class Served:
    """A `papercut-relay serve` and somebody who clicks in it."""

    def __init__(self, pair: Pair, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.web = requests.Session()
        self.web.trust_env = False
        command = [sys.executable, "-m", "relay", "--config", str(pair.config_file), "serve", "--listen"]
        self.process = subprocess.Popen(
            [*command, f"127.0.0.1:{port}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        wait_until(self._answers)

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.process.stdout.read() if self.process.stdout else ""
        try:
            return self.web.get(self.url + "/healthz", timeout=5).json() == {"status": "ok"}
        except requests.ConnectionError:
            return False

    def log_in(self) -> Served:
        (form,) = html.fromstring(self.web.get(self.url + "/login", timeout=30).text).xpath(
            "//form[.//@name='password']"
        )
        said = {**dict(form.form_values()), "name": "moneyer", "password": PASSWORD}
        assert self.web.post(self.url + "/login", said, allow_redirects=False, timeout=30).status_code == 302
        return self

    def page(self, path: str) -> html.HtmlElement:
        answer = self.web.get(self.url + path, timeout=30)
        assert answer.status_code == 200, answer.text[:500]
        return html.fromstring(answer.text)

    def text(self, path: str) -> str:
        return " ".join(self.page(path).xpath("//main")[0].text_content().split())

    def send(self, path: str, button: str) -> str:
        """Send the form of `button` and return where it leads."""
        (form,) = self.page(path).xpath("//form[.//button[normalize-space()=$text]]", text=button)[:1]
        answer = self.web.post(
            self.url + form.get("action"), dict(form.form_values()), allow_redirects=False, timeout=30
        )
        assert answer.status_code == 302, answer.text[:500]
        return answer.headers["Location"]

    def done(self, work: str) -> dict[str, object]:
        found: dict[str, object] = {}

        def over() -> bool:
            found.update(self.web.get(f"{self.url}{work}/state", timeout=30).json())
            return found["state"] != "running"

        wait_until(over)
        return found

    def end(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        self.process.send_signal(how)
        told, _ = self.process.communicate(timeout=PATIENCE_S)
        self.web.close()
        return self.process.returncode, told


Serving = Callable[[int], Served]


def wait_until(condition: object) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Both stand-ins for a site where it is about noon and the daily run far away, at whatever time this is run."""
    with Pair(tmp_path, members=30) as found:
        east = 12 - datetime.now(UTC).hour
        zone = f"Etc/GMT{-east:+d}"  # the sign is the other way round in these names
        text = found.config_file.read_text().replace(found.organisation.locations[0].timezone, zone)
        found.config_file.write_text(text + '\n[schedule]\ndaily_at = "23:00"\n')
        yield found


@pytest.fixture
def serving(pair: Pair) -> Iterator[Serving]:
    """Start a console at a port; none outlives its test."""
    started: list[Served] = []

    def start(port: int) -> Served:
        started.append(Served(pair, port))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.communicate()


def test_a_kill_during_a_sync_loses_nothing_and_the_page_tells_the_truth(pair: Pair, serving: Serving) -> None:
    port = free_port()
    served = serving(port)
    served.done(served.send("/review", "Look at both systems"))
    pair.papercut.faults.add("performUserAndGroupSyncAdvanced", "delay", delay_s=3.0)
    served.send("/review", "Do exactly this")
    wait_until(lambda: pair.papercut.faults.calls["performUserAndGroupSyncAdvanced"] > 0)
    before = len(pair.papercut.state.users)
    assert served.end(signal.SIGKILL)[0] == -signal.SIGKILL
    # PaperCut does what it was asked all the same, and would do it in the middle of what is asked next.
    wait_until(lambda: len(pair.papercut.state.users) > before and pair.papercut.tasks.status()["completed"])

    served = serving(port)
    assert "“Bring people in line” was interrupted" in served.text("/")
    served.done(served.send("/review", "Look again"))
    (again,) = served.page("/review").xpath("//button[normalize-space()='Do exactly this']") or [None]
    if again is not None:
        assert served.done(served.send("/review", "Do exactly this"))["state"] == "done"
        served.done(served.send("/review", "Look again"))
    assert "Everybody is in place" in served.text("/review")
    active = [user for user in pair.papercut.state.users.values() if not user.internal]
    assert len(active) == len({user.email for user in active if user.email})
    assert served.end()[0] == 0


def test_a_kill_while_money_moves_bills_once_and_the_page_tells_the_truth(pair: Pair, serving: Serving) -> None:
    """Killed while the balance is being adjusted, after the fee: the lock is free, and the next run finishes it."""
    text = pair.config_file.read_text().replace("[papercut]\n", "[papercut]\ntimeout_s = 5\n")
    pair.config_file.write_text(text + "\n[safety]\nsettling_s = 0\nlist_lag_s = 0\n")
    passwords.set_password(pair.config_file, "moneyer", "money", PASSWORD)
    port = free_port()
    served = serving(port).log_in()
    served.done(served.send("/review", "Look at both systems"))
    served.done(served.send("/review", "Do exactly this"))
    login = pair.logins(1)[0]
    pair.papercut.print_job(
        login=(login.email, login.password), printer="Colour", pages=24, colour_pages=9, document="Offer.pdf"
    )
    pair.papercut.faults.add("adjustUserAccountBalance", "delay", delay_s=1.0)
    served.send("/", "Do the daily run now")
    wait_until(lambda: pair.papercut.faults.calls["adjustUserAccountBalance"] > 0)
    assert served.end(signal.SIGKILL)[0] == -signal.SIGKILL

    served = serving(port).log_in()
    assert "“Daily run” was interrupted" in served.text("/")
    for _ in range(2):  # the second changes nothing
        assert served.done(served.send("/", "Do the daily run now"))["state"] == "done"
    assert [fee["price"] for fee in pair.officernd.fees()] == [3.0]
    balances = [user.balance for user in pair.papercut.state.users.values() if user.email == login.email]
    assert balances == [0.0]
    assert served.end()[0] == 0


def test_it_ends_cleanly_and_is_started_once(pair: Pair, serving: Serving) -> None:
    port = free_port()
    served = serving(port)
    command = [sys.executable, "-m", "relay", "--config", str(pair.config_file), "serve"]
    second = subprocess.run(
        [*command, "--listen", f"127.0.0.1:{free_port()}"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert second.returncode == 5 and "stop it first" in second.stderr
    work = served.send("/review", "Look at both systems")
    code, told = served.end()
    assert code == 0 and f"http://127.0.0.1:{port}/" in told
    kept = json.loads((pair.folder / "state" / "console" / "works" / f"{work.rpartition('/')[2]}.json").read_text())
    assert kept["state"] == "done"


def test_progress_comes_as_it_happens(pair: Pair, serving: Serving) -> None:
    served = serving(free_port())
    work = served.send("/review", "Look at both systems")
    states = []
    with served.web.get(f"{served.url}{work}/events", stream=True, timeout=30) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        for line in answer.iter_lines(decode_unicode=True):
            if line.startswith("data: "):
                states.append(json.loads(line.removeprefix("data: "))["state"])
    assert states[-1] == "done"
    assert served.end()[0] == 0


def test_addresses_that_cannot_be_are_refused_before_anything_starts(tmp_path: Path) -> None:
    settings = example_settings(tmp_path)
    for listen in ("9480", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:70000"):
        with pytest.raises(UsageError, match="ADDRESS:PORT"):
            server.serve(settings, listen=listen, say=lambda _: None)
    with pytest.raises(ConfigError, match="without a password"):
        server.serve(settings, listen="0.0.0.0:9480", say=lambda _: None)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UsageError, match="choose another one"):
            server.serve(settings, listen=f"127.0.0.1:{taken.getsockname()[1]}", say=lambda _: None)
