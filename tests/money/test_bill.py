"""What is billed, forgiven, held: tables of people and the decision on them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay import amounts
from relay.accounts import LinkedAccount
from relay.money.decide.bill import BillingDecision, Case, Policy, decide
from relay.money.decide.due import OwedChange
from relay.money.decide.explain import Buckets, Doubt
from relay.money.decide.holds import Hold, Word
from relay.money.decide.remedies import answers_to, of_hold
from relay.money.decide.wallet import Sides, Wallet
from relay.remedy import Remedy

NOW = datetime(2025, 3, 12, 6, 30, tzinfo=UTC)
TODAY = date(2025, 3, 12)
POLICY = Policy("EUR", TODAY)


def euros(text: str) -> int:
    return amounts.parse(text)


def case(
    number: int,
    owed: str = "0",
    *,
    opening: str = "0",
    disputed: str = "0",
    credit: str = "0",
    doubt: Doubt = "",
    company: str = "c1",
    shared: bool = False,
    day: date = TODAY,
    **how: Any,
) -> Case:
    """Return the case of somebody who owes what is named, all in positive euros; `day` is the debt's."""
    name = f"account:{number:02d}" if shared else f"m{number:02d}"
    account = LinkedAccount(name, f"account:poster{number}" if shared else f"user{number}", NOW, company_id=company)
    buckets = Buckets(-euros(opening), -euros(owed), -euros(disputed), euros(credit))
    wallet = replace(Wallet.empty(account), id=number, buckets=buckets, jobs=13, billed_jobs=10, doubt=doubt)
    return Case(account, wallet, (OwedChange(day, -euros(owed)),), **how)


def word(code: str, amount: str, answer: Any = "bill", number: int = 7) -> Hold:
    """Return a held row with a word on all of it."""
    return Hold(number, "m", "user", code, euros(amount), "why", Word(number, answer, euros(amount)))


def billed(decision: BillingDecision) -> dict[str, str]:
    return {
        share.account.username: amounts.text(share.amount, "EUR") for bill in decision.bills for share in bill.shares
    }


def held(decision: BillingDecision) -> dict[str, tuple[str, str]]:
    """Return code and amount by username, of somebody held twice the last."""
    return {
        item.account.username: (item.code, amounts.text(amounts.billable(-item.amount, "EUR"), "EUR"))
        for item in decision.held
    }


def forgiven(decision: BillingDecision) -> list[tuple[str, str, int | None]]:
    return [(one.bucket, amounts.text(one.amount, "EUR"), one.word) for one in decision.forgivenesses]


def released(decision: BillingDecision) -> list[tuple[int, int | None]]:
    """Return the micros that became owed, each with its word."""
    return [(-one.entry.change.owed, one.word) for one in decision.releases]


@pytest.mark.parametrize(
    ("owed", "amount"),
    [
        ("0", None),
        ("7", "7.00"),
        ("7.035", "7.03"),
        ("0.004", None),
        ("0.009999", None),
        ("0.01", "0.01"),
        ("199.999999", "199.99"),
    ],
)
def test_whole_coins_are_billed_and_never_more_than_is_owed(owed: str, amount: str | None) -> None:
    decision = decide([case(1, owed)], POLICY)
    assert (billed(decision), decision.held) == ({"user1": amount} if amount else {}, ())
    assert sum(bill.price for bill in decision.bills) == (euros(amount) if amount else 0)


def test_what_is_owed_is_billed_under_an_allowance_too() -> None:
    assert billed(decide([case(1, "3", credit="5")], POLICY)) == {"user1": "3.00"}


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "7"), ("KWD", "7.035"), ("EUR", "7.03")])
def test_each_currency_has_its_own_coins(currency: str, amount: str) -> None:
    (bill,) = decide([case(1, "7.0355")], replace(POLICY, currency=currency)).bills
    assert amounts.text(bill.amount, currency) == amount


def test_small_debts_wait() -> None:
    policy = replace(POLICY, minimum=euros("1.00"))
    assert billed(decide([case(1, "0.99"), case(2, "1.00")], policy)) == {"user2": "1.00"}


def test_a_fee_tells_its_jobs_and_since_when() -> None:
    first = case(1, "1")
    later = replace(first, wallet=replace(first.wallet, billed_at=NOW.replace(day=13)))
    ((one,), (two,)) = (decide([item], POLICY).bills[0].shares for item in (first, later))
    assert (one.jobs, one.since, two.since) == (3, NOW, NOW.replace(day=13))
    (of_all,) = decide([case(1, "1", shared=True)], POLICY).bills[0].shares
    assert of_all.jobs == 0  # its counter counts everybody's


# -- opening balances ------------------------------------------------------------------------------------------------


def test_an_opening_debt_is_held_and_new_jobs_are_billed() -> None:
    decision = decide([case(1, "2", opening="10")], POLICY)
    assert (billed(decision), held(decision)) == ({"user1": "2.00"}, {"user1": ("opening_balance", "10.00")})
    assert decision.refused == ()
    assert of_hold(decision.held[0].code, "user1")[0] == Remedy("approve", ("user1", "bill"))


def test_less_than_a_coin_is_held_for_nobody() -> None:
    assert decide([case(1, opening="0.009999", disputed="0.009999")], POLICY).held == ()


def test_an_opening_debt_is_billed_by_setting() -> None:
    decision = decide([case(1, "2", opening="10")], replace(POLICY, opening="bill"))
    assert (billed(decision), held(decision), released(decision)) == ({"user1": "12.00"}, {}, [(euros("10"), None)])
    assert decision.releases[0].entry.cause == "setting"


def test_an_opening_debt_is_forgiven_by_setting() -> None:
    decision = decide([case(1, "2", opening="10.005")], replace(POLICY, opening="forgive"))
    assert forgiven(decision) == [("opening", "10.00", None)]
    assert (billed(decision), held(decision), decision.releases) == ({"user1": "2.00"}, {}, ())


@pytest.mark.parametrize("setting", ["bill", "forgive"])
def test_nothing_is_released_or_forgiven_where_nothing_is_older(setting: Any) -> None:
    decision = decide([case(1, "2")], replace(POLICY, opening=setting))
    assert (decision.releases, decision.forgivenesses, billed(decision)) == ((), (), {"user1": "2.00"})


@pytest.mark.parametrize("setting", ["bill", "forgive", "hold"])
def test_what_an_earlier_fee_may_have_billed_waits_whatever_the_setting(setting: Any) -> None:
    """After `rebuild` the opening debt may be what a fee of the lost ledger has billed."""
    decision = decide([case(1, "2", opening="10", may_be_billed=True)], replace(POLICY, opening=setting))
    assert (billed(decision), held(decision)) == ({"user1": "2.00"}, {"user1": ("opening_balance", "10.00")})
    assert (decision.releases, decision.forgivenesses) == ((), ())


BUCKETS = [("opening", "opening_balance"), ("disputed", "unexplained_debt")]


@pytest.mark.parametrize(("bucket", "code"), BUCKETS)
def test_a_word_bills_exactly_what_it_named(bucket: str, code: str) -> None:
    """What has grown since is held as another row."""
    decision = decide([case(1, "2", holds=(word(code, "5.005"),), **{bucket: "8"})], POLICY)
    assert released(decision) == [(euros("5.005"), 7)]
    assert decision.releases[0].entry.cause == "word 7" and decision.releases[0].entry.sides == Sides()
    assert (billed(decision), held(decision)) == ({"user1": "7.00"}, {"user1": (code, "2.99")})
    assert decision.held[0].amount == euros("2.995")


@pytest.mark.parametrize(("bucket", "code"), BUCKETS)
def test_a_word_forgives_exactly_what_it_named(bucket: str, code: str) -> None:
    decision = decide([case(1, "2", holds=(word(code, "5", "forgive"),), **{bucket: "8"})], POLICY)
    assert forgiven(decision) == [(bucket, "5.00", 7)]
    assert (billed(decision), held(decision)) == ({"user1": "2.00"}, {"user1": (code, "3.00")})


@pytest.mark.parametrize("answer", ["bill", "forgive"])
@pytest.mark.parametrize(("bucket", "code"), BUCKETS)
def test_a_word_is_void_where_less_is_left(bucket: str, code: str, answer: str) -> None:
    decision = decide([case(1, "2", holds=(word(code, "5", answer),), **{bucket: "4.99"})], POLICY)
    assert [void.word for void in decision.voids] == [7]
    assert "5.00 EUR of user1" in decision.voids[0].reason and "less than that" in decision.voids[0].reason
    assert (billed(decision), held(decision)) == ({"user1": "2.00"}, {"user1": (code, "4.99")})
    assert (decision.releases, decision.forgivenesses) == ((), ())


def test_a_word_goes_before_the_setting() -> None:
    decision = decide([case(1, opening="8", holds=(word("opening_balance", "5"),))], replace(POLICY, opening="forgive"))
    assert (billed(decision), forgiven(decision)) == ({"user1": "5.00"}, [])


def test_one_forgiveness_at_a_time() -> None:
    """One open movement per person: the second word waits for the next settle, and its money is still held."""
    words = (word("opening_balance", "5", "forgive"), word("unexplained_debt", "3", "forgive", 8))
    decision = decide([case(1, opening="5", disputed="3", holds=words)], POLICY)
    assert (forgiven(decision), decision.voids) == ([("opening", "5.00", 7)], ())
    assert held(decision) == {"user1": ("unexplained_debt", "3.00")}


def test_a_held_row_without_a_word_changes_nothing() -> None:
    row = replace(word("opening_balance", "5"), word=None)
    limit = replace(word("max_fee", "2"), word=None)
    decision = decide([case(1, "2", opening="5", holds=(row, limit))], POLICY)
    assert (billed(decision), held(decision)) == ({"user1": "2.00"}, {"user1": ("opening_balance", "5.00")})


# -- doubts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("doubt", "code", "why"),
    [
        ("uncounted", "unexplained_debt", "more without a job"),
        ("beyond_costs", "unexplained_debt", "more than its jobs are known to have cost"),
        ("counter_fell", "counter_fell", "lower than it was before"),
    ],
)
def test_a_disputed_debt_is_held_and_stops_nobody_else(doubt: Doubt, code: str, why: str) -> None:
    decision = decide([case(1, disputed="5", doubt=doubt), case(2, "1")], POLICY)
    assert (billed(decision), held(decision)) == ({"user2": "1.00"}, {"user1": (code, "5.00")})
    (refusal,) = decision.refused
    assert (refusal.code, refusal.count) == (code, 1) and "1 person is held" in refusal.message
    assert why in decision.held[0].reason


def test_a_word_on_a_counter_that_fell_holds_for_its_bucket() -> None:
    fell = case(1, disputed="5", doubt="counter_fell", holds=(word("counter_fell", "5"),))
    assert billed(decide([fell], POLICY)) == {"user1": "5.00"}


def test_several_counters_that_fell_are_held_and_stop_nobody_else() -> None:
    cases = [case(number, disputed="5", doubt="counter_fell") for number in range(1, 4)] + [case(9, "1")]
    decision = decide(cases, POLICY)
    assert billed(decision) == {"user9": "1.00"}
    (refusal,) = decision.refused
    assert "3 people are held by counter_fell, 15.00 EUR" in refusal.message


@pytest.mark.parametrize(
    ("how", "code"), [({"gone": "member_gone"}, "member_gone"), ({"gone": "company_gone"}, "company_gone")]
)
def test_a_payer_that_is_gone_can_only_be_forgiven(how: dict[str, Any], code: str) -> None:
    decision = decide([case(1, "5", **how)], POLICY)
    assert (billed(decision), held(decision)) == ({}, {"user1": (code, "5.00")})
    assert answers_to(decision.held[0].code) == ("forgive",)
    decision = decide([case(1, "6", holds=(word(code, "5", "forgive"),), **how)], POLICY)
    assert (forgiven(decision), billed(decision), decision.voids) == ([("owed", "5.00", 7)], {}, ())


def test_a_foreign_fee_holds_until_a_word() -> None:
    decision = decide([case(1, "5", foreign_fee="f1")], POLICY)
    assert (billed(decision), held(decision)) == ({}, {"user1": ("foreign_fee", "5.00")})
    assert "fee f1 stands on the fees plan" in decision.held[0].reason
    both_right = decide([case(1, "5", foreign_fee="f1", holds=(word("foreign_fee", "5"),))], POLICY)
    assert billed(both_right) == {"user1": "5.00"} and both_right.bills[0].shares[0].words == (7,)
    already = decide([case(1, "8", foreign_fee="f1", holds=(word("foreign_fee", "5", "forgive"),))], POLICY)
    assert (forgiven(already), billed(already)) == ([("owed", "5.00", 7)], {"user1": "3.00"})


@pytest.mark.parametrize("code", ["foreign_fee", "max_fee"])
@pytest.mark.parametrize("answer", ["bill", "forgive"])
def test_a_word_on_a_debt_is_void_where_less_is_owed(code: str, answer: str) -> None:
    decision = decide([case(1, "4.99", holds=(word(code, "5", answer),))], POLICY)
    assert ([void.word for void in decision.voids], decision.forgivenesses) == ([7], ())
    assert billed(decision) == {"user1": "4.99"}


def test_of_a_limit_only_what_the_word_named_is_forgiven() -> None:
    """The next settle looks at the rest."""
    policy = replace(POLICY, max_fee=euros("4"))
    decision = decide([case(1, "8", holds=(word("max_fee", "5", "forgive"),))], policy)
    assert (forgiven(decision), billed(decision)) == ([("owed", "5.00", 7)], {})


def test_a_word_that_forgives_a_debt_waits_for_another_forgiveness() -> None:
    words = (word("opening_balance", "5", "forgive"), word("max_fee", "3", "forgive", 8))
    decision = decide([case(1, "3", opening="5", holds=words)], POLICY)
    assert (forgiven(decision), billed(decision), decision.voids) == ([("opening", "5.00", 7)], {}, ())


def test_a_word_on_a_limit_says_nothing_of_a_foreign_fee() -> None:
    """It was given before anybody saw that fee, which may have billed the same debt."""
    decision = decide([case(1, "5", foreign_fee="f1", holds=(word("max_fee", "5"),))], POLICY)
    assert (billed(decision), held(decision)) == ({}, {"user1": ("foreign_fee", "5.00")})


def test_a_word_on_a_foreign_fee_says_nothing_of_what_was_printed_since() -> None:
    policy = replace(POLICY, max_fee=euros("100"))
    decision = decide([case(1, "500", foreign_fee="f1", holds=(word("foreign_fee", "5"),))], policy)
    assert billed(decision) == {"user1": "5.00"}


def test_what_other_fees_have_billed_is_forgiven_by_the_sites_word() -> None:
    decision = decide([case(1, "5", billed_elsewhere=euros("3"))], POLICY)
    assert (forgiven(decision), billed(decision)) == ([("owed", "3.00", None)], {"user1": "2.00"})
    decision = decide([case(1, "5", billed_elsewhere=euros("9"))], POLICY)
    assert (forgiven(decision), billed(decision), held(decision)) == ([("owed", "5.00", None)], {}, {})
    assert forgiven(decide([case(1, billed_elsewhere=euros("9"))], POLICY)) == []


def test_what_other_fees_have_billed_is_never_billed_beside_another_forgiveness() -> None:
    decision = decide([case(1, "5", opening="4", billed_elsewhere=euros("5"))], replace(POLICY, opening="forgive"))
    assert billed(decision) == {}


def test_a_proposed_credit_holds_no_debt() -> None:
    decision = decide([case(1, "5", holds=(word("credit", "9", "credit"),))], POLICY)
    assert (billed(decision), decision.voids) == ({"user1": "5.00"}, ())


def test_somebody_with_an_open_movement_is_left_alone() -> None:
    decision = decide([case(1, "5", opening="5", busy=True)], replace(POLICY, opening="bill"))
    assert decision == BillingDecision()


# -- limits ----------------------------------------------------------------------------------------------------------


def test_max_fee_holds_above_it_and_not_at_it() -> None:
    policy = replace(POLICY, max_fee=euros("5"))
    decision = decide([case(1, "5"), case(2, "5.01")], policy)
    assert (billed(decision), held(decision)) == ({"user1": "5.00"}, {"user2": ("max_fee", "5.01")})
    (refusal,) = decision.refused
    assert (refusal.code, refusal.count, refusal.limit) == ("max_fee", 1, "5.00")
    assert "above max_fee 5.00 EUR" in decision.held[0].reason
    assert billed(decide([case(2, "5.01")], replace(policy, allow=frozenset({"max_fee"})))) == {"user2": "5.01"}


def test_a_word_on_a_limit_bills_what_it_named_and_no_more() -> None:
    policy = replace(POLICY, max_fee=euros("5"))
    said = (word("max_fee", "5.01"),)
    assert billed(decide([case(2, "5.01", holds=said)], policy)) == {"user2": "5.01"}
    assert billed(decide([case(2, "10.02", holds=said)], policy)) == {"user2": "5.01"}
    assert decide([case(2, "10.02", holds=said)], policy).bills[0].shares[0].words == (7,)


def test_max_run_total_holds_every_fee() -> None:
    policy = replace(POLICY, max_run_total=euros("10"))
    assert len(decide([case(1, "5"), case(2, "5")], policy).bills) == 2
    decision = decide([case(1, "5"), case(2, "5.01")], policy)
    assert (decision.bills, set(held(decision))) == ((), {"user1", "user2"})
    (refusal,) = decision.refused
    assert (refusal.code, refusal.count, refusal.limit) == ("max_run_total", "10.01", "10.00")
    assert "the run's total of 10.01 EUR" in decision.held[0].reason
    lifted = replace(policy, allow=frozenset({"max_run_total"}))
    assert len(decide([case(1, "5"), case(2, "5.01")], lifted).bills) == 2


def test_who_has_a_word_is_billed_beside_a_total_that_holds_the_others() -> None:
    policy = replace(POLICY, max_run_total=euros("10"))
    spoken_for = case(1, "500", holds=(word("max_run_total", "500"),))
    decision = decide([spoken_for, case(2, "5"), case(3, "5.01")], policy)
    assert (billed(decision), set(held(decision))) == ({"user1": "500.00"}, {"user2", "user3"})
    assert set(billed(decide([spoken_for, case(2, "5"), case(3, "5")], policy))) == {"user1", "user2", "user3"}


def test_what_one_fee_holds_does_not_count_for_the_run() -> None:
    policy = replace(POLICY, max_fee=euros("6"), max_run_total=euros("10"))
    decision = decide([case(1, "5"), case(2, "5"), case(3, "600")], policy)
    assert set(billed(decision)) == {"user1", "user2"}


def test_fees_per_person_and_day() -> None:
    policy = replace(POLICY, max_fees_per_person_day=2)
    cases = [case(1, "1", fees_today=1), case(2, "1", fees_today=2)]
    decision = decide(cases, policy)
    assert (billed(decision), held(decision)) == ({"user1": "1.00"}, {"user2": ("max_fees_per_person_day", "1.00")})
    assert "has 2 fees of this business day" in decision.held[0].reason
    assert billed(decide([case(2, "1", fees_today=9)], POLICY)) == {"user2": "1.00"}
    lifted = replace(policy, allow=frozenset({"max_fees_per_person_day"}))
    assert set(billed(decide(cases, lifted))) == {"user1", "user2"}


def test_what_passed_once_passes_again() -> None:
    """A fee that an earlier settle let through and could not post is not held by the limits anew."""
    policy = replace(POLICY, max_fee=euros("5"), max_run_total=euros("5"))
    assert billed(decide([case(1, "9", passed=euros("9"))], policy)) == {"user1": "9.00"}
    assert billed(decide([case(1, "9.5", passed=euros("9"))], policy)) == {}


def test_of_a_shared_fee_every_share_must_be_spoken_for() -> None:
    policy = replace(POLICY, grouping="company", max_fee=euros("5"))
    one, other = case(1, "4", holds=(word("max_fee", "4"),)), case(2, "4")
    assert set(held(decide([one, other], policy))) == {"user1", "user2"}
    assert len(decide([one, replace(other, holds=(word("max_fee", "4", number=8),))], policy).bills) == 1


# -- payer, grouping, period -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bill_to", "company", "personal"),
    [("company", "c1", False), ("company", "", True), ("member", "c1", True), ("member", "", True)],
)
def test_the_payer(bill_to: Any, company: str, personal: bool) -> None:
    (bill,) = decide([case(1, "5", company=company)], replace(POLICY, bill_to=bill_to)).bills
    assert (bill.member_id, bill.company_id, bill.is_personal) == ("m01", company, personal)
    assert bill.only is bill.shares[0]


@pytest.mark.parametrize("bill_to", ["company", "member"])
def test_a_shared_account_is_its_companys(bill_to: Any) -> None:
    (bill,) = decide([case(1, "5", shared=True)], replace(POLICY, bill_to=bill_to)).bills
    assert (bill.member_id, bill.subject_id, bill.is_personal, bill.only) == ("", "c1", False, bill.shares[0])


def test_one_fee_per_company() -> None:
    cases = [
        case(2, "2"),
        case(1, "1"),
        case(3, "3", company="c2"),
        case(4, "4", company=""),
        case(5, "5", shared=True),
    ]
    decision = decide(cases, replace(POLICY, grouping="company"))
    found = {bill.subject_id: [share.account.member_id for share in bill.shares] for bill in decision.bills}
    assert found == {"c1": ["account:05", "m01", "m02"], "c2": ["m03"], "m04": ["m04"]}
    assert [bill.amount for bill in decision.bills if bill.subject_id == "c1"] == [euros("8")]
    assert [bill.only is None for bill in decision.bills] == [False, True, True]


LAST_MONTH = date(2025, 2, 28)


def test_a_debt_of_this_period_waits_and_one_of_an_earlier_takes_it_along() -> None:
    policy = replace(POLICY, every="month")
    new, old = case(1, "1"), case(2, "2", day=LAST_MONTH)
    mixed = replace(case(3, "3"), changes=(OwedChange(LAST_MONTH, -euros("0.01")), OwedChange(TODAY, -euros("2.99"))))
    decision = decide([new, old, mixed], policy)
    assert (billed(decision), held(decision)) == ({"user2": "2.00", "user3": "3.00"}, {})


def test_what_was_paid_in_this_period_has_paid_the_older_part() -> None:
    paid = replace(
        case(1, "1"),
        changes=(OwedChange(LAST_MONTH, -euros("2")), OwedChange(TODAY, -euros("1")), OwedChange(TODAY, euros("2"))),
    )
    assert billed(decide([paid], replace(POLICY, every="month"))) == {}


def test_a_word_waits_for_no_period() -> None:
    policy = replace(POLICY, every="month")
    said = (word("opening_balance", "10"),)
    assert billed(decide([case(1, "2", opening="10", holds=said)], policy)) == {"user1": "10.00"}
    decision = decide(
        [case(1, opening="0.50", holds=(word("opening_balance", "0.50"),))], replace(policy, minimum=10**6)
    )
    assert (billed(decision), released(decision)) == ({}, [(500_000, 7)])


def test_what_the_setting_makes_owed_is_of_this_period() -> None:
    policy = replace(POLICY, every="month", opening="bill")
    decision = decide([case(1, opening="10")], policy)
    assert (billed(decision), released(decision)) == ({}, [(euros("10"), None)])


# -- whatever comes --------------------------------------------------------------------------------------------------

SIZES = st.integers(0, 10**9)
ANSWERS: tuple[Any, ...] = ("bill", "forgive")
CODES = ("opening_balance", "unexplained_debt", "counter_fell", "foreign_fee", "max_fee", "member_gone", "credit")
WORDS = st.lists(
    st.tuples(st.sampled_from(CODES), st.integers(1, 10**3).map(lambda coins: coins * 10**6), st.sampled_from(ANSWERS)),
    max_size=2,
    unique_by=lambda said: said[0],
)
PEOPLE = st.tuples(SIZES, SIZES, SIZES, st.booleans(), WORDS, st.sampled_from([0, 0, 5 * 10**8]))


@given(
    st.lists(PEOPLE, max_size=6),
    st.sampled_from(["hold", "bill", "forgive"]),
    st.sampled_from(["EUR", "JPY", "KWD"]),
    st.sampled_from(["person", "company"]),
)
def test_nobody_pays_more_than_is_owed(people: list[Any], opening: Any, currency: str, grouping: Any) -> None:
    """Nor is anything taken from a bucket that no word or setting spoke of."""
    cases = []
    for number, (old, owed, disputed, gone, words, elsewhere) in enumerate(people):
        account = LinkedAccount(f"m{number:02d}", f"user{number}", NOW, company_id="c1")
        wallet = replace(Wallet.empty(account), buckets=Buckets(-old, -owed, -disputed))
        rows = tuple(
            Hold(
                index, account.member_id, account.username, code, amount, "", Word(10 * number + index, answer, amount)
            )
            for index, (code, amount, answer) in enumerate(words)
        )
        how = {"gone": "member_gone" if gone else "", "billed_elsewhere": elsewhere}
        cases.append(Case(account, wallet, (OwedChange(TODAY, -owed),), rows, **how))
    decision = decide(cases, replace(POLICY, opening=opening, currency=currency, grouping=grouping))
    taken: dict[str, int] = {}
    for share in (*decision.forgivenesses, *(share for bill in decision.bills for share in bill.shares)):
        assert share.amount > 0 and share.amount % amounts.minor_unit(currency) == 0
        taken[share.account.member_id] = taken.get(share.account.member_id, 0) + share.amount
    moved = {one.wallet.member_id: one.wallet.buckets for one in decision.releases}
    parts = [*decision.forgivenesses, *decision.releases, *decision.voids]
    used = [one.word for one in parts if one.word is not None]
    used += [word for bill in decision.bills for share in bill.shares for word in share.words]
    assert len(used) == len(set(used))  # a word is used once
    for item in cases:
        before, name = item.wallet.buckets, item.account.member_id
        after = moved.get(name, before)
        assert after.is_sound and after.wallet == before.wallet
        bills = sum(share.amount for bill in decision.bills for share in bill.shares if share.account.member_id == name)
        assert bills <= -after.owed and taken.get(name, 0) <= -before.wallet
        spoken = sum(row.amount for row in item.holds if row.code in ("unexplained_debt", "counter_fell"))
        assert after.disputed == before.disputed or after.disputed - before.disputed <= spoken
