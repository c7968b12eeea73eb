"""People: everybody in a list, one person with everything known of them, and what a front desk does for somebody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for

from relay import amounts, people
from relay.accounts import folded
from relay.console import everybody, figures, timeline
from relay.console.everybody import BECAUSE, LATELY, NEXT, EveryPerson, PersonRow, Someone
from relay.console.gate import audited, desk, done_under_lock, needs, tell_refusal
from relay.console.listing import csv_file, part_of
from relay.console.pages.review import start_sync
from relay.errors import RelayError
from relay.language import N_, gettext, joined, lazy, translated
from relay.people import who as people_who
from relay.people.act import pins
from relay.people.hints import AtThePrinter
from relay.people.logins import LoginTrace, last_login
from relay.remedy import Note
from relay.spreadsheet import cell

page = Blueprint("people", __name__)

SHOWN = 50
ENTRIES = 60

Whether = Callable[[EveryPerson, Someone], bool]
Rank = Callable[[EveryPerson, Someone], Any]

# view -> what it is called, and who is in it; the rest of everybody is in the views of BECAUSE.
VIEWS: Mapping[str, tuple[str, Whether]] = {
    "": (N_("Everybody"), lambda found, one: True),
    "can": (N_("Can print"), lambda found, one: one.can_print),
    "owes": (N_("Owes"), EveryPerson.owes),
    "never": (N_("Never logged in"), EveryPerson.never_logged_in),
    "stopped": (N_("Prints, but never logged in"), EveryPerson.will_be_stopped),
}


def _newest_first(moment: datetime | None) -> float:
    return -moment.timestamp() if moment else 0


def _last_print(found: EveryPerson, one: Someone) -> float:
    printed = found.printed_by(one)
    return _newest_first(printed.at if printed else None)


def _balance(found: EveryPerson, one: Someone) -> tuple[bool, int]:
    balance = found.balance(one)
    return balance is None, balance or 0


# order -> how it is sorted; whoever has no figure comes last.
ORDERS: Mapping[str, Rank] = {
    "name": lambda found, one: 0,
    "company": lambda found, one: (not one.company, people_who.searchable(one.company)),
    "login": lambda found, one: _newest_first(found.logins.get(one.username)),
    "print": _last_print,
    "balance": _balance,
    "jobs": lambda found, one: -found.jobs(one),
}
COLUMNS = ("name", "email", "company", "account", "member_id", "printing", "why", "last_login", "last_print",
           "jobs_in_30_days", "balance")  # fmt: skip


@dataclass(frozen=True, slots=True)
class PeopleAsked:
    """What a page or a download asks for. `found` have what was typed; `people` are those in the view, in order."""

    everybody: EveryPerson
    found: Sequence[Someone]
    people: Sequence[Someone]
    asked: Mapping[str, Any]

    def count(self, has: Whether) -> int:
        return sum(has(self.everybody, one) for one in self.found)


@page.get("/people")
def show() -> str:
    wanted = _wanted()
    asked, is_stopped, part = wanted.asked, wanted.asked["show"] == "stopped", part_of(wanted.people, SHOWN)
    shown = [wanted.everybody.row(one) for one in part.rows]
    without = Counter(one.because for one in wanted.found if one.because)
    return render_template(
        "people.html",
        rows=shown,
        part=part,
        count=len(wanted.people),
        everybody=len(wanted.everybody.people),
        asked=asked,
        views=[
            (translated(title), _at(asked, show=view, page=None), wanted.count(has), asked["show"] == view)
            for view, (title, has) in VIEWS.items()
        ],
        because=[
            (BECAUSE[why], _at(asked, show=why, page=None), many, asked["show"] == why)
            for why, many in without.most_common()
        ],
        without=sum(without.values()),
        sorted_by={order: _at(asked, sort=order, page=None) for order in ORDERS},
        words=BECAUSE,
        csv=url_for("people.as_csv", **asked),
        addresses=[one.email for one in wanted.people if one.email] if is_stopped else [],
        pins=_pins(shown) if is_stopped else {},
        waits=_waits(),
        days=LATELY.days,
        read_at=everybody.read_at(desk()),
        glue=_at(asked, page=None) + "&",
    )


@page.get("/people.csv")
def as_csv() -> Response:
    """Return whoever is looked for, in the order of the page."""
    wanted = _wanted()
    return csv_file("people.csv", COLUMNS, (_cells(one, wanted.everybody.row(one)) for one in wanted.people))


def _cells(one: Someone, row: PersonRow) -> list[Any]:
    values = (
        one.full_name,
        one.email,
        one.company,
        one.username,
        one.member_id,
        "yes" if one.can_print else BECAUSE[one.because],
        one.why,
        row.logged_in_at.isoformat() if row.logged_in_at else "",
        row.printed.at.isoformat() if row.printed else "",
        row.printed.jobs if row.printed else 0,
    )
    # A minus before an amount is no formula, and an amount with an apostrophe before it could not be added up.
    balance = "" if row.balance is None else amounts.text(row.balance, desk().settings.site.currency)
    return [*map(cell, values), balance]


@page.get("/people/one")
def one() -> str:
    """Everything that is known here of one person, without asking either system."""
    place, wanted = desk(), request.args.get("who", "")
    known = everybody.everybody(place)
    person = known.meant(wanted)
    if person is None:
        return render_template("nobody.html", wanted=wanted[:120])
    settings = place.settings
    trace = last_login(settings.scripts.home, person.username) if person.username else None
    entries = timeline.of_person(place, person)
    kind = request.args.get("kind", "")
    shown = [entry for entry in entries if not kind or entry.kind == kind]
    counts = Counter(entry.kind for entry in entries)

    def at(**more: Any) -> str:
        return url_for("people.one", **{"who": person.key, "kind": kind or None, **more}, _anchor="line")

    return render_template(
        "person.html",
        person=person,
        row=known.row(person),
        account=person.user,
        link=figures.linked(place, [person.member_id]).get(person.member_id),
        trace=trace,
        hints=_hints(known, person, trace),
        next=NEXT,
        silent=_silent(),
        method=settings.signin.method,
        pin_at=pins.pin_issued(settings.scripts.home, person.member_id) if person.member_id else None,
        part=part_of(shown, ENTRIES),
        views=[
            (gettext("All"), at(kind=None), len(entries), not kind),
            *(
                (title, at(kind=name), counts[name], kind == name)
                for name, title in timeline.KINDS.items()
                if counts[name]
            ),
        ],
        held=[item for item in figures.undecided(place) if item["member_id"] and item["member_id"] == person.member_id],
        words=BECAUSE,
        waits=_waits().get(person.key, ""),
        glue=at(page=None).partition("#")[0] + "&",
    )


def _hints(known: EveryPerson, person: Someone, trace: LoginTrace | None) -> Sequence[Note]:
    """Return what may stop somebody who has an account, from what is known here."""
    if not person.username:
        return ()
    place = desk()
    can_log_in = person.can_print and not known.will_be_stopped(person)  # that is told beside it
    synced_at = everybody.read_at(place)
    seen = AtThePrinter(person.member_id, can_log_in, trace, known.balance(person), None, synced_at)
    return people.hints(place.settings, place.clock.now(), seen)


def _silent() -> list[str]:
    """Return which of the two systems did not answer when they were last asked."""
    glance = desk().glance
    problems = (("PaperCut", glance.papercut_problem), ("OfficeRnD", glance.officernd_problem)) if glance else ()
    return [system for system, problem in problems if problem]


@page.get("/people/why")
def why() -> str:
    """Ask both systems why somebody may or may not print."""
    wanted = request.args.get("who", "").strip()[:200]
    told: Any = None
    problem = ""
    if wanted:
        try:
            with desk().site() as site:
                told = people.explain(site, wanted)
        except RelayError as error:
            problem = error.message
    return render_template("why.html", wanted=wanted, told=told, answer=told.as_json() if told else {}, problem=problem)


@page.post("/people/answer")
@needs("operate")
def answer() -> Any:
    """Answer a question about who is who: link, not the same, or take a link away."""
    action, member = request.form.get("action", ""), request.form.get("member", "").strip()
    username = request.form.get("username", "").strip()
    if not member or (action != "unlink" and not username):
        abort(400, gettext("A name is missing. Nothing was done."))
    calls = {
        "link": lambda site: people.link(site, member=member, username=username, new=bool(request.form.get("new"))),
        "not_same": lambda site: people.not_same(site, member=member, username=username),
        "unlink": lambda site: people.unlink(site, member),
    }
    if action not in calls:
        abort(400, gettext("This answer is not known. Nothing was done."))
    name, (deed, told) = _name(member), _ANSWERS[action]
    deed = lazy(deed, account=username)
    try:
        done = desk().now_under_lock(calls[action])
    except RelayError as error:
        if error.code == "no_such_account":  # told what stays behind, somebody may want a new one
            audited(deed, name, error.message, whom=member)
            return render_template("new_account.html", member=member, username=username, told=error.message)
        tell_refusal(deed, name, error, whom=member)
        return redirect(_back(member))
    audited(deed, name, whom=member)
    counts = lazy("It takes effect the next time you look on the Review page.")
    flash(translated(joined(lazy(told, name=name, username=username), done.behind, counts)), "good")
    return redirect(_back(member))


@page.post("/people/sync")
@needs("operate")
def sync() -> Any:
    """Bring one person in line now: the visitor at the desk."""
    member = request.form.get("who", "").strip()
    if not member:
        abort(400, gettext("A name is missing. Nothing was done."))
    name = _name(member)
    begun = start_sync(lazy("Bring %(name)s in line", name=name[:80]), member=member)
    audited(N_("one person brought in line"), name, "started", whom=member)
    return begun


@page.post("/people/pin")
@needs("operate")
def pin() -> Any:
    """Make a print PIN, shown on the answer of this one request and nowhere again, or take it away."""
    member, action = request.form.get("who", "").strip(), request.form.get("action", "")
    if not member or action not in ("issue", "revoke"):
        abort(400, gettext("A name is missing. Nothing was done."))
    work = people.issue_pin if action == "issue" else people.revoke_pin
    deed = N_("made a print PIN for") if action == "issue" else N_("took the print PIN away from")
    name = _name(member)
    done = done_under_lock(deed, lambda site: work(site, member), name, whom=member)
    if done is None:
        return redirect(_back(member))
    audited(deed, name, whom=member)
    if action == "issue":
        return render_template("pin.html", told=done.sentence, answer=done.as_json(), who=member)
    flash(gettext("The print PIN no longer works."), "good")
    return redirect(_back(member))


def _wanted() -> PeopleAsked:
    """Return whom the address of the page asks for."""
    typed = " ".join(request.args.get("find", "").split())[:100]
    view, order = request.args.get("show", ""), request.args.get("sort", "")
    view = view if view in VIEWS or view in BECAUSE else ""
    order = order if order in ORDERS else "print" if view == "stopped" else "name"
    known, parts = everybody.everybody(desk()), people_who.parts(typed)
    card = folded(typed)
    found = [one for one in known.people if all(part in one.text for part in parts) or (card and card in _cards(one))]
    has: Whether = VIEWS[view][1] if view in VIEWS else lambda _, one: one.because == view
    people = sorted((one for one in found if has(known, one)), key=lambda one: ORDERS[order](known, one))
    return PeopleAsked(known, found, people, {"find": typed or None, "show": view, "sort": order})


def _cards(one: Someone) -> tuple[str, ...]:
    """Return the numbers of somebody's cards: one held to a reader at the desk finds its owner, a part of it nobody."""
    return (folded(one.user.primary_card), folded(one.user.secondary_card)) if one.user else ()


def _at(asked: Mapping[str, Any], **more: Any) -> str:
    query = {**asked, **more}
    return url_for("people.show", **{name: value for name, value in query.items() if value or name == "show"})


def _waits() -> dict[str, str]:
    """Return what waits for somebody's word, by member id: where that is decided."""
    waiting = figures.waiting(desk())
    found = {member_id: "review.show" for one in waiting.questions for member_id in one.member_ids}
    return found | {item["member_id"]: "money.show" for item in waiting.holds}


def _pins(rows: Sequence[PersonRow]) -> dict[str, bool]:
    """Return who has a print PIN, by member id."""
    home, ids = desk().settings.scripts.home, [row.someone.member_id for row in rows]
    return {member_id: pins.pin_issued(home, member_id) is not None for member_id in ids if member_id}


def _name(member: str) -> str:
    """Return what a member id, or however somebody was named, is called."""
    person = everybody.everybody(desk()).meant(member)
    return person.name if person else member


# What an answer about who is who did: as the audit says it before the person's name, and as the next page tells it.
_ANSWERS = {
    "link": (N_("linked %(account)s to"), N_("%(name)s has the account %(username)s.")),
    "not_same": (N_("said that %(account)s is not"), N_("%(name)s does not have the account %(username)s.")),
    "unlink": (N_("took the link away from"), N_("%(name)s is no longer linked to an account.")),
}


def _back(member: str) -> str:
    to_review = request.referrer and "/review" in request.referrer
    return url_for("review.show", _anchor="questions") if to_review else url_for("people.one", who=member)
