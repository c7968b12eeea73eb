"""A plan or a sync as a person reads it on a terminal: everybody accounted for, questions in groups, a line a person.

It keeps to about one screen; `--full` shows every change with its difference and every question.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from relay.cli import terminal
from relay.commands import command
from relay.people.decide import questions
from relay.people.decide.everybody import sentence

PEOPLE_SHOWN = 20  # lines for people in all, where there are more
FEWEST_SHOWN = 3  # of each kind: many of one must not hide a single other
QUESTIONS_SHOWN = 3  # of each kind
# What takes something away comes first; group changes last.
_MARKS = {"remove": "-", "unlink": "?", "rename": ">", "adopt": "=", "create": "+", "update": "~"}
_GROUPS = ("create", "remove", "membership_changes", "unchanged")
_ANSWERED = ("link", "link_new", "not_same", "unlink")


def show_plan(console: Console, answer: Mapping[str, Any], *, full: bool = False) -> None:
    """Show the JSON answer of `plan` or `sync`."""
    users, groups = answer["users"], answer["groups"]
    console.print(terminal.plain("Applied." if answer["applied"] else "Not applied.", style="bold"))
    if "everybody" in answer:
        console.print(terminal.plain(sentence(answer["everybody"])), soft_wrap=True)
    applied = bool(answer["applied"])
    console.print(terminal.plain("Accounts: " + (_counts(users, users, applied) or "none")))
    console.print(terminal.plain("Groups:   " + (_counts(groups, _GROUPS, applied) or "none")))
    _questions(console, answer["warnings"], full=full)
    _changes(console, answer["changes"], full=full)
    failures = answer.get("failures", ())
    for failure in failures if full else failures[:PEOPLE_SHOWN]:
        console.print(terminal.plain(f"Failed: {failure['message']}", style=terminal.REFUSED_STYLE))
    _more(console, 0 if full else len(failures) - PEOPLE_SHOWN, "failures")
    terminal.refusals(console, answer["refused"])
    console.print(terminal.plain(_next(answer)), soft_wrap=True)


def _next(answer: Mapping[str, Any]) -> str:
    """Return what to do now, with the plan's hash where it can be applied."""
    asked = sum(1 for warning in answer["warnings"] if _is_asked(warning))
    everybody = "Everybody else" if asked else "Everybody"
    questions_first = f"Answer the {asked} questions, or leave them: nobody is guessed. " if asked > 1 else ""
    questions_first = "Answer the question, or leave it: nobody is guessed. " if asked == 1 else questions_first
    if answer.get("failures"):
        return "Next: papercut-relay sync, which tries again what failed."
    if answer["refused"]:
        return "Next: look whether this is right; if it is, lift the limit once as said above."
    if answer["applied"]:
        return f"{questions_first}Next: papercut-relay settle --dry-run, to see what would be billed."
    if not answer["changes"]:
        return f"{questions_first}{everybody} is in place (plan {answer['hash']}); a sync would change nothing."
    return (
        f"{questions_first}Next: papercut-relay sync --expect {answer['hash']}, which does exactly this "
        f"(plan {answer['hash']})."
    )


def _is_asked(warning: Mapping[str, Any]) -> bool:
    return any(remedy["action"] in _ANSWERED for remedy in warning.get("remedies", ()))


# What a count is called before a sync, and after it.
_COUNTED = {
    "create": ("to create", "created"),
    "adopt": ("to take over as they are", "taken over as they are"),
    "update": ("to update", "updated"),
    "rename": ("to rename", "renamed"),
    "unlink": ("to unlink", "unlinked"),
    "remove": ("to remove", "removed"),
    "membership_changes": ("with other members", "with other members"),
    "unchanged": ("unchanged", "unchanged"),
}


def _counts(counts: Mapping[str, int], order: Sequence[str] | Mapping[str, int], applied: bool) -> str:
    return ", ".join(f"{counts[name]} {_COUNTED[name][applied]}" for name in order if counts.get(name))


# -- changes


def _changes(console: Console, changes: Sequence[Mapping[str, Any]], *, full: bool) -> None:
    kinds: dict[str, list[Mapping[str, Any]]] = {action: [] for action in _MARKS}
    for change in changes:
        kinds.setdefault(change["action"], []).append(change)
    kinds = {action: found for action, found in kinds.items() if found}
    if not kinds:
        return
    if full:
        rows = [_row(change) for found in kinds.values() for change in found]
        console.print(terminal.table("Changes", ["", "Who", "What", "Why"], rows))
        return
    kinds = {action: found for action, found in kinds.items() if action in _MARKS}  # the groups' sums stand above
    room = _room({action: len(found) for action, found in kinds.items()})
    for action, found in kinds.items():
        for change in found[: room[action]]:
            console.print(terminal.plain(_line(change)), no_wrap=True, overflow="ellipsis", crop=True)
        _more(console, len(found) - room[action], f"to {action.replace('_', ' ')}", indent="  ")


def _room(counts: Mapping[str, int]) -> dict[str, int]:
    """Return how many lines each kind gets: all where all fit, else a few of each and the rest in order."""
    room = {kind: min(count, FEWEST_SHOWN) for kind, count in counts.items()}
    left = max(0, PEOPLE_SHOWN - sum(room.values()))
    for kind, count in counts.items():
        more = min(left, count - room[kind])
        room[kind] += more
        left -= more
    return room


def _line(change: Mapping[str, Any]) -> str:
    """Return a change in one line: "+ create  ann_x.example  Ann Lee, Acme"."""
    after, action = change["after"] or {}, change["action"]
    what = change["reason"]
    if action == "create":
        what = ", ".join(str(after[name]) for name in ("full_name", "department") if after.get(name))
    elif action in ("update", "rename"):
        what = _difference(change).replace("\n", "; ")
    return " ".join(f"  {_MARKS[action]} {action:<8} {change['username']}  {what}".rstrip().splitlines())


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


# -- questions


def _questions(console: Console, warnings: Sequence[Mapping[str, Any]], *, full: bool) -> None:
    for code, found in questions.in_groups(warnings).items():
        kind = questions.kind_of(code)
        shown = found if full else found[:QUESTIONS_SHOWN]
        console.print(
            terminal.plain(f"{kind.title(len(found))} ({code}). {kind.meaning}".rstrip(), style="bold yellow")
        )
        for warning in shown:
            told = warning["message"] if full else _short(warning)
            console.print(terminal.plain(f"  {told}"), soft_wrap=True)  # to be copied
        _more(console, len(found) - len(shown), code, indent="  ")


def _short(warning: Mapping[str, Any]) -> str:
    """Return who is asked about, and the commands that answer; the message where nothing is asked of a person."""
    name = warning.get("facts", {}).get("name")
    if not name or not _is_asked(warning):
        return str(warning["message"])
    company = warning["facts"].get("company")
    commands = " or ".join(command(remedy) for remedy in warning["remedies"])
    return f"{name}{f', {company}' if company else ''}: {commands}"


def _more(console: Console, count: int, what: str, indent: str = "") -> None:
    if count > 0:
        console.print(terminal.plain(f"{indent}... and {count} more {what}; all of them with --full"))
