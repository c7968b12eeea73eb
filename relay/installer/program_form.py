# -*- coding: utf-8 -*-
"""Which form PaperCut takes its two programs in, full path or name: tried by a sync, the other one where that fails.

PaperCut's newest manual has a name typed in, which it looks for in the listed folders (since 22.1.1); the one site that
is known used full paths (22.0.9). A sync that neither deletes nor updates anybody shows in the user source's own log
which of the two was started.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import os
import time

from . import changes, config, proof
from .settings import ConfigKey
from papercut_scripts import compat

POLL_S = 0.2
LIMIT_S = 60


class ProgramKey(ConfigKey):
    """One of the two keys: whichever form of our program it holds is right until a sync says otherwise."""

    def __init__(self, keys, key, path, why):
        ConfigKey.__init__(self, keys, key, path, why)
        self._path = path

    def is_done(self):
        return self._config.get(self.subject) in (self._path, os.path.basename(self._path))


def settle(facts, programs, journal, say, limit_s=LIMIT_S):
    """Return whether PaperCut starts our user source, trying the other form of both keys where it does not.

    `programs` are (key, path); where neither form is started the keys are left as they were.
    """
    keys = facts.config
    before = {key: keys.get(key) for key, _ in programs}
    first = all(before[key] == os.path.basename(path) for key, path in programs)
    for by_name in (first, not first):
        for key, path in programs:
            value = os.path.basename(path) if by_name else path
            changes.carry_out(ConfigKey(keys, key, value, "the form that PaperCut starts it by"), journal)
        if _is_asked_by_a_sync(facts.home, keys, limit_s):
            say("PaperCut starts our programs by {0}.".format("name" if by_name else "full path"))
            return True
        say("A sync did not start our user source by {0}.".format("name" if by_name else "full path"))
    for key, _ in programs:
        changes.carry_out(ConfigKey(keys, key, before[key], "as it was"), journal)
    return False


def _is_asked_by_a_sync(home, keys, limit_s):
    seen = proof.queries(home)
    try:
        keys.sync()
    except config.PaperCutUnreachable:
        return False
    deadline = compat.monotonic() + limit_s
    while compat.monotonic() < deadline:
        if proof.queries(home) > seen:
            return True
        time.sleep(POLL_S)
    return False
