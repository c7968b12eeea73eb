"""Who may come in: address, https, session, CSRF token and role are checked here, before any page.

A page that changes something must name the role it needs (`needs`); one that does not is refused to everybody.
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, flash, g, redirect, request, session, url_for

from relay import commands, plain_files, web
from relay.config import is_loopback
from relay.console import audit
from relay.console.desk import Desk
from relay.console.work import Result
from relay.errors import RelayError
from relay.language import N_, gettext, lazy, translated
from relay.passwords import ROLES, ConsoleUser, Role
from relay.private_files import write_private
from relay.site import Site

log = logging.getLogger(__name__)

SESSION_HOURS = 12
IDLE_MINUTES = 120
LARGEST_FORM = 1_000_000
LONGEST_REASON = 300
# Whoever comes from this computer, which may be anybody behind a proxy: without a password he moves no money.
LOCAL_USER = ConsoleUser("this computer", "operate", "")

View = TypeVar("View", bound=Callable[..., Any])
Returned = TypeVar("Returned")


def needs(role: Role) -> Callable[[View], View]:
    """Say which role a page needs; what only shows something needs `look` without saying so."""

    def mark(view: View) -> View:
        view.console_role = role  # type: ignore[attr-defined]
        return view

    return mark


def open_to_all(view: View) -> View:
    """Say that a page is for everybody: the login itself, the health page, what carries a signature of its own."""
    view.console_role = None  # type: ignore[attr-defined]
    return view


def may(role: Role) -> bool:
    """Return whether the one who asks has `role`, for what a page shows."""
    user: ConsoleUser | None = g.get("user")
    return user is not None and ROLES.index(user.role) >= ROLES.index(role)


def who() -> str:
    return str(g.user.name)


def desk() -> Desk:
    found: Desk = current_app.config["DESK"]
    return found


def address() -> str:
    return web.client_address(request, desk().settings.console.public_url)


def typed_reason() -> str:
    """Return why somebody decides as they do, as the form says it, on one line."""
    return " ".join(request.form.get("reason", "").split())[:LONGEST_REASON]


def audited(
    action: str, subject: str = "", outcome: str = "done", *, amount: str = "", reason: str = "", whom: str = ""
) -> None:
    """Write into the audit log who asked for what, on whom, how much ("7.00") and why, and how it ended."""
    user: ConsoleUser | None = g.get("user")
    about = audit.about(request.blueprint or "")
    name = user.name if user else "nobody"
    desk().audit.write(name, action, subject, outcome, address(), amount=amount, reason=reason, about=about, whom=whom)


# -- what somebody does -----------------------------------------------------------------------------------------------


def begin_work(kind: str, title: str, call: Callable[[Site], Result], *, writes: bool = False, **more: Any) -> Any:
    """Begin a long work for whoever asks, as `Desk.begin`, and lead to the page that watches it."""
    work = desk().begin(kind, title, who(), call, writes=writes, **more)
    return redirect(url_for("works.show", work_id=work.id))


def done_under_lock(
    action: str, work: Callable[[Site], Returned], subject: str = "", *, reason: str = "", whom: str = ""
) -> Returned | None:
    """Do something short under the site's lock and return its answer, which the caller audits; None for a refusal."""
    try:
        return desk().now_under_lock(work)
    except RelayError as error:
        tell_refusal(action, subject, error, reason=reason, whom=whom)
        return None


def tell_refusal(action: str, subject: str, error: RelayError, *, reason: str = "", whom: str = "") -> None:
    """Write a refusal into the audit log, and say it on the next page."""
    audited(action, subject, error.message, reason=reason, whom=whom)
    flash(translated(error.message), "bad")


# -- sessions ---------------------------------------------------------------------------------------------------------


class EndedSessions:
    """Which sessions were ended before their time, also after a restart; the sessions themselves are signed cookies."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._ended: dict[str, float] = self._read()

    def end(self, session_id: str, now_s: float) -> None:
        """Keep a session from being used again, for as long as it could have lived."""
        with self._lock:
            young = {one: at for one, at in self._ended.items() if abs(now_s - at) <= SESSION_HOURS * 3600}
            self._ended = {**young, session_id: now_s}
            try:
                write_private(self._file, json.dumps(self._ended))
            except OSError as error:
                log.error("%s cannot be written (%s): a restart would not know who logged out", self._file, error)

    def is_ended(self, session_id: str) -> bool:
        return session_id in self._ended

    def _read(self) -> dict[str, float]:
        try:
            return {str(one): float(at) for one, at in plain_files.json_value(self._file).items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}


def begin_session(user: ConsoleUser) -> None:
    """Start a new session for `user`; nothing of the old one, if there was any, stays."""
    now = desk().clock.now().timestamp()
    session.clear()
    session.update(id=secrets.token_urlsafe(12), name=user.name, word=user.fingerprint, born=now, seen=now)


def end_session() -> None:
    if "id" in session:
        current_app.config["SESSIONS"].end(str(session["id"]), desk().clock.now().timestamp())
    session.clear()


def _session_user() -> ConsoleUser | None:
    """Return whose session this is; without passwords, whoever sits at this computer."""
    place, now = desk(), desk().clock.now().timestamp()
    if not place.users:
        if session.get("word") != LOCAL_USER.fingerprint:
            begin_session(LOCAL_USER)
        return LOCAL_USER
    user = place.users.get(str(session.get("name", "")))
    born, seen = float(session.get("born", 0)), float(session.get("seen", 0))
    valid = (
        user is not None
        and session.get("word") == user.fingerprint
        and 0 <= now - born <= SESSION_HOURS * 3600
        and now - seen <= IDLE_MINUTES * 60
        and not current_app.config["SESSIONS"].is_ended(str(session.get("id", "")))
    )
    if not valid:
        return None
    if now - seen > 60:
        session["seen"] = now
    return user


# -- every request ----------------------------------------------------------------------------------------------------


def stand_before(app: Flask, place: Desk) -> None:
    """Put the checks in front of every page of `app`, and the headers behind."""
    public = place.settings.console.public_url
    name = "__Host-relay" if public else "relay_console"
    web.keep_sessions(app, web.session_key(place.folder), name, secure=bool(public))
    app.config.update(
        SESSIONS=EndedSessions(place.folder / "ended_sessions"),
        BRAKE=web.Brake(_good_records(place)),
        PERMANENT_SESSION_LIFETIME=timedelta(hours=SESSION_HOURS),
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        MAX_FORM_PARTS=2000,
    )
    web.protect_forms(app)
    app.before_request(_check)
    app.after_request(_headers)


def _good_records(place: Desk) -> list[tuple[str, str]]:
    """Return who logged in from where lately, by the audit log: (name, address), the oldest first."""
    rows = reversed(place.audit.last(2000))
    return [(str(row.get("who")), str(row.get("address"))) for row in rows if audit.is_login(row)]


def _check() -> Response | None:
    """Check address, session, token and role, in this order; abort or send to the login where one is missing."""
    g.user = None
    view = current_app.view_functions.get(request.endpoint or "")
    role: Any = getattr(view, "console_role", "look" if request.method in ("GET", "HEAD") else "missing")
    if request.endpoint == "static":
        role = None
    _check_host(health=request.endpoint == "machine.healthz")
    desk().refresh()
    if view is None:  # no such page: those who are in learn it, the others see the login
        role = "look"
    if role is not None:
        g.user = _session_user()
        if g.user is None:
            if request.method == "GET" and (request.accept_mimetypes.accept_html or not request.accept_mimetypes):
                to = request.full_path if request.query_string else request.path
                return redirect(url_for("login.show", to=to))  # type: ignore[return-value]
            abort(401, gettext("Your login has expired; log in again. Nothing was done."))
    changes = request.method not in ("GET", "HEAD", "OPTIONS") and not getattr(view, "console_signed", False)
    if changes and (problem := web.why_not_our_form()):
        abort(400, problem)
    if role == "missing" or (role is not None and not may(role)):
        audited(N_("refused"), request.path, lazy("needs the role %(role)s", role=role))
        if g.user is LOCAL_USER and role == "money":
            abort(
                403,
                gettext(
                    "Anything that moves money needs a password, even on this computer. Nothing was done: set one "
                    "with %(command)s, then log in.",
                    command=commands.named("password"),
                ),
            )
        abort(
            403,
            gettext(
                "This needs the role “%(role)s”, and you have “%(own)s”. Nothing was done.", role=role, own=g.user.role
            ),
        )
    return None


def _check_host(*, health: bool) -> None:
    """Refuse names that are not this console's (another page may point a name of its own here), and plain http."""
    host = request.host.lower()
    name = urlsplit(f"//{host}").hostname
    public = urlsplit(desk().settings.console.public_url)
    if health:
        return
    if is_loopback(name) and is_loopback(request.remote_addr):
        if web.is_proxied(request):
            # A proxy that hides the name it was asked for would lend everybody the rights of this computer.
            abort(
                403,
                gettext(
                    "A proxy stands in front of the console: it must hand on the name it was asked for (nginx: "
                    "proxy_set_header Host $host)."
                )
                if public.netloc
                else gettext(
                    "A proxy stands in front of the console: write its address as [console] public_url into relay.toml."
                ),
            )
        return
    if public.netloc and host in (public.netloc.lower(), f"{public.netloc.lower()}:443"):
        if request.headers.get("X-Forwarded-Proto", "") != "https":
            abort(403, gettext("The console is shown over https only: the proxy in front of it must say so."))
        return
    if not public.netloc and not is_loopback(desk().settings.console.listen.rpartition(":")[0].strip("[]")):
        abort(
            403,
            gettext(
                "Passwords must not cross a network in the clear. Put a proxy with https in front of the console and "
                "write its address as [console] public_url into relay.toml, or open this page on the computer itself."
            ),
        )
    abort(403, gettext("This is not the address of the console. Open it under the address it was set up for."))


def _headers(response: Response) -> Response:
    return web.with_headers(response, desk().settings.console.public_url)


def signed(view: View) -> View:
    """Say that a page checks a signature in place of session and token."""
    view.console_signed = True  # type: ignore[attr-defined]
    return open_to_all(view)
