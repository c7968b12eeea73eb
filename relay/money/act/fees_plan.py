"""The fees plan: the one-off product of OfficeRnD that every print fee is made on.

Found by name or code; created where it is missing and the API allows that; checked before anything is billed.
"""

from __future__ import annotations

from collections.abc import Sequence

from relay.config import Settings
from relay.errors import OutcomeUnknown, Refused
from relay.officernd.client import SYSTEM, OfficeRnD
from relay.officernd.model import Plan

BY_HAND = (
    "In OfficeRnD open Billing > Plans, add a one-off plan of type Service with that name, available at this location "
    "and without approval, then run again"
)


def find(plans: Sequence[Plan], wanted: str) -> list[Plan]:
    """Return the plans that the setting can mean: by code, else by id, else by name."""
    for matches in (
        [plan for plan in plans if plan.code == wanted],
        [plan for plan in plans if plan.id == wanted],
        [plan for plan in plans if plan.name.strip().casefold() == wanted.strip().casefold()],
    ):
        if matches:
            return matches
    return []


def problems(plan: Plan, location_id: str) -> list[str]:
    """Return what keeps a plan from being billed on, as clauses; [] when it is right.

    Source: OfficeRnD help, one-off fees (a fee needs a one-off plan); developer reference v2, plans.
    """
    found = []
    if plan.interval_length != "once":
        found.append(f"it is billed every {plan.interval_length or 'unknown period'} instead of once")
    if plan.locations and location_id not in plan.locations:
        found.append("it is not available at this site's location")
    if plan.requires_approval:
        found.append("its fees wait for an approval")
    return found


def fees_plan(officernd: OfficeRnD, settings: Settings, *, create: bool) -> Plan | None:
    """Return the fees plan, made if `create` and missing; None if missing and not to be made.

    Raises Refused (code `fees_plan`) with the steps to do by hand where it is wrong, ambiguous or cannot be made.
    """
    wanted = settings.fees.plan
    found = find(officernd.plans(), wanted)
    if not found and create:
        try:
            found = [officernd.create_plan(wanted)]
        except OutcomeUnknown:
            found = find(officernd.plans(), wanted)
        except Refused as error:
            raise _refused(
                f"OfficeRnD has no plan {wanted!r} and does not let the relay make it ({error.message})"
            ) from None
    if not found:
        if create:
            raise _refused(f"OfficeRnD has no plan {wanted!r}")
        return None
    if len(found) > 1:
        ids = ", ".join(plan.id for plan in found)
        raise Refused(
            f"OfficeRnD has {len(found)} plans called {wanted!r} ({ids}), so nothing was billed: give one of them a "
            "code and write that code into [fees] plan.",
            system=SYSTEM,
            code="fees_plan",
        )
    wrong = problems(found[0], settings.officernd.location)
    if wrong:
        raise _refused(f"The plan {wanted!r} cannot be billed on: {', '.join(wrong)}")
    return found[0]


def _refused(what: str) -> Refused:
    return Refused(f"{what}. Nothing was billed. {BY_HAND}.", system=SYSTEM, code="fees_plan")
