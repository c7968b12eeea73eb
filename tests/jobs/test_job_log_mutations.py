"""Logs damaged at random: never a crash, never a job counted twice, never a row dropped silently."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.jobs.job import Batch
from relay.jobs.sources.columns import RowContext
from relay.jobs.sources.halves import DISORDER
from relay.jobs.sources.logs import LogFolder
from relay.jobs.sources.reading import moment
from tests.support.jobs_site import JobsSite, NothingKnown, jobs_site, print_log_row

CSV_HEADER = b"Time,User,Pages,Copies,Printer,Document Name,Client,Duplex,Grayscale,Cost\n"


def print_row(number: int) -> bytes:
    return print_log_row(document=f"Gr\u00f6\u00dfe {number}.pdf", time=f"2026-11-20 9:{number % 60:02}:00 AM").encode()


def csv_row(number: int) -> bytes:
    name = f'"Gr\u00f6\u00dfe, {number}.pdf"' if number % 3 else f"{number}.pdf"
    return f"2026-11-20 09:{number % 60:02}:00,ann,1,1,Colour,{name},pc,NOT DUPLEX,GRAYSCALE,0.0500\n".encode()


@st.composite
def mutated(draw: st.DrawFn, rows: list[bytes]) -> list[bytes]:
    """Return the rows with some of them cut, doubled, swapped, stuffed or recoded."""
    lines = list(rows)
    for _ in range(draw(st.integers(0, 4))):
        index = draw(st.integers(0, len(lines) - 1))
        line = lines[index]
        match draw(st.sampled_from(("cut", "double", "fields", "huge", "bytes", "encoding", "nul", "blank"))):
            case "cut":
                lines[index] = line[: draw(st.integers(0, len(line)))] + b"\n"
            case "double":
                lines.insert(draw(st.integers(0, len(lines))), line)
            case "fields":
                mark = b"\t" if b"\t" in line else b","
                parts = line.rstrip(b"\n").split(mark)
                lines[index] = mark.join(draw(st.permutations(parts))) + b"\n"
            case "huge":
                lines[index] = b"h" * draw(st.sampled_from((5_000, 70_000, 300_000))) + line
            case "bytes":
                at = draw(st.integers(0, len(line)))
                lines[index] = line[:at] + draw(st.binary(max_size=6)) + line[at:]
            case "encoding":
                lines[index] = line.decode("utf-8", "replace").encode(
                    draw(st.sampled_from(("cp1252", "cp1251"))), "replace"
                )
            case "nul":
                lines[index] = line.replace(b"ann", b"a\x00n")
            case _:
                lines.insert(index, b"\n")
    return lines


def read(source: str, content: bytes, name: str) -> list[Batch]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, name).write_bytes(content)
        place = RowContext(ZoneInfo("Europe/Sofia"))
        log = LogFolder(source, Path(folder), place, date(2026, 11, 23))  # type: ignore[arg-type]
        return list(log.batches(NothingKnown()))


def rows_in(content: bytes) -> int:
    """Return how many lines are not blank: what a text editor would count."""
    return sum(bool(line.strip(b" \r\t")) for line in content.split(b"\n"))


@settings(max_examples=150, deadline=None)
@given(mutated([print_row(number) for number in range(8)]))
def test_every_line_of_a_damaged_print_log_is_a_job_or_kept_aside(lines: list[bytes]) -> None:
    content = b"".join(lines)
    (batch,) = read("print_logs", content, "printlog_2026_11_20.log")
    assert abs(rows_in(content) - len(batch.jobs) - len(batch.set_aside)) <= content.count(b"\x1c") + content.count(
        b"\x85"
    )
    assert len(batch.keys) == len(set(batch.keys)) == len(batch.jobs)
    assert batch.keys == read("print_logs", content, "printlog_2026_11_20.log")[0].keys


@settings(max_examples=150, deadline=None)
@given(mutated([csv_row(number) for number in range(8)]))
def test_an_undamaged_row_of_a_damaged_csv_is_always_read(lines: list[bytes]) -> None:
    """A record may take the lines of its open quote, but never a line that is a whole row by itself."""
    content = CSV_HEADER + b"".join(lines)
    batches = read("csv", content, "log-2026-11-20.csv")
    jobs = [job for batch in batches for job in batch.jobs]
    whole = [line for line in content.split(b"\n")[1:] if line + b"\n" in {csv_row(number) for number in range(8)}]
    assert len(jobs) >= len(whole)
    keys = [key for batch in batches for key in batch.keys]
    assert len(set(keys)) == len(keys) == len(jobs)


@contextmanager
def fresh_site() -> Iterator[JobsSite]:
    with tempfile.TemporaryDirectory() as folder:
        site = jobs_site(Path(folder))
        yield site
        site.database.dispose()


@settings(max_examples=25, deadline=None)
@given(mutated([print_row(number) for number in range(6)]), st.lists(st.integers(0, 800), max_size=4))
def test_a_file_read_in_any_pieces_gives_the_same_jobs_as_read_at_once(lines: list[bytes], cuts: list[int]) -> None:
    """The log grows while it is read: the ledger's database ends the same, and a further import changes nothing."""
    content = b"".join(lines)
    (at_once,) = read("print_logs", content, "printlog_2026_11_20.log")
    with fresh_site() as site:
        for cut in sorted(cuts):
            site.log("2026_11_20").write_bytes(content[:cut])
            site.import_jobs()
        site.log("2026_11_20").write_bytes(content)
        site.import_jobs()
        assert sorted(at_once.keys) == [row["key"] for row in site.rows()]
        assert [item.position for item in at_once.set_aside] == [row["position"] for row in site.set_aside()]
        assert 0 == site.import_jobs().counts.new


@pytest.mark.parametrize("zone", ["Europe/Sofia", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
@given(st.lists(st.integers(0, 12 * 3600), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_rows_in_order_get_moments_in_order(zone: str, seconds: list[int]) -> None:
    """Whatever the clock does that night, moments follow the rows, up to the disorder that is no second pass."""
    place = ZoneInfo(zone)
    for start in (datetime(2026, 10, 24, 20, tzinfo=UTC), datetime(2026, 4, 4, 10, tzinfo=UTC)):
        after = None
        for offset in sorted(seconds):
            true = datetime.fromtimestamp(start.timestamp() + offset, UTC)
            got = moment(true.astimezone(place).replace(tzinfo=None), place, after)
            assert abs(got - true).total_seconds() in (0, 1800, 3600)
            assert after is None or got >= after - DISORDER
            after = got
