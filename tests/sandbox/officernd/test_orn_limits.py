"""Rate limits: reads and writes apart, by minute and by day, and what the headers say."""

from __future__ import annotations


def test_headers_on_good_answers(api, new_fee, switches):
    """officernd-api 2.1: limit, remaining, reset for read-minute and read-day; a write family by analogy."""
    read = api.get("/members").headers
    assert read["x-ratelimit-limit-read-minute"] == "400"
    assert read["x-ratelimit-remaining-read-minute"] == "399"
    assert read["x-ratelimit-reset-read-minute"] == "60"
    assert read["x-ratelimit-limit-read-day"] == "500000"
    assert "x-ratelimit-limit-write-minute" not in read
    assert api.post("/fees", new_fee()).headers["x-ratelimit-remaining-write-day"] == "99999"
    switches.write_rate_headers = False
    assert "x-ratelimit-limit-write-day" not in api.post("/fees", new_fee()).headers
    switches.rate_headers = False
    assert not any(name.lower().startswith("x-ratelimit") for name in api.get("/members").headers)


def test_reads_and_writes_are_limited_separately(api, new_fee, switches, clock):
    """officernd-api 2.1: v2 limits reads and writes separately; 429 with Retry-After, and nothing is done."""
    switches.reads_a_minute, switches.writes_a_minute = 2, 1
    assert [api.get("/members").status_code for _ in range(3)] == [200, 200, 429]
    assert api.post("/fees", new_fee()).status_code == 201
    clock.move(seconds=10)
    refused = api.post("/fees", new_fee())
    assert refused.status_code == 429
    assert refused.json()["error"] == "Too Many Requests"
    assert 50 <= int(refused.headers["Retry-After"]) <= 51
    assert len(api.standin.fees()) == 1
    clock.move(seconds=50)
    assert api.get("/members").status_code == 200
    assert api.post("/fees", new_fee()).status_code == 201


def test_day_limit(api, standin, switches, clock):
    """officernd-api 2.1: the day has its own limit, and its Retry-After is long."""
    switches.reads_a_day = 3
    api.sign_on(standin.relay_application)
    assert [api.get("/members").status_code for _ in range(4)] == [200, 200, 200, 429]
    clock.move(minutes=5)
    refused = api.get("/members")
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 86_000
    clock.move(days=1)
    api.sign_on(standin.relay_application)
    assert api.get("/members").status_code == 200


def test_retry_after_is_a_switch(api, switches):
    """officernd-api 2.1: Retry-After was never seen, only expected."""
    switches.reads_a_minute, switches.retry_after = 1, False
    api.get("/members")
    assert "Retry-After" not in api.get("/members").headers


def test_applications_have_their_own_window(api, bare, standin, switches):
    """The sign-in application is not stopped by what the relay has read."""
    switches.writes_a_minute = 1
    sample = standin.organisation.login_samples(1)[0]
    body = {"email": sample.email, "password": sample.password}
    bare.sign_on(standin.signin_application)
    assert bare.post("/auth/signin", body).status_code == 200
    assert bare.post("/auth/signin", body).status_code == 429, "officernd-api 4.2: a sign-in counts as a write"
    assert api.post("/auth/signin", body).status_code == 200


def test_zero_switches_a_limit_off(api, switches):
    """0 is no limit and shows no headers."""
    switches.reads_a_minute = 0
    assert all(api.get("/locations").status_code == 200 for _ in range(10))
    assert "x-ratelimit-limit-read-minute" not in api.get("/locations").headers
