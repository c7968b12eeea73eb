# -*- coding: utf-8 -*-
"""Runs inside PaperCut's server folder under CPython 3.9+ and Jython 2.7, standard library only.

PaperCut's *custom user program*: `officernd-user-source - COMMAND [ARGUMENTS]`. It answers from the hand-over files and
from nothing else; it makes no network call and writes nothing but its log. On any doubt it prints nothing on standard
output, one sentence on standard error, and exits 1: a short answer would read as "these people have left".

Source: PaperCut CustomSynAndAuthentication README; FIELD report HexaSpaceRND for the spellings without `get-`.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import os
import sys

if not __package__:  # started as a plain file, in a folder of any name
    _package = type(os)(str("papercut_scripts"))
    _package.__path__ = [os.path.dirname(os.path.abspath(__file__))]
    sys.modules.setdefault("papercut_scripts", _package)

from papercut_scripts import answers, audit, compat, program_home


INPUT_S = 10.0  # how long the name that a question is about may be under way


def main():
    """Answer one query of PaperCut and end the process with 0 or 1."""
    code = serve(program_home.find_home, compat.arguments, read_line, compat.write_stdout, compat.write_stderr)
    compat.exit_now(code)  # not sys.exit: a thread may still wait for the input


def read_line(limit):
    """Return one line of standard input, or raise TimeOut: no query waits for ever on a pipe that stays open."""
    return compat.run_bounded(lambda: compat.read_line(limit), INPUT_S)


def serve(find_home, arguments, read_line, write_out, write_error):
    """Answer the query in `arguments()`, log it, and return the exit code. Never raises."""
    started = compat.monotonic()
    folder, query, sentence, note, size = "", [], "", "", 0
    try:
        folder = find_home()
        query = arguments()
        answer, note = answers.answer(folder, query, read_line)
        write_out(answer)
        size = len(answer)
    except answers.Doubt:
        sentence = "{0}".format(sys.exc_info()[1])
    except compat.ANY_ERROR:
        sentence = "The user source failed ({0}): run `papercut-relay check`.".format(sys.exc_info()[0].__name__)
    code = 1 if sentence else 0
    if folder:
        took_ms = int((compat.monotonic() - started) * 1000)
        line = [
            ("query", " ".join(query)),
            ("exit", code),
            ("bytes", size),
            ("ms", took_ms),
            ("note", sentence or note),
        ]
        audit.write(folder, "user_source", line)
    if sentence:
        write_error(sentence)
    return code


if __name__ == "__main__":
    main()
