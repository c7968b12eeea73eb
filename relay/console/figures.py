"""What the pages read from the ledger and the hand-over files: figures per day, people with their balance, questions.

Small queries, one transaction each, no remote call; nothing here writes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, and_, func, select

from relay.console import words
from relay.console.charts import Bar
from relay.console.desk import Desk
from relay.console.formats import Formats
from relay.database import reading
from relay.jobs import tables as jobs_tables
from relay.money import tables as money_tables
from relay.money.ledger import Ledger
from relay.money.movement import PUBLIC_STATES, Movement
from relay.people import links
from relay.people.links import LinkedAccount
from relay.people.model import DirectoryUser


@dataclass(frozen=True, slots=True)
class Day:
    """One business day's figures: jobs and pages printed, their cost, and what was billed; money in micros."""

    day: date
    jobs: int = 0
    pages: int = 0
    cost: int = 0
    people: int = 0
    billed: int = 0


def days(engine: Engine, site: str, last: date, count: int) -> list[Day]:
    """Return the figures of `count` days up to `last`, oldest first, also of days without any."""
    first = last - timedelta(days=count - 1)
    jobs, moves = jobs_tables.jobs, money_tables.movements
    printed = (
        select(
            jobs.c.business_day,
            func.count().label("jobs"),
            func.sum(jobs.c.pages).label("pages"),
            func.coalesce(func.sum(jobs.c.cost - jobs.c.refunded), 0).label("cost"),
            func.count(jobs.c.username.distinct()).label("people"),
        )
        .where(jobs.c.site == site, jobs.c.business_day.between(first, last), jobs.c.state != "denied")
        .group_by(jobs.c.business_day)
    )
    billed = (
        select(moves.c.business_day, func.sum(moves.c.amount).label("billed"))
        .where(
            moves.c.site == site,
            moves.c.business_day.between(first, last),
            moves.c.kind == "fee",
            moves.c.fee_state == "posted",
        )
        .group_by(moves.c.business_day)
    )
    with reading(engine) as connection:
        by_day = {row.business_day: row for row in connection.execute(printed)}
        fees = {row.business_day: int(row.billed) for row in connection.execute(billed)}
    found = []
    for offset in range(count):
        day = first + timedelta(days=offset)
        row = by_day.get(day)
        figures = (row.jobs, int(row.pages or 0), int(row.cost or 0), row.people) if row else (0, 0, 0, 0)
        found.append(Day(day, *figures, billed=fees.get(day, 0)))
    return found


def people_who_printed(engine: Engine, site: str, first: date) -> int:
    jobs = jobs_tables.jobs
    query = select(func.count(jobs.c.username.distinct())).where(
        jobs.c.site == site, jobs.c.business_day >= first, jobs.c.state != "denied"
    )
    with reading(engine) as connection:
        return int(connection.execute(query).scalar() or 0)


def as_bars(found: Iterable[Day], what: str, formats: Formats) -> list[Bar]:
    """Return the bars of `pages` or `billed` (money), with a label at every week's first day."""
    bars = []
    for item in found:
        value = getattr(item, what)
        text = formats.money(value) if what in ("billed", "cost") else formats.count(value)
        label = formats.short_day(item.day) if item.day.weekday() == 0 else ""
        bars.append(Bar(label, float(value), text, formats.day(item.day)))
    return bars


# -- people -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Person:
    """One line of the list of people; `balance` in micros, None where no billing has read it yet."""

    user: DirectoryUser
    balance: int | None

    @property
    def key(self) -> str:
        return self.user.member_id or self.user.username


def people(place: Desk) -> list[Person]:
    """Return everybody in the directory in force with the balance that billing last saw; [] before the first sync."""
    directory = place.directory()
    if directory is None:
        return []
    marks = Ledger(place.database, place.settings.site.name, place.clock).marks()
    return [
        Person(user, marks[user.member_id].balance if user.member_id in marks else None) for user in directory.users
    ]


def linked(place: Desk) -> dict[str, LinkedAccount]:
    """Return every linked account by member id."""
    with reading(place.database) as connection:
        return {link.member_id: link for link in links.linked_accounts(connection, place.settings.site.name)}


def jobs_of(engine: Engine, site: str, username: str, count: int) -> list[dict[str, Any]]:
    """Return the person's last jobs, newest first."""
    jobs = jobs_tables.jobs
    query = select(jobs).where(jobs.c.site == site, jobs.c.username == username).order_by(jobs.c.at.desc()).limit(count)
    with reading(engine) as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


# -- money ------------------------------------------------------------------------------------------------------------


def questions(place: Desk) -> list[words.Question]:
    """Return what nobody but a person can decide, each as a question to look up."""
    ledger = Ledger(place.database, place.settings.site.name, place.clock)
    accounts = linked(place)
    found: dict[str, words.Question] = {}
    for movement in ledger.in_doubt():
        account = accounts.get(movement.member_id)
        name = account.full_name if account and account.full_name else movement.username
        payer = name
        amount = movement.amount
        if movement.waits_for_fee and movement.fee_reference:
            fee = ledger.fee(movement.fee_reference)
            amount = fee.price
            if not fee.member_id and account:
                payer = account.company_name or name
        key = movement.fee_reference if movement.waits_for_fee and movement.fee_reference else movement.reference
        found.setdefault(key, words.question(movement, name, payer, place.formats.money(amount)))
    return list(found.values())


def movements(
    place: Desk, *, member_id: str = "", since: date | None = None, count: int = 200, state: str = ""
) -> list[Movement]:
    """Return the newest lines of money, newest first, of one person or of everybody."""
    table = money_tables.movements
    conditions = [table.c.site == place.settings.site.name]
    if member_id:
        conditions.append(table.c.member_id == member_id)
    if since:
        conditions.append(table.c.business_day >= since)
    if state:
        conditions.append(table.c.state == state)
    query = select(table.c.reference).where(and_(*conditions)).order_by(table.c.created_at.desc()).limit(count)
    with reading(place.database) as connection:
        references = list(connection.execute(query).scalars())
    ledger = Ledger(place.database, place.settings.site.name, place.clock)
    found = {movement.reference: movement for movement in ledger.named(references)}
    return [found[reference] for reference in references if reference in found]


def newest_job(engine: Engine, site: str) -> datetime | None:
    jobs = jobs_tables.jobs
    with reading(engine) as connection:
        moment: datetime | None = connection.execute(
            select(jobs.c.at).where(jobs.c.site == site).order_by(jobs.c.business_day.desc(), jobs.c.at.desc()).limit(1)
        ).scalar()
    return moment


def public_state(movement: Movement) -> str:
    """Return where a line of money stands, as the pages and the command line call it."""
    return PUBLIC_STATES[movement.stage]
