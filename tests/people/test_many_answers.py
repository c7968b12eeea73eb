"""Many account names given at once, each checked, and an answer taken back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from relay import people
from relay.errors import UsageError
from tests.support.people_site import PeopleSite


@pytest.fixture
def nameless(site: Callable[..., PeopleSite]) -> tuple[PeopleSite, list[str]]:
    """A site that has looked, with members without an address."""
    one = site(members=12)
    members = [member for member in one.pair.organisation.members if member.status == "active"][:5]
    for member in members:
        one.pair.officernd.state.change_member(member.id, email="")
    one.before = one.plan().as_json()["users"]["create"]
    return one, [member.id for member in members]


def asked(one: PeopleSite) -> dict[str, bool]:
    with one.context.database.connect() as connection:
        found = people.asked(connection, one.context.name)
    return {member_id: bool(item.answered_at) for item in found for member_id in item.member_ids}


def test_names_are_given_at_once_and_each_that_cannot_be_is_told(nameless: tuple[PeopleSite, list[str]]) -> None:
    one, (ann, bob, cid, dan, eve) = nameless
    one.pair.papercut.state.add_user("there")
    done = people.name_new_accounts(
        one.context, {ann: "Ann.Lee", bob: "there", cid: "twin", dan: "twin", eve: "a/b", "nobody": "x"}
    )
    assert done.done == {ann: "ann.lee"}
    assert {member: why.split(":")[0] for member, why in done.refused.items()} == {
        bob: "PaperCut already has an account there",
        cid: "twin is given here more than once",
        dan: "twin is given here more than once",
        eve: "'a/b' cannot be a PaperCut username",
        "nobody": "There is no longer a question about this person",
    }
    assert [member for member, is_over in asked(one).items() if is_over] == [ann]
    assert (
        people.name_new_accounts(one.context, {bob: "ann.lee"})
        .refused[bob]
        .startswith("ann.lee already belongs to somebody else")
    )
    assert one.plan().as_json()["users"]["create"] == one.before + 1
    assert ann not in asked(one)


def test_an_answer_is_taken_back_until_a_reading_has_seen_it(nameless: tuple[PeopleSite, list[str]]) -> None:
    one, (ann, bob, *_) = nameless
    people.name_new_accounts(one.context, {ann: "ann.lee", bob: "bob"})
    people.take_back(one.context, ann)
    assert (asked(one)[ann], asked(one)[bob]) == (False, True)
    with pytest.raises(UsageError, match="already been acted on or taken back"):
        people.take_back(one.context, ann)
    assert one.plan().as_json()["users"]["create"] == one.before + 1
    with pytest.raises(UsageError):
        people.take_back(one.context, bob)
