"""The first page: is everything well, what was done, what happens next, and each open question with its next step."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, render_template, url_for

from relay import jobs, money
from relay import run as story
from relay.console import figures, first_hour
from relay.console.gate import audited, begin_work, desk, needs
from relay.console.results import Done
from relay.database import reading
from relay.language import N_, gettext, ngettext, translated
from relay.money.ledger import calendar
from relay.site import Site

page = Blueprint("today", __name__)

DAYS = 30


@page.get("/")
def show() -> str:
    place = desk()
    return _first_hour() if first_hour.is_open(place) else render_template("today.html", todo=_todo(), **_figures())


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


def _figures() -> dict[str, Any]:
    """Return what Today shows beside what waits: figures, both systems, the last runs."""
    place = desk()
    settings, formats = place.settings, place.formats
    name = settings.site.name
    today = place.clock.business_day(settings.site.timezone)
    lately = figures.lately(place, today, DAYS)
    found = lately.days
    week, directory = found[-7:], place.directory()
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
        "billed_month": lately.billed_in_month,
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

    return begin_work("look", N_("Look whether both systems answer"), ask)


@page.post("/run")
@needs("money")
def run() -> Any:
    """Do the daily run now; it takes the site's lock itself."""
    begun = begin_work("run", N_("Daily run"), story.run)
    audited(N_("daily run"), outcome="started")
    flash(gettext("The daily run has begun."), "good")
    return begun


def _todo() -> list[dict[str, str]]:
    """Return what waits for a person: a sentence, how urgent, and the one next step."""
    place = desk()
    found: list[dict[str, str]] = []

    def add(kind: str, text: str, url: str, button: str) -> None:
        found.append({"kind": kind, "text": text, "url": url, "button": button})

    if place.glance:
        problems = (("PaperCut", place.glance.papercut_problem), ("OfficeRnD", place.glance.officernd_problem))
        for system in [name for name, problem in problems if problem]:
            text = gettext(
                "%(system)s did not answer when it was last asked; until it does, nobody is brought over or billed.",
                system=system,
            )
            add("bad", text, url_for("today.show", _anchor="systems"), gettext("See why"))
    if place.directory() is None:
        text = gettext("Nobody has been brought over from OfficeRnD yet. The daily run begins once you have done that.")
        add("warn", text, url_for("review.show"), gettext("Begin"))
    steps = {
        "stop": ("bad", url_for("money.show"), gettext("Look")),
        "doubt": ("bad", url_for("money.show", _anchor="questions"), gettext("Answer")),
        "alert": ("bad", url_for("checks.show"), gettext("Look")),
        "hold": ("warn", url_for("money.show", _anchor="held"), gettext("Decide")),
        "question": ("warn", url_for("review.show", _anchor="questions"), gettext("Look")),
        "unheard": ("", url_for("money.show"), gettext("Look")),
    }
    for line in figures.waiting(place).lines():
        kind, url, button = steps[line.kind]
        add(kind, line.text, url, button)
    checks = place.works.newest("check", "fix", over=True)
    if checks is None:
        add("", gettext("The set-up has not been checked from here yet."), url_for("checks.show"), gettext("Check"))
    elif checks.answer and (wrong := sum(one["severity"] == "error" for one in checks.answer["findings"])):
        text = ngettext(
            "%(num)s thing in the set-up was found wrong.", "%(num)s things in the set-up were found wrong.", wrong
        )
        add("bad", text, url_for("checks.show"), gettext("Put right"))
    with reading(place.database) as connection:
        unread = jobs.unread_files(connection, place.settings.site.name, place.settings.jobs.source, place.clock.now())
    if unread:
        text = gettext(
            "Not one row of the job log %(file)s could be read, so none of its jobs are known.", file=unread[0].subject
        )
        add("bad", text, url_for("checks.show"), gettext("See why"))
    if not place.users:
        text = gettext("There is no password: anybody who sits at this computer can work here.")
        add("", text, url_for("installation.show", _anchor="password"), gettext("How to set one"))
    newest = place.works.newest("sync", "settle", "run", "top_up", "jobs")
    if newest and newest.state in ("interrupted", "failed"):
        text = (
            gettext("“%(title)s” was interrupted.", title=translated(newest.title))
            if newest.state == "interrupted"
            else gettext("“%(title)s” could not be done.", title=translated(newest.title))
        )
        add("warn", text, url_for("works.show", work_id=newest.id), gettext("See why"))
    return sorted(found, key=lambda item: ("bad", "warn", "").index(item["kind"]))
