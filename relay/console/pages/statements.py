"""Statements: who printed what in a month, what was billed and what is open; as a page, as CSV, on paper."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from flask import Blueprint, Response, render_template, request

from relay import jobs
from relay.charts import Bar
from relay.console.ahead import Known
from relay.console.desk import Desk
from relay.console.gate import desk
from relay.console.listing import part_of
from relay.database import reading
from relay.errors import UsageError
from relay.jobs.statement.figures import Tally

page = Blueprint("statements", __name__)

MONTHS = 18
AT_ONCE = 5_000  # jobs whose statement is made while the page waits
AWAITED_S = 2
SHOWN = 100
JOBS = 500
LONGEST_NAME = 80  # of a file: a browser puts it below a folder of its own, and Windows counts to 260


@page.get("/statements")
def show() -> Any:
    month, member, company = _asked()
    place = desk()
    today = place.clock.business_day(place.settings.site.timezone)
    problem, known, is_awaited = "", None, False
    try:
        known = _known(place, today, month, member, company)
        is_awaited = known is None
    except UsageError as error:
        problem = error.message
    made = known.value if known else None
    told = render_template(
        "statements.html",
        is_awaited=is_awaited,
        made=made,
        behind=known.at if known and known.is_behind else None,
        problem=problem,
        month=month or f"{today:%Y-%m}",
        member=member,
        company=company,
        months=_months(today),
        part=part_of(made.people if made else [], SHOWN),
        before=_next(made.first - timedelta(days=1), today) if made else None,
        after=_next(made.last + timedelta(days=1), today) if made else None,
        chart=_bars(made) if made else [],
    )
    answer = Response(told, 400 if problem else 200)
    if is_awaited:
        answer.headers["Refresh"] = str(AWAITED_S)
    return answer


def look_ahead(place: Desk) -> None:
    """Have this month's statement ready for whoever opens the page next."""
    _known(place, place.clock.business_day(place.settings.site.timezone), "", "", "")


def _known(place: Desk, today: date, month: str, member: str, company: str) -> Known[Shown] | None:
    """Return a statement, None while that of a whole large month is being made behind the page."""
    asked = (month, member, company)
    known = place.made_behind if not (member or company) and _is_large(place, today, month) else place.ahead_of_ledger
    return known(
        "statement" if any(asked) else "statement of now",
        lambda: _shown(_statement(place, *asked), bool(member)),
        today,
        *asked,
    )


def _is_large(place: Desk, today: date, month: str) -> bool:
    with reading(place.database) as connection:
        return jobs.count_between(connection, place.settings.site.name, *jobs.month_days(month, today)) > AT_ONCE


def _statement(place: Desk, month: str, member: str, company: str) -> jobs.Statement:
    return jobs.statement(
        place.settings,
        place.database,
        month=month or None,
        member=member or None,
        company=company or None,
        clock=place.clock,
    )


@dataclass(frozen=True)
class PersonMonth:
    """One person's month in figures; amounts are micros."""

    key: str
    name: str
    company: str
    jobs: int
    pages: int
    printed: int
    billed: int
    open: int


@dataclass(frozen=True)
class Shown:
    """What the page shows of a statement: its sums, a line a person, and of one person the jobs.

    A month of a large site has some ten thousand jobs, which are not kept between two visits.
    """

    scope: str
    first: date
    last: date
    total: Tally
    printed: int
    billed: int
    before: Tally
    steps: tuple[Any, ...]
    notes: tuple[str, ...]
    people: list[PersonMonth]
    companies: list[tuple[str, int, int, int, int]]  # name, people, pages, printed, billed
    jobs: list[tuple[Any, str]]  # the job, and the reference of the fee that billed it
    by_day: Mapping[date, int]


def _shown(made: jobs.Statement, with_jobs: bool) -> Shown:
    companies = (
        (company.name, len(company.members), company.tally.pages, company.tally.net, company.billed)
        for company in made.companies
    )
    return Shown(
        scope=made.scope,
        first=made.first,
        last=made.last,
        total=made.total,
        printed=made.printed,
        billed=made.billed,
        before=made.before,
        steps=made.steps,
        notes=made.notes,
        people=[_line(line) for line in made.people],
        companies=sorted(companies, key=lambda row: (-row[3], row[0].casefold())),
        jobs=[(job, line.fee_of.get(job.key, "")) for job, line in made.jobs[:JOBS]] if with_jobs else [],
        by_day=_by_day(job for line in made.lines for job in line.jobs),
    )


def _line(line: Any) -> PersonMonth:
    person, tally = line.person, line.tally
    name = person.name or person.username or person.member_id
    key = person.member_id or person.username
    return PersonMonth(key, name, line.company, tally.jobs, tally.pages, tally.net, line.billed, line.open)


@page.get("/statements.csv")
def csv() -> Response:
    # With a byte order mark: spreadsheets take a file without one for their own code page, and names come out wrong.
    return _download("csv", "\ufeff", "text/csv; charset=utf-8")


@page.get("/statements.html")
def paper() -> Response:
    """Return a page that stands alone and prints on A4."""
    # It has a style of its own, so that no browser is to show it as a page of the console.
    return _download("html", "", "application/octet-stream")


def _download(kind: Literal["csv", "html"], mark: str, content_type: str) -> Response:
    made = _statement(desk(), *_asked())
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", f"printing-{made.month}-{made.scope or desk().settings.site.name}")
    answer = Response((mark + jobs.render(made, kind)).encode("utf-8"), content_type=content_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name[:LONGEST_NAME].strip("-")}.{kind}"'
    return answer


def _asked() -> tuple[str, str, str]:
    """Return (month, member, company) as asked for; a member goes before a company."""
    member = request.args.get("member", "").strip()[:200]
    company = "" if member else request.args.get("company", "").strip()[:200]
    return request.args.get("month", "").strip()[:7], member, company


def _months(today: date) -> list[tuple[str, str]]:
    found, day = [], today.replace(day=1)
    for _ in range(MONTHS):
        found.append((f"{day:%Y-%m}", desk().formats.month(day)))
        day = (day - timedelta(days=1)).replace(day=1)
    return found


def _next(day: date, today: date) -> tuple[str, str] | None:
    """Return the month of a day as (value, name), None for one that has not begun."""
    return (f"{day:%Y-%m}", desk().formats.month(day)) if day <= today else None


def _by_day(told: Iterable[Any]) -> Mapping[date, int]:
    """Return what was printed on each day, in money (micros)."""
    cost: defaultdict[date, int] = defaultdict(int)
    for job in told:
        if job.is_billed:
            cost[job.business_day] += job.net
    return dict(cost)


def _bars(made: Shown) -> list[Bar]:
    cost, formats = made.by_day, desk().formats
    days = [made.first + timedelta(days=offset) for offset in range((made.last - made.first).days + 1)]
    return [
        Bar(
            str(day.day) if day.day % 5 == 1 else "",
            float(max(0, cost.get(day, 0))),
            formats.money(cost.get(day, 0)),
            formats.day(day),
        )
        for day in days
    ]
