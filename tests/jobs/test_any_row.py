"""A reader answers every row with a job or with why it cannot be read, and with nothing else.

Some hundred cases each; `JOBS_CASES=10000` runs as many.
"""

from __future__ import annotations

import os
import tempfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import RowMapping

from relay.jobs.job import LARGEST_COST, LARGEST_COUNT, Job, UnreadableRow
from relay.jobs.sources import papercut_database
from relay.jobs.sources.columns import RowContext
from relay.jobs.sources.halves import DayHalves, Stamp, StampedRow, learnt
from relay.jobs.sources.logs import LogFolder
from tests.support.jobs_site import NothingKnown

CASES = settings(max_examples=int(os.environ.get("JOBS_CASES", "150")), deadline=None)
SOFIA = ZoneInfo("Europe/Sofia")

HEADER = "Time,User,Pages,Copies,Printer,Document Name,Client,Duplex,Grayscale,Cost\n"
TIMES = st.sampled_from(
    [
        "2026-11-20 09:15:30",
        "2026-11-20\t9:15:30 AM",
        "2026-11-20 9:15:30 p",
        "2026-11-20 9:15:30\u202f\u0441\u043b.\u043e\u0431.",
        "2026-11-20 9:15:30 xa",
        "2026-11-20 1:15:30 xb",
        "0001-01-01 00:00:00",
        "2026-02-30 24:00:00",
        "99999-11-20 09:15:30",
    ]
) | st.text(max_size=30)
NUMBERS = st.sampled_from(["1", "0", "-1", "9" * 30, "1e3", "", "\u0663"]) | st.text(max_size=6)
FIELDS = st.tuples(TIMES, st.text(max_size=12), NUMBERS, NUMBERS, st.text(max_size=12), st.text(max_size=40))
TAILS = st.tuples(st.text(max_size=8), st.text(max_size=8), st.text(max_size=8), NUMBERS | st.just("0,70"))


def read(source: str, text: str, encoding: str = "utf-8") -> list[Job]:
    """Return the jobs of one file, each held to what a job can be."""
    name = {"csv": "log-2026-11-20.csv", "print_logs": "printlog_2026_11_20.log"}[source]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, name).write_bytes(text.encode(encoding, "replace"))
        logs = LogFolder(cast(Any, source), Path(folder), RowContext(SOFIA), date(2026, 11, 23))
        batches = list(logs.batches(NothingKnown()))
    assert [] == [finding for finding in logs.findings if finding.code != "job_log_no_header"]
    jobs = [job for batch in batches for job in batch.jobs]
    assert len(jobs) == len({key for batch in batches for key in batch.keys})
    for job in jobs:
        whole(job)
    return jobs


def whole(job: Job) -> None:
    assert job.username and job.printer
    assert 0 <= job.pages <= LARGEST_COUNT
    assert job.cost is None or 0 <= job.cost <= LARGEST_COST
    assert 1990 <= job.at.year <= 2200


@CASES
@given(st.lists(st.tuples(FIELDS, TAILS), max_size=5), st.sampled_from(["utf-8", "cp1252", "cp1251", "utf-16"]))
def test_any_csv(rows: list[tuple[tuple[str, ...], tuple[str, ...]]], encoding: str) -> None:
    read("csv", HEADER + "".join(",".join([*fields, *tail]) + ",\n" for fields, tail in rows), encoding)


@CASES
@given(st.lists(st.tuples(FIELDS, TAILS), max_size=5), st.sampled_from(["utf-8", "cp1252", "cp1251", "utf-16"]))
def test_any_print_log(rows: list[tuple[tuple[str, ...], tuple[str, ...]]], encoding: str) -> None:
    text = "".join(
        "\t".join([fields[0], "print01", fields[4], fields[1], "", *tail[:1], fields[5], *fields[2:4], "1", tail[3]])
        + "\n"
        for fields, tail in rows
    )
    read("print_logs", text, encoding)


@CASES
@given(st.text(alphabet='",;\n\ta1', max_size=400))
def test_any_heap_of_quotes_and_commas(text: str) -> None:
    read("csv", HEADER + text)


COLUMNS = (
    "usage_cost", "total_pages", "total_color_pages", "total_sheets", "copies", "duplex", "gray_scale",
    "document_name", "job_type", "usage_allowed", "printed", "cancelled", "refunded", "user_name", "server_name",
    "printer_name", "account_name", "sub_name", "account_type", "given_back",
)  # fmt: skip
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text(max_size=300)
    | st.datetimes()
    | st.sampled_from(["Y", "N", "PRINT", "COPY", "SCAN", Decimal("0.1")])
)
MOMENTS = (
    st.none()
    | st.datetimes(datetime(1990, 1, 1), datetime(2199, 12, 31))
    | st.sampled_from(["2026-02-30 10:00:00", "2026-11-20 10:00:00.000000", "infinity", ""])
)


@CASES
@given(MOMENTS, st.dictionaries(st.sampled_from(COLUMNS), VALUES))
def test_any_row_of_the_database(usage_date: Any, values: dict[str, Any]) -> None:
    good = {"user_name": "ann", "printer_name": "Colour", "total_pages": 1, "usage_cost": 0.1, "account_type": "USER"}
    row = dict.fromkeys(COLUMNS) | good | values | {"printer_usage_log_id": 1, "usage_date": usage_date}
    try:
        whole(papercut_database._job(cast(RowMapping, row), SOFIA, None))
    except UnreadableRow as why:
        assert str(why)


@CASES
@given(
    st.dictionaries(
        st.sampled_from(["a.log", "b.log"]),
        st.lists(
            st.tuples(st.integers(0, 23), st.integers(0, 59), st.sampled_from(["", "xa", "xb", "xc"])), max_size=8
        ),
    )
)
def test_any_markers_are_decided_or_left_open(files: dict[str, list[tuple[int, int, str]]]) -> None:
    told = {
        name: [
            StampedRow(at, Stamp(datetime(2026, 11, 20, hour, minute), word))
            for at, (hour, minute, word) in enumerate(rows)
        ]
        for name, rows in files.items()
    }
    halves = learnt(told)
    for name, rows in told.items():
        for row in rows:
            try:
                local = halves.local(row.stamp, name, row.position)
                assert (local.hour - row.stamp.local.hour) % 12 == 0 and local.minute == row.stamp.local.minute
            except UnreadableRow as why:
                assert row.stamp.marker in str(why)
    assert not told or isinstance(halves, DayHalves)


@CASES
@given(st.lists(st.integers(0, 24 * 60 - 1), min_size=2, max_size=30), st.permutations(["xa", "xb"]))
def test_what_rows_in_order_decide_is_right(minutes: list[int], words: list[str]) -> None:
    """Whatever the two words are: where they are decided at all, each row gets its own time back."""
    rows = []
    for at, minute in enumerate(sorted(minutes)):
        hour = minute // 60
        written = datetime(2026, 11, 20, hour % 12 or 12, minute % 60)
        rows.append(StampedRow(at, Stamp(written, words[hour >= 12])))
    halves = learnt({"a.log": rows})
    for row, minute in zip(rows, sorted(minutes), strict=True):
        try:
            local = halves.local(row.stamp, "a.log", row.position)
        except UnreadableRow:
            continue
        assert (local.hour, local.minute) == divmod(minute, 60)
