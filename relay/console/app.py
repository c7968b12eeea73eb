"""The web application: the gate in front, the pages behind, one look for all of them, and errors in plain words."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from flask import Flask, g, render_template, request, url_for
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from relay import __version__, charts
from relay.accounts import is_shared
from relay.console import everybody, figures, gate, remedies, words
from relay.console.desk import Desk
from relay.console.pages import PAGES, statements
from relay.console.pages.machine import HOOKS
from relay.console.webhooks import Hooks
from relay.errors import RelayError
from relay.language import N_, capital, gettext, translated
from relay.web import plain_answer, speak_languages, under_no_name

log = logging.getLogger(__name__)

# What stands in the navigation: endpoint, words, icon.
NAVIGATION = (
    ("today.show", N_("Today"), "sun"),
    ("people.show", N_("People"), "people"),
    ("review.show", N_("Review"), "list"),
    ("money.show", N_("Money"), "coins"),
    ("statements.show", N_("Statements"), "sheet"),
    ("sites.show", N_("Sites"), "box"),
    ("runs.show", N_("Last runs"), "clock"),
    ("audit.show", N_("Audit"), "book"),
    ("checks.show", N_("Checks"), "shield"),
    ("users.show", N_("Users"), "key"),
    ("settings.show", N_("Settings"), "dials"),
    ("installation.show", N_("Installation"), "box"),
)


def make_app(place: Desk) -> Flask:
    """Return the console's WSGI application over `place`; it starts nothing by itself."""
    app = Flask(__name__, static_folder="static", template_folder="templates")
    app.config["DESK"] = place
    app.config[HOOKS] = Hooks()
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.autoescape = True
    speak_languages(app, lambda: place.settings.console.locale)  # before the gate, which refuses in words
    gate.stand_before(app, place)
    for page in PAGES:
        app.register_blueprint(page)
    _teach_templates(app, place)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(RelayError, _relay_error)
    app.register_error_handler(Exception, _unexpected)
    return app


def preparations(app: Flask, place: Desk) -> Iterator[Callable[[], object]]:
    """Yield what nobody's first visit after a start is to wait for, the first page first."""
    yield partial(figures.waiting, place)
    yield partial(everybody.everybody, place)
    for name in sorted(app.jinja_env.list_templates(), key=lambda name: not name.startswith("today")):
        if not name.startswith("setup/"):  # those of another application
            yield partial(app.jinja_env.get_template, name)
    yield partial(statements.look_ahead, place)


def _counts(place: Desk) -> tuple[dict[str, int], bool]:
    """Return how much each page of the navigation asks for, and whether the ledger has other sites than this one."""
    try:
        waiting = figures.waiting(place)
        return {"review.show": waiting.for_review, "money.show": waiting.for_money}, len(figures.site_names(place)) > 1
    except SQLAlchemyError:  # the page itself says what is wrong with the ledger
        return {}, False


def _account_page(member_id: str) -> str:
    """Return the address of the page about an account: a shared one has no person, its statement tells of it."""
    endpoint, word = ("statements.show", "member") if is_shared(member_id) else ("people.one", "who")
    arguments: dict[str, Any] = {word: member_id}
    return url_for(endpoint, **arguments)


def _teach_templates(app: Flask, place: Desk) -> None:
    for name in ("money", "day", "time", "lasted", "month", "day_and_time", "count"):
        app.add_template_filter(lambda value, name=name: getattr(place.formats, name)(value), name)
    app.add_template_filter(lambda value: place.formats.ago(value, place.clock.now()), "ago")
    app.add_template_global(words.question_title, "question_title")
    app.add_template_global(remedies.links, "places")
    app.add_template_filter(capital, "capitalize_first")
    app.add_template_global(gate.may, "may")
    app.add_template_global(_account_page, "account_page")
    app.jinja_env.globals["WORDS"] = words.WORDS
    app.add_template_global(charts.figure, "bars")

    @app.context_processor
    def common() -> dict[str, Any]:
        here = (request.endpoint or "").partition(".")[0]
        counts, has_sites = _counts(place) if g.get("user") else ({}, False)
        return {
            "site": place.settings.site.name,
            "navigation": [
                (url_for(endpoint), translated(text), icon, endpoint.partition(".")[0] == here, counts.get(endpoint, 0))
                for endpoint, text, icon in NAVIGATION
                if endpoint != "sites.show" or has_sites
            ],
            "user": g.get("user"),
            "has_passwords": bool(place.users),
            "settings_problem": place.settings_problem,
            "current_work": place.works.current,
            "version": __version__,
        }


def _http_error(error: HTTPException) -> Any:
    status = error.code or 500
    if status < 400:
        return error
    told = {
        404: gettext("There is nothing at this address. The link may be an old one."),
        405: gettext("This address cannot be opened this way. Go back and use the buttons on the page."),
        413: gettext("That is more than the console accepts at once. Nothing was done."),
    }.get(status, error.description or "")
    return _page(status, told)


def _relay_error(error: RelayError) -> Any:
    return _page(409 if error.exit_code in (3, 5) else 400 if error.exit_code == 2 else 502, error.message)


def _unexpected(error: Exception) -> Any:
    log.exception("unexpected error at %s %s", request.method, request.path, exc_info=error)
    return _page(
        500,
        gettext(
            "Something unexpected happened, and this page could not be shown. Whoever looks after this server finds "
            "the details in the relay's log."
        ),
    )


def _page(status: int, told: str) -> Any:
    if under_no_name():
        return plain_answer(told, status)
    title = {
        401: gettext("Log in again"),
        403: gettext("Not for you"),
        404: gettext("Nothing here"),
        409: gettext("Not now"),
        429: gettext("Wait a little"),
    }.get(status, gettext("That did not work"))
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        return {"error": told}, status
    return render_template("error.html", title=title, told=told, status=status), status
