"""PaperCut's own hours: quotas and the nightly sync, by the stand-in's clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from relay.sandbox.papercut import PaperCutState, nightly
from tests.support.still_clock import StillClock


@pytest.fixture
def office(tmp_path):
    clock = StillClock(datetime(2026, 1, 30, 12, 0, tzinfo=UTC))
    state = PaperCutState(tmp_path, clock=clock, timezone="Europe/Sofia")
    state.switches.set("nightly_sync_at", "23:00")
    state.add_user("ann", balance=-7.0)
    state.add_user("bob")
    state.add_group("Acme", ["ann"])
    return state, clock


def quota(state, group, amount, period, cap=0.0):
    held = state.group(group).quota
    held.amount, held.period, held.max_accumulation = amount, period, cap


def test_quotas_come_daily_weekly_and_monthly_at_their_minutes(office):
    """papercut-server-api 1.8: daily 00:10, weekly Sunday 00:20, monthly on the 1st 00:30"""
    state, clock = office
    since = clock.now()
    clock.moment = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)  # a Sunday and a first
    assert nightly.run_due(state, since) == [
        "sync 2026-01-30",
        "DAILY 2026-01-31",
        "sync 2026-01-31",
        "DAILY 2026-02-01",
        "WEEKLY 2026-02-01",
        "MONTHLY 2026-02-01",
    ]


def test_the_hours_are_local(office):
    """papercut-server-api 1.8: server time"""
    state, clock = office
    quota(state, "Acme", 30.0, "MONTHLY")
    since = datetime(2026, 1, 31, 22, 0, tzinfo=UTC)
    clock.moment = datetime(2026, 1, 31, 22, 29, tzinfo=UTC)  # 00:29 in Sofia
    nightly.run_due(state, since)
    assert state.user("ann").balance == -7.0
    clock.move(minutes=1)
    nightly.run_due(state, datetime(2026, 1, 31, 22, 29, tzinfo=UTC))
    assert state.user("ann").balance == 23.0


def test_a_quota_adds_and_resets_nothing(office):
    """papercut-server-api 1.8 and 7: it eats last month's debt"""
    state, _ = office
    quota(state, "Acme", 5.0, "DAILY")
    nightly.allocate_quota(state, "DAILY")
    nightly.allocate_quota(state, "DAILY")
    assert state.user("ann").balance == 3.0
    assert [entry.kind for entry in state.transactions_of("ann")] == ["QUOTA", "QUOTA"]
    assert state.transactions_of("bob") == []


def test_a_user_gets_the_sum_over_all_groups_and_all_users_on_top(office):
    """papercut-server-api 1.8"""
    state, _ = office
    state.add_group("Beta", ["ann"])
    quota(state, "Acme", 1.0, "WEEKLY")
    quota(state, "Beta", 2.0, "WEEKLY")
    quota(state, "!!All Users!!", 4.0, "WEEKLY")
    nightly.allocate_quota(state, "MONTHLY")
    nightly.allocate_quota(state, "WEEKLY")
    assert (state.user("ann").balance, state.user("bob").balance) == (0.0, 4.0)


def test_accumulation_is_capped(office):
    """papercut-server-api 1.8: "Only allow accumulation up to" """
    state, _ = office
    state.user("ann").balance = 8.0
    quota(state, "Acme", 5.0, "DAILY", cap=10.0)
    nightly.allocate_quota(state, "DAILY")
    nightly.allocate_quota(state, "DAILY")
    assert state.user("ann").balance == 10.0
    assert len(state.transactions) == 1


def test_a_failed_nightly_sync_is_a_line_in_the_log(office):
    """papercut-server-api 3.5: nothing changes on an error"""
    state, clock = office
    since = clock.now()
    clock.move(days=1)
    nightly.run_due(state, since)
    assert "Synchronization failed: no custom program" in state.server_log[-1]
