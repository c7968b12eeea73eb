"""Clients that this project did not write judge the stand-in, also by what must be refused to them.

PyPI's papercut-xml-webservices-api, and npm's xmlrpc 1.3.2 (`npm install --prefix tests/node`).
"""

from __future__ import annotations

import json
import subprocess
from xmlrpc.client import Fault, ServerProxy

import pytest
from papercut_xml_webservices_api.ServerCommand.Proxy import ServerCommandProxy

from relay.sandbox.papercut.api.registry import METHODS
from tests.sandbox.papercut.conftest import code_of
from tests.support.tools import NODE, need

# -- PyPI


@pytest.fixture
def proxy(papercut):
    host, port = papercut.url.removeprefix("http://").split(":")
    client = ServerCommandProxy(host=host, port=int(port))
    with ServerProxy(client.url, allow_none=True) as server:
        client.api = server.api
        yield client


def test_the_stand_in_knows_exactly_the_methods_that_the_client_knows():
    """papercut-server-api 1.5: 115 methods, the same set everywhere, and disablePrinterSnmpv3's twin"""
    assert {name for name in vars(ServerCommandProxy) if not name.startswith("_")} == set(METHODS)


def test_every_day_calls_of_the_python_client(papercut, proxy):
    """papercut-server-api 1.5"""
    assert proxy.isUserExists("sesame", "ann_example.com") is True
    assert proxy.listUserAccounts("sesame") == ["ann_example.com", "bob_example.com", "reception"]
    assert proxy.getTotalUsers("sesame") == 3
    assert proxy.getUserProperties("sesame", "ann_example.com", ["email", "balance"]) == ["ann@example.com", "-7.0"]
    assert proxy.setUserProperty("sesame", "ann_example.com", "notes", "x & y") is True
    assert proxy.getUserProperty("sesame", "ann_example.com", "notes") == "x & y"
    assert proxy.adjustUserAccountBalance("sesame", "ann_example.com", 7.0, "", "settled") is True
    assert proxy.getUserAccountBalance("sesame", "ann_example.com", "") == 0.0
    assert proxy.listUserGroups("sesame") == ["!!All Users!!", "!!Internal Users!!", "Acme"]
    assert proxy.getGroupMembers("sesame", "Acme") == ["ann_example.com"]
    assert proxy.listPrinters("sesame") == ["!!template printer!!", "print01\\Colour"]
    assert proxy.getTaskStatus("sesame") == {"completed": True, "message": ""}
    assert proxy.getConfigValue("sesame", "no.such.key") == ""


def test_its_nil_for_arguments_left_out_is_refused(papercut, proxy):
    """papercut-server-api 1.3: PY sends <nil/> for every optional argument left out"""
    with pytest.raises(Fault, match="NoSuchMethodException"):
        proxy.getUserAccountBalance("sesame", "ann_example.com")
    with pytest.raises(Fault, match="NoSuchMethodException"):
        proxy.addNewInternalUser("sesame", "new", "pw")
    papercut.state.switches.set("nil", "blank")
    assert proxy.getUserAccountBalance("sesame", "ann_example.com") == -7.0


def test_its_whole_number_is_refused_and_its_wrong_order_too(papercut, proxy):
    """papercut-server-api 1.3 and 1.5: an int for a double; PY's arguments in a wrong order"""
    with pytest.raises(Fault, match="java.lang.Integer"):
        proxy.adjustUserAccountBalance("sesame", "ann_example.com", 7, "", "settled")
    with pytest.raises(Fault):
        proxy.adjustUserAccountBalanceByGroup("sesame", "Acme", 1.0, "", "comment")
    assert papercut.state.transactions == []


def test_faults_reach_it_with_code_and_text(proxy):
    """papercut-server-api 1.4"""
    assert code_of(proxy.deleteExistingUser, "nobody") == 262


# -- npm


@pytest.fixture
def node(papercut):
    need("node")

    def call(*calls):
        job = json.dumps({"url": papercut.url + "/rpc/api/xmlrpc", "calls": calls})
        done = subprocess.run(
            ["node", "calls.js"], input=job, cwd=NODE, capture_output=True, encoding="utf-8", timeout=30, check=True
        )
        return json.loads(done.stdout)

    return call


def test_every_day_calls_of_the_node_client(papercut, node):
    """papercut-server-api 1.3: untyped strings and empty ones are read correctly"""
    papercut.state.add_group('Salt & "Pepper" Ört')
    assert node(
        ["api.getUserProperty", "sesame", "ann_example.com", "full-name"],
        ["api.getUserProperty", "sesame", "ann_example.com", "office"],
        ["api.listUserGroups", "sesame", 2, 10],
        ["api.getTaskStatus"],
        ["api.getGroupQuota", "sesame", "Acme"],
        ["api.adjustUserAccountBalance", "sesame", "ann_example.com", 0.5, "coin"],
        ["api.getUserAccountBalance", "sesame", "ann_example.com"],
    ) == [
        {"value": "Ann Lee"},
        {"value": ""},
        {"value": ["Acme", 'Salt & "Pepper" Ört']},
        {"value": {"completed": True, "message": ""}},
        {"value": {"QuotaAmount": 0, "QuotaPeriod": "NONE", "QuotaMaxAccumulation": 0}},
        {"value": True},
        {"value": -6.5},
    ]


def test_its_whole_number_doubles_are_refused(papercut, node):
    """papercut-server-api 1.3: npm xmlrpc writes 30.0 as <int>30</int>"""
    whole, by_hand = node(
        ["api.adjustUserAccountBalance", "sesame", "ann_example.com", 30.0, "top-up"],
        ["api.adjustUserAccountBalance", "sesame", "ann_example.com", {"double": 30}, "top-up"],
    )
    assert "NoSuchMethodException" in whole["fault"]
    assert by_hand == {"value": True}
    assert papercut.state.user("ann_example.com").balance == 23.0


def test_its_offsets_as_strings_look_as_if_everybody_had_left(node):
    """papercut-server-api 1.3: an empty list, without fault"""
    assert node(["api.listUserAccounts", "sesame", "0", "1000"], ["api.listUserAccounts", "sesame", 0, 1]) == [
        {"value": []},
        {"value": ["ann_example.com"]},
    ]


def test_faults_and_denied_callers_reach_it(papercut, node):
    """papercut-server-api 1.2 and 1.4"""
    assert node(["api.getUserGroups", "sesame", "nobody"])[0]["code"] == 262
    papercut.state.config["auth.webservices.allowed-addresses"] = "10.0.0.5"
    assert node(["api.getTotalUsers", "sesame"])[0]["fault"] == (
        "Access denied. Your IP address is not allowed to access the Web Services API."
    )


@pytest.mark.parametrize("charset", ["utf-8", "numeric"])
def test_it_reads_text_beyond_ascii(papercut, node, charset):
    """papercut-server-api 1.3: encoding of answers is not known; this client reads UTF-8 and numeric references"""
    papercut.state.switches.set("charset", charset)
    papercut.state.user("ann_example.com").full_name = "Zoë €"
    assert node(["api.getUserProperty", "sesame", "ann_example.com", "full-name"]) == [{"value": "Zoë €"}]
