"""Everybody whom either system knows, as one list: may they print, why not, when seen last, what they owe.

Read from what the last sync and the last billing left here; neither system is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import case, func, select

from relay.console.desk import Desk
from relay.database import reading
from relay.jobs import tables as jobs_tables
from relay.language import N_, WordTable, gettext, lazy
from relay.money.ledger import tables as money_tables
from relay.money.ledger.store import Ledger
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


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person. `username` "" means without an account, `because` a key of BECAUSE, "" for those who can print.

    `balance` in micros as last read, None where nobody has; `logged_in_at` None: no login on record. `jobs` are those
    of the last 30 days. `text` is what a search box looks in.
    """

    member_id: str
    username: str
    full_name: str
    email: str
    company: str
    because: str
    why: str
    balance: int | None
    logged_in_at: datetime | None
    printed_at: datetime | None
    jobs: int
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

    @property
    def owes(self) -> bool:
        return (self.balance or 0) < 0

    @property
    def never_logged_in(self) -> bool:
        return self.can_print and self.logged_in_at is None

    @property
    def will_be_stopped(self) -> bool:
        """Whether they print now and would not once every print asks for a login."""
        return self.never_logged_in and self.jobs > 0


@dataclass(frozen=True, slots=True)
class Printed:
    at: datetime
    jobs: int


def everybody(place: Desk) -> tuple[PersonRow, ...]:
    """Return everybody, by name; () before the first sync. Made anew when anything that it is made of has changed."""
    settings = place.settings
    home, folder = settings.scripts.home, settings.site.state_dir
    runs, entries = money_tables.runs, money_tables.journal
    with reading(place.database) as connection:
        last_run = connection.execute(select(func.max(runs.c.id))).scalar()
        last_entry = connection.execute(select(func.max(entries.c.id))).scalar()
    log, kept = _file_stamp(home / "logs" / "auth.log"), _file_stamp(folder / snapshot.NAME)
    imported = (last_run, _today(place))
    directory = (_file_stamp(home / "directory" / "CURRENT"), _file_stamp(folder / ready.NAME))

    def make() -> tuple[PersonRow, ...]:
        return _rows(
            place,
            place.kept("snapshot", kept, lambda: snapshot.load(settings)),
            place.kept("logins", log, lambda: logins.last_accepted(home)),
            place.kept("printed", imported, lambda: _printed(place)),
        )

    return place.kept("everybody", (log, kept, imported, directory, last_entry), make)


def _file_stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_mtime_ns, status.st_size)


def _today(place: Desk) -> date:
    return place.clock.business_day(place.settings.site.timezone)


def _rows(
    place: Desk, taken: Snapshot | None, accepted: Mapping[str, datetime], printed: Mapping[str, Printed]
) -> tuple[PersonRow, ...]:
    directory = place.directory()
    if directory is None:
        return ()
    settings = place.settings
    members = dict(taken.officernd.members) if taken else {}
    companies = {one.id: one.name for one in taken.officernd.companies.values()} if taken else {}
    accounts = taken.papercut.accounts if taken else {}
    left_out = readiness(settings).left_out
    wallets = Ledger(place.database, settings.site.name, place.clock).wallets()
    own_groups = (settings.members.everyone_group, settings.members.individual_group, settings.members.unlinked_group)

    def row(user: DirectoryUser | None, member: Member | None) -> PersonRow:
        member_id = member.id if member else user.member_id if user else ""
        username = user.username if user else ""
        because, why = _because(user, member, left_out)
        company = companies.get(member.company, "") if member else ""
        if not company and user:
            company = user.department or ", ".join(group for group in user.groups if group not in own_groups)
        full_name = (user.full_name if user else "") or (member.name if member else "")
        email = (user.email if user else "") or (member.email if member else "")
        wallet, account, last = wallets.get(member_id), accounts.get(username), printed.get(username)
        return PersonRow(
            member_id,
            username,
            full_name,
            email,
            company,
            because,
            why,
            wallet.balance if wallet else account.balance if account else None,
            accepted.get(username) if username else None,
            last.at if last else None,
            last.jobs if last else 0,
            who.searchable(" ".join((full_name, username, email, company, member_id))),
            user,
        )

    found = [row(user, members.pop(user.member_id, None)) for user in directory.users]
    found.extend(row(None, member) for member in members.values())
    return tuple(sorted(found, key=lambda one: (who.searchable(one.name), one.key)))


def _because(
    user: DirectoryUser | None, member: Member | None, left_out: Mapping[str, tuple[str, str]]
) -> tuple[str, str]:
    """Return (key of BECAUSE, why as a clause), two "" for who can print."""
    if user is not None and user.standing == "active":
        return "", ""
    told = left_out.get(member.id) if member else None
    if told is not None:
        rule, why = told
        return (
            rule if rule in BECAUSE else "excluded",
            lazy(member.status.replace("_", " ")) if rule == "statuses" and member else why,
        )
    return (user.standing, lazy(user.reason)) if user else ("next_sync", "")


def _printed(place: Desk) -> dict[str, Printed]:
    """Return when each username printed last, and how many jobs there were lately."""
    jobs = jobs_tables.jobs
    lately = func.sum(case((jobs.c.business_day > _today(place) - LATELY, 1), else_=0))
    query = (
        select(jobs.c.username, func.max(jobs.c.at), lately)
        .where(jobs.c.site == place.settings.site.name, jobs.c.state != "denied")
        .group_by(jobs.c.username)
    )
    with reading(place.database) as connection:
        return {username: Printed(at, int(count)) for username, at, count in connection.execute(query)}


def read_at(place: Desk) -> Any:
    """Return when both systems were last read for this list, None before the first sync."""
    return readiness(place.settings).synced_at
