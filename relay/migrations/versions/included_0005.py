"""Release 0.3: what included printing has paid, by payer and period."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "included_uses",
        sa.Column("reference", sa.String(length=48), nullable=False),
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("payer_id", sa.String(length=40), nullable=False),
        sa.Column("period", sa.String(length=12), nullable=False),
        sa.ForeignKeyConstraint(["reference"], ["movements.reference"]),
        sa.PrimaryKeyConstraint("reference"),
    )
    op.create_index("included_uses_by_period", "included_uses", ["site", "period"])
    op.create_table(
        "included_amounts",
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("payer_id", sa.String(length=40), nullable=False),
        sa.Column("period", sa.String(length=12), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site", "payer_id", "period"),
    )
