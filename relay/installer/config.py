# -*- coding: utf-8 -*-
"""PaperCut's config keys, by its own server-command or over XML-RPC. Decides nothing.

Over XML-RPC wherever a token is already good, since what server-command is given stands in the process list for a
moment: tokens never go that way. Source: PaperCut manual, server-command and XML Web Services.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import re

from . import places, pythons, tokens
from papercut_scripts import audit, compat, exchange

TIMEOUT_S = 30  # for the whole of an answer
NONSENSE = "what answers as PaperCut does not speak as it does"
TEXT = (type(""), str)  # under Python 2 what is all ASCII comes as the other kind
DEEPEST = 20  # elements within each other: a list of texts has eight


class PaperCutUnreachable(Exception):
    """PaperCut cannot be asked; the message is a clause that says why. `refused`: it answered, and said no."""

    def __init__(self, message, refused=False):
        Exception.__init__(self, message)
        self.refused = refused


class XmlRpc(object):
    """Keys over the web services with a token that PaperCut accepts."""

    def __init__(self, url, token, ca_file=""):
        self._url = url
        self._token = token
        self._ca_file = ca_file

    def with_token(self, token):
        return XmlRpc(self._url, token, self._ca_file)

    def get(self, key):
        return _of(TEXT, self._call("getConfigValue", self._token, key))

    def set(self, key, value):
        self._call("setConfigValue", self._token, key, value)

    def sync(self):
        """Start a sync that deletes nobody and updates nobody."""
        self._call("performUserAndGroupSyncAdvanced", self._token, False, False)

    def refuses(self, token):
        """Return why a token is not accepted, "" when it is."""
        try:
            self._call("getTotalUsers", token)
        except PaperCutUnreachable as error:
            return "{0}".format(error)
        return ""

    def users(self, limit):
        """Return the names of at most `limit` users and how many there are."""
        names = _of(list, self._call("listUserAccounts", self._token, 0, limit))
        total = _of(int, self._call("getTotalUsers", self._token))
        return [audit.shown(_of(TEXT, name)) for name in names[:limit]], total

    def _call(self, method, *arguments):
        body = pythons.xmlrpc().dumps(arguments, str("api." + method))
        headers = [("Content-Type", "text/xml"), ("User-Agent", "papercut-officernd")]
        deadline = compat.monotonic() + TIMEOUT_S
        try:
            answer = exchange.post(self._url, headers, body.encode("utf-8"), deadline, self._ca_file, plain_http=True)
        except exchange.Unreachable as error:
            raise PaperCutUnreachable("{0} at {1}".format(audit.shown("{0}".format(error)), self._url))
        if answer.status != 200:
            raise PaperCutUnreachable("{0} answered with HTTP status {1}".format(self._url, answer.status))
        return _value(answer.body, _secrets(*arguments))


def _secrets(token, key="", value="", *_):
    """Return what a call's arguments hold that no fault may tell: its token, and those that it writes."""
    return [token] + (tokens.values(value) if key == tokens.KEY else [])


def _value(body, secrets):
    """Return the value of an XML-RPC answer. Raises PaperCutUnreachable for a fault and for all that is none."""
    client = pythons.xmlrpc()
    try:
        _only_plain(body)
        values, method = client.loads(body)
    except client.Fault as fault:
        said = re.sub(r"^[\w.]+Exception: ", "", "{0}".format(fault.faultString))
        raise PaperCutUnreachable(audit.shown(said, secrets) or "PaperCut said no without a reason", refused=True)
    except compat.ANY_ERROR:
        raise PaperCutUnreachable(NONSENSE)
    if method is not None or len(values) != 1:
        raise PaperCutUnreachable(NONSENSE)
    return values[0]


def _only_plain(body):
    """Raise ValueError for a document type, whose entities grow without end, and for elements nested without end."""
    from xml.parsers import expat

    depth = [0]

    def begin(*_):
        depth[0] += 1
        if depth[0] > DEEPEST:
            raise ValueError("too deep")

    def end(_):
        depth[0] -= 1

    def refuse(*_):
        raise ValueError("a document type")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.StartDoctypeDeclHandler = refuse
    parser.Parse(body, True)


def _of(kind, value):
    """Return a value of one kind. Raises PaperCutUnreachable for another."""
    if not isinstance(value, kind) or isinstance(value, bool):
        raise PaperCutUnreachable(NONSENSE)
    return value


class ServerCommand(object):
    """Keys by PaperCut's own command line tool; needs an administrator, and no token."""

    def __init__(self, path, run, web):
        self._path = path
        self._run = run
        self._web = web

    def get(self, key):
        code, said = self._run([self._path, "get-config", key])
        if code != 0:
            raise PaperCutUnreachable("{0} get-config failed: {1}".format(self._path, said.strip()))
        return said.strip("\r\n")

    def set(self, key, value):
        # On Windows an empty value must be there as an argument of its own; whether it worked is read back.
        self._run([self._path, "set-config", key, value])

    def sync(self):
        self._run([self._path, "perform-user-and-group-sync-advanced", "false", "false"])

    def refuses(self, token):
        return self._web.refuses(token)

    def for_tokens(self):
        """Return the web services, with a token that stands in PaperCut's key. Raises PaperCutUnreachable.

        Where there is none, one is put there for the moment, which whoever writes the key replaces.
        """
        there = tokens.values(self.get(tokens.KEY))
        passing = "" if there else compat.random_hex(24)
        if passing:
            self.set(tokens.KEY, passing)
        problem = ""
        for token in there or [passing]:
            problem = self._web.refuses(token)
            if not problem:
                return self._web.with_token(token)
        if passing:
            self.set(tokens.KEY, "")
        raise PaperCutUnreachable(
            "{0} is written over the web services alone, so that no token stands in the list of processes, and they "
            "say: {1}".format(tokens.KEY, problem.rstrip("."))
        )

    def users(self, limit):
        code, said = self._run([self._path, "list-user-accounts"])
        names = said.split() if code == 0 else []
        return names[:limit], len(names)


def by_command(keys):
    """Return whether PaperCut's keys are written by server-command here."""
    return isinstance(keys, ServerCommand)


def needs_passing_token(keys):
    """Return whether our token can only be brought by one that stands among a program's arguments for a moment."""
    return by_command(keys) and not tokens.values(keys.get(tokens.KEY))


def for_tokens(keys):
    """Return the way by which tokens are written: never as arguments of a program. Raises PaperCutUnreachable."""
    return keys.for_tokens() if by_command(keys) else keys


def choose(system, papercut, url, tokens, ca_file="", run=places.run):
    """Return the way to PaperCut's keys that works now; `tokens` are tried in order.

    Raises PaperCutUnreachable with what to do when none does.
    """
    problem, refused = "there is no token yet", False
    web = XmlRpc(url, "", ca_file)
    for token in tokens:
        web = XmlRpc(url, token, ca_file)
        try:
            web.get(places.HEALTH_KEY)
            return web
        except PaperCutUnreachable as error:
            problem, refused = "{0}".format(error).rstrip("."), error.refused
    command = places.server_command(system, papercut)
    if command:
        found = ServerCommand(command, run, web)
        found.get(places.HEALTH_KEY)
        return found
    raise PaperCutUnreachable(
        "PaperCut's settings can be neither read nor written: over the web services {0}, and there is no "
        "server-command below {1}".format(problem, papercut),
        refused,
    )
