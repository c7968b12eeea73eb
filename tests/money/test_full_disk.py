"""A disk that is full at any write of the ledger: the next run with space bills once, or asks; never twice, never not.

Each trial is a small site; one write fails, or every write from one on, as SQLite says it of a full disk.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, OperationalError

from relay.errors import LedgerError
from relay.money.report.result import MoneyResult
from tests.support.money_world import Site

WRITES = ("INSERT", "UPDATE", "DELETE")


def full() -> sqlite3.OperationalError:
    return sqlite3.OperationalError("database or disk is full")


@contextmanager
def disk(site: Site, fails: Callable[[int], bool], commits_only: bool) -> Iterator[list[str]]:
    """Count the writes and commits of the ledger from 0 for the `with` block and fail those that `fails` names."""
    written: list[str] = []

    def write(_cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().upper().startswith(WRITES) and not commits_only:
            written.append(statement)
            if fails(len(written) - 1):
                raise full()

    def commit(_connection: Any) -> None:
        written.append("COMMIT")
        if fails(len(written) - 1):
            raise OperationalError("COMMIT", {}, full())

    listeners: tuple[tuple[str, Any], ...] = (("do_execute", write), ("do_executemany", write), ("commit", commit))
    for name, listener in listeners:
        event.listen(site.database, name, listener)
    try:
        yield written
    finally:
        for name, listener in listeners:
            event.remove(site.database, name, listener)


def house(folder: Path) -> Site:
    """Somebody who owes more than an allowance that is due."""
    site = Site(folder, {"top_up": {"amount": "5.00"}})
    site.person("ann", prints=12.0)
    return site


def rest(site: Site) -> None:
    """Run until nothing is left to do, as a schedule does."""
    for work in (site.settle, site.top_up):
        site.clock.move(minutes=5)
        assert work().exit_code == 0


def outcome(site: Site) -> tuple[list[str], int, list[float]]:
    """Return where the money is: the fees, the balance, and how often it was adjusted by how much."""
    prices = [str(fee.price) for fee in site.officernd.held_fees.values()]
    return sorted(prices), site.balance("ann"), sorted(amount for amount, _ in site.adjustments("ann"))


def told_by(work: Callable[[], MoneyResult]) -> str:
    """Return what a run says of what failed: the error that ended it, or the problems of its answer."""
    try:
        result = work()
    except (LedgerError, DBAPIError) as error:
        return str(error)
    assert result.exit_code in (1, 4) or not result.problems
    return " ".join(problem.message for problem in result.problems)


@pytest.mark.parametrize(
    ("work", "stays_full", "commits_only"),
    [("settle", True, False), ("settle", False, True), ("top_up", True, True), ("top_up", False, True)],
)
def test_full_at_every_write(tmp_path: Path, work: str, stays_full: bool, commits_only: bool) -> None:
    """What fails before a commit leaves as much behind as the commit: one kind of run tries every write."""
    site = house(tmp_path)
    getattr(site, work)()
    rest(site)
    undisturbed = outcome(site)
    for number in itertools.count():
        site = house(tmp_path)
        with disk(site, lambda at, n=number: at >= n if stays_full else at == n, commits_only) as written:
            told = told_by(getattr(site, work))
        if len(written) <= number:  # it ended before this write
            break
        assert "disk is full" in told, (number, written[number])
        rest(site)
        assert outcome(site) == undisturbed, (number, written[number])
        writes = site.remote_writes()
        assert (site.settle().movements, site.remote_writes()) == ((), writes), (number, written[number])
    assert number > (40 if not commits_only else 8)
