"""What a person says to the list of the first hour, the print script to copy, and the login that is watched for."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, redirect, request, url_for

from relay.console.first_hour import LATER, LOOKED, FirstHourWords, steps
from relay.console.gate import audited, desk, needs
from relay.language import N_, gettext
from relay.people import logins
from relay.people.act.print_script import render

page = Blueprint("first_hour", __name__)


@page.post("/first-hour/looked")
@needs("operate")
def looked() -> Any:
    """Keep that a person has looked at what PaperCut cannot tell."""
    return _say("looked", LOOKED)


@page.post("/first-hour/later")
@needs("operate")
def later() -> Any:
    return _say("later", LATER)


def _say(word: str, known: tuple[str, ...]) -> Any:
    what = request.form.get("what", "")
    if what not in known:
        abort(400, gettext("There is no such step. Nothing was done."))
    place = desk()
    FirstHourWords(place.folder).say(f"{word}_{what}", place.clock.now())
    audited(N_("first hour"), f"{what}: {word}")
    return redirect(url_for("today.show", _anchor="steps"))


@page.post("/first-hour/over")
@needs("operate")
def over() -> Any:
    """End the first hour once every step stands."""
    place = desk()
    if not all(step.stands for step in steps(place)):
        abort(409, gettext("Some steps are still open. Nothing was done."))
    FirstHourWords(place.folder).say("over", place.clock.now())
    audited(N_("first hour"), "over")
    return redirect(url_for("today.show"))


@page.get("/first-hour/login")
def login() -> dict[str, Any]:
    """Tell a page that watches whether a login was seen: it changes with each accepted or refused one."""
    trace = logins.latest(desk().settings.scripts.home)
    return {"seen": str(trace.as_json())}


@page.get("/print-script")
def print_script() -> Response:
    """Show the print script with this site's settings in it, to be pasted into PaperCut."""
    return Response(render(desk().settings), mimetype="text/plain", headers={"X-Content-Type-Options": "nosniff"})
