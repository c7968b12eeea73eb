"""The stand-in's page, in a real browser."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.support import chromium


@pytest.fixture
def browser(tmp_path):
    running = chromium.start(tmp_path / "chromium")
    yield running
    running.quit()


def test_a_browser_logs_in_and_prints(papercut, browser):
    """GET /sandbox: what an operator without curl does."""
    browser.get(papercut.url + "/sandbox")
    waiting = WebDriverWait(browser, 10)
    waiting.until(lambda _: browser.find_elements(By.CSS_SELECTOR, "select[name=printer] option"))
    browser.find_element(By.NAME, "name").send_keys("reception")
    browser.find_element(By.NAME, "password").send_keys("front desk")
    browser.find_element(By.CSS_SELECTOR, "button[value=print]").click()
    waiting.until(lambda _: "Offer.pdf" in browser.find_element(By.ID, "answer").text)
    (job,) = papercut.state.jobs
    assert (job.username, job.pages, job.printer) == ("reception", 3, "Colour")
    waiting.until(lambda _: "Offer.pdf" in browser.find_element(By.ID, "jobs").text)
