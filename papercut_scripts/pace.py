# -*- coding: utf-8 -*-
"""Runs inside PaperCut's server folder under CPython 3.9+ and Jython 2.7, standard library only.

How long a refusal takes, so that its time does not tell who exists: one that asked nobody waits as long as OfficeRnD
took lately over a password. Strangers are still not asked about anywhere.

State: `state/signin_ms`, one line each: how many milliseconds one of the last calls took.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import os

from papercut_scripts import compat

SHORTEST_S, LONGEST_S = 0.2, 1.0
KEPT = 15
SPARE_S = 0.1  # kept back, so that waiting never makes an answer late


def remember(home, took_s):
    """Keep how long a call for a verdict took. Never raises: a full disk must not refuse a login."""
    try:
        lines = (_kept(home) + [int(took_s * 1000)])[-KEPT:]
        data = "".join(["{0}\n".format(number) for number in lines])
        compat.write_private(_path(home), data.encode("ascii"))
    except compat.ANY_ERROR:
        pass


def typical_s(home):
    """Return how long such a call takes: the median of the last ones, and never beyond the two bounds."""
    kept = sorted(_kept(home))
    return min(LONGEST_S, max(SHORTEST_S, kept[len(kept) // 2] / 1000.0)) if kept else SHORTEST_S


def wait(home, deadline):
    """Wait as long as a call would have taken, where that is before `deadline`."""
    compat.pause(min(typical_s(home), deadline - compat.monotonic() - SPARE_S))


def _path(home):
    return os.path.join(home, "state", "signin_ms")


def _kept(home):
    try:
        words = compat.read_file(_path(home))[:1000].decode("ascii", "replace").split()
    except compat.ANY_ERROR:
        return []
    return [int(word) for word in words if word.isdigit() and len(word) < 7]
