"""A statement as one HTML page that needs nothing else: charts are drawn within, it prints on A4, no network.

The template escapes every text by itself; only the charts, which escape their own, come as markup.
"""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from relay import amounts, charts, foreign
from relay.charts import Bar
from relay.jobs.statement.figures import Tally
from relay.jobs.statement.model import Statement
from relay.jobs.statement.render import by_day, by_printer, fee_terms, figures_line

TOP_PRINTERS = 6
MOST_JOBS = 2_000  # rows of a page that a person may still want to leaf through; the CSV has all


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("relay.jobs.statement", "."),
        autoescape=True,
        finalize=foreign.seen,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("statement.html")


def as_html(statement: Statement) -> str:
    """Return a statement as a whole HTML document."""
    money = _Money(statement.currency)
    jobs = statement.jobs if statement.scope else []
    printers = [
        (name, figures.net, f"{money(figures.net)} for {figures.pages} pages")
        for name, figures in by_printer(statement)
    ]
    return _template().render(
        statement=statement,
        whose=statement.scope or f"Site {statement.site}",
        month=_month(statement.first),
        money=money,
        steps=_steps(statement, money),
        compared=_compared(statement, money),
        figures=figures_line(statement.total),
        environment=_environment(statement.total),
        fees=[(line, fee, fee_terms(fee, money)) for line in statement.people for fee in line.fees],
        jobs=jobs[:MOST_JOBS],
        jobs_left_out=max(0, len(jobs) - MOST_JOBS),
        days_chart=charts.by_day(
            f"Cost per day, {statement.currency}", _days(statement, money), nothing="Nothing printed", as_text=money
        ),
        colour_chart=_colour_chart(statement.total),
        printers_chart=charts.by_name(f"Printers by cost, {statement.currency}", printers[:TOP_PRINTERS]),
        printers_left_out=max(0, len(printers) - TOP_PRINTERS),
        before=_month(statement.first - timedelta(days=1)),
    )


class _Money:
    """Amounts to the coin, and whether any was finer: a page for paper shows no fractions of a cent."""

    def __init__(self, currency: str) -> None:
        self._currency = currency
        self.has_rounded = False

    def __call__(self, micros: int) -> str:
        shown = self.shown(micros)
        self.has_rounded |= shown != micros
        return amounts.text(shown, self._currency)

    def shown(self, micros: int) -> int:
        """Return micros as they are shown: the nearest coin, a half away from zero."""
        coin = amounts.minor_unit(self._currency)
        coins = (abs(micros) * 2 + coin) // (2 * coin)
        return coins * coin if micros >= 0 else -coins * coin


def _steps(statement: Statement, money: _Money) -> list[tuple[str, str]]:
    """Return the way from printed to billed as (what, amount); what is shown adds up, rounding is a step of its own."""
    *way, last = statement.steps
    rounded = money.shown(last.amount) - sum(money.shown(step.amount) for step in way)
    rows = [(step.what, money(step.amount)) for step in way]
    if rounded:
        rows.append(("rounding of what is finer than the smallest coin", money(rounded)))
    return [*rows, (last.what, money(last.amount))]


def _compared(statement: Statement, money: _Money) -> list[tuple[str, str, str, str]]:
    """Return this month against the one before as (what, before, now, change)."""
    now, before = statement.total, statement.before
    counts = [("Print jobs", before.jobs, now.jobs), ("Pages", before.pages, now.pages)]
    change = money.shown(now.net) - money.shown(before.net)
    sign = "+" if change > 0 else ""
    return [
        *((what, f"{old:,}", f"{new:,}", f"{new - old:+,}") for what, old, new in counts),
        ("Cost", money(before.net), money(now.net), f"{sign}{money(change)}"),
    ]


def _month(day: date) -> str:
    return f"{calendar.month_name[day.month]} {day.year}"


def _days(statement: Statement, money: _Money) -> list[Bar]:
    """Return a bar for each day of the month; the first and every fifth is named below."""
    days = [(int(day[-2:]), figures.net) for day, figures in by_day(statement).items()]
    return [Bar(str(day) if day == 1 or day % 5 == 0 else "", net, money(net), str(day)) for day, net in days]


def _colour_chart(total: Tally) -> str:
    unknown = total.pages - total.colour_known_pages
    parts = [
        ("Colour", total.colour_pages, "colour"),
        ("Grayscale", total.colour_known_pages - total.colour_pages, "gray"),
    ]
    if unknown:
        parts.append(("Not told", unknown, "unknown"))
    return charts.shares("Colour against grayscale, pages", parts)


def _environment(total: Tally) -> list[tuple[str, str]]:
    """Return the figures that a company likes to know, as (figure, what)."""
    figures = [(str(total.pages), "pages")]
    if total.sheet_pages:
        figures += [(str(total.sheets), "sheets"), (str(total.sheets_saved), "sheets saved by duplex")]
    if total.colour_percent is not None:
        figures.append((f"{total.colour_percent} %", "in colour"))
    elif total.colour_jobs:
        figures.append((str(total.colour_jobs), "jobs in colour"))
    return figures
