"""Work that is done after its call was given up: the connection is closed at once, the effect comes later.

Both stand-ins use it. On the machine's own clock a timer does the work; a clock that only moves when told has no
timer, so there the work is done by the next call that arrives after its time. What is dropped never happens.
"""

from __future__ import annotations

import contextlib
import logging
import math
import threading
from bisect import insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from relay.clock import Clock

log = logging.getLogger(__name__)

Work = Callable[[], object]


@dataclass(order=True)
class _Late:
    due_s: float  # on the clock's monotonic scale; infinite: until `run_all`
    number: int  # what was asked for first comes first
    work: Work = field(compare=False)
    timer: threading.Timer | None = field(default=None, compare=False)


class LateEffects:
    """The work still to come, done one by one in the order of its time. A lock is held while it is done.

    Work that takes another lock, such as a stand-in's state, must not be added or done by somebody who holds that one.
    """

    def __init__(self, clock: Clock, timer: Callable[[float, Work], threading.Timer] = threading.Timer) -> None:
        self._clock = clock
        self._timer = timer
        self._lock = threading.RLock()
        self._count = 0
        self._waiting: list[_Late] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, delay_s: float, work: Work) -> None:
        """Have `work` done `delay_s` from now; `math.inf` waits for `run_all`."""
        with self._lock:
            self._count += 1
            late = _Late(self._clock.monotonic_s() + delay_s, self._count, work)
            insort(self._waiting, late)
            # Any other clock stands in for time itself: a timer would run ahead of it or behind.
            if type(self._clock) is Clock and math.isfinite(delay_s):
                late.timer = self._timer(delay_s, lambda: self._run_until(late.due_s))
                late.timer.daemon = True
                late.timer.start()

    def run_due(self) -> None:
        """Do what is due by the clock."""
        self._run_until(self._clock.monotonic_s())

    def run_all(self) -> None:
        """Do everything now."""
        self._run_until(math.inf)

    def drop(self) -> None:
        """Let nothing of it happen any more."""
        with self._lock:
            for late in self._waiting:
                if late.timer is not None:
                    late.timer.cancel()
            self._waiting.clear()

    @contextlib.contextmanager
    def dropped(self) -> Iterator[None]:
        """Drop everything, and do nothing late inside the block."""
        with self._lock:
            self.drop()
            yield

    def _run_until(self, due_s: float) -> None:
        """Do what is due up to a moment; what was done or dropped in the meantime is not there any more."""
        with self._lock:
            while self._waiting and self._waiting[0].due_s <= due_s:
                late = self._waiting.pop(0)
                if late.timer is not None:
                    late.timer.cancel()
                try:
                    late.work()
                except Exception:
                    # Nobody is there to be told: the call is over.
                    log.exception("late work of the stand-in failed")
