"""No writer of money without a permit: by type, by the imports, and by what the guard does when something is wrong."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from relay import money
from relay.errors import LedgerError, UsageError
from relay.money.act.guard import Permit
from relay.money.ledger import tables
from tests.support.money_acts import foreign_fee
from tests.support.money_world import Site
from tests.support.repository import RELAY
from tests.support.shown import discrepancies as report_shown

WRITERS = {"create_fee", "adjust_balance", "adjust_balance_if_available", "adjust_shared_account"}
# The one module that writes money; a client's own definition is no use of it, and a book's `add` is called from there.
EFFECTS = Path("money/act/effects.py")
GUARD = Path("money/act/guard.py")


# -- by type and by the imports --------------------------------------------------------------------------------------


def modules() -> Iterator[tuple[Path, ast.Module]]:
    """Yield the product's modules but the sandbox's, by their path inside `relay` (not by where a checkout lies)."""
    for file in sorted(RELAY.rglob("*.py")):
        inside = file.relative_to(RELAY)
        if "sandbox" not in inside.parts:
            yield inside, ast.parse(file.read_text(encoding="utf-8"))


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node


def called(node: ast.AST) -> set[str]:
    """Return the names of the methods and functions that are called anywhere inside."""
    names = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call):
            target = inner.func
            names.add(target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", ""))
    return names


def test_only_the_effects_write_money() -> None:
    """The clients define the writers, `Books.add` chooses between two of them, and nobody but the effects calls any."""
    users = {
        (str(file), function.name)
        for file, tree in modules()
        for function in functions(tree)
        if called(function) & WRITERS
    }
    assert users == {
        ("money/books.py", "add"),
        ("money/act/effects.py", "_create_fee"),
        ("money/act/effects.py", "_send"),
    }


def test_what_writes_takes_a_permit() -> None:
    """Whoever reaches a writer inside the effects is reached only from a function that takes a permit and uses it."""
    tree = ast.parse((RELAY / EFFECTS).read_text(encoding="utf-8"))
    by_name = {function.name: function for function in functions(tree)}
    reaching = {"_create_fee", "_send"}
    guarded = {
        name
        for name, function in by_name.items()
        if any(isinstance(a.annotation, ast.Name) and a.annotation.id == "Permit" for a in function.args.args)
    }
    assert guarded == {"post_fee", "adjust"}
    for name in guarded:
        first = next(node for node in by_name[name].body if not _is_docstring(node))
        assert ast.unparse(first).startswith("permit.use("), name
    callers = {name for name, function in by_name.items() if called(function) & reaching}
    assert callers == guarded


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def test_nobody_else_calls_the_inner_writers() -> None:
    for file, tree in modules():
        if file != EFFECTS:
            assert not called(tree) & {"_create_fee", "_send"} or "officernd" in file.parts, file
        if file.name == "books.py" or file == EFFECTS:
            continue
        attributes = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not {name for name in attributes if name.endswith("books.add")}, file


def test_only_the_guard_gives_permits() -> None:
    givers = [file for file, tree in modules() if "Permit" in called(tree)]
    assert givers == [GUARD]


def test_sql_of_the_money_room_stands_in_its_ledger() -> None:
    statements = {"select", "insert", "update", "delete"}
    wrong = [
        str(file)
        for file, tree in modules()
        if "money" in file.parts and "ledger" not in file.parts
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and node.module == "sqlalchemy"
        and statements & {a.name for a in node.names}
    ]
    assert wrong == []


def test_a_permit_is_good_for_one_thing_once() -> None:
    permit = Permit("PRF-261123-AAAAAA-AAAAAAAA", {})
    with pytest.raises(LedgerError, match="without permission"):
        permit.use("PRF-261123-BBBBBB-BBBBBBBB")
    permit.use("PRF-261123-AAAAAA-AAAAAAAA")
    with pytest.raises(LedgerError, match="without permission"):
        permit.use("PRF-261123-AAAAAA-AAAAAAAA")


# -- stops -----------------------------------------------------------------------------------------------------------


def stopped(result: Any) -> list[str]:
    return [refusal.code for refusal in result.refused]


def two_months_back(site: Site) -> None:
    site.settle()
    record(site)
    site.clock.jump(days=-60)


def another_currency(site: Site) -> None:
    site.settle()
    site.configure(site={"currency": "JPY"})


def lost_ledger(site: Site) -> None:
    """An older copy of the ledger: OfficeRnD holds a fee that it does not know."""
    site.settle()
    (fee_id,) = site.officernd.held_fees
    fee = site.officernd.held_fees[fee_id]

    with site.quietly(), site.database.begin() as connection:
        connection.execute(delete(tables.movements))
        connection.execute(delete(tables.fees))
    assert fee.id not in {row[0] for row in site.ledger_rows()["fees"]}


def record(site: Site) -> None:
    now = site.clock.now()
    with site.quietly():
        money.record_run(site.database, "hq", "settle", started=now, ended=now, exit_code=0, answer={})


@pytest.mark.parametrize(
    ("accident", "code"),
    [(two_months_back, "clock_went_back"), (another_currency, "currency_changed"), (lost_ledger, "ledger_lost")],
)
def test_a_stop_stops_everything_that_moves_money(site: Site, accident: Any, code: str) -> None:
    """Settle, top-up and recovery say the same code and write nothing, as often as they are run."""
    site.configure(top_up={"amount": "5.00", "every": "day"})
    site.person("ann", prints=3.0)
    accident(site)
    site.prints("ann", 1.0)
    writes = site.remote_writes()
    for _ in range(2):
        for work in (site.settle, site.top_up):
            assert (work().exit_code, stopped(site.result)) == (3, [code])
    assert site.remote_writes() == writes
    assert [stop["code"] for stop in money.stops(site.database, site.settings)] == [code]


def test_a_stop_is_told_by_a_top_up_with_nothing_to_give_and_by_discrepancies(site: Site) -> None:
    site.person("ann")
    two_months_back(site)
    site.settle()
    assert (site.top_up().exit_code, stopped(site.result)) == (3, ["clock_went_back"])
    assert "no money moves (clock_went_back)" in report_shown(money.discrepancies(site.context))


def test_a_stop_leaves_what_is_held_for_single_people(site: Site) -> None:
    """Under `month`, a stop on the 1st: the hold is found by `approve` after the stop is over, and so is the debt."""
    site.configure(fees={"every": "month"})
    site.person("old", -5.0, jobs=7)
    site.settle()
    record(site)
    site.clock.jump(days=-60)
    site.settle()
    held = {item["username"]: item["code"] for item in money.held(site.database, site.settings)}
    assert (stopped(site.result), held) == (["clock_went_back"], {"old": "opening_balance"})
    site.approve("hq", "continue")
    site.approve("old", "bill")
    assert (site.settle().exit_code, site.balance("old")) == (0, 0)


def test_only_the_answer_that_a_stop_asks_for_ends_it(site: Site) -> None:
    site.person("ann")
    two_months_back(site)
    site.settle()
    for answer in ("bill", "forgive", "credit"):
        with pytest.raises(UsageError, match="“continue”"):
            site.approve("clock_went_back", answer)
    site.approve("clock_went_back", "continue")
    assert site.settle().exit_code == 0
    with pytest.raises(UsageError, match="not stopped"):
        site.approve("hq", "continue")


def test_a_changed_currency_ends_with_the_setting_alone(site: Site) -> None:
    site.person("ann")
    another_currency(site)
    site.settle()
    with pytest.raises(UsageError, match=r"set \[site\] currency back"):
        site.approve("hq", "continue")
    site.configure(site={"currency": "EUR"})
    assert site.settle().exit_code == 0
    assert money.stops(site.database, site.settings) == []


def test_a_word_on_a_stop_is_void_once_its_facts_have_changed(site: Site) -> None:
    """Three fees of the old connector are answered; a fourth comes before the next run: nobody has spoken of that."""
    people = [site.person(name) for name in ("ann", "bob", "eve", "joe")]
    for member in people[:3]:
        foreign_fee(site, member)
    assert stopped(site.settle()) == ["old_connector"]
    site.approve("old_connector", "bill")
    foreign_fee(site, people[3])
    assert (stopped(site.settle()), site.remote_writes()) == (["old_connector"], 0)
    site.approve("old_connector", "bill")
    assert site.settle().exit_code == 0


def test_a_clock_that_is_a_little_slow_stops_nothing(site: Site) -> None:
    site.person("ann")
    site.settle()
    record(site)
    site.clock.jump(minutes=-4)
    assert site.settle().exit_code == 0


# -- the account that a movement was decided on -----------------------------------------------------------------------


def test_an_open_adjustment_waits_for_the_account_that_was_billed(site: Site) -> None:
    """Unlinked and linked to another account while an adjustment is open: neither account gets it by itself."""
    site.person("ann", prints=7.0)
    site.killed_at("adjust_balance", "before")
    site.papercut.accounts["annie"] = type(site.papercut.accounts["ann"])(-7.0, 1)
    site.relink("ann", username="annie", linked_at=site.clock.now() + timedelta(minutes=1))
    site.clock.move(minutes=2)
    for _ in range(2):
        assert site.settle().exit_code == 4
    assert (site.balance("ann"), site.balance("annie")) == (-7_000_000, -7_000_000)
    assert "no longer linked" in site.result.movements[0].note


def test_unlinked_and_linked_again_the_account_that_was_billed_gets_it(site: Site) -> None:
    site.person("ann", prints=7.0)
    site.killed_at("adjust_balance", "before")
    site.relink("ann", linked_at=site.clock.now() + timedelta(minutes=1), opening_balance=-7_000_000)
    site.clock.move(minutes=2)
    site.settle()
    assert (site.settle().exit_code, site.balance("ann"), len(site.officernd.held_fees)) == (0, 0, 1)


def test_accounts_that_are_not_ours_are_neither_billed_nor_topped_up(site: Site) -> None:
    site.configure(top_up={"amount": "5.00"})
    site.person("ann", prints=7.0)
    site.configure(members={"not_ours": ["Ann"]})
    assert (site.settle().movements, site.top_up().movements, site.remote_writes()) == ((), (), 0)
