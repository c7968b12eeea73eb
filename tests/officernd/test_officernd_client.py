from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
from responses.matchers import header_matcher, json_params_matcher, query_param_matcher, urlencoded_params_matcher

from relay import errors
from relay.officernd.client import OfficeRnD
from relay.officernd.model import NewFee
from relay.officernd.token import BASIC_SCOPES, FEE_SCOPES, FILE_NAME
from tests.support.settings_example import example_settings
from tests.support.still_clock import StillClock

TOKEN = "http://127.0.0.1:9999/oauth/token"
BASE = "http://127.0.0.1:9999/api/v2/organizations/acme"
FEE = NewFee("Printing K7Q2", date(2026, 11, 23), "loc", "plan", Decimal("7.10"), "member", "company")


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def server() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def officernd(tmp_path: Path, clock: StillClock) -> OfficeRnD:
    return OfficeRnD(example_settings(tmp_path), clock)


def asked(client_id: str = "relay") -> list[Any]:
    """Return what is matched of the question for a token: the client's id and secret, and the scopes of billing."""
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": "secret-of-relay",
        "scope": " ".join(sorted(BASIC_SCOPES | FEE_SCOPES)),
    }
    return [urlencoded_params_matcher(form)]


def grant(server: responses.RequestsMock, *tokens: str, client_id: str = "relay") -> None:
    """Give one token after another to whoever asks for it as `client_id`."""
    for token in tokens or ("t1",):
        server.add(responses.POST, TOKEN, json={"access_token": token, "expires_in": 3599}, match=asked(client_id))


def stub(
    server: responses.RequestsMock,
    method: str,
    path: str,
    *,
    token: str = "t1",
    query: dict[str, str] | None = None,
    sent: dict[str, Any] | None = None,
    **answer: Any,
) -> None:
    """Answer one address of the API, asked with `token`, with this query where one is given, and this JSON body."""
    match = [header_matcher({"Authorization": f"Bearer {token}"})]
    match += [query_param_matcher(query)] if query is not None else []
    match += [json_params_matcher(sent)] if sent is not None else []
    server.add(method, BASE + path, match=match, **answer)


def page(first: int, last: int, following: str | None = None) -> dict[str, Any]:
    results = [{"_id": f"{number:024x}", "name": f"M{number}"} for number in range(first, last)]
    body: dict[str, Any] = {"results": results, "rangeStart": first + 1, "rangeEnd": last}
    if following:
        body["cursorNext"] = following
    return body


def calls_to(server: responses.RequestsMock, url: str) -> list[requests.PreparedRequest]:
    return [call.request for call in server.calls if str(call.request.url).startswith(url)]


def test_all_pages_are_read_and_checked_against_the_count(officernd: OfficeRnD, server: responses.RequestsMock) -> None:
    grant(server)
    stub(server, "GET", "/members/count", json={"total": 70})
    stub(server, "GET", "/members", query={"$limit": "50"}, json=page(0, 50, "c1"))
    stub(server, "GET", "/members", query={"$limit": "50", "$cursorNext": "c1"}, json=page(50, 70))
    members = officernd.members()
    assert len(members) == 70
    requested = [call.params for call in calls_to(server, f"{BASE}/members?")]  # type: ignore[attr-defined]
    assert requested == [{"$limit": "50"}, {"$limit": "50", "$cursorNext": "c1"}]


@pytest.mark.parametrize("ending", [{"cursorNext": None}, {}])
def test_the_end_is_a_missing_or_an_empty_cursor(
    officernd: OfficeRnD, server: responses.RequestsMock, ending: dict[str, Any]
) -> None:
    """officernd-api 2.3: cursorNext absent or null at the end."""
    grant(server)
    stub(server, "GET", "/plans", json={**page(0, 2), **ending})
    assert [plan.name for plan in officernd.plans()] == ["M0", "M1"]


def test_a_list_shorter_than_its_count_is_refused(officernd: OfficeRnD, server: responses.RequestsMock) -> None:
    grant(server)
    stub(server, "GET", "/members/count", json={"total": 51})
    stub(server, "GET", "/members", json=page(0, 50))
    with pytest.raises(errors.BadAnswer, match="lists 50 members but counts 51"):
        officernd.members()


def test_an_organisation_without_members_is_refused(officernd: OfficeRnD, server: responses.RequestsMock) -> None:
    grant(server)
    stub(server, "GET", "/members/count", json={"total": 0})
    stub(server, "GET", "/members", json=page(0, 0))
    with pytest.raises(errors.BadAnswer, match="no member at all"):
        officernd.members()
    assert officernd.members("2026-11-23T00:00:00.000Z") == []


def test_a_change_between_count_and_list_is_read_once_more(
    officernd: OfficeRnD, server: responses.RequestsMock
) -> None:
    grant(server)
    stub(server, "GET", "/companies/count", json={"total": 2})
    stub(server, "GET", "/companies/count", json={"total": 3})
    stub(server, "GET", "/companies", json=page(0, 3))
    assert len(officernd.companies()) == 3


@pytest.mark.parametrize(
    "body",
    [
        {"results": [{"name": "no id"}]},
        {"results": "text"},
        {"results": [1]},
        "text",
        {"results": [{"_id": "1"}], "cursorNext": 7},
        {"results": [], "cursorNext": "again"},
    ],
)
def test_nonsense_is_refused(officernd: OfficeRnD, server: responses.RequestsMock, body: Any) -> None:
    grant(server)
    stub(server, "GET", "/plans", json=body)
    with pytest.raises(errors.BadAnswer):
        officernd.plans()


def test_pages_in_a_circle_are_refused(officernd: OfficeRnD, server: responses.RequestsMock) -> None:
    grant(server)
    stub(server, "GET", "/plans", json=page(0, 50, "same"))
    with pytest.raises(errors.BadAnswer, match="circle"):
        officernd.plans()


def test_the_token_is_shared_between_processes(
    tmp_path: Path, clock: StillClock, server: responses.RequestsMock
) -> None:
    grant(server)
    stub(server, "GET", "", json={"_id": "o", "slug": "acme", "name": "Acme"})
    for _ in range(3):
        assert OfficeRnD(example_settings(tmp_path), clock).organization().slug == "acme"
    assert len(calls_to(server, TOKEN)) == 1
    stored = tmp_path / "state" / FILE_NAME
    assert stored.stat().st_mode & 0o077 == 0
    clock.move(hours=1)
    OfficeRnD(example_settings(tmp_path), clock).organization()
    assert len(calls_to(server, TOKEN)) == 2


def test_the_token_file_of_a_wrong_clock_or_of_other_settings_is_not_used(
    tmp_path: Path, clock: StillClock, server: responses.RequestsMock
) -> None:
    grant(server)
    grant(server, client_id="other")
    stub(server, "GET", "", json={"_id": "o"})
    OfficeRnD(example_settings(tmp_path), clock).organization()
    clock.move(days=-400)
    OfficeRnD(example_settings(tmp_path), clock).organization()
    OfficeRnD(example_settings(tmp_path, officernd={"client_id": "other"}), clock).organization()
    (tmp_path / "state" / FILE_NAME).write_text("{half")
    OfficeRnD(example_settings(tmp_path), clock).organization()
    assert len(calls_to(server, TOKEN)) == 4


def test_a_revoked_token_is_renewed_once(officernd: OfficeRnD, server: responses.RequestsMock) -> None:
    grant(server, "old", "new")
    stub(server, "GET", "", token="old", status=401, json={"statusCode": 401, "message": "Unauthorized access"})
    stub(server, "GET", "", token="new", json={"_id": "o"})
    assert officernd.organization().id == "o"
    assert len(calls_to(server, BASE)) == 2


def test_a_scope_that_is_missing_is_told_after_one_renewal(
    officernd: OfficeRnD, server: responses.RequestsMock
) -> None:
    """officernd-api 2.2: a missing scope looks like an expired token."""
    grant(server)
    stub(server, "GET", "", status=401, json={"message": "Unauthorized access"})
    with pytest.raises(errors.AuthFailed, match="scopes"):
        officernd.organization()
    assert len(calls_to(server, TOKEN)) == 2


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [(401, {"error": "invalid_client"}, "client_secret_file"), (400, {"error": "invalid_scope"}, "lacks one of")],
)
def test_a_wrong_secret_and_a_missing_scope_are_told_apart(
    officernd: OfficeRnD, server: responses.RequestsMock, status: int, body: dict[str, str], told: str
) -> None:
    server.add(responses.POST, TOKEN, status=status, json=body, match=asked())
    with pytest.raises(errors.AuthFailed, match=told) as caught:
        officernd.organization()
    assert "secret-of-relay" not in caught.value.message
    assert len(calls_to(server, TOKEN)) == 1


@pytest.mark.parametrize("at", [0, 285, 295, 590])
@pytest.mark.parametrize("secret", ["the-token-of-an-hour", "secret-of-relay"])
@pytest.mark.parametrize("status", [400, 404, 409, 500])
def test_of_a_secret_that_the_server_repeats_no_part_is_told(
    officernd: OfficeRnD, server: responses.RequestsMock, status: int, secret: str, at: int
) -> None:
    grant(server, "the-token-of-an-hour")
    stub(server, "GET", "", token="the-token-of-an-hour", status=status, json={"message": "x" * at + secret})
    with pytest.raises(errors.RemoteError) as caught:
        officernd.organization()
    assert secret[:5] not in caught.value.message


def test_retry_after_is_honoured(officernd: OfficeRnD, server: responses.RequestsMock, clock: StillClock) -> None:
    grant(server)
    stub(server, "GET", "", status=429, headers={"Retry-After": "17"})
    stub(server, "GET", "", json={"_id": "o"})
    officernd.organization()
    assert clock.slept_s == [17.0]


def test_requests_per_minute_is_kept_in_any_minute(
    tmp_path: Path, clock: StillClock, server: responses.RequestsMock
) -> None:
    officernd = OfficeRnD(example_settings(tmp_path, officernd={"requests_per_minute": 10}), clock)
    grant(server)
    stub(server, "GET", "", json={"_id": "o"})
    moments = []
    for _ in range(35):
        officernd.organization()
        moments.append(clock.monotonic_s())
        clock.move(seconds=1)
    assert all(later - earlier >= 60 for earlier, later in zip(moments, moments[10:], strict=False))


def test_a_fee_is_sent_as_the_page_says(officernd: OfficeRnD, server: responses.RequestsMock) -> None:
    grant(server)
    sent = {
        "name": "Printing K7Q2",
        "issueDate": "2026-11-23T00:00:00.000Z",
        "location": "loc",
        "plan": "plan",
        "price": 7.1,
        "quantity": 1,
        "member": "member",
        "company": "company",
        "isPersonal": False,
    }
    stub(server, "POST", "/fees", sent=sent, status=201, json={"_id": "f1"})
    assert officernd.create_fee(FEE) == "f1"


@pytest.mark.parametrize("use_coins", [False, True])
def test_coins_are_asked_for_in_the_query(
    officernd: OfficeRnD, server: responses.RequestsMock, use_coins: bool
) -> None:
    """corrections, OfficeRnD: shouldUseCoins is a query parameter of POST and PUT; PUT knows few fields."""
    query = {"shouldUseCoins": "true"} if use_coins else {}
    grant(server)
    exactly = [responses.matchers.query_param_matcher(query)]
    server.add(responses.POST, f"{BASE}/fees", status=201, json={"_id": "f1"}, match=exactly)
    officernd.create_fee(replace(FEE, use_coins=use_coins))
    (sent,) = [json.loads(call.request.body or "") for call in server.calls if "/fees" in str(call.request.url)]
    assert "shouldUseCoins" not in sent


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"body": requests.ReadTimeout("slow")}, errors.OutcomeUnknown),
        ({"body": requests.ConnectionError("reset")}, errors.OutcomeUnknown),
        ({"status": 201, "body": "<html>"}, errors.OutcomeUnknown),
        ({"status": 201, "json": {}}, errors.OutcomeUnknown),
        ({"status": 502}, errors.OutcomeUnknown),
        ({"status": 500, "json": {"message": "Internal server error"}}, errors.OutcomeUnknown),
        ({"status": 500, "json": {"message": "Specified plan was not found"}}, errors.Refused),
        ({"status": 500, "json": {"message": "Organization not found"}}, errors.Refused),
        ({"status": 400, "json": {"message": ["a", "b"]}}, errors.Refused),
        ({"status": 302}, errors.Refused),
        ({"status": 404, "json": {"message": "Cannot POST"}}, errors.NotFound),
        ({"status": 409, "json": {"message": "x"}}, errors.Conflict),
        ({"status": 429, "headers": {"Retry-After": "3"}}, errors.RateLimited),
    ],
    ids=str,
)
def test_a_fee_is_sent_once_and_each_answer_has_its_meaning(
    officernd: OfficeRnD, server: responses.RequestsMock, answer: dict[str, Any], kind: type[errors.RemoteError]
) -> None:
    """officernd-api 2.2: a 500 that names a business rule is definite; one that does not may have had its effect."""
    grant(server)
    stub(server, "POST", "/fees", **answer)
    with pytest.raises(errors.RemoteError) as caught:
        officernd.create_fee(FEE)
    assert type(caught.value) is kind
    assert len(calls_to(server, f"{BASE}/fees")) == 1


def test_nobody_listening_is_not_sent(tmp_path: Path, clock: StillClock) -> None:
    settings = example_settings(tmp_path, officernd={"token_url": "http://127.0.0.1:1/t"})
    with pytest.raises(errors.NotSent, match=r"cannot be reached at http://127.0.0.1:1/t .*token_url"):
        OfficeRnD(settings, clock).organization()


def test_a_fee_is_read_back_with_its_calendar_date(officernd: OfficeRnD, server: responses.RequestsMock) -> None:
    grant(server)
    record = {
        "_id": "f1",
        "name": "Printing",
        "issueDate": "2026-11-23T00:00:00.000Z",
        "price": 7.1,
        "location": {"_id": "loc"},
        "plan": "p",
        "payment": {"status": "paid"},
        "company": None,
    }
    query = {
        "plan": "p",
        "issueDate[$gte]": "2026-11-22T00:00:00.000Z",
        "issueDate[$lt]": "2026-11-24T00:00:00.000Z",
        "$limit": "50",
    }
    stub(server, "GET", "/fees", query=query, json={"results": [record]})
    (fee,) = officernd.fees(plan="p", issued_from=date(2026, 11, 22), issued_to=date(2026, 11, 23))
    assert (fee.issue_date, fee.price, fee.location, fee.payment_status, fee.company) == (
        date(2026, 11, 23),
        Decimal("7.1"),
        "loc",
        "paid",
        "",
    )


def test_a_record_that_cannot_be_read_is_an_error(officernd: OfficeRnD, server: responses.RequestsMock) -> None:
    grant(server)
    stub(server, "GET", "/fees", json={"results": [{"_id": "f", "issueDate": "soon"}]})
    with pytest.raises(errors.BadAnswer, match="cannot be read"):
        officernd.fees()


def test_a_401_to_a_fee_renews_the_token_and_sends_nothing_again(
    officernd: OfficeRnD, server: responses.RequestsMock
) -> None:
    """Whatever the answer says of a write, only a look can tell what became of it; that look has the new token."""
    grant(server, "old", "new")
    stub(server, "POST", "/fees", token="old", status=401, json={"message": "Unauthorized access"})
    stub(server, "GET", "/fees", token="new", json=page(0, 0))
    with pytest.raises(errors.AuthFailed):
        officernd.create_fee(FEE)
    officernd.fees()
    assert len(calls_to(server, f"{BASE}/fees")) == 2


def test_a_401_to_a_fee_is_told_also_where_no_new_token_is_to_be_had(
    officernd: OfficeRnD, server: responses.RequestsMock
) -> None:
    grant(server)
    server.add(responses.POST, TOKEN, status=503, match=asked())
    stub(server, "POST", "/fees", status=401, json={"message": "Unauthorized access"})
    with pytest.raises(errors.AuthFailed):
        officernd.create_fee(FEE)
    assert len(calls_to(server, f"{BASE}/fees")) == 1


# -- the counted list ------------------------------------------------------------------------------------------------


def fees_page(*issued: str, plan: str = "p") -> dict[str, Any]:
    return {
        "results": [
            {"_id": f"f{number}", "name": "Printing", "issueDate": f"{day}T00:00:00.000Z", "price": 1, "plan": plan}
            for number, day in enumerate(issued)
        ]
    }


def test_a_counted_list_has_the_filters_of_its_count(officernd: OfficeRnD, server: responses.RequestsMock) -> None:
    grant(server)
    asked = {"plan": "p", "issueDate[$gte]": "2026-11-22T00:00:00.000Z"}
    stub(server, "GET", "/fees/count", query=asked, json={"total": 2})
    stub(server, "GET", "/fees", query={**asked, "$limit": "50"}, json=fees_page("2026-11-22", "2026-11-23"))
    counted = officernd.counted_fees(plan="p", issued_from=date(2026, 11, 22))
    assert ([fee.id for fee in counted.fees], counted.is_counted) == (["f0", "f1"], True)


def test_a_list_that_disagrees_with_its_count_twice_is_refused(
    officernd: OfficeRnD, server: responses.RequestsMock
) -> None:
    grant(server)
    stub(server, "GET", "/fees/count", json={"total": 2})
    stub(server, "GET", "/fees", json=fees_page("2026-11-22"))
    with pytest.raises(errors.BadAnswer, match="lists 1 fees but counts 2"):
        officernd.counted_fees(plan="p")


def test_a_count_that_knows_no_filter_is_compared_with_the_whole_list(
    officernd: OfficeRnD, server: responses.RequestsMock
) -> None:
    grant(server)
    asked = {"plan": "p", "issueDate[$gte]": "2026-11-20T00:00:00.000Z"}
    unknown = {"message": "property plan should not exist"}
    stub(server, "GET", "/fees/count", query=asked, status=400, json=unknown)
    stub(server, "GET", "/fees/count", query={}, json={"total": 3})
    body = fees_page("2026-11-01", "2026-11-22", "2026-11-23")
    body["results"][2]["plan"] = "another"
    stub(server, "GET", "/fees", json=body)
    counted = officernd.counted_fees(plan="p", issued_from=date(2026, 11, 20))
    assert ([fee.id for fee in counted.fees], counted.is_counted) == (["f1"], True)


def test_without_any_count_the_list_is_no_proof(officernd: OfficeRnD, server: responses.RequestsMock) -> None:
    grant(server)
    stub(server, "GET", "/fees/count", status=404, json={"message": "Cannot GET"})
    stub(server, "GET", "/fees", json=fees_page("2026-11-22"))
    counted = officernd.counted_fees(plan="p")
    assert ([fee.id for fee in counted.fees], counted.is_counted) == (["f0"], False)
