"""The ledger: illegal states are impossible, one run at a time, nothing is sent when it cannot be written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from relay.accounts import LinkedAccount
from relay.errors import AlreadyRunning, LedgerError
from relay.money.decide.explain import Buckets
from relay.money.decide.holds import Held, Stop
from relay.money.ledger import holds, journal, tables
from relay.money.ledger.store import Ledger, open_ledger
from tests.support.money_acts import took_the_lease
from tests.support.money_world import Site, refuse

pytestmark = pytest.mark.windows


@pytest.fixture
def posted(site: Site) -> Site:
    """A fee that is posted, a held opening debt with a word on it, and a stop that stands."""
    site.person("ann.lee", prints=7.0)
    site.person("old", -5.0)
    site.settle()
    site.approve("old", "bill")
    with site.quietly(), site.database.begin() as connection:
        holds.add_stop(connection, "hq", Stop("clock_went_back", "why", {"newest": "x"}), site.clock.now())
    return site


def copies(table: str, **instead: str) -> str:
    """Return an INSERT of a table's own rows, with some columns replaced by SQL."""
    names = [column.name for column in tables.metadata.tables[table].columns]
    values = ", ".join(instead.get(name, name) for name in names)
    return f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM {table}"


@pytest.mark.parametrize(
    ("statement", "refused"),
    [
        ("UPDATE movements SET amount = 0", "movement_sign"),
        ("UPDATE movements SET amount = -amount", "movement_sign"),
        ("UPDATE movements SET kind = 'gift', fee_reference = NULL, fee_state = NULL", "movement_kind"),
        ("UPDATE movements SET kind = 'top_up'", "movement_fee_kind"),
        ("UPDATE movements SET fee_reference = NULL, fee_state = NULL", "movement_fee_kind"),
        ("UPDATE movements SET fee_state = NULL", "movement_fee_state_known"),
        ("UPDATE movements SET state = 'sent', balance_before = NULL", "movement_sent_has_evidence"),
        ("UPDATE movements SET state = 'sent', jobs_before = NULL", "movement_sent_has_evidence"),
        ("UPDATE movements SET state = 'done'", "movement_state"),
        ("UPDATE movements SET period = '2025-01'", "movement_period"),
        ("UPDATE movements SET wallet_id = 99", "FOREIGN KEY"),
        ("UPDATE fees SET price = 0", "fee_price"),
        ("UPDATE fees SET state = 'done', fee_id = NULL", "fee_state"),
        ("UPDATE fees SET state = 'sent'", "fee_id_means_posted"),
        # its adjustment is posted
        ("UPDATE fees SET state = 'planned', fee_id = NULL", "movement_fee_first"),
        ("UPDATE fees SET fee_id = NULL", "fee_posted_has_id"),
        ("DELETE FROM fees", "FOREIGN KEY"),
        (copies("fees", reference="'again'", state="'planned'", fee_id="NULL"), "fees.site, fees.subject_id"),
        (copies("fees", reference="'again'", sequence="9"), "fees.fee_id"),
        *(
            (f"UPDATE wallets SET {bucket} = {wrong}", "wallet_signs")
            for bucket, wrong in [("opening", 1), ("owed", 1), ("disputed", 1), ("allowance", -1), ("own", -1)]
        ),
        (copies("wallets", id="9"), "wallets.site, wallets.member_id"),
        ("DELETE FROM wallets", "FOREIGN KEY"),
        ("UPDATE journal SET owed = owed + 1", "entry_adds_up_to_zero"),
        ("UPDATE journal SET fees = fees - 1 WHERE kind = 'movement'", "entry_adds_up_to_zero"),
        ("UPDATE journal SET kind = 'gift'", "entry_kind"),
        ("UPDATE journal SET wallet_id = 99", "FOREIGN KEY"),
        (copies("holds", id="9"), "holds.site, holds.member_id, holds.code"),
        ("DELETE FROM holds", "FOREIGN KEY"),
        ("UPDATE words SET answer = 'maybe'", "word_answer"),
        ("UPDATE words SET hold_id = NULL", "word_on_one_thing"),
        ("UPDATE words SET stop_id = (SELECT id FROM stops)", "word_on_one_thing"),
        ("UPDATE words SET stop_id = 99, hold_id = NULL", "FOREIGN KEY"),
        ("UPDATE words SET movement = 'none'", "FOREIGN KEY"),
        ("UPDATE words SET entry_id = 99", "FOREIGN KEY"),
        (copies("words", id="9"), "words.hold_id"),
        (
            "INSERT INTO refund_claims (site, job, reference, member_id, amount) SELECT 'hq', 'job', reference, 'm', 0 "
            "FROM movements",
            "refund_amount",
        ),
        (
            "INSERT INTO top_up_claims (site, member_id, period, reference, claimed_at) "
            "VALUES ('hq', 'm', 'p', 'none', '2025-01-01')",
            "FOREIGN KEY",
        ),
    ],
)
def test_illegal_states_are_impossible(posted: Site, statement: str, refused: str) -> None:
    with pytest.raises(IntegrityError, match=refused), posted.database.begin() as connection:
        connection.execute(text(statement))


def test_a_credit_takes_and_everything_has_an_amount(site: Site) -> None:
    site.configure(top_up={"amount": "5.00"})
    site.person("ann.lee")
    site.top_up()
    for kind in ("credit", "included", "forgiveness"):
        wrong = "-amount" if kind != "credit" else "amount"
        statement = f"UPDATE movements SET kind = '{kind}', period = NULL, amount = {wrong}"
        with pytest.raises(IntegrityError, match="movement_sign"), site.database.begin() as connection:
            connection.execute(text(statement))


def test_one_open_movement_per_person(site: Site) -> None:
    site.person("ann.lee", prints=7.0)
    site.faults.always = refuse
    site.settle()
    again = copies(
        "movements", reference="'again'", kind="'forgiveness'", sequence="9", fee_reference="NULL", fee_state="NULL"
    )
    one_open = "movements.site, movements.member_id"
    with pytest.raises(IntegrityError, match=one_open), site.database.begin() as connection:
        connection.execute(text(again))


# -- wallets, journal, holds -----------------------------------------------------------------------------------------


def test_the_wallet_is_the_sum_of_its_entries(posted: Site) -> None:
    with posted.database.connect() as connection:
        assert journal.wrong_wallets(connection, "hq") == []
        (ann, _) = journal.wallets(connection, "hq")
        assert (ann.buckets, ann.jobs) == (Buckets(), 1)
        entries = journal.entries(connection, "hq")
    assert [
        (row["kind"], row["balance"], row["printed"], row["fees"]) for row in entries if row["username"] == "ann.lee"
    ] == [("opening", 0, 0, 0), ("reading", -7_000_000, -7_000_000, 0), ("movement", 0, 0, 7_000_000)]
    assert entries[-1]["cause"] == Ledger(posted.database, "hq", posted.clock).movements()[0].reference


def test_buckets_that_are_not_their_entries_sum_are_found(posted: Site) -> None:
    with posted.database.begin() as connection:
        connection.execute(text("UPDATE wallets SET own = 10000 WHERE username = 'ann.lee'"))
        ((wrong, total),) = journal.wrong_wallets(connection, "hq")
    assert (wrong.buckets, total) == (Buckets(own=10_000), Buckets())


def test_a_movement_belongs_to_the_wallet_that_it_was_decided_on(posted: Site) -> None:
    ledger = Ledger(posted.database, "hq", posted.clock)
    (movement,) = ledger.movements()
    assert movement.wallet_id is not None and ledger.wallet(movement.wallet_id).username == "ann.lee"


def test_journal_entries_since_a_day(site: Site) -> None:
    site.person("ann.lee")
    site.settle()
    site.clock.move(days=1)
    site.prints("ann.lee", 1.0)
    site.settle()
    with site.database.connect() as connection:
        found = journal.entries(connection, "hq", date(2026, 11, 24))
    assert [(row["kind"], row["day"]) for row in found] == [
        ("reading", date(2026, 11, 24)),
        ("movement", date(2026, 11, 24)),
    ]


def test_what_is_owed_by_periods(site: Site) -> None:
    """All that is older is one line; since then debts and payments are one each."""
    site.configure(fees={"managed_in": "shadow"})
    ann = site.person("ann.lee")
    for cost in (1.0, 2.0, 4.0):
        site.prints("ann.lee", cost)
        site.settle()
        site.clock.move(days=1)
    with site.database.connect() as connection:
        (wallet,) = journal.open_wallets(connection, "hq", ann).values()
        changes = journal.owed_changes(connection, "hq", date(2026, 11, 24))[wallet.id]
    assert [change.owed for change in changes] == [-1_000_000, 0, -6_000_000]
    assert [change.day.day for change in changes] == [23, 24, 24]


def test_a_held_row_stays_while_its_amount_is_the_same(posted: Site) -> None:
    old = LinkedAccount("m", "old", posted.clock.now())

    def renew(*amounts: int, members: tuple[str, ...] = ("m",)) -> list[tuple[int, int]]:
        with posted.database.begin() as connection:
            held = [Held(old, amount, "max_fee", "why") for amount in amounts]
            holds.renew_holds(connection, "hq", held, members, posted.clock.now())
            return [(row.id, row.amount) for row in holds.open_holds(connection, "hq") if row.member_id == "m"]

    ((first, _),) = renew(5)
    assert renew(5) == [(first, 5)]
    assert renew(members=()) == [(first, 5)]  # of somebody who was not decided on
    ((second, amount),) = renew(6)
    assert second != first and amount == 6
    assert renew() == []


def test_a_row_with_a_word_waits_for_it(posted: Site) -> None:
    """No word ever speaks of what it did not name; what has grown comes with the row after it."""
    with posted.database.begin() as connection:
        (row,) = holds.open_holds(connection, "hq")
        assert row.word is not None and (row.word.answer, row.word.amount) == ("bill", row.amount)
        grown = Held(LinkedAccount(row.member_id, "old", posted.clock.now()), 9_000_000, row.code, "why")
        holds.renew_holds(connection, "hq", [grown], [row.member_id], posted.clock.now())
        assert holds.open_holds(connection, "hq") == [row]


def test_a_later_word_takes_the_place_of_an_earlier_one(posted: Site) -> None:
    with posted.database.begin() as connection:
        (row,) = holds.open_holds(connection, "hq")
        holds.add_word(connection, "hq", "forgive", "why", posted.clock.now(), hold=row, amount=row.amount)
        (again,) = holds.open_holds(connection, "hq")
        voided = connection.execute(text("SELECT void FROM words WHERE id = 1")).scalar()
    assert again.word is not None and (again.word.answer, again.id) == ("forgive", row.id)
    assert voided == "another word was given after it"


def test_a_word_is_spent_with_its_row(posted: Site) -> None:
    with posted.database.begin() as connection:
        (row,) = holds.open_holds(connection, "hq")
        assert row.word is not None
        holds.spend_word(connection, row.word.id, posted.clock.now(), entry_id=1)
        assert holds.open_holds(connection, "hq") == []


def test_a_stop_with_other_facts_is_another_and_voids_the_word(posted: Site) -> None:
    now = posted.clock.now()
    with posted.database.begin() as connection:
        (stop,) = holds.open_stops(connection, "hq")
        holds.add_word(connection, "hq", "continue", "why", now, stop=stop)
        holds.add_stop(connection, "hq", Stop("clock_went_back", "again", {"newest": "x"}), now)
        (same,) = holds.open_stops(connection, "hq")
        assert same.id == stop.id and same.word is not None and same.word.answer == "continue"
        holds.add_stop(connection, "hq", Stop("clock_went_back", "other", {"newest": "y"}), now)
        (other,) = holds.open_stops(connection, "hq")
        assert (other.message, other.word) == ("other", None)
        holds.end_stop(connection, other, now)
        assert holds.open_stops(connection, "hq") == []
        voided = list(connection.execute(text("SELECT void FROM words WHERE stop_id IS NOT NULL")).scalars())
    assert voided == ["the facts have changed since"]


# -- steps -----------------------------------------------------------------------------------------------------------


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
        ledger.step_fee(connection, "PRF-250101-4HW0PZ-AAAAAAAA", "sent", "sent")


@pytest.mark.parametrize("find", ["fee", "movement"])
def test_what_is_not_there_is_told(site: Site, find: str) -> None:
    with pytest.raises(LedgerError, match="has no"):
        getattr(Ledger(site.database, "hq", site.clock), find)("PRF-250101-4HW0PZ-AAAAAAAA")


def test_every_step_is_evidence(posted: Site) -> None:
    events = [row[4] for row in posted.ledger_rows()["evidence"]]
    assert events == ["planned", "sent", "answered", "sent", "answered", "verified"]


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


def test_twenty_runs_at_once(on_disk: Site) -> None:
    on_disk.faults.counting = False
    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(partial(took_the_lease, on_disk), range(20))).count(True) == 1


def test_two_sites_share_a_ledger(site: Site) -> None:
    site.person("ann.lee", prints=7.0)
    site.settle()
    other = Ledger(site.database, "annex", site.clock)
    assert (other.fees(), other.movements(), other.wallets(), other.has_fees()) == ([], [], {}, False)
