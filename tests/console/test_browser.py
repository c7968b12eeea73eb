"""The pages in a real Chromium: clicking, keyboard alone, phone, without script, accessibility, no policy violated."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from relay import config, passwords
from relay.console.app import make_app
from relay.console.desk import Desk
from relay.console.pages import works
from relay.run import run
from relay.sandbox.pair import Pair
from tests.support.browser import Browser
from tests.support.browser import served as served_app
from tests.support.quick_clock import QuickClock
from tests.support.visitor import PAGES, PASSWORD

pytestmark = pytest.mark.needs("chromium")


OpenBrowser = Callable[..., Browser]


@dataclass(frozen=True)
class Served:
    """Both stand-ins and the console, answering at a loopback port."""

    pair: Pair
    desk: Desk
    url: str


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Served]:
    with Pair(folder, members=40, filling="old-connector") as pair:
        with pair.config_file.open("a", encoding="utf-8") as file:
            file.write('\n[top_up]\namount = "2.00"\n')
        passwords.set_password(pair.config_file, "ann", "money", PASSWORD)
        desk = Desk(config.load(pair.config_file), QuickClock())
        with served_app(make_app(desk)) as url:
            yield Served(pair, desk, url)
            desk.works.finish(30)
        desk.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A site whose people were brought over and that was billed once."""
    with serving(tmp_path_factory.mktemp("site")) as found:
        with found.desk.site() as site:
            assert run(site).exit_code == 0
        yield found


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Served]:
    """A site that nobody has brought people to yet."""
    with serving(tmp_path / "site") as found:
        yield found


@pytest.fixture
def logged_in(browser: OpenBrowser) -> OpenBrowser:
    """Return a maker of browsers in which Ann has logged in: logged_in(served, width=1280)."""

    def make(served: Served, **how: Any) -> Browser:
        one = browser(served.url, **how)
        one.log_in("ann", PASSWORD)
        return one

    return make


def test_a_new_user_clicks_from_the_first_visit_to_a_settled_day(empty: Served, logged_in: OpenBrowser) -> None:
    wide = logged_in(empty, width=1280)
    for step in (first_sync, finding_fixed, day_settled, settings_changed):
        step(wide, empty)
        assert [] == wide.complaints(), step


def first_sync(wide: Browser, served: Served) -> None:
    wide.open("/")
    wide.click("Begin")
    wide.click("Look at both systems")
    wide.click("Look through the list")
    wide.click("Do this…")
    assert wide.driver.switch_to.active_element.text == "Do exactly this"
    wide.click("Do exactly this")
    assert "Done:" in wide.text()


def finding_fixed(wide: Browser, served: Served) -> None:
    wide.open("/checks")
    wide.click("Check now")
    wide.click("See the findings")
    fixes = len([item for item in wide.all("summary") if item.text.startswith("Fix")])
    assert fixes
    next(item for item in wide.all("summary") if item.text.startswith("Fix")).click()
    wide.click("Fix it")
    wide.open("/checks")
    assert len([item for item in wide.all("summary") if item.text.startswith("Fix")]) < fixes


def day_settled(wide: Browser, served: Served) -> None:
    login = served.pair.logins(1)[0]
    served.pair.papercut.print_job(login=(login.email, login.password), printer="Colour", pages=24, colour_pages=9)
    wide.open("/")
    wide.click("Run now")
    wide.click("Do the daily run now")
    assert "1 fee billed, €3.00 in all" in wide.text()
    wide.open("/people")
    wide.all("#find")[0].send_keys(login.email, Keys.ENTER)
    wide.wait(lambda: "find=" in wide.driver.current_url)
    wide.all("tbody a")[0].click()
    wide.wait(lambda: "/people/one" in wide.driver.current_url)
    assert "Print fee" in wide.text()


def settings_changed(wide: Browser, served: Served) -> None:
    wide.open("/settings")
    wide.all("input[name='members.statuses'][value='drop-in']")[0].click()
    wide.click("See what this would do…")
    wide.click("See what would change")
    assert "may print" in wide.text()
    wide.click("Save")
    assert "Saved." in wide.text()
    assert "drop-in" in served.desk.settings.members.statuses


@pytest.mark.needs("node")
def test_no_page_shuts_anybody_out(served: Served, logged_in: OpenBrowser) -> None:
    somebody = f"?who={served.pair.logins(1)[0].email}"
    own = (f"/people/one{somebody}", f"/people/why{somebody}", "/nowhere")
    for one in (logged_in(served, width=1280), logged_in(served, width=375, dark=True)):
        for where in (*PAGES, *own):
            one.open(where)
            for closed in one.all("details:not([open])")[:6]:
                one.driver.execute_script("arguments[0].open = true", closed)
            assert [] == one.faults(), where
            assert ([], 0) == (one.misshapen(), one.overflows()), where
            complaints = one.complaints()
            assert [] == complaints or where == "/nowhere", (where, complaints)


@pytest.mark.needs("node")
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_held_money_is_chosen_confirmed_and_taken_back(
    served: Served, logged_in: OpenBrowser, width: int, dark: bool
) -> None:
    one = logged_in(served, width=width, dark=dark)

    def is_in_order() -> None:
        assert ([], [], True) == (one.faults(), one.complaints(), one.overflows() == 0), one.driver.current_url

    one.open("/money")
    boxes = one.all("tbody .tick input")
    assert len(boxes) > 1 and not one.all(".picked button")[0].is_enabled(), "nobody is chosen"
    for box in boxes[:2]:
        box.send_keys(Keys.SPACE)
    assert "2 chosen, €" in one.text()
    is_in_order()
    one.click("Forgive…")
    assert "Forgive" in one.all("h1")[0].text and "owed by 2 people?" in one.all("h1")[0].text
    is_in_order()
    one.all("#why")[0].send_keys("paid in cash")
    one.click(one.all("aside button")[0].text)
    assert "Decided: 2 amounts" in one.text() and "paid in cash" in one.text()
    is_in_order()
    one.click("Undo all 2")
    assert "Taken back: 2 decisions" in one.text() and not one.all(".undo")


@pytest.mark.needs("node")
@pytest.mark.parametrize(("width", "dark"), [(1280, True), (390, False)])
def test_questions_are_answered_in_their_group(served: Served, logged_in: OpenBrowser, width: int, dark: bool) -> None:
    one = logged_in(served, width=width, dark=dark)
    one.open("/review")
    one.click("Look at both systems" if "Look at both systems" in one.text() else "Look again")
    one.open("/review")
    assert ([], []) == (one.faults(), one.complaints())
    one.click("Use this one")
    assert "Look again (1 answer since)" in one.text() and one.all("tr.done")
    assert ([], [], True) == (one.faults(), one.complaints(), one.overflows() == 0)
    one.all("tr.done button")[0].click()
    one.wait(lambda: "Taken back" in one.text())


@pytest.mark.needs("node")
def test_the_judge_sees_a_fault_where_there_is_one(served: Served, logged_in: OpenBrowser) -> None:
    wide = logged_in(served, width=1280)
    wide.open("/people")
    wide.driver.execute_script(
        "document.querySelector('label[for=find]').remove(); document.getElementById('find').placeholder = ''"
    )
    assert any("label" in fault for fault in wide.faults())


def test_the_phone_does_what_the_desk_does(served: Served, logged_in: OpenBrowser) -> None:
    phone = logged_in(served, width=375)
    phone.open("/review")
    phone.click("Look at both systems" if "Look at both systems" in phone.text() else "Look again")
    phone.click("Look through the list")
    assert "stay as they are" in phone.text()


def test_the_keyboard_alone_is_enough(served: Served, logged_in: OpenBrowser) -> None:
    wide = logged_in(served, width=1280)
    wide.open("/")
    body = wide.driver.switch_to.active_element
    body.send_keys(Keys.TAB)
    assert "To the content" == wide.driver.switch_to.active_element.text
    reached = set()
    for _ in range(40):
        now = wide.driver.switch_to.active_element
        reached.add(re.split(r"\d", now.text)[0].strip())  # a count may stand beside the page's name
        if now.tag_name == "summary" and now.text.strip() == "Run now":
            break
        now.send_keys(Keys.TAB)
    assert {"People", "Review", "Money", "Run now"} <= reached
    wide.driver.switch_to.active_element.send_keys(Keys.ENTER)
    wide.wait(lambda: wide.driver.switch_to.active_element.text == "Do the daily run now")
    wide.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    wide.wait(lambda: wide.driver.switch_to.active_element.text.strip() == "Run now")
    assert not wide.all("details.ask[open]")


def test_without_script_pages_are_read_and_forms_work(served: Served, logged_in: OpenBrowser) -> None:
    plain = logged_in(served, width=1280, script=False)
    for path in PAGES:
        plain.open(path)
        assert plain.all("h1")[0].text
    plain.open("/statements")
    assert not plain.all("[data-print]")[0].is_displayed()  # only script shows what only script can do
    plain.open("/review")
    plain.click("Look at both systems" if "Look at both systems" in plain.text() else "Look again")
    plain.click("Look through the list")
    assert "stay as they are" in plain.text()
    plain.open("/")
    plain.click("Run now")
    plain.click("Do the daily run now")
    assert "Print jobs:" in plain.text()


def test_progress_falls_back_to_asking(served: Served, logged_in: OpenBrowser, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = threading.BoundedSemaphore(1)
    taken.acquire()
    monkeypatch.setattr(works, "LISTENERS", taken)
    wide = logged_in(served, width=1280)
    wide.open("/checks")
    wide.click("Check again" if "Checked" in wide.text() else "Check now")
    assert "See the findings" in wide.text()
