# -*- coding: utf-8 -*-
"""Changes of files and folders: each tells what it will do, whether it is done, what was there, and how to undo it.

Files appear whole or not at all. Every undo may be repeated; one that finds what somebody else has changed since takes
back our part alone, or leaves it and says so. It must not know why anything is changed.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import os

from . import held, owners, places, properties
from .change import Change
from .stop import InstallStop
from papercut_scripts import compat

ASIDE = ".before-officernd"
BYTE_CODE = "__pycache__"


class Folder(Change):
    """A folder with its rights. `account` owns it; `data` marks one whose content outlives us unless purged."""

    kind = "folder"

    def __init__(self, path, mode=0o755, account="", data=False):
        self.subject = path
        self._mode = mode
        self._account = account
        self._data = data

    def describe(self):
        whose = " for {0} alone".format(self._account) if self._account and self._mode == 0o700 else ""
        return "make the folder {0}{1}".format(self.subject, whose)

    def is_done(self):
        if not held.is_folder(self.subject):
            return False
        if compat.WINDOWS:
            return True
        now = rights_of(self.subject)
        return now == wanted(self._mode, self._account, now)

    def before(self, journal):
        return rights_of(self.subject) if held.is_folder(self.subject) else None

    def after(self):
        return {"data": self._data}

    def make(self, journal):
        folder, name = held.above(self.subject)
        with folder:
            if not folder.is_folder(name):
                folder.make(name, wanted(self._mode, self._account))
            elif not compat.WINDOWS:
                folder.give(name, wanted(self._mode, self._account, folder.rights(name)))
        restrict(self.subject, self._mode, self._account)

    @staticmethod
    def undo(entry, context):
        path = entry.subject
        if not held.is_folder(path):
            return ""
        folder, name = held.above(path)
        with folder:
            if entry.before is not None:
                folder.give(name, entry.before)
            elif entry.after["data"] and context.purge:
                folder.remove(name)
                return "removed {0} with all that was in it".format(path)
            else:
                try:
                    folder.remove_empty(name)
                except EnvironmentError:
                    return "kept {0}, which is not empty".format(path)
        return ""


class File(Change):
    """A file with its whole content."""

    kind = "file"

    def __init__(self, path, data, mode=0o644, account="", what="", keep_changed=False):
        self.subject = path
        self._data = data
        self._mode = mode
        self._account = account
        self._what = what
        self._keep_changed = keep_changed

    def describe(self):
        return "write {0}{1}".format(self.subject, " ({0})".format(self._what) if self._what else "")

    def is_done(self):
        if not held.is_file(self.subject):
            return False
        return held.read(self.subject) == self._data or self._keep_changed

    def before(self, journal):
        return _file_before(self.subject, journal)

    def after(self):
        return {"sha256": compat.sha256_hex(self._data), "data": self._keep_changed}

    def make(self, journal):
        write(self.subject, self._data, self._mode, self._account)

    @staticmethod
    def undo(entry, context):
        path = entry.subject
        _sweep(path)
        if entry.before is not None:
            return _put_back(path, entry.before, context.journal)
        if not held.is_file(path):
            return ""
        ours = compat.sha256_hex(held.read(path)) == entry.after["sha256"]
        if entry.after["data"] and not context.purge:
            return "kept {0}".format(path)
        if not ours and not context.purge:
            return "kept {0}, which has been changed since".format(path)
        held.remove(path)
        return ""


class Moved(File):
    """A file of ours that lies in another place from now on; PaperCut's account owns it."""

    def __init__(self, old, path, account):
        File.__init__(self, path, b"", 0o600, account, keep_changed=True)
        self._old = old
        self._data = held.read(old)

    def describe(self):
        return "move {0} to {1}, where the console can change it".format(self._old, self.subject)

    def is_done(self):
        return held.is_file(self.subject) and not held.exists(self._old)

    def make(self, journal):
        if not held.is_file(self.subject):
            File.make(self, journal)
        held.remove(self._old)
        above, name = held.above(os.path.dirname(self._old))
        with above:
            try:
                above.remove_empty(name)
            except EnvironmentError:
                pass  # more lies in it


class Tree(Change):
    """A folder that is ours alone, with everything in it: {"relative/name": (bytes, mode)}; `account` may read it.

    One that was there before us is moved aside, and comes back.
    """

    kind = "tree"

    def __init__(self, path, files, what, account=""):
        self.subject = path
        self._files = files
        self._what = what
        self._account = account

    def describe(self):
        verb = "bring up to date" if held.is_folder(self.subject) else "write"
        return "{0} {1} ({2})".format(verb, self.subject, self._what)

    def is_done(self):
        if not held.is_folder(self.subject):
            return False
        return self._found() == {name: data for name, (data, _) in self._files.items()}

    def _found(self):
        """Return what lies in the folder; None in place of the bytes of what is no plain file."""
        with held.hold(self.subject) as folder:
            return _inside(folder)

    def before(self, journal):
        known = journal.find(self.kind, self.subject)
        if known is not None or not held.exists(self.subject):
            return None
        return {"aside": self.subject + ASIDE}

    def _make_room(self, folder, name, journal):
        entry = journal.find(self.kind, self.subject)
        aside = os.path.basename(entry.before["aside"]) if entry and entry.before else ""
        if aside and not folder.exists(aside) and folder.exists(name):
            folder.rename(name, aside)
        elif folder.exists(name) and not folder.is_folder(name):
            folder.remove(name)  # a link: ours was a folder

    def make(self, journal):
        above, name = held.above(self.subject)
        with above:
            self._make_room(above, name, journal)
            rights = readable_by(self._account)
            if not above.is_folder(name):
                above.make(name, rights or wanted(0o750, ""))
            elif rights:
                above.give(name, rights)
            restrict(self.subject, 0o750, self._account)
            with above.below(name) as folder:
                self._fill(folder)

    def _fill(self, folder):
        here = _inside(folder)
        for name in sorted(self._files):
            data, mode = self._files[name]
            if here.get(name) != data:
                _write_below(folder, name.split("/"), data, wanted(mode, ""))
        for name in sorted(set(here) - set(self._files)):
            _remove_below(folder, name.split("/"))

    @staticmethod
    def undo(entry, context):
        path, aside = entry.subject, entry.before["aside"] if entry.before else ""
        if not held.is_folder(os.path.dirname(path)):
            return ""
        above, name = held.above(path)
        with above:
            above.sweep(name)
            aside = os.path.basename(aside)
            if aside and not above.exists(aside):
                return ""  # it was not yet moved, or is back already
            above.remove(name)
            if aside:
                above.rename(aside, name)
        return ""


def _inside(folder, prefix=""):
    """Return {"relative/name": bytes} of all that lies in a folder; None for what is no plain file."""
    found = {}
    for name in folder.names():
        if folder.is_folder(name):
            with folder.below(name) as inner:
                found.update(_inside(inner, prefix + name + "/"))
        else:
            found[prefix + name] = folder.read(name) if folder.is_file(name) else None
    return found


def _write_below(folder, steps, data, rights):
    if len(steps) == 1:
        if folder.is_folder(steps[0]):
            folder.remove(steps[0])
        folder.replace(steps[0], data, rights)
        return
    if not folder.is_folder(steps[0]):
        folder.remove(steps[0])
        folder.make(steps[0], wanted(0o755, ""))
    with folder.below(steps[0]) as inner:
        _write_below(inner, steps[1:], data, rights)


def _remove_below(folder, steps):
    """Remove a file, and the folders on the way to it that are empty then."""
    if len(steps) > 1:
        with folder.below(steps[0]) as inner:
            _remove_below(inner, steps[1:])
            if inner.names():
                return
    folder.remove(steps[0])


def compiled(name, source):
    """Return the byte code of a script as its interpreter looks for it: ("__pycache__/x.cpython-311.pyc", bytes).

    PaperCut starts the scripts at each login, and its account may not write into their folder. It names the source by
    its content (PEP 552), so that it never stands for another one. The same source makes the same bytes, which marshal
    promises up to version 2 only: later ones mark what happens to be used twice in this process.
    """
    import importlib.util  # novm: never reached by Jython
    import marshal

    target = os.path.basename(importlib.util.cache_from_source(name))  # novm
    code = compile(source, name, "exec", dont_inherit=True)
    head = importlib.util.MAGIC_NUMBER + b"\3\0\0\0" + importlib.util.source_hash(source)  # novm
    return BYTE_CODE + "/" + target, head + marshal.dumps(code, 2)


def compile_all(folder):
    """Compile a library in a folder of root's."""
    if compat.JYTHON:
        return
    import compileall

    compileall.compile_dir(str(folder), quiet=2, force=False)


class ListedFolder(Change):
    """An entry in a list of security.properties."""

    kind = "listed"

    def __init__(self, path, folder, windows):
        self.subject = path
        self._folder = folder
        self._windows = windows
        self._old = held.read(path)
        self._new = properties.with_entry(self._old, folder, windows)

    def describe(self):
        return "add {0} to {1} in {2}; nothing else in the file changes".format(
            self._folder, properties.FOLDER_LIST, self.subject
        )

    def is_done(self):
        return properties.has_entry(held.read(self.subject), self._folder, self._windows)

    def before(self, journal):
        return _file_before(self.subject, journal)

    def after(self):
        return {"sha256": compat.sha256_hex(self._new), "folder": self._folder, "windows": self._windows}

    def make(self, journal):
        replace(self.subject, self._new, rights_of(self.subject))

    @staticmethod
    def undo(entry, context):
        path = entry.subject
        _sweep(path)
        if not held.is_file(path):
            return "{0} is gone; nothing was put in its place".format(path)
        now = held.read(path)
        if compat.sha256_hex(now) in (entry.after["sha256"], entry.before["sha256"]):
            return _put_back(path, entry.before, context.journal)
        folder, windows = entry.after["folder"], entry.after["windows"]
        data = properties.without_entry(now, folder, windows)
        if data != now:
            replace(path, data, rights_of(path))
        return "{0} has been changed since: only our own entry was taken out".format(path)


def _sweep(path):
    """Remove what a killed run left of writing `path`."""
    if held.is_folder(os.path.dirname(path)):
        folder, name = held.above(path)
        with folder:
            folder.sweep(name)


def replace(path, data, rights):
    """Replace a file by bytes as a whole, with these rights from the first moment on."""
    folder, name = held.above(path)
    with folder:
        folder.replace(name, data, rights)


def write(path, data, mode, account=""):
    """Replace a file by bytes as a whole; `account` owns it."""
    replace(path, data, wanted(mode, account))
    restrict(path, mode, account, False)


def _file_before(path, journal):
    if not held.is_file(path):
        return None
    data = held.read(path)
    before = dict(rights_of(path))
    before.update({"sha256": compat.sha256_hex(data), "saved": journal.keep(data)})
    return before


def _put_back(path, before, journal):
    data = journal.kept(before["saved"])
    rights = {key: before[key] for key in ("mode", "uid", "gid")}
    if not held.is_file(path) or held.read(path) != data or (not compat.WINDOWS and rights_of(path) != rights):
        replace(path, data, rights)
    return ""


# -- rights -----------------------------------------------------------------------------------------------------------


def rights_of(path):
    folder, name = held.above(path)
    with folder:
        return folder.rights(name)


def wanted(mode, account, now=None):
    """Return the rights of what `account` shall own; without one of this machine it is of who installs, or stays his.

    >>> wanted(0o644, "", {"mode": 0o600, "uid": 7, "gid": 8}) == {"mode": 0o644, "uid": 7, "gid": 8}
    True
    """
    owner = owners.ids(account)
    if owner is None and now is not None:
        owner = now["uid"], now["gid"]
    if owner is None and (compat.WINDOWS or compat.JYTHON):
        owner = 0, 0  # nobody asks for them there
    if owner is None:
        owner = os.geteuid(), os.getegid()
    return {"mode": mode, "uid": owner[0], "gid": owner[1]}


def readable_by(account):
    """Return the rights of a folder that only root writes and `account` reads, None where that cannot be had."""
    found = owners.ids(account)
    return {"mode": 0o750, "uid": 0, "gid": found[1]} if found else None


def restrict(path, mode, account, is_folder=True):
    """Windows: let administrators, SYSTEM and `account` in and nobody else, where `mode` says so; 0o750: read only.

    What is open to everybody takes its rights from the folder above, as Windows has it.
    """
    if compat.WINDOWS and not mode & 0o007:
        reason = places.restrict(path, account or "SYSTEM", not mode & 0o070, is_folder)
        if reason:
            raise InstallStop("The rights of {0} could not be set: {1}".format(path, reason))
