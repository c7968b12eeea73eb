"""Usernames: the contract's forms, PaperCut's limits, stable suffixes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.people.decide.usernames import LONGEST, clean, connector_name, is_email, rule_name, with_suffix
from tests.support.people_values import member

LONG = "a.very.long.local.part.of.an.address.that.goes.on@department.example.com"


@pytest.mark.parametrize(
    ("email", "expected"),
    [
        ("ann.lee@example.com", "ann.lee_example.com"),
        ("  Ann.Lee@Example.COM ", "ann.lee_example.com"),
        ("ann+print@example.com", "ann+print_example.com"),
        ("o'brien@example.com", "o'brien_example.com"),
        ("ann/hq@example.com", "ann_hq_example.com"),
        ("back\\slash@example.com", "back_slash_example.com"),
        ('"a b"@example.com', '"a_b"_example.com'),
        ("a@b@example.com", "a_b_example.com"),
        ("jürgen@bücher.example", "jürgen_bücher.example"),
        ("ann\tlee@example.com", "ann_lee_example.com"),
    ],
)
def test_the_address_becomes_the_name_of_officernds_connector(email: str, expected: str) -> None:
    assert rule_name(member(email=email), "email_underscore") == expected


def test_one_unicode_form_gives_one_name() -> None:
    assert clean("jürgen@x.example") == clean("jürgen@x.example")


def test_the_local_part_and_a_property_give_names() -> None:
    assert rule_name(member(email="Ann.Lee@example.com"), "email_local") == "ann.lee"
    assert rule_name(member(properties={"printName": " Ann@HQ "}), "property:printName") == "ann_hq"


@pytest.mark.parametrize("email", ["", "   ", "no address", "@example.com", "ann@", "ann@exa mple.com"])
def test_without_an_address_there_is_no_name(email: str) -> None:
    assert not is_email(email)
    assert rule_name(member(email=email), "email_underscore") == ""
    assert rule_name(member(email=email), "email_local") == ""
    assert connector_name(member(email=email)) == ""


def test_an_empty_property_gives_no_name() -> None:
    assert rule_name(member(properties={"printName": ""}), "property:printName") == ""
    assert rule_name(member(), "property:printName") == ""


def test_fifty_characters_stay_and_one_more_is_shortened() -> None:
    just = "a" * 38 + "@example.com"
    assert rule_name(member(email=just), "email_underscore") == "a" * 38 + "_example.com"
    longer = rule_name(member(email="a" + just), "email_underscore")
    assert len(longer) == LONGEST
    assert longer[:43] == ("a" * 39 + "_example.com")[:43]
    assert longer[43] == "-"


def test_long_addresses_that_begin_alike_get_different_names() -> None:
    first, second = (rule_name(member(email=LONG + end), "email_underscore") for end in ("a", "b"))
    assert first != second
    assert first == rule_name(member(5, "Other", LONG + "a"), "email_underscore")


def test_the_connectors_name_of_a_long_address_is_its_beginning() -> None:
    assert connector_name(member(email=LONG)) == LONG.replace("@", "_")[:50]


def test_a_suffix_depends_on_the_seed_alone() -> None:
    assert with_suffix("ann", "m1") == with_suffix("ann", "m1") != with_suffix("ann", "m2")
    assert len(with_suffix("a" * 50, "m1")) == LONGEST


@given(st.text(min_size=1))
def test_whatever_comes_in_papercut_accepts_it(text: str) -> None:
    name = clean(text)
    assert len(name) <= LONGEST
    assert not set(name) & set("@/\\\t\n\r")
    assert name.isprintable()
    assert clean(name) == name
