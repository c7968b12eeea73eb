"""Every command, option and setting stands in the README, and the README's relative links lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from relay import config
from relay.cli import app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> Iterator[tuple[str, click.Command]]:
    for name, command in app.cli.commands.items():
        if isinstance(command, click.Group):
            for inner_name, inner in command.commands.items():
                yield f"{name} {inner_name}", inner
        else:
            yield name, command


@pytest.mark.parametrize(
    ("name", "command"), list(commands()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_command_and_option_is_documented(name: str, command: click.Command) -> None:
    rows = [line for line in README.splitlines() if f"`papercut-relay {name}" in line]
    assert rows, f"papercut-relay {name} has no row in the README"
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert any(parameter.opts[0] in row for row in rows), f"{name} {parameter.opts[0]}"


@pytest.mark.parametrize("section", list(config.SECTIONS))
def test_every_setting_is_documented_in_its_section(section: str) -> None:
    table = README.partition("## Settings")[2].partition("\n## ")[0]
    after = table.partition(f"**[{section}]**")[2]
    own = re.split(r"\| \*\*\[", after)[0]
    secrets = config.SECRETS.get(section, {})
    for key in config.SECTIONS[section].model_fields:
        shown = f"{key}_file" if key in secrets else key
        assert f"`{shown}`" in own or f"[[{section}.{key}]]" in own, f"[{section}] {shown}"


def test_every_scope_that_is_asked_for_is_documented() -> None:
    from relay.officernd import token

    scopes = token.BASIC_SCOPES | token.FEE_SCOPES | token.PASS_SCOPES | token.CHECKIN_SCOPES
    assert [scope for scope in scopes if f"`{scope}`" not in README] == []


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []
