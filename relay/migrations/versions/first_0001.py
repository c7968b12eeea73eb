"""The first schema."""

import importlib

from alembic import op

from relay.database import metadata

revision = "0001"
down_revision = None

TABLES = ("relay.people.links", "relay.money.tables", "relay.jobs.tables")  # the modules that define tables


def upgrade() -> None:
    for module in TABLES:
        importlib.import_module(module)
    metadata.create_all(op.get_bind())
