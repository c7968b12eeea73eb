"""XML-RPC as PaperCut speaks it: exact types out, untyped strings in, no entities, no network.

Pure: text to text. Python's own `xmlrpc.client` parses with expat, which expands entities; lxml is told not to.

Source: PaperCut manual, XML Web Services; Apache XML-RPC 2.0 dialect (strings come back untyped, void answers boolean
1, faultString before faultCode); HexaSpaceRND field report (an int where a double is due is refused; an int sent as a
string answers an empty list).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from lxml import etree

from relay import amounts, foreign

_LONGEST_NUMBER = 340  # a double without exponent has at most 309 digits before the point
_MOST = 2**63

Number = TypeVar("Number", int, Decimal)


@dataclass(frozen=True, slots=True)
class Double:
    """An amount of money in micros, on its way out as <double>; the only door from integers to doubles."""

    micros: int


Value = str | int | bool | Double | Sequence["Value"]


class Fault(Exception):
    """A fault of the server: its code and its text as it is shown, without Java's class names in front."""

    def __init__(self, fault_code: int, fault_string: str) -> None:
        super().__init__(fault_code, fault_string)
        self.fault_code = fault_code
        self.fault_string = fault_string


class Unreadable(ValueError):
    """The answer is not an XML-RPC answer."""


# "java.lang.Exception: The supplied ..." and chains of it. Source: ServerCommandProxy strips the same prefixes.
JAVA_PREFIX = re.compile(r"^(?:(?:[a-z_$][\w$]*\.)+[A-Z][\w$]*:\s*)+")


def call(method: str, parameters: Sequence[Value]) -> bytes:
    """Return the body of a call. Raises ValueError for text that XML cannot carry (control characters)."""
    root = etree.Element("methodCall")
    etree.SubElement(root, "methodName").text = method
    holder = etree.SubElement(root, "params")
    for parameter in parameters:
        _append(etree.SubElement(etree.SubElement(holder, "param"), "value"), parameter)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _append(value: etree._Element, what: Value) -> None:
    if isinstance(what, bool):  # before int: True is an int too
        etree.SubElement(value, "boolean").text = "1" if what else "0"
    elif isinstance(what, int):
        etree.SubElement(value, "int").text = str(what)
    elif isinstance(what, Double):
        # Never in exponent form, which XML-RPC does not know.
        etree.SubElement(value, "double").text = format(amounts.to_decimal(what.micros), "f")
    elif isinstance(what, str):
        etree.SubElement(value, "string").text = what
    else:
        data = etree.SubElement(etree.SubElement(value, "array"), "data")
        for item in what:
            _append(etree.SubElement(data, "value"), item)


def answer(body: bytes, token: str = "") -> Any:
    """Return the value of an answer: str, int, Decimal (doubles), bool, list or dict.

    Raises Fault for the server's own no, Unreadable for everything that is no XML-RPC answer; neither tells `token`.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable(f"not XML: {foreign.shown(str(error), token)}") from None
    if root.getroottree().docinfo.doctype:  # type: ignore[union-attr]
        raise Unreadable("a document type, which no server of this dialect sends")
    if root.tag != "methodResponse":
        raise Unreadable(f"<{foreign.shown(str(root.tag), token)}> instead of <methodResponse>")
    fault = root.find("fault/value")
    if fault is not None:
        members = _value(fault, token)
        if not isinstance(members, dict):
            raise Unreadable("a fault without its two members")
        code = members.get("faultCode", 0)
        text = JAVA_PREFIX.sub("", str(members.get("faultString", "")))
        raise Fault(code if isinstance(code, int) else 0, foreign.shown(text, token))
    value = root.find("params/param/value")
    if value is None:
        raise Unreadable("no value in the answer")
    return _value(value, token)


def _value(element: etree._Element, token: str) -> Any:
    children = [child for child in element if isinstance(child.tag, str)]
    if not children:
        return element.text or ""
    if len(children) > 1:
        raise Unreadable("a value with several types")
    child = children[0]
    text = child.text or ""
    if len(child) and child.tag not in ("array", "struct"):
        raise Unreadable(f"elements within <{foreign.shown(child.tag, token)}>")
    try:
        match child.tag:
            case "string":
                return text
            case "int" | "i4" | "i8":
                return _number(int, text)
            case "double":
                return _number(Decimal, text.strip())
            case "boolean":
                return {"1": True, "0": False, "true": True, "false": False}[text.strip().lower()]
            case "array":
                return [_value(item, token) for item in child.findall("data/value")]
            case "struct":
                return {
                    (member.findtext("name") or ""): _value(inner, token)
                    for member in child.findall("member")
                    if (inner := member.find("value")) is not None
                }
    except (ValueError, ArithmeticError, KeyError):
        told = foreign.visible(foreign.without(text, token)[:40])
        raise Unreadable(f"<{child.tag}>{told}</{child.tag}> is not of its type") from None
    raise Unreadable(f"<{foreign.shown(str(child.tag), token)}> is not a type of XML-RPC")


def _number(kind: Callable[[str], Number], text: str) -> Number:
    """Return a number that a server can mean: a double may be written out in all its digits, but is no infinity."""
    value = kind(text[: _LONGEST_NUMBER + 1])
    if len(text) > _LONGEST_NUMBER or not abs(value) < _MOST:
        raise ValueError("a number far out of range")
    return value
