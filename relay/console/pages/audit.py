"""Audit: who did what, on whom, how much and why; found by word, person, subject and days, and as a CSV file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request, url_for

from relay.accounts import folded
from relay.console.audit import ABOUT
from relay.console.gate import desk
from relay.console.listing import csv_file, part_of
from relay.language import gettext
from relay.spreadsheet import cell

page = Blueprint("audit", __name__)

SHOWN = 50
COLUMNS = ("at", "who", "action", "subject", "amount", "reason", "outcome", "address")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for; "" and None: anything. The days are those of the site, both included."""

    find: str
    by: str
    about: str
    first: date | None
    last: date | None

    def has(self, row: dict[str, Any], zone: ZoneInfo) -> bool:
        """Return whether a line is wanted, whatever it is about."""
        day = row["at"].astimezone(zone).date()
        if (self.by and row.get("who") != self.by) or not (self.first or day) <= day <= (self.last or day):
            return False
        text = folded(" ".join(str(row.get(name, "")) for name in COLUMNS[1:]))
        return all(word in text for word in folded(self.find).split())

    def as_query(self) -> dict[str, Any]:
        """Return it as it stands in an address, without what is not asked."""
        days = {"from": self.first and self.first.isoformat(), "to": self.last and self.last.isoformat()}
        words = {"find": self.find, "by": self.by, "about": self.about, **days}
        return {name: value for name, value in words.items() if value}


@page.get("/audit")
def show() -> str:
    wanted, zone, rows = _wanted(), desk().formats.zone, list(desk().audit.rows())
    found = [row for row in rows if wanted.has(row, zone)]
    counts = Counter(map(_about, found))
    shown = [row for row in found if wanted.about in ("", _about(row))]
    query = wanted.as_query()
    return render_template(
        "audit.html",
        part=part_of(shown, SHOWN),
        count=len(shown),
        wanted=wanted,
        everybody=sorted({str(row.get("who", "")) for row in rows}, key=str.casefold),
        views=[
            (gettext("All"), url_for("audit.show", **{**query, "about": None}), len(found), not wanted.about),
            *(
                (title, url_for("audit.show", **{**query, "about": about}), counts[about], wanted.about == about)
                for about, title in ABOUT.items()
                if counts[about] or wanted.about == about
            ),
        ],
        csv=url_for("audit.as_csv", **query),
        glue=url_for("audit.show", **query) + ("&" if query else "?"),
    )


@page.get("/audit.csv")
def as_csv() -> Response:
    """Return every line that is looked for, newest first."""
    wanted, zone = _wanted(), desk().formats.zone
    rows = (row for row in desk().audit.rows() if wanted.has(row, zone) and wanted.about in ("", _about(row)))
    return csv_file("audit.csv", COLUMNS, map(_cells, rows))


def _cells(row: Mapping[str, Any]) -> Iterable[str]:
    texts = {name: cell(str(row.get(name, ""))) for name in COLUMNS}
    return {**texts, "at": row["at"].isoformat(), "amount": row.get("amount", "")}.values()


def _wanted() -> Wanted:
    def text(name: str) -> str:
        return " ".join(request.args.get(name, "").split())[:100]

    about = text("about")
    return Wanted(text("find"), text("by"), about if about in ABOUT else "", _day("from"), _day("to"))


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None


def _about(row: dict[str, Any]) -> str:
    """Return what a line is about; those of an earlier version do not say, but for logins."""
    return str(row.get("about") or ("logins" if row.get("action") in ("login", "logout") else "work"))
