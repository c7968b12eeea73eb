"""Accidents at once, each of which once billed twice, lost money, spent a word or moved money beside a stop."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest

from relay import money
from relay.errors import RateLimited
from tests.support.job_logs import RefundingLog as Log
from tests.support.money_acts import foreign_fee, held, lost_beside_a_job, restoring
from tests.support.money_world import Account, Killed, Site, refuse, unreachable


def test_a_void_word_on_a_foreign_fee_bills_nothing(site: Site) -> None:
    ann = site.person("ann", prints=5.0)
    foreign_fee(site, ann)
    site.settle()
    site.approve("ann", "forgive")  # the other fee has billed it
    site.papercut.accounts["ann"].balance += 2  # cash meanwhile
    site.settle()
    site.settle()
    assert not [fee for fee in site.fees_of(ann) if "PRF-" in fee.name]


def test_restored_between_the_first_look_and_the_raise(site: Site) -> None:
    site.configure(fees={"uncounted": "bill"})
    ann = site.person("ann")
    site.settle()
    site.prints("ann", 5.0)
    backup = deepcopy((site.papercut.accounts, site.papercut.notes))
    site.settle()
    assert site.billed(ann) == 5_000_000
    with site.faulty("fees", restoring(site, backup), "before", times=1):
        site.settle()
    site.settle()
    assert site.billed(ann) == 5_000_000


def test_restored_before_the_last_raise(site: Site) -> None:
    site.configure(fees={"uncounted": "bill"})
    ann = site.person("ann")
    site.settle()
    site.prints("ann", 5.0)
    restore = restoring(site)
    fees: list[str] = []

    def second(name: str, phase: str) -> None:
        fees.append(name)
        if len(fees) == 2:  # reading back at the run's end
            restore(name, phase)

    with site.faulty("fees", second, "before"):
        site.settle()
    assert len(fees) >= 2
    site.settle()
    assert site.billed(ann) == 5_000_000


@pytest.mark.parametrize(("fault", "times"), [(unreachable, 2), (refuse, 1)])
def test_cash_is_not_taken_for_a_top_up_that_was_not_made(
    site: Site, fault: Callable[[str, str], None], times: int
) -> None:
    site.configure(top_up={"amount": "5.00"})
    site.person("ann")
    with site.faulty("adjust_balance", fault):
        site.top_up()
    assert site.result.movements[0].state == "failed"
    site.papercut.accounts["ann"].balance += 5
    site.clock.move(days=1)
    for _ in range(times):
        site.top_up()
    assert (site.balance("ann"), site.result.in_doubt) in ((10_000_000, 0), (5_000_000, 1))


def test_never_sent_and_printed_is_no_doubt(site: Site) -> None:
    site.person("ann", prints=5.0)
    with site.faulty("adjust_balance", unreachable):
        site.settle()
    site.prints("ann", 1.0)
    site.clock.move(days=1)
    site.settle()
    assert (site.result.in_doubt, site.balance("ann")) == (0, 0)


def test_paid_while_waiting_for_too_many_requests(site: Site) -> None:
    ann = site.person("ann", prints=5.0)

    def busy(name: str, phase: str) -> None:
        site.papercut.accounts["ann"].balance += 5
        raise RateLimited("slow down", system="OfficeRnD", retry_after_s=30.0)

    with site.faulty("create_fee", busy, "before", times=1):
        site.settle()
    assert site.billed(ann) == 0


def test_not_ours_for_a_while_with_a_fee_unadjusted(site: Site) -> None:
    ann = site.person("ann", prints=5.0)
    with site.faulty("adjust_balance", refuse):
        site.settle()
    reference = site.result.movements[0].reference
    site.configure(members={"not_ours": ["ann"]})
    site.settle()
    site.configure(members={"not_ours": []})
    site.prints("ann", 1.0)
    site.settle()
    site.resolve(reference, "none")
    site.settle()
    assert site.billed(ann) <= 6_000_000


def test_not_ours_for_a_while_does_not_launder_a_held_debt(site: Site) -> None:
    ann = site.person("ann", opening_jobs=0)
    site.settle()
    site.papercut.accounts["ann"].balance -= 50  # by hand
    site.settle()
    assert held(site) == {("ann", "unexplained_debt"): 50_000_000}
    site.configure(members={"not_ours": ["ann"]})
    site.settle()
    site.configure(members={"not_ours": []})
    site.prints("ann", 1.0)
    site.settle()
    assert site.billed(ann) <= 1_000_000


def test_a_word_on_one_account_is_no_word_on_another(site: Site) -> None:
    site.person("ann", -5.0)
    site.settle()
    site.approve("ann", "forgive")
    site.papercut.accounts["ann2"] = Account(-8.0)
    site.clock.move(minutes=1)
    site.relink("ann", username="ann2", linked_at=site.clock.now(), opening_balance=-8_000_000)
    site.settle()
    assert site.balance("ann2") == -8_000_000


def killed_on_the_way(site: Site) -> None:
    """Top up, and die with the request on its way: PaperCut carries it out 20 seconds later."""

    def dying(name: str, phase: str) -> None:
        account = site.papercut.accounts["ann"]
        arrives = lambda: setattr(account, "balance", account.balance + 5)  # noqa: E731
        site.late._waiting.append((site.clock.monotonic_s() + 20, arrives))
        raise Killed("gone")

    with site.faulty("adjust_balance", dying, "before"):
        assert site.killed(site.top_up)


def test_in_doubt_without_waiting_then_relinked(site: Site) -> None:
    site.configure(top_up={"amount": "5.00"})
    site.person("ann")
    site.papercut.accounts["other"] = Account()
    first = site.clock.now()
    killed_on_the_way(site)
    site.clock.move(seconds=1)
    site.relink("ann", username="other", linked_at=site.clock.now())
    site.top_up()
    site.relink("other", username="ann", linked_at=first)
    site.clock.move(seconds=1)
    site.top_up()
    site.clock.move(seconds=100)
    site.late.arrive()
    assert site.balance("ann") == 5_000_000


def test_rebuild_right_after_a_kill(site: Site) -> None:
    site.configure(top_up={"amount": "5.00"})
    site.person("ann")
    killed_on_the_way(site)
    money.rebuild(site.context)
    site.clock.move(seconds=1)
    site.top_up()
    site.clock.move(seconds=100)
    site.late.arrive()
    assert site.balance("ann") == 5_000_000


@pytest.mark.parametrize("work", ["settle", "top_up"])
def test_paused_with_a_movement_in_doubt(site: Site, work: str) -> None:
    site.configure(top_up={"amount": "5.00"} if work == "top_up" else {})
    ann = site.person("ann", opening_jobs=0, prints=5.0)
    with site.faulty("adjust_balance", lost_beside_a_job(site, "ann", 2.0), "after"):
        site.settle()
    assert site.result.in_doubt == 1
    reference = site.result.movements[0].reference
    site.configure(fees={"managed_in": "papercut"})
    site.settle()
    site.prints("ann", 20.0)  # PaperCut's own billing collects this
    site.configure(fees={"managed_in": "officernd"})
    getattr(site, work)()
    site.resolve(reference, "posted")
    site.settle()
    assert site.billed(ann) <= 7_000_000, site.billed(ann)


def test_paused_with_an_adjustment_to_finish(site: Site) -> None:
    ann = site.person("ann", opening_jobs=0, prints=5.0)
    site.killed_at("create_fee", "after")
    site.configure(fees={"managed_in": "papercut"})
    site.settle()  # recovers
    assert site.balance("ann") == 0
    site.configure(fees={"managed_in": "officernd"})
    site.settle()
    assert site.billed(ann) == 5_000_000


def test_paused_with_an_adjustment_to_finish_later(site: Site) -> None:
    ann = site.person("ann", opening_jobs=0, prints=5.0)
    with site.faulty("adjust_balance", refuse):
        site.settle()
        site.configure(fees={"managed_in": "papercut"})
        site.settle()
    site.prints("ann", 20.0)
    site.recover()
    site.settle()
    if site.result.in_doubt:
        site.resolve(site.result.movements[0].reference, "not-sent")
        site.settle()
    site.configure(fees={"managed_in": "officernd"})
    site.settle()
    site.settle()
    assert site.billed(ann) == 5_000_000


def test_shadow_with_bill_binds_nothing(site: Site) -> None:
    site.configure(fees={"managed_in": "shadow", "opening_balances": "bill"})
    ann = site.person("ann", -20.0)
    site.settle()
    site.configure(fees={"managed_in": "officernd", "opening_balances": "hold"})
    site.settle()
    assert site.billed(ann) == 0


def test_a_word_on_the_old_connector_is_carried_out(site: Site) -> None:
    site.configure(top_up={"amount": "5.00"})
    for name in ("ann", "bob", "eve"):
        member = site.person(name, prints=1.0)
        foreign_fee(site, member)
    site.settle()
    site.approve("old_connector", "bill")
    site.top_up()
    site.settle()
    assert site.result.exit_code == 0, [r.code for r in site.result.refused]


def test_rebuild_of_an_older_copy_believes_no_cash(tmp_path: Path) -> None:
    site = Site(tmp_path, {}, url=f"sqlite:///{tmp_path}/l.db")
    ann = site.person("ann", opening_jobs=0)
    site.settle()
    site.database.dispose()
    shutil.copy(tmp_path / "l.db", tmp_path / "old.db")
    site.prints("ann", 5.0)
    site.killed_at("create_fee", "after")
    site.database.dispose()
    shutil.copy(tmp_path / "old.db", tmp_path / "l.db")
    for path in tmp_path.glob("l.db-*"):
        path.unlink()
    site.papercut.accounts["ann"].balance += 3  # cash
    site.settle()
    assert [refused.code for refused in site.result.refused] in (["ledger_old"], ["ledger_lost"])
    rebuilt = money.rebuild(site.context)
    site.settle()
    site.settle()
    assert rebuilt.in_doubt or site.billed(ann) == 5_000_000


def test_rebuild_does_not_hide_a_restore(site: Site) -> None:
    site.configure(fees={"uncounted": "bill"})
    ann = site.person("ann", opening_jobs=0)
    site.settle()
    site.prints("ann", 5.0)
    backup = deepcopy((site.papercut.accounts, site.papercut.notes))
    site.settle()
    site.papercut.accounts, site.papercut.notes = backup
    money.rebuild(site.context)
    site.settle()
    assert site.billed(ann) == 5_000_000


def test_a_charge_taken_back_is_not_forgiven(site: Site) -> None:
    site.person("ann")
    site.settle()
    site.papercut.accounts["ann"].balance -= 50
    site.settle()
    site.approve("ann", "forgive")

    def take_back(name: str, phase: str) -> None:
        site.papercut.accounts["ann"].balance += 50

    with site.faulty("account_reading", take_back, "before", times=1):
        site.settle()
    assert site.balance("ann") == 0


def test_take_back_takes_no_own_money(site: Site) -> None:
    site.configure(top_up={"amount": "5.00"})
    site.person("ann")
    site.top_up()
    site.papercut.accounts["ann"].balance += 10
    site.settle()
    site.relink("ann", standing="departed")
    with site.faulty("account_reading", lambda *_: site.prints("ann", 4.0), "before", times=1):
        site.top_up()
    assert site.balance("ann") >= 10_000_000


def test_a_late_company_fee_after_withdrawal_is_told(site: Site) -> None:
    site.configure(fees={"grouping": "company"})
    for name in ("ann", "bob"):
        site.person(name, prints=5.0)
    site.late.next_s = 500
    site.settle()
    site.papercut.accounts["bob"].balance += 5
    site.settle()
    site.settle()
    site.clock.move(seconds=600)
    result = site.settle()
    fees = list(site.officernd.held_fees.values())
    if len(fees) > 1:
        report = money.discrepancies(site.context).as_json()
        assert result.refused or result.held or any(line["state"] == "unmatched" for line in report["lines"])


def test_forgiveness_that_fails_and_a_credit(tmp_path: Path) -> None:
    site = Site(tmp_path, {})
    log = Log(site)
    site.person("ann", 0.0)
    log.prints("ann", 5.0)
    site.settle(jobs=log)
    log.refunds_job(0)
    site.papercut.accounts["ann"].balance += 10
    site.settle(jobs=log)
    site.papercut.accounts["ann"].balance -= 2
    site.settle(jobs=log)
    site.approve("ann", "forgive")
    site.approve("ann", "credit")
    with site.faulty("adjust_balance", refuse):
        site.settle(jobs=log)
    assert not [p for p in site.result.problems if "bug" in p.message], site.result.problems
