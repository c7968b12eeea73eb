"""Faults to inject: what goes wrong on which route, how often. Decides nothing about the API itself.

A fault names a route as it is counted, e.g. "POST /fees", "GET /members/{id}", "POST /oauth/token"; `*` stands for
anything. The one that matters most is `lost_after`: the effect is there, the answer is not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

from relay.sandbox.officernd.answers import REASONS, ApiAnswer

Kind = Literal[
    "lost_after",  # the effect happens, then the connection is closed without an answer
    "lost_before",  # the connection is closed, nothing has happened
    "late",  # the connection is closed at once, the effect happens `seconds` later
    "cut",  # the effect happens, the answer breaks off in the middle
    "delay",  # the answer comes after `seconds` more
    "error",  # an error answer with `status`; the effect has happened only with `after_effect`
    "garbage",  # a 200 with a page that is no JSON; the effect happens unless `after_effect` is false
    "rate_limited",  # 429, nothing has happened; `seconds` is the Retry-After
    "short_page",  # the last `amount` results are missing, and there is no further page
    "wrong_total",  # a count that is wrong by `amount`
    "none",  # only runs `action`
]
KINDS: tuple[str, ...] = get_args(Kind)


@dataclass(slots=True)
class RouteFault:
    """One fault for the next `times` calls of `route` after `skip` more went well; -1: for ever.

    `action` (in the same process only) runs before the effect, or after it with `after_effect`: something else that
    happens at just that moment. A late effect is that of the call as the service finds it then, token and limits
    included (see `relay.sandbox.late`); one that waits when the stand-in is stopped never comes.
    """

    route: str
    kind: Kind
    times: int = 1
    skip: int = 0
    after_effect: bool | None = None
    status: int = 500
    message: str = "Internal server error"
    seconds: float = 0.0
    amount: int = 1
    action: Callable[[], None] | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"there is no fault {self.kind}; known are {', '.join(KINDS)}")

    @property
    def keeps_effect(self) -> bool:
        """Whether the call does its work although its answer is spoilt."""
        if self.after_effect is not None:
            return self.after_effect
        return self.kind not in ("lost_before", "error", "rate_limited")

    def as_json(self) -> dict[str, Any]:
        names = ("route", "kind", "times", "skip", "after_effect", "status", "seconds", "amount")
        return {name: getattr(self, name) for name in names}


class Dropped(Exception):
    """The connection is to be closed, with `part` of an answer sent or none at all."""

    def __init__(self, part: ApiAnswer | None = None) -> None:
        super().__init__("connection closed by an injected fault")
        self.part = part


class Faults:
    """The faults still to come, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[RouteFault] = []

    def add(self, fault: RouteFault) -> RouteFault:
        with self._lock:
            self._waiting.append(replace(fault))
        return fault

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def waiting(self) -> list[RouteFault]:
        with self._lock:
            return [replace(fault) for fault in self._waiting]

    def take(self, route: str) -> RouteFault | None:
        """Return the fault for this call of `route`, counted down; None when it goes well."""
        with self._lock:
            for fault in self._waiting:
                if not fnmatchcase(route, fault.route):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                if fault.times > 0:
                    fault.times -= 1
                if fault.times == 0:
                    self._waiting.remove(fault)
                return replace(fault)
        return None


def spoilt_before(fault: RouteFault) -> ApiAnswer:
    """Return the answer to a call that a fault keeps from having its effect. Raises `Dropped`."""
    if fault.kind == "rate_limited":
        headers = {"Retry-After": str(int(fault.seconds))} if fault.seconds else {}
        return ApiAnswer(429, {"statusCode": 429, "message": "Too many requests", "error": REASONS[429]}, headers)
    return spoilt_after(fault, ApiAnswer(200, {}))


def spoilt_after(fault: RouteFault, answer: ApiAnswer) -> ApiAnswer:
    """Return what is left of `answer` after the fault. Raises `Dropped`."""
    if fault.kind in ("lost_after", "lost_before"):
        raise Dropped
    if fault.kind == "cut":
        raise Dropped(answer)
    if fault.kind == "delay":
        return replace(answer, wait_s=fault.seconds)
    if fault.kind == "error":
        return ApiAnswer(fault.status, {"statusCode": fault.status, "message": fault.message})
    if fault.kind == "garbage":
        return ApiAnswer(200, b"<html><body>Please try again later.</body></html>", content_type="text/html")
    if fault.kind == "short_page" and isinstance(answer.body, dict) and "results" in answer.body:
        return replace(answer, body=_shortened(answer.body, fault.amount))
    if fault.kind == "wrong_total" and isinstance(answer.body, dict) and "total" in answer.body:
        return replace(answer, body={**answer.body, "total": answer.body["total"] + fault.amount})
    return answer


def _shortened(page: dict[str, Any], missing: int) -> dict[str, Any]:
    """Return the page as if it were the last one and had fewer results: in itself it looks right."""
    results = page["results"][: max(0, len(page["results"]) - missing)]
    start = page["rangeStart"] if results else 0
    rest = {name: value for name, value in page.items() if name != "cursorNext"}
    return {**rest, "results": results, "rangeStart": start, "rangeEnd": max(0, start + len(results) - 1)}
