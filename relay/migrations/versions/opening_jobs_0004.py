"""The job counter at the moment of linking, beside the balance at that moment."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("people_links", sa.Column("opening_jobs", sa.BigInteger(), nullable=True))
