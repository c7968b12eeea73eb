"""`papercut-relay init`: the set-up on a terminal, or from a file of answers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from relay import config
from relay.cli import terminal
from relay.cli.app import OUTSIDE, command, say
from relay.cli.failure import nobody_answered
from relay.errors import EXIT_DONE, RelayError, UsageError
from relay.held_files import scratch_folder
from relay.remedy import Remedy

if TYPE_CHECKING:
    from relay.setup.document import Written
    from relay.setup.values import Fact, Prompt, SetupStep, TrialResult, Walk, Workbench

BACK = "<"
NONE = "-"


@command()
@click.option(
    "--answers",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Take the answers from FILE (TOML) and ask nothing.",
)
@click.option("--replace", is_flag=True, help="Replace a relay.toml that is there; it is kept under another name.")
@click.option("--more", is_flag=True, help="Ask for what is rarely needed too: a proxy, certificates, folders.")
def init(file: Path | None, replace: bool, more: bool) -> int:
    """Ask for what is needed, try each answer against both systems, then write a commented relay.toml."""
    from relay.setup import answers_file, document

    if file and more:
        raise UsageError("--more asks more questions, and --answers asks none: leave one of them out.")
    target = config.find(OUTSIDE.config)
    if target.is_dir():
        config.text_of(target)  # says what to name instead
    if why_not := document.why_not_writable(target):
        raise UsageError(why_not)
    if target.exists() and not replace and (file or not _may_replace(target)):
        raise UsageError(
            f"{target} is there already and stays as it is; nothing was done. To replace it: papercut-relay init "
            "--replace, which keeps it under another name."
        )
    with workbench(target) as bench:
        if file:
            walk = answers_file.answer_all(bench, *answers_file.read(file, os.environ))
            _told(document.write(bench, walk, target, replace=replace))
        else:
            _told(_asked_and_written(bench, target, more))
    return EXIT_DONE


@contextmanager
def workbench(target: Path, **more: Any) -> Iterator[Workbench]:
    """Give a set-up its private folder for tokens, which goes with it."""
    from relay.setup.values import Workbench

    with scratch_folder("setup") as scratch:
        yield Workbench(target.absolute().parent, Path(scratch), progress=OUTSIDE.progress(), **more)


def _may_replace(target: Path) -> bool:
    return click.confirm(
        f"{target} is there already. At the end it would be replaced, and kept under another name. Go on?", err=True
    )


def _told(written: Written) -> None:
    lines = [
        *written.lines(),
        "",
        "Next: the console, which shows what is left: papercut-relay serve, where it does not run by itself already.",
    ]
    answer = {
        "settings": str(written.settings),
        "secrets": [str(path) for path in written.secrets],
        "kept": str(written.kept) if written.kept else None,
    }
    OUTSIDE.answer_in_lines(answer, lines)


# -- on a terminal ----------------------------------------------------------------------------------------------------


def _asked_and_written(bench: Workbench, target: Path, more: bool) -> Written:
    """Ask everything and write it. Raises RelayError where somebody leaves before that."""
    from relay.setup import document

    asking = _Asking(bench, more)
    replace = target.exists()
    try:
        return document.write(bench, asking.ask_all(), target, replace=replace)
    except (click.Abort, KeyboardInterrupt) as error:
        if nobody_answered(error) and not asking.walk.known.token_made:
            raise
        raise RelayError(f"Stopped. {document.left(asking.walk)}", code="left", remedies=(Remedy("init"),)) from None


class _Asking:
    """The questions, put one by one; `walk` is how far somebody has come."""

    def __init__(self, bench: Workbench, more: bool) -> None:
        from relay.setup.values import Walk

        self.bench, self.more = bench, more
        self.walk = Walk()

    def ask_all(self) -> Walk:
        from relay.setup.walk import STEPS, first_open

        say("Nothing is written before the summary at the end. A single < goes back one step, Ctrl+C leaves.")
        place = 0
        while True:
            goes_on = self._ask_step(place)
            still_open = first_open(self.walk)
            if not goes_on:
                place = max(0, place - 1)
            elif still_open is not None:
                place = STEPS.index(still_open)
            else:
                chosen = _summary(self.walk)
                if chosen is None:
                    return self.walk
                place = chosen

    def _ask_step(self, place: int) -> bool:
        """Ask a step's questions and try the answers until they stand; return False to go back instead."""
        from relay.setup.walk import STEPS, left_open, submit

        step = STEPS[place]
        _heading(f"{place + 1} of {len(STEPS)}  {step.heading}", step.lead)
        again: set[str] | None = None
        useless: set[str] = set()  # answers that it would not help to offer again
        while True:
            given: dict[str, Any] = {}
            for question in step.questions(self.bench, self.walk):
                if (question.more and not self.more) if again is None else question.name not in again:
                    continue
                now = self.walk.answers.get(question.name)
                value = _ask(question, question.default if question.name in useless else now)
                if value == BACK:
                    self.walk = left_open(self.walk, step, given)
                    return False
                given[question.name] = value
            self.walk, outcome = submit(self.bench, self.walk, step, given)
            _show(step, self.bench, self.walk, outcome)
            if not outcome.problems:
                return True
            again = {name for one, problem in outcome.problems.items() for name in (one, *problem.also)}
            useless = {
                question.name
                for question in step.questions(self.bench, self.walk)
                if (problem := outcome.problems.get(question.name)) and (problem.seen_here or question.choices)
            }


def _heading(title: str, lead: str) -> None:
    console = terminal.output()
    console.print()
    console.print(Text(title, style="bold"))
    console.print(Text(lead, style="dim"), soft_wrap=True)


def _ask(question: Prompt, now: Any) -> Any:
    """Return the answer to one question in the form that the settings hold, or BACK."""
    default = now if now not in (None, "", ()) or (now is not None and question.optional) else question.default
    if question.help:
        say(f"  {question.help}")
    for number, choice in enumerate(question.choices, 1):
        count = f"  ({choice.count})" if choice.count else ""
        say(f"  {number:2}. {choice.label}{count}" + (f": {choice.told}" if choice.told else ""))
    while True:
        text = _prompt(question, default)
        if text == BACK:
            return BACK
        if question.name == "console.password" and text and not _is_repeated(text):
            say("  The two differ. Type the password again, then once more.")
            continue
        try:
            return from_text(question, text, default)
        except UsageError as error:
            say(f"  {error.message}")


def _prompt(question: Prompt, default: Any) -> str:
    shown: str | None = None
    if isinstance(default, tuple):
        shown = ", ".join(_shown(question, value) for value in default)
    elif default not in (None, ""):
        shown = _shown(question, str(default))
    if question.kind == "secret":
        kept = bool(default)
        label = f"{question.label}{' (empty: as before)' if kept else ''}"
        return str(click.prompt(label, default="" if kept else None, hide_input=True, show_default=False, err=True))
    empty = "" if question.optional or question.kind == "many" else None
    label = f"{question.label} ({question.unit})" if question.unit else question.label
    label += f" ({NONE} for none)" if shown and question.optional else ""
    return str(click.prompt(label, default=shown or empty, show_default=bool(shown), err=True)).strip()


def _is_repeated(password: str) -> bool:
    """Return whether somebody types his new password the same once more: nothing else can try it."""
    return bool(
        click.prompt("The same once more", default="", hide_input=True, show_default=False, err=True) == password
    )


def _shown(question: Prompt, value: str) -> str:
    """Return an answer as it is shown: the number of its choice, where there are choices."""
    values = [choice.value for choice in question.choices]
    return str(values.index(value) + 1) if value in values else value


def from_text(question: Prompt, text: str, default: Any = "") -> Any:
    """Return what somebody typed as the settings hold it: a choice by its number or word, several with commas."""
    values = [choice.value for choice in question.choices]

    def one(word: str) -> str:
        if word.isdecimal() and 1 <= int(word) <= len(values):
            return values[int(word) - 1]
        return word

    if question.kind == "secret":
        return text or default
    if text == NONE and question.optional:
        return () if question.kind == "many" else ""
    if question.kind == "many":
        words = (word.strip() for word in text.replace(";", ",").split(","))
        return tuple(dict.fromkeys(one(word) for word in words if word))
    if question.kind == "number":
        if not text.isdecimal():
            raise UsageError("Write a whole number.")
        return int(text)
    if question.kind == "money":
        return text.replace(",", ".")
    return one(text) if values else text


def _show(step: SetupStep, bench: Workbench, walk: Walk, outcome: TrialResult) -> None:
    console = terminal.output()
    for fact in outcome.facts:
        _show_fact(fact)
    labels = {question.name: question.label for question in step.questions(bench, walk)}
    for name, problem in outcome.problems.items():
        label = labels.get(name, name)
        console.print(
            Text(f"✗ {label}{'' if label.endswith('?') else ':'} {problem.text}", style="bold red"), soft_wrap=True
        )
        if problem.does:
            console.print(Text(f"  {problem.does}"), soft_wrap=True)
        for text in problem.copy:
            console.print(Text(f"  {text}", style="bold"), soft_wrap=True)


def _show_fact(fact: Fact) -> None:
    mark, style = {"good": ("✓", "green"), "warn": ("!", "yellow"), "": ("·", "")}[fact.kind]
    terminal.output().print(Text(f"{mark} {fact.label}: {fact.text}", style=style), soft_wrap=True)


def _summary(walk: Walk) -> int | None:
    """Show everything; return None to write it, or the place of the step that somebody wants to change."""
    from relay.setup.walk import STEPS

    _heading("Check your answers", "Every answer was tried and works. Nothing has been written yet.")
    for number, step in enumerate(STEPS, 1):
        facts = walk.facts.get(step.id, ())
        told = "; ".join(f"{fact.label}: {fact.text}" for fact in facts if fact.kind != "warn")
        say(f"  {number}. {step.title}  {told}")
        for fact in facts:
            if fact.kind == "warn":
                _show_fact(fact)
    say("When these are written nobody gains or loses printing, and nobody is billed, until you say so.")
    while True:
        text = str(click.prompt("Write them? yes, or the number of a step to change", err=True)).strip().lower()
        if text in ("y", "yes"):
            return None
        if text == BACK:
            return len(STEPS) - 1
        if text.isdecimal() and 1 <= int(text) <= len(STEPS):
            return int(text) - 1
        say(f"  Type yes, a number from 1 to {len(STEPS)}, or press Ctrl+C to leave without writing.")
