"""What the ledger remembers of the witness: the number in force, and the raise that is under way."""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, insert, select, update

from relay.money.decide.witness import Remembered, Witness
from relay.money.ledger import tables


def remembered(connection: Connection, site: str) -> Remembered:
    """Return what is known of a site's witness; its ledger is "" and its number 0 before there was any."""
    table = tables.witnesses
    rows = {row["site"]: row for row in connection.execute(select(table)).mappings()}
    row = rows.pop(site, None)
    others = {name: str(other["ledger"]) for name, other in rows.items()}
    if row is None:
        return Remembered(Witness(site, "", 0, ""), None, others)
    current = Witness(site, row["ledger"], row["number"], row["mark"])
    target = None
    if row["target"] is not None:
        target = Witness(site, row["ledger"], row["target"], row["target_mark"])
    return Remembered(current, target, others)


def begin(connection: Connection, site: str) -> Remembered:
    """Return what is known of a site's witness; a site without one begins, at number 0."""
    if not remembered(connection, site).current.ledger:
        connection.execute(
            insert(tables.witnesses).values(
                site=site, ledger=secrets.token_hex(8), number=0, mark="", target=None, target_mark=""
            )
        )
    return remembered(connection, site)


def intend(connection: Connection, target: Witness) -> None:
    """Store the raise that is about to be written into PaperCut."""
    _set(connection, target.site, target=target.number, target_mark=target.mark)


def confirm(connection: Connection, seen: Witness) -> None:
    """Store that PaperCut holds this witness."""
    _set(connection, seen.site, number=seen.number, mark=seen.mark, target=None, target_mark="")


def _set(connection: Connection, site: str, **values: object) -> None:
    connection.execute(update(tables.witnesses).where(tables.witnesses.c.site == site).values(**values))
