"""Today as the list of the first hour: seven steps, told from where each one stands, until all of them do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import html

from relay import config, people
from relay.console import first_hour
from relay.console import schedule as schedule_module
from relay.console.desk import Desk
from relay.console.results import summary
from relay.console.schedule import Schedule
from relay.people import sync
from relay.run import run
from relay.sandbox.pair import Pair
from tests.support.pair_console import PairConsole
from tests.support.quick_clock import QuickClock
from tests.support.still_clock import StillClock
from tests.support.visitor import text


class FirstHour(PairConsole):
    """A site whose settings were just written, and somebody in front of its console."""

    def __init__(self, folder: Path, filling: str = "old-connector") -> None:
        super().__init__(folder, "\n[safety]\nsettling_s = 0\n", members=30, filling=filling)

    def states(self) -> dict[str, str]:
        return {step.id: step.state for step in first_hour.steps(self.desk)}

    def text(self) -> str:
        return text(self.somebody.page("/"))


@pytest.fixture
def hour(tmp_path: Path) -> Iterator[FirstHour]:
    made = FirstHour(tmp_path / "site")
    try:
        yield made
    finally:
        made.close()


def test_from_written_settings_to_a_page_that_needs_no_list(hour: FirstHour) -> None:
    assert hour.states()["connect"] == "now" and "0 of 7" not in hour.text()
    hour.click("/", "Ask both systems")
    assert hour.states()["connect"] == "done" and hour.states()["checks"] == "now"
    assert "OfficeRnD as " in hour.text()
    hour.click("/", "Check now")
    page = hour.somebody.page("/")
    passed = page.xpath("//summary[contains(., 'that pass')]/following-sibling::ul/li")
    assert len(passed) >= 8, "checks that pass are not shown"
    assert hour.states()["checks"] == "warned" and hour.states()["sync"] == "now"
    hour.click("/", "I have looked at this: The print script is on every printer")
    hour.click("/", "I have looked at this: Shared printers ask for a login")
    assert hour.states()["checks"] == "done", first_hour.steps(hour.desk)[1].facts
    hour.click("/review", "Look at both systems")
    hour.click("/review", "Do exactly this")
    assert hour.states()["sync"] == "done" and hour.states()["login"] == "now"
    assert "It starts when you say so" in hour.text() and "Watching." in hour.text()

    login = hour.pair.logins(1)[0]
    assert not hour.pair.papercut.popup_login(login.email, "wrong password").ok
    assert "did not accept the password" in hour.text() and hour.states()["login"] == "now"
    seen = hour.somebody.get("/first-hour/login").json
    assert hour.pair.papercut.popup_login(login.email, login.password).ok
    assert hour.somebody.get("/first-hour/login").json != seen, "a page that watches does not learn of it"
    assert hour.states()["login"] == "done" and "logged in" in hour.text()

    assert "owe" in hour.text() and hour.states()["money"] == "now"
    hour.click("/", "Decide later")
    assert hour.states()["run"] == "now"
    hour.click("/", "Do the daily run now")
    assert set(hour.states().values()) == {"done"}
    hour.click("/", "Everything is done: show me the usual page")
    assert "Last runs" in hour.text() and "Get printing started" not in hour.text()


def test_everybody_is_accounted_for(hour: FirstHour) -> None:
    assert first_hour.everybody(hour.desk) is None
    hour.click("/review", "Look at both systems")
    hour.click("/review", "Do exactly this")
    counted = first_hour.everybody(hour.desk)
    assert counted is not None and counted.can and counted.may_not
    assert counted.all == len(hour.pair.organisation.members)
    hour.pair.officernd.state.change_member(hour.pair.logins(1)[0].member.id, email="")
    with hour.desk.site() as site:
        assert sync(site).exit_code == 0
    assert first_hour.everybody(hour.desk) == counted, (
        "who has an account keeps it without an address, and is one person"
    )


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[FirstHour]:
    made = FirstHour(tmp_path / "empty", "empty")
    try:
        yield made
    finally:
        made.close()


def test_a_first_sync_that_papercut_refused_is_not_told_as_done(empty: FirstHour) -> None:
    """As where the Application Server was not restarted: it may not start our programs yet."""
    hour = empty
    security, folders = hour.pair.papercut.state.security, "security.custom-executable.allowed-directory-list"
    allowed = security.pop(folders)
    hour.click("/review", "Look at both systems")
    hour.click("/review", "Do exactly this")
    work = hour.desk.works.newest("sync")
    assert work is not None
    told = " ".join(one.text for one in summary(work, hour.desk.formats))
    assert "changes of these failed" in told and "was restarted after the installation" in told and "Done" not in told
    assert hour.states()["sync"] == "warned" and "got no account from PaperCut" in hour.text()
    security[folders] = allowed
    hour.click("/review", "Look again")
    hour.click("/review", "Do exactly this")
    assert hour.states()["sync"] == "done" and "got no account" not in hour.text()


def test_a_site_that_ran_before_has_no_first_hour(tmp_path: Path) -> None:
    with Pair(tmp_path, members=20) as pair:
        place = Desk(config.load(pair.config_file), QuickClock())
        with place.site() as site:
            assert run(site).exit_code == 0
        assert not first_hour.is_open(place)
        place.close()


def test_what_a_person_said_is_found_after_a_restart(hour: FirstHour) -> None:
    hour.click("/", "Check now")
    hour.click("/", "I have looked at this: The print script is on every printer")
    again = Desk(config.load(hour.pair.config_file), QuickClock())
    looked = {step.id: step for step in first_hour.steps(again)}["checks"].facts["looked"]
    assert [name for name, when in looked.items() if when] == ["print_script"]
    again.close()


def test_the_list_is_not_ended_early_and_knows_its_words(hour: FirstHour) -> None:
    assert hour.somebody.post("/first-hour/over").status_code == 409
    assert hour.somebody.post("/first-hour/looked", {"what": "everything"}).status_code == 400
    assert first_hour.is_open(hour.desk)


def test_the_print_script_can_be_copied_as_these_settings_make_it(hour: FirstHour) -> None:
    script = hour.somebody.get("/print-script")
    assert script.mimetype == "text/plain" and "function printJobHook" in script.text
    settings = script.text.partition("var SETTINGS = ")[2].partition(";\n")[0]
    assert json.loads(settings)["site"] == "hq"
    assert html.fromstring(hour.somebody.get("/").text).xpath("//*[@data-copy-from]") == []
    hour.click("/", "Check now")
    (button,) = hour.somebody.page("/").xpath("//button[@data-copy-from]")
    assert button.text_content() == "Copy print script"


def test_the_first_daily_run_waits_on_the_day_of_the_first_sync(
    hour: FirstHour, monkeypatch: pytest.MonkeyPatch
) -> None:
    hour.click("/review", "Look at both systems")
    hour.click("/review", "Do exactly this")
    assert first_hour.holds_run(hour.desk)
    did: list[str] = []
    monkeypatch.setattr(schedule_module.story, "run", lambda *_, **__: did.append("run"))
    monkeypatch.setattr(schedule_module.calendar, "is_due", lambda *_: type("Due", (), {"due": True})())
    Schedule(hour.desk).tick()
    assert did == [], "a run began by itself after the first sync"
    later = hour.desk.clock.now() + timedelta(days=1)
    monkeypatch.setattr(hour.desk, "clock", StillClock(later))
    assert not first_hour.holds_run(hour.desk)


def test_a_sync_from_elsewhere_holds_nothing(hour: FirstHour) -> None:
    """A site that is set up from the command line is run by its scheduler as ever."""
    with hour.desk.site(writes=True) as site:
        people.sync(site)
    assert not first_hour.holds_run(hour.desk)
