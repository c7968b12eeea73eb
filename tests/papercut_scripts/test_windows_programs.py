"""Both programs as PaperCut starts them under Windows: .exe launchers in folders with blanks and umlauts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

if os.name != "nt":
    pytest.skip("launchers are Windows' own", allow_module_level=True)

from papercut_scripts import auth_program
from relay.bundle import _launcher_stub
from relay.installer import launchers
from relay.people.act import publish
from tests.support.papercut_site import ANN, SCRIPTS, Site
from tests.support.signin_server import PASSWORD

pytestmark = pytest.mark.windows
LIMIT_S = 120
BURST = 30
# The auth program with more time than a login has: what thirty processes share is the subject, not wine's speed.
_PATIENT = f"""
import sys
sys.path.insert(0, {str(SCRIPTS.parent)!r})
from papercut_scripts import auth_program, compat, program_home
auth_program.serve(program_home.find_home, compat.read_line, compat.write_stdout, compat.write_stderr, {LIMIT_S})
"""


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """PaperCut's folder of programs, as the installer fills it; a login has more time: wine's speed is no subject."""
    folder = tmp_path / "PaperCut für Ärzte" / "officernd"
    shutil.copytree(SCRIPTS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    auth = folder / "auth_program.py"
    source = auth.read_text(encoding="utf-8")
    assert f"\nLIMIT_S = {auth_program.LIMIT_S}\n" in source
    auth.write_text(source.replace(f"LIMIT_S = {auth_program.LIMIT_S}", f"LIMIT_S = {LIMIT_S}"), encoding="utf-8")
    stub = _launcher_stub()
    assert stub is not None
    for module, name in (("user_source", "officernd-user-source"), ("auth_program", "officernd-auth")):
        (folder / f"{name}.exe").write_bytes(launchers.program_exe(stub, [sys.executable], module))
    return folder


def environment(**more: str) -> dict[str, str]:
    """A service's environment: nothing that names the hand-over files or an encoding."""
    names = ("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "TEMP", "TMP", "COMSPEC", "PATH")
    return {**{name: os.environ[name] for name in names if name in os.environ}, **more}


def ask(command: list[str] | str, typed: bytes = b"", **more: str) -> tuple[int, bytes, bytes]:
    done = subprocess.run(
        command, input=typed, capture_output=True, timeout=LIMIT_S, env=environment(**more), check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("page", ["", "437", "850", "1252", "65001"])
def test_answers_are_utf_8_in_every_code_page(programs: Path, site: Site, page: str) -> None:
    (programs / "officernd_home.txt").write_text(f"{site.home}\r\n", encoding="utf-8")
    source, auth = programs / "officernd-user-source.exe", programs / "officernd-auth.exe"
    before = f"chcp {page} >nul & " if page else ""

    def started(program: Path, *words: str) -> list[str] | str:
        if not page:
            return [str(program), *words]
        return f'cmd /d /s /c "{before}"{program}" {" ".join(words)}"'

    code, out, errors = ask(started(source, "-", "get-user-details"), b"annie\r\n")
    assert (code, out.decode().split("\t")[:2]) == (0, [ANN.username, "Änn Lee"]), errors
    assert b"\r" not in out
    code, out, errors = ask(started(auth), f"annie\r\n{PASSWORD}\r\n".encode())
    assert (code, out) == (0, f"OK\n{ANN.username}\n".encode()), errors
    assert ask(started(auth), b"annie\r\nw\xc3\xa4ong\r\n")[:2] == (0, b"ERROR\n")


def test_program_data_names_the_files_where_nothing_else_does(programs: Path, site: Site, tmp_path: Path) -> None:
    data = tmp_path / "Program Däta"
    shutil.copytree(site.home, data / "papercut-officernd")
    code, out, errors = ask([str(programs / "officernd-user-source.exe"), "-", "all-groups"], ProgramData=str(data))
    assert code == 0 and "Acme & Söhne" in out.decode().splitlines(), errors
    assert (data / "papercut-officernd" / "logs" / "user_source.log").exists()


def test_a_missing_directory_is_one_sentence(programs: Path, tmp_path: Path) -> None:
    code, out, errors = ask(
        [str(programs / "officernd-user-source.exe"), "-", "all-users"], ProgramData=str(tmp_path / "Ödnis")
    )
    assert (code, out) == (1, b"") and "Ödnis" in errors.decode()


def test_logins_at_once_share_one_token_and_lose_no_line(site: Site) -> None:
    """The token is asked for once, and each login has its line in the log, whoever else writes there."""
    command = [sys.executable, "-E", "-s", "-S", "-c", _PATIENT]
    started = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(BURST)]
    with ThreadPoolExecutor(BURST) as pool:
        answers = pool.map(lambda one: one.communicate(f"annie\r\n{PASSWORD}\r\n".encode(), LIMIT_S)[0], started)
        assert list(answers) == [f"OK\n{ANN.username}\n".encode()] * BURST
    assert len(site.signin.token_calls) == 1
    assert [line["verdict"] for line in site.log("auth")] == ["accepted"] * BURST


def test_publishing_works_below_a_name_of_umlauts(site: Site) -> None:
    assert publish.current_directory(site.home) is not None
