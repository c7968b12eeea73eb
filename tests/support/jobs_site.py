"""A site with a ledger and a folder of job logs, for the tests of the jobs room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert, select, update

from relay import jobs
from relay.config import Settings
from relay.database import open_database
from relay.jobs import tables
from relay.jobs.job import Cursor
from relay.progress import Progress
from relay.site import Site
from relay.stored_accounts import people_links
from tests.support.settings_example import example_settings
from tests.support.still_clock import StillClock

ROW = ("2026-11-23 9:15:30 AM", "print01", "Colour", "ann", "ann", "LAPTOP-7", "Offer.pdf", "3", "1", "1", "0.3500")


def print_log_row(**changes: str) -> str:
    """Return one line of a print log with a cost: the example's, with `changes` by the name of the field."""
    names = ("time", "server", "printer", "user", "account", "client", "document", "pages", "colour", "copies", "cost")
    fields = dict(zip(names, ROW, strict=True)) | {"account": changes.get("user", "ann")} | changes
    return "\t".join(fields[name] for name in names) + "\n"


class NothingKnown:
    """What an import knows of earlier ones the first time."""

    def cursors(self) -> dict[str, Cursor]:
        return {}

    def equal_rows(self, bases: list[str]) -> dict[str, int]:
        return {}


class Prices:
    """PaperCut, as far as prices go."""

    def __init__(self, **prices: int) -> None:
        self.prices = prices

    def printers(self) -> list[tuple[str, str]]:
        return [("print01", name) for name in self.prices]

    def printer_cost(self, server: str, printer: str) -> int:
        return self.prices[printer]


@dataclass
class JobsSite:
    settings: Settings
    database: Engine
    clock: StillClock
    folder: Path

    @property
    def context(self) -> Site:
        """The product's own context: its PaperCut knows no price, and OfficeRnD is nobody's to ask."""
        papercut: Any = Prices()
        nobody: Any = None
        return Site(self.settings, nobody, papercut, self.database, self.clock, Progress())

    def import_jobs(self, **changes: Any) -> jobs.ImportResult:
        return jobs.import_jobs(replace(self.context, **changes))

    def log(self, day: str = "2026_11_23") -> Path:
        return self.folder / f"printlog_{day}.log"

    def append(self, *rows: str, day: str = "2026_11_23") -> Path:
        with self.log(day).open("a", encoding="utf-8", newline="") as file:
            file.writelines(rows)
        return self.log(day)

    def rows(self) -> list[dict[str, Any]]:
        with self.database.connect() as connection:
            query = select(tables.jobs).order_by(tables.jobs.c.key)
            return [dict(row) for row in connection.execute(query).mappings()]

    def set_aside(self) -> list[dict[str, Any]]:
        with self.database.connect() as connection:
            query = select(tables.set_aside).order_by(tables.set_aside.c.file, tables.set_aside.c.position)
            return [dict(row) for row in connection.execute(query).mappings()]

    def link(self, username: str, member_id: str = "", company: str = "", linked_at: datetime | None = None) -> None:
        """Link an account, or move the member to another company."""
        member_id = member_id or f"member-{username}"
        values = {
            "username": username,
            "linked_at": linked_at or datetime(2026, 11, 1, tzinfo=UTC),
            "display_name": username.title(),
            "company_id": f"company-{company}" if company else "",
            "company_name": company,
        }
        table = people_links
        with self.database.begin() as connection:
            where = (table.c.site == "hq") & (table.c.member_id == member_id)
            if connection.execute(update(table).where(where).values(**values)).rowcount == 0:
                connection.execute(insert(table).values(site="hq", member_id=member_id, **values))


def jobs_site(folder: Path, **sections: dict[str, Any]) -> JobsSite:
    """Return a site in Europe/Sofia whose logs lie in `folder`/logs; `sections` as in `example_settings`."""
    logs = folder / "logs"
    logs.mkdir(exist_ok=True)
    sections.setdefault("jobs", {}).setdefault("path", str(logs))
    settings = example_settings(folder, **sections)
    return JobsSite(settings, open_database(settings), StillClock(), logs)


def totals(rows: Sequence[dict[str, Any]]) -> tuple[int, int, int]:
    """Return how many jobs and pages these rows are, and their cost in micros."""
    return len(rows), sum(row["pages"] for row in rows), sum(row["cost"] or 0 for row in rows)
