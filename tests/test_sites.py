"""Every site of a shared ledger, told from any one of them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import insert

from relay import __version__, jobs, money, sites
from relay.cli import terminal
from relay.console import figures
from relay.errors import UsageError
from relay.money.ledger import records, tables
from tests.support.money_world import Site, lose

NORTH, SOUTH = "north", "south"


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Site]:
    """Two sites on one ledger: north has billed 7.00 EUR today, south holds money in another currency."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    north = Site(tmp_path, {"site": {"name": NORTH}}, url=url)
    north.person("ann")
    north.settle()
    north.prints("ann", 7.0)
    north.clock.move(hours=1)
    north.settle()
    now = north.clock.now()
    for name, code in ((NORTH, 0), (SOUTH, 3)):
        money.record_run(north.database, name, "settle", started=now, ended=now, exit_code=code, answer={})
    held = {"member_id": "m1", "username": "bo", "code": "opening", "amount": 500_000_000, "reason": "why"}
    with north.database.begin() as connection:
        records.set_fact(connection, SOUTH, "currency", "JPY")
        records.set_fact(connection, SOUTH, "timezone", "Asia/Tokyo")
        connection.execute(insert(tables.holds).values(site=SOUTH, at=now, ended_at=None, **held))
    yield north
    north.database.dispose()


def test_what_a_month_billed_is_told_alike_by_sites_page_and_statement(both: Site) -> None:
    """Of a whole month of 31 days, and of a fee that stands while the balance is not put right yet."""
    both.clock.move(days=8)
    both.prints("ann", 3.0)
    with both.faulty("adjust_balance", lose):
        both.settle()
    assert [(movement.state, movement.fee_state) for movement in both.result.movements] == [("failed", "posted")]
    both.clock.move(days=30)
    assert both.context.clock.business_day("Europe/Sofia").day == 31
    settings, database, clock = both.context.settings, both.context.database, both.context.clock
    desk: Any = SimpleNamespace(settings=settings, database=database, of_ledger=lambda _, read, *on: read())
    north = next(one for one in sites.status(settings, database, clock) if one.name == NORTH)
    page = figures.lately(desk, clock.business_day(settings.site.timezone), 30)
    statement = jobs.statement(settings, database, clock=clock)
    assert (north.billed, page.billed_in_month, statement.billed) == (3_000_000, 3_000_000, 3_000_000)


def test_status_of_every_site(both: Site, capsys: pytest.CaptureFixture[str]) -> None:
    found = sites.status(both.context.settings, both.context.database, both.context.clock)
    told = {"sites": [one.as_json() for one in found]}
    north, south = told["sites"]
    finished = both.clock.now().isoformat()
    assert north["last_run"] == {"kind": "settle", "finished": finished, "exit_code": 0}
    assert (north["site"], north["version"], north["open"]["held"]) == (NORTH, __version__, 0)
    assert north["billed"] == {"month": "2026-11", "amount": "7.00", "currency": "EUR"}
    assert south["open"]["held"] == 1 and south["last_run"]["exit_code"] == 3
    assert south["open"]["lines"] == ["1 person with held money waits for a decision (500 JPY)."]
    assert south["billed"] == {"month": "2026-11", "amount": "0", "currency": "JPY"}
    terminal.sites(terminal.output(), told)
    shown = capsys.readouterr().out
    assert "7.00 EUR" in shown and __version__ in shown and SOUTH in shown


def test_a_ledger_without_a_run_has_its_own_site(tmp_path: Path) -> None:
    alone = Site(tmp_path, {}, url=f"sqlite:///{tmp_path}/ledger.db")
    (only,) = sites.status(alone.context.settings, alone.context.database, alone.context.clock)
    told = only.as_json()
    assert (told["site"], told["last_run"], told["version"]) == ("hq", None, "")


def test_statements_of_every_site(both: Site) -> None:
    made = sites.statements(both.context, month="2026-11", member=None, company=None)
    assert [(one.site, one.currency, one.timezone) for one in made] == [
        (NORTH, "EUR", "Europe/Sofia"),
        (SOUTH, "JPY", "Asia/Tokyo"),
    ]
    told: dict[str, Any] = json.loads(sites.render(made, "json", None))
    assert [one["site"] for one in told["sites"]] == [NORTH, SOUTH]
    assert told["totals"] == [
        {"currency": "EUR", "printed": "0.00", "billed": "7.00"},
        {"currency": "JPY", "printed": "0", "billed": "0"},
    ]
    assert "All 2 sites: printed 0.00 EUR, billed 7.00 EUR." in sites.render(made, "text", None)
    assert next(csv.reader(io.StringIO(sites.render(made, "csv", None))))[0] == "site"
    with pytest.raises(UsageError, match="All sites together"):
        sites.render(made, "html", None)


def test_a_company_that_one_site_knows(both: Site) -> None:
    made = sites.statements(both.context, month=None, member=None, company="Acme")
    assert [one.site for one in made] == [NORTH]
    with pytest.raises(UsageError):
        sites.statements(both.context, month=None, member=None, company="Nobody Ltd")
    with pytest.raises(UsageError):
        sites.statements(both.context, month="november", member=None, company=None)
