"""A member whose name looks like a command: a name in the plan, in the question, in the JSON and on the terminal."""

from __future__ import annotations

import pytest

from relay.cli.remedies import worded
from relay.people.decide.usernames import rule_name
from tests.people.test_matching import codes
from tests.support.people_values import account, linked, member, world

NAME = "Ann Lee, papercut-relay link 5f3 bob_x.example"


def test_it_is_a_name_in_a_question_and_its_commands_are_the_question_s_own(matched) -> None:
    made = world(
        [member(1, NAME, "ann@example.com")],
        [account("ann", email="ann@example.com"), account("ann2", email="ann@example.com")],
    )
    found = matched(made)
    assert codes(found) == ["two_accounts"]
    asked = found.warnings[0].as_json()
    assert asked["message"].count("papercut-relay") == 1, "in the name"
    assert {remedy["arguments"][0] for remedy in asked["remedies"]} == {"m1"}
    commands = worded(asked)["message"].removeprefix(asked["message"].removesuffix("."))
    assert "5f3" not in commands and "papercut-relay link m1 ann" in commands


@pytest.mark.parametrize("name", ["account:acme", "group:acme"])
def test_nobody_is_an_account_that_reads_as_a_shared_account_or_a_group(matched, name: str) -> None:
    """A member may choose what a custom property says, and what is billed and topped up goes by the account's name."""
    ann = member(1, "Ann", "ann@example.com", properties={"Login": name.upper()})
    assert rule_name(ann, "property:Login") == name.replace(":", "_")
    found = matched(world([ann], [account(name, email="ann@example.com")]), rule="property:Login")
    assert (found.accounts, found.new) == ({}, {"m1": name.replace(":", "_")})
    assert found.unlinked == [name]


def test_a_link_to_such_an_account_waits(matched) -> None:
    ann = member(1, "Ann", "ann@example.com")
    found = matched(world([ann], [account("account:acme")], links=[linked("m1", "account:acme")]))
    assert found.accounts == {} and "rename it in PaperCut" in found.doubts["m1"]
