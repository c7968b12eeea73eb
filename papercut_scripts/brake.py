# -*- coding: utf-8 -*-
"""Runs inside PaperCut's server folder under CPython 3.9+ and Jython 2.7, standard library only.

The brake on guessing: whoever failed LIMIT times within WINDOW_S is refused without being checked until the oldest
failure is older than that. It counts people apart from each other; how many fail in all gives an alert and no refusal.
A name that nobody has is counted just the same, under a keyed hash, since people type passwords into the wrong field.

State: `state/failures`, one line each: seconds since 1970, key. A brake that cannot be read or written lets the login
be checked: a full disk must not lock everybody out.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import os
import time

from papercut_scripts import compat

LIMIT = 10
WINDOW_S = 30 * 60
ALERT_EVERY = 50  # failures of all people within the window
MAX_LINES = 20000
WAIT_S = 1.0


def person_key(home, name):
    """Return who is meant by a username or typed name, unreadable outside this machine; the audit log has it too.

    "" where the key cannot be had: what was typed may be a password in the wrong field, and goes nowhere without.
    """
    secret = _secret(home)
    return compat.sha256_hex((secret + "\n" + name.strip().lower()).encode("utf-8"))[:16] if secret else ""


def _secret(home):
    path = os.path.join(home, "state", "key")
    try:
        return compat.read_file(path).decode("ascii")
    except compat.ANY_ERROR:
        pass
    try:
        with compat.Lock(path + ".lock", WAIT_S):
            if not os.path.exists(path):
                compat.write_private(path, compat.random_hex(32).encode("ascii"), durable=True)
        return compat.read_file(path).decode("ascii")
    except compat.ANY_ERROR:
        return ""


def is_on(home, key):
    """Return whether the person behind `key` has failed too often to be checked now."""
    if not key:
        return False  # nobody can be told from anybody: other people's failures must not refuse a member
    try:
        return len([line for line in _recent(_path(home)) if line.endswith(" " + key)]) >= LIMIT
    except compat.ANY_ERROR:
        return False


def count_failure(home, key):
    """Count a failure; return the number of failures of all people where it is time for an alert, else 0."""
    try:
        with compat.Lock(_path(home) + ".lock", WAIT_S):
            lines = _recent(_path(home))
            lines.append("{0} {1}".format(int(time.time()), key))
            _write(home, lines)
            return len(lines) if len(lines) % ALERT_EVERY == 0 else 0
    except compat.ANY_ERROR:
        return 0


def forgive(home, key):
    """Forget a person's failures after a success."""
    try:
        if not [line for line in _recent(_path(home)) if line.endswith(" " + key)]:
            return
        with compat.Lock(_path(home) + ".lock", WAIT_S):
            _write(home, [line for line in _recent(_path(home)) if not line.endswith(" " + key)])
    except compat.ANY_ERROR:
        pass


def _path(home):
    return os.path.join(home, "state", "failures")


def _recent(path):
    """Return the lines of the window. Lines from the future, of a clock that was wrong, count as old."""
    if not os.path.exists(path):
        return []
    now = time.time()
    lines = compat.read_file(path).decode("ascii", "replace").split("\n")
    return [line for line in lines if line[:10].isdigit() and now - WINDOW_S <= int(line[:10]) <= now + 60]


def _write(home, lines):
    compat.write_private(_path(home), "".join([line + "\n" for line in lines[-MAX_LINES:]]).encode("ascii"))
