"""What waits for a person, and the words given: held rows, stops, and each word's one use.

Small reads and writes on a connection that the caller opened; nothing here decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, Table, bindparam, insert, select, update

from relay.database import of_row
from relay.language import parts, whole
from relay.money.decide.holds import Answer, Held, Hold, Stop, Word
from relay.money.ledger import tables

_WORD = tuple(
    tables.words.c[column].label(f"word_{column}") for column in ("id", "answer", "amount", "said_by", "reason", "at")
)


def _open(rows: Table, told_by: str, *order: str) -> Select[Any]:
    """Return the question for a site's rows that stand, each with the word on it that was not used yet."""
    said = tables.words
    return (
        select(rows, *_WORD)
        .outerjoin(said, (said.c[told_by] == rows.c.id) & said.c.ended_at.is_(None))
        .where(rows.c.site == bindparam("of_site"), rows.c.ended_at.is_(None))
        .order_by(*(rows.c[name] for name in order))
    )


# Built once: a settle asks both again and again.
_OPEN_HOLDS = _open(tables.holds, "hold_id", "username", "id")
_OPEN_STOPS = _open(tables.stops, "stop_id", "id")


def _word(row: RowMapping) -> Word | None:
    """Return the word on a row that was read with it."""
    if row["word_id"] is None:
        return None
    return Word(
        row["word_id"], row["word_answer"], row["word_amount"], row["word_said_by"], row["word_reason"], row["word_at"]
    )


# -- holds -----------------------------------------------------------------------------------------------------------


def open_holds(connection: Connection, site: str) -> list[Hold]:
    """Return the rows that stand, by username, each with the word on it that was not used yet."""
    return [
        of_row(Hold, row, reason=whole(row["reason"], row["wording"]), word=_word(row), since=row["at"])
        for row in connection.execute(_OPEN_HOLDS, {"of_site": site}).mappings()
    ]


def renew_holds(
    connection: Connection,
    site: str,
    held: Iterable[Held],
    members: Iterable[str],
    now: datetime,
    *,
    code: str | None = None,
) -> None:
    """Store what is held of the members who were decided on; the rows of everybody else stand as they are.

    A row with the same amount stays the row it is, and so does one whose word waits to be carried out; any other change
    is a new row, so that no word ever speaks of what it did not name. With `code` only rows of that reason are renewed.
    """
    wanted = {(item.account.member_id, item.code): item for item in held}
    decided = set(members)
    for row in open_holds(connection, site):
        if row.member_id not in decided or code not in (None, row.code):
            continue
        item = wanted.get((row.member_id, row.code))
        if row.word is not None or (item is not None and item.amount == row.amount):
            wanted.pop((row.member_id, row.code), None)
        else:
            end_hold(connection, row.id, now)
    add_holds(connection, site, wanted.values(), now)


def add_holds(connection: Connection, site: str, held: Iterable[Held], now: datetime) -> None:
    rows = [
        {
            "site": site,
            "member_id": item.account.member_id,
            "code": item.code,
            "username": item.account.username,
            "amount": item.amount,
            "reason": item.reason,
            "wording": parts(item.reason),
            "at": now,
            "ended_at": None,
        }
        for item in held
    ]
    if rows:
        connection.execute(insert(tables.holds), rows)


def follow_names(connection: Connection, site: str, names: Mapping[str, str]) -> None:
    """Tell what is held by the names that the accounts have by now: {member id: username}."""
    for row in open_holds(connection, site):
        username = names.get(row.member_id, row.username)
        if username != row.username:
            connection.execute(update(tables.holds).where(tables.holds.c.id == row.id).values(username=username))


def end_hold(connection: Connection, hold_id: int, now: datetime) -> None:
    connection.execute(update(tables.holds).where(tables.holds.c.id == hold_id).values(ended_at=now))


def end_holds_of(connection: Connection, site: str, members: set[str], now: datetime) -> None:
    """End what was held of links that are over; a word on it says nothing about the account linked now."""
    for row in open_holds(connection, site) if members else []:
        if row.member_id in members:
            if row.word is not None:
                void_word(connection, row.word.id, "another account is linked now", now)
            end_hold(connection, row.id, now)


# -- words -----------------------------------------------------------------------------------------------------------


def add_word(
    connection: Connection,
    site: str,
    answer: Answer,
    reason: str,
    now: datetime,
    *,
    hold: Hold | None = None,
    stop: Stop | None = None,
    amount: int = 0,
    by: str = "",
) -> None:
    """Store a word on one hold or one stop; an earlier one on the same that was not used yet gives way to it."""
    earlier = hold.word if hold is not None else stop.word if stop is not None else None
    if earlier is not None:
        void_word(connection, earlier.id, "another word was given after it", now)
    connection.execute(
        insert(tables.words).values(
            site=site,
            hold_id=hold.id if hold is not None else None,
            stop_id=stop.id if stop is not None else None,
            answer=answer,
            amount=amount,
            reason=reason,
            said_by=by[:60],
            at=now,
            void="",
        )
    )


def spend_word(
    connection: Connection, word_id: int, now: datetime, *, movement: str | None = None, entry_id: int | None = None
) -> None:
    """Note what carried a word out; the hold that it spoke of is over."""
    words, rows = tables.words, tables.holds
    connection.execute(
        update(words).where(words.c.id == word_id).values(ended_at=now, movement=movement, entry_id=entry_id)
    )
    spoken_of = select(words.c.hold_id).where(words.c.id == word_id).scalar_subquery()
    connection.execute(update(rows).where(rows.c.id == spoken_of).values(ended_at=now))


def void_word(connection: Connection, word_id: int, why: str, now: datetime) -> None:
    words = tables.words
    connection.execute(update(words).where(words.c.id == word_id).values(ended_at=now, void=why))


# -- stops -----------------------------------------------------------------------------------------------------------


def open_stops(connection: Connection, site: str) -> list[Stop]:
    """Return the stops that stand, oldest first, each with the word on it that was not used yet."""
    return [
        of_row(Stop, row, message=whole(row["message"], row["wording"]), word=_word(row), since=row["at"])
        for row in connection.execute(_OPEN_STOPS, {"of_site": site}).mappings()
    ]


def add_stop(connection: Connection, site: str, stop: Stop, now: datetime) -> None:
    """Store a stop unless the same one stands; with other facts it is another, and a word on the old one is void."""
    for standing in open_stops(connection, site):
        if standing.code != stop.code:
            continue
        if standing.is_the_same(stop):
            return
        end_stop(connection, standing, now, "the facts have changed since")
    connection.execute(
        insert(tables.stops).values(
            site=site,
            code=stop.code,
            facts=dict(stop.facts),
            message=stop.message,
            at=now,
            ended_at=None,
            wording=parts(stop.message),
        )
    )


def end_stop(connection: Connection, stop: Stop, now: datetime, void: str = "") -> None:
    """End a stop; the word on it is spent by that, or void."""
    connection.execute(update(tables.stops).where(tables.stops.c.id == stop.id).values(ended_at=now))
    if stop.word is not None:
        void_word(connection, stop.word.id, void, now)
