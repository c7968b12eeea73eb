"""A day with 58 questions and 62 old debts, played by clicks in a real Chromium: counted, and told alike everywhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from selenium.webdriver.remote.webelement import WebElement

from relay import config, passwords
from relay import run as story
from relay.console import figures
from relay.console.app import make_app
from relay.console.desk import Desk
from relay.notify.causes import standing
from relay.sandbox.organisation import make_organisation
from relay.sandbox.pair import Pair
from tests.support.browser import Browser
from tests.support.browser import served as served_app
from tests.support.quick_clock import QuickClock
from tests.support.visitor import PASSWORD

pytestmark = pytest.mark.needs("chromium")

PEOPLE, QUESTIONS, DEBTS = 280, 58, 62
MOST_CLICKS = 30  # to answer all questions and apply them


class Day:
    """Ann's day: what she clicks is counted, and after each step every place is asked what is open."""

    def __init__(self, browser: Browser, desk: Desk) -> None:
        self.browser, self.desk, self.clicks = browser, desk, 0

    def click(self, *texts: str) -> None:
        for text in texts:
            self.browser.click(text)
            self.clicks += 1

    def press(self, element: WebElement) -> None:
        element.click()
        self.clicks += 1

    def is_told_alike(self, asked: int, held: int, amount: str = "") -> None:
        """`status`, Today, Review, Money, the navigation and the messages tell the same count in the same words."""
        with self.desk.site() as site:
            told = story.status(site)["open"]
        assert (told["questions"], told["held"]) == (asked, held)
        (held_line,) = [line for line in told["lines"] if "held money" in line] or [""]
        (asked_line,) = [line for line in told["lines"] if "who is who" in line] or [""]
        assert amount in held_line and bool(held) is bool(held_line) and bool(asked) is bool(asked_line)
        messages = [cause.message for cause in standing(self.desk)]
        assert messages == [held_line] * bool(held)
        here = self.browser.driver.current_url
        self.browser.open("/")
        today = self.browser.text()
        assert asked_line in today and re.sub(r"[\d.,]+ EUR", "€", held_line)[:40] in today
        counts = {link.text.split("\n")[0]: link.text.split("\n")[1:2] for link in self.browser.all("nav a")}
        assert (counts["Review"], counts["Money"]) == ([str(asked)] * bool(asked), [str(held)] * bool(held))
        self.browser.open("/money")
        assert (f"{held} people" in self.browser.text()) is (held > 1)
        self.browser.driver.get(here)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A site that ran once: 58 members have no address, and 62 accounts owed something before."""
    organisation = make_organisation(PEOPLE, 1)
    active = [one for one in organisation.members if one.status == "active"]
    printing = [one for one in active if one.email]
    more = QUESTIONS - (len(active) - len(printing))
    nameless = {one.id for one in printing[:more]}
    members = tuple(replace(one, email="") if one.id in nameless else one for one in organisation.members)
    folder = tmp_path_factory.mktemp("day") / "site"
    with Pair(folder, members=PEOPLE, organisation=replace(organisation, members=members)) as pair:
        for number, one in enumerate(printing[more : more + DEBTS]):
            pair.papercut.state.add_user(f"old{number}", full_name=one.name, email=one.email, balance=-0.5 - number / 4)
        passwords.set_password(pair.config_file, "ann", "money", PASSWORD)
        desk = Desk(config.load(pair.config_file), QuickClock())
        with desk.site() as site:
            assert story.run(site).exit_code == 0
        yield desk
        desk.works.finish(30)
        desk.close()


@pytest.fixture
def day(desk: Desk, browser: Callable[..., Browser]) -> Iterator[Day]:
    with served_app(make_app(desk)) as url:
        ann = browser(url, width=1280)
        ann.log_in("ann", PASSWORD)
        yield Day(ann, desk)


def test_a_day_of_58_questions_and_62_debts(day: Day) -> None:
    total = sum(0.5 + number / 4 for number in range(DEBTS))
    day.is_told_alike(QUESTIONS, DEBTS, f"{total:.2f} EUR")
    questions_answered(day)
    assert day.clicks <= MOST_CLICKS
    debts_decided(day, total)
    assert [] == day.browser.complaints()


def questions_answered(day: Day) -> None:
    """Every question in its group, one click for all; then what they do is looked at and done."""
    day.browser.open("/")
    day.click("Look")
    day.press(day.browser.all("button[data-use]")[0])
    day.browser.wait(lambda: f"Look again ({QUESTIONS} answers since)" in day.browser.text())
    day.is_told_alike(0, DEBTS)
    day.browser.open("/review")
    day.click(f"Look again ({QUESTIONS} answers since)", "Look through the list", "Do this…", "Do exactly this")
    assert "Done:" in day.browser.text()
    assert len(day.desk.directory().users) >= QUESTIONS + DEBTS  # type: ignore[union-attr]
    day.is_told_alike(0, DEBTS)


def debts_decided(day: Day, total: float) -> None:
    """Three are forgiven, taken back and forgiven again, the rest billed; the next run does what was said, once."""
    began = day.clicks
    day.browser.open("/")
    day.click("Decide")
    for turn in range(2):
        for box in day.browser.all("tbody .tick input")[:3]:  # the three largest
            day.press(box)
        day.click("Forgive…")
        assert "owed by 3 people" in day.browser.all("h1")[0].text and "€46.50" in day.browser.text()
        day.browser.all("#why")[0].send_keys("closed years ago")
        day.press(day.browser.all("aside button")[0])
        day.browser.wait(lambda: "Decided: 3 amounts" in day.browser.text())
        day.is_told_alike(0, DEBTS - 3)
        if turn == 0:
            day.press(next(one for one in day.browser.all(".undo button") if one.text == "Undo all 3"))
            day.browser.wait(lambda: "Taken back: 3 decisions" in day.browser.text())
            day.is_told_alike(0, DEBTS)
    day.press(day.browser.all("[data-everybody]")[0])
    day.click("Bill…")
    assert f"{DEBTS - 3} people" in day.browser.all("h1")[0].text
    day.browser.all("#why")[0].send_keys("agreed")
    day.press(day.browser.all("aside button")[0])
    day.browser.wait(lambda: f"Decided: {DEBTS - 3} amounts" in day.browser.text())
    day.is_told_alike(0, 0)
    day.browser.open("/")
    day.click("Run now", "Do the daily run now")
    assert f"{total - 46.5:.2f}" in day.browser.text().replace(",", "")
    assert day.clicks - began <= MOST_CLICKS
    assert figures.held(day.desk) == ()
