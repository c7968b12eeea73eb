"""What PaperCut starts: an absolute interpreter, no shell of Windows, arguments and bytes as they came."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from relay.installer import launchers
from tests.support.repository import SCRIPTS
from tests.support.tools import JYTHON_PATH

HERE = os.name == "posix"


@pytest.mark.skipif(not HERE, reason="shell scripts are for POSIX")
def test_the_shell_launcher_becomes_the_program_whatever_its_path_holds(tmp_path: Path) -> None:
    script = tmp_path / 'it\'s a "path" $HOME' / "program.py"
    script.parent.mkdir()
    script.write_text("import os, sys\nprint(sys.argv[1:], sys.flags.no_site, os.environ.get('HOME'))\nsys.exit(3)\n")
    launcher = tmp_path / "launcher"
    launcher.write_bytes(launchers.shell([sys.executable], str(script), isolated=True))
    launcher.chmod(0o755)
    done = subprocess.run([launcher, "-", "a b", "*"], capture_output=True, text=True, env={}, check=False)
    assert (done.stdout, done.returncode) == ("['-', 'a b', '*'] 1 None\n", 3)


def test_the_exe_is_a_stub_an_absolute_interpreter_and_a_zip(tmp_path: Path) -> None:
    python = "C:\\Program Files\\Python\\python.exe"
    exe = launchers.program_exe(b"MZ stub", [python], "auth_program")
    assert exe.startswith(b'MZ stub#!"C:\\Program Files\\Python\\python.exe" -E -s -S\r\n')
    with zipfile.ZipFile(io.BytesIO(exe)) as archive:
        assert archive.namelist() == ["__main__.py"]
    assert exe == launchers.program_exe(b"MZ stub", [python], "auth_program"), "the same input, the same bytes"
    assert b"-S" not in launchers.relay_exe(b"MZ", [python]).split(b"\r\n")[0]


def folder_with_programs(tmp_path: Path) -> Path:
    folder = tmp_path / "prögrams"
    shutil.copytree(SCRIPTS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "officernd_home.txt").write_text(str(tmp_path / "home") + "\n")
    return folder


def test_the_zip_in_the_exe_runs_the_program_beside_it(tmp_path: Path) -> None:
    """The .exe's stub starts `python -E -s -S program.exe ARGUMENTS`; here Python is started so without the stub."""
    exe = folder_with_programs(tmp_path) / "officernd-auth.exe"
    exe.write_bytes(launchers.program_exe(b"MZ stub", [sys.executable], "auth_program"))
    done = subprocess.run(
        [sys.executable, "-E", "-s", "-S", exe], input=b"nobody\nsecret\n", capture_output=True, env={}, check=False
    )
    assert (done.stdout, done.returncode) == (b"ERROR\n", 0), done.stderr
    assert (tmp_path / "home/logs/auth.log").is_file(), "the pointer beside the .exe was followed"


@pytest.mark.needs("jython")
def test_jython_runs_the_programs_through_their_launcher(tmp_path: Path) -> None:
    folder = folder_with_programs(tmp_path)
    java = shutil.which("java")
    assert java
    launcher = folder / "officernd-auth"
    launcher.write_bytes(
        launchers.shell(launchers.jython(java, JYTHON_PATH), str(folder / "auth_program.py"), isolated=True)
    )
    launcher.chmod(0o755)
    done = subprocess.run([launcher], input=b"nobody\nsecret\n", capture_output=True, env={}, check=False)
    assert (done.stdout, done.returncode) == (b"ERROR\n", 0), done.stderr


def test_the_relay_starts_from_its_library_with_the_settings_below_it(tmp_path: Path) -> None:
    library = tmp_path / "lib-1-abc" / "relay"
    library.mkdir(parents=True)
    (library / "__init__.py").write_text("")
    (library / "cli.py").write_text("import os\ndef main(): print(os.environ['PAPERCUT_RELAY_HOME'])\n")
    (tmp_path / "start.py").write_bytes(launchers.start("lib-1-abc"))
    (tmp_path / "relay.exe").write_bytes(launchers.relay_exe(b"MZ", [sys.executable]))
    for started in ("start.py", "relay.exe"):
        done = subprocess.run(
            [sys.executable, "-E", "-s", tmp_path / started], capture_output=True, text=True, env={}, check=False
        )
        assert done.stdout == f"{tmp_path / 'settings'}\n", done.stderr
