"""Who did what from the console: one JSON object a line in `state_dir/logs/console.log`, rotated; never a secret."""

from __future__ import annotations

import json
import logging
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

from relay import log_files, private_files
from relay.clock import Clock

log = logging.getLogger(__name__)

LARGEST_BYTES = 2_000_000
KEPT_FILES = 5


class Audit:
    def __init__(self, folder: Path, clock: Clock) -> None:
        self._file = folder / "console.log"
        self._clock = clock
        self._lock = threading.Lock()
        private_files.make_private_folder(folder)

    def write(self, who: str, action: str, subject: str = "", outcome: str = "done", address: str = "") -> None:
        """Add one line, on the disk when this returns. A log that cannot be written is told in the relay's own log."""
        row = {
            "at": self._clock.now().isoformat(timespec="seconds"),
            "who": who,
            "action": action,
            "subject": subject[:500],
            "outcome": outcome[:1000],
            "address": address,
        }
        line = (json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", "replace")
        with self._lock:
            try:
                log_files.add_line(self._file, line, largest=LARGEST_BYTES, kept=KEPT_FILES, durable=True)
            except OSError as error:
                log.error("the console's log %s cannot be written (%s); lost: %s", self._file, error.strerror, row)

    def last(self, count: int) -> list[dict[str, Any]]:
        """Return the newest lines, newest first; `at` is a datetime."""
        rows: list[dict[str, Any]] = []
        for file in (self._file, self._numbered(1)):
            if len(rows) >= count or not file.exists():
                continue
            for line in reversed(file.read_text(encoding="utf-8", errors="replace").splitlines()):
                try:
                    row = json.loads(line)
                    rows.append({**row, "at": datetime.fromisoformat(row["at"])})
                except (ValueError, KeyError, TypeError):
                    continue  # the half line of a moment without power
                if len(rows) >= count:
                    break
        return rows

    def _numbered(self, number: int) -> Path:
        return self._file.with_name(f"{self._file.name}.{number}")
