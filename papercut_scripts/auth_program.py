# -*- coding: utf-8 -*-
"""Runs inside PaperCut's server folder under CPython 3.9+ and Jython 2.7, standard library only.

PaperCut's *custom auth program*: two lines in (what was typed as name, the password), `OK` and the username out, or
`ERROR`. It exits 0 always, answers within LIMIT_S by its own clock whatever hangs, says the same neutral sentence for
every refusal, and keeps its own audit log, since PaperCut logs a clean ERROR nowhere. No password leaves it but to
OfficeRnD.

Source: PaperCut CustomSynAndAuthentication README; FIELD report HexaSpaceRND (exit code enforced, input stays open).
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import os
import sys

if not __package__:  # started as a plain file, in a folder of any name
    _package = type(os)(str("papercut_scripts"))
    _package.__path__ = [os.path.dirname(os.path.abspath(__file__))]
    sys.modules.setdefault("papercut_scripts", _package)

from papercut_scripts import audit, compat, login, program_home

LIMIT_S = 4.5
MAX_LINE = 4096  # bytes; PaperCut's own C provider refuses lines over 1023 characters
NEUTRAL = "The login was not accepted. Check the name and the password, or try again later."


def main():
    """Answer one login of PaperCut and end the process with 0."""
    try:
        serve(program_home.find_home, compat.read_line, compat.write_stdout, compat.write_stderr)
    finally:
        compat.exit_now(0)  # not sys.exit: a thread may still hang in a name look-up


def serve(find_home, read_line, write_out, write_error, limit_s=LIMIT_S):
    """Check the login on the two lines of `read_line(limit)`, answer within `limit_s`, then log. Never raises."""
    started = compat.monotonic()
    folder = ""
    try:
        folder = find_home()
        outcome = compat.run_bounded(lambda: check(folder, read_line, started + limit_s), limit_s)
    except compat.ANY_ERROR:
        outcome = _failure(sys.exc_info())
    try:
        if outcome.verdict == login.ACCEPTED:
            write_out("OK\n{0}\n".format(outcome.username).encode("utf-8"))
        else:
            write_out(b"ERROR\n")
            write_error(NEUTRAL)
        _finish(folder, outcome, started, limit_s)
    except compat.ANY_ERROR:
        pass


def check(folder, read_line, deadline):
    """Return the Outcome of the login on the two lines that `read_line(limit)` gives."""
    lines = [_ended(read_line(MAX_LINE + 2)) for _ in range(2)]
    if any(len(line) > MAX_LINE for line in lines):
        return login.Outcome(login.REJECTED, "too_long")
    try:
        typed, password = [line.decode("utf-8") for line in lines]
    except UnicodeDecodeError:
        return login.Outcome(login.REJECTED, "not_utf8")
    return _check(folder, typed, password, deadline)


def check_typed(folder, typed, password):
    """Return the Outcome of a login typed elsewhere, logged and within the program's time. Never raises."""
    started = compat.monotonic()
    try:
        outcome = compat.run_bounded(lambda: _check(folder, typed, password, started + LIMIT_S), LIMIT_S)
    except compat.ANY_ERROR:
        outcome = _failure(sys.exc_info())
    try:
        _finish(folder, outcome, started, LIMIT_S)
    except compat.ANY_ERROR:
        pass
    return outcome


def _check(folder, typed, password, deadline):
    typed = typed.lstrip("\ufeff").strip()
    if not typed or not password:
        return login.Outcome(login.REJECTED, "empty")
    return login.check(folder, typed, password, deadline)


def _failure(error):
    """Return the Outcome of an error: its type alone, since its text may hold what was typed."""
    if issubclass(error[0], compat.TimeOut):
        return login.Outcome(login.UNAVAILABLE, "time_out")
    return login.Outcome(login.UNAVAILABLE, "failed", detail=error[0].__name__)


def _finish(folder, outcome, started, limit_s):
    """Log, and do what could wait until the answer was out."""
    if folder:
        _log(folder, outcome, int((compat.monotonic() - started) * 1000))
    if outcome.afterwards is not None:
        compat.run_bounded(outcome.afterwards, limit_s)


def _ended(line):
    """Return a line without its end, LF or CRLF; everything else of a password stays as it was typed."""
    if line.endswith(b"\r\n"):
        return line[:-2]
    return line[:-1] if line.endswith(b"\n") else line


def _log(folder, outcome, took_ms):
    line = [
        ("verdict", outcome.verdict),
        ("reason", outcome.reason),
        ("username", outcome.username),
        ("who", outcome.key),
        ("by", outcome.by),
        ("detail", outcome.detail),
        ("stale", outcome.stale),
        ("ms", took_ms),
    ]
    audit.write(folder, "auth", line)
    if outcome.failures:
        audit.write(folder, "auth", [("verdict", "alert"), ("reason", "many_failures"), ("failures", outcome.failures)])


if __name__ == "__main__":
    main()
