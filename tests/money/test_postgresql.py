"""The ledger on PostgreSQL: the same code, a real server."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from relay import database as databases
from relay.errors import LedgerError
from tests.support.money_acts import took_the_lease
from tests.support.money_world import Site, kill
from tests.support.postgresql_server import Server, server
from tests.support.settings_example import example_settings

pytestmark = pytest.mark.needs("postgresql")


@pytest.fixture(scope="module")
def url() -> Iterator[Server]:
    with server() as address:
        yield address


@pytest.fixture
def site(url: str, tmp_path: Path) -> Iterator[Site]:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    made = Site(tmp_path, {}, url=url)
    yield made
    made.database.dispose()


def test_every_commit_and_nothing_else_changes_the_stamp(site: Site, url: Server) -> None:
    """What a page has kept holds until somebody commits, in whichever process; what is under way is not seen."""
    changes, other = databases.Changes(site.database), create_engine(url)
    write = text("INSERT INTO site_facts VALUES ('hq', :name, 'EUR')")
    try:
        stamps = [changes.stamp()]
        assert changes.stamp() == stamps[0]
        with other.connect() as connection:
            connection.execute(write, {"name": "one"})
            during = {changes.stamp(), changes.stamp()}
            connection.commit()
        stamps.append(changes.stamp())
        with site.database.begin() as connection:
            connection.execute(write, {"name": "two"})
        stamps.append(changes.stamp())
        assert changes.stamp() == stamps[-1]
    finally:
        changes.close()
        other.dispose()
    assert len(set(stamps)) == 3 and not during & set(stamps[1:])


def test_a_killed_settle_is_finished(site: Site) -> None:
    ann = site.person("ann.lee", prints=7.0)
    for moment in range(60):
        site.faults.clear()
        site.faults.actions[moment] = kill
        if not site.killed(site.settle):
            break
        site.faults.clear()
        site.clock.move(seconds=10)
        assert site.settle().exit_code == 0
        assert site.balance("ann.lee") == 0
        site.prints("ann.lee", 7.0)
        site.clock.move(minutes=1)
    assert moment > 10
    assert len(site.fees_of(ann)) == len(site.adjustments("ann.lee"))


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_server_that_goes_in_mid_run_is_a_sentence_and_bills_once_when_it_is_back(
    site: Site, url: Server, part: float
) -> None:
    """Stopped between two commits: early, in the middle and late in a settle."""
    ann = site.person("ann.lee", prints=7.0)
    site.settle()
    commits = [number for number, (_, phase) in enumerate(site.faults.seen) if phase == "commit"]
    site.prints("ann.lee", 5.0)
    site.clock.move(minutes=5)
    site.faults.clear()
    site.faults.actions[commits[int(len(commits) * part)] + 1] = lambda *_: url.stop()
    told = ""
    try:
        result = site.settle()
        assert result.exit_code in (1, 4)
        told = " ".join(problem.message for problem in result.problems)
    except (LedgerError, DBAPIError) as error:
        told = str(error)
    finally:
        url.start()
    assert any(word in told for word in ("terminating connection", "closed the connection", "connection")), told
    site.faults.clear()
    for _ in range(2):
        site.clock.move(minutes=5)
        assert site.settle().exit_code == 0
    assert (site.billed(ann), site.balance("ann.lee")) == (12_000_000, 0)
    assert sorted(amount for amount, _ in site.adjustments("ann.lee")) == [5.0, 7.0]


def test_a_shared_account_of_a_long_name_is_settled(site: Site) -> None:
    """PostgreSQL holds columns to their length, which SQLite does not."""
    name = "Acme\\" + "é" * 235
    site.shared(name)
    site.prints(f"account:{name}", 7.0)
    assert site.settle().as_json()["total"] == "7.00"
    assert (site.settle().exit_code, site.balance(f"account:{name}")) == (0, 0)


def test_illegal_states_are_impossible(site: Site) -> None:
    site.person("ann.lee", prints=7.0)
    site.settle()
    for statement in (
        "UPDATE movements SET amount = -amount",
        "UPDATE fees SET fee_id = NULL",
        "UPDATE fees SET state = 'sent'",
        "UPDATE movements SET state = 'whatever'",
        "DELETE FROM fees",
    ):
        with pytest.raises(IntegrityError), site.database.begin() as connection:
            connection.execute(text(statement))


def test_many_runs_at_once_bill_once(site: Site) -> None:
    """Twenty machines with one ledger: one takes the lease, the others step aside."""
    site.person("ann.lee")
    site.faults.counting = False

    with ThreadPoolExecutor(20) as pool:
        taken = list(pool.map(partial(took_the_lease, site), range(20)))
    assert taken.count(True) == 1


def test_a_copy_is_taken_before_a_migration(site: Site, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    site.person("ann.lee")
    schema = databases.take_copy(site.database, "0001")
    with site.database.connect() as connection:
        assert "people_links" in inspect(connection).get_table_names(schema=schema)
        assert connection.execute(text(f'SELECT count(*) FROM "{schema}".people_links')).scalar() == 1
        connection.execute(text(f'DROP SCHEMA "{schema}" CASCADE'))
        connection.commit()


def test_a_server_that_is_down_is_a_sentence(tmp_path: Path) -> None:
    settings = example_settings(tmp_path, ledger={"url": "postgresql+psycopg://relay@/postgres?host=/nowhere"})
    with pytest.raises(LedgerError, match="cannot be opened"):
        databases.open_database(settings)
