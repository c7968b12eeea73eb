"""The people room's front: make a plan, apply it. Everything else in this room is a step of these two."""

from __future__ import annotations

import getpass
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Engine

from relay.clock import Clock
from relay.config import Settings
from relay.database import reading
from relay.errors import EXIT_DONE, EXIT_FAILED, EXIT_REFUSED
from relay.officernd.client import OfficeRnD
from relay.papercut.client import PaperCut
from relay.people import links, read, safety
from relay.people.apply import Failure, apply
from relay.people.model import directory_of
from relay.people.plan import Plan, plan
from relay.people.publish import current_directory, publish
from relay.people.safety import PLAN_CHANGED, Refusal
from relay.people.world import Memory
from relay.progress import Progress

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SyncResult:
    """What a sync did: the plan, whether it was applied, what was refused, what failed."""

    plan: Plan
    applied: bool
    refused: tuple[Refusal, ...] = ()
    failures: tuple[Failure, ...] = ()

    @property
    def exit_code(self) -> int:
        if self.refused:
            return EXIT_REFUSED
        return EXIT_FAILED if self.failures else EXIT_DONE

    def as_json(self) -> dict[str, object]:
        answer = self.plan.as_json(applied=self.applied)
        answer["refused"] = [refusal.as_json() for refusal in self.refused]
        answer["failures"] = [failure.as_json() for failure in self.failures]
        if self.failures:
            more = f" (and {len(self.failures) - 1} more)" if len(self.failures) > 1 else ""
            answer["error"] = {"code": "changes_failed", "message": self.failures[0].message + more}
        return answer


def make_plan(
    settings: Settings,
    officernd: OfficeRnD,
    papercut: PaperCut,
    database: Engine,
    *,
    clock: Clock,
    progress: Progress,
    allow: Sequence[str] = (),
) -> Plan:
    """Return what a sync would do now. Reads both systems whole; writes nothing anywhere."""
    safety.check_codes(allow)
    memory = remembered(database, settings)
    world = read.read_world(settings, officernd, papercut, memory, clock=clock, progress=progress)
    return plan(world, settings, clock.now(), allow=allow)


def sync(
    settings: Settings,
    officernd: OfficeRnD,
    papercut: PaperCut,
    database: Engine,
    *,
    clock: Clock,
    progress: Progress,
    expect: str | None = None,
    allow: Sequence[str] = (),
    incremental: bool = False,
    member: str | None = None,
) -> SyncResult:
    """Apply the plan, or only the one with the hash `expect`; the site's lock is the caller's to hold.

    Raises what a read raises; nothing was written then.
    """
    safety.check_codes(allow)
    finish_renames(settings, papercut, database, clock)
    memory = remembered(database, settings)
    world = read.read_world(settings, officernd, papercut, memory, clock=clock, progress=progress)
    made = plan(world, settings, clock.now(), allow=allow)
    refused = made.refused
    if expect is not None and expect != made.hash:
        refused = (*refused, _plan_changed(expect, made.hash))
        return SyncResult(made, False, refused)
    # Where a limit leaves nothing to do, nothing at all is written, hand-over files included.
    if made.stops or (refused and made.is_empty):
        return SyncResult(made, False, refused)
    for code in allow:
        log.warning("safety limit %s lifted for this run by %s", code, getpass.getuser())
    applied = apply(made, world, settings, papercut, database, clock=clock, progress=progress)
    log.info("sync %s: users %s, groups %s", made.hash, dict(made.users), dict(made.groups))
    return SyncResult(made, True, refused, applied.failures)


def remembered(database: Engine, settings: Settings) -> Memory:
    """Return what is remembered of the site, money under way included."""
    with reading(database) as connection:
        return links.read_memory(connection, settings.site.name)


def finish_renames(settings: Settings, papercut: PaperCut, database: Engine, clock: Clock) -> None:
    """Bring renames that a killed run left open to their true end, in the links and in the directory in force."""
    site = settings.site.name
    journal = remembered(database, settings).renames
    if not journal:
        return
    names: dict[str, str] = {}
    for rename in journal:
        done = papercut.user_exists(rename.new) and not papercut.user_exists(rename.old)
        with database.begin() as connection:
            links.close_rename(connection, site, rename, done=done)
        names[rename.old] = rename.new if done else rename.old
        log.info("an unfinished rename of %s to %s %s", rename.old, rename.new, "was done" if done else "was not done")
    directory = current_directory(settings.scripts.home)
    if directory is None or not any(user.standing == "renaming" for user in directory.users):
        return
    users = [
        replace(user, username=names.get(user.username, user.username), standing="active", reason="")
        if user.standing == "renaming"
        else user
        for user in directory.users
    ]
    publish(
        directory_of(users, directory.groups, directory.echoed),
        settings,
        record_fields=read.record_fields(papercut),
        now=clock.now(),
    )


def _plan_changed(expected: str, found: str) -> Refusal:
    return Refusal(
        PLAN_CHANGED,
        f"The plan is now {found}, no longer {expected}: something changed since it was shown, so nothing was done; "
        "read papercut-relay plan again.",
        found,
        expected,
    )
