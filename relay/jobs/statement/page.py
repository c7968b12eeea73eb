"""A statement as one HTML page that needs nothing else: charts are drawn within, it prints on A4, no network.

It speaks the language of the page that it is asked from, English elsewhere. The template escapes every text by itself;
only the charts, which escape their own, come as markup.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from babel import dates, numbers
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from relay import amounts, charts, foreign, language
from relay.charts import Bar
from relay.counted import counted
from relay.jobs.statement.figures import Tally
from relay.jobs.statement.model import Statement
from relay.jobs.statement.render import by_day, by_printer, fee_terms, figures_line
from relay.language import gettext, lazy, ngettext

TOP_PRINTERS = 6
MOST_JOBS = 2_000  # rows of a page that a person may still want to leaf through; the CSV has all
STATES = {"refunded": lazy("refunded"), "denied": lazy("denied")}  # what is said of a job that is not simply printed


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("relay.jobs.statement", "."),
        autoescape=True,
        extensions=["jinja2.ext.i18n"],
        finalize=lambda value: foreign.seen(language.told(value)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(language.translated, ngettext, newstyle=True)  # type: ignore[attr-defined]
    return environment.get_template("statement.html")


def as_html(statement: Statement) -> str:
    """Return a statement as a whole HTML document."""
    told = _Writing(statement)
    jobs = statement.jobs if statement.scope else []
    printers = [
        (
            name,
            figures.net,
            gettext("%(money)s for %(pages)s", money=told.money(figures.net), pages=counted(figures.pages, "page")),
        )
        for name, figures in by_printer(statement)
    ]
    currency = statement.currency
    return _template().render(
        statement=statement,
        language=told.code,
        whose=statement.scope or gettext("Site %(name)s", name=statement.site),
        month=told.month(statement.first),
        told=told,
        money=told.money,
        states=STATES,
        steps=_steps(statement, told),
        compared=_compared(statement, told),
        figures=figures_line(statement.total),
        environment=_environment(statement.total, told),
        fees=[(line, fee, fee_terms(fee, told.money)) for line in statement.people for fee in line.fees],
        jobs=jobs[:MOST_JOBS],
        jobs_left_out=max(0, len(jobs) - MOST_JOBS),
        days_chart=charts.by_day(
            gettext("Cost per day, %(currency)s", currency=currency),
            _days(statement, told),
            nothing=gettext("Nothing printed"),
            as_text=told.money,
        ),
        colour_chart=_colour_chart(statement.total, told),
        printers_chart=charts.by_name(
            gettext("Printers by cost, %(currency)s", currency=currency), printers[:TOP_PRINTERS]
        ),
        printers_left_out=max(0, len(printers) - TOP_PRINTERS),
        before=told.month(statement.first - timedelta(days=1)),
    )


class _Writing:
    """How the page writes amounts, counts and days, and whether an amount was finer than a coin.

    A page for paper shows no fractions of a cent.
    """

    def __init__(self, statement: Statement) -> None:
        spoken = language.spoken() or language.ENGLISH
        self.code, self.locale = spoken.code, spoken.locale
        self._currency = statement.currency
        self._zone = statement.timezone
        self._pattern = "#,##0" + f".{'0' * amounts.digits(self._currency)}".rstrip(".")
        self.has_rounded = False

    def money(self, micros: int, sign: bool = False) -> str:
        shown = self.shown(micros)
        self.has_rounded |= shown != micros
        return self._number(amounts.to_decimal(shown), self._pattern, sign)

    def shown(self, micros: int) -> int:
        """Return micros as they are shown: the nearest coin, a half away from zero."""
        coin = amounts.minor_unit(self._currency)
        coins = (abs(micros) * 2 + coin) // (2 * coin)
        return coins * coin if micros >= 0 else -coins * coin

    def count(self, value: int, sign: bool = False) -> str:
        return self._number(Decimal(value), "#,##0", sign)

    def _number(self, value: Decimal, pattern: str, sign: bool) -> str:
        told = str(numbers.format_decimal(value, pattern, self.locale)).replace("-", "\N{MINUS SIGN}")
        return f"+{told}" if sign and value > 0 else told

    def percent(self, part: int, whole: int) -> str:
        return str(numbers.format_percent(round(part / whole, 2), locale=self.locale))

    def day(self, value: date) -> str:
        return str(dates.format_date(value, "medium", self.locale))

    def month(self, value: date) -> str:
        return str(dates.format_skeleton("yMMMM", value, locale=self.locale))

    def moment(self, value: str) -> str:
        """Return a moment of ISO 8601 in the site's time, with the zone named."""
        local = datetime.fromisoformat(value).astimezone(ZoneInfo(self._zone))
        return f"{self.day(local.date())}, {local:%H:%M} ({self._zone})"


def _steps(statement: Statement, told: _Writing) -> list[tuple[str, str]]:
    """Return the way from printed to billed as (what, amount); what is shown adds up, rounding is a step of its own."""
    *way, last = statement.steps
    rounded = told.shown(last.amount) - sum(told.shown(step.amount) for step in way)
    rows = [(step.what, told.money(step.amount)) for step in way]
    if rounded:
        rows.append((gettext("rounding of what is finer than the smallest coin"), told.money(rounded)))
    return [*rows, (last.what, told.money(last.amount))]


def _compared(statement: Statement, told: _Writing) -> list[tuple[str, str, str, str]]:
    """Return this month against the one before as (what, before, now, change)."""
    now, before = statement.total, statement.before
    counts = [(gettext("Print jobs"), before.jobs, now.jobs), (gettext("Pages"), before.pages, now.pages)]
    change = told.shown(now.net) - told.shown(before.net)
    return [
        *((what, told.count(old), told.count(new), told.count(new - old, sign=True)) for what, old, new in counts),
        (gettext("Cost"), told.money(before.net), told.money(now.net), told.money(change, sign=True)),
    ]


def _days(statement: Statement, told: _Writing) -> list[Bar]:
    """Return a bar for each day of the month; the first and every fifth is named below."""
    days = [(date.fromisoformat(day), figures.net) for day, figures in by_day(statement).items()]
    return [
        Bar(str(day.day) if day.day == 1 or day.day % 5 == 0 else "", net, told.money(net), told.day(day))
        for day, net in days
    ]


def _colour_chart(total: Tally, told: _Writing) -> str:
    unknown = total.pages - total.colour_known_pages
    parts = [
        (gettext("Colour"), total.colour_pages, "colour"),
        (gettext("Greyscale"), total.colour_known_pages - total.colour_pages, "gray"),
    ]
    if unknown:
        parts.append((gettext("Not known"), unknown, "unknown"))

    def text(name: str, pages: int) -> str:
        share = told.percent(pages, total.pages) if total.pages else ""
        return f"{name}: {', '.join(filter(None, (language.translated(counted(pages, 'page')), share)))}"

    return charts.shares(
        gettext("Colour against greyscale, pages"), [(text(name, pages), pages, style) for name, pages, style in parts]
    )


def _environment(total: Tally, told: _Writing) -> list[tuple[str, str]]:
    """Return the figures that a company likes to know, as (figure, what)."""
    figures = [(told.count(total.pages), ngettext("page", "pages", total.pages))]
    if total.sheet_pages:
        figures += [
            (told.count(total.sheets), ngettext("sheet", "sheets", total.sheets)),
            (
                told.count(total.sheets_saved),
                ngettext("sheet saved by duplex", "sheets saved by duplex", total.sheets_saved),
            ),
        ]
    if total.colour_percent is not None:
        figures.append((told.percent(total.colour_percent, 100), gettext("in colour")))
    elif total.colour_jobs:
        figures.append((told.count(total.colour_jobs), ngettext("job in colour", "jobs in colour", total.colour_jobs)))
    return figures
