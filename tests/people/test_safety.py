"""Limits refuse above, not at; what is lifted is lifted by its own name only."""

from __future__ import annotations

from pathlib import Path

import pytest

from relay.config import Settings
from relay.errors import UsageError
from relay.people.decide.safety import Figures, check_codes, judge
from relay.remedy import Remedy
from tests.support.people_values import settings_for


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path)


def codes(settings: Settings, linked: int, removals: int, changes: int, allow: tuple[str, ...] = ()) -> list[str]:
    return [one.code for one in judge(Figures(linked, removals, changes), settings.safety, allow)]


def test_at_the_limit_nothing_is_refused_and_one_above_it_is(settings: Settings) -> None:
    assert codes(settings, 100, 10, 10) == []
    assert codes(settings, 100, 11, 11) == ["max_removals_percent"]
    assert codes(settings, 100, 0, 30) == []
    assert codes(settings, 100, 0, 31) == ["max_changes_percent"]
    assert codes(settings, 100, 31, 31) == ["max_removals_percent", "max_changes_percent"]


def test_percentages_round_down(settings: Settings) -> None:
    assert codes(settings, 29, 2, 2) == []
    assert codes(settings, 29, 3, 3) == ["max_removals_percent"]


def test_below_from_users_nothing_is_counted(settings: Settings) -> None:
    assert codes(settings, 19, 19, 19) == []
    assert codes(settings, 20, 3, 3) == ["max_removals_percent"]


def test_a_first_sync_has_no_base_even_when_counting_begins_at_none(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, safety={"from_users": 0})
    assert codes(settings, 0, 50, 50) == []
    assert codes(settings, 1, 1, 1) == ["max_removals_percent", "max_changes_percent"]


def test_allow_lifts_one_limit(settings: Settings) -> None:
    assert codes(settings, 100, 31, 31, ("max_removals_percent",)) == ["max_changes_percent"]
    assert codes(settings, 100, 31, 31, ("max_changes_percent",)) == ["max_removals_percent"]
    assert codes(settings, 100, 31, 31, ("max_changes_percent", "max_removals_percent")) == []


def test_a_refusal_tells_the_figures_and_the_next_command(settings: Settings) -> None:
    (refusal,) = judge(Figures(100, 12, 12), settings.safety)
    assert refusal.as_json() == {
        "code": "max_removals_percent",
        "message": refusal.message,
        "count": 12,
        "limit": 10,
        "remedies": [Remedy("allow_sync", ("max_removals_percent",), "if all of them are right").as_json()],
    }


def test_an_unknown_code_is_a_mistake_and_one_of_the_money_room_is_not() -> None:
    check_codes(["max_fee", "max_removals_percent"])
    with pytest.raises(UsageError, match="There is no limit"):
        check_codes(["everything"])
