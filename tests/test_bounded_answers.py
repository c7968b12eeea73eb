"""Whatever a server sends, a command ends: one sentence, exit 1, little memory, and the site's lock free again."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import requests
import tomlkit

from relay import http
from relay.errors import BadAnswer, OutcomeUnknown, RelayError, RemoteError
from relay.lock import site_lock
from relay.officernd.client import OfficeRnD
from relay.papercut import wire
from relay.papercut.client import PaperCut
from tests.support import lying_server
from tests.support.forked_relay import ForkedRelay
from tests.support.lying_server import Write, lying, whole
from tests.support.settings_example import example_settings, raw_settings, write_secrets
from tests.support.still_clock import StillClock

MOST_MEMORY_MB = 300


def endless(write: Write, start: bytes = b"[", piece: bytes = b" " * 65536) -> None:
    write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + start)
    while True:
        write(piece)


def endless_head(write: Write) -> None:
    write(b"HTTP/1.1 200 OK\r\n")
    while True:
        write(b"X-Filler: " + b"x" * 60000 + b"\r\n")


def endless_chunk_line(write: Write) -> None:
    write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;")
    while True:
        write(b"x" * 65536)


def bomb(write: Write, layers: int = 1) -> None:
    packed = ", ".join(["gzip"] * layers).encode()
    write(whole(zeros(layers), b"Content-Encoding: " + packed + b"\r\n"))


@cache
def zeros(layers: int) -> bytes:
    """Return 100 MB in a few bytes."""
    return gzip.compress(zeros(layers - 1) if layers > 1 else b"[" + b"0," * 50_000_000 + b"0]", 1)


def cursors(write: Write) -> None:
    """A page with a cursor that nobody has seen, with records that nobody has seen, for ever."""
    cursors.count = getattr(cursors, "count", 0) + 1  # type: ignore[attr-defined]
    number = cursors.count  # type: ignore[attr-defined]
    records = [{"_id": f"{number:012d}{n:012d}", "name": "x" * 3000} for n in range(50)]
    write(whole(json.dumps({"results": records, "cursorNext": f"c{number}"}).encode()))


BODIES: dict[str, bytes] = {
    "deep": b"[" * 200_000,
    "deep_objects": b'{"a":' * 100_000,
    "infinite": b'{"total": Infinity}',
    "not_a_number": b'{"total": NaN}',
    "long_number": b'{"total": ' + b"9" * 400 + b"}",
    "longest_number": b'{"total": ' + b"9" * 5000 + b"}",
    "huge_exponent": b'{"total": 1e999}',
    "negative": b'{"total": -1}',
    "no_text": b"\xff\xfe\x00",
    "many_empty_lists": b"[" + b"[]," * 1_900_000 + b"[]]",
    "half_characters": b'{"results": [{"_id": "\\ud800", "name": "\\ud800"}], "total": 1}',
    "nothing": b"",
    "null": b"null",
    "a_page_of_html": b"<!doctype html><title>Log in</title>",
    "texts": b'{"results": ["a", "b"], "total": 2}',
    "no_list": b'{"results": {"_id": "a"}, "total": 1}',
    "total_in_words": b'{"results": [], "total": "many"}',
    "twice": b'{"results": [{"_id": "a", "name": "A"}, {"_id": "a", "name": "B"}], "total": 2}',
    "odd_ids": b'{"results": [{"_id": ["a"], "name": {"a": 1}}], "total": 1}',
}
ENDLESS: dict[str, Callable[[Write], None]] = {
    "endless": endless,
    "endless_head": endless_head,
    "endless_chunk_line": endless_chunk_line,
    "bomb": bomb,
    "bomb_in_bomb": lambda write: bomb(write, 2),
    "cursors": cursors,
    **{name: (lambda write, body=body: write(whole(body))) for name, body in BODIES.items()},  # type: ignore[misc]
}


@pytest.mark.parametrize("name", list(ENDLESS))
def test_a_lying_officernd_costs_one_sentence(tmp_path: Path, forked_relay: ForkedRelay, name: str) -> None:
    def reply(target: str, write: Write) -> None:
        if "token" in target:
            lying_server.token(write)
        elif name == "cursors" and "/count" in target:
            write(whole(b'{"message": "no such page"}', status=b"404 Not Found"))
        else:
            ENDLESS[name](write)

    with lying(reply) as address:
        ended(forked_relay, tmp_path, address, "sync")


@pytest.mark.parametrize(
    "name",
    [
        "endless",
        "endless_head",
        "bomb",
        "bomb_in_bomb",
        "no_text",
        "nothing",
        "dtd",
        "deep_xml",
        "long_int",
        "infinite_double",
        "names",
    ],
)
def test_a_lying_papercut_costs_one_sentence(tmp_path: Path, forked_relay: ForkedRelay, name: str) -> None:
    xml = b"<methodResponse><params><param><value>%s</value></param></params></methodResponse>"
    bodies = {
        "dtd": b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + xml % b"<string>&b;</string>",
        "deep_xml": xml % (b"<array><data><value>" * 100_000),
        "long_int": xml % (b"<int>" + b"9" * 400 + b"</int>"),
        "infinite_double": xml % b"<double>1e999</double>",
    }
    asked = {"count": 0}

    def names() -> bytes:
        asked["count"] += 1
        rows = b"".join(b"<value>u%d</value>" % (asked["count"] * 1000 + n) for n in range(1000))
        return xml % (b"<array><data>" + rows + b"</data></array>")

    def reply(target: str, write: Write) -> None:
        if name == "names":
            write(whole(names()))
        elif name in bodies:
            write(whole(bodies[name]))
        else:
            ENDLESS[name](write)

    with lying(reply) as address:
        if name == "names":  # a list without end, behind a server whose other answers are sound
            settings = example_settings(tmp_path, papercut={"url": address})
            with pytest.raises(BadAnswer, match="without end"):
                PaperCut(settings, StillClock()).groups()
        else:
            ended(forked_relay, tmp_path, address, "settle")


def ended(relay: ForkedRelay, folder: Path, address: str, command: str) -> None:
    """Run a command against the server and assert how it ended."""
    write_secrets(folder)
    raw = raw_settings(
        folder,
        papercut={"url": address, "timeout_s": 5},
        officernd={
            "api_url": f"{address}/api/v2",
            "token_url": f"{address}/oauth/token",
            "requests_per_minute": 100_000,
            "timeout_s": 5,
        },
    )
    (folder / "relay.toml").write_text(tomlkit.dumps(raw), encoding="utf-8")
    done = relay("--config", folder / "relay.toml", command)
    told = done.stderr.strip().splitlines()
    assert done.code == 1, done.stderr
    assert "unexpected" not in done.stderr + done.stdout and "Traceback" not in done.stderr
    assert len(told) <= 1, told
    assert done.peak_mb < MOST_MEMORY_MB
    with site_lock(folder / "state"):
        pass


# -- time -------------------------------------------------------------------------------------------------------------


class Drip(io.RawIOBase):
    """One byte at a time, ten seconds apart on the clock of the test."""

    def __init__(self, now: list[float]) -> None:
        self.now = now
        self.sent = 0

    def readinto(self, buffer: Any) -> int:
        self.now[0] += 10
        self.sent += 1
        buffer[:1] = b"x"
        return 1


def test_a_drip_ends_with_the_time_for_the_whole_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(http, "monotonic_s", lambda: now[0])
    limits: list[float] = []
    drip = Drip(now)
    timed = http._Timed(drip, limits.append, 30.0)
    with pytest.raises(TimeoutError):
        io.BufferedReader(timed).readline()
    assert 3 == drip.sent and [30.0, 20.0, 10.0] == limits


@pytest.mark.parametrize("starts", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1234"])
def test_a_drip_on_the_wire_is_no_answer_in_time(
    starts: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server never ends its answer."""
    monkeypatch.setattr(http, "READ_ATTEMPTS", 1)

    def reply(_target: str, write: Write) -> None:
        write(starts)

    with lying(reply) as address:
        settings = example_settings(tmp_path, papercut={"url": address, "timeout_s": 1})
        client = PaperCut(settings, StillClock())
        with pytest.raises(OutcomeUnknown, match="no answer in time"):
            client.set_config("a", "b")
        with pytest.raises(RemoteError, match="no answer in time"):
            client.total_users()


# -- what a caller is told ---------------------------------------------------------------------------------------------


def test_a_write_with_an_answer_without_end_is_in_doubt(tmp_path: Path) -> None:
    with lying(lambda _target, write: endless(write)) as address:
        settings = example_settings(tmp_path, papercut={"url": address})
        with pytest.raises(OutcomeUnknown, match="longer than 6 MB"):
            PaperCut(settings, StillClock()).adjust_balance("ann", 1, "x")


@pytest.mark.parametrize(
    "token", ["tøken", "to\r\nX-Evil: 1", "", " ", "t" * 9000, "\ud800", "\u202etoken", 7, None, ["t"]], ids=repr
)
def test_a_token_in_odd_letters_is_none(tmp_path: Path, token: object) -> None:
    body = json.dumps({"access_token": token, "expires_in": 3599}).encode()
    with lying(lambda _target, write: write(whole(body))) as address:
        urls = {"api_url": f"{address}/api/v2", "token_url": f"{address}/oauth/token"}
        settings = example_settings(tmp_path, officernd=urls)
        with pytest.raises(BadAnswer, match="gave no token"):
            OfficeRnD(settings, StillClock()).organization()


@pytest.mark.parametrize("life", ["1e308", "9" * 39, "-5", '"x"', "null"])
def test_a_tokens_life_is_never_longer_than_a_day(tmp_path: Path, life: str) -> None:
    body = b'{"access_token": "t0ken", "expires_in": %s}' % life.encode()

    def reply(target: str, write: Write) -> None:
        write(whole(body if "token" in target else b'{"_id": "1", "slug": "acme", "name": "A"}'))

    with lying(reply) as address:
        urls = {"api_url": f"{address}/api/v2", "token_url": f"{address}/oauth/token"}
        client = OfficeRnD(example_settings(tmp_path, officernd=urls), StillClock())
        try:
            assert "A" == client.organization().name
        except RelayError as error:
            assert "gave no token" in error.message


def test_what_a_server_says_is_cut_and_its_controls_are_written_out(tmp_path: Path) -> None:
    said = "\x1b[2J\u202e" + "x" * 10_000
    body = json.dumps({"message": said}).encode()

    def reply(target: str, write: Write) -> None:
        lying_server.token(write) if "token" in target else write(whole(body, status=b"422 No"))

    with lying(reply) as address:
        urls = {"api_url": f"{address}/api/v2", "token_url": f"{address}/oauth/token"}
        with pytest.raises(RelayError) as caught:
            OfficeRnD(example_settings(tmp_path, officernd=urls), StillClock()).organization()
    assert len(caught.value.message) < 400 and r"\x1b" in caught.value.message
    assert "\x1b" not in caught.value.message and "\u202e" not in caught.value.message


def test_a_number_out_of_bounds_is_unreadable() -> None:
    for inner in ("<int>99999999999999999999</int>", "<double>NaN</double>", "<double>-Infinity</double>"):
        body = f"<methodResponse><params><param><value>{inner}</value></param></params></methodResponse>"
        with pytest.raises(wire.Unreadable):
            wire.answer(body.encode())


def test_a_packed_answer_is_unpacked_and_one_packed_oddly_is_none(tmp_path: Path) -> None:
    for packed, body in (("gzip", gzip.compress(b"hello")), ("br", b"hello"), ("gzip", b"hello")):
        headers = f"Content-Encoding: {packed}\r\n".encode()
        with (
            lying(lambda _target, write, b=body, h=headers: write(whole(b, h))) as address,  # type: ignore[misc]
            http.session(connections=1) as session,
        ):
            if body != b"hello":
                assert b"hello" == session.get(address, timeout=5).content
            else:
                with pytest.raises(requests.RequestException):
                    session.get(address, timeout=5)
