"""What would change for people and groups, and doing exactly that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for

from relay import people
from relay.console import remedies, results, words
from relay.console.gate import audited, desk, needs, who
from relay.console.work import Work
from relay.database import reading
from relay.people.decide import safety

page = Blueprint("review", __name__)

SHOWN = 50
ORDER = ("remove", "unlink", "rename", "adopt", "create", "update", "group_remove", "group_create", "group_members")


@page.get("/review")
def show() -> str:
    work = desk().works.newest("plan", "sync", over=True)
    answer = work.answer if work and work.answer else None
    changes = answer["changes"] if answer else []
    place = desk()
    with reading(place.database) as connection:
        asked = people.open_questions(connection, place.settings.site.name)
    questions = [_question(one.subject, one.message, one.remedies) for one in asked]
    warnings = answer["warnings"] if answer else []
    remarks = [_question(one["subject"], one["message"], one.get("remedies", ())) for one in warnings]
    return render_template(
        "review.html",
        work=work,
        answer=answer,
        is_plan=bool(work and work.kind == "plan" and answer),
        told=results.counted({**answer["users"], **{f"group_{k}": v for k, v in answer["groups"].items()}})
        if answer
        else "",
        groups=[
            (action, found[:SHOWN], len(found))
            for action in ORDER
            if (found := [change for change in changes if change["action"] == action])
        ],
        shown=SHOWN,
        questions=[item for item in questions if not _to_be_typed(item)],
        nameless=[item for item in questions if _to_be_typed(item)],
        remarks=[item for item in remarks if not item["answers"]],
        refused=[
            (refusal, *words.LIMITS.get(refusal["code"], (refusal["message"], "")))
            for refusal in (answer["refused"] if answer else [])
        ],
        effect=_effect(answer) if answer else [],
    )


@page.get("/review/changes")
def changes() -> str:
    """All changes of one kind, page by page."""
    action = request.args.get("action", "")
    work = desk().works.newest("plan", "sync", over=True)
    if action not in ORDER or not work or not work.answer:
        abort(404)
    found = [change for change in work.answer["changes"] if change["action"] == action]
    pages = max(1, -(-len(found) // 200))
    number = min(max(request.args.get("page", 1, type=int), 1), pages)
    return render_template(
        "changes.html", action=action, found=found[(number - 1) * 200 : number * 200], count=len(found), page=number,
        pages=pages, is_plan=work.kind == "plan",
    )  # fmt: skip


@page.post("/review/look")
@needs("operate")
def look() -> Any:
    work = desk().begin("plan", "Look at both systems", who(), people.make_plan, writes=False)
    return redirect(url_for("works.show", work_id=work.id))


@page.post("/review/apply")
@needs("operate")
def apply() -> Any:
    """Apply the plan that was shown, and only that; a limit is let pass once where the form says so."""
    expect, allow = request.form.get("expect", ""), request.form.getlist("allow")
    if not expect or any(code not in safety.CODES for code in allow):
        abort(400, "This form is not complete. Nothing was done: look again on the Review page.")
    if allow:
        audited("limit let pass once", ", ".join(allow))
    work = start_sync("Bring people in line", expect=expect, allow=tuple(allow))
    audited("people brought in line", outcome="started")
    return redirect(url_for("works.show", work_id=work.id))


def start_sync(title: str, **options: Any) -> Work:
    return desk().begin(
        "sync",
        title,
        who(),
        lambda site: people.sync(site, **options),
        writes=True,
        recorded=True,
    )


def _question(subject: str, text: str, found: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {"subject": subject, "text": text, "answers": remedies.answers(found)}


def _to_be_typed(item: dict[str, Any]) -> bool:
    """Return whether the only answer is an account name that somebody has to think of: many of them hide the others."""
    return bool(item["answers"]) and all(one.action == "link" and not one.username for one in item["answers"])


def _effect(answer: dict[str, Any]) -> list[str]:
    """Return in sentences what applying a plan does to how many people; money is never touched by it."""
    users, said = answer["users"], []
    if users["create"]:
        said.append(f"{words.plural(users['create'], 'person')} can log in and print from then on.")
    if users["adopt"]:
        said.append(
            f"{words.plural(users['adopt'], 'account')} that PaperCut has already "
            f"{'is' if users['adopt'] == 1 else 'are'} taken over; name, balance, card and history stay."
        )
    if users["remove"]:
        said.append(f"{words.plural(users['remove'], 'person')} can no longer print; what they owe is still billed.")
    if users["unlink"]:
        said.append(
            f"{words.plural(users['unlink'], 'account')} that OfficeRnD does not know "
            f"{'goes' if users['unlink'] == 1 else 'go'} to a group of their own and cannot log in with OfficeRnD."
        )
    if users["update"] or users["rename"]:
        said.append(f"{words.plural(users['update'] + users['rename'], 'account')} get other particulars.")
    said.append("Nobody's balance changes and nobody is billed.")
    return said
