"""The installer before something that answers in PaperCut's place, or in OfficeRnD's: one sentence, soon, and again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from xmlrpc.client import Fault, dumps

import pytest

from papercut_scripts import compat, exchange
from relay.installer import __main__ as installer
from relay.installer import asking, config
from tests.support.lying_server import Write, lying, whole

CALLS: dict[str, Callable[[config.XmlRpc], Any]] = {
    "get": lambda web: web.get("a.key"),
    "get_tokens": lambda web: web.get("auth.webservices.auth-token"),
    "set": lambda web: web.set("a.key", "a value"),
    "users": lambda web: web.users(10),
}


def xml(*values: Any) -> bytes:
    return whole(dumps(values, methodresponse=True).encode(), b"Content-Type: text/xml\r\n")


def nested(deep: int) -> bytes:
    value = b"<value><array><data>" * deep + b"</data></array></value>" * deep
    return whole(b"<methodResponse><params><param>%s</param></params></methodResponse>" % value)


LAUGHS = (
    b"<!DOCTYPE l [<!ENTITY a 'ha'>"
    + b"".join(b"<!ENTITY %c '%s'>" % (97 + n, b"&%c;" % (96 + n) * 10) for n in range(1, 9))
    + b"]><methodResponse><params><param><value>&i;</value></param></params></methodResponse>"
)
ANSWERS = {
    "too_long": whole(b" " * (exchange.MAX_ANSWER + 1)),
    "said_too_long": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n" + b" " * 2_000_000,
    "endless_line": b"HTTP/1.1 200 " + b"O" * 2_000_000,
    "endless_headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 400_000,
    "elsewhere": whole(b"", b"Location: http://127.0.0.1:9/\r\n", b"302 Found"),
    "a_page": whole(b"<!doctype html><title>Log in</title>"),
    "laughs": whole(LAUGHS),
    "laughs_in_utf_16": whole(LAUGHS.decode().encode("utf-16")),
    "a_file": whole(LAUGHS.replace(b"'ha'", b"SYSTEM 'file:///etc/passwd'")),
    "too_deep": nested(5000),
    "no_answer": whole(b""),
    "two_values": whole(
        b"<methodResponse><params><param><value>1</value></param><param><value>2</value></param></params>"
        b"</methodResponse>"
    ),
    "a_call": whole(dumps(("x",), "evil").encode()),
    "wrong_bytes": whole(b"<methodResponse><params><param><value>\xff\xfe\x00</value></param></params>"),
    "half": whole(b"<methodResponse><params><param><value>"),
    "endless_number": whole(
        b"<methodResponse><params><param><value><int>%s</int></value></param></params></methodResponse>"
        % (b"9" * 500_000)
    ),
    "nothing": b"",
}


@pytest.mark.parametrize("call", list(CALLS))
@pytest.mark.parametrize("name", list(ANSWERS))
def test_nonsense_is_one_sentence(name: str, call: str) -> None:
    def reply(_target: str, write: Write) -> None:
        write(ANSWERS[name])
        raise OSError  # and it is closed

    with lying(reply) as address, pytest.raises(config.PaperCutUnreachable) as told:
        CALLS[call](config.XmlRpc(address + "/rpc/api/xmlrpc", "a-secret-token"))
    said = str(told.value)
    assert said.isprintable() and len(said) < 400
    assert "a-secret-token" not in said
    assert not told.value.refused


@pytest.mark.parametrize("value", [7, 7.5, True, ["a"], {"a": "b"}])
def test_a_key_is_a_text(value: Any) -> None:
    with lying(lambda _, write: write(xml(value))) as address, pytest.raises(config.PaperCutUnreachable, match="speak"):
        config.XmlRpc(address, "t").get("a.key")


@pytest.mark.parametrize(("names", "total"), [("ann", 1), ([7], 1), (["ann"], "1"), (["ann"], True), (["ann"], 1.5)])
def test_users_are_names_and_a_number(names: Any, total: Any) -> None:
    answers = iter([xml(names), xml(total)])
    with (
        lying(lambda _, write: write(next(answers))) as address,
        pytest.raises(config.PaperCutUnreachable, match="speak"),
    ):
        config.XmlRpc(address, "t").users(10)


def test_no_more_users_are_told_than_were_asked_for() -> None:
    answers = iter([xml(["ann\x9b\n2. evil", *["x" * 500] * 50]), xml(51)])
    with lying(lambda _, write: write(next(answers))) as address:
        names, total = config.XmlRpc(address, "t").users(10)
    assert (len(names), total) == (10, 51)
    assert names[0] == "ann\\u009b 2. evil" and max(map(len, names)) == 300


def test_a_no_is_told_in_one_line_without_what_moves_a_cursor() -> None:
    fault = dumps(Fault(0, "java.lang.Exception: no\n\x9b2J\u202e token" + "n" * 100_000)).encode()
    with lying(lambda _, write: write(whole(fault))) as address, pytest.raises(config.PaperCutUnreachable) as told:
        config.XmlRpc(address, "t").get("a.key")
    assert told.value.refused
    assert str(told.value).startswith("no \\u009b2J\\u202e tokennnn")
    assert len(str(told.value)) == 300


@pytest.mark.parametrize("at", [0, 290, 590, 2990])
@pytest.mark.parametrize(
    "ask",
    [
        lambda web: web.get("a.key"),
        lambda web: web.refuses("our-own-token"),
        lambda web: web.set("auth.webservices.auth-token", '{"papercut-officernd": "our-own-token"}'),
    ],
    ids=["asked_with", "tried", "written"],
)
def test_of_a_token_that_the_server_repeats_no_part_is_told(ask: Callable[[config.XmlRpc], Any], at: int) -> None:
    fault = dumps(Fault(0, "java.lang.Exception: " + "x" * at + "our-own-token")).encode()
    with lying(lambda _, write: write(whole(fault))) as address:
        try:
            said = ask(config.XmlRpc(address, "our-own-token"))
        except config.PaperCutUnreachable as error:
            said = str(error)
    assert said.endswith("...") and "xour" not in said and "our-own" not in said


def test_a_drip_is_over_with_the_time_for_the_whole_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes long before a pause would count; a clock of its own goes on by a second a byte."""
    now_s = [0.0]
    monkeypatch.setattr(compat, "monotonic", lambda: now_s[0])
    sent = []

    def drip(_target: str, write: Write) -> None:
        write(b"HTTP/1.1 200 OK\r\n")
        while len(sent) < 100_000:
            now_s[0] += 1
            sent.append(write(b"X"))

    started = time.monotonic()
    with lying(drip) as address, pytest.raises(config.PaperCutUnreachable, match="no (time|answer)"):
        config.XmlRpc(address, "t").get("a.key")
    assert time.monotonic() - started < config.TIMEOUT_S


def test_what_others_say_moves_no_cursor_of_the_operators(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    installer._say("The tool said: a\tb\r\n\x1b[2J\x9b\u202e\u2028x\rDone.")
    assert capfdbinary.readouterr().out.decode() == (
        "The tool said: a        b\n\\u001b[2J\\u009b\\u202e\\u2028x\\u000dDone.\n"
    )


@pytest.mark.parametrize("name", ["too_long", "endless_headers", "elsewhere", "nothing", "endless_line"])
def test_a_secret_is_not_called_wrong_by_something_that_is_not_officernd(name: str) -> None:
    said: list[str] = []
    settings = {"officernd": {}, "signin": {"client_secret_file": "s", "client_id": "i"}}

    def reply(_target: str, write: Write) -> None:
        write(ANSWERS[name])
        raise OSError

    with lying(reply) as address:
        settings["officernd"] = {"token_url": address + "/oauth/token"}
        assert asking.why_refused(settings, "s", "a-secret", said.append) == ""
    assert "a-secret" not in "".join(said)
