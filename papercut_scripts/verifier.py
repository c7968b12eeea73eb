# -*- coding: utf-8 -*-
"""Runs inside PaperCut's server folder under CPython 3.9+ and Jython 2.7, standard library only.

Salted slow hashes of PINs and of last accepted passwords, one owner-only file for each person. The relay writes PINs by
the same code.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import json
import os
import time

from papercut_scripts import compat

ROUNDS = 200000  # 65 ms under CPython, 440 ms under Jython
MOST_ROUNDS = 10 * ROUNDS  # of a file: more would keep a login waiting
NOBODY = {"salt": "00" * 16, "rounds": ROUNDS, "hash": "00" * 32}  # what a stranger's secret is compared with


def path(folder, member_id):
    return os.path.join(folder, compat.sha256_hex(member_id.encode("utf-8"))[:32])


def store(folder, member_id, secret, rounds=ROUNDS, source=""):
    """Write the verifier of `secret` for a member, in place of an earlier one; `source` is for who reads it later."""
    salt = compat.random_hex(16)
    values = {
        "format": 1,
        "member_id": member_id,
        "made": int(time.time()),
        "salt": salt,
        "rounds": rounds,
        "hash": compat.pbkdf2_sha256_hex(secret, compat.from_hex(salt), rounds),
        "source": source,
    }
    compat.make_private_folder(folder)
    data = json.dumps(values, sort_keys=True).encode("utf-8")
    compat.write_private(path(folder, member_id), data, durable=True)


def load(folder, member_id):
    """Return a member's verifier, None where there is none that can be read."""
    try:
        values = json.loads(compat.read_file(path(folder, member_id)).decode("utf-8"))
        is_ours = values["format"] == 1 and values["member_id"] == member_id and values["salt"]
        return values if is_ours and 0 < values["rounds"] <= MOST_ROUNDS else None
    except compat.ANY_ERROR:
        return None


def matches(secret, stored):
    """Return whether `secret` is the one behind a verifier; with None the same work is done, for nobody."""
    values = stored or NOBODY
    found = compat.pbkdf2_sha256_hex(secret, compat.from_hex(values["salt"]), values["rounds"])
    return compat.equal(found, values["hash"]) and stored is not None
