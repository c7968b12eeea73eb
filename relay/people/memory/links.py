"""What the relay remembers of people, in the ledger's database: links, answers, groups of ours, journal of renames.

Everything has the site, since several sites may share one ledger. Nothing here decides; intents are written before
the effect they announce, so that a killed run is continued from the truth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Boolean, Column, Connection, String, Table, Text, delete, insert, select, update

from relay.accounts import SharedLink
from relay.database import Moment, metadata, of_row, portions
from relay.people.world import CompanyGroup, Link, Memory, Rename
from relay.stored_accounts import (
    ID_LENGTH,
    SITE_LENGTH,
    USERNAME_LENGTH,
    people_answers,
    people_links,
    people_shared_accounts,
)

people_groups = Table(
    "people_groups",
    metadata,
    Column("site", String(SITE_LENGTH), primary_key=True),
    Column("name", String(USERNAME_LENGTH), primary_key=True),
    Column("company_id", String(ID_LENGTH), nullable=False, default=""),
    Column("base_key", Text, nullable=False, default=""),
    Column("made_by_us", Boolean, nullable=False),
)

people_disabled = Table(
    "people_disabled",
    metadata,
    Column("site", String(SITE_LENGTH), primary_key=True),
    Column("username", String(USERNAME_LENGTH), primary_key=True),
    Column("at", Moment, nullable=False),
)

people_renames = Table(
    "people_renames",
    metadata,
    Column("site", String(SITE_LENGTH), primary_key=True),
    Column("old", String(USERNAME_LENGTH), primary_key=True),
    Column("new", String(USERNAME_LENGTH), nullable=False),
    Column("member_id", String(ID_LENGTH), nullable=False),
    Column("at", Moment, nullable=False),
)

people_sites = Table(
    "people_sites",
    metadata,
    Column("site", String(SITE_LENGTH), primary_key=True),
    Column("organization_id", String(ID_LENGTH), nullable=False),
    Column("synced_at", Moment, nullable=True),
)


def store_shared_account(connection: Connection, site: str, account: SharedLink) -> None:
    """Remember whose a shared account is, in place of what was known of it."""
    table = people_shared_accounts
    connection.execute(delete(table).where(table.c.site == site, table.c.account_id == account.account_id))
    connection.execute(insert(table).values(site=site, **asdict(account)))


def read_memory(connection: Connection, site: str) -> Memory:
    """Return everything remembered of a site; `open_movements` is the money room's to add."""

    def rows(table: Table) -> list[dict[str, object]]:
        return [dict(row) for row in connection.execute(select(table).where(table.c.site == site)).mappings()]

    answers = rows(people_answers)
    stored = connection.execute(select(people_sites).where(people_sites.c.site == site)).mappings().first()
    return Memory(
        links={str(row["member_id"]): of_row(Link, row) for row in rows(people_links)},
        answers={str(row["subject_id"]): str(row["name"]) for row in answers if row["kind"] == "link"},
        denied=frozenset((str(row["subject_id"]), str(row["name"])) for row in answers if row["kind"] == "not_same"),
        group_answers={str(row["subject_id"]): str(row["name"]) for row in answers if row["kind"] == "group"},
        groups={str(row["name"]): of_row(CompanyGroup, row) for row in rows(people_groups)},
        disabled=frozenset(str(row["username"]) for row in rows(people_disabled)),
        renames=tuple(of_row(Rename, row) for row in rows(people_renames)),
        organization_id=str(stored["organization_id"]) if stored else "",
        synced_at=stored["synced_at"] if stored else None,
    )


def store_links(connection: Connection, site: str, links: Iterable[Link]) -> None:
    """Remember links, each in place of the member's earlier one."""
    rows = [{"site": site, **asdict(link)} for link in links]
    if not rows:
        return
    member_ids = [str(row["member_id"]) for row in rows]
    _delete_ids(connection, people_links, site, people_links.c.member_id, member_ids)
    connection.execute(insert(people_links), rows)


def drop_link(connection: Connection, site: str, member_id: str) -> None:
    connection.execute(delete(people_links).where(people_links.c.site == site, people_links.c.member_id == member_id))


def store_answer(connection: Connection, site: str, kind: str, subject_id: str, name: str, at: datetime) -> None:
    """Remember a person's word; a new `link` or `group` answer replaces the earlier one."""
    drop_answers(connection, site, kind, subject_id, name if kind == "not_same" else None)
    connection.execute(
        insert(people_answers).values(site=site, kind=kind, subject_id=subject_id, name=name, said_at=at)
    )


def drop_answers(connection: Connection, site: str, kind: str, subject_id: str, name: str | None = None) -> None:
    statement = delete(people_answers).where(
        people_answers.c.site == site, people_answers.c.kind == kind, people_answers.c.subject_id == subject_id
    )
    connection.execute(statement if name is None else statement.where(people_answers.c.name == name))


def replace_groups(connection: Connection, site: str, groups: Iterable[CompanyGroup]) -> None:
    """Remember exactly these groups as ours."""
    connection.execute(delete(people_groups).where(people_groups.c.site == site))
    rows = [{"site": site, **asdict(group)} for group in groups]
    if rows:
        connection.execute(insert(people_groups), rows)


def remember_disabled(connection: Connection, site: str, usernames: Iterable[str], at: datetime) -> None:
    names = list(usernames)
    forget_disabled(connection, site, names)
    if names:
        connection.execute(insert(people_disabled), [{"site": site, "username": name, "at": at} for name in names])


def forget_disabled(connection: Connection, site: str, usernames: Iterable[str]) -> None:
    _delete_ids(connection, people_disabled, site, people_disabled.c.username, list(usernames))


def rename_disabled(connection: Connection, site: str, names: Mapping[str, str]) -> None:
    """Remember whom we disabled by the names that their accounts have by now: {old: new}, which may be exchanged."""
    table = people_disabled
    if not names:
        return
    rows = connection.execute(select(table).where(table.c.site == site)).mappings()
    moved = [{**row, "username": names[row["username"]]} for row in rows if row["username"] in names]
    if moved:
        forget_disabled(connection, site, names)
        forget_disabled(connection, site, [row["username"] for row in moved])
        connection.execute(insert(table), moved)


def open_renames(connection: Connection, site: str, renames: Iterable[Rename], at: datetime) -> None:
    """Write renames down before the first of them is sent."""
    rows = [{"site": site, "at": at, **asdict(rename)} for rename in renames]
    if rows:
        _delete_ids(connection, people_renames, site, people_renames.c.old, [str(row["old"]) for row in rows])
        connection.execute(insert(people_renames), rows)


def close_rename(connection: Connection, site: str, rename: Rename, *, done: bool) -> None:
    """Cross a rename off; where it is done the link, and what hangs on the name, follows."""
    connection.execute(delete(people_renames).where(people_renames.c.site == site, people_renames.c.old == rename.old))
    if not done:
        return
    connection.execute(
        update(people_links)
        .where(people_links.c.site == site, people_links.c.member_id == rename.member_id)
        .values(username=rename.new)
    )
    connection.execute(
        update(people_disabled)
        .where(people_disabled.c.site == site, people_disabled.c.username == rename.old)
        .values(username=rename.new)
    )


def remember_site(connection: Connection, site: str, organization_id: str, synced_at: datetime | None) -> None:
    connection.execute(delete(people_sites).where(people_sites.c.site == site))
    connection.execute(insert(people_sites).values(site=site, organization_id=organization_id, synced_at=synced_at))


def last_sync(connection: Connection, site: str) -> datetime | None:
    """Return when the last successful sync of a site ended."""
    row = connection.execute(select(people_sites.c.synced_at).where(people_sites.c.site == site)).first()
    return row[0] if row else None


def _delete_ids(connection: Connection, table: Table, site: str, column: Column[str], values: list[str]) -> None:
    for some in portions(values):
        connection.execute(delete(table).where(table.c.site == site, column.in_(some)))
