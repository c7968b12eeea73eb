"""Imports a million print jobs and says how fast, with how much memory, beside a plain `csv` read of the same files.

    python -m tests.bench.bench_jobs [--rows 1000000] [--days 30]

Prints one JSON object. Exits 1 when memory is not flat (300 MB) or a second import reads more than next to nothing.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from relay import jobs
from tests.support.jobs_site import jobs_site

MOST_MB = 300
MOST_BYTES_PER_FILE = 2_000
PRINTERS, PEOPLE = 12, 5_000


def write_logs(folder: Path, rows: int, days: int) -> int:
    """Write `rows` jobs over `days` daily print logs and return their size in bytes."""
    first = datetime(2026, 10, 26)
    size = 0
    for day in range(days):
        at = first + timedelta(days=day)
        count = rows // days + (day < rows % days)
        path = folder / f"printlog_{at:%Y_%m_%d}.log"
        with path.open("w", encoding="utf-8", newline="") as file:
            for number in range(count):
                moment = at + timedelta(seconds=number * 86_000 // count)
                user = f"member{(number * 7919 + day) % PEOPLE:05}_example.com"
                pages = number % 17 + 1
                file.write(
                    f"{moment:%Y-%m-%d %I:%M:%S %p}\tprint01\tPrinter {number % PRINTERS}\t{user}\t{user}\t"
                    f"LAPTOP-{number % 900}\tDocument {number % 5000}.pdf\t{pages}\t{number % (pages + 1)}\t1\t"
                    f"{pages * 0.05:.4f}\tA4\tY\tN\t\n"
                )
        size += path.stat().st_size
    return size


def plain_read_s(folder: Path) -> float:
    began = time.perf_counter()
    for path in sorted(folder.iterdir()):
        with path.open(encoding="utf-8", newline="") as file:
            for _ in csv.reader(file, delimiter="\t"):
                pass
    return time.perf_counter() - began


def peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if sys.platform != "darwin" else peak / 2**20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        site = jobs_site(Path(name), jobs={"cost_column": "11"})
        site.clock.moment = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
        for number in range(0, PEOPLE, 100):
            site.link(f"member{number:05}_example.com", company="Acme")
        size = write_logs(site.folder, options.rows, options.days)
        plain_s = plain_read_s(site.folder)
        before_mb, began, began_cpu = peak_mb(), time.perf_counter(), time.process_time()
        first = site.import_jobs()
        import_s, import_cpu_s = time.perf_counter() - began, time.process_time() - began_cpu
        began = time.perf_counter()
        second = site.import_jobs()
        second_s = time.perf_counter() - began
        began = time.perf_counter()
        made = jobs.statement(site.settings, site.database, month="2026-11", company="Acme", clock=site.clock)
        statement_s = time.perf_counter() - began
        importing_mb = peak_mb()
        site.database.dispose()
    good = (
        first.counts.new == options.rows
        and importing_mb < MOST_MB
        and second.counts.new == second.counts.read == 0
        and second.counts.bytes_read <= MOST_BYTES_PER_FILE * options.days
    )
    answer = {
        "rows": options.rows,
        "megabytes": round(size / 2**20, 1),
        "import_s": round(import_s, 1),
        "import_cpu_s": round(import_cpu_s, 1),
        "rows_per_second": round(options.rows / import_s),
        "rows_per_cpu_second": round(options.rows / import_cpu_s),
        "plain_csv_rows_per_second": round(options.rows / plain_s),
        "peak_mb": round(importing_mb),
        "peak_mb_before": round(before_mb),
        "second_import_s": round(second_s, 2),
        "second_import_rows_read": second.counts.read,
        "company_statement_s": round(statement_s, 2),
        "company_statement_jobs": made.total.jobs,
        "ok": good,
    }
    print(json.dumps(answer, indent=1))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
