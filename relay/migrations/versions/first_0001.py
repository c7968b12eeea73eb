"""The first schema: every table of the people, money and jobs rooms."""

import sqlalchemy as sa
from alembic import op

from relay.migrations.tables import one_where, table

revision = "0001"
down_revision = None


def upgrade() -> None:
    _people()
    _jobs()
    _money()
    _movements()


def _people() -> None:
    table("people_answers", "site kind subject_id name", "site:40 kind:10 subject_id:40 name:255 said_at:moment")
    table("people_disabled", "site username", "site:40 username:255 at:moment")
    table("people_groups", "site name", "site:40 name:255 company_id:40 base_key:text made_by_us:bool")
    table(
        "people_links",
        "site member_id",
        "site:40 member_id:40 username:255 email:text linked_at:moment? opening_balance:big made_by_us:bool "
        "initial_done:bool standing:12 display_name:text company_id:40 company_name:text location_id:40 "
        "deleted_at:moment?",
    )
    one_where("people_links_username", "people_links", ["site", "username"], "deleted_at IS NULL")
    table("people_renames", "site old", "site:40 old:255 new:255 member_id:40 at:moment")
    table("people_sites", "site", "site:40 organization_id:40 synced_at:moment?")


def _jobs() -> None:
    table("jobs_imports", "site source", "site:40 source:12 covers_from:moment last_at:moment takes_over_at:moment?")
    table(
        "jobs_log",
        "site key",
        "site:40 key:64 source:12 at:moment business_day:date kind:12 username:255 member_id:40 company_id:40 "
        "company_name:text server:255 printer:255 account:255 document:255 pages:int colour_pages:int? "
        "is_colour:bool? copies:int sheets:int? duplex:bool? cost:big? basis:10 certain:bool state:10 "
        "refunded:big",
        sa.CheckConstraint("(cost IS NULL) = (basis = 'unknown')", name="job_basis_means_cost"),
        sa.CheckConstraint("basis IN ('logged', 'estimated', 'unknown')", name="job_basis"),
        sa.CheckConstraint("state IN ('printed', 'refunded', 'denied')", name="job_state"),
        sa.CheckConstraint(
            "pages >= 0 AND copies >= 0 AND refunded >= 0 AND (cost IS NULL OR cost >= 0)", name="job_figures"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("jobs_log_by_day", "jobs_log", ["site", "business_day"])
    op.create_index("jobs_log_by_member", "jobs_log", ["site", "member_id", "at"])
    table(
        "jobs_people",
        "site username since",
        "site:40 username:255 since:moment member_id:40 company_id:40 company_name:text full_name:text",
    )
    table("jobs_prices", "site server printer", "site:40 server:255 printer:255 per_page:big read_at:moment")
    table(
        "jobs_readings",
        "site source file",
        "site:40 source:12 file:255 offset:big fingerprint:64 reader:255 last_at:moment?",
    )
    table(
        "jobs_set_aside",
        "site source file position",
        "site:40 source:12 file:255 position:big reason:text text:text seen_at:moment",
    )


def _money() -> None:
    table(
        "approvals",
        "id",
        "id:int site:40 member_id:40 answer:8 held:json reason:text at:moment used_at:moment?",
        sa.CheckConstraint("answer IN ('bill', 'forgive', 'credit')", name="approval_answer"),
    )
    table("balance_changes", "id", "id:int site:40 member_id:40 at:moment printed:big credited:big jobs:big doubt:20")
    op.create_index("balance_changes_by_member", "balance_changes", ["site", "member_id", "at"])
    table("business_days", "site day", "site:40 day:date claimed_by:120 claimed_at:moment done_at:moment?")
    table("evidence", "id", "id:int site:40 reference:48 at:moment event:16 detail:json")
    op.create_index("ix_evidence_reference", "evidence", ["reference"])
    table(
        "fees",
        "reference",
        "reference:40 site:40 business_day:date sequence:int subject_id:40 member_id:40 company_id:40 "
        "is_personal:bool plan_id:40 location_id:40 name:text price:big currency:3 issue_date:date "
        "use_coins:bool state:12 fee_id:40? by_word:bool lost:bool sent_at:moment? created_at:moment "
        "changed_at:moment note:text",
        sa.CheckConstraint("(fee_id IS NULL) OR state = 'posted'", name="fee_id_means_posted"),
        sa.CheckConstraint("state <> 'posted' OR fee_id IS NOT NULL OR by_word", name="fee_posted_has_id"),
        sa.CheckConstraint(
            "state IN ('planned', 'sent', 'posted', 'failed', 'in_doubt', 'withdrawn')", name="fee_state"
        ),
        sa.CheckConstraint("state NOT IN ('sent', 'in_doubt') OR sent_at IS NOT NULL", name="fee_sent_has_time"),
        sa.CheckConstraint("price > 0", name="fee_price"),
        sa.UniqueConstraint("fee_id"),
        sa.UniqueConstraint("reference", "state", name="fee_reference_state"),
        sa.UniqueConstraint("site", "subject_id", "business_day", "sequence", name="fee_sequence"),
    )
    op.create_index("fees_open", "fees", ["site", "state"])
    table(
        "foreign_fees",
        "site fee_id",
        "site:40 fee_id:40 member_id:40 name:text price:big seen_at:moment released_at:moment?",
    )
    table("holds", "site member_id code", "site:40 member_id:40 code:32 username:255 amount:big reason:text at:moment")
    table("leases", "site", "site:40 holder:120 epoch:big expires_at:moment")
    table(
        "marks",
        "site member_id",
        "site:40 member_id:40 balance:big jobs:big? at:moment opening_left:big top_up_left:big shadow_left:big "
        "billed_jobs:big? billed_at:moment?",
        sa.CheckConstraint("opening_left >= 0 AND top_up_left >= 0 AND shadow_left >= 0", name="mark_parts"),
    )
    table("runs", "id", "id:int site:40 kind:16 started_at:moment finished_at:moment exit_code:int summary:json")
    op.create_index("runs_by_site", "runs", ["site", "id"])
    table("shadow_fees", "id", "id:int site:40 business_day:date member_id:40 username:255 company_id:40 amount:big")
    op.create_index("shadow_fees_by_day", "shadow_fees", ["site", "business_day"])
    table("site_facts", "site name", "site:40 name:40 value:text")


def _movements() -> None:
    table(
        "movements",
        "reference",
        "reference:48 site:40 kind:12 member_id:40 username:255 company_id:40 amount:big currency:3 "
        "business_day:date sequence:int period:12? state:12 fee_reference:40? fee_state:12? corrects:48? "
        "lost:bool by_word:bool balance_before:big? jobs_before:big? balance_after:big? sent_at:moment? "
        "created_at:moment changed_at:moment note:text task:text",
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
    )
    op.create_index("movements_by_day", "movements", ["site", "business_day"])
    op.create_index("movements_by_fee", "movements", ["fee_reference"])
    one_where("movements_one_open", "movements", ["site", "member_id"], "state NOT IN ('posted', 'withdrawn')")
    table(
        "refund_claims",
        "site job",
        "site:40 job:120 member_id:40 amount:big reference:48",
        sa.CheckConstraint("amount > 0", name="refund_amount"),
        sa.ForeignKeyConstraint(["reference"], ["movements.reference"]),
    )
    table(
        "top_up_claims",
        "site member_id period",
        "site:40 member_id:40 period:12 reference:48? claimed_at:moment",
        sa.ForeignKeyConstraint(["reference"], ["movements.reference"]),
        sa.UniqueConstraint("reference"),
    )
