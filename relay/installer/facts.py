# -*- coding: utf-8 -*-
"""What is found on this machine and in the package, and what the operator has to know about it before saying yes.

Reads; changes nothing.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import json
import os
import sys

from . import config, held, launchers, library, places, versions
from .journal import InstallJournal
from .stop import InstallStop
from papercut_scripts import compat, exchange

EXIT_REFUSED = 3
HEALTH_LIMIT_S = 10
URL = "http://127.0.0.1:9191/rpc/api/xmlrpc"  # where a package without settings looks for PaperCut


class Facts(object):
    """What was found on this machine and in the package."""

    def __init__(self, options, package, run=places.run):
        self.options = options
        self.package = package
        self.run = run
        self.system = options.system
        self.windows = self.system == places.WINDOWS
        self.say = getattr(options, "say", lambda text: None)
        self.about = read_about(package)
        self.places = places.Places(self.system, options.root)
        self.papercut = find_papercut(options, self.say)
        self.account = places.server_account(self.system, self.papercut)
        self.home = self.about["scripts_home"] or self.places.home
        self.state = self.about["state_dir"] or self.places.state
        self.url = with_path(options.url or self.about["papercut_url"] or URL)
        self.runtime = library.runtime(package, self.places.relay) if not options.python else None
        self.interpreter = (
            self.runtime.interpreter() if self.runtime else interpreter(options, self.system, self.papercut)
        )
        self.wheels = [] if self.about["site_server"] else library.wheels(os.path.join(package, "wheels"))
        self.settings = self.places.settings()
        self.secrets = os.path.join(os.path.dirname(self.settings), "secrets")
        self.has_old_settings = held.is_file(self.places.old_settings()) and not held.is_file(self.settings)
        self.brings_settings = self._has_settings() and not (self.has_old_settings or self._was_set_up())
        # Ours may stand in its file already and not yet in PaperCut, when an earlier run was killed.
        old = os.path.join(os.path.dirname(self.places.old_settings()), "secrets")
        own = [held.read_secret(os.path.join(folder, "papercut_token")) for folder in (self.secrets, old)]
        self.tokens = [token for token in own + [options.token] if token]
        self.left_to_do = []
        self._config = None

    def _was_set_up(self):
        """Return whether the set-up has written settings: they stay in force, with their own secrets and token."""
        return held.is_file(self.settings) and not InstallJournal(self.places.undo).find("file", self.settings)

    def _has_settings(self):
        return bool(self.about.get("settings", not self.about["site_server"]))

    def secret_path(self, secret):
        """Return where a secret of the package lies on this machine; the package names it from the settings' folder."""
        return os.path.join(os.path.dirname(self.settings), *secret["file"].split("/"))

    @property
    def leaves_settings(self):
        """Whether the package has settings that are not put in, since the set-up's stay."""
        return self._has_settings() and not self.brings_settings

    @property
    def wants_setup(self):
        """Whether somebody has to be asked for the settings before the relay can do anything."""
        is_relay = not self.about["site_server"] and not self.options.without_relay
        return is_relay and not (self.brings_settings or self.has_old_settings or held.is_file(self.settings))

    @property
    def config(self):
        """The way to PaperCut's keys. Raises config.PaperCutUnreachable."""
        if self._config is None:
            self._config = config.choose(self.system, self.papercut, self.url, self.tokens, self.ca_file, self.run)
        return self._config

    @property
    def ca_file(self):
        """The certificate that PaperCut's own is checked against, "" for the public ones."""
        path = os.path.join(self.package, "certificates", "papercut.pem")
        return path if os.path.isfile(path) else ""


def read_about(package):
    """Return what the package says about itself. Raises InstallStop where it is none."""
    try:
        return json.loads(compat.read_file(os.path.join(package, "package.json")).decode("utf-8"))
    except (EnvironmentError, ValueError):
        raise InstallStop(
            "There is no package.json beside the installer: make the package with papercut-relay bundle and start the "
            "installer from the unpacked ZIP.",
            2,
        )


def with_path(url):
    """Return an address of PaperCut's with the path of its web services, where it was typed without one.

    >>> str(with_path("http://127.0.0.1:9191/"))
    'http://127.0.0.1:9191/rpc/api/xmlrpc'
    """
    scheme, _, rest = url.partition("://")
    return url if rest.rstrip("/").count("/") or not rest else url.rstrip("/") + URL[URL.index("/rpc") :]


def find_papercut(options, say):
    """Return PaperCut's folder: the one that was named, else the first that looks like it. Raises InstallStop."""
    if options.papercut:
        if not places.is_papercut(options.papercut):
            raise InstallStop(
                "{0} is no folder of a PaperCut server (it has no server folder).".format(options.papercut), 2
            )
        return os.path.abspath(options.papercut)
    for folder in places.candidates(options.system):
        if places.is_papercut(folder):
            return folder
    say("PaperCut was not found where it usually is.")
    while True:
        answer = options.ask("PaperCut's folder (such as {0}): ".format(places.EXAMPLES[options.system]))
        if not answer:
            raise InstallStop("PaperCut was not found: name its folder with --papercut FOLDER. Nothing was changed.", 2)
        answer = answer.strip('"')
        if places.is_papercut(answer):
            return os.path.abspath(answer)
        say("{0} is no folder of a PaperCut server: it has no server folder. Type another one.".format(answer))


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
    """Return what the operator has to know before saying yes. Raises InstallStop where it must not go on."""
    told = []
    version = versions.parse(facts.options.version or read_version(facts))
    sentence = versions.sentence(version)
    if versions.verdict(version) == versions.TOO_OLD and not facts.options.accept_version:
        raise InstallStop(sentence + " To go on all the same: --accept-version.", EXIT_REFUSED)
    if sentence:
        told.append(sentence)
    if compat.JYTHON:
        told.append(
            "The programs will run under Jython: each login takes about a second and 150 MB. Put a CPython beside the "
            "installer (Windows: the embeddable package) for logins in a few hundredths of a second."
        )
    elif not facts.options.root and not places.can_start(facts.account, facts.interpreter):
        raise InstallStop(
            "PaperCut's server runs as {0}, and that account cannot start {1}: as a rule it lies in somebody's private "
            "folder. Nothing was changed. Name another Python with --python, such as /usr/bin/python3.".format(
                facts.account, facts.interpreter[0]
            ),
            2,
        )
    if lacks_rights(facts.options):
        told.append("You are no administrator here: what only administrators may read counts as missing below.")
    return told


def lacks_rights(options):
    """Return whether who runs this may neither change this machine nor read what an installation has left on it."""
    return not options.root and not places.is_administrator()


def read_version(facts):
    """Return the version that PaperCut's health interface tells, "" where it has no key or does not answer."""
    try:
        key = facts.config.get(places.HEALTH_KEY)
    except config.PaperCutUnreachable:
        return ""
    if not key:
        return ""
    address = facts.url.split("/rpc/")[0].rstrip("/") + "/api/health"
    try:
        deadline = compat.monotonic() + HEALTH_LIMIT_S
        answer = exchange.get(address, [("Authorization", key)], deadline, facts.ca_file, plain_http=True)
        version = json.loads(answer.body.decode("utf-8"))["applicationServer"]["systemInfo"]["version"]
        return version if isinstance(version, type("")) else ""
    except compat.ANY_ERROR:
        return ""
