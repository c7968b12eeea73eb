"""What the sentences of questions, holds, stops and alerts are made of, so that a page can say them in its language."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

TABLES = ("people_questions", "holds", "stops", "alerts")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("wording", sa.JSON(), nullable=True))
