"""XML-RPC as PaperCut's server speaks it: calls in, answers out, as bytes. Decides nothing about methods.

The dialect is that of Apache XML-RPC 2.0: strings are answered untyped, no nil, 32-bit ints, doubles in Java's text.
Source: PaperCut's ServerCommandProxy and the field reports on its answers.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any, Literal

from lxml import etree

Charset = Literal["utf-8", "iso-8859-1", "numeric"]

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_INT = re.compile(r"[+-]?[0-9]{1,10}\Z")
_DOUBLE = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\Z|[+-]?(NaN|Infinity)\Z")
_INT_RANGE = range(-(2**31), 2**31)


class Foreign:
    """A value of a type that no PaperCut method takes (nil, dateTime, base64, i8)."""

    def __init__(self, tag: str) -> None:
        self.tag = tag

    def __repr__(self) -> str:
        return self.tag


NIL = Foreign("nil")


class UnreadableCall(Exception):
    """A request body that is no XML-RPC call."""


def read_call(body: bytes) -> tuple[str, list[Any]]:
    """Return the method name and parameters of a call: ("api.isUserExists", ["token", "ann"]). Raises Unreadable."""
    # A fresh parser per call: lxml parsers must not be shared between threads.
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableCall(f"not well-formed XML: {error}") from None
    if root.getroottree().docinfo.doctype:  # type: ignore[union-attr]
        raise UnreadableCall("a document type is not accepted")
    name = root.findtext("methodName")
    if root.tag != "methodCall" or not name:
        raise UnreadableCall("no methodCall with a methodName")
    parameters = []
    for parameter in root.iterfind("params/param"):
        value = parameter.find("value")
        if value is None:
            raise UnreadableCall("a param without a value")
        parameters.append(_read_value(value))
    return name.strip(), parameters


def _read_value(node: Any) -> Any:
    if len(node) == 0:
        return node.text or ""
    if len(node) > 1:
        raise UnreadableCall("a value with several elements")
    child = node[0]
    tag = child.tag
    text = child.text or ""
    if tag == "string":
        return text
    if tag in ("int", "i4"):
        if not _INT.match(text.strip()) or int(text) not in _INT_RANGE:
            raise UnreadableCall(f"{text!r} is no 32-bit int")
        return int(text)
    if tag == "double":
        if not _DOUBLE.match(text.strip()):
            raise UnreadableCall(f"{text!r} is no double")
        return float(text)
    if tag == "boolean":
        if text.strip() not in ("0", "1"):
            raise UnreadableCall(f"{text!r} is no boolean")
        return text.strip() == "1"
    if tag == "array":
        return [_read_value(value) for value in child.iterfind("data/value")]
    if tag == "struct":
        return {member.findtext("name") or "": _read_member(member) for member in child.iterfind("member")}
    if etree.QName(child).localname == "nil":
        return NIL
    if tag in ("i8", "dateTime.iso8601", "base64"):
        return Foreign(tag)
    raise UnreadableCall(f"<{tag}> is no XML-RPC type")


def _read_member(member: Any) -> Any:
    value = member.find("value")
    if value is None:
        raise UnreadableCall("a struct member without a value")
    return _read_value(value)


def write_answer(value: Any, *, charset: Charset = "utf-8", typed_strings: bool = False) -> bytes:
    """Return the document that answers `value`."""
    text = _text_of(value, typed_strings)
    return _document(f"<methodResponse><params><param>{text}</param></params></methodResponse>", charset)


def write_fault(code: int, message: str, *, charset: Charset, typed_strings: bool) -> bytes:
    """Return the document of a fault; faultString comes before faultCode."""
    text = _text_of({"faultString": message, "faultCode": code}, typed_strings)
    return _document(f"<methodResponse><fault>{text}</fault></methodResponse>", charset)


def _text_of(value: Any, typed_strings: bool) -> str:
    if isinstance(value, str):
        escaped = _escape(value)
        return f"<value><string>{escaped}</string></value>" if typed_strings else f"<value>{escaped}</value>"
    if isinstance(value, bool):
        return f"<value><boolean>{int(value)}</boolean></value>"
    if isinstance(value, int):
        return f"<value><int>{value}</int></value>"
    if isinstance(value, float):
        return f"<value><double>{java_double(value)}</double></value>"
    if isinstance(value, dict):
        members = "".join(
            f"<member><name>{_escape(name)}</name>{_text_of(item, typed_strings)}</member>"
            for name, item in value.items()
        )
        return f"<value><struct>{members}</struct></value>"
    if isinstance(value, list | tuple):
        items = "".join(_text_of(item, typed_strings) for item in value)
        return f"<value><array><data>{items}</data></array></value>"
    raise TypeError(f"{type(value).__name__} has no XML-RPC type")


def _escape(text: str) -> str:
    text = _NOT_XML.sub("", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def _document(text: str, charset: Charset) -> bytes:
    if charset == "numeric":
        return b'<?xml version="1.0"?>' + text.encode("ascii", "xmlcharrefreplace")
    prolog = f'<?xml version="1.0" encoding="{charset.upper()}"?>'
    return (prolog + text).encode(charset, "xmlcharrefreplace")


def java_double(value: float) -> str:
    """Return what Java's Double.toString writes: 1.0, 0.1, 1.0E-4, 1.2345678E7.

    Source: the Java API's description of Double.toString: plain between 10^-3 and 10^7, else with an exponent.
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    size = abs(value)
    if value == 0 or 1e-3 <= size < 1e7:
        return repr(value)
    number = Decimal(repr(size)).normalize()
    digits = "".join(map(str, number.as_tuple().digits))
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{number.adjusted()}"
