"""Settings: a form with its problems beside the fields, what a change would do before it is saved, and saving it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for

from relay.config import Settings
from relay.console import settings_fields, settings_file
from relay.console.gate import audited, begin_work, desk, may, needs, who
from relay.console.results import Done
from relay.console.settings_fields import FIELDS, GROUPS, ROLES, Field, amount_lines
from relay.console.settings_file import FormProblems
from relay.errors import RelayError
from relay.language import N_, gettext
from relay.people import read
from relay.people.decide import plan as plans
from relay.people.sync import remembered
from relay.site import Site

page = Blueprint("settings", __name__)


@page.get("/settings")
def show() -> str:
    draft = desk().drafts.get(who())
    current = draft.settings if draft and request.args.get("draft") else desk().settings
    return _form(_values(current), {}, [])


@page.post("/settings")
@needs("operate")
def change() -> Any:
    """Check what was filled in and show what it would do; nothing is saved yet."""
    place = desk()
    values, problems = settings_fields.read_form(request.form)
    denied = [name for name in values if not may(ROLES[name])]
    for name in denied:
        del values[name]
    typed = {name: request.form.get(name, "") for name in problems}
    try:
        draft = settings_file.draft(place.settings, values)
    except FormProblems as found:
        filled = {**_values(place.settings), **_as_shown(values), **typed}
        return _form(filled, {**found.by_field, **problems}, found.others), 422
    if problems:
        return _form({**_values(draft.settings), **typed}, problems, []), 422
    if not draft.changed:
        flash(gettext("Nothing was changed."), "")
        return redirect(url_for("settings.show"))
    place.drafts[who()] = draft
    if any(name.startswith("members.") for name, _, _ in draft.changed):
        return begin_work(
            "preview",
            N_("See what the change would do"),
            lambda site: _effect(site, draft.settings),
            facts={"for": settings_file.fingerprint(draft.text)},
        )
    return redirect(url_for("settings.preview"))


@page.get("/settings/preview")
def preview() -> Any:
    draft = desk().drafts.get(who())
    if draft is None:
        flash(gettext("There is nothing to save: begin again."), "")
        return redirect(url_for("settings.show"))
    work = desk().works.newest("preview", over=True)
    fits = work is not None and work.facts.get("for") == settings_file.fingerprint(draft.text)
    return render_template(
        "settings_preview.html",
        changed=[
            (FIELDS[name], _words(FIELDS[name], before), _words(FIELDS[name], after))
            for name, before, after in draft.changed
        ],
        effect=work.answer if fits and work else None,
        effect_problem=work.error if fits and work else "",
        needs_look=any(name.startswith("members.") for name, _, _ in draft.changed) and not fits,
        billing=[name for name, _, _ in draft.changed if name.startswith(("fees.", "top_up."))],
    )


@page.post("/settings/save")
@needs("operate")
def save() -> Any:
    place = desk()
    draft = place.drafts.get(who())
    if draft is None:
        abort(409, gettext("There is nothing to save: the console was restarted, or it was saved already."))
    if not all(may(ROLES[name]) for name, _, _ in draft.changed):
        abort(403, gettext("Some of these settings need the role “money”. Nothing was saved."))
    told = "; ".join(f"{name}: {before} → {after}" for name, before, after in draft.changed)
    try:
        settings_file.save(draft, place.settings.path, place.folder)
    except RelayError as error:
        audited(N_("settings"), told, error.message)
        raise
    place.drafts.pop(who(), None)
    place.refresh(always=True)
    place.wake.set()
    audited(N_("settings saved"), told)
    flash(
        gettext("Saved. Who may print changes when people are next brought in line; you can do that now on Review."),
        "good",
    )
    return redirect(url_for("settings.show"))


# -- shared -----------------------------------------------------------------------------------------------------------


def _form(values: Mapping[str, Any], problems: Mapping[str, str], others: list[str]) -> str:
    place = desk()
    glance = place.glance
    locations, plans = (glance.locations, glance.plans) if glance else ((), ())
    # The lists of OfficeRnD as they were last read; a value that is no longer in them stays choosable.
    known: dict[str, list[tuple[str, str, str]]] = {
        "members.locations": [(item.id, item.name, "") for item in locations],
        "members.plans": [
            (item.id, item.name, item.code if item.code != item.name else "")
            for item in plans
            if item.interval_length != "once"
        ],
    }
    codes = {item.code for item in plans if item.code}
    for name, listed in known.items():
        known_ids = {option[0] for option in listed}
        listed += [(value, value, "") for value in dict.fromkeys(values[name]) if value not in known_ids | codes]
    return render_template(
        "settings.html",
        groups=GROUPS,
        wanted=request.args.get("section", ""),
        values=values,
        problems=problems,
        others=others,
        known=known,
        fee_plans=[item.name for item in plans],
        asked=glance is not None,
        file=str(place.settings.path),
    )


def _values(settings: Settings) -> dict[str, Any]:
    return {name: settings_fields.shown(settings, field) for name, field in FIELDS.items()}


def _as_shown(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: amount_lines(value)
        if FIELDS[name].kind == "amounts"
        else str(value)
        if isinstance(value, int) and not isinstance(value, bool)
        else value
        for name, value in values.items()
    }


def _words(field: Field, value: Any) -> str:
    """Return a value as the list of changes tells it."""
    glance = desk().glance
    names: dict[str, str] = {}
    if glance:
        names = {item.id: item.name for item in glance.locations} | {item.id: item.name for item in glance.plans}
    if field.kind == "switch":
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list):
        told = ", ".join(str(names.get(item, item)) for item in value)
        every = field.name in ("members.locations", "members.plans")
        return told or (gettext("all") if every else gettext("none"))
    return next((label for known, label, _ in field.choices if known == value), str(value)) or gettext("none")


def _effect(site: Site, wanted: Settings) -> Done:
    """Read both systems once and return who more and who fewer might print with the wanted settings."""
    current = site.settings
    either = wanted.members.model_copy(
        update={
            "plans": wanted.members.plans or current.members.plans,
            "admit_passes": wanted.members.admit_passes or current.members.admit_passes,
            "admit_checkins": wanted.members.admit_checkins or current.members.admit_checkins,
        }
    )
    memory = remembered(site)
    world = read.read_world(replace(site, settings=wanted.model_copy(update={"members": either})), memory)
    now = site.clock.now()
    before, after = plans.plan(world, current, now), plans.plan(world, wanted, now)
    old, new = _active(before), _active(after)
    names = {member.id: member.name for member in world.officernd.members.values()}
    return Done(
        {
            "more": sorted((names.get(key, key) for key in new - old), key=str.casefold),
            "fewer": sorted((names.get(key, key) for key in old - new), key=str.casefold),
            "held": [refusal.code for refusal in after.refused if refusal.code not in {r.code for r in before.refused}],
        }
    )


def _active(made: plans.SyncPlan) -> set[str]:
    return {
        decision.desired.member_id
        for decision in made.decisions.people
        if decision.desired and decision.desired.standing == "active" and decision.desired.member_id
    }
