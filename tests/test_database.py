"""The database opens writable and at the newest schema, or not at all; a copy is taken before it changes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Engine, MetaData, Table, create_engine, select, text
from sqlalchemy.exc import OperationalError

import relay.alerts
import relay.jobs.tables
import relay.money.ledger.tables
import relay.people.memory.links
import relay.people.memory.questions  # noqa: F401 - every room's tables are in the schema
from relay import database, ledger_copies
from relay.errors import LedgerError
from relay.private_files import why_not_private
from tests.support.old_ledger import make, put
from tests.support.settings_example import example_settings

pytestmark = pytest.mark.windows


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return database.open_database(example_settings(tmp_path))


def test_the_migrations_make_exactly_the_tables(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, database.metadata)
    engine.dispose()
    # A released revision is never edited: a change of a table needs a new file in relay/migrations/versions.
    assert differences == []


def test_constraints_are_those_of_the_tables(engine: Engine) -> None:
    """What the comparison does not see: check constraints, and the conditions of partial indexes."""
    plain = create_engine("sqlite://")
    database.metadata.create_all(plain)

    def schema(of: Engine) -> dict[str, str]:
        with of.connect() as connection:
            rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
            # An added column stands elsewhere than in a table made whole, without its line break.
            return {name: "".join(sorted("".join(sql.split()))) for name, sql in rows if name != "alembic_version"}

    assert schema(engine) == schema(plain)


def test_the_newest_revision_is_the_folders() -> None:
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", "relay:migrations")
    assert ScriptDirectory.from_config(settings).get_heads() == [database.REVISION]


def test_the_file_is_its_owners_and_durable(tmp_path: Path, engine: Engine) -> None:
    file = tmp_path / "state" / "ledger.db"
    assert why_not_private(file) is None
    with engine.connect() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["wal", 2, 1]


def test_opening_again_changes_nothing(tmp_path: Path, engine: Engine) -> None:
    engine.dispose()
    database.open_database(example_settings(tmp_path)).dispose()
    assert [file.name for file in (tmp_path / "state").iterdir() if "before" in file.name] == []


def test_a_newer_ledger_is_refused(tmp_path: Path, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(LedgerError, match="newer version"):
        database.open_database(example_settings(tmp_path))


def test_a_copy_is_taken_before_a_migration(tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO site_facts VALUES ('hq', 'currency', 'EUR')"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    engine.dispose()
    with pytest.raises(Exception, match="0000"):  # there is no such step: nothing was changed, the copy is there
        database.open_database(example_settings(tmp_path))
    (copy,) = (tmp_path / "state").glob("ledger.db.before-*")
    assert why_not_private(copy) is None
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT value FROM site_facts").fetchall() == [("EUR",)]


def test_a_ledger_of_the_first_release_is_brought_up_to_date(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    old = database.make_engine(f"sqlite:///{tmp_path}/state/ledger.db")
    make(old, "0001")
    put(old, site_facts=[{"name": "currency", "value": "EUR"}])
    old.dispose()
    for _ in range(2):
        opened = database.open_database(example_settings(tmp_path))
        with opened.connect() as connection:
            assert connection.execute(text("SELECT value FROM site_facts")).scalars().all() == ["EUR"]
            assert connection.execute(text("SELECT * FROM people_shared_accounts")).all() == []
            assert database.revision(connection) == database.REVISION
        opened.dispose()
    assert len(list((tmp_path / "state").glob("ledger.db.before-*"))) == 1


def test_a_read_only_ledger_is_refused(tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.dispose()
    url = f"sqlite:///{(tmp_path / 'state' / 'ledger.db').as_uri()}?mode=ro&uri=true"
    settings = example_settings(tmp_path, ledger={"url": url})
    with pytest.raises(LedgerError, match="cannot be opened and written"):
        database.open_database(settings)


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    settings = example_settings(tmp_path, ledger={"url": "sqlite:////nowhere/at/all/ledger.db"})
    with pytest.raises(LedgerError, match="cannot be"):
        database.open_database(settings)


def test_a_missing_driver_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_url: str) -> None:
        raise ModuleNotFoundError("No module named 'psycopg'")

    monkeypatch.setattr(database, "make_engine", missing)
    with pytest.raises(LedgerError, match="needs a driver"):
        database.open_database(example_settings(tmp_path))


def test_a_state_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = example_settings(tmp_path, site={"state_dir": str(tmp_path / "file" / "below")})
    with pytest.raises(LedgerError, match="state_dir"):
        database.open_database(settings)


def test_a_broken_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "ledger.db").write_text("this is no database " * 100)
    with pytest.raises(LedgerError, match=r"not a database.*no good copy in .*[/\\]state[/\\]ledger-copies.*rebuild"):
        database.open_database(example_settings(tmp_path))


def test_a_spoiled_ledger_is_told_with_its_newest_good_copy(tmp_path: Path, engine: Engine) -> None:
    """In one sentence; and what it says to do brings the ledger back, whose old log would spoil it again."""
    file, folder = tmp_path / "state" / "ledger.db", tmp_path / "elsewhere"
    folder.mkdir()
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO site_facts VALUES ('hq', 'currency', 'EUR')"))
    good, newer, spoiled = (folder / f"ledger-2026112{day}-080000.db" for day in (1, 2, 3))
    ledger_copies.write_copy(engine, good)
    newer.write_bytes(good.read_bytes())
    spoiled.write_bytes(good.read_bytes()[:6000])
    with closing(sqlite3.connect(newer)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")  # a later relay's
        connection.commit()
    engine.dispose()
    file.write_bytes(b"\0" * 8192)
    settings = example_settings(tmp_path, ledger={"copies_dir": "elsewhere"})
    with pytest.raises(LedgerError) as told:
        database.open_database(settings)
    back = f"stop the schedule, then copy {good} over {file} and delete {file}-wal and {file}-shm."
    assert "is damaged" in told.value.message and told.value.message.endswith(f"so nothing was done: {back}")
    file.write_bytes(good.read_bytes())
    opened = database.open_database(settings)
    with opened.connect() as connection:
        assert connection.execute(text("SELECT value FROM site_facts")).scalars().all() == ["EUR"]


def test_a_copy_of_an_older_schema_is_a_good_one(tmp_path: Path) -> None:
    """After an update the copies are of the schema before; they are brought up to date once put back."""
    engine = database.make_engine(f"sqlite:///{tmp_path}/old.db")
    make(engine, "0001")
    copy = tmp_path / "ledger-20261121-080000.db"
    ledger_copies.write_copy(engine, copy)
    engine.dispose()
    assert ledger_copies.newest_good(tmp_path, database.REVISION) == copy


def test_copies_that_cannot_be_looked_at_do_not_hide_the_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(ledger_copies, "kept", refused)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "ledger.db").write_text("this is no database " * 100)
    with pytest.raises(LedgerError, match="not a database.*no good copy"):
        database.open_database(example_settings(tmp_path))


def test_a_full_disk_before_a_migration_changes_nothing(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    engine.dispose()
    monkeypatch.setattr(ledger_copies.os, "fsync", full)
    with pytest.raises(LedgerError, match=r"could not be copied .*\(No space left on device\), so nothing was done"):
        database.open_database(example_settings(tmp_path))
    assert list((tmp_path / "state").glob("*before*")) == []


def test_moments_keep_their_time_zone() -> None:
    engine = database.make_engine("sqlite://")
    table = Table("t", MetaData(), Column("at", database.Moment))
    moment = datetime(2025, 3, 12, 9, 30, tzinfo=timezone(timedelta(hours=2)))
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(table.insert().values(at=moment))
        connection.execute(table.insert().values(at=None))
        assert connection.execute(select(table.c.at)).scalars().all() == [
            datetime(2025, 3, 12, 7, 30, tzinfo=UTC),
            None,
        ]


def test_readers_do_not_wait_for_a_writer(tmp_path: Path, engine: Engine) -> None:
    with engine.begin() as writer:
        writer.execute(text("INSERT INTO site_facts VALUES ('hq', 'a', 'b')"))
        with database.reading(engine) as reader:
            assert reader.execute(text("SELECT count(*) FROM site_facts")).scalar() == 0
        with engine.connect() as other, pytest.raises(OperationalError, match="locked"):
            other.connection.cursor().execute("PRAGMA busy_timeout=1")  # before its transaction begins
            other.execute(text("SELECT 1"))


def test_a_row_is_put_once_and_then_changed(engine: Engine) -> None:
    facts = relay.money.ledger.tables.facts
    with engine.begin() as connection:
        for name, value in (("x", "one"), ("y", "other"), ("x", "two")):
            database.put(connection, facts, {"site": "hq", "name": name}, {"value": value})
        rows = connection.execute(select(facts.c.name, facts.c.value).where(facts.c.name.in_(["x", "y"]))).all()
    assert sorted(tuple(row) for row in rows) == [("x", "two"), ("y", "other")]
