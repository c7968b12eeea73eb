"""The installer under Windows: dry run, install, killed at each step, upgrade, uninstall, purge; and it looks first."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

if os.name != "nt":
    pytest.skip("told elsewhere for POSIX", allow_module_level=True)

from relay.installer import __main__ as installer
from relay.installer import files, places, running, windows
from relay.installer.journal import InstallJournal
from relay.installer.services import SearchPath
from relay.sandbox.papercut import PaperCutStandIn
from tests.support.machine import Machine, make_package, shrink

pytestmark = [pytest.mark.windows, pytest.mark.usefixtures("registry_alone")]
PHRASE = "correct horse battery"
LIMIT_S = 240


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package with a library that is quick to write, in a folder with blanks and umlauts."""
    made = make_package(tmp_path_factory.mktemp("Paket für Ärzte"))
    shrink(made)
    for script in (made / "papercut_scripts").glob("*.py"):
        if script.name not in ("user_source.py", "auth_program.py", "compat.py"):
            script.unlink()
    return made


@pytest.fixture
def machine(tmp_path: Path, package: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    prepare(monkeypatch)
    return windows_machine(tmp_path, package).use(monkeypatch)


def windows_machine(folder: Path, package: Path) -> Machine:
    """Return a machine with the folders that every Windows has."""
    made = Machine(folder, package)
    for name in ("Program Files", "ProgramData"):
        (made.root / name).mkdir()
    return made


def prepare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    monkeypatch.setattr(installer, "_ask_secret", lambda options: lambda question: PHRASE)
    monkeypatch.setattr(files, "compile_all", lambda folder: None)


def relay_folder(machine: Machine) -> Path:
    return Path(places.Places(places.WINDOWS, str(machine.root)).relay)


def test_dry_run_install_again_upgrade_uninstall_and_purge(
    machine: Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = machine.picture()
    assert machine.install("--dry-run") == 0
    assert machine.picture() == before and capsys.readouterr().out.endswith("Nothing was changed.\n")

    assert machine.install() == 0
    programs = machine.papercut / "server" / "custom" / "officernd"
    assert machine.keys.values["auth.source.custom-program"] == str(programs / "officernd-auth.exe")
    assert (relay_folder(machine) / "papercut-relay.exe").is_file()
    for private in ("settings\\secrets", "settings\\secrets\\officernd_secret"):
        assert windows.wide_readers(str(relay_folder(machine) / private)) == []
    installed = machine.picture()
    assert machine.install() == 0
    assert machine.picture() == installed, "a second installation changes nothing"

    newer = tmp_path / "newer"
    shutil.copytree(machine.package, newer)
    (newer / "papercut_scripts" / "compat.py").write_text("# newer\n")
    own = next((newer / "wheels").glob("papercut_officernd-*"))
    own.rename(own.with_name("papercut_officernd-9.9.9-py3-none-any.whl"))
    machine.package = newer
    assert machine.install() == 0
    assert (programs / "compat.py").read_text() == "# newer\n"
    assert [path.name[:9] for path in relay_folder(machine).glob("lib-*")] == ["lib-9.9.9"]

    assert machine.uninstall() == 0
    assert (relay_folder(machine) / "settings/relay.toml").is_file() and not programs.exists()
    assert machine.install() == 0
    assert machine.uninstall("--purge") == 0
    assert machine.picture() == before


class Killed(BaseException):
    """The power went."""


@pytest.mark.parametrize("way", ["on", "back"])
def test_a_kill_at_each_step_is_gone_on_from_or_taken_back(
    way: str, tmp_path: Path, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between what is written down of each change and the change itself, which is where a half is left."""
    prepare(monkeypatch)
    real, step = InstallJournal.note, 0
    while True:
        left = [step]

        def note(self: InstallJournal, *words: Any, left: list[int] = left) -> None:
            real(self, *words)
            left[0] -= 1
            if left[0] == -1:
                raise Killed

        with monkeypatch.context() as patch:
            machine = windows_machine(tmp_path / str(step), package).use(patch)
            before = machine.picture()
            patch.setattr(InstallJournal, "note", note)
            try:
                machine.install()
                killed = False
            except Killed:
                killed = True
            patch.setattr(InstallJournal, "note", real)
            if way == "on":
                assert machine.install() == 0
                assert (relay_folder(machine) / "papercut-relay.exe").is_file()
            assert machine.uninstall("--purge") == 0
            assert machine.picture() == before, f"killed at step {step}"
        if not killed:
            break
        step += 1
    assert step > 15


def test_an_uninstallation_looks_first_who_runs_and_takes_nothing_from_under_him(
    machine: Machine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "LIMIT_S", 0.5)
    assert machine.install() == 0
    program = relay_folder(machine) / "busy.exe"
    shutil.copy(Path(os.environ["SYSTEMROOT"]) / "system32" / "cmd.exe", program)
    process = subprocess.Popen([str(program)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        installed = machine.picture()
        assert machine.uninstall() == 3
        assert f"process {process.pid}" in capsys.readouterr().out
        assert machine.picture() == installed
    finally:
        process.terminate()
        process.communicate()
    program.unlink()
    assert machine.uninstall("--purge") == 0


def test_the_python_beside_the_package_is_copied_out_of_it(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package is deleted afterwards; nothing that stays may point into it."""
    own = tmp_path / "unpacked"
    shutil.copytree(machine.package, own)
    (own / "python").mkdir()
    (own / "python" / "python.exe").write_bytes(b"MZ")
    (own / "python" / "python311._pth").write_text("python311.zip\n.\n")
    machine.package = own
    monkeypatch.setattr(sys, "executable", str(own / "python" / "python.exe"))
    before = machine.picture()
    arguments = ["--papercut", str(machine.papercut), "--root", str(machine.root), "--yes"]
    assert installer.main(arguments, str(own), machine.run) == 0
    (copy,) = relay_folder(machine).glob("python-*")
    assert (copy / "python311._pth").is_file()
    assert str(copy / "python.exe").encode() in (relay_folder(machine) / "papercut-relay.exe").read_bytes()
    auth = (machine.papercut / "server" / "custom" / "officernd" / "officernd-auth.exe").read_bytes()
    assert str(copy / "python.exe").encode() in auth
    for path in (path for top in (machine.root, machine.papercut) for path in top.rglob("*") if path.is_file()):
        assert str(own).encode() not in path.read_bytes(), path
    assert installer.main([*arguments, "--uninstall", "--purge"], str(own), machine.run) == 0
    assert machine.picture() == before


@pytest.fixture
def path_value() -> Iterator[str]:
    value, kind = windows.machine_path()
    yield value
    windows.set_machine_path(value, kind)


def test_the_command_is_put_on_everybodys_path_and_taken_off(path_value: str) -> None:
    change = SearchPath("C:\\Program Files\\PaperCut für Ärzte")
    assert not change.is_done()
    change.make(None)
    assert change.is_done() and windows.machine_path()[0] == f"{path_value};{change.subject}"
    change.undo(type("Entry", (), {"subject": change.subject})(), None)
    assert windows.machine_path()[0] == path_value


def test_the_batch_file_installs_into_a_papercut_that_answers(tmp_path: Path, package: Path) -> None:
    """As an operator does: `cmd`, the launcher py.exe, PaperCut's keys over its web services."""
    papercut = PaperCutStandIn(data_dir=tmp_path / "PaperCut MF Büro", token="sesame")
    papercut.start()
    try:
        (papercut.state.data_dir / "server" / "custom").mkdir(exist_ok=True)
        (tmp_path / "token").write_text("sesame\n")
        words = ["--papercut", str(papercut.state.data_dir), "--root", str(tmp_path / "root"), "--url", papercut.url]
        words += ["--token-file", str(tmp_path / "token"), "--without-relay", "--yes"]
        keys = dict(papercut.state.config)

        def start(*more: str) -> subprocess.CompletedProcess[bytes]:
            return subprocess.run(
                f'cmd /d /s /c "{subprocess.list2cmdline([str(package / "installer.bat"), *words, *more])}"',
                input=b"",
                capture_output=True,
                timeout=LIMIT_S,
                env={**os.environ, "PATH": f"{Path(sys.executable).parent};{os.environ['PATH']}"},  # of py.exe
                check=False,
            )

        dry = start("--dry-run")
        assert (dry.returncode, dry.stdout.strip().endswith(b"Nothing was changed.")) == (0, True), dry
        done = start()
        assert done.returncode == 0, done
        assert papercut.state.config["auth.source.custom-program"].endswith("officernd-auth.exe")
        assert b"Nothing has to be changed." in start().stdout
        gone = start("--uninstall", "--purge")
        assert gone.returncode == 0, gone
        assert json.dumps(papercut.state.config) == json.dumps(keys)
        assert not list((package / "installer").rglob("*.pyc")), "no byte code in the package"
    finally:
        papercut.stop()
