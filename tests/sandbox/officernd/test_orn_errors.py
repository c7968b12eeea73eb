"""Errors in OfficeRnD's own words: envelope, 401 for everything, 500 for business rules, 404 for wrong verbs."""

from __future__ import annotations

import pytest

NOBODY = "aaaaaaaaaaaaaaaaaaaaaaaa"
UNAUTHORIZED = {"statusCode": 401, "message": "Unauthorized access", "error": "Unauthorized"}


def without_moment(answer):
    body = answer.json()
    assert body.pop("timestamp").endswith("Z")
    assert body.pop("path").startswith("/api/v2/organizations")
    return body


def test_envelope(api):
    """officernd-api 2.2: statusCode, message, error, timestamp, path."""
    answer = api.get("/members", nonsense="1")
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert without_moment(answer) == {
        "statusCode": 400,
        "message": ["property nonsense should not exist"],
        "error": "Bad Request",
    }


@pytest.mark.parametrize("header", [None, "Bearer not_a_token", "Basic abc", "Bearer", "bearer x y"])
def test_no_token_or_garbage(bare, header):
    """officernd-api 2.2: no or garbage token is 401 Unauthorized access."""
    answer = bare.call("GET", "/members", headers={"Authorization": header} if header else {})
    assert (answer.status_code, without_moment(answer)) == (401, UNAUTHORIZED)


def test_expired_token_and_missing_scope_look_the_same(bare, standin, clock):
    """officernd-api 2.2: an expired token and a missing scope are the same 401, without a reason."""
    bare.sign_on(standin.relay_application, "flex.community.members.read")
    assert bare.get("/members").status_code == 200
    missing = bare.get("/companies")
    clock.move(seconds=3598)
    assert bare.get("/members").status_code == 200
    clock.move(seconds=1)
    expired = bare.get("/members")
    assert without_moment(missing) == without_moment(expired) == UNAUTHORIZED


def test_revoked_token(bare, standin):
    """officernd-api 2.2: a token that stopped working early is the same 401; a new one works."""
    bare.sign_on(standin.relay_application)
    standin.revoke_tokens()
    assert bare.get("/members").status_code == 401
    bare.sign_on(standin.relay_application)
    assert bare.get("/members").status_code == 200


def test_read_scope_covers_list_get_and_count(bare, standin):
    """officernd-api 1: a .read scope covers list, get and count of its resource, and no write."""
    bare.sign_on(standin.relay_application, "flex.community.fees.read")
    assert bare.get("/fees").status_code == 200
    assert bare.get("/fees/count").status_code == 200
    assert bare.get(f"/fees/{NOBODY}").status_code == 404
    assert bare.post("/fees", {}).status_code == 401
    assert bare.delete(f"/fees/{NOBODY}").status_code == 401


def test_signin_application_reads_nothing(bare, standin):
    """officernd-api 1: the least-privileged application may check passwords only."""
    bare.sign_on(standin.signin_application)
    assert bare.get("/members").status_code == 401
    assert bare.get().status_code == 401


def test_unknown_organisation_is_a_500(api, standin):
    """officernd-api 2.2: an unknown slug, or another organisation's, is 500 Organization not found, without error."""
    url = f"{standin.api_url}/organizations/somebody-else/members"
    answer = api.session.get(url, timeout=10)
    assert answer.status_code == 500
    assert without_moment(answer) == {"statusCode": 500, "message": "Organization not found"}


@pytest.mark.parametrize("slug", ["..%2F..%2Fetc", "%27%20OR%201%3D1", "a%22b"])
def test_odd_slugs_are_redirected(api, standin, slug):
    """officernd-api 2.2: path traversal and quotes in the slug are 302 to /login."""
    url = f"{standin.api_url}/organizations/{slug}/members"
    answer = api.session.get(url, timeout=10, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login")


def test_empty_slug_is_unauthorized(api, standin):
    """officernd-api 2.2: an empty slug is another path, asked for without an organisation."""
    assert api.session.get(f"{standin.api_url}/organizations//members", timeout=10).status_code == 401


@pytest.mark.parametrize("path", ["/members", "/companies", "/memberships", "/fees", "/plans", "/locations"])
@pytest.mark.parametrize("identity", [NOBODY, "notanid"])
def test_unknown_id(api, path, identity):
    """officernd-api 2.2: an id that does not exist or is malformed is 404."""
    answer = api.get(f"{path}/{identity}")
    assert answer.status_code == 404
    assert without_moment(answer) == {"statusCode": 404, "message": f"Item with Id ({identity})", "error": "Not Found"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/members/count"),
        ("PATCH", "/members/x"),
        ("DELETE", "/plans/x"),
        ("PUT", "/locations/x"),
        ("GET", "/auth/signin"),
        ("GET", "/nothing/at/all"),
        ("OPTIONS", "/fees"),
    ],
)
def test_wrong_verb(api, bare, method, path):
    """officernd-api 2.2: a wrong verb is 404 Cannot POST ..., never 405, with or without a token."""
    for caller in (api, bare):
        answer = caller.call(method, path)
        assert answer.status_code == 404
        assert answer.json()["message"].startswith(f"Cannot {method} /api/v2/organizations/acme")


def test_several_faults_in_one_list(api):
    """officernd-api 2.2: several invalid fields are one 400 with all messages."""
    answer = api.post("/memberships", {"name": 7, "status": "approved", "extra": 1, "startDate": "21-02-2026"})
    assert answer.status_code == 400
    assert answer.json()["message"] == [
        "property status should not exist",
        "property extra should not exist",
        "name must be a string",
        "startDate must be a valid ISO 8601 date string",
        "location must be a string",
        "plan must be a string",
    ]


def test_body_that_is_not_declared_as_json(api, new_fee):
    """officernd-api 2.2: without the JSON content type the body is not read: the required fields are missing."""
    answer = api.call("POST", "/fees", data=b'{"name": "x"}', headers={"Content-Type": "text/plain"})
    assert answer.status_code == 400
    assert "name must be a string" in answer.json()["message"]


@pytest.mark.parametrize("body", [b"{name:}", b'"text"', b"[]", b"\xff\xfe"])
def test_malformed_json(api, body):
    """officernd-api 2.2: a body that is no JSON object is a 400."""
    answer = api.call("POST", "/fees", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"] == "Bad Request"


def test_body_without_length_is_refused(api):
    """A chunked body is none that the stand-in reads; it must not take the next request for it."""
    answer = api.call("POST", "/fees", data=iter([b"{}"]), headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


def test_no_query_on_writes(api, new_fee):
    """officernd-api 2.2: an unknown query parameter is refused on writes as well."""
    answer = api.post("/fees", new_fee(), dryRun="true")
    assert answer.status_code == 400
    assert answer.json()["message"] == ["property dryRun should not exist"]


def test_connection_test(api, organisation):
    """officernd-api 3.11: GET on the base URL is the organisation."""
    answer = api.get()
    assert answer.status_code == 200
    assert {"_id", "name", "slug", "imageUrl", "description"} == set(answer.json())
    assert answer.json()["slug"] == organisation.slug
