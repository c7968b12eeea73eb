"""The made-up organisation has the measured quirks, and the same seed makes the same one."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from relay.sandbox.names import AWKWARD_COMPANIES
from relay.sandbox.organisation import make_organisation, password_for


@pytest.fixture(scope="module")
def large():
    return make_organisation(5743, seed=1)


def test_same_seed_same_organisation():
    """A seed is a seed; another one makes somebody else."""
    assert make_organisation(300, seed=7) == make_organisation(300, seed=7)
    assert make_organisation(300, seed=7) != make_organisation(300, seed=8)


@pytest.mark.parametrize("size", [0, 1, 2, 19, 20, 137])
def test_any_size(size):
    """Every size has that many members, unique ids of 24 hex digits, and a sign-in that works from one member on."""
    made = make_organisation(size, seed=3)
    things = [made, *made.locations, *made.plans, *made.companies, *made.members, *made.memberships, *made.users]
    assert size == len(made.members)
    assert len(things) == len({thing.id for thing in things})
    assert all(re.fullmatch("[0-9a-f]{24}", thing.id) for thing in things)
    assert bool(made.login_samples()) == (size > 0)


def test_measured_shares(large):
    """officernd-api 3.1: 45 % active, 16 % without e-mail, 4 % without company, 189 shared addresses, one by twelve."""
    active = [member for member in large.members if member.status == "active"]
    shared = Counter(member.email for member in large.members if member.email)
    shared_active = Counter(member.email for member in active if member.email)
    assert 2400 < len(active) < 2750
    assert 780 < sum(not member.email for member in large.members) < 1000
    assert 0.20 < sum(not member.email for member in active) / len(active) < 0.27
    assert 150 < sum(not member.company for member in large.members) < 300
    assert 150 < sum(count > 1 for count in shared.values()) < 240
    assert max(shared.values()) == 12
    assert 20 < sum(count > 1 for count in shared_active.values()) < 50
    assert all(member.email == member.email.lower() for member in large.members)


def test_about_half_can_sign_in(large):
    """officernd-api 6.4: about half of the addresses have a password; others are SSO only or never accepted."""
    addresses = {member.email for member in large.members if member.email}
    by_email = {user.email: user for user in large.users}
    assert len(large.users) == len(by_email), "one account an address"
    assert 0.45 < sum(bool(by_email[email].password) for email in addresses if email in by_email) / len(addresses) < 0.6
    assert any(user.sso_only and not user.password for user in large.users)
    assert any(email not in by_email for email in addresses)
    assert sum(user.is_admin for user in large.users) == 1


def test_login_samples_work(large):
    """A sample is an active member with an address of their own and the account's password."""
    samples = large.login_samples(20)
    owners = Counter(member.email for member in large.members)
    assert len(samples) == 20
    for sample in samples:
        assert sample.member.status == "active"
        assert owners[sample.email] == 1
        assert password_for(sample.email, 1) == sample.password


def test_passwords_keep_the_rule_of_the_platform(large):
    """officernd-api 4.1: at least 8 characters, 3 of 4 classes; and some are hard to pass on."""
    passwords = [user.password for user in large.users if user.password]
    for password in passwords:
        classes = [any(test(letter) for letter in password) for test in (str.islower, str.isupper, str.isdigit)]
        assert len(password) >= 8
        assert sum(classes) + any(not letter.isalnum() for letter in password) >= 3
    assert any(" " in password for password in passwords)
    assert any(not password.isascii() for password in passwords)
    assert "Pw-" not in repr(large.users[0])


def test_company_names_that_break_things(large):
    """Every awkward name is there from 300 members on: markup, quotes, brackets, scripts, lengths, case, duplicates."""
    for made in (large, make_organisation(300, seed=4)):
        names = Counter(company.name for company in made.companies)
        assert set(AWKWARD_COMPANIES) <= set(names)
        assert names["Nordwind Media"] == 2
        assert max(map(len, names)) > 100
        assert len(names) == len(made.companies) - 1


def test_statuses_and_memberships_agree(large):
    """An active member is covered by an active membership, of their own or of the whole company."""
    active = [row for row in large.memberships if row.calculated_status == "active"]
    companies = {row.company for row in active if not row.member}
    people = {row.member for row in active}
    for member in large.members:
        if member.status == "active":
            assert member.company in companies or member.id in people
    assert any(row.personal and row.company for row in active), "some company members are billed in person"
    assert {"active", "expired", "not_started", "not_approved"} == {row.calculated_status for row in large.memberships}


def test_catalogue(large):
    """The fees plan is a one-off plan sold everywhere, and can be left out."""
    plan = large.plan("PaperCut Fees")
    assert (plan.interval, plan.code) == ("once", "PRINT")
    assert tuple(location.id for location in large.locations) == plan.locations
    assert len(large.locations) > 2
    assert any(isinstance(location.address, str) for location in large.locations)
    with pytest.raises(KeyError):
        make_organisation(10, fees_plan=None).plan("PaperCut Fees")


def test_cards_are_texts(large):
    """officernd-api 3.10: card numbers are strings with leading zeros; printingPin is defined but not filled."""
    cards = [member.properties["accessCard"] for member in large.members if "accessCard" in member.properties]
    assert all(isinstance(card, str) for card in cards)
    assert any(card.startswith("0") for card in cards)
    assert "printingPin" in {row.key for row in large.custom_properties}
    assert not any("printingPin" in member.properties for member in large.members)


def test_order_of_the_lists(large):
    """Lists are in the order of the ids, as OfficeRnD lists them; the first location is the one with most people."""
    lists = (large.locations, large.plans, large.companies, large.members, large.memberships, large.users)
    for rows in (*lists, large.custom_properties):
        assert [row.id for row in rows] == sorted(row.id for row in rows)
    busiest, _ = Counter(member.location for member in large.members).most_common(1)[0]
    assert busiest == large.locations[0].id
