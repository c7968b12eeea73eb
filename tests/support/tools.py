"""The programs and rights that some tests need: a missing one skips the test by its name, and fails it on CI.

`tools.need("jython")` where it is used, or the mark `@pytest.mark.needs("chromium")` before any fixture is made.
`sh deploy/test.sh` installs them all, but for Python 3.9 (pyenv has it).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.support.repository import ROOT

JAVA_FOLDER = Path("/usr/share/java")
# bcpkix and xercesImpl: Debian's Jython has neither ssl nor XML without them.
JYTHON_JARS = [JAVA_FOLDER / f"{name}.jar" for name in ("jython", "bcprov", "bcpkix", "bcutil", "xercesImpl")]
JYTHON_PATH = os.pathsep.join(map(str, JYTHON_JARS))
RHINO_JAR = JAVA_FOLDER / "js.jar"
NODE = ROOT / "tests" / "node"
CUPS = ("/usr/sbin/cupsd", "/usr/bin/lp", "/usr/sbin/lpadmin", "/usr/bin/gs", "/usr/bin/pdfinfo")


def need(*names: str) -> None:
    """Go on where each of these tools is there; else skip the test, or fail it where the variable CI is set."""
    missing = [name for name in names if not TOOLS[name]()]
    if missing:
        told = f"{', '.join(missing)} is not here: sh deploy/test.sh, run as root, installs what the tests need"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(told)


def postgresql() -> Path | None:
    """Return the folder with PostgreSQL's initdb and pg_ctl, None where there is none."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


def python39() -> str | None:
    """Return a Python 3.9 that starts: on the path, or among pyenv's; None where there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    places = [shutil.which("python3.9"), *map(str, sorted(pyenv.glob("versions/3.9.*/bin/python3.9")))]
    return next((place for place in places if place and _starts(place)), None)


def _is_root() -> bool:
    return os.name == "posix" and os.geteuid() == 0


def _starts(program: str) -> bool:
    return subprocess.run([program, "-c", ""], capture_output=True, check=False).returncode == 0


def _programs(*names: str) -> Callable[[], bool]:
    return lambda: all(shutil.which(name) for name in names)


def _java(*jars: Path) -> Callable[[], bool]:
    return lambda: _programs("java", "javac")() and all(jar.exists() for jar in jars)


TOOLS: Mapping[str, Callable[[], bool]] = {
    "chromium": _programs("chromium", "chromedriver"),
    "cups": _programs(*CUPS),
    "jython": _java(*JYTHON_JARS),
    "nginx": _programs("nginx"),
    "node": lambda: _programs("node")() and (NODE / "node_modules").is_dir(),
    "pdftotext": _programs("pdftotext"),
    "postgresql": lambda: postgresql() is not None,
    "python3.9": lambda: python39() is not None,
    "root": _is_root,
    "second-account": lambda: _is_root() and _programs("useradd", "userdel")(),
    "rhino": _java(RHINO_JAR),
    "shellcheck": _programs("shellcheck"),
    "system-python": lambda: _starts("/usr/bin/python3"),  # one that other accounts may start
    "systemd-analyze": _programs("systemd-analyze"),
    "wine": _programs("wine"),
}
