"""PaperCut's own job logs as a source: the tab-delimited print logs and the daily CSV, one file a day, local time.

Each file is read from where the last import stopped; one that is no longer the same is read again from its start, which
counts nothing twice, since a row is identified by its own text. Nothing here writes.

Source: PaperCut manual, data access (`server/logs/print-logs/printlog_yyyy_mm_dd.log`, kept for 30 days); field report
on MF 22 for `server/logs/csv/daily`.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

from relay.jobs.job import Batch, Cursor, Finding, Job, SetAside, Unreadable
from relay.jobs.sources import columns, lines, reading
from relay.jobs.sources.columns import Layout, Place
from relay.jobs.sources.lines import Encoding, Line

ROWS_AT_ONCE = 5_000
KEPT_TEXT = 500  # characters of a row that could not be read
_VERSION = 1  # of what this module makes of a row; a higher one reads everything again
_HEADER_LINES = 5  # a title may stand above the header
_LONGEST_RECORD = 20  # lines of one CSV record, whose document name holds line ends

_NAMES = {
    "print_logs": re.compile(r"printlog[_-](\d{4})[_-](\d\d)[_-](\d\d)\.log", re.IGNORECASE),
    "csv": re.compile(r".*?(\d{4})[_-](\d\d)[_-](\d\d)\.csv", re.IGNORECASE),
}
Record = tuple[Line, str | None]  # a row and its text; None: too long to be kept
FOLDERS = {"print_logs": ("server", "logs", "print-logs"), "csv": ("server", "logs", "csv", "daily")}


class Known(Protocol):
    """What the ledger's database already holds of this source."""

    def cursors(self) -> dict[str, Cursor]:
        """Return how far each file is read, by its name."""

    def equal_rows(self, bases: list[str]) -> dict[str, int]:
        """Return how many jobs there are of each key without its counter, where there is any."""


@dataclass
class LogFolder:
    """One folder of daily files. `today` is the site's business day: files before it are no longer written."""

    source: Literal["print_logs", "csv"]
    folder: Path
    place: Place
    today: date
    cost_column: str = ""

    def __post_init__(self) -> None:
        self.findings: list[Finding] = []
        self.oldest_day: date | None = None
        self.read_day: date | None = None
        self._reader = f"{self.source} {_VERSION} {self.cost_column}".strip()

    def batches(self, known: Known) -> Iterator[Batch]:
        """Yield what is new, oldest file first. A file that cannot be opened is a finding; the others go on."""
        cursors = known.cursors()
        self.read_day = max(filter(None, map(self._day_of, cursors)), default=None)
        try:
            files = self._files()
        except OSError as error:
            self._unreadable(self.folder, error)
            return
        for day, path in files:
            try:
                with path.open("rb") as file:
                    name = _storable(path.name)
                    yield from _File(self, name, day, file, known).batches(cursors.get(name))
            except OSError as error:
                self._unreadable(path, error)

    def _unreadable(self, path: Path, error: OSError) -> None:
        self.findings.append(
            Finding(
                "job_log_unreadable",
                "error",
                _storable(path.name),
                f"The job log {_storable(str(path))} cannot be read ({error.strerror or error}): "
                "let the relay's account read it. The next import tries again.",
            )
        )

    def _files(self) -> list[tuple[date, Path]]:
        """Return the daily files by day. Of two for one day the shorter name is the log, the other a copy of it."""
        found: dict[date, Path] = {}
        for path in sorted(self.folder.iterdir(), key=lambda path: (len(path.name), path.name)):
            day = self._day_of(path.name)
            if day is None or not path.is_file():
                continue
            if day in found:
                self.findings.append(
                    Finding(
                        "job_log_twice",
                        "warning",
                        _storable(path.name),
                        f"{_storable(str(path))} and {_storable(found[day].name)} are both the log of {day}: the "
                        "first was not read. Move copies out of the folder.",
                    )
                )
                continue
            found[day] = path
        self.oldest_day = min(found, default=None)
        return sorted(found.items())

    def _day_of(self, name: str) -> date | None:
        matched = _NAMES[self.source].fullmatch(name)
        try:
            return date(*(int(part) for part in matched.groups())) if matched else None
        except ValueError:
            return None


class _File:
    """One file under way."""

    def __init__(self, folder: LogFolder, name: str, day: date, file: BinaryIO, known: Known) -> None:
        self.folder = folder
        self.name = name
        self.place = replace(folder.place, file_day=day)
        self.day = day
        self.file = file
        self.known = known
        self.seen: dict[int, int] = {}  # digest of a row's text -> how often it stood in the file so far

    def batches(self, cursor: Cursor | None) -> Iterator[Batch]:
        size = self.file.seek(0, 2)
        start = self._resume_at(cursor, size)
        if start is not None and start == size:
            return
        encoding = lines.encoding_of(self.file)
        found = self._layout(encoding)
        if found is None:
            return
        layout, delimiter, rows_from = found
        resumed = start is not None
        offset = start if start is not None else rows_from
        last_at = cursor.last_at if cursor is not None and resumed else None
        jobs: list[Job] = []
        aside: list[SetAside] = []
        first = True
        end = begun = offset
        for line, text in self._records(offset, encoding, layout, delimiter):
            if not line.finished:
                if self.day < self.folder.today:
                    aside.append(self._aside(line, text, "it is cut off: the file ends within it"))
                break
            end = line.end
            if text is None:
                aside.append(self._aside(line, "", f"it is longer than {lines.LONGEST_LINE // 1024} KiB"))
            elif text.strip():
                try:
                    job = self._job(text, line, layout, delimiter, last_at)
                    jobs.append(job)
                    last_at = job.at
                except Unreadable as why:
                    aside.append(self._aside(line, text, str(why)))
            if len(jobs) + len(aside) >= ROWS_AT_ONCE:
                yield self._batch(jobs, aside, end, last_at, resumed, first, end - begun)
                jobs, aside, first, begun = [], [], False, end
        if jobs or aside or end > begun or not resumed:
            yield self._batch(jobs, aside, end, last_at, resumed, first, end - begun)

    def _resume_at(self, cursor: Cursor | None, size: int) -> int | None:
        """Return the offset up to which this very file is read, None to read it from the start."""
        if cursor is None or cursor.reader != self.folder._reader or cursor.offset > size:
            return None
        return cursor.offset if lines.fingerprint(self.file, cursor.offset) == cursor.fingerprint else None

    def _layout(self, encoding: Encoding) -> tuple[Layout, str, int] | None:
        """Return the file's layout, its delimiter and where its rows begin; None where there is no header yet."""
        delimiters = ("\t",) if self.folder.source == "print_logs" else (",", ";", "\t")
        count = 0
        for line in lines.lines(self.file, 0, encoding):
            if not line.finished and self.day >= self.folder.today and self.folder.source == "csv":
                return None  # this may become the header
            if not line.finished or line.raw is None or count >= _HEADER_LINES:
                break
            count += 1
            text = encoding.decode(line.raw).rstrip("\r")
            for delimiter in delimiters:
                try:
                    layout = columns.header_layout(_split(text, delimiter), self.folder.cost_column)
                except Unreadable:
                    continue
                if layout is not None:
                    return layout, delimiter, line.end
        if self.folder.source == "print_logs":
            return columns.print_log_layout(self.folder.cost_column), "\t", 0
        if count:
            self.folder.findings.append(
                Finding(
                    "job_log_no_header",
                    "error",
                    self.name,
                    f"{self.name} has no header with time, user, printer and pages in its first lines, so none of its "
                    "jobs were read: see what PaperCut writes there.",
                )
            )
        return None

    def _records(self, offset: int, encoding: Encoding, layout: Layout, delimiter: str) -> Iterator[Record]:
        """Yield rows with their text; in CSV a row whose quotes are open takes the next lines, if they close them.

        A line that begins like a row is never taken: a quote that opens nothing spoils its own row only.
        """
        waiting: list[Record] = []
        for line in lines.lines(self.file, offset, encoding):
            text = encoding.decode(line.raw).rstrip("\r") if line.raw is not None else None
            if self.folder.source != "csv":
                yield line, text
                continue
            if waiting and (text is None or len(waiting) >= _LONGEST_RECORD or self._begins(text, delimiter, layout)):
                yield from waiting
                waiting = []
            if not waiting and (text is None or text.count('"') % 2 == 0):
                yield line, text
                continue
            waiting.append((line, text))
            record = "\n".join(text or "" for _, text in waiting)
            if line.finished and record.count('"') % 2 == 0:
                yield Line(waiting[0][0].start, line.end, b""), record
                waiting = []
        if waiting and self.day >= self.folder.today:
            # The rest of the record may still be written: nothing of it is read yet.
            yield replace(waiting[0][0], finished=False), waiting[0][1]
        else:
            yield from waiting

    def _begins(self, text: str, delimiter: str, layout: Layout) -> bool:
        fields = [field.strip(' "') for field in text.split(delimiter)]
        try:
            reading.local_time(columns.time_text(fields, layout), self.day)
        except Unreadable:
            return False
        return True

    def _job(self, text: str, line: Line, layout: Layout, delimiter: str, after: datetime | None) -> Job:
        assert line.raw is not None
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        if self.folder.source == "csv" and text.count('"') % 2:
            raise Unreadable("it has a quote that does not end")
        return columns.job_of(_split(text, delimiter), layout, self.place, after, digest.hex())

    def _aside(self, line: Line, text: str | None, reason: str) -> SetAside:
        return SetAside(self.name, line.start, reason, reading.clean(text or "", KEPT_TEXT))

    def _batch(
        self,
        jobs: list[Job],
        aside: list[SetAside],
        end: int,
        last_at: datetime | None,
        resumed: bool,
        first: bool,
        bytes_read: int,
    ) -> Batch:
        keys = self._keys(jobs, resumed)
        cursor = Cursor(self.name, end, lines.fingerprint(self.file, end), self.folder._reader, last_at)
        settled = (end - bytes_read,) if resumed and first else ()
        return Batch(jobs, keys, aside, cursor, not resumed and first, settled, bytes_read)

    def _keys(self, jobs: list[Job], resumed: bool) -> list[str]:
        """Return the jobs' keys, with a counter that tells equal rows of one file apart: the second one is another."""
        digests = [int(job.base[-16:], 16) for job in jobs]
        if resumed:
            fresh = [job.base for job, digest in zip(jobs, digests, strict=True) if digest not in self.seen]
            for base, count in self.known.equal_rows(fresh).items():
                self.seen[int(base[-16:], 16)] = count
        keys = []
        for job, digest in zip(jobs, digests, strict=True):
            number = self.seen[digest] = self.seen.get(digest, 0) + 1
            keys.append(f"{job.base}.{number}")
        return keys


def _storable(name: str) -> str:
    """Return a file's name as text, also where its bytes are none in this system's encoding."""
    return name.encode("utf-8", "backslashreplace").decode()


def _split(text: str, delimiter: str) -> list[str]:
    if delimiter == "\t":
        return text.split("\t")
    if '"' not in text:
        return text.split(delimiter)
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error as error:
        raise Unreadable(f"it is no CSV ({error})") from None
