# -*- coding: utf-8 -*-
"""Changes of the system's services: OfficeRnD's own connector stopped, our schedule told to the scheduler."""

from __future__ import absolute_import, division, print_function, unicode_literals

from . import places, windows
from .change import Change
from .stop import InstallStop


class OldAgent(Change):
    """The service of OfficeRnD's own connector: stopped and disabled; its files and settings stay."""

    kind = "service"
    subject = places.OLD_AGENT_SERVICE

    def __init__(self, state, run):
        self._state = state
        self._run = run

    def describe(self):
        return (
            "stop and disable the service {0}, OfficeRnD's own connector, which deletes people it does not know every "
            "night; its files and settings stay for the way back".format(self.subject)
        )

    def is_done(self):
        found = places.old_agent_service(places.WINDOWS)
        return found is None or found == (False, "disabled")

    def before(self, journal):
        return {"running": self._state[0], "start": self._state[1]}

    def make(self, journal):
        self._run(["sc", "stop", self.subject])
        code, said = self._run(["sc", "config", self.subject, "start=", "disabled"])
        if code != 0:
            raise InstallStop("The service {0} could not be disabled: {1}".format(self.subject, said.strip()))

    @staticmethod
    def undo(entry, context):
        context.run(["sc", "config", entry.subject, "start=", entry.before["start"]])
        if entry.before["running"]:
            context.run(["sc", "start", entry.subject])
        return "the service {0} is as it was; PaperCut's keys decide whether it is asked".format(entry.subject)


class SearchPath(Change):
    """The relay's folder among those in which Windows looks for a command, for everybody."""

    kind = "path"

    def __init__(self, folder):
        self.subject = folder

    def describe(self):
        return "add {0} to this machine's PATH, so that papercut-relay can be typed".format(self.subject)

    def is_done(self):
        return _names(windows.machine_path()[0], self.subject)

    def make(self, journal):
        text, kind = windows.machine_path()
        windows.set_machine_path(";".join([part for part in (text.rstrip(";"), self.subject) if part]), kind)

    @staticmethod
    def undo(entry, context):
        text, kind = windows.machine_path()
        if _names(text, entry.subject):
            kept = [part for part in text.split(";") if not _names(part, entry.subject)]
            windows.set_machine_path(";".join(kept), kind)
        return ""


def _names(path, folder):
    """Return whether a list of folders names one, by Windows' reading of names.

    >>> _names("C:\\\\x;c:\\\\our folder\\\\", "C:\\\\Our folder")
    True
    """
    plain = folder.rstrip("\\").lower()
    return plain in [part.strip().rstrip("\\").lower() for part in path.split(";")]


class ScheduledStart(Change):
    """The system told of what it is to start by itself: the daily run, or the console."""

    kind = "schedule"

    def __init__(self, on, off, run, journal, name=places.TASK_NAME):
        self.subject = name
        self._on = on
        self._off = off
        self._run = run
        self._journal = journal

    def describe(self):
        return "tell the system: {0}".format("; ".join([" ".join(command) for command in self._on]))

    def is_done(self):
        return self._journal.find("scheduled", self.subject) is not None

    def after(self):
        return {"off": self._off}

    def make(self, journal):
        for command in self._on:
            code, said = self._run(command)
            if code != 0:
                raise InstallStop("{0} failed: {1}".format(" ".join(command), said.strip()))
        self._journal.note("scheduled", self.subject, None, None)

    @staticmethod
    def undo(entry, context):
        for command in entry.after["off"]:
            context.run(command)
        return ""
