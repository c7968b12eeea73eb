"""Two accounts whose names were exchanged in PaperCut: nobody's money is moved on the other's account before a sync."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.money_world import Site, kill, unreachable


@pytest.fixture
def site(site: Site) -> Site:
    for name in ("ann", "bob"):
        address = f"{name}@example.com"
        site.person(name, account_email=address)
        site.papercut.accounts[name].email = address
    return site


def exchange(site: Site) -> None:
    accounts = site.papercut.accounts
    accounts["ann"], accounts["bob"] = accounts["bob"], accounts["ann"]


def followed(site: Site) -> None:
    """What the next sync makes of it."""
    site.relink("ann", username="spare")
    site.relink("bob", username="ann")
    site.relink("spare", username="bob")


@pytest.mark.parametrize("fault", [kill, unreachable])
@pytest.mark.parametrize("phase", ["before", "after"])
def test_an_open_adjustment_waits_for_the_sync(site: Site, fault: Any, phase: str) -> None:
    ann = next(account.email for account in site.papercut.accounts.values())
    site.prints("ann", 2)
    with site.faulty("adjust_balance", fault, phase, times=1):
        site.killed(site.settle)
    exchange(site)
    for _ in range(2):
        site.clock.move(minutes=10)
        site.recover()
        site.settle()
    assert site.balance("ann") == 0  # bob's account, under its new name
    assert site.adjustments("ann") == []
    followed(site)
    site.clock.move(minutes=10)
    site.settle()
    site.settle()
    assert ann == "ann@example.com"
    assert (site.balance("ann"), site.balance("bob"), len(site.adjustments("bob"))) == (0, 0, 1)
    assert len(site.officernd.held_fees) == 1


def test_what_the_other_printed_is_not_billed_to_somebody(site: Site) -> None:
    site.settle()
    site.prints("bob", 3)
    exchange(site)
    assert site.settle().movements == ()
    followed(site)
    site.settle()
    (fee,) = site.officernd.held_fees.values()
    assert fee.member.endswith("2")  # bob's


def test_an_address_that_only_changed_hinders_nobody(site: Site) -> None:
    site.papercut.accounts["ann"].email = "ann.new@example.com"
    site.prints("ann", 1)
    assert site.settle().exit_code == 0
    assert site.balance("ann") == 0
