"""How a command ends: a failure is one sentence and the contract's exit code, never a traceback."""

from __future__ import annotations

import errno
import io
import json
import logging
import os
import sys
import traceback
from typing import Any, NoReturn

import click

from relay.cli.answers import usual_fields
from relay.cli.app import OUTSIDE, cli, set_outside
from relay.cli.remedies import sentence
from relay.commands import PROGRAM
from relay.errors import EXIT_DONE, EXIT_FAILED, ConfigError, RelayError, unexpected
from relay.foreign import visible_json
from relay.held_files import what_to_do
from relay.installer import places

log = logging.getLogger(__name__)


class _Outlet(io.FileIO):
    """A pipe whose reader may leave before the end (`| head`): what he does not want is no error of the command."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data) or 0
        except OSError as error:
            gone = (errno.EPIPE, errno.EINVAL) if os.name == "nt" else (errno.EPIPE,)
            if error.errno not in gone:
                raise
            return memoryview(data).nbytes


def _let_nothing_stop_an_answer() -> None:
    """Write UTF-8 to a file or another program, also where Windows would not; a terminal shows what it can."""
    if sys.stdin is None:  # a service's, or closed by the shell
        sys.stdin = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - until the end
        stream = getattr(sys, name)
        if not isinstance(stream, io.TextIOWrapper):
            continue
        if stream is getattr(sys, f"__{name}__") and not stream.isatty():
            stream.flush()
            outlet = io.BufferedWriter(_Outlet(stream.fileno(), "w", closefd=False))
            stream = io.TextIOWrapper(outlet, line_buffering=name == "stderr")
            setattr(sys, name, stream)
        stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run one command and leave with the contract's exit code; a failure is one sentence, never a traceback."""
    words = sys.argv[1:] if arguments is None else arguments
    _let_nothing_stop_an_answer()
    set_outside(None, "--json" in words, "--verbose" in words)
    OUTSIDE.command = ""
    logging.raiseExceptions = False
    try:
        code = cli.main(args=words, prog_name=PROGRAM, standalone_mode=False)
        code = code if isinstance(code, int) else EXIT_DONE
    except click.exceptions.Exit as error:
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt) as error:
        if isinstance(error, KeyboardInterrupt) or isinstance(error.__cause__, KeyboardInterrupt):
            message = "Stopped by Ctrl+C; the next run finds what was under way and finishes it."
            code = _failed("interrupted", message, EXIT_FAILED)
        elif nobody_answered(error):
            click.echo(err=True)  # the question stands there still
            message = (
                "Nobody can answer that question here, so nothing more was done: run this in a terminal, or give the "
                f"answer as an option. See: {PROGRAM} {OUTSIDE.command} --help"
            )
            code = _failed("usage", message, ConfigError.exit_code)
        else:
            code = _failed("aborted", "Stopped; nothing more was done.", EXIT_FAILED)
    except click.ClickException as error:
        code = _failed("usage", _usage(error), ConfigError.exit_code)
    except RelayError as error:
        code = _failed(error.code, sentence(error.message, error.remedies), error.exit_code)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        what = what_to_do(error, "put that right and run again")
        message = f"The system refused a file or a connection{where}: {error.strerror or error}; {what}."
        code = _failed("system", message, EXIT_FAILED)
    except Exception as error:
        log.exception("unexpected error")
        told = unexpected(error)
        code = _failed(told.code, told.message, told.exit_code)
    sys.exit(code)


def nobody_answered(error: BaseException) -> bool:
    """Return whether a question ended with the standard input, and not because somebody at a terminal pressed Ctrl+D.

    Click keeps the end in the background of its Abort.
    """
    return isinstance(error.__context__, EOFError) and not places.is_terminal(sys.stdin)


def _usage(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    where = context.command_path if context else f"{PROGRAM} {OUTSIDE.command}".strip()
    message = " ".join(error.format_message().split()).rstrip(".")
    return f"{message}{'' if message.endswith('?') else '.'} See: {where} --help"


def _failed(code: str, message: str, exit_code: int) -> int:
    if OUTSIDE.verbose:
        traceback.print_exc()
    if OUTSIDE.json:
        error = {"error": {"code": code, "message": message}}
        click.echo(visible_json(json.dumps({**usual_fields(OUTSIDE.command), **error}, indent=2, ensure_ascii=False)))
    click.echo(message, err=True)
    return exit_code
