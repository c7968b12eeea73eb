"""Install, again, upgrade, kill at each step and go on or back: what is left is what was meant, to the byte."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from papercut_scripts import compat
from relay.installer import __main__ as installer
from relay.installer import asking, facts, files, library, places
from relay.installer.journal import InstallJournal
from relay.sandbox.papercut.dispatch import tokens
from tests.support.machine import SECURITY, Machine, program, shrink

OURS = "server/custom/officernd"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiling is for the speed of logins; here it is only slow."""
    monkeypatch.setattr(files, "compile_all", lambda folder: None)


def test_an_installation_from_the_first_word_to_the_last(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    assert machine.install() == 0
    said = capsys.readouterr().out
    assert "Primary sync source = Custom Program" in said and "STOP if another source" in said

    keys = machine.keys.values
    assert keys["auth.source.custom-program"] == str(program(machine, "officernd-auth"))
    assert keys["user-source.custom-program"] == str(program(machine, "officernd-user-source"))
    assert "of-somebody-else" in tokens(keys["auth.webservices.auth-token"])

    added = f";{machine.papercut}/{OURS}".encode("latin-1", "backslashreplace").replace(b"\xfc", b"\\u00fc")
    assert machine.security.read_bytes() == SECURITY.replace(b"    /srv/x", b"    /srv/x" + added)
    assert stat.S_IMODE(machine.security.stat().st_mode) == 0o444

    home = machine.root / "opt/papercut-officernd"
    assert (machine.papercut / OURS / "officernd_home.txt").read_text() == f"{home}\n"
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    relay = machine.root / "opt/papercut-officernd-relay"
    settings = (relay / "settings/relay.toml").read_text()
    assert f'home = "{home}"' in settings and "@" not in settings.replace("example@", "")
    assert f'install_dir = "{machine.papercut}"' in settings
    assert stat.S_IMODE((relay / "settings/secrets/officernd_secret").stat().st_mode) == 0o600
    assert (relay / "settings/secrets/officernd_secret").read_text() == "secret-of-relay\n"
    for name in ("papercut-officernd.timer", "papercut-officernd-console.service"):
        assert (machine.root / "etc/systemd/system" / name).is_file()
    command = machine.root / "usr/local/bin/papercut-relay"
    assert str(relay / "papercut-relay") in command.read_text() and os.access(command, os.X_OK)
    lib = next(relay.glob("lib-*"))
    assert (lib / "inner.py").is_file() and (lib / "relay/cli/app.py").is_file()
    assert not (lib / "something_else-1.0.data").exists()
    assert lib.name in (relay / "start.py").read_text()


def test_a_dry_run_shows_everything_and_changes_nothing(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    before = machine.picture()
    assert machine.install("--dry-run") == 0
    assert machine.picture() == before
    said = capsys.readouterr().out
    for part in (OURS, "security.properties", "auth.source.custom-program", "the token", "relay.toml", "the schedule"):
        assert part in said, part
    assert "C:\\old\\papercutauth.exe" in said, "what a key holds now is shown"
    assert said.endswith("Nothing was changed.\n")


def test_byte_code_is_used_and_never_stands_for_another_source(tmp_path: Path) -> None:
    """PaperCut's account may not write it, and every login waits for it."""
    script = tmp_path / "answers_here.py"
    script.write_bytes(b"told = 'old'\n")
    name, code = files.compiled(script.name, script.read_bytes())
    assert code == files.compiled(script.name, script.read_bytes())[1]
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).write_bytes(code)
    command = [sys.executable, "-B", "-v", "-c", "import answers_here; print(answers_here.told)"]
    for source, matches in ((b"told = 'old'\n", True), (b"told = 'new'\n", False)):
        script.write_bytes(source)
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == source.decode()[8:11]
        assert (f"{tmp_path / name} matches" in done.stderr) is matches


def test_a_second_installation_changes_nothing(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.install()
    before = machine.picture()
    assert machine.install() == 0
    assert "Nothing has to be changed." in capsys.readouterr().out
    assert machine.picture() == before


def test_an_uninstall_leaves_everything_byte_for_byte_as_it_was(machine: Machine) -> None:
    before = machine.picture()
    machine.install()
    assert machine.uninstall("--purge") == 0
    assert machine.picture() == before


def test_an_uninstall_keeps_the_data_and_says_so(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.install()
    ledger = machine.root / "var/lib/papercut-officernd/ledger.db"
    ledger.write_bytes(b"what was billed")
    assert machine.uninstall() == 0
    assert ledger.read_bytes() == b"what was billed"
    assert (machine.root / "opt/papercut-officernd-relay/settings/relay.toml").is_file()
    assert (machine.root / "opt/papercut-officernd-relay/settings/secrets/officernd_secret").is_file()
    assert "kept" in capsys.readouterr().out
    assert not (machine.papercut / OURS).exists()
    assert not list((machine.root / "opt/papercut-officernd-relay").glob("lib-*"))
    assert not list((machine.root / "etc/systemd/system").iterdir())


def test_a_dry_uninstall_changes_nothing_and_one_without_an_installation_says_so(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert machine.uninstall() == 0
    assert "Nothing is installed" in capsys.readouterr().out
    machine.install()
    before = machine.picture()
    assert machine.uninstall("--dry-run") == 0
    assert machine.picture() == before
    said = capsys.readouterr().out
    assert "take back: config auth.source.custom-program" in said and said.endswith("Nothing was changed.\n")


def test_what_somebody_else_changed_since_stays(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.install()
    machine.security.chmod(0o644)
    machine.security.write_bytes(machine.security.read_bytes() + b"\r\n# by hand")
    machine.keys.values["auth.source.custom-program"] = "/another/program"
    value = json.loads(machine.keys.values["auth.webservices.auth-token"])
    machine.keys.values["auth.webservices.auth-token"] = json.dumps({**value, "third": "new"})
    assert machine.uninstall() == 0
    assert machine.security.read_bytes() == SECURITY + b"\r\n# by hand"
    assert machine.keys.values["auth.source.custom-program"] == "/another/program"
    assert machine.keys.values["user-source.custom-program"] == "C:\\old\\papercutauth.exe"
    assert json.loads(machine.keys.values["auth.webservices.auth-token"]) == {
        "default": "of-somebody-else",
        "third": "new",
    }
    said = capsys.readouterr().out
    assert "left PaperCut's auth.source.custom-program" in said and "only our own entry was taken out" in said


def test_an_upgrade_replaces_what_is_ours_and_keeps_settings_and_secrets(
    machine: Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = machine.picture()
    machine.install()
    relay = machine.root / "opt/papercut-officernd-relay"
    (relay / "settings/relay.toml").write_text("# the operator's own words\n")
    newer = tmp_path / "newer"
    shutil.copytree(machine.package, newer)
    (newer / "papercut_scripts/answers.py").write_text("# newer\n")
    (newer / "papercut_scripts/brake.py").unlink()
    own = next((newer / "wheels").glob("papercut_officernd-*"))
    own.rename(own.with_name("papercut_officernd-9.9.9-py3-none-any.whl"))
    old_library = next(relay.glob("lib-*")).name
    machine.package = newer
    assert machine.install() == 0
    assert "The package's settings differ from" in capsys.readouterr().out
    assert (machine.papercut / OURS / "answers.py").read_text() == "# newer\n"
    assert not (machine.papercut / OURS / "brake.py").exists()
    assert [path.name.startswith("lib-9.9.9-") for path in relay.glob("lib-*")] == [True]
    assert old_library not in (relay / "start.py").read_text()
    assert (relay / "settings/relay.toml").read_text() == "# the operator's own words\n"
    assert machine.uninstall("--purge") == 0
    assert machine.picture() == before


def test_settings_of_version_0_2_move_to_where_the_console_can_change_them(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    before = machine.picture()
    machine.install()
    relay = machine.root / "opt/papercut-officernd-relay"
    secret = (relay / "settings/secrets/officernd_secret").read_text()
    for name in ("relay.toml", "secrets"):
        (relay / "settings" / name).rename(relay / name)
    (relay / "settings").rmdir()
    (relay / "relay.toml").write_text("# the operator's own words\n")
    capsys.readouterr()
    assert machine.install() == 0
    said = capsys.readouterr().out
    assert f"move {relay / 'relay.toml'} to" in said
    assert (relay / "settings/relay.toml").read_text() == "# the operator's own words\n"
    assert (relay / "settings/secrets/officernd_secret").read_text() == secret
    assert not (relay / "relay.toml").exists() and not (relay / "secrets").exists()
    machine.install()
    assert "Nothing has to be changed." in capsys.readouterr().out
    assert machine.uninstall("--purge") == 0
    assert machine.picture() == before


def test_install_uninstall_install_purge_leaves_nothing(machine: Machine) -> None:
    """What the first uninstallation kept is still known as ours."""
    before = machine.picture()
    for _ in range(2):
        machine.install()
        (machine.root / "var/lib/papercut-officernd/ledger.db").write_bytes(b"what was billed")
        assert machine.uninstall() == 0
    kept = machine.root / "var/lib/papercut-officernd-undo"
    assert [path.name for path in kept.iterdir()] == ["journal.jsonl"], "no old token stays"
    assert b"of-somebody-else" not in (kept / "journal.jsonl").read_bytes()
    machine.install()
    assert machine.uninstall("--purge") == 0
    assert machine.picture() == before


def test_data_that_an_uninstallation_kept_can_be_purged_afterwards(machine: Machine) -> None:
    before = machine.picture()
    machine.install()
    machine.uninstall()
    assert machine.uninstall("--purge") == 0
    assert machine.picture() == before


def test_a_folder_of_ours_that_was_there_before_comes_back(machine: Machine) -> None:
    (machine.papercut / OURS).mkdir()
    (machine.papercut / OURS / "theirs.txt").write_text("kept")
    before = machine.picture()
    machine.install()
    assert not (machine.papercut / OURS / "theirs.txt").exists()
    machine.uninstall("--purge")
    assert machine.picture() == before


class Killed(BaseException):
    """The power went."""


class Power:
    """Fails at the n-th moment at which something on the machine is about to change, or has just been written down."""

    def __init__(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = -1
        self._machine = machine
        for module, name in (
            (os, "mkdir"),
            (os, "fchmod"),
            (os, "rename"),
            (os, "fsync"),
            (os, "rmdir"),
            (os, "unlink"),
            (shutil, "rmtree"),
            (compat, "create_private"),
        ):
            monkeypatch.setattr(module, name, self._watched(getattr(module, name)))
        machine.keys.before_set = self.tick

    def tick(self) -> None:
        if self.left == 0:
            raise Killed
        self.left -= 1

    def _watched(self, function: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            place = str(arguments[0])  # a path, or a descriptor or name below one
            if not place.startswith("/") or place.startswith(str(self._machine.folder)):
                self.tick()
            return None if function.__name__ == "fsync" else function(*arguments, **named)

        return call


def killed_after(power: Power, moments: int, work: Any) -> bool:
    power.left = moments
    try:
        work()
        return False
    except Killed:
        return True
    finally:
        power.left = -1


@pytest.mark.parametrize("way", ["on", "back"])
def test_a_kill_at_any_moment_is_gone_on_from_or_taken_back(
    way: str, tmp_path: Path, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a kill anywhere, another run ends where an undisturbed one ends; an uninstall ends where it all began."""
    small = tmp_path / "small"
    shutil.copytree(package, small)
    shrink(small)  # the moments of writing a library are the same ones
    for script in (small / "papercut_scripts").glob("*.py"):
        if script.name not in ("user_source.py", "auth_program.py"):
            script.unlink()
    reference = Machine(tmp_path / "reference", small).use(monkeypatch)
    reference.install()
    wished = relative(reference)

    moments = 0
    while True:
        with monkeypatch.context() as patch:
            machine = Machine(tmp_path / f"kill{moments}", small).use(patch)
            before = machine.picture()
            power = Power(machine, patch)
            killed = killed_after(power, moments, machine.install)
            if way == "on":
                assert machine.install() == 0
                assert relative(machine) == wished, f"killed at moment {moments}"
            else:
                # The way back is killed once, too.
                killed_after(power, moments % 7, lambda machine=machine: machine.uninstall("--purge"))
                assert machine.uninstall("--purge") == 0
                assert machine.picture() == before, f"killed at moment {moments}"
        shutil.rmtree(machine.folder)
        if not killed:
            break
        moments += 1
    assert moments > 60


def relative(machine: Machine) -> dict[str, Any]:
    """Return the machine's picture without its own path and without the journal."""
    own = str(machine.folder)
    seen = {}
    for name, value in machine.picture().items():
        if "officernd-undo" in name:
            continue
        content = value[2] if isinstance(value, tuple) else None
        if isinstance(content, bytes):
            value = (*value[:2], content.replace(own.encode(), b"").replace(own.encode("latin-1"), b""))
        seen[name.removeprefix(own)] = value if isinstance(value, tuple) else str(value).replace(own, "")
    return seen


def test_a_token_that_spoils_the_key_is_taken_back_at_once(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machine.keys, "refuses", lambda token: "" if token == "of-somebody-else" else "no")
    assert machine.install() == 1
    assert machine.keys.values["auth.webservices.auth-token"] == "of-somebody-else"
    assert "the old value is back" in capsys.readouterr().out


def test_a_key_that_does_not_keep_its_value_stops_the_installation(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machine.keys, "set", lambda key, value: None)
    assert machine.install() == 1
    assert "PaperCut did not keep auth.webservices.auth-token" in capsys.readouterr().out


def test_the_relay_may_call_from_this_machine_afterwards(machine: Machine) -> None:
    machine.keys.values["auth.webservices.allowed-addresses"] = "10.1.2.3"
    machine.install()
    assert machine.keys.values["auth.webservices.allowed-addresses"] == "10.1.2.3,127.0.0.1"
    machine.uninstall()
    assert machine.keys.values["auth.webservices.allowed-addresses"] == "10.1.2.3"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--version", "22.0.9"], 3, "older than 22.1.1"),
        (["--version", "24.1.9", "--dry-run"], 0, "security holes that are being exploited"),
        (["--version", "22.0.9", "--accept-version", "--dry-run"], 0, "older than 22.1.1"),
        (["--proof"], 3, "before the first sync"),
    ],
)
def test_versions_and_order_are_minded(
    machine: Machine, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, says: str
) -> None:
    assert machine.install(*arguments) == code
    assert says in capsys.readouterr().out


def test_what_is_no_papercut_and_no_package_is_refused(
    machine: Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.papercut.rename(tmp_path / "away")
    machine.papercut.mkdir()
    assert machine.install() == 2
    assert "is no folder of a PaperCut server" in capsys.readouterr().out
    machine.package = tmp_path
    assert machine.install() == 2
    assert "papercut-relay bundle" in capsys.readouterr().out


def test_a_refused_file_says_which_and_that_it_goes_on(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(source: str, target: str, **where: int) -> None:
        raise PermissionError(13, "Permission denied", target)

    monkeypatch.setattr(os, "rename", refuse)
    assert machine.install() == 1
    said = capsys.readouterr().out
    assert "The system refused" in said and "goes on where it was" in said


def test_without_the_relay_only_papercuts_side_is_installed(machine: Machine) -> None:
    before = machine.picture()
    assert machine.install("--without-relay") == 0
    assert not (machine.root / "opt/papercut-officernd-relay").exists()
    assert (machine.root / "opt/papercut-officernd").is_dir()
    assert (machine.papercut / OURS / "auth_program.py").is_file()
    machine.uninstall("--purge")
    assert machine.picture() == before


def test_a_library_that_does_not_start_is_told_with_the_way_out(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.run = lambda command, typed="": (1, "ImportError: no module named lxml")  # type: ignore[method-assign]
    assert machine.install() == 1
    said = capsys.readouterr().out
    assert "no module named lxml" in said and "bundle --platform" in said
    assert not list((machine.root / "opt/papercut-officernd-relay").glob(f"{library.PREFIX}*[0-9a-f]"))


def test_a_package_with_the_relays_wheel_alone_goes_through_pip(machine: Machine, tmp_path: Path) -> None:
    lonely = tmp_path / "lonely"
    shutil.copytree(machine.package, lonely)
    next((lonely / "wheels").glob("something*")).unlink()
    machine.package = lonely
    assert machine.install() == 0
    pip = next(command for command in machine.commands if "pip" in command)
    assert "--target" in pip and "--require-hashes" in pip and pip[-1] == str(lonely / "requirements.lock")


def test_a_server_without_internet_is_told_the_platform_to_name(
    machine: Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lonely = tmp_path / "lonely"
    shutil.copytree(machine.package, lonely)
    next((lonely / "wheels").glob("something*")).unlink()
    machine.package = lonely
    monkeypatch.setattr("platform.machine", lambda: "AMD64")
    machine.run = lambda command, typed="": (1, "ERROR: No matching distribution")  # type: ignore[method-assign]
    assert machine.install() == 1
    named = {"linux": "manylinux2014", "win32": "win", "darwin": "macosx_11_0"}[sys.platform]
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"with --platform {named}_amd64-{version}, which" in capsys.readouterr().out


def test_a_wheel_that_leads_out_of_its_folder_is_refused(tmp_path: Path) -> None:
    import zipfile

    from relay.installer.stop import InstallStop

    with zipfile.ZipFile(tmp_path / "bad-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("../../etc/passwd", "")
    with pytest.raises(InstallStop, match="leads out of it"):
        library.unpack(str(tmp_path / "bad-1.0-py3-none-any.whl"), str(tmp_path / "lib"))


def test_papercuts_token_is_made_where_no_secret_comes_with_the_package(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.package = without_secrets(machine.package, tmp_path)
    monkeypatch.setattr(asking, "why_refused", lambda *words: "")
    assert machine.install() == 0
    secrets = machine.root / "opt/papercut-officernd-relay/settings/secrets"
    made = (secrets / "papercut_token").read_text().strip()
    assert len(made) == 48 and made in tokens(machine.keys.values["auth.webservices.auth-token"])
    assert (secrets / "officernd_secret").read_text() == "correct horse battery\n"


@pytest.mark.parametrize("sealed", [True, False])
def test_an_empty_answer_changes_nothing_and_leaves_no_relay_that_cannot_start(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], sealed: bool
) -> None:
    if not sealed:
        machine.package = without_secrets(machine.package, tmp_path)
    monkeypatch.setattr("relay.installer.__main__._ask_secret", lambda options: lambda question: "")
    before = machine.picture()
    assert machine.install() == 2
    assert machine.picture() == before
    said = capsys.readouterr().out
    assert "without it the relay could not start" in said and "Nothing was changed." in said


def test_a_wrong_secret_is_asked_for_again_before_anything_changes(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With somebody at the terminal: empty, wrong, right."""
    before, asked = machine.picture(), list[str]()
    answers = iter(["", "wrong", "correct horse battery"])

    def ask(question: str) -> str:
        asked.append(question)
        assert machine.picture() == before
        return next(answers)

    monkeypatch.setattr("relay.installer.__main__._ask_secret", lambda options: ask)
    monkeypatch.setattr("relay.installer.__main__._ask", lambda question: "y" if "changes" in question else "n")
    arguments = ["--papercut", str(machine.papercut), "--root", str(machine.root), "--python", sys.executable]
    assert installer.main(arguments, str(machine.package), machine.run) == 0
    assert len(asked) == 3 and "The pass phrase does not open" in capsys.readouterr().out


def without_secrets(package: Path, folder: Path) -> Path:
    bare = folder / "bare"
    shutil.copytree(package, bare)
    (bare / "secrets.sealed").unlink()
    return bare


def test_a_wrong_pass_phrase_stops_and_the_right_one_goes_on(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    quick = machine.run
    machine.run = lambda command, typed="": (1, "") if typed else (0, "")  # type: ignore[method-assign]
    assert machine.install() == 1
    assert "pass phrase does not open" in capsys.readouterr().out
    machine.run = quick  # type: ignore[method-assign]
    assert machine.install() == 0
    assert "An earlier run was interrupted" in capsys.readouterr().out


def test_no_secret_is_shown_or_stands_in_an_argument(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.install()
    machine.uninstall()
    seen = capsys.readouterr().out + str(machine.commands)
    for secret in ("secret-of-relay", "secret-of-signin", "correct horse", "token-of-papercut", "of-somebody-else"):
        assert secret not in seen


def test_the_journal_lies_where_it_survives(machine: Machine) -> None:
    machine.install()
    undo = Path(places.Places(places.LINUX, str(machine.root)).undo)
    kinds = {entry.kind for entry in InstallJournal(str(undo)).entries()}
    assert kinds == {"run", "folder", "tree", "file", "listed", "config", "token", "secrets"}


def test_somebody_without_rights_is_told_so_and_nothing_is_said_of_what_he_cannot_read(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The journal is the administrators' alone: to anybody else it looks as if nothing were installed."""
    before = machine.picture()
    with monkeypatch.context() as somebody:
        somebody.setattr(facts, "lacks_rights", lambda options: True)
        assert machine.install("--dry-run") == 0
        assert machine.install() == 1
    assert machine.picture() == before
    start = f"takes an administrator. Start it as root: sudo sh '{machine.package}/install.sh'"
    assert capsys.readouterr().out.endswith(f"{start}\n")
    assert machine.install() == 0
    monkeypatch.setattr(facts, "lacks_rights", lambda options: True)
    for switch in ("--uninstall", "--proof"):
        assert machine.install(switch) == 1
        assert capsys.readouterr().out.endswith(f"{start} {switch}\n")


def test_rights_are_asked_for_where_something_is_changed_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "is_administrator", lambda: False)
    assert facts.lacks_rights(SimpleNamespace(root=""))
    assert not facts.lacks_rights(SimpleNamespace(root="/tmp/trial"))
