"""Injected faults: what happened and what the client sees are two things."""

from __future__ import annotations

import pytest
import requests

from relay.sandbox.officernd.faults import KINDS, Faults, RouteFault


def test_lost_after_the_effect(api, standin, new_fee):
    """officernd-api 7.5: the fee is there, the answer is not; the next call goes well."""
    standin.fault("POST /fees", "lost_after")
    with pytest.raises(requests.ConnectionError):
        api.post("/fees", new_fee())
    assert len(standin.fees()) == 1
    assert api.post("/fees", new_fee()).status_code == 201
    assert standin.calls["POST /fees"] == 2


def test_lost_before_the_effect(api, standin, new_fee):
    """The same for the client, but nothing happened."""
    standin.fault("POST /fees", "lost_before")
    with pytest.raises(requests.ConnectionError):
        api.post("/fees", new_fee())
    assert standin.fees() == []


def test_late(api, standin, new_fee, clock):
    """officernd-api 7.5: nothing to be seen when the client looks, and the fee is there afterwards."""
    standin.fault("POST /fees", "late", seconds=60)
    with pytest.raises(requests.ConnectionError):
        api.post("/fees", new_fee())
    clock.move(seconds=59)
    assert api.get("/fees").json()["results"] == []
    clock.move(seconds=1)
    (fee,) = api.get("/fees").json()["results"]
    assert fee["createdAt"] == "2026-11-02T12:01:00.000Z"
    assert api.post("/fees", new_fee()).status_code == 201


def test_a_late_call_that_is_refused_does_nothing(api, standin, new_fee):
    """officernd-api 2.2: the refusal has no connection left to go to."""
    standin.fault("POST /fees", "late")
    with pytest.raises(requests.ConnectionError):
        api.post("/fees", new_fee(plan="nobody"))
    assert api.get("/fees").json()["results"] == []


def test_what_is_late_dies_with_the_service(api, standin, new_fee, clock):
    """A service that was restarted does not go on with what it was doing."""
    standin.fault("POST /fees", "late", seconds=60)
    with pytest.raises(requests.ConnectionError):
        api.post("/fees", new_fee())
    standin.stop()
    standin.start()
    clock.move(minutes=5)
    assert api.get("/fees").json()["results"] == []


def test_cut_in_the_middle(api, standin, new_fee):
    """Half an answer: the effect is there, the body does not end."""
    standin.fault("POST /fees", "cut")
    with pytest.raises(requests.RequestException):
        api.post("/fees", new_fee())
    assert len(standin.fees()) == 1


@pytest.mark.parametrize(("after_effect", "fees"), [(None, 0), (True, 1)])
def test_error(api, standin, new_fee, after_effect, fees):
    """A 5xx says nothing about the effect: by default there is none, with `after_effect` there is."""
    standin.fault("POST /fees", "error", status=503, after_effect=after_effect)
    assert api.post("/fees", new_fee()).status_code == 503
    assert len(standin.fees()) == fees


@pytest.mark.parametrize(("after_effect", "fees"), [(None, 1), (False, 0)])
def test_garbage(api, standin, new_fee, after_effect, fees):
    """A 200 that is no JSON: by default the effect is there."""
    standin.fault("POST /fees", "garbage", after_effect=after_effect)
    answer = api.post("/fees", new_fee())
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html")
    assert len(standin.fees()) == fees


def test_rate_limited(api, standin):
    """officernd-api 2.1: 429 with Retry-After on demand, without effect."""
    standin.fault("GET /members", "rate_limited", seconds=7)
    answer = api.get("/members")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    standin.fault("GET /members", "rate_limited")
    assert "Retry-After" not in api.get("/members").headers


def test_delay(api, standin):
    """An answer later than the client waits is a lost answer."""
    standin.fault("GET /members", "delay", seconds=0.5)
    with pytest.raises(requests.Timeout):
        api.session.get(f"{api.base}/members", timeout=0.05)
    assert standin.calls["GET /members"] == 1


def test_short_page(api, standin):
    """A list that ends too early and looks right in itself: only the count tells."""
    standin.fault("GET /members", "short_page", amount=3)
    page = api.get("/members").json()
    assert (len(page["results"]), page["rangeStart"], page["rangeEnd"]) == (47, 1, 47)
    assert "cursorNext" not in page
    standin.fault("GET /members", "short_page", amount=50)
    assert api.get("/members").json() == {"results": [], "rangeStart": 0, "rangeEnd": 0}


def test_wrong_total(api, standin):
    """A count that does not fit the pages."""
    standin.fault("GET /members/count", "wrong_total", amount=-2)
    assert api.get("/members/count").json()["total"] == 118
    assert api.get("/members/count").json()["total"] == 120


def test_times_and_skip(api, standin):
    """A fault comes after `skip` good calls, `times` times; -1 is for ever."""
    standin.fault("GET /plans", "error", skip=1, times=2)
    assert [api.get("/plans").status_code for _ in range(4)] == [200, 500, 500, 200]
    standin.fault("GET /plans", "error", times=-1)
    assert [api.get("/plans").status_code for _ in range(3)] == [500, 500, 500]
    standin.faults.clear()
    assert api.get("/plans").status_code == 200


def test_patterns(api, bare, standin):
    """`*` stands for anything; the token endpoint is a route like others; ids are written {id}."""
    standin.fault("GET /members*", "error", times=3)
    assert api.get("/members").status_code == 500
    assert api.get("/members/count").status_code == 500
    assert api.get("/members/nobody").status_code == 500
    standin.fault("GET /members/{id}", "error")
    assert api.get("/members").status_code == 200
    assert api.get("/members/nobody").status_code == 500
    standin.fault("POST /oauth/token", "lost_before")
    with pytest.raises(requests.ConnectionError):
        bare.token(standin.relay_application)


def test_something_else_at_that_moment(api, standin, new_fee):
    """`action` runs before the effect, or after it and before the answer."""
    seen = []
    standin.fault("POST /fees", "none", action=lambda: seen.append(len(standin.fees())))
    standin.fault("POST /fees", "lost_after", after_effect=True, action=lambda: seen.append(len(standin.fees())))
    standin.fault("POST /fees", "late", after_effect=True, action=lambda: seen.append(len(standin.fees())))
    standin.fault("POST /fees", "lost_before", action=lambda: seen.append("before"))
    assert api.post("/fees", new_fee()).status_code == 201
    for _ in range(3):
        with pytest.raises(requests.ConnectionError):
            api.post("/fees", new_fee())
    assert seen == [0, 2, 3, "before"]


def test_unknown_kind():
    """A misspelt fault is told at once."""
    with pytest.raises(ValueError, match="there is no fault lost; known are lost_after"):
        RouteFault("POST /fees", "lost")
    assert "lost_after" in KINDS


def test_a_fault_is_a_copy():
    """Counting down does not change the value that the caller holds."""
    faults, fault = Faults(), RouteFault("GET /", "error", times=2)
    faults.add(fault)
    assert faults.take("GET /").kind == "error"
    assert (fault.times, [row.times for row in faults.waiting()]) == (2, [1])
    assert faults.take("GET /members") is None


def test_calls_reads_writes(api, bare, standin, new_fee):
    """Calls are counted by route; token requests are neither reads nor writes."""
    before = (standin.reads, standin.writes)
    api.get("/members")
    api.get("/fees/nobody")
    api.post("/fees", new_fee())
    api.delete("/fees/nobody")
    assert (standin.reads, standin.writes) == (before[0] + 2, before[1] + 2)
    assert standin.calls["GET /fees/{id}"] == standin.calls["DELETE /fees/{id}"] == 1
    assert standin.calls["POST /oauth/token"] == 1
