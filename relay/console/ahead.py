"""What takes long to work out, ready before somebody asks: the last value is shown while the next is made behind it.

What is quick is made on the spot, so that a page of an ordinary site is never behind the ledger.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from relay.clock import Clock

log = logging.getLogger(__name__)

Value = TypeVar("Value")

LONG_S = 0.2  # of a processor: what took no longer is made while the page waits


@dataclass(frozen=True, slots=True)
class Known(Generic[Value]):
    """A value of the moment `at`; `is_behind` when something has changed since and the next one is being made."""

    value: Value
    at: datetime
    is_behind: bool = False


@dataclass(frozen=True, slots=True)
class _Made:
    about: object
    stamp: object
    known: Known[Any]
    took_s: float


class Ahead:
    """One value for each name, with what it is about and the stamp of what it was made from. Safe from every thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._making: dict[str, threading.Lock] = {}
        self._failed: set[tuple[str, object]] = set()
        self._made: dict[str, _Made] = {}
        self._behind: dict[str, threading.Thread] = {}

    def get(self, name: str, about: object, stamp: object, make: Callable[[], Value]) -> Known[Value]:
        """Return the value of `name` about this: the last one where making it takes long and one is there."""
        found = self._made.get(name)
        if found is None or found.about != about or (found.stamp != stamp and found.took_s < LONG_S):
            found = self._make(name, about, stamp, make)
        if found.stamp == stamp:
            return found.known
        self._make_behind(name, about, stamp, make)
        return replace(found.known, is_behind=True)

    def at_once(self, name: str, about: object, stamp: object, make: Callable[[], Value]) -> Known[Value] | None:
        """Return the last value of `name` about this; None while the first one is being made behind the page.

        One whose making failed behind the page is made in front of it, so that whoever asks hears why.
        """
        found = self._made.get(name)
        if (name, about) in self._failed:
            self._failed.discard((name, about))
            found = self._make(name, about, stamp, make)
        if found is not None and found.about == about and found.stamp == stamp:
            return found.known
        self._make_behind(name, about, stamp, make)
        return replace(found.known, is_behind=True) if found is not None and found.about == about else None

    def finish(self) -> None:
        """Wait for what is being made behind a page."""
        for thread in list(self._behind.values()):
            thread.join()

    def _make(self, name: str, about: object, stamp: object, make: Callable[[], Value]) -> _Made:
        with self._lock:
            making = self._making.setdefault(name, threading.Lock())
        with making:
            found = self._made.get(name)
            if found is not None and (found.about, found.stamp) == (about, stamp):
                return found  # somebody else has made it in the meantime
            at, began = self._clock.now(), time.thread_time()
            value = make()
            found = self._made[name] = _Made(about, stamp, Known(value, at), time.thread_time() - began)
            return found

    def _make_behind(self, name: str, about: object, stamp: object, make: Callable[[], Value]) -> None:
        def work() -> None:
            try:
                self._make(name, about, stamp, make)
            except Exception:
                log.exception("what %s shows could not be made anew", name)
                self._failed.add((name, about))

        with self._lock:
            last = self._behind.get(name)
            if last is None or not last.is_alive():
                self._behind[name] = threading.Thread(target=work, name=f"ahead-{name}", daemon=True)
                self._behind[name].start()
