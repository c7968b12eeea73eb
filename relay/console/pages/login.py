"""Coming in and going out."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

from flask import Blueprint, abort, current_app, g, redirect, render_template, request, url_for

from relay import passwords
from relay.console.gate import address, audited, begin_session, desk, end_session, needs, open_to_all
from relay.language import N_, gettext, ngettext
from relay.web import Brake

page = Blueprint("login", __name__)


@page.get("/login")
@open_to_all
def show() -> Any:
    if not desk().users:
        return redirect(url_for("today.show"))
    return render_template("login.html", to=_inside(request.args.get("to", "")), name="", problem="")


@page.post("/login")
@open_to_all
def enter() -> Any:
    """Check name and password, slowly and not too often; what was wrong is not told."""
    place, brake = desk(), _brake()
    name, now_s = request.form.get("name", "").strip()[:64], desk().clock.monotonic_s()
    to = _inside(request.form.get("to", ""))
    if wait_s := brake.begin(name, address(), now_s):
        audited(N_("login"), name, N_("not listened to: too many wrong attempts"))
        problem = ngettext(
            "Too many wrong attempts. Wait %(num)s minute, then try again.",
            "Too many wrong attempts. Wait %(num)s minutes, then try again.",
            max(1, wait_s // 60),
        )
        return render_template("login.html", to=to, name=name, problem=problem), 429
    slot = brake.slot(name, address())
    if not slot.acquire(timeout=5):
        abort(503, gettext("Too many people are logging in at once. Try again in a moment."))
    try:
        user = passwords.verify(place.users, name, request.form.get("password", "")[:1024])
    finally:
        slot.release()
    if user is None:
        audited(N_("login"), name, N_("wrong"))
        return render_template(
            "login.html", to=to, name=name, problem=gettext("The name or the password is wrong.")
        ), 401
    brake.right(name, address())
    begin_session(user)
    g.user = user
    audited(N_("login"), name)
    return redirect(to or url_for("today.show"))


@page.post("/logout")
@needs("look")
def leave() -> Any:
    audited(N_("logout"))
    end_session()
    return redirect(url_for("login.show"))


def _brake() -> Brake:
    found: Brake = current_app.config["BRAKE"]
    return found


def _inside(to: str) -> str:
    """Return an address to go on to, "" unless it is a path of this console."""
    parts = urlsplit(to)
    strange = "\\" in to or any(
        character <= " " or character == "\x7f" for character in to
    )  # browsers drop some of them
    if strange or parts.scheme or parts.netloc or not to.startswith("/") or to.startswith("//"):
        return ""
    return quote(to[:500], safe="/?&=%#~@:+,;!$'()*[]", errors="replace")
