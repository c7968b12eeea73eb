"""Money: questions that only a person can answer, what waits for a word, what would be billed, what was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for

from relay import amounts, jobs, money
from relay.console import figures, words
from relay.console.gate import audited, desk, needs, who
from relay.errors import RelayError
from relay.money.decide.holds import LIMITS, MAX_TOP_UPS, STOP_ANSWERS
from relay.site import Site

page = Blueprint("money", __name__)

LINES = 60
STATES = ("unmatched", "pending", "explained")


@page.get("/money")
def show() -> str:
    place = desk()
    settings = place.settings
    looked = {kind: place.works.newest(f"{kind}_look", kind, over=True) for kind in ("settle", "top_up")}
    looks = {kind: work for kind, work in looked.items() if work and work.kind.endswith("_look") and work.answer}
    names = figures.names(place)
    return render_template(
        "money.html",
        questions=figures.questions(place),
        held=_held(names),
        decided=_decided(names),
        stops=_stops(),
        looks=looks,
        effects={kind: _effect(work.answer or {}) for kind, work in looks.items()},
        lines=[
            {
                "movement": line,
                "state": figures.public_state(line),
                "name": figures.name_of(names, line.member_id, line.username),
            }
            for line in figures.movements(place, count=LINES)
        ],
        fees=settings.fees,
        top_up=settings.top_up,
        limits=words.LIMITS,
    )


@page.post("/money/look")
@needs("operate")
def look() -> Any:
    """Compute what billing or adding balances would do now; writes nothing."""
    kind = _kind()
    work = desk().begin(
        f"{kind}_look",
        "Look what would be billed" if kind == "settle" else "Look what would be added",
        who(),
        lambda site: _money(kind, site, dry_run=True),
        writes=False,
    )
    return redirect(url_for("works.show", work_id=work.id))


@page.post("/money/do")
@needs("money")
def do() -> Any:
    """Bill what is owed, or add what is due, now."""
    kind, allow = _kind(), tuple(request.form.getlist("allow"))
    if any(code not in (*LIMITS, MAX_TOP_UPS) for code in allow):
        abort(400, "This limit is not known. Nothing was done.")
    if allow:
        audited("limit let pass once", ", ".join(allow))
    work = desk().begin(
        kind,
        "Bill what is owed" if kind == "settle" else "Add the member balances",
        who(),
        lambda site: _money(kind, site, dry_run=False, allow=allow),
        writes=True,
        recorded=True,
    )
    audited("billed" if kind == "settle" else "balances added", outcome="started")
    return redirect(url_for("works.show", work_id=work.id))


@page.post("/money/answer")
@needs("money")
def answer() -> Any:
    """Answer what only a person can see: is the line there or not?"""
    reference, said = request.form.get("reference", ""), request.form.get("said", "")
    if said == "cannot-tell":
        audited("cannot tell", reference)
        flash("Left as it is. Every billing looks again by itself, and this person is not billed meanwhile.", "")
        return redirect(url_for("money.show", _anchor="questions"))
    if said not in ("posted", "not-sent") or not reference:
        abort(400, "This answer is not known. Nothing was done.")
    reason = _reason(f"looked up by {who()} from the console")
    _word(
        f"answered {'yes, it is there' if said == 'posted' else 'no, it is not there'}",
        reference,
        lambda site: money.resolve(site, reference, as_=said, reason=reason),  # type: ignore[arg-type]
        "Thank you. The next billing goes on from there.",
    )
    return redirect(url_for("money.show", _anchor="questions"))


@page.post("/money/release")
@needs("money")
def release() -> Any:
    """Say what becomes of money that waits: of one person, of everybody held for one reason, or answer a stop."""
    member, code, said = (request.form.get(name, "") for name in ("who", "code", "said"))
    place = desk()
    held = figures.held(place)
    everybody = sorted(
        {item["member_id"] for item in held if item["code"] == code and item["member_id"] and not item["said"]}
    )
    wanted = [member] if member else everybody
    if member in STOP_ANSWERS:
        _word(f"answered the stop: {said}", member, _approval([member], said), "The next billing goes by that.")
        return redirect(url_for("money.show"))
    if said not in ("bill", "forgive", "credit") or not wanted or (not member and len(wanted) != _count()):
        abort(409, "What waits has changed since this page was made. Nothing was done: look again.")
    told = {"bill": "It is billed with the next billing.", "forgive": "It is forgiven with the next billing."}.get(
        said, "It is taken off the balance with the next billing; then credit it in OfficeRnD."
    )
    names, chosen = figures.names(place), [item for item in held if item["member_id"] in wanted]
    subject = ", ".join(sorted({figures.name_of(names, item["member_id"], item["username"]) for item in chosen}))
    total = amounts.text(sum(amounts.parse(item["amount"]) for item in chosen), place.settings.site.currency)
    _word(f"decided: {said}", subject, _approval(wanted, said), told, amount=total)
    return redirect(url_for("money.show", _anchor="held"))


def _approval(wanted: Sequence[str], said: str) -> Callable[[Site], None]:
    reason = _reason(f"decided by {who()} from the console")

    def word(site: Site) -> None:
        for one in wanted:
            money.approve(site, one, as_=said, reason=reason)  # type: ignore[arg-type]

    return word


def _count() -> int:
    return request.form.get("count", -1, type=int)


@page.post("/money/differences")
@needs("look")
def compare() -> Any:
    """Compare every cent of both systems; writes nothing."""
    work = desk().begin(
        "differences",
        "Compare every cent",
        who(),
        lambda site: money.discrepancies(site, jobs=jobs.JobLog(site, imports=False)),
        writes=False,
    )
    return redirect(url_for("works.show", work_id=work.id))


@page.get("/money/differences")
def differences() -> str:
    work = desk().works.newest("differences", over=True)
    lines: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in (work.answer or {}).get("lines", []) if work else []:
        lines[line["state"]].append(line)
    return render_template(
        "differences.html", work=work, lines=[(state, lines[state]) for state in STATES if lines[state]]
    )


# -- shared -----------------------------------------------------------------------------------------------------------


def _money(kind: str, site: Site, **options: Any) -> Any:
    work = money.settle if kind == "settle" else money.top_up
    if not options["dry_run"]:  # what was printed since decides a lost answer
        options["jobs"] = jobs.JobLog(site)
    return work(site, **options)


def _kind() -> str:
    kind = request.form.get("kind", "")
    if kind not in ("settle", "top_up"):
        abort(400, "This form is not complete. Nothing was done.")
    return kind


def _reason(otherwise: str) -> str:
    return " ".join(request.form.get("reason", "").split())[:300] or otherwise


def _word(action: str, subject: str, work: Any, told: str, *, amount: str = "") -> None:
    """Keep a person's word under the site's lock; a refusal becomes a sentence on the next page."""
    reason = _reason("")
    try:
        desk().now_under_lock(work)
    except RelayError as error:
        audited(action, subject, error.message, amount=amount, reason=reason)
        flash(error.message, "bad")
        return
    audited(action, subject, amount=amount, reason=reason)
    flash(told, "good")


def _held(names: dict[str, str]) -> list[dict[str, Any]]:
    """Return what waits for a word, one group for each reason, with its people and the answers that are possible."""
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for item in figures.undecided(desk()):
        if item["member_id"]:
            found[item["code"]].append({**item, "name": figures.name_of(names, item["member_id"], item["username"])})
    groups: list[dict[str, Any]] = []
    for code, people in sorted(found.items()):
        hold = words.HOLDS.get(code)
        groups.append(
            {
                "code": code,
                "title": hold.title if hold else code.replace("_", " ").capitalize(),
                "question": hold.question if hold else people[0]["reason"],
                "answers": hold.answers if hold else (),
                "people": sorted(people, key=lambda item: str(item["name"]).casefold()),
                "total": amounts.text(
                    sum(amounts.parse(item["amount"]) for item in people), desk().settings.site.currency
                ),
            }
        )
    return groups


def _decided(names: dict[str, str]) -> list[dict[str, Any]]:
    """Return what somebody has decided on and the next billing will do, with what may be said instead until then."""
    found = []
    for item in figures.held(desk()):
        hold = words.HOLDS.get(item["code"])
        if item["said"] and item["member_id"] and hold:
            found.append(
                {
                    **item,
                    "name": figures.name_of(names, item["member_id"], item["username"]),
                    "does": next((does for answer, _, does in hold.answers if answer == item["said"]), ""),
                    "others": [one for one in hold.answers if one[0] != item["said"]],
                }
            )
    return sorted(found, key=lambda item: str(item["name"]).casefold())


def _stops() -> list[dict[str, Any]]:
    """Return why no money of the site moves, each with the answers that end it."""
    found = []
    for stop in money.stops(desk().database, desk().settings):
        known = words.STOPS.get(stop["code"])
        answers = [one for one in (known.answers if known else ()) if one[0] in stop["answers"]]
        found.append(
            {
                "code": stop["code"],
                "title": known.title if known else stop["code"].replace("_", " ").capitalize(),
                "question": known.question if known else stop["message"],
                "answers": answers,
                "said": next((does for answer, _, does in answers if answer == stop["said"]), ""),
            }
        )
    return found


def _effect(answer: dict[str, Any]) -> dict[str, Any]:
    """Return whom a look would bill or give how much, for the button that does it; `other` lines are no bill."""
    planned = [line for line in answer.get("movements", []) if line["state"] == "planned"]
    main = [line for line in planned if line["kind"] in ("fee", "top_up")]
    total = sum(amounts.parse(line["amount"]) for line in main if not line["amount"].startswith("-"))
    return {
        "planned": planned,
        "people": len({line["member_id"] for line in main}),
        "total": amounts.text(total, desk().settings.site.currency),
        "other": len(planned) - len(main),
        "refused": answer.get("refused", []),
    }
