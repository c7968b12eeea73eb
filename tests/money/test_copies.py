"""Copies of the ledger: each is verified before it has its name, 14 days are kept, and nothing half-written stays."""

from __future__ import annotations

import logging
import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from relay import ledger_copies, people
from relay import run as story
from relay.errors import LedgerError, RelayError
from relay.jobs import JobLog
from relay.money.ledger import copies
from relay.money.report.result import MoneyResult
from relay.private_files import why_not_private
from tests.support.money_world import Site, billed_in_a_file

pytestmark = pytest.mark.windows


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return billed_in_a_file(tmp_path)


def keep(site: Site) -> Path:
    file = copies.keep(site.database, site.settings, site.clock)
    assert file is not None
    return file


def names(site: Site) -> list[str]:
    folder = site.settings.copies_dir
    return sorted(file.name for file in folder.iterdir()) if folder.exists() else []


def spoil(file: Path) -> None:
    """Overwrite all but the first page, as a bad disk does; the file still looks like a database."""
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))


def test_a_copy_is_the_whole_ledger_and_its_owners(site: Site) -> None:
    file = keep(site)
    assert (file.parent, file.name) == (site.folder / "state" / "ledger-copies", "ledger-20261123-080000.db")
    assert why_not_private(file) is why_not_private(file.parent) is None
    assert copies.fault(file, "hq") == ""
    with closing(ledger_copies.opened(file)) as connection:
        assert connection.execute("SELECT price, state FROM fees").fetchall() == [(7_000_000, "posted")]
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute("DELETE FROM evidence")
    assert names(site) == [file.name]  # reading has put nothing beside it


def test_a_copy_does_not_wait_for_a_writer(site: Site) -> None:
    with site.database.connect() as writer:
        writer.exec_driver_sql("UPDATE fees SET note = 'under way'")
        file = keep(site)
    with closing(ledger_copies.opened(file)) as connection:
        assert connection.execute("SELECT note FROM fees").fetchall() == [("",)]


def test_a_folder_of_the_operators_own_counts_from_the_settings(site: Site) -> None:
    name = "100%?" if os.name == "posix" else "100%"  # Windows has no such name
    site.configure(ledger={"copies_dir": f"büro nr. 5#/{name}"})
    file = keep(site)
    assert file.parent == site.folder / "büro nr. 5#" / name
    assert copies.fault(file, "hq") == ""


def test_fourteen_days_are_kept(site: Site) -> None:
    for _ in range(16):
        keep(site)
        site.clock.move(days=1)
    kept = names(site)
    assert (len(kept), kept[0], kept[-1]) == (14, "ledger-20261125-080000.db", "ledger-20261208-080000.db")


def test_a_second_run_of_a_day_takes_the_place_of_the_first(site: Site) -> None:
    """The day is the site's own: at 21:30 UTC it is 23:30 in Sofia, an hour later the next day has begun."""
    keep(site)
    site.clock.move(hours=13.5)
    keep(site)
    assert names(site) == ["ledger-20261123-213000.db"]
    site.clock.move(hours=1)
    keep(site)
    assert names(site) == ["ledger-20261123-213000.db", "ledger-20261123-223000.db"]
    keep(site)  # and within one second
    assert names(site) == ["ledger-20261123-213000.db", "ledger-20261123-223000.db"]


def test_a_copy_by_a_clock_that_went_back_is_not_the_one_removed(site: Site) -> None:
    for _ in range(14):
        keep(site)
        site.clock.move(days=1)
    site.clock.jump(days=-3000)
    file = keep(site)
    assert file.exists() and len(names(site)) == 14


def test_foreign_files_are_not_touched(site: Site, tmp_path: Path) -> None:
    folder = site.settings.copies_dir
    folder.mkdir()
    foreign = [
        "ledger.db", "ledger-20200101-080000.db.bak", "my-ledger-20200101-080000.db", "ledger-20201301-080000.db",
        "ledger-2020101-080000.db", "ledger-20200101-080000.DB", "ledger-20200101-08000٠.db", "notes.new",
    ]  # fmt: skip
    for name in foreign:
        (folder / name).write_text("not ours")
    (folder / "ledger-20200103-080000.db").mkdir()  # another name than .DB above also where cases are one
    (folder / "ledger-20200102-080000.db").symlink_to(tmp_path / "relay.toml")
    before = names(site)
    for _ in range(16):
        keep(site)
        site.clock.move(days=1)
    assert (len(names(site)), set(before) - set(names(site))) == (14 + len(before), set())


def test_what_a_killed_run_left_is_removed(site: Site) -> None:
    folder = site.settings.copies_dir
    folder.mkdir()
    for name in ("ledger-20261122-080000.db.new", "ledger-20261122-080000.db.new-journal"):
        (folder / name).write_text("half")
    keep(site)
    assert names(site) == ["ledger-20261123-080000.db"]


# -- what is not good is not kept --------------------------------------------------------------------------------------


def test_a_copy_that_is_spoiled_right_after_writing_is_removed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    good = keep(site)
    site.clock.move(days=1)
    write = ledger_copies.write_copy

    def spoiled(engine: object, target: Path) -> None:
        write(engine, target)  # type: ignore[arg-type]
        spoil(target)

    monkeypatch.setattr(ledger_copies, "write_copy", spoiled)
    with pytest.raises(LedgerError, match="was not kept") as told:
        keep(site)
    assert names(site) == [good.name]
    assert f"copy {good} over {site.settings.ledger_file} and delete" in told.value.message
    assert "\n" not in told.value.message


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE alembic_version SET version_num = '0001'", "its schema is 0001"),
        ("UPDATE alembic_version SET version_num = '9999'", "its schema is not one"),
        ("DELETE FROM alembic_version", "its schema is not one"),
        ("UPDATE wallets SET own = 10000", "what is on record for ann.lee is not the sum of its entries"),
        ("DROP TABLE journal", "no such table: journal"),
    ],
)
def test_a_copy_that_is_no_good_ledger_is_not_kept(site: Site, statement: str, why: str) -> None:
    with site.database.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.exec_driver_sql(statement)
        connection.commit()
    with pytest.raises(LedgerError, match=why):
        keep(site)
    assert names(site) == []


def test_a_spoiled_ledger_gives_no_copy_and_names_the_newest_good_one(site: Site) -> None:
    good = keep(site)
    later = good.with_name("ledger-20261123-090000.db")
    later.write_bytes(good.read_bytes())
    spoil(later)
    site.clock.move(days=1)
    site.database.dispose()
    file = site.settings.ledger_file
    assert file is not None
    spoil(file)
    with pytest.raises(
        LedgerError, match=re.escape(f"the ledger itself is damaged: stop the schedule, then copy {good} over")
    ):
        keep(site)
    assert names(site) == [good.name, later.name]


def test_a_copy_that_is_put_back_is_told_as_an_older_ledger(site: Site) -> None:
    good = keep(site)
    site.clock.move(days=1)
    site.prints("ann.lee", 2.0)
    assert site.settle().exit_code == 0
    site.database.dispose()
    file = site.settings.ledger_file
    assert file is not None
    for beside in ("-wal", "-shm"):
        file.with_name(file.name + beside).unlink(missing_ok=True)
    file.write_bytes(good.read_bytes())
    result = site.settle()
    assert (result.exit_code, [refusal.code for refusal in result.refused]) == (3, ["ledger_old"])


# -- the full disk -----------------------------------------------------------------------------------------------------


def full(*_: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("step", ["open", "fsync", "replace"])
def test_a_full_disk_leaves_nothing_half_written(site: Site, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    good = keep(site)
    site.clock.move(days=1)
    monkeypatch.setattr(ledger_copies.os, step, full)
    with pytest.raises(LedgerError, match=r"could not be made \(No space left on device\)"):
        keep(site)
    assert names(site) == [good.name]


def test_a_disk_that_is_full_for_sqlite_leaves_nothing_half_written(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Connection:
        def execute(self, _statement: str, parameters: tuple[str]) -> None:
            Path(parameters[0]).write_text("half")
            Path(parameters[0] + "-journal").write_text("half")
            raise sqlite3.OperationalError("database or disk is full")

        def close(self) -> None:
            """Nothing is open."""

    good = keep(site)
    site.clock.move(days=1)
    monkeypatch.setattr(site.database, "raw_connection", Connection)
    with pytest.raises(LedgerError, match="database or disk is full"):
        keep(site)
    assert names(site) == [good.name]


def test_a_folder_that_cannot_be_made_is_a_sentence(site: Site) -> None:
    (site.folder / "file").write_text("")
    site.configure(ledger={"copies_dir": "file/below"})
    with pytest.raises(LedgerError, match="copies_dir"):
        keep(site)


def test_a_ledger_on_a_server_has_its_servers_backups(site: Site) -> None:
    site.configure(ledger={"url": "postgresql+psycopg://relay@localhost/relay"})
    assert copies.keep(site.database, site.settings, site.clock) is None
    assert names(site) == []


# -- the daily run -----------------------------------------------------------------------------------------------------


@pytest.fixture
def daily(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The site with a run whose people and jobs are done in a moment; its time of the day has come."""
    done = MoneyResult("EUR")
    monkeypatch.setattr(people, "sync", lambda *_, **__: done)
    monkeypatch.setattr(JobLog, "import_jobs", lambda _: done)
    site.clock.move(days=1)
    return site


def test_a_daily_run_keeps_a_copy_in_which_its_day_is_done(daily: Site) -> None:
    assert story.run(daily.context, if_due=True).due
    (name,) = names(daily)
    with closing(ledger_copies.opened(daily.settings.copies_dir / name)) as connection:
        done = connection.execute("SELECT day FROM business_days WHERE done_at IS NOT NULL").fetchall()
    assert done == [("2026-11-24",)]
    os.unlink(daily.settings.copies_dir / name)
    assert not story.run(daily.context, if_due=True).due  # the day is done
    assert names(daily) == []
    story.run(daily.context)
    assert len(names(daily)) == 1


def test_a_part_that_fails_leaves_the_copy_to_the_next_try(daily: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RelayError("no")

    monkeypatch.setattr(people, "sync", fails)
    assert story.run(daily.context, if_due=True).exit_code == 1
    assert names(daily) == []
    assert story.run(daily.context).exit_code == 1
    assert len(names(daily)) == 1


def test_a_copy_that_fails_is_a_warning_and_no_failed_run(daily: Site, caplog: pytest.LogCaptureFixture) -> None:
    daily.settings.copies_dir.write_text("")  # a file where the folder should be
    with caplog.at_level(logging.WARNING, logger="relay.run"):
        assert story.run(daily.context, if_due=True).exit_code == 0
    assert [record.getMessage() for record in caplog.records if "no copy of the ledger was kept" in record.message]
    assert not story.run(daily.context, if_due=True).due
