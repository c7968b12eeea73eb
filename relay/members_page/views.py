"""The pages: one's own printing, the login, the new PIN, the poster for the wall."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, redirect, render_template, request, session, url_for

from relay.errors import UsageError
from relay.members_page.gate import address, begin, end, me, open_to_all, place, t
from relay.print_texts import LANGUAGES

page = Blueprint("page", __name__)

LONGEST = 1024  # of a name or a password; the chain takes 4096 bytes
LOGIN_WAIT_S = 5.0  # for one of the places


@page.get("/")
def show() -> Any:
    """Everything of the one who is logged in; `month` is the only word that is taken from the address."""
    here, who = place(), me()
    settings, reader = here.settings(), here.reader
    account = reader.account(settings, who.member_id, who.username)
    told: dict[str, Any] = {"account": account, "pin": here.sessions.take_pin(who), "pin_made": None}
    told["pin_made"] = here.pin_made(who.member_id)
    if account is not None:
        try:
            shown, before = reader.months(settings, account, request.args.get("month") or None)
        except UsageError:
            abort(404)
        told |= {
            "balance": here.balance(account),
            "included": reader.included(settings, account),
            "shown": shown,
            "before": before,
            "pays": account.company_name if account.company_id and settings.fees.bill_to == "company" else "",
            "is_billed": settings.fees.managed_in == "officernd",
        }
    help_text = here.section.help
    return render_template("show.html", **told, help=help_text, is_link=_is_address(help_text))


@page.get("/login")
@open_to_all
def login() -> Any:
    return render_template("login.html", problem="")


@page.post("/login")
@open_to_all
def enter() -> Any:
    """Check a login as the popup does. Every no is the same sentence: it tells nobody who exists."""
    here, typed, password = place(), request.form.get("name", ""), request.form.get("password", "")
    name, now_s = typed.strip().lower()[:LONGEST], here.clock.monotonic_s()
    if wait_s := here.brake.begin(name, address(), now_s):
        here.log("login", address(), outcome="address_braked")
        return render_template("login.html", problem=t()("slow", count=max(1, wait_s // 60))), 429
    if not here.logins.acquire(timeout=LOGIN_WAIT_S):
        return render_template("login.html", problem=t()("busy")), 503
    try:
        found = here.log_in(typed, password) if max(len(typed), len(password)) <= LONGEST else None
    finally:
        here.logins.release()
    here.log("login", address(), found.username if found else "", outcome="accepted" if found else "refused")
    if found is None:
        return render_template("login.html", problem=t()("refused")), 401
    here.brake.right(name, address())
    begin(found)
    return redirect(url_for("page.show"))


@page.post("/logout")
def leave() -> Any:
    place().log("logout", address(), me().username)
    end()
    return redirect(url_for("page.login"))


@page.post("/pin")
def pin() -> Any:
    """Make a print PIN, which the next page shows, once."""
    made = place().make_pin(me())
    place().log("pin", address(), me().username, outcome="made" if made else "failed")
    if not made:
        return render_template("error.html", told=t()("pin_failed")), 500
    return redirect(url_for("page.show", _anchor="pin"))


@page.get("/language/<code>")
@open_to_all
def language(code: str) -> Any:
    if code not in LANGUAGES:
        abort(404)
    session["language"] = code
    return redirect(url_for("page.show"))


@page.get("/poster")
@open_to_all
def poster() -> Any:
    return render_template("poster.html", url=place().address)


@page.get("/qr.svg")
@open_to_all
def qr() -> Response:
    """The address of this page as a picture for telephones: the one in the settings, whatever the visitor calls it."""
    import segno  # only who prints a poster needs it

    out = io.BytesIO()
    segno.make(place().address, error="m", micro=False).save(
        out, kind="svg", scale=8, border=4, dark="#000", light="#fff"
    )
    return Response(out.getvalue(), mimetype="image/svg+xml")


def _is_address(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in ("https", "http") and bool(parts.hostname) and not any(map(str.isspace, text))
