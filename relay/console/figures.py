"""What the pages read from the ledger and the hand-over files: figures per day, people with their balance, questions.

Small queries, one transaction each, no remote call; nothing here writes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from sqlalchemy import Engine, and_, func, or_, select

from relay import money, sites, stored_accounts
from relay.accounts import SHARED, LinkedAccount, is_shared
from relay.charts import Bar
from relay.console import words
from relay.console.desk import Desk
from relay.database import reading
from relay.formats import Formats
from relay.jobs import tables as jobs_tables
from relay.language import gettext
from relay.money.decide.movement import PUBLIC_STATES, Movement
from relay.money.ledger import records
from relay.money.ledger import tables as money_tables
from relay.money.ledger.store import Ledger
from relay.open_items import OpenItems, open_items


@dataclass(frozen=True, slots=True)
class Day:
    """One business day's figures: pages printed, and what was billed, in micros."""

    day: date
    pages: int = 0
    billed: int = 0


@dataclass(frozen=True, slots=True)
class Lately:
    """The figures of the last days, oldest first, how many people printed in the last seven of them, and what was
    billed in the month of the last one."""

    days: list[Day]
    people_in_week: int
    billed_in_month: int


def lately(place: Desk, last: date, count: int) -> Lately:
    site = place.settings.site.name

    def read() -> Lately:
        week = last - timedelta(days=6)
        with reading(place.database) as connection:
            billed = sum(records.billed_by_day(connection, site, last.replace(day=1), last).values())
        return Lately(days(place.database, site, last, count), people_who_printed(place.database, site, week), billed)

    return place.of_ledger("lately", read, last, count)


def days(engine: Engine, site: str, last: date, count: int) -> list[Day]:
    """Return the figures of `count` days up to `last`, oldest first, also of days without any."""
    first = last - timedelta(days=count - 1)
    jobs = jobs_tables.jobs
    printed = (
        select(jobs.c.business_day, func.sum(jobs.c.pages).label("pages"))
        .where(jobs.c.site == site, jobs.c.business_day.between(first, last), jobs.c.state != "denied")
        .group_by(jobs.c.business_day)
    )
    with reading(engine) as connection:
        pages = {row.business_day: int(row.pages) for row in connection.execute(printed)}
        fees = records.billed_by_day(connection, site, first, last)
    dates = [first + timedelta(days=offset) for offset in range(count)]
    return [Day(day, pages.get(day, 0), fees.get(day, 0)) for day in dates]


def people_who_printed(engine: Engine, site: str, first: date) -> int:
    jobs = jobs_tables.jobs
    query = select(func.count(jobs.c.username.distinct())).where(
        jobs.c.site == site, jobs.c.business_day >= first, jobs.c.state != "denied"
    )
    with reading(engine) as connection:
        return int(connection.execute(query).scalar() or 0)


def as_bars(found: Iterable[Day], what: Literal["pages", "billed"], formats: Formats) -> list[Bar]:
    """Return the bars of one figure, with a label at every week's first day."""
    bars = []
    for item in found:
        value = getattr(item, what)
        text = formats.money(value) if what == "billed" else formats.count(value)
        label = formats.short_day(item.day) if item.day.weekday() == 0 else ""
        bars.append(Bar(label, float(value), text, formats.day(item.day)))
    return bars


# -- people -----------------------------------------------------------------------------------------------------------


def names(place: Desk) -> dict[str, str]:
    """Return what everybody in the directory in force is called, by member id."""
    directory = place.directory()
    return {user.member_id: user.full_name or user.username for user in (directory.users if directory else ())}


def name_of(names: Mapping[str, str], member_id: str, username: str) -> str:
    """Return what an account is called: by its person's name, a shared one by its own, else by its username."""
    if is_shared(member_id):
        return gettext("%(name)s (shared account)", name=username.removeprefix(SHARED))
    return names.get(member_id, username)


def linked(place: Desk, member_ids: Collection[str]) -> dict[str, LinkedAccount]:
    """Return the linked accounts of these members by member id."""
    with reading(place.database) as connection:
        found = stored_accounts.linked_accounts(connection, place.settings.site.name, member_ids)
    return {link.member_id: link for link in found}


def linked_ids(place: Desk) -> frozenset[str]:
    """Return the member ids of everybody who has a linked account."""

    def read() -> frozenset[str]:
        with reading(place.database) as connection:
            return stored_accounts.linked_ids(connection, place.settings.site.name)

    return place.of_ledger("linked ids", read)


def opening_debts(place: Desk) -> dict[str, int]:
    """Return what was owed on accounts when they were linked, in negative micros by member id."""
    with reading(place.database) as connection:
        return stored_accounts.opening_debts(connection, place.settings.site.name)


def jobs_of(engine: Engine, site: str, member_id: str, username: str, count: int) -> list[dict[str, Any]]:
    """Return a person's last jobs, newest first: a member's whatever the account was called, else the account's own."""
    jobs = jobs_tables.jobs
    of_nobody = and_(jobs.c.member_id == "", jobs.c.username == username)
    whose = or_(jobs.c.member_id == member_id, of_nobody) if member_id else of_nobody
    query = select(jobs).where(jobs.c.site == site, whose).order_by(jobs.c.at.desc()).limit(count)
    with reading(engine) as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


# -- money ------------------------------------------------------------------------------------------------------------


def held(place: Desk) -> tuple[dict[str, Any], ...]:
    """Return what the last billing held; `said` is the answer that somebody has given since, "" where nobody has."""
    return waiting(place).held


def undecided(place: Desk) -> tuple[dict[str, Any], ...]:
    return waiting(place).holds


def site_names(place: Desk) -> list[str]:
    """Return every site that the ledger knows of, this one among them."""

    def read() -> list[str]:
        with reading(place.database) as connection:
            return sorted({*sites.names(connection), place.settings.site.name}, key=str.casefold)

    return place.of_ledger("sites", read)


def waiting(place: Desk) -> OpenItems:
    """Return what is open, as `status` and the messages tell it too."""
    return place.of_ledger("open", lambda: open_items(place.database, place.settings))


def questions(place: Desk) -> list[words.LookUp]:
    """Return what nobody but a person can decide, each as a question to look up."""
    doubts = waiting(place).doubts
    if not doubts:
        return []
    ledger = Ledger(place.database, place.settings.site.name, place.clock)
    accounts = linked(place, {movement.member_id for movement in doubts})
    found: dict[str, words.LookUp] = {}
    for movement in doubts:
        account = accounts.get(movement.member_id)
        name = account.full_name if account and account.full_name else movement.username
        payer = name
        amount = movement.amount
        if movement.waits_for_fee and movement.fee_reference:
            fee = ledger.fee(movement.fee_reference)
            amount = fee.price
            if not fee.member_id and account:
                payer = account.company_name or name
        found.setdefault(money.doubtful(movement), words.question(movement, name, payer, place.formats.money(amount)))
    return list(found.values())


def movements(place: Desk, *, member_id: str = "", count: int) -> list[Movement]:
    """Return the newest lines of money, newest first, of one person or of everybody."""
    table = money_tables.movements
    conditions = [table.c.site == place.settings.site.name]
    if member_id:
        conditions.append(table.c.member_id == member_id)
    query = select(table.c.reference).where(*conditions).order_by(table.c.created_at.desc()).limit(count)
    with reading(place.database) as connection:
        references = list(connection.execute(query).scalars())
    ledger = Ledger(place.database, place.settings.site.name, place.clock)
    found = {movement.reference: movement for movement in ledger.named(references)}
    return [found[reference] for reference in references if reference in found]


def public_state(movement: Movement) -> str:
    """Return where a line of money stands, as the pages and the command line call it."""
    return "sent" if movement.is_unheard else PUBLIC_STATES[movement.stage]
