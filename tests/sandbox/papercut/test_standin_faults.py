"""Faults on purpose, and the count of what was called and written."""

from __future__ import annotations

import threading
from http.client import RemoteDisconnected
from xmlrpc.client import Fault, ProtocolError, ServerProxy

import pytest

from tests.sandbox.papercut.conftest import call


def adjust(api, amount=1.0, username="ann_example.com"):
    return api.adjustUserAccountBalance("sesame", username, amount, "c")


def balance(papercut):
    return papercut.state.user("ann_example.com").balance


def lost(work):
    """Whether the connection ends without an answer; Python's client sends once more by itself."""
    with pytest.raises((RemoteDisconnected, ConnectionError)):
        work()
    return True


def test_an_answer_lost_after_the_effect(papercut, api):
    """The important one: it happened, and nobody is told."""
    papercut.faults.add("adjustUserAccountBalance", "lost_after", times=2)
    assert lost(lambda: adjust(api))
    assert balance(papercut) == -5.0  # two tries of Python's client, both with effect
    assert adjust(api) is True
    assert balance(papercut) == -4.0
    assert papercut.writes == {"adjustUserAccountBalance": 3}


def test_an_answer_lost_before_the_effect(papercut, api):
    """The same to the caller, and nothing happened."""
    papercut.faults.add("adjustUserAccountBalance", "lost_before", times=0)
    assert lost(lambda: adjust(api))
    assert balance(papercut) == -7.0
    assert papercut.calls["adjustUserAccountBalance"] == 2
    assert papercut.writes == {}
    papercut.faults.clear()
    assert adjust(api) is True


def test_a_late_effect_comes_after_the_connection_is_gone(papercut, api, clock):
    """A server that works on although nobody waits: not seen yet, and there later."""
    papercut.faults.add("adjustUserAccountBalance", "late", times=2, delay_s=90)
    assert lost(lambda: adjust(api))
    clock.move(seconds=89)
    assert (api.getUserAccountBalance("sesame", "ann_example.com"), dict(papercut.writes)) == (-7.0, {})
    clock.move(seconds=1)
    assert api.getUserAccountBalance("sesame", "ann_example.com") == -5.0  # two tries of Python's client
    assert papercut.writes == {"adjustUserAccountBalance": 2}
    assert [entry.at for entry in papercut.state.transactions] == [clock.now()] * 2
    assert adjust(api) is True


def test_a_late_call_that_is_refused_reaches_nobody(papercut, api, clock):
    """papercut-server-api 1.4: the fault has no connection left to go to"""
    papercut.faults.add("adjustUserAccountBalance", "late", times=2)
    assert lost(lambda: adjust(api, username="nobody"))
    assert api.getTotalUsers("sesame") == 3
    assert papercut.state.transactions == []


def test_what_is_late_dies_with_the_server(papercut, api, clock):
    """A restart ends whatever it was working on; lifting the rule does not."""
    papercut.faults.add("adjustUserAccountBalance", "late", times=0, delay_s=90)
    assert lost(lambda: adjust(api))
    papercut.faults.clear()
    assert len(papercut.late) == 2
    papercut.stop()
    papercut.start()
    clock.move(seconds=100)
    assert api.getUserAccountBalance("sesame", "ann_example.com") == -7.0


def test_a_fault_after_the_effect(papercut, api):
    """papercut-server-api 1.4: a fault need not mean that nothing happened"""
    papercut.faults.add("adjustUserAccountBalance", "fault_after", code=300, text="Timed out.")
    with pytest.raises(Fault) as refused:
        adjust(api)
    assert (refused.value.faultCode, refused.value.faultString) == (300, "java.lang.Exception: Timed out.")
    assert balance(papercut) == -6.0
    assert adjust(api) is True


@pytest.mark.parametrize(("kind", "happened"), [("http_500", False), ("http_500_after", True)])
def test_an_error_page_before_and_after(papercut, api, kind, happened):
    """papercut-server-api 1.1: not what PaperCut does, but what a proxy in front of it may do"""
    papercut.faults.add("adjustUserAccountBalance", kind)
    with pytest.raises(ProtocolError) as refused:
        adjust(api)
    assert refused.value.errcode == 500
    assert balance(papercut) == (-6.0 if happened else -7.0)


@pytest.mark.parametrize("kind", ["garbage", "empty"])
def test_answers_that_cannot_be_read(papercut, post, kind):
    """The effect has happened; the answer is no XML-RPC."""
    papercut.faults.add("setUserAccountBalance", kind)
    answer = post(call("api.setUserAccountBalance", "sesame", "ann_example.com", "<double>1</double>", ""))
    assert (answer.status_code, b"methodResponse" in answer.content) == (200, False)
    assert balance(papercut) == 1.0


def test_a_fault_of_ones_choice_some_times_after_some_calls(papercut, api):
    """papercut-server-api 1.4: any code"""
    papercut.faults.add("*", "fault", code=300, text="Out of paper.", times=2, after=1)
    assert adjust(api) is True
    for _ in range(2):
        with pytest.raises(Fault) as refused:
            adjust(api)
        assert (refused.value.faultCode, refused.value.faultString) == (300, "java.lang.Exception: Out of paper.")
    assert adjust(api) is True
    assert balance(papercut) == -5.0


def test_a_fault_for_one_person_only(papercut, api):
    """`containing` looks at the arguments."""
    papercut.faults.add("adjustUserAccountBalance", "fault", containing="ann_example", times=0)
    assert adjust(api, username="bob_example.com") is True
    with pytest.raises(Fault, match="injected fault"):
        adjust(api)


def test_a_delay_is_slept_on_the_stand_ins_clock(papercut, api, clock):
    """Latency without waiting in tests."""
    papercut.faults.add("getTotalUsers", "delay", delay_s=2.5)
    assert api.getTotalUsers("sesame") == 3
    assert clock.slept_s == [2.5]


def test_something_may_happen_in_between(papercut, api):
    """A job that lands between two calls of the relay."""
    papercut.faults.add(
        "adjustUserAccountBalance",
        "call",
        function=lambda method, arguments: papercut.print_job(user=arguments[0], pages=1),
    )
    adjust(api)
    assert [entry.kind for entry in papercut.state.transactions] == ["PRINT_USAGE", "ADJUST"]


def test_an_unknown_kind_is_refused(papercut):
    """A misspelt fault must not be a test that passes."""
    with pytest.raises(ValueError, match="lost_before"):
        papercut.faults.add("getTotalUsers", "lost")


def test_reads_and_writes_are_counted_apart(papercut, api):
    """What "a second run changes nothing" is measured with."""
    api.getTotalUsers("sesame")
    adjust(api)
    with pytest.raises(Fault):
        api.deleteExistingUser("sesame", "nobody")
    with pytest.raises(Fault):
        api.deleteExistingUser("wrong", "ann_example.com")
    assert papercut.calls == {"getTotalUsers": 1, "adjustUserAccountBalance": 1, "deleteExistingUser": 2}
    assert papercut.writes == {"adjustUserAccountBalance": 1, "deleteExistingUser": 1}
    assert list(papercut.faults.recent_writes)[0] == ("adjustUserAccountBalance", ["ann_example.com", 1.0, "c"])
    papercut.faults.reset_counts()
    assert not papercut.calls and not papercut.writes


def test_many_callers_at_once_lose_nothing(papercut):
    """papercut-server-api 1.9: several connections"""

    def work():
        with ServerProxy(papercut.url + "/rpc/api/xmlrpc") as server:
            for _ in range(50):
                server.api.adjustUserAccountBalance("sesame", "ann_example.com", 1.0, "c")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert balance(papercut) == 393.0
    assert papercut.writes["adjustUserAccountBalance"] == 400
    assert [entry.balance for entry in papercut.state.transactions] == [float(n) for n in range(-6, 394)]


def test_a_stopped_stand_in_ends_kept_alive_connections_and_keeps_its_port(papercut, api):
    """A server that is down, and comes back."""
    assert api.getTotalUsers("sesame") == 3
    url = papercut.url
    papercut.stop()
    with pytest.raises(ConnectionError):
        api.getTotalUsers("sesame")
    papercut.start()
    assert papercut.url == url
    assert api.getTotalUsers("sesame") == 3


def test_an_error_of_the_stand_in_itself_is_a_500(papercut, api, monkeypatch):
    """Not a fault, which would look like PaperCut's word."""
    monkeypatch.setattr(papercut.state, "usernames", None)
    with pytest.raises(ProtocolError, match="500"):
        api.listUserAccounts("sesame", 0, 1)
