"""A ledger as an earlier release left it: its own schema, and rows as it wrote them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from alembic import command, config
from sqlalchemy import Engine, MetaData, insert

ACME = "64d000000000000000000001"


def at(day: int, hour: int = 8, *, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def make(engine: Engine, revision: str) -> None:
    """Make the schema of a release in an empty database."""
    with engine.begin() as connection:
        settings = config.Config()
        settings.set_main_option("script_location", "relay:migrations")
        settings.attributes["connection"] = connection
        command.upgrade(settings, revision)


def put(engine: Engine, **rows: list[dict[str, Any]]) -> None:
    """Insert rows by table; the columns are the database's own, not the product's of today."""
    known = MetaData()
    known.reflect(engine)
    with engine.begin() as connection:
        for name, values in rows.items():
            for row in values:
                connection.execute(insert(known.tables[name]).values(site="hq", **row))


def link(member: str, **values: Any) -> dict[str, Any]:
    return {
        "member_id": f"member-{member}", "username": member, "email": f"{member}@example.com", "linked_at": at(1),
        "opening_balance": 0, "opening_jobs": 0, "made_by_us": False, "initial_done": True, "standing": "active",
        "display_name": member.title(), "company_id": ACME, "company_name": "Acme", "location_id": "",
        "deleted_at": None,
    } | values  # fmt: skip


def mark(member: str, balance: int, **values: Any) -> dict[str, Any]:
    return {
        "member_id": member if ":" in member else f"member-{member}", "balance": balance, "jobs": 9, "at": at(20),
        "opening_left": 0, "top_up_left": 0, "shadow_left": 0, "billed_jobs": None, "billed_at": None, "doubt": "",
    } | values  # fmt: skip


def fee(member: str, reference: str, state: str, price: int) -> dict[str, Any]:
    return {
        "reference": reference, "business_day": date(2026, 11, 20), "sequence": 1, "subject_id": f"member-{member}",
        "member_id": f"member-{member}", "company_id": ACME, "is_personal": False, "plan_id": "plan",
        "location_id": "here", "name": f"Printing [{reference}]", "price": price, "currency": "EUR",
        "issue_date": date(2026, 11, 20), "use_coins": False, "state": state,
        "fee_id": f"fee-{member}" if state == "posted" else None, "by_word": False, "lost": False, "sent_at": at(20),
        "created_at": at(20), "changed_at": at(20), "note": "",
    }  # fmt: skip


def movement(member: str, reference: str, kind: str, state: str, amount: int, **values: Any) -> dict[str, Any]:
    return {
        "reference": reference, "kind": kind, "member_id": f"member-{member}", "username": member,
        "company_id": ACME, "amount": amount, "currency": "EUR", "business_day": date(2026, 11, 20), "sequence": 1,
        "period": None, "state": state, "fee_reference": None, "fee_state": None, "corrects": None, "lost": False,
        "by_word": False, "balance_before": None, "jobs_before": None, "balance_after": None, "sent_at": None,
        "created_at": at(20), "changed_at": at(20), "note": "", "task": "",
    } | values  # fmt: skip
