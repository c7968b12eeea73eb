"""Small worlds for the tests of the people room: members, accounts and memories in one line each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from relay.config import Settings
from relay.officernd.model import Company, Location, Member, Membership, Organization, Plan
from relay.people.world import Account, CompanyGroup, Link, Memory, OfficeRnDSide, PaperCutSide, World
from tests.support.settings_example import example_settings

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HERE = "64b000000000000000000001"
ELSEWHERE = "64b000000000000000000002"


def member(number: int = 1, name: str = "Ann Lee", email: str | None = None, **fields: Any) -> Member:
    """Return an active member of this site: member(2, "Bo", "bo@example.com", company="c1")."""
    address = f"{name.lower().replace(' ', '.')}@example.com" if email is None else email
    return Member(f"m{number}", name, address, **{"status": "active", "location": HERE, **fields})


def account(username: str, **fields: Any) -> Account:
    return Account(username, **fields)


def linked(member_id: str, username: str, **fields: Any) -> Link:
    """Return a link that was seen in PaperCut."""
    return Link(member_id, username, **{"linked_at": NOW, **fields})


def settings_for(folder: Path, **sections: dict[str, Any]) -> Settings:
    return example_settings(folder, **sections)


def world(
    members: Iterable[Member] = (),
    accounts: Iterable[Account] = (),
    *,
    companies: Mapping[str, str] | None = None,
    groups: Mapping[str, Iterable[str]] | None = None,
    links: Iterable[Link] = (),
    memberships: Iterable[Membership] = (),
    plans: Iterable[Plan] = (),
    record_fields: int = 5,
    company_location: str = HERE,
    ours: Iterable[CompanyGroup] = (),
    **memory: Any,
) -> World:
    """Return a world: world([member()], [account("ann")], companies={"c1": "Acme"}, groups={"Acme": ["ann"]}).

    `groups` is PaperCut's list, `ours` what is remembered of it; further names are those of `Memory`.
    """
    return World(
        OfficeRnDSide(
            Organization("o1", "acme", "Acme Works"),
            {one.id: one for one in members},
            {key: Company(key, name, location=company_location) for key, name in (companies or {}).items()},
            {HERE: Location(HERE, "Sofia"), ELSEWHERE: Location(ELSEWHERE, "Plovdiv")},
            tuple(memberships),
            tuple(plans),
        ),
        PaperCutSide(
            {one.username: one for one in accounts},
            {name: frozenset(members) for name, members in (groups or {}).items()},
            record_fields,
        ),
        Memory(links={link.member_id: link for link in links}, groups={group.name: group for group in ours}, **memory),
    )
