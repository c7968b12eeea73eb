"""The members' page as an attacker tries it: routes, sessions, tokens, hosts, proxies, guessing, sizes."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from papercut_scripts import brake
from relay.console.app import make_app as make_console
from relay.console.desk import Desk
from relay.members_page.place import AddressBrake
from relay.members_page.sessions import IDLE_S, LONGEST_S, MOST_OF_ONE, Sessions
from relay.people.act import pins
from relay.sandbox.officernd.faults import RouteFault
from tests.members_page.conftest import ANN, BEN, CY, WORD, House
from tests.support.still_clock import StillClock
from tests.support.visitor import LOCAL, Visitor

PUBLIC = "https://printing.acme.example"
COOKIE = "my_printing"
OPEN = {"static", "page.login", "page.enter", "page.language", "page.poster", "page.qr"}
BEHIND = {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_FOR": "203.0.113.7"}


def rules(app: Flask, method: str) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if method in (rule.methods or ()) and rule.endpoint not in OPEN]


# -- what there is -----------------------------------------------------------------------------------------------------


@pytest.fixture
def console_app(house: House) -> Iterator[Flask]:
    desk = Desk(house.site.settings)
    yield make_console(desk)
    desk.close()


def test_no_route_of_the_console_is_here(page: Flask, enter: Any, console_app: Flask) -> None:
    console = {rule.rule for rule in console_app.url_map.iter_rules()}
    own = {rule.rule for rule in page.url_map.iter_rules()}
    assert {"/", "/login", "/logout", "/static/<path:filename>"} == own & console  # the same words, other pages
    somebody = enter(ANN)
    assert len(console - own) > 20
    for path in sorted(console - own):
        answer = somebody.get(path.replace("<work_id>", "x").replace("<path:filename>", "x"))
        assert 404 == answer.status_code, path
    assert 404 == somebody.get("/static/../../console/static/console.js").status_code


def test_every_page_sends_a_stranger_to_the_login(page: Flask, stranger: Visitor) -> None:
    assert {"/"} == {rule.rule for rule in rules(page, "GET")}
    for path in ("/", "/?month=2026-11", "/nowhere", "/member/64d000000000000000000001", "/people", "/.env"):
        answer = stranger.get(path)
        assert (302, "/login") == (answer.status_code, answer.location), path


def test_every_form_refuses_a_stranger(page: Flask, stranger: Visitor) -> None:
    csrf = stranger.csrf("/login")
    assert {"/logout", "/pin"} == {rule.rule for rule in rules(page, "POST")}
    for rule in rules(page, "POST"):
        assert 401 == stranger.post(rule.rule, csrf=csrf).status_code, rule


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_do_nothing(enter: Any, method: str) -> None:
    somebody = enter(CY)
    answer = somebody.client.open("/pin", method=method, base_url=LOCAL)
    assert answer.status_code in (200, 400, 404, 405) and "PIN" not in answer.headers.get("Location", "")
    assert "You have none" in somebody.get("/").text


# -- forms and sessions ------------------------------------------------------------------------------------------------


def test_every_form_needs_its_token(page: Flask, enter: Any) -> None:
    somebody = enter(ANN)
    for path in ("/pin", "/logout", "/login"):
        for csrf in ("", "guess"):
            assert 400 == somebody.post(path, csrf=csrf).status_code, path
    assert 200 == somebody.get("/").status_code and "You have none" in somebody.get("/").text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9480.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_from_another_site_is_refused_even_with_the_token(enter: Any, headers: dict[str, str]) -> None:
    assert 400 == enter(ANN).post("/pin", headers=headers).status_code


def test_a_token_of_somebody_else_opens_no_form(page: Flask, enter: Any) -> None:
    assert 400 == enter(ANN).post("/pin", csrf=enter(BEN).token()).status_code


def test_a_session_given_to_a_victim_is_not_his_afterwards(page: Flask) -> None:
    """Fixation: the attacker's cookie is in the victim's browser when he logs in."""
    attacker, victim = Visitor(page.test_client()), Visitor(page.test_client())
    before = attacker.csrf("/login")
    planted = attacker.client.get_cookie(COOKIE, "127.0.0.1")
    assert planted is not None
    victim.client.set_cookie(COOKIE, planted.value, domain="127.0.0.1")
    assert 302 == victim.post("/login", {"name": ANN, "password": WORD}, csrf=before).status_code
    assert 302 == attacker.get("/").status_code  # still nobody
    assert 400 == victim.post("/logout", csrf=before).status_code


def test_a_login_over_a_login_leaves_nothing_of_the_first(enter: Any) -> None:
    somebody = enter(ANN)
    assert 302 == somebody.log_in(CY, WORD).status_code
    told = somebody.get("/").text
    assert "Ann Lee" not in told and "letter.pdf" in told


def test_a_session_is_over_at_its_end_whoever_kept_the_cookie(page: Flask, enter: Any) -> None:
    somebody = enter(ANN)
    cookie = somebody.client.get_cookie(COOKIE, "127.0.0.1")
    assert cookie is not None
    assert (302, "/login") == ((answer := somebody.post("/logout")).status_code, answer.location)
    thief = Visitor(page.test_client())
    thief.client.set_cookie(COOKIE, cookie.value, domain="127.0.0.1")
    assert 302 == thief.get("/").status_code


@pytest.mark.parametrize("value", ["eyJpZCI6IngifQ.aaaaaa.bbbbbb", "", "x" * 3000, "eyJpZCI6bnVsbH0"])
def test_a_forged_cookie_opens_nothing(page: Flask, value: str) -> None:
    somebody = Visitor(page.test_client())
    somebody.client.set_cookie(COOKIE, value, domain="127.0.0.1")
    assert 302 == somebody.get("/").status_code


def test_the_consoles_key_signs_nothing_here(console_app: Flask, page: Flask) -> None:
    assert console_app.secret_key != page.secret_key


def test_a_session_ends_with_its_time(enter: Any, clock: StillClock) -> None:
    idle, busy = enter(ANN), enter(BEN)
    for _ in range(int(LONGEST_S // (IDLE_S - 60))):
        clock.move(seconds=IDLE_S - 60)
        assert 200 == busy.get("/").status_code
    assert 302 == idle.get("/").status_code
    clock.move(seconds=IDLE_S - 60)
    assert 302 == busy.get("/").status_code


def test_who_may_no_longer_print_is_out(house: House, enter: Any, monkeypatch: Any) -> None:
    somebody = enter(ANN)
    monkeypatch.setattr("relay.members_page.place.Place.member_id", lambda place, username: "")
    assert 302 == somebody.get("/").status_code
    monkeypatch.undo()
    assert 302 == somebody.get("/").status_code  # and stays out


def test_an_account_that_became_anothers_ends_the_session(enter: Any, house: House, monkeypatch: Any) -> None:
    somebody = enter(ANN)
    monkeypatch.setattr("relay.members_page.place.Place.member_id", lambda place, username: house.ids[BEN])
    assert 302 == somebody.get("/").status_code


def test_sessions_are_bounded(monkeypatch: Any) -> None:
    monkeypatch.setattr("relay.members_page.sessions.MOST", 20)
    sessions = Sessions()
    own = [sessions.begin("m", "ann", float(number)) for number in range(MOST_OF_ONE + 3)]
    assert [None] * 3 == [sessions.find(name, 10.0) for name in own[:3]]
    assert all(sessions.find(name, 10.0) for name in own[3:])
    first = [sessions.begin(f"m{number}", "x", 11.0) for number in range(30)]
    assert 20 == sum(1 for name in [*own, *first] if sessions.find(name, 12.0))
    assert sessions.find(first[-1], 12.0)


def test_the_cookie_is_out_of_reach(stranger: Visitor) -> None:
    cookie = stranger.log_in(ANN, WORD).headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie


def test_behind_https_the_cookie_is_bound_to_it(make_page: Any) -> None:
    somebody = Visitor(make_page(public_url=PUBLIC).test_client(), PUBLIC, **BEHIND)
    answer = somebody.log_in(ANN, WORD)
    assert answer.headers["Set-Cookie"].startswith("__Host-my-printing=") and "Secure" in answer.headers["Set-Cookie"]
    assert "max-age" in answer.headers["Strict-Transport-Security"]
    assert 200 == somebody.get("/").status_code


# -- where a login leads, where it is asked from -----------------------------------------------------------------------


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_no_page_leads_elsewhere(page: Flask, to: str) -> None:
    somebody, asked = Visitor(page.test_client()), dict.fromkeys(("to", "next", "url", "return", "redirect"), to)
    csrf = somebody.csrf("/login")
    sent = {"name": ANN, "password": WORD, **asked}
    assert "/" == somebody.post("/login", sent, csrf=csrf, query_string=asked).location
    assert "/" == somebody.get("/language/de", query_string=asked).location
    for path in ("/", "/login", "/poster"):
        assert "evil" not in somebody.get(path, query_string=asked).text


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.5:9481", "[::1", "127.0.0.1:x", "", "a" * 5000, "a..b"]
)
def test_another_name_is_refused(stranger: Visitor, host: str) -> None:
    answer = stranger.client.get("/login", base_url=LOCAL, headers={"Host": host})
    assert answer.status_code in (400, 403) and "evil" not in answer.text


def test_a_name_of_this_computer_is_only_believed_from_this_computer(stranger: Visitor) -> None:
    far = {"REMOTE_ADDR": "10.9.9.9"}
    assert 403 == stranger.client.get("/login", base_url=LOCAL, environ_overrides=far).status_code


@pytest.mark.parametrize("public", ["", PUBLIC])
@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "Via"])
def test_a_proxy_that_hides_the_name_it_was_asked_for_is_refused(make_page: Any, public: str, header: str) -> None:
    somebody = Visitor(make_page(public_url=public).test_client())
    assert 403 == somebody.get("/login", headers={header: "https"}).status_code


def test_the_public_name_without_https_is_refused(make_page: Any) -> None:
    page = make_page(public_url=PUBLIC)
    plain = Visitor(page.test_client(), PUBLIC.replace("https", "http"), REMOTE_ADDR="10.0.0.9")
    assert 403 == plain.get("/login").status_code
    other = Visitor(page.test_client(), "https://other.example", **BEHIND)
    assert 403 == other.get("/login").status_code


def test_headers_of_every_page(page: Flask, enter: Any) -> None:
    somebody = enter(ANN)
    for path in ("/", "/login", "/poster", "/qr.svg", "/nowhere", "/static/members.css"):
        headers = somebody.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "script-src" not in policy
        assert "frame-ancestors 'none'" in policy and "form-action 'self'" in policy
        assert ("nosniff", "DENY") == (headers["X-Content-Type-Options"], headers["X-Frame-Options"])
        assert "Server" not in headers and "Access-Control-Allow-Origin" not in headers
        assert ("no-store" == headers["Cache-Control"]) is (path != "/static/members.css")


def test_no_page_carries_script_or_style_of_its_own(enter: Any) -> None:
    somebody = enter(ANN)
    for path in ("/", "/login", "/poster", "/nowhere"):
        told = somebody.get(path).text
        assert "<script" not in told and "<style" not in told
        assert not re.search(r"<[^>]*\s(style|on[a-z]+)=", told), path


# -- guessing ----------------------------------------------------------------------------------------------------------


def test_every_no_looks_alike(house: House, page: Flask) -> None:
    """A stranger, a wrong password, a wrong PIN, an empty one, a long one: the same page, the same status."""
    pin = pins.issue_pin(house.site.pair.home, house.ids[CY])
    wrong = "".join(str((int(digit) + 1) % 10) for digit in pin.replace(" ", ""))
    told = set()
    tries = [("nobody@x.example", "x"), (ANN, "wrong-Pass-1"), (CY, wrong), (ANN, ""), ("", "x"), (ANN, "x" * 1500)]
    try:
        for name, password in [*tries, ("a" * 1500, "x"), ("ann\x00", "x"), ("reception", WORD)]:
            answer = Visitor(page.test_client()).log_in(name, password)
            told.add((answer.status_code, re.sub(r'name="csrf" value="[^"]+"', "", answer.text)))
    finally:
        pins.revoke_pin(house.site.pair.home, house.ids[CY])
    assert 1 == len(told) and 401 == next(iter(told))[0]
    assert "not accepted" in next(iter(told))[1]


def test_an_outage_tells_nobody_who_exists(house: House, page: Flask, stranger: Visitor) -> None:
    house.site.pair.officernd.faults.add(RouteFault("POST /auth/signin", "error", times=-1))
    try:
        answers = [stranger.log_in(name, "Some-Pass-1") for name in (ANN, "nobody@x.example")]
    finally:
        house.site.pair.officernd.faults.clear()
    assert [401, 401] == [answer.status_code for answer in answers]
    one, other = (re.sub(r'name="csrf" value="[^"]+"', "", answer.text) for answer in answers)
    assert one == other


def test_guessing_meets_the_popups_brake_and_ends_by_a_right_word_of_others(page: Flask, stranger: Visitor) -> None:
    for number in range(brake.LIMIT):
        assert 401 == stranger.log_in(ANN, f"wrong-Pass-{number}").status_code
    assert 401 == stranger.log_in(ANN, WORD).status_code  # braked, and told in the same words
    assert 302 == Visitor(page.test_client()).log_in(BEN, WORD).status_code


def test_many_names_from_one_address_are_slowed_down(page: Flask, clock: StillClock, monkeypatch: Any) -> None:
    asked: list[str] = []
    monkeypatch.setattr("relay.members_page.place.Place.log_in", lambda place, typed, word: asked.append(typed))
    stranger = Visitor(page.test_client())
    csrf = stranger.csrf("/login")
    codes = Counter(
        stranger.post("/login", {"name": f"n{number}", "password": "x"}, csrf=csrf).status_code for number in range(100)
    )
    assert {401: AddressBrake.ADDRESS_TRIES, 429: 100 - AddressBrake.ADDRESS_TRIES} == codes
    assert AddressBrake.ADDRESS_TRIES == len(asked)
    assert "15 minutes" in stranger.post("/login", {"name": "x", "password": "x"}, csrf=csrf).text
    clock.move(minutes=16)
    assert 401 == stranger.post("/login", {"name": "x", "password": "x"}, csrf=csrf).status_code


def test_right_logins_of_a_whole_house_are_not_slowed_down(page: Flask) -> None:
    for _ in range(AddressBrake.ADDRESS_TRIES + 5):
        assert 0 == page.config["PLACE"].brake.begin("ann", "192.0.2.1", 1.0)
        page.config["PLACE"].brake.right("ann", "192.0.2.1")
    assert 0 == page.config["PLACE"].brake.begin("ben", "192.0.2.1", 1.0)


def test_guesses_at_once_do_not_outrun_the_popups_brake(house: House, page: Flask) -> None:
    asked = house.site.pair.officernd.calls
    before = asked["POST /auth/signin"]
    visitors = [Visitor(page.test_client()) for _ in range(24)]
    tokens = [visitor.csrf("/login") for visitor in visitors]
    codes: list[int] = []

    def guess(number: int) -> None:
        sent = {"name": ANN, "password": f"wrong-Pass-{number}"}
        codes.append(visitors[number].post("/login", sent, csrf=tokens[number]).status_code)

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {401: 24} == Counter(codes)
    home = str(page.config["PLACE"].home)
    assert brake.is_on(home, brake.person_key(home, "ann_acme.example"))
    assert brake.LIMIT == asked["POST /auth/signin"] - before


def test_the_password_is_nowhere_afterwards(house: House, stranger: Visitor, page: Flask) -> None:
    word = "Hidden-Pass-77"
    assert word not in stranger.log_in(ANN, word).text
    files = [file for file in house.site.pair.home.rglob("*") if file.is_file()]
    assert files and not [file for file in files if word.encode() in file.read_bytes()]
    assert word not in str(stranger.client.get_cookie(COOKIE, "127.0.0.1"))


def test_what_is_larger_than_a_form_is_refused(enter: Any) -> None:
    somebody = enter(ANN)
    assert 413 == somebody.post("/pin", {"x": "y" * 20_000}).status_code
    many = {f"x{number}": "y" for number in range(30)}
    assert 413 == somebody.post("/pin", many, content_type="multipart/form-data").status_code


def test_logins_wait_for_a_place_and_no_longer(page: Flask, stranger: Visitor, monkeypatch: Any) -> None:
    page.config["PLACE"].logins = threading.BoundedSemaphore(1)
    page.config["PLACE"].logins.acquire()
    monkeypatch.setattr("relay.members_page.views.LOGIN_WAIT_S", 0.01)
    answer = stranger.log_in(ANN, WORD)
    assert 503 == answer.status_code and "Too many people" in answer.text
