"""A server as OfficeRnD's own connector leaves it behind."""

from __future__ import annotations

import pytest

from relay.sandbox.organisation import make_organisation
from relay.sandbox.papercut import PaperCutState
from relay.sandbox.papercut.filling import INDIVIDUALS, UNLINKED, fill_from_old_connector


@pytest.fixture(scope="module")
def organisation():
    return make_organisation(400, seed=3)


@pytest.fixture
def filled(organisation, tmp_path):
    state = PaperCutState(tmp_path)
    fill_from_old_connector(state, organisation)
    return state


def test_usernames_have_the_connectors_form(filled):
    """papercut-server-api 3.5: usernames `local_domain`"""
    members = [user for user in filled.users.values() if not user.internal and user.username in _members(filled)]
    assert len(members) > 100
    assert all("@" not in user.username and user.username == user.username.lower() for user in members)
    assert all(user.username == user.email.replace("@", "_") for user in members if user.email)


def test_companies_are_groups_and_the_rest_is_in_the_connectors_two(filled, organisation):
    """papercut-server-api 3.5: company names as groups plus two of its own"""
    names = {" ".join(company.name.split()) for company in organisation.companies}
    assert set(filled.groups) <= names | {INDIVIDUALS, UNLINKED}
    assert filled.groups[INDIVIDUALS].members
    assert filled.groups[UNLINKED].members == {"meeting.room", "old.tenant_gone.example", "cleaner"}
    external = {user.username for user in filled.users.values() if not user.internal}
    assert external == _members(filled) | filled.groups[UNLINKED].members


def test_no_group_name_breaks_a_line(filled):
    """papercut-server-api 3.2: one group name a line"""
    assert not any(set(name) & set("\t\r\n") for name in filled.groups)


def test_there_is_something_to_lose(filled):
    """papercut-server-api 1.8: what an adoption has to keep"""
    users = filled.users.values()
    assert sum(user.balance < 0 for user in users) > 30
    assert sum(user.balance > 0 for user in users) > 10
    assert sum(bool(user.primary_card) for user in users) > 50
    assert any(not user.email for user in users if not user.internal)
    assert {user.username for user in users if user.internal} == {"reception", "printer-test"}
    cards = [user.primary_card for user in users if user.primary_card]
    assert len(set(cards)) == len(cards)


def test_departed_members_are_among_them(filled, organisation):
    """papercut-server-api 3.5"""
    former = {member.email.replace("@", "_") for member in organisation.members if member.status == "former"}
    assert former & set(filled.users)


def test_a_seed_is_a_seed(filled, organisation, tmp_path):
    """The same organisation and seed fill the same server, whatever was asked before."""
    again, other = PaperCutState(tmp_path), PaperCutState(tmp_path)
    fill_from_old_connector(again, organisation)
    fill_from_old_connector(other, organisation, seed=2)
    assert again.users == filled.users
    assert set(other.users) != set(filled.users)


def test_what_is_there_already_stays(organisation, tmp_path):
    """A desk account made before keeps its own values."""
    state = PaperCutState(tmp_path)
    state.add_user("reception", internal=True, full_name="Front")
    fill_from_old_connector(state, organisation)
    assert state.user("reception").full_name == "Front"


def _members(state: PaperCutState) -> set[str]:
    return {name for group in state.groups.values() if group.name != UNLINKED for name in group.members}
