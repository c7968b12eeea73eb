"""Periodic balances: once per person and period, after the settle, and nothing that is not ours is touched."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from money_world import Site, kill, lose, sites

from relay.money.report.result import MoneyResult
from relay.officernd.model import Membership, Plan
from relay.papercut.client import GroupQuota


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    yield from sites(tmp_path, top_up={"amount": "5.00", "every": "month"})


def movements(result: MoneyResult) -> list[tuple[str, str, str, str]]:
    return [(m["username"], m["kind"], m["amount"], m["state"]) for m in result.as_json()["movements"]]


def test_the_current_period_is_due_at_once_and_once(site: Site) -> None:
    site.person("ann")
    result = site.top_up()
    assert (result.exit_code, movements(result)) == (0, [("ann", "top_up", "5.00", "posted")])
    assert (site.balance("ann"), result.movements[0].period) == (5_000_000, "2026-11")
    assert result.movements[0].reference in site.adjustments("ann")[0][1]
    writes = site.remote_writes()
    assert (site.top_up().movements, site.remote_writes()) == ((), writes)
    site.clock.move(days=30)
    assert movements(site.top_up()) == [("ann", "top_up", "5.00", "posted")]


def test_off_means_no_call_at_all(tmp_path: Path) -> None:
    site = Site(tmp_path, {})
    site.person("ann")
    assert (site.top_up().exit_code, site.papercut.calls) == (0, [])


def test_a_dry_run_only_shows(site: Site) -> None:
    site.person("ann")
    before = site.ledger_rows()
    assert movements(site.top_up(dry_run=True)) == [("ann", "top_up", "5.00", "planned")]
    assert (site.ledger_rows(), site.remote_writes()) == (before, 0)


@pytest.mark.parametrize(("mode", "after"), [("add", 7_000_000), ("reset", 5_000_000)])
def test_add_and_reset(site: Site, mode: str, after: int) -> None:
    site.configure(top_up={"mode": mode})
    site.person("ann", 2.0)
    assert (site.top_up().exit_code, site.balance("ann")) == (0, after)
    site.prints("ann", 1.0)
    assert (site.top_up().movements, site.balance("ann")) == ((), after - 1_000_000)  # the period is done


def test_a_reset_with_nothing_to_add_is_done_too(site: Site) -> None:
    site.configure(top_up={"mode": "reset"})
    site.person("ann", 5.0)
    assert (site.top_up().movements, len(site.ledger_rows()["top_up_claims"])) == ((), 1)
    site.prints("ann", 1.0)
    assert site.top_up().movements == ()


def test_whoever_owes_is_settled_first(site: Site) -> None:
    ann = site.person("ann")
    site.prints("ann", 1.0)
    skipped = site.top_up()
    assert (skipped.exit_code, movements(skipped)) == (0, [])
    (held,) = skipped.as_json()["held"]
    assert (held["username"], held["amount"]) == ("ann", "1.00") and "settle first" in held["reason"]
    site.settle()
    assert movements(site.top_up()) == [("ann", "top_up", "5.00", "posted")]
    assert (len(site.fees_of(ann)), site.balance("ann")) == (1, 5_000_000)


@pytest.mark.parametrize("standing", ["excluded", "departed"])
def test_only_active_people_get_one(site: Site, standing: str) -> None:
    site.person("ann", standing=standing)
    assert site.top_up().movements == ()


def test_amounts_by_plan(site: Site) -> None:
    site.officernd.catalogue += [Plan("p1", "Flex", code="FLEX"), Plan("p2", "Office"), Plan("p3", "Desk")]
    amounts = {"FLEX": "1.00", "Office": "9.00", "p3": "0.00"}  # by code, name and id
    site.configure(top_up={"plan": [{"plan": plan, "amount": amount} for plan, amount in amounts.items()]})
    ann, bob, eve, joe, ned = (
        site.person("ann", company_id="c1"),
        site.person("bob", company_id="c1"),
        site.person("eve", company_id="c2"),
        site.person("joe", company_id=""),
        site.person("ned", company_id="c3"),
    )
    site.officernd.held_memberships = [
        Membership("1", company="c1", plan="p1", calculated_status="active"),  # covers ann and bob
        Membership("2", company="c1", member=bob, plan="p2", calculated_status="active"),  # bob's own is higher
        Membership("3", company="c2", plan="p2", calculated_status="expired"),
        Membership("4", member=joe, plan="p3", calculated_status="active"),
    ]
    site.top_up()
    assert {name: site.balance(name) / 1e6 for name in ("ann", "bob", "eve", "joe", "ned")} == {
        "ann": 1.0,
        "bob": 9.0,
        "eve": 5.0,
        "joe": 0.0,
        "ned": 5.0,
    }
    assert ann and eve and ned


def test_papercuts_own_quotas_are_refused(site: Site) -> None:
    site.person("ann")
    site.papercut.quotas["Acme"] = GroupQuota(2_000_000, "MONTHLY", 0)
    result = site.top_up()
    assert (result.exit_code, [refusal.code for refusal in result.refused], site.remote_writes()) == (
        3,
        ["native_quota"],
        0,
    )
    assert "Acme" in result.refused[0].message
    site.papercut.quotas = {"Acme": GroupQuota(2_000_000, "NONE", 0), "!!All Users!!": GroupQuota(1, "DAILY", 0)}
    assert site.top_up().exit_code == 3
    site.papercut.quotas = {"Acme": GroupQuota(2_000_000, "NONE", 0)}
    assert site.top_up().exit_code == 0


def test_missed_periods_are_told_and_not_given(site: Site) -> None:
    site.person("ann")
    site.top_up()
    site.clock.moment = datetime(2027, 2, 3, 9, 0, tzinfo=UTC)
    result = site.top_up()
    assert movements(result) == [("ann", "top_up", "5.00", "posted")]
    assert "2026-12, 2027-01" in result.as_json()["notes"][0]


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
    probe = Site(tmp_path, {"top_up": {"amount": "5.00"}})
    probe.person("ann")
    probe.faults.clear()
    probe.top_up()
    for moment in range(len(probe.faults.seen)):
        site = Site(tmp_path, {"top_up": {"amount": "5.00"}})
        site.person("ann")
        site.faults.clear()
        site.faults.actions[moment] = kill
        assert site.killed(site.top_up)
        site.faults.clear()
        site.clock.move(seconds=5)
        assert site.top_up().exit_code == 0
        assert site.balance("ann") == 5_000_000, moment


@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_lost_answer_gives_it_once(site: Site, phase: str) -> None:
    site.person("ann")
    site.faults.always = lambda name, at: lose(name, at) if at == phase else None
    assert site.top_up().exit_code == (0 if phase == "after" else 1)
    site.faults.clear()
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
    assert (movements(result), site.balance("ann")) == ([("ann", "top_up", "-2.00", "posted")], 10_000_000)
    assert site.top_up().movements == ()


def test_what_a_leaver_has_used_up_meanwhile_is_not_taken(site: Site) -> None:
    site.person("ann")
    site.top_up()
    site.relink("ann", standing="departed")
    site.papercut.adjust_balance_if_available = lambda *_: False  # type: ignore[method-assign]
    site.top_up()
    assert site.balance("ann") == 5_000_000
    assert site.ledger_rows()["movements"][-1]


def test_the_first_top_up_is_verified(site: Site) -> None:
    for name in ("ann", "bob"):
        site.person(name)
    adjust = site.papercut.adjust_balance
    site.papercut.adjust_balance = lambda username, micros, comment: adjust(username, micros * 2, comment)  # type: ignore[method-assign]
    result = site.top_up()
    assert (result.exit_code, result.as_json()["error"]["code"]) == (1, "verification_failed")
    assert site.balance("bob") == 0


def test_many_at_once_are_each_made_once(tmp_path: Path) -> None:
    site = Site(tmp_path, {"top_up": {"amount": "5.00"}}, url=f"sqlite:///{tmp_path}/ledger.db")
    for number in range(12):
        site.person(f"user{number}")
    site.faults.counting = False
    assert site.top_up(parallel=4).exit_code == 0
    assert {site.balance(f"user{number}") for number in range(12)} == {5_000_000}
    site.database.dispose()
