"""The fields of one row of a CSV file, also where the quotes in its document name are not what they seem.

Pure functions on texts. PaperCut's own rows were seen with stray quotes and unquoted commas in document names.
"""

from __future__ import annotations

import csv
import re
from functools import lru_cache

from relay.jobs.job import UnreadableRow
from relay.language import lazy


def split(text: str, delimiter: str) -> list[str]:
    """Return the fields of a row, as CSV is meant to be. Raises UnreadableRow."""
    if delimiter == "\t" or '"' not in text:
        return text.split(delimiter)
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error as error:
        raise UnreadableRow(lazy("it is not CSV (%(error)s)", error=error)) from None


def around(text: str, delimiter: str, free: int, width: int) -> list[str] | None:
    """Return the `width` fields of a row whose field number `free` (from 0) may hold anything, None if it has fewer.

    The fields before it are counted from the start, those after it from the end.
    """
    mark = re.escape(delimiter)
    found = _pattern(mark, free, width - free - 1).fullmatch(text)
    if found is None:
        return None
    # Both pieces have a delimiter at their inner end, so that one more field is found there, which is none.
    before = _fields(mark).findall(delimiter + found[1])[:-1]
    after = _fields(mark).findall(found[3])
    return [_bare(field) for field in (*before, found[2], *after)]


# Possessive, so that a row of a thousand quotes is read in one pass.
_FIELD = r'(?:"(?:[^"]|"")*+"|[^{mark}"]*+)'


@lru_cache(maxsize=64)
def _pattern(mark: str, before: int, after: int) -> re.Pattern[str]:
    one = _FIELD.replace("{mark}", mark)
    return re.compile(rf"((?:{one}{mark}){{{before}}})(.*)((?:{mark}{one}){{{after}}})", re.DOTALL)


@lru_cache(maxsize=8)
def _fields(mark: str) -> re.Pattern[str]:
    return re.compile(mark + _FIELD.replace("{mark}", mark).replace("(?:", "(", 1))


def _bare(field: str) -> str:
    if len(field) > 1 and field.startswith('"') and field.endswith('"'):
        field = field[1:-1]
    return field.replace('""', '"')
