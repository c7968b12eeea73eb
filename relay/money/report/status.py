"""What the ledger tells to `status` and keeps of each run; no remote call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from relay import amounts
from relay.clock import Clock
from relay.config import Settings
from relay.database import reading
from relay.money.decide.holds import STOP_ANSWERS
from relay.money.decide.movement import Movement
from relay.money.decide.remedies import of_hold, of_stop
from relay.money.ledger import holds, journal, records
from relay.money.ledger.payers import named
from relay.money.ledger.store import Ledger
from relay.money.report.result import movement_json
from relay.remedy import as_json


def record_run(
    database: Engine,
    site: str,
    kind: str,
    *,
    started: datetime,
    ended: datetime,
    exit_code: int,
    answer: dict[str, Any],
) -> None:
    """Keep what a command did, for `status` and for whoever asks later."""
    with database.begin() as connection:
        records.add_run(connection, site, records.Run(kind, started, ended, exit_code, answer))


def know_timezone(database: Engine, settings: Settings) -> None:
    """Keep in which zone a site counts its days, for whoever reads the ledger from another site."""
    site, zone = settings.site.name, settings.site.timezone
    with database.begin() as connection:
        if records.fact(connection, site, "timezone") != zone:
            records.set_fact(connection, site, "timezone", zone)


def last_runs(database: Engine, site: str, count: int = 10) -> list[dict[str, Any]]:
    """Return the last runs, newest first, without their whole answers."""
    with reading(database) as connection:
        found = records.last_runs(connection, site, count)
    return [
        {
            "kind": run.kind,
            "started": run.started_at.isoformat(),
            "finished": run.finished_at.isoformat(),
            "exit_code": run.exit_code,
            "version": run.version,
            "error": run.summary.get("error"),
        }
        for run in found
    ]


def first_run(database: Engine, site: str, kind: str) -> datetime | None:
    """Return when the first run of a kind ended; None where there was never one."""
    with reading(database) as connection:
        return records.first_run(connection, site, kind)


def open_movements(database: Engine, settings: Settings) -> list[dict[str, Any]]:
    """Return every movement that has not come to its end, as the contract shows movements."""
    ledger = Ledger(database, settings.site.name, Clock())
    return [movement_json(movement) for movement in ledger.open_movements()]


def doubts(database: Engine, site: str) -> tuple[Movement, ...]:
    """Return a movement for each effect whose outcome is not known; those of one fee are one doubt."""
    found: dict[str, Movement] = {}
    for movement in Ledger(database, site, Clock()).in_doubt():
        found.setdefault(doubtful(movement), movement)
    return tuple(found.values())


def doubtful(movement: Movement) -> str:
    """Return the reference of the effect in doubt: the fee's while that is what nobody knows."""
    return movement.fee_reference if movement.waits_for_fee and movement.fee_reference else movement.reference


def members_with_open_movements(database: Engine, site: str) -> frozenset[str]:
    """Return the member ids whose account must not be deleted, because a movement of theirs is open."""
    return frozenset(movement.member_id for movement in Ledger(database, site, Clock()).open_movements())


def members_with_debts(database: Engine, site: str) -> frozenset[str]:
    """Return the member ids whose wallet holds a debt of whatever kind, also where an allowance covers it."""
    with reading(database) as connection:
        found = journal.open_wallets(connection, site)
    return frozenset(member_id for member_id, wallet in found.items() if wallet.buckets.has_debt)


def last_readings(database: Engine, site: str, links: Mapping[str, datetime | None]) -> dict[str, tuple[int, int]]:
    """Return the last believed (balance in micros, job counter) of the links (member id: linked at) that were read."""
    with reading(database) as connection:
        found = journal.open_wallets(connection, site)
    return {
        member_id: (wallet.balance, wallet.jobs or 0)
        for member_id, wallet in found.items()
        if links.get(member_id) == wallet.linked_at
    }


def held(database: Engine, settings: Settings) -> list[dict[str, Any]]:
    """Return what the last settle held, each with who pays, and what releases it."""
    with reading(database) as connection:
        found = holds.open_holds(connection, settings.site.name)
    people = named(database, settings, {hold.member_id for hold in found}) if found else {}
    return [
        {
            "id": hold.id,
            "username": hold.username,
            "name": people[hold.member_id].name if hold.member_id in people else hold.username,
            "member_id": hold.member_id,
            "amount": amounts.text(amounts.billable(-hold.amount, settings.site.currency), settings.site.currency),
            "code": hold.code,
            "reason": hold.reason,
            "remedies": as_json(of_hold(hold.code, hold.username)),
            "payer": people[hold.member_id].payer if hold.member_id in people else hold.username,
            "by_company": hold.member_id in people and people[hold.member_id].by_company,
            "since": hold.since.isoformat() if hold.since else "",
            "said": hold.word.answer if hold.word is not None else "",
            "said_by": hold.word.by if hold.word is not None else "",
            "said_at": hold.word.at.isoformat() if hold.word is not None and hold.word.at else "",
            "said_because": hold.word.reason if hold.word is not None else "",
        }
        for hold in found
    ]


def uncounted(database: Engine, site: str) -> list[str]:
    """Return the usernames of those whose debt is disputed because it grew without a counted job."""
    with reading(database) as connection:
        found = journal.open_wallets(connection, site).values()
    return sorted(wallet.username for wallet in found if wallet.doubt == "uncounted")


def stops(database: Engine, settings: Settings) -> list[dict[str, Any]]:
    """Return the stops that no money of the site moves for, each with the answers that end it."""
    with reading(database) as connection:
        found = holds.open_stops(connection, settings.site.name)
    return [
        {
            "code": stop.code,
            "message": stop.message,
            "facts": dict(stop.facts),
            "since": stop.since.isoformat() if stop.since else "",
            "answers": list(STOP_ANSWERS.get(stop.code, ())),
            "remedies": as_json(of_stop(stop.code)),
            "said": stop.word.answer if stop.word is not None else "",
        }
        for stop in found
    ]
