# -*- coding: utf-8 -*-
"""Runs prepared rows of the behaviour table through the two programs: under CPython 3 in the test's own process, under
Jython 2.7 in one virtual machine (`table_driver.py FOLDER_OF_PACKAGE ROWS.json RESULTS.json`). Compares nothing.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import binascii
import io
import json
import sys
import time


def run_row(row):
    """Return what a program did with one row: {"out": hex, "error": text, "code": 0, "ms": 12}."""
    from papercut_scripts import auth_program, compat, user_source

    compat.pause = lambda seconds: None  # how long a refusal waits is told elsewhere
    waiting = [binascii.unhexlify(row["stdin"].encode("ascii"))]
    out, errors = [], []
    started = time.time()

    def read_line(limit):
        end = waiting[0].find(b"\n") + 1 or len(waiting[0])
        line, waiting[0] = waiting[0][: min(end, limit)], waiting[0][min(end, limit) :]
        return line

    def find_home():
        return row["home"]

    if row["program"] == "auth":
        code = auth_program.serve(find_home, read_line, out.append, errors.append, row["limit_s"])
    else:
        code = user_source.serve(find_home, lambda: row["words"], read_line, out.append, errors.append)
    return {
        "out": binascii.hexlify(b"".join(out)).decode("ascii"),
        "error": "\n".join(errors),
        "code": code or 0,
        "ms": int((time.time() - started) * 1000),
    }


def main():
    sys.path.insert(0, sys.argv[1])
    with io.open(sys.argv[2], encoding="utf-8") as source:
        rows = json.load(source)
    results = json.dumps([run_row(row) for row in rows])
    with io.open(sys.argv[3], "wb") as target:
        target.write(results.encode("utf-8"))


if __name__ == "__main__":
    main()
