"""Fills the stand-in as OfficeRnD's own connector leaves a server behind: what a first sync has to take over unharmed.

Accounts are called `local_domain.tld`, companies are groups, people without one are in `[Individual Members]`, accounts
that OfficeRnD does not know in `[Users not linked to OfficeRnD]`; some people have cards, debts or credit.
Source: FIELD report HexaSpaceRND (docs on the cut-over from OfficeRnD's agent).
"""

from __future__ import annotations

import random

from relay.sandbox.organisation import Organisation
from relay.sandbox.papercut.state import PaperCutState
from relay.sandbox.papercut.sync import USERNAME_LENGTH

INDIVIDUALS = "[Individual Members]"
UNLINKED = "[Users not linked to OfficeRnD]"

_INTERNAL = (("reception", "Reception Desk"), ("printer-test", "Printer Test"))
_BY_HAND = (
    ("meeting.room", "Meeting Room", ""),
    ("old.tenant_gone.example", "Old Tenant", "old.tenant@gone.example"),
    ("cleaner", "Cleaning Company", "office@cleaning.example"),
)


def connector_username(email: str) -> str:
    """Return the name that OfficeRnD's connector gave: ann.lee@example.com is ann.lee_example.com."""
    return email.strip().lower().replace("@", "_")


def fill_from_old_connector(state: PaperCutState, organisation: Organisation, *, seed: int = 1) -> None:
    """Put in the accounts, groups and balances of a server that OfficeRnD's connector has run; the same for a seed.

    Most active members have an account, and a few former ones still do. Of members that share an address the first has
    it. About one account in twelve has no e-mail filled in; half have a card; a third owe something.
    """
    chance = random.Random(f"old connector {seed}")
    # A line of a user source cannot hold a tab or a line end, so no server has a group with one in its name.
    companies = {company.id: " ".join(company.name.split()) for company in organisation.companies}
    with state.lock:
        for name in (INDIVIDUALS, UNLINKED):
            if name not in state.groups:
                state.add_group(name)
        for member in organisation.members:
            # Drawn for everybody, so that one member more or less leaves the others as they are.
            known, with_email, with_card, money = (chance.random() for _ in range(4))
            username = connector_username(member.email)
            share = {"active": 0.95, "former": 0.05}.get(member.status, 0.0)
            if not 0 < len(username) <= USERNAME_LENGTH or username in state.users or known >= share:
                continue
            jobs = int(money * 40)
            state.add_user(
                username,
                full_name=member.name,
                email=member.email if with_email < 0.92 else "",
                department=companies.get(member.company, ""),
                primary_card=f"{700_000 + int(with_card * 99_999):06d}-{len(state.users)}" if with_card < 0.5 else "",
                balance=_balance(money),
                job_count=jobs,
                page_count=jobs * 3,
            )
            group = companies.get(member.company) or INDIVIDUALS
            (state.groups.get(group) or state.add_group(group)).members.add(username)
        for username, full_name in _INTERNAL:
            if username not in state.users:
                state.add_user(username, internal=True, full_name=full_name, password=f"{username}-password")
        for username, full_name, email in _BY_HAND:
            if username not in state.users:
                state.add_user(username, full_name=full_name, email=email, balance=2.5)
                state.groups[UNLINKED].members.add(username)


def _balance(money: float) -> float:
    """Return a balance for a number from 0 to 1: a third owe, a sixth have credit, half have nothing."""
    if money < 0.33:
        return -round(0.05 + money * 60, 2)
    return round(money * 10, 2) if money > 0.84 else 0.0
