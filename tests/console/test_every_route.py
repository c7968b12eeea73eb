"""Every route of the console under whatever an attacker sends: tables over the map of routes."""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from relay import passwords
from relay.console.app import make_app
from relay.passwords import ROLES
from relay.web import Brake
from tests.console.conftest import desk_in
from tests.support.still_clock import StillClock
from tests.support.visitor import LOCAL, PASSWORD, PUBLIC, Visitor

OPEN = {"static", "login.show", "login.enter", "machine.healthz", "machine.figures", "machine.officernd"}
VALUES = {"work_id": "x", "run_id": 1, "code": "restored", "filename": "console.css", "number": 1}
METHODS = ("GET", "POST", "PUT", "DELETE", "TRACE", "PROPFIND", "GETS")
STRANGE = (
    "", "x" * 5000, "\x00", "²", "٣", "9" * 5000, str(2**64), "-1", "1e999", "NaN", "../../../etc/passwd",
    "..%2f..%2f", "C:\\Windows\\win.ini", "'; DROP TABLE movements; --", "%", "_", "<script>alert(1)</script>",
    "{{7*7}}",
    "\r\nSet-Cookie: a=b", "\ud83d".encode("utf-16", "surrogatepass").decode("latin-1"), "2026-99",
    "0000-00", "9999-12",
)  # fmt: skip


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, stored_passwords: str) -> Iterator[Flask]:
    """One console for the whole table: nothing in it may change anything."""
    place = desk_in(tmp_path_factory.mktemp("routes"), StillClock(), stored_passwords)
    yield make_app(place)
    place.close()


@pytest.fixture
def treasurer(app: Flask) -> Visitor:
    return logged_in(app, "money")


def logged_in(app: Flask, role: str) -> Visitor:
    app.config["BRAKE"]._tries.clear()
    somebody = Visitor(app.test_client())
    assert 302 == somebody.log_in(f"{role}er").status_code
    return somebody


def path_of(app: Flask, rule: Rule) -> str:
    """Return the path of a route with a value of its kind for each of its words."""
    words = {name: VALUES[name] for name in rule.arguments}
    return str(app.url_map.bind("x").build(rule.endpoint, words))


def rules(app: Flask, method: str = "") -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if not method or method in (rule.methods or ())]


def forms(app: Flask) -> list[Rule]:
    """Return what takes a form; a webhook carries a signature of its own."""
    return [rule for rule in rules(app, "POST") if rule.endpoint != "machine.officernd"]


def state_of(app: Flask) -> tuple[Any, ...]:
    """What must not change: works, settings, users."""
    place = app.config["DESK"]
    return len(place.works.all()), place.settings.path.read_text(), sorted(place.users)


def test_every_word_of_a_route_has_a_value(app: Flask) -> None:
    assert all(path_of(app, rule).startswith("/") and "<" not in path_of(app, rule) for rule in rules(app))


# -- who ---------------------------------------------------------------------------------------------------------------


def test_no_route_shows_a_stranger_anything(app: Flask) -> None:
    stranger = Visitor(app.test_client())
    tried = 0
    for rule in rules(app, "GET"):
        if rule.endpoint in OPEN:
            continue
        for headers, wanted in (({"Accept": "text/html"}, 302), ({"Accept": "application/json"}, 401)):
            answer = stranger.get(path_of(app, rule), headers=headers)
            assert wanted == answer.status_code, rule
            assert wanted == 401 or answer.location.startswith("/login"), rule
            assert "hq" not in answer.text and "acme" not in answer.text
        tried += 1
    assert tried > 20


def test_no_form_obeys_a_stranger(app: Flask) -> None:
    before, stranger = state_of(app), Visitor(app.test_client())
    csrf = stranger.csrf("/login")
    for rule in rules(app, "POST"):
        if rule.endpoint not in OPEN:
            assert 401 == stranger.post(path_of(app, rule), csrf=csrf).status_code, rule
    assert before == state_of(app)


def test_no_route_obeys_a_role_below_its_own(app: Flask) -> None:
    """Of every form each role tries all: only where the view names a role it has may the answer be other than 403."""
    before = state_of(app)
    refused = 0
    for role in ROLES[:-1]:
        somebody = logged_in(app, role)
        csrf = somebody.token()
        for rule in rules(app, "POST"):
            needed = getattr(app.view_functions[rule.endpoint], "console_role", "missing")
            if rule.endpoint in OPEN or (needed in ROLES and ROLES.index(needed) <= ROLES.index(role)):
                continue
            answer = somebody.post(path_of(app, rule), csrf=csrf)
            assert 403 == answer.status_code and "Nothing was done" in answer.text, (role, rule)
            refused += 1
    assert refused > 20 and before == state_of(app)


# -- how ---------------------------------------------------------------------------------------------------------------


def test_a_method_that_a_route_does_not_have_does_nothing(app: Flask, treasurer: Visitor) -> None:
    before = state_of(app)
    csrf = treasurer.token()
    for rule, method in itertools.product(rules(app), METHODS):
        if any(method in (one.methods or ()) for one in rules(app) if one.rule == rule.rule):
            continue
        answer = treasurer.client.open(
            path_of(app, rule), method=method, base_url=LOCAL, data={"csrf": csrf} if method != "TRACE" else None
        )
        assert answer.status_code in (400, 403, 404, 405, 501), (rule, method, answer.status_code)
        assert "TRACE" not in answer.text
    assert before == state_of(app)


def test_options_and_head_tell_nothing_of_a_page(app: Flask, treasurer: Visitor) -> None:
    for rule in rules(app, "GET"):
        for method in ("HEAD", "OPTIONS"):
            answer = treasurer.client.open(path_of(app, rule), method=method, base_url=LOCAL)
            assert answer.status_code < 500 and (method == "OPTIONS" or b"" == answer.data), (rule, method)
            answer.close()
            assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"csrf": "%s"}'),
        ("application/json", b"[" * 50_000),
        ("text/plain", b"csrf=%s"),
        ("application/xml", b"<csrf>%s</csrf>"),
        ("multipart/form-data", b"csrf=%s"),
        ("multipart/form-data; boundary=", b"csrf=%s"),
        ("multipart/form-data; boundary=" + "b" * 5000, b"--b\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data; name=csrf\r\n\r\n%s"),
        ("multipart/mixed; boundary=b", b'--b\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n%s\r\n--b--'),
        ("", b"csrf=%s"),
        ("application/x-www-form-urlencoded-not", b"csrf=%s"),
    ],
)
def test_a_form_of_another_kind_is_none(app: Flask, treasurer: Visitor, kind: str, body: bytes) -> None:
    before = state_of(app)
    sent = body % treasurer.token().encode() if b"%s" in body else body
    for rule in forms(app):
        answer = treasurer.client.post(path_of(app, rule), base_url=LOCAL, data=sent, content_type=kind)
        assert 400 <= answer.status_code < 500, (rule, answer.status_code)
    assert before == state_of(app)


@pytest.mark.parametrize("where", ["nowhere", "guess", "query", "header", "cookie"])
def test_a_token_counts_in_the_form_alone(app: Flask, treasurer: Visitor, where: str) -> None:
    before, token = state_of(app), treasurer.token()
    how: dict[str, Any] = {
        "nowhere": {},
        "guess": {"data": {"csrf": "guess"}},
        "query": {"query_string": {"csrf": token}},
        "header": {"headers": {"X-CSRFToken": token, "X-CSRF-Token": token}},
        "cookie": {"headers": {"X-Nothing": "1"}},
    }[where]
    if where == "cookie":
        treasurer.client.set_cookie("csrf", token, domain="127.0.0.1")
    for rule in forms(app):
        assert 400 == treasurer.client.post(path_of(app, rule), base_url=LOCAL, **how).status_code, rule
    assert before == state_of(app)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9480.evil.example"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "http://127.0.0.1:9480@evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "nonsense"},
    ],
    ids=str,
)
def test_no_form_is_taken_from_elsewhere(app: Flask, treasurer: Visitor, headers: dict[str, str]) -> None:
    before, token = state_of(app), treasurer.token()
    for rule in forms(app):
        assert 400 == treasurer.post(path_of(app, rule), csrf=token, headers=headers).status_code, rule
    assert before == state_of(app)


def test_a_form_with_a_method_in_it_is_what_it_is(app: Flask, treasurer: Visitor) -> None:
    """No header and no field makes another method of a GET."""
    before = state_of(app)
    for rule in rules(app, "GET"):
        treasurer.get(
            path_of(app, rule), query_string={"_method": "POST", "csrf": treasurer.token()},
            headers={"X-HTTP-Method-Override": "POST", "X-Method-Override": "DELETE"},
        )  # fmt: skip
    assert before == state_of(app)


# -- how much ----------------------------------------------------------------------------------------------------------


def test_thousands_of_fields_and_parts_cost_little(app: Flask, treasurer: Visitor) -> None:
    token = treasurer.token()
    fields = "&".join(f"f{number}=" for number in range(100_000)) + f"&csrf={token}"
    parts = "".join(f'--b\r\nContent-Disposition: form-data; name="f{n}"\r\n\r\n\r\n' for n in range(15_000)) + "--b--"
    for body, kind in ((fields, "application/x-www-form-urlencoded"), (parts, "multipart/form-data; boundary=b")):
        before = time.process_time()
        answer = treasurer.client.post("/settings", base_url=LOCAL, data=body.encode(), content_type=kind)
        assert answer.status_code < 500
        assert time.process_time() - before < 10


def test_headers_cookies_and_words_without_end_are_no_error(app: Flask, treasurer: Visitor) -> None:
    long = "x" * 60_000
    for headers in (
        {"Cookie": f"relay_console={long}"},
        {"Cookie": "; ".join(f"a{n}=b" for n in range(5000))},
        {"Accept-Language": ",".join(f"x{n};q=0.{n % 10}" for n in range(5000))},
        {"Accept-Language": "de;q=NaN, \udcff;q=1e999".encode("utf-8", "surrogateescape").decode("latin-1")},
        {"Accept": long},
        {"User-Agent": long},
        {"Referer": "http://" + long},
        {"Range": "bytes=0-0,-1,5-2"},
        {"If-Modified-Since": long},
        {"If-None-Match": long},
        {"Content-Length": "0"},
        {"Authorization": "Basic " + long},
        {"X-Original-URL": "/settings", "X-Rewrite-URL": "/settings"},
    ):
        for path in ("/", "/login", "/static/console.css", "/healthz", "/nowhere"):
            answer = app.test_client().get(path, base_url=LOCAL, headers=headers, buffered=True)
            assert answer.status_code < 500, (headers.keys(), path)


@pytest.mark.parametrize("value", STRANGE, ids=lambda value: ascii(value)[:24])
def test_no_word_in_an_address_breaks_a_page(app: Flask, treasurer: Visitor, value: str) -> None:
    names = (
        "q", "find", "who", "page", "sort", "order", "show", "month", "member", "company", "kind", "to", "section",
        "action", "since", "code", "just", "id", "site", "run", "next", "field", "format",
    )  # fmt: skip
    for rule in rules(app, "GET"):
        if rule.endpoint in ("static", "login.show"):
            continue
        answer = treasurer.get(path_of(app, rule), query_string=dict.fromkeys(names, value))
        assert answer.status_code < 500, (rule, answer.text[-200:])
        assert "<script>alert" not in answer.text and "root:" not in answer.text
        assert "\n" not in answer.headers.get("Location", "")


@pytest.mark.parametrize("value", STRANGE, ids=lambda value: ascii(value)[:24])
def test_no_word_in_a_path_breaks_a_page(app: Flask, treasurer: Visitor, value: str) -> None:
    for rule in rules(app, "GET"):
        for name in rule.arguments:
            word = value.replace("?", "").replace("#", "") or "-"
            answer = treasurer.get(re.sub(rf"<[^<>]*{name}>", lambda _, word=word: word, rule.rule))
            assert answer.status_code in (200, 302, 308, 400, 404), (rule, answer.status_code)
            assert "root:" not in answer.text and "[papercut]" not in answer.text


@pytest.mark.parametrize("value", STRANGE[2:9:2], ids=lambda value: ascii(value)[:24])
def test_no_word_in_a_form_breaks_a_page(app: Flask, treasurer: Visitor, value: str) -> None:
    """Fields as the forms have them, each with nonsense; what asks a system that is not there may say so."""
    token = treasurer.token()
    names = (
        "hold", "who", "amount", "reason", "said", "reference", "action", "username", "member", "code", "fingerprint",
        "name", "role", "pick", "answer", "hash", "expect", "everybody", "to", "here", "fees.minimum",
    )  # fmt: skip
    for rule in forms(app):
        if rule.endpoint in ("login.leave", "installation.package"):
            continue
        answer = treasurer.post(path_of(app, rule), dict.fromkeys(names, value), csrf=token)
        assert answer.status_code < 500, (rule, answer.status_code, answer.text[-300:])


# -- where -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "127.0.0.1.evil.example", "127.0.0.1:9480@evil.example", "evil.example:127", "[::1", "",
        "10.0.0.5:9480", "127.0.0.1:x", "localhost.evil.example", "127.0.0.1, evil.example", "127.0.0.1 evil.example",
        "0x7f000001.evil", "\x7f", "a" * 5000, "[fe80::1%25eth0]", "a..b", "127.0.0.1:99999999",
    ],
    ids=lambda host: ascii(host)[:24],
)  # fmt: skip
def test_no_route_answers_under_another_name(app: Flask, host: str) -> None:
    client = app.test_client()
    for rule in rules(app, "GET"):
        if rule.endpoint == "machine.healthz":
            continue
        answer = client.get(path_of(app, rule), base_url=LOCAL, headers={"Host": host})
        assert answer.status_code in (400, 403), (rule, host, answer.status_code)
        assert answer.status_code == 400 or "This is not the address of the console" in answer.text
        assert "evil" not in answer.headers.get("Location", "") and "evil" not in answer.text


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "X-Real-IP", "Via"]
)
@pytest.mark.parametrize("value", ["127.0.0.1", "https", "evil.example", "for=127.0.0.1;host=evil.example"])
def test_no_word_of_a_proxy_is_believed_where_none_is_set_up(app: Flask, header: str, value: str) -> None:
    client = app.test_client()
    for rule in rules(app, "GET"):
        answer = client.get(path_of(app, rule), base_url=LOCAL, headers={header: value})
        if rule.endpoint != "machine.healthz":
            assert 403 == answer.status_code and "public_url" in answer.text, rule


def test_private_pages_are_kept_nowhere(app: Flask, treasurer: Visitor) -> None:
    for rule in rules(app, "GET"):
        answer = treasurer.get(path_of(app, rule))
        if rule.endpoint != "static":
            assert "no-store" == answer.headers["Cache-Control"], rule
            assert "ETag" not in answer.headers and "Last-Modified" not in answer.headers, rule


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/app.py", "/static/....//app.py",
        "/static//etc/passwd", "/static/..\\app.py", "/static/console.css/../../app.py", "/static/\x00", "/static/",
        "/static/.",
        "/static/C:/x", "/static/console.css%00.js",
    ],
    ids=ascii,
)  # fmt: skip
def test_no_path_leads_out_of_the_folder_of_files(app: Flask, path: str) -> None:
    answer = Visitor(app.test_client()).get(path)
    assert answer.status_code in (302, 308, 400, 404) and "make_app" not in answer.text and "root:" not in answer.text


# -- sessions ----------------------------------------------------------------------------------------------------------


def cookie_of(somebody: Visitor) -> str:
    found = somebody.client.get_cookie("relay_console", "127.0.0.1")
    assert found is not None
    return found.value


def with_cookie(app: Flask, value: str) -> Visitor:
    thief = Visitor(app.test_client())
    thief.client.set_cookie("relay_console", value, domain="127.0.0.1")
    return thief


def test_a_session_given_to_a_victim_is_not_his_afterwards(app: Flask) -> None:
    app.config["BRAKE"]._tries.clear()
    attacker = Visitor(app.test_client())
    token = attacker.csrf("/login")
    victim = with_cookie(app, cookie_of(attacker))
    assert 302 == victim.post("/login", {"name": "moneyer", "password": PASSWORD}, csrf=token).status_code
    assert 302 == attacker.get("/", headers={"Accept": "text/html"}).status_code
    assert 400 == victim.post("/logout", csrf=token).status_code


def test_a_session_of_somebody_taken_away_or_changed_is_over(app: Flask, stored_passwords: str) -> None:
    place = app.config["DESK"]
    file = place.settings.path.parent / "secrets" / "console"
    users = json.loads(stored_passwords)
    for change in (
        {name: row for name, row in users.items() if name != "looker"},
        {**users, "looker": {**users["looker"], "role": "money"}},
        {**users, "looker": {**users["looker"], "hash": users["moneyer"]["hash"]}},
    ):
        somebody = logged_in(app, "look")
        assert 200 == somebody.get("/").status_code
        try:
            file.write_text(json.dumps(change))
            place.refresh(always=True)
            assert 302 == somebody.get("/").status_code
        finally:
            file.write_text(stored_passwords)
            place.refresh(always=True)


def test_a_cookie_of_another_key_salt_or_kind_opens_nothing(app: Flask, treasurer: Visitor) -> None:
    from flask.sessions import SecureCookieSessionInterface

    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert serializer is not None
    held = serializer.loads(cookie_of(treasurer))
    other = Flask("other")
    other.secret_key = "x" * 64
    forged = SecureCookieSessionInterface().get_signing_serializer(other)
    assert forged is not None
    for value in (
        forged.dumps(held),
        cookie_of(treasurer)[:-1],
        cookie_of(treasurer)[1:],
        cookie_of(treasurer).swapcase(),
        "eyJuYW1lIjoibW9uZXllciJ9.aaaaaa.bbbbbb",
    ):
        answer = with_cookie(app, value).get("/", headers={"Accept": "text/html"})
        assert answer.status_code in (302, 400), value


# -- guessing ----------------------------------------------------------------------------------------------------------


def test_an_unknown_name_takes_the_same_work_as_a_known_one(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by a clock, which lies on a busy machine: the same hash is computed the same number of times."""
    done: list[str] = []
    check = passwords.check_password_hash
    monkeypatch.setattr(
        passwords, "check_password_hash", lambda stored, word: done.append(stored) or check(stored, word)
    )
    app.config["BRAKE"]._tries.clear()
    work = set()
    for name in ("moneyer", "nobody", "", "x" * 1000, "Moneyer"):
        done.clear()
        assert 401 == Visitor(app.test_client()).log_in(name, "wrong").status_code, name
        assert 1 == len(done), name
        work.add(done[0].split("$")[0])
    assert 1 == len(work)


def test_wrong_passwords_from_many_addresses_are_counted_together(
    make_desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "verify", lambda *_: None)
    app = make_app(make_desk(with_passwords=True, console={"public_url": PUBLIC}))

    def log_in(name: str, address: str) -> int:
        words = {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_FOR": address}
        return Visitor(app.test_client(), PUBLIC, **words).log_in(name).status_code

    assert [401] * 5 + [429] == [log_in("moneyer", f"203.0.113.{number}") for number in range(6)]
    brake: Brake = app.config["BRAKE"]
    for number in range(Brake.ALL_TRIES):
        brake.begin(f"name{number}", f"198.51.100.{number}", app.config["DESK"].clock.monotonic_s())
    assert 429 == log_in("looker", "192.0.2.1")
