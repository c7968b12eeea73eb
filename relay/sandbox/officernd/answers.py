"""What the stand-in answers: a status, headers, a JSON value; and the refusals, in OfficeRnD's own words.

Source: officernd-api 2.2 (observed on staging, 2026-02: envelope, messages, a 500 for a broken business rule).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

REASONS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """`body`: a JSON value, None for an empty body, or bytes that are sent as they are with `content_type`.

    `wait_s`: how long the server holds the answer back.
    """

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json; charset=utf-8"
    wait_s: float = 0.0


class ErrorResponse(Exception):
    """Ends a call with an error answer; nothing has been changed when it is raised."""

    def __init__(
        self, status: int, message: str | list[str], *, with_error: bool = True, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.with_error = with_error
        self.headers = headers or {}

    def answer(self, path: str, timestamp: str) -> ApiAnswer:
        body: dict[str, Any] = {"statusCode": self.status, "message": self.message}
        if self.with_error and self.status in REASONS:
            body["error"] = REASONS[self.status]
        body |= {"timestamp": timestamp, "path": path}
        return ApiAnswer(self.status, body, self.headers)


class GatewayTimeout(Exception):
    """The page that the proxy in front of OfficeRnD answers by itself: no JSON (officernd-api 2.2, both cursors)."""


def bad_request(*messages: str) -> ErrorResponse:
    """Return the 400 of the validation layer: always a list, with every message at once."""
    return ErrorResponse(400, list(messages))


def unauthorized() -> ErrorResponse:
    """Return the one 401 for no token, a wrong or expired one, and a missing scope alike."""
    return ErrorResponse(401, "Unauthorized access")


def not_found(identity: str) -> ErrorResponse:
    return ErrorResponse(404, f"Item with Id ({identity})")


def no_route(method: str, path: str) -> ErrorResponse:
    """Return the 404 of a path or a verb that does not exist; there is no 405."""
    return ErrorResponse(404, f"Cannot {method} {path}")


def broken_rule(message: str) -> ErrorResponse:
    """Return the 500 that a broken business rule is answered with; such an answer carries no `error`."""
    return ErrorResponse(500, message, with_error=False)
