"""Answers that would take money away: which wait for a person, and why."""

from __future__ import annotations

from relay.people.decide.answers import take_answers
from relay.people.world import Memory
from tests.support.people_values import account, linked, member, world


def remembered(scheduled: bool = True, balance: int = 0, **memory: object) -> Memory:
    """Return what is remembered after Ann was answered to have another account, and Bo to have hers."""
    links = [linked("m1", "ann"), linked("m2", "bo")]
    made = world(
        [member(1), member(2, "Bo")],
        [account("ann", balance=balance), account("bo")],
        links=links,
        answers={"m1": "annie", "m2": "ann"},
        **memory,
    )
    return take_answers(made, "EUR", scheduled=scheduled).memory


def test_without_money_both_links_end() -> None:
    assert remembered().dropped == {"m1", "m2"}


def test_an_account_with_a_balance_waits_and_so_does_whoever_is_to_get_it() -> None:
    memory = remembered(balance=-4_000_000)
    assert memory.waiting == {"m1": "ann has a balance of -4.00 EUR", "m2": "ann is not free before that"}
    assert set(memory.links) == {"m1", "m2"}


def test_a_debt_and_money_under_way_wait_too() -> None:
    assert remembered(indebted=frozenset({"m1"})).waiting["m1"] == "there is a debt on ann"
    assert remembered(open_movements=frozenset({"ann"})).waiting["m1"] == "money of ann is under way"


def test_a_person_who_reads_the_plan_may_apply_it() -> None:
    memory = remembered(scheduled=False, balance=-4_000_000)
    assert (memory.dropped, memory.waiting) == ({"m1", "m2"}, {})
