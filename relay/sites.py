"""Every site of a shared ledger, as the ledger knows it: no other site's settings are needed, and none is asked."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, select

from relay import amounts, jobs
from relay.clock import Clock
from relay.config import Settings
from relay.database import reading
from relay.errors import UsageError
from relay.jobs import Statement
from relay.jobs.statement.forms import Format
from relay.jobs.statement.render import CSV_COLUMNS, json_of
from relay.money.ledger import records, tables
from relay.open_items import OpenItems, open_items
from relay.site import Site
from relay.stored_accounts import people_links


def names(connection: Connection) -> list[str]:
    """Return the names of the sites that the ledger knows of, in their order."""
    found = [connection.execute(select(table.c.site.distinct())).scalars() for table in (tables.runs, people_links)]
    return sorted({name for one in found for name in one}, key=str.casefold)


def settings_of(own: Settings, database: Engine) -> Iterator[Settings]:
    """Yield our settings for each site of the ledger, under its name, its currency and its time zone."""
    with reading(database) as connection:
        found = {
            name: (records.fact(connection, name, "currency"), records.fact(connection, name, "timezone"))
            for name in {*names(connection), own.site.name}
        }
    for name in sorted(found, key=str.casefold):
        if name == own.site.name:
            yield own
        else:
            currency, zone = found[name]
            known = {"currency": currency or own.site.currency, "timezone": zone or own.site.timezone}
            yield own.model_copy(update={"site": own.site.model_copy(update={"name": name, **known})})


@dataclass(frozen=True)
class SiteStatus:
    """Where a site stands: its last run (None: never ran), what is open, what it billed since `first`, micros."""

    name: str
    last_run: records.Run | None
    open: OpenItems
    first: date
    billed: int

    @property
    def currency(self) -> str:
        return self.open.currency

    def as_json(self) -> dict[str, Any]:
        run, billed = self.last_run, amounts.text(self.billed, self.currency)
        return {
            "site": self.name,
            "last_run": run and {"kind": run.kind, "finished": run.finished_at.isoformat(), "exit_code": run.exit_code},
            "version": run.version if run else "",
            "open": self.open.as_json(),
            "billed": {"month": f"{self.first:%Y-%m}", "amount": billed, "currency": self.currency},
        }


def status(own: Settings, database: Engine, clock: Clock) -> list[SiteStatus]:
    """Return for every site its last run with the version that did it, what is open, what this month billed."""
    return [_status(settings, database, clock) for settings in settings_of(own, database)]


def _status(settings: Settings, database: Engine, clock: Clock) -> SiteStatus:
    name = settings.site.name
    today = clock.business_day(settings.site.timezone)
    first = today.replace(day=1)
    with reading(database) as connection:
        last = records.last_runs(connection, name, 1)
        billed = sum(records.billed_by_day(connection, name, first, today).values())
    return SiteStatus(name, last[0] if last else None, open_items(database, settings), first, billed)


def statements(site: Site, *, month: str | None, member: str | None, company: str | None) -> list[Statement]:
    """Return the statement of each site; one that does not know the member or company has none.

    Raises UsageError where no site does, and for a month that is none.
    """
    found, unknown = [], None
    for settings in settings_of(site.settings, site.database):
        try:
            made = jobs.statement(
                settings, site.database, month=month, member=member, company=company, clock=site.clock
            )
        except UsageError as error:
            unknown = error
        else:
            found.append(made)
    if not found and unknown is not None:
        raise unknown
    return found


def render(made: list[Statement], format_: Format, width: int | None) -> str:
    """Return statements of several sites as one text, with what they come to in each currency at its end."""
    if format_ == "html":
        raise UsageError("All sites together are text, csv or json: make a page for each site by its own settings.")
    if format_ == "csv":
        out = io.StringIO()
        rows = csv.writer(out)
        rows.writerow(["site", *CSV_COLUMNS])
        for one in made:
            lines = list(csv.reader(io.StringIO(jobs.render(one, "csv"))))
            rows.writerows([one.site, *line] for line in lines[1:])
        return out.getvalue()
    totals = _totals(made)
    if format_ == "json":
        told = {"sites": [json_of(one) for one in made], "totals": totals}
        return json.dumps(told, ensure_ascii=False, indent=1) + "\n"
    texts = [jobs.render(one, "text", width=width) for one in made]
    for total in totals:
        printed, billed = (f"{total[name]} {total['currency']}" for name in ("printed", "billed"))
        texts.append(f"All {len(made)} sites: printed {printed}, billed {billed}.")
    return "\n".join(texts) + "\n"


def _totals(made: list[Statement]) -> list[dict[str, str]]:
    sums: dict[str, list[int]] = {}
    for one in made:
        sum_ = sums.setdefault(one.currency, [0, 0])
        sum_[0] += one.printed
        sum_[1] += one.billed
    return [
        {"currency": currency, "printed": amounts.text(printed, currency), "billed": amounts.text(billed, currency)}
        for currency, (printed, billed) in sorted(sums.items())
    ]
