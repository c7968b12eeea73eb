# -*- coding: utf-8 -*-
"""What has to be changed on this machine: the list of changes, a plain value that is shown whole before any is made.

Reads; changes nothing.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import os
import sys

from . import asking, config, held, launchers, library, places, tokens
from .files import File, Folder, ListedFolder, Moved, Tree, compiled
from .sealed_secrets import SealedSecrets
from .services import OldAgent, ScheduledStart, SearchPath
from .program_form import ProgramKey
from .settings import ConfigKey, OwnToken
from .stop import InstallStop
from papercut_scripts import compat

USER_SOURCE_KEY = "user-source.custom-program"
AUTH_KEY = "auth.source.custom-program"
CALLERS_KEY = "auth.webservices.allowed-addresses"
PROGRAMS = (
    ("officernd-user-source", "user_source", USER_SOURCE_KEY, "PaperCut's sync asks it who there is"),
    ("officernd-auth", "auth_program", AUTH_KEY, "every login with a password goes through it"),
)
OLDEST_FOR_RELAY = (3, 11)


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
            data = compat.read_file(os.path.join(source, name))
            files[name] = (data, 0o644)
            if name.endswith(".py") and not compat.JYTHON:
                code_name, code = compiled(name, data)
                files[code_name] = (code, 0o644)
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
        raise InstallStop("The package holds no wheel of the relay: make it anew with papercut-relay bundle.", 2)
    if compat.JYTHON or sys.version_info < OLDEST_FOR_RELAY:
        raise InstallStop(
            "The relay needs Python 3.11 or newer, this is {0}: start the installer with a newer one (PYTHON=/path), "
            "or install PaperCut's side alone with --without-relay.".format(sys.version.split()[0]),
            2,
        )
    relay = facts.places.relay
    found = library.Library(relay, facts.wheels, facts.interpreter, facts.run, facts.say)
    start = os.path.join(relay, "start.py")
    if facts.windows:
        name, data = "papercut-relay.exe", launchers.relay_exe(_stub(facts), facts.interpreter)
    else:
        name, data = "papercut-relay", launchers.shell(facts.interpreter, start, isolated=False)
    told += _folders(relay)
    told += [facts.runtime] if facts.runtime else []
    told += [
        found,
        File(start, launchers.start(found.name, facts.account), what="starts this version of the relay"),
        File(os.path.join(relay, name), data, 0o755, what="the relay's program"),
    ]
    told += _command(facts, os.path.join(relay, name))
    told += _folders(os.path.dirname(facts.settings), 0o700, facts.account, data=True)
    told += _moved(facts) if facts.has_old_settings else []
    if facts.leaves_settings:
        _tell_of_difference(facts, facts.settings)
    if not facts.brings_settings:
        return told
    told.append(_settings(facts, facts.settings))
    told += _certificates(facts) + _folders(facts.secrets, 0o700, facts.account, data=True) + _secrets(facts, found)
    return told


def _moved(facts):
    """Return the changes that bring settings, secrets and certificates from where version 0.2 had them."""
    old, new = os.path.dirname(facts.places.old_settings()), os.path.dirname(facts.settings)
    told = []
    for name in ("secrets", "certificates"):
        folder = os.path.join(old, name)
        if held.is_folder(folder):
            told += _folders(os.path.join(new, name), 0o700, facts.account, data=True)
            with held.hold(folder) as inside:
                files = [
                    os.path.join(name, one)
                    for one in inside.names()
                    if inside.is_file(one) and inside.has_one_name(one)
                ]
            told += [Moved(os.path.join(old, one), os.path.join(new, one), facts.account) for one in files]
    # The settings go last: until then a run that is killed finds all of it where it was.
    return told + [Moved(facts.places.old_settings(), facts.settings, facts.account)]


def _command(facts, program):
    """Return the changes that make `papercut-relay` a word that can be typed."""
    path = facts.places.command
    if path:
        command = File(path, launchers.forward(program), 0o755, what="the command papercut-relay")
        return _folders(os.path.dirname(path)) + [command]
    return [] if facts.options.root else [SearchPath(facts.places.relay)]


def _settings(facts, path):
    """Return the change that brings the settings; those that are there already may be somebody's own work."""
    _tell_of_difference(facts, path)
    return File(path, settings_text(facts), 0o600, facts.account, what="the settings", keep_changed=True)


def _tell_of_difference(facts, path):
    if held.is_file(path) and held.read(path) != settings_text(facts):
        facts.left_to_do.append(
            "The package's settings differ from {0}, which was left as it is: compare them with relay.toml of the "
            "package.".format(path)
        )


def settings_text(facts):
    """Return relay.toml with this machine's folders in place of what the package could not know."""
    text = compat.read_file(os.path.join(facts.package, "relay.toml")).decode("utf-8")
    for mark, path in (("@STATE_DIR@", facts.state), ("@SCRIPTS_HOME@", facts.home), ("@INSTALL_DIR@", facts.papercut)):
        path = path.replace("\\", "/") if facts.windows else path
        text = text.replace(mark, path.replace("\\", "\\\\").replace('"', '\\"'))
    return text.encode("utf-8")


def _certificates(facts):
    source = os.path.join(facts.package, "certificates")
    names = sorted(os.listdir(source)) if os.path.isdir(source) else []
    target = os.path.join(os.path.dirname(facts.settings), "certificates")
    files = [File(os.path.join(target, name), compat.read_file(os.path.join(source, name))) for name in names]
    return _folders(target, 0o755, facts.account) + files if files else []


def _secrets(facts, found):
    """Return the changes that bring the secrets that are not there yet, each tried before anything is changed."""
    missing = [secret for secret in facts.about["secrets"] if not held.is_file(facts.secret_path(secret))]
    if not missing:
        return []
    sealed = os.path.join(facts.package, "secrets.sealed")
    if os.path.isfile(sealed):
        return [SealedSecrets(facts, found, sealed, missing, asking.phrase(facts, sealed))]
    told = []
    for secret in missing:
        value = asking.secret(facts, secret)
        path = facts.secret_path(secret)
        data = (value + "\n").encode("utf-8")
        told.append(File(path, data, 0o600, facts.account, what=secret["what"], keep_changed=True))
    return told


def _allowed(facts):
    path = places.security_file(facts.papercut)
    if not os.path.isfile(path):
        return []
    return [ListedFolder(path, places.program_folder(facts.papercut), facts.windows)]


def _papercut(facts):
    """Return the changes in PaperCut itself: folder list, old connector, token, callers, and last the two programs."""
    told = _allowed(facts)
    if facts.wants_setup:
        return told + _unused_keys(facts)
    agent = places.old_agent_service(facts.system)
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
    except config.PaperCutUnreachable as error:
        raise InstallStop("{0}: start the Application Server, or name a token with --token-file.".format(error))
    if facts.brings_settings and not facts.options.without_relay:
        path = os.path.join(facts.secrets, "papercut_token")
        ours = [OwnToken(keys, tokens.NAME, lambda: held.read_secret(path))]
        callers = keys.get(CALLERS_KEY)
        if callers and not _may_call(callers):
            key = ConfigKey(keys, CALLERS_KEY, callers + ",127.0.0.1", "the relay calls from this machine")
            # By server-command it goes first, since the token is tried from here. Over the web services our token is
            # what takes the key back, and goes last.
            ours = [key] + ours if config.by_command(keys) else ours + [key]
        told += ours
    for name, _, key, why in PROGRAMS:
        told.append(ProgramKey(keys, key, places.program(facts.papercut, name, facts.system), why))
    return told


def _unused_keys(facts):
    """Return the changes of the two programs' keys before there are settings: keys that others use stay theirs, since
    nobody could log in through ours yet."""
    try:
        keys = facts.config
    except config.PaperCutUnreachable as error:
        facts.left_to_do.append(
            "PaperCut's keys {0} and {1} were not set, since {2}: start this installer again after the set-up.".format(
                USER_SOURCE_KEY, AUTH_KEY, error
            )
        )
        return []
    told = []
    for name, _, key, why in PROGRAMS:
        change = ProgramKey(keys, key, places.program(facts.papercut, name, facts.system), why)
        if change.is_done() or not keys.get(key):
            told.append(change)
        else:
            facts.left_to_do.append(
                "PaperCut's {0} names another program ({1}), which stays until the relay is ready: start this "
                "installer again after the set-up.".format(key, keys.get(key))
            )
    return told


def _may_call(callers):
    entries = [entry.strip().split("/")[0] for entry in callers.split(",")]
    return any(entry in ("*", "127.0.0.1", "127.0.0.0", "0.0.0.0", "localhost") for entry in entries)


def _schedule(facts, journal):
    """Return what the system is to start by itself: the daily run, and the console."""
    where, told = facts.places, []
    if not (facts.options.without_relay or facts.options.without_schedule):
        commands = where.schedule_commands(True), where.schedule_commands(False)
        told += _started(facts, journal, where.schedule(), commands, "the schedule", places.TASK_NAME)
    if has_console(facts):
        commands = where.console_commands(True), where.console_commands(False)
        told += _started(facts, journal, [where.console()], commands, "the console", places.CONSOLE_TASK_NAME)
    return told


def has_console(facts):
    """Return whether the console is a service of this machine."""
    is_relay = not (facts.about["site_server"] or facts.options.without_relay)
    return is_relay and not facts.options.without_console


def _started(facts, journal, files, commands, what, name):
    told = []
    for template, path in files:
        told += _folders(os.path.dirname(path))
        told.append(File(path, schedule_file(facts, template), 0o644, what=what))
    on, off = commands
    return told + ([ScheduledStart(on, off, facts.run, journal, name)] if on else [])


def schedule_file(facts, template):
    """Return a schedule's file with this machine's paths in it."""
    text = compat.read_file(os.path.join(facts.package, "services", template)).decode("utf-8")
    relay = os.path.join(facts.places.relay, "papercut-relay" + (".exe" if facts.windows else ""))
    values = {
        "@RELAY@": relay,
        "@SETTINGS@": facts.settings,
        "@SETTINGS_FOLDER@": os.path.dirname(facts.settings),
        "@ACCOUNT@": "S-1-5-18" if facts.account == "SYSTEM" else facts.account,
        "@HOME@": facts.home,
        "@STATE@": facts.state,
    }
    escape = (
        _in_unit
        if template.endswith((".service", ".timer"))
        else _in_xml
        if template.endswith(("xml", "plist"))
        else _in_shell
    )
    for mark, value in values.items():
        text = text.replace(mark, escape(value))
    # The Task Scheduler reads UTF-16 with its mark, as it writes it itself.
    return text.replace("\n", "\r\n").encode("utf-16") if template.endswith(".xml") else text.encode("utf-8")


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
    if facts.wants_setup:
        return told + ["The set-up; after it the console's first page shows what is left, one step at a time."]
    try:
        names, total = facts.config.users(10)
    except config.PaperCutUnreachable:
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
