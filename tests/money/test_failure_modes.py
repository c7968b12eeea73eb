"""The 26 ways in which a reconciliation that moves money goes wrong, each with a test that names its number.

The list is of crashes, clocks, people, systems and operators; whatever is tested at length elsewhere is tested here
once more in its plainest form, so that the list is whole.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from relay import database as databases
from relay import money
from relay.errors import BadAnswer, LedgerError, RateLimited, UsageError
from relay.money.decide import reference
from relay.money.ledger import calendar, lease
from tests.support.money_acts import exactly_once, lose_the_ledger, rebuild, took_the_lease
from tests.support.money_world import Site, lose, refuse


@pytest.fixture
def ann(site: Site) -> str:
    """Ann owes 7.00."""
    return site.person("ann", prints=7.0)


def codes(site: Site) -> list[str]:
    return [refusal.code for refusal in site.result.refused]


def test_01_crash_after_the_fee_before_the_adjustment(site: Site, ann: str) -> None:
    site.killed_at("create_fee", "after")
    exactly_once(site)


def test_02_crash_after_the_adjustment_before_its_record(site: Site, ann: str) -> None:
    site.killed_at("adjust_balance", "after")
    exactly_once(site)


def test_03_time_out_on_the_fee(site: Site, ann: str) -> None:
    with site.faulty("create_fee", lose, "after"):
        assert site.settle().exit_code == 0
    exactly_once(site)


def test_04_a_repetition_long_after_looks_first(site: Site, ann: str) -> None:
    site.killed_at("create_fee", "after")
    site.clock.move(days=400)
    exactly_once(site)


def test_05_two_runs_at_once(on_disk: Site) -> None:
    on_disk.faults.counting = False
    ann = on_disk.person("ann", prints=7.0)
    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(partial(took_the_lease, on_disk), range(20))).count(True) == 1
    on_disk.clock.move(minutes=20)
    on_disk.settle()
    assert (len(on_disk.fees_of(ann)), on_disk.balance("ann")) == (1, 0)


def test_06_daylight_saving_a_powered_off_night_a_clock_set_back(site: Site) -> None:
    assert calendar.due_moment(date(2025, 3, 30), datetime(1, 1, 1, 2, 30).time(), "Europe/Berlin").hour == 3
    calendar.mark_done(site.database, site.settings, site.clock)
    site.clock.move(days=3)
    assert calendar.is_due(site.database, site.settings, site.clock).due
    calendar.mark_done(site.database, site.settings, site.clock)
    site.clock.move(days=-1)
    assert not calendar.is_due(site.database, site.settings, site.clock).due


def test_06_a_clock_set_back_stops_money_until_a_person_has_looked(site: Site, ann: str) -> None:
    future = site.clock.now() + timedelta(days=2)
    money.record_run(site.database, "hq", "settle", started=future, ended=future, exit_code=0, answer={})
    assert (site.settle().exit_code, codes(site), site.remote_writes()) == (3, ["clock_went_back"], 0)
    site.approve("hq", "continue")
    exactly_once(site)
    assert calendar.is_due(site.database, site.settings, site.clock).due


def test_07_renamed_between_fee_and_adjustment(site: Site, ann: str) -> None:
    site.killed_at("create_fee", "after")
    site.papercut.accounts["ann.married"] = site.papercut.accounts.pop("ann")
    site.relink("ann", username="ann.married", company_id="64d000000000000000000009")
    site.clock.move(seconds=10)
    assert site.settle().exit_code == 0
    assert (len(site.fees_of(ann)), site.balance("ann.married")) == (1, 0)
    assert site.fees_of(ann)[0].company == "64d000000000000000000001"  # the payer of the billed day


def test_08_an_account_deleted_meanwhile(site: Site, ann: str) -> None:
    site.killed_at("create_fee", "after")
    site.clock.move(seconds=10)
    del site.papercut.accounts["ann"]
    assert site.settle().exit_code == 1
    assert "say that" in site.result.movements[0].note
    assert len(site.fees_of(ann)) == 1
    assert money.members_with_open_movements(site.database, "hq") == {
        ann
    }  # the people room asks this before it deletes


def test_09_some_fail_some_succeed(site: Site, ann: str) -> None:
    bob = site.person("bob", prints=1.0)
    with site.faulty("create_fee", refuse, "before", times=1):
        assert site.settle().exit_code == 1
    assert [m["state"] for m in site.result.as_json()["movements"]] == ["failed", "posted"]
    assert len(site.fees_of(bob)) == 1
    exactly_once(site, fees=2)


def test_10_too_many_requests(site: Site, ann: str) -> None:
    def busy(name: str, _phase: str) -> None:
        raise RateLimited("too many", retry_after_s=30, system="OfficeRnD", operation=name)

    with site.faulty("create_fee", busy, "before", times=2):
        assert (site.settle().exit_code, site.officernd.calls.count("create_fee")) == (0, 3)
    assert site.clock.slept_s == [30, 30]
    exactly_once(site)


def test_10_a_limit_that_does_not_end_is_left_to_the_next_settle(site: Site, ann: str) -> None:
    def busy(name: str, _phase: str) -> None:
        raise RateLimited("too many", retry_after_s=1e9, system="OfficeRnD", operation=name)

    with site.faulty("create_fee", busy, "before"):
        assert site.settle().exit_code == 1
    assert max(site.clock.slept_s) <= 65
    exactly_once(site)


@pytest.mark.parametrize("word", ["forgive", "bill"])
def test_11_papercut_restored_from_a_backup(site: Site, word: str) -> None:
    """Old debts are back, counters fell: no fee; each waits for a word, and the day tells of them all."""
    people = {f"user{number}": site.person(f"user{number}") for number in range(5)}
    for name in people:
        site.prints(name, 2.0)
    backup = {name: (account.balance, account.jobs) for name, account in site.papercut.accounts.items()}
    site.settle()
    for name in people:
        site.prints(name, 1.0)
    site.settle()
    fees = len(site.officernd.held_fees)
    for name, (balance, jobs) in backup.items():
        site.papercut.accounts[name].balance, site.papercut.accounts[name].jobs = balance, jobs
    for told in (True, False):
        site.clock.move(days=1)
        assert (site.settle().exit_code, codes(site), len(site.officernd.held_fees)) == (3, ["counter_fell"], fees)
        assert any("counters of 5 people are lower today" in note.message for note in site.result.notes) is told
    for name in people:
        site.approve(name, word)
    assert site.settle().exit_code == 0
    assert {site.balance(name) for name in people} == {0}
    assert len(site.officernd.held_fees) == fees + (5 if word == "bill" else 0)
    site.prints("user0", 0.5)
    assert (site.settle().exit_code, site.balance("user0")) == (0, 0)


def test_11_one_restored_account_is_held_alone(site: Site, ann: str) -> None:
    site.person("bob")
    site.settle()
    site.papercut.accounts["ann"].balance = -7.0
    site.prints("bob", 1.0)
    assert (site.settle().exit_code, codes(site), site.balance("bob")) == (3, ["unexplained_debt"], 0)
    site.approve("ann", "forgive")
    assert (site.settle().exit_code, site.balance("ann"), len(site.fees_of(ann))) == (0, 0, 1)


def test_11_what_was_held_as_unexplained_is_not_billed_with_the_next_job(site: Site, ann: str) -> None:
    site.settle()
    site.papercut.accounts["ann"].balance = -5.0
    assert (site.settle().exit_code, codes(site)) == (3, ["unexplained_debt"])
    site.prints("ann", 0.5)
    assert (site.settle().exit_code, codes(site), site.balance("ann")) == (3, ["unexplained_debt"], -5_000_000)
    site.papercut.accounts["ann"].balance += 5.0  # put right in PaperCut
    assert (site.settle().exit_code, codes(site)) == (0, [])
    assert (site.billed(ann), site.balance("ann"), len(site.fees_of(ann))) == (7_500_000, 0, 2)


def test_11_a_debt_without_a_job_is_seen_from_the_link_on(site: Site) -> None:
    """The counter is known from the sync that linked the account, so that the first settle believes no less."""
    site.person("ann", jobs=500, opening_jobs=500)
    bob = site.person("bob", jobs=500, opening_jobs=500)
    site.papercut.accounts["ann"].balance = -5.0
    site.prints("bob", 1.0)
    assert (site.settle().exit_code, codes(site), site.billed(bob)) == (3, ["unexplained_debt"], 1_000_000)


def test_11_jobs_printed_after_a_restore_release_nothing(site: Site) -> None:
    """The new jobs are billed; what came back with the backup stays held."""
    people = [site.person(f"user{number}") for number in range(3)]
    backup = {name: (account.balance, account.jobs) for name, account in site.papercut.accounts.items()}
    for name in backup:
        site.prints(name, 2.0)
    site.settle()
    for name in backup:
        site.papercut.accounts[name].balance, site.papercut.accounts[name].jobs = -2.0, 0
    assert (site.settle().exit_code, codes(site)) == (3, ["counter_fell"])
    for name in backup:
        for _ in range(3):
            site.prints(name, 0.1)
    assert (site.settle().exit_code, codes(site)) == (3, ["counter_fell"])
    assert [site.billed(member) for member in people] == [2_300_000] * 3
    assert {site.balance(name) for name in backup} == {-2_000_000}


def test_12_a_lost_journal_bills_nothing_and_is_rebuilt(site: Site, ann: str) -> None:
    site.settle()
    first = reference.find(site.fees_of(ann)[0].name)
    lose_the_ledger(site)
    site.prints("ann", 1.0)
    assert (site.settle().exit_code, codes(site)) == (3, ["ledger_lost"])
    assert rebuild(site).taken == 1
    assert site.settle().exit_code == 0
    names = [name for fee in site.fees_of(ann) for name in reference.find(fee.name)]
    assert len(set(names)) == 2 and first[0] in names


def test_13_a_job_finishes_while_the_sweep_runs(site: Site, ann: str) -> None:
    with site.faulty("adjust_balance", lambda *_: site.prints("ann", 0.3), "before"):
        assert (site.settle().exit_code, site.balance("ann")) == (0, -300_000)


def test_14_a_top_up_meets_a_negative_balance(site: Site, ann: str) -> None:
    """A debt never delays it, and never takes it: the debt is billed whole, and the top-up is there afterwards."""
    site.configure(top_up={"amount": "5.00"})
    for _ in range(2):
        site.top_up()
        assert site.balance("ann") == -2_000_000
    site.settle()
    site.top_up()
    assert (site.billed(ann), site.balance("ann")) == (7_000_000, 5_000_000)


def test_15_a_refund_before_billing(site: Site, ann: str) -> None:
    site.papercut.accounts["ann"].balance += 3.0
    site.settle()
    assert (site.billed(ann), site.balance("ann")) == (4_000_000, 0)


def test_16_a_refund_after_billing_is_never_paid_twice(site: Site, ann: str) -> None:
    """Without the job's evidence it is credit like any other; with it a person decides, and the balance goes first."""
    site.settle()
    site.papercut.accounts["ann"].balance += 7.0
    assert (site.settle().exit_code, site.settle().movements, site.balance("ann")) == (0, (), 7_000_000)


@pytest.mark.parametrize("what", ["deleted", "edited", "renamed"])
def test_17_a_fee_touched_by_staff_is_never_billed_again(site: Site, ann: str, what: str) -> None:
    site.settle()
    (fee_id,) = list(site.officernd.held_fees)
    fee = site.officernd.held_fees.pop(fee_id)
    if what != "deleted":
        change: dict[str, Any] = {"price": Decimal(1)} if what == "edited" else {"name": "Prints"}
        site.officernd.held_fees[fee_id] = replace(fee, **change)
    for _ in range(3):
        site.clock.move(days=1)
        assert (site.settle().exit_code, site.settle().movements) == (0, ())


def test_18_rounding_leaves_no_endless_fees(site: Site) -> None:
    ann = site.person("ann")
    for _ in range(30):
        site.prints("ann", 0.1)
    assert site.papercut.accounts["ann"].balance != -3.0  # a double
    for _ in range(3):
        site.settle()
    assert ([fee.price for fee in site.fees_of(ann)], site.balance("ann")) == ([Decimal("3.0")], 0)


def test_19_a_currency_that_changed_stops_the_site(site: Site, ann: str) -> None:
    site.settle()
    site.prints("ann", 1.0)
    site.configure(site={"currency": "USD"})
    assert (site.settle().exit_code, codes(site), len(site.fees_of(ann))) == (3, ["currency_changed"], 1)


def test_20_a_huge_amount_is_held(site: Site, ann: str) -> None:
    site.prints("ann", 10_000.0)
    assert (site.settle().exit_code, codes(site), site.remote_writes()) == (3, ["max_fee"], 0)


def test_21_a_short_or_empty_source_changes_nothing(site: Site, ann: str) -> None:
    def short(*_: object) -> None:
        raise BadAnswer("OfficeRnD lists 3 fees but counts 4", system="OfficeRnD", operation="GET /fees")

    with site.faulty("fees", short, "before"), pytest.raises(BadAnswer):
        site.settle()
    assert site.remote_writes() == 0
    exactly_once(site)


def test_22_no_webhook_is_booked() -> None:
    """Nothing in the money room takes data from outside but by asking: no module knows of webhooks."""
    room = Path(money.__file__).parent
    assert [file.name for file in room.glob("*.py") if "webhook" in file.read_text(encoding="utf-8").lower()] == []


def test_23_an_older_version_refuses_a_newer_ledger(on_disk: Site) -> None:
    with on_disk.database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(LedgerError, match="newer version"):
        databases.bring_up_to_date(on_disk.database)


def test_24_only_what_papercut_charged_is_billed(site: Site) -> None:
    """A job cancelled at the device is not on the balance, so there is nothing to bill."""
    site.person("ann")
    site.papercut.accounts["ann"].jobs += 1
    assert (site.settle().exit_code, site.remote_writes()) == (0, 0)


def test_25_a_word_said_twice_corrects_once(site: Site) -> None:
    site.person("old", -5.0)
    site.settle()
    for _ in range(2):
        site.approve("old", "forgive")
    site.settle()
    with pytest.raises(UsageError):
        site.approve("old", "forgive")
    site.settle()
    assert (site.balance("old"), len(site.adjustments("old"))) == (0, 1)


def test_26_a_journal_that_cannot_be_written_sends_nothing(
    site: Site, ann: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OperationalError("COMMIT", {}, Exception("database or disk is full"))

    monkeypatch.setattr(lease, "renew", full)
    with pytest.raises(LedgerError, match="disk is full"):
        site.settle()
    assert site.remote_writes() == 0
    monkeypatch.undo()
    exactly_once(site)


def test_the_list_is_whole() -> None:
    numbers = {name[5:7] for name in globals() if name.startswith("test_") and name[5:7].isdigit()}
    assert numbers == {f"{number:02d}" for number in range(1, 27)}
