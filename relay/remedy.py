"""What somebody can do about something, as a value: an action of the product and what it is done to.

The rooms say what happened and name remedies; the terminal (relay/commands.py) and the console
(relay/console/remedies.py) put a remedy into words, each in one table. A name from outside is only ever an argument
here, so that it stays a name whatever it looks like.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Action = Literal[
    "allow_settle",  # a limit
    "allow_sync",  # a limit
    "allow_top_up",  # a limit
    "approve",  # whom or what, the answer
    "approve_amount",  # whom, the answer
    "check",
    "fix",  # a finding's code
    "help",  # a command
    "init",
    "issue_pin",  # a member
    "link",  # a member or company, an account's or group's name
    "link_new",  # a member, the name of an account to be made
    "link_shared",  # a company, a shared account's name
    "not_same",  # a member, an account's name
    "password",  # a user of the console
    "password_role",  # a user of the console, what he may do
    "plan",
    "probe",  # the file to write
    "rebuild",
    "resolve",  # a reference, the answer
    "run",
    "sandbox",
    "sandbox_like",  # a field record
    "serve",
    "serve_at",  # an address
    "settle",
    "show_held",
    "status",
    "sync",
    "sync_member",  # a member
    "unlink",  # whom
]

WHO_IS_WHO: tuple[Action, ...] = ("link", "link_new", "not_same", "unlink")  # the answers to a question about people


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing to do: `Remedy("link", ("5f3", "ann.lee_example.com"))`.

    An argument "" is to be chosen by whoever does it. `when` is the case in which this is the one to choose, as a
    clause ("if they are the same"), "" where it needs no saying.
    """

    action: Action
    arguments: tuple[str, ...] = ()
    when: str = ""

    def as_json(self) -> dict[str, Any]:
        return {"action": self.action, "arguments": list(self.arguments), "when": self.when}


Remedies = tuple[Remedy, ...]


def as_json(remedies: Sequence[Remedy]) -> list[dict[str, Any]]:
    return [remedy.as_json() for remedy in remedies]


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence of a room with what can be done about it."""

    message: str
    remedies: Remedies = ()

    def as_json(self) -> dict[str, Any]:
        return {"message": self.message, "remedies": as_json(self.remedies)}
