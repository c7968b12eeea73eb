"""The switches themselves: documented, tried in both positions, and hard to set wrongly."""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import fields
from pathlib import Path

import pytest

from relay.sandbox.papercut import PaperCutSwitches, switches
from tests.support.repository import ROOT

NAMES = [entry.name for entry in fields(PaperCutSwitches)]


@pytest.mark.parametrize("name", NAMES)
def test_every_switch_names_its_section_and_its_reason(name):
    """A doubt without a place cannot be settled at a real server."""
    (body,) = (node.body for node in ast.parse(inspect.getsource(switches)).body if isinstance(node, ast.ClassDef))
    at = next(i for i, node in enumerate(body) if isinstance(node, ast.AnnAssign) and node.target.id == name)
    text = body[at + 1].value.value
    assert re.match(r"(papercut-(server-api|print-scripts) \d+(\.\d+)*|corrections(, [a-z ]+)?): \S.{15,}", text), text


@pytest.mark.parametrize("name", NAMES)
def test_every_switch_is_turned_in_some_test(name):
    """A position that was never tried is a promise, not a switch."""
    files = ROOT.rglob("*.py")  # what logs look like is tried by those who read them
    tests = "".join(file.read_text(encoding="utf-8") for file in files if "node_modules" not in file.parts)
    assert re.search(rf'"{name}"[,:]|\b{name}=|switches\.{name} = ', tests)


@pytest.mark.parametrize("name", NAMES)
def test_every_switch_is_read_somewhere(name):
    """A switch that nothing asks is a lie."""
    package = Path(switches.__file__).parent
    code = "".join(
        file.read_text(encoding="utf-8") for file in package.rglob("*.py") if file.name != Path(switches.__file__).name
    )
    assert re.search(rf"switches\.{name}\b", code)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("nothing", True),
        ("set", True),
        ("typed_strings", 1),
        ("typed_strings", "TRUE"),
        ("charset", "UTF-8"),
        ("page_limit", "3"),
        ("page_limit", True),
        ("sync_task_s", "3"),
        ("sync_task_s", True),
        ("wrong_token_text", None),
    ],
)
def test_wrong_names_and_values_are_refused(name, value):
    """A misspelt switch must not be a test that passes."""
    with pytest.raises(ValueError):
        PaperCutSwitches().set(name, value)


def test_whole_seconds_are_seconds():
    """JSON knows no difference."""
    positions = PaperCutSwitches()
    positions.set("sync_task_s", 3)
    assert positions.sync_task_s == 3.0
