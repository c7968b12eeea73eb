"""The application of the members' page: the gate in front, the pages behind, and errors in the visitor's language."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, render_template, request
from werkzeug.exceptions import HTTPException

from relay import foreign
from relay.formats import Formats
from relay.members_page import gate
from relay.members_page.place import Place
from relay.members_page.views import page
from relay.print_texts import LANGUAGES
from relay.web import plain_answer, under_no_name

log = logging.getLogger(__name__)

_ERRORS = {401: "over", 404: "gone", 405: "gone", 413: "too_large"}


def make_app(place: Place) -> Flask:
    """Return the WSGI application over `place`; it starts nothing by itself."""
    app = Flask(__name__, static_folder="static", template_folder="templates")
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.autoescape = True
    gate.stand_before(app, place)
    app.register_blueprint(page)
    for name in ("money", "day", "time", "month", "count"):
        app.add_template_filter(_written(name), name)
    app.add_template_filter(foreign.shown, "shown")
    app.context_processor(_common)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)
    return app


def _written(name: str) -> Any:
    """Return a filter that writes a value in the visitor's language."""
    return lambda value: getattr(Formats(gate.place().settings(), gate.t().locale), name)(value)


def _common() -> dict[str, Any]:
    return {
        "t": gate.t(),
        "site": gate.place().settings().site.name,
        "languages": {code: name for code, (name, _) in LANGUAGES.items()},
    }


def _http_error(error: HTTPException) -> Any:
    status = error.code or 500
    if status < 400:
        return error
    if under_no_name():
        return plain_answer("", status)
    return render_template("error.html", told=gate.t()(_ERRORS.get(status, "not_now"))), status


def _unexpected(error: Exception) -> Any:
    log.exception("unexpected error at %s %s of the members' page", request.method, request.path, exc_info=error)
    return render_template("error.html", told=gate.t()("not_now")), 500
