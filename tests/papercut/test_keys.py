"""PaperCut's names have one owner; who runs without the relay spells the same."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from relay.installer import places, plan, tokens
from relay.papercut import keys
from relay.papercut.restriction import PROPERTIES, left_to_print
from tests.support.repository import RELAY

# Names that nothing else is called; "email" or "balance" are words of ours too.
NAMES = {
    keys.USER_SOURCE,
    keys.AUTH_PROGRAM,
    keys.LONG_RECORDS,
    keys.CALLERS,
    keys.AUTH_TOKEN,
    keys.HEALTH,
    keys.DISABLED_PRINT,
    keys.OVERDRAFT,
    keys.JOB_COUNT,
    keys.ALL_USERS,
    keys.COST_MODEL,
    *(name for name in keys.DETAILS.values() if "-" in name),
}


def test_the_installer_spells_the_same_keys() -> None:
    assert (plan.USER_SOURCE_KEY, plan.AUTH_KEY) == (keys.USER_SOURCE, keys.AUTH_PROGRAM)
    assert (places.HEALTH_KEY, tokens.KEY) == (keys.HEALTH, keys.AUTH_TOKEN)


def test_no_other_room_spells_a_name_of_papercuts() -> None:
    """The stand-in is the other side: it has names of its own, or it would follow a mistake of ours."""
    spelled = [
        f"{file.relative_to(RELAY)}:{node.lineno} {node.value}"
        for file in RELAY.rglob("*.py")
        if file != Path(keys.__file__) and file.relative_to(RELAY).parts[0] not in ("sandbox", "installer")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in NAMES
    ]
    assert spelled == []


@pytest.mark.parametrize(
    ("restricted", "overdraft", "left"),
    [
        ("FALSE", "0", None),
        ("", "5", None),
        ("TRUE", "", 0),
        ("Y", "0.00", 0),
        ("yes", "5.0", 3_000_000),
        ("true", "?", 0),
    ],
)
def test_what_is_left_to_print_goes_by_every_spelling(restricted: str, overdraft: str, left: int | None) -> None:
    assert left_to_print(-2_000_000, dict(zip(PROPERTIES, (restricted, overdraft), strict=True))) == left
