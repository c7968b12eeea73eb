"""Which column of a log is what: by its header, by the documented order, or by the setting [jobs] cost_column.

Given a row's texts it returns a job; it opens no file. Source: PaperCut manual, data access (fields 1 to 9 of the
print log, the tenth being copies; what follows is not documented); PaperCut Print Logger and a field report for the
CSV, whose headers vary and whose rows may end in a comma.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from relay import language
from relay.jobs.job import LARGEST_COUNT, Job, UnreadableRow
from relay.jobs.sources import headers, reading
from relay.jobs.tables import NAME
from relay.language import lazy

_NEEDED = ("user", "printer")

# The documented fields of the print log, and what a row beyond them may hold.
_PRINT_LOG = ("time", "server", "printer", "user", "account", "client", "document", "total_pages", "colour", "copies")
_DOCUMENTED = 9
_MONEY_SHAPE = re.compile(r"\d+[.,]\d{2}|\d+[.,]\d{4,6}|\d+\.\d{3}")
_LATEST = timedelta(days=31)  # after the day in the file's name; what a wrong clock wrote is later
_KINDS = ("print", "copy", "scan", "fax")
_DATE = re.compile(r"\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\s*")
_CLOCK = re.compile(r"\s*\d{1,2}:\d\d\b.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each column of a file stands. `width`: how many fields a row must have, 0: at least the documented ones."""

    columns: dict[str, int]
    width: int = 0
    tail_by_look: bool = False  # fields beyond the documented ones are known by their look only

    @property
    def names_accounts(self) -> bool:
        return "account" in self.columns


def print_log_layout(cost_column: str) -> Layout:
    """Return the layout of a print log without a header. `cost_column` is a field's number from 1, "": by its look."""
    columns = {name: index for index, name in enumerate(_PRINT_LOG)}
    if cost_column.strip().isdigit():
        columns["cost"] = int(cost_column) - 1
    return Layout(columns, tail_by_look=True)


def header_layout(fields: Sequence[str], cost_column: str, named: Mapping[str, str]) -> Layout | None:
    """Return the layout that a header line gives, None where these fields are no header of a job log.

    `named` is [jobs.columns]; with `cost_column` no other column is the cost.
    """
    fields = without_surplus(fields, 0)
    columns: dict[str, int] = {}
    wanted = headers.plain(cost_column)
    for index, field in enumerate(fields):
        column = headers.column_of(field, named)
        if wanted:
            column = "cost" if headers.plain(field) == wanted else None if column == "cost" else column
        if column is not None:
            columns.setdefault(column, index)
    if any(name not in columns for name in _NEEDED):
        return None
    if not columns.keys() & {"day", "time"} or not columns.keys() & {"pages", "total_pages"}:
        return None
    return Layout(columns, width=len(fields))


def without_surplus(fields: Sequence[str], width: int) -> Sequence[str]:
    """Return a row without the empty fields beyond `width` at its end: its line ends in a comma."""
    end = len(fields)
    while end > width and not fields[end - 1].strip():
        end -= 1
    return fields[:end]


def as_laid_out(fields: Sequence[str], layout: Layout) -> Sequence[str]:
    """Return a row's fields as the layout counts them: a date and a time that a tab parts are one field."""
    at = layout.columns.get("time")
    if at is not None and "day" not in layout.columns and at + 1 < len(fields):
        day, clock = fields[at], fields[at + 1]
        if _DATE.fullmatch(day) and _CLOCK.fullmatch(clock):
            fields = [*fields[:at], f"{day.strip()} {clock.strip()}", *fields[at + 2 :]]
    return without_surplus(fields, layout.width) if layout.width else fields


@dataclass(frozen=True, slots=True)
class RowContext:
    """What a row's meaning depends on beside its own text; `zone` is that of the server's clock."""

    zone: ZoneInfo
    file_day: date | None = None
    personal_account: str = ""


def job_of(
    fields: Sequence[str], layout: Layout, place: RowContext, local: datetime, after: datetime | None, digest: str
) -> Job:
    """Return the job that a row tells. Raises UnreadableRow.

    `local` is the row's time, `after` the moment of the row before, `digest` what identifies the row's text.
    """
    columns = layout.columns
    row = {column: fields[index] for column, index in columns.items() if index < len(fields)}
    if layout.tail_by_look:
        row = _by_look(fields) | row
    field = row.get
    if place.file_day is not None and local.date() - place.file_day > _LATEST:
        raise UnreadableRow(lazy("it is dated %(day)s, long after its own log", day=language.day(local.date())))
    username = reading.name(row["user"], "username", NAME).lower()
    printer = reading.name(row["printer"], "printer's name", NAME)
    if not username or not printer:
        raise UnreadableRow(lazy("it names no user or no printer"))
    copies = _optional_count(field("copies"))
    copies = 1 if copies is None else copies
    per_copy = "total_pages" not in row
    pages = reading.count(row["pages"]) * max(1, copies) if per_copy else reading.count(row["total_pages"])
    if pages > LARGEST_COUNT:
        raise UnreadableRow(lazy("%(pages)s cannot be the pages of one job", pages=pages))
    colour = _optional_count(field("colour"))
    price_text = field("cost", "").strip()
    price = reading.cost(price_text) if price_text else None
    grayscale = reading.flag(field("grayscale", ""))
    if colour is None and grayscale:
        colour = 0
    account = reading.name(field("account", ""), "account's name", NAME)
    if account.lower() in (username, place.personal_account.lower()):
        account = ""
    denied = bool(reading.flag(field("denied", ""))) or reading.flag(field("printed", "")) is False
    refunded = bool(reading.flag(field("refunded", ""))) and not denied
    return Job(
        base=f"{local.year:04}{local.month:02}{local.day:02}T{local.hour:02}{local.minute:02}{local.second:02}.{digest}",
        at=reading.moment(local, place.zone, after),
        username=username,
        server=reading.name(field("server", ""), "server's name", NAME),
        printer=printer,
        document=reading.clean(field("document", ""), NAME),
        pages=pages,
        copies=copies,
        colour_pages=colour,
        is_colour=reading.is_colour(colour, pages, grayscale),
        sheets=_optional_count(field("sheets")),
        duplex=reading.flag(field("duplex", "")),
        cost=0 if denied else price,
        account=account,
        kind=kind_of(field("kind", "")),
        state="denied" if denied else "refunded" if refunded else "printed",
        refunded=(price or 0) if refunded else 0,
        certain=layout.names_accounts and price is not None and "cost" in columns,
    )


def check_width(fields: Sequence[str], layout: Layout) -> None:
    """Raise Unreadable where a row has not the fields that its file's rows have."""
    if layout.width:
        if len(fields) != layout.width:
            raise UnreadableRow(
                lazy("it has %(fields)s fields where the header has %(width)s", fields=len(fields), width=layout.width)
            )
    elif len(fields) < _DOCUMENTED:
        raise UnreadableRow(
            lazy("it has %(fields)s of the %(wanted)s fields of a print log", fields=len(fields), wanted=_DOCUMENTED)
        )


def is_plausible(fields: Sequence[str], layout: Layout) -> bool:
    """Return whether a row's figures and flags are ones: what was counted from both ends must have hit its columns."""
    for column, index in layout.columns.items():
        text = fields[index].strip()
        try:
            if column in ("pages", "total_pages"):
                reading.count(text)
            elif column in ("copies", "colour", "sheets"):
                _optional_count(text)
            elif column == "cost" and text:
                reading.cost(text)
            elif column in ("duplex", "grayscale") and text and reading.flag(text) is None:
                return False
        except UnreadableRow:
            return False
    return True


def time_text(fields: Sequence[str], layout: Layout) -> str:
    """Return a row's date and time, which some headers name as two columns."""
    places = (layout.columns.get(name) for name in ("day", "time"))
    return " ".join(fields[index] for index in places if index is not None and index < len(fields))


def _optional_count(text: str | None) -> int | None:
    return reading.count(text) if text is not None and text.strip() else None


def _by_look(fields: Sequence[str]) -> dict[str, str]:
    """Return what the undocumented fields of a print log must be by their look.

    The first that is written like money is the cost; two yes-or-no fields beside each other are duplex and grayscale,
    in the order in which PaperCut names them everywhere.
    """
    tail = [text.strip() for text in fields[len(_PRINT_LOG) :]]
    found: dict[str, str] = {}
    for text in tail:
        if _MONEY_SHAPE.fullmatch(text):
            found["cost"] = text
            break
    for first, second in zip(tail, tail[1:], strict=False):
        if first in ("Y", "N") and second in ("Y", "N"):
            found["duplex"], found["grayscale"] = first, second
            break
    return found


def kind_of(text: str) -> str:
    word = text.strip().lower()
    return next((kind for kind in _KINDS if kind in word), "print" if not word else "other")
