"""Company names as group names: unique, stable, and never somebody else's rights."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.people.decide.group_names import LONGEST, assign, base_name
from relay.people.decide.usernames import short_hash
from relay.people.world import CompanyGroup, Memory, is_one_line, name_key

OWN = ("[Individual Member]", "[OfficeRnD Members]", "UNLINKED_MEMBERS_TO_OFFICERND", "[OfficeRnD Not Allowed]")


def names(companies, *, memory=None, listed=None, known=(), foreign=()):
    return assign(companies, memory or Memory(), listed or {}, set(known), OWN, frozenset(foreign))


def suffixed(name: str, company: str) -> str:
    return f"{name} ({short_hash(company)})"


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("Acme", "Acme"),
        ("  Acme \t  Works\n", "Acme Works"),
        ("Smith & Sons", "Smith & Sons"),
        ("[Acme]", "[Acme]"),
        ("Zero​Width", "ZeroWidth"),
        ("x" * 100, "x" * 100),
    ],
)
def test_blanks_collapse_and_control_characters_go(name: str, group: str) -> None:
    assert names({"c1": name}).by_company == {"c1": group}


def test_a_name_that_is_cut_gets_a_stable_suffix() -> None:
    group = names({"c1": "x" * 101}).by_company["c1"]
    assert len(group) == LONGEST
    assert group.endswith(f" ({short_hash('c1')})")


def test_equal_names_get_a_suffix_whatever_their_case_or_form() -> None:
    found = names({"c1": "Café", "c2": "CAFÉ", "c3": "Other"})
    assert found.by_company == {"c1": "Café", "c2": suffixed("CAFÉ", "c2"), "c3": "Other"}
    assert [one[0] for one in found.suffixed] == ["c2"]


def test_the_first_of_two_keeps_its_name_when_the_second_comes() -> None:
    first = names({"c2": "Acme"})
    second = names({"c1": "ACME", "c2": "Acme"}, memory=Memory(groups=first.rows), listed={"Acme": {"a"}})
    assert second.by_company == {"c2": "Acme", "c1": suffixed("ACME", "c1")}


@pytest.mark.parametrize(
    "name",
    ["[All Users]", "[all users]", "[Individual Members]", "[OfficeRnD Members]", "unlinked_members_to_officernd"],
)
def test_names_of_papercut_and_of_ours_are_never_given(name: str) -> None:
    assert names({"c1": name}).by_company == {"c1": suffixed(name, "c1")}


def test_a_name_that_looks_like_papercuts_own_is_changed() -> None:
    assert names({"c1": "!!All Users!!"}).by_company == {"c1": suffixed("All Users!!", "c1")}


def test_a_company_whose_name_is_nothing_gets_one() -> None:
    assert names({"c1": "\t \n"}).by_company == {"c1": suffixed("Company", "c1")}


def test_an_older_group_of_known_people_is_taken_over_in_its_spelling() -> None:
    found = names({"c1": "Acme  Works"}, listed={"acme works": {"ann", "bo"}}, known=["ann", "bo"])
    assert found.by_company == {"c1": "acme works"}
    assert found.taken_over == {"acme works"}
    assert not found.rows["acme works"].made_by_us


@pytest.mark.parametrize("members", [{"ann", "admin"}, set()])
def test_an_older_group_with_strangers_or_nobody_is_a_question(members: set[str]) -> None:
    found = names({"c1": "IT Admins"}, listed={"IT Admins": members}, known=["ann"])
    assert found.by_company == {"c1": suffixed("IT Admins", "c1")}
    assert found.doubts == (("c1", "IT Admins", suffixed("IT Admins", "c1")),)


def test_the_question_stays_until_it_is_answered() -> None:
    listed = {"IT Admins": {"admin"}}
    first = names({"c1": "IT Admins"}, listed=listed)
    listed[first.by_company["c1"]] = {"ann"}
    second = names({"c1": "IT Admins"}, memory=Memory(groups=first.rows), listed=listed)
    assert second.by_company == first.by_company
    assert second.doubts == first.doubts
    kept = Memory(groups=first.rows, group_answers={"c1": first.by_company["c1"]})
    assert names({"c1": "IT Admins"}, memory=kept, listed=listed).doubts == ()
    joined = Memory(groups=first.rows, group_answers={"c1": "IT Admins"})
    third = names({"c1": "IT Admins"}, memory=joined, listed=listed)
    assert third.by_company == {"c1": "IT Admins"}
    assert third.rows[first.by_company["c1"]].company_id == ""


def test_a_group_that_is_not_ours_is_never_taken_even_by_answer() -> None:
    memory = Memory(group_answers={"c1": "Staff"})
    found = names({"c1": "Staff"}, memory=memory, listed={"Staff": {"ann"}}, known=["ann"], foreign=["Staff"])
    assert found.by_company == {"c1": suffixed("Staff", "c1")}


def test_a_renamed_company_gets_a_new_group_and_leaves_the_old_one() -> None:
    memory = Memory(groups={"Acme": CompanyGroup("Acme", "c1", "acme", True)})
    found = names({"c1": "Bigger Acme"}, memory=memory, listed={"Acme": {"ann"}})
    assert found.by_company == {"c1": "Bigger Acme"}
    assert found.rows["Acme"] == CompanyGroup("Acme", "", "acme", True)


def test_a_change_of_case_alone_renames_nothing() -> None:
    memory = Memory(groups={"Acme": CompanyGroup("Acme", "c1", "acme", True)})
    assert names({"c1": "ACME"}, memory=memory, listed={"Acme": {"ann"}}).by_company == {"c1": "Acme"}


def test_two_companies_may_swap_their_names() -> None:
    memory = Memory(
        groups={"Red": CompanyGroup("Red", "c1", "red", True), "Blue": CompanyGroup("Blue", "c2", "blue", True)}
    )
    found = names({"c1": "Blue", "c2": "Red"}, memory=memory, listed={"Red": {"a"}, "Blue": {"b"}})
    assert found.by_company == {"c1": "Blue", "c2": "Red"}


@given(st.dictionaries(st.sampled_from([f"c{n}" for n in range(6)]), st.text(max_size=320), min_size=1))
def test_groups_are_unique_short_and_the_same_however_they_are_read(companies: dict[str, str]) -> None:
    found = names(companies).by_company
    assert len({name_key(name) for name in found.values()}) == len(companies)
    assert all(len(name) <= LONGEST and is_one_line(name) for name in found.values())
    assert not any(name.startswith("!!") for name in found.values())
    assert found == names(dict(reversed(companies.items()))).by_company
    again = names(companies, memory=Memory(groups=names(companies).rows))
    assert again.by_company == found


def test_base_names_have_no_control_characters() -> None:
    assert base_name("A\x00B\x07 \x1b C\tD") == "AB C D"
