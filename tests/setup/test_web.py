"""The set-up as pages: who gets in, what a wrong answer shows, and that no secret ever comes back."""

from __future__ import annotations

import html as escaped
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import html

from relay import config, language
from relay.setup import basics
from relay.setup.walk import BY_ID, STEPS
from relay.setup.web import TRIES, Visit, make_setup_app
from tests.support.forms import form_token
from tests.support.other_language import BRACKETED, names_of, outside, words
from tests.support.setup_site import PASSWORD, SetupSite

LOCAL = "http://127.0.0.1:9480"


class Somebody:
    """A browser on this machine that fills forms as they stand."""

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self.client: FlaskClient = make_setup_app(visit).test_client()

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, base_url=LOCAL, buffered=True, **more)

    def csrf(self) -> str:
        return form_token(self.client, LOCAL)

    def post(self, path: str, data: dict[str, Any], **more: Any) -> Any:
        return self.client.post(path, base_url=LOCAL, data={"csrf": self.csrf(), **data}, buffered=True, **more)

    def enter(self) -> Somebody:
        self.get("/code")
        assert self.post("/code", {"code": self.visit.code.lower().replace("-", " ")}).status_code == 302
        return self

    def answer(self, step: str, **changes: Any) -> Any:
        """Send a step's form as it stands, with what somebody typed."""
        tree = html.fromstring(self.get(f"/step/{step}").text)
        (form,) = tree.xpath("//form[contains(@action, '/step/')]")
        data: dict[str, Any] = {}
        for name, value in form.form_values():
            data.setdefault(name, []).append(value)
        again = {"console.again": changes["console.password"]} if "console.password" in changes else {}
        return self.post(f"/step/{step}", {**data, "do": "next", **again, **changes})


@pytest.fixture
def visit(site: SetupSite) -> Iterator[Visit]:
    yield Visit(site.bench, site.folder / "relay.toml")


@pytest.fixture
def somebody(visit: Visit) -> Somebody:
    return Somebody(visit).enter()


def text(answer: Any) -> str:
    return " ".join(html.fromstring(answer.text).xpath("//main")[0].text_content().split())


def test_nobody_comes_in_without_the_code(visit: Visit) -> None:
    somebody = Somebody(visit)
    for path in ("/", "/step/language", "/summary", "/file"):
        assert somebody.get(path).location == "/code"
    somebody.get("/code")
    assert somebody.post("/write", {}).location == "/code"
    for _ in range(TRIES):
        assert somebody.post("/code", {"code": "AAAA-AAAA"}).status_code == 401
    assert somebody.post("/code", {"code": visit.code}).status_code == 401, "guessing has no end"
    assert "start the console again" in text(somebody.get("/code"))


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"environ_overrides": {"REMOTE_ADDR": "192.0.2.7"}}, 403),
        ({"headers": {"Host": "rebound.example"}}, 403),
        ({"headers": {"X-Forwarded-For": "127.0.0.1"}}, 403),
        ({"headers": {"Origin": "https://elsewhere.example"}}, 400),
        ({"headers": {"Sec-Fetch-Site": "cross-site"}}, 400),
    ],
)
def test_only_this_machine_and_its_own_forms(more: dict[str, Any], status: int, somebody: Somebody) -> None:
    assert somebody.post("/step/language", {"do": "next"}, **more).status_code == status
    assert somebody.post("/step/language", {"do": "next", "csrf": "old"}).status_code == 400
    assert somebody.visit.walk.done == frozenset()


def test_every_page_has_its_policy(somebody: Somebody) -> None:
    for path in ("/code", "/step/language", "/nowhere"):
        answer = somebody.get(path)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"


def test_a_step_opens_when_what_it_builds_on_stands(somebody: Somebody) -> None:
    assert somebody.get("/step/who").location == "/"
    assert somebody.get("/summary").location == "/"
    assert somebody.get("/step/nothing").status_code == 404


def test_from_the_code_to_the_settings(somebody: Somebody, site: SetupSite) -> None:
    for step in STEPS:
        answer = somebody.answer(step.id, **site.answers[step.id])
        assert answer.status_code == 302, (step.id, text(answer))
        assert not (site.folder / "relay.toml").exists()
    page = text(somebody.get("/summary"))
    assert "Nothing has been written yet" in page and "nora" in page
    shown = somebody.get("/file").text
    assert "client_secret_file" in shown and site.token not in shown
    done = somebody.post("/write", {})
    assert done.status_code == 200 and "The console starts" in done.text
    settings = config.load(site.folder / "relay.toml", {})
    assert settings.print.guard == "members" and settings.papercut.auth_token.get_secret_value() == site.token
    assert somebody.visit.is_over


def test_a_page_that_another_window_has_overtaken_changes_nothing(somebody: Somebody, site: SetupSite) -> None:
    first = html.fromstring(somebody.get("/step/language").text).xpath("string(//input[@name='turn']/@value)")
    second = Somebody(somebody.visit).enter()
    second.answer("language", **{**site.answers["language"], "site.currency": "USD"})
    late = {"do": "next", "turn": first, **site.answers["language"]}
    told = somebody.post("/step/language", late)
    assert told.status_code == 409 and "answered in another window" in text(told)
    assert somebody.visit.walk.answers["site.currency"] == "USD" and "language" in somebody.visit.walk.done
    assert somebody.answer("language", **site.answers["language"]).status_code == 302
    assert somebody.visit.walk.answers["site.currency"] == "EUR"


WRONG: dict[str, dict[str, Any]] = {
    "language": {"site.timezone": "Europe/Nowhere", "site.currency": "Euro"},
    "officernd": {"officernd.organization": "nobody", "signin.client_secret": "wrong-and-secret"},
    "papercut": {"papercut.auth_token": "wrong-and-secret"},
    "who": {"members.statuses": []},
    "guard": {"print.guard": "perhaps"},
    "fees": {"fees.bill_to": "nobody"},
    "balances": {"top_up.amount": "much"},
    "password": {"console.password": "short"},
    "schedule": {"schedule.daily_at": "half past seven"},
}


RIGHT: dict[str, dict[str, Any]] = {
    "who": {"members.statuses": ["active"]},
    "fees": {"fees.bill_to": "company"},
    "balances": {"top_up.amount": "2,50"},
    "schedule": {"schedule.daily_at": "07:30"},
}


def test_wrong_answers_at_every_step_are_told_at_the_field_and_mended(somebody: Somebody, site: SetupSite) -> None:
    for step in STEPS:
        answer = somebody.answer(step.id, **{**site.answers[step.id], **WRONG[step.id]})
        assert answer.status_code == 422, step.id
        tree = html.fromstring(answer.text)
        for name in WRONG[step.id]:
            problem = tree.xpath("//*[@id=$id]", id=f"{name.replace('.', '-')}-problem")
            assert problem, (step.id, name)
            described = tree.xpath("//*[contains(@aria-describedby, $id)]", id=f"{name.replace('.', '-')}-problem")
            assert described, (step.id, name)
        assert tree.xpath("//*[@role='alert']") and "Error: " in tree.findtext(".//title")
        assert "wrong-and-secret" not in answer.text
        assert somebody.get(f"/step/{step.id}").status_code == 200
        right = {**site.answers[step.id], **RIGHT.get(step.id, {})}
        assert somebody.answer(step.id, **right).status_code == 302, step.id
    assert somebody.visit.walk.answers["top_up.amount"] == "2.50"
    assert "Check your answers" in text(somebody.get("/summary"))


def test_every_word_of_the_set_up_went_through_a_catalogue(
    somebody: Somebody, site: SetupSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every step as it is asked, refused and found, the summary and the end: only names stand outside the brackets."""
    monkeypatch.setattr(language, "named", lambda code: BRACKETED)
    own = names_of(site.pair) | words([site.folder, site.pair.folder, PASSWORD, "nora", "nobody", "perhaps", "Nowhere"])
    own |= words(name for name, _ in basics.LANGUAGES.values())
    left = {}

    def look(answer: Any, where: str) -> None:
        for line in outside(html.fromstring(answer.text)):
            if words([line]) - own:
                left[" ".join(line.split())] = where

    for path in ("/code", "/nowhere"):
        look(somebody.get(path), path)
    for step in STEPS:
        look(somebody.get(f"/step/{step.id}"), step.id)
        look(somebody.answer(step.id, **{**site.answers[step.id], **WRONG[step.id]}), f"{step.id}, wrong")
        right = {**site.answers[step.id], **RIGHT.get(step.id, {})}
        assert somebody.answer(step.id, **right).status_code == 302, step.id
        look(somebody.get(f"/step/{step.id}"), f"{step.id}, right")
    for path in ("/summary", "/file"):
        look(somebody.get(path), path)
    look(somebody.post("/write", {}), "done")
    assert left == {}


def test_a_password_that_is_not_typed_twice_the_same_is_not_taken(somebody: Somebody, site: SetupSite) -> None:
    for step in STEPS[: STEPS.index(BY_ID["password"])]:
        assert somebody.answer(step.id, **site.answers[step.id]).status_code == 302
    answer = somebody.answer("password", **site.answers["password"], **{"console.again": f"{PASSWORD}?"})
    assert answer.status_code == 422 and "The two passwords differ" in text(answer) and 'value="nora"' in answer.text
    assert "password" not in somebody.visit.walk.done and PASSWORD not in answer.text
    assert somebody.answer("password", **site.answers["password"]).status_code == 302


def test_a_changed_answer_leads_back_to_the_summary(somebody: Somebody, site: SetupSite) -> None:
    for step in STEPS:
        assert somebody.answer(step.id, **site.answers[step.id]).status_code == 302
    assert somebody.answer("balances", **{"top_up.amount": "5"}).location == "/"
    assert somebody.get("/").location == "/summary"


def test_no_secret_comes_back_and_an_empty_field_keeps_it(somebody: Somebody, site: SetupSite) -> None:
    for step in STEPS:
        assert somebody.answer(step.id, **site.answers[step.id]).status_code == 302
    hidden = [site.token, PASSWORD, *(v for k, v in site.answers["officernd"].items() if k.endswith("secret"))]
    for path in (*(f"/step/{step.id}" for step in STEPS), "/summary", "/file"):
        page = escaped.unescape(somebody.get(path).text)
        assert [secret for secret in hidden if secret in page] == [], path
    assert somebody.answer("papercut", **{"papercut.auth_token": ""}).status_code == 302
    assert somebody.visit.walk.answers["papercut.auth_token"] == site.token


def test_missing_permissions_are_listed_and_billing_can_wait(somebody: Somebody, site: SetupSite) -> None:
    assert somebody.answer("language", **site.answers["language"]).status_code == 302
    lacking = site.application_without("flex.community.fees.create")
    given = {**site.answers["officernd"], **{name.replace("__", "."): value for name, value in lacking.items()}}
    answer = somebody.answer("officernd", **given)
    assert "flex.community.fees.create" in text(answer) and "Go on without billing" in text(answer)
    less = site.application_without("flex.community.fees.create", "flex.community.fees.read")
    given = {**site.answers["officernd"], **{name.replace("__", "."): value for name, value in less.items()}}
    assert somebody.answer("officernd", **given, do="without_billing").status_code == 302
    assert somebody.visit.walk.answers["fees.managed_in"] == "papercut"


def test_counting_again_changes_nothing_yet(somebody: Somebody, site: SetupSite) -> None:
    for step in ("language", "officernd", "papercut"):
        assert somebody.answer(step, **site.answers[step]).status_code == 302
    before = text(somebody.get("/step/who"))
    answer = somebody.answer("who", **{"members.statuses": ["active", "former"], "do": "count"})
    assert answer.status_code == 200 and text(answer) != before
    assert "who" not in somebody.visit.walk.done
    assert text(somebody.get("/step/who")) == before


def test_settings_that_are_there_are_replaced_only_when_ticked(somebody: Somebody, site: SetupSite) -> None:
    for step in STEPS:
        assert somebody.answer(step.id, **site.answers[step.id]).status_code == 302
    file: Path = site.folder / "relay.toml"
    file.write_text("# somebody else's")
    answer = somebody.post("/write", {})
    assert answer.status_code == 409 and file.read_text() == "# somebody else's"
    assert somebody.post("/write", {"replace": "yes"}).status_code == 200
    assert (site.folder / "relay.before-1.toml").read_text() == "# somebody else's"


def test_a_secret_that_is_refused_is_never_said_to_be_kept(somebody: Somebody, site: SetupSite) -> None:
    somebody.answer("language", **site.answers["language"])
    answer = somebody.answer("officernd", **{**site.answers["officernd"], "signin.client_secret": "wrong"})
    told = {
        field: html.fromstring(answer.text).xpath(f"//*[@name='{field}']/..")[0].text_content()
        for field in ("officernd.client_secret", "signin.client_secret")
    }
    assert "keep the one given before" in told["officernd.client_secret"]
    assert "given before" not in told["signin.client_secret"] and "does not accept" in told["signin.client_secret"]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.id)
def test_no_answer_is_met_with_the_words_of_the_settings_file(step: Any, site: SetupSite, visit: Visit) -> None:
    """Who fills a form in writes no quotes, and does not know what [fees] plan is."""
    others = [one.id for one in STEPS[: STEPS.index(step)]]
    walk = site.walk(*others) if others else None
    _, outcome = site.try_(step.id, walk, **{name.replace(".", "__"): value for name, value in WRONG[step.id].items()})
    told = " ".join(f"{problem.text} {problem.does}" for problem in outcome.problems.values())
    assert "quotes" not in told and "[" not in told.replace("[Individual", ""), told
