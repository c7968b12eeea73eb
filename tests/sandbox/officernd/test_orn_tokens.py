"""The token endpoint refuses what the real one refuses."""

from __future__ import annotations

import pytest
import requests

READ = "flex.community.members.read"


def test_token(bare, standin):
    """officernd-api 1: form-encoded, scopes asked for, 3599 seconds, bearer."""
    answer = bare.token(standin.relay_application, READ)
    assert answer.status_code == 200
    assert {"access_token", "token_type", "expires_in", "scope"} == set(answer.json())
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("Bearer", 3599)
    assert answer.json()["scope"] == READ


def test_body_must_be_a_form(bare, standin):
    """officernd-api 1: the token request is form-encoded; JSON or a query string is not read."""
    application = standin.relay_application
    fields = {
        "grant_type": "client_credentials",
        "client_id": application.client_id,
        "client_secret": application.client_secret,
        "scope": READ,
    }
    assert requests.post(standin.token_url, json=fields, timeout=10).status_code == 400
    assert requests.post(standin.token_url, params=fields, timeout=10).status_code == 400
    assert bare.session.get(standin.token_url, timeout=10).status_code == 404


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_secret": "ünicode"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"scope": ""}, 400, "invalid_scope"),
        ({"scope": f"{READ} flex.user.auth.signin"}, 400, "invalid_scope"),
        ({"scope": "flex.community.members"}, 400, "invalid_scope"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_refusals(bare, standin, form, status, error):
    """officernd-api 1: 401 for a bad client, 400 invalid_scope; one ungranted scope spoils the whole request."""
    answer = bare.token(standin.relay_application, **{"scope": READ, **form})
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert "access_token" not in answer.text


def test_shape_of_a_refusal_is_a_switch(bare, standin, switches):
    """officernd-api 1: the body of a refused token request is unknown."""
    switches.token_error_shape = "envelope"
    answer = bare.token(standin.relay_application, "nonsense")
    assert answer.json() == {"statusCode": 400, "message": "invalid_scope", "error": "Bad Request"}


def test_five_a_minute(bare, standin, clock):
    """officernd-api 1: five calls a minute; the sixth is a 429 until the first is a minute old."""
    for _ in range(5):
        assert bare.token(standin.relay_application, READ).status_code == 200
        clock.move(seconds=5)
    refused = bare.token(standin.relay_application, READ)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) >= 35
    assert bare.token(standin.signin_application, "flex.user.auth.signin").status_code == 200, "another client's minute"
    clock.move(seconds=36)
    assert bare.token(standin.relay_application, READ).status_code == 200


def test_application_scopes(standin):
    """officernd-api 1: two applications; the one of the login may check passwords and nothing else."""
    assert standin.signin_application.scopes == {"flex.user.auth.signin"}
    assert "flex.user.auth.signin" not in standin.relay_application.scopes
    assert standin.relay_application.client_secret not in repr(standin.relay_application)


def test_same_organisation_same_secrets(standin, organisation):
    """A sandbox that is started again keeps the secrets that were written into a relay.toml."""
    from relay.sandbox.officernd import OfficeRnDStandIn

    assert OfficeRnDStandIn(organisation).relay_application == standin.relay_application
