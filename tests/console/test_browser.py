"""The pages in a real Chromium: clicking, keyboard alone, phone, without script, accessibility, no policy violated."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import waitress
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from relay import config, passwords
from relay.console.app import make_app
from relay.console.desk import Desk
from relay.console.pages import works
from relay.run import run
from relay.sandbox.pair import Pair
from tests.support import chromium, tools
from tests.support.visitor import PASSWORD

AXE = tools.NODE / "node_modules" / "axe-core" / "axe.min.js"
PAGES = (
    "/",
    "/people",
    "/review",
    "/money",
    "/statements",
    "/settings",
    "/sites",
    "/runs",
    "/audit",
    "/checks",
    "/users",
    "/installation",
)
PATIENCE_S = 60
SHOWN = """
    const says = (item) => item.innerText.trim() === arguments[0] && item.checkVisibility();
    return [...document.querySelectorAll("button, summary, a")].find(says);
"""
SETTLED = "return document.querySelector('main') !== null && document.querySelector('[data-watch]') === null"

pytestmark = pytest.mark.needs("chromium")


class Browser:
    """One Chromium of a certain size, with what a person does in it."""

    def __init__(self, folder: Path, base: str, *, width: int, dark: bool = False, script: bool = True) -> None:
        self.driver = chromium.start(folder)
        self.base = base
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        if not script:
            self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        if dark:
            features = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
            self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", features)

    def log_in(self) -> None:
        self.open("/login")
        for field, typed in (("name", "ann"), ("password", PASSWORD)):
            self.driver.find_element(By.NAME, field).send_keys(typed)
        self.driver.find_element(By.CSS_SELECTOR, "main button").click()
        # A page opened before the answer is overtaken by where the login leads.
        self.wait(lambda: "/login" not in self.driver.current_url)

    def open(self, path: str) -> None:
        self.driver.get(self.base + path)

    def click(self, text: str) -> None:
        """Press what says `text`, and wait until the work that it started, if any, is over."""
        shown = self.driver.execute_script(SHOWN, text)
        assert shown, (text, self.driver.current_url, self.text())
        before = self.driver.current_url
        is_summary = shown.tag_name == "summary"
        shown.click()
        if not is_summary:
            self.wait(lambda: self.driver.current_url != before or "/work/" in self.driver.current_url)
            self.wait(lambda: self.driver.execute_script(SETTLED))

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self) -> str:
        """Return what the page says, asked in one go: between two questions it may replace itself."""
        return str(self.driver.execute_script("return document.querySelector('main')?.innerText ?? ''"))

    def wait(self, condition: Any) -> None:
        gone = (StaleElementReferenceException, NoSuchElementException)  # the page was just being replaced
        WebDriverWait(self.driver, PATIENCE_S, 0.05, ignored_exceptions=gone).until(lambda _: condition())

    def complaints(self) -> list[str]:
        """Return what the browser's console holds: errors of scripts, violations of the policy."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def faults(self) -> list[str]:
        """Return what axe finds serious, as "rule: element"."""
        # The page's own policy lets nothing in; the driver puts the judge in from outside.
        self.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
        found = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', "
            "'best-practice']}).then(result => done(JSON.stringify(result.violations)))"
        )
        return [
            f"{violation['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
            for violation in json.loads(found)
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]

    def overflows(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        return int(self.driver.execute_script("return document.documentElement.scrollWidth - window.innerWidth"))


class Served:
    """Both stand-ins and the console, answering at a loopback port."""

    def __init__(self, folder: Path) -> None:
        self.pair = Pair(folder, members=40, filling="old-connector").start()
        with self.pair.config_file.open("a", encoding="utf-8") as file:
            file.write('\n[top_up]\namount = "2.00"\n')
        passwords.set_password(self.pair.config_file, "ann", "money", PASSWORD)
        self.desk = Desk(config.load(self.pair.config_file))
        self.server = waitress.create_server(make_app(self.desk), host="127.0.0.1", port=0, threads=8)
        self.url = f"http://127.0.0.1:{self.server.effective_port}"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with contextlib.suppress(OSError):  # its sockets are closed under it
            self.server.run()

    def close(self) -> None:
        self.desk.works.finish(30)
        self.server.close()
        self._thread.join(5)
        self.desk.close()
        self.pair.stop()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A site whose people were brought over and that was billed once."""
    found = Served(tmp_path_factory.mktemp("site"))
    with found.desk.site() as site:
        assert run(site).exit_code == 0
    yield found
    found.close()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Served]:
    """A site that nobody has brought people to yet."""
    found = Served(tmp_path / "site")
    yield found
    found.close()


OpenBrowser = Callable[..., Browser]


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[OpenBrowser]:
    opened: list[Browser] = []

    def make(served: Served, **how: Any) -> Browser:
        opened.append(Browser(tmp_path / f"browser{len(opened)}", served.url, **how))
        opened[-1].log_in()
        return opened[-1]

    yield make
    for one in opened:
        one.driver.quit()


def test_a_new_user_clicks_from_the_first_visit_to_a_settled_day(empty: Served, browser: OpenBrowser) -> None:
    wide = browser(empty, width=1280)
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
def test_no_page_shuts_anybody_out(served: Served, browser: OpenBrowser) -> None:
    somebody = f"?who={served.pair.logins(1)[0].email}"
    own = (f"/people/one{somebody}", f"/people/why{somebody}", "/money/differences", "/nowhere")
    for one in (browser(served, width=1280), browser(served, width=375, dark=True)):
        for where in (*PAGES, *own):
            one.open(where)
            for closed in one.all("details:not([open])")[:6]:
                one.driver.execute_script("arguments[0].open = true", closed)
            assert [] == one.faults(), where
            assert one.overflows() <= 0, where
            complaints = one.complaints()
            assert [] == complaints or where == "/nowhere", (where, complaints)


@pytest.mark.needs("node")
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_held_money_is_chosen_confirmed_and_taken_back(
    served: Served, browser: OpenBrowser, width: int, dark: bool
) -> None:
    one = browser(served, width=width, dark=dark)

    def is_in_order() -> None:
        assert ([], [], True) == (one.faults(), one.complaints(), one.overflows() <= 0), one.driver.current_url

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
def test_questions_are_answered_in_their_group(served: Served, browser: OpenBrowser, width: int, dark: bool) -> None:
    one = browser(served, width=width, dark=dark)
    one.open("/review")
    one.click("Look at both systems" if "Look at both systems" in one.text() else "Look again")
    one.open("/review")
    assert ([], []) == (one.faults(), one.complaints())
    one.click("Use this one")
    assert "Look again (1 answer since)" in one.text() and one.all("tr.done")
    assert ([], [], True) == (one.faults(), one.complaints(), one.overflows() <= 0)
    one.all("tr.done button")[0].click()
    one.wait(lambda: "Taken back" in one.text())


@pytest.mark.needs("node")
def test_the_judge_sees_a_fault_where_there_is_one(served: Served, browser: OpenBrowser) -> None:
    wide = browser(served, width=1280)
    wide.open("/people")
    wide.driver.execute_script(
        "document.querySelector('label[for=find]').remove(); document.getElementById('find').placeholder = ''"
    )
    assert any("label" in fault for fault in wide.faults())


def test_the_phone_does_what_the_desk_does(served: Served, browser: OpenBrowser) -> None:
    phone = browser(served, width=375)
    phone.open("/review")
    phone.click("Look at both systems" if "Look at both systems" in phone.text() else "Look again")
    phone.click("Look through the list")
    assert "stay as they are" in phone.text()


def test_the_keyboard_alone_is_enough(served: Served, browser: OpenBrowser) -> None:
    wide = browser(served, width=1280)
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


def test_without_script_pages_are_read_and_forms_work(served: Served, browser: OpenBrowser) -> None:
    plain = browser(served, width=1280, script=False)
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


def test_progress_falls_back_to_asking(served: Served, browser: OpenBrowser, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = threading.BoundedSemaphore(1)
    taken.acquire()
    monkeypatch.setattr(works, "LISTENERS", taken)
    wide = browser(served, width=1280)
    wide.open("/checks")
    wide.click("Check again" if "Checked" in wide.text() else "Check now")
    assert "See the findings" in wide.text()
