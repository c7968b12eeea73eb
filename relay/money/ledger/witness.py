"""What the ledger remembers of the witness: the number in force, and the raise that is under way."""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, bindparam, insert, select, update

from relay.money.decide.witness import Remembered, Witness
from relay.money.ledger import tables

# Built once: a settle asks for them with every raise.
_ALL = select(tables.witnesses)
_SET = update(tables.witnesses).where(tables.witnesses.c.site == bindparam("of_site"))


def remembered(connection: Connection, site: str) -> Remembered:
    """Return what is known of a site's witness; its ledger is "" and its number 0 before there was any."""
    rows = {row["site"]: row for row in connection.execute(_ALL).mappings()}
    row = rows.pop(site, None)
    others = {name: str(other["ledger"]) for name, other in rows.items()}
    if row is None:
        return Remembered(Witness(site, "", 0, ""), None, others)
    current = Witness(site, row["ledger"], row["number"], row["mark"])
    target = None
    if row["target"] is not None:
        target = Witness(site, row["ledger"], row["target"], row["target_mark"])
    raised_from = {int(number): int(value) for number, value in row["raised_from"].items()}
    return Remembered(current, target, others, raised_from)


def begin(connection: Connection, site: str) -> Remembered:
    """Return what is known of a site's witness; a site without one begins, at number 0."""
    if not remembered(connection, site).current.ledger:
        connection.execute(
            insert(tables.witnesses).values(
                site=site, ledger=secrets.token_hex(8), number=0, mark="", target=None, target_mark="", raised_from={}
            )
        )
    return remembered(connection, site)


def intend(connection: Connection, target: Witness, raised_from: int | None) -> None:
    """Store the raise that is about to be written into PaperCut, and the restored number that it rises from, if any."""
    values: dict[str, object] = {"target": target.number, "target_mark": target.mark}
    if raised_from is not None:
        known = remembered(connection, target.site).raised_from
        values["raised_from"] = {str(number): value for number, value in {**known, target.number: raised_from}.items()}
    _set(connection, target.site, **values)


def confirm(connection: Connection, seen: Witness) -> None:
    """Store that PaperCut holds this witness."""
    _set(connection, seen.site, number=seen.number, mark=seen.mark, target=None, target_mark="")


def _set(connection: Connection, site: str, **values: object) -> None:
    connection.execute(_SET, {"of_site": site, **values})
