"""A Chromium without a window, driven by Selenium; its own profile, and no traffic of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

from selenium import webdriver

from tests.support import tools

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


def start(profile: Path) -> webdriver.Chrome:
    """Start a browser; whoever starts it calls `quit`."""
    tools.need("chromium")
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(str(shutil.which("chromedriver"))))
