"""The business day is due once: gaps, doubled hours, days off, clocks set back, two schedulers."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.money.ledger import calendar
from relay.money.ledger.calendar import decide_due, due_moment
from relay.money.report.status import record_run
from tests.support.money_world import Site

ZONES = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/")))


@pytest.mark.parametrize(
    ("day", "at", "zone", "moment"),
    [
        (date(2025, 3, 12), time(7, 30), "Europe/Sofia", "2025-03-12T07:30:00+02:00"),
        (date(2025, 3, 30), time(2, 30), "Europe/Berlin", "2025-03-30T03:00:00+02:00"),  # in the gap
        (date(2025, 10, 26), time(2, 30), "Europe/Berlin", "2025-10-26T02:30:00+02:00"),  # the first of two
        (date(2025, 4, 6), time(1, 45), "Australia/Lord_Howe", "2025-04-06T01:45:00+11:00"),
        (date(2025, 10, 5), time(2, 15), "Australia/Lord_Howe", "2025-10-05T02:30:00+11:00"),  # half an hour
        (date(2025, 3, 30), time(0, 30), "Africa/Casablanca", "2025-03-30T00:30:00+00:00"),
        (date(2011, 12, 30), time(7, 30), "Pacific/Apia", "2011-12-31T00:00:00+14:00"),  # a day that never was
    ],
)
def test_a_local_time_is_one_moment(day: date, at: time, zone: str, moment: str) -> None:
    assert due_moment(day, at, zone).isoformat() == moment


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.sampled_from(ZONES), st.integers(0, 3650), st.integers(0, 23 * 60 + 44))
def test_every_day_of_ten_years_is_due_exactly_once(zone: str, offset: int, minute: int) -> None:
    """A scheduler that asks every 15 minutes through four days finds each day due, and no day twice."""
    at = time(minute // 60, minute % 60)
    now = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=offset)
    end = now + timedelta(days=4)
    done: list[date] = []
    newest = None
    while now < end:
        found = decide_due(now, at, zone, done[-1] if done else None, newest)
        if found.due:
            assert now >= due_moment(found.day, at, zone)
            done.append(found.day)
            newest = now
            again = decide_due(now + timedelta(minutes=1), at, zone, done[-1], newest)
            assert not again.due and again.next_at > now
        now += timedelta(minutes=15)
    assert done == sorted(set(done))
    local_days = {(end - timedelta(days=back)).astimezone(ZoneInfo(zone)).date() for back in (1, 2)}
    assert local_days <= set(done)


def test_before_the_time_and_after_the_run_nothing_is_due(site: Site) -> None:
    site.clock.moment = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # 06:00 in Sofia
    early = calendar.is_due(site.database, site.settings, site.clock)
    assert (early.due, early.reached, early.next_at.isoformat()) == (False, False, "2026-11-23T07:30:00+02:00")
    calendar.mark_done(site.database, site.settings, site.clock)  # an early plain run does not count
    site.clock.move(hours=2)
    assert calendar.is_due(site.database, site.settings, site.clock).due
    calendar.mark_done(site.database, site.settings, site.clock)
    done = calendar.is_due(site.database, site.settings, site.clock)
    assert (done.due, done.next_at.isoformat()) == (False, "2026-11-24T07:30:00+02:00")


def test_a_run_over_midnight_is_of_the_day_it_began(site: Site) -> None:
    site.clock.moment = datetime(2026, 11, 23, 21, 59, tzinfo=UTC)
    began = calendar.is_due(site.database, site.settings, site.clock)
    site.clock.move(minutes=20)
    calendar.mark_done(site.database, site.settings, site.clock, began)
    site.clock.move(hours=8)
    tomorrow = calendar.is_due(site.database, site.settings, site.clock)
    assert (began.day, tomorrow.day, tomorrow.due) == (date(2026, 11, 23), date(2026, 11, 24), True)


def test_a_clock_set_back_makes_nothing_due(site: Site) -> None:
    calendar.mark_done(site.database, site.settings, site.clock)
    site.clock.move(days=-2)
    found = calendar.is_due(site.database, site.settings, site.clock)
    assert not found.due and "clock" in found.reason
    site.clock.move(days=2, minutes=-3)  # set right by three minutes: no reason to stop
    assert "clock" not in calendar.is_due(site.database, site.settings, site.clock).reason


def test_a_run_from_the_future_is_noticed(site: Site) -> None:
    future = site.clock.now() + timedelta(days=5)
    record_run(site.database, "hq", "settle", started=future, ended=future, exit_code=0, answer={})
    assert "clock" in calendar.is_due(site.database, site.settings, site.clock).reason


def test_a_day_is_claimed_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    day = date(2026, 11, 23)
    assert calendar.claim(site.database, site.settings, site.clock, day)
    assert calendar.claim(site.database, site.settings, site.clock, day)  # this machine's last run died
    monkeypatch.setattr(calendar, "holder_of", lambda _: "elsewhere:/var")
    assert not calendar.claim(site.database, site.settings, site.clock, day)
    site.clock.move(hours=2)
    assert calendar.claim(site.database, site.settings, site.clock, day)  # the other machine died
    calendar.mark_done(site.database, site.settings, site.clock)
    site.clock.move(hours=2)
    assert not calendar.claim(site.database, site.settings, site.clock, day)
