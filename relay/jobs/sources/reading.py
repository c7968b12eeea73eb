"""Reading single values as PaperCut's logs write them: local times, amounts, whole numbers, yes and no.

Pure functions. What could mean two things is not guessed: it is `UnreadableRow`, and its row is kept aside.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from zoneinfo import ZoneInfo

from relay import amounts
from relay.jobs.job import LARGEST_COST, LARGEST_COUNT, UnreadableRow
from relay.jobs.sources.halves import DISORDER, Stamp, half_of, on_the_dial
from relay.language import lazy

_TIME = r"(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?(?:\s*([^\s\d\x00-\x2f:][^\d\n]{0,39}))?"
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})[T,\s]\s*" + _TIME)
_PARTS = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}),?\s+" + _TIME)
_NAMED = re.compile(
    r"(?:([A-Za-z]{3})[a-z]*\.?\s+(\d{1,2}),?|(\d{1,2})[-\s]([A-Za-z]{3})[a-z]*\.?)[-\s](\d{4}),?\s+" + _TIME
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_ZONES = ("Z", "UTC", "GMT")  # a time of another clock than the server's
# PaperCut is younger than the first, and no job of the last can be: a year beyond them comes from a spoiled row.
FIRST_YEAR, LAST_YEAR = 1990, 2199


def stamp(text: str, file_day: date | None = None) -> Stamp:
    """Return the naive local time of a row, to the second, with a marker that no table knows. Raises UnreadableRow.

    ISO dates, and with a 12-hour or 24-hour clock also 23/11/2026, 11/23/2026 and Nov 23, 2026; where day and month
    could be either, the date in the file's name decides. Source: PaperCut manual, data access (local time).
    """
    text = text.strip()
    if found := _ISO.fullmatch(text):
        year, month, day = (int(part) for part in found.group(1, 2, 3))
        clock = found.group(4, 5, 6, 7)
    elif found := _PARTS.fullmatch(text):
        year = int(found.group(3))
        month, day = _month_and_day(int(found.group(1)), int(found.group(2)), year, file_day, text)
        clock = found.group(4, 5, 6, 7)
    elif found := _NAMED.fullmatch(text):
        name = (found.group(1) or found.group(4)).lower()
        if name not in _MONTHS:
            raise no_time(text)
        year, month, day = int(found.group(5)), _MONTHS.index(name) + 1, int(found.group(2) or found.group(3))
        clock = found.group(6, 7, 8, 9)
    else:
        raise no_time(text)
    marker = (clock[3] or "").strip()
    if not FIRST_YEAR <= year <= LAST_YEAR or marker in _ZONES:
        raise no_time(text)
    half = half_of(marker) if marker else None
    try:
        local = datetime(year, month, day, int(clock[0]), int(clock[1]), int(clock[2] or 0))
        return Stamp(on_the_dial(local, half), "", half) if half else Stamp(local, marker)
    except ValueError:
        raise no_time(text) from None


def local_time(text: str) -> datetime:
    """Return the time of a row that no other rows help to read. Raises UnreadableRow, also for an unknown marker."""
    found = stamp(text, None)
    if found.marker:
        raise no_time(text)
    return found.local


def no_time(text: str) -> UnreadableRow:
    return UnreadableRow(lazy("%(text)s is not a date and time", text=repr(text[:40])))


def _month_and_day(first: int, second: int, year: int, file_day: date | None, text: str) -> tuple[int, int]:
    """Return (month, day) of two figures of which either may be the month."""
    if first == second or second > 12:
        return first, second
    if first > 12:
        return second, first
    if file_day is not None and file_day.year == year:
        for month, day in ((first, second), (second, first)):
            if (month, day) == (file_day.month, file_day.day):
                return month, day
    raise UnreadableRow(lazy("%(text)s may be two dates", text=repr(text[:40])))


def moment(local: datetime, zone: ZoneInfo, after: datetime | None) -> datetime:
    """Return the UTC moment of a naive local time.

    In the doubled hour at the end of summer time it is the first pass, unless the row before (`after`) was later. A
    time in the skipped hour counts from the clock before it.
    """
    first = local.replace(tzinfo=zone)
    at = first.astimezone(UTC)
    if after is None:
        return at
    second = local.replace(tzinfo=zone, fold=1)
    offset = second.utcoffset()
    if offset is None or offset >= (first.utcoffset() or offset):
        return at  # an hour that was there once, or never
    second_pass_began = after.astimezone(zone).utcoffset() == offset and abs(after - at) < timedelta(days=1)
    return second.astimezone(UTC) if second_pass_began or at < after - DISORDER else at


_MINUS = re.compile(r"[-\u2010-\u2015\u2212()]")
_NUMBER = re.compile(r"\d+([.,]\d+)?")
_GROUPED = re.compile(r"\d{1,3}(?:([.,\s'])\d{3})(?:\1\d{3})*(?:([.,])(\d+))?")


@lru_cache(maxsize=4096)
def cost(text: str) -> int:
    """Return an amount in micros: "1.2500", "€1,25", "EUR 1 234.50", "kr. 5,00".

    Raises UnreadableRow, also for "1,250", and for less than nothing in any notation: "-1.00", "1.00-", "(1.00)".
    """
    if _MINUS.search(text):
        raise UnreadableRow(lazy("%(text)s is not an amount that a job can cost", text=repr(text[:40])))
    bare = re.sub(r"^[^\d.,+]+(\.\s+)?|\s*[^\d.,\s'][^\d]*$", "", text.strip())
    if _NUMBER.fullmatch(bare):
        if re.fullmatch(r"\d{1,3},\d{3}", bare) and not bare.startswith("0"):
            raise UnreadableRow(lazy("%(text)s may be two amounts", text=repr(text[:40])))
        plain = bare.replace(",", ".")
    elif (found := _GROUPED.fullmatch(bare)) and found.group(1) != found.group(2):
        whole, mark, fraction = bare, found.group(2), found.group(3) or ""
        if mark:
            whole = bare[: -len(fraction) - 1]
        plain = re.sub(r"\D", "", whole) + (f".{fraction}" if fraction else "")
    else:
        raise UnreadableRow(lazy("%(text)s is not an amount", text=repr(text[:40])))
    try:
        micros = amounts.from_decimal(Decimal(plain))
    except (InvalidOperation, ValueError):
        raise UnreadableRow(lazy("%(text)s is not an amount", text=repr(text[:40]))) from None
    if micros > LARGEST_COST:
        raise UnreadableRow(lazy("%(text)s is too large for a price", text=repr(text[:40])))
    return micros


@lru_cache(maxsize=4096)
def count(text: str) -> int:
    """Return a number of pages or copies. Raises UnreadableRow."""
    text = text.strip()
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) > LARGEST_COUNT:
        raise UnreadableRow(lazy("%(text)s is not a number of pages or copies", text=repr(text[:40])))
    return int(text)


_YES = "y yes true 1 duplex grayscale greyscale gray mono on t ja oui sí si sim tak да dúplex"
_NO = "n no false 0 simplex color colour off f nein non nee não nie не"
_TRUE, _FALSE = frozenset(_YES.split()), frozenset(_NO.split())
_NOT = ("not ", "no ", "nicht ", "non ", "niet ", "não ", "nie ", "не ")  # "NOT DUPLEX"


@lru_cache(maxsize=256)
def flag(text: str) -> bool | None:
    """Return yes or no, None for what is neither: such a column adds figures, it must not lose a job."""
    word = text.strip().lower()
    return True if word in _TRUE else False if word in _FALSE or word.startswith(_NOT) else None


def is_colour(colour_pages: int | None, pages: int, grayscale: bool | None) -> bool | None:
    """Return whether a job has colour: as its count of such pages says, else as its mark does; None: nobody says.

    More colour pages than pages is UnreadableRow.
    """
    if colour_pages is not None:
        if colour_pages > pages:
            raise UnreadableRow(
                lazy("it has %(colour)s colour pages of %(pages)s, which cannot be", colour=colour_pages, pages=pages)
            )
        return colour_pages > 0
    return None if grayscale is None else not grayscale


def clean(text: str, length: int) -> str:
    """Return a name on one line, without control characters, of at most `length` characters."""
    if not text.isprintable():
        text = "".join(character if character.isprintable() else " " for character in text)
    text = text.strip()
    return text if len(text) <= length else text[: length - 1] + "…"


@lru_cache(maxsize=16384)
def name(text: str, what: str, length: int) -> str:
    """Return a name that identifies somebody or something; a longer one is Unreadable, since cutting would rename."""
    text = clean(text, length + 1)
    if len(text) > length:
        raise UnreadableRow(lazy("the %(what)s is longer than %(length)s characters", what=what, length=length))
    return text
