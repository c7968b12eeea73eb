# -*- coding: utf-8 -*-
"""The undo journal: what was there before each change, written to the disk before the change is made.

One JSON object a line in a folder that only administrators may read (old tokens are in it). A line that a kill cut off
belongs to a change that was not made. It must not know what the changes mean; `changes` does.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import collections
import io
import json
import os
import shutil

from papercut_scripts import compat

NAME = "journal.jsonl"
UNDONE = "undone"


class InstallEntry(object):
    """All that is written about one subject: how it was before the first change, how it was left by the last one."""

    def __init__(self, kind, subject, before, after):
        self.kind = kind
        self.subject = subject
        self.before = before
        self.after = after


class InstallJournal(object):
    def __init__(self, folder):
        self.folder = folder
        self._path = os.path.join(folder, NAME)

    def exists(self):
        return os.path.exists(self._path)

    def entries(self):
        """Return the entries in the order in which their subjects were first changed."""
        found = collections.OrderedDict()
        for line in self._lines():
            if line["kind"] == UNDONE:
                found.pop(tuple(line["subject"]), None)
                continue
            entry = InstallEntry(line["kind"], line["subject"], line["before"], line["after"])
            first = found.setdefault((entry.kind, entry.subject), entry)
            first.after = entry.after
        return list(found.values())

    def find(self, kind, subject):
        return next((entry for entry in self.entries() if (entry.kind, entry.subject) == (kind, subject)), None)

    def note(self, kind, subject, before, after):
        """Write down a change that is about to be made; `before` counts only where nothing is known of the subject."""
        compat.make_private_folder(self.folder)
        line = {"kind": kind, "subject": subject, "before": before, "after": after}
        data = (json.dumps(line, sort_keys=True) + "\n").encode("ascii")
        if not os.path.exists(self._path):
            compat.create_private(self._path)
        self._cut_off_half_a_line()
        with io.open(self._path, "ab") as target:
            target.write(data)
            target.flush()
            os.fsync(target.fileno())

    def undone(self, entry):
        """Write down that a change is taken back, so that another uninstall does not ask for it again."""
        self.note(UNDONE, [entry.kind, entry.subject], None, None)

    def keep(self, data):
        """Keep a copy of a file's bytes and return its name; equal bytes are kept once."""
        name = compat.sha256_hex(data) + ".saved"
        path = os.path.join(self.folder, name)
        if not os.path.exists(path):
            compat.make_private_folder(self.folder)
            compat.write_private(path, data, durable=True)
        return name

    def kept(self, name):
        return compat.read_file(os.path.join(self.folder, name))

    def keep_only(self, entries):
        """Forget all but these, which were there for nobody before us; without any the journal is removed."""
        if not entries:
            self.forget()
            return
        lines = [{"kind": one.kind, "subject": one.subject, "before": None, "after": one.after} for one in entries]
        data = "".join([json.dumps(line, sort_keys=True) + "\n" for line in lines])
        compat.write_private(self._path, data.encode("ascii"), durable=True)
        for name in os.listdir(self.folder):
            if name != NAME:
                os.remove(os.path.join(self.folder, name))

    def forget(self):
        """Remove the journal: everything is as it was."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _lines(self):
        if not self.exists():
            return []
        lines = []
        for text in compat.read_file(self._path).decode("utf-8").split("\n"):
            try:
                lines.append(json.loads(text))
            except ValueError:
                continue  # the end of the file, or the line that a kill cut off
        return lines

    def _cut_off_half_a_line(self):
        data = compat.read_file(self._path)
        if data and not data.endswith(b"\n"):
            with io.open(self._path, "r+b") as target:
                target.truncate(data.rfind(b"\n") + 1)
