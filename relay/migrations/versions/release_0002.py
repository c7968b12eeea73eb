"""Release 0.2: shared accounts that a company pays for, doubts kept with their mark, the job counter at linking."""

import sqlalchemy as sa
from alembic import op

from relay.migrations.tables import table

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    table(
        "people_shared_accounts",
        "site account_id",
        "site:40 account_id:40 name:255 company_id:40 company_name:text linked_at:moment opening_balance:big "
        "unlinked_at:moment?",
    )
    op.add_column("marks", sa.Column("doubt", sa.String(length=20), nullable=False, server_default=""))
    op.add_column("people_links", sa.Column("opening_jobs", sa.BigInteger(), nullable=True))
