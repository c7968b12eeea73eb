"""Release 0.3: wallets and their journal in place of marks; held rows, words and stops that are each used once.

Each mark becomes one opening entry. Open movements stay open and are bound to their member's wallet; what waited for a
person, and the words not yet used, are carried over.
"""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

import sqlalchemy as sa
from alembic import op

from relay.database import Moment

revision = "0003"
down_revision = "0002"

BUCKETS = ("opening", "owed", "disputed", "allowance", "own")
SIDES = ("linked", "printed", "outside", "fees", "granted", "included", "forgiven", "restored")
UNEXPLAINED = ("unexplained_debt", "counter_fell")
ORDER = {"approvals": " ORDER BY id"}  # the last word on the same thing counts
Row = dict[str, Any]


def upgrade() -> None:
    connection = op.get_bind()
    kept = {
        name: [
            dict(row) for row in connection.execute(sa.text(f"SELECT * FROM {name}{ORDER.get(name, '')}")).mappings()
        ]
        for name in ("movements", "top_up_claims", "refund_claims", "marks", "holds", "approvals")
    }
    for name in ("top_up_claims", "refund_claims", "movements", "marks", "balance_changes", "holds", "approvals"):
        op.drop_table(name)
    op.add_column("fees", sa.Column("taken", sa.Boolean(), nullable=False, server_default=sa.false()))
    _create_tables()
    wallets = _carry_marks(connection, kept["marks"], kept["holds"], kept["movements"])
    _insert(connection, "movements", [_movement(row, wallets) for row in kept["movements"]])
    _insert(connection, "top_up_claims", kept["top_up_claims"])
    _insert(connection, "refund_claims", kept["refund_claims"])
    _carry_holds(connection, kept["holds"], kept["approvals"])


def _insert(connection: sa.Connection, name: str, rows: list[Row]) -> None:
    if rows:
        table = sa.Table(name, sa.MetaData(), autoload_with=connection)
        plain = sa.table(name, *(sa.column(column.name) for column in table.columns))
        connection.execute(sa.insert(plain), rows)


def _carry_marks(connection: sa.Connection, marks: list[Row], held: list[Row], moves: list[Row]) -> dict[Any, int]:
    """Make a wallet with one opening entry of each mark, and return the wallets' ids by (site, member id)."""
    links = {
        (row["site"], row["member_id"]): dict(row)
        for row in connection.execute(sa.text("SELECT * FROM people_links WHERE linked_at IS NOT NULL")).mappings()
    }
    shared = connection.execute(sa.text("SELECT * FROM people_shared_accounts")).mappings()
    for row in shared:
        links[(row["site"], f"account:{row['account_id']}")] = {
            **row,
            "username": f"account:{row['name']}",
            "deleted_at": row["unlinked_at"],
            "opening_jobs": None,
        }
    marked = {(row["site"], row["member_id"]): row for row in marks}
    open_members = {(row["site"], row["member_id"]) for row in moves if row["state"] not in ("posted", "withdrawn")}
    ids: dict[Any, int] = {}
    for key in sorted(set(marked) | (open_members & set(links))):
        link, mark = links.get(key), marked.get(key)
        if mark is not None and link is not None and _utc(mark["at"]) < _utc(link["linked_at"]):
            mark = None  # of another account than the one linked now
            if key not in open_members:
                continue
        doubted = sum(
            row["amount"] for row in held if (row["site"], row["member_id"]) == key and row["code"] in UNEXPLAINED
        )
        ids[key] = _carry_one(connection, key, link, mark, doubted, len(ids) + 1)
    return ids


def _carry_one(
    connection: sa.Connection, key: Any, link: Row | None, mark: Row | None, doubted: int, wallet_id: int
) -> int:
    site, member_id = key
    if mark is None:
        assert link is not None
        balance = link["opening_balance"]
        mark = {"balance": balance, "jobs": link["opening_jobs"], "at": link["linked_at"], "doubt": ""}
        mark |= {"opening_left": max(0, -balance), "top_up_left": 0, "billed_jobs": None, "billed_at": None}
    buckets = _buckets(mark, doubted)
    is_over = link is None or link["deleted_at"] is not None
    wallet = {
        "id": wallet_id,
        "site": site,
        "member_id": member_id,
        "username": link["username"] if link is not None else member_id,
        "linked_at": link["linked_at"] if link is not None else mark["at"],
        **buckets,
        "jobs": mark["jobs"],
        "read_at": mark["at"],
        "witness": 0,
        "billed_jobs": mark["billed_jobs"],
        "billed_at": mark["billed_at"],
        "doubt": ("counter_fell" if mark["doubt"] == "counter_fell" else "uncounted") if buckets["disputed"] else "",
        "closed_at": mark["at"] if is_over else None,
    }
    _insert(connection, "wallets", [wallet])
    since = mark["billed_at"] if buckets["owed"] and mark["billed_at"] is not None else mark["at"]
    entry = {
        "site": site,
        "wallet_id": wallet_id,
        "at": mark["at"],
        "day": _utc(since)[:10] if connection.dialect.name == "sqlite" else since.astimezone(UTC).date(),
        "kind": "opening",
        "cause": "",
        **buckets,
        **dict.fromkeys(SIDES, 0),
        "balance": sum(buckets.values()),
        "jobs": mark["jobs"],
        "witness": 0,
        "since": 0,
        "doubt": wallet["doubt"],
        "inferred": False,
    }
    entry["linked"] = sum(buckets.values())
    _insert(connection, "journal", [entry])
    return wallet_id


def _utc(moment: Any) -> str:
    """Return a moment as text in UTC, in which texts are in order of time; SQLite answers such a text."""
    if isinstance(moment, str):
        return moment
    return str(moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"))


def _buckets(mark: Row, doubted: int) -> dict[str, int]:
    """Return what a mark's balance is made of; what was held as unexplained stood beyond it."""
    balance = mark["balance"]
    opening = min(mark["opening_left"], max(0, -balance))
    allowance = min(mark["top_up_left"], max(0, balance))
    owed = max(0, -balance) - opening
    return {
        "opening": -opening,
        "owed": -owed,
        "disputed": -max(0, doubted - owed),
        "allowance": allowance,
        "own": max(0, balance) - allowance,
    }


def _movement(row: Row, wallets: dict[Any, int]) -> Row:
    is_open = row["state"] not in ("posted", "withdrawn")
    wallet_id = wallets.get((row["site"], row["member_id"])) if is_open else None
    kept = {name: value for name, value in row.items() if name != "balance_after"}
    bucket = "opening" if row["kind"] == "forgiveness" else ""
    return {**kept, "wallet_id": wallet_id, "bucket": bucket, "expires": 0, "witness": 0}


def _carry_holds(connection: sa.Connection, held: list[Row], said: list[Row]) -> None:
    """Carry over what waits for a person, and the words on it that were not used."""
    words = {(row["site"], row["member_id"]): row for row in said if row["used_at"] is None and row["member_id"]}
    number = 0
    for row in held:
        if not row["member_id"]:
            continue
        number += 1
        _insert(connection, "holds", [{**row, "id": number, "ended_at": None}])
        word = words.get((row["site"], row["member_id"]))
        if word is not None and _spoken_of(word).get(row["code"]) == row["amount"]:
            _insert(
                connection,
                "words",
                [
                    {
                        "site": row["site"],
                        "hold_id": number,
                        "answer": word["answer"],
                        "amount": row["amount"],
                        "reason": word["reason"],
                        "at": word["at"],
                        "void": "",
                    }
                ],
            )
    if connection.dialect.name == "postgresql":
        for name in ("wallets", "holds"):
            connection.execute(
                sa.text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), COALESCE(MAX(id), 1)) FROM {name}")
            )


def _spoken_of(word: Row) -> Row:
    """Return what a word named, code -> micros: JSON is text where no type is named."""
    held = word["held"]
    return json.loads(held) if isinstance(held, str) else held  # type: ignore[no-any-return]


def _create_tables() -> None:
    op.create_table(
        "wallets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("username", sa.String(length=255), nullable=False),
        sa.Column("linked_at", Moment(), nullable=False),
        sa.Column("opening", sa.BigInteger(), nullable=False),
        sa.Column("owed", sa.BigInteger(), nullable=False),
        sa.Column("disputed", sa.BigInteger(), nullable=False),
        sa.Column("allowance", sa.BigInteger(), nullable=False),
        sa.Column("own", sa.BigInteger(), nullable=False),
        sa.Column("jobs", sa.BigInteger(), nullable=True),
        sa.Column("read_at", Moment(), nullable=False),
        sa.Column("witness", sa.BigInteger(), nullable=False),
        sa.Column("billed_jobs", sa.BigInteger(), nullable=True),
        sa.Column("billed_at", Moment(), nullable=True),
        sa.Column("doubt", sa.String(length=16), nullable=False),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.CheckConstraint(
            "opening <= 0 AND owed <= 0 AND disputed <= 0 AND allowance >= 0 AND own >= 0", name="wallet_signs"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "wallets_one_open",
        "wallets",
        ["site", "member_id"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "movements",
        sa.Column("reference", sa.String(length=48), nullable=False),
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("username", sa.String(length=255), nullable=False),
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("business_day", sa.Date(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("period", sa.String(length=12), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("fee_reference", sa.String(length=40), nullable=True),
        sa.Column("fee_state", sa.String(length=12), nullable=True),
        sa.Column("corrects", sa.String(length=48), nullable=True),
        sa.Column("lost", sa.Boolean(), nullable=False),
        sa.Column("by_word", sa.Boolean(), nullable=False),
        sa.Column("wallet_id", sa.Integer(), nullable=True),
        sa.Column("bucket", sa.String(length=10), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("balance_before", sa.BigInteger(), nullable=True),
        sa.Column("jobs_before", sa.BigInteger(), nullable=True),
        sa.Column("witness", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", Moment(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.CheckConstraint("(kind = 'fee') = (fee_reference IS NOT NULL)", name="movement_fee_kind"),
        sa.CheckConstraint(
            "amount <> 0 AND (kind NOT IN ('fee', 'forgiveness', 'included') OR amount > 0) "
            "AND (kind <> 'credit' OR amount < 0)",
            name="movement_sign",
        ),
        sa.CheckConstraint(
            "fee_reference IS NULL OR fee_state = 'posted' OR state IN ('planned', 'withdrawn')",
            name="movement_fee_first",
        ),
        sa.CheckConstraint(
            "kind IN ('fee', 'top_up', 'forgiveness', 'credit', 'restoration', 'included')", name="movement_kind"
        ),
        sa.CheckConstraint("period IS NULL OR kind = 'top_up'", name="movement_period"),
        sa.CheckConstraint(
            "state <> 'sent' OR (sent_at IS NOT NULL AND balance_before IS NOT NULL AND jobs_before IS NOT NULL)",
            name="movement_sent_has_evidence",
        ),
        sa.CheckConstraint(
            "state IN ('planned', 'sent', 'posted', 'failed', 'in_doubt', 'withdrawn')", name="movement_state"
        ),
        sa.CheckConstraint("(fee_reference IS NULL) = (fee_state IS NULL)", name="movement_fee_state_known"),
        sa.ForeignKeyConstraint(
            ["fee_reference", "fee_state"], ["fees.reference", "fees.state"], name="movement_fee", onupdate="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["wallet_id"],
            ["wallets.id"],
        ),
        sa.PrimaryKeyConstraint("reference"),
    )
    op.create_index("movements_by_day", "movements", ["site", "business_day"], unique=False)
    op.create_index("movements_by_fee", "movements", ["fee_reference"], unique=False)
    op.create_index(
        "movements_one_open",
        "movements",
        ["site", "member_id"],
        unique=True,
        sqlite_where=sa.text("state NOT IN ('posted', 'withdrawn') AND kind <> 'restoration'"),
        postgresql_where=sa.text("state NOT IN ('posted', 'withdrawn') AND kind <> 'restoration'"),
    )
    op.create_table(
        "top_up_claims",
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("period", sa.String(length=12), nullable=False),
        sa.Column("reference", sa.String(length=48), nullable=True),
        sa.Column("claimed_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["reference"],
            ["movements.reference"],
        ),
        sa.PrimaryKeyConstraint("site", "member_id", "period"),
        sa.UniqueConstraint("reference"),
    )
    op.create_table(
        "refund_claims",
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("job", sa.String(length=120), nullable=False),
        sa.Column("reference", sa.String(length=48), nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name="refund_amount"),
        sa.ForeignKeyConstraint(
            ["reference"],
            ["movements.reference"],
        ),
        sa.PrimaryKeyConstraint("site", "job", "reference"),
    )
    op.create_table(
        "journal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("wallet_id", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("cause", sa.String(length=60), nullable=False),
        sa.Column("opening", sa.BigInteger(), nullable=False),
        sa.Column("owed", sa.BigInteger(), nullable=False),
        sa.Column("disputed", sa.BigInteger(), nullable=False),
        sa.Column("allowance", sa.BigInteger(), nullable=False),
        sa.Column("own", sa.BigInteger(), nullable=False),
        sa.Column("linked", sa.BigInteger(), nullable=False),
        sa.Column("printed", sa.BigInteger(), nullable=False),
        sa.Column("outside", sa.BigInteger(), nullable=False),
        sa.Column("fees", sa.BigInteger(), nullable=False),
        sa.Column("granted", sa.BigInteger(), nullable=False),
        sa.Column("included", sa.BigInteger(), nullable=False),
        sa.Column("forgiven", sa.BigInteger(), nullable=False),
        sa.Column("restored", sa.BigInteger(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("jobs", sa.BigInteger(), nullable=True),
        sa.Column("witness", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("doubt", sa.String(length=16), nullable=False),
        sa.Column("inferred", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('opening', 'reading', 'movement', 'word', 'loss')", name="entry_kind"),
        sa.CheckConstraint(
            "opening + owed + disputed + allowance + own = "
            "linked + printed + outside + fees + granted + included + forgiven + restored",
            name="entry_adds_up_to_zero",
        ),
        sa.ForeignKeyConstraint(
            ["wallet_id"],
            ["wallets.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("journal_by_site", "journal", ["site", "at"], unique=False)
    op.create_index("journal_by_wallet", "journal", ["wallet_id", "id"], unique=False)
    op.create_table(
        "holds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("username", sa.String(length=255), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "holds_open",
        "holds",
        ["site", "member_id", "code"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "stops",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("stops_by_site", "stops", ["site", "ended_at"], unique=False)
    op.create_table(
        "witnesses",
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("ledger", sa.String(length=16), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("mark", sa.String(length=16), nullable=False),
        sa.Column("target", sa.BigInteger(), nullable=True),
        sa.Column("target_mark", sa.String(length=16), nullable=False),
        sa.Column("raised_from", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("site"),
    )
    op.create_table(
        "words",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("hold_id", sa.Integer(), nullable=True),
        sa.Column("stop_id", sa.Integer(), nullable=True),
        sa.Column("answer", sa.String(length=8), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("void", sa.Text(), nullable=False),
        sa.Column("movement", sa.String(length=48), nullable=True),
        sa.Column("entry_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("answer IN ('bill', 'forgive', 'credit', 'continue')", name="word_answer"),
        sa.CheckConstraint("(hold_id IS NULL) <> (stop_id IS NULL)", name="word_on_one_thing"),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["journal.id"],
        ),
        sa.ForeignKeyConstraint(
            ["hold_id"],
            ["holds.id"],
        ),
        sa.ForeignKeyConstraint(
            ["movement"],
            ["movements.reference"],
        ),
        sa.ForeignKeyConstraint(
            ["stop_id"],
            ["stops.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "words_one_on_a_hold",
        "words",
        ["hold_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL AND hold_id IS NOT NULL"),
        postgresql_where=sa.text("ended_at IS NULL AND hold_id IS NOT NULL"),
    )
