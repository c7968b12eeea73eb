"""The ledger's database: one engine, one set of tables, for SQLite and PostgreSQL alike.

Rooms define their tables on `metadata`; this module opens the database and brings its schema up to date. It knows
nothing of what the tables mean.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, MetaData, create_engine, event

from relay.config import Settings

metadata = MetaData()


def open_database(settings: Settings) -> Engine:
    """Return the engine of the ledger's database with every table in place."""
    settings.site.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(settings.ledger_url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _durable_sqlite)
    metadata.create_all(engine)
    return engine


def _durable_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.close()
