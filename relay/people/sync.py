"""The people room's front: make a plan, apply it. Everything else in this room is a step of these two."""

from __future__ import annotations

import getpass
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from relay.database import reading
from relay.errors import EXIT_DONE, EXIT_FAILED, EXIT_REFUSED
from relay.language import lazy
from relay.money import last_readings, members_with_debts, members_with_open_movements, standing
from relay.people import read, ready, who
from relay.people.act.apply import Failure, apply
from relay.people.act.publish import current_directory, publish, refuse_open
from relay.people.decide import safety
from relay.people.decide.plan import SyncPlan, acts, links_somebody, plan
from relay.people.decide.safety import PLAN_CHANGED, LimitMet
from relay.people.directory import directory_of
from relay.people.memory import links, questions, snapshot
from relay.people.world import Memory, World
from relay.remedy import Remedy
from relay.site import Site

log = logging.getLogger(__name__)

# Members deleted in OfficeRnD show in no incremental reading, so a full one is due once a day.
FULL_READ_EVERY = timedelta(hours=36)
WRONG_LEDGER = ("ledger_lost", "site_renamed")  # why the ledger may not be the one in which these people belong
SECOND_RELAY = "second_relay"  # two that bring people in line undo each other's work, so neither begins


@dataclass(frozen=True)
class SyncResult:
    """What a sync did: the plan, whether it was applied, what was refused, what failed."""

    plan: SyncPlan
    applied: bool
    refused: tuple[LimitMet, ...] = ()
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
            first, more = self.failures[0].message, len(self.failures) - 1
            told = lazy("%(first)s (and %(count)s more)", first=first, count=more) if more else first
            answer["error"] = {"code": "changes_failed", "message": told}
        return answer


def make_plan(site: Site, *, allow: Sequence[str] = ()) -> SyncPlan:
    """Return what a sync would do now. Reads both systems whole; writes nothing but the list of open questions."""
    safety.check_codes(allow)
    world = read.read_world(site, remembered(site))
    made = _plan(site, world, allow, None)
    _keep_questions(site, made)
    return made


def _keep_questions(site: Site, made: SyncPlan) -> None:
    """Keep what waits for an answer, whoever asked for the plan: every page and `status` tell of the same."""
    with site.database.begin() as connection:
        questions.keep(connection, site.name, made.warnings, site.clock.now())


def _plan(site: Site, world: World, allow: Sequence[str], only: set[str] | None) -> SyncPlan:
    """Return the plan; one that stops where another relay works on this PaperCut, and one without new links while the
    site's money is stopped because its ledger may be the wrong one.

    What an account holds at its link is its opening balance for good, so nobody is linked in a ledger that may be
    exchanged for the right one tomorrow.
    """
    now = site.clock.now()
    if _misses_accounts(world) and "restored" in standing(site, answered=True):
        world = replace(world, memory=replace(world.memory, is_restored=True))
    made = plan(world, site.settings, now, allow=allow, only=only)
    linking = sum(map(links_somebody, made.people))
    if not linking and made.is_empty:
        return made
    stops = standing(site)
    if SECOND_RELAY in stops:
        message = lazy("Nothing was done for people, for %(why)s", why=stops[SECOND_RELAY])
        on = (
            Remedy("settle", (), lazy("if there is no other relay, first")),
            Remedy("approve", (SECOND_RELAY, "continue"), lazy("and then")),
        )
        other = LimitMet(SECOND_RELAY, message, len(made.changes), 0, on)
        return replace(made, refused=(*made.refused, other), stops=True)
    code = next((code for code in WRONG_LEDGER if code in stops), None)
    if code is None or not linking:
        return made
    refusal = LimitMet(
        code, lazy("Nobody was linked (%(count)s would be), for %(why)s", count=linking, why=stops[code]), linking, 0
    )
    return plan(world, site.settings, now, allow=allow, only=only, no_links=refusal)


def _misses_accounts(world: World) -> bool:
    return any(
        link.linked_at and link.is_active and link.username not in world.papercut.accounts
        for link in world.memory.links.values()
    )


def sync(
    site: Site,
    *,
    expect: str | None = None,
    allow: Sequence[str] = (),
    incremental: bool = False,
    member: str | None = None,
    scheduled: bool = False,
) -> SyncResult:
    """Apply the plan, or only the one with the hash `expect`; the site's lock is the caller's to hold.

    `incremental` starts from the last sync and asks only for what changed since; `member` (e-mail, username or id)
    brings that one person now and leaves everybody else as they are. Both work by single calls, without a full native
    sync. `scheduled`: no person asked for it, so an answer that takes money away from somebody waits. Raises what a
    read raises; nothing was written then.
    """
    safety.check_codes(allow)
    settings = site.settings
    refuse_open(settings.scripts.home)
    finish_renames(site)
    memory = remembered(site)
    started = site.clock.now()
    only = None
    if member is not None:
        only = who.find_member(site, member, memory).id
        memory = _wanted_back(memory, only)
    since = snapshot.load(settings) if incremental or only else None
    if since is not None and started - since.full_at > FULL_READ_EVERY:
        since = None

    def make(world: World) -> SyncPlan:
        return _plan(site, world, allow, None if only is None else {only})

    if since is None:
        world = read.read_world(site, memory, scheduled=scheduled)
        made = make(world)
    else:
        world = read.read_changes(site, memory, since, member_id=only, scheduled=scheduled)
        made = make(world)
        touched = [decision.username for decision in made.people if acts(decision)]
        if touched:  # what was remembered of them is not good enough to act on
            world = read.with_accounts(world, site.papercut, touched, site.progress)
            made = make(world)
    _keep_questions(site, made)
    refused = made.refused
    if expect is not None and expect != made.hash:
        refused = (*refused, _plan_changed(expect, made.hash))
        return SyncResult(made, False, refused)
    # Where a limit leaves nothing to do, nothing at all is written, hand-over files included.
    if made.stops or (refused and made.is_empty):
        return SyncResult(made, False, refused)
    for code in allow:
        log.warning("safety limit %s lifted for this run by %s", code, _somebody())
    targeted = only is not None or since is not None
    applied = apply(site, made, world, targeted=targeted)
    if not applied.failures:
        full_at = since.full_at if since is not None else started
        snapshot.save(settings, world, applied.papercut, full_at=full_at)
    if only is None:
        ready.save(settings, made, now=started)
    log.info("sync %s: users %s, groups %s", made.hash, dict(made.users), dict(made.groups))
    return SyncResult(made, True, refused, applied.failures)


def remembered(site: Site) -> Memory:
    """Return what is remembered of the site, money under way included."""
    with reading(site.database) as connection:
        memory = links.read_memory(connection, site.name)
    busy = members_with_open_movements(site.database, site.name)
    usernames = {memory.links[member_id].username for member_id in busy if member_id in memory.links}
    readings = last_readings(site.database, site.name, {one.member_id: one.linked_at for one in memory.links.values()})
    indebted = members_with_debts(site.database, site.name)
    return replace(memory, open_movements=frozenset(usernames), readings=readings, indebted=indebted)


def _wanted_back(memory: Memory, member_id: str) -> Memory:
    """Return the memory for somebody asked for by name: an account deleted by hand is wanted again."""
    link = memory.links.get(member_id)
    if link is None or link.standing != "gone":
        return memory
    again = replace(link, linked_at=None, made_by_us=True, initial_done=False, standing="active")
    return replace(memory, links={**memory.links, member_id: again})


def finish_renames(site: Site) -> None:
    """Bring renames that a killed run left open to their true end, in the links and in the directory in force."""
    papercut = site.papercut
    journal = remembered(site).renames
    if not journal:
        return
    names: dict[str, str] = {}
    for rename in journal:
        done = papercut.user_exists(rename.new) and not papercut.user_exists(rename.old)
        with site.database.begin() as connection:
            links.close_rename(connection, site.name, rename, done=done)
        names[rename.old] = rename.new if done else rename.old
        log.info("an unfinished rename of %s to %s %s", rename.old, rename.new, "was done" if done else "was not done")
    directory = current_directory(site.settings.scripts.home)
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
        site.settings,
        record_fields=read.record_fields(papercut),
        now=site.clock.now(),
    )


def _somebody() -> str:
    """Return who runs this, as far as the machine can say."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "an account without a name"


def _plan_changed(expected: str, found: str) -> LimitMet:
    return LimitMet(
        PLAN_CHANGED,
        lazy(
            "The plan is now %(found)s, no longer %(expected)s: something changed since it was shown, so nothing was "
            "done.",
            found=found,
            expected=expected,
        ),
        found,
        expected,
        (Remedy("plan", (), lazy("to read what it is now")),),
    )
