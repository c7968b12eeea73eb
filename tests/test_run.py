"""The story of a run: whatever one part meets the others go on, but money rests where nobody knows how it stands."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from relay import jobs, money, people
from relay import run as story
from relay.errors import AuthFailed, LedgerError, RelayError
from relay.lock import site_lock
from relay.money.report.result import MoneyResult
from tests.support.money_world import Site

NOBODY_THOUGHT_OF = [RecursionError("deep"), OverflowError("large"), KeyError("x"), MemoryError(), UnicodeError("?")]


class Done:
    exit_code = 0

    def as_json(self) -> dict[str, Any]:
        return {"done": True}


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace every part by one that only notes its name."""
    names: list[str] = []

    def part(name: str) -> Callable[..., Done]:
        return lambda *_, **__: (names.append(name), Done())[1]

    monkeypatch.setattr(money, "recover", part("recover"))
    monkeypatch.setattr(money, "settle", part("settle"))
    monkeypatch.setattr(money, "top_up", part("top_up"))
    monkeypatch.setattr(money, "keep_witness", lambda _site: None)
    monkeypatch.setattr(people, "sync", part("sync"))
    monkeypatch.setattr(jobs, "remember_people", lambda *_: None)
    monkeypatch.setattr(jobs.JobLog, "import_jobs", part("jobs"))
    return names


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path, {})


def failing(error: BaseException) -> Callable[..., Any]:
    def work(*_: Any, **__: Any) -> MoneyResult:
        raise error

    return work


@pytest.mark.parametrize("error", NOBODY_THOUGHT_OF, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("name", ["sync", "jobs"])
def test_a_part_that_breaks_stops_no_other(
    site: Site, called: list[str], monkeypatch: pytest.MonkeyPatch, name: str, error: Exception
) -> None:
    holder = people if name == "sync" else jobs.JobLog
    monkeypatch.setattr(holder, "sync" if name == "sync" else "import_jobs", failing(error))
    result = story.run(site.context)
    assert {"recover", "sync", "settle", "top_up", "jobs"} - {name} == set(called)
    assert (1, False, "unexpected") == (result.exit_code, result.complete, result.parts[name]["error"]["code"])
    assert type(error).__name__ in result.parts[name]["error"]["message"]
    assert result.parts["settle"] == {"done": True}


@pytest.mark.parametrize("error", [*NOBODY_THOUGHT_OF, RelayError("no"), AuthFailed("no", system="PaperCut")], ids=repr)
def test_no_money_moves_after_a_recovery_that_failed(
    site: Site, called: list[str], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(money, "recover", failing(error))
    result = story.run(site.context)
    assert ["sync", "jobs"] == called
    assert (1, False) == (result.exit_code, result.complete)
    for name in ("settle", "top_up"):
        assert result.parts[name]["error"]["message"].startswith("No money was moved")


def test_no_money_moves_after_a_settlement_that_broke_and_a_refused_one_leaves_the_top_ups_to_their_own_guard(
    site: Site, called: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(money, "settle", failing(RecursionError()))
    assert story.run(site.context).parts["top_up"]["error"]["code"] == "unexpected"
    monkeypatch.setattr(money, "settle", failing(RelayError("OfficeRnD is away")))
    story.run(site.context)
    assert ["recover", "sync", "jobs", "recover", "sync", "top_up", "jobs"] == called


@pytest.mark.parametrize(
    "error", [LedgerError("full"), OperationalError("INSERT", {}, sqlite3.OperationalError("disk I/O error"))], ids=repr
)
@pytest.mark.parametrize("name", ["recover", "settle"])
def test_without_a_ledger_nothing_goes_on_and_the_lock_is_free(
    site: Site, called: list[str], monkeypatch: pytest.MonkeyPatch, name: str, error: Exception
) -> None:
    monkeypatch.setattr(money, name, failing(error))
    with pytest.raises(type(error)):
        story.run(site.context)
    assert not {"settle", "top_up", "jobs"} & set(called)
    with site_lock(site.settings.site.state_dir):
        pass


def test_nothing_at_all_is_done_where_others_may_write_the_hand_over_files(site: Site, called: list[str]) -> None:
    site.settings.scripts.home.mkdir(parents=True)
    site.settings.scripts.home.chmod(0o777)
    with pytest.raises(RelayError, match="is not safe"):
        story.run(site.context)
    assert [] == called


def test_what_broke_is_recorded_for_status(site: Site, called: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "sync", failing(RecursionError()))
    story.run(site.context)
    last = {run["kind"]: run["exit_code"] for run in money.last_runs(site.database, "hq")}
    assert (1, 0) == (last["sync"], last["settle"])


def test_the_first_run_of_a_new_site_is_a_persons(site: Site, called: list[str]) -> None:
    """A schedule takes nobody over unseen, and bills nobody in the minute after somebody looked at the first sync."""

    def scheduled() -> story.RunResult:
        called.clear()
        return story.run(site, if_due=True, if_begun=True)

    site.clock.moment = datetime(2026, 11, 3, 8, 0, tzinfo=UTC)
    assert scheduled().reason == story.FIRST_IS_A_PERSONS and called == [], "before the first sync"
    directory = site.settings.scripts.home / "directory"
    directory.mkdir(parents=True)
    (directory / "CURRENT").write_text("1\n")
    story.recorded(site, "sync", lambda: people.sync(site))
    site.clock.move(minutes=1)
    assert scheduled().reason == story.FIRST_IS_A_PERSONS and called == [], "in the minute after it"
    site.clock.move(days=1)
    for _ in range(201):  # as many as a schedule of a few minutes makes in a day
        story.recorded(site, "sync", lambda: people.sync(site))
    assert scheduled().due and called == ["recover", "sync", "settle", "top_up", "jobs"], "the day after"


def test_who_starts_the_first_run_on_the_same_day_has_started_the_schedule(site: Site, called: list[str]) -> None:
    site.clock.moment = datetime(2026, 11, 3, 4, 0, tzinfo=UTC)
    story.run(site)
    site.clock.moment = datetime(2026, 11, 4, 8, 0, tzinfo=UTC)
    called.clear()
    assert story.run(site, if_due=True, if_begun=True).due and called
