# -*- coding: utf-8 -*-
"""Every difference between Windows, macOS and Linux that the installer knows: folders, services, accounts, schedules.

Functions that only compute take the system's name, so that each system's answer is tested on any of them. Commands
go through `run`. It must not change anything by itself; it returns what is to be done.

Source: PaperCut manual (folders, service PCAppServer, user papercut); PaperCutExamples (server-command's places,
registry value InstallPath); HexaSpaceRND field report (PaperCutCA, papercutauth.exe, LocalSystem).
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import io
import os
import re
import subprocess

from . import owners, windows
from papercut_scripts import compat

WINDOWS, MACOS, LINUX = "windows", "macos", "linux"
SYSTEM = WINDOWS if compat.WINDOWS else MACOS if compat.MACOS else LINUX

EDITIONS = ("PaperCut MF", "PaperCut NG")
WINDOWS_SERVICE = "PCAppServer"
OLD_AGENT_SERVICE = "PaperCutCA"
OLD_AGENT_PROGRAM = "papercutauth.exe"
PROGRAM_FOLDER = "officernd"  # below server/custom
HEALTH_KEY = "health.api.key"
TASK_NAME = "PaperCut OfficeRnD relay"
CONSOLE_TASK_NAME = "PaperCut OfficeRnD console"
UNIT_NAME = "papercut-officernd"
CONSOLE_UNIT_NAME = "papercut-officernd-console"
LAUNCHD_NAME = "com.papercut-officernd.relay"
CONSOLE_LAUNCHD_NAME = "com.papercut-officernd.console"
CONSOLE = ("127.0.0.1", 9480)  # where the set-up is shown
SYSTEMD = "/run/systemd/system"

INSTALL_COMMANDS = {
    WINDOWS: "installer.bat, as Administrator",
    MACOS: "sudo sh install.sh",
    LINUX: "sudo sh install.sh",
}

EXAMPLES = {WINDOWS: "C:\\Program Files\\PaperCut MF", MACOS: "/Applications/PaperCut MF", LINUX: "/home/papercut"}
RESTART = {
    WINDOWS: "Services > PaperCut Application Server > Restart",
    MACOS: "stop-server and start-server in PaperCut's server/bin/macos folder",
    LINUX: "sudo /etc/init.d/papercut stop; sudo /etc/init.d/papercut start",
}

SECURITY_FILE = ("server", "security.properties")


class Places(object):
    """Where things lie on one machine; `root` is put before every folder of ours (for trials), "" for the real one."""

    def __init__(self, system, root="", environment=None):
        self.system = system
        self.root = root
        programs = (environment or os.environ).get("ProgramFiles") or "C:\\Program Files"
        data = (environment or os.environ).get("ProgramData") or "C:\\ProgramData"
        support = "/Library/Application Support/papercut-officernd"
        folders = {
            WINDOWS: [programs + "\\PaperCut OfficeRnD relay"]
            + [data + "\\papercut-officernd" + end for end in ("-undo", "", "-state")],
            MACOS: [support + end for end in ("-relay", "-undo", "", "-state")],
            LINUX: [
                "/opt/papercut-officernd-relay",
                "/var/lib/papercut-officernd-undo",
                "/opt/papercut-officernd",
                "/var/lib/papercut-officernd",
            ],
        }[system]
        self.relay, self.undo, self.home, self.state = [self._at(folder) for folder in folders]
        # On Windows the relay's own folder is put on the path.
        self.command = "" if system == WINDOWS else self._at("/usr/local/bin/papercut-relay")

    def _at(self, path):
        return os.path.join(self.root, re.sub(r"^([A-Za-z]:)?[\\/]+", "", path)) if self.root else path

    def settings(self):
        """Return where the settings lie: in a folder of PaperCut's account, which console and set-up run as."""
        return os.path.join(self.relay, "settings", "relay.toml")

    def old_settings(self):
        """Return where version 0.2 put them: in a folder of root's, where the console could not change them."""
        return os.path.join(self.relay, "relay.toml")

    def schedule(self):
        """Return the files that make the schedule, by the names of their templates."""
        if self.system == WINDOWS:
            return [("task.xml", os.path.join(self.relay, "task.xml"))]
        if self.system == MACOS:
            return [("launchd.plist", self._at("/Library/LaunchDaemons/{0}.plist".format(LAUNCHD_NAME)))]
        if self._has_systemd():
            folder = self._at("/etc/systemd/system/")
            return [("relay.service", folder + UNIT_NAME + ".service"), ("relay.timer", folder + UNIT_NAME + ".timer")]
        return [("cron", self._at("/etc/cron.d/{0}".format(UNIT_NAME)))]

    def _has_systemd(self):
        """Return whether systemd runs this machine; its folders lie on others too. Source: sd_booted(3)."""
        return os.path.isdir(self._at("/etc/systemd/system") if self.root else SYSTEMD)

    def schedule_commands(self, on):
        """Return the commands that put the schedule in force, or end it; none in a trial root."""
        return self._commands(self.schedule()[0][1], TASK_NAME, UNIT_NAME + ".timer", on)

    def _commands(self, path, task, unit, on):
        if self.root:
            return []
        if self.system == WINDOWS:
            return [
                ["schtasks", "/Create", "/F", "/TN", task, "/XML", path]
                if on
                else ["schtasks", "/Delete", "/F", "/TN", task]
            ]
        if self.system == MACOS:
            return [["launchctl", "bootstrap" if on else "bootout", "system", path]]
        if not self._has_systemd():
            return []
        reload = [["systemctl", "daemon-reload"]] if on else []
        return reload + [["systemctl", "enable" if on else "disable", "--now", unit]]

    def console(self):
        """Return the file that makes the console a service, by the name of its template."""
        if self.system == WINDOWS:
            return "console-task.xml", os.path.join(self.relay, "console-task.xml")
        if self.system == MACOS:
            return "console.plist", self._at("/Library/LaunchDaemons/{0}.plist".format(CONSOLE_LAUNCHD_NAME))
        if self._has_systemd():
            return "console.service", self._at("/etc/systemd/system/{0}.service".format(CONSOLE_UNIT_NAME))
        return "console-cron", self._at("/etc/cron.d/{0}".format(CONSOLE_UNIT_NAME))

    def console_commands(self, on):
        """Return the commands that start the console as a service, or end it; none in a trial root."""
        end = [["schtasks", "/End", "/TN", CONSOLE_TASK_NAME]]
        ends = end if self.system == WINDOWS and not (on or self.root) else []
        return ends + self._commands(self.console()[1], CONSOLE_TASK_NAME, CONSOLE_UNIT_NAME + ".service", on)

    def console_again(self):
        """Return the commands that start the console's service anew, in the version that is installed now."""
        if self.root:
            return []
        return {
            "console-task.xml": [["schtasks", "/Run", "/TN", CONSOLE_TASK_NAME]],
            "console.plist": [["launchctl", "kickstart", "-k", "system/" + CONSOLE_LAUNCHD_NAME]],
            "console.service": [["systemctl", "restart", CONSOLE_UNIT_NAME + ".service"]],
        }.get(self.console()[0], [])

    def end_commands(self):
        """Return the commands that end what the system has started by itself; that it will start it again stays."""
        if self.root:
            return []
        template = self.schedule()[0][0]
        return {
            "task.xml": [["schtasks", "/End", "/TN", name] for name in (TASK_NAME, CONSOLE_TASK_NAME)],
            "launchd.plist": [
                ["launchctl", "kill", "SIGTERM", "system/" + LAUNCHD_NAME],
                ["launchctl", "bootout", "system/" + CONSOLE_LAUNCHD_NAME],  # else it is started again at once
            ],
            "relay.service": [["systemctl", "stop", unit + ".service"] for unit in (UNIT_NAME, CONSOLE_UNIT_NAME)],
        }.get(template, [])

    def program(self):
        """Return the path of the program that `papercut-relay` starts."""
        return os.path.join(self.relay, "papercut-relay" + (".exe" if self.system == WINDOWS else ""))


def _join(system, *parts):
    return ("\\" if system == WINDOWS else "/").join(parts)


def show(command):
    """Start a command in this terminal and return its exit code when it ends."""
    try:
        return subprocess.call(command)
    except KeyboardInterrupt:  # went to it as well, and it has ended
        return 0


def run(command, typed=""):
    """Return (exit code, output) of a command; (127, sentence) where it cannot be started. Secrets go in by `typed`."""
    try:
        command, more = as_its_owner(command)
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more
        )
        output = process.communicate(typed.encode("utf-8"))[0]
    except EnvironmentError as error:
        return 127, "{0}".format(error)
    except owners.OpenToOthers as error:
        return 126, "{0} was not started: others than administrators may change {1}".format(command[0], error)
    return process.returncode, text_of(output)


def text_of(data):
    """Return what another program wrote: UTF-8, with a mark or without, else what Windows' own tools write in."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("oem" if compat.WINDOWS and not compat.JYTHON else "utf-8", "replace")


def is_terminal(stream):
    """Return whether a person is at a stream, None where a service has none. Python takes Windows' NUL for one too."""
    if stream is None or not stream.isatty():
        return False
    try:
        return not compat.WINDOWS or not windows.has_api() or windows.is_console(stream.fileno())
    except (AttributeError, EnvironmentError, ValueError):  # no file of the system's
        return True


def as_its_owner(command):
    """Return a command, and how to start it, such that root starts nothing of somebody else's as root.

    PaperCut's account may have put anything in the place of a program in PaperCut's folder: it is started as that
    account, which could start it anyway. Raises owners.OpenToOthers.
    """
    if not owners.is_root():
        return command, {}
    path = _on_the_path(command[0])
    uid = owners.who_may_change(path) if path else 0
    if uid == 0:
        return command, {}
    if compat.JYTHON:
        return ["su", "-s", "/bin/sh", owners.name(uid), "-c", " ".join([quoted(word) for word in command])], {}
    gid, home = owners.group_and_home(uid)
    environment = dict(os.environ, HOME=home, USER=owners.name(uid), LOGNAME=owners.name(uid))
    return command, {"user": uid, "group": gid, "extra_groups": [], "cwd": "/", "env": environment}


def can_start(account, command):
    """Return whether an account can start an interpreter; True where nobody can try it as that account."""
    found = owners.ids(account)
    if found is None:
        return True
    as_account = {"user": found[0], "group": found[1], "extra_groups": [], "cwd": "/"}
    try:
        return subprocess.call(command + ["-c", ""], **as_account) == 0
    except EnvironmentError:
        return False


def _on_the_path(program):
    """Return where a program lies, "" where it is not found."""
    if "/" in program:
        return program if os.path.exists(program) else ""
    folders = compat.environment("PATH").split(":")
    found = [os.path.join(folder, program) for folder in folders if folder]
    return next((path for path in found if os.access(path, os.X_OK)), "")


# -- PaperCut ---------------------------------------------------------------------------------------------------------


def is_papercut(folder):
    """Return whether a folder looks like PaperCut's: a server folder with its own settings or programs."""
    server = os.path.join(folder, "server")
    return any(
        os.path.exists(os.path.join(server, name)) for name in ("server.properties", "security.properties", "bin")
    )


def candidates(system, environment=None):
    """Return the folders where PaperCut may be, the most certain first."""
    found = []
    if system == WINDOWS:
        named = [_registry_values("SOFTWARE\\" + edition).get("installpath") for edition in EDITIONS]
        found += ["{0}".format(path).strip() for path in named if path]
        # The service's program lies below PaperCut's folder: ...\PaperCut MF\server\bin\win\pc-app.exe
        service = _service(WINDOWS_SERVICE)
        path = re.match(r"\"?(.+?)[\\/]server[\\/]", service.program) if service else None
        found += [path.group(1)] if path else []
        values = environment or os.environ
        for name in ("ProgramFiles", "ProgramFiles(x86)"):
            found += [_join(system, values[name], edition) for edition in EDITIONS if values.get(name)]
    elif system == MACOS:
        found += ["/Applications/" + edition for edition in EDITIONS]
    else:
        found += [home for name, home in accounts() if name == "papercut"] + ["/home/papercut", "/opt/papercut"]
    return [folder.rstrip("\\/") for number, folder in enumerate(found) if folder not in found[:number]]


def _registry_values(key):
    """Return what Windows' registry says, {} where nobody can ask it."""
    return windows.registry_values(key) if compat.WINDOWS and windows.has_api() else {}


def _service(name):
    """Return Windows' service of that name, None where there is none or nobody can ask."""
    return windows.service(name) if compat.WINDOWS and windows.has_api() else None


def accounts(path="/etc/passwd"):
    """Return (name, home folder) of the machine's own accounts."""
    try:
        with io.open(path, encoding="utf-8", errors="replace") as source:
            fields = [line.rstrip("\n").split(":") for line in source]
    except EnvironmentError:
        return []
    return [(line[0], line[5]) for line in fields if len(line) >= 6]


def server_command(system, papercut):
    """Return the path of PaperCut's own command line tool, "" where it is not there."""
    names = {
        WINDOWS: [("win", "server-command.exe"), ("win", "server-command.bat")],
        MACOS: [("macos", "server-command"), ("mac", "server-command")],
        LINUX: [("linux-x64", "server-command"), ("linux-i686", "server-command")],
    }[system]
    for folder, name in names:
        path = os.path.join(papercut, "server", "bin", folder, name)
        if os.path.isfile(path):
            return path
    return ""


def security_file(papercut):
    return os.path.join(papercut, *SECURITY_FILE)


def program_folder(papercut):
    """Return the folder for PaperCut's side: below server/custom, which only administrators and the server write."""
    return os.path.join(papercut, "server", "custom", PROGRAM_FOLDER)


def program(papercut, name, system=SYSTEM):
    """Return the path of one of the two programs, e.g. officernd-auth."""
    return os.path.join(program_folder(papercut), name + (".exe" if system == WINDOWS else ""))


def server_account(system, papercut):
    """Return the account that PaperCut's server runs as: "papercut", "SYSTEM", or what the service says."""
    if system == WINDOWS:
        service = _service(WINDOWS_SERVICE)
        name = service.account if service else "LocalSystem"
        return "SYSTEM" if name.lower() == "localsystem" else name
    try:
        import pwd

        return pwd.getpwuid(os.stat(os.path.join(papercut, "server")).st_uid).pw_name
    except (ImportError, KeyError, EnvironmentError):
        return "papercut"


def restart_commands(system):
    """Return the commands that start the Application Server anew, [] where it has to be done by hand."""
    if system == WINDOWS:
        return [["net", "stop", WINDOWS_SERVICE], ["net", "start", WINDOWS_SERVICE]]
    if system == LINUX and os.path.exists("/etc/init.d/papercut") and _is_roots("/etc/init.d/papercut"):
        return [["/etc/init.d/papercut", "stop"], ["/etc/init.d/papercut", "start"]]
    return []


def _is_roots(program):
    """Return whether nobody but root can have changed a program that only root can start usefully."""
    try:
        return owners.who_may_change(program) == 0
    except owners.OpenToOthers:
        return False


def quoted(word):
    """Return a word as a POSIX shell reads it literally."""
    return "'" + word.replace("'", "'\\''") + "'"


# -- OfficeRnD's own connector ----------------------------------------------------------------------------------------


def old_agent_program(papercut):
    """Return the path of the old connector's program below PaperCut's folder, "" without one."""
    providers = os.path.join(papercut, "providers")
    for folder, _, names in os.walk(providers):
        for name in names:
            if name.lower() == OLD_AGENT_PROGRAM:
                return os.path.join(folder, name)
    return ""


def old_agent_service(system):
    """Return (is running, start type) of the old connector's service, None where there is none.

    The start type is in the words of `sc config`: auto, demand or disabled.
    """
    if system != WINDOWS:
        return None
    service = _service(OLD_AGENT_SERVICE)
    return (service.running, {2: "auto", 4: "disabled"}.get(service.start, "demand")) if service else None


# -- rights -----------------------------------------------------------------------------------------------------------


def restrict(path, account, owner_only, is_folder=True):
    """Give `path` under Windows to administrators, SYSTEM and `account`, and to nobody else; return "" or why not.

    With `owner_only` the account may write too; else it may read and start what is there.
    """
    if not windows.has_api():
        code, said = run(acl_command(path, account, owner_only, is_folder))
        return said.strip() if code else ""
    try:
        windows.set_rights(path, windows.sddl(windows.account_sid(account), owner_only, is_folder))
    except EnvironmentError as error:
        return "{0}".format(error)
    return ""


def acl_command(path, account, owner_only, is_folder):
    """Return the command that does it where the API cannot be called: groups by the numbers of every language."""
    below = "(OI)(CI)" if is_folder else ""
    command = ["icacls", path, "/inheritance:r", "/grant:r", "*S-1-5-32-544:{0}F".format(below)]
    command.append("*S-1-5-18:{0}F".format(below))
    if account not in ("SYSTEM", "LocalSystem"):
        command.append("{0}:{1}{2}".format(account, below, "F" if owner_only else "RX"))
    return command


def is_administrator():
    if compat.WINDOWS:
        return run(["net", "session"])[0] == 0 if compat.JYTHON else windows.is_administrator()
    return compat.JYTHON or os.geteuid() == 0
