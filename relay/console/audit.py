"""Who did what from the console: one JSON object a line in `state_dir/logs/console.log`, rotated; never a secret."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from relay import foreign, json_text, log_files, plain_files, private_files
from relay.clock import Clock
from relay.language import N_, WordTable, kept, unkept

log = logging.getLogger(__name__)

LARGEST_BYTES = 2_000_000
KEPT_FILES = 5
LONGEST = 1000  # characters of how a deed ended

# What a line is about -> what it is called, by the page that wrote it; whatever is not named here is the relay's own.
ABOUT = WordTable(
    {
        "money": N_("Money"),
        "people": N_("People"),
        "settings": N_("Settings"),
        "logins": N_("Logins"),
        "work": N_("Runs and checks"),
    }
)
_PAGES = {
    "login": "logins",
    "money": "money",
    "held": "money",
    "people": "people",
    "review": "people",
    "settings": "settings",
    "users": "settings",
}


def about(page: str) -> str:
    """Return the key of ABOUT for a page of the console, by the name of its blueprint."""
    return _PAGES.get(page, "work")


def is_login(row: Mapping[str, Any]) -> bool:
    return row.get("action") == "login" and row.get("outcome") == "done"


class Audit:
    def __init__(self, folder: Path, clock: Clock) -> None:
        self._file = folder / "console.log"
        self._clock = clock
        self._lock = threading.Lock()
        private_files.make_private_folder(folder)

    def write(
        self,
        who: str,
        action: str,
        subject: str = "",
        outcome: str = "done",
        address: str = "",
        *,
        amount: str = "",
        reason: str = "",
        about: str = "",
        whom: str = "",
    ) -> None:
        """Add one line, on the disk when this returns: in English, with what its sentences are made of.

        A log that cannot be written is told in the relay's own log.

        `amount` is in the site's currency ("7.00"), `about` the part of the console it belongs to, see `ABOUT`.
        `whom` is the member id or username of the person that `subject` names: several may have that name.
        """
        row = {
            "at": self._clock.now().isoformat(timespec="seconds"),
            "who": who,
            "action": action,
            "subject": subject[:500],
            "amount": amount,
            "reason": reason[:500],
            "outcome": outcome if len(outcome) <= LONGEST else outcome[:LONGEST],
            "about": about,
            "address": address,
            **({"whom": whom[:200]} if whom else {}),
        }
        line = (foreign.visible_json(json.dumps(kept(row), ensure_ascii=False)) + "\n").encode()
        with self._lock:
            try:
                log_files.add_line(self._file, line, largest=LARGEST_BYTES, kept=KEPT_FILES, durable=True)
            except OSError as error:
                log.error("the console's log %s cannot be written (%s); lost: %s", self._file, error.strerror, row)

    def last(self, count: int) -> list[dict[str, Any]]:
        """Return the newest lines, newest first; `at` is a datetime."""
        return list(islice(self.rows(), count))

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield every line that is kept, newest first; `at` is a datetime. Older files are read only when asked for."""
        for file in (self._file, *map(self._numbered, range(1, KEPT_FILES + 1))):
            try:
                lines = plain_files.text(file, errors="replace").split("\n")  # a name may hold what else ends a line
            except OSError:
                continue
            for line in reversed(lines):
                try:
                    row = unkept(json_text.parsed(line))
                    yield {**row, "at": json_text.moment(row["at"])}
                except (ValueError, KeyError, TypeError):
                    continue  # the half line of a moment without power

    def last_logins(self) -> dict[str, datetime]:
        """Return when each name logged in last, as far back as the log goes."""
        found: dict[str, datetime] = {}
        for row in self.rows():
            if is_login(row):
                found.setdefault(str(row.get("who")), row["at"])
        return found

    def _numbered(self, number: int) -> Path:
        return self._file.with_name(f"{self._file.name}.{number}")
