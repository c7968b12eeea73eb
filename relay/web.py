"""What every web page of the relay stands on: headers, the key of its sessions, a brake on guessing, and its server.

Each page (console, set-up, the members' own) has an application and a listener of its own; they share nothing but this.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Request, Response, current_app, request
from flask_wtf.csrf import CSRFError, CSRFProtect, generate_csrf  # type: ignore[import-untyped]
from markupsafe import Markup
from waitress.channel import HTTPChannel
from waitress.server import create_server
from werkzeug.exceptions import BadHost

from relay import foreign, language, plain_files
from relay.commands import named
from relay.errors import UsageError
from relay.private_files import write_private
from relay.remedy import Remedies

log = logging.getLogger(__name__)

_SHORTEST_KEY = 32  # a cut one could be guessed
REQUEST_S = 30  # in which a request must be here whole; an answer may take as long as it likes

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


# What a proxy adds to the requests that it hands on.
_FORWARDED = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "X-Real-IP", "Via")


def is_proxied(request: Request) -> bool:
    """Return whether a proxy says that it handed the request on; a silent one cannot be told from this computer."""
    return any(header in request.headers for header in _FORWARDED)


def client_address(request: Request, public_url: str) -> str:
    """Return where a request comes from: behind a proxy (`public_url`) its last word for it, else who connected.

    Some proxies write the port too, which is another one with each connection, and so no part of who that is.
    """
    word = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() if public_url else ""
    with suppress(ValueError):
        host = word if word.count(":") > 1 and not word.startswith("[") else urlsplit(f"//{word}").hostname
        return str(ipaddress.ip_address(host or ""))
    return request.remote_addr or ""


def session_key(folder: Path) -> str:
    """Return the key that signs the session cookies, made at the first start."""
    file = folder / "session_key"
    with suppress(FileNotFoundError, UnicodeDecodeError):
        if len(key := plain_files.text(file, "ascii").strip()) >= _SHORTEST_KEY:
            return key
    key = secrets.token_urlsafe(48)  # none yet, or spoiled: everybody logs in once more
    write_private(file, key + "\n")
    return key


class Brake:
    """Slows guessing down: after so many wrong passwords of a name or an address, none is looked at for a while.

    A try counts before it is looked at, so that guesses sent at once cannot outrun the count. Whoever has logged in
    from an address before is counted apart from everybody else: no flood of strangers shuts him out.
    """

    NAME_TRIES, ADDRESS_TRIES, ALL_TRIES = 5, 20, 200
    WINDOW_S = 15 * 60
    KNOWN = 1000

    def __init__(self, known: Iterable[tuple[str, str]] = ()) -> None:
        self._tries: dict[str, list[float]] = {}
        self._known = dict.fromkeys(known)
        self._lock = threading.Lock()
        # A slow hash takes 32 MB and a processor; those with a good record do not queue behind a flood.
        self._at_once = threading.BoundedSemaphore(2), threading.BoundedSemaphore(1)

    def begin(self, name: str, address: str, now_s: float) -> int:
        """Count a try and return 0, or return how many seconds this name is not listened to from this address."""
        with self._lock:
            limits = self._limits(name, address)
            wait_s = max(self._wait_s(key, tries, now_s) for key, tries in limits.items())
            if wait_s == 0:
                for key in limits:
                    self._tries[key] = [*self._recent(key, now_s), now_s]
                if len(self._tries) > 10_000:  # names are the guesser's choice: memory is not
                    self._tries = {key: times for key, times in self._tries.items() if self._recent(key, now_s)}
        return wait_s

    def right(self, name: str, address: str) -> None:
        """Take the try back, forget the name's earlier ones, and remember where the name came from."""
        with self._lock:
            for key in self._limits(name, address):
                times = self._tries.pop(key, [])
                if times[:-1] and key[:2] in ("a:", "al"):
                    self._tries[key] = times[:-1]
            self._known.pop((name, address), None)
            self._known[name, address] = None
            while len(self._known) > self.KNOWN:
                self._known.pop(next(iter(self._known)))

    def slot(self, name: str, address: str) -> threading.BoundedSemaphore:
        return self._at_once[(name, address) in self._known]

    def _limits(self, name: str, address: str) -> dict[str, int]:
        if (name, address) in self._known:
            return {f"p:{address} {name}": self.NAME_TRIES}
        return {f"n:{name}": self.NAME_TRIES, f"a:{address}": self.ADDRESS_TRIES, "all": self.ALL_TRIES}

    def _recent(self, key: str, now_s: float) -> list[float]:
        return [moment for moment in self._tries.get(key, []) if now_s - moment < self.WINDOW_S]

    def _wait_s(self, key: str, tries: int, now_s: float) -> int:
        recent = self._recent(key, now_s)
        return 0 if len(recent) < tries else int(self.WINDOW_S - (now_s - recent[-tries])) + 1


class Channel(HTTPChannel):
    """A connection that counts as idle from the moment when its request began, however its bytes are dripped."""

    _began_s: float | None = None
    _activity_s = 0.0

    @property
    def last_activity(self) -> float:
        return self._activity_s if self._began_s is None else self._began_s

    @last_activity.setter
    def last_activity(self, moment_s: float) -> None:
        self._activity_s = moment_s

    def received(self, data: bytes) -> bool:
        if self._began_s is None:
            self._began_s = self._activity_s
        took = bool(super().received(data))
        if self.request is None:  # the whole of it has come
            self._began_s = None
        return took


# -- languages ---------------------------------------------------------------------------------------------------------


TOKEN = "csrf"  # the field of every form


class _TokenField:
    """`{{ csrf_field }}` of a template: the hidden field with this session's token, made where a page shows it."""

    def __html__(self) -> str:
        return Markup('<input type="hidden" name="{}" value="{}">').format(TOKEN, generate_csrf())


def protect_forms(app: Flask) -> None:
    """Give the pages of `app` a token for their forms; its gate asks `why_not_our_form` before anything is done."""
    app.config.update(
        WTF_CSRF_FIELD_NAME=TOKEN,
        WTF_CSRF_HEADERS=[],
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_SSL_STRICT=False,  # no page of ours sends a referrer; the origin is looked at below
    )
    CSRFProtect(app)
    app.jinja_env.globals["csrf_field"] = _TokenField()


def keep_sessions(app: Flask, key: str | bytes, name: str, *, secure: bool, same_site: str = "Strict") -> None:
    """Let `app` keep its sessions in a cookie that no script reads, signed with `key`; `secure`: over https alone."""
    app.secret_key = key
    app.config.update(
        SESSION_COOKIE_NAME=name,
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE=same_site,
        SESSION_COOKIE_PATH="/",
    )


def with_headers(response: Response, public_url: str = "", policy: str = _POLICY) -> Response:
    """Return an answer with what tells browsers how little they may do with it."""
    for name, value in {**HEADERS, "Content-Security-Policy": policy}.items():
        response.headers.setdefault(name, value)
    is_file = request.endpoint == "static"
    response.headers["Cache-Control"] = "public, max-age=86400" if is_file else "no-store"
    if public_url:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response


def why_not_our_form() -> str:
    """Return why what was sent is no form of this session's pages, as a sentence, "" where it is one."""
    origin = request.headers.get("Origin")
    foreign = origin and urlsplit(origin).netloc.lower() != request.host.lower()
    if foreign or request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return language.lazy("This form was sent from another site. Nothing was done.")
    try:
        current_app.extensions["csrf"].protect()
    except CSRFError:
        return language.lazy("This form is too old. Nothing was done: open the page again and repeat what you wanted.")
    return ""


def plain_answer(told: str, status: int) -> Response:
    """Return an error without a page: under a name that is none no address of ours can be written."""
    return Response(told, status, mimetype="text/plain")


def under_no_name() -> bool:
    """Return whether the request names a host that cannot be one."""
    return isinstance(request.routing_exception, BadHost)


def speak_languages(app: Flask, site_locale: Callable[[], str]) -> None:
    """Let the pages of `app` speak what the browser asks for, else the language of `site_locale`, else English.

    In templates `_`, `ngettext` and `{% trans %}` take sentences that stand there, which are our own markup; the filter
    `translated` takes any text, and marks nothing as safe. Every message that a template shows is said in the page's
    language, and every text made visible.
    """
    env = app.jinja_env
    env.policies["ext.i18n.trimmed"] = True
    env.add_extension("jinja2.ext.i18n")
    env.newstyle_gettext = True  # type: ignore[attr-defined]  # {% trans %} gives its values by name
    env.globals.update(_=_gettext, gettext=_gettext, ngettext=_ngettext, command=named)
    env.filters["translated"] = language.translated
    env.finalize = lambda value: foreign.seen(language.told(value))

    @app.before_request
    def choose() -> None:
        language.speak(language.named(chosen(site_locale())).as_of(site_locale()))

    @app.teardown_request
    def forget(_: object) -> None:
        language.speak(None)

    @app.context_processor
    def told() -> dict[str, str]:
        spoken = language.spoken() or language.ENGLISH
        return {"language": spoken.code}


def chosen(site_locale: str) -> str:
    """Return the code of the language in which the request under way is answered."""
    codes = language.codes()
    return request.accept_languages.best_match(codes) or language.of_site(site_locale).code


def _gettext(message: str, /, **values: Any) -> Markup:
    return _filled(language.translated(message), values)


def _ngettext(one: str, many: str, count: int, /, **values: Any) -> Markup:
    spoken = language.spoken() or language.ENGLISH
    return _filled(spoken.texts.ngettext(one, many, count), {"num": count, **values})


def _filled(text: str, values: dict[str, Any]) -> Markup:
    """Return a sentence of ours with its values, which are escaped, and shown as a page shows any text."""
    return Markup(text) % {name: foreign.seen(language.shown(value)) for name, value in values.items()}


@contextmanager
def listening(address: str, what: str, setting: str, remedies: Remedies = ()) -> Iterator[socket.socket]:
    """Listen at ADDRESS:PORT for the `with` block. Raises UsageError, with the `setting` to change, where it cannot."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as found:
        if os.name == "posix":  # under Windows the option would let two programs share the port
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((host, int(port)))
            found.listen(128)
        except OSError as error:
            raise UsageError(
                f"{what} cannot listen at {address} ({error.strerror or error}): another program may have the "
                f"port; choose another one with {setting}.",
                remedies=remedies,
            ) from None
        yield found


def start(
    app: Any, listening: socket.socket, over: threading.Event, name: str, threads: int, largest_request: int
) -> Any:
    """Return the web server over `app`, answering in a thread of its own; when it ends by itself, `over` is set."""
    web: Any = create_server(
        app,
        sockets=[listening],
        threads=threads,
        ident=None,
        max_request_body_size=largest_request,
        max_request_header_size=65_536,
        clear_untrusted_proxy_headers=False,  # the gate reads them itself
        channel_timeout=REQUEST_S,
        cleanup_interval=5,
        connection_limit=500,  # a hundred half requests must not keep everybody else out
    )
    web.channel_class = Channel
    threading.Thread(target=_answer, args=(web, over), name=name, daemon=True).start()
    return web


def _answer(server: Any, over: threading.Event) -> None:
    try:
        server.run()
    except Exception:
        if not over.is_set():
            log.exception("the web server stopped")
    finally:
        over.set()


def ended_by_signal() -> threading.Event:
    """Return what Ctrl+C and termination signals set from now on."""
    over = threading.Event()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name) and threading.current_thread() is threading.main_thread():
            signal.signal(getattr(signal, name), lambda *_: over.set())
    return over
