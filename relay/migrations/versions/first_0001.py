"""The first schema."""

import importlib
import pkgutil

from alembic import op

import relay
from relay.database import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    for module in pkgutil.walk_packages(relay.__path__, "relay."):
        if module.name in ("relay.people.links", "relay.people.tables", "relay.money.tables", "relay.jobs.tables"):
            importlib.import_module(module.name)
    metadata.create_all(op.get_bind())
