"""How a migration writes a table down: its columns in a line or two, as they were on that day."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from relay.database import Moment

TYPES: dict[str, Any] = {
    "int": sa.Integer, "big": sa.BigInteger, "bool": sa.Boolean, "text": sa.Text, "json": sa.JSON, "date": sa.Date,
    "moment": Moment,
}  # fmt: skip


def table(name: str, key: str, columns: str, *constraints: Any, **options: Any) -> None:
    """Make a table. `columns`: "site:40 day:date used_at:moment?"; a number is a text's length, "?" allows NULL."""
    op.create_table(
        name, *map(_column, columns.split()), *constraints, sa.PrimaryKeyConstraint(*key.split()), **options
    )


def _column(told: str) -> sa.Column[Any]:
    name, kind = told.rstrip("?").split(":")
    return sa.Column(name, TYPES[kind]() if kind in TYPES else sa.String(int(kind)), nullable=told.endswith("?"))


def one_where(name: str, of_table: str, columns: list[str], condition: str) -> None:
    """Make an index by which these columns are unique among the rows of a condition."""
    where = sa.text(condition)
    op.create_index(name, of_table, columns, unique=True, sqlite_where=where, postgresql_where=where)
