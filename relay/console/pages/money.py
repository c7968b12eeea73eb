"""Money: questions that only a person can answer, what waits for a word, what would be billed, what was."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for

from relay import amounts, jobs, money
from relay.console import figures, held, words
from relay.console.gate import audited, begin_work, desk, done_under_lock, needs, typed_reason, who
from relay.console.pages.held import stops
from relay.language import N_, gettext, translated
from relay.money.decide.holds import LIMITS, MAX_TOP_UPS
from relay.money.ledger import calendar
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
        **_waiting(),
        stops=stops(),
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


def _waiting() -> dict[str, Any]:
    """Return what waits for a word and what was decided, as the filter in the address says."""
    place, wanted = desk(), held.filter_of(request.args)
    items = [item for item in figures.held(place) if item["member_id"]]
    undecided = [item for item in items if not item["said"]]
    decided, table = held.decided(items), held.table(place, wanted, undecided)
    just = [row for row in decided if row["said_at"] and row["said_at"] == request.args.get("just")]
    currency = place.settings.site.currency
    codes = list(table.codes) if not wanted.code else [wanted.code]
    return {
        "wanted": wanted,
        "table": table,
        "one_reason": words.HOLDS.get(codes[0]) if len(codes) == 1 else None,
        "reasons": {code: translated(hold.title) for code, hold in words.HOLDS.items()},
        "others": held.others(undecided),
        "decided": decided,
        "sums": held.sums(decided, currency),
        "just": just,
        "just_total": held.total(just, currency),
        "due": calendar.is_due(place.database, place.settings, place.clock),
        "currency": currency,
        "locale": place.formats.locale.replace("_", "-"),
    }


@page.post("/money/look")
@needs("operate")
def look() -> Any:
    """Compute what billing or adding balances would do now; writes nothing."""
    kind = _kind()
    title = N_("See what would be billed") if kind == "settle" else N_("See what would be added")
    return begin_work(f"{kind}_look", title, lambda site: _money(kind, site, dry_run=True))


@page.post("/money/do")
@needs("money")
def do() -> Any:
    """Bill what is owed, or add what is due, now."""
    kind, allow = _kind(), tuple(request.form.getlist("allow"))
    if any(code not in (*LIMITS, MAX_TOP_UPS) for code in allow):
        abort(400, gettext("This limit is not known. Nothing was done."))
    if allow:
        audited(N_("limit let pass once"), ", ".join(allow))
    title = N_("Bill what is owed") if kind == "settle" else N_("Add the member balances")
    begun = begin_work(
        kind, title, lambda site: _money(kind, site, dry_run=False, allow=allow), writes=True, recorded=True
    )
    audited(N_("billed") if kind == "settle" else N_("balances added"), outcome="started")
    return begun


@page.post("/money/answer")
@needs("money")
def answer() -> Any:
    """Answer what only a person can see: is the line there or not?"""
    reference, said = request.form.get("reference", ""), request.form.get("said", "")
    if said == "cannot-tell":
        audited(N_("cannot tell"), reference)
        flash(
            gettext("Left as it is. Every billing looks again by itself, and this person is not billed meanwhile."), ""
        )
        return redirect(url_for("money.show", _anchor="questions"))
    if said not in ("posted", "not-sent") or not reference:
        abort(400, gettext("This answer is not known. Nothing was done."))
    action = N_("answered yes, it is there") if said == "posted" else N_("answered no, it is not there")
    typed = typed_reason()
    reason = typed or f"looked up by {who()} from the console"

    def word(site: Site) -> Any:
        return money.resolve(site, reference, as_=said, reason=reason)  # type: ignore[arg-type]

    if done_under_lock(action, word, reference, reason=typed) is not None:
        audited(action, reference, reason=typed)
        flash(gettext("Thank you. The next billing goes on from there."), "good")
    return redirect(url_for("money.show", _anchor="questions"))


@page.post("/money/differences")
@needs("look")
def compare() -> Any:
    """Compare every cent of both systems; writes nothing."""
    return begin_work(
        "differences",
        N_("Compare every cent"),
        lambda site: money.discrepancies(site, jobs=jobs.JobLog(site, imports=False)),
    )


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
        abort(400, gettext("This form is not complete. Nothing was done."))
    return kind


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
