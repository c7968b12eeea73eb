"""Single values of PaperCut's logs: what they mean, and that what could mean two things is not guessed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from relay.jobs.job import UnreadableRow
from relay.jobs.sources import reading

SOFIA = ZoneInfo("Europe/Sofia")


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23 9:15:30 PM",
        "2026-11-23 21:15:30",
        "2026-11-23T21:15:30",
        "2026/11/23 21:15:30.250",
        "23/11/2026 21:15:30",
        "11/23/2026 9:15:30 pm",
        "23.11.2026 21:15:30",
        "Nov 23, 2026 9:15:30\u202fPM",
        "23-Nov-2026 21:15:30",
        " 2026-11-23  9:15:30 p.m. ",
    ],
)
def test_every_spelling_of_a_time(text: str) -> None:
    assert datetime(2026, 11, 23, 21, 15, 30) == reading.stamp(text, date(2026, 11, 23)).local


def test_noon_and_midnight_of_the_12_hour_clock() -> None:
    assert reading.local_time("2026-11-23 12:00:01 AM").hour == 0
    assert reading.local_time("2026-11-23 12:00:01 PM").hour == 12


def test_day_and_month_are_told_apart_by_the_files_name_or_not_at_all() -> None:
    assert date(2026, 11, 3) == reading.stamp("03/11/2026 10:00:00", date(2026, 11, 3)).local.date()
    assert date(2026, 3, 11) == reading.stamp("03/11/2026 10:00:00", date(2026, 3, 11)).local.date()
    with pytest.raises(UnreadableRow, match="may be two dates"):
        reading.stamp("03/11/2026 10:00:00", date(2026, 5, 5))


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01 10:00:00", "2026-11-23 25:00:00", "2026-11-23 13:00 PM"])
def test_what_is_no_time_is_said(text: str) -> None:
    with pytest.raises(UnreadableRow, match="is not a date and time"):
        reading.local_time(text)


def test_the_doubled_hour_goes_by_the_order_of_the_rows() -> None:
    """25 October 2026, 04:00 is 03:00 again in Sofia."""
    local = datetime(2026, 10, 25, 3, 30)
    first = reading.moment(local, SOFIA, None)
    assert datetime(2026, 10, 25, 0, 30, tzinfo=UTC) == first
    after_the_first_pass = datetime(2026, 10, 25, 0, 59, tzinfo=UTC)
    assert datetime(2026, 10, 25, 1, 30, tzinfo=UTC) == reading.moment(local, SOFIA, after_the_first_pass)
    assert first == reading.moment(local, SOFIA, first), "a row a moment later is the same pass"


def test_an_ordinary_hour_is_never_moved() -> None:
    later = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
    assert datetime(2026, 11, 23, 8, 0, tzinfo=UTC) == reading.moment(datetime(2026, 11, 23, 10), SOFIA, later)


def test_the_skipped_hour_counts_from_the_clock_before_it() -> None:
    """29 March 2026, 03:00 is 04:00 in Sofia."""
    assert datetime(2026, 3, 29, 1, 30, tzinfo=UTC) == reading.moment(datetime(2026, 3, 29, 3, 30), SOFIA, None)


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("1.25", 1_250_000),
        ("1,25", 1_250_000),
        ("0.0350", 35_000),
        ("€1.25", 1_250_000),
        ("1.25 EUR", 1_250_000),
        ("$1,234.50", 1_234_500_000),
        ("1.234,50 лв.", 1_234_500_000),
        ("1 234.50", 1_234_500_000),
        ("0,125", 125_000),
        ("7", 7_000_000),
        ("kr. 5,00", 5_000_000),
    ],
)
def test_amounts(text: str, micros: int) -> None:
    assert micros == reading.cost(text)


@pytest.mark.parametrize(
    "text", ["", "free", "-1.00", "1.00-", "\u22121.00", "($1.00)", "1,250", "1.2.3", "1e3", "9" * 20]
)
def test_what_is_no_amount_or_may_be_two_is_said(text: str) -> None:
    with pytest.raises(UnreadableRow):
        reading.cost(text)


@pytest.mark.parametrize("text", ["", "-1", "3.0", "three", "٣", "99999999999"])
def test_what_is_no_number_of_pages_is_said(text: str) -> None:
    with pytest.raises(UnreadableRow):
        reading.count(text)


def test_names_are_one_line_and_never_cut_to_somebody_elses() -> None:
    assert "a b" == reading.name(" a\x00b ", "username", 10)
    with pytest.raises(UnreadableRow, match="longer than 10"):
        reading.name("a" * 11, "username", 10)
