"""A settle from negative balance to fee to zero, by every setting, and what it must not do."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from relay import amounts
from relay.errors import BadAnswer, NotSent, Refused, UsageError
from relay.money.report.result import MoneyResult
from tests.support.money_acts import held_told, movements_told
from tests.support.money_world import LOCATION, PLAN, Site, at, lose, refuse, unreachable


def refused(result: MoneyResult) -> list[str]:
    return [item["code"] for item in result.as_json()["refused"]]


def second_only(fault: Callable[[str, str], None]) -> Callable[[str, str], None]:
    """Return a fault that only the second of several calls meets."""
    calls = itertools.count()
    return lambda name, phase: fault(name, phase) if next(calls) == 1 else None


def test_a_negative_balance_becomes_a_fee_and_zero(site: Site) -> None:
    ann = site.person("ann.lee", prints=7.0)

    result = site.settle()

    (movement,) = result.as_json()["movements"]
    (fee,) = site.fees_of(ann)
    assert (result.exit_code, result.as_json()["total"]) == (0, "7.00")
    assert tuple(movement[k] for k in ("kind", "state", "amount", "fee_id")) == ("fee", "posted", "7.00", fee.id)
    assert movement["reference"] in fee.name and movement["reference"] in site.adjustments("ann.lee")[0][1]
    assert (fee.location, fee.plan, fee.company, fee.is_personal) == (
        LOCATION,
        PLAN.id,
        "64d000000000000000000001",
        False,
    )
    assert (fee.issue_date, site.balance("ann.lee")) == (date(2026, 11, 23), 0)
    writes = site.remote_writes()
    again = site.settle().as_json()
    assert (site.result.exit_code, again["movements"], again["total"], site.remote_writes()) == (0, [], "0.00", writes)


def test_the_answer_has_the_contracts_fields(site: Site) -> None:
    site.person("ann.lee", prints=7.0)
    site.person("old", -3.0)
    answer = site.settle().as_json()
    assert set(answer) == {"movements", "total", "held", "in_doubt", "refused"}
    wanted = "reference kind username member_id company_id amount currency state fee_id note"
    assert set(wanted.split()) <= set(answer["movements"][0])
    assert {"username", "member_id", "amount", "reason"} <= set(answer["held"][0])


def test_settle_works_any_number_of_times_a_day(site: Site) -> None:
    ann = site.person("ann.lee")
    for cost in (7.0, 0.2):
        site.prints("ann.lee", cost)
        assert site.settle().exit_code == 0
    assert [amounts.from_decimal(fee.price) for fee in site.fees_of(ann)] == [7_000_000, 200_000]
    assert len({fee.name for fee in site.fees_of(ann)}) == 2
    assert site.balance("ann.lee") == 0


@pytest.mark.parametrize(
    ("balance", "fee", "rest"),
    [
        (-7.035, 7_030_000, -5_000),
        (-0.004, None, -4_000),
        (1e-9, None, 0),
        (-1e-9, None, 0),
        (-1234567.89, 1_234_567_890_000, 0),
        (-0.1 - 0.2, 300_000, 0),
        (-7.1 + 0.1 * 3, 6_800_000, 0),
        (5.0, None, 5_000_000),
    ],
)
def test_floating_balances_end_where_they_must(site: Site, balance: float, fee: int | None, rest: int) -> None:
    site.configure(safety={"max_fee": "9999999", "max_run_total": "9999999"})
    ann = site.person("ann.lee")
    site.papercut.accounts["ann.lee"].balance = balance
    site.papercut.accounts["ann.lee"].jobs = 3
    for _ in range(3):
        assert site.settle().exit_code == 0
    assert [amounts.from_decimal(item.price) for item in site.fees_of(ann)] == ([fee] if fee else [])
    assert site.balance("ann.lee") == rest


def test_fractions_are_carried_until_they_make_a_coin(site: Site) -> None:
    ann = site.person("ann.lee")
    for _ in range(4):
        site.prints("ann.lee", 0.0125)
        site.settle()
    assert [amounts.from_decimal(fee.price) for fee in site.fees_of(ann)] == [10_000, 10_000, 10_000, 20_000]
    assert site.balance("ann.lee") == 0


# -- settings --------------------------------------------------------------------------------------------------------


def test_a_dry_run_writes_nothing_anywhere(site: Site) -> None:
    site.person("ann.lee", prints=7.0)
    before = site.ledger_rows()
    dry = site.settle(dry_run=True)
    assert (dry.exit_code, dry.as_json()["total"], movements_told(dry)) == (
        0,
        "7.00",
        [("ann.lee", "fee", "7.00", "planned")],
    )
    assert (site.ledger_rows(), site.remote_writes()) == (before, 0)
    done = site.settle()
    assert movements_told(done) == [("ann.lee", "fee", "7.00", "posted")]
    assert done.movements[0].reference != dry.movements[0].reference  # its random part is made when it is stored


def test_a_dry_run_recovers_nothing(site: Site) -> None:
    site.person("ann.lee", prints=7.0)
    with site.faulty("adjust_balance", unreachable):
        site.settle()
    before, writes = site.ledger_rows(), site.remote_writes()
    site.settle(dry_run=True)
    assert (site.ledger_rows(), site.remote_writes()) == (before, writes)


@pytest.mark.parametrize(("bill_to", "personal"), [("company", False), ("member", True)])
def test_who_pays(site: Site, bill_to: str, personal: bool) -> None:
    site.configure(fees={"bill_to": bill_to})
    alone, member = site.person("alone", company_id="", company_name=""), site.person("member")
    site.prints("alone", 1.0)
    site.prints("member", 1.0)
    site.settle()
    assert [fee.is_personal for fee in site.fees_of(member)] == [personal]
    assert [(fee.company, fee.is_personal) for fee in site.fees_of(alone)] == [("", True)]


def test_one_fee_per_company_has_one_adjustment_per_person(site: Site) -> None:
    site.configure(fees={"grouping": "company"})
    for name, cost in (("ann", 1.0), ("bob", 2.5)):
        site.person(name, prints=cost)
    result = site.settle()
    (fee,) = site.officernd.held_fees.values()
    assert (fee.member, fee.company, amounts.from_decimal(fee.price)) == ("", "64d000000000000000000001", 3_500_000)
    assert movements_told(result) == [("ann", "fee", "1.00", "posted"), ("bob", "fee", "2.50", "posted")]
    assert {movement.fee_id for movement in result.movements} == {fee.id}
    assert len({movement.reference for movement in result.movements}) == 2
    assert (site.balance("ann"), site.balance("bob"), result.as_json()["total"]) == (0, 0, "3.50")
    assert site.settle().movements == ()


def test_a_shared_fee_is_finished_for_everybody(site: Site) -> None:
    site.configure(fees={"grouping": "company"})
    for name in ("ann", "bob"):
        site.person(name, prints=1.0)
    with site.faulty("adjust_balance", second_only(unreachable), "before"):
        assert site.settle().exit_code == 1
    assert site.settle().exit_code == 0
    assert (len(site.officernd.held_fees), site.balance("ann"), site.balance("bob")) == (1, 0, 0)


@pytest.mark.parametrize(("setting", "issued"), [("run", date(2026, 11, 1)), ("previous_day", date(2026, 10, 31))])
def test_the_issue_date(site: Site, setting: str, issued: date) -> None:
    site.clock.moment = site.clock.moment.replace(month=10, day=31, hour=22, minute=30)  # 1 November in Sofia
    site.configure(fees={"issue_date": setting})
    ann = site.person("ann.lee", prints=1.0)
    site.settle()
    assert [fee.issue_date for fee in site.fees_of(ann)] == [issued]


@pytest.mark.parametrize(("every", "days"), [("week", 7), ("month", 8)])
def test_longer_periods_bill_once(site: Site, every: str, days: int) -> None:
    """A debt is due once a coin of it is of an earlier period, and then the whole of it."""
    site.configure(fees={"every": every})
    ann = site.person("ann.lee")
    for cost in (1.0, 2.0):
        site.prints("ann.lee", cost)
        assert (site.settle().exit_code, site.result.movements, site.fees_of(ann)) == (0, (), [])
    site.clock.move(days=days)
    site.prints("ann.lee", 4.0)
    site.settle()
    assert [amounts.from_decimal(fee.price) for fee in site.fees_of(ann)] == [7_000_000]
    site.prints("ann.lee", 0.5)
    assert (site.settle().exit_code, site.result.movements, site.balance("ann.lee")) == (0, (), -500_000)


def test_a_payment_pays_the_oldest_part_first(site: Site) -> None:
    site.configure(fees={"every": "month"})
    ann = site.person("ann.lee", prints=1.0)
    site.settle()
    site.clock.move(days=8)
    site.papercut.accounts["ann.lee"].balance += 1.0
    site.settle()
    site.prints("ann.lee", 2.0)
    assert (site.settle().exit_code, site.fees_of(ann)) == (0, [])
    site.clock.move(days=31)
    site.settle()
    assert [amounts.from_decimal(fee.price) for fee in site.fees_of(ann)] == [2_000_000]


def test_what_failed_on_the_billing_day_is_tried_again_after_it(site: Site) -> None:
    site.configure(fees={"every": "month"})
    ann = site.person("ann.lee", prints=1.0)
    site.settle()
    site.clock.move(days=8)
    with site.faulty("create_fee", refuse):
        assert site.settle().exit_code == 1
    site.clock.move(days=1)
    assert (site.settle().exit_code, len(site.fees_of(ann))) == (0, 1)


@pytest.mark.parametrize(("detail", "told"), [("none", False), ("summary", True), ("jobs", True)])
def test_the_fees_name(site: Site, detail: str, told: bool) -> None:
    site.configure(fees={"detail": detail})
    ann = site.person("ann.lee")
    site.settle()
    site.prints("ann.lee", 1.0)
    site.prints("ann.lee", 1.0)
    site.settle()
    (fee,) = site.fees_of(ann)
    assert ("Ann Lee" in fee.name and "2 jobs" in fee.name) is told


def test_coins_are_used_only_when_asked_for(site: Site) -> None:
    asked: list[bool] = []
    create = site.officernd.create_fee
    site.officernd.create_fee = lambda fee: asked.append(fee.use_coins) or create(fee)  # type: ignore[assignment,func-returns-value]
    site.person("ann.lee")
    for use_coins in (False, True):
        site.configure(fees={"use_coins": use_coins})
        site.prints("ann.lee", 1.0)
        site.settle()
    assert asked == [False, True]


def test_managed_in_papercut_bills_nobody(site: Site) -> None:
    site.configure(fees={"managed_in": "papercut"}, top_up={"amount": "5.00"})
    site.person("ann.lee", prints=7.0)
    assert (site.settle().exit_code, site.result.movements, site.top_up().movements) == (0, (), ())
    assert (site.remote_writes(), site.balance("ann.lee")) == (0, -7_000_000)


def test_a_shadow_month_is_computed_and_nothing_is_written(site: Site) -> None:
    site.configure(fees={"managed_in": "shadow"}, top_up={"amount": "5.00"})
    site.person("ann.lee")
    shown = []
    for day in range(30):
        if day % 10 == 0:
            site.prints("ann.lee", 1.5)
        shown.append(site.settle().as_json()["total"])
        assert site.result.exit_code == 0
        site.clock.move(days=1)
    assert [text for text in shown if text != "0.00"] == ["1.50"] * 3
    assert (site.remote_writes(), site.balance("ann.lee")) == (0, -4_500_000)
    (shown_only,) = site.top_up().as_json()["movements"]
    assert (shown_only["amount"], shown_only["state"], site.balance("ann.lee")) == ("5.00", "planned", -4_500_000)
    assert [row[-1] for row in site.ledger_rows()["shadow_fees"]] == [1_500_000] * 3


# -- opening balances ------------------------------------------------------------------------------------------------


def test_a_held_opening_debt_alone_is_no_failure(site: Site) -> None:
    site.person("old", -10.0, jobs=50)
    result = site.settle()
    assert (result.exit_code, held_told(result), refused(result)) == (0, {"old": ("opening_balance", "10.00")}, [])
    site.prints("old", 2.0)
    assert movements_told(site.settle()) == [("old", "fee", "2.00", "posted")]
    assert site.balance("old") == -10_000_000
    site.papercut.accounts["old"].balance += 4  # a payment reduces the held part first
    assert held_told(site.settle()) == {"old": ("opening_balance", "6.00")}


@pytest.mark.parametrize(("word", "kind"), [("bill", "fee"), ("forgive", "forgiveness")])
def test_a_word_releases_an_opening_debt(site: Site, word: str, kind: str) -> None:
    site.person("old", -10.0, jobs=50)
    site.settle()
    site.approve("old", word)
    assert movements_told(site.settle()) == [("old", kind, "10.00", "posted")]
    assert (site.balance("old"), len(site.officernd.held_fees)) == (0, 1 if word == "bill" else 0)
    assert (site.settle().movements, site.result.held) == ((), ())


def test_forgiving_and_billing_go_one_after_the_other(site: Site) -> None:
    site.configure(fees={"opening_balances": "forgive"})
    site.person("old", -10.0, jobs=50, prints=2.0)
    assert sorted(movements_told(site.settle())) == [
        ("old", "fee", "2.00", "posted"),
        ("old", "forgiveness", "10.00", "posted"),
    ]
    assert site.balance("old") == 0


# -- refusals and outages --------------------------------------------------------------------------------------------


def test_a_refused_fee_does_not_stop_the_others(site: Site) -> None:
    people = {name: site.person(name) for name in ("ann", "bob", "eve")}
    for name in people:
        site.prints(name, 1.0)
    with site.faulty("create_fee", second_only(refuse), "before"):
        result = site.settle()
    assert (result.exit_code, [m[3] for m in movements_told(result)]) == (1, ["posted", "failed", "posted"])
    assert "locked" in result.movements[1].note and "It is not in OfficeRnD" in result.movements[1].note
    assert "tries again" in result.movements[1].note
    assert (site.settle().exit_code, movements_told(site.result)) == (0, [("bob", "fee", "1.00", "posted")])


def test_a_failed_fee_follows_what_is_owed_by_then(site: Site) -> None:
    ann = site.person("ann.lee", prints=5.0)
    with site.faulty("create_fee", refuse):
        first = site.settle().movements[0].reference
    site.papercut.accounts["ann.lee"].balance += 3  # paid at the desk
    result = site.settle()
    assert (result.exit_code, [amounts.from_decimal(fee.price) for fee in site.fees_of(ann)]) == (0, [2_000_000])
    assert first not in site.fees_of(ann)[0].name
    assert site.balance("ann.lee") == 0


def test_money_paid_right_before_billing_is_not_billed(site: Site) -> None:
    """The balance is read once more before each fee."""
    ann = site.person("ann.lee", prints=5.0)

    def pays(name: str, phase: str) -> None:
        site.papercut.accounts["ann.lee"].balance = 0.0

    site.faults.always = at("account_reading", "before", pays)  # all were read at once before: this is the permit's
    assert (site.settle().exit_code, site.fees_of(ann), site.result.movements) == (0, [], ())


def test_when_a_system_is_down_nothing_more_is_tried(site: Site) -> None:
    for name in ("ann", "bob", "eve"):
        site.person(name, prints=1.0)
    with site.faulty("create_fee", unreachable):
        result = site.settle()
    assert (result.exit_code, site.officernd.calls.count("create_fee")) == (1, 1)
    assert [m[3] for m in movements_told(result)] == ["failed", "planned", "planned"]
    assert (site.settle().exit_code, len(site.officernd.held_fees)) == (0, 3)


def test_an_outage_before_anything_was_done_is_the_error_itself(site: Site) -> None:
    site.person("ann.lee")
    site.faults.always = unreachable
    with pytest.raises(NotSent):
        site.settle()


def test_a_limit_that_does_not_exist_is_refused(site: Site) -> None:
    with pytest.raises(UsageError, match="max_fees"):
        site.settle(allow=["max_fees"])


def test_limits_refuse_in_the_contracts_shape(site: Site) -> None:
    site.configure(safety={"max_fee": "5.00"})
    site.person("ann.lee", prints=7.0)
    result = site.settle()
    assert (result.exit_code, movements_told(result), held_told(result)) == (3, [], {"ann.lee": ("max_fee", "7.00")})
    (refusal,) = result.as_json()["refused"]
    assert {"code", "message", "count", "limit"} <= set(refusal)
    assert (refusal["code"], refusal["limit"]) == ("max_fee", "5.00")
    assert site.remote_writes() == 0
    assert site.settle(allow=["max_fee"]).exit_code == 0
    site.prints("ann.lee", 8.0)
    site.settle()
    site.approve("ann.lee", "bill")
    assert site.settle().exit_code == 0


# -- verification ----------------------------------------------------------------------------------------------------


def test_the_first_movement_goes_alone_and_is_verified(site: Site) -> None:
    """A server that misreads amounts hurts one person, not four hundred."""
    for name in ("ann", "bob", "eve"):
        site.person(name, prints=1.0)
    adjust = site.papercut.adjust_balance
    site.papercut.adjust_balance = lambda username, micros, comment: adjust(username, micros * 10, comment)  # type: ignore[method-assign]
    result = site.settle()
    assert (result.exit_code, refused(result)) == (3, ["verification_failed"])
    assert len(site.officernd.held_fees) == 1
    assert "9.00" in result.refused[0].message


def test_movements_go_alone_until_one_is_verified(site: Site) -> None:
    """A fee that is refused verifies nothing: the next one goes alone too."""
    for name in ("ann", "bob", "eve"):
        site.person(name, prints=1.0)
    adjust = site.papercut.adjust_balance
    site.papercut.adjust_balance = lambda username, micros, comment: adjust(username, micros * 10, comment)  # type: ignore[method-assign]
    site.faults.always = at("create_fee", "before", refuse, times=1)
    assert refused(site.settle()) == ["verification_failed"]
    assert [m[3] for m in movements_told(site.result)] == ["failed", "posted", "planned"]


def test_one_held_person_does_not_make_every_day_a_billing_day(site: Site) -> None:
    site.configure(fees={"every": "month"})
    ann, bob = site.person("ann"), site.person("bob", standing="departed")
    site.officernd.gone.add(bob)
    for name in ("ann", "bob"):
        site.prints(name, 1.0)
    site.settle()
    site.clock.move(days=8)
    assert site.settle().exit_code == 3
    site.prints("ann", 2.0)
    site.clock.move(days=1)
    assert (site.settle().exit_code, len(site.fees_of(ann)), held_told(site.result)) == (
        3,
        1,
        {"bob": ("member_gone", "1.00")},
    )


def test_a_job_that_lands_in_between_stays_for_tomorrow(site: Site) -> None:
    ann = site.person("ann.lee", prints=5.0)

    with site.faulty("create_fee", lambda *_: site.prints("ann.lee", 0.4), "after"):
        assert (site.settle().exit_code, site.balance("ann.lee")) == (0, -400_000)
    site.settle()
    assert [amounts.from_decimal(fee.price) for fee in site.fees_of(ann)] == [5_000_000, 400_000]


def test_several_fees_at_once_are_each_made_once(on_disk: Site) -> None:
    on_disk.configure(papercut={"connections": 4})
    people = [on_disk.person(f"user{number}", prints=1.0 + number) for number in range(12)]
    on_disk.faults.counting = False
    assert on_disk.settle().exit_code == 0
    assert [len(on_disk.fees_of(member)) for member in people] == [1] * 12
    assert all(on_disk.balance(f"user{number}") == 0 for number in range(12))


def test_a_lost_answer_to_a_missing_plan_is_looked_up(site: Site) -> None:
    site.officernd.catalogue.clear()
    ann = site.person("ann.lee", prints=1.0)
    site.faults.always = at("create_plan", "after", lose)
    assert (site.settle().exit_code, len(site.fees_of(ann)), len(site.officernd.catalogue)) == (0, 1, 1)


def test_an_account_gone_from_papercut_is_told(site: Site) -> None:
    site.person("ann.lee")
    del site.papercut.accounts["ann.lee"]
    assert "ann.lee" in site.settle().as_json()["notes"][0]["message"]


def test_the_people_in_force_are_billed(site: Site) -> None:
    """The payer is the company of the directory on the billed day, kept in the movement."""
    ann = site.person("ann.lee", prints=1.0)
    site.relink("ann.lee", company_id="64d000000000000000000009")
    site.settle()
    assert [fee.company for fee in site.fees_of(ann)] == ["64d000000000000000000009"]
    assert site.result.movements[0].company_id == "64d000000000000000000009"


def test_departed_people_are_settled_while_officernd_knows_them(site: Site) -> None:
    ann, bob = site.person("ann", standing="departed"), site.person("bob", standing="departed")
    site.officernd.gone.add(bob)
    for name in ("ann", "bob"):
        site.prints(name, 1.0)
    result = site.settle()
    assert (result.exit_code, len(site.fees_of(ann)), held_told(result)) == (3, 1, {"bob": ("member_gone", "1.00")})
    with pytest.raises(UsageError, match="no longer knows bob, or the company that pays, so no fee can be made"):
        site.approve("bob", "bill")
    site.approve("bob", "forgive")
    assert (site.settle().exit_code, site.balance("bob")) == (0, 0)


def test_a_member_deleted_since_the_last_sync_is_held(site: Site) -> None:
    bob = site.person("bob")
    site.officernd.gone.add(bob)
    site.prints("bob", 1.0)
    result = site.settle()
    assert (result.exit_code, held_told(result), movements_told(result)) == (3, {"bob": ("member_gone", "1.00")}, [])
    assert replace(result, movements=()).as_json()["total"] == "0.00"
    assert site.settle().exit_code == 3


def test_a_request_without_an_answer_is_waited_for_before_the_look_up(site: Site) -> None:
    """Its time-out, settling_s, and the time by which a list may lag, on the run's own monotonic clock."""
    site.person("ann.lee", prints=1.0)
    site.faults.always = at("create_fee", "after", lose)
    assert (site.settle().exit_code, sum(site.clock.slept_s)) == (0, 30 + 2 + 10)


def test_an_answered_refusal_is_judged_at_once(site: Site) -> None:
    site.person("ann.lee", prints=1.0)
    site.faults.always = at("create_fee", "before", refuse)
    assert (site.settle().exit_code, site.clock.slept_s) == (1, [])


def test_a_refused_answer_to_a_fee_that_is_there_is_judged_by_the_list(site: Site) -> None:
    """Any bad answer, a plain refusal too, says nothing: what OfficeRnD's list shows is what happened."""

    def refused_after(name: str, _phase: str) -> None:
        raise Refused(f"{name} is refused: the period is locked.", system="fake", operation=name)

    ann = site.person("ann.lee", prints=1.0)
    with site.faulty("create_fee", refused_after, "after"):
        assert (site.settle().exit_code, movements_told(site.result)) == (0, [("ann.lee", "fee", "1.00", "posted")])
    assert (site.settle().movements, len(site.fees_of(ann)), site.balance("ann.lee")) == ((), 1, 0)


def test_a_list_that_lacks_a_fee_that_is_there_proves_nothing(site: Site) -> None:
    """The counted list of a run has to hold every fee that the ledger knows as posted: else nothing is billed."""
    ann = site.person("ann.lee", prints=1.0)
    site.settle()
    site.prints("ann.lee", 2.0)
    site.officernd.hides = lambda fee: True
    writes = site.remote_writes()
    with pytest.raises(BadAnswer, match="lacks 1 that are there"):
        site.settle()
    assert site.remote_writes() == writes
    assert (site.settle().exit_code, len(site.fees_of(ann)), site.balance("ann.lee")) == (0, 2, 0)


def test_without_a_count_a_lost_fee_is_in_doubt(site: Site) -> None:
    ann = site.person("ann.lee", prints=1.0)
    site.officernd.counts = False
    with site.faulty("create_fee", lose, "before"):
        assert site.settle().exit_code == 4
    assert (site.settle().exit_code, site.fees_of(ann)) == (4, [])
    site.officernd.counts = True
    assert (site.settle().exit_code, len(site.fees_of(ann)), site.balance("ann.lee")) == (0, 1, 0)


def test_a_job_between_balance_and_counter_is_read_again(site: Site) -> None:
    ann = site.person("ann.lee", prints=5.0)
    jobs = iter([0.4, 0.3])

    def lands() -> None:
        cost = next(jobs, None)
        if cost is not None:
            site.prints("ann.lee", cost)

    site.papercut.between = lands
    assert (site.settle().exit_code, site.billed(ann), site.balance("ann.lee")) == (0, 5_700_000, 0)
    assert site.result.held == ()


def test_what_never_rests_is_not_billed(site: Site) -> None:
    site.person("ann.lee")
    site.papercut.between = lambda: site.prints("ann.lee", 0.1)
    with pytest.raises(BadAnswer, match="Somebody printed each of the 5 times that ann.lee"):
        site.settle()
    assert site.remote_writes() == 0


def test_two_fees_with_one_reference_are_told(site: Site) -> None:
    ann = site.person("ann.lee", prints=1.0)
    reference = site.settle().movements[0].reference
    (fee,) = site.fees_of(ann)
    twin = site.officernd.put(name=fee.name, issue_date=fee.issue_date, price=fee.price, member=ann)
    site.prints("ann.lee", 2.0)
    result = site.settle()
    assert (result.exit_code, refused(result), site.balance("ann.lee")) == (3, ["double_fee"], 0)
    assert reference in result.refused[0].message and twin in result.refused[0].message


def test_a_price_stored_otherwise_than_sent_is_told(site: Site) -> None:
    ann, bob = site.person("ann"), site.person("bob")
    for name in ("ann", "bob"):
        site.prints(name, 1.0)

    def taxed(name: str, phase: str) -> None:
        for fee_id, fee in site.officernd.held_fees.items():
            site.officernd.held_fees[fee_id] = replace(fee, price=Decimal("1.20"))

    site.faults.always = at("create_fee", "after", taxed)
    result = site.settle()
    assert (result.exit_code, refused(result)[0]) == (3, "verification_failed")
    assert "1.20 EUR instead of 1.00 EUR" in result.refused[0].message
    assert (len(site.fees_of(ann)), len(site.fees_of(bob))) == (1, 0)


def test_a_fee_that_comes_after_everybody_gave_it_up_is_adopted(site: Site) -> None:
    """Its effect is later than the deadline: found by its reference, never made a second time."""
    ann = site.person("ann.lee", prints=7.0)
    site.late.next_s = 100
    assert (site.settle().exit_code, site.result.movements[0].stage) == (1, "failed")
    site.clock.move(seconds=100)
    assert (site.settle().exit_code, len(site.fees_of(ann)), site.balance("ann.lee")) == (0, 1, 0)
