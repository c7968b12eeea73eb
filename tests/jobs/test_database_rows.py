"""Rows of PaperCut's database that its own report queries count, and dates that would end a reading."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from relay.sandbox.papercut.database import ExternalDatabase
from relay.sandbox.papercut.server import PaperCutStandIn
from tests.support.jobs_site import JobsSite, jobs_site
from tests.support.still_clock import StillClock


class Office:
    def __init__(self, folder: Path) -> None:
        self.file = folder / "external.db"
        self.clock = StillClock(datetime(2026, 11, 20, 8, 0, tzinfo=UTC))
        self.standin = PaperCutStandIn(data_dir=folder / "papercut", clock=self.clock, timezone="Europe/Sofia")
        self.standin.state.add_user("ann")
        self.standin.state.add_printer("print01", "Mono", page_cost=0.1)
        self.external = ExternalDatabase(f"sqlite:///{self.file}", self.standin.state)
        secret = folder / "database_url"
        secret.write_text(f"sqlite:///{self.file}")
        secret.chmod(0o600)
        self.site: JobsSite = jobs_site(
            folder, jobs={"source": "database", "path": "", "database_url_file": str(secret)}
        )
        self.site.clock.moment = self.clock.moment

    def close(self) -> None:
        self.external.close()

    def write(self, statement: str) -> None:
        with closing(sqlite3.connect(self.file)) as connection, connection:
            connection.execute(statement)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("kind", ["COPY", "SCAN", "FAX"])
def test_what_is_no_print_counts_although_it_was_not_printed(office: Office, kind: str) -> None:
    office.standin.print_job(user="ann", printer="Mono", pages=3)
    office.write(f"UPDATE tbl_printer_usage_log SET job_type = '{kind}', printed = 'N'")
    office.site.import_jobs()
    assert [("printed", 300_000)] == [(row["state"], row["cost"]) for row in office.site.rows()]


@pytest.mark.parametrize(("kind", "column"), [("PRINT", "printed"), ("SCAN", "usage_allowed")])
def test_what_never_came_out_costs_nothing(office: Office, kind: str, column: str) -> None:
    office.standin.print_job(user="ann", printer="Mono", pages=3)
    office.write(f"UPDATE tbl_printer_usage_log SET job_type = '{kind}', {column} = 'N'")
    office.site.import_jobs()
    assert [("denied", 0)] == [(row["state"], row["cost"]) for row in office.site.rows()]


@pytest.mark.parametrize("amounts", ["signed", "unsigned"])
@pytest.mark.parametrize("named", [True, False])
def test_a_part_given_back_is_the_credits_of_this_job_only(office: Office, amounts: str, named: bool) -> None:
    """The number of a row of internet use may be the same; without is_credit only signs tell a credit."""
    office.standin.state.switches.set("database_amounts", amounts)
    job = office.standin.print_job(user="ann", printer="Mono", pages=5)
    office.standin.refund(job.job_id, 0.2)
    office.write(
        "INSERT INTO tbl_account_transaction (account_transaction_id, transaction_date, transaction_type, amount, "
        "balance, account_id, usage_log_id, usage_log_type, is_credit) "
        f"VALUES (9999, '2026-11-20 10:00:00', 'REFUND', 0.1, 0, 1, {job.job_id}, 'INTERNET', 'Y')"
    )
    if not named:
        office.write("ALTER TABLE tbl_account_transaction DROP COLUMN is_credit")
    office.site.import_jobs()
    expected = 200_000 if named or amounts == "signed" else 500_000
    assert [("refunded", expected)] == [(row["state"], row["refunded"]) for row in office.site.rows()]


@pytest.mark.parametrize(
    "wrong", ["0001-01-01 00:00:00", "2026-02-30 10:00:00", "99999-01-01 00:00:00", "soon", "2199-01-01 00:00:00"]
)
def test_a_date_that_no_job_has_is_one_row_less(office: Office, wrong: str) -> None:
    for _ in range(2):
        office.standin.print_job(user="ann", printer="Mono", pages=3)
    first = "(SELECT min(printer_usage_log_id) FROM tbl_printer_usage_log)"
    office.write(f"UPDATE tbl_printer_usage_log SET usage_date = '{wrong}' WHERE printer_usage_log_id = {first}")
    result = office.site.import_jobs()
    assert (1, 1, 0) == (result.counts.new, result.counts.set_aside, result.exit_code), result.text()


def test_a_table_of_which_no_row_can_be_read_is_an_error(office: Office) -> None:
    office.standin.print_job(user="ann", printer="Mono", pages=3)
    office.write("UPDATE tbl_printer_usage_log SET usage_date = 'soon'")
    result = office.site.import_jobs()
    assert (1, True) == (result.exit_code, "job_file_unread" in [finding.code for finding in result.findings])
