"""References: the same source always the same name, found again in what people make of a fee's name."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.money.decide import reference

DAY = date(2025, 3, 12)
MEMBER = "64a000000000000000000001"


def test_it_is_short_readable_and_always_the_same() -> None:
    made = reference.make("fee", "hq", MEMBER, DAY, 1)
    assert made == reference.make("fee", "hq", MEMBER, DAY, 1) == "PRF-250312-1-" + made[-8:]
    assert len(made) <= 24
    assert (reference.business_day(made), reference.sequence(made)) == (DAY, 1)


@pytest.mark.parametrize(
    "other",
    [
        ("top_up", "hq", MEMBER, DAY, 1),
        ("fee", "annex", MEMBER, DAY, 1),
        ("fee", "hq", MEMBER[:-1] + "2", DAY, 1),
        ("fee", "hq", MEMBER, date(2025, 3, 13), 1),
        ("fee", "hq", MEMBER, DAY, 2),
    ],
)
def test_another_source_has_another_one(other: tuple[str, str, str, date, int]) -> None:
    assert reference.make(*other) != reference.make("fee", "hq", MEMBER, DAY, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["{}", "Prints of Ann [{}]", "({}).", "prints {} - ok", "x,{};y", "Fee:{}\n"])
def test_it_is_found_in_an_edited_name(text: str) -> None:
    made = reference.make("fee", "hq", MEMBER, DAY, 12)
    assert reference.find(text.format(made)) == [made]
    assert reference.find(text.format(made.lower())) == [made]
    assert reference.find(text.format(made.replace("-", "\u2013"))) == [made]


def test_a_part_of_it_is_not_it() -> None:
    made = reference.make("fee", "hq", MEMBER, DAY, 1)
    assert reference.find(made[:-1]) == reference.find(made + "A") == reference.find("X" + made) == []
    assert reference.find("nothing here") == []


def test_it_can_be_checked_without_a_ledger() -> None:
    made = reference.make("fee", "hq", MEMBER, DAY, 3)
    assert reference.belongs(made, "hq", MEMBER)
    assert not reference.belongs(made, "annex", MEMBER)
    assert not reference.belongs(made, "hq", MEMBER[:-1] + "2")
    assert not reference.belongs("PRF-259999-1-" + made[-8:], "hq", MEMBER)


def test_a_part_of_a_shared_fee_carries_the_fees_reference() -> None:
    made = reference.make("fee", "hq", "company", DAY, 1)
    assert reference.find(f"Billed [{reference.part(made, 2)}]") == [made]


@given(st.text(max_size=60), st.text(max_size=60), st.integers(1, 9999))
def test_it_is_found_whatever_stands_around_it(before: str, after: str, sequence: int) -> None:
    made = reference.make("fee", "hq", MEMBER, DAY, sequence)
    assert made in reference.find(f"{before} {made} {after}")
