"""References: the same source always the same name, found again in what people make of a fee's name."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.money.decide import reference
from relay.money.decide.movement import KINDS

DAY = date(2025, 3, 12)
NONCE = "4HW0PZ"
MEMBER = "64a000000000000000000001"


def test_it_is_short_readable_and_always_the_same() -> None:
    made = reference.make("fee", "hq", MEMBER, DAY, NONCE)
    assert made == reference.make("fee", "hq", MEMBER, DAY, NONCE) == "PRF-250312-4HW0PZ-" + made[-8:]
    assert len(made) <= 27
    assert (reference.business_day(made), reference.kind(made)) == (DAY, "fee")


def test_each_kind_has_its_own_letter() -> None:
    made = {kind: reference.make(kind, "hq", MEMBER, DAY, NONCE) for kind in KINDS}
    assert {name: reference.kind(text) for name, text in made.items()} == {kind: kind for kind in KINDS}
    assert all(reference.find(text) == [text] and reference.belongs(text, "hq", MEMBER) for text in made.values())
    assert len({text[2] for text in made.values()}) == len(KINDS)
    assert reference.kind("word 7") == reference.kind("PRX-250312-4HW0PZ-AAAAAAAA") == reference.kind("") == ""


@pytest.mark.parametrize(
    "other",
    [
        ("top_up", "hq", MEMBER, DAY, NONCE),
        ("fee", "annex", MEMBER, DAY, NONCE),
        ("fee", "hq", MEMBER[:-1] + "2", DAY, NONCE),
        ("fee", "hq", MEMBER, date(2025, 3, 13), NONCE),
        ("fee", "hq", MEMBER, DAY, "4HW0P0"),
    ],
)
def test_another_source_has_another_one(other: tuple[str, str, str, date, str]) -> None:
    assert reference.make(*other) != reference.make("fee", "hq", MEMBER, DAY, NONCE)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["{}", "Prints of Ann [{}]", "({}).", "prints {} - ok", "x,{};y", "Fee:{}\n"])
def test_it_is_found_in_an_edited_name(text: str) -> None:
    made = reference.make("fee", "hq", MEMBER, DAY, NONCE)
    assert reference.find(text.format(made)) == [made]
    assert reference.find(text.format(made.lower())) == [made]
    assert reference.find(text.format(made.replace("-", "\u2013"))) == [made]


def test_a_part_of_it_is_not_it() -> None:
    made = reference.make("fee", "hq", MEMBER, DAY, NONCE)
    assert reference.find(made[:-1]) == reference.find(made + "A") == reference.find("X" + made) == []
    assert reference.find("nothing here") == []


def test_it_can_be_checked_without_a_ledger() -> None:
    made = reference.make("fee", "hq", MEMBER, DAY, NONCE)
    assert reference.belongs(made, "hq", MEMBER)
    assert not reference.belongs(made, "annex", MEMBER)
    assert not reference.belongs(made, "hq", MEMBER[:-1] + "2")
    assert not reference.belongs("PRF-259999-4HW0PZ-" + made[-8:], "hq", MEMBER)
    assert not reference.belongs("word-250312-4HW0PZ-" + made[-8:], "hq", MEMBER)


def test_one_of_version_0_2_is_still_known() -> None:
    """It counted where the random part stands now; its fees are in OfficeRnD for ever."""
    made = "PRF-250312-12-V95KFYZP"
    assert reference.find(f"Printing [{made}]") == [made]
    assert reference.belongs(made, "hq", MEMBER)


@pytest.mark.parametrize("letter", "ILOU")
def test_a_letter_that_looks_like_a_digit_is_in_none(letter: str) -> None:
    assert letter not in reference.LETTERS
    assert reference.find(f"PRF-250312-4HW0P{letter}-AAAAAAAA") == []


def test_a_text_of_others_holds_no_reference() -> None:
    made = reference.make("fee", "hq", MEMBER, DAY, NONCE)
    assert reference.find(reference.disarmed(f"x [{made}].pdf, {made.lower()}")) == []
    assert reference.disarmed("scan\u20132025.pdf") == "scan\u20132025.pdf"


def test_a_part_of_a_shared_fee_carries_the_fees_reference() -> None:
    made = reference.make("fee", "hq", "company", DAY, NONCE)
    assert reference.find(f"Billed [{reference.part(made, 2)}]") == [made]


@given(st.text(max_size=60), st.text(max_size=60), st.text(reference.LETTERS, min_size=6, max_size=6))
def test_it_is_found_whatever_stands_around_it(before: str, after: str, nonce: str) -> None:
    made = reference.make("fee", "hq", MEMBER, DAY, nonce)
    assert made in reference.find(f"{before} {made} {after}")
