"""Faults on purpose and the count of calls: what goes wrong, for which method, how often.

A rule belongs to one method (`*`: all), may spare the first calls and may ask for a text among the arguments. The
important kind is `lost_after`: the effect has happened, the answer never arrives.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

Kind = Literal[
    "lost_before",
    "lost_after",
    "late",
    "delay",
    "http_500",
    "http_500_after",
    "garbage",
    "empty",
    "fault",
    "fault_after",
    "call",
]
KINDS: tuple[str, ...] = get_args(Kind)


@dataclass
class Rule:
    """One fault: `times` 0 means for ever; `after` spares that many matching calls first.

    lost_before: the connection closes, nothing happened. lost_after: it closes after the effect. late: it closes at
    once, and the effect comes `delay_s` later (see `relay.sandbox.late`), unless the server was stopped or restored by
    then. delay: `delay_s` before the effect. http_500 and http_500_after: an error page before or after the effect.
    garbage: an answer that is no XML, after the effect. empty: HTTP 200 without a body, after the effect. fault and
    fault_after: `code` and `text` without the effect, or after it. call: `function(method, arguments)` before the
    effect (in-process only).
    """

    method: str
    kind: Kind
    times: int = 1
    after: int = 0
    containing: str = ""
    delay_s: float = 0.0
    code: int = 257
    text: str = "injected fault"
    function: Callable[[str, list[Any]], None] | None = None
    seen: int = 0
    used: int = 0

    def matches(self, method: str, arguments: list[Any]) -> bool:
        if self.method not in ("*", method):
            return False
        return not self.containing or any(self.containing in str(argument) for argument in arguments)


class Injector:
    """The rules in force and what was called. `calls` and `writes` count by method name without `api.`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self.calls: Counter[str] = Counter()
        self.writes: Counter[str] = Counter()
        self.recent_writes: deque[tuple[str, list[Any]]] = deque(maxlen=20_000)

    def add(self, method: str, kind: Kind, **fields: Any) -> Rule:
        """Put a rule in force: add("adjustUserAccountBalance", "lost_after"). Raises ValueError for an unknown kind."""
        if kind not in KINDS:
            raise ValueError(f"a fault is one of {', '.join(KINDS)}, not {kind!r}")
        rule = Rule(method, kind, **fields)
        with self._lock:
            self._rules.append(rule)
        return rule

    def clear(self) -> None:
        """Lift every rule. What is late already still comes."""
        with self._lock:
            self._rules.clear()

    def reset_counts(self) -> None:
        with self._lock:
            self.calls.clear()
            self.writes.clear()
            self.recent_writes.clear()

    def count_call(self, method: str) -> None:
        """Note one call that reached the server, whatever became of it."""
        with self._lock:
            self.calls[method] += 1

    def count_write(self, method: str, arguments: list[Any]) -> None:
        """Note one changing call that was let in, with its arguments behind the token."""
        with self._lock:
            self.writes[method] += 1
            self.recent_writes.append((method, arguments))

    def due(self, method: str, arguments: list[Any]) -> list[Rule]:
        """Return the rules that this call meets, and use them up by one."""
        if not self._rules:
            return []
        met = []
        with self._lock:
            for rule in list(self._rules):
                if not rule.matches(method, arguments):
                    continue
                rule.seen += 1
                if rule.seen <= rule.after:
                    continue
                rule.used += 1
                met.append(rule)
                if rule.times and rule.used >= rule.times:
                    self._rules.remove(rule)
        return met
