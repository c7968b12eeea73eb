"""The questions that the last reading of both systems left open, in the ledger's database: one list for everybody.

Whoever ran the sync, from a page, the schedule or the command line, everybody is shown the same. An answer takes its
question off the list at once; the next reading writes the list anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Connection, Index, Integer, String, Table, Text, delete, insert, select

from relay.database import Moment, metadata
from relay.people.decide.matching import Question
from relay.remedy import WHO_IS_WHO
from relay.stored_accounts import SITE_LENGTH

people_questions = Table(
    "people_questions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("site", String(SITE_LENGTH), nullable=False),
    Column("code", String(40), nullable=False),
    Column("subject", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("remedies", JSON, nullable=False),
    Column("since", Moment, nullable=False),
    Index("people_questions_by_site", "site"),
)


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """One question as it stands in the list; `remedies` are JSON, as in the answer of `plan`."""

    code: str
    subject: str
    message: str
    facts: dict[str, Any]
    remedies: list[dict[str, Any]]
    since: datetime

    @property
    def member_ids(self) -> frozenset[str]:
        """Whom the answers to this question are about."""
        return frozenset(remedy["arguments"][0] for remedy in self.remedies if any(remedy["arguments"]))


def open_questions(connection: Connection, site: str) -> tuple[OpenQuestion, ...]:
    """Return what waits for an answer, in the order of the plan."""
    names = OpenQuestion.__dataclass_fields__
    query = select(people_questions).where(people_questions.c.site == site).order_by(people_questions.c.id)
    rows = connection.execute(query).mappings()
    return tuple(OpenQuestion(**{name: row[name] for name in names}) for row in rows)


def keep(connection: Connection, site: str, asked: Iterable[Question], now: datetime) -> None:
    """Write the list anew from a plan's questions; one that was open before keeps the moment since when."""
    since = {(one.code, one.subject): one.since for one in open_questions(connection, site)}
    connection.execute(delete(people_questions).where(people_questions.c.site == site))
    rows = [
        {"site": site, **_plain(one.as_json()), "since": since.get((one.code, one.subject), now)}
        for one in asked
        if any(remedy.action in WHO_IS_WHO for remedy in one.remedies)
    ]
    if rows:
        connection.execute(insert(people_questions), rows)


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))


def answered(connection: Connection, site: str, member_id: str) -> None:
    """Take the questions about a member or company off the list."""
    rows = connection.execute(select(people_questions).where(people_questions.c.site == site)).mappings()
    done = [row["id"] for row in rows if any(member_id in one["arguments"][:1] for one in row["remedies"])]
    connection.execute(delete(people_questions).where(people_questions.c.id.in_(done)))
