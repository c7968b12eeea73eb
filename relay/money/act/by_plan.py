"""Amounts that depend on an OfficeRnD plan: what the settings say by plan, and who has which."""

from __future__ import annotations

from collections.abc import Sequence

from relay.config.sections import PlanAmount
from relay.money.books import Books
from relay.officernd.model import Membership
from relay.officernd.named import named


def by_plan(books: Books, rows: Sequence[PlanAmount]) -> tuple[dict[str, int], list[Membership]]:
    """Return the amounts by plan id and every membership; both empty, without a call, where there are no rows."""
    if not rows:
        return {}, []
    plans = books.officernd.plans()
    found: dict[str, int] = {}
    for row in rows:
        for plan in named(plans, row.plan):
            found[plan.id] = max(row.amount, found.get(plan.id, 0))
    return found, books.officernd.memberships()
