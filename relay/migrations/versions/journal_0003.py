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

from relay.migrations.tables import one_where, table

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
    _wallets_and_movements()
    _claims_and_journal()
    _holds_stops_and_words()


def _wallets_and_movements() -> None:
    table(
        "wallets",
        "id",
        "id:int site:40 member_id:40 username:255 linked_at:moment opening:big owed:big disputed:big "
        "allowance:big own:big jobs:big? read_at:moment witness:big billed_jobs:big? billed_at:moment? doubt:16 "
        "closed_at:moment?",
        sa.CheckConstraint(
            "opening <= 0 AND owed <= 0 AND disputed <= 0 AND allowance >= 0 AND own >= 0", name="wallet_signs"
        ),
    )
    one_where("wallets_one_open", "wallets", ["site", "member_id"], "closed_at IS NULL")
    table(
        "movements",
        "reference",
        "reference:48 site:40 kind:12 member_id:40 username:255 company_id:40 amount:big currency:3 "
        "business_day:date sequence:int period:12? state:12 fee_reference:40? fee_state:12? corrects:48? "
        "lost:bool by_word:bool wallet_id:int? bucket:10 expires:big balance_before:big? jobs_before:big? "
        "witness:big sent_at:moment? created_at:moment changed_at:moment note:text task:text",
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
        sa.ForeignKeyConstraint(["wallet_id"], ["wallets.id"]),
    )
    op.create_index("movements_by_day", "movements", ["site", "business_day"])
    op.create_index("movements_by_fee", "movements", ["fee_reference"])
    one_where(
        "movements_one_open",
        "movements",
        ["site", "member_id"],
        "state NOT IN ('posted', 'withdrawn') AND kind <> 'restoration'",
    )


def _claims_and_journal() -> None:
    table(
        "top_up_claims",
        "site member_id period",
        "site:40 member_id:40 period:12 reference:48? claimed_at:moment",
        sa.ForeignKeyConstraint(["reference"], ["movements.reference"]),
        sa.UniqueConstraint("reference"),
    )
    table(
        "refund_claims",
        "site job reference",
        "site:40 job:120 reference:48 member_id:40 amount:big",
        sa.CheckConstraint("amount > 0", name="refund_amount"),
        sa.ForeignKeyConstraint(["reference"], ["movements.reference"]),
    )
    table(
        "journal",
        "id",
        "id:int site:40 wallet_id:int at:moment day:date kind:12 cause:60 opening:big owed:big disputed:big "
        "allowance:big own:big linked:big printed:big outside:big fees:big granted:big included:big "
        "forgiven:big restored:big balance:big jobs:big? witness:big since:big doubt:16 inferred:bool",
        sa.CheckConstraint("kind IN ('opening', 'reading', 'movement', 'word', 'loss')", name="entry_kind"),
        sa.CheckConstraint(
            "opening + owed + disputed + allowance + own = "
            "linked + printed + outside + fees + granted + included + forgiven + restored",
            name="entry_adds_up_to_zero",
        ),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallets.id"]),
    )
    op.create_index("journal_by_site", "journal", ["site", "at"])
    op.create_index("journal_by_wallet", "journal", ["wallet_id", "id"])


def _holds_stops_and_words() -> None:
    table(
        "holds",
        "id",
        "id:int site:40 member_id:40 code:32 username:255 amount:big reason:text at:moment ended_at:moment?",
    )
    one_where("holds_open", "holds", ["site", "member_id", "code"], "ended_at IS NULL")
    table("stops", "id", "id:int site:40 code:32 facts:json message:text at:moment ended_at:moment?")
    op.create_index("stops_by_site", "stops", ["site", "ended_at"])
    table("witnesses", "site", "site:40 ledger:16 number:big mark:16 target:big? target_mark:16 raised_from:json")
    table(
        "words",
        "id",
        "id:int site:40 hold_id:int? stop_id:int? answer:8 amount:big reason:text at:moment ended_at:moment? "
        "void:text movement:48? entry_id:int?",
        sa.CheckConstraint("answer IN ('bill', 'forgive', 'credit', 'continue')", name="word_answer"),
        sa.CheckConstraint("(hold_id IS NULL) <> (stop_id IS NULL)", name="word_on_one_thing"),
        sa.ForeignKeyConstraint(["entry_id"], ["journal.id"]),
        sa.ForeignKeyConstraint(["hold_id"], ["holds.id"]),
        sa.ForeignKeyConstraint(["movement"], ["movements.reference"]),
        sa.ForeignKeyConstraint(["stop_id"], ["stops.id"]),
    )
    one_where("words_one_on_a_hold", "words", ["hold_id"], "ended_at IS NULL AND hold_id IS NOT NULL")
