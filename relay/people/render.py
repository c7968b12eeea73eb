"""A plan or a sync as a person reads it on a terminal: counts, changes with their reasons, questions, refusals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from relay import terminal

SHOWN = 40  # lines of one kind; all of them stand in the JSON answer
_MARKS = {"create": "+", "adopt": "=", "update": "~", "rename": ">", "unlink": "?", "remove": "-"}


def show_plan(console: Console, answer: Mapping[str, Any]) -> None:
    """Show the JSON answer of `plan` or `sync`."""
    users, groups = answer["users"], answer["groups"]
    console.print(Text("Applied." if answer["applied"] else "Not applied.", style="bold"))
    console.print(Text("Users:  " + ", ".join(f"{count} {word}" for word, count in users.items() if count) or "none"))
    console.print(
        Text("Groups: " + ", ".join(f"{count} {word.replace('_', ' ')}" for word, count in groups.items() if count))
    )
    if answer["changes"]:
        rows = [_row(change) for change in answer["changes"][:SHOWN]]
        console.print(terminal.table("Changes", ["", "Who", "What", "Why"], rows))
        _more(console, len(answer["changes"]), "changes")
    if answer["warnings"]:
        rows = [[item["code"], item["message"]] for item in answer["warnings"][:SHOWN]]
        console.print(terminal.table("Questions and warnings", ["", ""], rows))
        _more(console, len(answer["warnings"]), "warnings")
    for failure in answer.get("failures", ())[:SHOWN]:
        console.print(Text(f"Failed: {failure['message']}", style=terminal.REFUSED_STYLE))
    _more(console, len(answer.get("failures", ())), "failures")
    terminal.refusals(console, answer["refused"])
    if not answer["applied"] and not answer["refused"]:
        console.print(
            Text(f"Plan {answer['hash']}; to apply exactly this: papercut-relay sync --expect {answer['hash']}")
        )


def _row(change: Mapping[str, Any]) -> list[str]:
    group = (change["after"] or change["before"] or {}).get("group", "")
    who = change["username"] or f"group {group}"
    mark = _MARKS.get(change["action"], "*")
    return [f"{mark} {change['action'].replace('_', ' ')}", who, _difference(change), change["reason"]]


def _difference(change: Mapping[str, Any]) -> str:
    """Return what differs, old and new: "department: Acme > Best"."""
    before, after = change["before"] or {}, change["after"] or {}
    lines = []
    for name in sorted({*before, *after} - {"group"}):
        old, new = _told(before.get(name)), _told(after.get(name))
        if before or new != '""':  # a new account needs no word about what it will not have
            lines.append(f"{name.replace('_', ' ')}: {f'{old} > {new}' if old else new}")
    return "\n".join(lines)


def _told(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "" if value is None else str(value) if value != "" else '""'


def _more(console: Console, count: int, what: str) -> None:
    if count > SHOWN:
        console.print(Text(f"... and {count - SHOWN} more {what}; all of them with --json"))
