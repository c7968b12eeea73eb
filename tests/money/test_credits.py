"""What the job log adds: refunds of billed jobs become credits, lost adjustments are decided, payments come first."""

from __future__ import annotations

from decimal import Decimal

import pytest

from relay.remedy import Remedy
from tests.support.job_logs import RefundingLog as Log
from tests.support.money_world import Site, lose


@pytest.fixture
def log(site: Site) -> Log:
    return Log(site)


def test_a_payment_that_equals_what_was_printed_is_still_a_payment(site: Site, log: Log) -> None:
    """The balance is where it was; the log knows that new jobs were printed, and the payment reduces the held part."""
    ann = site.person("ann", -5.0)
    site.settle(jobs=log)
    log.prints("ann", 2.0)
    site.papercut.accounts["ann"].balance += 2.0
    result = site.settle(jobs=log).as_json()
    assert [(fee.price, site.balance("ann")) for fee in site.fees_of(ann)] == [(Decimal("2.0"), -3_000_000)]
    assert [item["amount"] for item in result["held"]] == ["3.00"]


def test_a_refund_of_a_billed_job_becomes_a_credit(site: Site, log: Log) -> None:
    ann = site.person("ann")
    log.prints("ann", 3.0)
    log.prints("ann", 2.0)
    site.settle(jobs=log)
    log.refunds_job(1)

    proposed = site.settle(jobs=log)
    (held,) = proposed.as_json()["held"]
    assert (proposed.exit_code, held["code"], held["amount"], proposed.refused) == (0, "credit", "2.00", ())
    assert held["remedies"] == [Remedy("approve", ("ann", "credit")).as_json()] and site.balance("ann") == 2_000_000

    site.approve("ann", "credit")
    (movement,) = site.settle(jobs=log).as_json()["movements"]
    assert (movement["kind"], movement["amount"], movement["state"], site.balance("ann")) == (
        "credit",
        "-2.00",
        "posted",
        0,
    )
    (fee,) = site.fees_of(ann)
    assert "credit 2.00 EUR to Ann" in movement["note"] and fee.id in movement["note"] and "job1" in movement["note"]
    again = site.settle(jobs=log)
    assert (again.movements, again.held) == ((), ())  # a job is credited once


def credit(site: Site, log: Log) -> list[tuple[str, str]]:
    """Propose, approve, carry out; return amount and state of the credits made."""
    site.settle(jobs=log)
    site.approve("ann", "credit")
    return [(m["amount"], m["state"]) for m in site.settle(jobs=log).as_json()["movements"] if m["kind"] == "credit"]


def test_a_second_refund_of_a_job_is_credited_too(site: Site, log: Log) -> None:
    """A job is refunded in parts; each part is credited once."""
    site.person("ann")
    log.prints("ann", 3.0)
    site.settle(jobs=log)
    log.refunds_job(0, 1_000_000)
    assert credit(site, log) == [("-1.00", "posted")]
    log.refunds_job(0, 500_000)
    (held,) = site.settle(jobs=log).as_json()["held"]
    assert (held["code"], held["amount"]) == ("credit", "0.50")
    assert credit(site, log) == [("-0.50", "posted")]
    assert (site.settle(jobs=log).held, site.balance("ann")) == ((), 0)


def test_no_more_is_credited_than_was_billed(site: Site, log: Log) -> None:
    site.person("ann", 2.0)
    log.prints("ann", 3.0)
    site.settle(jobs=log)
    log.refunds_job(0)  # 1.00 of it was billed, 2.00 were the member's own
    assert site.settle(jobs=log).held == ()
    assert site.balance("ann") == 3_000_000


def test_a_word_is_void_where_another_amount_is_proposed_by_now(site: Site, log: Log) -> None:
    site.person("ann")
    log.prints("ann", 3.0)
    site.settle(jobs=log)
    log.refunds_job(0, 1_000_000)
    site.settle(jobs=log)
    site.approve("ann", "credit")
    log.refunds_job(0, 1_000_000)
    result = site.settle(jobs=log)
    assert (result.movements, site.balance("ann")) == ((), 2_000_000)
    assert credit(site, log) == [("-2.00", "posted")]


def test_what_came_back_to_a_balance_that_owes_again_is_no_credit(site: Site, log: Log) -> None:
    """It has paid the new debt already."""
    site.person("ann")
    log.prints("ann", 3.0)
    site.settle(jobs=log)
    log.refunds_job(0, 1_000_000)
    log.prints("ann", 2.0)
    result = site.settle(jobs=log)
    assert ([m.amount for m in result.movements], result.held, site.balance("ann")) == ([1_000_000], (), 0)


@pytest.mark.parametrize("what", ["cash", "unbilled job", "no log"])
def test_other_credit_is_not_proposed(site: Site, log: Log, what: str) -> None:
    site.person("ann")
    log.prints("ann", 3.0)
    if what != "unbilled job":
        site.settle(jobs=log)
    if what == "cash":
        site.papercut.accounts["ann"].balance += 3.0
    else:
        log.refunds_job(0)
    assert site.settle(**({} if what == "no log" else {"jobs": log})).held == ()


def test_without_the_money_there_is_no_credit(site: Site, log: Log) -> None:
    site.person("ann")
    log.prints("ann", 3.0)
    site.settle(jobs=log)
    log.refunds_job(0)
    site.settle(jobs=log)
    site.approve("ann", "credit")
    site.papercut.adjust_balance_if_available = lambda *_: False  # type: ignore[method-assign]
    result = site.settle(jobs=log)
    assert (result.exit_code, result.movements[0].kind) == (1, "credit")
    assert "nothing was taken" in result.movements[0].note
    assert site.balance("ann") == 3_000_000


def test_a_credit_that_came_to_nothing_frees_its_job(site: Site, log: Log) -> None:
    site.person("ann")
    log.prints("ann", 3.0)
    site.settle(jobs=log)
    log.refunds_job(0)
    site.settle(jobs=log)
    site.approve("ann", "credit")
    takes = site.papercut.adjust_balance_if_available
    site.papercut.adjust_balance_if_available = lambda *_: False  # type: ignore[method-assign]
    site.settle(jobs=log)
    site.papercut.adjust_balance_if_available = takes  # type: ignore[method-assign]
    again = site.settle(jobs=log)  # the word is spent, so a person is asked anew
    assert ([item.code for item in again.held], site.balance("ann")) == (["credit"], 3_000_000)
    assert (credit(site, log), site.balance("ann")) == ([("-3.00", "posted")], 0)


@pytest.mark.parametrize("phase", ["before", "after"])
def test_the_log_decides_a_lost_adjustment(site: Site, log: Log, phase: str) -> None:
    site.person("ann")
    log.prints("ann", 7.0)

    def fault(name: str, at: str) -> None:
        site.clock.move(seconds=1)
        log.prints("ann", 7.0)
        lose(name, at)

    with site.faulty("adjust_balance", fault, phase):
        assert site.settle(jobs=log).exit_code == (0 if phase == "after" else 1)
    assert site.settle(jobs=log).exit_code == 0
    site.settle(jobs=log)
    assert (site.balance("ann"), len(site.officernd.held_fees), len(site.adjustments("ann"))) == (0, 2, 2)


def print_and_lose(site: Site, phase: str) -> None:
    """Let the next adjustments lose their answers, each with a job in between that the log does not tell."""

    def fault(name: str, at: str) -> None:
        if (name, at) == ("adjust_balance", phase):
            site.prints("ann", 7.0)
            lose(name, at)

    site.faults.always = fault


def test_papercuts_own_transactions_tell_what_is_there(site: Site, log: Log) -> None:
    log.comments_known = True
    site.person("ann", prints=7.0)
    print_and_lose(site, "after")
    assert site.settle(jobs=log).exit_code == 0
    site.faults.clear()
    for _ in range(2):
        site.settle(jobs=log)
    assert (site.balance("ann"), len(site.adjustments("ann"))) == (0, 2)


def test_the_silence_of_papercuts_transactions_proves_nothing(site: Site, log: Log) -> None:
    """The table may be a copy that lags: a person looks."""
    log.comments_known = True
    site.person("ann", prints=7.0)
    print_and_lose(site, "before")
    assert site.settle(jobs=log).exit_code == 4
    site.faults.clear()
    assert (site.settle(jobs=log).exit_code, len(site.adjustments("ann"))) == (4, 0)
    site.resolve(site.result.movements[0].reference, "not-sent")
    for _ in range(2):
        site.settle(jobs=log)
    assert (site.balance("ann"), len(site.adjustments("ann"))) == (0, 2)


def test_payments_reduce_the_held_part_first_when_the_log_tells_them_apart(site: Site, log: Log) -> None:
    site.person("old", -10.0, jobs=3)
    site.settle(jobs=log)
    site.papercut.accounts["old"].balance += 4.0
    log.prints("old", 2.0)
    result = site.settle(jobs=log)
    assert [m["amount"] for m in result.as_json()["movements"]] == ["2.00"]
    assert [item["amount"] for item in result.as_json()["held"]] == ["6.00"]
    assert site.balance("old") == -6_000_000


def test_the_jobs_stand_in_the_fees_name(site: Site, log: Log) -> None:
    site.configure(fees={"detail": "jobs"})
    ann = site.person("ann")
    log.prints("ann", 2.0)
    site.settle(jobs=log)
    assert "10 pages of report.pdf" in site.fees_of(ann)[0].name
