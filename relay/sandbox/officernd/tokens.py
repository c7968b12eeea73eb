"""The token endpoint, and the check of a bearer.

Source: officernd-api 1 (form body only, scope required, one ungranted scope spoils the request, 3599 s, five a minute)
and 2.2 (one and the same 401 for a missing, wrong or expired token and for a missing scope).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from urllib.parse import parse_qsl

from relay.sandbox.officernd.answers import REASONS, ApiAnswer, unauthorized
from relay.sandbox.officernd.switches import Application, OfficeRnDSwitches

LIFE_S = 3599


@dataclass(frozen=True, slots=True)
class IssuedToken:
    application: Application
    scopes: frozenset[str]
    expires_at: float  # seconds since 1970, by the stand-in's clock


class Tokens:
    """The applications of the organisation and the tokens they hold."""

    def __init__(self, switches: OfficeRnDSwitches) -> None:
        self._switches = switches
        self._tokens: dict[str, IssuedToken] = {}
        self._asked: dict[str, list[float]] = {}
        self.applications: dict[str, Application] = {}

    def add(self, application: Application) -> Application:
        self.applications[application.client_id] = application
        return application

    def revoke_all(self) -> None:
        """Make every token that was given out worthless, as if it had expired early."""
        self._tokens.clear()

    def answer(self, body: bytes, content_type: str, now: float) -> ApiAnswer:
        """Answer one call of the token endpoint at `now` (seconds since 1970)."""
        if not content_type.lower().startswith("application/x-www-form-urlencoded"):
            return self._refuse(400, "invalid_request", "the body must be form-encoded")
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        waits = self._too_often(form.get("client_id", ""), now)
        if waits:
            return self._refuse(429, "too_many_requests", "token requests are limited", waits)
        if form.get("grant_type") != "client_credentials":
            return self._refuse(400, "unsupported_grant_type", "grant type must be client_credentials")
        application = self.applications.get(form.get("client_id", ""))
        if application is None or not secrets.compare_digest(
            application.client_secret.encode(), form.get("client_secret", "").encode()
        ):
            return self._refuse(401, "invalid_client", "client authentication failed")
        scopes = frozenset(form.get("scope", "").split())
        if not scopes or not scopes <= application.scopes:
            return self._refuse(400, "invalid_scope", "the requested scope is invalid, unknown or not granted")
        text = f"sandbox.{secrets.token_urlsafe(48)}"
        self._tokens[text] = IssuedToken(application, scopes, now + LIFE_S)
        given = {"access_token": text, "token_type": "Bearer", "expires_in": LIFE_S, "scope": " ".join(sorted(scopes))}
        return ApiAnswer(200, given, {"Cache-Control": "no-store"})

    def check(self, authorization: str, scope: str, now: float) -> IssuedToken:
        """Return the bearer's token; `scope` "" asks for any. Raises the one 401 whatever is wrong with it."""
        kind, _, text = authorization.partition(" ")
        token = self._tokens.get(text.strip()) if kind.lower() == "bearer" else None
        if token is None or now >= token.expires_at or (scope and scope not in token.scopes):
            raise unauthorized()
        return token

    def _too_often(self, client_id: str, now: float) -> float:
        """Return the seconds to wait when this client has used up its minute; calls with a wrong secret count too."""
        limit = self._switches.tokens_a_minute
        recent = [moment for moment in self._asked.get(client_id, []) if now - 60 < moment <= now]
        if limit and len(recent) >= limit:
            return max(1.0, recent[0] + 60 - now)
        self._asked[client_id] = [*recent, now]
        return 0.0

    def _refuse(self, status: int, code: str, text: str, waits: float = 0.0) -> ApiAnswer:
        headers = {"Retry-After": str(int(waits) + 1)} if waits and self._switches.retry_after else {}
        if self._switches.token_error_shape == "oauth":
            return ApiAnswer(status, {"error": code, "error_description": text}, headers)
        return ApiAnswer(status, {"statusCode": status, "message": code, "error": REASONS[status]}, headers)
