"""What would change for people and groups, and doing exactly that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for

from relay import people
from relay.console import asked, remedies, results, words
from relay.console.gate import audited, begin_work, desk, done_under_lock, needs
from relay.console.listing import part_of
from relay.language import N_, gettext, marked, ngettext
from relay.people.decide import questions, safety
from relay.people.decide.everybody import sentence

page = Blueprint("review", __name__)

SHOWN, CHANGES = 50, 200
ORDER = ("remove", "unlink", "rename", "adopt", "create", "update", "group_remove", "group_create", "group_members")


@page.get("/review")
def show() -> str:
    return _page({}, {})


def _page(typed: Mapping[str, str], problems: Mapping[str, str]) -> str:
    """Return the page, with the names that were typed and why they cannot be, by member id."""
    work = desk().works.newest("plan", "sync", over=True)
    answer = work.answer if work and work.answer else None
    changes = answer["changes"] if answer else []
    groups = asked.groups(desk())
    return render_template(
        "review.html",
        work=work,
        answer=answer,
        is_plan=bool(work and work.kind == "plan" and answer),
        told=results.counted(answer) if answer else "",
        groups=[
            (action, found[:SHOWN], len(found))
            for action in ORDER
            if (found := [change for change in changes if change["action"] == action])
        ],
        shown=SHOWN,
        everybody=sentence(answer["everybody"]) if answer and "everybody" in answer else "",
        questions=groups,
        open=sum(group.open for group in groups),
        answered=sum(group.answered for group in groups),
        typed=typed,
        problems=problems,
        remarks=[
            (questions.kind_of(code), found)
            for code, found in questions.in_groups(_remarks(answer["warnings"] if answer else ())).items()
        ],
        is_stale=any(refusal["code"] == safety.PLAN_CHANGED for refusal in (answer["refused"] if answer else ())),
        refused=[
            (refusal, *words.refusal(refusal))
            for refusal in (answer["refused"] if answer else [])
            if refusal["code"] != safety.PLAN_CHANGED
        ],
        effect=_effect(answer["users"]) if answer else [],
    )


@page.get("/review/changes")
def changes() -> str:
    """All changes of one kind, page by page."""
    action = request.args.get("action", "")
    work = desk().works.newest("plan", "sync", over=True)
    if action not in ORDER or not work or not work.answer:
        abort(404)
    found = [change for change in work.answer["changes"] if change["action"] == action]
    return render_template("changes.html", action=action, part=part_of(found, CHANGES), count=len(found))


@page.post("/review/look")
@needs("operate")
def look() -> Any:
    return begin_work("plan", N_("Look at both systems"), people.make_plan)


@page.post("/review/apply")
@needs("operate")
def apply() -> Any:
    """Apply the plan that was shown, and only that; a limit is let pass once where the form says so."""
    expect, allow = request.form.get("expect", ""), request.form.getlist("allow")
    if not expect or any(code not in safety.CODES for code in allow):
        abort(400, gettext("This form is not complete. Nothing was done: look again on the Review page."))
    if allow:
        audited(N_("limit let pass once"), ", ".join(allow))
    begun = start_sync(N_("Bring people in line"), expect=expect, allow=tuple(allow))
    audited(N_("people brought in line"), outcome="started")
    return begun


def start_sync(title: str, **options: Any) -> Any:
    return begin_work("sync", title, lambda site: people.sync(site, **options), writes=True, recorded=True)


@page.post("/review/answers")
@needs("operate")
def use() -> Any:
    """Give everybody who is ticked the account name that stands beside them."""
    names = {member: request.form.get(f"name-{member}", "").strip() for member in request.form.getlist("pick")}
    if not names:
        flash(gettext("Tick somebody first."), "warn")
        return redirect(url_for("review.show", _anchor="questions"))
    action = N_("account names given")
    done = done_under_lock(action, lambda site: people.name_new_accounts(site, names))
    if done is None:
        return redirect(url_for("review.show", _anchor="questions"))
    audited(action, ", ".join(f"{member} is {name}" for member, name in done.done.items()))
    if done.done:
        told = ngettext(
            "%(num)s person named. The account is made when you look again and apply.",
            "%(num)s people named. The accounts are made when you look again and apply.",
            len(done.done),
        )
        flash(told, "good")
    if done.refused:
        told = ngettext(
            "%(num)s name cannot be used: see why in the table.",
            "%(num)s names cannot be used: see why in the table.",
            len(done.refused),
        )
        flash(told, "bad")
        return _page(names, done.refused), 422
    return redirect(url_for("review.show", _anchor="questions"))


@page.post("/review/undo")
@needs("operate")
def undo() -> Any:
    """Take an answer back that no reading has seen yet."""
    member, action = request.form.get("member", ""), N_("answer taken back")
    if done_under_lock(action, lambda site: people.take_back(site, member), member) is not None:
        audited(action, member)
        flash(gettext("Taken back. The question stands again."), "good")
    return redirect(url_for("review.show", _anchor="questions"))


def _remarks(warnings: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return what is only told; what is asked stands in the list of questions."""
    return [one for one in warnings if not remedies.answers(one.get("remedies", ()))]


# What applying a plan does, by the counts of its accounts.
_EFFECTS: Mapping[tuple[str, ...], tuple[str, str]] = {
    ("create",): marked(
        "%(num)s person can log in and print from then on.", "%(num)s people can log in and print from then on."
    ),
    ("adopt",): marked(
        "%(num)s account that PaperCut already has is taken over; name, balance, card and history stay.",
        "%(num)s accounts that PaperCut already has are taken over; name, balance, card and history stay.",
    ),
    ("remove",): marked(
        "%(num)s person can no longer print; what they owe is still billed.",
        "%(num)s people can no longer print; what they owe is still billed.",
    ),
    ("unlink",): marked(
        "%(num)s account that OfficeRnD does not know goes to a group of its own and cannot log in with OfficeRnD.",
        "%(num)s accounts that OfficeRnD does not know go to a group of their own and cannot log in with OfficeRnD.",
    ),
    ("update", "rename"): marked("%(num)s account gets new details.", "%(num)s accounts get new details."),
}


def _effect(users: Mapping[str, int]) -> list[str]:
    """Return in sentences what applying a plan does to how many people; money is never touched by it."""
    counts = ((sum(users[name] for name in names), forms) for names, forms in _EFFECTS.items())
    told = [ngettext(*forms, count) for count, forms in counts if count]
    return [*told, gettext("Nobody's balance changes and nobody is billed.")]
