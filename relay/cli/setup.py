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
from relay.errors import EXIT_DONE, UsageError
from relay.foreign import visible
from relay.held_files import scratch_folder

if TYPE_CHECKING:
    from relay.setup.document import Written
    from relay.setup.values import Fact, Prompt, SetupStep, TrialResult, Walk, Workbench

BACK = "<"


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

    target = config.find(OUTSIDE.config)
    if target.is_dir():
        config.text_of(target)  # says what to name instead
    if target.exists() and not replace and (file or not _may_replace(target)):
        raise UsageError(
            f"{target} is there already and stays as it is; nothing was done. To replace it: papercut-relay init "
            "--replace, which keeps it under another name."
        )
    with workbench(target) as bench:
        walk = answers_file.answer_all(bench, answers_file.read(file, os.environ)) if file else _ask_all(bench, more)
        _told(document.write(bench, walk, target, replace=target.exists()))
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
    OUTSIDE.answer(answer, lambda _: click.echo(visible("\n".join(lines))))


# -- on a terminal ----------------------------------------------------------------------------------------------------


def _ask_all(bench: Workbench, more: bool) -> Walk:
    from relay.setup.values import Walk
    from relay.setup.walk import STEPS, first_open

    say("Nothing is written before the summary at the end. A single < goes back one step, Ctrl+C leaves.")
    walk, place = Walk(), 0
    while True:
        if place < len(STEPS):
            walk, place = _ask_step(bench, walk, place, more)
            continue
        still_open = first_open(walk)
        if still_open is not None:
            place = STEPS.index(still_open)
            continue
        chosen = _summary(walk)
        if chosen is None:
            return walk
        place = chosen


def _ask_step(bench: Workbench, walk: Walk, place: int, more: bool) -> tuple[Walk, int]:
    """Ask a step's questions and try the answers until they stand; return the next place, or the one before."""
    from relay.setup.walk import STEPS, submit

    step = STEPS[place]
    _heading(f"{place + 1} of {len(STEPS)}  {step.heading}", step.lead)
    again: set[str] | None = None
    while True:
        given: dict[str, Any] = {}
        for question in step.questions(bench, walk):
            if (question.more and not more) if again is None else question.name not in again:
                continue
            value = _ask(question, walk.answers.get(question.name))
            if value == BACK:
                return walk, max(0, place - 1)
            given[question.name] = value
        walk, outcome = submit(bench, walk, step, given)
        _show(step, bench, walk, outcome)
        if not outcome.problems:
            return walk, place + 1
        again = set(outcome.problems)


def _heading(title: str, lead: str) -> None:
    console = terminal.output()
    console.print()
    console.print(Text(title, style="bold"))
    console.print(Text(lead, style="dim"), soft_wrap=True)


def _ask(question: Prompt, now: Any) -> Any:
    """Return the answer to one question in the form that the settings hold, or BACK."""
    default = now if now not in (None, "", ()) else question.default
    if question.help:
        say(f"  {question.help}")
    for number, choice in enumerate(question.choices, 1):
        count = f"  ({choice.count})" if choice.count else ""
        say(f"  {number:2}. {choice.label}{count}" + (f": {choice.told}" if choice.told else ""))
    while True:
        text = _prompt(question, default)
        if text == BACK:
            return BACK
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
    return str(click.prompt(question.label, default=shown or empty, show_default=bool(shown), err=True)).strip()


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
        console.print(Text(f"✗ {labels.get(name, name)}: {problem.text}", style="bold red"), soft_wrap=True)
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
        told = "; ".join(f"{fact.label}: {fact.text}" for fact in walk.facts.get(step.id, ()) if fact.kind != "warn")
        say(f"  {number}. {step.title}  {told}")
    say("When these are written nobody gains or loses printing, and nobody is billed, until you say so.")
    while True:
        text = str(click.prompt("Write them? yes, or the number of a step to change", err=True)).strip().lower()
        if text in ("y", "yes"):
            return None
        if text.isdecimal() and 1 <= int(text) <= len(STEPS):
            return int(text) - 1
