"""PaperCut's own files about jobs: the tab-delimited print log and the daily CSV, one file a day, local time.

Source: PaperCut manual on data access (fields 1 to 9 and the tenth), PaperCut Print Logger's columns for the CSV as
seen on a server; what comes after the tenth field is a switch.
"""

from __future__ import annotations

import csv
import re
from datetime import datetime
from pathlib import Path

from relay.sandbox.papercut.state import Job, State

_CSV_COLUMNS = (
    "Time",
    "User",
    "Pages",
    "Copies",
    "Printer",
    "Document Name",
    "Client",
    "Paper Size",
    "Language",
    "Height",
    "Width",
    "Duplex",
    "Grayscale",
    "Size",
)


def write(state: State, job: Job) -> None:
    """Append one printed job to both of its day's files. The caller holds the lock."""
    at = job.at.astimezone(state.zone)
    logs = state.data_dir / "server" / "logs"
    _append_text(state, logs / "print-logs" / f"printlog_{at:%Y_%m_%d}.log", job, at)
    _append_csv(state, logs / "csv" / "daily" / f"papercut-print-log-{at:%Y-%m-%d}.csv", job, at)


def _append_text(state: State, path: Path, job: Job, at: datetime) -> None:
    twelve = state.switches.print_log_time == "12h"
    fields = [
        f"{at:%Y-%m-%d} {at.hour % 12 or 12}:{at:%M:%S} {'AM' if at.hour < 12 else 'PM'}"
        if twelve
        else f"{at:%Y-%m-%d %H:%M:%S}",
        job.server,
        job.printer,
        job.username,
        job.account,
        job.client,
        job.document,
        str(job.pages),
        str(job.colour_pages),
        str(job.copies),
    ]
    if state.switches.print_log_cost:
        fields += [
            f"{job.cost:.{state.switches.log_cost_digits}f}",
            job.paper_size,
            "Y" if job.duplex else "N",
            "Y" if job.grayscale else "N",
            job.comment,
        ]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write("\t".join(re.sub(r"[\t\r\n]+", " ", field) for field in fields) + "\n")


def _append_csv(state: State, path: Path, job: Job, at: datetime) -> None:
    cost = state.switches.csv_cost_header
    fresh = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        if fresh:
            rows.writerow([*_CSV_COLUMNS, *([cost] if cost else [])])
        row = [
            f"{at:%Y-%m-%d %H:%M:%S}",
            job.username,
            job.pages // job.copies if job.copies else job.pages,
            job.copies,
            job.printer,
            job.document,
            job.client,
            job.paper_size,
            "",
            "",
            "",
            "DUPLEX" if job.duplex else "NOT DUPLEX",
            "GRAYSCALE" if job.grayscale else "NOT GRAYSCALE",
            "",
        ]
        rows.writerow([*row, *([f"{job.cost:.{state.switches.log_cost_digits}f}"] if cost else [])])
