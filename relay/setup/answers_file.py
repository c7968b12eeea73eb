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
from relay.config import secrets
from relay.config.loading import close_name
from relay.config.sections import SECTIONS
from relay.errors import ConfigError, RelayError
from relay.private_files import read_private, why_not_private
from relay.setup import server, trial
from relay.setup.values import OWN, SECRETS, AnswerProblem, Answers, Walk, Workbench
from relay.setup.walk import STEPS, submit

_HIDDEN = (*sorted(SECRETS), "console.password")


def read(path: Path, environment: Mapping[str, str]) -> tuple[Answers, dict[str, AnswerProblem]]:
    """Return the answers of a file, and what is wrong with its sections and secrets, by answer or section.

    Raises ConfigError for a file that is none.
    """
    try:
        raw = tomllib.loads(written_files.read(path))
    except (OSError, UnicodeDecodeError) as error:
        why = written_files.why_unread(error)
        raise ConfigError([f"The file of answers {path} cannot be read: {why}."]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path} is not valid TOML: {written_files.why_no_toml(error)}."]) from None
    problems: dict[str, AnswerProblem] = {}
    answers: dict[str, Any] = {}
    for section, values in raw.items():
        if section not in SECTIONS or not isinstance(values, dict):
            near = close_name(section, SECTIONS)
            text = f"This is not a section of the answers{near or '.'}"
            problems[section] = AnswerProblem(text, seen_here=True)
            continue
        values = dict(values)
        for name in _HIDDEN:
            if name.startswith(f"{section}."):
                secret, wrong = _secret(name.partition(".")[2], values, path, environment)
                if secret:
                    answers[name] = secret
                if wrong:
                    problems[name] = AnswerProblem(wrong, seen_here=True)
        if section == "papercut" and values.pop("make_token", False) is True:
            answers["papercut.auth_token"] = server.MADE
        for key, value in values.items():
            if key not in (known := _keys(section)):
                text = f"Is not a setting{close_name(key, known) or '.'}"
                problems[f"{section}.{key}"] = AnswerProblem(text, seen_here=True)
            answers[f"{section}.{key}"] = tuple(value) if isinstance(value, list) and key != "plan" else value
    return answers, problems


def _keys(section: str) -> set[str]:
    """Return what may stand in a section: its settings, our own answers, and secrets by their file or variable."""
    hidden = {name.partition(".")[2] for name in _HIDDEN if name.startswith(f"{section}.")}
    own = {"papercut": {"make_token"}, "console": {"name"}}.get(section, set())
    by_origin = {f"{key}_{origin}" for key in hidden for origin in ("file", "env")}
    plain = SECTIONS[section].model_fields.keys() - secrets.SECRETS.get(section, {}) - hidden
    return plain | own | by_origin


def _secret(key: str, values: dict[str, Any], path: Path, environment: Mapping[str, str]) -> tuple[str, str]:
    """Take a secret out of a section's values, from its file or the environment; return it and what is wrong."""
    plain, variable, file = (values.pop(name, None) for name in (key, f"{key}_env", f"{key}_file"))
    if plain is not None:
        return "", f"A secret must not stand in the answers: write {key}_file or {key}_env."
    if variable is not None:
        secret = environment.get(str(variable), "")
        return secret, "" if secret else f"The environment has no variable {variable}."
    if file is None:
        return "", ""
    source = path.absolute().parent / str(file)
    try:
        text = read_private(source).strip()
        wide = why_not_private(source)
    except (OSError, UnicodeDecodeError):
        return "", f"{source} cannot be read."
    if wide:
        return "", f"{source}: {wide}"
    if not text or "\n" in text:
        return "", f"{source} must hold the secret alone, on one line."
    return text, ""


def answer_all(workbench: Workbench, answers: Answers, problems: Mapping[str, AnswerProblem] | None = None) -> Walk:
    """Return the walk in which every step stands; `problems` are known already. Raises ConfigError with all problems,
    RelayError where only a system refuses or cannot be reached: then the same answers may do later."""
    walk = Walk()
    found: dict[str, AnswerProblem] = {**trial.problems(answers, workbench.folder), **(problems or {})}
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
    return f"{f'[{section}] {key}'.strip()}: {told}" + (f" ({', '.join(problem.copy)})" if problem.copy else "")
