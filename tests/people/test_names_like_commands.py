"""A member whose name looks like a command: a name in the plan, in the question, in the JSON and on the terminal."""

from __future__ import annotations

from relay.cli.remedies import worded
from tests.people.test_matching import codes
from tests.support.people_values import account, member, world

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
