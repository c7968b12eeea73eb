"""The address that each linked account was last seen with, by which one that staff renamed is found again."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("people_links", sa.Column("account_email", sa.Text(), nullable=False, server_default=""))
