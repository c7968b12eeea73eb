"""The two documents that are made from the code: every setting from its field, every command from its definition.

`python -m relay.cli.document deploy/docs` writes SETTINGS.md and COMMANDS.md; the tests hold them to what is made here.
"""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Iterator, Sequence
from datetime import time
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import click
import tomlkit
from pydantic import SecretStr
from pydantic.fields import FieldInfo

import relay.cli  # noqa: F401 - its import is what registers the commands
from relay import amounts
from relay.cli.app import cli
from relay.config import SECRETS, SECTIONS
from relay.config.values import Section, is_money
from relay.config.words import words

WIDTH = 100

SETTINGS = """\
# Settings

<!-- Made from relay/config/sections.py by `python -m relay.cli.document deploy/docs`:
change the words there. -->

`relay.toml` is found by `--config FILE`, else `$PAPERCUT_RELAY_CONFIG`, else in the working folder.
Relative paths count from its own folder. Unknown keys, wrong types and contradictions are refused,
all of them in one message. Text, amounts and times stand in quotes.

A secret never stands in the file: write `X_file = "path"` (a file that only its owner may read) or
`X_env = "NAME"` (a variable of the environment). The login's `client_secret_file` is always a file.
"""

COMMANDS = """\
# Commands

<!-- Made from relay/cli by `python -m relay.cli.document deploy/docs`: change the words there. -->

`papercut-relay [--config FILE] [--json] [--verbose] COMMAND`. These three stand before or behind
the command. Without a command: help. Only what says WRITES changes PaperCut or OfficeRnD. With
`--json` standard output is one JSON object in UTF-8 and nothing else; progress and logs go to
standard error. `COMMAND --help` reads no settings. A repeatable option (`...`) takes several
values. What is printed can be acted on: [Questions and messages](QUESTIONS-AND-MESSAGES.md).

| exit code | meaning |
| --- | --- |
| 0 | done |
| 1 | some changes failed, or a system cannot be reached, refuses us, or answers short or nonsense |
| 2 | settings or usage; seen without any remote call |
| 3 | refused or held by a safety limit |
| 4 | effects in doubt: a person must look |
| 5 | another run holds the lock |
"""


def settings() -> str:
    """Return SETTINGS.md: a table for each section, in the order of the fields."""
    parts = [SETTINGS]
    for name, model in SECTIONS.items():
        parts.append("\n".join([f"## [{name}]", "", *_section(name, model)]))
        for key, field in model.model_fields.items():
            for row in _rows(field):
                parts.append("\n".join([f"### [[{name}.{key}]]", "", *_section(f"{name}.{key}", row)]))
    return "\n".join(part.strip("\n") + "\n" for part in parts)


def _section(name: str, model: type[Section]) -> Iterator[str]:
    yield from _wrapped(f"**{model.about.title}.** {model.about.lead}".strip())
    yield ""
    yield "| key | default | meaning |"
    yield "| --- | --- | --- |"
    for key, field in model.model_fields.items():
        if not _rows(field):
            shown = f"{key}_file" if key in SECRETS.get(name, {}) else key
            required = SECRETS.get(name, {}).get(key, field.is_required())
            yield f"| `{shown}` | {'required' if required else f'`{_default(field)}`'} | {_meaning(field)} |"


def _rows(field: FieldInfo) -> list[type[Section]]:
    """Return the section that each row of a setting is, where the setting is a list of tables."""
    return [kind for kind in get_args(field.annotation) if isinstance(kind, type) and issubclass(kind, Section)]


def _default(field: FieldInfo) -> str:
    """Return a field's default as relay.toml would say it."""
    value: Any = field.default
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None:
        value = ""
    elif is_money(field):
        value = amounts.text(value, "EUR")
    elif isinstance(value, time):
        value = f"{value:%H:%M}"
    elif isinstance(value, Path):
        value = value.as_posix()
    elif isinstance(value, Decimal):
        value = str(value)
    return str(tomlkit.item(list(value) if isinstance(value, tuple) else value).as_string())


def _meaning(field: FieldInfo) -> str:
    """Return a setting's words as one cell: label, unit, what follows, an example, and a line for each choice."""
    told = words(field)
    label = f"{told.label}, in {told.unit}." if told.unit else f"{told.label}."
    example = f"Such as `{told.example}`." if told.example else ""
    lines = [" ".join(filter(None, (label, told.help, example)))]
    lines += [f"`{choice.value}`: {choice.label}. {choice.help}".strip() for choice in told.choices]
    return "<br>".join(lines)


def commands() -> str:
    """Return COMMANDS.md: for each command its usage, what it does, and its options."""
    return "\n".join([COMMANDS, *(_command(name, command) for name, command in every_command())])


def every_command() -> Iterator[tuple[str, click.Command]]:
    """Yield each command with its name as it is typed, the inner ones of a group too: ("pin issue", ...)."""
    for name, command in cli.commands.items():
        if isinstance(command, click.Group):
            yield from ((f"{name} {inner_name}", inner) for inner_name, inner in command.commands.items())
        else:
            yield name, command


def _command(name: str, command: click.Command) -> str:
    options = [option for option in command.params if isinstance(option, click.Option) and not option.hidden]
    arguments = [_argument(parameter) for parameter in command.params if isinstance(parameter, click.Argument)]
    usage = ["papercut-relay", name, *arguments, *(_usage(option) for option in options)]
    told = "\n\n".join("\n".join(_wrapped(part)) for part in inspect.cleandoc(command.help or "").split("\n\n"))
    lines = [f"## {name}", "", "```text", *_lines(usage), "```", "", told]
    if options:
        lines += ["", "| option | meaning |", "| --- | --- |"]
        lines += [f"| `{_option(option)}` | {_help(option)} |" for option in options]
    return "\n".join(lines) + "\n"


def _lines(words: Sequence[str]) -> list[str]:
    """Return words as indented lines, each word whole though it has spaces."""
    joined = " ".join(word.replace(" ", "\0") for word in words)
    return [line.replace("\0", " ") for line in _wrapped(joined, indent="    ")]


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _argument(argument: click.Argument) -> str:
    name = (argument.metavar or (argument.name or "").upper()).strip("[]")
    return name if argument.required else f"[{name}]"


def _option(option: click.Option) -> str:
    if option.is_flag:
        return option.opts[0]
    choices = "\\|".join(map(str, option.type.choices)) if isinstance(option.type, click.Choice) else ""
    return f"{option.opts[0]} {choices or option.metavar or option.type.name.upper()}"


def _usage(option: click.Option) -> str:
    text = _option(option).replace("\\|", "|") + (" ..." if option.multiple else "")
    return text if option.required else f"[{text}]"


def _help(option: click.Option) -> str:
    shown = option.show_default if isinstance(option.show_default, str) else option.default
    default = f"Default: `{shown}`." if option.show_default else ""
    return " ".join(filter(None, (option.help, default)))


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    (folder / "SETTINGS.md").write_text(settings(), encoding="utf-8", newline="\n")
    (folder / "COMMANDS.md").write_text(commands(), encoding="utf-8", newline="\n")
