"""The terminal's words for remedies: the one table of commands, and the sentences that hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from relay.remedy import Remedy
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
    "issue_pin": "pin issue WHO",
    "link": "link MEMBER USERNAME",
    "link_new": "link MEMBER USERNAME --new",
    "link_shared": "link COMPANY account:NAME",
    "not_same": "not-same MEMBER USERNAME",
    "password": "password NAME",
    "plan": "plan",
    "probe": "probe --out FILE",
    "rebuild": "rebuild",
    "resolve": "resolve REFERENCE --as ANSWER --reason TEXT",
    "run": "run",
    "sandbox": "sandbox --write-config DIR",
    "sandbox_like": "sandbox --like FILE",
    "serve": "serve",
    "settle": "settle",
    "show_held": "settle --dry-run",
    "status": "status",
    "sync": "sync",
    "sync_member": "sync --member WHO",
    "unlink": "unlink WHO",
}

# A JSON answer's field that holds a sentence, beside the `remedies` that belong to it.
_SENTENCES = ("message", "reason", "note")


def command(remedy: Remedy | Mapping[str, Any]) -> str:
    """Return the command line of a remedy, ready to be pasted into the shell at hand."""
    value = remedy.as_json() if isinstance(remedy, Remedy) else remedy
    arguments = iter(value["arguments"])
    words = [
        quoted(filled) if word.isupper() and (filled := next(arguments, "")) else word
        for word in COMMANDS[value["action"]].split()
    ]
    return " ".join((PROGRAM, *words))


def sentence(message: str, remedies: Sequence[Remedy | Mapping[str, Any]]) -> str:
    """Return a room's sentence with the commands that put it right: "Say which: papercut-relay link m1 ann"."""
    if not remedies:
        return message
    values = [remedy.as_json() if isinstance(remedy, Remedy) else remedy for remedy in remedies]
    told = [f"{value['when']}: {command(value)}" if value["when"] else command(value) for value in values]
    rest = "".join(
        f"; {one}" if value["when"] else f"; or {one}" for one, value in zip(told[1:], values[1:], strict=True)
    )
    if values[0]["when"]:
        return f"{message} {told[0][0].upper()}{told[0][1:]}{rest}"
    return f"{message.removesuffix('.')}: {told[0]}{rest}"


def worded(answer: Any) -> Any:
    """Return a JSON answer whose sentences name their commands.

    A sentence that stands alone with its remedies, as in a list of notes, becomes a plain text.
    """
    if isinstance(answer, list | tuple):
        return [worded(item) for item in answer]
    if not isinstance(answer, Mapping):
        return answer
    whole = {key: worded(value) for key, value in answer.items()}
    if "remedies" not in answer:
        return whole
    for key in _SENTENCES:
        if isinstance(answer.get(key), str):
            whole[key] = sentence(answer[key], answer["remedies"])
            break
    return whole["message"] if set(answer) == {"message", "remedies"} else whole
