"""Imports point one way, and what decides on people and money does no input or output."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RELAY = ROOT / "relay"

# Room -> what it must never import. The outside may use everything, the clients know no room.
FORBIDDEN = {
    "officernd": ["relay.people", "relay.money", "relay.jobs", "relay.papercut", "relay.run", "relay.cli"],
    "papercut": ["relay.people", "relay.money", "relay.jobs", "relay.officernd", "relay.run", "relay.cli"],
    "people": ["relay.money.settle", "relay.jobs", "relay.run", "relay.cli", "relay.sandbox", "relay.console"],
    "money": ["relay.jobs", "relay.run", "relay.cli", "relay.sandbox", "relay.console"],
    "jobs": ["relay.run", "relay.cli", "relay.sandbox", "relay.console", "relay.officernd"],
    "members_page": ["relay.console", "relay.cli", "relay.sandbox", "relay.run", "relay.officernd"],
    "checks": ["relay.run", "relay.cli", "relay.sandbox", "relay.console"],
}
ALLOWED: set[str] = set()
IMPURE = {"requests", "sqlalchemy", "os", "time", "random", "subprocess", "socket", "lxml"}
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


@pytest.mark.parametrize("room", list(FORBIDDEN))
def test_imports_point_one_way(room: str) -> None:
    wrong = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in (RELAY / room).rglob("*.py")
        for name in imported(file)
        for forbidden in FORBIDDEN[room]
        if name not in ALLOWED and (name == forbidden or name.startswith(forbidden + "."))
    ]
    assert wrong == []


@pytest.mark.parametrize("name", PURE)
def test_what_decides_touches_nothing(name: str) -> None:
    roots = {module.partition(".")[0] for module in imported(RELAY / name)}
    assert roots & IMPURE == set()
    assert {
        module for module in imported(RELAY / name) if module.startswith(("relay.officernd.client", "relay.papercut"))
    } == set()


def test_only_the_command_line_prints() -> None:
    callers = [
        str(file.relative_to(ROOT))
        for file in RELAY.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert callers == []
