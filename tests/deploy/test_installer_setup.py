"""A package without settings: it installs, touches nobody's login, and opens the set-up; then it is as any other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from relay import bundle, config
from relay.cli.app import cli
from relay.errors import ConfigError
from relay.installer import __main__ as installer
from relay.installer import files, launchers, places, tokens
from tests.support.machine import Machine, shrink


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package without settings, with a library that is quick to write."""
    folder = tmp_path_factory.mktemp("bare")
    bundle.make_bundle(None, folder / "package.zip")
    with zipfile.ZipFile(folder / "package.zip") as archive:
        archive.extractall(folder / "package")
    with zipfile.ZipFile(folder / "package/wheels/something_else-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("something_else.py", "")
    shrink(folder / "package")
    return folder / "package"


@pytest.fixture
def fresh(tmp_path: Path, bare: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr("sys.stdin", None)
    monkeypatch.setattr(files, "compile_all", lambda folder: None)
    machine = Machine(tmp_path, bare).use(monkeypatch)
    machine.keys.values["user-source.custom-program"] = ""
    return machine


def test_bundle_without_settings_makes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PAPERCUT_RELAY_CONFIG", raising=False)
    done = CliRunner().invoke(cli, ["bundle", "--out", "package.zip"])
    assert done.exit_code == 0, done.output
    assert "the installer opens the set-up" in done.output
    with zipfile.ZipFile("package.zip") as archive:
        names = set(archive.namelist())
        about = json.loads(archive.read("package.json"))
        checklist = archive.read("CHECKLIST.txt").decode()
    assert "relay.toml" not in names and about["settings"] is False
    assert "papercut-relay serve" in checklist and "HASH" not in checklist
    with pytest.raises(ConfigError, match="no settings here"):
        bundle.make_bundle(None, tmp_path / "x.zip", with_secrets=True, pass_phrase="correct horse battery")


def test_it_installs_asks_nothing_and_says_how_to_start_the_set_up(
    fresh: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    before = fresh.picture()
    assert fresh.install() == 0
    said = capsys.readouterr().out
    assert said.rstrip().endswith("papercut-relay serve")
    relay = fresh.root / "opt/papercut-officernd-relay"
    assert (relay / "settings").is_dir() and not list((relay / "settings").iterdir())
    assert (relay / "settings").stat().st_mode & 0o777 == 0o700
    assert b"officernd" in fresh.security.read_bytes()
    assert fresh.keys.values["user-source.custom-program"].endswith("officernd-user-source")
    assert fresh.keys.values["auth.webservices.auth-token"] == "of-somebody-else", "the set-up brings the token"
    unit = (fresh.root / "etc/systemd/system/papercut-officernd.service").read_text()
    assert f"ConditionPathExists={relay}/settings/relay.toml" in unit
    assert fresh.install() == 0
    assert "Nothing has to be changed." in capsys.readouterr().out
    assert fresh.uninstall("--purge") == 0
    assert fresh.picture() == before


def test_programs_of_others_stay_until_the_relay_is_ready(fresh: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    fresh.keys.values["auth.source.custom-program"] = "C:\\old\\papercutauth.exe"
    assert fresh.install() == 0
    assert fresh.keys.values["auth.source.custom-program"] == "C:\\old\\papercutauth.exe"
    assert "names another program (C:\\old\\papercutauth.exe)" in capsys.readouterr().out


@pytest.mark.parametrize(("typed", "word"), [("", "serve"), ("Y", "serve"), ("t", "init"), ("n", None), ("x", None)])
def test_somebody_at_the_terminal_gets_the_set_up_at_once(
    fresh: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: str, word: str | None
) -> None:
    """As a page, or in the terminal, since many servers have no browser."""
    started: list[list[str]] = []
    asked: list[str] = []
    monkeypatch.setattr("sys.stdin", type("Terminal", (), {"isatty": lambda self: True})())
    monkeypatch.setattr(places, "show", lambda command: started.append(command) or 0)
    monkeypatch.setattr(
        installer, "_ask", lambda question: asked.append(question) or ("y" if "changes" in question else typed)
    )
    arguments = ["--papercut", str(fresh.papercut), "--root", str(fresh.root), "--python", sys.executable]
    assert installer.main(arguments, str(fresh.package), fresh.run) == 0
    program = str(fresh.root / "opt/papercut-officernd-relay/papercut-relay")
    assert started == ([[program, word]] if word else [])
    assert not any("Restart" in question for question in asked), "what cannot be done from here is not asked"
    assert "  1 of " in capsys.readouterr().out


def test_the_token_that_the_set_up_made_goes_with_a_purge(fresh: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """No journal knows of it, and it opens PaperCut's web services as long as it stands there."""
    before = fresh.keys.values[tokens.KEY]
    assert fresh.install() == 0
    secret = fresh.root / "opt/papercut-officernd-relay/settings/secrets/papercut_token"
    secret.parent.mkdir(mode=0o700)
    secret.write_text("made by the set-up")
    secret.chmod(0o600)
    fresh.keys.values[tokens.KEY] = tokens.with_token(before, tokens.NAME, "made by the set-up")
    assert fresh.uninstall("--purge") == 0, capsys.readouterr().out
    assert tokens.values(fresh.keys.values[tokens.KEY]) == [before]
    assert not fresh.keys.values["user-source.custom-program"]


def test_a_purge_after_an_uninstall_names_the_token_that_is_left(
    fresh: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fresh.install() == 0
    secret = fresh.root / "opt/papercut-officernd-relay/settings/secrets/papercut_token"
    secret.parent.mkdir(mode=0o700)
    secret.write_text("made by the set-up")
    secret.chmod(0o600)
    assert fresh.uninstall() == 0
    assert "config editor" not in capsys.readouterr().out and secret.exists()
    assert fresh.uninstall("--purge") == 0
    assert f"take it out of {tokens.KEY} in the config editor" in capsys.readouterr().out and not secret.exists()


def test_a_token_of_our_name_that_is_not_the_set_ups_stays(fresh: Machine) -> None:
    assert fresh.install() == 0
    fresh.keys.values[tokens.KEY] = tokens.with_token("of-somebody-else", tokens.NAME, "of another relay")
    kept = fresh.keys.values[tokens.KEY]
    assert fresh.uninstall("--purge") == 0
    assert fresh.keys.values[tokens.KEY] == kept


def test_settings_that_the_set_up_wrote_stay_in_force(
    fresh: Machine, package: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upgrade of either kind goes on with them, and says where a package differs."""
    fresh.install()
    made = fresh.root / "opt/papercut-officernd-relay/settings/relay.toml"
    made.write_text("# of the set-up\n")
    capsys.readouterr()
    assert fresh.install() == 0
    assert "papercut-relay serve" not in capsys.readouterr().out
    fresh.package = package
    assert fresh.install() == 0
    assert made.read_text() == "# of the set-up\n"
    assert not (made.parents[1] / "relay.toml").exists()
    assert f"differ from {made}" in capsys.readouterr().out


def started(relay: Path, *words: str, python: str = sys.executable) -> dict[str, Any]:
    """Start what the installer writes, over a library that only tells what it was given."""
    library = relay / "lib-1-abc/relay"
    library.mkdir(parents=True, exist_ok=True)
    (library / "__init__.py").write_text("")
    (library / "__main__.py").write_text(
        "import json, os, sys\n"
        "def main():\n"
        "    named = {k: v for k, v in os.environ.items() if k.startswith('PAPERCUT_RELAY')}\n"
        "    print(json.dumps([named, os.geteuid(), sys.argv[1:]]))\n"
    )
    done = subprocess.run(
        [python, "-E", "-s", relay / "start.py", *words], capture_output=True, text=True, env={}, check=False
    )
    assert done.returncode == 0, done.stderr
    named, uid, given = json.loads(done.stdout)
    return {"named": named, "uid": uid, "words": given}


def test_the_command_finds_the_settings_whatever_folder_it_is_typed_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "start.py").write_bytes(launchers.start("lib-1-abc"))
    made = {"PAPERCUT_RELAY_HOME": str(tmp_path / "settings")}
    assert started(tmp_path)["named"] == started(tmp_path, "check")["named"] == made

    monkeypatch.chdir(tmp_path)  # where another relay.toml lies, as in an unpacked package
    assert config.find(None, made) == tmp_path / "settings/relay.toml"
    assert not config.is_there(None, made)
    (tmp_path / "settings").mkdir()
    (tmp_path / "settings/relay.toml").write_text("")
    assert config.is_there(None, made)


@pytest.mark.needs("second-account", "system-python")
def test_root_types_the_command_and_it_works_as_papercuts_account(tmp_path: Path) -> None:
    """Else the ledger and the logs would be root's, and the scheduler's next run could not write them."""
    import pwd

    account = pwd.getpwnam("nobody")
    folder = Path("/tmp") / f"relay-{os.getpid()}"  # other accounts may not enter pytest's own
    folder.mkdir(mode=0o755)
    try:
        (folder / "start.py").write_bytes(launchers.start("lib-1-abc", account.pw_name))
        found = started(folder, "sync", "--json", python="/usr/bin/python3")
        assert (found["uid"], found["words"]) == (account.pw_uid, ["sync", "--json"])
        assert started(folder, "password", "nora", python="/usr/bin/python3")["uid"] == account.pw_uid
        (folder / "start.py").write_bytes(launchers.start("lib-1-abc", "no-such-account"))
        done = subprocess.run([sys.executable, folder / "start.py"], capture_output=True, text=True, check=False)
        assert done.returncode == 1 and "run the installer again" in done.stderr
    finally:
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        folder.rmdir()


def test_the_packages_settings_are_toml_to_who_asks_for_secrets(package: Path) -> None:
    from relay.installer import asking

    assert asking.package_settings(str(package)) == tomllib.loads((package / "relay.toml").read_text())
