"""Who gave a word on held money; which questions are answered since the last reading, to be ticked off in place."""

import sqlalchemy as sa
from alembic import op

from relay.database import Moment

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("words", sa.Column("said_by", sa.String(60), nullable=False, server_default=""))
    op.add_column("people_questions", sa.Column("answered_at", Moment, nullable=True))
