"""The popup: who is asked, what is passed on, what is made of the answer."""

from __future__ import annotations

import pytest

from relay.sandbox.papercut import Login
from tests.support.fake_programs import auth_program, user_source


@pytest.fixture
def auth(papercut, tmp_path):
    program = auth_program(tmp_path / "auth")
    papercut.use_programs(auth=program.path)
    program.answers(
        {
            "ann@example.com/right": {"out": "OK\nann_example.com\n"},
            "ann_example.com/right": {"out": "OK\n"},
            "bob@example.com/right": {"out": "OK\nbob@example.com\n"},
            "Ann@Example.com/right": {"out": "OK\r\nANN_example.com\r\n"},
            "zoe@example.com/right": {"out": "OK\nzoe_example.com\n"},
            "exit/right": {"out": "OK\nann_example.com\n", "exit": 255},
            "silent/right": {"out": ""},
            "patient/right": {"out": "OK\nann_example.com\n", "until_end_of_file": True},
        }
    )
    return program


def test_the_program_hears_what_was_typed_and_names_the_account(papercut, auth):
    """papercut-server-api 3.4: no arguments, two lines in, OK and the canonical name out"""
    assert papercut.popup_login("ann@example.com", "right") == Login(True, "ann_example.com", "", True)
    assert auth.asked()[0]["argv"] == []
    assert auth.asked()[0]["name"] == "ann@example.com"


def test_ok_without_a_name_means_the_typed_one(papercut, auth):
    """papercut-server-api 3.4"""
    assert papercut.popup_login("ann_example.com", "right").username == "ann_example.com"


def test_the_name_is_taken_in_lower_case_and_windows_lines_are_fine(papercut, auth):
    """papercut-server-api 1.8: usernames are stored lower-case"""
    assert papercut.popup_login("Ann@Example.com", "right").username == "ann_example.com"


def test_a_returned_name_is_cut_at_the_at_sign_and_then_unknown(papercut, auth):
    """papercut-server-api 1.8, papercut-print-scripts 3.3: the user sees that the account is not registered"""
    papercut.state.add_user("bob@example.com")
    verdict = papercut.popup_login("bob@example.com", "right")
    assert (verdict.ok, verdict.reason) == (False, "no_account")
    assert 'User "bob" attempted to log in, but they have no account' in papercut.state.server_log[-1]
    papercut.state.add_user("bob")
    assert papercut.popup_login("bob@example.com", "right").username == "bob"


def test_a_clean_refusal_is_logged_nowhere(papercut, auth):
    """papercut-server-api 3.4: a clean ERROR with exit 0"""
    for typed in ("ann@example.com", "silent"):
        verdict = papercut.popup_login(typed, "right" if typed == "silent" else "wrong")
        assert (verdict.ok, verdict.reason, verdict.asked_program) == (False, "refused", True)
    assert papercut.state.server_log == []
    papercut.state.switches.set("log_of_clean_refusal", True)
    papercut.popup_login("ann@example.com", "wrong")
    assert "failed to authenticate" in papercut.state.server_log[-1]


def test_a_non_zero_exit_refuses_even_after_ok(papercut, auth):
    """papercut-server-api 3.4: the exit code is enforced"""
    verdict = papercut.popup_login("exit", "right")
    assert (verdict.ok, verdict.reason) == (False, "exit_code")
    assert "Auth handler returned non-zero exit code: 255" in papercut.state.server_log[0]
    assert "failed to authenticate" in papercut.state.server_log[1]


def test_standard_input_stays_open(papercut, auth):
    """papercut-server-api 3.4: read two lines, do not wait for end of file"""
    papercut.state.switches.set("auth_timeout_s", 0.3)
    verdict = papercut.popup_login("patient", "right")
    assert (verdict.ok, verdict.reason) == (False, "program")
    assert "did not answer within 0.3 s" in papercut.state.server_log[-1]
    papercut.state.switches.set("auth_timeout_s", 10.0)
    papercut.state.switches.set("auth_stdin_stays_open", False)
    assert papercut.popup_login("patient", "right").ok


def test_internal_users_are_checked_here_and_the_program_is_not_asked(papercut, auth):
    """papercut-server-api 1.8: PaperCut makes no custom-program calls for them"""
    assert papercut.popup_login("Reception", "front desk") == Login(True, "reception")
    assert papercut.popup_login("desk@example.com", "front desk") == Login(True, "reception")
    verdict = papercut.popup_login("reception", "right")
    assert (verdict.ok, verdict.reason, verdict.asked_program) == (False, "wrong_password", False)
    assert "failed to authenticate" in papercut.state.server_log[-1]
    assert auth.asked() == []
    papercut.state.switches.set("internal_users_reach_auth_program", True)
    assert papercut.popup_login("reception", "front desk").reason == "refused"
    assert len(auth.asked()) == 1


def test_the_name_found_by_email_may_be_passed_instead(papercut, auth):
    """papercut-server-api 1.8: email login works by default; whether before or after the program is asked is unknown"""
    papercut.state.switches.set("auth_program_receives", "username")
    assert papercut.popup_login("ANN@example.com", "right").username == "ann_example.com"
    assert auth.asked()[0]["name"] == "ann_example.com"
    papercut.state.settings.email_login = False
    assert not papercut.popup_login("ANN@example.com", "right").ok
    assert auth.asked()[1]["name"] == "ANN@example.com"


def test_an_alias_is_a_name_where_aliases_are_on(papercut, auth):
    """papercut-server-api 3.1: `secondary-user-name.enabled`"""
    papercut.state.user("ann_example.com").alias = "lee"
    papercut.state.switches.set("auth_program_receives", "username")
    assert not papercut.popup_login("lee", "right").ok
    papercut.state.config["secondary-user-name.enabled"] = "Y"
    assert papercut.popup_login("Lee", "right").username == "ann_example.com"


@pytest.mark.parametrize(("typed", "password"), [("", "right"), ("  ", "right"), ("ann@example.com", "")])
def test_blank_names_and_passwords_ask_nobody(papercut, auth, typed, password):
    """papercut-server-api 3.4: refused by PaperCut's own reference program"""
    assert papercut.popup_login(typed, password).reason == "blank"
    assert auth.asked() == []


def test_a_missing_or_unlisted_program_refuses(papercut):
    """papercut-server-api 7: upgrades to 22.1.1 silently stop custom programs"""
    assert papercut.popup_login("ann@example.com", "right").reason == "program"
    papercut.state.config["auth.source.custom-program"] = "/elsewhere/auth.py"
    assert papercut.popup_login("ann@example.com", "right").reason == "program"
    assert "security.properties" in papercut.state.server_log[-1]


def test_the_program_gets_its_own_variables_only(papercut, auth, monkeypatch):
    """papercut-server-api 3.1: `auth.source.env-vars` is `NAME=value`"""
    monkeypatch.setenv("OFFICERND_HOME", "/wrong")
    papercut.state.config["auth.source.env-vars"] = "OFFICERND_HOME=/srv/print; EXTRA=1"
    papercut.popup_login("ann@example.com", "right")
    environment = auth.asked()[0]["environment"]
    assert (environment["OFFICERND_HOME"], environment["EXTRA"]) == ("/srv/print", "1")
    assert "HOME" not in environment


def test_an_unknown_account_is_made_on_demand_by_the_user_source(papercut, auth, tmp_path):
    """papercut-server-api 3.5: create (default), allow, deny"""
    source = user_source(tmp_path / "source")
    papercut.use_programs(user_source=source.path)
    settings = papercut.state.settings
    settings.on_demand_creation = "deny"
    assert papercut.popup_login("zoe@example.com", "right").reason == "no_account"
    settings.on_demand_creation = "allow"
    assert papercut.popup_login("zoe@example.com", "right") == Login(True, "zoe_example.com", "", True, account=False)
    settings.on_demand_creation = "create"
    assert papercut.popup_login("zoe@example.com", "right").reason == "no_account"
    assert source.commands() == ["get-user-details zoe_example.com"]
    source.answers(
        {"get-user-details zoe_example.com": "zoe_example.com\tZoë\n", "is-user-in-group Acme zoe_example.com": "Y\n"}
    )
    assert papercut.popup_login("zoe@example.com", "right").username == "zoe_example.com"
    assert papercut.state.groups_of("zoe_example.com") == ["Acme"]


def test_the_popup_remembers_who_sits_at_an_address(papercut, auth):
    """papercut-print-scripts 3.1: the IP-to-user link is kept"""
    papercut.popup_login("ann@example.com", "wrong", client="10.0.0.7")
    assert papercut.state.sessions == {}
    papercut.popup_login("ann@example.com", "right", client="10.0.0.7")
    assert papercut.state.sessions == {"10.0.0.7": "ann_example.com"}
