"""Runs settles in processes of their own that die by SIGKILL at a chosen moment; started by test_kills.py.

Reads one number a line: at which moment (before or after a request, before a commit) the process is killed, -1 for
never. Each settle is a fork of this process, which has everything loaded. Answers "killed" or "ended CODE MOMENTS".
With a number as second argument it settles once, in this very process: Windows has no fork. Then it tells on standard
output which moments it passed, a line each: "before POST /api/v2/organizations/acme/fees".
"""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

from requests import PreparedRequest
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
passed: list[str] = []
deadly = -1


def moment(what: str) -> None:
    if len(passed) == deadly:
        # Windows' os.kill is TerminateProcess, with the signal as the exit code.
        os.kill(os.getpid(), signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
    passed.append(what)


def send(self: HTTPAdapter, request: PreparedRequest, *arguments: Any, **options: Any) -> Any:
    call = re.search(rb"<methodName>(.*?)<", request.body) if isinstance(request.body, bytes) else None
    what = f"{request.method} {call[1].decode() if call else request.path_url}"
    moment(f"before {what}")
    answer = _send(self, request, *arguments, **options)
    moment(f"after {what}")
    return answer


def settle(path: Path) -> int:
    settings = config.load(path)
    clock = Clock()
    HTTPAdapter.send = send  # type: ignore[method-assign]
    event.listen(Engine, "commit", lambda _: moment("before a commit"))
    database = open_database(settings)
    site = Site(settings, OfficeRnD(settings, clock), PaperCut(settings, clock), database, clock, Progress())
    result = money.settle(site)
    return result.exit_code


def main() -> None:
    global deadly
    path = Path(sys.argv[1])
    if len(sys.argv) > 2:
        deadly = int(sys.argv[2])
        code = settle(path)
        sys.stdout.write("\n".join(passed) + "\n")
        sys.stdout.flush()
        os._exit(code)
    for line in sys.stdin:
        deadly = int(line)
        told, tell = os.pipe()
        child = os.fork()
        if child == 0:
            code = settle(path)
            os.write(tell, f"ended {code} {len(passed)}".encode())
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
