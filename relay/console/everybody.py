"""Everybody whom either system knows, as one list: may they print, why not, when seen last, what they owe.

Read from what the last sync and the last billing left here; neither system is asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import case, func, select

from relay.accounts import folded, meant
from relay.console.desk import Desk, file_stamp
from relay.database import reading
from relay.jobs import tables as jobs_tables
from relay.language import N_, WordTable, gettext, lazy
from relay.money.ledger import journal
from relay.officernd.model import Member
from relay.people import logins, readiness, ready, who
from relay.people.decide.everybody import ANSWERS, RULES
from relay.people.directory import DirectoryUser
from relay.people.memory import snapshot
from relay.people.memory.snapshot import Snapshot

LATELY = timedelta(days=30)

# Why somebody cannot print: a rule of the settings, what a question waits for, or what the directory says -> in words.
BECAUSE: Mapping[str, str] = WordTable(
    {
        **RULES,
        **ANSWERS,
        "departed": N_("they left"),
        "unlinked": N_("not in OfficeRnD"),
        "renaming": N_("being renamed"),
        "excluded": N_("the member rules"),
        "next_sync": N_("not brought over yet"),
    }
)


# The same keys -> what to do next, for whoever is asked at the desk.
NEXT: Mapping[str, str] = WordTable(
    {
        "statuses": N_("Change the status in OfficeRnD, or admit this status in the settings."),
        "locations": N_("Change the location in OfficeRnD, or admit it in the settings."),
        "plans": N_("Give them a plan that prints in OfficeRnD, or admit theirs in the settings."),
        "exclude_emails": N_("Their address is left out by the settings: take it out of that list."),
        "exclude_names": N_("Their name is left out by the settings: take it out of that list."),
        "without_email": N_("Enter their e-mail address in OfficeRnD, or name their account on the Review page."),
        "held_by_a_doubt": N_("Answer the question on the Review page."),
        "without_account": N_("Name their account on the Review page."),
        "departed": N_("If they are still a member, see that OfficeRnD says so."),
        "unlinked": N_("If it is a member's, open the page of that person and say that they have this account."),
        "renaming": N_("Nothing is to be done: it is over with the next sync."),
        "excluded": N_("See what each rule says of them."),
        "next_sync": N_("Bring them in line now, and they can print."),
    }
)


@dataclass(frozen=True, slots=True)
class Someone:
    """One person as the last sync left them.

    `username` "" means without an account, `because` a key of BECAUSE, "" for those who can print. `balance` is the
    account's in micros, None where there is none. `text` is what a search box looks in.
    """

    member_id: str
    username: str
    full_name: str
    email: str
    company: str
    because: str
    why: str
    balance: int | None
    text: str
    user: DirectoryUser | None

    @property
    def key(self) -> str:
        return self.member_id or self.username

    @property
    def name(self) -> str:
        return self.full_name or self.username or gettext("No name")

    @property
    def can_print(self) -> bool:
        return not self.because


@dataclass(frozen=True, slots=True)
class Printed:
    """When somebody printed last, and how many jobs there were in the last 30 days."""

    at: datetime
    jobs: int


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person with the figures of this moment: `logged_in_at` None means no login on record."""

    someone: Someone
    balance: int | None
    logged_in_at: datetime | None
    printed: Printed | None
    will_be_stopped: bool


@dataclass(frozen=True, slots=True)
class EveryPerson:
    """Everybody by name, and the figures that change between two syncs, each read at once for all.

    `known` finds a person by member id or username, folded; `balances` are by member id, `logins` by
    username, and `printed` by member id or, of what no member printed, by username.
    """

    people: tuple[Someone, ...]
    known: Mapping[str, Someone]
    balances: Mapping[str, int]
    logins: Mapping[str, datetime]
    printed: Mapping[str, Printed]

    def balance(self, one: Someone) -> int | None:
        """Return what somebody has, in micros as last read, None where nobody has read it."""
        return self.balances.get(one.member_id, one.balance)

    def owes(self, one: Someone) -> bool:
        return (self.balance(one) or 0) < 0

    def never_logged_in(self, one: Someone) -> bool:
        return one.can_print and one.username not in self.logins

    def jobs(self, one: Someone) -> int:
        printed = self.printed_by(one)
        return printed.jobs if printed else 0

    def printed_by(self, one: Someone) -> Printed | None:
        """Return what somebody printed, also under a former name, and what their account did before it was theirs."""
        found = [self.printed[key] for key in (one.member_id, one.username) if key and key in self.printed]
        return Printed(max(of.at for of in found), sum(of.jobs for of in found)) if found else None

    def will_be_stopped(self, one: Someone) -> bool:
        """Return whether somebody prints now and would not once every print asks for a login."""
        return self.never_logged_in(one) and self.jobs(one) > 0

    def row(self, one: Someone) -> PersonRow:
        return PersonRow(
            one,
            self.balance(one),
            self.logins.get(one.username),
            self.printed_by(one),
            self.will_be_stopped(one),
        )

    def meant(self, word: str) -> Someone | None:
        """Return the one person of a member id, username, e-mail or full name, None for nobody or several."""
        by_key = self.known.get(folded(" ".join(word.split())))
        if by_key is not None:
            return by_key
        found = meant(word, self.people)
        return found[0] if len(found) == 1 else None


def everybody(place: Desk) -> EveryPerson:
    """Return everybody; nobody before the first sync. Each part is made anew when what it is made of has changed."""
    home, folder = place.settings.scripts.home, place.settings.site.state_dir
    directory = tuple(map(file_stamp, (home / "directory" / "CURRENT", folder / snapshot.NAME, folder / ready.NAME)))
    people = place.kept("everybody", directory, lambda: _people(place))
    known = place.kept("everybody by key", directory, lambda: _by_key(people))
    return EveryPerson(
        people,
        known,
        place.of_ledger("balances", lambda: _balances(place)),
        place.kept("logins", file_stamp(home / "logs" / "auth.log"), lambda: logins.last_accepted(home)),
        place.kept("printed", (_imported(place), _today(place)), lambda: _printed(place)),
    )


def taken(place: Desk) -> Snapshot | None:
    """Return both systems as the last sync left them, None where it left nothing that can be used."""
    stamp = file_stamp(place.settings.site.state_dir / snapshot.NAME)
    return place.kept("snapshot", stamp, lambda: snapshot.load(place.settings))


def _today(place: Desk) -> date:
    return place.clock.business_day(place.settings.site.timezone)


def _people(place: Desk) -> tuple[Someone, ...]:
    directory, seen = place.directory(), taken(place)
    if directory is None:
        return ()
    settings = place.settings
    members = dict(seen.officernd.members) if seen else {}
    companies = {one.id: one.name for one in seen.officernd.companies.values()} if seen else {}
    accounts = seen.papercut.accounts if seen else {}
    left_out = readiness(settings).left_out

    def someone(user: DirectoryUser | None, member: Member | None) -> Someone:
        member_id = member.id if member else user.member_id if user else ""
        username = user.username if user else ""
        because, why = _because(user, member, left_out)
        company = companies.get(member.company, "") if member else ""
        if not company and user:
            company = user.department or ", ".join(group for group in user.groups if group not in settings.own_groups)
        full_name = (user.full_name if user else "") or (member.name if member else "")
        email = (user.email if user else "") or (member.email if member else "")
        account = accounts.get(username)
        return Someone(
            member_id,
            username,
            full_name,
            email,
            company,
            because,
            why,
            account.balance if account else None,
            who.searchable(" ".join((full_name, username, email, company, member_id))),
            user,
        )

    found = [someone(user, members.pop(user.member_id, None)) for user in directory.users]
    found.extend(someone(None, member) for member in members.values())
    return tuple(sorted(found, key=lambda one: (who.searchable(one.name), one.key)))


def _by_key(people: Iterable[Someone]) -> dict[str, Someone]:
    """Return people by what names one alone; a key that two have is for `meant` to tell apart."""
    keys = [(key, one) for one in people for key in _keys(one)]
    counted = Counter(key for key, _ in keys)
    return {key: one for key, one in keys if counted[key] == 1}


def _keys(one: Someone) -> set[str]:
    return {folded(key) for key in (one.member_id, one.username) if key}


def _because(
    user: DirectoryUser | None, member: Member | None, left_out: Mapping[str, tuple[str, str]]
) -> tuple[str, str]:
    """Return (key of BECAUSE, why as a clause), two "" for who can print."""
    if user is not None and user.standing == "active":
        return "", ""
    told = left_out.get(member.id) if member else None
    if told is not None:
        rule, why = told
        if rule == "statuses" and member:
            why = lazy(member.status.replace("_", " "))
        return (rule if rule in BECAUSE else "excluded"), why
    return (user.standing, lazy(user.reason)) if user else ("next_sync", "")


def _balances(place: Desk) -> dict[str, int]:
    with reading(place.database) as connection:
        return journal.balances(connection, place.settings.site.name)


def _imported(place: Desk) -> object:
    """Return what differs once jobs were imported."""
    imports = jobs_tables.imports
    query = select(func.max(imports.c.last_at), func.count()).where(imports.c.site == place.settings.site.name)
    with reading(place.database) as connection:
        return tuple(connection.execute(query).one())


def _printed(place: Desk) -> dict[str, Printed]:
    """Return when each member printed last, and how many jobs there were lately; by username what no member printed."""
    jobs = jobs_tables.jobs
    whose = case((jobs.c.member_id != "", jobs.c.member_id), else_=jobs.c.username)
    lately = func.sum(case((jobs.c.business_day > _today(place) - LATELY, 1), else_=0))
    query = (
        select(whose, func.max(jobs.c.at), lately)
        .where(jobs.c.site == place.settings.site.name, jobs.c.state != "denied")
        .group_by(whose)
    )
    with reading(place.database) as connection:
        return {key: Printed(at, int(count)) for key, at, count in connection.execute(query)}


def read_at(place: Desk) -> Any:
    """Return when both systems were last read for this list, None before the first sync."""
    return readiness(place.settings).synced_at
