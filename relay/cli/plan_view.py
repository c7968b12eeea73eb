"""A plan or a sync as a person reads it on a terminal: counts, changes with their reasons, questions, refusals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from relay.cli import terminal

SHOWN = 40  # lines of one kind; all of them stand in the JSON answer
SHOWN_OF_A_CODE = 5  # questions of one code: many of one must not hide a single other
# What takes something away comes first; group changes last.
_MARKS = {"remove": "-", "unlink": "?", "rename": ">", "adopt": "=", "create": "+", "update": "~"}


def show_plan(console: Console, answer: Mapping[str, Any]) -> None:
    """Show the JSON answer of `plan` or `sync`."""
    users, groups = answer["users"], answer["groups"]
    console.print(Text("Applied." if answer["applied"] else "Not applied.", style="bold"))
    console.print(Text("Users:  " + ", ".join(f"{count} {word}" for word, count in users.items() if count) or "none"))
    console.print(
        Text("Groups: " + ", ".join(f"{count} {word.replace('_', ' ')}" for word, count in groups.items() if count))
    )
    kinds = _by_kind(answer["changes"], "action", list(_MARKS))
    if kinds:
        rows = [_row(change) for changes in kinds.values() for change in changes[:SHOWN]]
        console.print(terminal.table("Changes", ["", "Who", "What", "Why"], rows))
        for action, changes in kinds.items():
            _more(console, len(changes) - SHOWN, f"to {action.replace('_', ' ')}")
    codes = _by_kind(answer["warnings"], "code")
    if codes:
        console.print(Text("Questions and warnings", style="italic"))
        for code, warnings in codes.items():
            console.print(Text(f"{code}: {len(warnings)}", style="bold yellow"))
            for warning in warnings[:SHOWN_OF_A_CODE]:
                console.print(Text(f"  {warning['message']}"), soft_wrap=True)  # to be copied
            _more(console, len(warnings) - SHOWN_OF_A_CODE, code, indent="  ")
    for failure in answer.get("failures", ())[:SHOWN]:
        console.print(Text(f"Failed: {failure['message']}", style=terminal.REFUSED_STYLE))
    _more(console, len(answer.get("failures", ())) - SHOWN, "failures")
    terminal.refusals(console, answer["refused"])
    if not answer["applied"] and not answer["refused"]:
        console.print(
            Text(f"Plan {answer['hash']}; to apply exactly this: papercut-relay sync --expect {answer['hash']}")
        )


def _by_kind(
    items: Sequence[Mapping[str, Any]], key: str, first: Sequence[str] = ()
) -> dict[str, list[Mapping[str, Any]]]:
    """Return the items by their `key`, in the order of `first`, the other kinds behind in the order they come in."""
    kinds: dict[str, list[Mapping[str, Any]]] = {kind: [] for kind in first}
    for item in items:
        kinds.setdefault(item[key], []).append(item)
    return {kind: found for kind, found in kinds.items() if found}


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


def _more(console: Console, count: int, what: str, indent: str = "") -> None:
    if count > 0:
        console.print(Text(f"{indent}... and {count} more {what}; all of them with --json"))
