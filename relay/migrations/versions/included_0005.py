"""Release 0.3: what included printing has paid, by payer and period."""

import sqlalchemy as sa
from alembic import op

from relay.migrations.tables import table

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    table(
        "included_uses",
        "reference",
        "reference:48 site:40 payer_id:40 period:12",
        sa.ForeignKeyConstraint(["reference"], ["movements.reference"]),
    )
    op.create_index("included_uses_by_period", "included_uses", ["site", "period"])
    table("included_amounts", "site payer_id period", "site:40 payer_id:40 period:12 amount:big")
