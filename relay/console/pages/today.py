"""The first page: is everything well, what was done, what happens next, and each open question with its next step."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for

from relay import jobs, money
from relay import run as story
from relay.console import figures, first_hour, words
from relay.console.gate import audited, desk, needs, who
from relay.console.results import Done
from relay.money.ledger import calendar
from relay.site import Site

page = Blueprint("today", __name__)

DAYS = 30


@page.get("/")
def show() -> str:
    place = desk()
    return _first_hour() if first_hour.is_open(place) else _usual()


def _first_hour() -> str:
    """Return Today as the list of what is left until printing is billed."""
    place = desk()
    found = first_hour.steps(place)
    directory = place.directory()
    told_there = (url_for("review.show"), url_for("checks.show"), url_for("money.show", _anchor="held"))
    return render_template(
        "today_first.html",
        steps={step.id: step for step in found},
        stand=sum(step.stands for step in found),
        sync_done=directory is not None,
        all=first_hour.everybody(place),
        settings=place.settings,
        figures=story.has_billed(place.database, place.settings),
        todo=[item for item in _todo() if item["url"] not in told_there],
        **_figures(),
    )


def _usual() -> str:
    return render_template("today.html", todo=_todo(), **_figures())


def _figures() -> dict[str, Any]:
    """Return what Today shows beside what waits: figures, both systems, the last runs."""
    place = desk()
    settings, formats = place.settings, place.formats
    name = settings.site.name
    today = place.clock.business_day(settings.site.timezone)
    lately = figures.lately(place, today, DAYS)
    found = lately.days
    week, directory = found[-7:], place.directory()
    month = [item for item in found if item.day >= today.replace(day=1)]
    return {
        "greeting": today,
        "glance": place.glance,
        "due": calendar.is_due(place.database, settings, place.clock),
        "runs": money.last_runs(place.database, name, 6),
        "newest": place.works.all()[:1],
        "first_time": directory is None,
        "people_count": sum(user.standing == "active" for user in (directory.users if directory else ())),
        "printed_week": lately.people_in_week,
        "pages_week": sum(item.pages for item in week),
        "billed_month": sum(item.billed for item in month),
        "pages_chart": figures.as_bars(found, "pages", formats),
        "billed_chart": figures.as_bars(found, "billed", formats),
        "managed_in": settings.fees.managed_in,
        "audit": place.audit.last(8),
    }


@page.post("/look")
@needs("operate")
def look() -> Any:
    place = desk()

    def ask(site: Site) -> Done:
        glance = place.look()
        return Done({"papercut_problem": glance.papercut_problem, "officernd_problem": glance.officernd_problem})

    work = place.begin("look", "Look whether both systems answer", who(), ask, writes=False)
    return redirect(url_for("works.show", work_id=work.id))


@page.post("/run")
@needs("money")
def run() -> Any:
    """Do the daily run now; it takes the site's lock itself."""
    work = desk().begin("run", "Daily run", who(), lambda site: _Run(story.run(site)), writes=False)
    audited("daily run", outcome="started")
    flash("The daily run has begun.", "good")
    return redirect(url_for("works.show", work_id=work.id))


class _Run:
    """The answer of a whole run in the form that works keep."""

    def __init__(self, result: story.RunResult) -> None:
        self.exit_code = result.exit_code
        self._result = result

    def as_json(self) -> dict[str, Any]:
        return self._result.as_json()


def _todo() -> list[dict[str, str]]:
    """Return what waits for a person: a sentence, how urgent, and the one next step."""
    place = desk()
    found: list[dict[str, str]] = []

    def add(kind: str, text: str, url: str, button: str) -> None:
        found.append({"kind": kind, "text": text, "url": url, "button": button})

    if place.glance:
        problems = (("PaperCut", place.glance.papercut_problem), ("OfficeRnD", place.glance.officernd_problem))
        for system in [name for name, problem in problems if problem]:
            text = f"{system} did not answer when it was last asked; until it does, nobody is brought over or billed."
            add("bad", text, url_for("today.show", _anchor="systems"), "See why")
    if place.directory() is None:
        text = "Nobody has been brought over from OfficeRnD yet. The daily run begins when you have done so once."
        add("warn", text, url_for("review.show"), "Begin")
    steps = {
        "stop": ("bad", url_for("money.show"), "Look"),
        "doubt": ("bad", url_for("money.show", _anchor="questions"), "Answer"),
        "alert": ("bad", url_for("checks.show"), "Look"),
        "hold": ("warn", url_for("money.show", _anchor="held"), "Decide"),
        "question": ("warn", url_for("review.show", _anchor="questions"), "Look"),
    }
    for line in figures.waiting(place).lines(place.formats.money):
        kind, url, button = steps[line.kind]
        add(kind, line.text, url, button)
    checks = place.works.newest("check", "fix", over=True)
    if checks is None:
        add("", "The set-up has not been checked from here yet.", url_for("checks.show"), "Check")
    elif checks.answer and (wrong := [f for f in checks.answer["findings"] if f["severity"] == "error"]):
        verb = "was" if len(wrong) == 1 else "were"
        add(
            "bad",
            f"{words.plural(len(wrong), 'thing')} in the set-up {verb} found wrong.",
            url_for("checks.show"),
            "Put right",
        )
    with place.database.connect() as connection:
        unread = jobs.unread_files(connection, place.settings.site.name, place.settings.jobs.source, place.clock.now())
    if unread:
        text = f"Not one row of the job log {unread[0].subject} could be read, so that none of its jobs is known."
        add("bad", text, url_for("checks.show"), "See why")
    if not place.users:
        text = "There is no password: everybody who sits at this computer can work here."
        add("", text, url_for("installation.show", _anchor="password"), "How to set one")
    newest = place.works.newest("sync", "settle", "run", "top_up", "jobs")
    if newest and newest.state in ("interrupted", "failed"):
        add(
            "warn",
            f"“{newest.title}” was {words.WORDS['work'][newest.state]}.",
            url_for("works.show", work_id=newest.id),
            "See why",
        )
    return sorted(found, key=lambda item: ("bad", "warn", "").index(item["kind"]))
