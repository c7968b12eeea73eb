"""People: the list, one person with everything known of them, and what a front desk does for somebody."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for

from relay import people
from relay.accounts import folded, meant
from relay.console import figures
from relay.console.figures import Person
from relay.console.gate import audited, desk, needs
from relay.console.pages.review import start_sync
from relay.errors import RelayError
from relay.people.act import pins
from relay.people.logins import last_login

page = Blueprint("people", __name__)

SHOWN = 50
STANDINGS = ("active", "excluded", "departed", "unlinked")


@page.get("/people")
def show() -> str:
    wanted = " ".join(request.args.get("find", "").split())[:100]
    standing = request.args.get("standing", "")
    everybody = figures.people(desk())
    found = [person for person in everybody if _matches(person, folded(wanted), standing)]
    found.sort(key=lambda person: ((person.user.full_name or person.user.username).casefold(), person.user.username))
    pages = max(1, -(-len(found) // SHOWN))
    number = min(max(request.args.get("page", 1, type=int), 1), pages)
    return render_template(
        "people.html",
        people=found[(number - 1) * SHOWN : number * SHOWN],
        count=len(found),
        everybody=len(everybody),
        find=wanted,
        standing=standing,
        standings=STANDINGS,
        everyone=desk().settings.members.everyone_group,
        page=number,
        pages=pages,
        glue=url_for("people.show", find=wanted, standing=standing) + "&",
    )


@page.get("/people/one")
def one() -> str:
    """Everything that is known here of one person, without asking either system."""
    place, wanted = desk(), request.args.get("who", "")
    person = find(wanted)
    if person is None:
        return render_template("nobody.html", wanted=wanted[:120])
    user, settings = person.user, place.settings
    link = figures.linked(place).get(user.member_id) if user.member_id else None
    return render_template(
        "person.html",
        person=person,
        user=user,
        link=link,
        trace=last_login(settings.scripts.home, user.username),
        method=settings.signin.method,
        pin_at=pins.pin_issued(settings.scripts.home, user.member_id) if user.member_id else None,
        jobs=figures.jobs_of(place.database, settings.site.name, user.username, 20),
        lines=[
            {"movement": line, "state": figures.public_state(line)}
            for line in (figures.movements(place, member_id=user.member_id, count=30) if user.member_id else [])
        ],
        held=[item for item in figures.undecided(place) if item["member_id"] and item["member_id"] == user.member_id],
    )


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
        abort(400, "A name is missing. Nothing was done.")
    calls = {
        "link": lambda site: people.link(site, member=member, username=username, new=bool(request.form.get("new"))),
        "not_same": lambda site: people.not_same(site, member=member, username=username),
        "unlink": lambda site: people.unlink(site, member),
    }
    if action not in calls:
        abort(400, "This answer is not known. Nothing was done.")
    try:
        done = desk().now_under_lock(calls[action])
    except RelayError as error:
        audited(action, f"{member} {username}".strip(), error.message)
        if error.code == "no_such_account":  # told what stays behind, somebody may want a new one
            return render_template("new_account.html", member=member, username=username, told=error.message)
        flash(error.message, "bad")
        return redirect(_back(member))
    audited(action, f"{member} {username}".strip())
    flash(f"{_said(action, member, username)} {done.behind}It counts from the next look on the Review page.", "good")
    return redirect(_back(member))


@page.post("/people/sync")
@needs("operate")
def sync() -> Any:
    """Bring one person in line now: the visitor at the desk."""
    member = request.form.get("who", "").strip()
    if not member:
        abort(400, "A name is missing. Nothing was done.")
    known = find(member)
    name = (known.user.full_name or known.user.username) if known else member
    work = start_sync(f"Bring {name[:80]} in line", member=member)
    audited("one person brought in line", name, "started")
    return redirect(url_for("works.show", work_id=work.id))


@page.post("/people/pin")
@needs("operate")
def pin() -> Any:
    """Make a print PIN, shown on the answer of this one request and nowhere again, or take it away."""
    member, action = request.form.get("who", "").strip(), request.form.get("action", "")
    if not member or action not in ("issue", "revoke"):
        abort(400, "A name is missing. Nothing was done.")
    work = people.issue_pin if action == "issue" else people.revoke_pin
    done: Any = _short(f"print PIN {action}d", member, lambda: desk().now_under_lock(lambda site: work(site, member)))
    if done is not None and action == "issue":
        return render_template("pin.html", told=done.sentence, answer=done.as_json(), who=member)
    if done is not None:
        flash("The print PIN opens nothing any more.", "good")
    return redirect(_back(member))


def find(wanted: str) -> Person | None:
    """Return the one person of a member id, username, e-mail or full name, None where nobody or several are meant."""
    everybody = {person.user.username: person for person in figures.people(desk())}
    found = meant(wanted, (person.user for person in everybody.values()))
    return everybody[found[0].username] if len(found) == 1 else None


def _matches(person: Person, wanted: str, standing: str) -> bool:
    user = person.user
    if standing and user.standing != standing:
        return False
    text = folded("\n".join((user.full_name, user.username, user.email, user.department, user.member_id, *user.groups)))
    return all(word in text for word in wanted.split())


def _short(action: str, subject: str, work: Any) -> Any:
    """Do something short; a refusal becomes a sentence on the next page. Both are in the audit log."""
    try:
        done = work()
    except RelayError as error:
        audited(action, subject, error.message)
        flash(error.message, "bad")
        return None
    audited(action, subject)
    return done


def _said(action: str, member: str, username: str) -> str:
    person = find(member)
    name = person.user.full_name if person and person.user.full_name else member
    return {
        "link": f"{name} is the account {username}.",
        "not_same": f"{name} is not the account {username}.",
        "unlink": f"The link of {name} is taken away.",
    }[action]


def _back(member: str) -> str:
    to_review = request.referrer and "/review" in request.referrer
    return url_for("review.show", _anchor="questions") if to_review else url_for("people.one", who=member)
