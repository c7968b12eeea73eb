"""What statements, findings and evidence ask of the jobs table; reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from relay.jobs import store, tables
from relay.jobs.figures import Amounts, Named, PrintedJob
from relay.people.links import people_links

_jobs = tables.jobs
_COLUMNS = tuple(_jobs.c[name] for name in PrintedJob.__dataclass_fields__)


def jobs_between(connection: Connection, site: str, first: date, last: date, *where: Any) -> list[PrintedJob]:
    """Return the jobs of the business days from `first` to `last`, oldest first."""
    query = (
        select(*_COLUMNS)
        .where(_jobs.c.site == site, _jobs.c.business_day.between(first, last), *where)
        .order_by(_jobs.c.at, _jobs.c.key)
    )
    return [PrintedJob(*row) for row in connection.execute(query)]


def amounts_by_member(
    connection: Connection, site: str, since: datetime, members: Iterable[str] | None = None
) -> dict[str, Amounts]:
    """Return what every personal job after a moment cost, by member."""
    query = (
        select(_jobs.c.member_id, _jobs.c.at, _jobs.c.cost, _jobs.c.refunded)
        .where(
            _jobs.c.site == site,
            _jobs.c.member_id != "",
            _jobs.c.at > since,
            _jobs.c.account == "",
            _jobs.c.state != "denied",
        )
        .order_by(_jobs.c.member_id, _jobs.c.at)
    )
    if members is not None:
        query = query.where(_jobs.c.member_id.in_(sorted(members)))
    found: dict[str, list[tuple[datetime, int, int]]] = defaultdict(list)
    for member_id, at, cost, refunded in connection.execute(query):
        found[member_id].append((at, cost or 0, refunded))
    return {member_id: Amounts(jobs) for member_id, jobs in found.items()}


def people(connection: Connection, site: str) -> dict[str, Named]:
    """Return everybody who is or was linked, by member id."""
    found = {}
    for username, owners in store.owners_by_username(connection, site).items():
        for owner in owners:
            if owner.member_id:
                found[owner.member_id] = Named(
                    owner.member_id, username, owner.full_name, "", owner.company_id, owner.company_name
                )
    rows = connection.execute(select(people_links).where(people_links.c.site == site)).mappings()
    for row in rows:
        found[row["member_id"]] = Named(
            row["member_id"],
            row["username"],
            row["display_name"],
            row["email"],
            row["company_id"],
            row["company_name"],
            row["linked_at"],
            row["opening_balance"],
        )
    return found


def company_ids(connection: Connection, site: str, name: str) -> set[tuple[str, str]]:
    """Return (id, name) of every company of this name (any case) or id, as jobs, links and history know it."""
    found: set[tuple[str, str]] = set()
    for table in (_jobs, people_links, tables.people):
        query = (
            select(table.c.company_id, table.c.company_name)
            .where(
                table.c.site == site,
                table.c.company_id != "",
                or_(func.lower(table.c.company_name) == name.lower(), table.c.company_id == name),
            )
            .distinct()
        )
        found.update((row.company_id, row.company_name) for row in connection.execute(query))
    return found


def has_jobs_of(connection: Connection, site: str, username: str) -> bool:
    query = select(_jobs.c.key).where(_jobs.c.site == site, _jobs.c.username == username).limit(1)
    return connection.execute(query).first() is not None


def of_member(member_id: str) -> Any:
    return _jobs.c.member_id == member_id


def of_stranger(username: str) -> Any:
    return and_(_jobs.c.member_id == "", _jobs.c.username == username)


def of_companies(ids: Iterable[str]) -> Any:
    return _jobs.c.company_id.in_(sorted(ids))
