# -*- coding: utf-8 -*-
"""What PaperCut and the scheduler start: a shell script, or on Windows an .exe, that names its interpreter by its path.

A service does not see the PATH of today (field report), and a .cmd started by the server is an alarm. The .exe is the
small launcher that pip makes for every Python program: a stub, the interpreter's path, and a zip with the code.
Pure: bytes out.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import io
import json
import zipfile

from . import places

JAVA_FLAGS = [
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xlog:disable",
    "-Dpython.import.site=false",
    "-Dpython.cachedir.skip=true",
    "-Dpython.console=",
]

# In the zip of the .exe: the folder of the .exe is the package, as when the script is started as a plain file.
_PROGRAM = """\
import os, sys
folder = os.path.dirname(os.path.abspath(sys.argv[0]))
package = type(os)(str("papercut_scripts"))
package.__path__ = [folder]
sys.modules["papercut_scripts"] = package
from papercut_scripts.{0} import main
main()
"""

_RELAY = """\
import os, runpy, sys
runpy.run_path(os.path.join(os.path.dirname(os.path.abspath(sys.argv[0])), "start.py"))
"""

START = """\
# Starts papercut-relay from the library beside this file, as the account that ledger and secrets belong to; written by
# the installer.
import os
import sys

LIBRARY = @LIBRARY@
ACCOUNT = @ACCOUNT@
folder = os.path.dirname(os.path.abspath(__file__))


def become(account):
    import pwd

    try:
        entry = pwd.getpwnam(account)
    except KeyError:
        sys.exit("papercut-relay works as {0}, an account that is gone: run the installer again.".format(account))
    if os.geteuid() == entry.pw_uid:
        return
    if os.geteuid() == 0:
        os.initgroups(account, entry.pw_gid)
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
        os.environ.update(HOME=entry.pw_dir, USER=account, LOGNAME=account)
        return
    for sudo in ("/usr/bin/sudo", "/usr/local/bin/sudo"):
        if os.path.exists(sudo):
            os.execv(sudo, [sudo, "-u", account, os.path.join(folder, "papercut-relay")] + sys.argv[1:])
    sys.exit("papercut-relay works as {0} here: start it as root, or as that account.".format(account))


if ACCOUNT and os.name == "posix":
    become(ACCOUNT)
sys.path.insert(0, os.path.join(folder, LIBRARY))
os.environ.setdefault("PAPERCUT_RELAY_HOME", os.path.join(folder, "settings"))
from relay.__main__ import main

main()
"""


def jython(java, jar):
    """Return the command of a Jython interpreter: PaperCut's own Java and a jar that the operator supplies."""
    return [java] + JAVA_FLAGS + ["-cp", jar, "org.python.util.jython"]


def shell(interpreter, script, isolated):
    """Return a shell script that becomes `interpreter script ARGUMENTS`.

    With `isolated` CPython leaves out everything but the standard library, which halves its start.
    """
    words = list(interpreter)
    if len(words) == 1:
        words += ["-E", "-s"] + (["-S"] if isolated else [])
    command = " ".join([places.quoted(word) for word in words + [script]])
    text = '#!/bin/sh\nLC_ALL=C.UTF-8\nexport LC_ALL\nexec {0} "$@"\n'.format(command)
    return text.encode("utf-8")


def forward(program):
    """Return a shell script that becomes `program ARGUMENTS`."""
    return '#!/bin/sh\nexec {0} "$@"\n'.format(places.quoted(program)).encode("utf-8")


def program_exe(stub, interpreter, module):
    """Return the .exe of one of PaperCut's two programs; `module` is auth_program or user_source."""
    return _exe(stub, interpreter, ["-E", "-s", "-S"], _PROGRAM.format(module))


def relay_exe(stub, interpreter):
    return _exe(stub, interpreter, ["-E", "-s"], _RELAY)


def _exe(stub, interpreter, flags, code):
    words = list(interpreter) + (flags if len(interpreter) == 1 else [])
    first = "#!" + " ".join(['"{0}"'.format(word) if " " in word else word for word in words]) + "\r\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("__main__.py"), code.encode("utf-8"))
    return stub + first.encode("utf-8") + packed.getvalue()


def start(library, account=""):
    """Return the script that starts the relay from its library's folder name, as `account` ("": as who starts it)."""
    return START.replace("@LIBRARY@", '"' + library + '"').replace("@ACCOUNT@", json.dumps(account)).encode("ascii")
