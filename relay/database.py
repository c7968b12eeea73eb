"""The ledger's database: one engine, one set of tables, for SQLite and PostgreSQL alike.

Rooms define their tables on `metadata`; this module opens the database, refuses one that cannot be written or that a
newer version made, and brings an older one up to date after taking a copy. It knows nothing of what the tables mean.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, NoSuchModuleError

from relay import ledger_copies
from relay.config import Settings
from relay.errors import LedgerError
from relay.held_files import what_to_do
from relay.language import lazy
from relay.private_files import create_private, make_private_folder

metadata = sa.MetaData()
Value = TypeVar("Value")

REVISION = "0009"  # the newest migration; a test holds it equal to the folder's
_NAMED_AT_ONCE = 500
_MIGRATION_LOCK = 0x70_61_70_65  # any number of our own: PostgreSQL's advisory locks share one name space


class Moment(sa.TypeDecorator[datetime]):
    """A moment in time: aware in Python, UTC in the database. SQLite keeps no time zone by itself."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        assert value.tzinfo is not None, "a moment needs its time zone"
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def open_database(settings: Settings) -> sa.Engine:
    """Return the engine of the ledger's database, writable and at the newest schema.

    Raises LedgerError when it cannot be opened or written, or was made by a newer version of the relay.
    """
    place = sa.make_url(settings.ledger_url).render_as_string(hide_password=True)
    try:
        make_private_folder(settings.site.state_dir)
    except OSError as error:
        what = what_to_do(error, lazy("correct [site] state_dir"))
        raise LedgerError(
            lazy(
                "The state folder %(state_dir)s cannot be made (%(strerror)s): %(what)s.",
                state_dir=settings.site.state_dir,
                strerror=error.strerror or error,
                what=what,
            )
        ) from None
    try:
        engine = make_engine(settings.ledger_url)
    except OSError as error:
        what = what_to_do(error, lazy("correct [ledger] url"))
        raise LedgerError(
            lazy(
                "The ledger %(place)s cannot be made (%(strerror)s): %(what)s.",
                place=place,
                strerror=error.strerror or error,
                what=what,
            )
        ) from None
    except (NoSuchModuleError, ModuleNotFoundError):
        raise LedgerError(
            lazy(
                "[ledger] url %(place)s needs a driver that is not installed: pip install "
                "'papercut-officernd[postgresql]'.",
                place=place,
            )
        ) from None
    try:
        spoiled = _quick_check(engine)
        if spoiled:
            raise LedgerError(_spoiled(settings, place, spoiled))
        bring_up_to_date(engine)
    except DBAPIError as error:
        engine.dispose()
        raise LedgerError(_why_not_opened(settings, place, error)) from None
    except LedgerError:
        engine.dispose()
        raise
    return engine


def _quick_check(engine: sa.Engine) -> str:
    """Return what SQLite finds wrong in the ledger's pages, "" for nothing; a server looks after its own.

    Without it a spoiled page in the middle would be met half-way through a run.
    """
    if engine.dialect.name != "sqlite":
        return ""
    with reading(engine) as connection:
        said = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
    return "" if said == "ok" else " ".join(said.split())[:200]


def _spoiled(settings: Settings, place: str, why: str) -> str:
    back = ledger_copies.how_to_put_back(settings.ledger_file or place, settings.copies_dir, REVISION)
    return lazy(
        "The ledger %(place)s is damaged (%(why)s), so nothing was done: %(back)s.", place=place, why=why, back=back
    )


def _why_not_opened(settings: Settings, place: str, error: DBAPIError) -> str:
    """Return the sentence about a ledger that cannot be opened; a spoiled one is told with its newest good copy."""
    if ledger_copies.is_spoiled(error.orig):
        return _spoiled(settings, place, reason(error))
    return lazy(
        "The ledger %(place)s cannot be opened and written (%(reason)s), so nothing was done: see to its disk, "
        "its rights or its server, then run again.",
        place=place,
        reason=reason(error),
    )


def make_engine(url: str) -> sa.Engine:
    """Return an engine whose commits survive a power cut, and whose write transactions begin as such."""
    engine = sa.create_engine(url)
    if engine.dialect.name == "sqlite":
        database = engine.url.database
        if database and not database.startswith((":memory:", "file:")) and not Path(database).exists():
            with suppress(FileExistsError):  # another process was first
                create_private(Path(database))
        sa.event.listen(engine, "connect", _durable_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def reason(error: DBAPIError) -> str:
    """Return what the database said in one line, without statement or parameters."""
    return str(error.orig).strip().split("\n")[0]


def _durable_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; `_begin_sqlite` does
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    # IMMEDIATE: a transaction that reads first and then writes must not meet a writer in between. Pure readers say so;
    # theirs takes no lock and cannot fail, so it is spared SQLAlchemy's round of checks.
    if connection.get_execution_options().get("reads_only", False):
        connection.connection.cursor().execute("BEGIN")
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def reading(engine: sa.Engine) -> sa.Connection:
    """Return a connection for reading only, as of one moment: it waits for no writer, and none waits for it."""
    connection = engine.connect().execution_options(reads_only=True)
    if engine.dialect.name == "postgresql":  # SQLite reads as of one moment by itself
        connection = connection.execution_options(isolation_level="REPEATABLE READ")
    return connection


class Changes:
    """Tells whether anything was committed to the database, by whichever process: what was read before still holds."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._kept: Any = None  # SQLite counts what others commit, so the connection that asks never writes

    def stamp(self) -> str:
        """Return text that differs from every earlier one since the last commit. Ask before reading, not after."""
        if self._engine.dialect.name == "postgresql":
            # Who sees the same transactions sees the same rows.
            with reading(self._engine) as connection:
                return str(connection.exec_driver_sql("SELECT CAST(txid_current_snapshot() AS text)").scalar())
        with self._lock:
            if self._kept is None:
                self._kept = self._engine.raw_connection()
            cursor = self._kept.cursor()
            cursor.execute("PRAGMA data_version")
            (number,) = cursor.fetchone()
            cursor.close()
        return str(number)

    def close(self) -> None:
        with self._lock:
            if self._kept is not None:
                self._kept.close()
                self._kept = None


# -- schema ----------------------------------------------------------------------------------------------------------


def put(
    connection: sa.Connection,
    table: sa.Table,
    key: Mapping[str, Any],
    values: Mapping[str, Any],
    at_first: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Write `values` to the row of this key, which is made where there is none; two writers at once are no case here.

    `at_first` is what only a new row gets. In words that SQLite and PostgreSQL both know.
    """
    where = [table.c[name] == value for name, value in key.items()]
    if connection.execute(sa.update(table).where(*where).values(**values)).rowcount == 0:
        connection.execute(sa.insert(table).values(**key, **values, **at_first))


def portions(values: Iterable[Value]) -> Iterator[list[Value]]:
    """Yield values, as many at once as one query may name: databases limit the number of parameters."""
    ordered = list(values)
    for start in range(0, len(ordered), _NAMED_AT_ONCE):
        yield ordered[start : start + _NAMED_AT_ONCE]


def of_row(kind: type[Value], row: Mapping[Any, Any], **more: Any) -> Value:
    """Return the dataclass that a row holds, its columns called as its fields; `more` are fields that no column is."""
    names = kind.__dataclass_fields__  # type: ignore[attr-defined]
    return kind(**{name: row[name] for name in names if name not in more}, **more)


def bring_up_to_date(engine: sa.Engine) -> None:
    """Bring the schema to the newest revision in one transaction, after a copy of what was there."""
    with engine.connect() as connection:
        found = revision(connection)
        if found:  # a ledger that cannot be written is refused before anything is sent; SQLite tells only when it must
            connection.execute(sa.text("UPDATE alembic_version SET version_num = version_num"))
            connection.rollback()
    if found == REVISION:
        return
    if found:
        _refuse_unknown(found)
        take_copy(engine, found)
    from alembic import command, config  # slow to import, and hardly ever needed

    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        settings = config.Config()
        settings.set_main_option("script_location", "relay:migrations")
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")


def revision(connection: sa.Connection) -> str:
    """Return the revision of the schema in a database, "" for an empty one."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() or "")


def _refuse_unknown(found: str) -> None:
    if found > REVISION:
        raise LedgerError(
            lazy(
                "The ledger was made by a newer version of the relay (schema %(found)s, this one knows %(revision)s), "
                "so nothing was done: update the relay on this machine.",
                found=found,
                revision=REVISION,
            )
        )


def take_copy(engine: sa.Engine, found: str) -> str:
    """Copy the whole ledger before a migration and return where: a file beside it, or a schema in PostgreSQL."""
    stamp = f"{datetime.now(UTC):%Y%m%d%H%M%S}"
    if engine.dialect.name == "sqlite":
        target = f"{engine.url.database}.before-{REVISION}-{stamp}"
        try:
            ledger_copies.write_copy(engine, Path(target))
        except (OSError, sqlite3.Error) as error:
            why = isinstance(error, OSError) and error.strerror or error
            raise LedgerError(
                lazy(
                    "The ledger could not be copied to %(target)s before it is brought up to date (%(why)s), so "
                    "nothing was done: make room on its disk, then run again.",
                    target=target,
                    why=why,
                )
            ) from None
        return target
    schema = f"before_{REVISION}_{stamp}"
    with engine.begin() as connection:
        connection.execute(sa.text(f'CREATE SCHEMA "{schema}"'))
        for table in sa.inspect(connection).get_table_names():
            connection.execute(sa.text(f'CREATE TABLE "{schema}"."{table}" AS TABLE "{table}"'))
    return schema
