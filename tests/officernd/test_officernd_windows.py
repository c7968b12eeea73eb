"""Long lists are read in windows of time side by side, and are as whole as if read in one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from relay import config
from relay.clock import Clock
from relay.officernd import client
from relay.officernd.client import OfficeRnD
from relay.sandbox.pair import Pair


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    monkeypatch.setattr(client, "MANY", 100)
    with Pair(tmp_path, members=400) as pair:
        yield pair


def connected(pair: Pair) -> OfficeRnD:
    return OfficeRnD(config.load(pair.config_file), Clock())


def ids(pair: Pair) -> set[str]:
    return {record["_id"] for record in pair.officernd.state.members}


def test_every_record_is_read_once_in_several_windows(pair: Pair) -> None:
    found = connected(pair).members()
    assert ids(pair) == {member.id for member in found}
    assert len(found) == 400


def test_records_of_one_moment_cannot_be_parted_and_are_read_all_the_same(pair: Pair) -> None:
    state = pair.officernd.state
    for record in list(state.members):
        state.members.put({**record, "modifiedAt": "2026-01-01T00:00:00.000Z"})
    assert ids(pair) == {member.id for member in connected(pair).members()}


def test_a_record_that_slips_between_the_windows_is_not_taken_for_one_that_left(pair: Pair) -> None:
    """It shows in the total, and the list is read once more from end to end."""
    officernd = connected(pair)
    pages = officernd._pages
    slipped: list[str] = []

    def lossy(resource: str, translate: object, filters: object, total: object, progress: object) -> object:
        found = pages(resource, translate, filters, total, progress)
        if filters and not slipped:
            slipped.append(found.popitem()[0])
        return found

    officernd._pages = lossy  # type: ignore[method-assign]
    assert ids(pair) == {member.id for member in officernd.members()}
    assert slipped


def test_what_was_modified_in_a_future_that_a_wrong_clock_made_is_read_too(pair: Pair) -> None:
    state = pair.officernd.state
    first = next(iter(state.members))
    state.members.put({**first, "modifiedAt": "2090-01-01T00:00:00.000Z"})
    assert ids(pair) == {member.id for member in connected(pair).members()}
