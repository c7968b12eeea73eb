"""A past that is played: on a clock that never goes back, right to the cent, and the same for the same seed."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from relay import config, money
from relay.clock import Clock
from relay.errors import UsageError
from relay.progress import Progress
from relay.run import run
from relay.sandbox import history, serve
from relay.sandbox.pair import Pair
from relay.site import open_site

DAYS = 10


def test_the_moved_clock_goes_on_and_never_back(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("relay.clock.time.sleep", slept.append)
    clock = history.MovedClock(timedelta(days=3))
    began, began_s = clock.now(), clock.monotonic_s()
    assert Clock().now() - began >= timedelta(days=3)
    clock.move_to(began - timedelta(hours=1))
    assert began <= clock.now() < began + timedelta(hours=1)
    clock.sleep(3600)
    assert clock.now() >= began + timedelta(hours=1) and clock.monotonic_s() >= began_s + 3600 and slept == []
    clock.sleep(0.1)
    assert slept == [0.1], "who looks for the end of a thread waits for it"
    clock.move_to(Clock().now() + timedelta(days=1))
    assert clock.now() <= Clock().now(), "a run must not end in the future"
    clock.sleep(3600)
    assert slept == [0.1, 3600]


def test_mornings_are_working_days_and_the_last_one() -> None:
    """3 June 2026 is a Wednesday; 07:30 in Sofia is 04:30 UTC."""

    class Still(Clock):
        def now(self) -> datetime:
            return datetime(2026, 6, 8, 3, tzinfo=UTC)  # a Monday before its run

    class Place:
        class site:
            timezone = "Europe/Sofia"

        class schedule:
            daily_at = datetime(2026, 1, 1, 7, 30).time()

    found = history.mornings(Place(), Still(), 5)  # type: ignore[arg-type]
    assert [f"{moment:%a %H:%M}" for moment in found] == ["Wed 07:32", "Thu 07:32", "Fri 07:32", "Sun 07:32"]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder, clock = tmp_path_factory.mktemp("past"), history.clock_before(DAYS)
    with Pair(folder, members=40, clock=clock) as pair:
        with pair.config_file.open("a", encoding="utf-8") as file:
            file.write('\n[included]\namount = "1.00"\n[top_up]\namount = "0.50"\n[jobs]\ncost_column = "11"\n')
        settings = history.settings_then(config.load(pair.config_file), DAYS)
        past = history.mornings(settings, Clock(), DAYS)
        with open_site(settings, clock, Progress()) as site:
            clock.move_to(past[0])
            run(site)
            jobs = history.play(pair, site, clock, past)
            clock.move_to_present()
            books = money.discrepancies(site).as_json()
            return {
                "jobs": jobs,
                "fees": pair.officernd.fees(),
                "books": books,
                "held": money.held(site.database, settings),
                "open": money.open_movements(site.database, settings),
                "runs": money.last_runs(site.database, "hq"),
                "again": run(site).as_json(),
            }


def test_every_cent_of_the_past_is_matched(played: dict[str, object]) -> None:
    books = played["books"]
    assert isinstance(books, dict)
    assert {row["name"]: row["holds"] for row in books["equations"]} == dict.fromkeys(
        ("balances", "jobs", "fees", "witness"), True
    )
    assert books["lines"] == [] and played["held"] == [] and played["open"] == []


def test_the_past_holds_what_a_chart_needs(played: dict[str, object]) -> None:
    assert isinstance(played["jobs"], int) and played["jobs"] > 5
    assert played["fees"] and played["runs"]
    books = played["books"]
    assert isinstance(books, dict)
    for told in ("printed", "included", "fees", "top_ups"):
        assert any(row[told] != "0.00" for row in books["people"]), told


def test_the_present_goes_on_from_the_past(played: dict[str, object]) -> None:
    """The next run finds nothing to do, and no clock that went back."""
    again = played["again"]
    assert isinstance(again, dict)
    assert again["sync"]["changes"] == again["settle"]["movements"] == []
    # On the first of a month that month's top-ups are due; on every other day none is.
    assert all(item["reference"].split("-")[1].endswith("01") for item in again["top_up"]["movements"])
    assert again["settle"]["refused"] == []


def test_an_edited_file_stays_and_the_old_world_goes_aside(tmp_path: Path) -> None:
    folder = tmp_path / "try"
    with Pair(folder, members=5) as first:
        assert first.kept == ()
        text = first.config_file.read_text(encoding="utf-8")
        text = text.replace('name = "hq"', 'name = "north"  # our own name') + '\n[top_up]\namount = "3.00"\n'
        text = text.replace(first.papercut.url, "http://127.0.0.1:1")
        first.config_file.write_text(text, encoding="utf-8")
        (folder / "state").mkdir()
        (folder / "state" / "ledger.db").write_text("old")
    with Pair(folder, members=5) as second:
        settings = config.load(second.config_file)
        assert (settings.site.name, settings.top_up.amount) == ("north", 3_000_000)
        assert settings.papercut.url.startswith(second.papercut.url)
        assert "# our own name" in second.config_file.read_text(encoding="utf-8")
        assert settings.papercut.auth_token is not None
        assert not (folder / "state").exists()
        assert (folder / "before-1" / "state" / "ledger.db").read_text() == "old"
        assert "stays as you edited it" in second.kept[0] and "before-1" in second.kept[1]
    with Pair(folder, members=5) as third:
        assert (folder / "before-2").is_dir() and "before-2" in third.kept[1]


def test_a_port_that_is_taken_sets_no_world_aside(tmp_path: Path) -> None:
    (tmp_path / "relay.toml").write_text('[site]\nstate_dir = "state"\n')
    (tmp_path / "state").mkdir()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        world = serve.SandboxWorld(members=5, folder=tmp_path, officernd_port=taken.getsockname()[1])
        with pytest.raises(UsageError, match="choose other ports"):
            serve.keep_running(world, Progress(), lambda *_: None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["relay.toml", "state"]


def test_a_ledger_that_lies_elsewhere_is_told(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "try", tmp_path / "elsewhere"
    with Pair(folder, members=5) as first:
        text = first.config_file.read_text(encoding="utf-8")
        first.config_file.write_text(text.replace('"state"', f'"{elsewhere.as_posix()}"'), encoding="utf-8")
    elsewhere.mkdir()
    with Pair(folder, members=5) as second:
        assert any(str(elsewhere) in line and "move it away" in line for line in second.kept)
        assert elsewhere.is_dir()
