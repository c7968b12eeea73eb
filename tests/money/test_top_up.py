"""Periodic balances: once per person and period, after the settle, and nothing that is not ours is touched."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from relay.errors import UsageError
from relay.officernd.model import Membership, Plan
from relay.papercut.client import GroupQuota
from tests.support.money_acts import killed_everywhere, movements_told
from tests.support.money_world import Site, lose, refuse


@pytest.fixture
def sections() -> dict[str, dict[str, Any]]:
    return {"top_up": {"amount": "5.00", "every": "month"}}


def test_the_current_period_is_due_at_once_and_once(site: Site) -> None:
    site.person("ann")
    result = site.top_up()
    assert (result.exit_code, movements_told(result)) == (0, [("ann", "top_up", "5.00", "posted")])
    assert (site.balance("ann"), result.movements[0].period) == (5_000_000, "2026-11")
    assert result.movements[0].reference in site.adjustments("ann")[0][1]
    writes = site.remote_writes()
    assert (site.top_up().movements, site.remote_writes()) == ((), writes)
    site.clock.move(days=30)
    assert movements_told(site.top_up()) == [("ann", "top_up", "5.00", "posted")]


def test_off_means_no_call_at_all(tmp_path: Path) -> None:
    site = Site(tmp_path, {})
    site.person("ann")
    assert (site.top_up().exit_code, site.papercut.calls) == (0, [])


def test_a_dry_run_only_shows(site: Site) -> None:
    site.person("ann")
    before = site.ledger_rows()
    assert movements_told(site.top_up(dry_run=True)) == [("ann", "top_up", "5.00", "planned")]
    assert (site.ledger_rows(), site.remote_writes()) == (before, 0)


@pytest.mark.parametrize(("mode", "added"), [("add", "5.00"), ("reset", "1.00")])
def test_add_and_reset(site: Site, mode: str, added: str) -> None:
    """What was there before, and what is paid in, is never taken for an allowance."""
    site.configure(top_up={"mode": mode})
    site.person("ann", 2.0)
    assert (site.top_up().exit_code, site.balance("ann")) == (0, 7_000_000)
    site.prints("ann", 1.0)
    assert (site.top_up().movements, site.balance("ann")) == ((), 6_000_000)  # the period is done
    site.settle()
    site.clock.move(days=30)
    assert movements_told(site.top_up()) == [("ann", "top_up", added, "posted")]


def test_a_reset_with_nothing_to_add_is_done_too(site: Site) -> None:
    site.configure(top_up={"mode": "reset"})
    site.person("ann")
    site.top_up()
    site.clock.move(days=30)
    assert (site.top_up().movements, len(site.ledger_rows()["top_up_claims"])) == ((), 2)
    site.prints("ann", 1.0)
    assert site.top_up().movements == ()


@pytest.mark.parametrize("mode", ["add", "reset"])
def test_cash_is_never_taken(site: Site, mode: str) -> None:
    """Also where a job in between hides how much of the allowance was used."""
    site.configure(top_up={"mode": mode, "every": "day"})
    site.person("ann")
    for _ in range(3):
        site.top_up()
        site.prints("ann", 2.0)
        site.papercut.accounts["ann"].balance += 10.0  # paid at the desk
        site.settle()
        site.clock.move(days=1)
    assert site.balance("ann") == 3 * (5_000_000 - 2_000_000 + 10_000_000)


def test_a_debt_delays_no_top_up_and_is_billed_all_the_same(site: Site) -> None:
    ann = site.person("ann", prints=1.0)
    assert movements_told(site.top_up()) == [("ann", "top_up", "5.00", "posted")]
    assert site.balance("ann") == 4_000_000
    site.settle()
    assert (site.billed(ann), site.balance("ann")) == (1_000_000, 5_000_000)
    assert site.top_up().movements == ()


def test_a_held_debt_delays_no_top_up(site: Site) -> None:
    site.person("ann", -9.0)
    site.settle()
    assert movements_told(site.top_up()) == [("ann", "top_up", "5.00", "posted")]
    assert [item.code for item in site.settle().held] == ["opening_balance"]


def test_a_debt_under_an_allowance_is_billed_once_after_a_kill(site: Site) -> None:
    ann = site.person("ann", prints=7.0)
    site.top_up()  # what is owed is 7.00, the balance -2.00
    site.killed_at("create_fee", "after")
    site.clock.move(minutes=5)
    assert site.settle().exit_code == 0
    assert (site.billed(ann), site.balance("ann")) == (7_000_000, 5_000_000)


def test_an_open_movement_delays_a_top_up(site: Site) -> None:
    site.person("ann", prints=1.0)
    site.faults.always = refuse
    site.settle()
    held = site.top_up()
    assert [(item.code, item.amount) for item in held.held] == [("settle_first", 0)]
    assert len(site.ledger_rows()["top_up_claims"]) == 0
    site.faults.clear()
    site.settle()
    assert movements_told(site.top_up()) == [("ann", "top_up", "5.00", "posted")]


# -- the limit of a run ----------------------------------------------------------------------------------------------


def test_a_run_gives_no_more_than_its_limit(site: Site) -> None:
    site.configure(safety={"max_top_ups": "14.99"})
    for name in ("ann", "bob", "eve"):
        site.person(name)
    result = site.top_up()
    (refusal,) = result.refused
    assert (refusal.code, refusal.count, refusal.limit) == ("max_top_ups", "15.00", "14.99")
    assert (result.exit_code, site.remote_writes(), len(site.ledger_rows()["top_up_claims"])) == (3, 0, 0)
    assert [(item.code, item.amount) for item in result.held] == [("max_top_ups", 5_000_000)] * 3
    assert site.top_up(allow=["max_top_ups"]).exit_code == 0
    assert {site.balance(name) for name in ("ann", "bob", "eve")} == {5_000_000}


def test_the_limit_refuses_above_it_and_not_at_it(site: Site) -> None:
    site.configure(safety={"max_top_ups": "10.00"})
    for name in ("ann", "bob"):
        site.person(name)
    assert (site.top_up().exit_code, site.balance("bob")) == (0, 5_000_000)


@pytest.mark.parametrize(("amount", "exit_code"), [("25.00", 0), ("25.01", 3)])
def test_without_a_limit_of_its_own_it_is_25_for_each_who_is_due(site: Site, amount: str, exit_code: int) -> None:
    site.configure(top_up={"amount": amount})
    for name in ("ann", "bob"):
        site.person(name)
    site.person("eve", standing="excluded")
    assert site.top_up().exit_code == exit_code


def test_the_limit_holds_no_leavers_rest(site: Site) -> None:
    site.person("ann")
    site.top_up()
    site.relink("ann", standing="departed")
    site.person("bob")
    site.configure(safety={"max_top_ups": "1.00"})
    assert movements_told(site.top_up()) == [("ann", "top_up", "-5.00", "posted")]


def test_the_limit_is_shown_by_a_dry_run_too(site: Site) -> None:
    site.configure(safety={"max_top_ups": "1.00"})
    site.person("ann")
    result = site.top_up(dry_run=True)
    assert ([refusal.code for refusal in result.refused], result.movements) == (["max_top_ups"], ())


def test_an_unknown_limit_is_an_error_of_usage(site: Site) -> None:
    with pytest.raises(UsageError, match="no limit max_top_up;"):
        site.top_up(allow=["max_top_up"])


# -- who, and how much -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("standing", ["excluded", "departed"])
def test_only_active_people_get_one(site: Site, standing: str) -> None:
    site.person("ann", standing=standing)
    assert site.top_up().movements == ()


def test_amounts_by_plan(site: Site) -> None:
    site.officernd.catalogue += [Plan("p1", "Flex", code="FLEX"), Plan("p2", "Office"), Plan("p3", "Desk")]
    amounts = {"FLEX": "1.00", "Office": "9.00", "p3": "0.00"}  # by code, name and id
    site.configure(top_up={"plan": [{"plan": plan, "amount": amount} for plan, amount in amounts.items()]})
    companies = {"ann": "c1", "bob": "c1", "eve": "c2", "joe": "", "ned": "c3"}
    _, bob, _, joe, _ = (site.person(name, company_id=company) for name, company in companies.items())
    site.officernd.held_memberships = [
        Membership("1", company="c1", plan="p1", calculated_status="active"),  # covers ann and bob
        Membership("2", company="c1", member=bob, plan="p2", calculated_status="active"),  # bob's own is higher
        Membership("3", company="c2", plan="p2", calculated_status="expired"),
        Membership("4", member=joe, plan="p3", calculated_status="active"),
    ]
    site.top_up()
    assert [site.balance(name) / 1e6 for name in ("ann", "bob", "eve", "joe", "ned")] == [1.0, 9.0, 5.0, 0.0, 5.0]


def test_papercuts_own_quotas_are_refused(site: Site) -> None:
    site.person("ann")
    site.papercut.quotas["Acme"] = GroupQuota(2_000_000, "MONTHLY", 0)
    result = site.top_up()
    (refusal,) = result.refused
    assert (result.exit_code, refusal.code, site.remote_writes()) == (3, "native_quota", 0)
    assert "Acme" in refusal.message
    site.papercut.quotas = {"Acme": GroupQuota(2_000_000, "NONE", 0), "!!All Users!!": GroupQuota(1, "DAILY", 0)}
    assert site.top_up().exit_code == 3
    site.papercut.quotas = {"Acme": GroupQuota(2_000_000, "NONE", 0)}
    assert site.top_up().exit_code == 0


def test_missed_periods_are_told_and_not_given(site: Site) -> None:
    site.person("ann")
    site.top_up()
    site.clock.moment = datetime(2027, 2, 3, 9, 0, tzinfo=UTC)
    result = site.top_up()
    assert movements_told(result) == [("ann", "top_up", "5.00", "posted")]
    assert "2026-12, 2027-01" in result.as_json()["notes"][0]["message"]


@pytest.mark.parametrize(("every", "again"), [("day", 1), ("week", 7)])
def test_the_other_periods(site: Site, every: str, again: int) -> None:
    site.configure(top_up={"every": every})
    site.person("ann")
    site.top_up()
    site.clock.move(days=again - 1, hours=1)
    assert site.top_up().movements == ()
    site.clock.move(days=1)
    assert len(site.top_up().movements) == 1


def test_every_kill_gives_it_once(tmp_path: Path) -> None:
    def one(site: Site) -> None:
        site.configure(top_up={"amount": "5.00"})
        site.person("ann")

    for site in killed_everywhere(tmp_path, one, Site.top_up):
        site.clock.move(seconds=5)
        assert (site.top_up().exit_code, site.balance("ann")) == (0, 5_000_000)


@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_lost_answer_gives_it_once(site: Site, phase: str) -> None:
    site.person("ann")
    with site.faulty("adjust_balance", lose, phase):
        assert site.top_up().exit_code == (0 if phase == "after" else 1)
    site.top_up()
    assert (site.balance("ann"), len(site.adjustments("ann"))) == (5_000_000, 1)


def test_a_leavers_unused_rest_is_taken_back(site: Site) -> None:
    """At most what we gave: the cash that somebody paid in stays theirs."""
    site.person("ann")
    site.top_up()
    site.papercut.accounts["ann"].balance += 10.0  # paid at the desk
    site.settle()
    site.prints("ann", 3.0)
    site.settle()
    site.relink("ann", standing="departed")
    result = site.top_up()
    assert (movements_told(result), site.balance("ann")) == ([("ann", "top_up", "-2.00", "posted")], 10_000_000)
    assert site.top_up().movements == ()


def test_what_a_leaver_has_used_up_meanwhile_is_not_taken(site: Site) -> None:
    site.person("ann")
    site.top_up()
    site.relink("ann", standing="departed")
    site.papercut.adjust_balance_if_available = lambda *_: False  # type: ignore[method-assign]
    site.top_up()
    assert site.balance("ann") == 5_000_000
    (_, back) = site.ledger_rows()["movements"]
    assert "withdrawn" in back and -5_000_000 in back


def test_a_leavers_cash_stays(site: Site) -> None:
    site.person("ann", 3.0)
    site.top_up()
    site.prints("ann", 6.0)  # all of the allowance, and 1.00 of the cash
    site.relink("ann", standing="departed")
    assert (site.top_up().movements, site.balance("ann")) == ((), 2_000_000)


def test_a_reset_takes_only_from_leavers(site: Site) -> None:
    site.configure(top_up={"mode": "reset"})
    site.person("ann")
    site.top_up()
    site.configure(top_up={"amount": "2.00"})
    site.clock.move(days=30)
    assert (site.top_up().movements, site.balance("ann")) == ((), 5_000_000)


def test_the_first_top_up_is_verified(site: Site) -> None:
    for name in ("ann", "bob"):
        site.person(name)
    adjust = site.papercut.adjust_balance
    site.papercut.adjust_balance = lambda username, micros, comment: adjust(username, micros * 2, comment)  # type: ignore[method-assign]
    result = site.top_up()
    assert (result.exit_code, result.as_json()["error"]["code"]) == (1, "verification_failed")
    assert site.balance("bob") == 0


def test_many_at_once_are_each_made_once(on_disk: Site) -> None:
    on_disk.configure(papercut={"connections": 4})
    for number in range(12):
        on_disk.person(f"user{number}")
    on_disk.faults.counting = False
    assert on_disk.top_up().exit_code == 0
    assert {on_disk.balance(f"user{number}") for number in range(12)} == {5_000_000}
