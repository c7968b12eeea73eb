"""The questions that the last reading of both systems left open, in the ledger's database: one list for everybody.

Whoever ran the sync, from a page, the schedule or the command line, everybody is shown the same. An answer ticks its
question off at once, and it is open no more; the next reading writes the list anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Connection, Index, Integer, String, Table, Text, delete, insert, select, update

from relay import language
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
    Column("answered_at", Moment, nullable=True),
    Column("wording", JSON, nullable=True),  # what the message is made of
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
    answered_at: datetime | None = None

    @property
    def member_ids(self) -> frozenset[str]:
        """Whom the answers to this question are about."""
        return frozenset(remedy["arguments"][0] for remedy in self.remedies if any(remedy["arguments"]))


def open_questions(connection: Connection, site: str) -> tuple[OpenQuestion, ...]:
    """Return what waits for an answer, in the order of the plan."""
    return tuple(one for one in asked(connection, site) if one.answered_at is None)


def asked(connection: Connection, site: str) -> tuple[OpenQuestion, ...]:
    """Return everything that the last reading asked, also what was answered since."""
    names = OpenQuestion.__dataclass_fields__
    query = select(people_questions).where(people_questions.c.site == site).order_by(people_questions.c.id)
    rows = connection.execute(query).mappings()
    return tuple(
        OpenQuestion(
            **{name: language.unkept(row[name]) for name in names if name != "message"},
            message=language.whole(row["message"], row["wording"]),
        )
        for row in rows
    )


def keep(connection: Connection, site: str, found: Iterable[Question], now: datetime) -> None:
    """Write the list anew from a plan's questions; one that was open before keeps the moment since when."""
    since = {(one.code, one.subject): one.since for one in open_questions(connection, site)}
    connection.execute(delete(people_questions).where(people_questions.c.site == site))
    rows = [
        {"site": site, **_row(one), "since": since.get((one.code, one.subject), now)}
        for one in found
        if any(remedy.action in WHO_IS_WHO for remedy in one.remedies)
    ]
    if rows:
        connection.execute(insert(people_questions), rows)


def _row(question: Question) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(json.dumps(language.kept(question.as_json()), default=str))
    wording = kept.pop("message~", None)
    return {**kept, "wording": wording}


def answered(connection: Connection, site: str, member_id: str, now: datetime) -> None:
    """Tick off the questions about a member or company."""
    _mark(connection, site, member_id, now)


def reopen(connection: Connection, site: str, member_id: str) -> None:
    """Let the questions about a member or company stand again."""
    _mark(connection, site, member_id, None)


def answered_at(connection: Connection, site: str, member_id: str) -> datetime | None:
    """Return when a question about a member or company was answered since the last reading, None where none was."""
    moments = [one.answered_at for one in asked(connection, site) if member_id in one.member_ids and one.answered_at]
    return max(moments, default=None)


def _mark(connection: Connection, site: str, member_id: str, moment: datetime | None) -> None:
    table = people_questions
    query = select(table.c.id, table.c.remedies).where(table.c.site == site)
    ids = [
        row.id for row in connection.execute(query) if any(member_id in one["arguments"][:1] for one in row.remedies)
    ]
    if ids:
        connection.execute(update(table).where(table.c.id.in_(ids)).values(answered_at=moment))
