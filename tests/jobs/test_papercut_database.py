"""PaperCut's external database as a source, and the same statement from all three sources."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from relay import jobs
from relay.jobs import JobLog
from relay.money.decide.explain import LoggedJobs
from relay.sandbox.papercut import PaperCutStandIn
from relay.sandbox.papercut.database import ExternalDatabase
from relay.sandbox.papercut.database import jobs as usage_log
from tests.support import postgresql_server
from tests.support.jobs_site import JobsSite, jobs_site, print_log_row
from tests.support.still_clock import StillClock


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    with postgresql_server.server() as url:
        yield url


@pytest.fixture
def url(postgresql: str) -> str:
    """The URL of an empty database for PaperCut."""
    engine = sa.create_engine(postgresql)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()
    return postgresql


class PaperCutOffice:
    """A stand-in PaperCut that writes its logs and its external database, and a site that reads one of them."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.clock = StillClock(datetime(2026, 11, 20, 8, 0, tzinfo=UTC))
        self.standin = PaperCutStandIn(data_dir=folder / "papercut", clock=self.clock, timezone="Europe/Sofia")
        state = self.standin.state
        state.add_user("ann")
        state.add_user("ben")
        state.add_user("guest")
        state.add_printer("print01", "Colour", page_cost=0.05, colour_page_cost=0.25, duplex_discount_percent=10)
        state.add_printer("print01", "Mono", page_cost=0.035)
        state.add_shared_account("Projects\\Alpha", restricted=False)
        self.external = ExternalDatabase(url, state)

    def close(self) -> None:
        self.external.close()

    def site(self, source: str, **more: Any) -> JobsSite:
        folder = self.folder / f"relay-{source}"
        folder.mkdir()
        section: dict[str, Any] = {"source": source, "path": "", **more}
        if source == "database":
            (folder / "secrets").mkdir()
            secret = folder / "secrets" / "papercut_database"
            secret.write_text(self.url)
            secret.chmod(0o600)
            section["database_url_file"] = "secrets/papercut_database"
        site = jobs_site(folder, jobs=section, papercut={"install_dir": str(self.folder / "papercut")})
        site.clock.moment = self.clock.moment
        site.link("ann", company="Acme")
        site.link("ben", company="Acme")
        return site

    def print_a_week(self) -> list[Any]:
        printed = []
        for day in range(5):
            printed.append(self.standin.print_job(user="ann", printer="Colour", pages=3, colour_pages=1, copies=2))
            self.clock.move(minutes=30)
            printed.append(
                self.standin.print_job(user="ben", printer="Mono", pages=7, duplex=True, document="Größe, 1.pdf")
            )
            printed.append(self.standin.print_job(user="ben", printer="Mono", pages=1, document="same.pdf"))
            printed.append(self.standin.print_job(user="ben", printer="Mono", pages=1, document="same.pdf"))
            printed.append(
                self.standin.print_job(user="guest", printer="Colour", pages=day + 1, document='quote ".pdf')
            )
            self.clock.move(hours=23, minutes=30)
        return printed


@pytest.fixture
def office(tmp_path: Path, url: str) -> Iterator[PaperCutOffice]:
    with closing(PaperCutOffice(tmp_path, url)) as made:
        yield made


def log_of(site: JobsSite) -> JobLog:
    return JobLog(site.context)


def test_jobs_come_with_user_printer_account_and_cost(office: PaperCutOffice) -> None:
    office.standin.print_job(
        user="ann", printer="Colour", pages=4, colour_pages=1, copies=2, duplex=True, document="O.pdf"
    )
    office.standin.print_job(user="ann", printer="Mono", pages=1, account="Projects\\Alpha")
    site = office.site("database")
    result = site.import_jobs()
    assert (2, 2, (), 0) == (result.counts.read, result.counts.new, result.findings, result.exit_code)
    own, shared = site.rows()
    assert ("ann", "Acme", "print01", "Colour", "") == tuple(
        own[name] for name in ("username", "company_name", "server", "printer", "account")
    )
    assert (8, 2, 2, 4, True, 720_000, True) == tuple(
        own[name] for name in ("pages", "colour_pages", "copies", "sheets", "duplex", "cost", "certain")
    )
    assert datetime(2026, 11, 20, 8, 0, tzinfo=UTC) == own["at"]
    assert "Projects\\Alpha" == shared["account"]


def test_a_second_import_changes_nothing(office: PaperCutOffice) -> None:
    office.print_a_week()
    site = office.site("database")
    assert 25 == site.import_jobs().counts.new
    before = site.rows()
    again = site.import_jobs()
    assert (0, 25, 0) == (again.counts.new, again.counts.known, again.counts.changed)
    assert before == site.rows()


def test_refunds_and_denials_are_seen_when_the_window_is_read_again(office: PaperCutOffice) -> None:
    dear = office.standin.print_job(user="ann", printer="Colour", pages=10)
    part = office.standin.print_job(user="ann", printer="Colour", pages=10)
    held = office.standin.print_job(user="ann", printer="Mono", pages=2)
    site = office.site("database")
    site.import_jobs()
    office.standin.refund(dear.job_id)
    office.standin.refund(part.job_id, 0.1)
    with office.external._engine.begin() as connection:
        where = usage_log.c.printer_usage_log_id == held.job_id
        connection.execute(usage_log.update().where(where).values(cancelled="Y", printed="N"))
    result = site.import_jobs()
    assert (2, 3) == (result.counts.refunded, result.counts.changed)
    found = {(row["state"], row["cost"], row["refunded"]) for row in site.rows()}
    assert {("refunded", 500_000, 500_000), ("refunded", 500_000, 100_000), ("denied", 0, 0)} == found
    begin = datetime(2026, 11, 1, tzinfo=UTC)
    assert [500_000, 100_000] == [amount for _, amount, _ in log_of(site).refunds("ann", begin) or ()]


def test_a_row_that_appears_late_is_not_missed(office: PaperCutOffice) -> None:
    """Ids are given before rows are committed: a lower one may become visible after a higher one was read."""
    late = office.standin.print_job(user="ann", printer="Mono", pages=2)
    with office.external._engine.begin() as connection:
        connection.execute(usage_log.delete().where(usage_log.c.printer_usage_log_id == late.job_id))
    office.standin.print_job(user="ann", printer="Mono", pages=3)
    site = office.site("database")
    assert 1 == site.import_jobs().counts.new
    office.external.job(late)
    assert 1 == site.import_jobs().counts.new


def test_transactions_answer_whether_an_adjustment_is_there(office: PaperCutOffice) -> None:
    site = office.site("database")
    state = office.standin.state
    state.transact(state.user("ann"), 5.0, "Billed through OfficeRnD: 5.00 EUR [PC-A_B%1]", kind="ADJUST", by="relay")
    log = log_of(site)
    assert True is log.logged("PC-A_B%1")
    assert False is log.logged("PC-AxBy1")


def test_costs_of_the_database_are_evidence(office: PaperCutOffice) -> None:
    site = office.site("database")
    office.clock.move(seconds=5)
    site.clock.move(seconds=10)
    office.standin.print_job(user="ann", printer="Mono", pages=10)
    begin = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
    assert LoggedJobs(350_000, 1) == log_of(site).known("ann", begin, site.clock.now(), 1)
    assert None is log_of(site).known("ann", begin - timedelta(days=400), site.clock.now(), 1)


def test_a_row_that_cannot_be_read_is_kept_aside(office: PaperCutOffice) -> None:
    good = office.standin.print_job(user="ann", printer="Mono", pages=2)
    with office.external._engine.begin() as connection:
        values = {"used_by_user_id": 999_999, "printer_usage_log_id": good.job_id + 1000}
        row = connection.execute(sa.select(usage_log)).mappings().one()
        connection.execute(usage_log.insert().values({**row, **values}))
        connection.execute(
            usage_log.insert().values({**row, "printer_usage_log_id": good.job_id + 1001, "total_pages": -3})
        )
    site = office.site("database")
    result = site.import_jobs()
    assert (1, 2) == (result.counts.new, result.counts.set_aside)
    assert (0, 0) == ((again := site.import_jobs()).counts.new, again.counts.set_aside)


def test_columns_that_a_server_lacks_are_left_out(office: PaperCutOffice) -> None:
    office.standin.print_job(user="ann", printer="Mono", pages=2)
    with office.external._engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE tbl_account_transaction"))
        for column in ("usage_cost", "total_sheets", "job_type", "refunded"):
            connection.execute(sa.text(f"ALTER TABLE tbl_printer_usage_log DROP COLUMN {column}"))
    site = office.site("database")
    result = site.import_jobs()
    assert (1, ["job_costs_estimated"]) == (result.counts.new, [finding.code for finding in result.findings])
    assert None is log_of(site).logged("PC-1")


def test_ids_may_be_decimals(office: PaperCutOffice) -> None:
    """As Oracle gives them."""
    office.standin.print_job(user="ann", printer="Mono", pages=2)
    with office.external._engine.begin() as connection:
        connection.execute(
            sa.text("ALTER TABLE tbl_printer_usage_log ALTER COLUMN printer_usage_log_id TYPE numeric(19, 0)")
        )
        row = connection.execute(sa.select(usage_log)).mappings().one()
        connection.execute(usage_log.insert().values({**row, "printer_usage_log_id": 9999, "total_pages": -3}))
    site = office.site("database")
    assert (1, 1) == ((result := site.import_jobs()).counts.new, result.counts.set_aside)
    assert (1, 0, 0) == ((again := site.import_jobs()).counts.known, again.counts.new, again.counts.set_aside)


def test_a_missing_table_or_column_is_named(office: PaperCutOffice) -> None:
    with office.external._engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE tbl_printer_usage_log RENAME COLUMN total_pages TO pages"))
    site = office.site("database")
    result = site.import_jobs()
    assert (["job_database_unknown"], 1) == ([finding.code for finding in result.findings], result.exit_code)
    assert "no column total_pages" in result.findings[0].message


def test_the_database_is_never_written(office: PaperCutOffice) -> None:
    office.standin.print_job(user="ann", printer="Mono", pages=2)
    written: list[str] = []

    def watch(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if re.match(r"\s*(INSERT|UPDATE|DELETE|CREATE|ALTER|DROP)", statement) and "jobs_" not in statement:
            written.append(statement)

    site = office.site("database")
    sa.event.listen(sa.Engine, "before_cursor_execute", watch)
    try:
        site.import_jobs()
        site.import_jobs()
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", watch)
    assert [] == written


@pytest.mark.parametrize(
    "wrong",
    [
        "postgresql+psycopg://relay:hunter2@127.0.0.1:1/papercut",
        "nonsense://hunter2",
        "hunter2",
        "oracle+cx://hunter2@h/d",
    ],
)
def test_a_database_that_cannot_be_opened_is_told_without_its_password(tmp_path: Path, wrong: str) -> None:
    secret = tmp_path / "url"
    secret.write_text(wrong)
    secret.chmod(0o600)
    site = jobs_site(tmp_path, jobs={"source": "database", "path": "", "database_url_file": str(secret)})
    result = site.import_jobs()
    assert 1 == result.exit_code
    assert "hunter2" not in result.text() + json.dumps(result.as_json())
    assert None is log_of(site).logged("PC-1")


def test_the_ledgers_database_may_be_postgresql(tmp_path: Path, url: str) -> None:
    """Import, resume with equal rows, and a statement, on the ledger's other database."""
    site = jobs_site(tmp_path, ledger={"url": url})
    site.link("ann", company="Acme")
    site.append(print_log_row(), print_log_row(), "rubbish\n")
    site.import_jobs()
    site.append(print_log_row(), print_log_row(document="B.pdf"))
    result = site.import_jobs()
    assert (2, 0) == (result.counts.new, result.counts.known)
    made = jobs.statement(site.settings, site.database, clock=site.clock)
    assert (4, 1_400_000) == (made.total.jobs, made.printed)
    assert [] == [finding for finding in site.import_jobs().findings if finding.severity == "error"]


# -- three sources ---------------------------------------------------------------------------------------------------

# What the daily CSV does not tell: colour pages (only whether a job was all gray) and the server.
UNTOLD_BY_CSV = ("colour_pages", "colour_percent", "server", "is_colour")


def facts(site: JobsSite) -> Any:
    found = json.loads(jobs.render(jobs.statement(site.settings, site.database, clock=site.clock), "json"))
    for name in ("made_at", "notes"):
        found.pop(name)
    found["jobs"].sort(key=lambda job: [job[name] for name in ("time", "username", "document")])
    return found


def without(value: Any, names: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {key: without(item, names) for key, item in value.items() if key not in names}
    return [without(item, names) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("hours", ["12h", "24h"])
def test_the_three_sources_give_the_same_statement(office: PaperCutOffice, hours: str) -> None:
    office.standin.state.switches.set("print_log_time", hours)
    office.print_a_week()
    database, logs, daily = (office.site(source) for source in ("database", "print_logs", "csv"))
    for site in (database, logs, daily):
        assert 25 == site.import_jobs().counts.new
    expected = facts(database)
    assert "5.825" == expected["totals"]["printed"]
    assert expected == facts(logs)
    assert without(expected, UNTOLD_BY_CSV) == without(facts(daily), UNTOLD_BY_CSV)
    for site in (database, logs, daily):
        assert 0 == site.import_jobs().counts.new
    shutil.rmtree(office.folder / "papercut")
