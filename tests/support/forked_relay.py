"""Commands of papercut-relay, each in a process of its own that costs next to nothing to start: a fork of a program
that has everything loaded, in which nobody waits long. `ForkedRelay` starts that program and asks it; run as a program,
this file is it.

A line of JSON is a command, {"words": [...], "files": most open files or null, "folder": where it is started or null},
and another is how it ended.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.support.repository import ROOT


@dataclass(frozen=True)
class Ended:
    """How a command ended; `peak_mb` is the most memory that its process had."""

    code: int
    stdout: str
    stderr: str
    peak_mb: int


class ForkedRelay:
    """forked("--config", "relay.toml", "sync") is how it ended, started in `folder`; `files` limits its open files."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *words: object, files: int | None = None, folder: Path | None = None) -> Ended:
        assert self._process.stdin is not None and self._process.stdout is not None
        asked = {"words": [str(word) for word in words], "files": files, "folder": folder and str(folder)}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return Ended(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate()


def _run(asked: dict[str, Any], out: int, err: int) -> None:
    import resource

    from relay.cli import main
    from relay.clock import Clock
    from tests.support.quick_clock import QuickClock

    Clock.sleep = QuickClock.sleep  # type: ignore[method-assign]
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.closerange(3, 256)
    if asked["folder"] is not None:
        os.chdir(asked["folder"])
    if asked["files"] is not None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (asked["files"], asked["files"]))
    main(asked["words"])


def _ended(asked: dict[str, Any]) -> Ended:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            code = 99
            try:
                _run(asked, out.fileno(), err.fileno())
            except SystemExit as end:
                code = int(end.code or 0)
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        _, status, used = os.wait4(child, 0)
        told = []
        for file in (out, err):
            file.seek(0)
            told.append(file.read().decode("utf-8", "replace"))
    return Ended(os.waitstatus_to_exitcode(status), *told, used.ru_maxrss // 1024)


if __name__ == "__main__":
    from relay import checks, money, people, run, setup, site  # noqa: F401 - loaded once, before the forks

    for line in sys.stdin:
        sys.stdout.write(json.dumps(asdict(_ended(json.loads(line)))) + "\n")
        sys.stdout.flush()
