"""Settings and commands are documented as the code has them, and every link in the papers leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import click
import pytest
from pydantic.fields import FieldInfo

from relay import config
from relay.cli import document
from relay.config.words import words
from relay.console import settings_fields

ROOT = Path(__file__).parent.parent
PAPERS = sorted(file for pattern in ("*.md", "*/*.md", "deploy/docs/*.md") for file in ROOT.glob(pattern))
FIELDS = [(name, key, field) for name, model in config.SECTIONS.items() for key, field in model.model_fields.items()]
COMMANDS = list(document.every_command())
MAKE = "run: python -m relay.cli.document deploy/docs"


@pytest.mark.parametrize(("name", "made"), [("SETTINGS.md", document.settings), ("COMMANDS.md", document.commands)])
def test_the_document_says_what_the_code_says(name: str, made: object) -> None:
    assert callable(made)
    assert made() == (ROOT / "deploy" / "docs" / name).read_text(encoding="utf-8"), MAKE


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_every_command_and_option_says_what_it_is_for(name: str, command: click.Command) -> None:
    assert command.help
    options = [option for option in command.params if isinstance(option, click.Option) and not option.hidden]
    assert [option.opts[0] for option in options if not option.help] == []
    section = document.commands().partition(f"## {name}\n")[2].partition("\n## ")[0]
    assert [option.opts[0] for option in options if f"`{option.opts[0]}" not in section] == []


@pytest.mark.parametrize(("section", "key", "field"), FIELDS, ids=[f"{name}.{key}" for name, key, _ in FIELDS])
def test_every_setting_says_what_it_is_for(section: str, key: str, field: FieldInfo) -> None:
    told = words(field)
    assert told.label and not told.label.endswith(".")
    assert all(text.endswith(".") for text in (told.help, *(choice.help for choice in told.choices)) if text)
    literal = {value for value in get_args(field.annotation) if isinstance(value, str)}
    assert literal in (set(), {choice.value for choice in told.choices}), "a choice is missing, or is none"


def test_the_console_shows_every_setting_that_has_a_form() -> None:
    assert set(settings_fields.FIELDS) == {f"{name}.{key}" for name, key, field in FIELDS if words(field).form}


def test_every_scope_that_is_asked_for_is_documented() -> None:
    from relay.officernd import token

    papers = (ROOT / "README.md").read_text(encoding="utf-8") + document.settings()
    scopes = token.BASIC_SCOPES | token.FEE_SCOPES | token.PASS_SCOPES | token.CHECKIN_SCOPES
    assert [scope for scope in scopes if f"`{scope}`" not in papers] == []


def places(paper: Path) -> set[str]:
    """Return the names by which the headings of a paper are linked, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", paper.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("paper", PAPERS, ids=[paper.relative_to(ROOT).as_posix() for paper in PAPERS])
def test_links_lead_somewhere(paper: Path) -> None:
    lost = []
    for target, place in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", paper.read_text(encoding="utf-8")):
        file = paper.parent / target if target else paper
        if not file.exists() or (place and place not in places(file)):
            lost.append(f"{target}#{place}")
    assert lost == []


@pytest.mark.parametrize("room", ["relay", "papercut_scripts", "tests"])
def test_the_page_of_a_room_names_what_is_there(room: str) -> None:
    """Every file or folder that the page names is there."""
    page = (ROOT / room / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w/]+/|[\w/]+\.(?:py|js|sh))`", page))
    assert named
    assert [name for name in named if not (ROOT / name).exists() and not list((ROOT / room).rglob(name))] == []
