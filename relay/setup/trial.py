"""Answers as settings, so that what is tried is what will run: the same types, the same clients, the same sentences."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from relay.config import Settings
from relay.config.contradictions import contradictions
from relay.config.loading import clause
from relay.config.sections import SECTIONS
from relay.config.values import Section
from relay.language import Message, capital, lazy
from relay.setup.values import OWN, SECRETS, AnswerProblem, Answers, Workbench

_SECRET_SETTINGS = SECRETS - {"signin.client_secret"}  # the last one is always a file, for PaperCut's programs


def by_section(answers: Answers) -> dict[str, dict[str, Any]]:
    """Return the answers as sections of settings: {"site": {"timezone": "Europe/Sofia"}}; secrets are not in it."""
    sections: dict[str, dict[str, Any]] = defaultdict(dict)
    for name, value in answers.items():
        if name in OWN or name in SECRETS:
            continue
        section, _, key = name.partition(".")
        sections[section][key] = list(value) if isinstance(value, tuple) else value
    return dict(sections)


def problems(answers: Answers, folder: Path, names: Collection[str] | None = None) -> dict[str, AnswerProblem]:
    """Return what the types of settings refuse, by answer; of `names` only, or of everything. Asks nobody."""
    found: dict[str, AnswerProblem] = {}
    sections, wrong = _sections(answers, folder)
    for name, text in wrong.items():
        if isinstance(answers.get(name), str):  # in TOML it stands in quotes, in a form it does not
            text = text.with_text(_without_quotes) if isinstance(text, Message) else _without_quotes(text)
        found[name] = AnswerProblem(_sentence(text), seen_here=True)
    for told in contradictions(sections):
        name = f"{told.section}.{told.key.removesuffix('_file')}"
        found.setdefault(name, AnswerProblem(_sentence(told.clause), seen_here=True))
    return found if names is None else {name: problem for name, problem in found.items() if name in names}


def _sentence(clause: str) -> str:
    return capital(clause) if clause.endswith("?") else lazy("%(what)s.", what=capital(clause))


def settings(workbench: Workbench, answers: Answers) -> Settings:
    """Return the settings that these answers make, with something harmless in place of what is missing or malformed.

    Tokens go to the workbench's private folder: nothing is written where the settings point before they are.
    """
    sections, _ = _sections(answers, workbench.folder)
    sections["site"] = sections["site"].model_copy(update={"state_dir": workbench.scratch})
    return Settings(path=workbench.folder / "relay.toml", **sections)  # type: ignore[arg-type]


def _sections(answers: Answers, folder: Path) -> tuple[dict[str, Section], dict[str, str]]:
    given, wrong = by_section(answers), dict[str, str]()
    for name in given:
        if name not in SECTIONS:
            wrong[name] = lazy("is not a section of the settings")
    sections: dict[str, Section] = {}
    for name, model in SECTIONS.items():
        answered = {key: value for key, value in given.get(name, {}).items() if value != "" or not _must(model, key)}
        values = {**_unanswered(name, folder), **answered, **_secrets(name, answers)}
        while name not in sections:
            try:
                sections[name] = model.model_validate(values, context={"folder": folder})
            except ValidationError as error:
                for detail in error.errors():
                    key = str(detail["loc"][0]) if detail["loc"] else ""
                    wrong.setdefault(f"{name}.{key}", clause(detail, model))
                    values.pop(key, None)
                values = {**_unanswered(name, folder), **values}
    return sections, wrong


def _must(model: type[Section], key: str) -> bool:
    return key in model.model_fields and model.model_fields[key].is_required()


def _unanswered(section: str, folder: Path) -> Mapping[str, Any]:
    """Return what stands for the answers that settings cannot do without."""
    placeholders: dict[str, dict[str, Any]] = {
        "site": {"name": "hq"},
        "papercut": {"url": "http://127.0.0.1:9191", "auth_token": SecretStr("-")},
        "officernd": {"organization": "unknown", "client_id": "-", "client_secret": SecretStr("-"), "location": "-"},
        "signin": {"client_id": "-", "client_secret_file": folder / "-"},
    }
    return placeholders.get(section, {})


def _secrets(section: str, answers: Answers) -> dict[str, SecretStr]:
    return {
        name.partition(".")[2]: SecretStr(str(answers[name]))
        for name in _SECRET_SETTINGS
        if name.startswith(f"{section}.") and answers.get(name)
    }


def _without_quotes(clause: str) -> str:
    """Return a clause as somebody reads it who types no TOML; a list is only ever written in a file of answers."""
    return clause if "[" in clause else clause.replace(" in quotes", "").replace('"', "")
