"""What is worth a message, found in the ledger, the login's log and the directory. Tells nobody and writes nothing.

A cause is one thing that somebody has to see to: what follows from it is no cause of its own, so that a relay that has
died is not told a second time by its old directory. No message names a person, a document or a secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Engine

from papercut_scripts import handover
from relay import language
from relay.alerts import Alert
from relay.clock import Clock
from relay.config import Settings
from relay.database import reading
from relay.language import joined, lazy
from relay.money.ledger import calendar, records
from relay.open_items import STOPS, open_items
from relay.people.logins import bulk_failures

OVERDUE = timedelta(hours=2)  # after its hour a daily run may take that long, or wait for a machine to wake up
LOGINS_OVER = timedelta(hours=1)  # so long after the last of them many refused logins are over


class Advice(NamedTuple):
    """What a kind of cause is called, what to do about it, and the console's page where that is done."""

    title: str
    what_to_do: str
    page: str


ADVICE: Mapping[str, Advice] = {
    "failed": Advice(
        lazy("the daily run failed"),
        lazy(
            "Nothing is lost or doubled: it is tried again with the next call. If it fails again, look at the Checks "
            "page."
        ),
        "/checks",
    ),
    "refused": Advice(
        lazy("changes to people were held back"),
        lazy("Look on the Review page to see whether so many changes are right, and let them pass once."),
        "/review",
    ),
    "stopped": Advice(
        lazy("no money moves"), lazy("Billing is paused until somebody answers on the Money page."), "/money"
    ),
    "held": Advice(
        lazy("money is held"), lazy("Decide on the Money page who is billed and who is forgiven."), "/money#held"
    ),
    "in_doubt": Advice(
        lazy("money is in doubt"),
        lazy("Look in OfficeRnD or PaperCut to see whether it is there, and say so on the Money page."),
        "/money#questions",
    ),
    "missed": Advice(
        lazy("the daily run was missed"),
        lazy("Make sure that the relay's computer is on and that its service or scheduled task is still running."),
        "/",
    ),
    "clock": Advice(
        lazy("the daily run waits for the clock"),
        lazy(
            "Put the clock of the relay's computer right. If it is right now and was ahead before, there is nothing to "
            "do: the next daily run comes as soon as the clock is past the last one."
        ),
        "/",
    ),
    "logins": Advice(
        lazy("many logins are refused"),
        lazy("Try a login yourself, and look on the Checks page to see whether OfficeRnD answers."),
        "/checks",
    ),
    "directory": Advice(
        lazy("the list of people is out of date"),
        lazy("Bring people in line on the Review page, and find out why that has not happened by itself."),
        "/review",
    ),
}


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause: `name` is its kind, with what it is about behind a colon where there are several."""

    name: str
    message: str
    seen_at: datetime

    @property
    def kind(self) -> str:
        return self.name.partition(":")[0]


class Here(Protocol):
    """What is looked at: a run's site, or the console's desk."""

    @property
    def settings(self) -> Settings: ...
    @property
    def database(self) -> Engine: ...
    @property
    def clock(self) -> Clock: ...


def of_run(result: Mapping[str, Mapping[str, Any] | None], day: str, now: datetime) -> list[Cause]:
    """Return what a whole run met, from its parts' answers: that it failed, or that a limit held people back."""
    errors = [part["error"]["message"] for part in result.values() if part and part.get("error")]
    found = [failed(day, errors[0], now)] if errors else []
    refused = [one["message"] for one in (result.get("sync") or {}).get("refused", ())]
    if refused:
        message = lazy("A safety limit held back changes to people: %(refused)s", refused=refused[0])
        found.append(Cause("refused", message, now))
    return found


def failed(day: str, message: str, now: datetime) -> Cause:
    """Return that the run of a day, "2026-11-23", failed."""
    on = language.day(date.fromisoformat(day))
    return Cause("failed", lazy("The daily run of %(day)s failed: %(message)s", day=on, message=message), now)


def standing(here: Here) -> list[Cause]:
    """Return what the ledger says to be open in money."""
    now, found = here.clock.now(), []
    items = open_items(here.database, here.settings)
    for stop in items.stops:
        title = STOPS.get(stop["code"], "")
        told = joined(lazy("%(what)s.", what=lazy(title)) if title else "", stop["message"])
        found.append(Cause(f"stopped:{stop['code']}", told, now))
    for line in items.lines():
        if line.kind in ("hold", "doubt"):
            found.append(Cause("held" if line.kind == "hold" else "in_doubt", line.text, now))
    return found


def missed(here: Here) -> list[Cause]:
    """Return whether nothing has run since yesterday, for whoever watches the runs from outside.

    A run that failed has come, and is told as that. A site that never ran has not begun.
    """
    settings, now = here.settings, here.clock.now()
    with reading(here.database) as connection:
        last = records.last_daily_run(connection, settings.site.name)
    day = here.clock.local_day(now, settings.site.timezone)
    due = calendar.due_moment(day, settings.schedule.daily_at, settings.site.timezone)
    if now < due + OVERDUE:  # not late today; was it late yesterday?
        due = calendar.due_moment(day - timedelta(days=1), settings.schedule.daily_at, settings.site.timezone)
    if last is None or last >= due:
        return []
    told = lazy(
        "No daily run since %(last)s; one was due on %(due)s.",
        last=language.moment(last, settings.site.timezone),
        due=language.moment(due, settings.site.timezone),
    )
    return [Cause("missed", told, now)]


def set_back(here: Here) -> list[Cause]:
    """Return whether the clock was set back, where no stop says so already."""
    due = calendar.is_due(here.database, here.settings, here.clock)
    if not due.went_back:
        return []
    if any(one["code"] == "clock_went_back" for one in open_items(here.database, here.settings).stops):
        return []
    message = lazy("A run on record ended later than this computer's clock says now, so the daily run is not started.")
    return [Cause("clock", message, here.clock.now())]


def logins(here: Here, before: datetime | None) -> list[Cause]:
    """Return whether logins are refused in bulk, now or since `before`, the evidence that the last alert rested on."""
    settings, now = here.settings, here.clock.now()
    found = bulk_failures(settings.scripts.home, now)
    if found is None:
        return []
    if now - found.until >= LOGINS_OVER and before is not None and found.until <= before + LOGINS_OVER:
        return []
    message = lazy(
        "%(refused)s logins of %(people)s people were refused within an hour, up to "
        "%(until)s; %(accepted)s were accepted.",
        refused=found.refused,
        people=found.people,
        until=language.moment(found.until, settings.site.timezone),
        accepted=found.accepted,
    )
    return [Cause("logins", message, found.until)]


def directory(here: Here) -> list[Cause]:
    """Return whether the directory in force is so old that PaperCut's sync is refused soon, or already."""
    try:
        reader = handover.DirectoryInForce(str(here.settings.scripts.home))
        published = datetime.fromtimestamp(reader.read(lambda generation: "all-users").published, UTC)
    except handover.Doubt:
        return []  # none yet, or damaged: `check` tells
    now, limit = here.clock.now(), here.settings.scripts.max_age_hours
    hours = (now - published).total_seconds() / 3600
    if hours <= limit * 3 / 4:
        return []
    outcome = lazy("is refused") if hours > limit else lazy("is refused when they are %(limit)s hours old", limit=limit)
    message = lazy(
        "The answers for PaperCut were written %(hours)s hours ago; its sync %(outcome)s.",
        hours=format(hours, ".0f"),
        outcome=outcome,
    )
    return [Cause("directory", message, now)]


def without_what_follows(found: Iterable[Cause]) -> list[Cause]:
    """Return causes without those that another one explains."""
    causes = list(found)
    kinds = {cause.kind for cause in causes}
    if kinds & {"failed", "refused", "missed"}:
        causes = [cause for cause in causes if cause.kind != "directory"]
    return causes


def as_before(alerts: Iterable[Alert], *kinds: str) -> list[Cause]:
    """Return the causes of these kinds that only another run can end."""
    return [Cause(alert.cause, alert.message, alert.seen_at) for alert in alerts if alert.kind in kinds]
