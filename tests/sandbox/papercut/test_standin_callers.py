"""Who is let in: allowed addresses first, then the token in its three shapes."""

from __future__ import annotations

import json
from xmlrpc.client import Fault

import pytest

from tests.sandbox.papercut.conftest import code_of

DENIED = "Access denied. Your IP address is not allowed to access the Web Services API."
CALLERS = "auth.webservices.allowed-addresses"
TOKEN = "auth.webservices.auth-token"


@pytest.mark.parametrize(
    ("shape", "good", "bad"),
    [
        ("plain", ["plain"], ["", "Plain", "other"]),
        (json.dumps(["one", "two"]), ["one", "two"], ["", '["one", "two"]', "three"]),
        (json.dumps({"default": "one", "officernd": "two"}), ["one", "two"], ["", "default", "officernd"]),
        ("", [], ["", "anything"]),
        ("[]", [], ["", "[]"]),
        ("{broken", ["{broken"], [""]),
    ],
)
def test_the_token_key_has_three_shapes(papercut, api, shape, good, bad):
    """papercut-server-api 1.2: plain string, JSON array, JSON object name -> token; empty means not set"""
    papercut.state.config[TOKEN] = shape
    for token in good:
        assert api.getTotalUsers(token) == 3
    for token in bad:
        with pytest.raises(Fault, match="token"):
            api.getTotalUsers(token)


def test_code_and_text_of_a_wrong_token_are_switches(papercut, api):
    """papercut-server-api 1.2: unknown"""
    papercut.state.switches.set("wrong_token_code", 300)
    papercut.state.switches.set("wrong_token_text", "No.")
    with pytest.raises(Fault) as refused:
        api.getTotalUsers("wrong")
    assert (refused.value.faultCode, refused.value.faultString) == (300, "java.lang.Exception: No.")


def test_the_admin_password_as_token_is_a_switch(papercut, api):
    """papercut-server-api 1.2: so it was in 2012"""
    papercut.state.settings.admin_password = "old ways"
    with pytest.raises(Fault, match="token"):
        api.getTotalUsers("old ways")
    papercut.state.switches.set("admin_password_is_token", True)
    assert api.getTotalUsers("old ways") == 3


def test_a_caller_who_is_not_listed_is_told_so_in_these_words_before_the_token_is_looked_at(papercut, api):
    """papercut-server-api 1.2: the address is checked before the token, the text without a class name"""
    papercut.state.config[CALLERS] = "10.0.0.5"
    for token in ("sesame", "wrong"):
        with pytest.raises(Fault) as refused:
            api.getTotalUsers(token)
        assert refused.value.faultString == DENIED
    with pytest.raises(Fault, match="Access denied"):
        api.getTaskStatus()
    papercut.state.switches.set("access_denied_code", 1)
    assert code_of(api.getTotalUsers) == 1


@pytest.mark.parametrize(
    ("callers", "allowed"),
    [
        ("127.0.0.1", True),
        ("10.0.0.5, 127.0.0.1", True),
        ("127.0.0.0/255.0.0.0", True),
        ("10.0.0.0/255.0.0.0", False),
        ("", False),
        ("localhost", False),
        ("*", True),
        ("127.0.0.0/8", False),
    ],
)
def test_addresses_and_netmasks(papercut, api, callers, allowed):
    """papercut-server-api 1.2: addresses or X.X.X.X/Y.Y.Y.Y, comma-separated"""
    papercut.state.config[CALLERS] = callers
    if allowed:
        assert api.getTotalUsers("sesame") == 3
    else:
        with pytest.raises(Fault, match="Access denied"):
            api.getTotalUsers("sesame")


def test_star_and_prefix_length_are_switches(papercut, api):
    """papercut-server-api 1.2: unknown"""
    papercut.state.config[CALLERS] = "*"
    papercut.state.switches.set("star_allows_every_caller", False)
    with pytest.raises(Fault, match="Access denied"):
        api.getTotalUsers("sesame")
    papercut.state.config[CALLERS] = "127.0.0.0/8"
    papercut.state.switches.set("cidr_in_allowed_addresses", True)
    assert api.getTotalUsers("sesame") == 3


def test_only_this_machine_can_connect_at_all(papercut):
    """papercut-server-api 1.2: by default only localhost"""
    assert papercut.url.startswith("http://127.0.0.1:")
