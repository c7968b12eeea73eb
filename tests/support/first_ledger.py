"""An empty ledger gets its schema from alembic once in a process; every further one is made by the same statements.

Migrating an empty SQLite file costs a sixth of a second of computing, and a thousand tests begin with one. A ledger
that already holds something, and PostgreSQL, are always migrated by alembic itself.
"""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

_migrate = command.upgrade
_statements: list[str] = []
_SCHEMA = "SELECT sql FROM sqlite_schema WHERE sql NOT NULL AND name NOT LIKE 'sqlite_%'"


def upgrade(settings: Config, revision: str) -> None:
    """Take the place of `alembic.command.upgrade`, on the connection that `relay.database` hands over."""
    connection: Connection = settings.attributes["connection"]
    if connection.dialect.name != "sqlite" or revision != "head" or connection.exec_driver_sql(_SCHEMA).first():
        _migrate(settings, revision)
        return
    if not _statements:
        _migrate(settings, revision)
        number = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
        made = connection.exec_driver_sql(_SCHEMA).scalars()
        _statements.extend([*made, f"INSERT INTO alembic_version VALUES ('{number}')"])
        return
    for statement in _statements:
        connection.exec_driver_sql(statement)
