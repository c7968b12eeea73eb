# -*- coding: utf-8 -*-
"""Changes of files and folders: each tells what it will do, whether it is done, what was there, and how to undo it.

Files appear whole or not at all. Every undo may be repeated; one that finds what somebody else has changed since takes
back our part alone, or leaves it and says so. It must not know why anything is changed.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import os
import shutil
import stat

from . import places, properties
from .stop import Stop
from papercut_scripts import compat

TEMPORARY = ".officernd-new"
ASIDE = ".before-officernd"


class Folder(object):
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
        if not os.path.isdir(self.subject):
            return False
        if compat.WINDOWS:
            return True
        return _rights(self.subject) == _wanted(self._mode, self._account, self.subject)

    def before(self, journal):
        return _rights(self.subject) if os.path.isdir(self.subject) else None

    def after(self):
        return {"data": self._data}

    def make(self, journal):
        if not os.path.isdir(self.subject):
            os.mkdir(self.subject, self._mode)  # with its rights from the first moment, by the umask of __main__
        give(self.subject, self._mode, self._account)

    @staticmethod
    def undo(entry, context):
        path = entry.subject
        if not os.path.isdir(path):
            return ""
        if entry.before is not None:
            _restore_rights(path, entry.before)
            return ""
        if entry.after["data"] and context.purge:
            shutil.rmtree(path)
            return "removed {0} with all that was in it".format(path)
        try:
            os.rmdir(path)
        except EnvironmentError:
            return "kept {0}, which is not empty".format(path)
        return ""


class File(object):
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
        if not os.path.isfile(self.subject):
            return False
        return compat.read_file(self.subject) == self._data or self._keep_changed

    def before(self, journal):
        return _file_before(self.subject, journal)

    def after(self):
        return {"sha256": compat.sha256_hex(self._data), "data": self._keep_changed}

    def make(self, journal):
        replace(self.subject, self._data, self._mode, self._account)

    @staticmethod
    def undo(entry, context):
        path = entry.subject
        compat.remove_quietly(path + TEMPORARY)
        if entry.before is not None:
            return _put_back(path, entry.before, context.journal)
        if not os.path.isfile(path):
            return ""
        ours = compat.sha256_hex(compat.read_file(path)) == entry.after["sha256"]
        if entry.after["data"] and not context.purge:
            return "kept {0}".format(path)
        if not ours and not context.purge:
            return "kept {0}, which has been changed since".format(path)
        _remove(path)
        return ""


class Tree(object):
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
        verb = "bring up to date" if os.path.isdir(self.subject) else "write"
        return "{0} {1} ({2})".format(verb, self.subject, self._what)

    def is_done(self):
        return self._found() == {name: data for name, (data, _) in self._files.items()}

    def _found(self):
        found = {}
        for folder, folders, names in os.walk(self.subject):
            folders[:] = [name for name in folders if name != "__pycache__"]
            for name in names:
                path = os.path.join(folder, name)
                found[os.path.relpath(path, self.subject).replace(os.sep, "/")] = compat.read_file(path)
        return found

    def before(self, journal):
        known = journal.find(self.kind, self.subject)
        if known is not None or not os.path.isdir(self.subject):
            return None
        return {"aside": self.subject + ASIDE}

    def after(self):
        return None

    def _make_room(self, journal):
        entry = journal.find(self.kind, self.subject)
        aside = entry.before["aside"] if entry and entry.before else ""
        if aside and not os.path.isdir(aside) and os.path.isdir(self.subject):
            os.rename(self.subject, aside)

    def make(self, journal):
        self._make_room(journal)
        if not os.path.isdir(self.subject):
            os.mkdir(self.subject, 0o750)
        restrict(self.subject, self._account)
        for name in sorted(self._files):
            data, mode = self._files[name]
            path = os.path.join(self.subject, *name.split("/"))
            if not os.path.isdir(os.path.dirname(path)):
                os.makedirs(os.path.dirname(path))
            if not os.path.isfile(path) or compat.read_file(path) != data:
                replace(path, data, mode)
        for name in set(self._found()) - set(self._files):
            _remove(os.path.join(self.subject, *name.split("/")))
        compile_all(self.subject)

    @staticmethod
    def undo(entry, context):
        path, aside = entry.subject, entry.before["aside"] if entry.before else ""
        if os.path.isdir(path + TEMPORARY):
            shutil.rmtree(path + TEMPORARY)
        if aside and not os.path.isdir(aside):
            return ""  # it was not yet moved, or is back already
        if os.path.isdir(path):
            shutil.rmtree(path)
        if aside:
            os.rename(aside, path)
        return ""


def compile_all(folder):
    """Compile what PaperCut starts at each login: its account may not write into the folder."""
    if compat.JYTHON:
        return
    import compileall

    compileall.compile_dir(str(folder), quiet=2, force=False)


class ListedFolder(object):
    """An entry in a list of security.properties."""

    kind = "listed"

    def __init__(self, path, folder, windows):
        self.subject = path
        self._folder = folder
        self._windows = windows
        self._old = compat.read_file(path)
        self._new = properties.with_entry(self._old, properties.FOLDER_LIST, folder, windows)

    def describe(self):
        return "add {0} to {1} in {2}; nothing else in the file changes".format(
            self._folder, properties.FOLDER_LIST, self.subject
        )

    def is_done(self):
        return properties.has_entry(compat.read_file(self.subject), properties.FOLDER_LIST, self._folder, self._windows)

    def before(self, journal):
        return _file_before(self.subject, journal)

    def after(self):
        return {"sha256": compat.sha256_hex(self._new), "folder": self._folder, "windows": self._windows}

    def make(self, journal):
        replace(self.subject, self._new, None)

    @staticmethod
    def undo(entry, context):
        path = entry.subject
        compat.remove_quietly(path + TEMPORARY)
        if not os.path.isfile(path):
            return "{0} is gone; nothing was put in its place".format(path)
        now = compat.read_file(path)
        if compat.sha256_hex(now) in (entry.after["sha256"], entry.before["sha256"]):
            return _put_back(path, entry.before, context.journal)
        folder, windows = entry.after["folder"], entry.after["windows"]
        data = properties.without_entry(now, properties.FOLDER_LIST, folder, windows)
        if data != now:
            replace(path, data, None)
        return "{0} has been changed since: only our own entry was taken out".format(path)


def restrict(folder, account):
    """Let `account` read a folder that only administrators write, and nobody else."""
    if compat.WINDOWS:
        _restrict(folder, account, False, True)
        return
    ids = account_ids(account)
    if ids is not None:
        os.chown(folder, 0, ids[1])
        os.chmod(folder, 0o750)


def _restrict(path, account, owner_only, is_folder):
    reason = places.restrict(path, account or "SYSTEM", owner_only, is_folder)
    if reason:
        raise Stop("The rights of {0} could not be set: {1}".format(path, reason))


def replace(path, data, mode, account=""):
    """Replace a file by bytes as a whole; `mode` None keeps the rights that it has."""
    rights = _rights(path) if mode is None else None
    temporary = path + TEMPORARY
    compat.remove_quietly(temporary)
    compat.create_private(temporary)
    with open(temporary, "r+b") as target:
        target.write(data)
        target.flush()
        os.fsync(target.fileno())
    if rights is not None:
        _restore_rights(temporary, rights)
    else:
        give(temporary, mode, account)
    _make_writable(path)
    compat.replace(temporary, path)


def _file_before(path, journal):
    if not os.path.isfile(path):
        return None
    data = compat.read_file(path)
    before = dict(_rights(path))
    before.update({"sha256": compat.sha256_hex(data), "saved": journal.keep(data)})
    return before


def _put_back(path, before, journal):
    data = journal.kept(before["saved"])
    if not os.path.isfile(path) or compat.read_file(path) != data:
        replace(path, data, 0o600)
    _restore_rights(path, before)
    return ""


def _remove(path):
    _make_writable(path)
    os.remove(path)


def _make_writable(path):
    # Windows neither replaces nor removes a file that is marked read-only.
    if compat.WINDOWS and os.path.exists(path):
        os.chmod(path, stat.S_IWRITE | stat.S_IREAD)


# -- rights -----------------------------------------------------------------------------------------------------------


def _rights(path):
    found = os.stat(path)
    return {"mode": stat.S_IMODE(found.st_mode), "uid": found.st_uid, "gid": found.st_gid}


def _restore_rights(path, rights):
    os.chmod(path, rights["mode"])
    if not compat.WINDOWS and hasattr(os, "chown"):
        os.chown(path, rights["uid"], rights["gid"])


def _wanted(mode, account, path):
    rights = {"mode": mode, "uid": 0, "gid": 0}
    owner = account_ids(account)
    if owner is None:  # nobody to give it to: it belongs to who installs
        rights.update({"uid": os.stat(path).st_uid, "gid": os.stat(path).st_gid})
    else:
        rights.update({"uid": owner[0], "gid": owner[1]})
    return rights


def account_ids(account):
    """Return (uid, gid) of an account by its name, None where that means nothing here."""
    if compat.WINDOWS or compat.JYTHON or not account or os.geteuid() != 0:
        return None
    import pwd

    try:
        found = pwd.getpwnam(account)
    except KeyError:
        return None
    return found.pw_uid, found.pw_gid


def give(path, mode, account=""):
    """Give a file or folder its rights, and to `account` where this system and this user can."""
    if compat.WINDOWS:
        if mode & 0o077 == 0:  # the others take their rights from the folder above, as Windows has it
            _restrict(path, account, True, os.path.isdir(path))
        return
    os.chmod(path, mode)
    owner = account_ids(account)
    if owner is not None:
        os.chown(path, *owner)
