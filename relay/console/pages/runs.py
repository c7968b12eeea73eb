"""Last runs: what ran when, with what result, and what each of them did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, render_template, request, url_for

from relay.console import figures, results, runs
from relay.console.gate import desk
from relay.language import N_, gettext
from relay.money.ledger import calendar

page = Blueprint("runs", __name__)

SHOWN = 25
LINES = 300
MOST_ID = 2**63 - 1  # of a row in any database
# part -> where to see what it is about, and what the link says
ONWARD = {
    "sync": ("review.show", N_("See Review")),
    "settle": ("money.show", N_("See Money")),
    "top_up": ("money.show", N_("See Money")),
    "jobs": ("statements.show", N_("See the statements")),
}


@page.get("/runs")
def show() -> str:
    place, before = desk(), request.args.get("before", type=int)
    found = runs.listed(place.database, place.settings.site.name, SHOWN + 1, before)
    return render_template(
        "runs.html",
        runs=[(run, _people(run.answer("sync")), _billed(run)) for run in found[:SHOWN]],
        due=calendar.is_due(place.database, place.settings, place.clock),
        first_time=place.directory() is None,
        newest=before is None,
        older=url_for("runs.show", before=found[SHOWN - 1].id) if len(found) > SHOWN else "",
    )


@page.get(f"/runs/<int(max={MOST_ID}):run_id>")
def one(run_id: int) -> str:
    """What one run did, part by part."""
    place = desk()
    run = runs.one(place.database, place.settings.site.name, run_id)
    if run is None:
        abort(404)
    names = figures.names(place)
    return render_template(
        "run.html",
        run=run,
        parts=[
            {
                "part": part,
                "told": results.told(part.kind, part.answer, place.formats),
                "lines": [_line(line, names) for line in part.answer.get("movements", [])][:LINES],
                "changes": [_line(line, names) for line in part.answer.get("changes", [])][:LINES],
                "more": len(part.answer.get("movements", part.answer.get("changes", []))) - LINES,
                "onward": ONWARD.get(part.kind),
            }
            for part in run.parts
            if part.kind != "recover" or part.exit_code or part.answer.get("movements")
        ],
    )


def _line(line: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    member_id, username = line.get("member_id") or "", line.get("username") or ""  # a group has neither
    group = (line.get("after") or line.get("before") or {}).get("group", "") if not username else ""
    return {**line, "name": figures.name_of(names, member_id, username) or group, "key": member_id or username}


def _people(answer: Mapping[str, Any]) -> str:
    if not answer.get("applied"):
        return ""
    return results.counted(answer) or gettext("no change")


def _billed(run: runs.ShownRun) -> str:
    """Return what was billed, "" where nothing was, or where that was not asked."""
    total = run.answer("settle").get("total", "")
    return desk().formats.money(total) if total.strip("0.") else ""
