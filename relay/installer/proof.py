# -*- coding: utf-8 -*-
"""The proof that a real login works: a person logs in through PaperCut, and the login program's own log tells.

No page of PaperCut's is known well enough to type into it, and a program tried by a pipe may pass where every real
login fails (field report); so the person does it, with the right and with a wrong password, and we watch.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import json
import os
import time

from . import held
from papercut_scripts import compat

POLL_S = 0.2
LIMIT_S = 300


def is_synced(home):
    """Return whether there is a directory to log in from."""
    return held.is_file(os.path.join(home, "directory", "CURRENT"))


def source_is_asked(home):
    """Return whether PaperCut has asked our user source for people, which it does only when it is its source."""
    return queries(home) > 0


def queries(home):
    """Return how many questions about people PaperCut has asked our user source, by the log that is in force."""
    return sum(line.get("query", "") not in ("", "- is-valid") for line in _lines(home, "user_source", 0))


def login(home, url, say, limit_s=LIMIT_S):
    """Return whether a right password was accepted and a wrong one refused within the limit, telling what to do."""
    seen = _size(home, "auth")
    say(
        "Now log in at {0}/user as a member, with e-mail and password, and once more with a wrong password.".format(url)
    )
    accepted = rejected = False
    deadline = compat.monotonic() + limit_s
    while compat.monotonic() < deadline:
        lines = _lines(home, "auth", seen)
        if not accepted and any(line.get("verdict") == "accepted" for line in lines):
            accepted = True
            say("The right password was accepted, as {0}.".format(_who(lines)))
        if not rejected and any(line.get("verdict") == "rejected" for line in lines):
            rejected = True
            say("A wrong password was refused.")
        for line in lines:
            if line.get("verdict") == "unavailable":
                say("The login program could not tell ({0}).".format(line.get("detail") or line.get("reason")))
                return False
        if accepted and rejected:
            say("Both ways of a login work, through PaperCut itself.")
            return True
        time.sleep(POLL_S)
    what = "no login at all" if not accepted and not rejected else "only one of the two"
    say(
        'In {0:.0f} s the login program saw {1}: look for "failed to authenticate" in PaperCut\'s server.log, see that '
        "the server was restarted, and try again with --proof.".format(limit_s, what)
    )
    return False


def _who(lines):
    return next(line.get("username", "") for line in lines if line.get("verdict") == "accepted")


def _path(home, name):
    return os.path.join(home, "logs", name + ".log")


def _size(home, name):
    path = _path(home, name)
    return os.path.getsize(path) if os.path.isfile(path) else 0


def _lines(home, name, start):
    path = _path(home, name)
    if not held.is_file(path):
        return []
    data = held.read(path)
    found = []
    for line in data[start if start <= len(data) else 0 :].decode("utf-8", "replace").split("\n"):
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return [line for line in found if isinstance(line, dict)]
