"""Who may come in to the members' page: name of the host, https, session and form token, before any page.

What is open to everybody says so (`open_to_all`); all else needs a session, every form a token.
"""

from __future__ import annotations

from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, redirect, request, session, url_for

from relay import web
from relay.config import is_loopback
from relay.members_page.place import Place
from relay.members_page.sessions import Session
from relay.members_page.texts import Texts, chosen

LARGEST_FORM = 10_000
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

View = TypeVar("View")


def open_to_all(view: View) -> View:
    """Say that a page is for everybody: it shows nobody's figures."""
    view.members_open = True  # type: ignore[attr-defined]
    return view


def place() -> Place:
    found: Place = current_app.config["PLACE"]
    return found


def me() -> Session:
    """Return the session of the one who asks; only pages that are not open have it."""
    found: Session = g.me
    return found


def t() -> Texts:
    """Return the sentences of the visitor's language."""
    if "texts" not in g:
        g.texts = Texts(chosen(session.get("language"), request.accept_languages))
    found: Texts = g.texts
    return found


def address() -> str:
    return web.client_address(request, place().section.public_url)


def begin(new: Session) -> None:
    """Let somebody in: nothing of the visit before stays but the language."""
    language = session.get("language")
    session.clear()
    if language:
        session["language"] = language
    now_s = place().clock.monotonic_s()
    session["id"] = place().sessions.begin(new.member_id, new.username, now_s)


def end() -> None:
    place().sessions.end(str(session.get("id", "")))
    session.clear()


def stand_before(app: Flask, found: Place) -> None:
    """Put the checks in front of every page of `app`, and the headers behind."""
    public = found.section.public_url
    name = "__Host-my-printing" if public else "my_printing"
    web.keep_sessions(app, web.session_key(found.folder), name, secure=bool(public), same_site="Lax")
    app.config.update(
        PLACE=found, MAX_CONTENT_LENGTH=LARGEST_FORM, MAX_FORM_MEMORY_SIZE=LARGEST_FORM, MAX_FORM_PARTS=20
    )
    web.protect_forms(app)
    app.before_request(_check)
    app.after_request(_headers)


def _check() -> Any:
    view = current_app.view_functions.get(request.endpoint or "")
    _check_host()
    is_open = getattr(view, "members_open", False) or request.endpoint == "static"
    if not is_open:
        found = _session()
        if found is None:
            if request.method in ("GET", "HEAD"):
                return redirect(url_for("page.login"))
            abort(401)
        g.me = found
    if request.method not in ("GET", "HEAD", "OPTIONS") and web.why_not_our_form():
        abort(400)
    return None


def _session() -> Session | None:
    """Return the visitor's session, if the directory still says that this account is that member's and may print."""
    found = place().sessions.find(str(session.get("id", "")), place().clock.monotonic_s())
    if found is not None and place().member_id(found.username) != found.member_id:
        end()
        return None
    return found


def _check_host() -> None:
    """Refuse names that are not this page's, since another site may point a name of its own here, and plain http."""
    host, public = request.host.lower(), urlsplit(place().section.public_url).netloc.lower()
    if public and host in (public, f"{public}:443"):
        if request.headers.get("X-Forwarded-Proto", "") != "https":
            abort(403)
        return
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        abort(403)
    if web.is_proxied(request) or not is_loopback(name) or not is_loopback(request.remote_addr):
        abort(403)


def _headers(response: Response) -> Response:
    return web.with_headers(response, place().section.public_url, _POLICY)
