"""The set-up and the first hour in a real Chromium: wrong answers at every step, a desk and a phone, without script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from selenium.webdriver.remote.webelement import WebElement

from relay import config
from relay.console.app import make_app
from relay.console.desk import Desk
from relay.setup.walk import STEPS
from relay.setup.web import Visit, make_setup_app
from tests.setup.test_web import RIGHT, WRONG
from tests.support.browser import Browser, served
from tests.support.quick_clock import QuickClock
from tests.support.setup_site import SetupSite

pytestmark = pytest.mark.needs("chromium")


@pytest.fixture
def visit(site: SetupSite) -> Visit:
    return Visit(site.bench, site.folder / "relay.toml")


@pytest.fixture
def url(visit: Visit) -> Iterator[str]:
    with served(make_setup_app(visit)) as found:
        yield found


def press(one: Browser, text: str) -> None:
    """Press a button and wait for the page that comes of it."""
    (button,) = [item for item in one.all("button") if item.text.strip() == text and item.is_displayed()]
    before = one.all("html")[0].id
    button.click()
    one.wait(lambda: [html.id for html in one.all("html")] not in ([], [before]) and one.all("h1"))


def enter(one: Browser, visit: Visit) -> None:
    one.open("/")
    one.all("#code")[0].send_keys(visit.code)
    press(one, "Begin")


def fill(one: Browser, answers: dict[str, Any]) -> None:
    """Paste answers where they are asked for; choices are clicked."""
    again = {"console.again": answers["console.password"]} if "console.password" in answers else {}
    for name, value in {**answers, **again}.items():
        found = one.all(f"[name='{name}']")
        if not found:
            continue
        for closed in one.all("main details:not([open]) > summary"):
            if not found[0].is_displayed():
                closed.click()
        if found[0].get_attribute("type") in ("radio", "checkbox"):
            _choose(found, value if isinstance(value, list | tuple) else [value])
            continue
        one.paste(found[0], str(value))


def _choose(boxes: list[WebElement], wanted: Any) -> None:
    for box in boxes:
        label = box.find_element("xpath", "..").text.split("\n")[0]
        on = box.get_attribute("value") in wanted or label in wanted
        if on != box.is_selected() and (on or box.get_attribute("type") == "checkbox"):
            box.click()


def whole(one: Browser, where: str) -> None:
    """Hold a page to what every page must be."""
    for closed in one.all("details:not([open])"):
        one.driver.execute_script("arguments[0].open = true", closed)
    assert one.faults() == [], where
    assert one.overflows() == 0, where


@pytest.mark.needs("node")
@pytest.mark.parametrize("how", [{"width": 1280}, {"width": 390, "dark": True}], ids=["desk", "phone"])
def test_wrong_answers_at_every_step_then_right_ones(
    how: dict[str, Any], visit: Visit, url: str, browser: Callable[..., Browser], site: SetupSite
) -> None:
    one = browser(url, **how)
    one.open("/")
    whole(one, "code")
    one.all("#code")[0].send_keys("WRONG")
    press(one, "Begin")
    assert "not the code" in one.text()
    whole(one, "wrong code")
    one.complaints()
    enter(one, visit)
    for step in STEPS:
        assert one.all("h1")[0].text == step.heading
        whole(one, step.id)
        # A radio that is no choice cannot be clicked; those steps are answered wrongly by what can be typed or ticked.
        wrong = {name: value for name, value in WRONG[step.id].items() if name not in ("print.guard", "fees.bill_to")}
        if step.id == "fees":
            wrong = {"fees.plan": visit.walk.known.officernd.plans[0].name} if visit.walk.known.officernd else {}
        if wrong:
            fill(one, {**site.answers[step.id], **wrong})
            press(one, "Continue")
        if wrong and step.id not in visit.walk.done:
            assert one.all("[role=alert]") and one.all("[aria-invalid=true], fieldset[aria-describedby$=problem]")
            whole(one, f"{step.id}, answered wrongly")
            fill(
                one,
                {
                    **site.answers[step.id],
                    **RIGHT.get(step.id, {}),
                    **({"fees.plan": "Print"} if step.id == "fees" else {}),
                },
            )
            press(one, "Try again")
        elif not wrong:
            press(one, "Continue")
        assert step.id in visit.walk.done, (step.id, one.text())
        if step is STEPS[0]:  # an answer to a form is no page that Back could show
            one.driver.back()
            one.wait(lambda: one.all("h1"))
            assert one.all("h1")[0].text == step.heading, "Back asks whether to send the form again"
            one.open("/")
        one.complaints()  # a form that is refused stands in the browser's log
    whole(one, "summary")
    press(one, "Write and start")
    assert "The console starts" in one.text()
    assert config.load(site.folder / "relay.toml", {}).site.name == "hq"


def test_counts_follow_what_is_ticked_and_texts_are_copied(
    visit: Visit, url: str, browser: Callable[..., Browser], site: SetupSite
) -> None:
    one = browser(url, width=1280)
    enter(one, visit)
    for step in ("language", "officernd", "papercut"):
        fill(one, site.answers[step])
        press(one, "Continue")
    before = one.all("#count .big")[0].text
    next(box for box in one.all("[name='members.statuses']") if box.get_attribute("value") == "former").click()
    one.wait(lambda: one.all("#count .big")[0].text != before)
    assert "who" not in visit.walk.done
    one.open("/step/officernd")
    one.all("main details > summary")[-1].click()
    button = next(item for item in one.all("button") if item.text == "Copy")
    button.click()
    one.wait(lambda: button.text == "Copied")
    assert one.complaints() == []


def test_without_script_the_set_up_goes_through(
    visit: Visit, url: str, browser: Callable[..., Browser], site: SetupSite
) -> None:
    one = browser(url, width=1280, script=False)
    enter(one, visit)
    for step in STEPS:
        fill(one, {name: value for name, value in site.answers[step.id].items() if not name.endswith("_url")})
        if step.id == "officernd":
            one.all("main details > summary")[0].click()
            fill(one, {name: value for name, value in site.answers[step.id].items() if name.endswith("_url")})
        press(one, "Continue")
        assert step.id in visit.walk.done, one.text()
    press(one, "Write and start")
    assert (site.folder / "relay.toml").exists()


@pytest.mark.needs("node")
def test_the_first_hour_on_a_desk_and_a_phone(site: SetupSite, browser: Callable[..., Browser]) -> None:
    from relay.setup import document

    written = document.write(site.bench, site.walk(), site.folder / "relay.toml")
    text = written.settings.read_text()
    written.settings.write_text(text.replace('password_hash_file = "secrets/console_password"', ""))
    place = Desk(config.load(written.settings, {}), QuickClock())
    with served(make_app(place)) as url:
        wide, phone = browser(url, width=1280), browser(url, width=390, dark=True)
        wide.open("/")
        wide.click("Ask both systems")
        wide.open("/")
        wide.click("Check now")
        for one in (wide, phone):
            one.open("/")
            assert one.all("h1")[0].text == "Get printing started"
            whole(one, "Today before the first sync")
        wide.click("Begin")
        wide.click("Look at both systems")
        wide.click("Look through the list")
        wide.click("Do this…")
        wide.click("Do exactly this")
        for one in (wide, phone):
            one.open("/")
            whole(one, "Today after the first sync")
        login = site.pair.logins(1)[0]
        assert site.pair.papercut.popup_login(login.email, login.password).ok
        wide.wait(lambda: "logged in" in wide.text())  # nobody touched the page
        place.works.finish(30)
    place.close()
