"""For machines: is the process well, its figures for Prometheus, and OfficeRnD's webhooks."""

from __future__ import annotations

import logging
from typing import Any

from flask import Blueprint, Response, abort, current_app, request

from relay.config import is_loopback
from relay.console import metrics
from relay.console.gate import desk, open_to_all, signed
from relay.console.webhooks import Hooks, WebhookRefused
from relay.database import reading
from relay.language import gettext
from relay.web import is_proxied

log = logging.getLogger(__name__)

page = Blueprint("machine", __name__)

LARGEST_HOOK = 512_000
HOOKS = "HOOKS"


@page.get("/healthz")
@open_to_all
def healthz() -> Any:
    """Say whether this process can work: the ledger answers. Nothing about the site is told to strangers."""
    try:
        with reading(desk().database) as connection:
            connection.exec_driver_sql("SELECT 1")
    except Exception:
        log.exception("the ledger does not answer")
        return {"status": "ledger"}, 503
    return {"status": "ok"}


@page.get("/metrics")
@open_to_all
def figures() -> Response:
    """Show the figures to this machine only; a collector elsewhere asks through one that stands here."""
    if not is_loopback(request.remote_addr) or is_proxied(request):
        abort(403, gettext("The figures are for collectors on this computer."))
    hooks: Hooks = current_app.config[HOOKS]
    return Response(metrics.text(desk(), hooks), mimetype="text/plain; version=0.0.4")


@page.post("/hooks/officernd")
@signed
def officernd() -> Any:
    """Take a hint from OfficeRnD: believed only with its signature, answered at once, followed by the schedule."""
    secret = desk().settings.console.webhook_secret
    if secret is None:
        abort(404)
    if (request.content_length or 0) > LARGEST_HOOK:
        abort(413)
    hooks: Hooks = current_app.config[HOOKS]
    try:
        new = hooks.take(
            secret.get_secret_value(),
            request.headers.get("officernd-signature", "")[:500],
            request.get_data(cache=False),
            desk().clock.now().timestamp(),
        )
    except WebhookRefused as refusal:
        log.warning("%s", refusal)
        abort(400, gettext("The signature is not accepted."))
    if new:
        desk().wake.set()
    return "", 204
