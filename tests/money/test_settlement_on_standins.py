"""The settle over real HTTP, through the product's own clients, against both stand-ins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.standin_world import Standins, standins

# A request without an answer is waited for, and these clocks are real.
SECONDS: dict[str, dict[str, float]] = {
    "papercut": {"timeout_s": 2},
    "officernd": {"timeout_s": 2},
    "safety": {"settling_s": 0.02, "list_lag_s": 0},
}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Standins]:
    with standins(tmp_path, **SECONDS) as started:
        yield started


def test_debts_become_fees_and_zero(site: Standins) -> None:
    users = [site.link(number) for number in range(6)]
    for number, user in enumerate(users[:4]):
        site.owes(user, 1.25 + number)

    result = site.settle()

    assert (result.exit_code, result.as_json()["total"]) == (0, "11.00"), result.as_json()
    assert [site.balance(user) for user in users] == pytest.approx([0] * 6)
    assert sorted(fee["price"] for fee in site.fees()) == [1.25, 2.25, 3.25, 4.25]
    day = f"{result.movements[0].business_day.isoformat()}T00:00:00.000Z"
    assert {fee["issueDate"] for fee in site.fees()} == {day}
    writes = site.papercut.faults.writes["adjustUserAccountBalance"], site.officernd.writes
    assert writes[0] == 4
    again = site.settle()
    assert (again.exit_code, again.movements) == (0, ())
    assert (site.papercut.faults.writes["adjustUserAccountBalance"], site.officernd.writes) == writes


@pytest.mark.parametrize("kind", ["lost_after", "lost_before", "garbage"])
@pytest.mark.parametrize("system", ["officernd", "papercut"])
def test_a_lost_answer_is_never_sent_twice(site: Standins, system: str, kind: str) -> None:
    user = site.link(1)
    site.owes(user, 3.5)
    if system == "officernd":
        site.officernd.fault("POST /fees", kind)  # type: ignore[arg-type]
    else:
        site.papercut.faults.add("adjustUserAccountBalance", kind)  # type: ignore[arg-type]

    site.settle()
    assert site.settle().exit_code == 0

    assert [fee["price"] for fee in site.fees()] == [3.5]
    assert site.balance(user) == pytest.approx(0)


def test_a_locked_period_fails_with_its_reason_and_is_tried_again(site: Standins) -> None:
    user = site.link(1)
    site.owes(user, 3.5)
    site.officernd.state.locked_until = "2999-01-01T00:00:00.000Z"

    result = site.settle()
    (movement,) = result.as_json()["movements"]
    assert (result.exit_code, movement["state"], site.balance(user)) == (1, "failed", -3.5)
    assert result.as_json()["error"]["code"] == "changes_failed"
    assert result.as_json()["error"]["message"] == f"{user}: {movement['note']}"
    assert "lock" in movement["note"].lower()

    site.officernd.state.locked_until = ""
    again = site.settle()
    assert (again.exit_code, again.movements[0].reference) == (0, movement["reference"])
    assert len(site.fees()) == 1 and site.balance(user) == 0


def test_too_many_requests_are_waited_for(site: Standins, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("relay.clock.Clock.sleep", lambda _, seconds: waited.append(seconds))
    user = site.link(1)
    site.owes(user, 3.5)
    site.officernd.fault("POST /fees", "rate_limited", seconds=7.0)
    assert site.settle().exit_code == 0
    assert (len(site.fees()), 7.0 in waited) == (1, True)
