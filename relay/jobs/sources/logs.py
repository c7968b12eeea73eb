"""PaperCut's own job logs as a source: the tab-delimited print logs and the daily CSV, one file a day, local time.

Each file is read from where the last import stopped; one that is no longer the same is read again from its start, which
counts nothing twice, since a row is identified by its own text. Nothing here writes.

Source: PaperCut manual, data access (`server/logs/print-logs/printlog_yyyy_mm_dd.log`, kept for 30 days); field report
on MF 22 for `server/logs/csv/daily`.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO, Literal
from zoneinfo import ZoneInfo

from relay import language, plain_files
from relay.config import Settings
from relay.finding import Finding, Severity
from relay.held_files import what_to_do
from relay.jobs.job import Batch, Cursor, Job, SetAside, UnreadableRow
from relay.jobs.sources import columns, halves, lines, quoting, reading
from relay.jobs.sources.columns import Layout, RowContext
from relay.jobs.sources.halves import DayHalves, StampedRow
from relay.jobs.sources.lines import Line
from relay.jobs.sources.source import KnownJobs, NoSource
from relay.language import joined, lazy

ROWS_AT_ONCE = 5_000
LARGEST_FILE = 2_000_000_000  # bytes: ten million jobs of one day
KEPT_TEXT = 500  # characters of a row that could not be read
_VERSION = 2  # of what this module makes of a row; a higher one reads everything again
_HEADER_LINES = 5  # a title may stand above the header
_LONGEST_RECORD = 20  # lines of one CSV record, whose document name holds line ends
_OPEN = " open"  # marks the reader of a file with times that its other rows, or other files, help to read
_NAMED_ENTRIES = 6
_LOOKED_AT = 3  # files

_NAMES = {
    "print_logs": re.compile(r"printlog[_-](\d{4})[_-](\d\d)[_-](\d\d)\.log", re.IGNORECASE),
    "csv": re.compile(r".*?(\d{4})[_-](\d\d)[_-](\d\d)\.csv", re.IGNORECASE),
}
_EXAMPLES = {"print_logs": "printlog_2026_11_23.log", "csv": "papercut-print-log-2026-11-23.csv"}
FOLDERS = {"print_logs": ("server", "logs", "print-logs"), "csv": ("server", "logs", "csv", "daily")}


def is_named(settings: Settings) -> bool:
    """Return whether the settings say where the logs lie."""
    return settings.jobs.path is not None or settings.papercut.install_dir is not None


def opened(settings: Settings, now: datetime) -> LogFolder:
    """Return the folder of logs that the settings name. Raises NoSource where there is none to read."""
    source = settings.jobs.source
    assert source in ("print_logs", "csv")
    folder = settings.jobs.path
    if folder is None and settings.papercut.install_dir is not None:
        folder = settings.papercut.install_dir.joinpath(*FOLDERS[source])
    if folder is None:
        raise NoSource(
            Finding(
                "job_log_not_configured",
                "warning",
                "[jobs] path",
                lazy(
                    "It is not known where PaperCut's job logs lie, so no print job was read: name the "
                    "folder in [jobs] path, or PaperCut's own in [papercut] install_dir, or set [jobs] "
                    'source = "none".'
                ),
            )
        )
    if not folder.is_dir():
        asked = settings.jobs.path is not None
        raise NoSource(
            Finding(
                "job_log_missing",
                "error" if asked else "warning",
                str(folder),
                lazy(
                    "There is no folder %(folder)s, so no print job was read: %(next)s",
                    folder=folder,
                    next=lazy("correct [jobs] path.") if asked else lazy("PaperCut makes it at the first print job."),
                ),
            )
        )
    zone = settings.jobs.zone or ZoneInfo(settings.site.timezone)
    context = RowContext(zone, personal_account=settings.papercut.personal_account)
    today = now.astimezone(zone).date()
    return LogFolder(source, folder, context, today, settings.jobs.cost_column, dict(settings.jobs.columns))


def newest(settings: Settings, now: datetime) -> LogFolder:
    """Return the same with the newest files alone. Raises NoSource."""
    return replace(opened(settings, now), newest=_LOOKED_AT)


@dataclass
class LogFolder:
    """One folder of daily files. `today` is the day at the server: files before it are no longer written."""

    source: Literal["print_logs", "csv"]
    folder: Path
    place: RowContext
    today: date
    cost_column: str = ""
    named: Mapping[str, str] = field(default_factory=dict)  # [jobs.columns]
    newest: int = 0  # so many files only; 0: all

    def __post_init__(self) -> None:
        self.findings: list[Finding] = []
        self.oldest_day: date | None = None
        self.read_day: date | None = None
        self.reader = self._reader()
        self._paths: list[tuple[date, Path]] = []
        self._halves: DayHalves | None = None

    def _reader(self) -> str:
        """Return what names this reader: another version or other settings read every file again."""
        settings = f"{self.source} {_VERSION} {self.cost_column}".strip()
        if not self.named:
            return settings
        named = hashlib.blake2b(repr(sorted(self.named.items())).encode(), digest_size=8).hexdigest()
        return f"{settings} {named}"

    def batches(self, known: KnownJobs) -> Iterator[Batch]:
        """Yield what is new, oldest file first. A file that cannot be opened is a finding; the others go on."""
        cursors = known.cursors()
        self.read_day = max(filter(None, map(self._day_of, cursors)), default=None)
        try:
            self._paths = self._files()[-self.newest :]
            if not self._paths and not cursors:
                self._tell_entries()
        except OSError as error:
            self._unreadable(self.folder, error)
            return
        for day, path in self._paths:
            try:
                with plain_files.opened(path, LARGEST_FILE) as file:
                    name = _storable(path.name)
                    yield from _File(self, name, day, file, known).batches(cursors.get(name))
            except OSError as error:
                self._unreadable(path, error)

    def halves(self) -> DayHalves:
        """Return what the rows of all files tell of markers that no table knows; asked for where there is one."""
        if self._halves is None:
            told: dict[str, list[StampedRow]] = {}
            for day, path in self._paths:
                with (
                    contextlib.suppress(OSError),
                    plain_files.opened(path, LARGEST_FILE) as file,
                ):  # told when it is read
                    name = _storable(path.name)
                    told[name] = list(_File(self, name, day, file, None).times())
            self._halves = halves.learnt(told)
        return self._halves

    def tell(self, code: str, severity: Severity, subject: str, message: str) -> None:
        self.findings.append(Finding(code, severity, _storable(subject), message))

    def _unreadable(self, path: Path, error: OSError) -> None:
        what = what_to_do(error, "let the relay's account read it")
        self.tell(
            "job_log_unreadable",
            "error",
            path.name,
            lazy(
                "The job log %(file)s cannot be read (%(why)s): %(what)s. The next import tries again.",
                file=_storable(str(path)),
                why=error.strerror or error,
                what=what,
            ),
        )

    def _files(self) -> list[tuple[date, Path]]:
        """Return the daily files by day: of this folder, else of PaperCut's own folder for them below it."""
        tail = FOLDERS[self.source]
        below = (self.folder.joinpath(*tail[at:]) for at in range(len(tail) - 1, -1, -1))
        found = self._files_in(self.folder)
        for folder in below:
            if not found and folder.is_dir() and (found := self._files_in(folder)):
                self.tell(
                    "job_log_elsewhere",
                    "warning",
                    str(self.folder),
                    lazy(
                        "There is no daily file in %(folder)s, and those in %(found)s were read: name that "
                        "folder in [jobs] path.",
                        folder=self.folder,
                        found=folder,
                    ),
                )
        self.oldest_day = min(found, default=None)
        return sorted(found.items())

    def _files_in(self, folder: Path) -> dict[date, Path]:
        """Return a folder's daily files. Of two for one day the shorter name is the log, the other a copy of it."""
        found: dict[date, Path] = {}
        for path in sorted(folder.iterdir(), key=lambda path: (len(path.name), path.name)):
            day = self._day_of(path.name)
            if day is None or not path.is_file():
                continue
            if day in found:
                self.tell(
                    "job_log_twice",
                    "warning",
                    path.name,
                    lazy(
                        "%(one)s and %(other)s are both the log of %(day)s: the first was not read. "
                        "Move copies out of the folder.",
                        one=_storable(str(path)),
                        other=_storable(found[day].name),
                        day=language.day(day),
                    ),
                )
                continue
            found[day] = path
        return found

    def _tell_entries(self) -> None:
        """Tell what is in a folder without one daily file: a wrong folder, another source's, only sums of months."""
        entries = sorted(_storable(path.name) + ("/" if path.is_dir() else "") for path in self.folder.iterdir())
        if not entries:
            return  # PaperCut makes its folder before it writes into it
        names: str = ", ".join(entries[:_NAMED_ENTRIES])
        if len(entries) > _NAMED_ENTRIES:
            names = lazy("%(names)s and %(count)s more", names=names, count=len(entries) - _NAMED_ENTRIES)
        others = [source for source, names in _NAMES.items() if any(names.fullmatch(entry) for entry in entries)]
        remedy = lazy('set [jobs] source = "%(source)s", or', source=others[0]) if others else ""
        self.tell(
            "job_log_no_file",
            "error",
            str(self.folder),
            lazy(
                "No file in %(folder)s is named like a daily log (%(examples)s), so no print job was read; there "
                "are %(names)s: %(remedy)s",
                folder=_storable(str(self.folder)),
                examples=_EXAMPLES[self.source],
                names=names,
                remedy=joined(remedy, lazy("correct [jobs] path.")),
            ),
        )

    def _day_of(self, name: str) -> date | None:
        matched = _NAMES[self.source].fullmatch(name)
        try:
            return date(*(int(part) for part in matched.groups())) if matched else None
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Record:
    """One row. `text` None: too long to be kept; `identity` is the text that tells it from others in every reading."""

    line: Line
    text: str | None
    identity: str = ""


class _File:
    """One file under way; `known` None where only its times are asked for."""

    def __init__(self, folder: LogFolder, name: str, day: date, file: BinaryIO, known: KnownJobs | None) -> None:
        self.folder = folder
        self.name = name
        self.place = replace(folder.place, file_day=day)
        self.day = day
        self.file = file
        self.known = known
        self.seen: dict[int, int] = {}  # digest of a row's text -> how often it stood in the file so far
        self.reader = folder.reader
        self.encoding = lines.encoding_of(file)
        self.layout = Layout({})
        self.header = ""  # its text; a program that begins anew in the middle of a day writes it once more
        self.delimiter = "\t"
        self.surplus: int | None = None  # empty fields at the end of this file's rows

    def batches(self, cursor: Cursor | None) -> Iterator[Batch]:
        size = self.file.seek(0, 2)
        start = self._resume_at(cursor, size)
        if start is not None and start == size:
            return
        rows_from = self._find_layout()
        if rows_from is None:
            return
        resumed = start is not None
        offset = start if start is not None else rows_from
        last_at = cursor.last_at if cursor is not None and resumed else None
        jobs: list[Job] = []
        aside: list[SetAside] = []
        first = True
        end = begun = offset
        for record in self._records(offset):
            line, text = record.line, record.text
            if not line.finished:
                if self.day < self.folder.today:
                    aside.append(self._aside(line, text, lazy("it is cut off: the file ends within it")))
                break
            end = line.end
            if text is None:
                aside.append(
                    self._aside(line, "", lazy("it is longer than %(size)s KiB", size=lines.LONGEST_LINE // 1024))
                )
            elif text.strip() and text != self.header:
                try:
                    job = self._job(record, text, last_at)
                    jobs.append(job)
                    last_at = job.at
                except UnreadableRow as why:
                    aside.append(self._aside(line, text, why.reason))
            if len(jobs) + len(aside) >= ROWS_AT_ONCE:
                yield self._batch(jobs, aside, end, last_at, resumed, first, end - begun)
                jobs, aside, first, begun = [], [], False, end
        if jobs or aside or end > begun or not resumed:
            yield self._batch(jobs, aside, end, last_at, resumed, first, end - begun)

    def times(self) -> Iterator[StampedRow]:
        """Yield every row's time as it is written, with where it stands; rows without one are left out."""
        rows_from = self._find_layout()
        for record in self._records(rows_from) if rows_from is not None else ():
            if record.text and record.line.finished:
                with contextlib.suppress(UnreadableRow):
                    yield StampedRow(record.line.start, self._stamp(self._fields(record.text)))

    def _resume_at(self, cursor: Cursor | None, size: int) -> int | None:
        """Return the offset up to which this very file is read, None to read it from the start."""
        if cursor is None or cursor.reader != self.folder.reader or cursor.offset > size:
            return None
        return cursor.offset if lines.fingerprint(self.file, cursor.offset) == cursor.fingerprint else None

    def _find_layout(self) -> int | None:
        """Find the file's layout, delimiter and code page; return where its rows begin, None: no header yet."""
        count = 0
        for line in lines.lines(self.file, 0, self.encoding):
            if not line.finished and self.day >= self.folder.today and self.folder.source == "csv":
                return None  # this may become the header
            if line.raw is None or count >= _HEADER_LINES or (not line.finished and self.folder.source != "csv"):
                break
            count += 1
            if self._take_header(line.raw):
                return line.end
        if self.folder.source == "print_logs":
            self.layout = columns.print_log_layout(self.folder.cost_column)
            self._find_code_page()
            return 0
        if count and self.known is not None:
            self.folder.tell(
                "job_log_no_header",
                "error",
                self.name,
                lazy(
                    "%(name)s has no header with time, user, printer and pages in its first lines, so none "
                    "of its jobs were read: see what PaperCut writes there, and name its columns in "
                    "[jobs.columns].",
                    name=self.name,
                ),
            )
        return None

    def _take_header(self, raw: bytes) -> bool:
        """Take a line as the header if it is one: in the code page and by the delimiter that make it name the most."""
        delimiters = ("\t",) if self.folder.source == "print_logs" else (",", ";", "\t")
        best = len(self.layout.columns)
        for encoding in self.encoding.candidates(raw):
            text = encoding.decode(raw).rstrip("\r")
            if "\r" in text:  # a file whose lines end in nothing else is one line, rows and all
                break
            for delimiter in delimiters:
                with contextlib.suppress(UnreadableRow):
                    fields = quoting.split(text, delimiter)
                    layout = columns.header_layout(fields, self.folder.cost_column, self.folder.named)
                    if layout is not None and len(layout.columns) > best:
                        best = len(layout.columns)
                        self.layout, self.delimiter, self.encoding = layout, delimiter, encoding
                        self.header = text
        return best > 0

    def _find_code_page(self) -> None:
        """Find the code page of a file without a header: the one in which its times are read."""
        for count, line in enumerate(lines.lines(self.file, 0, self.encoding)):
            if count >= _HEADER_LINES or line.raw is None:
                return
            for encoding in self.encoding.candidates(line.raw):
                with contextlib.suppress(UnreadableRow):
                    if not self._stamp(self._fields(encoding.decode(line.raw).rstrip("\r"))).marker:
                        self.encoding = encoding
                        break

    def _records(self, offset: int) -> Iterator[Record]:
        """Yield rows with their text; in CSV a row whose quotes are open takes the next lines, if they close them.

        A line that begins like a row is never taken: a quote that opens nothing concerns its own row only.
        """
        waiting: list[Record] = []
        for line in lines.lines(self.file, offset, self.encoding):
            record = self._record(line)
            if self.folder.source != "csv":
                yield record
                continue
            text = record.text
            if waiting and (text is None or len(waiting) >= _LONGEST_RECORD or self._begins(text)):
                yield from waiting
                waiting = []
            if not waiting and (text is None or text.count('"') % 2 == 0 or self._recovered(text) is not None):
                yield record
                continue
            waiting.append(record)
            joined = "\n".join(one.text or "" for one in waiting)
            if line.finished and joined.count('"') % 2 == 0:
                identity = "\n".join(one.identity for one in waiting)
                yield Record(Line(waiting[0].line.start, line.end, b""), joined, identity)
                waiting = []
        if waiting and self.day >= self.folder.today:
            # The rest of the record may still be written: nothing of it is read yet.
            yield replace(waiting[0], line=replace(waiting[0].line, finished=False))
        else:
            yield from waiting

    def _record(self, line: Line) -> Record:
        if line.raw is None:
            return Record(line, None)
        return Record(line, self.encoding.decode(line.raw).rstrip("\r"), self.encoding.identity(line.raw).rstrip("\r"))

    def _begins(self, text: str) -> bool:
        fields = [field.strip(' "') for field in text.split(self.delimiter)]
        try:
            self._stamp(columns.as_laid_out(fields, self.layout))
        except UnreadableRow:
            return False
        return True

    def _fields(self, text: str) -> Sequence[str]:
        """Return a row's fields as its file's layout counts them. Raises UnreadableRow."""
        if self.folder.source != "csv":
            return columns.as_laid_out(text.split("\t"), self.layout)
        why = UnreadableRow(lazy("it has a quote that does not end"))
        if text.count('"') % 2 == 0:
            try:
                fields = quoting.split(text, self.delimiter)
                laid_out = columns.as_laid_out(fields, self.layout)
                columns.check_width(laid_out, self.layout)
                self.surplus = len(fields) - len(laid_out)
                return laid_out
            except UnreadableRow as error:
                why = error
        recovered = self._recovered(text)
        if recovered is None:
            raise why
        return recovered

    def _recovered(self, text: str) -> Sequence[str] | None:
        """Return the fields of a row whose document name has stray quotes or commas, None where that is not sure."""
        document = self.layout.columns.get("document")
        if document is None:
            return None
        habits = (0, 1) if self.surplus is None else (self.surplus,)
        for surplus in habits:
            width = self.layout.width + surplus
            fields = quoting.around(text, self.delimiter, document, width)
            if fields is not None and not any(fields[self.layout.width :]):
                fields = fields[: self.layout.width]
                if columns.is_plausible(fields, self.layout):
                    return fields
        return None

    def _stamp(self, fields: Sequence[str]) -> halves.Stamp:
        return reading.stamp(columns.time_text(fields, self.layout), self.day)

    def _job(self, record: Record, text: str, after: datetime | None) -> Job:
        """Return the job of a row. Raises UnreadableRow."""
        digest = hashlib.blake2b(record.identity.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        fields = self._fields(text)
        columns.check_width(fields, self.layout)
        stamp = self._stamp(fields)
        local = stamp.local
        if stamp.marker:
            self.reader = self.folder.reader + _OPEN  # the rows to come may tell more of this marker
            local = self.folder.halves().local(stamp, self.name, record.line.start)
        return columns.job_of(fields, self.layout, self.place, local, after, digest)

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
        cursor = Cursor(self.name, end, lines.fingerprint(self.file, end), self.reader, last_at)
        settled = (end - bytes_read,) if resumed and first else ()
        return Batch(jobs, keys, aside, cursor, not resumed and first, settled, bytes_read)

    def _keys(self, jobs: list[Job], resumed: bool) -> list[str]:
        """Return the jobs' keys, with a counter that tells equal rows of one file apart: the second one is another."""
        digests = [int(job.base[-16:], 16) for job in jobs]
        if resumed:
            assert self.known is not None
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
