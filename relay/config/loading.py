"""`relay.toml` read whole: every key checked, all problems told at once, no type guessed. Makes no remote call."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from relay import written_files
from relay.config.contradictions import contradictions
from relay.config.secrets import with_secrets
from relay.config.sections import SECTIONS, Settings
from relay.config.values import Section
from relay.errors import ConfigError, Problem
from relay.language import joined, lazy, told_any
from relay.remedy import Remedy

ENVIRONMENT_NAME = "PAPERCUT_RELAY_CONFIG"
HOME_NAME = "PAPERCUT_RELAY_HOME"  # the folder of an installed relay that has no settings yet
DEFAULT_NAME = "relay.toml"


def find(option: str | None, environment: Mapping[str, str] = os.environ) -> Path:
    """Return the path of the settings file: --config, else the environment's, else relay.toml in the working folder.

    An installed relay looks into its own folder instead of the working one.
    """
    named = option or environment.get(ENVIRONMENT_NAME)
    return Path(named) if named else Path(environment.get(HOME_NAME, "")) / DEFAULT_NAME


def is_there(option: str | None, environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether settings were named, or are found without being named."""
    return bool(option or environment.get(ENVIRONMENT_NAME)) or find(option, environment).exists()


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of `path`. Raises ConfigError with *every* problem and its place; makes no remote call."""
    text = text_of(path)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            [lazy("%(path)s is not valid TOML: %(error)s.", path=path, error=written_files.why_no_toml(error))]
        ) from None
    return parse(raw, path, environment)


def text_of(path: Path) -> str:
    """Return what a settings file holds. Raises ConfigError for one that is not there or cannot be read."""
    if path.is_dir():
        raise ConfigError(
            [
                lazy(
                    "%(path)s is a folder: name the settings file in it, such as %(file)s.",
                    path=path,
                    file=path / DEFAULT_NAME,
                )
            ]
        )
    try:
        return written_files.read(path)
    except FileNotFoundError:
        raise ConfigError(
            [
                lazy(
                    "There is no settings file %(path)s: name one with --config FILE or $%(environment_name)s, or try "
                    "everything without one.",
                    path=path,
                    environment_name=ENVIRONMENT_NAME,
                )
            ],
            remedies=(Remedy("sandbox"),),
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            [
                lazy(
                    "The settings file %(path)s cannot be read: %(reason)s.",
                    path=path,
                    reason=written_files.why_unread(error),
                )
            ]
        ) from None


def parse(raw: Mapping[str, Any], path: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of an already read TOML document; relative paths count from the folder of `path`."""
    folder = path.absolute().parent
    source = str(path)
    problems: list[Problem] = []
    sections: dict[str, Section] = {}
    for name in raw:
        if name not in SECTIONS:
            unknown = lazy("[%(name)s] is not a section of the settings", name=name)
            problems.append(Problem(joined(unknown, _near(name, SECTIONS), by="; "), file=source))
    for name, model in SECTIONS.items():
        values = raw.get(name, {})
        if not isinstance(values, dict):
            problems.append(Problem(lazy("[%(name)s] must be a section", name=name), file=source))
            continue
        values, told = with_secrets(name, dict(values), folder, environment, source, problems)
        try:
            sections[name] = model.model_validate(values, context={"folder": folder})
        except ValidationError as error:
            wrong = {detail["loc"][0] for detail in error.errors()}
            problems.extend(
                Problem(clause(detail, model), name, ".".join(map(str, detail["loc"])), source)
                for detail in error.errors()
                if detail["loc"][:1] not in told
            )
            with suppress(ValidationError):  # one wrong key does not hide what the others contradict
                rest = {key: value for key, value in values.items() if key not in wrong}
                sections[name] = model.model_validate(rest, context={"folder": folder})
    problems.extend(replace(problem, file=source) for problem in contradictions(sections))
    if problems:
        raise ConfigError(problems)
    return Settings(path=path.absolute(), **sections)  # type: ignore[arg-type]


def clause(detail: ErrorDetails, model: type[Section]) -> str:
    """Return one pydantic problem as a clause in our own words."""
    kind = detail["type"]
    if kind == "missing":
        return lazy("is required")
    if kind == "extra_forbidden":
        return joined(lazy("is not a setting"), _near(str(detail["loc"][-1]), model.model_fields), by="; ")
    if kind == "wrong":
        message: str = detail["ctx"]["message"]
        return message
    if kind == "literal_error":
        field = model.model_fields.get(str(detail["loc"][0]))
        choices = [str(choice) for choice in get_args(field.annotation)] if field else []
        return lazy("must be %(choices)s", choices=told_any(*choices) if choices else detail["ctx"]["expected"])
    wanted: str | None = {
        "string_type": lazy("must be text in quotes"),
        "int_type": lazy("must be a whole number without quotes"),
        "int_from_float": lazy("must be a whole number"),
        "float_type": lazy("must be a number without quotes"),
        "bool_type": lazy("must be true or false"),
        "tuple_type": lazy('must be a list, such as ["one", "two"]'),
        "string_pattern_mismatch": lazy("must be a short name of letters, digits, dots and dashes"),
    }.get(kind)
    if wanted is None:
        wanted = detail["msg"].replace("Input should", "must")
    return wanted


def close_name(name: str, known: Any) -> str:
    near = _near(name, known)
    return f"; {near}" if near else ""


def _near(name: str, known: Any) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return lazy("did you mean %(alike)s?", alike=near[0]) if near else ""
