"""The product's own client at the stand-in, in every position of the wire's switches, and over TLS."""

from __future__ import annotations

import pytest
import trustme

from relay.errors import AuthFailed, BadAnswer, Conflict, NotFound, NotSent, OutcomeUnknown, Refused
from relay.papercut.client import PaperCut, balance_from_text
from relay.sandbox.papercut import PaperCutStandIn
from tests.support.settings_example import SECRET_FILES, example_settings
from tests.support.still_clock import StillClock

POSITIONS = [
    {},
    {"typed_strings": True},
    {"charset": "iso-8859-1"},
    {"charset": "numeric"},
    {"fault_class_prefix": False},
    {"boolean_spelling": "lower"},
    {"balance_digits": 2},
    {"page_limit": 2},
    {"unknown_name_code": 257},
    {"access_denied_code": 1, "wrong_token_code": 2, "wrong_token_text": "Invalid authentication token."},
    {"unlisted_fault_code": 299},
    {"user_groups_with_built_in": False},
    {"int_for_double": "accept", "stringly_ints": "fault", "nil": "blank"},
]


@pytest.fixture
def ours(papercut, tmp_path, clock):
    papercut.state.config["auth.webservices.auth-token"] = SECRET_FILES["papercut_token"]
    return PaperCut(example_settings(tmp_path, papercut={"url": papercut.url}), clock)


@pytest.mark.parametrize("positions", POSITIONS, ids=lambda positions: ",".join(positions) or "default")
def test_everyday_work_is_the_same_in_every_position(papercut, ours, positions):
    """papercut-server-api 1.2 to 1.8: no doubt about the real server may change what the product sees"""
    for name, value in positions.items():
        papercut.state.switches.set(name, value)
    state = papercut.state
    state.user("ann_example.com").full_name = "Zoë Ört & Söhne €"
    state.add_group("Salt & Pepper")

    assert ours.usernames() == ["ann_example.com", "bob_example.com", "reception"]
    assert ours.user_properties("ann_example.com", ["full-name", "internal"])["full-name"] == "Zoë Ört & Söhne €"
    assert ours.user_properties("reception", ["internal"])["internal"].upper() == "TRUE"
    assert ours.groups() == ["Acme", "Salt & Pepper"]
    assert "Acme" in ours.user_groups("ann_example.com")
    assert ours.balance("ann_example.com") == -7_000_000
    assert balance_from_text(ours.user_properties("ann_example.com", ["balance"])["balance"]) == -7_000_000
    ours.adjust_balance("ann_example.com", 7_000_000, "PRT-1")
    assert (state.user("ann_example.com").balance, state.transactions[-1].comment) == (0.0, "PRT-1")
    ours.set_user_properties("bob_example.com", [("department", "A & B"), ("disabled-print", "TRUE")])
    assert (state.user("bob_example.com").department, state.user("bob_example.com").disabled) == ("A & B", True)
    assert ours.config("no.such.key") == ""
    assert ours.task_status().completed
    assert ours.printers() == [("!!template printer!!", ""), ("print01", "Colour")]
    assert ours.printer_cost("print01", "Colour") == 100_000
    ours.rename_user("bob_example.com", "rob_example.com")
    assert ours.user_exists("rob_example.com") and not ours.user_exists("bob_example.com")

    with pytest.raises(NotFound):
        ours.balance("nobody")
    with pytest.raises(NotFound):
        ours.group_members("Nowhere")
    with pytest.raises(Conflict):
        ours.rename_user("rob_example.com", "reception")
    with pytest.raises(Conflict):
        ours.set_user_properties("rob_example.com", [("email", "ann@example.com")])
    state.config["auth.webservices.allowed-addresses"] = "10.0.0.5"
    with pytest.raises(AuthFailed):
        ours.total_users()
    state.config["auth.webservices.allowed-addresses"] = "127.0.0.1"
    state.config["auth.webservices.auth-token"] = "another"
    with pytest.raises(AuthFailed):
        ours.total_users()


@pytest.mark.parametrize("kind", ["lost_after", "http_500_after", "garbage", "empty"])
def test_a_write_whose_answer_is_lost_is_neither_success_nor_failure(papercut, ours, kind):
    """Sent once, done, and not known."""
    papercut.faults.add("adjustUserAccountBalance", kind)
    with pytest.raises(OutcomeUnknown):
        ours.adjust_balance("ann_example.com", 1_000_000, "PRT-1")
    assert papercut.writes == {"adjustUserAccountBalance": 1}
    assert papercut.state.user("ann_example.com").balance == -6.0


def test_a_write_that_never_arrived_looks_just_the_same(papercut, ours):
    """Only a later look can tell."""
    papercut.faults.add("adjustUserAccountBalance", "lost_before")
    with pytest.raises(OutcomeUnknown):
        ours.adjust_balance("ann_example.com", 1_000_000, "PRT-1")
    assert papercut.writes == {}


@pytest.mark.parametrize("kind", ["lost_after", "lost_before", "http_500", "garbage", "empty"])
def test_a_read_is_repeated_within_bounds(papercut, ours, kind):
    """A hiccup is passed over; a server that stays like that is an error."""
    papercut.faults.add("getUserAccountBalance", kind)
    assert ours.balance("ann_example.com") == -7_000_000
    papercut.faults.add("getUserAccountBalance", kind, times=0)
    with pytest.raises(BadAnswer):
        ours.balance("ann_example.com")
    assert papercut.calls["getUserAccountBalance"] < 10


def test_a_server_that_is_down_is_not_sent(papercut, ours):
    """No connection: nothing happened."""
    papercut.stop()
    with pytest.raises(NotSent):
        ours.adjust_balance("ann_example.com", 1_000_000, "PRT-1")


def test_several_personal_accounts(papercut, ours, tmp_path, clock):
    """papercut-server-api 1.4: 274 until [papercut] personal_account is set"""
    papercut.state.settings.personal_accounts = ("Print", "Bonus")
    papercut.state.add_user("zoe", balance=1.0)
    with pytest.raises(Refused) as refused:
        ours.adjust_balance("zoe", 1_000_000, "PRT-1")
    assert refused.value.status == 274
    named = PaperCut(example_settings(tmp_path, papercut={"url": papercut.url, "personal_account": "Bonus"}), clock)
    named.adjust_balance("zoe", 1_000_000, "PRT-1")
    assert (named.balance("zoe"), ours.balance("zoe")) == (1_000_000, 2_000_000)


def test_over_tls(tmp_path):
    """papercut-server-api 5: self-signed by default; a pinned certificate is accepted, an unknown one is not"""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    clock = StillClock()
    with PaperCutStandIn(
        data_dir=tmp_path, clock=clock, token=SECRET_FILES["papercut_token"], cert_file=tmp_path / "server.pem"
    ) as server:
        server.state.add_user("ann")
        assert server.url.startswith("https://")
        pinned = PaperCut(example_settings(tmp_path, papercut={"url": server.url, "ca_file": "ca.pem"}), clock)
        assert pinned.usernames() == ["ann"]
        with pytest.raises(NotSent) as refused:
            PaperCut(example_settings(tmp_path, papercut={"url": server.url}), clock).total_users()
        assert refused.value.code == "tls"
        plain = PaperCut(
            example_settings(tmp_path, papercut={"url": server.url.replace("https", "http"), "ca_file": ""}), clock
        )
        with pytest.raises((BadAnswer, NotSent)):
            plain.total_users()
        assert pinned.total_users() == 1
