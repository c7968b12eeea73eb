"""Balances that are explained: charges that are no jobs, words used once, links made anew, a rebuilt ledger."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from relay import money
from tests.support.job_logs import Log
from tests.support.money_acts import foreign_fee, held_told, killed_everywhere, lose_the_ledger, rebuild
from tests.support.money_world import Account, Site, refuse

COMPANY = "64d000000000000000000001"


def total(site: Site, **options: Any) -> str:
    return str(site.settle(**options).as_json()["total"])


# -- charges that are no jobs -----------------------------------------------------------------------------------------


def test_a_manual_charge_that_rides_on_a_job_is_held_where_costs_are_known(site: Site) -> None:
    site.person("ann")
    log = Log(site)
    site.settle(jobs=log)
    site.clock.move(minutes=5)
    log.prints("ann", 0.10)
    site.papercut.accounts["ann"].balance -= 50
    assert (total(site, jobs=log), held_told(site.result)) == ("0.10", {"ann": ("unexplained_debt", "50.00")})
    site.clock.move(days=1)
    log.prints("ann", 0.20)
    assert (total(site, jobs=log), held_told(site.result)) == ("0.20", {"ann": ("unexplained_debt", "50.00")})


def test_where_costs_are_not_known_the_charge_is_billed_with_the_job(site: Site) -> None:
    """No design can tell them apart, and the documentation says so; a limit may still hold the whole."""
    site.person("ann")
    site.settle()
    site.prints("ann", 0.10)
    site.papercut.accounts["ann"].balance -= 50
    assert total(site) == "50.10"


@pytest.mark.parametrize(("uncounted", "billed"), [("hold", "0.00"), ("bill", "3.00")])
def test_a_copy_that_papercut_does_not_count(site: Site, uncounted: str, billed: str) -> None:
    site.configure(fees={"uncounted": uncounted})
    site.person("ann")
    site.settle()
    site.papercut.accounts["ann"].balance -= 3
    assert total(site) == billed
    assert bool(held_told(site.result)) is (uncounted == "hold")


def test_three_unrelated_holds_ten_days_apart_are_no_restored_server(site: Site) -> None:
    for name in ("ann", "bob", "eve", "joe"):
        site.person(name)
    site.settle()
    for name in ("ann", "bob", "eve"):
        site.papercut.accounts[name].balance -= 5
        site.settle()
        site.clock.move(days=10)
    site.prints("joe", 1.0)
    result = site.settle()
    assert (result.as_json()["total"], {item.code for item in result.refused}) == ("1.00", {"unexplained_debt"})


# -- words ------------------------------------------------------------------------------------------------------------


def test_a_word_on_somebody_with_an_open_movement_waits_for_it(site: Site) -> None:
    site.person("old", -5.0)
    site.settle()
    site.prints("old", 1.0)
    with site.faulty("adjust_balance", refuse):
        assert site.settle().exit_code == 1
        site.approve("old", "forgive")
        site.settle()
    for _ in range(3):
        site.settle()
    assert (site.balance("old"), sorted(amount for amount, _ in site.adjustments("old"))) == (0, [1.0, 5.0])


def test_a_company_deleted_while_its_leaver_owes(site: Site) -> None:
    site.person("ann", standing="departed")
    site.officernd.gone.add(COMPANY)
    site.prints("ann", 5.0)
    assert held_told(site.settle()) == {"ann": ("company_gone", "5.00")}
    site.approve("ann", "forgive")
    assert (site.settle().exit_code, site.balance("ann"), site.officernd.held_fees) == (0, 0, {})


def test_a_word_that_forgives_in_shadow_mode_is_still_there_after_the_switch(site: Site) -> None:
    site.configure(fees={"managed_in": "shadow"})
    site.person("old", -5.0)
    site.settle()
    site.approve("old", "forgive")
    for _ in range(2):
        site.settle()
    assert (site.balance("old"), site.remote_writes()) == (-5_000_000, 0)
    site.configure(fees={"managed_in": "officernd"})
    site.settle()
    assert (site.balance("old"), site.officernd.held_fees) == (0, {})


@pytest.mark.parametrize("answer", ["bill", "forgive"])
def test_a_kill_at_every_moment_spends_a_word_once(tmp_path: Path, answer: str) -> None:
    """Also of an unexplained debt: what was forgiven is billed after no kill."""

    def answered(site: Site) -> None:
        site.person("old", -5.0)
        site.person("ann")
        site.settle()
        site.papercut.accounts["ann"].balance = -4.0
        assert site.settle().exit_code == 3
        site.approve("old", answer)
        site.approve("ann", answer)

    for site in killed_everywhere(tmp_path, answered):
        site.clock.move(minutes=1)
        for _ in range(3):
            site.settle()
        assert (site.result.exit_code, len(site.officernd.held_fees)) == (0, 2 * (answer == "bill"))
        assert [(site.balance(name), len(site.adjustments(name))) for name in ("old", "ann")] == [(0, 1), (0, 1)]


def test_a_word_on_a_limit_bills_exactly_that(site: Site) -> None:
    site.configure(safety={"max_fee": "10.00"})
    ann = site.person("ann", prints=12.0)
    assert held_told(site.settle()) == {"ann": ("max_fee", "12.00")}
    site.approve("ann", "bill")
    site.prints("ann", 30.0)
    assert total(site) == "12.00"
    assert held_told(site.settle()) == {"ann": ("max_fee", "30.00")}
    assert site.billed(ann) == 12_000_000


def test_a_word_that_bills_an_opening_debt_passes_the_limit_that_it_names(site: Site) -> None:
    """Who has approved 12.84 has spoken of a fee of 12.84; what is owed beside it follows."""
    site.configure(safety={"max_fee": "5.00", "max_run_total": "6.00"})
    ann = site.person("ann", -12.84)
    site.settle()
    site.approve("ann", "bill")
    site.prints("ann", 1.0)
    assert (total(site), site.billed(ann)) == ("12.84", 12_840_000)
    assert total(site) == "1.00"


def test_an_answer_says_whom_it_is_about_and_what_it_replaces(site: Site) -> None:
    site.person("ann", prints=1.0)
    reference = site.settle().movements[0].reference
    site.papercut.accounts["ann"].balance -= 5
    site.settle()
    site.approve("ann", "forgive")
    said = money.approve(site.context, reference, as_="bill", reason="seen")
    assert said.message.startswith("5.00 EUR of ann (unexplained_debt)")
    assert "replaces the earlier decision" in said.message


def test_part_of_what_is_held_can_be_named(site: Site) -> None:
    site.person("ann")
    site.settle()
    site.papercut.accounts["ann"].balance -= 5
    site.settle()
    site.approve("ann", "bill", "2.00")
    assert (total(site), held_told(site.result)) == ("2.00", {"ann": ("unexplained_debt", "3.00")})


# -- links, modes, periods --------------------------------------------------------------------------------------------


def test_what_was_printed_while_papercut_billed_is_an_opening_debt(site: Site) -> None:
    site.person("ann")
    site.settle()
    site.configure(fees={"managed_in": "papercut"})
    site.settle()
    site.prints("ann", 4.0)
    site.clock.move(days=1)
    site.settle()
    site.configure(fees={"managed_in": "officernd"})
    assert (total(site), held_told(site.result)) == ("0.00", {"ann": ("opening_balance", "4.00")})
    site.prints("ann", 1.0)
    assert total(site) == "1.00"


def test_an_account_followed_to_another_one_brings_an_opening_debt(site: Site) -> None:
    """By e-mail another account was found to be the member's: what it owes is older than the link."""
    site.person("ann")
    site.settle()
    site.papercut.accounts["annie"] = Account(-9.0, 40)
    site.clock.move(days=1)
    site.relink("ann", username="annie", linked_at=site.clock.now(), opening_balance=-9_000_000, opening_jobs=40)
    assert (total(site), held_told(site.result)) == ("0.00", {"annie": ("opening_balance", "9.00")})
    site.prints("annie", 1.0)
    assert total(site) == "1.00"


def test_an_account_that_was_not_ours_for_a_while_keeps_what_is_disputed(site: Site) -> None:
    site.person("ann")
    site.settle()
    site.papercut.accounts["ann"].balance -= 5
    site.settle()
    site.configure(members={"not_ours": ["ann"]})
    site.settle()
    site.prints("ann", 1.0)
    site.configure(members={"not_ours": []})
    assert (total(site), held_told(site.result)) == ("1.00", {"ann": ("unexplained_debt", "5.00")})


def test_a_renamed_account_is_the_same_one(site: Site) -> None:
    site.person("old", -5.0)
    site.settle()
    site.prints("old", 1.0)
    site.papercut.accounts["older"] = site.papercut.accounts.pop("old")
    site.relink("old", username="older")
    assert (total(site), held_told(site.result)) == ("1.00", {"older": ("opening_balance", "5.00")})


def test_somebody_linked_while_the_clock_was_ahead_is_billed_for_new_jobs(site: Site) -> None:
    ann = site.person("ann", linked_at=site.clock.now() + timedelta(days=30), prints=2.0)
    assert (total(site), site.billed(ann)) == ("2.00", 2_000_000)
    site.prints("ann", 1.0)
    assert total(site) == "1.00"


def test_one_of_a_company_pays_cash_in_mid_run(site: Site) -> None:
    """The others' fee is made in the same run, without the share that is no longer owed."""
    site.configure(fees={"grouping": "company", "every": "month"})
    for name in ("ann", "bob", "eve"):
        site.person(name, prints=4.0)
    site.settle()
    site.clock.move(days=40)
    reads = [0]

    def pays(name: str, phase: str) -> None:
        if name == "account_reading" and phase == "before" and site.faults.counting:
            reads[0] += 1
            if reads[0] == 1:
                site.papercut.accounts["bob"].balance += 4

    site.faults.always = pays
    assert (total(site), site.result.exit_code) == ("8.00", 0)
    assert [site.balance(name) for name in ("ann", "bob", "eve")] == [0, 0, 0]


# -- a rebuilt ledger -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("opening", ["hold", "bill"])
def test_rebuild_believes_no_adjustment_of_a_companys_fee(site: Site, opening: str) -> None:
    """Who shared it is not written in it, so the debts that it may have billed wait for a person."""
    site.configure(fees={"grouping": "company", "opening_balances": opening})
    site.person("ann", prints=7.0)
    site.killed_at("create_fee", "after")
    lose_the_ledger(site)
    rebuild(site)
    site.relink("ann", linked_at=site.clock.now(), opening_balance=-7_000_000, opening_jobs=1)
    for _ in range(2):
        assert held_told(site.settle()) == {"ann": ("opening_balance", "7.00")}
    assert len(site.officernd.held_fees) == 1
    site.approve("ann", "forgive")
    assert (site.settle().exit_code, site.balance("ann"), len(site.officernd.held_fees)) == (0, 0, 1)


def test_rebuild_before_the_first_sync(site: Site) -> None:
    """Nobody is linked: the last fee of each member is in doubt, and their opening debt waits, even with `bill`."""
    site.configure(fees={"opening_balances": "bill"})
    ann = site.person("ann", prints=7.0)
    site.killed_at("create_fee", "after")
    lose_the_ledger(site, keep_people=False)
    (reference,) = rebuild(site).in_doubt
    site.person("ann", -7.0, jobs=1, member_id=ann)
    for _ in range(2):
        assert site.settle().exit_code == 4
    assert (len(site.officernd.held_fees), site.adjustments("ann")) == (1, [])
    site.resolve(reference, "not-sent")
    site.settle()
    assert (site.settle().exit_code, site.balance("ann"), len(site.officernd.held_fees)) == (0, 0, 1)


def test_none_says_that_a_fee_stands_and_nothing_is_adjusted(site: Site) -> None:
    site.person("ann", prints=7.0)
    with site.faulty("adjust_balance", refuse):
        site.settle()
    reference = site.result.movements[0].reference
    site.resolve(reference, "none")
    for _ in range(2):
        assert held_told(site.settle()) == {"ann": ("unexplained_debt", "7.00")}  # never billed again by itself
    assert (len(site.officernd.held_fees), site.adjustments("ann")) == (1, [])


def test_rebuild_gives_no_top_up_that_it_cannot_account_for(site: Site) -> None:
    site.configure(top_up={"amount": "5.00"})
    site.person("ann", prints=1.0)
    site.settle()
    site.top_up()
    lose_the_ledger(site)
    rebuild(site)
    assert (site.top_up().movements, len(site.adjustments("ann"))) == ((), 2)
    assert "left out, because the ledger was rebuilt" in site.result.notes[0].message
    site.clock.move(days=40)
    assert [movement.amount for movement in site.top_up().movements] == [5_000_000]


def test_foreign_fees_that_a_person_has_explained_hold_nobody(site: Site) -> None:
    ann = site.person("ann", prints=2.0)
    foreign_fee(site, ann)
    assert held_told(site.settle())["ann"][0] == "foreign_fee"
    site.approve("ann", "bill")
    assert (total(site), money.held(site.database, site.settings)) == ("2.00", [])
