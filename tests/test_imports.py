"""Imports point one way, and what decides on people and money does no input or output."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RELAY = ROOT / "relay"

IMPURE = {"requests", "sqlalchemy", "os", "time", "random", "subprocess", "socket", "lxml"}
CLIENTS = ("relay.officernd.client", "relay.papercut.client", "relay.papercut.wire", "relay.papercut.quotas")
PURE = [
    "people/directory.py",
    *(f"people/decide/{file.name}" for file in sorted((RELAY / "people" / "decide").glob("*.py"))),
    "people/world.py",
    "people/act/verify.py",
    "amounts.py",
    "accounts.py",
    *(f"money/decide/{file.name}" for file in sorted((RELAY / "money" / "decide").glob("*.py"))),
]


def imported(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def test_imports_point_one_way() -> None:
    """The layers stand in pyproject.toml, [tool.importlinter]."""
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", PURE)
def test_what_decides_touches_nothing(name: str) -> None:
    roots = {module.partition(".")[0] for module in imported(RELAY / name)}
    assert roots & IMPURE == set()
    assert {module for module in imported(RELAY / name) if module.startswith(CLIENTS)} == set()


def test_only_the_command_line_prints() -> None:
    callers = [
        str(file.relative_to(ROOT))
        for file in RELAY.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert callers == []
