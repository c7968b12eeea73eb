"""Effects that come late: in order, once, and never after they were dropped."""

from __future__ import annotations

import math

from relay.clock import Clock
from relay.sandbox.late import LateEffects
from tests.support.still_clock import StillClock


class HandTimer:
    """Stands in the place of `threading.Timer` and goes off when told."""

    made: list[HandTimer] = []

    def __init__(self, delay_s, function):
        self.delay_s, self.function = delay_s, function
        self.started = self.cancelled = self.daemon = False
        self.made.append(self)

    def start(self):
        self.started = True

    def cancel(self):
        self.cancelled = True


def late_on_the_machines_clock():
    HandTimer.made = []
    return LateEffects(Clock(), HandTimer), HandTimer.made


def test_on_a_still_clock_the_next_call_does_what_is_due():
    """In the order of the times, and of the asking where they are equal."""
    clock, done = StillClock(), []
    late = LateEffects(clock, HandTimer)
    HandTimer.made = []
    late.add(20, lambda: done.append("third"))
    late.add(10, lambda: done.append("first"))
    late.add(10, lambda: done.append("second"))
    late.run_due()
    assert (done, len(late)) == ([], 3)
    clock.move(seconds=15)
    late.run_due()
    assert (done, len(late)) == (["first", "second"], 1)
    clock.move(seconds=5)
    late.run_due()
    late.run_due()
    assert done == ["first", "second", "third"]
    assert HandTimer.made == []


def test_on_the_machines_clock_a_timer_does_it():
    """Nobody has to call, and nothing is done twice."""
    late, timers = late_on_the_machines_clock()
    done = []
    late.add(3600, lambda: done.append("one"))
    late.add(7200, lambda: done.append("two"))
    late.add(9999, lambda: done.append("three"))
    assert [(timer.delay_s, timer.started, timer.daemon) for timer in timers] == [
        (3600, True, True),
        (7200, True, True),
        (9999, True, True),
    ]
    timers[1].function()  # two timers may go off in the wrong order
    assert done == ["one", "two"]
    timers[0].function()
    assert (done, len(late)) == (["one", "two"], 1)


def test_what_is_dropped_never_happens():
    """A server that was stopped or restored does not go on with what it was doing."""
    late, timers = late_on_the_machines_clock()
    done = []
    late.add(3600, lambda: done.append("one"))
    with late.dropped():
        assert len(late) == 0
    assert timers[0].cancelled
    timers[0].function()  # it went off at that very moment
    late.run_all()
    assert done == []


def test_what_waits_for_ever_waits_for_a_word():
    """An infinite delay has no timer."""
    late, timers = late_on_the_machines_clock()
    done = []
    late.add(math.inf, lambda: done.append("one"))
    late.run_due()
    assert (done, timers) == ([], [])
    late.run_all()
    assert done == ["one"]


def test_work_that_fails_does_not_keep_the_rest_from_being_done(caplog):
    """There is nobody to tell but the log."""
    late, _ = late_on_the_machines_clock()
    done = []
    late.add(0, lambda: 1 / 0)
    late.add(0, lambda: done.append("two"))
    late.run_all()
    assert done == ["two"]
    assert "ZeroDivisionError" in caplog.text
