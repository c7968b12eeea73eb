"""The linked accounts, as the money room needs them: read from the people room's links, translated once."""

from __future__ import annotations

from sqlalchemy import Engine

from relay.database import reading
from relay.money.account import Person


def people_of(database: Engine, site: str) -> tuple[Person, ...]:
    """Return every linked account of a site, by username."""
    from relay.people import links

    with reading(database) as connection:
        found = links.linked_accounts(connection, site)
    return tuple(
        Person(
            member_id=link.member_id,
            username=link.username,
            linked_at=link.linked_at,
            opening_balance=link.opening_balance,
            company_id=link.company_id,
            company_name=link.company_name,
            full_name=link.full_name,
            standing=link.standing,
        )
        for link in found
    )
