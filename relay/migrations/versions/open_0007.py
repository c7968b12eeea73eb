"""What is open: the questions of the last reading of people, and alerts; with each run the version that did it."""

import sqlalchemy as sa
from alembic import op

from relay.database import Moment

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "people_questions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("remedies", sa.JSON(), nullable=False),
        sa.Column("since", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("people_questions_by_site", "people_questions", ["site"])
    op.create_table(
        "alerts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("cause", sa.String(length=60), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("since", Moment, nullable=False),
        sa.Column("seen_at", Moment, nullable=False),
        sa.Column("told_at", Moment, nullable=True),
        sa.Column("ended_at", Moment, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    still_open = sa.text("ended_at IS NULL")
    op.create_index(
        "alerts_one_open",
        "alerts",
        ["site", "cause"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    op.add_column("runs", sa.Column("version", sa.String(length=20), nullable=False, server_default=""))
