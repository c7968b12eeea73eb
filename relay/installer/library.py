# -*- coding: utf-8 -*-
"""The relay and what it needs, unpacked from wheels into one folder: no compiler, no environment, removed as a whole.

Where the package holds only the relay's own wheel, the rest comes through pip. Needs CPython 3.11.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import os
import shutil
import zipfile

from . import files, held, places
from .stop import Stop
from papercut_scripts import compat

PREFIX = "lib-"
MARK = "complete.txt"


def wheels(folder):
    """Return the wheels in the package, the relay's own first."""
    names = sorted(name for name in (os.listdir(folder) if os.path.isdir(folder) else []) if name.endswith(".whl"))
    own = [name for name in names if name.startswith("papercut_officernd-")]
    return [os.path.join(folder, name) for name in own + [name for name in names if name not in own]]


class Library(object):
    """The folder `lib-VERSION-HASH`: made under another name and renamed when it is whole and has been tried."""

    kind = "tree"

    def __init__(self, folder, found, interpreter, run=places.run):
        self._wheels = found
        self._interpreter = interpreter
        self._run = run
        digest = compat.sha256_hex("\n".join([_hash(path) for path in found]).encode("ascii"))
        version = os.path.basename(found[0]).split("-")[1]
        self.name = PREFIX + version + "-" + digest[:10]
        self.subject = os.path.join(folder, self.name)

    def describe(self):
        source = "{0} wheels of this package".format(len(self._wheels)) if len(self._wheels) > 1 else "pip"
        return "write the relay's library {0} (from {1})".format(self.subject, source)

    def is_done(self):
        return os.path.isfile(os.path.join(self.subject, MARK))

    def before(self, journal):
        return None

    def after(self):
        return None

    def make(self, journal):
        folder = self.subject + held.TEMPORARY
        for leftover in (folder, self.subject):
            if os.path.isdir(leftover):
                shutil.rmtree(leftover)
        os.mkdir(folder, 0o755)
        if len(self._wheels) > 1:
            for path in self._wheels:
                unpack(path, folder)
            files.compile_all(folder)
        else:
            self._by_pip(folder)
        self._try(folder)
        with open(os.path.join(folder, MARK), "wb") as mark:
            mark.write(b"The installer tried this library, and it starts.\n")
        os.rename(folder, self.subject)

    def _by_pip(self, folder):
        command = self._interpreter + ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
        code, said = self._run(
            command + ["--only-binary", ":all:", "--target", folder, self._wheels[0] + "[postgresql]"]
        )
        if code != 0:
            raise Stop(
                "pip could not fetch what the relay needs ({0}): make the package with --platform, which puts it "
                "in.".format(said.strip().split("\n")[-1])
            )

    def _try(self, folder):
        code = "import sys; sys.path.insert(0, sys.argv[1]); import relay.cli, relay.run"
        exit_code, said = self._run(self._interpreter + ["-E", "-s", "-c", code, folder])
        if exit_code != 0:
            raise Stop(
                "The relay does not start under {0} ({1}): make the package for this system and Python version "
                "(bundle --platform), or name another Python with --python.".format(
                    self._interpreter[0], said.strip().split("\n")[-1]
                )
            )

    def remove_older(self):
        """Remove the libraries of earlier versions, once nothing starts from them any more."""
        folder = os.path.dirname(self.subject)
        for name in os.listdir(folder):
            if name.startswith(PREFIX) and name != self.name:
                shutil.rmtree(os.path.join(folder, name), ignore_errors=True)


def unpack(path, folder):
    """Unpack a wheel as pip would, without its scripts; a name that leads out of the folder is refused.

    Source: the wheel format (binary distribution format), section on the .data folder.
    """
    with zipfile.ZipFile(path) as wheel:
        for info in wheel.infolist():
            parts = info.filename.split("/")
            if info.filename.endswith("/"):
                continue
            if ".." in parts or info.filename.startswith("/") or "\\" in info.filename or ":" in info.filename:
                raise Stop("{0} holds a name that leads out of it: {1}".format(path, info.filename))
            if parts[0].endswith(".data"):
                if parts[1] not in ("purelib", "platlib", "data"):
                    continue
                parts = parts[2:]
            target = os.path.join(folder, *parts)
            if not os.path.isdir(os.path.dirname(target)):
                os.makedirs(os.path.dirname(target))
            with open(target, "wb") as unpacked:
                unpacked.write(wheel.read(info))


def _hash(path):
    return compat.sha256_hex(compat.read_file(path))
