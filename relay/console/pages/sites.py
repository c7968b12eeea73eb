"""Sites: every site of a shared ledger, with its last run, what is open and what this month billed."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from relay import sites
from relay.console.gate import desk
from relay.sites import SiteStatus

page = Blueprint("sites", __name__)


@page.get("/sites")
def show() -> str:
    place = desk()
    today = place.clock.business_day(place.settings.site.timezone)
    found = place.of_ledger("all sites", lambda: sites.status(place.settings, place.database, place.clock), today)
    return render_template("sites.html", sites=[_shown(one) for one in found], own=place.settings.site.name)


def _shown(one: SiteStatus) -> dict[str, Any]:
    """Return a site as the page tells it, its amounts in its own currency."""
    formats = desk().formats
    return {
        "site": one.name,
        "run": one.last_run,
        "open_lines": [line.text for line in one.open.lines()],
        "billed": formats.money(one.billed, one.currency),
    }
