"""The members' page in a real Chromium: a phone and a desk, without script, nine languages, accessibility."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import waitress
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from relay.members_page.texts import LANGUAGES, read
from relay.people.act import pins
from tests.members_page.conftest import ANN, BEN, WORD, House
from tests.support import chromium, tools
from tests.support.still_clock import StillClock

AXE = tools.NODE / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE_S = 60

pytestmark = pytest.mark.needs("chromium")


class Phone:
    """A Chromium of a certain width, without script."""

    def __init__(self, folder: Path, base: str, width: int, *, dark: bool = False) -> None:
        self.driver = chromium.start(folder)
        self.base = base
        size = {"width": width, "height": 850, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        if dark:
            features = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
            self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", features)

    def open(self, path: str) -> None:
        self.driver.get(self.base + path)

    def log_in(self, email: str, word: str) -> None:
        self.open("/login")
        self.driver.find_element(By.ID, "name").send_keys(email)
        self.driver.find_element(By.ID, "password").send_keys(word, Keys.ENTER)
        self.wait_for("#balance, #problem")

    def wait_for(self, selector: str) -> None:
        wait = WebDriverWait(self.driver, PATIENCE_S, 0.05)
        wait.until(lambda driver: driver.find_elements(By.CSS_SELECTOR, selector))

    def text(self) -> str:
        return self.driver.find_element(By.TAG_NAME, "main").text

    def faults(self) -> list[str]:
        """Return what axe finds, whatever its weight, as "rule: element"."""
        self.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
        rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        found = self.driver.execute_async_script(
            f"const done = arguments[0]; axe.run(document, {{runOnly: {json.dumps(rules)}}})"
            ".then(result => done(JSON.stringify(result.violations)))"
        )
        return [f"{one['id']}: {node['html'][:200]}" for one in json.loads(found) for node in one["nodes"]]

    def overflows(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        wider = self.driver.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
        return max(0, int(wider))

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture(scope="module")
def served(house: House) -> Iterator[str]:
    (house.site.pair.home / "state" / "failures").unlink(missing_ok=True)
    app = house.app(StillClock(house.now), help="Add the printer North, then print and touch Release.")
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=8)

    def answer() -> None:
        with contextlib.suppress(OSError):  # its sockets are closed under it
            server.run()

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    thread.join(5)


@pytest.fixture
def phone(served: str, tmp_path: Path) -> Iterator[Any]:
    opened: list[Phone] = []

    def make(width: int, **how: Any) -> Phone:
        opened.append(Phone(tmp_path / f"browser{len(opened)}", served, width, **how))
        return opened[-1]

    yield make
    for one in opened:
        one.driver.quit()


@pytest.mark.needs("node")
@pytest.mark.parametrize(("width", "dark"), [(390, False), (1280, True)])
def test_no_page_shuts_anybody_out(phone: Any, width: int, dark: bool) -> None:
    one = phone(width, dark=dark)
    one.open("/login")
    assert ([], 0) == (one.faults(), one.overflows())
    one.log_in(ANN, "wrong-Pass-1")
    assert ([], 0) == (one.faults(), one.overflows())
    assert all("401" in complaint for complaint in one.complaints())
    one.log_in(ANN, WORD)
    for language in LANGUAGES:
        one.open(f"/language/{language}")
        assert read(language)["billed"] in one.text()
        for closed in one.driver.find_elements(By.CSS_SELECTOR, "details"):
            one.driver.execute_script("arguments[0].open = true", closed)
        assert ([], 0) == (one.faults(), one.overflows()), language
    for path in ("/poster", "/nowhere"):
        one.open(path)
        assert ([], 0) == (one.faults(), one.overflows()), path
    assert [complaint for complaint in one.complaints() if "404" not in complaint] == []


@pytest.mark.needs("node")
def test_the_judge_sees_a_fault_where_there_is_one(phone: Any) -> None:
    one = phone(390)
    one.open("/login")
    one.driver.execute_script("document.querySelector('label[for=name]').remove()")
    assert any(fault.startswith("label") for fault in one.faults())


def test_without_script_a_member_logs_in_makes_a_pin_and_leaves(house: House, phone: Any) -> None:
    one = phone(390)
    one.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    one.log_in(BEN, WORD)
    assert "secret of ben.pdf" in one.text()
    try:
        one.driver.find_element(By.CSS_SELECTOR, "form[action='/pin'] button").click()
        one.wait_for("#new-pin")
        assert "Write it down now" in one.text()
        one.driver.refresh()
        assert "Write it down now" not in one.text()
    finally:
        pins.revoke_pin(house.site.pair.home, house.ids[BEN])
    one.driver.find_element(By.CSS_SELECTOR, "form[action='/logout'] button").click()
    one.wait_for("#password")
    one.open("/")
    assert one.driver.current_url.endswith("/login")
