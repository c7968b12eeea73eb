"""A month's fees, top-ups and readings, put into the ledger as a run leaves them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert

from relay import jobs
from relay.jobs.statement.model import Statement
from relay.money.ledger import included
from relay.money.ledger import tables as money
from tests.support.jobs_site import JobsSite, print_log_row

EUR = 1_000_000


def at(day: int, hour: int = 12, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def made(site: JobsSite, **scope: Any) -> Statement:
    return jobs.statement(site.settings, site.database, clock=site.clock, **scope)


def step_amounts(statement: Statement) -> dict[str, int]:
    return {step.code: step.amount for step in statement.steps}


def add_fee(
    site: JobsSite, username: str, amount: int, when: datetime, *, balance: int | None = None, company: str = "Acme",
    state: str = "posted", number: int = 1, ids: tuple[str, str] | None = None, price: int | None = None,
) -> str:  # fmt: skip
    """Put a settled fee into the ledger as `settle` leaves it; `balance` is what PaperCut held when it was adjusted.

    `ids` are the member id and the account's name where they are not those of a person called `username`.
    """
    reference = f"PC-{username}-{when:%m%d}-{number}"
    member, username = ids or (f"member-{username}", username)
    common = {
        "site": "hq", "member_id": member, "company_id": f"company-{company}", "currency": "EUR",
        "business_day": when.date(), "sequence": number, "created_at": when, "changed_at": when, "note": "",
    }  # fmt: skip
    with site.database.begin() as connection:
        connection.execute(
            insert(money.fees).values(
                **common, reference=reference, subject_id=member, is_personal=False, plan_id="p", location_id="l",
                name=reference, price=price or amount, issue_date=when.date(), use_coins=False, state=state,
                fee_id=f"fee-{reference}" if state == "posted" else None, sent_at=when,
            )
        )  # fmt: skip
        connection.execute(
            insert(money.movements).values(
                **common, reference=f"{reference}-m", kind="fee", username=username, amount=amount,
                state="posted" if state == "posted" else "planned", fee_reference=reference, fee_state=state,
                sent_at=when, balance_before=-amount if balance is None else balance, jobs_before=0,
            )
        )  # fmt: skip
    return f"{reference}-m"


def add_top_up(site: JobsSite, username: str, amount: int, when: datetime) -> None:
    with site.database.begin() as connection:
        connection.execute(
            insert(money.movements).values(
                site="hq", member_id=f"member-{username}", company_id="", currency="EUR", business_day=when.date(),
                sequence=1, created_at=when, changed_at=when, note="", reference=f"TU-{username}-{when:%m%d}",
                kind="top_up", username=username, amount=amount, state="posted", period="2026-11",
            )
        )  # fmt: skip


def add_reading(site: JobsSite, username: str, balance: int, when: datetime, jobs: int = 0) -> None:
    """Put into the ledger what the last settle read of an account: its wallet, credit or debt of jobs."""
    with site.database.begin() as connection:
        connection.execute(
            insert(money.wallets).values(
                site="hq", member_id=f"member-{username}", username=username,
                linked_at=datetime(2026, 9, 1, tzinfo=UTC), opening=0, owed=min(0, balance), disputed=0, allowance=0,
                own=max(0, balance), jobs=jobs, read_at=when, witness=0, doubt="",
            )
        )  # fmt: skip


def row(day: int, cost: str = "1.0000", month: int = 11, **changes: str) -> str:
    return print_log_row(time=f"2026-{month:02}-{day:02} 2:00:00 PM", cost=cost, **changes)


def add_included(site: JobsSite, username: str, amount: int, when: datetime, *, has: int, company: str) -> None:
    """Put a use of a company's included printing into the ledger as a settle leaves it."""
    reference = f"IN-{username}-{when:%m%d}"
    with site.database.begin() as connection:
        connection.execute(
            insert(money.movements).values(
                site="hq", member_id=f"member-{username}", company_id=company, currency="EUR",
                business_day=when.date(), sequence=1, created_at=when, changed_at=when, note="", reference=reference,
                kind="included", username=username, amount=amount, state="posted",
            )
        )  # fmt: skip
        included.add(connection, "hq", f"{when:%Y-%m}", {reference: company}, {company: has})
