"""Going through the set-up: answers given to a step, tried, kept or told what is wrong; forth and back.

Used alike by the terminal, the web pages and a file of answers. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from relay.language import joined, lazy
from relay.setup import basics, cloud, money, people, server, trial
from relay.setup.values import AnswerProblem, Answers, Prompt, SetupStep, TrialResult, Walk, Workbench

STEPS: tuple[SetupStep, ...] = (
    basics.LANGUAGE,
    cloud.OFFICERND,
    server.PAPERCUT,
    people.WHO,
    people.GUARD,
    money.FEES,
    money.BALANCES,
    basics.PASSWORD,
    basics.SCHEDULE,
)
BY_ID: Mapping[str, SetupStep] = {step.id: step for step in STEPS}
SHORTEST_WORD = lazy("Answer this.")


def submit(workbench: Workbench, walk: Walk, step: SetupStep, given: Answers) -> tuple[Walk, TrialResult]:
    """Return the walk with the answers `given` to a step, and what trying them came to.

    The step stands only where nothing is wrong; steps that build on a changed answer have to be tried again.
    """
    before = walk.answers
    walk = walk.with_answers(given)
    asked = step.questions(workbench, walk)
    walk = walk.with_answers({q.name: q.default for q in asked if q.name not in walk.answers and q.default != ""})
    walk = walk.with_answers({q.name: _meant(q, walk.answers[q.name]) for q in asked if q.name in walk.answers})
    wrong = _malformed(workbench, walk, asked)
    outcome = TrialResult(wrong, known=walk.known) if wrong else step.try_(workbench, walk)
    walk = walk.with_answers(outcome.found)
    changed = any(before.get(q.name) != walk.answers.get(q.name) for q in asked)
    open_again = {other.id for other in STEPS if step.id in other.rests_on} if changed else set()
    done = walk.done - open_again - {step.id}
    if not outcome.problems:
        done |= {step.id}
    facts = {**walk.facts, step.id: outcome.facts}
    return replace(walk, known=outcome.known, done=frozenset(done), facts=facts, tried=True), outcome


def left_open(walk: Walk, step: SetupStep, given: Answers) -> Walk:
    """Return the walk of somebody who goes back in the middle of a step: what he has answered is offered again."""
    if all(walk.answers.get(name) == value for name, value in given.items()):
        return walk
    return replace(walk.with_answers(given), done=walk.done - {step.id})


def first_open(walk: Walk) -> SetupStep | None:
    """Return the first step that does not stand yet, None when all do."""
    return next((step for step in STEPS if step.id not in walk.done), None)


def _meant(question: Prompt, value: Any) -> Any:
    """Return what an answer means: the values of choices in place of their labels, an address with its scheme, a time
    with two digits for the hour, "sofia" as Europe/Sofia."""
    if question.kind == "time" and isinstance(value, str) and value[1:2] == ":":
        return f"0{value}"
    if question.kind == "address" and ":" in value and "://" not in value:
        return ("https://" if value.endswith(":9192") else "http://") + value
    if question.suggestions and isinstance(value, str):
        typed = value.strip().replace(" ", "_").casefold()
        whole = [one for one in question.suggestions if one.casefold() == typed]
        ends = [one for one in question.suggestions if one.rpartition("/")[2].casefold() == typed]
        return next(iter(whole), ends[0] if len(ends) == 1 else value)
    labels = {choice.label.strip().casefold(): choice.value for choice in question.choices}
    if question.kind == "many" and isinstance(value, tuple):
        return tuple(labels.get(one.strip().casefold(), one) for one in value)
    return labels.get(value.strip().casefold(), value) if question.kind == "one" and isinstance(value, str) else value


def _malformed(workbench: Workbench, walk: Walk, asked: tuple[Prompt, ...]) -> dict[str, AnswerProblem]:
    """Return what is wrong with answers before anybody is asked: left out, no choice of the list, of a wrong form."""
    found: dict[str, AnswerProblem] = {}
    for question in asked:
        value: Any = walk.answers.get(question.name, "")
        if value in ("", (), []):
            if not question.optional:
                text = lazy("Tick at least one.") if question.kind == "many" and question.choices else SHORTEST_WORD
                found[question.name] = AnswerProblem(text, seen_here=True)
        elif question.kind == "one" and value not in {choice.value for choice in question.choices}:
            offered = joined(*(choice.label for choice in question.choices), by=", ")
            found[question.name] = AnswerProblem(
                lazy("%(value)s is not one of %(offered)s.", value=value, offered=offered), seen_here=True
            )
    names = [question.name for question in asked]
    found.update(trial.problems(walk.answers, workbench.folder, set(names) - set(found)))
    return {name: found[name] for name in names if name in found}
