# -*- coding: utf-8 -*-
"""Runs inside PaperCut's server folder under CPython 3.9+ and Jython 2.7, standard library only.

Finds the folder of hand-over files and the settings in it. It must not read anything else. (Not called `home`: Jython
would take a folder of that name beside the scripts for this module.)
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import os
import sys

from papercut_scripts import compat
from papercut_scripts.handover import Doubt

POINTER = "officernd_home.txt"  # written by the installer: PaperCut hands the user source no environment
SETTINGS_FORMAT = 1


def find_home():
    """Return the folder that the environment, else the pointer file, else the platform names. Raises Doubt."""
    return compat.environment("OFFICERND_HOME") or _pointed() or _default()


def _pointed():
    """Return the one line of the pointer file beside the started program or beside this file, "" without one."""
    for started in (sys.argv[0] if sys.argv else "", os.path.realpath(sys.argv[0]) if sys.argv else "", __file__):
        pointer = os.path.join(os.path.dirname(os.path.abspath(started)), POINTER)
        if not started or not os.path.isfile(pointer):
            continue
        try:
            line = compat.written_text(compat.read_file(pointer)).strip()
        except compat.ANY_ERROR:
            raise Doubt("The file {0} cannot be read: let the installer write it again.".format(pointer))
        if not line or "\n" in line:
            raise Doubt("The file {0} must hold one line, the path of the hand-over files.".format(pointer))
        return os.path.join(os.path.dirname(pointer), line)
    return ""


def _default():
    if compat.WINDOWS:
        return os.path.join(compat.environment("ProgramData") or "C:\\ProgramData", "papercut-officernd")
    if compat.MACOS:
        return "/Library/Application Support/papercut-officernd"
    return "/opt/papercut-officernd"


def read_settings(home):
    """Return the settings that the relay published for the programs, as a dict. Raises Doubt."""
    import json

    path = os.path.join(home, "settings.json")
    try:
        settings = json.loads(compat.read_file(path).decode("utf-8"))
    except compat.ANY_ERROR:
        raise Doubt("{0} is missing or damaged: run `papercut-relay sync`.".format(path))
    if not isinstance(settings, dict) or settings.get("format") != SETTINGS_FORMAT:
        raise Doubt("{0} is of another version than this program: bring both to the same release.".format(path))
    return settings
