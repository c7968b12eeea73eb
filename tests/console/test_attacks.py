"""The console as an attacker tries it: from this computer, through a bare proxy, by guessing, by links and hooks."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from relay import passwords
from relay.console.app import make_app
from relay.console.desk import Desk
from relay.console.gate import EndedSessions
from relay.web import REQUEST_S, Brake, Channel
from tests.console.conftest import HOOK_SECRET
from tests.support.still_clock import StillClock
from tests.support.visitor import PASSWORD, Visitor


def money_forms(app: Any) -> list[str]:
    views = app.view_functions
    return [
        rule.rule.replace("<work_id>", "x")
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and getattr(views[rule.endpoint], "console_role", None) == "money"
    ]


def test_without_a_password_nobody_moves_money_on_this_computer_either(make_desk: Any) -> None:
    """A proxy that hands everybody on makes strangers local: a bare `proxy_pass` gave away the role."""
    app = make_app(make_desk())
    somebody = Visitor(app.test_client())
    somebody.get("/")
    forms = money_forms(app)
    assert len(forms) > 3
    for path in forms:
        answer = somebody.post(path)
        assert 403 == answer.status_code and "papercut-relay password" in answer.text, path


def test_a_session_that_was_ended_stays_ended_after_a_restart(make_desk: Any, tmp_path: Any) -> None:
    place = make_desk(with_passwords=True)
    somebody = Visitor(make_app(place).test_client())
    somebody.log_in("moneyer")
    cookie = somebody.client.get_cookie("relay_console", domain="127.0.0.1")
    assert cookie is not None
    somebody.post("/logout")
    thief = Visitor(make_app(place).test_client())  # the same files, another process
    thief.client.set_cookie("relay_console", cookie.value, domain="127.0.0.1")
    assert 302 == thief.get("/money", headers={"Accept": "text/html"}).status_code


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": "x"}', "\x00"])
def test_a_damaged_list_of_ended_sessions_is_begun_anew(tmp_path: Any, content: str) -> None:
    file = tmp_path / "ended"
    file.write_text(content)
    sessions = EndedSessions(file)
    sessions.end("one", 1000.0)
    assert EndedSessions(file).is_ended("one") and not EndedSessions(file).is_ended("two")


def test_ended_sessions_are_forgotten_when_they_could_live_no_more(tmp_path: Any) -> None:
    sessions = EndedSessions(tmp_path / "ended")
    sessions.end("old", 1000.0)
    sessions.end("new", 1000.0 + 13 * 3600)
    assert ["new"] == list(json.loads((tmp_path / "ended").read_text()))


# -- guessing ----------------------------------------------------------------------------------------------------------


def test_guesses_sent_at_once_do_not_outrun_the_count(make_desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """200 guesses at one name at the same moment: five are looked at."""
    looked: list[str] = []
    monkeypatch.setattr(passwords, "verify", lambda users, name, password: looked.append(name))
    app = make_app(make_desk(with_passwords=True))
    visitors = [Visitor(app.test_client()) for _ in range(200)]
    tokens = [visitor.csrf("/login") for visitor in visitors]
    barrier = threading.Barrier(20)
    codes: list[int] = []

    def guess(number: int) -> None:
        barrier.wait(30)
        for one in range(number, 200, 20):
            answer = visitors[one].post("/login", {"name": "moneyer", "password": "x"}, csrf=tokens[one])
            codes.append(answer.status_code)

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {401: Brake.NAME_TRIES, 429: 200 - Brake.NAME_TRIES} == Counter(codes)
    assert Brake.NAME_TRIES == len(looked)


def test_a_flood_from_everywhere_does_not_shut_out_who_has_logged_in_before() -> None:
    brake = Brake([("ann", "10.0.0.1")])
    for number in range(1000):
        brake.begin("ann" if number % 2 else f"name{number}", f"192.0.2.{number}", 0.0)
    assert brake.begin("ann", "10.0.0.2", 1.0) > 0
    assert 0 == brake.begin("ann", "10.0.0.1", 1.0)
    assert brake.slot("ann", "10.0.0.1") is not brake.slot("bob", "10.0.0.1")


def test_a_good_record_is_no_licence_to_guess() -> None:
    brake = Brake([("ann", "10.0.0.1")])
    assert [0] * Brake.NAME_TRIES == [brake.begin("ann", "10.0.0.1", 1.0) for _ in range(Brake.NAME_TRIES)]
    assert brake.begin("ann", "10.0.0.1", 1.0) > 0


def test_a_good_record_outlives_a_restart(make_desk: Any, clock: StillClock) -> None:
    place = make_desk(with_passwords=True)
    assert 302 == Visitor(make_app(place).test_client()).log_in("moneyer").status_code
    brake = make_app(place).config["BRAKE"]
    for number in range(500):
        brake.begin("moneyer", f"192.0.2.{number}", 0.0)
    assert 0 == brake.begin("moneyer", "127.0.0.1", 0.0)


def test_right_passwords_do_not_use_up_what_others_may_try() -> None:
    brake = Brake()
    for number in range(500):
        assert 0 == brake.begin(f"name{number}", "10.0.0.9", 0.0)
        brake.right(f"name{number}", "10.0.0.9")
    assert 0 == brake.begin("new", "10.0.0.9", 0.0)


# -- where a login leads -----------------------------------------------------------------------------------------------


@pytest.fixture
def logged_in_to(make_desk: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], tuple[Visitor, TestResponse]]:
    """Log somebody in, without the slow hash, who wanted to go on to an address."""
    monkeypatch.setattr(passwords, "verify", lambda users, *_: users["moneyer"])
    app = make_app(make_desk(with_passwords=True))

    def log_in(to: str) -> tuple[Visitor, TestResponse]:
        somebody = Visitor(app.test_client())
        said = {"name": "moneyer", "password": PASSWORD, "to": to}
        return somebody, somebody.post("/login", said, csrf=somebody.csrf("/login"))

    return log_in


def test_a_login_leads_nowhere_else(logged_in_to: Callable[[str], tuple[Visitor, TestResponse]]) -> None:
    for to in (
        "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "/\t/evil.example",
        "/\r\nSet-Cookie: a=b", "/\n//evil.example", " //evil.example", "/\x00x", "javascript:alert(1)", "/\x7fx",
        "evil",
    ):  # fmt: skip
        somebody, answer = logged_in_to(to)
        assert (302, "/") == (answer.status_code, answer.location), to
        assert "evil" not in somebody.get("/login", query_string={"to": to}).text


def test_a_login_leads_on_with_what_was_typed_escaped(
    logged_in_to: Callable[[str], tuple[Visitor, TestResponse]],
) -> None:
    for to in ("/people?q=Ann", "/people?q=\u00c4<script>", "/money#held"):
        _, answer = logged_in_to(to)
        assert 302 == answer.status_code and answer.location.isascii() and "<" not in answer.location
        assert answer.location.startswith(to[:6])


# -- hooks -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "follows"),
    [
        (b"[]", False),
        (b"7", False),
        (b"null", False),
        (b'"member.updated"', False),
        (b"{}", False),
        (b'{"event": ["member.updated"]}', False),
        (b'{"event": {"a": 1}}', False),
        (b'{"eventType": "member.updated"}', True),
        (b'{"eventType": "ticket.created"}', False),
        (b'{"event": "team.updated", "data": null}', True),
        (b'[{"event": "office.updated"}]', True),
        (b"[" * 100_000, False),
        (b'{"a":' * 100_000, False),
        (b"\xff\x00", False),
        (b"", False),
        (b'{"event": NaN}', False),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_signed_hook_of_any_shape_is_answered(hooked: Desk, clock: StillClock, body: bytes, follows: bool) -> None:
    moment = int(clock.now().timestamp())
    right = hmac.new(HOOK_SECRET.encode(), body + b"." + str(moment).encode(), hashlib.sha256).hexdigest()
    headers = {"officernd-signature": f"t={moment},signature={right}"}
    client = make_app(hooked).test_client()
    answer = client.post("/hooks/officernd", data=body, headers=headers, base_url="http://127.0.0.1:9480")
    assert (204, follows) == (answer.status_code, hooked.wake.is_set())


# -- half requests -----------------------------------------------------------------------------------------------------


def test_a_request_that_is_dripped_grows_old_from_its_first_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte every ten seconds kept a connection young; now it is as old as its request."""
    now = [1000.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    channel = Channel.__new__(Channel)
    channel.will_close = channel.close_when_flushed = channel.sent_continue = False
    channel.request, channel.requests, channel.requests_lock = None, [], threading.Lock()
    from waitress.adjustments import Adjustments

    channel.adj = Adjustments()
    channel.parser_class = Channel.parser_class
    for byte in b"GET / HTTP/1.1\r\nHost: x":
        channel.last_activity = now[0]  # what reading from the socket sets
        channel.received(bytes([byte]))
        now[0] += 10
    assert 1000.0 == channel.last_activity and now[0] - channel.last_activity > REQUEST_S
