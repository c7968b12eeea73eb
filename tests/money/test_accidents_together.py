"""Accidents together: an older ledger with something open, threads, currencies, backups made inside a run."""

from __future__ import annotations

import random
import shutil
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from relay import money
from relay.errors import RemoteError, UnsafePlan
from relay.money.ledger import journal, tables
from tests.support.money_acts import foreign_fee, held, restoring
from tests.support.money_world import Killed, Site, lose, refuse, unreachable


def test_restored_between_witness_and_reading_of_a_permit(site: Site) -> None:
    ann = site.person("ann", opening_jobs=0)
    site.settle()
    site.prints("ann", 5.0)
    restore = restoring(site)
    site.settle()
    site.prints("ann", 3.0)
    with site.faulty("account_reading", restore, "before", times=1):
        site.settle()
    assert site.billed(ann) == 5_000_000


def test_clock_ahead_once_then_strangers(site: Site) -> None:
    ann = site.person("ann", opening_jobs=0, prints=1.0)
    site.clock.jump(days=40)
    site.settle()
    site.clock.jump(days=-40)
    site.clock.move(days=1)
    site.prints("ann", 2.5)
    foreign_fee(site, ann)
    site.settle()
    assert held(site), "the foreign fee was not seen"


def test_clock_ahead_once_then_a_late_fee(site: Site) -> None:
    ann = site.person("ann", opening_jobs=0, prints=1.0)
    site.clock.jump(days=40)
    site.settle()
    site.clock.jump(days=-40)
    site.clock.move(days=1)
    site.prints("ann", 2.5)

    def gateway(name: str, phase: str) -> None:
        site.late.next_s = 5  # answered 502 at once, made 5 s later

    original = site.officernd.create_fee

    def create(fee):
        try:
            return original(fee)
        except Exception as error:
            raise RemoteError("502", system="OfficeRnD", operation="create_fee") from error

    site.officernd.create_fee = create
    with site.faulty("create_fee", gateway, "before", times=1):
        site.settle()
    site.officernd.create_fee = original
    site.clock.move(days=1)
    site.settle()
    assert site.billed(ann) == 3_500_000


def test_backup_inside_a_top_up_that_only_recovers(site: Site) -> None:
    site.configure(fees={"uncounted": "bill"})
    ann = site.person("ann", opening_jobs=0, prints=5.0)
    with site.faulty("adjust_balance", refuse):
        site.settle()
    backup: list[Any] = []

    def copied(name: str, phase: str) -> None:
        backup.append(deepcopy((site.papercut.accounts, site.papercut.notes)))

    site.configure(top_up={"amount": "5.00"})
    site.relink("ann", standing="excluded")  # nobody is due, there is only something to finish
    with site.faulty("adjust_balance", copied, "before"):
        site.top_up()
    assert backup and site.balance("ann") == 0
    site.papercut.accounts, site.papercut.notes = backup[0]
    site.settle()
    assert site.billed(ann) == 5_000_000


def test_rebuild_with_something_open(tmp_path: Path) -> None:
    site = Site(tmp_path, {}, url=f"sqlite:///{tmp_path}/l.db")
    site.person("ann", opening_jobs=0, prints=5.0)
    with site.faulty("adjust_balance", refuse):
        site.settle()
    site.database.dispose()
    shutil.copy(tmp_path / "l.db", tmp_path / "old.db")
    site.settle()
    assert site.balance("ann") == 0
    site.prints("ann", 3.0)
    site.killed_at("create_fee", "after")
    site.database.dispose()
    for path in tmp_path.glob("l.db*"):
        path.unlink()
    shutil.copy(tmp_path / "old.db", tmp_path / "l.db")
    site.settle()
    with pytest.raises(UnsafePlan, match="is open for people whose later fees are in doubt"):
        money.rebuild(site.context)
    (reference,) = [item["reference"] for item in money.open_movements(site.database, site.settings)]
    site.resolve(reference, "posted")
    (doubt,) = money.rebuild(site.context).in_doubt
    site.resolve(doubt, "not-sent")
    for _ in range(2):
        site.settle()
    assert (site.result.exit_code, site.balance("ann"), len(site.officernd.held_fees)) == (0, 0, 2)


def test_rebuild_without_a_plan_ends_the_stop(site: Site) -> None:
    site.officernd.catalogue.clear()
    site.configure(top_up={"amount": "5.00", "every": "day"})
    site.person("ann")
    site.top_up()
    with site.quietly(), site.database.begin() as connection:
        connection.execute(update(tables.witnesses).values(number=1, mark="older"))
    site.clock.move(days=1)
    site.top_up()
    assert [refused.code for refused in site.result.refused] == ["ledger_old"]
    money.rebuild(site.context)
    site.clock.move(days=1)
    site.top_up()
    assert [refused.code for refused in site.result.refused] == []


@pytest.mark.parametrize("currency,cost", [("JPY", 100.0), ("KWD", 1.234), ("JPY", 100.4), ("KWD", 0.0004)])
def test_currency(site: Site, currency: str, cost: float) -> None:
    site.configure(
        site={"currency": currency},
        top_up={"amount": "5" if currency == "JPY" else "5.000", "mode": "reset", "every": "day"},
    )
    site.person("ann", opening_jobs=0)
    for _ in range(4):
        site.prints("ann", cost)
        site.settle()
        site.top_up()
        site.clock.move(days=1)
    site.settle()
    writes = site.remote_writes()
    site.settle()
    assert site.remote_writes() == writes


@pytest.mark.parametrize("seed", range(4))
def test_threads(tmp_path: Path, seed: int) -> None:
    source = random.Random(seed)
    site = Site(
        tmp_path,
        {
            "fees": {"grouping": source.choice(["person", "company"])},
            "top_up": {"amount": "2.00", "every": "day", "mode": source.choice(["add", "reset"])},
            "papercut": {"connections": 4},
        },
        url=f"sqlite:///{tmp_path}/l.db",
    )
    people = {
        f"u{i}": site.person(f"u{i}", opening_jobs=0, company_id=f"64d00000000000000000000{i % 3}") for i in range(9)
    }
    printed = dict.fromkeys(people, 0)
    for _ in range(5):
        for name in people:
            if source.random() < 0.6:
                cost = source.choice([1, 2, 3, 7])
                site.prints(name, cost)
                printed[name] += cost * 1_000_000
        dice = random.Random(source.random())

        def fault(name, phase, dice=dice):
            roll = dice.random()
            if name in ("create_fee", "adjust_balance") and roll < 0.25:
                if roll < 0.05 and phase == "before":
                    site.late.next_s = dice.choice([5, 20])
                elif roll < 0.10:
                    lose(name, phase)
                elif roll < 0.15 and phase == "before":
                    refuse(name, phase)
                elif roll < 0.18 and phase == "before":
                    unreachable(name, phase)
                elif roll < 0.22:
                    raise Killed(name)

        site.faults.always = fault
        site.killed(site.settle)
        site.killed(site.top_up)
        site.faults.clear()
        site.late.next_s = None
        site.clock.move(seconds=source.choice([1, 100, 86400]))
    for _ in range(4):
        site.settle()
        site.top_up()
        site.clock.move(seconds=100)
    billed, given, doubted = {}, {}, set()
    with site.database.connect() as connection:
        assert not journal.wrong_wallets(connection, "hq")
        wallets = journal.open_wallets(connection, "hq")
        for row in connection.execute(select(tables.movements)):
            if row.state not in ("posted", "withdrawn"):
                doubted.add(row.username)
            if row.kind == "top_up" and row.state == "posted":
                given[row.username] = given.get(row.username, 0) + row.amount
            if row.kind == "fee" and row.fee_state == "posted":
                billed[row.username] = billed.get(row.username, 0) + row.amount
    total = sum(int(fee.price * 1_000_000) for fee in site.officernd.held_fees.values())
    assert total == sum(billed.values()), (total, billed)
    for name in people:
        if name in doubted:
            continue
        assert wallets[people[name]].balance == site.balance(name)
        assert site.balance(name) == -printed[name] + billed.get(name, 0) + given.get(name, 0), name
        references = [comment for _, comment in site.adjustments(name)]
        assert len(references) == len(set(references))
