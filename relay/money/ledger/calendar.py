"""The business day as data: when it is due, who claimed it, whether it is done.

The calendar date in the site's time zone is the business day. One row per site and day is claimed once, so a repeated
hour, a second scheduler or a second machine changes nothing, and a missed day is covered by the next run.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, and_, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from relay.clock import Clock
from relay.config import Settings
from relay.database import put, reading
from relay.money.ledger import records, tables
from relay.money.ledger.lease import holder_of

TOLERANCE = timedelta(minutes=5)  # clocks are set right by less than this every day
CLAIM_LIFE = timedelta(hours=1)  # after that another machine may take over a day that was claimed and never done


@dataclass(frozen=True, slots=True)
class Due:
    """Whether the scheduled run of `day` is to be done now. `reached`: `daily_at` of that day has come.

    `next_at` is the moment when a run is due next (now or earlier while `due`), in the site's zone. `went_back`: the
    clock says less than a run on record, so nothing is due until it is right again.
    """

    day: date
    due: bool
    reason: str
    next_at: datetime
    reached: bool
    went_back: bool = False


def due_moment(day: date, at: time, timezone: str) -> datetime:
    """Return the moment of a local time on a day: in a gap the first moment after it, in a doubled hour the first one.

    >>> due_moment(date(2025, 3, 30), time(2, 30), "Europe/Berlin").isoformat()
    '2025-03-30T03:00:00+02:00'
    """
    zone = ZoneInfo(timezone)
    wanted = datetime.combine(day, at, zone)  # fold=0: the first of two
    moment = wanted.astimezone(UTC).astimezone(zone)
    if moment.replace(tzinfo=None) == wanted.replace(tzinfo=None):
        return moment
    return _first_after_gap(wanted.astimezone(UTC), zone)


def _first_after_gap(inside: datetime, zone: ZoneInfo) -> datetime:
    """Return the first moment after the gap that a wall time fell into, found by halving.

    A wall time in a gap is counted with the offset before it, so `inside` lies after the change by less than the gap.
    """
    low, high = inside - timedelta(days=1), inside
    after = high.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == after:
            high = middle
        else:
            low = middle
    return high.replace(microsecond=0).astimezone(zone)


def decide_due(now: datetime, at: time, timezone: str, newest_day: date | None, newest_at: datetime | None) -> Due:
    """Given the newest day that was done and the newest moment on record, return whether a run is due now.

    Days missed before today are covered by today's run, so they do not make one due before `daily_at`.
    """
    today = now.astimezone(ZoneInfo(timezone)).date()
    moment = due_moment(today, at, timezone)
    tomorrow = due_moment(today + timedelta(days=1), at, timezone)
    reached = now >= moment
    if (newest_day is not None and newest_day > today) or (newest_at is not None and newest_at > now + TOLERANCE):
        after = max(newest_day or today, today) + timedelta(days=1)
        text = "the clock has gone back: a later run is on record"
        return Due(today, False, text, due_moment(after, at, timezone), False, went_back=True)
    if newest_day == today:
        return Due(today, False, f"{today.isoformat()} is done", tomorrow, reached)
    if not reached:
        return Due(today, False, f"{today.isoformat()} is due at {moment:%H:%M}", moment, False)
    return Due(today, True, f"{today.isoformat()} was due at {moment:%H:%M}", moment, True)


def is_due(database: Engine, settings: Settings, clock: Clock) -> Due:
    """Return whether the scheduled run is to be done now, from the ledger and the clock alone."""
    table, site = tables.business_days, settings.site.name
    with reading(database) as connection:
        done = connection.execute(
            select(func.max(table.c.day)).where(table.c.site == site, table.c.done_at.is_not(None))
        ).scalar()
        newest = connection.execute(select(func.max(table.c.claimed_at)).where(table.c.site == site)).scalar()
        ended = records.newest_moment(connection, site)
    moments = [moment for moment in (newest, ended) if moment is not None]
    return decide_due(clock.now(), settings.schedule.daily_at, settings.site.timezone, done, max(moments, default=None))


def claim(database: Engine, settings: Settings, clock: Clock, day: date) -> bool:
    """Claim a business day for this machine and return whether it is ours to do.

    A day that was claimed and never done goes to the same machine at once (its lock says that the other run is dead),
    to another one after an hour.
    """
    table, site, now, holder = tables.business_days, settings.site.name, clock.now(), holder_of(settings)
    row = {"site": site, "day": day, "claimed_by": holder, "claimed_at": now, "done_at": None}
    try:
        with database.begin() as connection:
            connection.execute(insert(table).values(**row))
        return True
    except IntegrityError:
        pass
    free = and_(
        table.c.site == site,
        table.c.day == day,
        table.c.done_at.is_(None),
        (table.c.claimed_by == holder) | (table.c.claimed_at < now - CLAIM_LIFE),
    )
    with database.begin() as connection:
        return connection.execute(update(table).where(free).values(claimed_by=holder, claimed_at=now)).rowcount == 1


def mark_done(database: Engine, settings: Settings, clock: Clock, due: Due | None = None) -> None:
    """Mark the business day of a run as done, if its `daily_at` had come when the run began (`due`)."""
    due = due or is_due(database, settings, clock)
    if not due.reached:
        return
    now, key = clock.now(), {"site": settings.site.name, "day": due.day}
    with database.begin() as connection:
        claimed = {"claimed_by": holder_of(settings), "claimed_at": now}
        put(connection, tables.business_days, key, {"done_at": now}, claimed)
