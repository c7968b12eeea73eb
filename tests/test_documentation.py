"""Settings and commands are documented as the code has them, and every link in the papers leads somewhere."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import get_args

import click
import pytest
from pydantic.fields import FieldInfo

from relay import config, own_wheel
from relay.cli import app, document
from relay.config.words import words
from relay.console import settings_fields
from relay.installer import __main__ as installer
from tests.support.repository import DOCS, ROOT

PAPERS = sorted(file for pattern in ("*.md", "*/*.md", "deploy/docs/*.md") for file in ROOT.glob(pattern))
FIELDS = [(name, key, field) for name, model in config.SECTIONS.items() for key, field in model.model_fields.items()]
COMMANDS = list(document.every_command())
FENCED = re.DOTALL | re.MULTILINE
MAKE = "run: python -m relay.cli.document deploy/docs"


@pytest.mark.parametrize(("name", "made"), [("SETTINGS.md", document.settings), ("COMMANDS.md", document.commands)])
def test_the_document_says_what_the_code_says(name: str, made: object) -> None:
    assert callable(made)
    assert made() == (DOCS / name).read_text(encoding="utf-8"), MAKE


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

    papers = (DOCS / "SETUP.md").read_text(encoding="utf-8") + document.settings()
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


@pytest.mark.parametrize("paper", PAPERS, ids=[paper.relative_to(ROOT).as_posix() for paper in PAPERS])
def test_lines_end_where_a_reader_expects(paper: Path) -> None:
    """Outside tables, code and pictures a line has at most 100 characters."""
    text = re.sub(r"^```.*?^```", lambda code: "\n" * code.group().count("\n"), paper.read_text("utf-8"), flags=FENCED)
    lines = enumerate(text.splitlines(), 1)
    long = [number for number, line in lines if len(line) > 100 and not line.startswith(("|", "!["))]
    assert long == [], f"{paper.name}: wrap these lines at 100"


def printed(paper: Path, program: str) -> list[list[str]]:
    """Return the words after `program` of every line that a paper prints, in a code block or between backquotes."""
    text = paper.read_text(encoding="utf-8")
    lines = [line for block in re.findall(r"^ *```\w*\n(.*?)^ *```", text, FENCED) for line in block.splitlines()]
    lines += re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    found = [re.search(rf"(?:^|[\s/\\]){program} (\S.*)", " ".join(line.split()).split(" #")[0]) for line in lines]
    return [shlex.split(one.group(1)) for one in found if one]


def why_not_typed(given: list[str]) -> str:
    """Return what is wrong with a command: one that is printed with something to fill in lacks nothing else."""
    command: click.Command = app.cli
    while isinstance(command, click.Group):
        given = command.make_parser(click.Context(command)).parse_args(given)[1]
        if not given:
            return ""
        if given[0] not in command.commands:
            return f"there is no command {given[0]}"
        command, given = command.commands[given[0]], given[1:]
    try:
        typed, _, _ = command.make_parser(click.Context(command)).parse_args(list(given))
    except click.UsageError as error:
        return error.format_message()
    missing = [one.opts[0] for one in command.params if one.required and given and not typed.get(one.name or "")]
    return f"without {', '.join(missing)}" if missing else ""


TYPED = [paper for paper in PAPERS if paper.name != "COMMANDS.md"]  # made from the code, with its grammar


@pytest.mark.parametrize("paper", TYPED, ids=[paper.relative_to(ROOT).as_posix() for paper in TYPED])
def test_what_is_printed_can_be_typed(paper: Path) -> None:
    wrong = {" ".join(given): why for given in printed(paper, "papercut-relay") if (why := why_not_typed(given))}
    assert wrong == {}
    for script in ("install.sh", "installer.bat"):
        for given in printed(paper, script):
            # A file or folder stands for what is to be filled in; an unknown switch ends the parser.
            installer._options([word for word in given if word.startswith("-")])
    for script in re.findall(r"\bsh (deploy/[\w./-]+)|`(deploy[\\/][\w.\\-]+\.bat)`", paper.read_text("utf-8")):
        assert (ROOT / "".join(script).replace("\\", "/")).exists(), script


def test_a_command_that_cannot_be_typed_is_seen() -> None:
    assert why_not_typed(["sync", "--expekt", "HASH"]).startswith("No such option")
    assert why_not_typed(["resolve", "REFERENCE"]) == "without --as, --reason"
    assert why_not_typed(["--config", "FILE", "synk"]) == "there is no command synk"


def test_the_readme_is_short_and_says_the_status_first() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 150
    assert any("not yet met a live system" in line for line in lines[:25])
    tables = re.findall(r"(?:^\|.*\n)+", "\n".join(lines) + "\n", re.MULTILINE)
    assert tables and max(table.count("\n") - 2 for table in tables) <= 12


def test_every_document_is_in_the_index_and_stands_by_itself() -> None:
    """The documents travel in the package and the wheel without the rest: they link to each other alone."""
    index = set(re.findall(r"\]\(([\w-]+\.md)\)", (DOCS / "README.md").read_text(encoding="utf-8")))
    assert index == {paper.name for paper in DOCS.glob("*.md")} - {"README.md"}
    for paper in DOCS.glob("*.md"):
        outward = re.findall(r"\]\((?!https?:)([^)#]*/[^)]*)\)", paper.read_text(encoding="utf-8"))
        assert outward == [], paper.name


def test_every_document_travels_with_the_relay() -> None:
    names = {f"docs/{paper.name}" for paper in DOCS.glob("*.md")}
    assert names <= set(own_wheel.shared_names())
    with (ROOT / "pyproject.toml").open("rb") as file:
        carried = tomllib.load(file)["tool"]["setuptools"]["data-files"][f"{own_wheel.SHARE}/docs"]
    assert names == {f"docs/{path.name}" for pattern in carried for path in ROOT.glob(pattern)}
    assert list((ROOT / "deploy").glob("*.md")) == [], "documents lie in deploy/docs"


@pytest.mark.parametrize("room", ["relay", "papercut_scripts", "tests"])
def test_the_page_of_a_room_names_what_is_there(room: str) -> None:
    """Every file or folder that the page names is there."""
    page = (ROOT / room / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w/]+/|[\w/]+\.(?:py|js|sh))`", page))
    assert named
    assert [name for name in named if not (ROOT / name).exists() and not list((ROOT / room).rglob(name))] == []


@pytest.mark.parametrize("room", ["relay", "papercut_scripts", "tests"])
def test_the_page_of_a_room_leaves_nothing_out(room: str) -> None:
    """It names every room within, and every file where there is no room within."""
    page = (ROOT / room / "README.md").read_text(encoding="utf-8")
    inside = [path for path in (ROOT / room).iterdir() if not path.name.startswith(("_", "."))]
    rooms = [f"{path.name}/" for path in inside if path.is_dir()]
    files = [path.name for path in inside if path.suffix in (".py", ".js", ".sh")]
    assert sorted(name for name in rooms or files if f"`{name}`" not in page) == []
