"""The stand-in's page, in a real browser."""

from __future__ import annotations

import shutil

import pytest

pytest.importorskip("selenium", reason="the page is tried in Chromium")

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait


@pytest.fixture
def browser(tmp_path):
    driver, chromium = shutil.which("chromedriver"), shutil.which("chromium")
    if not driver or not chromium:
        pytest.skip("needs chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        f"--user-data-dir={tmp_path}/chromium",
    ):
        options.add_argument(argument)
    running = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
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
