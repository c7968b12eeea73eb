"""Tiny custom programs for the stand-in to start: a user source that answers from a table, and auth programs."""

from __future__ import annotations

import json
from pathlib import Path

USER_SOURCE = """\
import json, os, sys
here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "answers.json"), encoding="utf-8") as file:
    answers = json.load(file)
given = sys.argv[1:]
if given[1:2] == ["get-user-details"] and len(given) == 2:
    given.append(sys.stdin.readline().strip())
with open(os.path.join(here, "asked.log"), "a", encoding="utf-8") as file:
    file.write(json.dumps({"argv": given, "environment": sorted(os.environ)}) + "\\n")
answer = answers.get(" ".join(given[1:]))
if given[:1] != ["-"] or answer is None:
    sys.stderr.write("not known: " + " ".join(given[1:]))
    sys.exit(1)
sys.stdout.buffer.write(answer.encode("utf-8"))
"""

AUTH = """\
import json, os, sys
here = os.path.dirname(os.path.abspath(__file__))
name = sys.stdin.readline().rstrip("\\n")
password = sys.stdin.readline().rstrip("\\n")
with open(os.path.join(here, "asked.log"), "a", encoding="utf-8") as file:
    file.write(json.dumps({"argv": sys.argv[1:], "name": name, "environment": dict(os.environ)}) + "\\n")
with open(os.path.join(here, "answers.json"), encoding="utf-8") as file:
    answer = json.load(file).get(name + "/" + password, {"out": "ERROR\\n"})
if answer.get("until_end_of_file"):
    sys.stdin.read()
sys.stdout.write(answer.get("out", ""))
sys.stdout.flush()
sys.exit(answer.get("exit", 0))
"""


class Program:
    """One fake: its file, and what it was asked."""

    def __init__(self, folder: Path, name: str, source: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.path = folder / name
        self.path.write_text(source, encoding="utf-8")
        self.answers({})

    def answers(self, table: dict[str, object]) -> None:
        """Set what is answered; anything else is refused."""
        (self.folder / "answers.json").write_text(json.dumps(table), encoding="utf-8")

    def asked(self) -> list[dict[str, object]]:
        log = self.folder / "asked.log"
        return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []

    def commands(self) -> list[str]:
        """Return the questions so far: ["all-users", "group-member-names Acme"]."""
        return [" ".join(entry["argv"][1:]) for entry in self.asked()]


def user_source(folder: Path) -> Program:
    return Program(folder, "user_source.py", USER_SOURCE)


def auth_program(folder: Path) -> Program:
    return Program(folder, "auth_program.py", AUTH)
