"""One request of the OfficeRnD API in, one answer out: path, bearer, limits, organisation, parameters, effect.

No sockets here: the server hands the bytes over, tests may call `Api.answer` directly. The order of the checks is part
of what is imitated: a wrong verb is a 404 before anybody asks for a token, a wrong token a 401 before an unknown
organisation is a 500. Source: officernd-api 2.2.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import unquote, urlsplit

from relay.sandbox.late import LateEffects
from relay.sandbox.officernd import answers
from relay.sandbox.officernd.bodies import read_json
from relay.sandbox.officernd.faults import Dropped, Faults, RouteFault, spoilt_after, spoilt_before
from relay.sandbox.officernd.limits import RateLimits
from relay.sandbox.officernd.queries import Lists, parse_query
from relay.sandbox.officernd.resources import ROUTES, Call, Route
from relay.sandbox.officernd.state import OfficeRnDState
from relay.sandbox.officernd.tokens import Tokens

BASE = "/api/v2/organizations"
TOKEN_PATH = "/oauth/token"
TOKEN_ROUTE = "POST /oauth/token"
UNKNOWN_ROUTE = "(no such route)"
_SLUG = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*$")


@dataclass(frozen=True, slots=True)
class Request:
    """`target` is path and query as sent; header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class _Found:
    """Where a request goes: the route that it is counted under, and what its path says."""

    name: str
    route: Route | None = None
    slug: str = ""
    identity: str = ""


class Api:
    """Answers requests on one `OfficeRnDState`; counts them by route, e.g. `calls["GET /members"]`."""

    def __init__(self, state: OfficeRnDState, tokens: Tokens, faults: Faults) -> None:
        self.state = state
        self.tokens = tokens
        self.faults = faults
        self.limits = RateLimits(state.switches)
        self.lists = Lists(state.switches)
        self.late = LateEffects(state.clock)
        self.calls: Counter[str] = Counter()

    @property
    def reads(self) -> int:
        """Return how many calls of the API were reads; token requests are neither."""
        return sum(count for name, count in self.calls.items() if name.startswith("GET "))

    @property
    def writes(self) -> int:
        api = {name: count for name, count in self.calls.items() if name not in (TOKEN_ROUTE, UNKNOWN_ROUTE)}
        return sum(count for name, count in api.items() if not name.startswith("GET "))

    def answer(self, request: Request) -> answers.ApiAnswer:
        """Answer one request. Raises `faults.Dropped` where an injected fault closes the connection."""
        self.late.run_due()
        path = urlsplit(request.target).path
        found = _find(request.method, path)
        with self.state.lock:
            self.calls[found.name] += 1
        fault = self.faults.take(found.name)
        if fault is None:
            return self._without_fault(request, path, found)
        if fault.kind == "late":
            self.late.add(fault.seconds, lambda: self._around(fault, request, path, found))
            raise Dropped
        if not fault.keeps_effect:
            if fault.action and not fault.after_effect:
                fault.action()
            return spoilt_before(fault)
        return spoilt_after(fault, self._around(fault, request, path, found))

    def _around(self, fault: RouteFault, request: Request, path: str, found: _Found) -> answers.ApiAnswer:
        """Do what the call asks for, and what the fault lets happen at just that moment."""
        if fault.action and not fault.after_effect:
            fault.action()
        answer = self._without_fault(request, path, found)
        if fault.action and fault.after_effect:
            fault.action()
        return answer

    def _without_fault(self, request: Request, path: str, found: _Found) -> answers.ApiAnswer:
        try:
            with self.state.lock:
                return self._answer(request, path, found)
        except answers.ErrorResponse as refusal:
            return refusal.answer(path, self.state.now_text())
        except answers.GatewayTimeout:
            page = b"<html><head><title>504 Gateway Time-out</title></head><body></body></html>"
            return answers.ApiAnswer(504, page, content_type="text/html")

    def _answer(self, request: Request, path: str, found: _Found) -> answers.ApiAnswer:
        now = self.state.now_s()
        content_type = request.headers.get("content-type", "")
        if found.name == TOKEN_ROUTE:
            return self.tokens.answer(request.body, content_type, now)
        if found.slug == "" and path.startswith(f"{BASE}//"):
            raise answers.unauthorized()  # an empty slug is another path, asked for without an organisation
        if found.slug and not _SLUG.match(found.slug):
            return answers.ApiAnswer(302, None, {"Location": "/login"})
        route = found.route
        if route is None or (route.name == "POST /plans" and self.state.switches.plans_can_be_created == "no"):
            raise answers.no_route(request.method, path)
        token = self.tokens.check(request.headers.get("authorization", ""), route.scope, now)
        family = "read" if request.method == "GET" else "write"
        headers = self.limits.count(token.application.client_id, family, now)  # type: ignore[arg-type]
        if found.slug != self.state.organisation.slug:
            raise answers.broken_rule("Organization not found")
        call = Call(
            state=self.state,
            lists=self.lists,
            query=parse_query(urlsplit(request.target).query),
            body=read_json(request.body, content_type),
            identity=found.identity,
        )
        answer = route.handler(call)
        return replace(answer, headers={**headers, **answer.headers})


_ROUTES = {(route.method, *filter(None, route.pattern.split("/"))): route for route in ROUTES}


def _find(method: str, path: str) -> _Found:
    if path == TOKEN_PATH and method == "POST":
        return _Found(TOKEN_ROUTE)
    if not path.startswith(f"{BASE}/"):
        return _Found(UNKNOWN_ROUTE)
    slug, _, rest = path.removeprefix(f"{BASE}/").partition("/")
    parts = tuple(unquote(part) for part in rest.split("/") if part)
    slug = unquote(slug)
    route = _ROUTES.get((method, *parts))
    if route is not None and "{id}" not in parts:
        return _Found(route.name, route, slug)
    if len(parts) >= 2:
        route = _ROUTES.get((method, parts[0], "{id}", *parts[2:]))
        if route is not None:
            return _Found(route.name, route, slug, parts[1])
    return _Found(UNKNOWN_ROUTE, slug=slug)
