"""The token that a form of somebody's session carries, without opening the page that holds the form."""

from __future__ import annotations

import flask
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf  # type: ignore[import-untyped]


def form_token(client: FlaskClient, base: str) -> str:
    """Return a token for the client's session, "" where it has none yet."""
    with client.session_transaction(base_url=base) as session:
        if not session:
            return ""
        raw = session.setdefault("csrf", "as a page would have made it")
    with client.application.test_request_context(base_url=base):
        flask.session["csrf"] = raw
        return str(generate_csrf())
