"""`papercut-relay serve`: the console, its schedule and the optional webhooks in one process that ends cleanly."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask

from relay import config, web
from relay.commands import named
from relay.config import Settings
from relay.config.sections import ConsoleSection
from relay.config.values import is_address
from relay.console.app import make_app, preparations
from relay.console.desk import Desk
from relay.console.schedule import Schedule
from relay.errors import EXIT_DONE, ConfigError, UsageError
from relay.lock import serving_lock
from relay.members_page import server as members_page
from relay.remedy import Remedy
from relay.setup import document
from relay.setup.values import Workbench
from relay.setup.web import Visit, make_setup_app

log = logging.getLogger(__name__)

THREADS = 12  # pages are quick; up to six of them watch a work for minutes
LARGEST_REQUEST = 2_000_000
PATIENCE_S = 25.0  # service managers give at least this long before they kill


_ELSEWHERE = Remedy("serve_at", ("",), "for this time")


def serve(settings: Settings, *, listen: str | None = None, say: Callable[[str], None]) -> int:
    """Serve until Ctrl+C or a termination signal; return the exit code.

    Raises UsageError for an address that cannot be used, AlreadyRunning when this site is served already.
    """
    address = listen or settings.console.listen
    _check_listen(settings, address)
    with (
        serving_lock(settings.site.state_dir),
        web.listening(address, "The console", "[console] listen", (_ELSEWHERE,)) as listening,
    ):
        place = Desk(settings)
        over = web.ended_by_signal()
        app = make_app(place)
        server = web.start(app, listening, over, "console", THREADS, LARGEST_REQUEST)
        return _until_stopped(place, app, server, over, address, say)


def serve_setup(target: Path, workbench: Workbench, *, listen: str | None, say: Callable[[str], None]) -> int:
    """Serve the set-up for this machine alone until the settings stand in `target`, then the console in its place.

    The code that its first page asks for is told by `say`, since on a terminal server loopback is everybody. It is one
    server throughout, so that no open page and no connection is lost on the way.
    """
    address = listen or str(ConsoleSection.model_fields["listen"].default)
    _check_port(address)
    if not config.is_loopback(address.rpartition(":")[0].strip("[]")):
        raise UsageError(f"The set-up is shown on this computer only, not at {address}.", remedies=(Remedy("serve"),))
    if why_not := document.why_not_writable(target):
        raise UsageError(why_not)
    with web.listening(address, "The console", "[console] listen", (_ELSEWHERE,)) as listening:
        visit = Visit(workbench, target)
        shown = _Shown(make_setup_app(visit))
        over = web.ended_by_signal()
        server = web.start(shown, listening, over, "console", THREADS, LARGEST_REQUEST)
        say(f"Set-up    http://{address}/")
        say(f"Code      {visit.code}")
        say("Open the page on this computer and type the code. Ctrl+C ends it; nothing is written before its summary.")
        say(f"No browser here? {named('init')} asks the same in the terminal.")
        while not visit.is_over:
            if over.wait(0.2):
                server.close()
                say(visit.leave())
                return EXIT_DONE
        say(f"Settings  {target.absolute()}")
        settings = config.load(target)
        with serving_lock(settings.site.state_dir):
            place = Desk(settings)
            shown.app = app = make_app(place)
            visit.hand_over()
            return _until_stopped(place, app, server, over, address, say)


class _Shown:
    """The application that is shown now: first the set-up, then the console."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self.app(environ, start_response)


def _until_stopped(
    place: Desk, app: Flask, server: Any, over: threading.Event, address: str, say: Callable[[str], None]
) -> int:
    schedule = Schedule(place, preparations(app, place))
    schedule.start()
    say(
        f"Console   http://{address}/"
        + (f" behind {place.settings.console.public_url}" if place.settings.console.public_url else "")
    )
    say("Ctrl+C ends it.")
    log.info("serving at %s", address)
    try:
        with members_page.serving(lambda: place.settings, place.database, place.clock, over, say):
            while not over.wait(1):  # a bare wait cannot be interrupted on Windows
                pass
    finally:
        schedule.stop()
        if place.works.current is not None:
            say(f"“{place.works.current.title}” is under way; waiting for it to end.")
            if not place.works.finish(PATIENCE_S):
                say("It is left as it stands; the next run finds how far it came and goes on from there.")
        server.close()
        place.close()
        log.info("stopped serving")
    return EXIT_DONE


def _check_listen(settings: Settings, address: str) -> None:
    """Raise UsageError or ConfigError for an address given for this time that the settings would not accept."""
    _check_port(address)
    host = address.rpartition(":")[0]
    if not config.is_loopback(host.strip("[]")) and settings.console.password_hash is None:
        raise ConfigError(
            [f"The console must not listen at {address}, which other machines reach, without a password: make one."],
            remedies=(Remedy("password", ("",)),),
        )


def _check_port(address: str) -> None:
    if not is_address(address):
        raise UsageError(
            f"“{address}” is no address: write ADDRESS:PORT, such as 127.0.0.1:9480.", remedies=(_ELSEWHERE,)
        )
