"""The field record: what a site answered, as a file that may be sent to anybody.

{"format": "papercut-relay field record", "version": 1, "relay": "0.3.0", "asked_on": "2026-11-30", "wrote": false,
 "switches": {"papercut": {"typed_strings": false}, "officernd": {"end_of_list": "null"}}, "answers": [...]}
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from relay import __version__, plain_files
from relay.errors import UsageError
from relay.held_files import what_to_do
from relay.private_files import write_private
from relay.probe.model import ProbeAnswer
from relay.remedy import Remedy

FORMAT = "papercut-relay field record"
_MAKE_ONE = Remedy("probe", ("",), "to write one")
VERSION = 1
LONGEST_TEXT = 200
_PRIVATE = re.compile(
    r"\"[^\"]*\"|'[^']*'"  # what is quoted is a name
    r"|https?://\S+|\\\\\S+"
    r"|\S+@\S+"
    r"|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b|\b[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,}\b"
    r"|\b[0-9a-fA-F]{16,}\b"
    r"|\d+[.,]\d+"
)


@dataclass(frozen=True)
class FieldRecord:
    """Everything that was asked, and what the site answered."""

    asked_on: date
    wrote: bool
    answers: tuple[ProbeAnswer, ...]

    @property
    def switches(self) -> dict[str, dict[str, Any]]:
        """Return the positions of the stand-ins' switches: {"papercut": {"nil": "refuse"}, "officernd": {}}."""
        found: dict[str, dict[str, Any]] = {"papercut": {}, "officernd": {}}
        for answer in self.answers:
            if answer.question.switch and not answer.is_open:
                found[answer.question.system][answer.question.switch] = answer.value
        return found

    def as_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "version": VERSION,
            "relay": __version__,
            "asked_on": self.asked_on.isoformat(),
            "wrote": self.wrote,
            "switches": self.switches,
            "answers": [answer.as_json() for answer in self.answers],
        }

    def write(self, path: Path) -> None:
        """Write the record to `path`, whole or not at all. Raises UsageError where it cannot be written."""
        try:
            write_private(path, json.dumps(self.as_json(), indent=2, ensure_ascii=False) + "\n")
        except OSError as error:
            what = what_to_do(error, "name another file with --out")
            raise UsageError(f"{path} cannot be written ({error.strerror}): {what}.") from None


def read_record(path: Path) -> dict[str, dict[str, Any]]:
    """Return the switches of a field record: {"papercut": {...}, "officernd": {...}}.

    Raises UsageError for any other file.
    """
    try:
        read = plain_files.json_value(path)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no JSON"
        raise UsageError(f"{path} cannot be read as a field record ({why}).", remedies=(_MAKE_ONE,)) from None
    if not isinstance(read, dict) or read.get("format") != FORMAT or not isinstance(read.get("switches"), dict):
        raise UsageError(f"{path} is no field record.", remedies=(_MAKE_ONE,))
    if read.get("version") != VERSION:
        raise UsageError(f"{path} was written by another version of the relay: use that version's sandbox.")
    switches = {system: read["switches"].get(system, {}) for system in ("papercut", "officernd")}
    if not all(isinstance(positions, dict) for positions in switches.values()):
        raise UsageError(f"{path} is a damaged field record: its switches are no table.")
    return switches


def without_names(text: str) -> str:
    """Return a server's sentence with everything out of it that may name somebody: quotes, addresses, numbers."""
    return " ".join(_PRIVATE.sub("...", text).split())[:LONGEST_TEXT]
