"""The members' page in a real Chromium: a phone and a desk, without script, nine languages, accessibility."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from selenium.webdriver.common.keys import Keys

from relay.members_page.texts import LANGUAGES, read
from relay.people.act import pins
from tests.members_page.conftest import ANN, BEN, WORD, House
from tests.support.browser import Browser, served
from tests.support.still_clock import StillClock

pytestmark = pytest.mark.needs("chromium")
OpenPhone = Callable[..., Browser]


@pytest.fixture(scope="module")
def url(house: House) -> Iterator[str]:
    (house.site.pair.home / "state" / "failures").unlink(missing_ok=True)
    with served(house.app(StillClock(house.now), help="Add the printer North, then print and touch Release.")) as found:
        yield found


@pytest.fixture
def phone(url: str, browser: OpenPhone) -> OpenPhone:
    return partial(browser, url)


def log_in(one: Browser, email: str, word: str) -> None:
    one.open("/login")
    one.all("#name")[0].send_keys(email)
    one.all("#password")[0].send_keys(word, Keys.ENTER)
    one.wait_for("#balance, #problem")


@pytest.mark.needs("node")
@pytest.mark.parametrize(("width", "dark"), [(390, False), (1280, True)])
def test_no_page_shuts_anybody_out(phone: OpenPhone, width: int, dark: bool) -> None:
    one = phone(width=width, dark=dark)
    one.open("/login")
    assert ([], 0) == (one.faults(), one.overflows())
    log_in(one, ANN, "wrong-Pass-1")
    assert ([], 0) == (one.faults(), one.overflows())
    assert all("401" in complaint for complaint in one.complaints())
    log_in(one, ANN, WORD)
    for language in LANGUAGES:
        one.open(f"/language/{language}")
        assert read(language)["billed"] in one.text()
        for closed in one.all("details"):
            one.driver.execute_script("arguments[0].open = true", closed)
        assert ([], 0) == (one.faults(), one.overflows()), language
    for path in ("/poster", "/nowhere"):
        one.open(path)
        assert ([], 0) == (one.faults(), one.overflows()), path
    assert [complaint for complaint in one.complaints() if "404" not in complaint] == []


@pytest.mark.needs("node")
def test_the_judge_sees_a_fault_where_there_is_one(phone: OpenPhone) -> None:
    one = phone(width=390)
    one.open("/login")
    one.driver.execute_script("document.querySelector('label[for=name]').remove()")
    assert any(fault.startswith("label") for fault in one.faults())


def test_without_script_a_member_logs_in_makes_a_pin_and_leaves(house: House, phone: OpenPhone) -> None:
    one = phone(width=390, script=False)
    log_in(one, BEN, WORD)
    assert "secret of ben.pdf" in one.text()
    try:
        one.all("form[action='/pin'] button")[0].click()
        one.wait_for("#new-pin")
        assert "Write it down now" in one.text()
        one.driver.refresh()
        assert "Write it down now" not in one.text()
    finally:
        pins.revoke_pin(house.site.pair.home, house.ids[BEN])
    one.all("form[action='/logout'] button")[0].click()
    one.wait_for("#password")
    one.open("/")
    assert one.driver.current_url.endswith("/login")
