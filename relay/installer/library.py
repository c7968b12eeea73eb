# -*- coding: utf-8 -*-
"""The relay and what it needs, unpacked from wheels into one folder: no compiler, no environment, removed as a whole.

Where the package holds only the relay's own wheel, the rest comes through pip: exactly the files whose hashes stand in
the package's lock. Needs CPython 3.11.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import os
import platform
import re
import shutil
import sys
import zipfile

from . import files, held, places
from .change import Change
from .stop import InstallStop
from papercut_scripts import compat

PREFIX = "lib-"
PYTHON = "python-"
LOCK = "requirements.lock"
MARK = "complete.txt"
STEP = 10  # wheels, between two words to whoever waits
# What Windows opens as something else than a file of that name below this folder: a device, a stream of another file,
# a pattern, the same name without its last dots and blanks (which covers "." and ".." too).
# Source: Microsoft, Naming Files, Paths, and Namespaces.
_NO_FILE = re.compile(r"""(?ix) (?: con | prn | aux | nul | conin\$ | conout\$ | (?: com | lpt ) [0-9\xb9\xb2\xb3] )
    \s* (?: \. | $ ) | .* [\x00-\x1f<>:"|?*\\] | .* [. ] $ | $""")


def wheels(folder):
    """Return the wheels in the package, the relay's own first."""
    names = sorted(name for name in (os.listdir(folder) if os.path.isdir(folder) else []) if name.endswith(".whl"))
    own = [name for name in names if name.startswith("papercut_officernd-")]
    return [os.path.join(folder, name) for name in own + [name for name in names if name not in own]]


class Library(Change):
    """The folder `lib-VERSION-HASH`: made under another name and renamed when it is whole and has been tried."""

    kind = "tree"

    def __init__(self, folder, found, interpreter, run=places.run, say=lambda text: None):
        self._say = say
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

    def make(self, journal):
        folder = self.subject + held.TEMPORARY
        for leftover in (folder, self.subject):
            if os.path.isdir(leftover):
                shutil.rmtree(leftover)
        os.mkdir(folder, 0o755)
        if len(self._wheels) > 1:
            for number, path in enumerate(self._wheels, 1):
                if number % STEP == 1:
                    self._say("       {0} of {1} wheels".format(number, len(self._wheels)))
                unpack(path, folder)
            self._say("       compiling, about half a minute")
            files.compile_all(folder)
        else:
            self._by_pip(folder)
        self._try(folder)
        with open(os.path.join(folder, MARK), "wb") as mark:
            mark.write(b"The installer tried this library, and it starts.\n")
        compat.replace(folder, self.subject)

    def _by_pip(self, folder):
        self._say("       pip fetches what the relay needs, a minute or two")
        lock = os.path.join(os.path.dirname(os.path.dirname(self._wheels[0])), LOCK)
        command = self._interpreter + ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
        command += [
            "--only-binary",
            ":all:",
            "--no-deps",
            "--require-hashes",
            "--target",
            folder,
            "--requirement",
            lock,
        ]
        code, said = self._run(command)
        if code != 0:
            raise InstallStop(
                "pip could not fetch what the relay needs ({0}). Without internet here, make the package with "
                "--platform {1}, which puts it in.".format(said.strip().split("\n")[-1], platform_here())
            )
        unpack(self._wheels[0], folder)
        files.compile_all(folder)

    def _try(self, folder):
        self._say("       trying whether it starts")
        code = "import sys; sys.path.insert(0, sys.argv[1]); import relay.cli, relay.run"
        exit_code, said = self._run(self._interpreter + ["-E", "-s", "-c", code, folder])
        if exit_code != 0:
            raise InstallStop(
                "The relay does not start under {0} ({1}): make the package for this system and Python version "
                "(bundle --platform), or name another Python with --python.".format(
                    self._interpreter[0], said.strip().split("\n")[-1]
                )
            )

    def remove_older(self):
        """Remove the libraries of earlier versions, once nothing starts from them any more."""
        _remove_others(self.subject, PREFIX)


def platform_here():
    """Return what `bundle --platform` calls this machine and its Python: "manylinux2014_x86_64-3.11"."""
    kinds = {places.WINDOWS: "win_{0}", places.MACOS: "macosx_11_0_{0}", places.LINUX: "manylinux2014_{0}"}
    return "{0}-{1}.{2}".format(kinds[places.SYSTEM].format(platform.machine().lower()), *sys.version_info[:2])


class Runtime(Change):
    """The Python that lies in the package, copied below our own folder: the package is thrown away afterwards."""

    kind = "tree"

    def __init__(self, source, folder):
        self._source = source
        digest = compat.sha256_hex("\n".join(_contents(source)).encode("utf-8"))
        self.subject = os.path.join(folder, PYTHON + digest[:10])

    def interpreter(self):
        """Return the command of the copy."""
        return [os.path.join(self.subject, os.path.relpath(os.path.realpath(sys.executable), self._source))]

    def describe(self):
        return "copy the Python of this package to {0}".format(self.subject)

    def is_done(self):
        return os.path.isdir(self.subject)

    def make(self, journal):
        folder = self.subject + held.TEMPORARY
        if os.path.isdir(folder):
            shutil.rmtree(folder)
        shutil.copytree(self._source, folder, ignore=shutil.ignore_patterns("__pycache__"))
        compat.replace(folder, self.subject)

    def remove_older(self):
        _remove_others(self.subject, PYTHON)


def runtime(package, folder):
    """Return the change that copies the Python of the package, None where this one lies elsewhere."""
    source = os.path.realpath(os.path.join(package, "python"))
    if compat.JYTHON or not os.path.realpath(sys.executable).startswith(source + os.sep):
        return None
    return Runtime(source, folder)


def _contents(source):
    """Return a line for each file in a folder: its name there and the hash of its bytes."""
    found = []
    for folder, folders, names in os.walk(source):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            path = os.path.join(folder, name)
            found.append("{0} {1}".format(os.path.relpath(path, source), _hash(path)))
    return found


def _remove_others(subject, prefix):
    """Remove what earlier versions left beside `subject`; what is in use goes with the uninstallation."""
    folder = os.path.dirname(subject)
    for name in os.listdir(folder):
        if name.startswith(prefix) and name != os.path.basename(subject):
            shutil.rmtree(os.path.join(folder, name), ignore_errors=True)


def unpack(path, folder):
    """Unpack a wheel as pip would, without its scripts; a name that leads elsewhere on any system is refused.

    Source: the wheel format (binary distribution format), section on the .data folder.
    """
    with zipfile.ZipFile(path) as wheel:
        for info in wheel.infolist():
            parts = info.filename.split("/")
            if info.filename.endswith("/"):
                continue
            if any(_NO_FILE.match(part) for part in parts):
                raise InstallStop("{0} holds a name that leads out of it: {1}".format(path, info.filename))
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
