"""Runs settles in processes of their own that die by SIGKILL at a chosen moment; started by test_kills.py.

Reads one number a line: at which moment (before or after a request, before a commit) the process is killed, -1 for
never. Each settle is a fork of this process, which has everything loaded. Answers "killed" or "ended CODE MOMENTS".
With a number as second argument it settles once, in this very process: Windows has no fork.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from requests.adapters import HTTPAdapter
from sqlalchemy import Engine, event

from relay import config, money
from relay.clock import Clock
from relay.database import open_database
from relay.money import top_up as top_ups  # noqa: F401 - loaded once, before the forks
from relay.officernd.client import OfficeRnD
from relay.papercut.client import PaperCut
from relay.progress import Progress
from relay.site import Site

_send = HTTPAdapter.send
moments = 0
deadly = -1


def moment() -> None:
    global moments
    if moments == deadly:
        # Windows' os.kill is TerminateProcess, with the signal as the exit code.
        os.kill(os.getpid(), signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
    moments += 1


def send(self: HTTPAdapter, *arguments: Any, **options: Any) -> Any:
    moment()
    answer = _send(self, *arguments, **options)
    moment()
    return answer


def settle(path: Path) -> int:
    settings = config.load(path)
    clock = Clock()
    HTTPAdapter.send = send  # type: ignore[method-assign]
    event.listen(Engine, "commit", lambda _: moment())
    database = open_database(settings)
    site = Site(settings, OfficeRnD(settings, clock), PaperCut(settings, clock), database, clock, Progress())
    result = money.settle(site)
    return result.exit_code


def main() -> None:
    global deadly
    path = Path(sys.argv[1])
    if len(sys.argv) > 2:
        deadly = int(sys.argv[2])
        os._exit(settle(path))
    for line in sys.stdin:
        deadly = int(line)
        told, tell = os.pipe()
        child = os.fork()
        if child == 0:
            code = settle(path)
            os.write(tell, f"ended {code} {moments}".encode())
            os._exit(0)
        os.close(tell)
        answer = os.read(told, 100).decode()
        os.close(told)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            answer = "killed"
        sys.stdout.write((answer or f"failed {status}") + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
