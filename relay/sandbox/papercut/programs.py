"""Starts the custom user and auth programs the way PaperCut's server does, and reads what they answer.

The environment is a service's: nothing of the shell that started the stand-in, no locale, no settings of the relay.
Source: PaperCut manual on custom programs and its CustomSynAndAuthentication README; field reports for what they leave
open (stdin kept open, exit code enforced).
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from relay.sandbox.papercut.state import KEY_USER_SOURCE, SECURITY_FOLDERS, PaperCutState

RECORD_FIELDS = (
    "username",
    "full_name",
    "email",
    "department",
    "office",
    "primary_card",
    "other_emails",
    "secondary_card",
    "alias",
    "home",
    "pin",
)
SHORT_RECORD = 5

_SERVICE_VARIABLES = ("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "TEMP", "TMP", "PROGRAMDATA", "PROGRAMFILES", "COMSPEC")


class ProgramError(Exception):
    """A program that could not be started, took too long, or said no by its exit code; the text is for the log."""


@dataclass(frozen=True)
class ProgramOutput:
    """What a program printed, and how it ended."""

    exit_code: int
    output: str
    errors: str

    def lines(self) -> list[str]:
        """Return the non-blank lines of standard output."""
        return [line.rstrip("\r") for line in self.output.split("\n") if line.strip()]


def resolve(state: PaperCutState, configured: str) -> list[str]:
    """Return the command of a configured program: ["/opt/x/user_source"], or with the interpreter for a `.py` file.

    Raises ProgramError where nothing is configured, the file is missing, its folder is not listed in
    security.properties, or the other form, path or name, is wanted.
    """
    if not configured:
        raise ProgramError("no custom program is configured")
    switches = state.switches
    listed = [
        Path(folder.strip())
        for folder in state.security.get(SECURITY_FOLDERS, "").split(switches.allow_list_separator)
        if folder.strip()
    ]
    path = Path(configured)
    by_name = path.name == configured
    if switches.custom_program == ("path_only" if by_name else "name_only"):
        raise ProgramError(f"{configured} is no {'full path' if by_name else 'name'} of a program")
    if by_name:  # a bare name is searched in the listed folders
        path = next((folder / configured for folder in listed if (folder / configured).is_file()), path)
    if switches.allow_list_enforced and not _is_listed(path, listed, below=switches.allow_list_covers_subfolders):
        raise ProgramError(f"{configured} is not in a directory of {SECURITY_FOLDERS} (security.properties)")
    if not path.is_file():
        raise ProgramError(f"{configured} does not exist")
    return [sys.executable, str(path)] if path.suffix == ".py" else [str(path)]


def _is_listed(path: Path, folders: list[Path], *, below: bool) -> bool:
    if not path.is_absolute():
        return False
    parents = [_plain(parent) for parent in Path(os.path.normpath(path)).parents]
    return any(_plain(folder) in (parents if below else parents[:1]) for folder in folders)


def _plain(folder: Path) -> str:
    return os.path.normcase(os.path.normpath(folder))


def service_environment(extra: str) -> dict[str, str]:
    """Return the environment of a program; `extra` is the auth source's `NAME=value` setting."""
    environment = {name: os.environ[name] for name in _SERVICE_VARIABLES if name in os.environ}
    environment["PATH"] = os.defpath if os.name != "nt" else os.environ.get("PATH", "")
    for pair in extra.replace("\n", ";").split(";"):
        name, equals, value = pair.partition("=")
        if equals and name.strip():
            environment[name.strip()] = value.strip()
    return environment


def run(
    state: PaperCutState,
    configured: str,
    arguments: Sequence[str] = (),
    *,
    typed: str = "",
    environment: str = "",
    keep_open: bool = False,
    timeout_s: float,
) -> ProgramOutput:
    """Start the program, give it `typed` on standard input, and return its answer.

    With `keep_open` its standard input sees no end of file. Raises ProgramError when it cannot be started or is still
    running after `timeout_s` seconds (it is ended then).
    """
    command = [*resolve(state, configured), *arguments]
    folder = state.data_dir / "server"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=service_environment(environment),
            cwd=folder,
        )
    except OSError as error:
        raise ProgramError(f"{configured} cannot be started: {error.strerror}") from None
    told, process.stdin = process.stdin, None  # communicate would close it at once
    assert told is not None
    with process:
        with contextlib.suppress(OSError):  # a program may leave without reading
            told.write(typed.encode("utf-8"))
            told.flush()
            if not keep_open:
                told.close()
        try:
            output, errors = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            raise ProgramError(f"{configured} did not answer within {timeout_s:g} s") from None
        finally:
            with contextlib.suppress(OSError):
                told.close()
    return ProgramOutput(
        process.returncode, output.decode("utf-8", "replace"), errors.decode("utf-8", "replace").strip()
    )


def ask_user_source(state: PaperCutState, command: str, *arguments: str, typed: str = "") -> ProgramOutput:
    """Ask the user source one question; a non-zero exit is a ProgramError with what it wrote to standard error."""
    if state.switches.command_spelling == "get_prefix" and command.startswith(("all-", "group-")):
        command = "get-" + command
    answer = run(
        state,
        state.key(KEY_USER_SOURCE),
        ["-", command, *arguments],
        typed=typed,
        timeout_s=state.switches.user_source_timeout_s,
    )
    if answer.exit_code != 0:
        said = f": {answer.errors}" if answer.errors else ""
        raise ProgramError(f"{command} ended with exit code {answer.exit_code}{said}")
    return answer


def read_record(line: str, *, long: bool) -> dict[str, str]:
    """Return the fields that a record line has, by name; a short record's fields end at the office.

    "ann\\tAnn Lee" is {"username": "ann", "full_name": "Ann Lee"}: what is missing at the end is not there.
    """
    names = RECORD_FIELDS if long else RECORD_FIELDS[:SHORT_RECORD]
    return dict(zip(names, (part.strip() for part in line.split("\t")), strict=False))
