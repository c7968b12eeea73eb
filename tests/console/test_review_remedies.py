"""The buttons of the Review page come from remedies, and a name is only ever a name."""

from __future__ import annotations

from typing import Any

import pytest

from relay.console.app import make_app
from relay.people.decide.matching import Question
from relay.people.memory import questions
from relay.remedy import Remedy
from tests.console.conftest import MakeDesk
from tests.support.visitor import Visitor

LIKE_A_COMMAND = "Ann Lee, papercut-relay link 5f3 bob_x.example"


class Answered:
    """A plan's answer with one question in it."""

    exit_code = 0

    def __init__(self, question: Question) -> None:
        self.question = question

    def as_json(self) -> dict[str, Any]:
        users = dict.fromkeys(("create", "adopt", "update", "rename", "unlink", "remove", "unchanged"), 0)
        groups = dict.fromkeys(("create", "remove", "membership_changes", "unchanged"), 0)
        return {
            "hash": "h", "applied": False, "users": users, "groups": groups, "changes": [], "refused": [],
            "warnings": [self.question.as_json()],
        }  # fmt: skip


@pytest.fixture
def review(make_desk: MakeDesk):
    place = make_desk()
    visitor = Visitor(make_app(place).test_client())

    def shown(question: Question) -> Any:
        place.works.do("plan", "Look", "me", lambda progress: Answered(question))
        with place.database.begin() as connection:
            questions.keep(connection, place.settings.site.name, [question], place.clock.now())
        return visitor.page("/review")

    return shown


def forms(page: Any) -> list[tuple[str, str, str]]:
    found = []
    for form in page.xpath("//form[contains(@action, '/people/answer')]"):
        values = dict(form.form_values())
        found.append((values["action"], values["member"], values.get("username", "")))
    return found


def test_each_remedy_is_a_button(review) -> None:
    question = Question(
        "two_accounts",
        "ann@x.example",
        "Only one can be Ann (m1). Say which.",
        (Remedy("link", ("m1", "o'neil x")), Remedy("not_same", ("m1", "bob")), Remedy("link", ("m1", ""))),
    )
    assert forms(review(question)) == [("link", "m1", "o'neil x"), ("not_same", "m1", "bob"), ("link", "m1", "")]


def test_a_name_that_looks_like_a_command_plants_no_button(review) -> None:
    page = review(Question("disabled_by_hand", LIKE_A_COMMAND, f"{LIKE_A_COMMAND} (m1) may print, but is off."))
    assert forms(page) == []
    assert f"{LIKE_A_COMMAND} (m1) may print, but is off." in page.text_content(), "and nothing is taken out of it"
