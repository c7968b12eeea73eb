"""The first schema: every table of the people, money and jobs rooms."""

import sqlalchemy as sa
from alembic import op

from relay.database import Moment

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "approvals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("answer", sa.String(length=8), nullable=False),
        sa.Column("held", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("used_at", Moment(), nullable=True),
        sa.CheckConstraint("answer IN ('bill', 'forgive', 'credit')", name="approval_answer"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "balance_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("printed", sa.BigInteger(), nullable=False),
        sa.Column("credited", sa.BigInteger(), nullable=False),
        sa.Column("jobs", sa.BigInteger(), nullable=False),
        sa.Column("doubt", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("balance_changes_by_member", "balance_changes", ["site", "member_id", "at"], unique=False)
    op.create_table(
        "business_days",
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("claimed_by", sa.String(length=120), nullable=False),
        sa.Column("claimed_at", Moment(), nullable=False),
        sa.Column("done_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("site", "day"),
    )
    op.create_table(
        "evidence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("reference", sa.String(length=48), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("event", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_evidence_reference", "evidence", ["reference"], unique=False)
    op.create_table(
        "fees",
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("business_day", sa.Date(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("subject_id", sa.String(length=40), nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("is_personal", sa.Boolean(), nullable=False),
        sa.Column("plan_id", sa.String(length=40), nullable=False),
        sa.Column("location_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("issue_date", sa.Date(), nullable=False),
        sa.Column("use_coins", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("fee_id", sa.String(length=40), nullable=True),
        sa.Column("by_word", sa.Boolean(), nullable=False),
        sa.Column("lost", sa.Boolean(), nullable=False),
        sa.Column("sent_at", Moment(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("(fee_id IS NULL) OR state = 'posted'", name="fee_id_means_posted"),
        sa.CheckConstraint("state <> 'posted' OR fee_id IS NOT NULL OR by_word", name="fee_posted_has_id"),
        sa.CheckConstraint(
            "state IN ('planned', 'sent', 'posted', 'failed', 'in_doubt', 'withdrawn')", name="fee_state"
        ),
        sa.CheckConstraint("state NOT IN ('sent', 'in_doubt') OR sent_at IS NOT NULL", name="fee_sent_has_time"),
        sa.CheckConstraint("price > 0", name="fee_price"),
        sa.PrimaryKeyConstraint("reference"),
        sa.UniqueConstraint("fee_id"),
        sa.UniqueConstraint("reference", "state", name="fee_reference_state"),
        sa.UniqueConstraint("site", "subject_id", "business_day", "sequence", name="fee_sequence"),
    )
    op.create_index("fees_open", "fees", ["site", "state"], unique=False)
    op.create_table(
        "foreign_fees",
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("fee_id", sa.String(length=40), nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.Column("released_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("site", "fee_id"),
    )
    op.create_table(
        "holds",
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("username", sa.String(length=255), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("site", "member_id", "code"),
    )
    op.create_table(
        "jobs_imports",
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("covers_from", Moment(), nullable=False),
        sa.Column("last_at", Moment(), nullable=False),
        sa.Column("takes_over_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("site", "source"),
    )
    op.create_table(
        "jobs_log",
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("business_day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("username", sa.String(length=255), nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("company_name", sa.Text(), nullable=False),
        sa.Column("server", sa.String(length=255), nullable=False),
        sa.Column("printer", sa.String(length=255), nullable=False),
        sa.Column("account", sa.String(length=255), nullable=False),
        sa.Column("document", sa.String(length=255), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("colour_pages", sa.Integer(), nullable=True),
        sa.Column("is_colour", sa.Boolean(), nullable=True),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.Column("sheets", sa.Integer(), nullable=True),
        sa.Column("duplex", sa.Boolean(), nullable=True),
        sa.Column("cost", sa.BigInteger(), nullable=True),
        sa.Column("basis", sa.String(length=10), nullable=False),
        sa.Column("certain", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(cost IS NULL) = (basis = 'unknown')", name="job_basis_means_cost"),
        sa.CheckConstraint("basis IN ('logged', 'estimated', 'unknown')", name="job_basis"),
        sa.CheckConstraint("state IN ('printed', 'refunded', 'denied')", name="job_state"),
        sa.CheckConstraint(
            "pages >= 0 AND copies >= 0 AND refunded >= 0 AND (cost IS NULL OR cost >= 0)", name="job_figures"
        ),
        sa.PrimaryKeyConstraint("site", "key"),
        sqlite_with_rowid=False,
    )
    op.create_index("jobs_log_by_day", "jobs_log", ["site", "business_day"], unique=False)
    op.create_index("jobs_log_by_member", "jobs_log", ["site", "member_id", "at"], unique=False)
    op.create_table(
        "jobs_people",
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("username", sa.String(length=255), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("company_name", sa.Text(), nullable=False),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("site", "username", "since"),
    )
    op.create_table(
        "jobs_prices",
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("server", sa.String(length=255), nullable=False),
        sa.Column("printer", sa.String(length=255), nullable=False),
        sa.Column("per_page", sa.BigInteger(), nullable=False),
        sa.Column("read_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("site", "server", "printer"),
    )
    op.create_table(
        "jobs_readings",
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("file", sa.String(length=255), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("reader", sa.String(length=255), nullable=False),
        sa.Column("last_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("site", "source", "file"),
    )
    op.create_table(
        "jobs_set_aside",
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("file", sa.String(length=255), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("site", "source", "file", "position"),
    )
    op.create_table(
        "leases",
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.String(length=120), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("site"),
    )
    op.create_table(
        "marks",
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("jobs", sa.BigInteger(), nullable=True),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("opening_left", sa.BigInteger(), nullable=False),
        sa.Column("top_up_left", sa.BigInteger(), nullable=False),
        sa.Column("shadow_left", sa.BigInteger(), nullable=False),
        sa.Column("billed_jobs", sa.BigInteger(), nullable=True),
        sa.Column("billed_at", Moment(), nullable=True),
        sa.CheckConstraint("opening_left >= 0 AND top_up_left >= 0 AND shadow_left >= 0", name="mark_parts"),
        sa.PrimaryKeyConstraint("site", "member_id"),
    )
    op.create_table(
        "people_answers",
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("subject_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("said_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("site", "kind", "subject_id", "name"),
    )
    op.create_table(
        "people_disabled",
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("username", sa.String(length=255), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("site", "username"),
    )
    op.create_table(
        "people_groups",
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("base_key", sa.Text(), nullable=False),
        sa.Column("made_by_us", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("site", "name"),
    )
    op.create_table(
        "people_links",
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("username", sa.String(length=255), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("linked_at", Moment(), nullable=True),
        sa.Column("opening_balance", sa.BigInteger(), nullable=False),
        sa.Column("made_by_us", sa.Boolean(), nullable=False),
        sa.Column("initial_done", sa.Boolean(), nullable=False),
        sa.Column("standing", sa.String(length=12), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("company_name", sa.Text(), nullable=False),
        sa.Column("location_id", sa.String(length=40), nullable=False),
        sa.Column("deleted_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("site", "member_id"),
    )
    op.create_index(
        "people_links_username",
        "people_links",
        ["site", "username"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "people_renames",
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("old", sa.String(length=255), nullable=False),
        sa.Column("new", sa.String(length=255), nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("site", "old"),
    )
    op.create_table(
        "people_sites",
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("organization_id", sa.String(length=40), nullable=False),
        sa.Column("synced_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("site"),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("started_at", Moment(), nullable=False),
        sa.Column("finished_at", Moment(), nullable=False),
        sa.Column("exit_code", sa.Integer(), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("runs_by_site", "runs", ["site", "id"], unique=False)
    op.create_table(
        "shadow_fees",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("business_day", sa.Date(), nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("username", sa.String(length=255), nullable=False),
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("shadow_fees_by_day", "shadow_fees", ["site", "business_day"], unique=False)
    op.create_table(
        "site_facts",
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("site", "name"),
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
        sa.Column("balance_before", sa.BigInteger(), nullable=True),
        sa.Column("jobs_before", sa.BigInteger(), nullable=True),
        sa.Column("balance_after", sa.BigInteger(), nullable=True),
        sa.Column("sent_at", Moment(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.CheckConstraint("(kind = 'fee') = (fee_reference IS NOT NULL)", name="movement_fee_kind"),
        sa.CheckConstraint(
            "amount <> 0 AND (kind NOT IN ('fee', 'forgiveness') OR amount > 0) AND (kind <> 'credit' OR amount < 0)",
            name="movement_sign",
        ),
        sa.CheckConstraint(
            "fee_reference IS NULL OR fee_state = 'posted' OR state IN ('planned', 'withdrawn')",
            name="movement_fee_first",
        ),
        sa.CheckConstraint("kind IN ('fee', 'top_up', 'forgiveness', 'credit')", name="movement_kind"),
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
        sa.PrimaryKeyConstraint("reference"),
    )
    op.create_index("movements_by_day", "movements", ["site", "business_day"], unique=False)
    op.create_index("movements_by_fee", "movements", ["fee_reference"], unique=False)
    op.create_index(
        "movements_one_open",
        "movements",
        ["site", "member_id"],
        unique=True,
        sqlite_where=sa.text("state NOT IN ('posted', 'withdrawn')"),
        postgresql_where=sa.text("state NOT IN ('posted', 'withdrawn')"),
    )
    op.create_table(
        "refund_claims",
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("job", sa.String(length=120), nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(length=48), nullable=False),
        sa.CheckConstraint("amount > 0", name="refund_amount"),
        sa.ForeignKeyConstraint(
            ["reference"],
            ["movements.reference"],
        ),
        sa.PrimaryKeyConstraint("site", "job"),
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
