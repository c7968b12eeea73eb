"""Decisions and plans: what becomes of whom, why, and what a limit holds back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from relay.officernd import model
from relay.people.decide import cards
from relay.people.decide.plan import SyncPlan, plan
from relay.people.decide.usernames import with_suffix
from relay.people.directory import DirectoryUser
from relay.people.ready import assess
from relay.people.world import CompanyGroup, World, one_line
from tests.support.people_values import ELSEWHERE, HERE, NOW, account, linked, member, settings_for, world

INDIVIDUAL, EVERYONE = "[Individual Member]", "[OfficeRnD Members]"
UNLINKED, BLOCKED = "UNLINKED_MEMBERS_TO_OFFICERND", "[OfficeRnD Not Allowed]"


@pytest.fixture
def planned(tmp_path: Path):
    def run(made: World, allow: tuple[str, ...] = (), only: set[str] | None = None, **sections: dict) -> SyncPlan:
        return plan(made, settings_for(tmp_path, **sections), NOW, allow=allow, only=only)

    return run


def settled(number: int = 1, **fields) -> dict:
    """Return an account as a finished sync leaves it for `member(number, f"P{number}")`."""
    return {"full_name": f"P{number}", "email": f"p{number}@example.com", "office": "Sofia", **fields}


def crowd(count: int, leaving: int = 0, moving: int = 0) -> World:
    """Return a settled world of `count` people, of whom some have just left and some have another name now."""
    people, accounts, links = [], [], []
    for number in range(1, count + 1):
        status = "former" if number <= leaving else "active"
        name = f"P{number}" if not leaving < number <= leaving + moving else f"New P{number}"
        people.append(member(number, name, f"p{number}@example.com", status=status))
        accounts.append(account(f"p{number}", **settled(number)))
        links.append(linked(f"m{number}", f"p{number}", email=f"p{number}@example.com"))
    everybody = [one.username for one in accounts]
    return world(people, accounts, links=links, groups={INDIVIDUAL: everybody, EVERYONE: everybody}, synced_at=NOW)


def user(made: SyncPlan, username: str) -> DirectoryUser:
    return next(one for one in made.directory.users if one.username == username)


def actions(made: SyncPlan) -> list[tuple[str, str | None]]:
    return [(change.action, change.username) for change in made.changes]


def test_a_new_member_gets_an_account_in_the_companys_group(planned) -> None:
    made = planned(world([member(1, "Ann Lee", company="c1")], companies={"c1": "Acme"}))
    assert made.users["create"] == 1
    assert user(made, "ann.lee_example.com") == DirectoryUser(
        username="ann.lee_example.com",
        full_name="Ann Lee",
        email="ann.lee@example.com",
        department="Acme",
        office="Sofia",
        groups=("Acme", EVERYONE),
        member_id="m1",
        logins=("ann.lee@example.com",),
    )
    assert made.new_groups == ("Acme", EVERYONE)
    assert made.groups == {"create": 2, "remove": 0, "membership_changes": 0, "unchanged": 0}


def test_somebody_without_company_is_in_the_individual_group(planned) -> None:
    assert user(planned(world([member()])), "ann.lee_example.com").groups == (INDIVIDUAL, EVERYONE)


def test_a_settled_world_plans_nothing(planned) -> None:
    made = planned(crowd(3))
    assert made.is_empty and made.changes == ()
    assert made.users == {"create": 0, "adopt": 0, "update": 0, "rename": 0, "unlink": 0, "remove": 0, "unchanged": 3}


def test_an_adopted_account_keeps_all_that_officernd_does_not_know(planned) -> None:
    held = account(
        "ann",
        full_name="Ann",
        email="ann.lee@example.com",
        department="Sales",
        office="Old",
        primary_card="1",
        other_emails="x@y.example",
        secondary_card="2",
        alias="al",
        home="\\\\srv\\ann",
        balance=-5_000_000,
    )
    made = planned(world([member()], [held], groups={"Chess": ["ann"]}, record_fields=10))
    one = user(made, "ann")
    assert (one.primary_card, one.secondary_card, one.alias, one.home) == ("1", "2", "al", "\\\\srv\\ann")
    assert (one.other_emails, one.department, one.office) == ("x@y.example", "Sales", "Sofia")
    assert one.groups == ("Chess", INDIVIDUAL, EVERYONE)
    assert one.logins == ("ann.lee@example.com", "al")
    assert [change.action for change in made.changes if change.username] == ["adopt"]


def test_a_member_without_address_keeps_the_one_in_papercut(planned) -> None:
    made = planned(world([member(1, email="")], [account("ann", email="a@b.example")], links=[linked("m1", "ann")]))
    assert user(made, "ann").email == "a@b.example"
    assert assess(made)["without_email"] == ["Ann Lee: OfficeRnD holds no e-mail address"]


def test_leaving_a_company_clears_the_department_that_was_ours_and_no_other(planned) -> None:
    def department(held: str) -> str:
        return user(
            planned(
                world(
                    [member()],
                    [account("ann", department=held)],
                    links=[linked("m1", "ann", company_id="c1", company_name="Acme")],
                )
            ),
            "ann",
        ).department

    assert department("Acme") == ""
    assert department("Research") == "Research"


def in_acme(companies: dict[str, str], company: str) -> World:
    """Return P1, until now in the group Acme that we made for the company c1."""
    return world(
        [member(1, "P1", "p1@example.com", company=company)],
        [account("p1", **settled(department="Acme"))],
        companies=companies,
        links=[linked("m1", "p1", company_id="c1", company_name="Acme", email="p1@example.com")],
        groups={"Acme": ["p1"], EVERYONE: ["p1"]},
        ours=[CompanyGroup("Acme", "c1", "acme", True)],
    )


def test_a_company_change_moves_the_person(planned) -> None:
    made = planned(in_acme({"c1": "Acme", "c2": "Best"}, "c2"))
    assert actions(made) == [("update", "p1"), ("group_create", None), ("group_remove", None)]
    assert user(made, "p1").groups == ("Best", EVERYONE)
    assert user(made, "p1").department == "Best"
    assert made.groups_to_remove == ("Acme",)


def test_a_renamed_company_takes_its_group_along(planned) -> None:
    made = planned(in_acme({"c1": "Bigger Acme"}, "c1"))
    assert made.new_groups == ("Bigger Acme",) and made.groups_to_remove == ("Acme",)
    assert set(made.group_rows) == {"Bigger Acme"}


def test_a_group_taken_over_is_left_when_it_is_empty(planned) -> None:
    made = in_acme({"c1": "Acme", "c2": "Best"}, "c2")
    row = CompanyGroup("Acme", "c1", "acme", False)
    made = replace(made, memory=replace(made.memory, groups={"Acme": row}))
    assert planned(made).groups_to_remove == ()
    assert "Acme" in planned(made).directory.groups


def test_the_changed_fields_stand_before_and_after(planned) -> None:
    made = planned(crowd(3, moving=1))
    (change,) = made.changes
    assert change.as_json() == {
        "action": "update",
        "username": "p1",
        "member_id": "m1",
        "reason": "changed: full_name",
        "before": {"full_name": "P1"},
        "after": {"full_name": "New P1"},
    }


@pytest.mark.parametrize(
    ("policy", "disable", "delete"), [("keep", None, False), ("disable", True, False), ("delete", None, True)]
)
def test_who_leaves_is_treated_as_the_settings_say(planned, policy: str, disable: bool, delete: bool) -> None:
    made = planned(crowd(3, leaving=1), members={"departed": policy})
    assert made.users["remove"] == 1
    gone = made.people[0]
    assert (gone.username, gone.disable, gone.delete) == ("p1", disable, delete)
    if delete:
        assert "p1" not in {one.username for one in made.directory.users}
    else:
        assert user(made, "p1").groups == (BLOCKED,)
        assert user(made, "p1").standing == "excluded"
        assert user(made, "p1").reason == "the status former is not one of active"


def test_who_left_officernd_altogether_has_departed(planned) -> None:
    made = crowd(3)
    members = {key: value for key, value in made.officernd.members.items() if key != "m2"}
    found = planned(replace(made, officernd=replace(made.officernd, members=members)))
    assert user(found, "p2").standing == "departed"
    assert found.changes[0].reason == "is no longer in OfficeRnD"


@pytest.mark.parametrize("money", ["balance", "movement"])
def test_nobody_with_money_is_deleted_and_waiting_is_no_change(planned, money: str) -> None:
    balance = -10_000 if money == "balance" else 0
    gone = account("p1", **settled(balance=balance, disabled=True))
    made = world(
        [member(1, "P1", "p1@example.com", status="former")],
        [gone],
        links=[linked("m1", "p1", standing="excluded", email="p1@example.com")],
        groups={BLOCKED: ["p1"]},
        disabled=frozenset({"p1"}),
        open_movements=frozenset({"p1"} if money == "movement" else ()),
    )
    found = planned(made, members={"departed": "delete"})
    assert found.is_empty and found.changes == ()
    assert [one.code for one in found.warnings] == ["waiting_for_balance"]
    assert user(found, "p1").standing == "excluded"


def test_the_hash_does_not_depend_on_money(planned) -> None:
    made = world([member()], [account("ann", email="ann.lee@example.com")])
    rich = world([member()], [account("ann", email="ann.lee@example.com", balance=7)])
    assert planned(made).hash == planned(rich).hash
    assert planned(made).hash != planned(world([member()])).hash


def test_who_returns_is_enabled_only_where_we_switched_it_off(planned) -> None:
    def back(disabled_by_us: bool) -> SyncPlan:
        return planned(
            world(
                [member(1, "P1", "p1@example.com")],
                [account("p1", **settled(disabled=True))],
                links=[linked("m1", "p1", standing="excluded", email="p1@example.com")],
                groups={BLOCKED: ["p1"], "Chess": ["p1"]},
                disabled=frozenset({"p1"} if disabled_by_us else ()),
            )
        )

    ours = back(True)
    assert ours.people[0].disable is False
    assert ours.people[0].change.reason == "may print again"
    assert user(ours, "p1").groups == ("Chess", INDIVIDUAL, EVERYONE)
    theirs = back(False)
    assert theirs.people[0].disable is None
    assert [one.code for one in theirs.warnings] == ["disabled_by_hand"]


def test_an_unknown_account_goes_to_the_unlinked_group_and_keeps_its_own(planned) -> None:
    made = planned(world([], [account("cleaner")], groups={"Chess": ["cleaner"], "[Individual Members]": ["cleaner"]}))
    assert actions(made)[0] == ("unlink", "cleaner")
    assert user(made, "cleaner").groups == ("Chess", UNLINKED)
    assert user(made, "cleaner").standing == "unlinked"


def test_internal_users_are_not_answered_and_keep_their_groups(planned) -> None:
    made = planned(world([member()], [account("desk", internal=True)], groups={"Chess": ["desk"]}))
    assert [one.username for one in made.directory.users] == ["ann.lee_example.com"]
    assert made.directory.echoed == (("Chess", "desk"),)
    assert "Chess" not in made.changed_groups and "Chess" not in made.groups_to_remove


def test_what_is_not_ours_is_neither_planned_nor_listed(planned) -> None:
    made = planned(
        world([], [account("boss"), account("bo")], groups={"Staff": ["boss", "bo"], "Chess": ["boss"]}),
        members={"not_ours": ["Boss", "group:Staff"]},
    )
    assert [one.username for one in made.directory.users] == ["bo"]
    assert "Staff" not in made.directory.groups
    assert made.directory.echoed == (("Chess", "boss"),)


def test_an_account_in_doubt_stays_as_it_is(planned) -> None:
    made = planned(
        world(
            [member()],
            [account(name, email="ann.lee@example.com") for name in ("ann", "ann2")],
            groups={"Acme": ["ann", "ann2"]},
        )
    )
    assert made.is_empty
    assert user(made, "ann").groups == ("Acme",)


def test_a_username_that_papercut_cuts_is_kept_and_told(planned) -> None:
    made = planned(world([member()], [account("ann@x.example", email="ann.lee@example.com")]))
    assert user(made, "ann@x.example").standing == "active"
    assert [one.code for one in made.warnings] == ["at_in_username"]


def test_an_account_followed_by_address_is_a_new_link(planned) -> None:
    made = planned(
        world(
            [member()],
            [account("ann", email="ann.lee@example.com", balance=-9)],
            links=[linked("m1", "ann@x.example", opening_balance=-5)],
        )
    )
    assert actions(made)[0] == ("adopt", "ann")
    link = made.people[0].link
    assert (link.username, link.linked_at, link.made_by_us) == ("ann", None, False)  # its balance is read when applied


def test_an_account_deleted_by_hand_is_not_in_the_directory(planned) -> None:
    made = planned(world([member()], [], links=[linked("m1", "ann")]))
    assert made.is_empty and made.directory.users == ()
    assert made.people[0].link.standing == "gone"


def test_a_link_of_somebody_excluded_whose_account_is_gone_is_closed(planned) -> None:
    made = planned(world([member(status="former")], [], links=[linked("m1", "ann", standing="excluded")]))
    assert made.people[0].link.deleted_at == NOW


# -- addresses and logins


def test_an_address_that_another_account_holds_is_not_written_twice(planned) -> None:
    made = planned(world([member()], [account("desk", email="ann.lee@example.com", internal=True)]))
    one = user(made, "ann.lee_example.com")
    assert (one.email, one.signin_email) == ("", "ann.lee@example.com")
    assert one.logins == ("ann.lee@example.com",)
    assert [warning.code for warning in made.warnings] == ["email_elsewhere", "internal_user"]


def test_another_spelling_of_the_address_is_left_in_papercut_and_not_asked_with(planned) -> None:
    made = planned(world([member(email="ann@example.com")], [account("ann", email="Ann@Example.COM")]))
    one = user(made, "ann")
    assert (one.email, one.signin_email, one.logins) == ("Ann@Example.COM", "ann@example.com", ("ann@example.com",))


def test_of_two_linked_people_with_one_address_its_holder_keeps_it_and_neither_logs_in_by_it(planned) -> None:
    made = planned(
        world(
            [member(number, f"P{number}", "office@example.com") for number in (1, 2)],
            [account("p1"), account("p2", email="office@example.com")],
            links=[linked("m1", "p1"), linked("m2", "p2")],
        )
    )
    first, second = user(made, "p1"), user(made, "p2")
    assert (first.email, first.signin_email) == ("", "office@example.com")
    assert (second.email, second.signin_email) == ("office@example.com", "")
    assert first.logins == second.logins == ()


def test_the_record_of_somebody_who_left_does_not_stand_in_the_way_of_a_login(planned) -> None:
    made = planned(
        world(
            [member(1, "P1", "a@example.com", status="former"), member(2, "P2", "a@example.com")],
            [account("p1", email="a@example.com"), account("p2")],
            links=[linked("m1", "p1"), linked("m2", "p2")],
        )
    )
    assert user(made, "p2").logins == ("a@example.com",)
    assert user(made, "p1").logins == ()


# -- renames


def renamed(**fields) -> World:
    return world(
        [member(1, "P1", "new@example.com")],
        [account("p1_example.com", **settled()), *fields.pop("others", [])],
        links=[linked("m1", "p1_example.com", email=fields.pop("was", "p1@example.com"))],
        groups={INDIVIDUAL: ["p1_example.com"], EVERYONE: ["p1_example.com"]},
        **fields,
    )


def test_an_address_change_renames_nothing_by_itself(planned) -> None:
    made = planned(renamed())
    assert actions(made) == [("update", "p1_example.com")]
    assert made.people[0].link.email == "new@example.com"


def test_an_address_change_renames_where_the_settings_follow_it(planned) -> None:
    made = planned(renamed(), members={"rename": "follow_email"})
    assert actions(made) == [("rename", "p1_example.com")]
    change = made.changes[0]
    assert (change.before["username"], change.after["username"]) == ("p1_example.com", "new_example.com")
    assert user(made, "new_example.com").groups == (INDIVIDUAL, EVERYONE)
    assert made.changed_groups == ()  # the groups go along with the account


def test_following_addresses_renames_nobody_whose_address_stayed(planned) -> None:
    assert planned(renamed(was="new@example.com"), members={"rename": "follow_email"}).users["rename"] == 0


def test_a_rename_never_takes_a_name_that_is_there(planned) -> None:
    made = planned(
        renamed(others=[account("new_example.com", email="x@y.example")]), members={"rename": "follow_email"}
    )
    assert made.people[1].rename_to.startswith("new_example.com-")
    assert "name_taken" in {one.code for one in made.warnings}


def test_the_name_that_a_rename_tells_is_the_one_that_is_given(planned) -> None:
    """Also where somebody has the name with its suffix already."""
    suffixed = with_suffix("new_example.com", "m1")
    others = [account(name, email=f"x{number}@y.example") for number, name in enumerate(("new_example.com", suffixed))]
    made = planned(renamed(others=others), members={"rename": "follow_email"})
    (given,) = [one.rename_to for one in made.people if one.rename_to]
    assert given not in ("new_example.com", suffixed)
    (told,) = [one.message for one in made.warnings if one.code == "name_taken"]
    assert told.endswith(f"gets {given}.")


def test_a_leavers_account_that_staff_renamed_is_followed_though_nothing_of_it_changes(planned) -> None:
    made = planned(
        world(
            [member(1, "P1", "p1@example.com", status="former")],
            [account("px", **settled(disabled=True))],
            links=[linked("m1", "px", email="p1@example.com", standing="excluded")],
            groups={BLOCKED: ["px"]},
            disabled=frozenset({"px"}),
            renamed_from={"m1": "p1"},
        )
    )
    assert [(change.action, change.before, change.after) for change in made.changes] == [
        ("adopt", {"username": "p1"}, {"username": "px"})
    ]


def test_somebody_whose_account_has_just_been_found_is_not_renamed_too(planned) -> None:
    made = renamed()
    found = linked("m1", "p1_example.com", email="p1@example.com", linked_at=None)
    made = planned(replace(made, memory=replace(made.memory, links={"m1": found})), members={"rename": "follow_email"})
    assert not [one for one in made.people if one.rename_to]


def test_the_second_of_two_companies_of_one_name_is_told_its_group(planned) -> None:
    people = [member(1, "P1", "p1@example.com", company="c1"), member(2, "P2", "p2@example.com", company="c2")]
    made = planned(world(people, companies={"c1": "Acme", "c2": "Acme"}))
    (told,) = [one for one in made.warnings if one.code == "group_name_taken"]
    groups = {name for one in ("p1_example.com", "p2_example.com") for name in user(made, one).groups} - {EVERYONE}
    assert len(groups) == 2 and {told.subject} == groups - {"Acme"}


# -- cards


def test_a_newcomer_gets_the_account_with_the_card(planned) -> None:
    made = planned(
        world([member(1, "P1", "p1@example.com", properties={"card": "0012 34"})]), members={"card_property": "card"}
    )
    made_for = made.changes[0]
    assert (made_for.action, made_for.after["primary_card"]) == ("create", "001234")
    assert user(made, "p1_example.com").primary_card == made.people[0].card == "001234"


def carded(value: str, *others, written: str = "", **fields) -> World:
    return world(
        [member(1, "P1", "p1@example.com", properties={"card": value})],
        [account("p1", **settled(**fields)), *others],
        links=[linked("m1", "p1", email="p1@example.com", cards_written=written)],
        groups={INDIVIDUAL: ["p1"], EVERYONE: ["p1"]},
    )


def test_a_card_is_written_from_the_property_and_never_blanked(planned) -> None:
    section = {"members": {"card_property": "card"}}
    made = planned(carded("0012 34"), **section)
    assert made.people[0].card == "001234"
    assert user(made, "p1").primary_card == "001234"
    assert planned(carded("001234", primary_card="001234"), **section).is_empty
    assert planned(carded("", primary_card="9"), **section).is_empty
    assert planned(carded("001234", primary_card="9")).is_empty


def test_a_card_of_somebody_else_is_not_written(planned) -> None:
    other = account("bo", secondary_card="001234", email="bo@x.example")
    made = planned(carded("001234", other), members={"card_property": "card"})
    assert made.people[1].card == ""
    assert "card_taken" in {one.code for one in made.warnings}


@pytest.mark.parametrize("field", ["primary", "secondary"])
def test_a_card_that_somebody_else_wrote_stays_and_is_asked_about(planned, field: str) -> None:
    section = {"members": {"card_property": "card", "card_field": field}}
    made = planned(carded("0012345678", **{f"{field}_card": "99887766"}), **section)
    assert made.people[0].card == "" and getattr(user(made, "p1"), f"{field}_card") == "99887766"
    (question,) = [one for one in made.warnings if one.code == "card_occupied"]
    assert "…5678" in question.message and "…7766" in question.message
    assert "0012345678" not in question.message and "99887766" not in question.message


@pytest.mark.parametrize(("field", "other"), [("primary", "secondary"), ("secondary", "primary")])
def test_only_the_field_that_is_ours_is_written(planned, field: str, other: str) -> None:
    section = {"members": {"card_property": "card", "card_field": field}}
    made = planned(carded("001234", **{f"{other}_card": "77"}), **section)
    assert made.people[0].card == "001234"
    assert (getattr(user(made, "p1"), f"{field}_card"), getattr(user(made, "p1"), f"{other}_card")) == ("001234", "77")
    assert planned(carded("001234", **{f"{other}_card": "001234"}), **section).is_empty  # it opens already


def test_a_number_of_our_own_is_replaced(planned) -> None:
    section = {"members": {"card_property": "card", "card_field": "secondary"}}
    first = planned(carded("1111"), **section).people[0].link
    assert first and "1111" not in first.cards_written
    second = planned(carded("2222", written=first.cards_written, secondary_card="1111"), **section)
    assert second.people[0].card == "2222" and second.warnings == ()
    # Killed before or after the writing: one of the two is there, and both are ours.
    for present in ("1111", "2222"):
        again = planned(carded("3333", written=second.people[0].link.cards_written, secondary_card=present), **section)
        assert again.people[0].card == "3333"
    third = planned(carded("2222", written=first.cards_written, secondary_card="5"), **section)
    assert [one.code for one in third.warnings] == ["card_occupied"]


def test_what_we_wrote_for_somebody_else_is_not_ours_here(planned) -> None:
    section = {"members": {"card_property": "card"}}
    made = planned(carded("2222", written=cards.digest("m2", "1111"), primary_card="1111"), **section)
    assert made.people[0].card == ""


@pytest.mark.parametrize(("card", "told"), [("0012345678", "…5678"), ("12345", "…45"), ("7", "…"), ("", "…")])
def test_a_question_tells_no_more_than_half_of_a_number(card: str, told: str) -> None:
    assert cards.tail(card) == told


# -- limits


def test_too_many_removals_are_held_and_the_rest_goes_on(planned) -> None:
    made = planned(crowd(30, leaving=4, moving=2))
    assert [one.code for one in made.refused] == ["max_removals_percent"]
    assert not made.stops and made.held == {"p1", "p2", "p3", "p4"}
    assert made.users["remove"] == 4 and made.users["update"] == 2
    assert user(made, "p1").standing == "active" and user(made, "p1").groups == (INDIVIDUAL, EVERYONE)
    assert user(made, "p5").full_name == "New P5"
    assert planned(crowd(30, leaving=3)).refused == ()


def test_removals_alone_leave_nothing_to_do(planned) -> None:
    made = planned(crowd(30, leaving=4))
    assert made.held and made.is_empty
    assert not planned(crowd(30, leaving=4), ("max_removals_percent",)).is_empty


def test_the_hash_is_the_same_with_and_without_allow(planned) -> None:
    made = crowd(30, leaving=4)
    assert planned(made).hash == planned(made, ("max_removals_percent",)).hash


def test_too_many_changes_refuse_everything(planned) -> None:
    assert not planned(crowd(30, moving=9)).stops
    made = planned(crowd(30, moving=10))
    assert made.stops and [one.code for one in made.refused] == ["max_changes_percent"]
    assert (made.refused[0].count, made.refused[0].limit) == (10, 9)


def test_creations_and_adoptions_do_not_count(planned) -> None:
    made = crowd(30)
    new = {f"m{number}": member(number, f"N{number}") for number in range(100, 200)}
    grown = replace(made, officernd=replace(made.officernd, members={**made.officernd.members, **new}))
    assert planned(grown).refused == () and planned(grown).users["create"] == 100


def test_what_an_interrupted_adoption_left_does_not_count_for_a_week(planned) -> None:
    made = crowd(30, leaving=2, moving=20)
    for finished in (None, NOW - timedelta(days=1)):
        begun = replace(made, memory=replace(made.memory, synced_at=finished))
        assert planned(begun).refused == ()
        old = {key: replace(link, linked_at=NOW - timedelta(days=7)) for key, link in begun.memory.links.items()}
        forgotten = replace(begun, memory=replace(begun.memory, links=old, synced_at=None))
        assert planned(forgotten).stops


# -- one person


def test_one_person_alone_leaves_everybody_else_as_they_are(planned) -> None:
    made = planned(crowd(3, leaving=1, moving=2), only={"m2"})
    assert actions(made) == [("update", "p2")]
    assert user(made, "p1").standing == "active"
    assert user(made, "p3").full_name == "P3"


# -- bad data and the outside


def test_names_have_no_line_ends_and_no_control_characters(planned) -> None:
    made = planned(world([member(1, "Ann\tLee\r\nJr", "ann@example.com", company="c1")], companies={"c1": "A\x00B"}))
    assert user(made, "ann_example.com").full_name == "Ann Lee Jr"
    assert user(made, "ann_example.com").department == "AB"


def test_a_very_long_company_name_is_cut(planned) -> None:
    made = planned(world([member(company="c1")], companies={"c1": "x" * 300}))
    assert len(user(made, "ann.lee_example.com").department) == 100
    assert len(made.new_groups[1]) == 100


def test_a_group_whose_name_is_no_line_is_left_alone(planned) -> None:
    made = planned(world([member(company="c1")], companies={"c1": "Tab\tbed"}, groups={"Tab\tbed": ["x"]}))
    assert made.directory.groups == ("Tab bed", EVERYONE)
    assert "group_name_unusable" in {one.code for one in made.warnings}


def test_a_companys_other_location_gives_the_office_of_who_has_none(planned) -> None:
    made = planned(world([member(location="", company="c1")], companies={"c1": "Acme"}, company_location=ELSEWHERE))
    assert user(made, "ann.lee_example.com").office == "Plovdiv"


def test_the_plan_as_json_has_the_contracts_fields(planned) -> None:
    answer = json.loads(json.dumps(planned(crowd(30, leaving=4)).as_json()))
    assert list(answer) == ["hash", "applied", "everybody", "users", "groups", "changes", "warnings", "refused"]
    assert answer["applied"] is False
    assert list(answer["users"]) == ["create", "adopt", "update", "rename", "unlink", "remove", "unchanged"]
    assert list(answer["groups"]) == ["create", "remove", "membership_changes", "unchanged"]
    assert all(
        list(change) == ["action", "username", "member_id", "reason", "before", "after"] for change in answer["changes"]
    )
    assert {change["username"] for change in answer["changes"] if change["action"].startswith("group")} == {None}
    assert list(answer["refused"][0]) == ["code", "message", "count", "limit", "remedies"]


def test_one_line_is_what_a_record_can_carry() -> None:
    assert one_line("  a\t b\u2028c\u200b ") == "a b c"


@pytest.mark.parametrize("value", [["4711"], True, False, {"number": "4711"}])
def test_a_list_or_a_yes_or_no_is_no_card_and_no_pin(planned, value: object) -> None:
    record = {"_id": "m1", "name": "P1", "email": "p1@example.com", "status": "active", "location": HERE}
    odd = model.member(record | {"properties": {"card": value, "pin": value, "size": 42.0}})
    assert (odd.properties, odd.unusable) == ({"size": "42"}, ("card", "pin"))
    made = planned(
        replace(carded("1"), officernd=replace(carded("1").officernd, members={"m1": odd})),
        members={"card_property": "card"},
        signin={"pin_property": "pin"},
    )
    assert [one.code for one in made.warnings] == ["card_unusable", "pin_unusable"]
    assert made.people[0].card == ""
