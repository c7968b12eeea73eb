from __future__ import annotations

from decimal import Decimal

import pytest

from relay.papercut import wire
from relay.papercut.wire import Double


def answer_of(value: str) -> bytes:
    return f"<methodResponse><params><param><value>{value}</value></param></params></methodResponse>".encode()


def test_every_type_goes_out_as_itself() -> None:
    """papercut-server-api 1.3: an int where a double is due is refused, a string for an int is misread."""
    body = wire.call("api.x", ["a & <b>", 7, True, Double(30_000_000), Double(-35_000), Double(1), ["n", "v"]]).decode()
    assert "<string>a &amp; &lt;b&gt;</string>" in body
    assert "<int>7</int>" in body
    assert "<boolean>1</boolean>" in body
    assert "<double>30.000000</double>" in body
    assert "<double>-0.035000</double>" in body
    assert "<double>0.000001</double>" in body
    assert "<array><data><value><string>n</string></value><value><string>v</string></value></data></array>" in body


def test_control_characters_are_refused_before_anything_is_sent() -> None:
    with pytest.raises(ValueError):
        wire.call("api.x", ["a\x00b"])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("untyped text", "untyped text"),
        ("", ""),
        ("<string>typed</string>", "typed"),
        ("<string/>", ""),
        ("<i4>-3</i4>", -3),
        ("<int>12</int>", 12),
        ("<double>-7.035</double>", Decimal("-7.035")),
        ("<boolean>0</boolean>", False),
        ("<array><data><value>a</value><value></value></data></array>", ["a", ""]),
        ("<array><data/></array>", []),
        (
            "<struct><member><name>completed</name><value><boolean>1</boolean></value></member>"
            "<member><name>message</name><value>done</value></member></struct>",
            {"completed": True, "message": "done"},
        ),
    ],
)
def test_answers_are_read(value: str, expected: object) -> None:
    assert expected == wire.answer(answer_of(value))


def test_the_prolog_is_honoured() -> None:
    latin = b"<?xml version='1.0' encoding='ISO-8859-1'?>" + answer_of("Zoë").decode().encode("latin-1")
    assert wire.answer(latin) == "Zoë"
    assert wire.answer(answer_of("Zo&#235;")) == "Zoë"


@pytest.mark.parametrize("prefix", ["", "java.lang.Exception: ", "biz.papercut.Wrapped: java.lang.Exception: "])
def test_faults_lose_java_class_names(prefix: str) -> None:
    """papercut-server-api 1.4: fault strings may begin with a Java class name."""
    body = (
        "<methodResponse><fault><value><struct>"
        f"<member><name>faultString</name><value>{prefix}The user: x is not known</value></member>"
        "<member><name>faultCode</name><value><int>262</int></value></member>"
        "</struct></value></fault></methodResponse>"
    )
    with pytest.raises(wire.Fault) as caught:
        wire.answer(body.encode())
    assert (caught.value.fault_code, caught.value.fault_string) == (262, "The user: x is not known")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>captive portal</body></html>",
        b"not xml at all",
        b"<methodResponse><params/></methodResponse>",
        answer_of("<int>seven</int>"),
        answer_of("<boolean>maybe</boolean>"),
        answer_of("<nil/>"),
        b"<methodResponse><fault><value>text</value></fault></methodResponse>",
        b"<methodResponse><params><param><value>cut of",
    ],
)
def test_what_is_no_answer_is_unreadable(body: bytes) -> None:
    with pytest.raises(wire.Unreadable):
        wire.answer(body)


@pytest.mark.parametrize("entity", ['SYSTEM "file:///etc/hostname"', '"text"'])
def test_entities_are_refused(entity: str) -> None:
    body = f"<!DOCTYPE x [<!ENTITY secret {entity}>]>".encode() + answer_of("&secret;")
    with pytest.raises(wire.Unreadable, match="document type"):
        wire.answer(body)
