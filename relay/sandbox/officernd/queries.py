"""Lists: strict query parameters, filters, one page at a time.

A resource says in a `Listing` what it may be asked; everything else is refused. Nothing here knows a single resource.

Source: officernd-api 2.3 and 2.4.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from bisect import bisect_left, bisect_right
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import Any
from urllib.parse import parse_qsl

from relay.sandbox.officernd.answers import ErrorResponse, GatewayTimeout, bad_request
from relay.sandbox.officernd.instants import parse_instant
from relay.sandbox.officernd.switches import OfficeRnDSwitches
from relay.sandbox.officernd.table import Record, Table

LARGEST_PAGE = 50
LIMIT_ZERO_MEANS = 20
DATE_OPERATORS: dict[str, Callable[[str, str], bool]] = {"$gt": gt, "$gte": ge, "$lt": lt, "$lte": le}
_KEY = re.compile(r"^([^\[\]]+)(?:\[([^\[\]]+)\])?$")

Query = dict[str, str | dict[str, str]]
Shows = Callable[[Record], bool] | None  # None: every record is seen
Filter = tuple[str, str, Any]  # field, operator ("=" for equality), value


@dataclass(frozen=True, slots=True)
class Listing:
    """What a resource's list may be asked: equality filters, dates with operators, sorting, custom properties."""

    equal: frozenset[str] = frozenset()
    dates: frozenset[str] = frozenset()
    sortable: frozenset[str] = frozenset()
    properties: bool = False
    count_by: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A list's parameters after validation."""

    filters: tuple[Filter, ...] = ()
    select: tuple[str, ...] = ()
    sort: tuple[tuple[str, bool], ...] = ()  # field, descending
    limit: int = 0
    cursor_next: str = ""
    cursor_prev: str = ""
    count_by: str = ""


def parse_query(text: str) -> Query:
    """Return a query string as a server's `qs` library sees it: `a[$gte]=1` is {"a": {"$gte": "1"}}.

    A parameter given twice is refused, since it would be a list where one value is due.
    """
    query: Query = {}
    repeated = []
    for key, value in parse_qsl(text, keep_blank_values=True):
        match = _KEY.match(key)
        name, inner = (match[1], match[2]) if match else (key, None)
        present = query.get(name)
        if inner is None:
            if present is not None:
                repeated.append(f"{name} must be a string")
            query[name] = value
        elif isinstance(present, str):
            repeated.append(f"{name} must be a string")
        else:
            inside = query.setdefault(name, {})
            assert isinstance(inside, dict)
            inside[inner] = value
    if repeated:
        raise bad_request(*repeated)
    return query


def list_query(query: Query, listing: Listing, switches: OfficeRnDSwitches) -> ListQuery:
    """Validate the parameters of a list. Raises the 400 that names every one that is wrong."""
    problems: list[str] = []
    filters: list[Filter] = []
    values: dict[str, Any] = {}
    for name, value in query.items():
        if name in ("$limit", "$select", "$cursorNext", "$cursorPrev"):
            values[name] = _plain(name, value, problems)
        elif name == "$sort" and listing.sortable:
            values[name] = _sort(value, listing, problems)
        else:
            _filter(name, value, listing, filters, problems)
    limit = _limit(values.get("$limit"), switches, problems)
    select = values.get("$select")
    if select is not None and not select:
        problems.append("$select should not be empty")
    if problems:
        raise bad_request(*problems)
    return ListQuery(
        filters=tuple(filters),
        select=tuple(part.strip() for part in select.split(",")) if select else (),
        sort=values.get("$sort", ()),
        limit=limit,
        cursor_next=values.get("$cursorNext", ""),
        cursor_prev=values.get("$cursorPrev", ""),
    )


def count_query(query: Query, listing: Listing) -> ListQuery:
    """Validate the parameters of a count: the list's filters and `$countBy`."""
    problems: list[str] = []
    filters: list[Filter] = []
    count_by = ""
    for name, value in query.items():
        if name == "$countBy" and listing.count_by:
            count_by = _plain(name, value, problems)
            if count_by not in listing.count_by:
                problems.append(f"$countBy must be one of the following values: {', '.join(sorted(listing.count_by))}")
        else:
            _filter(name, value, listing, filters, problems)
    if problems:
        raise bad_request(*problems)
    return ListQuery(tuple(filters), count_by=count_by)


def select_query(query: Query) -> tuple[str, ...]:
    """Validate the parameters of a single record: `$select` and nothing else."""
    problems = [f"property {name} should not exist" for name in query if name != "$select"]
    select = query.get("$select")
    if select is not None and (not select or not isinstance(select, str)):
        problems.append("$select should not be empty")
    if problems:
        raise bad_request(*problems)
    return tuple(part.strip() for part in select.split(",")) if isinstance(select, str) else ()


class Lists:
    """Pages of tables; remembers the rows of recent queries until their table changes, so that paging stays cheap."""

    REMEMBERED = 32

    def __init__(self, switches: OfficeRnDSwitches) -> None:
        self._switches = switches
        self._found: OrderedDict[tuple[Any, ...], tuple[int, list[Record], list[str]]] = OrderedDict()

    def page(self, table: Table, query: ListQuery, show: Callable[[Record], Record], shows: Shows = None) -> Any:
        """Return the answer's body: {"results": [...], "rangeStart": 1, "rangeEnd": 50, "cursorNext": "…"}.

        `show` makes of a record what is answered; `shows` says which records there are to be seen.
        """
        if query.cursor_next and query.cursor_prev:
            raise GatewayTimeout
        rows, ids = self._seen(table, query, shows)
        start = self._start(query, ids)
        chosen = rows[start : start + query.limit]
        results = [selected(show(row), query.select) for row in chosen]
        if table.name in self._switches.bare_lists:
            return results
        end = start + len(chosen)
        ends = None if self._switches.end_of_list == "null" else ""
        body: dict[str, Any] = {
            "results": results,
            "rangeStart": start + 1 if chosen else 0,
            "rangeEnd": end if chosen else 0,
            "cursorNext": _cursor(end, chosen[-1]["_id"]) if chosen and end < len(rows) else ends,
            "cursorPrev": _cursor(start, chosen[0]["_id"]) if chosen and start > 0 else ends,
        }
        return {name: value for name, value in body.items() if value != ""}

    def count(self, table: Table, query: ListQuery, shows: Shows = None) -> dict[str, Any]:
        """Return {"total": 3} and, when grouped, {"groups": [{"key": "active", "count": 3}]}."""
        rows, _ = self._seen(table, query, shows)
        body: dict[str, Any] = {"total": len(rows)}
        if query.count_by:
            groups = Counter(str(row.get(query.count_by) or "") for row in rows)
            body["groups"] = [{"key": key, "count": count} for key, count in sorted(groups.items())]
        return body

    def _seen(self, table: Table, query: ListQuery, shows: Shows) -> tuple[list[Record], list[str]]:
        rows, ids = self._rows(table, query)
        if shows is None:
            return rows, ids
        seen = [row for row in rows if shows(row)]  # apart from what is remembered: time alone can change it
        return seen, [row["_id"] for row in seen]

    def _rows(self, table: Table, query: ListQuery) -> tuple[list[Record], list[str]]:
        key = (table.name, query.filters, query.sort)
        known = self._found.get(key)
        if known is not None and known[0] == table.version:
            self._found.move_to_end(key)
            return known[1], known[2]
        rows = [row for row in _candidates(table, query.filters) if matches(row, query.filters)]
        for field, descending in reversed(query.sort):
            rows.sort(key=lambda row: str(row.get(field) or ""), reverse=descending)  # noqa: B023 (used at once)
        ids = [row["_id"] for row in rows]
        self._found[key] = (table.version, rows, ids)
        if len(self._found) > self.REMEMBERED:
            self._found.popitem(last=False)
        return rows, ids

    def _start(self, query: ListQuery, ids: list[str]) -> int:
        """Return the offset of the page's first row. A broken cursor is a 500, as on the real service."""
        if not query.cursor_next and not query.cursor_prev:
            return 0
        offset, identity = _read_cursor(query.cursor_next or query.cursor_prev)
        by_key = self._switches.cursors == "keyset" and not query.sort
        if query.cursor_next:
            return bisect_right(ids, identity) if by_key else min(offset, len(ids))
        before = bisect_left(ids, identity) if by_key else offset
        return max(0, before - query.limit)


def matches(row: Record, filters: tuple[Filter, ...]) -> bool:
    """Return whether a record passes every filter; a missing value passes none but its own."""
    for field, operator, wanted in filters:
        if field == "properties":
            key, text = wanted
            if row.get("properties", {}).get(key) != text:
                return False
            continue
        value = row.get(field)
        if operator == "=":
            passes = value == wanted
        elif operator == "$in":
            passes = value in wanted
        else:
            passes = value is not None and DATE_OPERATORS[operator](value, wanted)
        if not passes:
            return False
    return True


def selected(record: Record, select: tuple[str, ...]) -> Record:
    """Return the record cut to the wanted fields; `_id` always stays, unknown names are ignored (2.4)."""
    if not select:
        return record
    return {name: value for name, value in record.items() if name == "_id" or name in select}


def _candidates(table: Table, filters: tuple[Filter, ...]) -> Any:
    equal = {field: value for field, operator, value in filters if operator == "=" and field in table.indexed}
    return table.find(**equal) if equal else table


def _plain(name: str, value: str | dict[str, str], problems: list[str]) -> str:
    if isinstance(value, str):
        return value
    problems.append(f"{name} must be a string")
    return "?"


def _filter(
    name: str, value: str | dict[str, str], listing: Listing, filters: list[Filter], problems: list[str]
) -> None:
    if name == "properties" and listing.properties and isinstance(value, dict):
        filters.extend(("properties", "=", (key, text)) for key, text in value.items())
    elif name in listing.dates:
        for operator, text in value.items() if isinstance(value, dict) else [("=", value)]:
            if operator != "=" and operator not in DATE_OPERATORS:
                problems.append(f"{name}.property {operator} should not exist")
                continue
            try:
                filters.append((name, operator, parse_instant(text)))
            except ValueError:
                problems.append(f"{name} must be a valid ISO 8601 date string")
    elif name in listing.equal:
        for operator, text in value.items() if isinstance(value, dict) else [("=", value)]:
            if operator == "$in":
                filters.append((name, operator, frozenset(text.split(","))))
            elif operator == "=":
                filters.append((name, operator, text))
            else:
                problems.append(f"{name}.property {operator} should not exist")
    else:
        problems.append(f"property {name} should not exist")


def _limit(text: str | None, switches: OfficeRnDSwitches, problems: list[str]) -> int:
    """Return the page's size: 51 is refused, 0 falls back to 20, a negative one is accepted (2.3)."""
    if text is None:
        return switches.default_limit
    try:
        number = int(text)
    except ValueError:
        problems.append("$limit must be a number conforming to the specified constraints")
        return 0
    if number > LARGEST_PAGE:
        problems.append(f"$limit must not be greater than {LARGEST_PAGE}")
    return min(abs(number), LARGEST_PAGE) or LIMIT_ZERO_MEANS


def _sort(value: str | dict[str, str], listing: Listing, problems: list[str]) -> tuple[tuple[str, bool], ...]:
    try:
        wanted = json.loads(value) if isinstance(value, str) else None
    except ValueError:
        wanted = None
    if not isinstance(wanted, dict):
        problems.append("$sort must be a valid JSON object")
        return ()
    for field, direction in wanted.items():
        if field not in listing.sortable:
            problems.append(f"$sort.property {field} should not exist")
        elif direction not in ("asc", "desc"):
            problems.append(f"$sort.{field} must be one of the following values: asc, desc")
    return tuple((field, direction == "desc") for field, direction in wanted.items())


def _cursor(offset: int, identity: str) -> str:
    return base64.urlsafe_b64encode(json.dumps({"o": offset, "id": identity}).encode()).decode()


def _read_cursor(text: str) -> tuple[int, str]:
    try:
        value = json.loads(base64.urlsafe_b64decode(text.encode()))
        return int(value["o"]), str(value["id"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise ErrorResponse(500, "Unexpected token in JSON at position 0", with_error=False) from None
