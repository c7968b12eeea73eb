"""Deciding on money that waits: choose in a table, see who pays what, take back until it is carried out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for

from relay import money
from relay.console import figures, held, words
from relay.console.gate import audited, desk, done_under_lock, needs, typed_reason, who
from relay.language import N_, gettext, lazy, ngettext, translated
from relay.money.decide.holds import STOP_ANSWERS, Answer
from relay.money.ledger import calendar
from relay.site import Site

page = Blueprint("held", __name__)

ANSWERS = ("bill", "forgive", "credit")


@page.post("/money/choose")
@needs("money")
def choose() -> Any:
    """Show who pays what by an answer to the chosen rows; nothing is decided yet."""
    said = _answer(ANSWERS)
    ids = held.found(desk(), held.filter_of(request.form)) if request.form.get("everybody") else _ids()
    return _confirm(said, ids, request.form.get("reason", ""), "")


def _confirm(said: Answer, ids: set[int], reason: str, problem: str) -> Any:
    with desk().site() as site:
        shown = money.chosen(site, ids, said)
    if not shown.rows:
        flash(gettext("That cannot be done for anybody you have chosen. Tick somebody in the table first."), "warn")
        return redirect(url_for("money.show", _anchor="held"))
    page_of_it = render_template(
        "money_confirm.html",
        said=said,
        told=shown.as_json(said),
        count=shown.count,
        left=len(ids) - len(shown.rows),
        ids=" ".join(str(row.id) for row in shown.rows),
        reason=reason,
        problem=problem,
        due=calendar.is_due(desk().database, desk().settings, desk().clock),
        fees=desk().settings.fees,
    )
    return (page_of_it, 422) if problem else page_of_it


@page.post("/money/decide")
@needs("money")
def decide() -> Any:
    """Give the word on exactly the rows that were shown."""
    said, ids, reason = _answer(ANSWERS), _ids(), typed_reason()
    if not reason:
        return _confirm(said, ids, "", gettext("Say why, so that somebody can still understand it next year."))
    by = who()

    def word(site: Site) -> Any:
        return money.approve_all(site, money.chosen(site, ids, said), as_=said, reason=reason, by=by)

    done = _done(f"decided: {said}", word, reason=reason)
    if done is None:
        return redirect(url_for("money.show", _anchor="held"))
    left = ids - set(done["ids"])
    decided = {item["id"] for item in figures.held(desk()) if item["said"]} & left
    if decided:  # by somebody else meanwhile, or by the first of two clicks
        told = ngettext(
            "%(num)s of these amounts was decided already, and that stands until it is taken back.",
            "%(num)s of these amounts were decided already, and that stands until it is taken back.",
            len(decided),
        )
        flash(told, "warn")
    if changed := len(left - decided):
        told = ngettext(
            "%(num)s amount has changed since you looked, and waits for another decision.",
            "%(num)s amounts have changed since you looked, and wait for another decision.",
            changed,
        )
        flash(told, "warn")
    return redirect(url_for("money.show", just=done["at"], _anchor="decided"))


@page.post("/money/undo")
@needs("money")
def undo() -> Any:
    """Take decisions back that no billing has carried out yet."""
    ids, by = _ids(), who()
    done = _done(N_("taken back"), lambda site: money.withdraw(site, ids, by=by))
    if done is not None:
        told = ngettext(
            "Taken back: %(num)s decision. It waits for you again.",
            "Taken back: %(num)s decisions. They wait for you again.",
            len(done["people"]),
        )
        flash(told, "good")
    return redirect(url_for("money.show", _anchor="held"))


@page.post("/money/forgotten")
@needs("money")
def forgotten() -> Any:
    """Name what a restored PaperCut has forgotten of one person's balance."""
    member, amount = request.form.get("who", ""), request.form.get("amount", "").strip()
    reason, by = typed_reason(), who()
    if not member or not amount or not reason:
        flash(gettext("Name the amount, 0 for nothing, and say how you know."), "bad")
        return redirect(url_for("money.show", _anchor="others"))
    done = _done(
        N_("named what was forgotten"),
        lambda site: money.approve(site, member, as_="forgive", amount=amount, reason=reason, by=by),
        subject=member,
        reason=f"{amount}: {reason}",
    )
    if done is not None:
        flash(gettext("It will be put back with the next billing."), "good")
    return redirect(url_for("money.show", _anchor="others"))


# -- stops -----------------------------------------------------------------------------------------------------------


@page.get("/money/stop/<code>")
def stop(code: str) -> Any:
    """Show what was seen, and what each answer does."""
    return _stop_page(code, "")


def _stop_page(code: str, problem: str) -> Any:
    found = next((one for one in stops() if one["code"] == code), None)
    if found is None:
        flash(gettext("Billing is no longer stopped for that reason."), "good")
        return redirect(url_for("money.show"))
    made = render_template("money_stop.html", stop=found, problem=problem, chosen=request.form.get("said", ""))
    return (made, 422) if problem else made


@page.post("/money/stop/<code>")
@needs("money")
def answer_stop(code: str) -> Any:
    if code not in STOP_ANSWERS:
        abort(404)
    if request.form.get("undo"):
        taker = who()

        def take_back(site: Site) -> Any:
            return money.withdraw(site, (), stop=code, by=taker)

        if _done(N_("answer to the stop taken back"), take_back, subject=code):
            flash(gettext("Taken back. Billing stays stopped."), "good")
        return redirect(url_for("money.show"))
    reason, by = typed_reason(), who()
    if request.form.get("said") not in STOP_ANSWERS[code]:
        return _stop_page(code, gettext("Choose one of the answers."))
    said = _answer(STOP_ANSWERS[code])
    if not reason:
        return _stop_page(code, gettext("Say what happened, so that somebody can still understand it next year."))
    done = _done(
        lazy("answered the stop: %(said)s", said=said),
        lambda site: money.approve(site, code, as_=said, reason=reason, by=by),
        subject=code,
        reason=reason,
    )
    if done is not None:
        flash(gettext("The next billing follows this answer. Until then you can take it back."), "good")
    return redirect(url_for("money.show"))


def stops() -> list[dict[str, Any]]:
    """Return why no money of the site moves, each with what was seen and the answers that end it."""
    found = []
    for one in money.stops(desk().database, desk().settings):
        known = words.STOPS.get(one["code"])
        answers = [answer for answer in (known.told() if known else ()) if answer[0] in one["answers"]]
        found.append(
            {
                **one,
                "title": translated(known.title) if known else one["code"].replace("_", " ").capitalize(),
                "question": translated(known.question) if known else one["message"],
                "answers": answers,
                "does": next((does for answer, _, does in answers if answer == one["said"]), ""),
                "forgotten": money.forgotten(desk().database, desk().settings) if one["code"] == "restored" else None,
            }
        )
    return found


# -- shared ----------------------------------------------------------------------------------------------------------


def _answer(possible: tuple[str, ...]) -> Answer:
    said = request.form.get("said", "")
    if said not in possible or said not in get_args(Answer):
        abort(400, gettext("This answer is not known. Nothing was done."))
    return said  # type: ignore[return-value]


def _ids() -> set[int]:
    """Return the rows that a form names, one each in boxes, or all of them in one field."""
    words = [word for value in request.form.getlist("hold") for word in value.split()]
    return {int(word) for word in words if word.isascii() and word.isdigit() and len(word) < 19}


def _done(action: str, work: Callable[[Site], Any], *, subject: str = "", reason: str = "") -> dict[str, Any] | None:
    """Do something under the site's lock and return its answer as JSON, None for a refusal.

    The audit names `subject`, else the people of the answer with their sum; what was about nobody is no deed.
    """
    answer = done_under_lock(action, work, subject, reason=reason)
    if answer is None:
        return None
    done: dict[str, Any] = answer.as_json()
    if whom := subject or ", ".join(row["name"] for row in done.get("people", ())):
        audited(action, whom, amount=done.get("total", ""), reason=reason)
    return done
