"""Servers that send a caller elsewhere, lie about their own length, or answer nonsense with a straight face."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lxml import etree

from papercut_scripts import compat, exchange
from relay import json_text
from relay.checks import reach
from relay.errors import BadAnswer, OutcomeUnknown, RelayError
from relay.installer import facts
from relay.officernd.client import OfficeRnD
from relay.officernd.model import Member, NewFee, Organization
from relay.papercut import wire
from relay.papercut.client import PaperCut
from relay.people.memory.snapshot import Snapshot
from relay.people.world import OfficeRnDSide, PaperCutSide
from tests.support.lying_server import Write, lying, token, whole
from tests.support.settings_example import example_settings
from tests.support.still_clock import StillClock


def officernd(folder: Path, address: str, **section: Any) -> OfficeRnD:
    urls = {"api_url": f"{address}/api/v2", "token_url": f"{address}/oauth/token", "timeout_s": 5, **section}
    return OfficeRnD(example_settings(folder, officernd=urls), StillClock())


def papercut(folder: Path, address: str) -> PaperCut:
    return PaperCut(example_settings(folder, papercut={"url": address, "timeout_s": 5}), StillClock())


# -- elsewhere ---------------------------------------------------------------------------------------------------------

FEE = NewFee("Printing", date(2026, 11, 23), "loc", "plan", Decimal("1.00"), member="m1")
CALLS: dict[str, Callable[[Path, str], Any]] = {
    "officernd_read": lambda folder, at: officernd(folder, at).organization(),
    "officernd_write": lambda folder, at: officernd(folder, at).create_fee(FEE),
    "officernd_token": lambda folder, at: officernd(folder, "http://127.0.0.1:9", token_url=f"{at}/t").organization(),
    "papercut_read": lambda folder, at: papercut(folder, at).total_users(),
    "papercut_write": lambda folder, at: papercut(folder, at).set_config("a", "b"),
    "installer": lambda folder, at: facts.read_version(
        SimpleNamespace(config=SimpleNamespace(get=lambda _: "key"), url=f"{at}/rpc/api/xmlrpc", ca_file="")
    ),
    "login": lambda folder, at: exchange.post(
        f"{at}/auth/signin", [("Authorization", "Bearer t0ken")], b"{}", compat.monotonic() + 5
    ),
}


@pytest.mark.parametrize("status", ["301 M", "302 F", "303 S", "307 T", "308 P"])
@pytest.mark.parametrize("name", list(CALLS))
def test_no_secret_follows_a_redirect(tmp_path: Path, name: str, status: str) -> None:
    asked: list[str] = []

    def elsewhere(target: str, write: Write) -> None:
        asked.append(target)
        write(whole(b"{}"))

    with lying(elsewhere) as other:

        def reply(target: str, write: Write) -> None:
            if "oauth/token" in target:
                token(write)
            else:
                write(whole(b"", f"Location: {other}/stolen\r\n".encode(), status.encode()))

        with lying(reply) as address:
            try:
                CALLS[name](tmp_path, address)
            except RelayError as error:
                assert "nexpected" not in error.message
    assert [] == asked


# -- how long it is, and how it is packed ------------------------------------------------------------------------------

BODY = b'{"_id": "1", "slug": "acme", "name": "A"}'
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
WIRES = {
    "shorter_than_said": _HEAD + b"Content-Length: 5000\r\n\r\n" + BODY,
    "longer_than_said": _HEAD + b"Content-Length: 7\r\n\r\n" + BODY,
    "absurd_length": _HEAD + b"Content-Length: 99999999999999999999\r\n\r\n" + BODY,
    "chunk_of_letters": _HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + BODY,
    "chunk_below_zero": _HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n" + BODY,
    "endless_chunk": _HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n" + BODY,
    "half_chunk": _HEAD + b"Transfer-Encoding: chunked\r\n\r\n29\r\n" + BODY[:9],
    "no_http": b"hello\r\n\r\n",
    "half_status": b"HTTP/1.1",
    "status_of_letters": b"HTTP/1.1 two OK\r\n\r\n" + BODY,
    "status_of_nothing": b"HTTP/1.1 000 \r\nContent-Length: 0\r\n\r\n",
    "many_headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
    "header_without_colon": b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n" + BODY[:9],
    "deflate": whole(zlib.compress(BODY), b"Content-Encoding: deflate\r\n"),
    "brotli": whole(BODY, b"Content-Encoding: br\r\n"),
    "zstd": whole(BODY, b"Content-Encoding: zstd\r\n"),
    "packed_twice": whole(gzip.compress(gzip.compress(BODY)), b"Content-Encoding: gzip, gzip\r\n"),
    "half_gzip": whole(gzip.compress(BODY)[:20], b"Content-Encoding: gzip\r\n"),
    "not_gzip": whole(BODY, b"Content-Encoding: gzip\r\n"),
    "an_error_that_succeeds": whole(b'{"statusCode": 500, "message": "boom"}'),
    "a_login_page": whole(b"<!doctype html><title>Log in</title>", b"Content-Type: text/html\r\n"),
    "redirect_with_a_bomb": whole(
        gzip.compress(b"0" * 300_000_000, 1), b"Location: /x\r\nContent-Encoding: gzip\r\n", b"302 Found"
    ),
    "nothing_at_all": b"",
    "no_content": b"HTTP/1.1 204 No Content\r\n\r\n",
}


@pytest.mark.parametrize("name", list(WIRES))
def test_nonsense_on_the_wire_is_one_sentence_for_a_read(tmp_path: Path, name: str) -> None:
    def reply(target: str, write: Write) -> None:
        token(write) if "token" in target else write(WIRES[name])
        raise OSError  # and it is closed

    with lying(reply) as address, pytest.raises(RelayError) as told:
        officernd(tmp_path, address).organization()
    assert "\n" not in told.value.message and len(told.value.message) < 500


@pytest.mark.parametrize("name", list(WIRES))
def test_nonsense_on_the_wire_leaves_a_write_in_doubt(tmp_path: Path, name: str) -> None:
    def reply(_target: str, write: Write) -> None:
        write(WIRES[name])
        raise OSError  # and it is closed

    with lying(reply) as address, pytest.raises(RelayError) as told:
        papercut(tmp_path, address).adjust_balance("ann", 1, "x")
    assert isinstance(told.value, OutcomeUnknown), told.value


# -- what it says ------------------------------------------------------------------------------------------------------

XML = b"<methodResponse><params><param><value>%s</value></param></params></methodResponse>"
LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10 if n else b"lol" * 100) for n in range(9))
DOCUMENTS = {
    "billion_laughs": b"<!DOCTYPE m [" + LAUGHS + b"]>" + XML % b"<string>&l8;</string>",
    "laughs_in_an_attribute": b"<!DOCTYPE m [" + LAUGHS + b"]>" + XML % b'<string a="&l8;">x</string>',
    "external_entity": b'<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + XML % b"<string>&x;</string>",
    "entity_on_the_net": b'<!DOCTYPE m [<!ENTITY x SYSTEM "http://127.0.0.1:9/">]>' + XML % b"<string>&x;</string>",
    "parameter_entity": b'<!DOCTYPE m [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]>' + XML % b"<string>a</string>",
    "external_dtd": b'<!DOCTYPE m SYSTEM "file:///etc/passwd">' + XML % b"<string>a</string>",
    "include": XML % b'<string><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd"/></string>',
    "stylesheet": b'<?xml-stylesheet href="http://127.0.0.1:9/x"?>' + XML % b"<odd/>",
    "utf_16_bomb": "<a>".encode("utf-16") * 1000,
    "unknown_code_page": b'<?xml version="1.0" encoding="x-none"?>' + XML % b"<string>a</string>",
    "many_attributes": XML % (b"<string " + b" ".join(b'a%d="1"' % n for n in range(100_000)) + b">a</string><int/>"),
    "deep": XML % (b"<array><data><value>" * 50_000),
    "not_a_number": XML % b"<double>NaN</double>",
    "infinity": XML % b"<double>INF</double>",
    "four_hundred_digits": XML % (b"<int>" + b"7" * 400 + b"</int>"),
    "long_exponent": XML % b"<double>1e99999999999</double>",
    "underscores": XML % b"<int>1_000</int>" + b"x",
    "no_parameters": b"<methodResponse/>",
    "two_values": XML % b"<int>1</int><int>2</int>",
    "boolean_of_words": XML % b"<boolean>maybe</boolean>",
}


@pytest.mark.parametrize("name", list(DOCUMENTS))
def test_an_xml_answer_opens_nothing_and_grows_into_nothing(name: str) -> None:
    with pytest.raises((wire.Unreadable, wire.Fault)) as told:
        wire.answer(DOCUMENTS[name])
    assert "root:" not in str(told.value) and len(str(told.value)) < 600


def test_a_comment_cuts_no_name() -> None:
    assert "annlee" == wire.answer(XML % b"<string>ann<!-- -->lee</string>") == wire.answer(XML % b"ann<?x y?>lee")


def test_our_own_sentence_of_a_parser_is_the_only_way_out() -> None:
    """lxml's own way, for comparison: with entities on, the file would have been read."""
    parser = etree.XMLParser(resolve_entities=True, no_network=True, load_dtd=True)
    assert "root:" in str(etree.fromstring(DOCUMENTS["external_entity"], parser).xpath("string(.)"))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000, '{"a":' * 100_000, "NaN", "-Infinity", "[1e999]", "9" * 41, "-" + "9" * 41, "0." + "1" * 50,
        '{"a": 1', "", "\x00", '"\\ud83', "[1,]", "{'a': 1}", "nul", "\ufeff[]",
    ],
    ids=lambda text: repr(text)[:20],
)  # fmt: skip
def test_json_that_nobody_can_mean_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        json_text.parsed(text)
    if text and "\ud83d" not in text:
        with pytest.raises(ValueError):
            json_text.parsed(text.encode() if text != "\ufeff[]" else b"\xff\xfe[")


@pytest.mark.parametrize(
    "page",
    [
        {"results": [{"_id": "a", "name": "A"}], "cursorNext": "same"},
        {"results": [], "cursorNext": "x"},
        {"results": [{"_id": 7}]},
        {"results": [None]},
        {"results": "abc"},
        {"data": []},
        {"results": [{"name": "no id"}]},
        [1, 2],
        "text",
    ],
    ids=lambda page: json.dumps(page)[:40],
)
def test_a_page_that_is_none_or_leads_in_a_circle(tmp_path: Path, page: Any) -> None:
    def reply(target: str, write: Write) -> None:
        token(write) if "token" in target else write(whole(json.dumps(page).encode()))

    with lying(reply) as address, pytest.raises(BadAnswer):
        officernd(tmp_path, address, requests_per_minute=100_000).plans()


@pytest.mark.parametrize(
    ("date", "is_told"),
    [
        ("Mon, 01 Jan 2001 00:00:00 GMT", True),
        ("Fri, 31 Dec 9999 23:59:59 GMT", True),
        ("Tue, 24 Nov 2026 09:00:00 -0000", True),
        ("Tue, 24 Nov 2026 09:00:00", True),
        ("Tue, 24 Nov 2026 09:00:00 +9999", False),
        ("Tue, 99 Nov 2026 99:00:00 GMT", False),
        ("soon", False),
        ("", False),
    ],
)
def test_a_clock_that_lies_is_a_finding_or_nothing(tmp_path: Path, date: str, is_told: bool) -> None:
    with lying(lambda _target, write: write(whole(b"", f"Date: {date}\r\n".encode()))) as address:
        settings = example_settings(tmp_path, papercut={"url": address})
        site = SimpleNamespace(settings=settings, papercut=True, officernd=None, clock=StillClock())
        found = list(reach.clocks(site))  # type: ignore[arg-type]
    assert is_told is bool(found)


# -- a list that is not sure of its own records ------------------------------------------------------------------------

ANN = {"_id": "a1", "name": "Ann", "email": "ann@acme.example", "status": "active", "company": "c1"}
BEN = {"_id": "b1", "name": "Ben", "email": "ben@acme.example", "status": "active", "company": None}
# What is said of the second record, or in its place, while the count is right.
DOUBTS: dict[str, list[list[dict[str, Any]]]] = {
    "no_id": [[ANN], [{"name": "Ben", "status": "active"}]],
    "an_empty_id": [[ANN], [{**BEN, "_id": ""}]],
    "a_number_for_an_id": [[ANN], [{**BEN, "_id": 7}]],
    "a_list_for_an_id": [[ANN], [{**BEN, "_id": ["b1"]}]],
    "an_id_with_a_blank": [[ANN], [{**BEN, "_id": "a1 "}]],
    "an_id_with_an_invisible_mark": [[ANN], [{**BEN, "_id": "a1\u200b"}]],
    "an_id_with_nul": [[ANN], [{**BEN, "_id": "a1\x00"}]],
    "an_id_in_look_alikes": [[ANN], [{**BEN, "_id": "\u0430\u0661"}]],
    "an_id_in_capitals": [[ANN], [{**BEN, "_id": "A1"}]],
    "a_path_for_an_id": [[ANN], [{**BEN, "_id": "../members/a1"}]],
    "dots_for_an_id": [[ANN], [{**BEN, "_id": ".."}]],
    "a_query_for_an_id": [[ANN], [{**BEN, "_id": "a1?x=1"}]],
    "an_endless_id": [[ANN], [{**BEN, "_id": "b" * 201}]],
    "twice_with_another_state": [[ANN], [{**ANN, "status": "former"}, BEN]],
    "twice_with_another_company": [[ANN, BEN], [{**ANN, "company": "c2"}]],
    "twice_on_one_page": [[ANN, {**ANN, "email": "eve@acme.example"}], [BEN]],
    "a_list_for_a_state": [[ANN], [{**BEN, "status": ["active"]}]],
    "a_number_for_a_state": [[ANN], [{**BEN, "status": 1}]],
    "yes_for_a_state": [[ANN], [{**BEN, "status": True}]],
    "a_number_for_an_address": [[ANN], [{**BEN, "email": 7}]],
    "a_number_for_a_company": [[ANN], [{**BEN, "company": 7}]],
    "a_company_without_id": [[ANN], [{**BEN, "company": {"name": "Acme"}}]],
    "a_list_of_companies": [[ANN], [{**BEN, "company": ["c1", "c2"]}]],
    "a_path_for_a_company": [[ANN], [{**BEN, "company": "../fees"}]],
    "a_list_for_properties": [[ANN], [{**BEN, "properties": ["x"]}]],
}


def listing(pages: list[list[dict[str, Any]]], total: int) -> Callable[[str, Write], None]:
    """Return a server that answers its members in these pages, over and over."""

    def reply(target: str, write: Write) -> None:
        path, _, query = target.partition("?")
        if "token" in path:
            return token(write)
        if path.endswith("/count"):
            return write(whole(json.dumps({"total": total}).encode()))
        at = int(query.partition("cursorNext=")[2].partition("&")[0] or 0)
        more = {"cursorNext": str(at + 1)} if at + 1 < len(pages) else {}
        return write(whole(json.dumps({"results": pages[at], **more}).encode()))

    return reply


@pytest.mark.parametrize("name", list(DOUBTS))
def test_a_list_in_doubt_is_refused_whole(tmp_path: Path, name: str) -> None:
    with lying(listing(DOUBTS[name], 2)) as address, pytest.raises(BadAnswer) as told:
        officernd(tmp_path, address, requests_per_minute=100_000).members()
    assert "nothing was changed, try again" in told.value.message and len(told.value.message) < 400
    assert told.value.message.isprintable()


def test_a_record_that_moves_while_we_read_counts_once(tmp_path: Path) -> None:
    with lying(listing([[ANN], [ANN, BEN]], 2)) as address:
        assert [one.id for one in officernd(tmp_path, address).members()] == ["a1", "b1"]


def test_a_record_that_changed_while_we_read_is_read_again(tmp_path: Path) -> None:
    """A person who is changed between two pages is no lie: the second reading tells one story."""
    readings = [
        listing([[ANN], [{**ANN, "status": "former"}, BEN]], 2),
        listing([[{**ANN, "status": "former"}, BEN]], 2),
    ]
    counts = 0

    def reply(target: str, write: Write) -> None:
        nonlocal counts
        counts += "/count" in target
        readings[max(0, counts - 1)](target, write)

    with lying(reply) as address:
        assert [one.status for one in officernd(tmp_path, address).members()] == ["former", "active"]


@pytest.mark.parametrize("identifier", ["f2", "F1", "", 7, None, "../members/f1"])
def test_another_record_than_asked_for_is_none(tmp_path: Path, identifier: Any) -> None:
    fee = {"_id": identifier, "name": "x", "issueDate": "2026-11-23", "price": 1}

    def reply(target: str, write: Write) -> None:
        token(write) if "token" in target else write(whole(json.dumps(fee).encode()))

    with lying(reply) as address, pytest.raises(BadAnswer):
        officernd(tmp_path, address).fee("f1")


@pytest.mark.parametrize("identifier", ["", 7, None, ["f1"], "../members/m1", "f 1", "f1\n", "é"])
def test_a_fee_with_an_id_that_is_none_is_in_doubt(tmp_path: Path, identifier: Any) -> None:
    """An id that means another place would be asked for there, when the fee is looked at."""
    asked: list[str] = []

    def reply(target: str, write: Write) -> None:
        asked.append(target)
        token(write) if "token" in target else write(whole(json.dumps({"_id": identifier}).encode(), status=b"201 C"))

    with lying(reply) as address:
        client = officernd(tmp_path, address)
        with pytest.raises(OutcomeUnknown):
            client.create_fee(FEE)
        with pytest.raises(BadAnswer):
            client.fee("../members/m1")
    assert asked[-1].endswith("/fees/..%2Fmembers%2Fm1")


def names_answer(*names: str) -> bytes:
    return whole(XML % (b"<array><data>%s</data></array>" % b"".join(b"<value>%s</value>" % n.encode() for n in names)))


def test_a_name_that_papercut_cannot_store_is_none(tmp_path: Path) -> None:
    with lying(lambda _, write: write(names_answer("ж " * 151))) as address, pytest.raises(BadAnswer, match="longer"):
        papercut(tmp_path, address).groups()


def test_two_users_who_are_one_at_a_login_are_refused(tmp_path: Path) -> None:
    total = whole(XML % b"<int>3</int>")
    answers = iter([total, names_answer("ann", "Ben", "ben"), names_answer()])
    with lying(lambda _, write: write(next(answers))) as address, pytest.raises(BadAnswer, match="Ben and ben"):
        papercut(tmp_path, address).usernames()


@pytest.mark.parametrize("life", ["0", "-1", "true", "1e-9"])
def test_a_token_that_is_said_to_be_over_is_not_asked_for_at_every_call(tmp_path: Path, life: str) -> None:
    """The token endpoint takes about five calls a minute."""
    asked = []

    def reply(target: str, write: Write) -> None:
        if "token" in target:
            asked.append(target)
            write(whole(b'{"access_token": "t0ken", "expires_in": %s}' % life.encode()))
        else:
            write(whole(BODY))

    with lying(reply) as address:
        client = officernd(tmp_path, address)
        for _ in range(8):
            client.organization()
    assert 1 == len(asked)


@pytest.mark.parametrize("stamp", ["9999-12-31T23:59:59.000Z", "2026-12-20T00:00:00.000Z", "soon", "\uffff"])
def test_a_change_of_the_far_future_hides_no_other(stamp: str) -> None:
    true = "2026-11-24T06:30:00.000Z"
    members = {"a": Member("a", "Ann", modified_at=true), "b": Member("b", "Ben", modified_at=stamp)}
    side = OfficeRnDSide(Organization("o", "acme", "Acme"), members, {}, {})
    now = datetime(2026, 11, 24, 7, tzinfo=UTC)
    assert true == Snapshot(now, side, PaperCutSide({}, {}, 5)).cursor
