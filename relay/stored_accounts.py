"""The linked accounts as the ledger's database holds them: the two tables, and what every room reads of them.

The people room decides on links and writes them (`relay.people.links`); the other rooms only read.
"""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from relay.accounts import SHARED, LinkedAccount, SharedLink
from relay.database import Moment, metadata, of_row, reading

SITE_LENGTH = 40
ID_LENGTH = 40
USERNAME_LENGTH = 255
MANY = 5_000  # members that a query may name one by one: databases limit the number of parameters

people_links = sa.Table(
    "people_links",
    metadata,
    sa.Column("site", sa.String(SITE_LENGTH), primary_key=True),
    sa.Column("member_id", sa.String(ID_LENGTH), primary_key=True),
    sa.Column("username", sa.String(USERNAME_LENGTH), nullable=False),
    sa.Column("email", sa.Text, nullable=False, default=""),
    sa.Column("linked_at", Moment, nullable=True),
    sa.Column("opening_balance", sa.BigInteger, nullable=False, default=0),
    sa.Column("made_by_us", sa.Boolean, nullable=False, default=False),
    sa.Column("initial_done", sa.Boolean, nullable=False, default=True),
    sa.Column("standing", sa.String(12), nullable=False, default="active"),
    sa.Column("display_name", sa.Text, nullable=False, default=""),
    sa.Column("company_id", sa.String(ID_LENGTH), nullable=False, default=""),
    sa.Column("company_name", sa.Text, nullable=False, default=""),
    sa.Column("location_id", sa.String(ID_LENGTH), nullable=False, default=""),
    sa.Column("deleted_at", Moment, nullable=True),
    sa.Column("opening_jobs", sa.BigInteger, nullable=True),
    sa.Column("account_email", sa.Text, nullable=False, default="", server_default=""),
    sa.Column("cards_written", sa.Text, nullable=False, default="", server_default=""),
    # One account is one member's, as long as both exist.
    sa.Index(
        "people_links_username",
        "site",
        "username",
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    ),
)

# Shared accounts of PaperCut that a company pays for, by PaperCut's own id: names change. Never deleted, since fees and
# jobs of an account that is no longer the company's are still told; linked anew, it is told as the present company's.
people_shared_accounts = sa.Table(
    "people_shared_accounts",
    metadata,
    sa.Column("site", sa.String(SITE_LENGTH), primary_key=True),
    sa.Column("account_id", sa.String(ID_LENGTH), primary_key=True),
    sa.Column("name", sa.String(USERNAME_LENGTH), nullable=False),
    sa.Column("company_id", sa.String(ID_LENGTH), nullable=False),
    sa.Column("company_name", sa.Text, nullable=False),
    sa.Column("linked_at", Moment, nullable=False),
    sa.Column("opening_balance", sa.BigInteger, nullable=False),
    sa.Column("unlinked_at", Moment, nullable=True),
)

people_answers = sa.Table(
    "people_answers",
    metadata,
    sa.Column("site", sa.String(SITE_LENGTH), primary_key=True),
    sa.Column("kind", sa.String(10), primary_key=True),  # link, not_same (member, username) or group (company, group)
    sa.Column("subject_id", sa.String(ID_LENGTH), primary_key=True),
    sa.Column("name", sa.String(USERNAME_LENGTH), primary_key=True),
    sa.Column("said_at", Moment, nullable=False),
)


# Built once: a settle asks for them again and again.
_STANDING = (
    people_links.c.site == sa.bindparam("of_site"),
    people_links.c.linked_at.is_not(None),
    people_links.c.deleted_at.is_(None),
    people_links.c.standing != "gone",
)
_LINKED = sa.select(people_links).where(*_STANDING).order_by(people_links.c.username)
_SHARED = (
    sa.select(people_shared_accounts)
    .where(people_shared_accounts.c.site == sa.bindparam("of_site"))
    .order_by(people_shared_accounts.c.name)
)
_ANSWERS = sa.select(people_answers).where(
    people_answers.c.site == sa.bindparam("of_site"), people_answers.c.kind != "group"
)


def contradicted(connection: sa.Connection, site: str) -> set[str]:
    """Return the members whose linked account a person has since said to be somebody else's; the next sync acts on it.

    Until then nobody knows who is to pay what is on it.
    """
    said = [(row.kind, row.subject_id, row.name) for row in connection.execute(_ANSWERS, {"of_site": site})]
    held = {account.member_id: account.username for account in linked_accounts(connection, site)} if said else {}
    return {
        member_id
        for kind, member_id, name in said
        if member_id in held and (held[member_id] == name) is (kind == "not_same")
    }


def accounts_of(database: sa.Engine, site: str, member_ids: Collection[str] | None = None) -> tuple[LinkedAccount, ...]:
    """Return every account of a site that is billed: the linked ones of people by username, then the shared ones.

    With `member_ids` those of people are theirs alone.
    """
    with reading(database) as connection:
        people = linked_accounts(connection, site, member_ids)
        shared = shared_accounts(connection, site)
    return (
        *people,
        *(
            LinkedAccount(
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


def linked_ids(connection: sa.Connection, site: str) -> frozenset[str]:
    """Return the member ids of everybody who has a linked account that stands in PaperCut."""
    query = sa.select(people_links.c.member_id).where(*_STANDING)
    return frozenset(connection.execute(query, {"of_site": site}).scalars())


def opening_debts(connection: sa.Connection, site: str) -> dict[str, int]:
    """Return the negative balances that linked accounts had when they were linked, in micros by member id."""
    table = people_links.c
    query = sa.select(table.member_id, table.opening_balance).where(*_STANDING, table.opening_balance < 0)
    return {member_id: int(balance) for member_id, balance in connection.execute(query, {"of_site": site})}


def linked_accounts(
    connection: sa.Connection, site: str, member_ids: Collection[str] | None = None
) -> list[LinkedAccount]:
    """Return every person's linked account that stands in PaperCut, sorted by username, also of those who left.

    With `member_ids` those of these members alone.
    """
    if member_ids is not None and not member_ids:
        return []
    query = _LINKED
    wanted = None if member_ids is None else set(member_ids)
    if wanted is not None and len(wanted) <= MANY:
        query = query.where(people_links.c.member_id.in_(wanted))
    rows = connection.execute(query, {"of_site": site}).mappings()
    return [
        of_row(LinkedAccount, row, full_name=row["display_name"])
        for row in rows
        if wanted is None or row["member_id"] in wanted
    ]


def shared_accounts(connection: sa.Connection, site: str) -> list[SharedLink]:
    """Return every shared account that is or was a company's, by name."""
    rows = connection.execute(_SHARED, {"of_site": site}).mappings()
    return [of_row(SharedLink, row) for row in rows]
