"""The terminal's sentences: what a room says, with the commands (relay/commands.py) that put it right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from relay.commands import command
from relay.remedy import Remedy

# A JSON answer's field that holds a sentence, beside the `remedies` that belong to it.
_SENTENCES = ("message", "reason", "note")


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
        stop = "" if message.endswith((".", "?", "!", ":")) else "."
        return f"{message}{stop} {told[0][0].upper()}{told[0][1:]}{rest}"
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
