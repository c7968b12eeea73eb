"""The first hour: what is left between settings that work and printing that is billed, as seven steps.

What a step has come to is read where it stands: the systems' last word, the last checks, the directory, the login
programs' log, the calendar. Kept here is only what a person says: "I have looked at this", "do this later", "enough".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from relay import amounts, json_text, people, plain_files
from relay import run as story
from relay.console import figures
from relay.console.desk import Desk
from relay.console.everybody import taken
from relay.money.decide.holds import OPENING
from relay.people import logins
from relay.people.decide.everybody import ANSWERS
from relay.private_files import write_private

State = Literal["done", "now", "warned", "later"]
LOOKED = ("print_script", "printers")  # what PaperCut tells nobody over its interface, so that a person has to look
LATER = ("login", "money")
_FILE = "first_hour.json"


@dataclass(frozen=True)
class FirstStep:
    """One step: where it stands, and what its part of the page needs to know."""

    id: str
    state: State
    facts: Mapping[str, Any]

    @property
    def stands(self) -> bool:
        return self.state == "done"


@dataclass(frozen=True)
class Headcount:
    """Everybody in OfficeRnD as the last sync saw it: can print + wait + may not = all."""

    can: int
    wait: int
    may_not: int

    @property
    def all(self) -> int:
        return self.can + self.wait + self.may_not


class FirstHourWords:
    """What a person has said about the first hour, in one small file that a restart finds again."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / _FILE
        self._said: dict[str, datetime] = {}
        with suppress(OSError, ValueError, TypeError, AttributeError):  # none yet, or spoiled
            read = plain_files.json_value(self._file)
            self._said = {str(what): json_text.moment(at) for what, at in read.items()}

    @property
    def has_begun(self) -> bool:
        return bool(self._said)

    def when(self, what: str) -> datetime | None:
        return self._said.get(what)

    def say(self, what: str, now: datetime) -> None:
        self._said[what] = now
        write_private(self._file, json.dumps({what: at.isoformat() for what, at in self._said.items()}))


def is_open(place: Desk) -> bool:
    """Return whether Today is the list of steps: from the first visit of a site that never ran until all of it stands.

    A site that ran before it ever showed the list has no first hour.
    """
    said = FirstHourWords(place.folder)
    if said.when("over"):
        return False
    if not said.has_begun:
        if story.has_billed(place.database, place.settings):
            return False
        said.say("began", place.clock.now())
    return True


def holds_run(place: Desk) -> bool:
    """Return whether the daily run waits for a person."""
    return story.is_a_persons(place.database, place.settings, place.clock)


def steps(place: Desk) -> tuple[FirstStep, ...]:
    """Return the seven steps; the first that does not stand is the one for now."""
    said = FirstHourWords(place.folder)
    synced = place.directory() is not None
    found = [
        _connect(place),
        _checks(place, said),
        FirstStep("who", "done", {}),
        _sync(place),
        _login(place, said),
        _money(place, said, synced),
        FirstStep(
            "run",
            "done" if story.has_billed(place.database, place.settings) else "later",
            {"held": holds_run(place), "possible": synced},
        ),
    ]
    waiting = next((number for number, step in enumerate(found) if step.state == "later"), None)
    if waiting is not None:
        found[waiting] = FirstStep(found[waiting].id, "now", found[waiting].facts)
    return tuple(found)


def everybody(place: Desk) -> Headcount | None:
    """Return how everybody in OfficeRnD is accounted for, None before the first sync."""
    directory, seen = place.directory(), taken(place)
    if directory is None or seen is None:
        return None
    left_out = people.readiness(place.settings).left_out
    wait = sum(why in ANSWERS for why, _ in left_out.values())
    return Headcount(len(seen.officernd.members) - len(left_out), wait, len(left_out) - wait)


def _connect(place: Desk) -> FirstStep:
    glance = place.glance
    if glance is None:
        return FirstStep("connect", "later", {})
    problems = [text for text in (glance.papercut_problem, glance.officernd_problem) if text]
    facts = {"users": glance.papercut_users, "organization": glance.organization, "problems": problems}
    return FirstStep("connect", "warned" if problems else "done", facts)


def _checks(place: Desk, said: FirstHourWords) -> FirstStep:
    work = place.works.newest("check", "fix", over=True)
    looked = {name: said.when(f"looked_{name}") for name in LOOKED}
    if work is None or work.answer is None:
        return FirstStep("checks", "later", {"looked": looked, "error": work.error if work else ""})
    findings = work.answer["findings"]
    errors = [finding for finding in findings if finding["severity"] == "error"]
    others = [finding for finding in findings if finding["severity"] == "warning"]
    facts = {
        "looked": looked,
        "errors": errors,
        "warnings": others,
        "passed": work.answer.get("passed", []),
        "at": work.ended_at,
    }
    return FirstStep("checks", "done" if not errors and all(looked.values()) else "warned", facts)


def _sync(place: Desk) -> FirstStep:
    """Count who of the directory has an account: PaperCut may have refused some, or all of them."""
    directory = place.directory()
    if directory is None:
        return FirstStep("sync", "later", {})
    meant = {user.member_id for user in directory.users if user.standing == "active"}
    missing = meant - figures.linked_ids(place)
    return FirstStep("sync", "warned" if missing else "done", {"can": len(meant - missing), "missing": len(missing)})


def _login(place: Desk, said: FirstHourWords) -> FirstStep:
    trace = logins.latest(place.settings.scripts.home)
    facts = {"trace": trace, "since": said.when("began"), "later": said.when("later_login")}
    if trace.accepted:
        return FirstStep("login", "done", facts)
    return FirstStep("login", "done" if facts["later"] else "later", facts)


def _money(place: Desk, said: FirstHourWords, synced: bool) -> FirstStep:
    """Look at what was owed before: from the links until the first billing, then what that one holds."""
    if story.has_billed(place.database, place.settings):
        owed = {item["member_id"]: item["amount"] for item in figures.undecided(place) if item["code"] == OPENING}
        total = sum(Decimal(amount) for amount in owed.values())
    else:
        opening = figures.opening_debts(place)
        owed = dict.fromkeys(opening, "")
        total = amounts.to_decimal(-sum(opening.values()))
    later = said.when("later_money")
    facts = {"people": len(owed), "owed": str(total), "later": later, "rule": place.settings.fees.opening_balances}
    return FirstStep("money", "done" if synced and (not owed or later) else "later", facts)
