"""A long list on a page: a part of it at a time, and the whole as a file for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from flask import Response, request

Row = TypeVar("Row")


@dataclass(frozen=True)
class ListPart(Generic[Row]):
    """The rows of one page; the first of them is the `first` of the list."""

    rows: Sequence[Row]
    page: int
    pages: int
    first: int


def part_of(rows: Sequence[Row], size: int) -> ListPart[Row]:
    """Return the part of a list that the address asks for as `page`, the last one where there are fewer."""
    pages = max(1, -(-len(rows) // size))
    page = min(max(request.args.get("page", 1, type=int), 1), pages)
    begin = (page - 1) * size
    return ListPart(rows[begin : begin + size], page, pages, begin + 1)


def csv_file(name: str, columns: Sequence[str], rows: Iterable[Iterable[Any]]) -> Response:
    """Return a download that spreadsheets open as it is meant, whatever their language."""
    text = io.StringIO()
    out = csv.writer(text)
    out.writerow(columns)
    out.writerows(rows)
    answer = Response("\ufeff" + text.getvalue(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f"attachment; filename={name}"
    return answer
