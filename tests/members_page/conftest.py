"""A house with three members who have printed and were billed, its members' page, and visitors in front of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from relay.members_page.app import make_app
from relay.members_page.place import Place
from relay.run import run
from tests.support.people_site import PeopleSite, small_organisation
from tests.support.quick_clock import QuickClock
from tests.support.still_clock import StillClock
from tests.support.visitor import Visitor

WORD = "Secret-1"
ANN, BEN, CY = "ann@acme.example", "ben@acme.example", "cy@alone.example"
DOCUMENT = '<b>plan</b> & "walls" \u202egpj.pdf'

MakeApp = Callable[..., Flask]


class Ahead(QuickClock):
    """The real time, some seconds ahead: a log tells no parts of a second, so nothing may share one."""

    def __init__(self) -> None:
        self.by = timedelta()

    def now(self) -> datetime:
        return super().now() + self.by

    def step(self) -> None:
        self.by += timedelta(seconds=5)


class House:
    """The site; `ids` are the members' by address. Each test that adds to it undoes that."""

    def __init__(self, folder: Path) -> None:
        people = [("Ann Lee", ANN, "Acme"), ("Ben Day", BEN, "Acme"), ("Cy <i>Ray</i>", CY, "")]
        self.clock = Ahead()
        self.site = PeopleSite(
            folder,
            clock=self.clock,
            organisation=small_organisation(people),
            settings={
                "members_page": {"listen": "127.0.0.1:9481"},
                "top_up": {"amount": "1.00"},
                "jobs": {"cost_column": "11"},
                "safety": {"settling_s": 0},
            },
        )
        self.site.clock = self.clock
        self.site.connect()
        self.ids = {one.email: one.id for one in self.site.organisation.members}
        assert run(self.site.context).exit_code == 0
        self.print(ANN, DOCUMENT, 30)  # 1.00 is covered by the allowance, 0.50 becomes a fee
        self.print(BEN, "secret of ben.pdf", 40)
        assert run(self.site.context).exit_code == 0
        self.print(CY, "letter.pdf", 3)
        assert run(self.site.context).exit_code == 0
        self.now = self.site.clock.now()  # the programs' files have the real time; the page has the same day
        self._folders = (folder / "page" / str(number) for number in itertools.count())

    def print(self, email: str, document: str, pages: int) -> None:
        self.clock.step()
        self.site.pair.papercut.print_job(
            login=(email, WORD), printer="Black and White", pages=pages, document=document
        )
        self.clock.step()

    def app(self, clock: StillClock, **section: Any) -> Flask:
        """Return the page with state of its own; `section` are settings of [members_page]."""
        base = self.site.settings
        settings = base.model_copy(
            update={
                "members_page": base.members_page.model_copy(update=section),
                "site": base.site.model_copy(update={"state_dir": next(self._folders)}),
            }
        )
        return make_app(Place(lambda: settings, self.site.database, clock))


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("house"))
    yield made
    made.site.stop()


@pytest.fixture
def clock(house: House) -> StillClock:
    return StillClock(house.now)


@pytest.fixture
def make_page(house: House, clock: StillClock) -> MakeApp:
    """Return a page; what guesses have left behind in the brake is taken away first."""
    (house.site.pair.home / "state" / "failures").unlink(missing_ok=True)
    return lambda **section: house.app(clock, **section)


@pytest.fixture
def page(make_page: MakeApp) -> Flask:
    return make_page()


@pytest.fixture
def stranger(page: Flask) -> Visitor:
    return Visitor(page.test_client())


@pytest.fixture
def enter(page: Flask) -> Callable[[str], Visitor]:
    """Return somebody who is logged in."""

    def make(email: str) -> Visitor:
        somebody = Visitor(page.test_client())
        assert 302 == somebody.log_in(email, WORD).status_code
        return somebody

    return make
