"""Runs commands of papercut-relay in processes of their own that may open only so many files; started by tests.

Reads a line of JSON each: {"files": most open files or null, "words": [...]}. Each command is a fork of this process,
which has everything loaded. Answers a line of JSON: {"code", "stdout", "stderr"}.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile

from relay import cli, config  # noqa: F401 - loaded once, before the forks
from relay.cli.failure import main
from relay.people import sync  # noqa: F401


def run(files: int | None, words: list[str], out: int, err: int) -> None:
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.closerange(3, 256)
    if files is not None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    main(words)


def answer(line: str) -> dict[str, object]:
    asked = json.loads(line)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            code = 99
            try:
                run(asked["files"], asked["words"], out.fileno(), err.fileno())
            except SystemExit as end:
                code = int(end.code or 0)
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        told = []
        for file in (out, err):
            file.seek(0)
            told.append(file.read().decode("utf-8", "replace"))
    return {"code": code, "stdout": told[0], "stderr": told[1]}


if __name__ == "__main__":
    for command in sys.stdin:
        sys.stdout.write(json.dumps(answer(command)) + "\n")
        sys.stdout.flush()
