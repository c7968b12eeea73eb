"""Jython for the tests, started as PaperCut's side is."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.support import table_driver, tools
from tests.support.repository import ROOT

TUNED = [
    "-Xlog:disable",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Dpython.import.site=false",
    "-Dpython.cachedir.skip=true",
    "-Dpython.console=",
    "-Dpython.io.encoding=UTF-8",
]


def jython(*arguments: str, options: tuple[str, ...] = ()) -> list[str]:
    """Return the command that runs Jython with `arguments`."""
    tools.need("jython")
    return ["java", *TUNED, *options, "-cp", tools.JYTHON_PATH, "org.python.util.jython", *arguments]


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
    done = run_jython(table_driver.__file__, str(ROOT), str(folder / "rows.json"), str(folder / "results.json"))
    assert done.returncode == 0, done.stderr.decode()
    results: list[dict[str, Any]] = json.loads((folder / "results.json").read_text())
    return results
