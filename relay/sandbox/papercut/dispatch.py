"""One XML-RPC call from bytes to bytes: caller, method, types, token, then the method itself, with injected faults.

Everything inside XML-RPC is answered with HTTP 200, refusals included; a real server checks the caller's address before
anything else. Source: web-services notes 1.1 to 1.4.
"""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
import json
from dataclasses import dataclass
from typing import Any

from relay.sandbox.papercut import faults, wire
from relay.sandbox.papercut.api import accounts, balances, groups, printers, registry, system, users  # noqa: F401
from relay.sandbox.papercut.api.registry import METHODS, MISREAD, Context
from relay.sandbox.papercut.faults import ApiFault
from relay.sandbox.papercut.injection import Rule
from relay.sandbox.papercut.state import KEY_CALLERS, KEY_TOKEN, PaperCutState

PREFIX = "api."
TOKENLESS = "getTaskStatus"


@dataclass(frozen=True)
class Reply:
    """What goes back; None as body closes the connection without an answer."""

    body: bytes | None
    status: int = 200


LOST = Reply(None)
ERROR_PAGE = Reply(b"<html><body>Internal Server Error</body></html>", 500)
# What the caller gets instead of the answer to a call that was carried out.
SPOILT = {
    "lost_after": LOST,
    "http_500_after": ERROR_PAGE,
    "garbage": Reply(b"<html><body>It works!</body>"),
    "empty": Reply(b""),
}


def answer(context: Context, body: bytes, caller: str) -> Reply:
    """Return the reply to one request body from the address `caller`."""
    context.catch_up()
    state = context.state
    try:
        full_name, parameters = wire.read_call(body)
    except wire.UnreadableCall as error:
        return _fault(state, ApiFault(faults.NO_SUCH_METHOD, f"org.xml.sax.SAXParseException: {error}", plain=True))
    name = full_name.removeprefix(PREFIX)
    arguments = parameters if name == TOKENLESS else parameters[1:]
    context.faults.count_call(name)
    after: Rule | None = None
    for rule in context.faults.due(name, arguments):
        if rule.kind == "delay":
            state.clock.sleep(rule.delay_s)
        elif rule.kind == "call" and rule.function is not None:
            rule.function(name, arguments)
        elif rule.kind == "lost_before":
            return LOST
        elif rule.kind == "late":
            context.late.add(rule.delay_s, lambda: _unanswered(context, full_name, parameters, caller))
            return LOST
        elif rule.kind == "http_500":
            return ERROR_PAGE
        elif rule.kind == "fault":
            return _fault(state, ApiFault(rule.code, rule.text))
        else:
            after = rule
    try:
        reply = _answer(context, full_name, parameters, caller)
    except ApiFault as fault:
        reply = _fault(state, fault)
    if after is None:
        return reply
    return SPOILT[after.kind] if after.kind in SPOILT else _fault(state, ApiFault(after.code, after.text))


def _unanswered(context: Context, full_name: str, parameters: list[Any], caller: str) -> None:
    """Carry out a call whose connection is closed already; a refusal reaches nobody."""
    with contextlib.suppress(ApiFault):
        _answer(context, full_name, parameters, caller)


def _answer(context: Context, full_name: str, parameters: list[Any], caller: str) -> Reply:
    state = context.state
    switches = state.switches
    if not is_allowed(state, caller):
        raise ApiFault(switches.access_denied_code, faults.ACCESS_DENIED, plain=True)
    name = full_name.removeprefix(PREFIX)
    found = METHODS.get(name) if full_name.startswith(PREFIX) else None
    if found is None:
        raise registry.no_such_method(full_name, switches, parameters)
    if name == TOKENLESS:
        arguments = registry.checked(found, parameters, switches)
    else:
        if not parameters or type(parameters[0]) is not str:
            raise registry.no_such_method(name, switches, parameters)
        arguments = registry.checked(found, parameters[1:], switches)
        if not is_token(state, parameters[0]):
            raise ApiFault(switches.wrong_token_code, switches.wrong_token_text)
    if arguments is MISREAD:
        value: Any = []
    else:
        if found.writes:
            context.faults.count_write(name, arguments)
        value = registry.call(context, found, arguments)
    return Reply(wire.write_answer(value, charset=switches.charset, typed_strings=switches.typed_strings))


def _fault(state: PaperCutState, fault: ApiFault) -> Reply:
    switches = state.switches
    prefix = "" if fault.plain or not switches.fault_class_prefix else "java.lang.Exception: "
    return Reply(
        wire.write_fault(
            fault.code, prefix + fault.text, charset=switches.charset, typed_strings=switches.typed_strings
        )
    )


def tokens(value: str) -> list[str]:
    """Return the tokens of the config key: a plain text, a JSON list of texts, or a JSON object name -> token.

    Source: PaperCut's InstallNewWebAuthToken example.
    """
    text = value.strip()
    if text[:1] in ("[", "{"):
        try:
            read = json.loads(text)
        except ValueError:
            return [text]
        entries = list(read.values()) if isinstance(read, dict) else read
        return [entry for entry in entries if isinstance(entry, str) and entry]
    return [text] if text else []


def is_token(state: PaperCutState, given: str) -> bool:
    """Return whether a call with this token is let in; nobody is while none is set."""
    accepted = tokens(state.key(KEY_TOKEN))
    if state.switches.admin_password_is_token:
        accepted.append(state.settings.admin_password)
    return any(hmac.compare_digest(given.encode(), token.encode()) for token in accepted)


def is_allowed(state: PaperCutState, caller: str) -> bool:
    """Return whether the address may call: listed itself, or inside an address/netmask."""
    switches = state.switches
    for entry in state.key(KEY_CALLERS).split(","):
        entry = entry.strip()
        if entry == "*" and switches.star_allows_every_caller:
            return True
        address, slash, mask = entry.partition("/")
        if slash and mask.isdecimal() and not switches.cidr_in_allowed_addresses:
            continue
        try:
            if ipaddress.ip_address(caller) in ipaddress.ip_network(entry if slash else address, strict=False):
                return True
        except ValueError:
            continue
    return False
