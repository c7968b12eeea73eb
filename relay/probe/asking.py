"""The story of a probe: what it is going to do, the questions one by one, and the record."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from relay.clock import Clock
from relay.config import Settings
from relay.errors import RelayError
from relay.officernd.client import OfficeRnD
from relay.papercut.client import PaperCut
from relay.probe.files import ServerFiles
from relay.probe.model import NAMES, Asked, ProbeAnswer, ProbeQuestion, System
from relay.probe.officernd_calls import OfficeRnDCalls
from relay.probe.papercut_calls import OWN_ACCOUNT, PaperCutCalls
from relay.probe.questions import QUESTIONS
from relay.probe.record import FieldRecord
from relay.probe.unanswered import Unanswered
from relay.progress import Progress
from relay.remedy import Note, Remedy


@dataclass(frozen=True)
class Probe:
    """What came of a probe: the record, and in an operator's sentence what could not be asked at all."""

    record: FieldRecord
    failures: tuple[str, ...]

    def lines(self, out: Path) -> list[Note]:
        """Return what a person is told: what was answered, what stayed open and why, and where it is."""
        told = [
            f"{answer.question.text} {json.dumps(answer.value)}" for answer in self.record.answers if not answer.is_open
        ]
        tried = [answer for answer in self.record.answers if answer.is_open and answer.question.ask]
        told += [f"{answer.question.text} Open: {answer.why_open}." for answer in tried]
        closed = len(self.record.answers) - len(told)
        told += [f"{closed} questions cannot be asked from outside.", *self.failures]
        written = f"Written to {out}: no name, address, token or amount is in it."
        like = Remedy("sandbox_like", (str(out),), "for stand-ins that answer as this site does")
        return [*map(Note, told), Note(written, (like,))]


def plan_of(settings: Settings, *, write: bool) -> list[str]:
    """Return what a probe is going to do, a line each, before it does anything."""
    asked = [question for question in QUESTIONS if question.ask and not question.writes]
    of = {system: sum(question.system == system for question in asked) for system in NAMES}
    on_ours = [question for question in QUESTIONS if question.writes]
    lines = [
        f"PaperCut at {settings.papercut.url}: {of['papercut']} questions by reading, and by files of this machine.",
        f"OfficeRnD, organisation {settings.officernd.organization}: {of['officernd']} questions by reading; one of "
        "them is a sign-in of an address that nobody has.",
    ]
    if write:
        lines.append(
            f"PaperCut, WRITING: an internal account {OWN_ACCOUNT} is made, asked {len(on_ours)} questions (an "
            "adjustment of 0, PINs, a card, notes, a group that it joins and leaves) and removed again. No other "
            "account is touched."
        )
    else:
        lines.append(f"{len(on_ours)} questions need an account of the probe's own in PaperCut: --write makes one.")
    closed = sum(question.ask is None for question in QUESTIONS)
    return [*lines, f"{closed} questions cannot be asked from outside; the record says why."]


def ask(settings: Settings, *, write: bool, clock: Clock, progress: Progress) -> Probe:
    """Put every question and return the answers. Writes only with `write`, and only one PaperCut account of its own.

    Raises UsageError where the name of that account is somebody else's, RemoteError where it cannot be made or does
    not go away.
    """
    asked = Asked(PaperCutCalls(settings), OfficeRnDCalls(settings, clock), ServerFiles(settings))
    failures = _unreachable(settings, clock)
    with ExitStack() as stack:
        stack.callback(asked.papercut.close)
        stack.callback(asked.officernd.close)
        if write and "papercut" not in failures:
            stack.enter_context(asked.papercut.own_account())
        with progress.phase("Asking", len(QUESTIONS)) as phase:
            answers = []
            for question in QUESTIONS:
                answers.append(_one(question, asked, write, failures))
                phase.advance()
    record = FieldRecord(clock.now().date(), write and "papercut" not in failures, tuple(answers))
    return Probe(record, tuple(failures.values()))


def _unreachable(settings: Settings, clock: Clock) -> dict[System, str]:
    """Return the systems that cannot be asked at all, with the sentence of the ordinary client."""
    failures: dict[System, str] = {}
    try:
        PaperCut(settings, clock).total_users()
    except RelayError as error:
        failures["papercut"] = error.message
    try:
        OfficeRnD(settings, clock).organization()
    except RelayError as error:
        failures["officernd"] = error.message
    return failures


def _one(question: ProbeQuestion, asked: Asked, write: bool, failures: dict[System, str]) -> ProbeAnswer:
    if question.ask is None:
        return ProbeAnswer(question, why_open=f"it cannot be asked: {question.how}")
    if question.system in failures:
        return ProbeAnswer(question, why_open=f"{NAMES[question.system]} could not be asked")
    if question.writes and not write:
        return ProbeAnswer(question, why_open="it is asked with --write only")
    try:
        return ProbeAnswer(question, question.ask(asked))
    except Unanswered as error:
        return ProbeAnswer(question, why_open=str(error))
    except (TypeError, ValueError, KeyError, AttributeError, OSError):
        return ProbeAnswer(question, why_open="the answer was of a form that is not known")
