"""Sites: every site of a shared ledger, with its last run, what is open and what this month billed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, render_template

from relay import sites
from relay.console.gate import desk
from relay.open_items import OpenItems

page = Blueprint("sites", __name__)


@page.get("/sites")
def show() -> str:
    place = desk()
    today = place.clock.business_day(place.settings.site.timezone)
    found = place.of_ledger("all sites", lambda: sites.status(place.settings, place.database, place.clock), today)[
        "sites"
    ]
    waits = place.of_ledger("open of all sites", lambda: sites.open_of(place.settings, place.database))
    shown = [_shown(site, waits[site["site"]]) for site in found]
    return render_template("sites.html", sites=shown, own=place.settings.site.name)


def _shown(site: dict[str, Any], waits: OpenItems) -> dict[str, Any]:
    """Return a site as the page tells it: its moments as such, and its amounts in its own currency."""
    run, billed, formats = site["last_run"], site["billed"], desk().formats
    return {
        **site,
        "finished": datetime.fromisoformat(run["finished"]) if run else None,
        "exit_code": run["exit_code"] if run else 0,
        "open_lines": [line.text for line in waits.lines(lambda micros: formats.money(micros, waits.currency))],
        "month_billed": formats.money(billed["amount"], billed["currency"]),
    }
