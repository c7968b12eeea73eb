"""Alerts in the ledger's database: what went wrong beside people and money, since when, and when it was told.

A cause has one open row at most, and its rows stay when they are over. Who finds causes and tells them is `notify`;
whoever shows what is open reads them here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import JSON, Column, ColumnElement, Connection, Index, Integer, String, Table, Text, select, text

from relay.database import Moment, metadata, of_row
from relay.language import whole

_OPEN = text("ended_at IS NULL")

alerts = Table(
    "alerts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("site", String(40), nullable=False),
    Column("cause", String(60), nullable=False),  # "missed", "stopped:restored"
    Column("message", Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),  # the newest evidence of it
    Column("told_at", Moment, nullable=True),
    Column("ended_at", Moment, nullable=True),
    Column("wording", JSON, nullable=True),  # what the message is made of
    Index("alerts_one_open", "site", "cause", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
)


@dataclass(frozen=True, slots=True)
class Alert:
    """One cause: `cause` is its kind, with what it is about behind a colon where there are several."""

    id: int
    cause: str
    message: str
    since: datetime
    seen_at: datetime
    told_at: datetime | None

    @property
    def kind(self) -> str:
        return self.cause.partition(":")[0]


def open_alerts(connection: Connection, site: str) -> tuple[Alert, ...]:
    """Return the alerts that are not over, the oldest first."""
    return _read(connection, alerts.c.site == site, alerts.c.ended_at.is_(None))


def ended_alerts(connection: Connection, site: str, *, since: datetime) -> tuple[Alert, ...]:
    """Return the alerts that were over not before `since`, the oldest first."""
    return _read(connection, alerts.c.site == site, alerts.c.ended_at >= since)


def _read(connection: Connection, *where: ColumnElement[bool]) -> tuple[Alert, ...]:
    rows = connection.execute(select(alerts).where(*where).order_by(alerts.c.id)).mappings()
    return tuple(of_row(Alert, row, message=whole(row["message"], row["wording"])) for row in rows)
