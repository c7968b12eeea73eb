"""Each form of PaperCut's files and tables, from the job to the statement and to the daily report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from relay import jobs, money
from relay.jobs import JobLog
from relay.sandbox.papercut.database import ExternalDatabase
from tests.support.shown import discrepancies as report_shown
from tests.support.standin_world import Standins, standins
from tests.support.still_clock import StillClock

FORMS: list[tuple[str, dict[str, Any]]] = [
    *(("print_logs", {"print_log_time": form}) for form in ("24h", "12h", "12h_tab", "a_p")),
    *(
        ("print_logs", {"print_log_time": "local", "print_log_language": name})
        for name in ("bg", "de", "el", "es", "hu", "xx")
    ),
    ("print_logs", {"document_ascii": True}),
    *(("csv", {"csv_language": name}) for name in ("en", "es", "de", "bg")),
    *(("csv", {"csv_trailing_comma": False, "csv_stray_quotes": quotes}) for quotes in (False, True)),
    ("csv", {"csv_stray_quotes": True, "csv_banner": False}),
    *(
        ("database", {"database_amounts": amounts, "copies_marked_printed": marked})
        for amounts in ("signed", "unsigned")
        for marked in (True, False)
    ),
]


@pytest.mark.parametrize(("source", "switches"), FORMS)
def test_from_the_job_to_the_statement_and_the_report(tmp_path: Path, source: str, switches: dict[str, Any]) -> None:
    """Two prints before noon and two after it; a copy and a refund, where the source tells of them."""
    secret = tmp_path / "database_url"
    secret.write_text(f"sqlite:///{tmp_path}/external.db")
    secret.chmod(0o600)
    section: dict[str, Any] = {"source": source}
    if source == "print_logs":
        section["cost_column"] = "11"
    if source == "database":
        section["database_url_file"] = str(secret)
    papercut = {"install_dir": str(tmp_path / "papercut")}
    with standins(tmp_path, clock=StillClock(), jobs=section, papercut=papercut) as server:
        state = server.papercut.state
        for name, position in switches.items():
            state.switches.set(name, position)
        state.add_printer("print01", "Colour", page_cost=0.25)
        external = ExternalDatabase(secret.read_text(), state) if source == "database" else None
        try:
            tell_the_story(server, whole=source == "database")
        finally:
            if external is not None:
                external.close()


def tell_the_story(server: Standins, *, whole: bool) -> None:
    ann = server.link(1)
    settle(server)
    printed = 4
    for hours in (3, 3):
        server.papercut.print_job(user=ann, pages=4, document="Größe, A4.pdf")
        server.papercut.print_job(user=ann, pages=2)
        server.clock.sleep(hours * 3600)
    if whole:
        server.papercut.copy_job(user=ann, pages=4)
        again = server.papercut.print_job(user=ann, pages=8)
        server.clock.sleep(60)
        server.papercut.refund(again.job_id)
        printed += 2
    settle(server)
    imported = jobs.import_jobs(server.context)
    assert (0, 0) == (imported.exit_code, imported.counts.set_aside), imported.text()
    settings = server.context.settings
    made = jobs.statement(settings, server.context.database, clock=server.clock)
    cost = 4_000_000 if whole else 3_000_000
    assert (printed, cost) == (made.total.jobs, made.printed)
    told = report_shown(money.discrepancies(server.context, jobs=JobLog(server.context, imports=False)))
    assert "job log is not whole" not in told
    assert "Does not match" not in told


def settle(server: Standins) -> None:
    server.clock.sleep(60)
    assert 0 == server.settle(jobs=JobLog(server.context)).exit_code
    server.clock.sleep(60)
