"""The ledger: illegal states are impossible, one run at a time, nothing is sent when it cannot be written."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from money_world import Site, sites
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from relay.errors import AlreadyRunning, LedgerError
from relay.money.ledger import lease
from relay.money.ledger.store import Ledger, open_ledger


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    yield from sites(tmp_path)


@pytest.fixture
def posted(site: Site) -> Site:
    site.person("ann.lee")
    site.prints("ann.lee", 7.0)
    site.settle()
    return site


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE movements SET amount = 0",
        "UPDATE movements SET amount = -amount",
        "UPDATE movements SET kind = 'gift'",
        "UPDATE movements SET kind = 'top_up'",
        "UPDATE movements SET fee_reference = NULL, fee_state = NULL",
        "UPDATE movements SET state = 'sent', balance_before = NULL",
        "UPDATE movements SET period = '2025-01'",
        "UPDATE fees SET price = 0",
        "UPDATE fees SET state = 'done'",
        "UPDATE fees SET state = 'sent'",
        "UPDATE fees SET state = 'planned', fee_id = NULL",  # its adjustment is posted
        "UPDATE fees SET fee_id = NULL",
        "DELETE FROM fees",
        "INSERT INTO fees SELECT 'again', site, business_day, sequence, subject_id, member_id, company_id, "
        "is_personal, plan_id, location_id, name, price, currency, issue_date, use_coins, 'planned', NULL, by_word, "
        "lost, sent_at, created_at, changed_at, note FROM fees",
        "UPDATE marks SET opening_left = -1",
        "INSERT INTO approvals (site, member_id, answer, held, reason, at) VALUES ('hq', 'm', 'maybe', '{}', 'r', "
        "'2025-01-01')",
    ],
)
def test_illegal_states_are_impossible(posted: Site, statement: str) -> None:
    with pytest.raises(IntegrityError), posted.database.begin() as connection:
        connection.execute(text(statement))


def test_one_open_movement_per_person(site: Site) -> None:
    from money_world import refuse

    site.person("ann.lee")
    site.prints("ann.lee", 7.0)
    site.faults.always = refuse
    site.settle()
    again = (
        "INSERT INTO movements SELECT 'again', site, 'forgiveness', member_id, username, company_id, amount, currency, "
        "business_day, 9, period, state, NULL, NULL, corrects, lost, by_word, balance_before, jobs_before, "
        "balance_after, sent_at, created_at, changed_at, note, task FROM movements"
    )
    with pytest.raises(IntegrityError), site.database.begin() as connection:
        connection.execute(text(again))


def test_the_same_reference_with_other_content_stops(posted: Site) -> None:
    ledger = open_ledger(posted.database, posted.settings, posted.clock)
    fee = ledger.fees()[0]
    with pytest.raises(LedgerError, match="must not be"), ledger.write() as connection:
        ledger.add_fee(connection, fee)


def test_a_wrong_step_stops(posted: Site) -> None:
    ledger = open_ledger(posted.database, posted.settings, posted.clock)
    reference = ledger.fees()[0].reference
    with pytest.raises(LedgerError, match="cannot become"), ledger.write() as connection:
        ledger.step_fee(connection, reference, "sent", "sent")
    with pytest.raises(LedgerError, match="has no"), ledger.write() as connection:
        ledger.step_fee(connection, "PRF-250101-1-AAAAAAAA", "sent", "sent")


@pytest.mark.parametrize("find", ["fee", "movement"])
def test_what_is_not_there_is_told(site: Site, find: str) -> None:
    with pytest.raises(LedgerError, match="has no"):
        getattr(Ledger(site.database, "hq", site.clock), find)("PRF-250101-1-AAAAAAAA")


def test_every_step_is_evidence(posted: Site) -> None:
    events = [row[4] for row in posted.ledger_rows()["evidence"]]
    assert events == ["planned", "sent", "answered", "sent", "answered", "verified"]


def test_a_ledger_that_cannot_be_written_sends_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk: the intent cannot be stored, so the fee is not made."""
    site.person("ann.lee")
    site.prints("ann.lee", 7.0)

    def full(*_: object) -> None:
        raise OperationalError("COMMIT", {}, Exception("database or disk is full"))

    monkeypatch.setattr(lease, "renew", full)
    with pytest.raises(LedgerError, match="disk is full"):
        site.settle()
    assert site.remote_writes() == 0


# -- one run at a time -----------------------------------------------------------------------------------------------


def test_another_machine_waits_until_the_lease_is_over(site: Site) -> None:
    first = open_ledger(site.database, site.settings, site.clock, holder="one:/var")
    with pytest.raises(AlreadyRunning, match="on one"):
        open_ledger(site.database, site.settings, site.clock, holder="two:/var")
    first.release()
    second = open_ledger(site.database, site.settings, site.clock, holder="two:/var")
    site.clock.move(minutes=20)
    third = open_ledger(site.database, site.settings, site.clock, holder="one:/var")
    assert (first.epoch, second.epoch, third.epoch) == (1, 2, 3)


def test_the_same_machine_takes_over_at_once(site: Site) -> None:
    """Its lock file says that the run which held the lease is dead."""
    open_ledger(site.database, site.settings, site.clock)
    assert open_ledger(site.database, site.settings, site.clock).epoch == 2


def test_a_run_that_was_replaced_cannot_write(site: Site) -> None:
    old = open_ledger(site.database, site.settings, site.clock, holder="one:/var")
    site.clock.move(minutes=20)
    open_ledger(site.database, site.settings, site.clock, holder="two:/var")
    with pytest.raises(LedgerError, match="taken over"), old.write():
        pass
    old.release()
    with pytest.raises(AlreadyRunning):
        open_ledger(site.database, site.settings, site.clock, holder="one:/var")


def test_every_write_renews_the_lease(site: Site) -> None:
    first = open_ledger(site.database, site.settings, site.clock, holder="one:/var")
    for _ in range(5):
        site.clock.move(minutes=10)
        with first.write():
            pass
    with pytest.raises(AlreadyRunning):
        open_ledger(site.database, site.settings, site.clock, holder="two:/var")


def test_twenty_runs_at_once(tmp_path: Path) -> None:
    site = Site(tmp_path, {}, url=f"sqlite:///{tmp_path}/ledger.db")
    site.faults.counting = False

    def take(number: int) -> bool:
        try:
            open_ledger(site.database, site.settings, site.clock, holder=f"machine{number}:/var")
        except AlreadyRunning:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(take, range(20))).count(True) == 1
    site.database.dispose()


def test_two_sites_share_a_ledger(site: Site) -> None:
    site.person("ann.lee")
    site.prints("ann.lee", 7.0)
    site.settle()
    other = Ledger(site.database, "annex", site.clock)
    assert (other.fees(), other.movements(), other.marks(), other.has_fees()) == ([], [], {}, False)
