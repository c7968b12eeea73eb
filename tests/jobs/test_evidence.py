"""What the job log says about money: certain, or nothing at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from relay import plain_files
from relay.jobs import JobLog
from relay.money.decide.explain import LoggedJobs
from tests.support.jobs_site import JobsSite, jobs_site, print_log_row

MORNING = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


@pytest.fixture
def certain(tmp_path: Path) -> JobsSite:
    """A site whose cost column is named, so that its costs are no guess; ann is linked."""
    site = jobs_site(tmp_path, jobs={"cost_column": "11"})
    site.link("ann", company="Acme")
    site.append(print_log_row(time="2026-11-23 6:00:00 AM", cost="9.0000", document="early"))
    return site


def log_of(site: JobsSite, **arguments: Any) -> JobLog:
    return JobLog(site.context, **arguments)


def known(site: JobsSite, since: datetime = MORNING, jobs: int | None = None) -> LoggedJobs | None:
    return log_of(site).known("ann", since, site.clock.now(), jobs)


def test_costs_are_those_between_two_moments(certain: JobsSite) -> None:
    certain.append(print_log_row(), print_log_row(time="2026-11-23 9:30:00 AM", cost="0.1000"))
    assert LoggedJobs(450_000, 2) == known(certain)
    assert LoggedJobs(450_000, 2) == known(certain, jobs=2)
    assert LoggedJobs(0, 0) == known(certain, certain.clock.now() - timedelta(minutes=1))


def test_the_log_is_read_up_to_the_moment_of_the_question(certain: JobsSite) -> None:
    log = log_of(certain)
    assert LoggedJobs(0, 0) == log.known("ann", MORNING, certain.clock.now(), None)
    certain.append(print_log_row())
    certain.clock.move(seconds=1)
    assert LoggedJobs(350_000, 1) == log.known("ann", MORNING, certain.clock.now(), 1)
    assert 2 == log.import_jobs().counts.new, "what a run has imported is told as one"


@pytest.mark.parametrize("jobs", [0, 1, 2, None])
def test_the_rows_are_told_beside_what_they_cost(certain: JobsSite, jobs: int | None) -> None:
    """Whoever asks compares them with PaperCut's counter: fewer rows are copies, or a log that lags."""
    certain.append(print_log_row())
    assert LoggedJobs(350_000, 1) == known(certain, jobs=jobs)


def test_a_job_in_the_second_of_the_question_is_decided_by_the_counter_or_not_at_all(certain: JobsSite) -> None:
    certain.append(print_log_row(), print_log_row(time="2026-11-23 9:30:00 AM", cost="0.1000"))
    begin = datetime(2026, 11, 23, 7, 15, 30, 500_000, tzinfo=UTC)
    assert None is known(certain, begin)
    assert None is known(certain, begin, jobs=3)
    assert LoggedJobs(450_000, 2) == known(certain, begin, jobs=2)
    assert LoggedJobs(100_000, 1) == known(certain, begin, jobs=1)


def test_shared_accounts_count_as_jobs_but_cost_the_person_nothing(certain: JobsSite) -> None:
    certain.append(print_log_row(account="Alpha"))
    assert LoggedJobs(0, 1) == known(certain, jobs=1)


def test_a_renamed_account_is_the_same_person(certain: JobsSite) -> None:
    certain.append(print_log_row())
    certain.import_jobs()
    certain.clock.move(hours=1)
    certain.link("ann.lee", "member-ann", "Acme")
    assert LoggedJobs(350_000, 1) == log_of(certain).known("ann.lee", MORNING, certain.clock.now(), None)


def test_nothing_is_said_where_a_row_was_kept_aside(certain: JobsSite) -> None:
    certain.append(print_log_row(), "rubbish\n")
    assert None is known(certain)


def test_nothing_is_said_before_the_log_begins(certain: JobsSite) -> None:
    certain.append(print_log_row())
    assert None is known(certain, MORNING - timedelta(days=2))


def test_a_cost_told_by_its_look_is_no_evidence(site: JobsSite) -> None:
    site.append(print_log_row())
    assert None is known(site)


def test_a_source_with_an_error_says_nothing(certain: JobsSite, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(plain_files, "opened", refuse)
    assert None is known(certain)


def test_without_a_source_or_a_database_nothing_is_said(tmp_path: Path, certain: JobsSite) -> None:
    without = jobs_site(tmp_path, jobs={"source": "none"})
    assert None is known(without)
    assert None is log_of(without).told("ann", MORNING, without.clock.now())
    log = log_of(certain)
    assert (None, None) == (log.refunds("ann", MORNING), log.logged("PC-1"))


@pytest.mark.parametrize(
    ("detail", "told"),
    [
        ("none", None),
        ("summary", "7 pages, 2 colour, 2 jobs"),
        ("jobs", "7 pages, 2 colour, 2 jobs: 23.11. Offer.pdf 3p 0.35; 23.11. Plan.pdf 4p 0.255"),
    ],
)
def test_what_an_invoice_line_tells(tmp_path: Path, detail: str, told: str | None) -> None:
    site = jobs_site(tmp_path, fees={"detail": detail})
    site.link("ann")
    site.append(
        print_log_row(), print_log_row(document="Plan.pdf", pages="4", cost="0.2550", time="2026-11-23 9:30:00 AM")
    )
    site.append(print_log_row(user="ben"), print_log_row(account="Alpha"))
    assert told == log_of(site).told("ann", MORNING, site.clock.now())


def test_an_invoice_line_has_room_for_a_few_jobs_only(tmp_path: Path) -> None:
    site = jobs_site(tmp_path, fees={"detail": "jobs"})
    site.append(*[print_log_row(document=f"{number}.pdf") for number in range(8)])
    told = log_of(site).told("ann", MORNING, site.clock.now())
    assert told is not None and told.startswith("24 pages, 8 colour, 8 jobs: ") and told.endswith("; and 3 more")
