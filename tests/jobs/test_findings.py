"""What prints silently free is found, and what is in order is not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from relay import jobs
from relay.checks import printing
from relay.checks.model import CheckedSite
from relay.progress import Progress
from tests.support.jobs_site import JobsSite, Prices, jobs_site, print_log_row
from tests.support.statements import EUR, add_fee, add_reading, add_top_up, at

TODAY = date(2026, 11, 23)


def found(site: JobsSite, papercut: Any = None) -> dict[str, dict[str, Any]]:
    site.import_jobs()
    told = jobs.free_printing_findings(site.settings, site.database, papercut, today=TODAY)
    findings = [finding.as_json() for finding in told]
    return {finding["code"]: finding for finding in findings}


def day_row(day: int, **changes: str) -> str:
    return print_log_row(time=f"2026-11-{day:02} 10:00:00 AM", **changes)


@pytest.fixture
def office(site: JobsSite) -> JobsSite:
    site.link("ann", company="Acme")
    return site


def test_nothing_printed_and_everything_in_order_are_no_finding(office: JobsSite) -> None:
    assert {} == found(office)
    office.append(day_row(20))
    add_fee(office, "ann", 350_000, at(21, 5))
    assert {} == found(office, Prices(Colour=50_000))


def test_accounts_that_are_no_members_and_print_at_a_cost(office: JobsSite) -> None:
    office.append(day_row(22, user="guest"), day_row(22, user="guest"), day_row(22, user="temp", cost="0.0000"))
    finding = found(office, Prices(Colour=50_000))["unlinked_printing"]
    assert "guest" == finding["subject"]
    assert "0.70 EUR" in finding["message"]


def test_accounts_that_are_not_ours_are_no_finding(tmp_path: Any) -> None:
    site = jobs_site(tmp_path, members={"not_ours": ["Guest"]}, print={"exceptions": ["Reception"]})
    site.append(day_row(22, user="guest"), day_row(22, user="reception"))
    assert {} == found(site)


def test_days_of_jobs_without_one_fee(office: JobsSite) -> None:
    for day in (17, 18, 19, 20):
        office.append(day_row(day), day=f"2026_11_{day}")
    finding = found(office)["no_fees_for_days"]
    assert "4 days since 17 Nov 2026" in finding["message"]
    add_fee(office, "ann", EUR, at(21, 5))
    assert {} == found(office)


def test_jobs_within_the_balances_that_were_given_need_no_fee(office: JobsSite) -> None:
    add_top_up(office, "ann", 5 * EUR, at(1))
    for day in (17, 18, 19, 20):
        office.append(day_row(day), day=f"2026_11_{day}")
    assert {} == found(office)


def test_what_others_were_given_long_ago_hides_no_silence(office: JobsSite) -> None:
    """Ben has more balance than anybody will ever print; Ann owes what nobody bills."""
    office.link("ben", company="Acme")
    add_top_up(office, "ben", 500 * EUR, at(1))
    for day in (17, 18, 19, 20):
        office.append(day_row(day), day=f"2026_11_{day}")
    assert "no_fees_for_days" in found(office)


def test_what_a_settle_has_seen_and_not_billed_is_silence_too(office: JobsSite) -> None:
    """Every fee is held or refused, so that the debt is older than the last reading and no job came since."""
    for day in (17, 18, 19, 20):
        office.append(day_row(day), day=f"2026_11_{day}")
    add_reading(office, "ann", -EUR, at(21, 5), jobs=4)
    assert "no_fees_for_days" in found(office)


def test_two_days_and_today_are_not_yet_silence(office: JobsSite) -> None:
    office.append(day_row(20), day_row(21), day_row(23))
    assert {} == found(office)


def test_jobs_at_no_cost_by_the_printers_price(office: JobsSite) -> None:
    office.append(day_row(22, cost="0.0000"), day_row(22, cost="0.0000", printer="Mono"))
    told = found(office, Prices(Colour=50_000, Mono=0))
    assert ("print01\\Colour", "print01\\Mono") == (
        told["free_jobs_on_priced_printer"]["subject"],
        told["free_printing"]["subject"],
    )
    assert "0.05 EUR" in told["free_jobs_on_priced_printer"]["message"]
    assert {"free_printing"} == set(found(office))


def test_shared_accounts(office: JobsSite) -> None:
    office.append(day_row(22, account="Alpha"), day_row(22, account="Alpha"))
    finding = found(office)["shared_account_printing"]
    assert "Alpha" == finding["subject"]
    assert "2 jobs for 0.70 EUR" in finding["message"]


def test_rows_kept_aside_are_told_as_long_as_they_are(office: JobsSite) -> None:
    office.append("rubbish\n")
    assert "1 row " in found(office)["job_rows_set_aside"]["message"]


def test_what_is_long_past_is_no_finding(office: JobsSite) -> None:
    office.append(day_row(1, user="guest"), day="2026_11_01")
    assert {} == found(office)


def test_check_tells_these_findings_too(office: JobsSite) -> None:
    office.append(day_row(22, account="Alpha"))
    office.import_jobs()
    told = list(printing.silently_free(CheckedSite(office.settings, office.clock, Progress())))
    assert ["shared_account_printing"] == [finding.code for finding in told]


def test_costs_are_estimated_by_papercuts_prices_and_never_evidence(office: JobsSite) -> None:
    """A source without a cost column: the printer's price is asked for once, and the job says it is an estimate."""
    nine = "\t".join(print_log_row().split("\t")[:9]) + "\n"
    office.append(nine)
    result = office.import_jobs(papercut=Prices(Colour=50_000))
    assert ["job_costs_estimated"] == [finding.code for finding in result.findings]
    (row,) = office.rows()
    assert (150_000, "estimated", False) == (row["cost"], row["basis"], row["certain"])
    office.append(nine)
    office.import_jobs()
    assert [150_000, 150_000] == [row["cost"] for row in office.rows()], "the price is remembered"
    statement = jobs.statement(office.settings, office.database, clock=office.clock)
    assert any("2 jobs have estimated costs" in note for note in statement.notes)
    log = jobs.JobLog(office.context)
    assert None is log.known("ann", office.clock.now() - timedelta(hours=5), office.clock.now(), None)
