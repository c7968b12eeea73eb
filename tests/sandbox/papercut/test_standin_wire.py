"""The XML-RPC dialect: what goes over the wire, byte for byte, and which types are refused."""

from __future__ import annotations

from xmlrpc.client import Fault

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from relay.sandbox.papercut import wire
from tests.sandbox.papercut.conftest import call, code_of

PROLOG = '<?xml version="1.0" encoding="UTF-8"?>'


def test_other_paths_are_404_and_a_get_is_no_call(papercut):
    """papercut-server-api 1.1: HTTP 404 for a wrong path"""
    assert requests.post(papercut.url + "/rpc/api", data=b"x", timeout=5).status_code == 404
    assert requests.post(papercut.url + "/", data=b"x", timeout=5).status_code == 404
    assert requests.get(papercut.url + "/rpc/clients/xmlrpc", timeout=5).status_code == 404
    assert requests.get(papercut.url + "/rpc/api/xmlrpc", timeout=5).status_code == 405


def test_a_body_without_a_length_is_refused(papercut):
    """papercut-server-api 1.1: plain POSTs"""
    answer = requests.post(papercut.url + "/rpc/api/xmlrpc", data=iter([b"<x/>"]), timeout=5)
    assert answer.status_code == 411


def test_a_failed_call_is_http_200_with_a_fault(post):
    """papercut-server-api 1.1 and 1.3: HTTP 200, faultString before faultCode, the text untyped"""
    answer = post(call("api.getUserProperty", "sesame", "nobody", "email"))
    assert answer.status_code == 200
    assert answer.text == (
        PROLOG + "<methodResponse><fault><value><struct>"
        "<member><name>faultString</name>"
        '<value>java.lang.Exception: User "nobody" could not be found.</value></member>'
        "<member><name>faultCode</name><value><int>262</int></value></member>"
        "</struct></value></fault></methodResponse>"
    )


def test_bare_values_are_strings_and_strings_come_back_untyped(post):
    """papercut-server-api 1.1 and 1.3: `<value>text</value>` both ways"""
    answer = post(call("api.getUserProperty", "sesame", "ann_example.com", "full-name"))
    assert answer.text == (
        PROLOG + "<methodResponse><params><param><value>Ann Lee</value></param></params></methodResponse>"
    )
    assert answer.headers["Content-Type"] == "text/xml"


def test_typed_strings_are_a_switch(papercut, post):
    """papercut-server-api 1.3: newest parsers also allow `<string>`"""
    papercut.state.switches.set("typed_strings", True)
    answer = post(call("api.getUserProperty", "sesame", "ann_example.com", "full-name"))
    assert "<value><string>Ann Lee</string></value>" in answer.text


def test_void_methods_answer_boolean_1(post):
    """papercut-server-api 1.3: void is boolean 1 on the wire"""
    answer = post(call("api.adjustUserAccountBalance", "sesame", "ann_example.com", "<double>1.5</double>", "cash"))
    assert "<value><boolean>1</boolean></value>" in answer.text


def test_task_status_is_a_struct_in_order_and_takes_no_token(post):
    """papercut-server-api 1.2 and 1.3: `completed` first, then `message`; no token, or one"""
    expected = (
        "<value><struct><member><name>completed</name><value><boolean>1</boolean></value></member>"
        "<member><name>message</name><value></value></member></struct></value>"
    )
    assert expected in post(call("api.getTaskStatus")).text
    assert expected in post(call("api.getTaskStatus", "wrong token")).text
    assert "NoSuchMethodException" in post(call("api.getTaskStatus", "a", "b")).text


def test_an_int_where_a_double_is_due_is_refused(papercut, api):
    """papercut-server-api 1.3: a double must be sent as <double>"""
    with pytest.raises(Fault, match="NoSuchMethodException.*java.lang.Integer"):
        api.adjustUserAccountBalance("sesame", "ann_example.com", 30, "top-up")
    assert papercut.state.user("ann_example.com").balance == -7.0
    assert papercut.writes == {}
    papercut.state.switches.set("int_for_double", "accept")
    assert api.adjustUserAccountBalance("sesame", "ann_example.com", 30, "top-up") is True
    assert papercut.state.user("ann_example.com").balance == 23.0


def test_offsets_sent_as_strings_answer_an_empty_list(papercut, api):
    """papercut-server-api 1.3: misread without a fault"""
    assert len(api.listUserAccounts("sesame", 0, 10)) == 3
    assert api.listUserAccounts("sesame", "0", "10") == []
    assert api.listUserSharedAccounts("sesame", "ann_example.com", "0", "10", True) == []
    papercut.state.switches.set("stringly_ints", "fault")
    with pytest.raises(Fault, match="NoSuchMethodException"):
        api.listUserAccounts("sesame", "0", "10")


def test_a_number_as_string_is_refused_where_no_list_is_asked(api):
    """papercut-server-api 1.3: only the lists were seen to misread"""
    with pytest.raises(Fault, match="NoSuchMethodException"):
        api.disablePrintingForUser("sesame", "ann_example.com", "5")


@pytest.mark.parametrize("nil", ["<nil/>", '<ex:nil xmlns:ex="http://ws.apache.org/xmlrpc/namespaces/extensions"/>'])
def test_nil_is_refused(papercut, post, nil):
    """papercut-server-api 1.3: Apache XML-RPC 2.0 has no nil; send blank text"""
    body = call("api.adjustUserAccountBalance", "sesame", "ann_example.com", "<double>1</double>", nil)
    assert "NoSuchMethodException" in post(body).text
    assert papercut.state.transactions == []
    papercut.state.switches.set("nil", "blank")
    assert "<boolean>1</boolean>" in post(body).text
    assert papercut.state.transactions[0].comment == ""


@pytest.mark.parametrize("value", ["<i8>1</i8>", "<dateTime.iso8601>20260101T00:00:00</dateTime.iso8601>"])
def test_types_that_no_method_takes_are_refused(post, value):
    """papercut-server-api 1.3: the types used are string, int, double, boolean, array, struct"""
    assert "NoSuchMethodException" in post(call("api.listUserAccounts", "sesame", value, "<int>1</int>")).text


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no xml",
        "<methodCall></methodCall>",
        "<methodResponse><methodName>api.getTotalUsers</methodName></methodResponse>",
        "<methodCall><methodName>api.getTotalUsers</methodName><params><param/></params></methodCall>",
        call("api.isUserExists", "sesame", "<string>a</string><string>b</string>"),
        call("api.isUserExists", "sesame", "<text>a</text>"),
        call("api.listUserAccounts", "sesame", "<int>9999999999</int>", "<int>1</int>"),
        call("api.listUserAccounts", "sesame", "<int>1_0</int>", "<int>1</int>"),
        call("api.performUserAndGroupSyncAdvanced", "sesame", "<boolean>true</boolean>", "<boolean>1</boolean>"),
        call("api.setUserAccountBalance", "sesame", "ann_example.com", "<double>1_0</double>", ""),
        call("api.isUserExists", "sesame", "<struct><member><name>a</name></member></struct>"),
    ],
)
def test_what_is_no_call_is_a_fault(papercut, post, body):
    """papercut-server-api 1.1: HTTP 200 and a fault for everything inside XML-RPC"""
    answer = post(body)
    assert answer.status_code == 200
    assert "SAXParseException" in answer.text
    assert papercut.state.transactions == []


def test_document_types_and_entities_are_refused(post):
    """papercut-server-api 1.1: the stand-in itself must not be a hole"""
    body = (
        '<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        "<methodCall><methodName>api.isUserExists</methodName><params><param><value>&x;</value></param></params>"
        "</methodCall>"
    )
    assert "document type" in post(body).text


@pytest.mark.parametrize(
    ("charset", "expected"),
    [
        ("utf-8", b'encoding="UTF-8"?><methodResponse><params><param><value>Zo\xc3\xab \xe2\x82\xac'),
        ("iso-8859-1", b'encoding="ISO-8859-1"?><methodResponse><params><param><value>Zo\xeb &#8364;'),
        ("numeric", b'<?xml version="1.0"?><methodResponse><params><param><value>Zo&#235; &#8364;'),
    ],
)
def test_text_beyond_ascii_in_three_spellings(papercut, post, api, charset, expected):
    """papercut-server-api 1.3: encoding of answers is not known; a real XML parser reads all three"""
    papercut.state.user("ann_example.com").full_name = "Zoë €"
    papercut.state.switches.set("charset", charset)
    assert expected in post(call("api.getUserProperty", "sesame", "ann_example.com", "full-name")).content
    assert api.getUserProperty("sesame", "ann_example.com", "full-name") == "Zoë €"


def test_markup_in_values_is_escaped_once(papercut, post, api):
    """papercut-server-api 1.3: a company named with & must be unescaped once"""
    papercut.state.add_group('Salt & "Pepper" <GmbH>')
    assert (
        '<value>Salt &amp; "Pepper" &lt;GmbH&gt;</value>'
        in post(call("api.listUserGroups", "sesame", "<int>0</int>", "<int>9</int>")).text
    )
    assert 'Salt & "Pepper" <GmbH>' in api.listUserGroups("sesame", 0, 9)


def test_optional_arguments_may_be_left_off(api):
    """papercut-server-api 1.3: overloads in the proxies"""
    assert api.getUserAccountBalance("sesame", "ann_example.com") == -7.0
    assert api.getUserAccountBalance("sesame", "ann_example.com", "") == -7.0
    assert api.listUserSharedAccounts("sesame", "ann_example.com", 0, 5) == []
    assert api.deleteExistingUser("sesame", "bob_example.com") is True


@pytest.mark.parametrize("arguments", [(), ("ann", "bob"), (1,), (["ann"],), (True,)])
def test_wrong_arity_and_types_are_refused(api, arguments):
    """papercut-server-api 1.3 and 8.1"""
    with pytest.raises(Fault, match="NoSuchMethodException") as refused:
        api.isUserExists("sesame", *arguments)
    assert refused.value.faultCode == 0


def test_unknown_methods_are_refused(papercut, api, post):
    """papercut-server-api 1.1: every method name carries the prefix `api.`"""
    with pytest.raises(Fault, match="NoSuchMethodException"):
        api.listPrintJobs("sesame")
    assert "NoSuchMethodException" in post(call("isUserExists", "sesame", "ann_example.com")).text
    papercut.state.switches.set("unknown_name_code", 257)
    assert code_of(api.listPrintJobs) == 257


def test_the_class_name_before_fault_texts_is_a_switch(papercut, api):
    """papercut-server-api 1.4: fault strings may begin with a Java class name"""
    with pytest.raises(Fault, match="^<Fault 263: 'java.lang.Exception: Group"):
        api.getGroupQuota("sesame", "Nowhere")
    papercut.state.switches.set("fault_class_prefix", False)
    with pytest.raises(Fault, match="^<Fault 263: 'Group"):
        api.getGroupQuota("sesame", "Nowhere")


def test_connections_are_kept_alive(papercut):
    """papercut-server-api 1.1: PaperCut's own client asks for keep-alive"""
    with requests.Session() as session:
        body = call("api.getTotalUsers", "sesame")
        for _ in range(3):
            answer = session.post(papercut.url + "/rpc/api/xmlrpc", data=body, timeout=5)
            assert answer.headers.get("Connection", "keep-alive") == "keep-alive"
        assert session.get_adapter(papercut.url).poolmanager.pools.keys()
        pool = next(iter(session.get_adapter(papercut.url).poolmanager.pools._container.values()))
        assert pool.num_connections == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"),
        (-7.0, "-7.0"),
        (0.001, "0.001"),
        (0.00012, "1.2E-4"),
        (-1e-9, "-1.0E-9"),
        (9999999.0, "9999999.0"),
        (12345678.5, "1.23456785E7"),
        (0.1 + 0.2, "0.30000000000000004"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
    ],
)
def test_doubles_are_written_as_java_writes_them(value, text):
    """papercut-server-api 1.3: a Java server"""
    assert wire.java_double(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_double_loses_anything_on_the_way(value):
    """papercut-server-api 1.3: doubles"""
    assert float(wire.java_double(value)) == value


@given(st.text())
def test_any_text_makes_a_readable_answer(text):
    """papercut-server-api 1.3: values are XML-escaped"""
    for charset in ("utf-8", "iso-8859-1", "numeric"):
        document = wire.write_answer(text, charset=charset)
        assert document.endswith(b"</value></param></params></methodResponse>")
