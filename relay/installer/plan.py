# -*- coding: utf-8 -*-
"""What has to be changed on this machine: facts first, then the list of changes, a plain value that is shown whole.

Reads; changes nothing.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import json
import os
import sys

from . import config, launchers, library, places, pythons, tokens, versions
from .files import File, Folder, ListedFolder, Tree
from .sealed_secrets import SealedSecrets
from .services import OldAgent, Schedule
from .settings import ConfigKey, Token
from .stop import Stop
from papercut_scripts import compat

USER_SOURCE_KEY = "user-source.custom-program"
AUTH_KEY = "auth.source.custom-program"
CALLERS_KEY = "auth.webservices.allowed-addresses"
PROGRAMS = (
    ("officernd-user-source", "user_source", USER_SOURCE_KEY, "PaperCut's sync asks it who there is"),
    ("officernd-auth", "auth_program", AUTH_KEY, "every login with a password goes through it"),
)
OLDEST_FOR_RELAY = (3, 11)
EXIT_REFUSED = 3


class Facts(object):
    """What was found on this machine and in the package."""

    def __init__(self, options, package, run=places.run):
        self.options = options
        self.package = package
        self.run = run
        self.system = options.system
        self.windows = self.system == places.WINDOWS
        self.about = read_about(package)
        self.places = places.Places(self.system, options.root)
        self.papercut = find_papercut(options, run)
        self.account = places.server_account(self.system, self.papercut, run)
        self.home = self.about["scripts_home"] or self.places.home
        self.state = self.about["state_dir"] or self.places.state
        self.url = options.url or self.about["papercut_url"]
        self.interpreter = interpreter(options, self.system, self.papercut)
        self.wheels = [] if self.about["site_server"] else library.wheels(os.path.join(package, "wheels"))
        self.secrets = os.path.join(self.places.relay, "secrets")
        # Ours may stand in its file already and not yet in PaperCut, when an earlier run was killed.
        own = read_secret(os.path.join(self.secrets, "papercut_token"))
        self.tokens = [token for token in (own, options.token) if token]
        self.left_to_do = []
        self._config = None

    @property
    def config(self):
        """The way to PaperCut's keys. Raises config.Unreachable."""
        if self._config is None:
            ca_file = os.path.join(self.package, "certificates", "papercut.pem")
            self._config = config.choose(
                self.system,
                self.papercut,
                self.url,
                self.tokens,
                ca_file if os.path.isfile(ca_file) else "",
                self.run,
            )
        return self._config


def read_about(package):
    """Return what the package says about itself. Raises Stop where it is none."""
    try:
        return json.loads(compat.read_file(os.path.join(package, "package.json")).decode("utf-8"))
    except (EnvironmentError, ValueError):
        raise Stop(
            "There is no package.json beside the installer: make the package with papercut-relay bundle and start the "
            "installer from the unpacked ZIP.",
            2,
        )


def find_papercut(options, run):
    """Return PaperCut's folder: the one that was named, else the first that looks like it. Raises Stop."""
    if options.papercut:
        if not places.is_papercut(options.papercut):
            raise Stop("{0} is no folder of a PaperCut server (it has no server folder).".format(options.papercut), 2)
        return os.path.abspath(options.papercut)
    for folder in places.candidates(options.system, run):
        if places.is_papercut(folder):
            return folder
    answer = options.ask("PaperCut was not found. Its folder (such as {0}): ".format(places.EXAMPLES[options.system]))
    if answer and places.is_papercut(answer):
        return os.path.abspath(answer)
    raise Stop("PaperCut was not found: name its folder with --papercut FOLDER.", 2)


def interpreter(options, system, papercut):
    """Return the command of the Python that the programs will run under."""
    if not compat.JYTHON:
        # The one that runs this may be of a virtual environment that is thrown away; one that was named is meant.
        return [os.path.abspath(options.python) if options.python else os.path.realpath(sys.executable)]
    java = {
        places.WINDOWS: ("runtime", "jre", "bin", "java.exe"),
        places.MACOS: ("runtime", "macos", "jre", "bin", "java"),
        places.LINUX: ("runtime", "linux-x64", "jre", "bin", "java"),
    }[system]
    path = os.path.join(papercut, *java)
    if not os.path.isfile(path):
        path = compat.environment("JAVA") or "/usr/bin/java"
    return launchers.jython(path, options.jython_jar or compat.environment("JYTHON_JAR"))


def read_secret(path):
    return compat.read_file(path).decode("utf-8").strip() if os.path.isfile(path) else ""


def warnings(facts):
    """Return what the operator has to know before saying yes. Raises Stop where it must not go on."""
    told = []
    version = versions.parse(facts.options.version or read_version(facts))
    sentence = versions.sentence(version)
    if versions.verdict(version) == versions.TOO_OLD and not facts.options.accept_version:
        raise Stop(sentence + " To go on all the same: --accept-version.", EXIT_REFUSED)
    if sentence:
        told.append(sentence)
    if compat.JYTHON:
        told.append(
            "The programs will run under Jython: each login takes about a second and 150 MB. Put a CPython beside the "
            "installer (Windows: the embeddable package) for logins in a few hundredths of a second."
        )
    elif not facts.windows and not _startable(facts):
        told.append(
            "The account {0} may not be able to start {1}, which lies in somebody's private folder: name another "
            "Python with --python.".format(facts.account, facts.interpreter[0])
        )
    if not facts.windows and not facts.options.root and not places.is_administrator():
        told.append("This is not an administrator: changes below PaperCut's folder will be refused.")
    return told


def _startable(facts):
    if facts.account in ("root", "") or compat.WINDOWS:
        return True
    path = facts.interpreter[0]
    while os.path.dirname(path) != path:
        if not os.stat(path).st_mode & 0o001:
            return False
        path = os.path.dirname(path)
    return True


def read_version(facts):
    """Return the version that PaperCut's health interface tells, "" where it has no key or does not answer."""
    try:
        key = facts.config.get(places.HEALTH_KEY)
    except config.Unreachable:
        return ""
    if not key:
        return ""
    requests = pythons.url_requests()
    address = facts.url.split("/rpc/")[0].rstrip("/") + "/api/health"
    try:
        request = requests.Request(str(address), headers={str("Authorization"): str(key)})
        answer = json.loads(requests.urlopen(request, timeout=10).read().decode("utf-8"))
        return answer["applicationServer"]["systemInfo"]["version"]
    except compat.ANY_ERROR:
        return ""


def changes(facts, journal):
    """Return every change in the order in which it is made; those that are made already are among them."""
    if facts.about["site_server"]:
        return _once(_programs(facts) + _allowed(facts))
    return _once(_programs(facts) + _relay(facts) + _papercut(facts) + _schedule(facts, journal))


def _once(planned):
    """Return the changes without a second one of the same subject: several need the same folder."""
    seen = set()
    return [
        change
        for change in planned
        if (change.kind, change.subject) not in seen and not seen.add((change.kind, change.subject))
    ]


def _programs(facts):
    folder = places.program_folder(facts.papercut)
    return _folders(os.path.dirname(folder)) + [
        Tree(folder, program_files(facts, folder), "PaperCut's side: the two programs", facts.account)
    ]


def program_files(facts, folder):
    """Return PaperCut's side as it lies in its folder: {"auth_program.py": (bytes, 0o644), ...}."""
    source = os.path.join(facts.package, "papercut_scripts")
    files = {}
    for name in os.listdir(source):
        if name.endswith((".py", ".js")):
            files[name] = (compat.read_file(os.path.join(source, name)), 0o644)
    files["officernd_home.txt"] = ((facts.home + "\n").encode("utf-8"), 0o644)
    for name, module, _, _ in PROGRAMS:
        if facts.windows:
            files[name + ".exe"] = (launchers.program_exe(_stub(facts), facts.interpreter, module), 0o755)
        else:
            script = os.path.join(folder, module + ".py")
            files[name] = (launchers.shell(facts.interpreter, script, isolated=True), 0o755)
    return files


def _stub(facts):
    return compat.read_file(os.path.join(facts.package, "launcher-64.exe"))


def _folders(path, mode=0o755, account="", data=False):
    """Return the changes that make a folder and those above it that are not there."""
    above = os.path.dirname(path)
    missing = [] if os.path.isdir(above) or above == path else _folders(above)
    return missing + [Folder(path, mode, account, data)] if not os.path.isdir(path) or account else missing


def _relay(facts):
    """Return the changes that bring the relay itself, its settings and its folders."""
    told = _folders(facts.home, 0o700, facts.account, data=True)
    told += _folders(facts.state, 0o700, facts.account, data=True)
    if facts.options.without_relay:
        return told
    if not facts.wheels:
        raise Stop("The package holds no wheel of the relay: make it anew with papercut-relay bundle.", 2)
    if compat.JYTHON or sys.version_info < OLDEST_FOR_RELAY:
        raise Stop(
            "The relay needs Python 3.11 or newer, this is {0}: start the installer with a newer one (PYTHON=/path), "
            "or install PaperCut's side alone with --without-relay.".format(sys.version.split()[0]),
            2,
        )
    relay = facts.places.relay
    found = library.Library(relay, facts.wheels, facts.interpreter, facts.run)
    start = os.path.join(relay, "start.py")
    if facts.windows:
        name, data = "papercut-relay.exe", launchers.relay_exe(_stub(facts), facts.interpreter)
    else:
        name, data = "papercut-relay", launchers.shell(facts.interpreter, start, isolated=False)
    told += _folders(relay)
    told += [
        found,
        File(start, launchers.start(found.name), what="starts this version of the relay"),
        File(os.path.join(relay, name), data, 0o755, what="the command papercut-relay"),
    ]
    told += [
        File(
            os.path.join(relay, "relay.toml"),
            settings_text(facts),
            0o644,
            what="the settings; an existing file is left as it is",
            keep_changed=True,
        )
    ]
    told += _certificates(facts) + _folders(facts.secrets, 0o700, facts.account, data=True) + _secrets(facts, found)
    return told


def settings_text(facts):
    """Return relay.toml with this machine's folders in place of what the package could not know."""
    text = compat.read_file(os.path.join(facts.package, "relay.toml")).decode("utf-8")
    for mark, path in (
        ("@STATE_DIR@", facts.state),
        ("@SCRIPTS_HOME@", facts.home),
        ("@INSTALL_DIR@", facts.papercut),
    ):
        path = path.replace("\\", "/") if facts.windows else path
        text = text.replace(mark, path.replace("\\", "\\\\").replace('"', '\\"'))
    return text.encode("utf-8")


def _certificates(facts):
    source = os.path.join(facts.package, "certificates")
    names = sorted(os.listdir(source)) if os.path.isdir(source) else []
    target = os.path.join(facts.places.relay, "certificates")
    files = [File(os.path.join(target, name), compat.read_file(os.path.join(source, name))) for name in names]
    return _folders(target) + files if files else []


def _secrets(facts, found):
    """Return the changes that bring the secrets that are not there yet; what nobody gives is left to the operator."""
    missing = [
        secret
        for secret in facts.about["secrets"]
        if not os.path.isfile(os.path.join(facts.places.relay, *secret["file"].split("/")))
    ]
    if not missing:
        return []
    sealed = os.path.join(facts.package, "secrets.sealed")
    if os.path.isfile(sealed):
        phrase = facts.options.ask_secret("Pass phrase of the package's secrets: ")
        if phrase:
            return [SealedSecrets(facts, found, sealed, missing, phrase)]
    told = []
    for secret in missing:
        if secret["file"].endswith("/papercut_token"):
            value = compat.random_hex(24)
        else:
            value = facts.options.ask_secret("{0} (empty: later): ".format(secret["what"]))
        if value:
            path = os.path.join(facts.places.relay, *secret["file"].split("/"))
            data = (value + "\n").encode("utf-8")
            told.append(File(path, data, 0o600, facts.account, what="a secret", keep_changed=True))
        else:
            facts.left_to_do.append(
                "Put {0} alone into {1}, readable by {2} only.".format(
                    secret["what"], os.path.join(facts.places.relay, *secret["file"].split("/")), facts.account
                )
            )
    return told


def _allowed(facts):
    path = places.security_file(facts.papercut)
    if not os.path.isfile(path):
        return []
    return [ListedFolder(path, places.program_folder(facts.papercut), facts.windows)]


def _papercut(facts):
    """Return the changes in PaperCut itself: folder list, old connector, token, callers, and last the two programs."""
    told = _allowed(facts)
    agent = places.old_agent_service(facts.system, facts.run)
    if agent and agent != (False, "disabled"):
        if facts.options.leave_old_agent:
            facts.left_to_do.append(
                "OfficeRnD's own connector ({0}) still runs: stop it before the first sync, it deletes people every "
                "night.".format(places.OLD_AGENT_SERVICE)
            )
        else:
            told.append(OldAgent(agent, facts.run))
    try:
        keys = facts.config
    except config.Unreachable as error:
        raise Stop("{0}: start the Application Server, or name a token with --token-file.".format(error))
    if not facts.options.without_relay:
        path = os.path.join(facts.secrets, "papercut_token")
        told.append(Token(keys, tokens.NAME, lambda: read_secret(path)))
        callers = keys.get(CALLERS_KEY)
        if callers and not _may_call(callers):
            told.append(ConfigKey(keys, CALLERS_KEY, callers + ",127.0.0.1", "the relay calls from this machine"))
    for name, _, key, why in PROGRAMS:
        told.append(ConfigKey(keys, key, places.program(facts.papercut, name, facts.system), why))
    return told


def _may_call(callers):
    entries = [entry.strip().split("/")[0] for entry in callers.split(",")]
    return any(entry in ("*", "127.0.0.1", "127.0.0.0", "0.0.0.0", "localhost") for entry in entries)


def _schedule(facts, journal):
    if facts.options.without_relay or facts.options.without_schedule:
        return []
    told = []
    for template, path in facts.places.schedule():
        told += _folders(os.path.dirname(path))
        told.append(File(path, schedule_file(facts, template), 0o644, what="the schedule"))
    on = facts.places.schedule_commands(True)
    if on:
        told.append(Schedule(on, facts.places.schedule_commands(False), facts.run, journal))
    return told


def schedule_file(facts, template):
    """Return a schedule's file with this machine's paths in it."""
    text = compat.read_file(os.path.join(facts.package, "services", template)).decode("utf-8")
    relay = os.path.join(facts.places.relay, "papercut-relay" + (".exe" if facts.windows else ""))
    values = {
        "@RELAY@": relay,
        "@SETTINGS@": os.path.join(facts.places.relay, "relay.toml"),
        "@ACCOUNT@": "S-1-5-18" if facts.account == "SYSTEM" else facts.account,
        "@HOME@": facts.home,
        "@STATE@": facts.state,
    }
    escape = (
        _in_unit if template.startswith("relay.") else _in_xml if template.endswith(("xml", "plist")) else _in_shell
    )
    for mark, value in values.items():
        text = text.replace(mark, escape(value))
    # The Task Scheduler reads UTF-16 with its mark, as it writes it itself.
    return text.replace("\n", "\r\n").encode("utf-16") if template == "task.xml" else text.encode("utf-8")


def _in_xml(value):
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _in_unit(value):
    return value.replace("\\", "\\\\").replace("%", "%%").replace('"', '\\"')


def _in_shell(value):
    return value.replace("'", "'\\''").replace("%", "\\%")


def by_hand(facts):
    """Return what is left to a person, with where to click and who is touched."""
    told = list(facts.left_to_do)
    if facts.about["site_server"]:
        return told + ["Restart the site server's Application Server: {0}.".format(places.RESTART[facts.system])]
    try:
        names, total = facts.config.users(10)
    except config.Unreachable:
        names, total = [], 0
    hit = "{0} accounts are there now ({1}{2})".format(total, ", ".join(names), ", ..." if total > len(names) else "")
    told.append(
        'PaperCut: Options > User/Group Sync > Primary sync source = Custom Program, without "Delete users". STOP if '
        "another source stands there (Active Directory, say): whoever logs in through it loses that login by the "
        "change; {0}; give staff internal accounts first.".format(hit)
    )
    told.append(
        "PaperCut: Printers > [Template Printer] and each printer where members print > Advanced Configuration > "
        "Unauthenticated printer; and a price at Charging."
    )
    told.append(
        "PaperCut: Printers > [Template Printer] (and each printer) > Scripting: paste the text of {0}, which the "
        "first sync writes.".format(os.path.join(facts.home, "print_hook.js"))
    )
    told.append("OfficeRnD: Settings > Integrations: switch its own PaperCut connector off; leave Print and Pay on.")
    return told
