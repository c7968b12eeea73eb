"""What PaperCut does at its own hours: quotas at 00:10, 00:20 and 00:30, and the nightly sync.

Source: PaperCut manual on quota allocation: daily at 00:10, weekly on Sunday 00:20, monthly on the 1st 00:30; a user
gets the sum over all groups, All Users on top, "only allow accumulation up to" caps it. A quota only adds.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from relay.sandbox.papercut import sync
from relay.sandbox.papercut.state import PaperCutState
from relay.sandbox.papercut.tasks import TaskFailed

DAILY = time(0, 10)
WEEKLY = time(0, 20)
MONTHLY = time(0, 30)


def run_due(state: PaperCutState, since: datetime) -> list[str]:
    """Do everything whose hour lies after `since` and not after the clock's now, in order; return what was done.

    `since` is an aware time. The answer is like ["DAILY 2026-02-01", "MONTHLY 2026-02-01", "sync 2026-02-01"].
    """
    done = []
    now = state.now()
    day = since.astimezone(state.zone).date()
    while day <= now.date():
        for moment, what in _events(state, day):
            if since < moment <= now:
                _do(state, what)
                done.append(f"{what} {day:%Y-%m-%d}")
        day += timedelta(days=1)
    return done


def run_night(state: PaperCutState) -> None:
    """Do the nightly sync now, whatever the hour. Raises TaskFailed."""
    sync.nightly_sync(state)


def _events(state: PaperCutState, day: date) -> list[tuple[datetime, str]]:
    hour, _, minute = state.switches.nightly_sync_at.partition(":")
    events = [(DAILY, "DAILY"), (time(int(hour), int(minute)), "sync")]
    if day.weekday() == 6:
        events.append((WEEKLY, "WEEKLY"))
    if day.day == 1:
        events.append((MONTHLY, "MONTHLY"))
    return sorted((datetime.combine(day, at, state.zone), what) for at, what in events)


def _do(state: PaperCutState, what: str) -> None:
    if what != "sync":
        allocate_quota(state, what)
        return
    try:
        sync.nightly_sync(state)
    except TaskFailed as error:
        state.note(str(error), "ERROR")


def allocate_quota(state: PaperCutState, period: str) -> None:
    """Add the quotas of `period` (DAILY, WEEKLY, MONTHLY) to the balances of the groups' members."""
    with state.lock:
        account = state.settings.first_account()
        groups = [state.group(state.all_users.name), *state.groups.values()]
        due = [group for group in groups if group.quota.period == period and group.quota.amount > 0]
        for name in state.usernames():
            user = state.users[name]
            for group in due:
                if name not in group.members:
                    continue
                amount = group.quota.amount
                if group.quota.max_accumulation > 0:
                    amount = min(amount, group.quota.max_accumulation - user.total())
                if amount > 0:
                    state.transact(
                        user, amount, f"{period.capitalize()} quota", kind="QUOTA", by="[system]", account=account
                    )
