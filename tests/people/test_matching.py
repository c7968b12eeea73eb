"""Who is who: the surest evidence first, and a question wherever there are two answers."""

from __future__ import annotations

import pytest

from relay.people.decide.matching import Matching
from relay.people.decide.usernames import with_suffix
from tests.support.people_values import NOW, account, linked, member, world


def codes(found: Matching) -> list[str]:
    return [one.code for one in found.warnings]


def test_a_stored_link_goes_before_everything(matched) -> None:
    made = world(
        [member(1, email="new@example.com")],
        [account("old-name"), account("new_example.com", email="new@example.com")],
        links=[linked("m1", "old-name")],
    )
    found = matched(made)
    assert found.accounts == {"m1": "old-name"}
    assert found.adopted == set()
    assert found.unlinked == ["new_example.com"]


def test_the_e_mail_finds_an_account_of_any_name_in_any_case(matched) -> None:
    found = matched(world([member(1, email="ann@example.com")], [account("printer-ann", email="Ann@Example.COM")]))
    assert found.accounts == {"m1": "printer-ann"}
    assert found.adopted == {"m1"}


@pytest.mark.parametrize(
    ("rule", "username"),
    [("email_underscore", "ann_example.com"), ("email_local", "ann_example.com"), ("email_local", "ann")],
)
def test_without_e_mail_the_exact_name_of_the_rule_or_the_connector_is_adopted(
    matched, rule: str, username: str
) -> None:
    found = matched(world([member(1, "Ann", "ann@example.com")], [account(username)]), rule)
    assert found.accounts == {"m1": username}


def test_a_name_with_another_address_is_somebody_else(matched) -> None:
    made = world([member(1, "Ann", "ann@example.com")], [account("ann_example.com", email="anna@other.example")])
    found = matched(made)
    assert found.new == {"m1": with_suffix("ann_example.com", "m1")}
    assert codes(found) == ["name_taken"]
    assert found.unlinked == ["ann_example.com"]


def test_an_internal_user_is_never_linked_by_name_or_address(matched) -> None:
    by_name = matched(world([member(1, "Ann", "ann@example.com")], [account("ann_example.com", internal=True)]))
    assert by_name.new == {"m1": with_suffix("ann_example.com", "m1")}
    assert by_name.unlinked == []
    by_email = matched(
        world([member(1, "Ann", "ann@example.com")], [account("desk", email="ann@example.com", internal=True)])
    )
    assert by_email.new == {"m1": "ann_example.com"}
    assert codes(by_email) == ["internal_user"]


def test_a_bare_name_of_another_person_is_not_taken_over(matched) -> None:
    made = world([member(1, "Ann Lee", "reception@example.com")], [account("reception", full_name="Front Desk")])
    assert matched(made, "email_local").new == {"m1": with_suffix("reception", "m1")}
    same = world([member(1, "Ann Lee", "reception@example.com")], [account("reception", full_name="ann  LEE")])
    assert matched(same, "email_local").accounts == {"m1": "reception"}


def test_two_accounts_with_the_address_are_a_question(matched) -> None:
    made = world(
        [member(1, "Ann", "ann@example.com")],
        [account("ann", email="ann@example.com"), account("ann2", email="ann@example.com")],
    )
    found = matched(made)
    assert found.accounts == {} and found.new == {} and found.unlinked == []
    assert set(found.doubtful) == {"ann", "ann2"}
    assert codes(found) == ["two_accounts"]
    assert [(remedy.action, *remedy.arguments) for remedy in found.warnings[0].remedies] == [
        ("link", "m1", "ann"),
        ("link", "m1", "ann2"),
        ("not_same", "m1", "ann"),
        ("not_same", "m1", "ann2"),
    ]
    assert found.warnings[0].facts == {"member_id": "m1", "accounts": ["ann", "ann2"]}


def test_not_same_leaves_one_of_two(matched) -> None:
    made = world(
        [member(1, "Ann", "ann@example.com")],
        [account("ann", email="ann@example.com"), account("ann2", email="ann@example.com")],
        denied=frozenset({("m1", "ann2")}),
    )
    found = matched(made)
    assert found.accounts == {"m1": "ann"}
    assert found.unlinked == ["ann2"]


def test_two_names_that_fit_are_a_question(matched) -> None:
    made = world([member(1, "Ann", "ann@example.com")], [account("ann"), account("ann_example.com")])
    assert codes(matched(made, "email_local")) == ["two_accounts"]


def test_an_account_that_two_members_could_have_is_a_question_for_both(matched) -> None:
    made = world([member(1, "A", "a/b@example.com"), member(2, "B", "a_b@example.com")], [account("a_b_example.com")])
    found = matched(made)
    assert codes(found) == ["two_members", "two_members"]
    assert found.accounts == {} and found.new == {}


def test_a_shared_address_is_a_question_with_all_names_and_a_way_to_answer(matched) -> None:
    made = world(
        [member(1, "Ann", "office@example.com"), member(2, "Bo", "Office@example.com"), member(3, "Cy")],
        [account("office_example.com", email="office@example.com")],
    )
    found = matched(made)
    assert set(found.doubts) == {"m1", "m2"}
    assert found.new == {"m3": "cy_example.com"}
    assert set(found.doubtful) == {"office_example.com"}
    assert "Bo (m2)" in found.warnings[0].message
    assert [(remedy.action, *remedy.arguments) for remedy in found.warnings[0].remedies] == [
        ("link", "m1", "office_example.com")
    ]


def test_of_many_who_share_an_address_three_are_named(matched) -> None:
    found = matched(world([member(number, name, "office@example.com") for number, name in enumerate("ABCDEF")]))
    assert "together with B (m1), C (m2), D (m3) and 2 more, so nothing is guessed" in found.warnings[0].message


def test_somebody_who_is_gone_is_named_by_id(matched) -> None:
    made = world([member(1)], [account("old-name", internal=True)], links=[linked("m9", "old-name")])
    (question,) = matched(made).warnings
    assert question.message.startswith("The account old-name of m9 (a former member) is an internal user now")


def test_answers_to_a_shared_address_give_each_their_account(matched) -> None:
    made = world(
        [member(1, "Ann", "office@example.com"), member(2, "Bo", "office@example.com")],
        [account("office_example.com", email="office@example.com")],
        answers={"m1": "office_example.com", "m2": "bo"},
    )
    found = matched(made)
    assert found.accounts == {"m1": "office_example.com"}
    assert found.new == {"m2": "bo"}
    assert found.warnings == []


def test_a_newcomer_with_a_linked_members_address_is_asked_about_and_the_other_goes_on(matched) -> None:
    made = world(
        [member(1, "Ann", "office@example.com"), member(2, "Bo", "office@example.com")],
        [account("ann", email="office@example.com")],
        links=[linked("m1", "ann")],
    )
    found = matched(made)
    assert found.accounts == {"m1": "ann"}
    assert set(found.doubts) == {"m2"}


def test_an_address_shared_with_somebody_who_left_is_no_question(matched) -> None:
    made = world(
        [member(1, "Ann", "office@example.com"), member(2, "Bo", "office@example.com", status="former")],
        [account("office_example.com", email="office@example.com")],
    )
    found = matched(made)
    assert found.accounts == {"m1": "office_example.com"}
    assert found.warnings == []


def test_an_answer_that_names_a_foreign_account_is_told(matched) -> None:
    made = world([member(1)], [account("desk", internal=True)], answers={"m1": "desk"})
    found = matched(made)
    assert codes(found) == ["answer_unusable"]
    assert found.accounts == {} and found.new == {}


def test_an_account_deleted_by_hand_stays_deleted(matched) -> None:
    found = matched(world([member(1)], [], links=[linked("m1", "ann.lee_example.com")]))
    assert found.gone == {"m1": "ann.lee_example.com"}
    assert found.new == {} and codes(found) == ["deleted_by_hand"]


def test_an_account_renamed_by_hand_is_followed_by_its_address(matched) -> None:
    made = world(
        [member(1, email="ann@example.com")],
        [account("ann", email="ann@example.com")],
        links=[linked("m1", "ann@example.com")],
    )
    found = matched(made)
    assert found.accounts == {"m1": "ann"} and found.gone == {} and found.unlinked == []


def test_an_account_never_seen_is_made_under_its_reserved_name(matched) -> None:
    found = matched(world([member(1)], [], links=[linked("m1", "chosen", linked_at=None, made_by_us=True)]))
    assert found.new == {"m1": "chosen"}


def test_a_returned_member_whose_account_was_deleted_gets_the_old_name(matched) -> None:
    found = matched(world([member(1)], [], links=[linked("m1", "old-name", deleted_at=NOW)]))
    assert found.new == {"m1": "old-name"}


def test_a_name_reserved_for_somebody_else_is_not_given_again(matched) -> None:
    made = world([member(2, "Ann", "ann@example.com")], links=[linked("m1", "ann_example.com", deleted_at=NOW)])
    assert matched(made).new == {"m2": with_suffix("ann_example.com", "m2")}


def test_an_alias_is_a_taken_name_too(matched) -> None:
    made = world(
        [member(1, "Ann", "ann@example.com")], [account("someone", alias="Ann_Example.com", email="x@y.example")]
    )
    assert matched(made).new == {"m1": with_suffix("ann_example.com", "m1")}


def test_two_new_members_whose_names_collide_get_one_suffix_whatever_the_order(matched) -> None:
    people = [member(1, "A", "a/b@example.com"), member(2, "B", "a_b@example.com")]
    expected = {"m1": "a_b_example.com", "m2": with_suffix("a_b_example.com", "m2")}
    assert matched(world(people)).new == expected
    assert matched(world(reversed(people))).new == expected


@pytest.mark.parametrize(("email", "code"), [("", "no_email"), ("nobody", "no_email")])
def test_without_an_address_there_is_no_account_but_a_word(matched, email: str, code: str) -> None:
    found = matched(world([member(1, email=email)]))
    assert found.new == {} and codes(found) == [code]
    assert set(found.not_made) == {"m1"}


def test_a_property_gives_a_name_to_somebody_without_address(matched) -> None:
    one = member(1, email="", properties={"printName": "ann"})
    assert matched(world([one]), "property:printName").new == {"m1": "ann"}
    empty = matched(world([member(1)]), "property:printName")
    assert codes(empty) == ["no_username"]


def test_accounts_of_the_excluded_are_recognised_and_linked(matched) -> None:
    made = world(
        [member(1, "Ann", "ann@example.com", status="former"), member(2, "Bo", "bo@example.com", status="lead")],
        [account("ann", email="ann@example.com"), account("bo_example.com")],
    )
    found = matched(made)
    assert found.accounts == {"m1": "ann", "m2": "bo_example.com"}
    assert found.unlinked == []


def test_an_account_of_several_excluded_people_is_known_without_a_link(matched) -> None:
    made = world(
        [member(number, f"P{number}", "all@example.com", status="former") for number in (1, 2)],
        [account("all", email="all@example.com")],
    )
    found = matched(made)
    assert found.accounts == {} and found.known == {"all": ("m1", "m2")}


def test_what_is_not_ours_is_not_touched_and_makes_no_twin(matched) -> None:
    made = world(
        [member(1, "Ann", "ann@example.com"), member(2, "Bo", "bo@example.com")],
        [account("boss", email="ann@example.com"), account("bo_example.com")],
        links=[linked("m2", "bo_example.com")],
    )
    found = matched(made, not_ours=("boss", "bo_example.com"))
    assert found.accounts == {} and found.new == {} and found.unlinked == []
    assert set(found.doubts) == {"m1", "m2"}


def test_a_departed_members_link_still_claims_the_account(matched) -> None:
    found = matched(world([], [account("ann")], links=[linked("m1", "ann")]))
    assert found.accounts == {"m1": "ann"} and found.unlinked == []


def test_a_linked_account_that_became_internal_is_a_question(matched) -> None:
    found = matched(world([member(1)], [account("ann", internal=True)], links=[linked("m1", "ann")]))
    assert codes(found) == ["internal_user"]
    assert found.accounts == {} and found.new == {}


@pytest.mark.parametrize(
    ("held", "address", "is_theirs"),
    [
        ("straße@example.com", "strasse@example.com", False),
        ("STRASSE@example.com", "strasse@example.com", True),
        ("STRAẞE@example.com", "straße@example.com", True),
        ("ΣΑΣ@example.com", "σασ@example.com", True),
        ("ﬁ@example.com", "fi@example.com", False),
        ("JOSE\u0301@example.com", "josé@example.com", True),
    ],
)
def test_case_folds_in_an_address_and_letters_do_not(matched, held: str, address: str, is_theirs: bool) -> None:
    found = matched(world([member(1, email=address)], [account("somebody", email=held)]))
    assert (found.accounts == {"m1": "somebody"}) is is_theirs


def test_a_list_is_no_username(matched) -> None:
    found = matched(world([member(1, email="", unusable=("login",))]), "property:login")
    assert codes(found) == ["username_unusable"] and found.new == {}


def test_an_answer_for_somebody_who_may_not_print_makes_no_account(matched) -> None:
    found = matched(world([member(1, status="former")], answers={"m1": "ann"}))
    assert (found.new, found.accounts, found.adopted) == ({}, {}, set())


def test_the_name_proposed_for_a_shared_address_is_nobody_elses(matched) -> None:
    people = [member(1, "Ann", "desk@example.com"), member(2, "Bo", "desk@example.com")]
    found = matched(world(people, [account("desk_example.com", email="other@example.com")]))
    proposed = {remedy.arguments[-1] for one in found.warnings for remedy in one.remedies}
    assert proposed == {with_suffix("desk_example.com", "m1"), with_suffix("desk_example.com", "m2")}


def test_an_account_that_a_question_is_about_is_not_taken_for_a_former_members(matched) -> None:
    people = [member(1, "Ann", "ann@example.com"), member(2, "Ann Old", "ann@example.com", status="former")]
    accounts = [account("ann", email="ann@example.com"), account("annie", email="ann@example.com")]
    found = matched(world(people, accounts))
    assert codes(found) == ["two_accounts"]
    assert (found.accounts, found.known, set(found.doubtful)) == ({}, {}, {"ann", "annie"})


def test_accounts_that_could_all_be_somebodys_say_how_many_others_there_are(matched) -> None:
    for others, told in ((1, "1 other account"), (2, "2 other accounts")):
        accounts = [account(f"a{number}", email="ann@example.com") for number in range(others + 1)]
        found = matched(world([member(1, "Ann", "ann@example.com")], accounts))
        assert set(found.doubtful.values()) == {f"it may be Ann's, as may {told}"}
