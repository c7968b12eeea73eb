"""Periodic balances: each person once per day, week or month, after the settle; and a leaver's unused rest taken back.

The key of a top-up is (person, period): it is claimed in the same commit that stores the movement, so nothing can give
it twice. Every top-up is a relative adjustment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from threading import Event

from sqlalchemy import Connection, insert, select

from relay.accounts import LinkedAccount
from relay.errors import Refused, RelayError, UnsafePlan
from relay.money.act import effects, fees_plan
from relay.money.act.planning import new_movement
from relay.money.books import Books, JobEvidence, first_alone, opened
from relay.money.decide import periods
from relay.money.decide.account import carry, mark_of
from relay.money.decide.allowance import Skipped, TopUp, allowance_of, decide_top_up, take_back
from relay.money.decide.bill import Held
from relay.money.decide.evidence import Reading
from relay.money.decide.movement import Movement
from relay.money.ledger import records, tables
from relay.money.ledger.store import open_of
from relay.money.recover import recover_open
from relay.money.report.result import MoneyResult, ordered, told
from relay.officernd.model import Membership
from relay.papercut.client import PaperCut
from relay.site import Site

ALL_USERS = "!!All Users!!"  # Source: PaperCutExamples, name of the built-in group in the API


def top_up(
    site: Site, *, dry_run: bool = False, jobs: JobEvidence | None = None,
    parallel: int | None = None,
) -> MoneyResult:  # fmt: skip
    """Give every active person the balance of the current period once, and take back what leavers did not use."""
    mode = site.settings.fees.managed_in
    if mode == "papercut":
        note = "[fees] managed_in is papercut: balances are left to PaperCut."
        return MoneyResult(site.settings.site.currency, notes=(note,))
    writes = not dry_run and mode == "officernd"
    with opened(site, writes=writes, jobs=jobs) as books:
        return _top_up(books, writes, parallel or site.settings.papercut.connections)


def _top_up(books: Books, writes: bool, parallel: int) -> MoneyResult:
    problems = recover_open(books) if writes else []
    settings, ledger = books.settings.top_up, books.ledger
    day = books.business_day()
    period = periods.key(day, settings.every)
    with ledger.read() as connection:
        claimed = _claimed(connection, books, period)
        last = records.fact(connection, books.name, "topped_up_on")
    waiting = [
        person
        for person in books.people
        if settings.is_on and person.standing == "active" and person.member_id not in claimed
    ]
    marks = ledger.marks()
    leavers = [
        person
        for person in books.people
        if person.standing == "departed" and person.member_id in marks and marks[person.member_id].top_up_left > 0
    ]
    refused = _native_quotas(books) if waiting else None
    if refused is not None:
        waiting = []
    if not waiting and not leavers:
        return MoneyResult(
            books.currency, told(ledger), refused=(refused,) if refused else (), problems=tuple(problems),
            showing=not writes,
        )  # fmt: skip
    readings = books.read_all((*waiting, *leavers))
    busy = open_of(ledger.open_movements())
    given, skipped = _decide(books, waiting, readings, busy)
    taken = [
        TopUp(person, -amount)
        for person in leavers
        if person.username in readings and person.member_id not in busy
        if (amount := _unused(books, person, readings[person.username]))
    ]
    held = tuple(Held(item.person, item.owed, "settle_first", item.reason) for item in skipped)
    notes = _missed(books, last, day)
    numbers = ledger.sequences(tables.movements.c.member_id, day, "top_up")
    planned = [
        (item, new_movement(books, item.person, "top_up", item.amount, numbers, period))
        for item in given
        if item.amount
    ]
    planned += [(item, new_movement(books, item.person, "top_up", item.amount, numbers)) for item in taken]
    if writes:
        _store(books, given, planned, period, day)
        try:
            notes.extend(_carry_out(books, [movement for _, movement in planned], parallel))
        except RelayError as error:
            problems.append(error)
    shown = () if writes else tuple(movement for _, movement in planned)
    return MoneyResult(
        books.currency,
        (*told(ledger), *shown),
        ordered(held),
        (refused,) if refused else (),
        tuple(problems),
        tuple(notes),
        showing=not writes,
    )


def native_quotas(papercut: PaperCut) -> dict[str, int]:
    """Return group -> micros of PaperCut's own quotas, [All Users] included; these give credit that we do not know of.

    Source: PaperCut manual, quota allocation (daily 00:10, weekly Sunday 00:20, monthly on the 1st 00:30).
    """

    def one(group: str) -> tuple[str, int]:
        try:
            quota = papercut.group_quota(group)
        except Refused:  # a built-in group that this server does not answer about has no quota that we could read
            return group, 0
        return group, quota.amount if quota.period.upper() != "NONE" else 0

    found = papercut.in_parallel(one, [*papercut.groups(), ALL_USERS])
    return {group: amount for group, amount in found if amount}


def _native_quotas(books: Books) -> UnsafePlan | None:
    found = native_quotas(books.papercut)
    if not found:
        return None
    return UnsafePlan(
        "native_quota",
        f"PaperCut itself gives quotas to {', '.join(sorted(found)[:5])}, so no top-up was made: both together would "
        "give twice. Set the quota of these groups to none (PaperCut, Groups), or [top_up] amount to 0.",
        count=len(found),
    )


def _claimed(connection: Connection, books: Books, period: str) -> set[str]:
    table = tables.top_up_claims
    query = select(table.c.member_id).where(table.c.site == books.name, table.c.period == period)
    return set(connection.execute(query).scalars())


def _decide(
    books: Books, people: Sequence[LinkedAccount], readings: Mapping[str, Reading], busy: set[str]
) -> tuple[list[TopUp], list[Skipped]]:
    settings = books.settings.top_up
    by_plan: dict[str, int] = {}
    memberships: list[Membership] = []
    if settings.plan and people:
        plans = books.officernd.plans()
        for item in settings.plan:
            for plan in fees_plan.find(plans, item.plan):
                by_plan[plan.id] = max(item.amount, by_plan.get(plan.id, 0))
        memberships = books.officernd.memberships()
    given: list[TopUp] = []
    skipped: list[Skipped] = []
    for person in people:
        if person.username not in readings:
            continue
        outcome = decide_top_up(
            person,
            readings[person.username].balance,
            allowance_of(person, memberships, by_plan, settings.amount),
            busy=person.member_id in busy,
            mode=settings.mode,
            minimum=books.settings.fees.minimum,
            currency=books.currency,
        )
        if isinstance(outcome, TopUp):
            given.append(outcome)
        elif outcome is not None:
            skipped.append(outcome)
    return given, skipped


def _unused(books: Books, person: LinkedAccount, reading: Reading) -> int:
    mark = mark_of(person, books.ledger.marks())
    return take_back(person, carry(mark, reading, books.clock.now()).mark, reading.balance, books.currency)


def _missed(books: Books, last: str, day: date) -> list[str]:
    settings = books.settings.top_up
    gone = periods.missed(date.fromisoformat(last), day, settings.every) if last else []
    if not gone or settings.mode != "add":
        return []
    return [
        f"No run gave the top-ups of {', '.join(gone)}; only the current period's were given. Add the others by hand "
        "in PaperCut if your members are to have them."
    ]


def _store(
    books: Books, given: Sequence[TopUp], planned: Sequence[tuple[TopUp, Movement]], period: str, day: date
) -> None:
    """Store claims and movements in one commit, before anything is sent."""
    ledger, now = books.ledger, books.clock.now()
    marks = ledger.marks()
    references = {item.person.member_id: movement.reference for item, movement in planned}
    with ledger.write() as connection:
        for item, movement in planned:
            if item.person.member_id not in marks:
                ledger.set_mark(connection, item.person.member_id, mark_of(item.person, marks))
            ledger.add_movement(connection, movement)
        for item in given:
            connection.execute(
                insert(tables.top_up_claims).values(
                    site=books.name,
                    member_id=item.person.member_id,
                    period=period,
                    reference=references.get(item.person.member_id),
                    claimed_at=now,
                )
            )
        records.set_fact(connection, books.name, "topped_up_on", day.isoformat())


def _carry_out(books: Books, movements: Sequence[Movement], parallel: int) -> list[str]:
    """Make every top-up, and return what did not read back as it must. Raises RelayError when it was the first."""
    by_reference = {movement.reference: movement for movement in movements}
    pointless = Event()

    def one(name: str) -> str | None:
        if pointless.is_set():
            return None
        outcome = effects.adjust(books, by_reference[name])
        if outcome == "unreachable":
            pointless.set()
        return effects.verify(books, by_reference[name]) if outcome == "posted" else None

    wrong = first_alone(one, list(by_reference), parallel, books.progress, "Topping up")
    if wrong.first:
        raise RelayError(
            f"The first top-up did not read back as it must, so no other was begun: {wrong.first}",
            code="verification_failed",
        )
    return list(wrong.others)
