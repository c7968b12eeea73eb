"""Secrets sealed by a pass phrase, for the way to the PaperCut machine in the installation package.

Fernet (AES and HMAC) under a key that scrypt makes of the phrase; the parameters stand in the file. The installer
starts this module once the relay is installed: the phrase comes by standard input and the secrets leave by standard
output.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from relay import json_text
from relay.errors import ConfigError

FORMAT = 1
SHORTEST_PHRASE = 12
# Memory is 128 * cost * 8 bytes: 64 MB, about a fifth of a second.
COST = 2**16
MOST_COST = 2**20  # a file that asks for more memory than a gigabyte is none of ours


def seal(secrets: Mapping[str, str], phrase: str, *, cost: int = COST) -> bytes:
    """Return `secrets` ({"secrets/papercut_token": "..."}) as a file that only `phrase` opens.

    Raises ConfigError for a phrase that is too short to withstand somebody who has the file.
    """
    if len(phrase) < SHORTEST_PHRASE:
        raise ConfigError([f"The pass phrase must have at least {SHORTEST_PHRASE} characters; nothing was written."])
    salt = os.urandom(16)
    token = Fernet(_key(phrase, salt, cost)).encrypt(json.dumps(dict(secrets)).encode())
    facts = {"format": FORMAT, "kdf": "scrypt", "cost": cost, "salt": salt.hex(), "sealed": token.decode()}
    return (json.dumps(facts, indent=2) + "\n").encode()


def open_(data: bytes, phrase: str) -> dict[str, str]:
    """Return the secrets of a sealed file. Raises ConfigError for another phrase or a damaged file."""
    try:
        facts = json_text.parsed(data)
        if facts["format"] != FORMAT or not 1 < facts["cost"] <= MOST_COST:
            raise ValueError("made by another version")
        opened = Fernet(_key(phrase, bytes.fromhex(facts["salt"]), facts["cost"])).decrypt(facts["sealed"].encode())
        secrets = json_text.parsed(opened)
    except (InvalidToken, ValueError, KeyError, TypeError, AttributeError):
        raise ConfigError(["The pass phrase does not open these secrets, or the file is damaged."]) from None
    return {str(name): str(value) for name, value in secrets.items()}


def _key(phrase: str, salt: bytes, cost: int) -> bytes:
    return base64.urlsafe_b64encode(Scrypt(salt=salt, length=32, n=cost, r=8, p=1).derive(phrase.encode()))


def main(path: str) -> None:
    """Open the file `path` with the phrase on standard input, for the installer; exit 1 where it does not open."""
    phrase = sys.stdin.buffer.readline().decode().rstrip("\r\n")
    try:
        with open(path, "rb") as file:
            secrets = open_(file.read(), phrase)
    except (ConfigError, OSError):
        sys.exit(1)
    sys.stdout.write(json.dumps(secrets))
