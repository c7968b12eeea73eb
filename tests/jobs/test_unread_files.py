"""A file of which no row could be read: told by the import, its exit code, check, Today and the daily report."""

from __future__ import annotations

from pathlib import Path

import pytest

from relay import jobs, money
from relay.jobs import JobLog
from tests.support.jobs_site import JobsSite, jobs_site, print_log_row
from tests.support.shown import discrepancies as report_shown
from tests.support.standin_world import Standins

BAD = print_log_row(time="32.13.2026 9 o'clock")


def codes(found: object) -> list[str]:
    return [finding.code for finding in found]  # type: ignore[attr-defined]


def test_it_is_an_error_with_an_example_as_long_as_the_file_is_kept(site: JobsSite) -> None:
    site.append(BAD, BAD)
    for _ in range(2):
        result = site.import_jobs()
        assert 1 == result.exit_code
        error = next(finding for finding in result.findings if finding.code == "job_file_unread")
        assert ("error", "printlog_2026_11_23.log") == (error.severity, error.subject)
        assert "None of the 2 rows" in error.message and "32.13.2026 9 o'clock" in error.message
    site.clock.move(days=31)
    assert "job_file_unread" not in codes(site.import_jobs().findings)


def test_one_row_that_is_read_makes_it_a_warning(site: JobsSite) -> None:
    site.append(BAD, print_log_row())
    assert (["job_rows_set_aside"], 0) == (codes((result := site.import_jobs()).findings), result.exit_code)


def test_its_example_keeps_no_document_where_none_may_be_kept(tmp_path: Path) -> None:
    site = jobs_site(tmp_path, jobs={"document_names": "off"})
    site.append(print_log_row(time="soon", document="Redundancy.pdf"))
    assert "Redundancy" not in site.import_jobs().text()
    found = jobs.source_findings(site.settings, site.database, site.clock.now())
    assert ["job_file_unread"] == codes(found)
    assert "Redundancy" not in found[0].message


def test_check_looks_at_the_files_themselves(site: JobsSite) -> None:
    """Before anything was imported, and without keeping anything."""
    site.append(BAD)
    assert ["job_file_unread"] == codes(jobs.source_findings(site.settings, site.database, site.clock.now()))
    assert ([], []) == (site.rows(), site.set_aside())


@pytest.mark.parametrize(("fields", "told"), [(10, ["job_log_no_cost"]), (11, [])])
def test_check_warns_of_a_log_without_costs(site: JobsSite, fields: int, told: list[str]) -> None:
    site.append("\t".join(print_log_row().rstrip("\n").split("\t")[:fields]) + "\n")
    found = jobs.source_findings(site.settings, site.database, site.clock.now())
    assert told == codes(found)
    assert all(finding.severity == "warning" for finding in found)


def test_check_names_what_is_in_a_wrong_folder(site: JobsSite) -> None:
    (site.folder / "server.log").write_text("started\n")
    (found,) = jobs.source_findings(site.settings, site.database, site.clock.now())
    assert ("job_log_no_file", True) == (found.code, "there are server.log" in found.message)


def report(server: Standins) -> str:
    server.clock.sleep(60)
    assert 0 == server.settle(jobs=JobLog(server.context)).exit_code
    return report_shown(money.discrepancies(server.context, jobs=JobLog(server.context, imports=False)))


def test_a_report_does_not_match_every_cent_where_the_log_lacks_jobs(server: Standins) -> None:
    ann = server.link(1)
    assert "Every cent is matched." in report(server)
    server.papercut.state.switches.set("print_log_time", "local")
    server.papercut.state.switches.set("print_log_language", "xx")
    server.papercut.print_job(user=ann, pages=4)
    told = report(server)
    assert "Every cent is matched" not in told
    assert "job log -1.00 the job log is not whole: 1 row of it could not be read (printlog_" in told


def test_a_report_is_whole_again_when_the_rows_can_be_read(server: Standins) -> None:
    """The first afternoon job tells what the morning's marker meant."""
    ann = server.link(1)
    server.papercut.state.switches.set("print_log_time", "local")
    server.papercut.state.switches.set("print_log_language", "xx")
    server.papercut.print_job(user=ann, pages=4)
    assert "Every cent is matched" not in report(server)
    server.clock.sleep(6 * 3600)
    server.papercut.print_job(user=ann, pages=4)
    assert "Every cent is matched." in report(server)
