"""A file of answers, for people who install many sites: the keys of `relay.toml`, with names where ids would stand.

    [officernd]
    organization = "acme"
    client_id = "..."
    client_secret_file = "relay.secret"      # or client_secret_env = "NAME"
    location = "North Quay"                  # id, code or name

Every problem of every step is told at once. Secrets come from files or from the environment, as everywhere.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from relay import written_files
from relay.config.loading import close_name
from relay.config.sections import SECTIONS
from relay.errors import ConfigError, RelayError
from relay.private_files import read_private, why_not_private
from relay.setup import server, trial
from relay.setup.values import OWN, SECRETS, AnswerProblem, Answers, Walk, Workbench
from relay.setup.walk import STEPS, submit

_HIDDEN = (*sorted(SECRETS), "console.password")


def read(path: Path, environment: Mapping[str, str]) -> Answers:
    """Return the answers of a file. Raises ConfigError with everything that is wrong with the file itself."""
    try:
        raw = tomllib.loads(written_files.read(path))
    except (OSError, UnicodeDecodeError) as error:
        why = written_files.why_unread(error)
        raise ConfigError([f"The file of answers {path} cannot be read: {why}."]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path} is not valid TOML: {written_files.why_no_toml(error)}."]) from None
    problems: list[str] = []
    answers: dict[str, Any] = {}
    for section, values in raw.items():
        if section not in SECTIONS or not isinstance(values, dict):
            problems.append(f"{path}: [{section}] is not a section{close_name(section, SECTIONS)}.")
            continue
        values = dict(values)
        for name in _HIDDEN:
            if name.startswith(f"{section}."):
                secret = _secret(name, values, path, environment, problems)
                if secret:
                    answers[name] = secret
        if section == "papercut" and values.pop("make_token", False) is True:
            answers["papercut.auth_token"] = server.MADE
        for key, value in values.items():
            answers[f"{section}.{key}"] = tuple(value) if isinstance(value, list) and key != "plan" else value
    if problems:
        raise ConfigError(problems)
    return answers


def _secret(name: str, values: dict[str, Any], path: Path, environment: Mapping[str, str], problems: list[str]) -> str:
    """Take a secret out of a section's values: from its file or the environment; one in clear is refused."""
    section, _, key = name.partition(".")
    place = f"{path}: [{section}] {key}"
    if values.pop(key, None) is not None:
        problems.append(f"{place}: a secret must not stand in the answers: write {key}_file or {key}_env.")
        return ""
    variable, file = values.pop(f"{key}_env", None), values.pop(f"{key}_file", None)
    if variable is not None:
        secret = environment.get(str(variable), "")
        if not secret:
            problems.append(f"{place}_env: the environment has no variable {variable}.")
        return secret
    if file is None:
        return ""
    source = path.absolute().parent / str(file)
    try:
        text = read_private(source).strip()
        wide = why_not_private(source)
    except (OSError, UnicodeDecodeError):
        problems.append(f"{place}_file: {source} cannot be read.")
        return ""
    if wide or not text or "\n" in text:
        problems.append(f"{place}_file: {wide or f'{source} must hold the secret alone, on one line'}.")
        return ""
    return text


def answer_all(workbench: Workbench, answers: Answers) -> Walk:
    """Return the walk in which every step stands. Raises ConfigError with all problems, RelayError where only a system
    refuses or cannot be reached: then the same answers may do later."""
    walk = Walk()
    found: dict[str, AnswerProblem] = trial.problems(answers, workbench.folder)
    asked = set(OWN)
    for step in STEPS:
        names = {question.name for question in step.questions(workbench, walk)}
        asked |= names
        if any(other in step.rests_on and other not in walk.done for other in _ids()):
            given = {name: answers[name] for name in names if name in answers}
            walk = walk.with_answers({name: value for name, value in given.items() if name not in found})
            continue  # what it builds on does not stand: it would only repeat that
        walk, outcome = submit(workbench, walk, step, {name: answers[name] for name in names if name in answers})
        found = {**outcome.problems, **found}
        wrong = {name for name in outcome.problems if name in walk.answers}
        walk = replace(walk, answers={name: value for name, value in walk.answers.items() if name not in wrong})
    rest = {name: value for name, value in answers.items() if name not in asked}
    walk = walk.with_answers({name: value for name, value in rest.items() if name not in found})
    if found:
        lines = [sentence(name, problem) for name, problem in sorted(found.items())]
        if any(problem.seen_here for problem in found.values()):
            raise ConfigError(lines)
        raise RelayError("\n".join(lines) + "\nNothing was written.", code="answers_refused")
    return walk


def _ids() -> list[str]:
    return [step.id for step in STEPS]


def sentence(name: str, problem: AnswerProblem) -> str:
    """Return a problem in one line with its place."""
    section, _, key = name.partition(".")
    told = " ".join(filter(None, (problem.text, problem.does)))
    return f"[{section}] {key}: {told}" + (f" ({', '.join(problem.copy)})" if problem.copy else "")
