"""What is open: the questions of the last reading of people, and alerts; with each run the version that did it."""

import sqlalchemy as sa
from alembic import op

from relay.migrations.tables import one_where, table

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    table(
        "people_questions",
        "id",
        "id:int site:40 code:40 subject:text message:text facts:json remedies:json since:moment",
    )
    op.create_index("people_questions_by_site", "people_questions", ["site"])
    table(
        "alerts",
        "id",
        "id:int site:40 cause:60 message:text since:moment seen_at:moment told_at:moment? ended_at:moment?",
    )
    one_where("alerts_one_open", "alerts", ["site", "cause"], "ended_at IS NULL")
    op.add_column("runs", sa.Column("version", sa.String(length=20), nullable=False, server_default=""))
