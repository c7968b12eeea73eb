"""The real thing as far as there is one: install.sh from the package into the sandbox's PaperCut, then a login."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from relay import checks, config
from relay.clock import Clock
from relay.installer import __main__ as installer
from relay.installer import places, proof
from relay.people.act import publish
from relay.people.directory import DirectoryUser, directory_of
from relay.progress import Progress
from relay.sandbox.officernd import OfficeRnDStandIn
from relay.sandbox.organisation import make_organisation
from relay.sandbox.papercut import PaperCutStandIn
from tests.support.machine import make_package, shrink
from tests.support.repository import DEPLOY

PHRASE = "correct horse battery"


class Town:
    """Both stand-ins, an unpacked package for them, and a way to start its installer as an operator does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.organisation = make_organisation(20, seed=3)
        self.papercut = PaperCutStandIn(data_dir=folder / "PaperCut MF Büro", token="sesame")
        self.officernd = OfficeRnDStandIn(self.organisation)
        self.root = folder / "root"
        self.package = folder

    def start(self) -> None:
        self.papercut.start()
        self.officernd.start()
        for name in ("custom", "logs"):
            (self.papercut.state.data_dir / "server" / name).mkdir(exist_ok=True)
        for path in ("opt", "var/lib", "etc/cron.d"):
            (self.root / path).mkdir(parents=True)
        (self.folder / "token").write_text("sesame\n")
        relay, signin = self.officernd.relay_application, self.officernd.signin_application
        self.package = make_package(
            self.folder / "made",
            secrets={
                "papercut_token": "a-token-of-our-own",
                "officernd_secret": relay.client_secret,
                "officernd_signin_secret": signin.client_secret,
            },
            papercut={"url": self.papercut.url},
            officernd={
                "organization": self.organisation.slug,
                "api_url": self.officernd.api_url,
                "token_url": self.officernd.token_url,
                "client_id": relay.client_id,
                "location": self.organisation.locations[0].id,
            },
            signin={"client_id": signin.client_id},
        )

    def stop(self) -> None:
        self.papercut.stop()
        self.officernd.stop()

    def arguments(self, *more: str) -> list[str]:
        given = ["--papercut", str(self.papercut.state.data_dir), "--root", str(self.root), "--python", sys.executable]
        return [*given, "--token-file", str(self.folder / "token"), "--yes", *more]

    def install(self, *more: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["sh", str(self.package / "install.sh"), *self.arguments(*more)],
            input=f"{PHRASE}\n".encode(),
            env={**os.environ, "PYTHON": sys.executable},
            capture_output=True,
            timeout=120,
            check=False,
        )

    def settings(self) -> config.Settings:
        return config.load(self.root / "opt/papercut-officernd-relay/settings/relay.toml", {})

    def publish(self) -> DirectoryUser:
        """Publish one member who can log in, as the first sync does, and return them."""
        sample = self.organisation.login_samples(1)[0]
        self.member, self.password = sample.member, sample.password
        user = DirectoryUser(
            "member_example.com", email=self.member.email, member_id=self.member.id, logins=(self.member.email.lower(),)
        )
        settings, now = self.settings(), datetime.now(UTC)
        publish.publish_programs(settings, now=now)
        publish.publish(directory_of([user]), settings, record_fields=5, now=now)
        return user


@pytest.fixture
def whole_town(tmp_path: Path) -> Iterator[Town]:
    made = Town(tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def town(whole_town: Town) -> Town:
    """The same with a library that is quick to write."""
    shrink(whole_town.package)
    return whole_town


def everything(town: Town) -> dict[str, Any]:
    seen = {}
    for top in (town.papercut.state.data_dir, town.root):
        for path in top.rglob("*"):
            if path.name != "server.log":
                seen[str(path)] = (path.stat().st_mode, path.read_bytes() if path.is_file() else None)
    config_ = {key: value for key, value in town.papercut.state.config.items() if value}
    return {**seen, "config": config_}


def test_papercut_installed_by_the_installer_logs_in_through_both_programs(whole_town: Town) -> None:
    town = whole_town
    before = everything(town)
    dry = town.install("--dry-run")
    assert dry.returncode == 0, dry.stdout
    assert everything(town) == before

    done = town.install()
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert PHRASE.encode() not in done.stdout and b"sesame" not in done.stdout
    town.papercut.stop()
    town.papercut.start()  # the Application Server reads security.properties when it starts
    user = town.publish()

    town.papercut.tasks.start("sync", lambda report: None)
    town.papercut.tasks.join()
    from relay.sandbox.papercut import sync

    sync.full_sync(town.papercut.state, delete=False, update=True, report=lambda line: None)
    assert user.username in town.papercut.state.users, "the user source brought the member"

    watched: list[str] = []
    home = str(town.settings().scripts.home)
    watcher = threading.Thread(target=lambda: watched.append(str(proof.login(home, "http://x", watched.append, 20))))
    watcher.start()
    assert town.papercut.popup_login(town.member.email, town.password).username == user.username
    assert not town.papercut.popup_login(town.member.email, "wrong").ok
    watcher.join(30)
    assert watched[-1] == "True" and "Both ways of a login work, through PaperCut itself." in watched
    assert proof.source_is_asked(home)

    found = checks.run_checks(town.settings(), clock=Clock(), progress=Progress())
    assert not [finding for finding in found.findings if finding.severity == "error"], found.findings
    assert "source_not_asked" not in {finding.code for finding in found.findings}

    again = town.install()
    assert b"Nothing has to be changed." in again.stdout

    gone = town.install("--uninstall", "--purge")
    assert gone.returncode == 0, (gone.stdout, gone.stderr)
    after = everything(town)
    assert after == before


def test_the_proof_finds_the_form_that_papercut_takes(town: Town) -> None:
    """corrections, custom programs: one form is written, tried by a sync, and the other one where it is refused."""
    state, keys = town.papercut.state, ("user-source.custom-program", "auth.source.custom-program")
    before = everything(town)
    assert town.install().returncode == 0
    town.papercut.stop()
    town.papercut.start()
    user = town.publish()
    paths = [state.config[key] for key in keys]
    names = [Path(path).name for path in paths]
    listed = (state.data_dir / "server" / "security.properties").read_text(encoding="utf-8")
    assert sum(line.startswith("security.") for line in listed.splitlines()) == 6, "merged, never replaced"

    folders = state.security.pop("security.custom-executable.allowed-directory-list")
    told = town.install("--proof", "--wait", "1")
    assert b"did not start our user source by full path" in told.stdout and b"by name." in told.stdout
    assert [state.config[key] for key in keys] == paths, "where neither form is taken nothing changes"

    state.security["security.custom-executable.allowed-directory-list"] = folders
    state.switches.set("custom_program", "name_only")
    told = town.install("--proof", "--wait", "1")
    assert b"PaperCut starts our programs by name." in told.stdout, told.stdout
    assert [state.config[key] for key in keys] == names
    assert town.papercut.popup_login(town.member.email, town.password).username == user.username
    assert b"Nothing has to be changed." in town.install().stdout, "the other form is right too"
    assert town.install("--uninstall", "--purge").returncode == 0
    assert everything(town) == before


def test_an_uninstall_that_cannot_reach_papercut_stops_and_goes_on_later(town: Town) -> None:
    before = everything(town)
    assert town.install().returncode == 0
    town.papercut.stop()
    stopped = town.install("--uninstall", "--purge")
    assert stopped.returncode == 1
    assert b"start the Application Server" in stopped.stdout
    town.papercut.start()
    assert town.install("--uninstall", "--purge").returncode == 0
    assert everything(town) == before


def test_a_real_kill_is_survived(town: Town) -> None:
    """SIGKILL at the moment when the library is being written, the longest step."""
    before = everything(town)
    process = subprocess.Popen(
        ["sh", str(town.package / "install.sh"), *town.arguments()],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHON": sys.executable},
    )
    assert process.stdin is not None
    process.stdin.write(f"{PHRASE}\n".encode())
    process.stdin.close()
    relay = town.root / "opt/papercut-officernd-relay"
    deadline = time.monotonic() + 60
    while not list(relay.glob("lib-*")) and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    again = town.install()
    assert again.returncode == 0, again.stdout
    assert b"An earlier run was interrupted" in again.stdout
    assert town.install("--uninstall", "--purge").returncode == 0
    assert everything(town) == before


def test_papercuts_own_command_is_used_where_no_token_is_good(
    town: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """server-command needs no token; everything it says is read back. No token that stays is among its arguments."""
    command = tmp_path / "PaperCut MF Büro/server/bin/linux-x64/server-command"
    command.parent.mkdir(parents=True)
    command.write_text("")
    state = town.papercut.state
    state.config["auth.webservices.auth-token"] = ""
    state.config["auth.webservices.allowed-addresses"] = "10.1.2.3"
    typed: list[list[str]] = []

    def run(words: list[str], given: str = "") -> tuple[int, str]:
        if words[0] != str(command):
            return places.run(words, given)
        typed.append(words)
        if words[1] == "get-config":
            return 0, state.config.get(words[2], "") + "\r\n"
        if words[1] == "set-config":
            state.config[words[2]] = words[3]
        return 0, "ann\nbob\n" if words[1] == "list-user-accounts" else ""

    monkeypatch.setattr(installer, "_ask_secret", lambda options: lambda question: PHRASE)
    arguments = [word for word in town.arguments() if word not in ("--token-file", str(town.folder / "token"))]
    assert installer.main(arguments, str(town.package), run) == 0
    said = capsys.readouterr().out
    assert "2 accounts are there now (ann, bob)" in said
    before, _, after = said.partition("done:")
    assert "others on this machine could see among its arguments" in before and "replaces it at once" in before
    (passing,) = [words[3] for words in typed if words[1:3] == ["set-config", "auth.webservices.auth-token"]]
    assert passing not in state.config["auth.webservices.auth-token"]
    assert not any("a-token-of-our-own" in word for words in typed for word in words)
    assert state.config["auth.webservices.allowed-addresses"] == "10.1.2.3,127.0.0.1"
    assert state.config["auth.source.custom-program"].endswith("officernd-auth")
    assert "a-token-of-our-own" in state.config["auth.webservices.auth-token"]
    assert ["get-config", "auth.source.custom-program"] in [words[1:] for words in typed]


def test_without_a_way_to_papercuts_settings_it_says_what_to_do(town: Town) -> None:
    town.papercut.stop()
    done = town.install()
    assert done.returncode == 1
    assert b"can be neither read nor written" in done.stdout and b"--token-file" in done.stdout


def test_a_site_server_gets_the_programs_and_the_folder_list_alone(
    town: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from relay import bundle
    from relay.config import load

    settings = load(town.folder / "made/site/relay.toml", {})
    bundle.make_bundle(settings, tmp_path / "site.zip", site_server=True)
    with zipfile.ZipFile(tmp_path / "site.zip") as archive:
        assert "relay.toml" not in archive.namelist()
        archive.extractall(tmp_path / "sitepack")
    before = everything(town)
    assert installer.main(town.arguments(), str(tmp_path / "sitepack")) == 0
    changed = {name for name, value in everything(town).items() if before.get(name) != value}
    assert all("custom/officernd" in name or "security.properties" in name or "undo" in name for name in changed)
    assert "site server's Application Server" in capsys.readouterr().out
    assert installer.main(town.arguments("--uninstall"), str(tmp_path / "sitepack")) == 0
    assert everything(town) == before


def test_the_proof_fails_when_nobody_logs_in_or_the_program_cannot_tell(tmp_path: Path) -> None:
    said: list[str] = []
    assert not proof.login(str(tmp_path), "http://x", said.append, 0.3)
    assert "no login at all" in said[-1]

    def write(line: str) -> Callable[[], None]:
        def later() -> None:
            (tmp_path / "logs").mkdir(exist_ok=True)
            (tmp_path / "logs/auth.log").write_text(line)

        return later

    timer = threading.Timer(0.1, write('{"verdict": "unavailable", "reason": "directory", "detail": "too old"}\n'))
    timer.start()
    assert not proof.login(str(tmp_path), "http://x", said.append, 5)
    assert "could not tell (too old)" in said[-1]


def test_the_source_alone_says_how_to_make_the_package() -> None:
    script = DEPLOY / "install.sh"
    done = subprocess.run(["sh", str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "papercut-relay bundle" in done.stderr


def test_a_python_in_the_home_of_who_installs_is_taken_last(tmp_path: Path) -> None:
    """PaperCut's account could not start it. It is looked at by the order of PATH otherwise."""
    (tmp_path / "package.json").touch()
    script = tmp_path / "install.sh"
    script.write_bytes((DEPLOY / "install.sh").read_bytes())
    for folder in ("home/bin", "usr/bin"):
        (tmp_path / folder).mkdir(parents=True)
        python = tmp_path / folder / "python3.12"
        python.write_text(f'#!/bin/sh\n[ "$1" = -c ] || echo "{folder} $*"\n')
        python.chmod(0o755)
    (tmp_path / "usr/bin/dirname").symlink_to("/usr/bin/dirname")

    def taken() -> str:
        environment = {"HOME": str(tmp_path / "home"), "PATH": f"{tmp_path}/home/bin:{tmp_path}/usr/bin"}
        done = subprocess.run(
            ["/bin/sh", script, "--x"], env=environment, stdout=subprocess.PIPE, text=True, check=False
        )
        return done.stdout

    assert taken() == f"usr/bin -B {tmp_path}/installer --x\n"
    (tmp_path / "usr/bin/python3.12").unlink()
    assert taken() == f"home/bin -B {tmp_path}/installer --x\n"


def test_without_a_python_it_says_so(town: Town, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "dirname"):
        (tools / name).symlink_to(f"/usr/bin/{name}")
    done = subprocess.run(
        ["/bin/sh", str(town.package / "install.sh")], env={"PATH": str(tools)}, capture_output=True, check=False
    )
    assert done.returncode == 2
    assert b"Python 3.11 or newer was not found" in done.stderr
