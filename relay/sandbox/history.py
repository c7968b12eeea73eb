"""A past for the stand-ins: mornings on which the relay does its work, and working days on which members print.

All of it goes through the real code, on a clock that is moved instead of waited for. The past ends with a morning's
work, so that afterwards every cent is accounted for. The same seed makes the same past for the same people.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from relay import jobs, money
from relay.clock import Clock
from relay.config import Settings
from relay.lock import site_lock
from relay.money.ledger.calendar import due_moment
from relay.papercut.client import TASK_POLL_LONGEST_S
from relay.run import recorded, run
from relay.sandbox.pair import Pair
from relay.site import Site
from relay.stored_accounts import accounts_of

AFTER_DUE = timedelta(minutes=2)  # when a scheduler finds that a daily run is due
MARGIN = timedelta(minutes=15)  # the past ends so long before now, so that no run of it ends in the future
SATURDAY = 5
SHARE_OF_PRINTERS = 6  # one of so many members prints at all; field reports: 22 of 431 within a month
DAILY = 0.3  # and then on so many of the working days
OPENS_AT, OPEN_MINUTES = 9, 8 * 60
PAGES = (1, 1, 1, 2, 2, 3, 4, 6, 8, 12, 20)
DOCUMENTS = (
    "Offer.pdf",
    "Invoice.pdf",
    "Floor plan.pdf",
    "Minutes of Tuesday.docx",
    "Boarding pass.pdf",
    "Contract.pdf",
    "Poster A3.png",
    "Budget.xlsx",
    "Slides for the board.pptx",
    "Return label.pdf",
)
LONGEST_LOOK_S = TASK_POLL_LONGEST_S  # whoever sleeps longer waits for the time itself


class MovedClock(Clock):
    """This machine's clock, set back by days and moved on by hand until it shows the present; it never goes back.

    To sleep long in the past is to move it on. A short sleep is a real one: somebody looks whether another thread, or
    a program, has come to its end, and neither hurries because a clock was moved.
    """

    def __init__(self, back: timedelta) -> None:
        self._back = self._at_first = back
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return super().now() - self._back

    def monotonic_s(self) -> float:
        return super().monotonic_s() + (self._at_first - self._back).total_seconds()

    def sleep(self, seconds: float) -> None:
        if self._back and seconds > LONGEST_LOOK_S:
            self._skip(timedelta(seconds=seconds))
        else:
            super().sleep(seconds)

    def move_to(self, moment: datetime) -> None:
        """Go on to `moment`; one that has passed already changes nothing."""
        self._skip(max(moment - self.now(), timedelta(0)))

    def move_to_present(self) -> None:
        self._skip(self._back)

    def _skip(self, by: timedelta) -> None:
        with self._lock:
            self._back = max(self._back - by, timedelta(0))


def clock_before(days: int) -> MovedClock:
    """Return a clock that stands before the first morning of a past of so many days."""
    return MovedClock(timedelta(days=days + 1))


def settings_then(settings: Settings, days: int) -> Settings:
    """Return the settings with which the past is played: PaperCut's programs live in the present, and must not take
    what was published in the past for too old."""
    hours = settings.scripts.max_age_hours + 24 * (days + 1)
    return settings.model_copy(update={"scripts": settings.scripts.model_copy(update={"max_age_hours": hours})})


def mornings(settings: Settings, clock: Clock, days: int) -> list[datetime]:
    """Return when the daily run begins on each working day of the last `days` before the present `clock`, and on the
    last day, whichever it is."""
    zone = settings.site.timezone
    today, latest = clock.business_day(zone), clock.now() - MARGIN
    candidates = [today - timedelta(days=ago) for ago in range(days, -1, -1)]
    moments = [due_moment(day, settings.schedule.daily_at, zone) + AFTER_DUE for day in candidates]
    gone = [moment for moment in moments if moment <= latest]
    return [moment for moment in gone if moment.weekday() < SATURDAY or moment == gone[-1]]


def play(pair: Pair, site: Site, clock: MovedClock, past: Sequence[datetime], *, seed: int = 1) -> int:
    """Let members print after each morning of the past and the relay work on the next one; return how many jobs.

    The work of `past[0]` is the caller's. The last morning, and each first one of a week, is a whole daily run; on the
    others people are left alone, which they mostly are, and only money and jobs are done.
    """
    chance, printed = random.Random(seed), 0
    with site.progress.phase("Playing the past", len(past) - 1) as phase:
        for this, following in pairwise(past):
            printed += _print_all_day(pair, site, clock, this, chance)
            clock.move_to(following)
            monday = this.isocalendar().week != following.isocalendar().week
            if monday or following == past[-1]:
                run(site)
            else:
                _do_money(site)
            phase.advance()
    return printed


def _do_money(site: Site) -> None:
    with site_lock(site.settings.site.state_dir):
        job_log = jobs.JobLog(site)
        recorded(site, "settle", lambda: money.settle(site, jobs=job_log))
        recorded(site, "top_up", lambda: money.top_up(site, jobs=job_log))
        recorded(site, "jobs", job_log.import_jobs)


def _print_all_day(pair: Pair, site: Site, clock: MovedClock, morning: datetime, chance: random.Random) -> int:
    zone = ZoneInfo(site.settings.site.timezone)
    chosen = [
        (chance.randrange(OPEN_MINUTES), username)
        for username in _who_prints(site)
        if chance.random() < DAILY
        for _ in range(chance.choice((1, 1, 2)))
    ]
    for minute, username in sorted(chosen):
        clock.move_to(_at(morning.astimezone(zone).date(), minute, zone))
        pages = chance.choice(PAGES)
        colour = chance.choice((0, 0, 1, pages)) if pages > 1 else chance.choice((0, 0, 1))
        pair.papercut.print_job(
            user=username,
            printer="Colour" if colour else "Black and White",
            pages=pages,
            colour_pages=colour,
            duplex=pages > 2 and chance.random() < 0.6,
            document=chance.choice(DOCUMENTS),
            client=f"laptop-{1 + sum(map(ord, username)) % 40}",
        )
    return len(chosen)


def _at(day: date, minute: int, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, OPENS_AT, tzinfo=zone) + timedelta(minutes=minute)


def _who_prints(site: Site) -> list[str]:
    """Return the usernames of those who print at all: the same ones every day."""
    people = [
        account
        for account in accounts_of(site.database, site.name)
        if not account.is_shared and account.standing == "active"
    ]
    people.sort(key=lambda account: account.member_id)
    return [account.username for account in people[:: min(SHARE_OF_PRINTERS, max(len(people), 1))]]
