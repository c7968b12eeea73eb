"""A Chromium without a window, what a person does in it, and a page of ours for it to look at.

Starting one takes two seconds of computing, so `Chromiums` keeps them for whoever comes next, and hands each out as if
it were new: no cookies, no cache, no emulation, an empty log.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import waitress
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.support import tools

AXE = tools.NODE / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_S = 60
SHOWN = """
    const says = (item) => item.innerText.trim() === arguments[0] && item.checkVisibility();
    return [...document.querySelectorAll("button, summary, a")].find(says);
"""
SETTLED = "return document.querySelector('main') !== null && document.querySelector('[data-watch]') === null"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Chromiums:
    """The browsers of this process; its profiles lie below `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._all: list[webdriver.Chrome] = []
        self._idle: list[webdriver.Chrome] = []

    @contextlib.contextmanager
    def borrowed(self) -> Iterator[Callable[..., Browser]]:
        """Yield a maker of browsers, as many at once as a test likes: make("http://127.0.0.1:8080", width=390)."""
        taken: list[webdriver.Chrome] = []

        def make(base: str = "", **how: Any) -> Browser:
            taken.append(self._idle.pop() if self._idle else self._start())
            return Browser(taken[-1], base, **how)

        yield make
        for driver in taken:
            _forget(driver)
            self._idle.append(driver)

    def close(self) -> None:
        for driver in self._all:
            driver.quit()

    def _start(self) -> webdriver.Chrome:
        tools.need("chromium")
        options = webdriver.ChromeOptions()
        options.binary_location = str(shutil.which("chromium"))
        for flag in (*FLAGS, f"--user-data-dir={self._folder / str(len(self._all))}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = webdriver.ChromeService(str(shutil.which("chromedriver")))
        self._all.append(webdriver.Chrome(options=options, service=service))
        return self._all[-1]


def _forget(driver: webdriver.Chrome) -> None:
    """Leave nothing of a test in a browser: the next one may be of another site at the same address."""
    driver.get("about:blank")
    for command, arguments in (
        ("Network.clearBrowserCookies", {}),
        ("Network.clearBrowserCache", {}),
        ("Emulation.clearDeviceMetricsOverride", {}),
        ("Emulation.setScriptExecutionDisabled", {"value": False}),
        ("Emulation.setEmulatedMedia", {"media": "", "features": []}),
    ):
        driver.execute_cdp_cmd(command, arguments)
    driver.get_log("browser")


class Browser:
    """A browser of a certain size at the pages of `base`, and what a person does in it."""

    def __init__(
        self, driver: webdriver.Chrome, base: str, *, width: int = 1280, dark: bool = False, script: bool = True
    ) -> None:
        self.driver = driver
        self.base = base
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        if not script:
            self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        if dark:
            features = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
            self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", features)

    def open(self, path: str) -> None:
        self.driver.get(self.base + path)

    def log_in(self, name: str, password: str) -> None:
        self.open("/login")
        self.all("[name=name]")[0].send_keys(name)
        self.all("[name=password]")[0].send_keys(password)
        self.all("main button")[0].click()
        # A page opened before the answer is overtaken by where the login leads.
        self.wait(lambda: "/login" not in self.driver.current_url)

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

    def paste(self, field: WebElement, text: str) -> None:
        """Put text in place of what stands in a field, in one go: typing takes a tenth of a second."""
        self.driver.execute_script("arguments[0].focus(); arguments[0].select()", field)
        self.driver.execute_cdp_cmd("Input.insertText", {"text": text})

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self) -> str:
        """Return what the page says, asked in one go: between two questions it may replace itself."""
        return str(self.driver.execute_script("return document.querySelector('main')?.innerText ?? ''"))

    def wait(self, condition: Callable[[], object]) -> None:
        gone = (StaleElementReferenceException, NoSuchElementException)  # the page was just being replaced
        WebDriverWait(self.driver, PATIENCE_S, 0.05, ignored_exceptions=gone).until(lambda _: condition())

    def wait_for(self, selector: str) -> None:
        self.wait(lambda: self.all(selector))

    def complaints(self) -> list[str]:
        """Return what the browser's console holds: errors of scripts, violations of the policy."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def faults(self) -> list[str]:
        """Return what axe finds, whatever its weight, as "rule: element"."""
        # The page's own policy lets nothing in; the driver puts the judge in from outside.
        self.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
        found = self.driver.execute_async_script(
            "const [only, done] = arguments;"
            "axe.run(document, {runOnly: only, resultTypes: ['violations']})"
            ".then(result => done(JSON.stringify(result.violations)))",
            RULES,
        )
        return [
            f"{violation['id']}: {node['html'][:200]} {node.get('failureSummary', '')[:200]}"
            for violation in json.loads(found)
            for node in violation["nodes"]
        ]

    def misshapen(self) -> list[str]:
        """Return the squeezed marks and icons, and the boxes that their text runs over."""
        found: list[str] = self.driver.execute_script(
            "const squeezed = [...document.querySelectorAll('.mark, svg.icon')].filter(one => {"
            " const box = one.getBoundingClientRect(); return Math.abs(box.width - box.height) > 1; });"
            "const spilt = [...document.querySelectorAll('button, .button, .badge, .count, .tile, .sheet')]"
            " .filter(one => one.clientWidth && one.scrollWidth > one.clientWidth + 1);"
            "return [...squeezed, ...spilt].map(one => one.outerHTML.slice(0, 200));"
        )
        return found

    def overflows(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        wider = self.driver.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
        return max(0, int(wider))


@contextlib.contextmanager
def served(app: Any) -> Iterator[str]:
    """Answer for a WSGI application at a loopback port; yield its address."""
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=8)

    def run() -> None:
        with contextlib.suppress(OSError):  # its sockets are closed under it
            server.run()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    for channel in list(server.active_channels.values()):  # a browser keeps its connections; it ends with the last one
        with contextlib.suppress(OSError):
            channel.socket.shutdown(socket.SHUT_RDWR)
    thread.join(5)
