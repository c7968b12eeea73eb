# -*- coding: utf-8 -*-
"""Who may change a program or folder of this machine, and the numbers of accounts.

A program that somebody else may exchange is his: root starts it as him, and never as root.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import os
import stat

from papercut_scripts import compat

# Groups of those who administrate the machine: Debian's /usr/local is of staff, macOS' /Applications of admin.
ADMINISTRATORS = ("root", "wheel", "admin") + (() if compat.MACOS else ("staff",))


def is_root():
    return not compat.WINDOWS and os.geteuid() == 0


def others_may_write(found):
    """Return whether more than its owner and administrators may write, by a stat."""
    return bool(found.st_mode & 0o002 or found.st_mode & 0o020 and not _of_administrators(found.st_gid))


def _of_administrators(gid):
    import grp

    if gid == 0:
        return True
    try:
        return grp.getgrgid(gid).gr_name in ADMINISTRATORS
    except KeyError:
        return False


class OpenToOthers(Exception):
    """More than one account may change it; the message is the path that is so open."""


def who_may_change(path):
    """Return the number of the account that may exchange the file at `path`; 0 where only root may.

    Looked at from the top: below the first folder that is not root's all is its owner's. Raises OpenToOthers.
    """
    seen, steps = "/", [step for step in os.path.realpath(path).split("/") if step]
    for number, step in enumerate([""] + steps):
        seen = os.path.join(seen, step)
        found = os.lstat(seen)
        if found.st_uid != 0:
            return found.st_uid
        is_last = number == len(steps)
        if others_may_write(found) and (is_last or not found.st_mode & stat.S_ISVTX):
            raise OpenToOthers(seen)
    return 0


def ids(account):
    """Return (uid, gid) of an account by its name, None where that means nothing here."""
    if not account or not is_root():
        return None
    import pwd

    try:
        found = pwd.getpwnam(account)
    except KeyError:
        return None
    return found.pw_uid, found.pw_gid


def name(uid):
    """Return an account's name, its number where it has none."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return "{0}".format(uid)


def group_and_home(uid):
    """Return an account's own group and home folder, its own number and the top where it has none."""
    import pwd

    try:
        found = pwd.getpwuid(uid)
    except KeyError:
        return uid, "/"
    return found.pw_gid, found.pw_dir
