"""What was read back is compared with what was meant: accounts, fields, groups, and nothing that PaperCut may fill."""

from __future__ import annotations

from dataclasses import replace

from relay.people.act.verify import differences, echo_of, wanted_members
from relay.people.directory import DirectoryUser, directory_of
from tests.support.people_values import account

ANN = DirectoryUser("ann", "Ann", "ann@x.example", "Acme", "Sofia", primary_card="1", groups=("Acme",))
DIRECTORY = directory_of([ANN], ["Empty"], [("Chess", "desk")])
SAME = account("ann", full_name="Ann", email="ann@x.example", department="Acme", office="Sofia", primary_card="1")
GROUPS = {"Acme": {"ann"}, "Chess": {"desk"}, "Empty": set()}


def changed(**fields: str):
    return {"ann": replace(SAME, **fields)}


def test_what_is_as_meant_does_not_differ() -> None:
    assert not differences(DIRECTORY, {"ann": SAME}, GROUPS)


def test_every_kind_of_difference_is_named_with_whom_it_hits() -> None:
    found = differences(DIRECTORY, {}, {**GROUPS, "Acme": set()})
    assert (found.missing, found.groups) == (("ann",), ("Acme",))
    found = differences(DIRECTORY, changed(full_name="Anne", primary_card=""), {**GROUPS, "Chess": set()})
    assert found.fields == {"ann": {"full_name": "Ann", "primary_card": "1"}}
    assert found.sentences() == [
        ("ann", "ann does not have the intended full name and primary card"),
        ("Chess", "the group 'Chess' does not have the intended members"),
    ]


def test_a_stranger_in_a_group_is_a_difference() -> None:
    assert differences(DIRECTORY, {"ann": SAME}, {**GROUPS, "Empty": {"bo"}}).groups == ("Empty",)


def test_the_case_of_an_address_and_blanks_for_control_characters_are_no_difference() -> None:
    assert not differences(DIRECTORY, changed(email="Ann@X.example", office="Sofia "), GROUPS)
    odd = directory_of([DirectoryUser("ann", "An\tn")])
    assert not differences(odd, {"ann": account("ann", full_name="An n")}, {})


def test_fields_that_papercut_may_fill_are_not_compared() -> None:
    assert not differences(DIRECTORY, changed(primary_card="made"), GROUPS, new={"ann"})
    assert not differences(DIRECTORY, changed(primary_card="made"), GROUPS, echoed=False)
    assert differences(DIRECTORY, changed(primary_card="made"), GROUPS)
    assert echo_of(ANN, changed(primary_card="made")["ann"]) == {"primary_card": "made"}


def test_only_what_was_read_is_asked_about() -> None:
    assert not differences(DIRECTORY, {}, {}, users=set(), only_groups=set())


def test_members_are_users_and_echoed_names() -> None:
    assert wanted_members(DIRECTORY) == {"Acme": {"ann"}, "Chess": {"desk"}, "Empty": set()}
