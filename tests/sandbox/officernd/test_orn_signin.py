"""Sign-in: the right password opens, every other case is refused as the switches say."""

from __future__ import annotations

import pytest


@pytest.fixture
def sample(organisation):
    return organisation.login_samples(1)[0]


@pytest.fixture
def signin(bare, standin):
    """Return a function that signs in through the least-privileged application."""
    bare.sign_on(standin.signin_application)
    return lambda email, password: bare.post("/auth/signin", {"email": email, "password": password})


def test_every_sample_opens(signin, organisation):
    """officernd-api 4.1: 200 with the *user's* _id, email, name, image; never the member's id."""
    for sample in organisation.login_samples(20):
        answer = signin(sample.email, sample.password)
        assert answer.status_code == 200
        assert set(answer.json()) == {"_id", "email", "name", "image"}
        assert answer.json()["email"] == sample.email
        assert answer.json()["_id"] != sample.member.id


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_wrong_password(signin, sample, switches, status):
    """officernd-api 4.2: status and body for a wrong password are unknown."""
    switches.signin_wrong_password = status
    for wrong in ("wrong", "", sample.password.upper(), sample.password + " ", "\ud800"):
        answer = signin(sample.email, wrong)
        assert answer.status_code == status
        assert answer.json()["message"] == "Invalid email or password"
        assert not wrong or wrong not in answer.text


def test_unknown_email(signin, switches):
    """officernd-api 4.2: an unknown e-mail may look the same or not."""
    assert signin("nobody@x.example", "x").status_code == 401
    switches.signin_unknown_email = 404
    assert signin("nobody@x.example", "x").status_code == 404


def test_401_that_cannot_be_told_from_a_bad_token(signin, sample, switches):
    """officernd-api 4.2: whether the 401 of a bad password can be told from the 401 of a bad token is unknown."""
    switches.signin_refusal_like_bad_token = True
    assert signin(sample.email, "wrong").json()["message"] == "Unauthorized access"
    switches.signin_wrong_password = 400
    assert signin(sample.email, "wrong").json()["message"] == "Invalid email or password"


def test_never_made_a_password(signin, organisation, switches):
    """officernd-api 4.1 and 6.4: many members were invited and have no password at all."""
    user = next(user for user in organisation.users if not user.password and not user.sso_only)
    switches.signin_no_password = 400
    assert signin(user.email, "").status_code == 400
    assert signin(user.email, "anything").status_code == 400


def test_sso_only(signin, organisation, standin, sample, switches):
    """officernd-api 4.3: password login may be switched off for one who comes through SSO, or for all."""
    standin.state.set_password("sso@x.example", "Right-123", sso_only=True)
    assert signin("sso@x.example", "Right-123").status_code == 403
    switches.organisation_is_sso_only, switches.signin_sso_only = True, 400
    assert signin(sample.email, sample.password).status_code == 400


def test_portal_access_off(signin, standin, sample, switches):
    """officernd-api 4.2: the answer for a disabled portal access is unknown."""
    standin.state.set_portal_access(sample.email, False)
    assert signin(sample.email, sample.password).status_code == 403
    switches.signin_portal_access_off = 401
    assert signin(sample.email, sample.password).status_code == 401


def test_admins(signin, organisation, switches):
    """officernd-api 4.2: whether an admin of the organisation also passes is unknown; no member belongs to them."""
    admin = next(user for user in organisation.users if user.is_admin)
    assert admin.email not in {member.email for member in organisation.members}
    assert signin(admin.email, admin.password).status_code == 200
    switches.signin_admits_admins = False
    assert signin(admin.email, admin.password).status_code == 401


def test_case_of_the_email(signin, sample, switches):
    """officernd-api 4.2: whether the e-mail compare is case-sensitive is unknown; the answer has the stored one."""
    answer = signin(sample.email.upper(), sample.password)
    assert (answer.status_code, answer.json()["email"]) == (200, sample.email)
    switches.signin_email_case_sensitive = True
    assert signin(sample.email.upper(), sample.password).status_code == 401
    assert signin(sample.email, sample.password).status_code == 200


def test_lock_out(signin, sample, switches, clock, organisation):
    """officernd-api 4.2: lock-out of repeated failures is unknown; locked, even the right password is refused."""
    other = organisation.login_samples(2)[1]
    switches.signin_lockout_after = 3
    assert [signin(sample.email, "wrong").status_code for _ in range(4)] == [401, 401, 401, 429]
    assert signin(sample.email, sample.password).json()["message"] == "Too many attempts"
    assert signin(other.email, other.password).status_code == 200
    clock.move(minutes=15)
    assert signin(sample.email, sample.password).status_code == 200
    switches.signin_lockout_status = 403
    assert [signin(sample.email, "wrong").status_code for _ in range(4)] == [401, 401, 401, 403]


def test_a_success_forgets_the_failures(signin, sample, switches):
    """Failures count in a row."""
    switches.signin_lockout_after = 2
    for _ in range(3):
        assert signin(sample.email, "wrong").status_code == 401
        assert signin(sample.email, sample.password).status_code == 200


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, ["email must be a string", "password must be a string"]),
        ({"email": "a@b.example", "password": 5}, ["password must be a string"]),
        ({"email": "a@b.example", "password": "x", "remember": True}, ["property remember should not exist"]),
    ],
)
def test_strict_body(bare, standin, body, message):
    """officernd-api 2.2: the same validation as everywhere."""
    bare.sign_on(standin.signin_application)
    answer = bare.post("/auth/signin", body)
    assert (answer.status_code, answer.json()["message"]) == (400, message)


def test_needs_its_own_scope(bare, standin, sample):
    """officernd-api 4.1: scope flex.user.auth.signin; the relay's application has it not."""
    bare.sign_on(standin.relay_application)
    answer = bare.post("/auth/signin", {"email": sample.email, "password": sample.password})
    assert (answer.status_code, answer.json()["message"]) == (401, "Unauthorized access")


def test_former_members_still_sign_in(signin, standin):
    """officernd-api 3.1: the end of a membership does not end sign-in: both must be checked."""
    solo = standin.state.add_member("Solo", "solo@x.example", password="Right-123")
    standin.state.change_member(solo["_id"], status="former")
    assert signin("solo@x.example", "Right-123").status_code == 200
