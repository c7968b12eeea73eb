"""The story of a run, told top to bottom: recover, sync, settle, top up, import jobs, report.

The only place where the rooms, the two clients and the ledger meet. It decides nothing about people or money.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from relay import errors, jobs, money, notify, people
from relay.clock import Clock
from relay.config import Settings
from relay.language import lazy
from relay.lock import site_lock
from relay.money.ledger import calendar, copies
from relay.open_items import open_items
from relay.site import Site

log = logging.getLogger(__name__)


FIRST_IS_A_PERSONS = lazy(
    "the first daily run is started by a person, or begins by itself the day after the first sync"
)


@dataclass
class RunResult:
    """What a whole run did, part by part; a part that failed is {"error": {...}} and the others go on."""

    business_day: str
    due: bool
    reason: str = ""
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)
    exit_code: int = errors.EXIT_DONE
    complete: bool = True

    def as_json(self) -> dict[str, Any]:
        empty: dict[str, Any] = {"sync": None, "settle": None, "top_up": None, "jobs": None}
        return {"business_day": self.business_day, "due": self.due, "reason": self.reason, **empty, **self.parts}


def worst(codes: Sequence[int]) -> int:
    """Return the exit code that counts: in doubt before refused, refused before failed."""
    for code in (errors.EXIT_IN_DOUBT, errors.EXIT_REFUSED, errors.EXIT_FAILED):
        if code in codes:
            return code
    return max(codes, default=errors.EXIT_DONE)


def has_billed(database: Engine, settings: Settings) -> bool:
    """Return whether anything was ever billed from here, by a daily run or by hand."""
    name = settings.site.name
    return money.first_run(database, name, "settle") is not None or copies.has_run(database, name)


def is_a_persons(database: Engine, settings: Settings, clock: Clock) -> bool:
    """Return whether the daily run is left to a person: before the first sync of a new site, and on the day of it.

    Otherwise the schedule would take people over unseen, or bill in the minute after somebody has looked at them.
    """
    if has_billed(database, settings):
        return False
    if not people.is_published(settings.scripts.home):
        return True
    began = money.first_run(database, settings.site.name, "sync")
    zone = settings.site.timezone
    return began is not None and clock.local_day(began, zone) == clock.business_day(zone)


def run(site: Site, *, if_due: bool = False, if_begun: bool = False, allow: Sequence[str] = ()) -> RunResult:
    """Do the scheduled job once and return what happened; with `if_due` only when the business day is not yet done,
    with `if_begun` not while the first one is a person's.

    Each part leaves the truth behind it, so that one that fails does not stop the others; the business day is marked
    done only when every part could run, so that the scheduler's next call tries again. `allow` lifts named limits for
    this run. Raises AlreadyRunning, UsageError for a limit that does not exist, and RelayError where others may write
    the hand-over files.
    """
    money.check_codes(allow)
    settings, clock = site.settings, site.clock
    due = calendar.is_due(site.database, settings, clock)
    if if_due and not due.due:
        if due.went_back:
            notify.watch(site)  # nothing else would tell that the daily run rests
        return RunResult(due.day.isoformat(), False, due.reason)
    if if_begun and is_a_persons(site.database, settings, clock):
        return RunResult(due.day.isoformat(), False, FIRST_IS_A_PERSONS)
    with site_lock(settings.site.state_dir):
        due = calendar.is_due(site.database, settings, clock)  # another scheduler may just have done it
        result = RunResult(due.day.isoformat(), due.due, due.reason)
        if if_due and not (due.due and calendar.claim(site.database, settings, clock, due.day)):
            return RunResult(
                due.day.isoformat(), False, due.reason if not due.due else lazy("another machine is doing it")
            )
        notify.run_began(site)
        try:
            people.refuse_open(settings.scripts.home)
            _parts(site, result, allow)
            if result.complete:
                calendar.mark_done(site.database, settings, clock, due)
        except Exception as error:
            notify.run_broke(site, result.business_day, error)
            raise
        if result.complete or not if_due:
            _keep_copy(site)
    notify.run_ended(site, result.parts, result.business_day, result.exit_code)
    return result


def _parts(site: Site, result: RunResult, allow: Sequence[str]) -> None:
    """Do the parts one after another, each into `result`."""
    job_log = jobs.JobLog(site)
    # What a killed run left open is brought to truth first: nobody is renamed, billed or topped up before.
    moved = _part(site, result, "recover", lambda: money.recover(site, jobs=job_log))
    _part(site, result, "sync", lambda: people.sync(site, allow=allow, scheduled=True))
    for name, work in (("settle", money.settle), ("top_up", money.top_up)):
        if moved is None:
            moved = _part(site, result, name, partial(work, site, allow=allow, jobs=job_log), money_moves=True)
        else:  # nobody knows what is open, or who may still give a permit
            _left_out(result, name, moved)
    _part(site, result, "jobs", job_log.import_jobs)


def recorded(site: Site, kind: str, work: Callable[[], Any]) -> Any:
    """Return what `work` returns, and record the command for `status`, also when it fails."""
    started = site.clock.now()
    answer: dict[str, Any] = {}
    code = errors.EXIT_FAILED
    try:
        done = work()
        answer, code = done.as_json(), done.exit_code
        if kind == "sync":
            jobs.remember_people(site.database, site.settings.site.name, site.clock.now())
            _keep_witness(site)
        return done
    except errors.UsageError:
        code = errors.EXIT_USAGE
        raise
    except errors.RelayError as error:
        log.error("%s: %s", kind, error.message)
        answer, code = _failure(error), error.exit_code
        raise
    except Exception as error:
        if not isinstance(error, DBAPIError):
            log.exception("unexpected error in %s", kind)
            answer = _failure(errors.unexpected(error))
        raise
    finally:
        if code != errors.EXIT_USAGE:  # nothing was begun
            _record(site, kind, started, code, answer)


def _record(site: Site, kind: str, started: datetime, code: int, answer: dict[str, Any]) -> None:
    money.know_timezone(site.database, site.settings)
    money.record_run(
        site.database,
        site.settings.site.name,
        kind,
        started=started,
        ended=site.clock.now(),
        exit_code=code,
        answer=answer,
    )


def _keep_witness(site: Site) -> None:
    """Make the witness after the first sync; a PaperCut that does not let us is told by the next settle."""
    try:
        money.keep_witness(site)
    except errors.RelayError as error:
        log.warning("the witness was not made: %s", error.message)


def _keep_copy(site: Site) -> None:
    """Keep a copy of the ledger; one that cannot be kept fails no run: it is told here, and by `check` if it lasts."""
    try:
        copies.keep(site.database, site.settings, site.clock)
    except errors.RelayError as error:
        log.warning("no copy of the ledger was kept: %s", error.message)


def _part(
    site: Site, result: RunResult, name: str, work: Callable[[], Any], *, money_moves: bool = False
) -> errors.RelayError | None:
    """Do one part of a run and add its answer and exit code to `result`; return why money must rest from now on.

    A part that cannot run does not stop the others, whatever it met; only the ledger does, without which nothing may
    be done. Money rests after a recovery that failed, and after a part that failed in a way nobody has thought of.
    """
    rests: errors.RelayError | None = None
    try:
        done = recorded(site, name, work)
        answer, code = done.as_json(), done.exit_code
    except (errors.LedgerError, DBAPIError):
        raise
    except Exception as error:
        failed = error if isinstance(error, errors.RelayError) else errors.unexpected(error)
        answer, code = _failure(failed), failed.exit_code
        result.complete = False
        if name == "recover" or (money_moves and failed is not error):
            rests = failed
    result.exit_code = worst([result.exit_code, code])
    if name != "recover":
        result.parts[name] = answer
    return rests


def _left_out(result: RunResult, name: str, why: errors.RelayError) -> None:
    message = lazy("No money was moved, since what came before it failed: %(message)s", message=why.message)
    result.parts[name] = _failure(errors.RelayError(message, code=why.code))


def _failure(error: errors.RelayError) -> dict[str, Any]:
    return {"error": error.as_json()}


def status(site: Site) -> dict[str, Any]:
    """Return what `status` tells: last runs, what is open, when the next run is due, who cannot log in yet."""
    settings = site.settings
    due = calendar.is_due(site.database, settings, site.clock)
    return {
        "site": settings.site.name,
        "business_day": due.day.isoformat(),
        "due": due.due,
        "next_due": due.next_at.isoformat(),
        "last_runs": money.last_runs(site.database, settings.site.name),
        "open": open_items(site.database, settings).as_json(),
        "stops": money.stops(site.database, settings),
        "held": money.held(site.database, settings),
        "open_movements": money.open_movements(site.database, settings),
        "readiness": people.readiness(settings).as_json(),
    }
