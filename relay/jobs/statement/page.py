"""A statement as one HTML page that needs nothing else: charts are drawn within, it prints on A4, no network.

The template escapes every text by itself; only the charts, which escape their own, come as markup.
"""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from relay import amounts, foreign
from relay.jobs.statement import charts
from relay.jobs.statement.figures import Tally
from relay.jobs.statement.model import Statement
from relay.jobs.statement.render import by_day, by_printer, fee_terms, figures_line, month_line

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
        money=money,
        figures=figures_line(statement.total),
        against=month_line(statement),
        environment=_environment(statement.total),
        fees=[(line, fee, fee_terms(fee, money)) for line in statement.people for fee in line.fees],
        jobs=jobs[:MOST_JOBS],
        jobs_left_out=max(0, len(jobs) - MOST_JOBS),
        days_chart=charts.by_day(
            f"Cost per day, {statement.currency}",
            [(str(int(day[-2:])), figures.net, money(figures.net)) for day, figures in by_day(statement).items()],
        ),
        colour_chart=_colour_chart(statement.total),
        printers_chart=charts.by_name(f"Printers by cost, {statement.currency}", printers[:TOP_PRINTERS]),
        printers_left_out=max(0, len(printers) - TOP_PRINTERS),
    )


class _Money:
    """Amounts of one currency as text."""

    def __init__(self, currency: str) -> None:
        self._currency = currency

    def __call__(self, micros: int) -> str:
        return amounts.text(micros, self._currency)


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
