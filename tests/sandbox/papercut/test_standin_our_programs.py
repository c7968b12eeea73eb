"""The product's own two programs, started by the stand-in in every way that a real server may start them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from relay import config
from relay.people.act.publish import publish, publish_programs
from relay.people.directory import DirectoryUser, directory_of
from relay.sandbox.organisation import LoginSample
from relay.sandbox.pair import Pair
from relay.sandbox.papercut import PaperCutStandIn, PaperCutSwitches, sync
from relay.sandbox.papercut.filling import connector_username

GROUP = "Salt & Pepper"


@dataclass(frozen=True)
class Office:
    """A running pair, whose directory holds one member who can log in."""

    papercut: PaperCutStandIn
    sample: LoginSample
    username: str


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder: Path = tmp_path_factory.mktemp("pair")
    with Pair(folder, members=5, seed=2) as pair:
        settings = config.load(pair.config_file)
        now = datetime.now(UTC)
        sample = pair.logins(1)[0]
        username = connector_username(sample.email)
        users = [
            DirectoryUser(username, "Zoë Ört", sample.email, "Dep", "HQ", groups=(GROUP,), logins=(sample.email,)),
            DirectoryUser("gone_example.com", "Gone", standing="departed", reason="has left"),
        ]
        publish(directory_of(users, [GROUP, "Empty"]), settings, record_fields=5, now=now)
        publish_programs(settings, now=now)
        pair.papercut.state.add_group(GROUP)
        yield Office(pair.papercut, sample, username)


@pytest.fixture
def office(running: Office) -> Office:
    """The same office with default switches and nobody in it."""
    state = running.papercut.state
    state.switches = PaperCutSwitches()
    for user in [user for user in state.users.values() if not user.internal]:
        state.delete_user(user)
    return running


@pytest.mark.parametrize(
    "positions",
    [
        {},
        {"group_call": "group-members"},
        {"command_spelling": "get_prefix"},
        {"group_call": "group-members", "command_spelling": "get_prefix"},
        {"missing_fields_wipe": True, "blank_details_wipe": True},
    ],
    ids=str,
)
def test_a_full_sync(office, positions):
    """papercut-server-api 3.2: whatever a sync asks, the same people and groups come over"""
    for name, value in positions.items():
        office.papercut.state.switches.set(name, value)
    office.papercut.nightly_sync()
    user = office.papercut.state.user(office.username)
    assert (user.full_name, user.email, user.department, user.office) == ("Zoë Ört", office.sample.email, "Dep", "HQ")
    assert not user.internal
    assert office.papercut.state.groups_of(office.username) == [GROUP]
    assert "gone_example.com" in office.papercut.state.users


@pytest.mark.parametrize("order", ["group_user", "user_group"])
@pytest.mark.parametrize("details", ["stdin", "argument"])
def test_one_user_on_demand(office, order, details):
    """papercut-server-api 3.2.1: both argument orders, name on stdin or as argument"""
    state = office.papercut.state
    state.switches.set("is_user_in_group_order", order)
    state.switches.set("details_input", details)
    user = sync.add_user_on_demand(state, office.username.upper())
    assert (user.username, user.full_name) == (office.username, "Zoë Ört")
    assert state.groups_of(office.username) == [GROUP]


@pytest.mark.parametrize("receives", ["typed", "username"])
@pytest.mark.parametrize("stays_open", [True, False])
def test_a_login(office, receives, stays_open):
    """papercut-server-api 3.4: two lines, no end of file; what was typed or the username found by e-mail"""
    state = office.papercut.state
    state.switches.set("auth_program_receives", receives)
    state.switches.set("auth_stdin_stays_open", stays_open)
    office.papercut.nightly_sync()
    good = office.papercut.popup_login(office.sample.email, office.sample.password)
    assert (good.ok, good.username, good.asked_program) == (True, office.username, True)
    bad = office.papercut.popup_login(office.sample.email, office.sample.password + "?")
    assert (bad.ok, bad.reason) == (False, "refused")


def test_a_first_login_makes_the_account(office):
    """papercut-server-api 3.5: on-demand creation through the user source"""
    verdict = office.papercut.popup_login(office.sample.email, office.sample.password)
    assert (verdict.ok, verdict.username) == (True, office.username)
    assert office.papercut.state.groups_of(office.username) == [GROUP]
