"""Java, Jython and Rhino for the tests: found where Debian puts them; missing on CI is a failure, elsewhere a skip."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support import table_driver

JAVA_FOLDER = Path("/usr/share/java")
# bcpkix and xercesImpl: Debian's Jython has neither ssl nor XML without them.
JYTHON_JARS = [JAVA_FOLDER / f"{name}.jar" for name in ("jython", "bcprov", "bcpkix", "bcutil", "xercesImpl")]
RHINO_JAR = JAVA_FOLDER / "js.jar"
TUNED = [
    "-Xlog:disable",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Dpython.import.site=false",
    "-Dpython.cachedir.skip=true",
    "-Dpython.console=",
    "-Dpython.io.encoding=UTF-8",
]


def needs(*files: Path) -> None:
    """Skip the test where Java or one of the jars is missing; on CI fail instead."""
    missing = [str(path) for path in files if not path.exists()]
    missing += [name for name in ("java", "javac") if shutil.which(name) is None]
    if missing:
        said = f"missing {', '.join(missing)}: apt-get install default-jdk jython rhino libbcpkix-java libxerces2-java"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(said)


def jython(*arguments: str, options: tuple[str, ...] = ()) -> list[str]:
    """Return the command that runs Jython with `arguments`."""
    needs(*JYTHON_JARS)
    path = os.pathsep.join(str(jar) for jar in JYTHON_JARS)
    return ["java", *TUNED, *options, "-cp", path, "org.python.util.jython", *arguments]


def run_jython(
    *arguments: str, stdin: bytes = b"", timeout_s: float = 120, options: tuple[str, ...] = (), **environment: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        jython(*arguments, options=options),
        input=stdin,
        capture_output=True,
        timeout=timeout_s,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8", **environment},
    )


def run_rows(folder: Path, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Run prepared rows of `table_driver` under Jython, all in one virtual machine, and return their results."""
    (folder / "rows.json").write_text(json.dumps(rows))
    repository = Path(__file__).parents[2]
    done = run_jython(table_driver.__file__, str(repository), str(folder / "rows.json"), str(folder / "results.json"))
    assert done.returncode == 0, done.stderr.decode()
    results: list[dict[str, Any]] = json.loads((folder / "results.json").read_text())
    return results
