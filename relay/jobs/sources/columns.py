"""Which column of a log is what: by its header, by the documented order, or by the setting [jobs] cost_column.

Given a row's texts it returns a job; it opens no file. Source: PaperCut manual, data access (fields 1 to 9 of the
print log, the tenth being copies; what follows is not documented); PaperCut Print Logger and a field report for the
CSV, whose headers vary.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from relay.jobs.job import LARGEST_COUNT, Job, Unreadable
from relay.jobs.sources import reading
from relay.jobs.tables import NAME

# What a header may call each column, in small letters and single blanks. British and American, CSV and reports.
_HEADERS = {
    "day": ("date", "day"),
    "time": ("time", "date time", "date and time", "usage date", "job date", "print date", "timestamp"),
    "user": ("user", "username", "user name", "login", "used by"),
    "pages": ("pages", "page count", "pages per copy"),
    "total_pages": ("total pages", "total printed pages", "printed pages"),
    "colour": ("color pages", "colour pages", "total color pages", "total colour pages"),
    "copies": ("copies", "number of copies"),
    "server": ("server", "server name", "print server"),
    "printer": ("printer", "printer name", "queue", "device"),
    "document": ("document", "document name", "job name", "title"),
    "account": ("account", "account name", "shared account", "charged to", "account charged", "charged account"),
    "duplex": ("duplex", "double sided", "two sided"),
    "grayscale": ("grayscale", "greyscale", "gray scale", "grey scale", "mono"),
    "sheets": ("sheets", "total sheets"),
    "kind": ("job type", "type", "usage type"),
    "cost": ("cost", "price", "amount", "charge", "job cost", "usage cost", "total cost", "printing cost"),
    "denied": ("denied", "denied reason"),
    "printed": ("printed", "usage allowed", "allowed"),
    "refunded": ("refunded",),
}  # fmt: skip
_BY_HEADER = {header: column for column, headers in _HEADERS.items() for header in headers}
_COST_IN = re.compile(r"(cost|price|charge|amount)( in)? [a-z]{3}")  # "Cost (EUR)"; not "Cost per page", "Cost center"
_NEEDED = ("user", "printer")

# The documented fields of the print log, and what a row beyond them may hold.
_PRINT_LOG = ("time", "server", "printer", "user", "account", "client", "document", "total_pages", "colour", "copies")
_DOCUMENTED = 9
_MONEY_SHAPE = re.compile(r"\d+[.,]\d{2}|\d+[.,]\d{4,6}|\d+\.\d{3}")
_LATEST = timedelta(days=31)  # after the day in the file's name; what a wrong clock wrote is later
_KINDS = ("print", "copy", "scan", "fax")


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


def header_layout(fields: Sequence[str], cost_column: str) -> Layout | None:
    """Return the layout that a header line gives, None where these fields are no header of a job log."""
    columns: dict[str, int] = {}
    wanted = _plain(cost_column)
    for index, field in enumerate(fields):
        header = _plain(field)
        if wanted and header == wanted:
            columns["cost"] = index
            continue
        column = _BY_HEADER.get(header)
        if column is None and _COST_IN.fullmatch(header):
            column = "cost"
        if column == "cost" and wanted:
            continue
        if column is not None:
            columns.setdefault(column, index)
    if any(name not in columns for name in _NEEDED):
        return None
    if not columns.keys() & {"day", "time"} or not columns.keys() & {"pages", "total_pages"}:
        return None
    return Layout(columns, width=len(fields))


def _plain(header: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", header.lower()).strip()


@dataclass(frozen=True, slots=True)
class Place:
    """What a row's meaning depends on beside its own text; `zone` is that of the server's clock."""

    zone: ZoneInfo
    file_day: date | None = None
    personal_account: str = ""


def job_of(fields: Sequence[str], layout: Layout, place: Place, after: datetime | None, digest: str) -> Job:
    """Return the job that a row tells. Raises Unreadable.

    `after` is the moment of the row before, `digest` what identifies the row's text.
    """
    columns = layout.columns
    if layout.width:
        if len(fields) != layout.width:
            raise Unreadable(f"it has {len(fields)} fields where the header has {layout.width}")
    elif len(fields) < _DOCUMENTED:
        raise Unreadable(f"it has {len(fields)} of the {_DOCUMENTED} fields of a print log")

    row = {column: fields[index] for column, index in columns.items() if index < len(fields)}
    if layout.tail_by_look:
        row = _by_look(fields) | row
    field = row.get
    local = reading.local_time(time_text(fields, layout), place.file_day)
    if place.file_day is not None and local.date() - place.file_day > _LATEST:
        raise Unreadable(f"it is dated {local:%Y-%m-%d}, long after its own log")
    username = reading.name(row["user"], "username", NAME).lower()
    printer = reading.name(row["printer"], "printer's name", NAME)
    if not username or not printer:
        raise Unreadable("it names no user or no printer")
    copies = _optional_count(field("copies"))
    copies = 1 if copies is None else copies
    per_copy = "total_pages" not in row
    pages = reading.count(row["pages"]) * max(1, copies) if per_copy else reading.count(row["total_pages"])
    if pages > LARGEST_COUNT:
        raise Unreadable(f"{pages} is no number of pages of one job")
    colour = _optional_count(field("colour"))
    if colour is not None and colour > pages:
        raise Unreadable(f"{colour} colour pages of {pages} pages cannot be")
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
        is_colour=colour > 0 if colour is not None else (None if grayscale is None else not grayscale),
        sheets=_optional_count(field("sheets")),
        duplex=reading.flag(field("duplex", "")),
        cost=0 if denied else price,
        account=account,
        kind=kind_of(field("kind", "")),
        state="denied" if denied else "refunded" if refunded else "printed",
        refunded=(price or 0) if refunded else 0,
        certain=layout.names_accounts and price is not None and "cost" in columns,
    )


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
