"""What is billed, forgiven, held: tables of people and the decision on them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay import amounts
from relay.accounts import LinkedAccount
from relay.money.decide.account import Mark, carry
from relay.money.decide.bill import Approval, Case, Decision, Policy, decide
from relay.money.decide.evidence import Reading

NOW = datetime(2025, 3, 12, 6, 30, tzinfo=UTC)
POLICY = Policy("hq", "EUR")


def euros(text: str) -> int:
    return amounts.parse(text)


def case(
    number: int, balance: str, *, jobs: int = 11, before: str = "0", opening: str = "0", company: str = "c1", **how: Any
) -> Case:
    person = LinkedAccount(f"m{number:02d}", f"user{number}", NOW, company_id=company)
    mark = Mark(euros(before), 10, NOW, opening_left=euros(opening))
    return Case(person, mark, carry(mark, Reading(euros(balance), jobs), NOW), **how)


def billed(decision: Decision) -> dict[str, str]:
    return {
        share.person.username: amounts.text(share.amount, "EUR") for bill in decision.bills for share in bill.shares
    }


def held(decision: Decision) -> dict[str, tuple[str, str]]:
    return {item.person.username: (item.code, amounts.text(item.amount, "EUR")) for item in decision.held}


@pytest.mark.parametrize(
    ("balance", "amount"),
    [
        ("0", None),
        ("5", None),
        ("-7", "7.00"),
        ("-7.035", "7.03"),
        ("-0.004", None),
        ("-0.009999", None),
        ("-0.01", "0.01"),
        ("-199.999999", "199.99"),
    ],
)
def test_whole_coins_are_billed_and_never_more_than_is_owed(balance: str, amount: str | None) -> None:
    assert billed(decide([case(1, balance)], POLICY)) == ({"user1": amount} if amount else {})


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "7"), ("KWD", "7.035"), ("EUR", "7.03")])
def test_each_currency_has_its_own_coins(currency: str, amount: str) -> None:
    (bill,) = decide([case(1, "-7.0355")], replace(POLICY, currency=currency)).bills
    assert amounts.text(bill.amount, currency) == amount


def test_small_debts_wait() -> None:
    policy = replace(POLICY, minimum=euros("1.00"))
    assert billed(decide([case(1, "-0.99"), case(2, "-1.00")], policy)) == {"user2": "1.00"}


# -- opening balances ------------------------------------------------------------------------------------------------


def test_an_opening_debt_is_held_and_new_jobs_are_billed() -> None:
    decision = decide([case(1, "-12", before="-10", opening="10")], POLICY)
    assert (billed(decision), held(decision)) == ({"user1": "2.00"}, {"user1": ("opening_balance", "10.00")})
    assert decision.refused == ()
    assert "approve user1 --as bill" in decision.held[0].reason


def test_an_opening_debt_is_billed_or_forgiven_by_setting_or_word() -> None:
    opening = case(1, "-12", before="-10", opening="10")
    whole = {"user1": "12.00"}
    assert billed(decide([opening], replace(POLICY, opening="bill"))) == whole
    released = replace(opening, approval=Approval("bill", {"opening_balance": euros("10")}))
    decision = decide([released], POLICY)
    assert billed(decision) == whole and decision.marks["m01"].opening_left == 0
    for forgiven in (
        decide([opening], replace(POLICY, opening="forgive")),
        decide([replace(opening, approval=Approval("forgive", {"opening_balance": euros("10")}))], POLICY),
    ):
        assert [share.amount for share in forgiven.forgivenesses] == [euros("10")]
        assert (billed(forgiven), held(forgiven)) == ({"user1": "2.00"}, {})


# -- doubts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("jobs", "code"), [(10, "unexplained_debt"), (9, "counter_fell")])
def test_a_debt_without_a_job_is_held_and_the_doubt_stays(jobs: int, code: str) -> None:
    decision = decide([case(1, "-5", jobs=jobs), case(2, "-1")], POLICY)
    assert (billed(decision), held(decision)) == ({"user2": "1.00"}, {"user1": (code, "5.00")})
    assert [refusal.code for refusal in decision.refused] == [code]
    assert "m01" not in decision.marks
    assert decision.doubts == {"m01": Mark(0, 10, NOW, doubt=code)}


@pytest.mark.parametrize(("jobs", "code"), [(10, "unexplained_debt"), (9, "counter_fell")])
def test_a_job_printed_later_does_not_end_a_doubt_and_a_paid_debt_does(jobs: int, code: str) -> None:
    doubted = case(1, "-5", jobs=jobs)
    kept = decide([doubted], POLICY).doubts["m01"]
    for balance, amount in (("-5.10", "5.10"), ("-2", "2.00")):
        later = replace(doubted, before=kept, carried=carry(kept, Reading(euros(balance), 12), NOW))
        decision = decide([later], POLICY)
        assert (billed(decision), held(decision)) == ({}, {"user1": (code, amount)})
    paid = replace(doubted, before=kept, carried=carry(kept, Reading(0, 12), NOW))
    assert decide([paid], POLICY).marks["m01"].doubt == ""


def test_a_word_ends_the_doubt() -> None:
    doubted = case(1, "-5", jobs=10, before="-2")
    bill = replace(doubted, approval=Approval("bill", {"unexplained_debt": 0}))
    assert billed(decide([bill], POLICY)) == {"user1": "5.00"}
    forgive = replace(doubted, approval=Approval("forgive", {"unexplained_debt": 0}))
    decision = decide([forgive], POLICY)
    # What was there before the doubt is billed, what came without a job is forgiven.
    assert ([s.amount for s in decision.forgivenesses], billed(decision)) == ([euros("3")], {"user1": "2.00"})
    assert "m01" in decision.marks


@pytest.mark.parametrize(
    ("code", "how"), [("unexplained_debt", {"jobs": 10}), ("foreign_fee", {"foreign_fee": "f1"}), ("max_fee", {})]
)
def test_a_word_forgives_what_was_held_and_no_more(code: str, how: dict[str, Any]) -> None:
    policy = replace(POLICY, max_fee=euros("4.00") if code == "max_fee" else POLICY.max_fee)
    word = Approval("forgive", {code: euros("5")})
    decision = decide([case(1, "-8", **how, approval=word)], policy)
    rest = {} if code == "max_fee" else {"user1": "3.00"}  # of a limit, the next settle looks at the rest
    assert ([share.amount for share in decision.forgivenesses], billed(decision)) == ([euros("5")], rest)


def test_several_doubts_stop_the_site() -> None:
    cases = [case(number, "-5", jobs=9) for number in range(1, 4)] + [case(9, "-1")]
    decision = decide(cases, POLICY)
    assert (decision.bills, decision.marks) == ((), {})
    assert set(decision.doubts) == {"m01", "m02", "m03"}
    assert [refusal.code for refusal in decision.refused] == ["restored"]
    assert set(held(decision)) == {"user1", "user2", "user3", "user9"}
    assert "2025-03-12" in decision.refused[0].message and 'approve "hq"' in decision.refused[0].message
    assert decide(cases[1:], POLICY).bills != ()  # two are held by themselves
    one_released = replace(cases[0], approval=Approval("bill", {"counter_fell": 0}))
    assert "user9" in billed(decide([one_released, *cases[1:]], POLICY))


def test_a_counter_that_fell_counts_for_the_stop_even_without_a_debt() -> None:
    cases = [case(number, "0", jobs=9) for number in range(1, 4)] + [case(9, "-1")]
    assert [refusal.code for refusal in decide(cases, POLICY).refused] == ["restored"]


@pytest.mark.parametrize(
    ("how", "code"),
    [({"gone": True}, "member_gone"), ({"foreign_fee": "f1"}, "foreign_fee")],
)
def test_other_holds(how: dict[str, Any], code: str) -> None:
    decision = decide([case(1, "-5", **how)], POLICY)
    assert (billed(decision), held(decision)) == ({}, {"user1": (code, "5.00")})
    forgiven = decide([case(1, "-5", approval=Approval("forgive", {code: euros("5")}), **how)], POLICY)
    assert [share.amount for share in forgiven.forgivenesses] == [euros("5")]
    released = decide([case(1, "-5", approval=Approval("bill", {code: euros("5")}), **how)], POLICY)
    assert billed(released) == {"user1": "5.00"}


def test_somebody_with_an_open_movement_is_left_alone() -> None:
    decision = decide([case(1, "-5", busy=True)], POLICY)
    assert (decision.bills, decision.held, decision.marks) == ((), (), {})


# -- limits ----------------------------------------------------------------------------------------------------------


def test_max_fee_holds_above_it_and_not_at_it() -> None:
    policy = replace(POLICY, max_fee=euros("5"))
    decision = decide([case(1, "-5"), case(2, "-5.01")], policy)
    assert (billed(decision), held(decision)) == ({"user1": "5.00"}, {"user2": ("max_fee", "5.01")})
    (refusal,) = decision.refused
    assert (refusal.code, refusal.count, refusal.limit) == ("max_fee", 1, "5.00")
    assert billed(decide([case(2, "-5.01")], replace(policy, allow=frozenset({"max_fee"})))) == {"user2": "5.01"}
    word = Approval("bill", {"max_fee": euros("5.01")})
    assert billed(decide([case(2, "-5.01", approval=word)], policy)) == {"user2": "5.01"}
    assert billed(decide([case(2, "-10.01", approval=word)], policy)) == {"user2": "10.01"}
    assert held(decide([case(2, "-10.02", approval=word)], policy)) == {"user2": ("max_fee", "10.02")}
    forgiven = decide([case(2, "-5.01", approval=Approval("forgive", {"max_fee": euros("5.01")}))], policy)
    assert [share.amount for share in forgiven.forgivenesses] == [euros("5.01")]


def test_max_run_total_holds_every_fee() -> None:
    policy = replace(POLICY, max_run_total=euros("10"))
    assert len(decide([case(1, "-5"), case(2, "-5")], policy).bills) == 2
    decision = decide([case(1, "-5"), case(2, "-5.01")], policy)
    assert (decision.bills, set(held(decision))) == ((), {"user1", "user2"})
    (refusal,) = decision.refused
    assert (refusal.code, refusal.count, refusal.limit) == ("max_run_total", "10.01", "10.00")
    lifted = replace(policy, allow=frozenset({"max_run_total"}))
    assert len(decide([case(1, "-5"), case(2, "-5.01")], lifted).bills) == 2


def test_what_one_fee_holds_does_not_count_for_the_run() -> None:
    policy = replace(POLICY, max_fee=euros("6"), max_run_total=euros("10"))
    decision = decide([case(1, "-5"), case(2, "-5"), case(3, "-600")], policy)
    assert set(billed(decision)) == {"user1", "user2"}


def test_fees_per_person_and_day() -> None:
    policy = replace(POLICY, max_fees_per_person_day=2)
    decision = decide([case(1, "-1", fees_today=1), case(2, "-1", fees_today=2)], policy)
    assert (billed(decision), held(decision)) == ({"user1": "1.00"}, {"user2": ("max_fees_per_person_day", "1.00")})
    assert billed(decide([case(2, "-1", fees_today=9)], POLICY)) == {"user2": "1.00"}


def test_what_passed_once_passes_again() -> None:
    """A fee that an earlier settle let through and could not post is not held by the limits anew."""
    policy = replace(POLICY, max_fee=euros("5"), max_run_total=euros("5"))
    assert billed(decide([case(1, "-9", passed=euros("9"))], policy)) == {"user1": "9.00"}
    assert billed(decide([case(1, "-9.5", passed=euros("9"))], policy)) == {}


# -- payer, grouping, period -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bill_to", "company", "personal"),
    [("company", "c1", False), ("company", "", True), ("member", "c1", True), ("member", "", True)],
)
def test_the_payer(bill_to: Any, company: str, personal: bool) -> None:
    (bill,) = decide([case(1, "-5", company=company)], replace(POLICY, bill_to=bill_to)).bills
    assert (bill.member_id, bill.company_id, bill.is_personal) == ("m01", company, personal)


def test_one_fee_per_company() -> None:
    cases = [case(2, "-2"), case(1, "-1"), case(3, "-3", company="c2"), case(4, "-4", company="")]
    decision = decide(cases, replace(POLICY, grouping="company"))
    found = {bill.subject_id: [share.person.member_id for share in bill.shares] for bill in decision.bills}
    assert found == {"c1": ["m01", "m02"], "c2": ["m03"], "m04": ["m04"]}
    assert [bill.amount for bill in decision.bills if bill.subject_id == "c1"] == [euros("3")]


def test_between_billing_days_only_what_waited_is_billed() -> None:
    policy = replace(POLICY, due=False)
    decision = decide([case(1, "-1"), case(2, "-2", waiting=True)], policy)
    assert (billed(decision), held(decision)) == ({"user2": "2.00"}, {})
    assert set(decision.marks) == {"m01", "m02"}


def test_shadow_shows_each_debt_once() -> None:
    shown = case(1, "-5")
    mark = replace(shown.carried.mark, shadow_left=euros("4"))
    shown = replace(shown, carried=replace(shown.carried, mark=mark))
    assert billed(decide([shown], replace(POLICY, shadow=True))) == {"user1": "1.00"}


@given(
    st.lists(
        st.tuples(st.integers(-(10**9), 10**8), st.integers(8, 13), st.integers(0, 10**8), st.booleans()), max_size=8
    ),
    st.sampled_from(["hold", "bill", "forgive"]),
    st.sampled_from(["EUR", "JPY", "KWD"]),
)
def test_nobody_pays_more_than_is_owed(people: list[Any], opening: Any, currency: str) -> None:
    cases = []
    for number, (balance, jobs, old, gone) in enumerate(people):
        person = LinkedAccount(f"m{number:02d}", f"user{number}", NOW, company_id="c1")
        mark = Mark(-old, 10, NOW, opening_left=old)
        cases.append(Case(person, mark, carry(mark, Reading(balance, jobs), NOW), gone=gone))
    decision = decide(cases, replace(POLICY, opening=opening, currency=currency, grouping="company"))
    taken: dict[str, int] = {}
    for share in (*decision.forgivenesses, *(share for bill in decision.bills for share in bill.shares)):
        assert share.amount > 0 and share.amount % amounts.minor_unit(currency) == 0
        taken[share.person.member_id] = taken.get(share.person.member_id, 0) + share.amount
    for item in cases:
        assert taken.get(item.person.member_id, 0) <= max(0, -item.carried.mark.balance)
    again = decide(cases, replace(POLICY, opening=opening, currency=currency, grouping="company"))
    assert replace(again, refused=()) == replace(decision, refused=())
