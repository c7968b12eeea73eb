# -*- coding: utf-8 -*-
"""Runs inside PaperCut's server folder under CPython 3.9+ and Jython 2.7, standard library only.

The application's token at OfficeRnD, shared by all processes in `state/token.json`: each login is a process of its own
and the token endpoint takes about five calls a minute. One call per token life and one per revocation.

Source: OfficeRnD docs, authentication (client credentials, scope required, life about an hour, no refresh token);
EmpathDesign/OfficeRnD_MCP for the five calls a minute.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import json
import os
import time

from papercut_scripts import compat, exchange
from papercut_scripts.exchange import Unreachable

SCOPE = "flex.user.auth.signin"  # the least that can check a password
MARGIN_S = 60  # a token this near to its end is not used any more (a tenth of its life, where that is less)
RENEWALS_A_MINUTE = 3
LONGEST = 8000  # letters of a token
LONGEST_S = 86000  # seconds of its life that are believed
VISIBLE = "".join([chr(code) for code in range(33, 127)])
MAX_PAUSE_S = 60  # what we believe of a Retry-After


class Token(object):
    def __init__(self, home, settings):
        self._settings = settings
        self._path = os.path.join(home, "state", "token.json")
        self._owner = compat.sha256_hex(
            "\n".join([settings["token_url"], settings["organization"], settings["client_id"]]).encode("utf-8")
        )

    def get(self, deadline):
        """Return the shared token, or a new one. Raises Unreachable when there is none to be had."""
        return self._usable(self._read()) or self.renew(None, deadline)

    def renew(self, refused, deadline):
        """Return a token other than `refused`: of processes that ask at once one calls, the others take its answer."""
        try:
            with compat.Lock(self._path + ".lock", deadline - compat.monotonic()):
                stored = self._read()
                token = self._usable(stored)
                if token and token != refused:
                    return token
                self._respect_pause(stored)
                return self._call(deadline, self._renewals(stored) + ([int(time.time())] if refused else []))
        except compat.TimeOut:
            raise Unreachable("another process has not finished asking for the token")

    def may_be_renewed(self, refused):
        """Return whether a 401 on the token `refused` is worth a renewal.

        It may be about the password after all, in the very words of a bad token. So there are RENEWALS_A_MINUTE, which
        leaves the endpoint room; beyond them such a 401 counts as what the password deserved.
        """
        stored = self._read()
        return stored.get("access_token") != refused or len(self._renewals(stored)) < RENEWALS_A_MINUTE

    def _renewals(self, stored):
        now = time.time()
        return [moment for moment in stored.get("renewals", []) if now - 60 < moment <= now]

    def _usable(self, stored):
        now = time.time()
        # A token from the future means that a clock was wrong; then its end cannot be trusted either.
        if not _may_be_sent(stored.get("access_token")) or stored["obtained"] > now + MARGIN_S:
            return None
        return stored["access_token"] if now < min(stored["renew_at"], stored["obtained"] + LONGEST_S) else None

    def _respect_pause(self, stored):
        if 0 < stored.get("pause_until", 0) - time.time() <= MAX_PAUSE_S:
            raise Unreachable("OfficeRnD's token endpoint asked us to wait")

    def _call(self, deadline, renewals):
        try:
            secret = compat.written_text(compat.read_file(self._settings["client_secret_file"])).strip()
        except compat.ANY_ERROR:
            raise Unreachable("the file with the sign-in secret cannot be read")
        form = [
            ("grant_type", "client_credentials"),
            ("client_id", self._settings["client_id"]),
            ("client_secret", secret),
            ("scope", SCOPE),
        ]
        answer = exchange.post(
            self._settings["token_url"],
            [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")],
            "&".join([name + "=" + _quoted(value) for name, value in form]).encode("ascii"),
            deadline,
            self._settings["ca_file"],
            self._settings["proxy"],
        )
        now = int(time.time())
        if answer.status == 429:
            pause_s = answer.headers.get("retry-after", "")
            pause_s = min(int(pause_s), MAX_PAUSE_S) if pause_s.isdigit() else 15
            self._write({"pause_until": now + pause_s})
        try:
            data = json.loads(answer.body.decode("utf-8"))
            token, life_s = data["access_token"], min(int(data.get("expires_in") or 600), LONGEST_S)
        except compat.ANY_ERROR:
            token, life_s = None, 0
        if answer.status != 200 or not _may_be_sent(token):
            raise Unreachable("OfficeRnD's token endpoint answered {0} and gave no token".format(answer.status))
        renew_at = now + life_s - min(MARGIN_S, life_s // 10)
        self._write({"access_token": token, "obtained": now, "renew_at": renew_at, "renewals": renewals})
        return token

    def _read(self):
        try:
            stored = json.loads(compat.read_file(self._path).decode("utf-8"))
            numbers = [stored[name] for name in ("obtained", "renew_at", "pause_until") if name in stored]
            _ = [number + 0 for number in numbers + stored.get("renewals", [])]  # text where a number is due
            return stored if stored["owner"] == self._owner else {}
        except compat.ANY_ERROR:  # missing or damaged: as if there were none
            return {}

    def _write(self, values):
        data = json.dumps(dict(values, owner=self._owner), sort_keys=True)
        try:
            compat.write_private(self._path, data.encode("utf-8"))
        except compat.ANY_ERROR:  # a login does not fail for want of a cache
            pass


def _may_be_sent(token):
    """Return whether a token can stand in a header: letters of ASCII that are seen, and not without end."""
    return isinstance(token, type("")) and 0 < len(token) <= LONGEST and not token.strip(VISIBLE)


def _quoted(text):
    """Return text as form data: everything but letters and digits of ASCII by its UTF-8 bytes."""
    safe = bytearray(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
    return "".join([chr(byte) if byte in safe else "%{0:02X}".format(byte) for byte in bytearray(text.encode("utf-8"))])
