"""A ledger of version 0.2 is carried over whole: each mark becomes a wallet, and nothing that was open is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, select, text

from relay import database
from relay.money.decide.explain import Buckets
from relay.money.decide.holds import Held
from relay.money.decide.wallet import opening
from relay.money.ledger import holds, journal, records, tables
from relay.money.ledger.store import Ledger
from relay.stored_accounts import accounts_of
from tests.support.old_ledger import ACME, at, fee, link, make, mark, movement, put
from tests.support.postgresql_server import server
from tests.support.still_clock import StillClock

EUR = 1_000_000
OPEN = "PRF-261120-1-AAAAAAAA"


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    with server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database with the schema of 0.2."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql")
        plain = create_engine(url)
        with plain.begin() as connection:
            for schema in connection.execute(text("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'before_%'")):
                connection.execute(text(f'DROP SCHEMA "{schema.nspname}" CASCADE'))
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        plain.dispose()
    engine = database.make_engine(url)
    make(engine, "0002")
    yield engine
    engine.dispose()


def carried(engine: Engine) -> Ledger:
    database.bring_up_to_date(engine)
    ledger = Ledger(engine, "hq", StillClock(at(23)))
    with ledger.read() as connection:
        assert journal.wrong_wallets(connection, "hq") == []
        entries = journal.entries(connection, "hq")
        assert [row["wallet_id"] for row in entries] == [wallet.id for wallet in journal.wallets(connection, "hq")]
        assert {row["kind"] for row in entries} <= {"opening"}
    return ledger


def test_each_mark_becomes_a_wallet_with_one_entry(old: Engine) -> None:
    put(
        old,
        people_links=[link("ann", opening_balance=-3 * EUR), link("bob"), link("cy", deleted_at=at(21))],
        people_shared_accounts=[
            {"account_id": "7", "name": "Acme\\Projects", "company_id": ACME, "company_name": "Acme",
             "linked_at": at(2), "opening_balance": 0, "unlinked_at": None},
        ],
        marks=[
            mark("ann", -5 * EUR, opening_left=3 * EUR, billed_jobs=7, billed_at=at(31, month=10)),
            mark("bob", 4 * EUR, top_up_left=2_500_000, billed_jobs=9, billed_at=at(20)),
            mark("cy", -1 * EUR),
            mark("account:7", -7 * EUR, jobs=None),
        ],
    )  # fmt: skip
    ledger = carried(old)
    wallets = ledger.wallets()
    assert {member: wallet.buckets for member, wallet in wallets.items()} == {
        "member-ann": Buckets(opening=-3 * EUR, owed=-2 * EUR),
        "member-bob": Buckets(allowance=2_500_000, own=1_500_000),
        "account:7": Buckets(owed=-7 * EUR),
    }
    ann, shared = wallets["member-ann"], wallets["account:7"]
    assert (ann.username, ann.linked_at, ann.jobs, ann.read_at) == ("ann", at(1), 9, at(20))
    assert (ann.billed_jobs, ann.billed_at, ann.doubt) == (7, at(31, month=10), "")
    assert (shared.username, shared.linked_at, shared.jobs) == ("account:Acme\\Projects", at(2), None)
    with ledger.read() as connection:
        days = {row["member_id"]: (row["day"], row["at"]) for row in journal.entries(connection, "hq")}
        (gone,) = [wallet for wallet in journal.wallets(connection, "hq") if wallet.closed_at is not None]
    assert (gone.member_id, gone.buckets.owed) == ("member-cy", -1 * EUR)
    # Ann's debt is as old as her last bill, so that it is due at once in a site that bills by the month.
    assert days["member-ann"] == (date(2026, 10, 31), at(20))
    assert days["member-bob"] == (date(2026, 11, 20), at(20))


def test_a_mark_of_another_account_than_the_one_linked_now_does_not_count(old: Engine) -> None:
    put(old, people_links=[link("ann", linked_at=at(21))], marks=[mark("ann", -5 * EUR)])
    assert carried(old).wallets() == {}


def test_what_is_open_is_bound_to_its_members_wallet(old: Engine) -> None:
    """An adjustment in doubt, also of somebody without a mark; what is done needs no wallet any more."""
    put(
        old,
        people_links=[link("ann"), link("zoe", opening_balance=-2 * EUR, opening_jobs=4), link("bob")],
        marks=[mark("ann", -5 * EUR), mark("bob", 3 * EUR, top_up_left=3 * EUR)],
        fees=[fee("ann", OPEN, "posted", 5 * EUR), fee("bob", "PRF-261120-1-BBBBBBBB", "posted", EUR)],
        movements=[
            movement("ann", OPEN, "fee", "in_doubt", 5 * EUR, fee_reference=OPEN, fee_state="posted", sent_at=at(20),
                     balance_before=-5 * EUR, jobs_before=9, lost=True, note="look"),
            movement("zoe", "PRG-261120-1-ZZZZZZZZ", "forgiveness", "planned", 2 * EUR),
            movement("bob", "PRT-261120-1-TTTTTTTT", "top_up", "posted", 3 * EUR, period="2026-11"),
            movement("bob", "PRC-261120-1-CCCCCCCC", "credit", "posted", -EUR, corrects="PRF-261120-1-BBBBBBBB"),
        ],
        top_up_claims=[
            {"member_id": f"member-{who}", "period": "2026-11", "reference": reference, "claimed_at": at(20)}
            for who, reference in (("bob", "PRT-261120-1-TTTTTTTT"), ("ann", None))
        ],
        refund_claims=[
            {"job": "17", "reference": "PRC-261120-1-CCCCCCCC", "member_id": "member-bob", "amount": EUR},
        ],
    )  # fmt: skip
    ledger = carried(old)
    wallets = ledger.wallets()
    ann = ledger.movement(OPEN)
    assert (ann.wallet_id, ann.state, ann.lost, ann.note) == (wallets["member-ann"].id, "in_doubt", True, "look")
    assert (ann.balance_before, ann.jobs_before, ann.sent_at, ann.fee_id) == (-5 * EUR, 9, at(20), "fee-ann")
    zoe = ledger.movement("PRG-261120-1-ZZZZZZZZ")
    assert (zoe.wallet_id, zoe.bucket) == (wallets["member-zoe"].id, "opening")
    assert (wallets["member-zoe"].buckets, wallets["member-zoe"].jobs) == (Buckets(opening=-2 * EUR), 4)
    assert len(ledger.open_movements()) == 2
    with ledger.read() as connection:
        assert records.topped_up(connection, "hq", "2026-11") == {"member-bob", "member-ann"}
        assert records.credited_jobs(connection, "hq") == {"17": EUR}
    # What comes to its end now moves the wallet that it is bound to.
    with ledger.write() as connection:
        ledger.step_movement(connection, OPEN, "posted", "word", by_word=True)
    assert ledger.wallets()["member-ann"].buckets == Buckets()


def held_in_02(code: str, amount: int) -> dict[str, Any]:
    return {
        "member_id": "member-ann",
        "code": code,
        "username": "ann",
        "amount": amount,
        "reason": "look",
        "at": at(20),
    }


def said_in_02(held: dict[str, int], **values: Any) -> dict[str, Any]:
    common = {"member_id": "member-ann", "answer": "bill", "reason": "seen", "at": at(21), "used_at": None}
    return common | {"held": held} | values


@pytest.mark.parametrize(
    ("code", "doubt"), [("unexplained_debt", "uncounted"), ("counter_fell", "counter_fell")]
)  # fmt: skip
def test_a_doubt_becomes_a_disputed_part_with_its_row_and_its_word(old: Engine, code: str, doubt: str) -> None:
    """The mark of 0.2 stood still where a debt was not believed: what was held lies beyond it."""
    put(
        old,
        people_links=[link("ann")],
        marks=[mark("ann", 0, doubt=code)],
        holds=[held_in_02(code, 5 * EUR)],
        approvals=[said_in_02({code: 5 * EUR})],
    )
    ledger = carried(old)
    wallet = ledger.wallets()["member-ann"]
    assert (wallet.buckets, wallet.doubt) == (Buckets(disputed=-5 * EUR), doubt)
    with ledger.read() as connection:
        (row,) = holds.open_holds(connection, "hq")
        (word,) = connection.execute(select(tables.words)).mappings()
    assert (row.code, row.amount, row.reason, row.username) == (code, 5 * EUR, "look", "ann")
    assert row.word is not None and (row.word.answer, row.word.amount) == ("bill", 5 * EUR)
    assert (word["reason"], word["at"], word["ended_at"]) == ("seen", at(21), None)


@pytest.mark.parametrize(
    "said",
    [
        said_in_02({"opening_balance": 5 * EUR}, used_at=at(21)),  # used up
        said_in_02({"unexplained_debt": 5 * EUR}),  # on something else
        said_in_02({"restored": 0}, member_id=""),  # on a stop of the site, which 0.3 does not know
    ],
)
def test_a_word_on_anything_else_is_not_carried_over(old: Engine, said: dict[str, Any]) -> None:
    put(
        old,
        people_links=[link("ann", opening_balance=-5 * EUR)],
        marks=[mark("ann", -5 * EUR, opening_left=5 * EUR)],
        holds=[held_in_02("opening_balance", 5 * EUR)],
        approvals=[said],
    )
    ledger = carried(old)
    with ledger.read() as connection:
        (row,) = holds.open_holds(connection, "hq")
        assert (row.code, row.word, connection.execute(select(tables.words)).all()) == ("opening_balance", None, [])


def test_the_last_word_of_several_is_the_word(old: Engine) -> None:
    put(
        old,
        people_links=[link("ann", opening_balance=-5 * EUR)],
        marks=[mark("ann", -5 * EUR, opening_left=5 * EUR)],
        holds=[held_in_02("opening_balance", 5 * EUR)],
        approvals=[said_in_02({"opening_balance": 5 * EUR}, answer=answer) for answer in ("bill", "forgive")],
    )
    with carried(old).read() as connection:
        (row,) = holds.open_holds(connection, "hq")
    assert row.word is not None and row.word.answer == "forgive"


def test_new_rows_follow_the_ones_carried_over(old: Engine) -> None:
    """PostgreSQL counts ids by itself, and knows nothing of rows that came with theirs."""
    put(
        old,
        people_links=[link("ann", opening_balance=-5 * EUR), link("bob", opening_balance=-EUR)],
        marks=[mark("ann", -5 * EUR, opening_left=5 * EUR)],
        holds=[held_in_02("opening_balance", 5 * EUR)],
    )
    ledger = carried(old)
    bob = next(account for account in accounts_of(old, "hq") if account.username == "bob")

    with ledger.write() as connection:
        wallet, entry = opening(bob, date(2026, 11, 23))
        (stored,) = journal.add_wallets(connection, "hq", [wallet])
        ledger.book(connection, stored, entry, 0)
        holds.add_holds(connection, "hq", [Held(bob, EUR, "opening_balance", "why")], at(23))
        assert [row.id for row in holds.open_holds(connection, "hq")] == [1, 2]
    assert stored.id == 2


def test_an_empty_ledger_is_carried_over_too(old: Engine) -> None:
    put(old, site_facts=[{"name": "currency", "value": "EUR"}])
    ledger = carried(old)
    with ledger.read() as connection:
        assert (ledger.wallets(), records.fact(connection, "hq", "currency")) == ({}, "EUR")
