"""Telling causes: one message for each, once a day at most while it lasts, and one when it is over.

A row of `alerts` is claimed before its message goes, so that a run and the console's process never both tell it; a
message that nobody took is told again at the next look.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, func, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from relay import commands, language
from relay.alerts import Alert, alerts, ended_alerts, open_alerts
from relay.config import Settings
from relay.database import reading
from relay.errors import RelayError
from relay.language import joined, lazy, parts
from relay.notify import causes, report
from relay.notify.addresses import Post, ping
from relay.notify.causes import ADVICE, Cause, Here
from relay.open_items import STOPS
from relay.site import Site

log = logging.getLogger(__name__)

FORGOTTEN = timedelta(days=7)  # an end that could not be told for so long is no news
AGAIN = timedelta(hours=24) - timedelta(minutes=5)  # a daily run does not begin at the same second every day
# Causes that `[notify] on` names otherwise.
NAMED = {"refused": "held", "clock": "stopped"}


def run_began(site: Site) -> None:
    ping(site.settings, "/start")


def run_ended(site: Site, parts: dict[str, dict[str, Any]], day: str, exit_code: int) -> None:
    """Tell what a whole run met and left open, that what was told before is over, and the month's report."""
    ping(site.settings, "/fail" if exit_code else "")
    _quietly(_tell_run, site, causes.of_run(parts, day, site.clock.now()))
    _quietly(report.tell_month, site)


def run_broke(site: Site, day: str, error: Exception) -> None:
    """Tell of a run that ended in the middle."""
    ping(site.settings, "/fail")
    why = error.message if isinstance(error, RelayError) else lazy("the relay's log has the details.")
    _quietly(_tell_run, site, [causes.failed(day, why, site.clock.now())])


def watch(here: Here) -> None:
    """Look from beside the runs: also whether there are any."""
    _quietly(_watch, here)


def _quietly(work: Callable[..., None], *arguments: Any) -> None:
    """Do `work`, which is never a reason for a run to fail."""
    try:
        work(*arguments)
    except (RelayError, DBAPIError, OSError, ValueError) as error:
        log.warning("telling what is open did not work: %s", type(error).__name__)
    except Exception:
        log.exception("telling what is open did not work")


def _tell_run(here: Here, met: list[Cause]) -> None:
    _tell(here, [*met, *_always(here)])


def _watch(here: Here) -> None:
    with reading(here.database) as connection:
        known = open_alerts(connection, here.settings.site.name)
    _tell(here, [*causes.as_before(known, "failed", "refused"), *causes.missed(here), *_always(here)])


def _always(here: Here) -> list[Cause]:
    site = here.settings.site.name
    with reading(here.database) as connection:
        query = select(func.max(alerts.c.seen_at)).where(alerts.c.site == site, alerts.c.cause == "logins")
        before: datetime | None = connection.execute(query).scalar()
    return [*causes.standing(here), *causes.set_back(here), *causes.logins(here, before), *causes.directory(here)]


def _tell(here: Here, found: Iterable[Cause]) -> None:
    """Bring the alerts to what was found, and tell what is new, what has lasted a day, and what is over."""
    wanted = {cause.name: cause for cause in causes.without_what_follows(found)}
    database, settings, now = here.database, here.settings, here.clock.now()
    site = settings.site.name
    post = Post(settings)
    with reading(database) as connection:
        known = {alert.cause: alert for alert in open_alerts(connection, site)}
    for name, alert in known.items():
        if name not in wanted:
            _change(database, alert, ended_at=now)
    for alert in _over_untold(database, site, now):
        if post.has_addresses and _claim(database, alert, None) and not _send_over(post, settings, alert):
            _change(database, alert, told_at=alert.told_at)
    for name, cause in wanted.items():
        opened = known.get(name) or _open(database, site, cause, now)
        if opened is None:
            continue  # somebody else was first, and tells it
        alert = opened
        if (alert.message, alert.seen_at) != (cause.message, cause.seen_at):
            _change(database, alert, message=cause.message, wording=parts(cause.message), seen_at=cause.seen_at)
        due = alert.told_at is None or now - alert.told_at >= AGAIN
        if due and post.has_addresses and NAMED.get(cause.kind, cause.kind) in settings.notify.on:
            if not _claim(database, alert, now):
                continue
            if not _deliver(post, settings, cause, alert.since if alert.told_at else None):
                _change(database, alert, told_at=alert.told_at)


def _deliver(post: Post, settings: Settings, cause: Cause, since: datetime | None) -> bool:
    advice = ADVICE[cause.kind]
    lasted = _lasted(since, settings.site.timezone) if since is not None else ""
    title = joined(settings.site.name, _title(cause.name), by=": ")
    what = joined(cause.message, lasted, by="\n")
    advised = joined(advice.what_to_do, _where(settings, advice.page), by="\n")
    return any(one.sent for one in post.send(title, joined(what, advised, by="\n\n")))


def _lasted(since: datetime, timezone: str) -> str:
    return lazy("This has been so since %(told)s.", told=language.moment(since, timezone))


def _send_over(post: Post, settings: Settings, alert: Alert) -> bool:
    title = lazy("%(name)s: resolved: %(title)s", name=settings.site.name, title=_title(alert.cause))
    began = language.moment(alert.since, settings.site.timezone)
    lines = [
        lazy("This is over: %(message)s", message=alert.message),
        lazy("It began on %(told)s. There is nothing to do.", told=began),
    ]
    return any(one.sent for one in post.send(title, joined(*lines, by="\n")))


def _title(name: str) -> str:
    kind, _, code = name.partition(":")
    return joined(ADVICE[kind].title, lazy(STOPS[code]) if code in STOPS else "", by=": ")


def _where(settings: Settings, page: str) -> str:
    if settings.console.public_url:
        return settings.console.public_url + page
    return lazy("The console of the relay shows it, and so does: %(named)s", named=commands.named("status"))


# -- the alerts' rows


def _open(database: Engine, site: str, cause: Cause, now: datetime) -> Alert | None:
    told = {"message": cause.message, "wording": parts(cause.message), "seen_at": cause.seen_at}
    try:
        with database.begin() as connection:
            done = connection.execute(insert(alerts).values(site=site, cause=cause.name, since=now, **told))
            number: int = (done.inserted_primary_key or (0,))[0]
            return Alert(number, cause.name, cause.message, now, cause.seen_at, None)
    except IntegrityError:
        return None


def _over_untold(database: Engine, site: str, now: datetime) -> list[Alert]:
    """Return what was told, is over, and was not yet told to be: once it is, `told_at` is empty again."""
    with reading(database) as connection:
        found = ended_alerts(connection, site, since=now - FORGOTTEN)
    return [alert for alert in found if alert.told_at is not None]


def _claim(database: Engine, alert: Alert, now: datetime | None) -> bool:
    """Return whether it is ours to tell: nobody has told it since it was read."""
    before = alerts.c.told_at.is_(None) if alert.told_at is None else alerts.c.told_at == alert.told_at
    with database.begin() as connection:
        return (
            connection.execute(update(alerts).where(alerts.c.id == alert.id, before).values(told_at=now)).rowcount == 1
        )


def _change(database: Engine, alert: Alert, **values: Any) -> None:
    with database.begin() as connection:
        connection.execute(update(alerts).where(alerts.c.id == alert.id).values(**values))
