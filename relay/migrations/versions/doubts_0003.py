"""What a settle did not believe of an account stays with its mark."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("marks", sa.Column("doubt", sa.String(length=20), nullable=False, server_default=""))
