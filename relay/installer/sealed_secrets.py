# -*- coding: utf-8 -*-
"""Secrets that came sealed in the package: opened by the relay just installed, since no cipher is in the library here.

The pass phrase goes in and the secrets come out by pipes, never by arguments or files.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import base64
import hashlib
import hmac
import json

from . import files, held
from .change import Change
from .stop import InstallStop
from papercut_scripts import compat


def opens(path, phrase):
    """Return whether a phrase opens a sealed file; True where this Python cannot tell.

    Without a cipher: Fernet's last 32 bytes are an HMAC under the first half of the key. Source: the Fernet spec;
    relay/sealed.py for the key.
    """
    facts = json.loads(compat.read_file(path).decode("utf-8"))
    if not hasattr(hashlib, "scrypt"):
        return True
    cost, salt = facts["cost"], compat.from_hex(facts["salt"])
    # novm: never reached by Jython
    key = hashlib.scrypt(phrase.encode("utf-8"), salt=salt, n=cost, r=8, p=1, maxmem=132 * cost * 8, dklen=32)  # novm
    token = base64.urlsafe_b64decode(facts["sealed"].encode("ascii"))
    return hmac.compare_digest(hmac.new(key[:16], token[:-32], hashlib.sha256).digest(), token[-32:])


class SealedSecrets(Change):
    """The secret files, each readable by the server's account alone."""

    kind = "secrets"

    def __init__(self, facts, library, sealed, missing, phrase):
        self.subject = facts.secrets
        self._facts = facts
        self._library = library
        self._sealed = sealed
        self._phrase = phrase
        self._targets = {secret["file"]: facts.secret_path(secret) for secret in missing}

    def describe(self):
        return "open the sealed secrets into {0} for {1} alone".format(
            ", ".join(sorted(self._targets.values())), self._facts.account
        )

    def is_done(self):
        return all(held.is_file(path) for path in self._targets.values())

    def after(self):
        return {"files": sorted(self._targets.values())}

    def make(self, journal):
        code = "import sys; sys.path.insert(0, sys.argv[1]); from relay import sealed; sealed.main(sys.argv[2])"
        command = self._facts.interpreter + ["-E", "-s", "-c", code, self._library.subject, self._sealed]
        exit_code, said = self._facts.run(command, self._phrase + "\n")
        try:
            opened = json.loads(said) if exit_code == 0 else None
        except ValueError:
            opened = None
        if opened is None:
            raise InstallStop(
                "The pass phrase does not open the package's secrets: run the installer again with the right one."
            )
        for name, path in self._targets.items():
            if name in opened:
                files.write(path, (opened[name] + "\n").encode("utf-8"), 0o600, self._facts.account)

    @staticmethod
    def undo(entry, context):
        kept = [path for path in entry.after["files"] if held.is_file(path)]
        if not context.purge:
            return "kept {0}".format(", ".join(kept)) if kept else ""
        for path in kept:
            held.remove(path)
        return ""
