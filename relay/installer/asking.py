# -*- coding: utf-8 -*-
"""Asking for secrets, each tried at once: a wrong one is asked again, before anything on the machine is changed.

Without a person to ask, a missing or wrong one ends the installation with nothing changed.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import hashlib
import os

from . import sealed_secrets
from .stop import InstallStop
from papercut_scripts import compat, exchange

TIMEOUT_S = 20
SHORTEST_PASSWORD = 10
# What each application has to be allowed; one that lacks it is still the right secret, and the relay names the scope.
SCOPES = {"officernd": "flex.community.members.read", "signin": "flex.user.auth.signin"}


def phrase(facts, sealed):
    """Return the pass phrase that opens the package's secrets, "" where nothing is changed anyway."""
    return _until_right(
        facts,
        "Pass phrase of the package's secrets: ",
        lambda typed: (
            "" if sealed_secrets.opens(sealed, typed) else "The pass phrase does not open the package's secrets."
        ),
    )


def secret(facts, wanted):
    """Return one secret: made where it is ours to make, else asked for and tried."""
    if wanted["file"].endswith("/papercut_token"):
        return compat.random_hex(24)
    if wanted.get("kind") == "password":
        question = "{0}, at least {1} characters: ".format(wanted["what"], SHORTEST_PASSWORD)
        typed = _until_right(facts, question, _short)
        return hashed(typed) if typed else ""
    settings = package_settings(facts.package)
    return _until_right(
        facts, wanted["what"] + ": ", lambda typed: why_refused(settings, wanted["file"], typed, facts.say)
    )


def _short(typed):
    return "" if len(typed) >= SHORTEST_PASSWORD else "That is too short."


def _until_right(facts, question, problem_of):
    options = facts.options
    if options.dry_run:
        return ""
    while True:
        typed = options.ask_secret(question)
        problem = problem_of(typed) if typed else "Nothing was typed, and without it the relay could not start."
        if not problem:
            return typed
        if options.yes:
            raise InstallStop(
                "{0} (asked for: {1}) Nothing was changed. With --yes each secret is a line of standard input.".format(
                    problem, question.rstrip(": ")
                ),
                2,
            )
        facts.say(problem + " Ctrl+C ends this with nothing changed.")


def hashed(password):
    """Return the console's form of a password: what werkzeug makes of it with scrypt."""
    salt, cost = compat.random_hex(8), 2**15
    raw = hashlib.scrypt(  # novm
        password.encode("utf-8"), salt=salt.encode("ascii"), n=cost, r=8, p=1, maxmem=132 * cost * 8
    )
    return "scrypt:{0}:8:1${1}${2}".format(cost, salt, compat.to_hex(raw))


def package_settings(package):
    """Return the package's relay.toml as a dict, {} where this Python cannot read it."""
    try:
        import tomllib  # novm
    except ImportError:
        return {}
    return tomllib.loads(compat.read_file(os.path.join(package, "relay.toml")).decode("utf-8"))


def why_refused(settings, file, typed, say):
    """Return why OfficeRnD refuses an application's secret, "" where it does not or where nobody can tell."""
    for section in SCOPES:
        table = settings.get(section, {})
        if table.get("client_secret_file") == file:
            break
    else:
        return ""
    cloud = settings.get("officernd", {})
    address = cloud.get("token_url", "https://identity.officernd.com/oauth/token")
    if cloud.get("proxy_file"):
        say("It was not tried, since the way to OfficeRnD goes through a proxy.")
        return ""
    status, answer = _asked(address, table.get("client_id", ""), typed, SCOPES[section], settings, say)
    if status in (400, 401, 403) and "scope" not in answer.lower():
        return "OfficeRnD refuses this secret for the application {0}.".format(table.get("client_id", ""))
    return ""


def _asked(address, client_id, typed, scope, settings, say):
    """Return (status, text) of asking for a token; status 0 where nobody answered."""
    import urllib.parse  # novm

    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": typed, "scope": scope}
    data = urllib.parse.urlencode(form).encode("ascii")  # novm
    headers = [("Content-Type", "application/x-www-form-urlencoded"), ("User-Agent", "papercut-officernd")]
    try:
        answer = exchange.post(address, headers, data, compat.monotonic() + TIMEOUT_S)
        return answer.status, answer.body.decode("utf-8", "replace")
    except exchange.Unreachable:
        say("It was not tried, since {0} does not answer from here.".format(address.split("/")[2]))
        return 0, ""
