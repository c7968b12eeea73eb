"""Request bodies: which fields exist, which are due, of which type; every fault in one list, in the service's words.

Source: officernd-api 2.2 (unknown field, wrong type, several at once), observed wording.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from relay.sandbox.officernd.answers import ErrorResponse, bad_request
from relay.sandbox.officernd.instants import parse_instant

Kind = Literal["text", "date", "number", "boolean", "object", "list"] | tuple[str, ...]  # a tuple: one of these words
Fields = dict[str, Kind]

_MESSAGES = {
    "text": "must be a string",
    "date": "must be a valid ISO 8601 date string",
    "number": "must be a number conforming to the specified constraints",
    "boolean": "must be a boolean value",
    "object": "must be an object",
    "list": "must be an array",
}


def read_json(body: bytes, content_type: str) -> dict[str, Any]:
    """Return the body's object; {} when it is not declared as JSON, for then the service does not read it at all."""
    if not content_type.lower().startswith("application/json") or not body:
        return {}
    try:
        value = json.loads(body)
    except ValueError:
        raise ErrorResponse(400, "Unexpected token in JSON at position 0") from None
    if not isinstance(value, dict):
        raise bad_request("body must be an object")
    return value


def checked(body: dict[str, Any], fields: Fields, required: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the body with dates in one form and without nulls of optional fields. Raises the 400 with every fault."""
    problems = [f"property {name} should not exist" for name in body if name not in fields]
    values: dict[str, Any] = {}
    for name, kind in fields.items():
        value = body.get(name)
        if value is None and name not in required:
            if name in body:
                values[name] = None
            continue
        problem = _problem(value, kind)
        if problem:
            problems.append(f"{name} {problem}")
        else:
            values[name] = parse_instant(value) if kind == "date" else value
    if problems:
        raise bad_request(*problems)
    return values


def _problem(value: Any, kind: Kind) -> str:
    if isinstance(kind, tuple):
        return "" if value in kind else f"must be one of the following values: {', '.join(kind)}"
    if kind == "date":
        try:
            parse_instant(value)
        except ValueError:
            return _MESSAGES["date"]
        return ""
    if kind == "text":
        fits = isinstance(value, str)
    elif kind == "number":
        fits = isinstance(value, (int, float)) and not isinstance(value, bool) and value - value == 0
    elif kind == "boolean":
        fits = isinstance(value, bool)
    elif kind == "object":
        fits = isinstance(value, dict)
    else:
        fits = isinstance(value, list)
    return "" if fits else _MESSAGES[kind]
