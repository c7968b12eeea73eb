"""The clock of `serve`: the daily run when it is due, people in between, and a look at both systems now and then.

It decides nothing: the calendar says whether a day is due. A run that failed is tried again, later each time.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from relay import notify, people
from relay import run as story
from relay.console import first_hour
from relay.console.desk import Desk
from relay.console.pages import statements
from relay.errors import AlreadyRunning, RelayError
from relay.language import N_
from relay.money.ledger import calendar
from relay.site import Site

log = logging.getLogger(__name__)

WHO = "the schedule"
TICK_S = 20.0
LOOK_EVERY = timedelta(minutes=10)
HINT_PAUSE = timedelta(minutes=1)  # hooks come in crowds; one reading answers them all
FIRST_RETRY, LONGEST_RETRY = timedelta(minutes=5), timedelta(hours=1)


class Schedule:
    """Does what is due, at every tick. `hinted`: a webhook or saved settings ask for a sooner look.

    `first` is done before the first tick, each as long as nobody has stopped it.
    """

    def __init__(self, place: Desk, first: Iterable[Callable[[], object]] = ()) -> None:
        self._place = place
        self._first = first
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._retry_at: datetime | None = None
        self._retry_after = FIRST_RETRY
        self._synced_at: datetime | None = None
        self._hinted = False

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="schedule", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Begin nothing new; what is under way is waited for elsewhere."""
        self._over.set()
        self._place.wake.set()

    def _run(self) -> None:
        for prepare in self._first:
            if self._over.is_set():
                return
            try:
                prepare()
            except Exception:
                log.exception("a page could not be prepared and is made when it is asked for")
        while not self._over.is_set():
            try:
                self.tick()
            except Exception:
                log.exception("the schedule stumbled and goes on")
            if self._place.wake.wait(TICK_S) and not self._over.is_set():
                self._place.wake.clear()
                self._hinted = True

    def tick(self) -> None:
        """Do what is due at this moment: at most one run or one sync, and a look."""
        place = self._place
        place.refresh()
        now = place.clock.now()
        due = calendar.is_due(place.database, place.settings, place.clock)
        try:
            if place.directory() is None:
                pass  # the first sync is a person's: nobody is taken over or shut out unseen
            elif due.due and not first_hour.holds_run(place):
                if self._retry_at is None or now >= self._retry_at:
                    self._daily(now)
            elif self._sync_is_due(now):
                self._sync(now)
            if place.glance is None or now - place.glance.at >= LOOK_EVERY:
                place.look()
                notify.watch(place)
            if place.works.current is None:  # what is under way goes on changing it
                statements.look_ahead(place)
        except AlreadyRunning as busy:
            log.info("the schedule waits: %s", busy.message)
        except RelayError as error:
            log.warning("the schedule: %s", error.message)

    def _daily(self, now: datetime) -> None:
        done: list[story.RunResult] = []

        def run(site: Site) -> story.RunResult:
            done.append(story.run(site, if_due=True))
            return done[0]

        work = self._place.begin("run", "Daily run", WHO, run, writes=False, wait=True)
        self._synced_at = now
        if done and done[0].complete:
            self._retry_at, self._retry_after = None, FIRST_RETRY
            return
        self._retry_at = now + self._retry_after
        log.warning("the daily run was not whole (%s); again at %s", work.error or "see its parts", self._retry_at)
        self._retry_after = min(self._retry_after * 2, LONGEST_RETRY)

    def _sync_is_due(self, now: datetime) -> bool:
        """Return whether people are to be looked at between the daily runs."""
        minutes = self._place.settings.schedule.sync_every_minutes
        if self._synced_at is None:
            self._synced_at = now
        since = now - self._synced_at
        if self._hinted and since >= HINT_PAUSE:
            return True
        return bool(minutes) and since >= timedelta(minutes=minutes)

    def _sync(self, now: datetime) -> None:
        self._synced_at, self._hinted = now, False
        self._place.begin(
            "sync",
            N_("Look for new and changed members"),
            WHO,
            lambda site: people.sync(site, incremental=True, scheduled=True),
            writes=True,
            recorded=True,
            wait=True,
        )
