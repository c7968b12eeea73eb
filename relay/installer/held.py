# -*- coding: utf-8 -*-
"""Folders held open, so that work of root's in a folder of somebody else's never ends anywhere else.

PaperCut's account owns PaperCut's folder and may exchange every name in it while we work there, for a link to a file of
root's, say. So a folder is opened one step at a time, no link is followed that others may have made, and all work is
done on what was opened: names are looked up in it, and rights are given to the open file and not to its name. A file is
made under a name that nobody can guess. Windows and Jython have no such calls: there paths are used, and the folders
are those of administrators.

Source: POSIX openat, fstatat, renameat, unlinkat, O_NOFOLLOW.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import errno
import os
import shutil
import stat

from . import owners
from .stop import InstallStop
from papercut_scripts import compat

TEMPORARY = ".officernd-new"
LINKS = 40  # as many as a system follows

_HAS_DESCRIPTORS = not compat.WINDOWS and not compat.JYTHON


def hold(path):
    """Return the folder at `path`, held open: `with hold(path) as folder`. Raises EnvironmentError, or InstallStop for
    a link that others may have made."""
    return _Held(_open(path), path) if _HAS_DESCRIPTORS else _HeldByPath(path)


def above(path):
    """Return the folder in which `path` lies, held open, and its name there."""
    return hold(os.path.dirname(path)), os.path.basename(path)


def read(path):
    """Return a file's bytes; raises EnvironmentError, or InstallStop where it is no plain file."""
    folder, name = above(path)
    with folder:
        return folder.read(name)


def read_secret(path):
    """Return the one line of a secret's file, "" where there is none or it has another name elsewhere: it could be
    anybody's file, and its content is sent to PaperCut."""
    if not is_file(path):
        return ""
    folder, name = above(path)
    with folder:
        return folder.read(name, with_one_name=True).decode("utf-8", "replace").strip()


def is_file(path):
    return _kind(path, "is_file")


def is_folder(path):
    return _kind(path, "is_folder")


def exists(path):
    """Return whether there is anything of that name, be it a link that leads nowhere."""
    return _kind(path, "exists")


def _kind(path, question):
    try:
        folder, name = above(path)
    except EnvironmentError as error:
        if compat.is_missing(error):
            return False
        raise
    with folder:
        return getattr(folder, question)(name)


def remove(path):
    """Remove a file, a link, or a folder with all that is in it; one that is not there is removed."""
    if exists(path):
        folder, name = above(path)
        with folder:
            folder.remove(name)


class _Folder(object):
    """A folder that is held open for a `with` block."""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def sweep(self, name):
        """Remove what a killed run left of writing `name`."""
        for found in self.names():
            if found.startswith(name + TEMPORARY):
                self.remove(found)


class _Held(_Folder):
    """A folder by its descriptor."""

    def __init__(self, descriptor, path):
        self._at = descriptor
        self.path = path

    def __exit__(self, *error):
        os.close(self._at)

    def names(self):
        return sorted(os.listdir(self._at))

    def _stat(self, name):
        try:
            return os.stat(name, dir_fd=self._at, follow_symlinks=False)  # novm
        except EnvironmentError as error:
            if compat.is_missing(error):
                return None
            raise

    def exists(self, name):
        return self._stat(name) is not None

    def is_file(self, name):
        found = self._stat(name)
        return found is not None and stat.S_ISREG(found.st_mode)

    def is_folder(self, name):
        found = self._stat(name)
        return found is not None and stat.S_ISDIR(found.st_mode)

    def has_one_name(self, name):
        return self._stat(name).st_nlink == 1

    def rights(self, name):
        return _rights(self._stat(name))

    def read(self, name, with_one_name=False):
        """Return a file's bytes; none `with_one_name` for a file that has another name elsewhere."""
        descriptor = self._open(name, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as source:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise InstallStop("{0} is no file, though one is expected there.".format(os.path.join(self.path, name)))
            return b"" if with_one_name and found.st_nlink > 1 else source.read()

    def _open(self, name, flags, mode=0o600):
        try:
            return os.open(name, flags | os.O_NOFOLLOW, mode, dir_fd=self._at)  # novm
        except EnvironmentError as error:
            if error.errno != errno.ELOOP:
                raise
            raise _link(os.path.join(self.path, name))

    def below(self, name):
        """Return a folder in this one, held open."""
        return _Held(self._open(name, os.O_RDONLY | os.O_DIRECTORY), os.path.join(self.path, name))

    def replace(self, name, data, rights):
        """Put a file of these bytes and rights in the place of whatever has the name."""
        self.sweep(name)
        temporary = "{0}{1}-{2}".format(name, TEMPORARY, compat.random_hex(8))
        descriptor = self._open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            with os.fdopen(descriptor, "wb") as target:
                target.write(data)
                target.flush()
                _give(descriptor, rights)
                os.fsync(descriptor)
            os.rename(temporary, name, src_dir_fd=self._at, dst_dir_fd=self._at)  # novm
        except compat.ANY_ERROR:
            self.remove(temporary)
            raise

    def make(self, name, rights):
        """Make a folder with its rights from the first moment, by the umask of __main__."""
        os.mkdir(name, rights["mode"], dir_fd=self._at)  # novm
        self.give(name, rights)

    def give(self, name, rights):
        """Give a file or folder, and never what a link leads to, its rights."""
        descriptor = self._open(name, os.O_RDONLY | os.O_NONBLOCK)
        try:
            found = os.fstat(descriptor)
            if found.st_nlink > 1 and not stat.S_ISDIR(found.st_mode):
                raise InstallStop(
                    "{0} is another name of a file elsewhere, whose rights stay as they are.".format(
                        os.path.join(self.path, name)
                    )
                )
            _give(descriptor, rights)
        finally:
            os.close(descriptor)

    def rename(self, old, new):
        os.rename(old, new, src_dir_fd=self._at, dst_dir_fd=self._at)  # novm

    def remove(self, name):
        found = self._stat(name)
        if found is None:
            return
        if not stat.S_ISDIR(found.st_mode):
            os.unlink(name, dir_fd=self._at)  # novm
            return
        with self.below(name) as folder:
            for inner in folder.names():
                folder.remove(inner)
        os.rmdir(name, dir_fd=self._at)  # novm

    def remove_empty(self, name):
        os.rmdir(name, dir_fd=self._at)  # novm


class _HeldByPath(_Folder):
    """The same by path, where the system or the interpreter has no descriptors of folders."""

    def __init__(self, path):
        self.path = path
        if not os.path.isdir(path):
            raise EnvironmentError(errno.ENOENT, "No such folder", path)

    def _at(self, name):
        return os.path.join(self.path, name)

    def names(self):
        return sorted(os.listdir(self.path))

    def exists(self, name):
        return os.path.lexists(self._at(name))

    def is_file(self, name):
        return os.path.isfile(self._at(name)) and not os.path.islink(self._at(name))

    def is_folder(self, name):
        return os.path.isdir(self._at(name)) and not os.path.islink(self._at(name))

    def has_one_name(self, name):
        return True

    def rights(self, name):
        return _rights(os.stat(self._at(name)))

    def read(self, name, with_one_name=False):
        return compat.read_file(self._at(name))

    def below(self, name):
        if os.path.islink(self._at(name)):
            raise _link(self._at(name))
        return _HeldByPath(self._at(name))

    def replace(self, name, data, rights):
        self.sweep(name)
        temporary = "{0}{1}-{2}".format(self._at(name), TEMPORARY, compat.random_hex(8))
        compat.create_private(temporary)
        with open(temporary, "r+b") as target:
            target.write(data)
            target.flush()
            os.fsync(target.fileno())
        _give_named(temporary, rights)
        _make_writable(self._at(name))
        compat.replace(temporary, self._at(name))

    def make(self, name, rights):
        os.mkdir(self._at(name), rights["mode"])
        _give_named(self._at(name), rights)

    def give(self, name, rights):
        _give_named(self._at(name), rights)

    def rename(self, old, new):
        compat.patiently(lambda: os.rename(self._at(old), self._at(new)))

    def remove(self, name):
        path = self._at(name)
        if os.path.isdir(path) and not os.path.islink(path):
            compat.patiently(lambda: shutil.rmtree(path))
        elif os.path.lexists(path):
            _make_writable(path)
            compat.patiently(lambda: os.remove(path))

    def remove_empty(self, name):
        os.rmdir(self._at(name))


def _open(path):
    """Return a descriptor of the folder at an absolute path, opened one step at a time from the top."""
    steps = [step for step in os.path.abspath(path).split("/") if step]
    at, links = os.open("/", os.O_RDONLY | os.O_DIRECTORY), 0
    try:
        while steps:
            step = steps.pop(0)
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
            try:
                below = os.open(step, flags, dir_fd=at)  # novm
            except EnvironmentError as error:
                if error.errno not in (errno.ELOOP, errno.ENOTDIR):
                    raise
                found = os.stat(step, dir_fd=at, follow_symlinks=False)  # novm
                if not stat.S_ISLNK(found.st_mode):
                    raise
                links += 1
                if links > LINKS or not _made_by_us(os.fstat(at), found):
                    raise _link(path)
                target = os.readlink(step, dir_fd=at)  # novm
                steps = [part for part in target.split("/") if part] + steps
                below = os.open("/" if target.startswith("/") else ".", flags, dir_fd=at)  # novm
            os.close(at)
            at = below
        return at
    except BaseException:
        os.close(at)
        raise


def _made_by_us(folder, link):
    """Return whether nobody but root and ourselves can have made a link in a folder, by what stat says."""
    ours = (0, os.geteuid())
    if folder.st_uid not in ours or link.st_uid not in ours:
        return False
    return not owners.others_may_write(folder) or bool(folder.st_mode & stat.S_ISVTX)


def _link(path):
    return InstallStop(
        "On the way to {0} there is a link that others than root may have made, so that nothing is done there: put the "
        "folder or file itself in its place, or name its real folder.".format(path)
    )


def _rights(found):
    return {"mode": stat.S_IMODE(found.st_mode), "uid": found.st_uid, "gid": found.st_gid}


def _give(descriptor, rights):
    """Owner first: a file is never wider than its last owner may have it."""
    now = os.fstat(descriptor)
    if (now.st_uid, now.st_gid) != (rights["uid"], rights["gid"]):
        os.fchown(descriptor, rights["uid"], rights["gid"])
    os.fchmod(descriptor, rights["mode"])


def _give_named(path, rights):
    if not compat.WINDOWS:
        if hasattr(os, "chown") and os.stat(path).st_uid != rights["uid"]:
            os.chown(path, rights["uid"], rights["gid"])
        os.chmod(path, rights["mode"])
    elif not rights["mode"] & 0o200:
        os.chmod(path, stat.S_IREAD)


def _make_writable(path):
    # Windows neither replaces nor removes a file that is marked read-only.
    if compat.WINDOWS and os.path.exists(path):
        os.chmod(path, stat.S_IWRITE | stat.S_IREAD)
