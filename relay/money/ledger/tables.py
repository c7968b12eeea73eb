"""The tables of the money room, with constraints that make illegal states impossible in SQLite and PostgreSQL alike.

Every table has the site, since several sites may share one ledger. Amounts are micros. Rows of effects are never
deleted; `evidence` is only ever added to.
"""

from __future__ import annotations

from typing import get_args

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from relay.database import Moment, metadata
from relay.money.decide.explain import Buckets
from relay.money.decide.holds import ANSWERS
from relay.money.decide.movement import CLOSED, KINDS, STATES
from relay.money.decide.wallet import EntryKind, Sides


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


fees = Table(
    "fees",
    metadata,
    Column("reference", String(40), primary_key=True),
    Column("site", String(40), nullable=False),
    Column("business_day", Date, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("subject_id", String(40), nullable=False),
    Column("member_id", String(40), nullable=False),
    Column("company_id", String(40), nullable=False),
    Column("is_personal", Boolean, nullable=False),
    Column("plan_id", String(40), nullable=False),
    Column("location_id", String(40), nullable=False),
    Column("name", Text, nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("issue_date", Date, nullable=False),
    Column("use_coins", Boolean, nullable=False),
    Column("state", String(12), nullable=False),
    Column("fee_id", String(40), nullable=True, unique=True),
    Column("by_word", Boolean, nullable=False, default=False),
    Column("taken", Boolean, nullable=False, server_default=false()),  # from OfficeRnD, when the ledger was rebuilt
    Column("lost", Boolean, nullable=False, default=False),
    Column("sent_at", Moment, nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("note", Text, nullable=False, default=""),
    CheckConstraint(_one_of("state", STATES), name="fee_state"),
    CheckConstraint("price > 0", name="fee_price"),
    # A posted fee has its id, unless a person's word stands for it; no other fee has one.
    CheckConstraint("(fee_id IS NULL) OR state = 'posted'", name="fee_id_means_posted"),
    CheckConstraint("state <> 'posted' OR fee_id IS NOT NULL OR by_word", name="fee_posted_has_id"),
    CheckConstraint("state NOT IN ('sent', 'in_doubt') OR sent_at IS NOT NULL", name="fee_sent_has_time"),
    UniqueConstraint("site", "subject_id", "business_day", "sequence", name="fee_sequence"),
    UniqueConstraint("reference", "state", name="fee_reference_state"),
    Index("fees_open", "site", "state"),
)

_OPEN = text(f"state NOT IN ({', '.join(map(repr, CLOSED))}) AND kind <> 'restoration'")

movements = Table(
    "movements",
    metadata,
    Column("reference", String(48), primary_key=True),
    Column("site", String(40), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("member_id", String(40), nullable=False),
    Column("username", String(255), nullable=False),
    Column("company_id", String(40), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("business_day", Date, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("period", String(12), nullable=True),
    Column("state", String(12), nullable=False),
    Column("fee_reference", String(40), nullable=True),
    Column("fee_state", String(12), nullable=True),
    Column("corrects", String(48), nullable=True),
    Column("lost", Boolean, nullable=False, default=False),
    Column("by_word", Boolean, nullable=False, default=False),
    Column("wallet_id", Integer, ForeignKey("wallets.id"), nullable=True),
    Column("bucket", String(10), nullable=False, default=""),
    Column("expires", BigInteger, nullable=False, default=0),
    Column("balance_before", BigInteger, nullable=True),
    Column("jobs_before", BigInteger, nullable=True),
    Column("witness", BigInteger, nullable=False, default=0),
    Column("sent_at", Moment, nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("note", Text, nullable=False, default=""),
    Column("task", Text, nullable=False, default=""),
    # `fee_state` follows the fee by itself, so that the next constraint but one can see it.
    ForeignKeyConstraint(
        ["fee_reference", "fee_state"], ["fees.reference", "fees.state"], onupdate="CASCADE", name="movement_fee"
    ),
    CheckConstraint(_one_of("kind", KINDS), name="movement_kind"),
    CheckConstraint(_one_of("state", STATES), name="movement_state"),
    # Fee first: no adjustment is sent for a fee that is not posted.
    CheckConstraint(
        "fee_reference IS NULL OR fee_state = 'posted' OR state IN ('planned', 'withdrawn')", name="movement_fee_first"
    ),
    CheckConstraint("(kind = 'fee') = (fee_reference IS NOT NULL)", name="movement_fee_kind"),
    CheckConstraint("(fee_reference IS NULL) = (fee_state IS NULL)", name="movement_fee_state_known"),
    CheckConstraint(
        "amount <> 0 AND (kind NOT IN ('fee', 'forgiveness', 'included') OR amount > 0) "
        "AND (kind <> 'credit' OR amount < 0)",
        name="movement_sign",
    ),
    CheckConstraint(
        "state <> 'sent' OR (sent_at IS NOT NULL AND balance_before IS NOT NULL AND jobs_before IS NOT NULL)",
        name="movement_sent_has_evidence",
    ),
    CheckConstraint("period IS NULL OR kind = 'top_up'", name="movement_period"),
    # One open movement per person: nothing new is begun for somebody whose last one has not come to truth. What brings
    # a restored balance back comes before any other, so it stands beside it.
    Index("movements_one_open", "site", "member_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("movements_by_fee", "fee_reference"),
    Index("movements_by_day", "site", "business_day"),
)

# What would have been billed in shadow mode; nothing of it was ever sent.
shadow_fees = Table(
    "shadow_fees",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("site", String(40), nullable=False),
    Column("business_day", Date, nullable=False),
    Column("member_id", String(40), nullable=False),
    Column("username", String(255), nullable=False),
    Column("company_id", String(40), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Index("shadow_fees_by_day", "site", "business_day"),
)

evidence = Table(
    "evidence",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("site", String(40), nullable=False),
    Column("reference", String(48), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("event", String(16), nullable=False),
    Column("detail", JSON, nullable=False),
)

# The key of a top-up is (person, period); a claim without a movement had nothing to give.
top_up_claims = Table(
    "top_up_claims",
    metadata,
    Column("site", String(40), primary_key=True),
    Column("member_id", String(40), primary_key=True),
    Column("period", String(12), primary_key=True),
    Column("reference", String(48), ForeignKey("movements.reference"), nullable=True, unique=True),
    Column("claimed_at", Moment, nullable=False),
)

# What included printing has paid, each use by its movement; a withdrawn one uses nothing.
included_uses = Table(
    "included_uses",
    metadata,
    Column("reference", String(48), ForeignKey("movements.reference"), primary_key=True),
    Column("site", String(40), nullable=False),
    Column("payer_id", String(40), nullable=False),
    Column("period", String(12), nullable=False),
    Index("included_uses_by_period", "site", "period"),
)

# What a payer had included in a period, as the last settle that paid of it knew it.
included_amounts = Table(
    "included_amounts",
    metadata,
    Column("site", String(40), primary_key=True),
    Column("payer_id", String(40), primary_key=True),
    Column("period", String(12), primary_key=True),
    Column("amount", BigInteger, nullable=False),
)

# One link's wallet: its present buckets, kept beside the journal in the same commit. A link made anew is another.
wallets = Table(
    "wallets",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("site", String(40), nullable=False),
    Column("member_id", String(40), nullable=False),
    Column("username", String(255), nullable=False),
    Column("linked_at", Moment, nullable=False),
    *(Column(name, BigInteger, nullable=False) for name in Buckets._fields),
    Column("jobs", BigInteger, nullable=True),
    Column("read_at", Moment, nullable=False),
    Column("witness", BigInteger, nullable=False),
    Column("billed_jobs", BigInteger, nullable=True),
    Column("billed_at", Moment, nullable=True),
    Column("doubt", String(16), nullable=False),
    Column("closed_at", Moment, nullable=True),
    CheckConstraint(
        "opening <= 0 AND owed <= 0 AND disputed <= 0 AND allowance >= 0 AND own >= 0", name="wallet_signs"
    ),
    Index(
        "wallets_one_open",
        "site",
        "member_id",
        unique=True,
        sqlite_where=text("closed_at IS NULL"),
        postgresql_where=text("closed_at IS NULL"),
    ),
)

# Every change of a wallet, for ever: what it did to the buckets, and the sides that balance it.
journal = Table(
    "journal",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("site", String(40), nullable=False),
    Column("wallet_id", Integer, ForeignKey("wallets.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("day", Date, nullable=False),
    Column("kind", String(12), nullable=False),
    Column("cause", String(60), nullable=False),
    *(Column(name, BigInteger, nullable=False) for name in Buckets._fields),
    *(Column(name, BigInteger, nullable=False) for name in Sides._fields),
    Column("balance", BigInteger, nullable=False),
    Column("jobs", BigInteger, nullable=True),
    Column("witness", BigInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("doubt", String(16), nullable=False),
    Column("inferred", Boolean, nullable=False),
    CheckConstraint(f"{' + '.join(Buckets._fields)} = {' + '.join(Sides._fields)}", name="entry_adds_up_to_zero"),
    CheckConstraint(_one_of("kind", get_args(EntryKind)), name="entry_kind"),
    Index("journal_by_wallet", "wallet_id", "id"),
    Index("journal_by_site", "site", "at"),
)

# What waits for a person: a row stands until it is answered and carried out, or no longer true. Its amount never
# changes; what has grown since is another row.
holds = Table(
    "holds",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("site", String(40), nullable=False),
    Column("member_id", String(40), nullable=False),
    Column("code", String(32), nullable=False),
    Column("username", String(255), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("ended_at", Moment, nullable=True),
    Column("wording", JSON, nullable=True),  # what the reason is made of
    Index(
        "holds_open",
        "site",
        "member_id",
        "code",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)

# Why no money of the site moves, with the facts that say so; ended by the answer that its code asks for.
stops = Table(
    "stops",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("site", String(40), nullable=False),
    Column("code", String(32), nullable=False),
    Column("facts", JSON, nullable=False),
    Column("message", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("ended_at", Moment, nullable=True),
    Column("wording", JSON, nullable=True),  # what the message is made of
    Index("stops_by_site", "site", "ended_at"),
)

# The witness that this ledger keeps in PaperCut: the number in force, and the raise that is under way.
witnesses = Table(
    "witnesses",
    metadata,
    Column("site", String(40), primary_key=True),
    Column("ledger", String(16), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("mark", String(16), nullable=False),
    Column("target", BigInteger, nullable=True),
    Column("target_mark", String(16), nullable=False),
    # After a restore: the number set then -> the restored one that it rose from.
    Column("raised_from", JSON, nullable=False),
)

# A person's word on one held row, or on one stop: spent once, by what carries it out, or void.
words = Table(
    "words",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("site", String(40), nullable=False),
    Column("hold_id", Integer, ForeignKey("holds.id"), nullable=True),
    Column("stop_id", Integer, ForeignKey("stops.id"), nullable=True),
    Column("answer", String(8), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("said_by", String(60), nullable=False, server_default=""),
    Column("at", Moment, nullable=False),
    Column("ended_at", Moment, nullable=True),
    Column("void", Text, nullable=False),
    Column("movement", String(48), ForeignKey("movements.reference"), nullable=True),
    Column("entry_id", Integer, ForeignKey("journal.id"), nullable=True),
    CheckConstraint(_one_of("answer", ANSWERS), name="word_answer"),
    CheckConstraint("(hold_id IS NULL) <> (stop_id IS NULL)", name="word_on_one_thing"),
    Index(
        "words_one_on_a_hold",
        "hold_id",
        unique=True,
        sqlite_where=text("ended_at IS NULL AND hold_id IS NOT NULL"),
        postgresql_where=text("ended_at IS NULL AND hold_id IS NOT NULL"),
    ),
)

# Refunds of billed jobs that became a credit: what of a job is credited, once. A withdrawn credit claims nothing.
refund_claims = Table(
    "refund_claims",
    metadata,
    Column("site", String(40), primary_key=True),
    Column("job", String(120), primary_key=True),
    Column("reference", String(48), ForeignKey("movements.reference"), primary_key=True),
    Column("member_id", String(40), nullable=False),
    Column("amount", BigInteger, nullable=False),
    CheckConstraint("amount > 0", name="refund_amount"),
)

foreign_fees = Table(
    "foreign_fees",
    metadata,
    Column("site", String(40), primary_key=True),
    Column("fee_id", String(40), primary_key=True),
    Column("member_id", String(40), nullable=False),
    Column("name", Text, nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("released_at", Moment, nullable=True),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("site", String(40), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment, nullable=False),
    Column("exit_code", Integer, nullable=False),
    Column("summary", JSON, nullable=False),
    Column("version", String(20), nullable=False, default="", server_default=""),  # of the relay that did it
    Index("runs_by_site", "site", "id"),
)

business_days = Table(
    "business_days",
    metadata,
    Column("site", String(40), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("claimed_by", String(120), nullable=False),
    Column("claimed_at", Moment, nullable=False),
    Column("done_at", Moment, nullable=True),
)

# One run at a time over machines that share a ledger; `epoch` is the fencing number of every write.
leases = Table(
    "leases",
    metadata,
    Column("site", String(40), primary_key=True),
    Column("holder", String(120), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

# Single facts of a site: its currency, how far the fees were read, the period last billed.
facts = Table(
    "site_facts",
    metadata,
    Column("site", String(40), primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)
