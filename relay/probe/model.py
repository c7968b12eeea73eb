"""The values of a probe: a question, what came of it, and whom it is put to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from relay.probe.files import ServerFiles
from relay.probe.officernd_calls import OfficeRnDCalls
from relay.probe.papercut_calls import PaperCutCalls

System = Literal["papercut", "officernd"]
NAMES = {"papercut": "PaperCut", "officernd": "OfficeRnD"}


@dataclass
class Asked:
    """Whom the questions are put to; None where that one cannot be asked at all."""

    papercut: PaperCutCalls
    officernd: OfficeRnDCalls
    files: ServerFiles


@dataclass(frozen=True)
class ProbeQuestion:
    """One thing that no document says.

    `how` is how it is asked, or why it cannot be; `ask` returns what the site said, a JSON value, or raises
    `Unanswered`. `switch` is the switch of that system's stand-in which it sets, "" where the stand-in has none.
    """

    system: System
    name: str
    text: str
    how: str
    ask: Callable[[Asked], Any] | None = None
    switch: str = ""
    writes: bool = False


@dataclass(frozen=True)
class ProbeAnswer:
    """What came of a question: a value, or None and why it stays open."""

    question: ProbeQuestion
    value: Any = None
    why_open: str = ""

    @property
    def is_open(self) -> bool:
        return bool(self.why_open)

    def as_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "system": self.question.system,
            "question": self.question.name,
            "text": self.question.text,
            "switch": self.question.switch or None,
            "state": "open" if self.is_open else "answered",
        }
        return told | ({"why": self.why_open} if self.is_open else {"value": self.value})


Ask = Callable[[Asked], Any]


def asks(
    questions: list[ProbeQuestion], system: System, text: str, how: str, *, switch: bool = True, writes: bool = False
) -> Callable[[Ask], Ask]:
    """Return what adds a question to the list by the function that asks it; the question has the function's name."""

    def add(ask: Ask) -> Ask:
        name = ask.__name__
        questions.append(ProbeQuestion(system, name, text, how, ask, name if switch else "", writes))
        return ask

    return add


def not_asked(system: System, why: str, **texts: str) -> list[ProbeQuestion]:
    """Return questions that no call from here can answer; the keyword is the switch."""
    return [ProbeQuestion(system, name, text, why, None, name) for name, text in texts.items()]
