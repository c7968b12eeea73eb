"""The month's statement in a few lines, to the same addresses, where the site wants it: companies and sums."""

from __future__ import annotations

from datetime import timedelta

from relay import amounts, jobs, language
from relay.config import Settings
from relay.database import reading
from relay.jobs import Statement
from relay.language import joined, lazy
from relay.money.ledger import records
from relay.notify.addresses import Post
from relay.notify.causes import Here

FACT = "monthly_report"  # the last month that was told: "2026-10"


def tell_month(here: Here) -> None:
    """Send last month's report once, with the first whole run of a month."""
    settings, clock = here.settings, here.clock
    if not settings.notify.monthly_report:
        return
    first = clock.business_day(settings.site.timezone).replace(day=1)
    month = f"{first - timedelta(days=1):%Y-%m}"
    with reading(here.database) as connection:
        if records.fact(connection, settings.site.name, FACT) == month:
            return
    post = Post(settings)
    made = jobs.statement(settings, here.database, month=month, clock=clock)
    sent = post.has_addresses and any(one.sent for one in post.send(*_told(made, settings)))
    if sent:
        with here.database.begin() as connection:
            records.set_fact(connection, settings.site.name, FACT, month)


def _told(made: Statement, settings: Settings) -> tuple[str, str]:
    def money(micros: int) -> str:
        return amounts.with_currency(micros, made.currency)

    told: str = lazy(
        "Printed in %(month)s: %(printed)s. Billed through OfficeRnD: %(billed)s.",
        month=language.month(made.first),
        printed=money(made.printed),
        billed=money(made.billed),
    )
    for company in made.companies:
        line = lazy(
            "%(name)s: printed %(printed)s, billed %(billed)s",
            name=company.name or lazy("Members without a company"),
            printed=money(company.tally.net),
            billed=money(company.billed),
        )
        told = joined(told, line, by="\n")
    address = f"{settings.console.public_url}/statements?month={made.month}" if settings.console.public_url else ""
    title = lazy("%(site)s: printing in %(month)s", site=made.site, month=language.month(made.first))
    return title, joined(told, address, by="\n\n")
