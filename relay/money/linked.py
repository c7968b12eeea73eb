"""The linked accounts, as the money room needs them: read from the people room's links, translated once."""

from __future__ import annotations

from sqlalchemy import Engine

from relay.database import reading
from relay.money.account import SHARED, Person


def accounts_of(database: Engine, site: str) -> tuple[Person, ...]:
    """Return every account of a site that is billed: the linked ones of people by username, then the shared ones."""
    from relay.people import links

    with reading(database) as connection:
        people = links.linked_accounts(connection, site)
        shared = links.shared_accounts(connection, site)
    return (
        *(
            Person(
                member_id=link.member_id,
                username=link.username,
                linked_at=link.linked_at,
                opening_balance=link.opening_balance,
                opening_jobs=link.opening_jobs,
                company_id=link.company_id,
                company_name=link.company_name,
                full_name=link.full_name,
                standing=link.standing,
            )
            for link in people
        ),
        *(
            Person(
                member_id=f"{SHARED}{account.account_id}",
                username=f"{SHARED}{account.name}",
                linked_at=account.linked_at,
                opening_balance=account.opening_balance,
                company_id=account.company_id,
                company_name=account.company_name,
                full_name=account.name,
            )
            for account in shared
            if account.unlinked_at is None
        ),
    )
