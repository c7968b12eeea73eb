"""A fortnight on a moved clock: the messages that came, no more and no fewer."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from relay import jobs, notify, people
from relay import run as story
from relay.errors import NotSent
from relay.people.act import publish
from tests.support.mailbox import Mailbox
from tests.support.money_world import Site
from tests.support.papercut_site import sample_directory
from tests.support.settings_example import write_secret
from tests.support.still_clock import StillClock

SOFIA = timedelta(hours=2)
FIRST = datetime(2026, 11, 2, tzinfo=UTC) - SOFIA  # the midnight before day 1, a Monday
CONSOLE = "https://print.example.com"


class Synced:
    exit_code = 0

    def as_json(self) -> dict[str, Any]:
        return {"refused": [], "warnings": []}


class Fortnight:
    """A site with a scheduler that calls `run --if-due` every hour, and a console that looks in between."""

    def __init__(self, folder: Path, box: Mailbox, monkeypatch: pytest.MonkeyPatch, **sections: Any) -> None:
        self.box = box
        console = {"public_url": CONSOLE, "password_hash_file": write_secret(folder / "secrets" / "console", "x")}
        scripts = {"home": str(folder / "home")}
        self.site = Site(
            folder,
            {"notify": box.settings(folder), "console": console, "scripts": scripts, **sections},
            clock=StillClock(FIRST + timedelta(hours=6, minutes=30)),
            url=f"sqlite:///{folder}/ledger.db",
        )
        self.came: list[tuple[int, str, str]] = []  # day, hour, title
        self.scheduler = self.console = self.officernd = True
        monkeypatch.setattr(people, "sync", self.sync)
        monkeypatch.setattr(jobs, "remember_people", lambda *_: None)

    @property
    def now(self) -> datetime:
        return self.site.clock.now()

    @property
    def day(self) -> int:
        return (self.now - FIRST).days + 1

    def sync(self, site: Any, **_: Any) -> Synced:
        if not self.officernd:
            raise NotSent("OfficeRnD cannot be reached.", system="OfficeRnD")
        publish.publish(sample_directory(), self.site.settings, record_fields=5, now=self.now)
        return Synced()

    def until(self, day: int, hour: int) -> None:
        """Let the hours go by; whatever is told is noted with its moment."""
        while (self.now - FIRST) < timedelta(days=day - 1, hours=hour):
            if self.scheduler:
                story.run(self.site.context, if_due=True)
            self._note()
            if self.console:
                notify.watch(self.site)
            self._note()
            self.site.clock.move(hours=1 if (self.now + SOFIA).hour < 19 else 11)  # nothing happens at night

    def _note(self) -> None:
        local = f"{self.now + SOFIA:%H:%M}"
        self.came += [(self.day, local, title) for title in self.box.titles[len(self.came) :]]

    def logins(self, accepted: int, refused: int) -> None:
        """Write lines of the auth program's log, a minute apart."""
        log = self.site.settings.scripts.home / "logs" / "auth.log"
        log.parent.mkdir(exist_ok=True)
        verdicts = ["accepted"] * accepted + ["rejected"] * refused
        with log.open("a", encoding="utf-8") as file:
            for number, verdict in enumerate(verdicts):
                at = self.now + timedelta(minutes=number)
                line = {
                    "time": at.isoformat(),
                    "verdict": verdict,
                    "reason": "",
                    "username": f"u{number}",
                    "who": f"k{number}",
                }
                file.write(json.dumps(line) + "\n")


def test_a_fortnight(tmp_path: Path, box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    two_weeks = Fortnight(tmp_path, box, monkeypatch)
    site = two_weeks.site
    for number in range(8):
        site.person(f"user{number}")
    two_weeks.until(2, 12)
    for number in range(8):
        site.prints(f"user{number}", 5.0)
    two_weeks.until(3, 1)
    two_weeks.scheduler = False  # the relay dies before its third run, and is found on the fifth day
    two_weeks.until(5, 9)
    two_weeks.scheduler = True
    two_weeks.until(5, 12)
    held = deepcopy((site.papercut.accounts, site.papercut.notes))
    for number in range(8):
        site.prints(f"user{number}", 5.0)
    two_weeks.until(6, 9)  # billed
    site.papercut.accounts, site.papercut.notes = held  # and PaperCut is put back to the day before
    two_weeks.until(7, 18)
    site.approve("restored", "forgive")
    two_weeks.until(9, 10)
    two_weeks.logins(accepted=3, refused=4)
    two_weeks.until(9, 12)
    two_weeks.logins(accepted=3, refused=14)
    two_weeks.until(15, 0)
    assert two_weeks.came == [
        (3, "09:30", "hq: the daily run was missed"),
        (4, "09:30", "hq: the daily run was missed"),
        (5, "09:30", "hq: resolved: the daily run was missed"),
        (7, "07:30", "hq: no money moves: PaperCut was put back from a backup"),
        (7, "18:30", "hq: resolved: no money moves: PaperCut was put back from a backup"),
        (9, "13:30", "hq: many logins are refused"),
        (9, "14:30", "hq: resolved: many logins are refused"),
    ]
    assert box.pings.count("/p/start?a=1") == 14 - 2  # on two days nothing came
    assert (box.pings.count("/p?a=1"), box.pings.count("/p/fail?a=1")) == (11, 1)
    bodies = dict(box.messages)
    assert CONSOLE + "/money" in bodies["hq: no money moves: PaperCut was put back from a backup"]
    for _, body in box.messages:
        assert "user0" not in body and "secret" not in body


def test_another_fortnight(tmp_path: Path, box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """OfficeRnD is away for a day, the console stands still while there is something to tell, nobody takes a message
    for hours, and the clock is set back."""
    two_weeks = Fortnight(tmp_path, box, monkeypatch)
    site = two_weeks.site
    for number in range(8):
        site.person(f"user{number}")
    two_weeks.until(2, 7)
    two_weeks.officernd = False
    two_weeks.until(3, 7)  # its run and every try after it fail
    two_weeks.officernd = True
    two_weeks.until(5, 10)
    two_weeks.logins(accepted=3, refused=14)
    two_weeks.console = False  # it is started again after lunch, and tells what it has not seen
    two_weeks.until(5, 13)
    two_weeks.console = True
    two_weeks.until(6, 10)
    two_weeks.logins(accepted=3, refused=14)
    two_weeks.until(6, 11)
    two_weeks.console = False
    two_weeks.until(6, 15)
    two_weeks.console = True
    two_weeks.until(8, 6)
    for number in range(8):
        site.papercut.accounts[f"user{number}"].balance -= 3.0  # without a job: held
    box.refuses = True
    two_weeks.until(8, 14)
    box.refuses = False
    two_weeks.until(9, 7)
    for number in range(8):
        site.approve(f"user{number}", "forgive")
    two_weeks.until(11, 12)
    two_weeks.until(12, 8)
    site.clock.move(minutes=-70)  # to before the run that has just ended
    two_weeks.until(15, 0)
    assert two_weeks.came == [
        (2, "07:30", "hq: the daily run failed"),
        (3, "07:30", "hq: resolved: the daily run failed"),
        (5, "13:30", "hq: many logins are refused"),
        (5, "14:30", "hq: resolved: many logins are refused"),
        (6, "15:30", "hq: many logins are refused"),
        (6, "16:30", "hq: resolved: many logins are refused"),
        (8, "14:30", "hq: money is held"),
        (9, "07:30", "hq: resolved: money is held"),
        (12, "07:20", "hq: the daily run waits for the clock"),
        (12, "08:20", "hq: resolved: the daily run waits for the clock"),
    ]
    assert box.pings.count("/p?a=1") == 14 - 2  # the second day's run failed, and nobody took the eighth's ping
