"""Reads both systems whole, and refuses what is short, empty or contradicts itself. Writes nothing.

Absence is proved before it is believed: who is missing from a list is asked for singly, since a list that lost a page
looks exactly like people who left.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from relay import foreign
from relay.config import Settings
from relay.counted import counted
from relay.errors import BadAnswer, NotFound, RelayError
from relay.language import N_, lazy
from relay.officernd.client import OfficeRnD
from relay.officernd.model import Organization
from relay.papercut import keys
from relay.papercut.client import PaperCut, balance_from_text
from relay.people.decide.answers import take_answers
from relay.people.decide.renames import follow_hand_renames
from relay.people.memory.snapshot import Snapshot
from relay.people.world import Account, Memory, OfficeRnDSide, PaperCutSide, World
from relay.progress import OnePhase, Progress
from relay.site import Site

PROPERTIES = (*keys.DETAILS.values(), keys.DISABLED_PRINT, keys.BALANCE, keys.INTERNAL, keys.JOB_COUNT)
_SHOWN = ("full_name", "email", "department", "office")  # never longer than PaperCut itself can hold it
_LONGEST_COUNT = 18  # digits that a database's integer can hold
PROOFS = 20  # so many missing records are asked for singly; more would not make the doubt smaller


def read_world(site: Site, memory: Memory, *, scheduled: bool = False) -> World:
    """Return both systems as they are now, and what is remembered of them: links follow renamed accounts and answers.

    `scheduled`: no person is there to see what an answer would take away. Raises BadAnswer for a read that cannot be
    the truth, and what the clients raise; nothing was written then.
    """
    organization = check_organization(site.officernd, memory, site.settings)
    site.papercut.total_users()  # both systems answer before either is read at length
    with site.progress.phase("Reading OfficeRnD and PaperCut") as phase, ThreadPoolExecutor(2) as pool:
        shared = replace(site, progress=OnePhase(phase))
        people = pool.submit(read_officernd, shared, organization, site.clock.now())
        accounts = pool.submit(read_papercut, site.papercut, shared.progress)
        found = World(people.result(), accounts.result(), memory)
    found = _remembered_names(found, site.settings, scheduled)
    check_departures(site.officernd, found)
    check_accounts(site.settings, found)
    site.progress.line(
        lazy(
            "Read %(members)s and %(companies)s from OfficeRnD, %(users)s and %(groups)s from PaperCut.",
            members=counted(len(found.officernd.members), "member"),
            companies=counted(len(found.officernd.companies), "company"),
            users=counted(len(found.papercut.accounts), "user"),
            groups=counted(len(found.papercut.groups), "group"),
        )
    )
    return found


def read_changes(site: Site, memory: Memory, snapshot: Snapshot, *, member_id: str | None, scheduled: bool) -> World:
    """Return the world of the last sync with what has changed since: in OfficeRnD by `modifiedAt`, and, with
    `member_id`, that member asked for by name; in PaperCut the list of names, new accounts, and groups not ours.

    Accounts that the plan then touches have to be read again, see `with_accounts`. Where PaperCut takes cards from the
    user source all accounts are read, since an echo of an old card would undo a new one.
    """
    officernd, papercut, progress = site.officernd, site.papercut, site.progress
    organization = check_organization(officernd, memory, site.settings)
    before = snapshot.officernd
    members = {one.id: one for one in officernd.members(snapshot.cursor or None, progress=progress)}
    companies = {one.id: one for one in officernd.companies(snapshot.cursor or None, progress=progress)}
    if member_id is not None:
        members[member_id] = officernd.member(member_id)
    known = {**before.companies, **companies}
    for company_id in sorted({one.company for one in members.values() if one.company} - set(known)):
        with contextlib.suppress(NotFound):
            companies[company_id] = officernd.company(company_id)
    side = replace(
        before,
        organization=organization,
        members={**before.members, **members},
        companies={**before.companies, **companies},
    )
    side = catalogue(replace(site, progress=Progress()), side, site.clock.now())
    names = papercut.usernames()
    held = snapshot.papercut.accounts
    width = record_fields(papercut)
    unknown = [name for name in names if name.lower() not in held]
    fresh = read_accounts(papercut, names if width == 10 else unknown, progress)
    accounts = {name: held[name] for name in map(str.lower, names) if name in held}
    listed = papercut.groups()
    foreign = [name for name in listed if name not in memory.groups or name not in snapshot.papercut.groups]
    groups = {name: snapshot.papercut.groups[name] for name in listed if name in snapshot.papercut.groups}
    groups.update(read_groups(papercut, foreign, progress))
    found = World(side, PaperCutSide({**accounts, **fresh}, groups, width), memory)
    found = _remembered_names(found, site.settings, scheduled)
    check_accounts(site.settings, found)
    return found


def _remembered_names(found: World, settings: Settings, scheduled: bool) -> World:
    """Return a world whose links follow renamed accounts, and a person's answers."""
    found = replace(found, memory=follow_renames(found.memory, found.papercut.accounts))
    return take_answers(follow_hand_renames(found, settings), settings.site.currency, scheduled=scheduled)


def with_accounts(world: World, papercut: PaperCut, usernames: Collection[str], progress: Progress) -> World:
    """Return the world with some accounts, and the groups they are in, as PaperCut holds them now."""
    names = sorted(set(usernames) & set(world.papercut.accounts))
    accounts = read_accounts(papercut, names, progress)
    groups = {group for name in names for group in world.papercut.groups_of.get(name, ())}
    kept = {name: account for name, account in world.papercut.accounts.items() if name not in names}
    return replace(
        world,
        papercut=PaperCutSide(
            {**kept, **accounts},
            {**world.papercut.groups, **read_groups(papercut, groups, progress)},
            world.papercut.record_fields,
        ),
    )


def check_organization(officernd: OfficeRnD, memory: Memory, settings: Settings) -> Organization:
    """Return the organisation; raise RelayError when it is another one than this site was linked with."""
    organization = officernd.organization()
    if memory.organization_id and memory.organization_id != organization.id:
        raise RelayError(
            lazy(
                "OfficeRnD answers as the organisation %(name)s (%(id)s), but the site "
                "%(site)s was linked with %(organization_id)s; nothing was changed: correct "
                "[officernd] organization, or give the new organisation a [site] name of its own.",
                name=repr(organization.name),
                id=organization.id,
                site=repr(settings.site.name),
                organization_id=memory.organization_id,
            ),
            code="organization_changed",
        )
    return organization


def read_officernd(site: Site, organization: Organization, now: datetime) -> OfficeRnDSide:
    """Return what OfficeRnD says; only lists that a rule of the settings needs are read."""
    with ThreadPoolExecutor(3) as pool:
        members = pool.submit(site.officernd.members, progress=site.progress)
        companies = pool.submit(site.officernd.companies, progress=site.progress)
        empty = OfficeRnDSide(organization, {}, {}, {})
        lists = pool.submit(catalogue, site, empty, now)
        side = replace(
            lists.result(),
            members={member.id: member for member in members.result()},
            companies={company.id: company for company in companies.result()},
        )
    check_companies(site.officernd, side)
    return side


def catalogue(site: Site, side: OfficeRnDSide, now: datetime) -> OfficeRnDSide:
    """Return the side with locations and with the lists that a rule asks for; none of them can be read in part."""
    officernd, rules = site.officernd, site.settings.members
    side = replace(
        side,
        locations={location.id: location for location in officernd.locations()},
        memberships=tuple(officernd.memberships(progress=site.progress)) if rules.plans else (),
        plans=tuple(officernd.plans()) if rules.plans else (),
        passes=tuple(officernd.passes()) if rules.admit_passes else (),
        checkins=tuple(one for day in _utc_days(site.settings, now) for one in officernd.checkins(day))
        if rules.admit_checkins
        else (),
    )
    if rules.plans and not side.memberships:
        raise _contradiction(
            lazy("OfficeRnD lists no membership at all, and plans decide who may print"), "GET /memberships"
        )
    return side


def _utc_days(settings: Settings, now: datetime) -> list[date]:
    """Return the calendar days in UTC that the site's present day has a part of; OfficeRnD filters by UTC."""
    midnight = now.astimezone(ZoneInfo(settings.site.timezone)).replace(hour=0, minute=0, second=0, microsecond=0)
    return sorted({(midnight + timedelta(hours=hours)).astimezone(UTC).date() for hours in (0, 23)})


def check_companies(officernd: OfficeRnD, side: OfficeRnDSide) -> None:
    """Raise BadAnswer where the list of companies leaves out one that members refer to and that exists."""
    referred = sorted({member.company for member in side.members.values() if member.company} - set(side.companies))
    for company_id in referred[:PROOFS]:
        try:
            officernd.company(company_id)
        except NotFound:
            continue
        raise _contradiction(
            lazy("OfficeRnD's list of companies leaves out %(company_id)s, which exists", company_id=company_id),
            "GET /companies",
        )


def read_papercut(papercut: PaperCut, progress: Progress) -> PaperCutSide:
    """Return every account and every listed group with its members."""
    accounts = read_accounts(papercut, papercut.usernames(), progress)
    groups = read_groups(papercut, papercut.groups(), progress)
    return PaperCutSide(accounts, groups, record_fields(papercut))


def record_fields(papercut: PaperCut) -> int:
    """Return how many fields PaperCut takes from a user record: 5, or 10 with cards.

    Source: CustomSynAndAuthentication README, `user-source.update-user-details-card-id`.
    """
    return 10 if papercut.config(keys.LONG_RECORDS).strip().upper() == "Y" else 5


def read_accounts(papercut: PaperCut, usernames: Sequence[str], progress: Progress) -> dict[str, Account]:
    """Return the accounts by username; one that was deleted meanwhile is left out."""
    found = papercut.users_properties(usernames, PROPERTIES, progress)
    return {username.lower(): _account(username.lower(), values) for username, values in found.items()}


def read_groups(papercut: PaperCut, names: Collection[str], progress: Progress) -> dict[str, frozenset[str]]:
    """Return the groups' members; a group removed meanwhile is left out."""

    def members(group: str) -> tuple[str, frozenset[str]] | None:
        try:
            return group, frozenset(name.lower() for name in papercut.group_members(group))
        except NotFound:
            return None

    return dict(item for item in papercut.in_parallel(members, list(names), progress, N_("Reading groups")) if item)


def follow_renames(memory: Memory, accounts: Mapping[str, Account]) -> Memory:
    """Return the memory with the names that unfinished renames have led to in truth."""
    links = dict(memory.links)
    disabled = set(memory.disabled)
    for rename in memory.renames:
        link = links.get(rename.member_id)
        if rename.new in accounts and rename.old not in accounts and link is not None:
            links[rename.member_id] = replace(link, username=rename.new)
            if rename.old in disabled:
                disabled = disabled - {rename.old} | {rename.new}
    return replace(memory, links=links, disabled=frozenset(disabled))


def check_departures(officernd: OfficeRnD, world: World) -> None:
    """Ask singly for linked members who are missing from the list; raise BadAnswer for one who is there after all."""
    missing = sorted(
        link.member_id
        for link in world.memory.links.values()
        if link.is_active and link.member_id not in world.officernd.members
    )
    for member_id in missing[:PROOFS]:
        try:
            officernd.member(member_id)
        except NotFound:
            continue
        raise _contradiction(
            lazy("OfficeRnD's list of members leaves out %(member_id)s, who exists", member_id=member_id),
            "GET /members",
        )


def check_accounts(settings: Settings, world: World) -> None:
    """Raise BadAnswer where PaperCut lost most of the linked accounts: that is another or an emptied server."""
    linked = [link for link in world.memory.links.values() if link.linked_at and not link.deleted_at]
    gone = [link for link in linked if link.standing != "gone" and link.username not in world.papercut.accounts]
    most = len(linked) >= max(settings.safety.from_users, 2) and len(gone) * 2 > len(linked)
    if gone and (most or not world.papercut.accounts):
        raise BadAnswer(
            lazy(
                "PaperCut has only %(found)s of the %(linked)s accounts linked with OfficeRnD; nothing was "
                "changed. If this server was restored or set up again, restore its users, or start with another "
                "[site] name; otherwise check [papercut] url.",
                found=len(linked) - len(gone),
                linked=len(linked),
            ),
            system="PaperCut",
            operation="listUserAccounts",
            code="papercut_replaced",
        )


def _account(username: str, values: Mapping[str, str]) -> Account:
    try:
        balance = balance_from_text(values[keys.BALANCE]) if values[keys.BALANCE].strip() else 0
    except ValueError:
        raise BadAnswer(
            lazy(
                "PaperCut says %(value)s for the balance of %(username)s, which is not a number; nothing was "
                "changed. Look at the account in PaperCut.",
                value=repr(values[keys.BALANCE][:40]),
                username=username,
            ),
            system="PaperCut",
            operation="getUserProperties",
        ) from None
    return Account(
        username=username,
        **{name: foreign.name(values[key]) if name in _SHOWN else values[key] for name, key in keys.DETAILS.items()},
        disabled=keys.is_true(values[keys.DISABLED_PRINT]),
        balance=balance,
        internal=keys.is_true(values[keys.INTERNAL]),
        jobs=int(jobs) if (jobs := values[keys.JOB_COUNT]).isdecimal() and len(jobs) <= _LONGEST_COUNT else None,
    )


def _contradiction(what: str, operation: str) -> BadAnswer:
    return BadAnswer(
        lazy("%(what)s; nothing was changed, try again in a few minutes.", what=what),
        system="OfficeRnD",
        operation=operation,
        code="contradiction",
    )
