# -*- coding: utf-8 -*-
"""Which processes of the relay run, so that nothing is taken from under them: Windows would refuse it half way."""

from __future__ import absolute_import, division, print_function, unicode_literals

import os
import time

from . import places, windows
from .stop import InstallStop
from papercut_scripts import compat

LIMIT_S = 5.0  # that a process may take to end
POLL_S = 0.2


def found(folder, system, run=places.run):
    """Return ["papercut-relay (process 4711)", ...] of what runs from below `folder`, ourselves apart."""
    if system == places.WINDOWS:
        each = windows.processes() if compat.WINDOWS and windows.has_api() else []
        start = folder.lower() + "\\"
        ours = [(number, path) for number, path in each if path.lower().startswith(start)]
    else:
        each = _by_proc() if os.path.isdir("/proc/self") else _by_ps(run)
        ours = [(number, words) for number, words in each if _is_ours(words, folder)]
    return ["{0} (process {1})".format(_named(text), number) for number, text in sorted(ours) if number != os.getpid()]


def stop(where, run=places.run):
    """End what the scheduler has started; raise InstallStop, with nothing changed, where somebody's own
    process stays."""
    if not found(where.relay, where.system, run):
        return
    for command in where.end_commands():
        run(command)
    deadline = compat.monotonic() + LIMIT_S
    names = found(where.relay, where.system, run)
    while names and compat.monotonic() < deadline:
        time.sleep(POLL_S)
        names = found(where.relay, where.system, run)
    if names:
        raise InstallStop(
            "{0} runs from {1}: end it (Ctrl+C in its window, or stop its service), then start this again. Nothing was "
            "changed.".format(", ".join(names), where.relay),
            3,
        )


def _named(text):
    """Return what a person calls it, by the program's path or the command line."""
    last = text.replace("\0", " ").strip()
    return "papercut-relay" + (" serve" if " serve" in last else "")


def _is_ours(words, folder):
    """Return whether a command line starts the relay: an editor that has a file of ours open does not."""
    starts = os.path.join(folder, "start.py")
    program = words.split("\0")[0]
    return program.startswith(folder + "/") or "python" in os.path.basename(program.split(" ")[0]) and starts in words


def _by_proc():
    """Return (number, words with a zero byte between them) of each process."""
    seen = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                words = compat.read_file("/proc/{0}/cmdline".format(name))
            except EnvironmentError:  # it has ended
                continue
            seen.append((int(name), words.decode("utf-8", "replace")))
    return seen


def _by_ps(run):
    lines = [line.split(None, 1) for line in run(["ps", "-axo", "pid=,command="])[1].splitlines()]
    return [(int(line[0]), line[1]) for line in lines if len(line) == 2 and line[0].isdigit()]
