"""Every code that the rooms of people and money can give to an operator stands in one document, with its answer."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

import pytest

from relay.console import words
from relay.money.decide import bill, holds
from relay.people.decide import safety
from relay.people.logins import REASONS
from tests.support.repository import ROOT

PAPER = ROOT / "deploy/docs/QUESTIONS-AND-MESSAGES.md"
ROOMS = ("people", "money")
# The calls whose first argument is a code; everything else names it as `code=`.
MAKERS = {"Question", "LimitMet", "Stop", "UnsafePlan", "_warn", "doubt", "warn"}
STORED = {"restored", "ledger_old", "second_relay", "site_renamed"}  # what the witness may say: a Stop by variable


@cache
def trees() -> tuple[ast.Module, ...]:
    files = sorted(file for room in ROOMS for file in (ROOT / "relay" / room).rglob("*.py"))
    return tuple(ast.parse(file.read_text(encoding="utf-8")) for file in files)


@cache
def constants() -> dict[str, str]:
    """Return the texts that the rooms keep under a name: {"UNREAD": "unread"}."""
    found = {}
    for node in (node for tree in trees() for node in tree.body if isinstance(node, ast.Assign)):
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            found.update({target.id: node.value.value for target in node.targets if isinstance(target, ast.Name)})
    return found


def texts(node: ast.expr) -> Iterator[str]:
    """Yield the texts that an argument may be: itself, a constant's, or either side of a choice."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.Name) and node.id in constants():
        yield constants()[node.id]
    elif isinstance(node, ast.IfExp):
        yield from (*texts(node.body), *texts(node.orelse))


def said() -> set[str]:
    """Return every code that the two rooms write into a question, a hold, a stop, a refusal or an error."""
    found = {value for name, value in vars(holds).items() if name.isupper() and isinstance(value, str)}
    found -= {holds.OPENING_BUCKET, holds.DISPUTED_BUCKET}
    found |= {*holds.LIMITS, *holds.STOP_ANSWERS, *safety.ALL_CODES, *words.HOLDS, *bill.NEXT}
    for node in (node for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Assign)):
        if [getattr(target, "id", "") for target in node.targets] == ["code"]:
            found.update(texts(node.value))
    for call in (node for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        named = [word.value for word in call.keywords if word.arg == "code"]
        for argument in (*(call.args[:1] if name in MAKERS else ()), *named):
            found.update(texts(argument))
        # matching.py's `doubt` says the member first and the code second.
        if name == "doubt" and len(call.args) > 1:
            found.update(texts(call.args[1]))
    return found


def told(*, of_logins: bool = False) -> set[str]:
    """Return the codes that have a row with an answer in the document: of refused logins, or of everything else."""
    paper = PAPER.read_text(encoding="utf-8")
    logins = paper[paper.index("\n## Why a login") : paper.index("\n## The two systems")]
    rows = (logins if of_logins else paper.replace(logins, "")).splitlines()
    cells = [row.strip("|").split(" | ") for row in rows if row.startswith("| `")]
    return {
        code for row in cells if len(row) == 3 and all(cell.strip() for cell in row) for code in row[0].split("`")[1::2]
    }


def test_the_rooms_were_read() -> None:
    """A maker that is renamed must not empty the test."""
    assert {"shared_email", "two_accounts", "answer_waits", "plan_changed", "double_fee", "who_unknown"} <= said()
    assert said() >= STORED
    assert len(said()) > 50


@pytest.mark.parametrize("code", sorted(said()))
def test_every_code_is_told_with_its_answer(code: str) -> None:
    assert code in told(), f"{PAPER.name} needs a row for it: | `{code}` | what it means | what to do |"


def test_a_bill_that_is_held_is_asked_about_on_the_pages() -> None:
    assert set(bill.NEXT) <= set(words.HOLDS)


def test_no_code_is_told_that_nobody_says() -> None:
    assert told() - said() == set()


def test_every_reason_of_a_refused_login_is_told_with_its_answer() -> None:
    assert told(of_logins=True) == set(REASONS)
