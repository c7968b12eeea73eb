from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
from lxml import etree
from responses.matchers import header_matcher

from relay import errors
from relay.papercut.client import AccountReading, PaperCut, balance_from_text
from relay.papercut.keys import is_true
from tests.support.settings_example import example_settings
from tests.support.still_clock import StillClock

URL = "http://127.0.0.1:9191/rpc/api/xmlrpc"
AS_XML = [header_matcher({"Content-Type": "text/xml; charset=utf-8"})]
WAITING: list[dict[str, list[Any]]] = []


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def papercut(tmp_path: Path, clock: StillClock) -> PaperCut:
    return PaperCut(example_settings(tmp_path), clock)


@pytest.fixture
def server() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture(autouse=True)
def waiting() -> Iterator[list[dict[str, list[Any]]]]:
    """Every answer that a test prepared must have been asked for (a task may be asked for fewer times)."""
    WAITING.clear()
    yield WAITING
    left = {name for by_method in WAITING for name, prepared in by_method.items() if prepared} - {"getTaskStatus"}
    assert left == set()


def value(inner: str) -> str:
    return f"<methodResponse><params><param><value>{inner}</value></param></params></methodResponse>"


def texts(*items: str) -> str:
    inner = "".join(f"<value>{item}</value>" for item in items)
    return value(f"<array><data>{inner}</data></array>")


def fault(code: int, text: str) -> str:
    return (
        "<methodResponse><fault><value><struct>"
        f"<member><name>faultString</name><value>{text}</value></member>"
        f"<member><name>faultCode</name><value><int>{code}</int></value></member>"
        "</struct></value></fault></methodResponse>"
    )


def answers(server: responses.RequestsMock, by_method: dict[str, list[Any]]) -> list[tuple[str, list[str]]]:
    """Answer each method's calls in order and return the list of calls seen: [("api.x", ["token", ...])]."""
    seen: list[tuple[str, list[str]]] = []

    def callback(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        root = etree.fromstring(request.body)
        method = root.findtext("methodName") or ""
        seen.append((method, ["".join(node.itertext()) for node in root.findall("params/param/value")]))
        answer = by_method[method.removeprefix("api.")].pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, int):
            return answer, {}, ""
        return 200, {}, answer

    WAITING.append(by_method)
    server.add_callback(responses.POST, URL, callback, match=AS_XML)
    return seen


def test_a_list_is_read_to_an_empty_page_and_checked(papercut: PaperCut, server: responses.RequestsMock) -> None:
    """A server that caps its pages below what was asked is read to the end all the same."""
    seen = answers(
        server,
        {"getTotalUsers": [value("<int>3</int>")], "listUserAccounts": [texts("ann", "bob"), texts("cy"), texts()]},
    )
    assert papercut.usernames() == ["ann", "bob", "cy"]
    assert ("api.listUserAccounts", ["token-of-papercut", "2", "1000"]) in seen


def test_an_empty_list_that_contradicts_the_count_is_refused(
    papercut: PaperCut, server: responses.RequestsMock
) -> None:
    """papercut-server-api 1.3: an empty list is never "no users"."""
    total = value("<int>3</int>")
    answers(server, {"getTotalUsers": [total, total], "listUserAccounts": [texts(), texts()]})
    with pytest.raises(errors.BadAnswer, match="lists 0 users but counts 3"):
        papercut.usernames()


def test_pages_that_repeat_end_in_an_error(papercut: PaperCut, server: responses.RequestsMock) -> None:
    answers(server, {"listUserGroups": [texts("a"), texts("a")]})
    with pytest.raises(errors.BadAnswer, match="first page again"):
        papercut.groups()


def test_own_groups_of_papercut_are_left_out(papercut: PaperCut, server: responses.RequestsMock) -> None:
    answers(server, {"listUserGroups": [texts("!!All Users!!", "A &amp; B"), texts()]})
    assert papercut.groups() == ["A & B"]


def test_money_goes_out_as_double_and_comes_back_as_integer(papercut: PaperCut, server: responses.RequestsMock) -> None:
    seen = answers(
        server,
        {
            "getUserAccountBalance": [value("<double>-0.30000000000000004</double>"), value("<int>5</int>")],
            "adjustUserAccountBalance": [value("<boolean>1</boolean>")],
            "adjustUserAccountBalanceIfAvailable": [value("<boolean>0</boolean>")],
        },
    )
    assert papercut.balance("ann") == -300_000
    assert papercut.balance("ann") == 5_000_000
    papercut.adjust_balance("ann", 7_000_000, "fee K7Q2")
    assert seen[-1] == ("api.adjustUserAccountBalance", ["token-of-papercut", "ann", "7.000000", "fee K7Q2"])
    assert papercut.adjust_balance_if_available("ann", -1, "x") is False
    assert papercut.writes == 2


def test_the_personal_account_is_named_where_configured(
    tmp_path: Path, clock: StillClock, server: responses.RequestsMock
) -> None:
    papercut = PaperCut(example_settings(tmp_path, papercut={"personal_account": "Print"}), clock)
    seen = answers(server, {"getUserAccountBalance": [value("<double>1</double>")]})
    papercut.balance("ann")
    assert seen[0][1] == ["token-of-papercut", "ann", "Print"]


def test_a_balance_is_read_between_two_looks_at_the_counter(papercut: PaperCut, server: responses.RequestsMock) -> None:
    seen = answers(
        server,
        {
            "getUserProperties": [
                texts("3", "-7.035", "3", ""),
                texts("3", "-7.035", "4", ""),
                texts("", "0", "", "a@b.example"),
            ]
        },
    )
    assert papercut.account_reading("ann") == AccountReading(-7_035_000, 3, 3)
    assert not papercut.account_reading("ann").is_steady
    assert papercut.account_reading("ann") == AccountReading(0, 0, 0, "a@b.example")
    (_, named) = seen[0]
    assert "".join(named).endswith("print-stats.job-countbalanceprint-stats.job-countemail"), "in the order asked for"


def test_of_several_personal_accounts_the_one_that_is_billed_is_read(
    tmp_path: Path, clock: StillClock, server: responses.RequestsMock
) -> None:
    """The property is the total of all: the balance stands in a call of its own, between two looks at the counter."""
    papercut = PaperCut(example_settings(tmp_path, papercut={"personal_account": "Print"}), clock)
    seen = answers(
        server,
        {"getUserProperties": [texts("3"), texts("4", "")], "getUserAccountBalance": [value("<double>-7</double>")]},
    )
    assert papercut.account_reading("ann") == AccountReading(-7_000_000, 3, 4)
    assert [method for method, _ in seen] == [
        "api.getUserProperties",
        "api.getUserAccountBalance",
        "api.getUserProperties",
    ]
    assert seen[1][1] == ["token-of-papercut", "ann", "Print"]


@pytest.mark.parametrize("told", [("3", "NaN", "3"), ("3", "", "3"), ("many", "1", "3"), ("3", "1e999", "3")])
def test_a_reading_that_is_no_number_is_refused(
    papercut: PaperCut, server: responses.RequestsMock, told: tuple[str, str, str]
) -> None:
    answers(server, {"getUserProperties": [texts(*told, "")]})
    with pytest.raises(errors.BadAnswer, match="not a number; nothing was billed"):
        papercut.account_reading("ann")


def test_a_short_reading_is_refused(papercut: PaperCut, server: responses.RequestsMock) -> None:
    answers(server, {"getUserProperties": [texts("3", "1")]})
    with pytest.raises(errors.BadAnswer, match="2 values for 4 names"):
        papercut.account_reading("ann")


def one_is_gone(server: responses.RequestsMock, *read: str) -> None:
    """Answer all reads of people by these values, but for Bob, who is gone meanwhile."""

    def callback(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        if b"isUserExists" in request.body:
            return 200, {}, value("<boolean>0</boolean>")
        return 200, {}, fault(262, "gone") if b">bob<" in request.body else texts(*read)

    server.add_callback(responses.POST, URL, callback, match=AS_XML)


def test_readings_of_many_leave_out_who_is_gone(papercut: PaperCut, server: responses.RequestsMock) -> None:
    one_is_gone(server, "1", "-2.5", "1", "")
    there = AccountReading(-2_500_000, 1, 1)
    assert papercut.account_readings(["ann", "bob", "cy"]) == {"ann": there, "cy": there}


def test_a_shared_account_of_our_own_keeps_notes(papercut: PaperCut, server: responses.RequestsMock) -> None:
    yes, no = value("<boolean>1</boolean>"), value("<boolean>0</boolean>")
    seen = answers(
        server,
        {
            "getSharedAccountProperty": [fault(0, "no such account"), value("site hq, number 7"), fault(0, "locked")],
            "isSharedAccountExists": [no, yes],
            "addNewSharedAccount": [yes],
            "setSharedAccountProperty": [yes, yes, yes],
        },
    )
    assert papercut.shared_account_notes("relay") is None
    assert papercut.shared_account_notes("relay") == "site hq, number 7"
    with pytest.raises(errors.Refused, match="locked"):  # there is one, so this is no "none"
        papercut.shared_account_notes("relay")
    assert seen[0] == ("api.getSharedAccountProperty", ["token-of-papercut", "relay", "notes"])
    del seen[:]
    papercut.add_shared_account("relay", "site hq, number 1")
    papercut.set_shared_account_notes("relay", "site hq, number 2")
    assert [call[1][1:] for call in seen] == [
        ["relay"],
        ["relay", "disabled", "TRUE"],
        ["relay", "notes", "site hq, number 1"],
        ["relay", "notes", "site hq, number 2"],
    ]


@pytest.mark.parametrize(
    ("code", "text", "kind", "told"),
    [
        (0, "Access denied. Your IP address is not allowed to access the Web Services API.", "AuthFailed", "callers"),
        (257, "Invalid authentication token", "AuthFailed", "auth_token_file"),
        (262, "User x", "NotFound", "x"),
        (263, "Group x", "NotFound", "x"),
        (0, "java.lang.Exception: user not found: x", "NotFound", "x"),
        (268, "Email", "Conflict", "Email"),
        (0, "User already exists", "Conflict", "exists"),
        (271, "PIN token not valid", "Refused", "code 271"),
        (295, "The supplied schedule period 'never' is invalid", "Refused", "never"),
    ],
)
def test_faults_become_what_the_caller_may_do(
    papercut: PaperCut, server: responses.RequestsMock, code: int, text: str, kind: str, told: str
) -> None:
    answers(server, {"isUserExists": [fault(code, text)]})
    with pytest.raises(errors.Refused) as caught:
        papercut.user_exists("x")
    assert type(caught.value).__name__ == kind
    assert told in caught.value.message


@pytest.mark.parametrize("at", [0, 20, 30, 280, 290, 590, 2990])
@pytest.mark.parametrize(
    ("method", "ask", "answer"),
    [
        ("isUserExists", lambda papercut: papercut.user_exists("x"), lambda said: fault(0, said)),
        ("getTotalUsers", lambda papercut: papercut.total_users(), lambda said: value(f"<int>{said}</int>")),
        ("getTotalUsers", lambda papercut: papercut.total_users(), lambda said: value(f"<{said}/>")),
        ("getTotalUsers", lambda papercut: papercut.total_users(), lambda said: f"<{said}></{said}x>"),
        ("getUserAccountBalance", lambda papercut: papercut.balance("x"), value),
        ("getTaskStatus", lambda papercut: papercut.task_status(), value),
        ("getGroupQuota", lambda papercut: papercut.group_quota("g"), value),
        ("getUserProperties", lambda papercut: papercut.account_reading("x"), lambda said: texts(*[said] * 4)),
    ],
    ids=["fault", "number", "kind", "tags", "amount", "task", "quota", "property"],
)
def test_of_a_token_that_the_server_repeats_no_part_is_told(
    papercut: PaperCut,
    server: responses.RequestsMock,
    method: str,
    ask: Callable[[PaperCut], Any],
    answer: Callable[[str], str],
    at: int,
) -> None:
    """Wherever it stands: what is told of a text is cut, and a cut must not leave the half of a token."""
    answers(server, {method: [answer("x" * at + "token-of-papercut-")] * 4})
    with pytest.raises(errors.RemoteError) as caught:
        ask(papercut)
    assert "token-of" not in caught.value.message and "xtok" not in caught.value.message
    WAITING.clear()  # some are refused at once, some are asked for again


def test_of_a_task_that_repeats_our_token_no_part_is_told(papercut: PaperCut, server: responses.RequestsMock) -> None:
    said = "<struct><member><name>completed</name><value><boolean>1</boolean></value></member>" + (
        f"<member><name>message</name><value>{'x' * 290}token-of-papercut</value></member></struct>"
    )
    answers(server, {"getTaskStatus": [value(said)]})
    assert "tok" not in papercut.task_status().summary


LOST: list[Any] = [requests.ReadTimeout("slow"), requests.ConnectionError("reset"), 500, 502, "<html>", value("<nil/>")]


@pytest.mark.parametrize("answer", LOST, ids=str)
def test_a_lost_answer_of_a_write_is_unknown_and_never_sent_again(
    papercut: PaperCut, server: responses.RequestsMock, answer: Any
) -> None:
    seen = answers(server, {"adjustUserAccountBalance": [answer]})
    with pytest.raises(errors.OutcomeUnknown):
        papercut.adjust_balance("ann", 1, "x")
    assert len(seen) == 1


@pytest.mark.parametrize("answer", LOST, ids=str)
def test_a_read_is_repeated_within_bounds(
    papercut: PaperCut, server: responses.RequestsMock, clock: StillClock, answer: Any
) -> None:
    seen = answers(server, {"isUserExists": [answer, answer, value("<boolean>1</boolean>")]})
    assert papercut.user_exists("ann") is True
    assert len(seen) == 3
    assert len(clock.slept_s) == 2


def test_a_read_that_keeps_failing_gives_up(papercut: PaperCut, server: responses.RequestsMock) -> None:
    seen = answers(server, {"isUserExists": [500] * 4})
    with pytest.raises(errors.BadAnswer, match="HTTP 500"):
        papercut.user_exists("ann")
    assert len(seen) == 4


@pytest.mark.parametrize(("status", "kind"), [(404, errors.Refused), (302, errors.Refused), (403, errors.AuthFailed)])
def test_a_wrong_address_is_a_definite_no(
    papercut: PaperCut, server: responses.RequestsMock, status: int, kind: type[Exception]
) -> None:
    seen = answers(server, {"adjustUserAccountBalance": [status]})
    with pytest.raises(kind):
        papercut.adjust_balance("ann", 1, "x")
    assert len(seen) == 1


def test_nobody_listening_is_not_sent(tmp_path: Path, clock: StillClock) -> None:
    papercut = PaperCut(example_settings(tmp_path, papercut={"url": "http://127.0.0.1:1"}), clock)
    with pytest.raises(errors.NotSent, match="cannot be reached at http://127.0.0.1:1 "):
        papercut.adjust_balance("ann", 1, "x")


def test_properties_are_paired_and_a_short_answer_is_refused(
    papercut: PaperCut, server: responses.RequestsMock
) -> None:
    answers(server, {"getUserProperties": [texts("Ann", "a@example.com"), texts("Ann")]})
    assert papercut.user_properties("ann", ["full-name", "email"]) == {"full-name": "Ann", "email": "a@example.com"}
    with pytest.raises(errors.BadAnswer, match="1 values for 2 names"):
        papercut.user_properties("ann", ["full-name", "email"])


def test_a_user_who_is_gone_meanwhile_is_left_out(papercut: PaperCut, server: responses.RequestsMock) -> None:
    one_is_gone(server, "1")
    there = {"balance": "1"}
    assert papercut.users_properties(["ann", "bob", "cy"], ["balance"]) == {"ann": there, "cy": there}


def test_a_user_who_is_listed_and_not_known_fails_the_whole_read(
    papercut: PaperCut, server: responses.RequestsMock
) -> None:
    """A contradiction is refused: left out, the person would lose their groups at the next sync."""
    answers(server, {"getUserProperties": [fault(262, "no")], "isUserExists": [value("<boolean>1</boolean>")]})
    with pytest.raises(errors.BadAnswer, match="lists bob but does not know them"):
        papercut.users_properties(["bob"], ["balance"])


def test_the_task_needs_no_token_and_is_waited_for(
    papercut: PaperCut, server: responses.RequestsMock, clock: StillClock
) -> None:
    def status(done: int, message: str) -> str:
        return value(
            f"<struct><member><name>completed</name><value><boolean>{done}</boolean></value></member>"
            f"<member><name>message</name><value>{message}</value></member></struct>"
        )

    seen = answers(server, {"getTaskStatus": [status(0, "one"), status(1, "one\ntwo")]})
    assert papercut.wait_for_task(10).summary == "two"
    assert seen == [("api.getTaskStatus", [])] * 2


def test_a_task_that_does_not_end_is_an_error(papercut: PaperCut, server: responses.RequestsMock) -> None:
    body = value(
        "<struct><member><name>completed</name><value><boolean>0</boolean></value></member>"
        "<member><name>message</name><value>busy</value></member></struct>"
    )
    answers(server, {"getTaskStatus": [body] * 200})
    with pytest.raises(errors.BadAnswer, match="not over after 20 s"):
        papercut.wait_for_task(20)


@pytest.mark.parametrize(
    "call",
    [
        lambda papercut: papercut.total_users(),
        lambda papercut: papercut.user_groups("a"),
        lambda papercut: papercut.config("a"),
        lambda papercut: papercut.balance("a"),
        lambda papercut: papercut.task_status(),
        lambda papercut: papercut.group_quota("a"),
    ],
)
def test_an_answer_of_another_type_is_refused(
    papercut: PaperCut, server: responses.RequestsMock, call: Callable[[PaperCut], object]
) -> None:
    server.add(responses.POST, URL, body=value("<boolean>1</boolean>"), match=AS_XML)
    with pytest.raises(errors.BadAnswer):
        call(papercut)


def test_a_certificate_file_without_certificate_is_one_sentence(tmp_path: Path, clock: StillClock) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    settings = example_settings(tmp_path, papercut={"ca_file": "ca.pem"})
    with pytest.raises(errors.ConfigError, match=r"\[papercut\] ca_file: .* holds no certificate"):
        PaperCut(settings, clock)


def test_text_helpers() -> None:
    assert balance_from_text("-7.035") == -7_035_000
    with pytest.raises(ValueError):
        balance_from_text("")
    assert [is_true(text) for text in ("TRUE", "true", "Y", "FALSE", "N", "")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]
