"""Statements: who printed what in a month, what was billed and what is open; as a page, as CSV, on paper."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import date, timedelta
from typing import Any, Literal

from flask import Blueprint, Response, render_template, request

from relay import jobs
from relay.console.charts import Bar
from relay.console.gate import desk
from relay.errors import UsageError

page = Blueprint("statements", __name__)

MONTHS = 18
SHOWN = 100
LONGEST_NAME = 80  # of a file: a browser puts it below a folder of its own, and Windows counts to 260


@page.get("/statements")
def show() -> Any:
    month, member, company = _asked()
    place = desk()
    today = place.clock.business_day(place.settings.site.timezone)
    problem, made = "", None
    try:
        made = jobs.statement(
            place.settings,
            place.database,
            month=month or None,
            member=member or None,
            company=company or None,
            clock=place.clock,
        )
    except UsageError as error:
        problem = error.message
    people = list(made.people) if made else []
    pages = max(1, -(-len(people) // SHOWN))
    number = min(max(request.args.get("page", 1, type=int), 1), pages)
    return render_template(
        "statements.html",
        made=made,
        problem=problem,
        month=month or f"{today:%Y-%m}",
        member=member,
        company=company,
        months=_months(today),
        people=people[(number - 1) * SHOWN : number * SHOWN],
        page=number,
        pages=pages,
        before=_next(made.first - timedelta(days=1), today) if made else None,
        after=_next(made.last + timedelta(days=1), today) if made else None,
        companies=sorted(
            (
                (company.name, len(company.members), company.tally.pages, company.tally.net, company.billed)
                for company in (made.companies if made else ())
            ),
            key=lambda row: (-row[3], row[0].casefold()),
        ),
        chart=_days(made) if made else [],
    ), (200 if made else 400)


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
    month, member, company = _asked()
    place = desk()
    made = jobs.statement(
        place.settings,
        place.database,
        month=month or None,
        member=member or None,
        company=company or None,
        clock=place.clock,
    )
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", f"printing-{made.month}-{made.scope or place.settings.site.name}")
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


def _days(made: Any) -> list[Bar]:
    """Return what was printed on each day of the month, in money."""
    cost: defaultdict[date, int] = defaultdict(int)
    for job, _ in made.jobs:
        if job.is_billed:
            cost[job.business_day] += job.net
    formats = desk().formats
    days = [made.first + timedelta(days=offset) for offset in range((made.last - made.first).days + 1)]
    return [
        Bar(
            str(day.day) if day.day % 5 == 1 else "",
            float(max(0, cost[day])),
            formats.money(cost[day]),
            formats.day(day),
        )
        for day in days
    ]
