"""Which card numbers we wrote into each linked account, as digests, so that no other number is written over."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("people_links", sa.Column("cards_written", sa.Text(), nullable=False, server_default=""))
