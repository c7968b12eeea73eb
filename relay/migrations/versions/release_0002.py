"""Release 0.2: shared accounts that a company pays for, doubts kept with their mark, the job counter at linking."""

import sqlalchemy as sa
from alembic import op

from relay.database import Moment

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "people_shared_accounts",
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("company_id", sa.String(length=40), nullable=False),
        sa.Column("company_name", sa.Text(), nullable=False),
        sa.Column("linked_at", Moment(), nullable=False),
        sa.Column("opening_balance", sa.BigInteger(), nullable=False),
        sa.Column("unlinked_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("site", "account_id"),
    )
    op.add_column("marks", sa.Column("doubt", sa.String(length=20), nullable=False, server_default=""))
    op.add_column("people_links", sa.Column("opening_jobs", sa.BigInteger(), nullable=True))
