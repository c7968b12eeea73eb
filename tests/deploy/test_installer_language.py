"""The installer runs where nothing is installed: CPython 3.9 and Jython 2.7, the library alone; scripts are clean."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.jvm import jython
from tests.support.repository import ROOT
from tests.support.tools import JYTHON_PATH, python39

INSTALLER = ROOT / "relay" / "installer"


def test_nothing_is_imported_but_the_library_and_papercuts_side() -> None:
    known = sys.stdlib_module_names | {"papercut_scripts", "__future__", "urllib2", "xmlrpclib"}
    for path in INSTALLER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [str(node.module)]
            assert {name.split(".")[0] for name in names} <= known, path.name


def test_no_module_of_ours_hides_one_of_the_library() -> None:
    """`python installer` could otherwise hand our module to whoever imports the library's."""
    names = {path.stem for path in INSTALLER.glob("*.py")} - {"__init__", "__main__"}
    assert not names & sys.stdlib_module_names


def test_every_line_is_python_2_7_and_3_9() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "vermin", "-t=2.7-", "-t=3.9-", "--violations", "--no-tips", str(INSTALLER)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.needs("jython")
def test_jython_installs_papercuts_side_and_takes_it_back(package: Path, tmp_path: Path) -> None:
    """The last way: PaperCut's own Java. Keys go by server-command, which here is a script over a file."""
    papercut = tmp_path / "PaperCut MF"
    (papercut / "server/custom").mkdir(parents=True)
    (papercut / "server/security.properties").write_bytes(b"# mine\r\n")
    (papercut / "server/server.properties").write_bytes(b"")
    tool = papercut / "server/bin/linux-x64/server-command"
    tool.parent.mkdir(parents=True)
    tool.write_text(
        f'#!/bin/sh\ncd {tmp_path}\ncase $1 in\nget-config) cat "key-$2" 2>/dev/null || true ;;\n'
        'set-config) printf %s "$3" >"key-$2" ;;\nesac\n'
    )
    tool.chmod(0o755)
    for path in ("opt", "var/lib"):
        (tmp_path / "root" / path).mkdir(parents=True)
    java = shutil.which("java")
    assert java
    command = jython(str(package / "installer/__main__.py"), "--without-relay", "--yes", "--papercut", str(papercut))
    command += ["--root", str(tmp_path / "root"), "--jython-jar", JYTHON_PATH, "--url", "http://127.0.0.1:1"]
    environment = {"JAVA": java, "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "each login takes about a second" in done.stdout
    program = papercut / "server/custom/officernd/officernd-auth"
    assert (tmp_path / "key-auth.source.custom-program").read_text() == str(program)
    assert "org.python.util.jython" in program.read_text()
    assert str(program.parent).encode() in (papercut / "server/security.properties").read_bytes()
    gone = subprocess.run([*command, "--uninstall"], capture_output=True, text=True, env=environment, check=False)
    assert gone.returncode == 0, gone.stdout + gone.stderr
    assert (papercut / "server/security.properties").read_bytes() == b"# mine\r\n"
    assert not program.parent.exists()
    assert (tmp_path / "key-auth.source.custom-program").read_text() == ""


@pytest.mark.needs("python3.9")
def test_the_oldest_python_installs_papercuts_side(package: Path, tmp_path: Path) -> None:
    python = python39()
    assert python
    done = subprocess.run(
        [python, "-B", str(package / "installer"), "--papercut", str(tmp_path), "--yes"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "no folder of a PaperCut server" in done.stdout) == (2, True), done.stderr


@pytest.mark.needs("shellcheck")
def test_the_shell_script_is_clean() -> None:
    done = subprocess.run(["shellcheck", ROOT / "deploy/install.sh"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_batch_file_is_clean() -> None:
    """SEC014 (arguments unquoted) is what a starter is for: they are handed on as they came."""
    data = (ROOT / "deploy/installer.bat").read_bytes()
    assert data.count(b"\n") == data.count(b"\r\n"), "cmd needs CRLF, or its labels are lost"
    assert data.isascii()
    done = subprocess.run(
        [sys.executable, "-m", "blinter", str(ROOT / "deploy/installer.bat"), "--format", "json", "--no-config"],
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(done.stdout)
    serious = {issue["code"] for issue in report["issues"] if issue["severity"] in ("Error", "Security")}
    assert serious <= {"SEC014"}, report


def test_every_label_of_the_batch_file_that_is_jumped_to_is_there() -> None:
    lines = (ROOT / "deploy/installer.bat").read_text().lower().splitlines()
    labels = {line[1:].split()[0] for line in lines if line.startswith(":")}
    jumps = {line.split("goto ")[1].split()[0] for line in lines if "goto " in line}
    assert jumps == labels


@pytest.mark.needs("wine")
@pytest.mark.parametrize(("in_a_source", "told"), [(True, "papercut-relay bundle"), (False, "unpack all of it first")])
def test_wine_runs_the_batch_file_alone(tmp_path: Path, in_a_source: bool, told: str) -> None:
    folder = tmp_path / "deploy"
    folder.mkdir()
    shutil.copy(ROOT / "deploy/installer.bat", folder)
    if in_a_source:
        (tmp_path / "pyproject.toml").touch()
    done = subprocess.run(
        ["wine", "cmd", "/c", "installer.bat"],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "DISPLAY": "", "WINEDEBUG": "-all"},
        check=False,
    )
    assert done.returncode == 2
    assert told in done.stderr


@pytest.mark.needs("wine")
def test_wine_runs_the_launcher_of_the_programs(tmp_path: Path, package: Path) -> None:
    """Pip's own stub reads the interpreter out of the file; here it is `cmd /c echo`, which says what it was given."""
    from relay.installer import launchers

    interpreter = ["C:\\windows\\system32\\cmd.exe", "/c", "echo", "started"]
    stub = (package / "launcher-64.exe").read_bytes()
    (tmp_path / "officernd-auth.exe").write_bytes(launchers.program_exe(stub, interpreter, "auth_program"))
    done = subprocess.run(
        ["wine", "officernd-auth.exe", "-", "all-users"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "DISPLAY": "", "WINEDEBUG": "-all"},
        check=False,
    )
    assert done.stdout.startswith("started ") and done.stdout.rstrip().endswith("- all-users")
