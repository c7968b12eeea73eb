"""Printing that a membership includes pays what a company's people owe before a fee does, exactly once."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.money.decide.due import OwedChange
from relay.money.decide.included import owing_since
from relay.money.ledger import included
from relay.officernd.model import Membership, Plan
from tests.support.bean_check import checked
from tests.support.money_acts import foreign_fee
from tests.support.money_world import Site, at, kill, lose, refuse, unreachable

COIN = 10_000


@pytest.fixture
def sections() -> dict[str, dict[str, Any]]:
    return {"included": {"amount": "20.00"}}


def told(site: Site) -> list[tuple[str, str, str]]:
    return [(item["kind"], item["username"], item["amount"]) for item in site.result.as_json()["movements"]]


def test_it_pays_the_debt_and_no_fee_is_made(site: Site) -> None:
    ann = site.person("ann", prints=14.35)
    assert (site.settle().exit_code, told(site)) == (0, [("included", "ann", "14.35")])
    assert (site.balance("ann"), site.fees_of(ann), site.result.as_json()["total"]) == (0, [], "0.00")
    assert site.adjustments("ann")[0][1].startswith("Included printing: 14.35 EUR")
    before = site.remote_writes(), site.ledger_rows()["movements"]
    assert site.settle().movements == ()
    assert before[1] == site.ledger_rows()["movements"]


def test_what_it_does_not_pay_becomes_a_fee_in_the_same_settle(site: Site) -> None:
    ann = site.person("ann", prints=25)
    site.settle()
    assert told(site) == [("fee", "ann", "5.00"), ("included", "ann", "20.00")]
    assert (site.balance("ann"), site.billed(ann)) == (0, 5_000_000)
    assert "Included" in checked(site).as_beancount()


def test_a_companys_people_share_it_and_a_member_without_one_has_his_own(site: Site) -> None:
    people = {name: site.person(name) for name in ("ann", "bob")}
    people["eve"] = site.person("eve", company_id="", company_name="")
    for name in people:
        site.prints(name, 15)
    site.settle()
    assert {name: site.billed(member) for name, member in people.items()} == {"ann": 0, "bob": 10_000_000, "eve": 0}
    assert [site.balance(name) for name in people] == [0, 0, 0]


def test_who_has_owed_longest_comes_first(site: Site) -> None:
    site.configure(included={"amount": "5.00", "every": "month"}, fees={"every": "month"})
    ann, bob = site.person("ann"), site.person("bob")
    site.prints("bob", 6)
    site.settle()  # 5.00 of it is paid
    site.clock.move(days=1)
    site.prints("ann", 6)
    site.settle()
    site.clock.move(days=31)
    site.settle()
    assert (site.billed(bob), site.billed(ann)) == (0, 2_000_000)  # bob's 1.00 is older than ann's 6.00


def test_what_is_not_used_is_gone_with_its_period(site: Site) -> None:
    ann = site.person("ann", prints=1)
    site.settle()
    site.clock.move(days=31)
    site.prints("ann", 21)
    site.settle()
    assert site.billed(ann) == 1_000_000


def test_by_plan_the_highest_counts_and_a_companys_people_bring_theirs(site: Site) -> None:
    rows = [{"plan": "OFFICE", "amount": "8.00"}, {"plan": "Desk", "amount": "3.00"}]
    site.configure(included={"amount": "1.00", "plan": rows})
    ann = site.person("ann", company_id="c1")
    bob = site.person("bob", company_id="", company_name="")
    eve = site.person("eve", company_id="", company_name="")
    site.officernd.catalogue += [Plan("p1", "Office", "OFFICE"), Plan("p2", "Desk")]
    site.officernd.held_memberships += [
        Membership("1", company="c1", plan="p2", calculated_status="active"),
        Membership("2", company="c1", member=ann, plan="p1", calculated_status="active"),
        Membership("3", member=bob, plan="p2", calculated_status="active"),
        Membership("4", member=eve, plan="p1", calculated_status="expired"),
    ]
    for name in ("ann", "bob", "eve"):
        site.prints(name, 10)
    site.settle()
    assert [site.billed(member) for member in (ann, bob, eve)] == [2_000_000, 7_000_000, 9_000_000]


def test_it_does_not_wait_for_the_fees_period(site: Site) -> None:
    site.configure(fees={"every": "month"})
    ann = site.person("ann", prints=21)
    site.settle()
    assert (site.balance("ann"), site.fees_of(ann)) == (-1_000_000, [])


def test_one_fee_of_a_company_bills_the_rest(site: Site) -> None:
    site.configure(fees={"grouping": "company"})
    for name in ("ann", "bob"):
        site.person(name, prints=15)
    site.settle()
    (fee,) = site.officernd.held_fees.values()
    assert (float(fee.price), site.balance("ann"), site.balance("bob")) == (10, 0, 0)


def test_the_company_of_the_day_pays(site: Site) -> None:
    ann = site.person("ann", prints=20)
    site.settle()
    site.relink("ann", company_id="c2", company_name="Beta")
    site.prints("ann", 20)
    site.settle()
    assert (site.balance("ann"), site.fees_of(ann)) == (0, [])


def test_old_debt_shared_accounts_and_what_is_held_are_not_paid(site: Site) -> None:
    site.person("old", balance=-3)
    held = site.person("held")
    site.settle()
    site.shared("copies")
    site.settle()
    foreign_fee(site, held)
    site.prints("held", 1)
    site.papercut.accounts["account:copies"].balance -= 2
    site.settle()
    assert [item.kind for item in site.result.movements if item.kind == "included"] == []


def test_a_dry_run_shows_it_and_writes_nothing(site: Site) -> None:
    site.person("ann", prints=25)
    before = site.ledger_rows()
    site.settle(dry_run=True)
    assert told(site) == [("included", "ann", "20.00"), ("fee", "ann", "5.00")]
    assert (site.remote_writes(), site.ledger_rows()) == (0, before)


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("fault", [kill, lose, refuse, unreachable])
def test_whatever_happens_to_it_it_is_given_once(site: Site, fault: Any, phase: str) -> None:
    ann = site.person("ann", prints=25)
    site.faults.always = at("adjust_balance", phase, fault, times=1)
    site.killed(site.settle)
    assert ("adjust_balance", phase) in site.faults.seen
    for _ in range(3):
        site.clock.move(minutes=10)
        site.settle()
    assert (site.balance("ann"), site.billed(ann)) == (0, 5_000_000)
    with site.database.connect() as connection:
        used = included.used(connection, site.settings.site.name, site.clock.now().strftime("%Y-%m"))
    assert sum(used.values()) == 20_000_000


def test_a_debt_that_was_paid_meanwhile_uses_nothing(site: Site) -> None:
    site.person("ann", prints=5)
    with site.faulty("adjust_balance", unreachable, "before", times=1):
        assert site.settle().exit_code == 1
    site.papercut.accounts["ann"].balance += 5  # cash
    site.clock.move(minutes=10)
    site.settle()
    site.settle()
    with site.database.connect() as connection:
        used = included.used(connection, site.settings.site.name, site.clock.now().strftime("%Y-%m"))
    assert (site.balance("ann"), used) == (0, {})


DAY = date(2026, 11, 1)


@pytest.mark.parametrize(
    ("changes", "day"),
    [
        ([], None),
        ([(1, -5)], 1),
        ([(1, -5), (2, 5)], None),
        ([(1, -5), (2, -3), (3, 5)], 2),
        ([(1, -5), (2, -3), (3, 4)], 1),
        ([(1, -5), (2, 5), (3, -1)], 3),
    ],
)
def test_payments_pay_the_oldest_debt_first(changes: list[tuple[int, int]], day: int | None) -> None:
    found = owing_since(OwedChange(DAY.replace(day=number), owed) for number, owed in changes)
    assert found == (DAY.replace(day=day) if day else None)


@given(st.lists(st.tuples(st.integers(1, 28), st.integers(-9, 9).filter(bool)), max_size=8))
def test_nothing_is_owed_since_a_day_without_a_debt(changes: list[tuple[int, int]]) -> None:
    found = owing_since(OwedChange(DAY.replace(day=day), owed) for day, owed in changes)
    assert found is None or any(DAY.replace(day=day) == found and owed < 0 for day, owed in changes)
