"""What the gate lets through: roles, headers, https, guessing, sessions; the table of routes has a file of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask

from relay.console.app import make_app
from relay.console.gate import IDLE_MINUTES, SESSION_HOURS
from relay.passwords import ROLES
from tests.console.test_every_route import OPEN, logged_in, path_of, rules
from tests.support.still_clock import StillClock
from tests.support.visitor import LOCAL, PASSWORD, PUBLIC, Visitor


@pytest.fixture
def app(make_desk: Any) -> Flask:
    return make_app(make_desk(with_passwords=True))


@pytest.fixture
def stranger(app: Flask) -> Visitor:
    return Visitor(app.test_client())


def test_an_unknown_address_tells_a_stranger_nothing(stranger: Visitor) -> None:
    assert 302 == stranger.get("/wp-admin").status_code
    assert 302 == stranger.get("/people/../../etc/passwd").status_code


def test_every_form_names_a_role(app: Flask) -> None:
    """A form without one is refused to everybody; none is forgotten."""
    for rule in rules(app, "POST"):
        if rule.endpoint not in OPEN:
            assert app.view_functions[rule.endpoint].console_role in ROLES, rule  # type: ignore[attr-defined]


def test_pages_offer_only_what_the_role_may_do(app: Flask) -> None:
    assert [] == logged_in(app, "look").page("/settings").xpath("//button[contains(., 'See what')]")
    assert logged_in(app, "operate").page("/settings").xpath("//input[@name='fees.managed_in' and @disabled]")
    assert [] == logged_in(app, "money").page("/settings").xpath("//input[@name='fees.managed_in' and @disabled]")


def test_headers_of_every_page(app: Flask) -> None:
    somebody = logged_in(app, "money")
    for path in ("/", "/settings", "/healthz", "/login", "/nowhere", "/static/console.css"):
        headers = somebody.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert "nosniff" == headers["X-Content-Type-Options"]
        assert "DENY" == headers["X-Frame-Options"]
        assert "Server" not in headers
        if path != "/static/console.css":
            assert "no-store" == headers["Cache-Control"]


def test_no_page_carries_script_or_style_of_its_own(app: Flask) -> None:
    somebody = logged_in(app, "money")
    for rule in rules(app, "GET"):
        answer = somebody.get(path_of(app, rule))
        if "html" in (answer.content_type or ""):
            assert "style=" not in answer.text and "<style" not in answer.text and " onclick" not in answer.text
            assert answer.text.count("<script") == answer.text.count('<script src="/static/console.js')


def test_the_cookie_is_out_of_reach(app: Flask, stranger: Visitor) -> None:
    cookie = stranger.log_in("looker").headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie


def test_behind_https_the_cookie_is_bound_to_it(make_desk: Any) -> None:
    app = make_app(make_desk(with_passwords=True, console={"public_url": PUBLIC}))
    somebody = Visitor(app.test_client(), PUBLIC, HTTP_X_FORWARDED_PROTO="https", HTTP_X_FORWARDED_FOR="203.0.113.7")
    assert 403 == somebody.get("/metrics").status_code
    answer = somebody.log_in("looker")
    assert "203.0.113.7" == app.config["DESK"].audit.last(1)[0]["address"]
    assert answer.headers["Set-Cookie"].startswith("__Host-relay=") and "Secure" in answer.headers["Set-Cookie"]
    assert "max-age" in answer.headers["Strict-Transport-Security"]
    assert 200 == somebody.get("/").status_code


@pytest.mark.parametrize(
    ("word", "address"),
    [
        ("203.0.113.7:50123", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("[2001:db8::7]:50123", "2001:db8::7"),
        ("2001:DB8:0::7", "2001:db8::7"),
        ("unknown", "127.0.0.1"),
        ("[::1", "127.0.0.1"),
        ("x" * 5000, "127.0.0.1"),
        ("<b>, ", "127.0.0.1"),
    ],
)
def test_who_asks_is_an_address_whatever_the_proxy_writes(make_desk: Any, word: str, address: str) -> None:
    """A port that a proxy adds is another one each time: guesses would never be counted together."""
    app = make_app(make_desk(with_passwords=True, console={"public_url": PUBLIC}))
    somebody = Visitor(app.test_client(), PUBLIC, HTTP_X_FORWARDED_PROTO="https", HTTP_X_FORWARDED_FOR=word)
    somebody.log_in("looker")
    assert address == app.config["DESK"].audit.last(1)[0]["address"]


# -- where it is asked from -----------------------------------------------------------------------------------------


def test_a_name_of_this_computer_is_only_believed_from_this_computer(visitor: Visitor) -> None:
    answer = visitor.client.get("/", base_url=LOCAL, environ_overrides={"REMOTE_ADDR": "10.0.0.9"})
    assert 403 == answer.status_code


def test_beyond_this_computer_https_is_demanded(make_desk: Any) -> None:
    app = make_app(make_desk(with_passwords=True, console={"listen": "0.0.0.0:9480"}))
    far = Visitor(app.test_client(), "http://print.acme.example:9480", REMOTE_ADDR="10.0.0.9")
    answer = far.get("/login")
    assert 403 == answer.status_code and "https" in answer.text
    assert 200 == far.get("/healthz").status_code
    assert 200 == Visitor(app.test_client()).get("/login").status_code


def test_the_public_name_without_https_is_refused(make_desk: Any) -> None:
    app = make_app(make_desk(with_passwords=True, console={"public_url": PUBLIC}))
    plain = Visitor(app.test_client(), PUBLIC.replace("https", "http"), REMOTE_ADDR="10.0.0.9")
    assert 403 == plain.get("/login").status_code


# -- logging in -------------------------------------------------------------------------------------------------------


def test_guessing_is_slowed_down_and_ends_by_itself(app: Flask, stranger: Visitor, clock: StillClock) -> None:
    codes = [stranger.log_in("moneyer", f"wrong {number}").status_code for number in range(7)]
    assert [401] * 5 + [429] * 2 == codes
    assert 429 == stranger.log_in("moneyer").status_code
    assert 302 == Visitor(app.test_client()).log_in("looker").status_code  # others are not hit
    clock.move(minutes=16)
    assert 302 == stranger.log_in("moneyer").status_code


def test_many_names_from_one_address_are_slowed_down_too(app: Flask, stranger: Visitor, monkeypatch: Any) -> None:
    monkeypatch.setattr("relay.passwords.verify", lambda *_: None)
    codes = [stranger.log_in(f"somebody{number}").status_code for number in range(21)]
    assert 429 == codes[-1] and 401 == codes[-2]


def test_a_wrong_name_and_a_wrong_password_look_alike(stranger: Visitor) -> None:
    one, other = stranger.log_in("nobody"), stranger.log_in("moneyer", "wrong")
    assert "The name or the password is wrong." in one.text and "The name or the password is wrong." in other.text


def test_the_password_is_nowhere_afterwards(app: Flask, stranger: Visitor) -> None:
    assert PASSWORD not in stranger.log_in("nobody").text
    place = app.config["DESK"]
    assert PASSWORD not in json.dumps(place.audit.last(50), default=str)


def test_the_login_leads_back(stranger: Visitor) -> None:
    answer = stranger.get("/people?find=ann", headers={"Accept": "text/html"})
    csrf = stranger.csrf("/login")
    back = stranger.post("/login", {"name": "looker", "password": PASSWORD, "to": "/people?find=ann"}, csrf=csrf)
    assert "to=" in answer.location and "/people?find=ann" == back.location


def test_a_session_ends_with_its_time(app: Flask, clock: StillClock) -> None:
    idle, busy = logged_in(app, "look"), logged_in(app, "look")
    for _ in range(SESSION_HOURS):
        clock.move(minutes=59)
        last = busy.get("/").status_code
    assert 200 == last
    clock.move(minutes=13)
    assert 302 == busy.get("/").status_code
    assert 302 == idle.get("/").status_code
    fresh = logged_in(app, "look")
    clock.move(minutes=IDLE_MINUTES + 1)
    assert 302 == fresh.get("/").status_code


# -- for machines -----------------------------------------------------------------------------------------------------


def test_health_is_open_and_tells_nothing_of_the_site(stranger: Visitor) -> None:
    assert {"status": "ok"} == stranger.get("/healthz").json


def test_metrics_are_for_this_computer(app: Flask, stranger: Visitor) -> None:
    assert "relay_work_running 0" in stranger.get("/metrics").text
    assert (
        403
        == stranger.client.get("/metrics", base_url=LOCAL, environ_overrides={"REMOTE_ADDR": "10.0.0.9"}).status_code
    )


def test_what_is_larger_than_a_form_is_refused(app: Flask) -> None:
    somebody = logged_in(app, "money")
    assert 413 == somebody.post("/settings", {"x": "y" * 1_100_000}).status_code


def test_no_secret_stands_on_any_page(app: Flask) -> None:
    somebody = logged_in(app, "money")
    for rule in rules(app, "GET"):
        text = somebody.get(path_of(app, rule)).text
        for secret in ("token-of-papercut", "secret-of-relay", "secret-of-signin", "scrypt:"):
            assert secret not in text, rule


def test_what_is_done_is_kept_with_who_did_it(app: Flask) -> None:
    logged_in(app, "look").post("/checks/look")
    place = app.config["DESK"]
    told = [(row["who"], row["action"], row["outcome"]) for row in place.audit.last(5)]
    assert ("looker", "refused", "needs the role operate") in told
    assert ("looker", "login", "done") in told
