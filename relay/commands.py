"""The terminal's words for remedies: the one table of commands, for whatever shows one that can be typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from relay.remedy import Action, Remedy
from relay.shell import quoted

PROGRAM = "papercut-relay"

# action -> its command. A word in capitals takes the next argument, and stays where there is none.
COMMANDS: Mapping[str, str] = {
    "allow_settle": "settle --allow LIMIT",
    "allow_sync": "sync --allow LIMIT",
    "allow_top_up": "top-up --allow LIMIT",
    "approve": "approve WHO --as ANSWER --reason TEXT",
    "approve_amount": "approve WHO --as ANSWER --amount AMOUNT --reason TEXT",
    "check": "check",
    "fix": "check --fix CODE",
    "help": "COMMAND --help",
    "init": "init",
    "issue_pin": "pin issue WHO",
    "link": "link MEMBER USERNAME",
    "link_new": "link MEMBER USERNAME --new",
    "link_shared": "link COMPANY account:NAME",
    "not_same": "not-same MEMBER USERNAME",
    "password": "password NAME",
    "password_role": "password NAME --role ROLE",
    "plan": "plan",
    "probe": "probe --out FILE",
    "rebuild": "rebuild",
    "resolve": "resolve REFERENCE --as ANSWER --reason TEXT",
    "run": "run",
    "sandbox": "sandbox --write-config DIR",
    "sandbox_like": "sandbox --like FILE",
    "serve": "serve",
    "serve_at": "serve --listen ADDRESS:PORT",
    "settle": "settle",
    "show_held": "settle --dry-run",
    "status": "status",
    "sync": "sync",
    "sync_member": "sync --member WHO",
    "unlink": "unlink WHO",
}


def command(remedy: Remedy | Mapping[str, Any]) -> str:
    """Return the command line of a remedy, ready to be pasted into the shell at hand."""
    value = remedy.as_json() if isinstance(remedy, Remedy) else remedy
    arguments = iter(value["arguments"])
    words = [
        quoted(filled) if word.isupper() and (filled := next(arguments, "")) else word
        for word in COMMANDS[value["action"]].split()
    ]
    return " ".join((PROGRAM, *words))


def named(action: Action, *arguments: str) -> str:
    """Return the command of an action: `named("password")` is "papercut-relay password NAME"."""
    return command(Remedy(action, arguments))
