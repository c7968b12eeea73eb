"""The fees plan: the one-off product of OfficeRnD that every print fee is made on.

Found by name or code; created where it is missing and the API allows that; checked before anything is billed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from relay.config import Settings
from relay.errors import OutcomeUnknown, Refused
from relay.language import capital, joined, lazy
from relay.officernd.client import SYSTEM, OfficeRnD
from relay.officernd.model import Plan, reads_as_id
from relay.officernd.named import named

MISSING = "fees_plan_missing"
GONE = "fees_plan_gone"
BY_HAND = lazy(
    "in OfficeRnD open Billing > Plans, add a one-off plan of type Service with that name, available at this location "
    "and without approval, then run again"
)


@dataclass(frozen=True, slots=True)
class PlanFault:
    """Why nothing can be billed on the plan that the setting means: a code of `check`, and the start of a sentence."""

    code: str
    text: str


def faults(plans: Sequence[Plan], wanted: str, location_id: str) -> list[PlanFault]:
    """Return why nothing can be billed on `wanted`: [] when it is one plan that is right.

    Whoever speaks of the fees plan asks this: `check`, its fix, the set-up and billing itself.
    Source: OfficeRnD help, one-off fees (a fee needs a one-off plan); developer reference v2, plans.
    """
    found = named(plans, wanted)
    if not found and reads_as_id(wanted):
        return [
            PlanFault(GONE, lazy("[fees] plan = %(wanted)s is the id of no plan in OfficeRnD", wanted=repr(wanted)))
        ]
    if not found:
        return [PlanFault(MISSING, lazy("OfficeRnD has no plan %(wanted)s", wanted=repr(wanted)))]
    if len(found) > 1:
        ids = ", ".join(plan.id for plan in found)
        return [
            PlanFault(
                "fees_plan_twice",
                lazy(
                    "[fees] plan = %(wanted)s matches %(count)s plans in OfficeRnD (%(ids)s)",
                    wanted=repr(wanted),
                    count=len(found),
                    ids=ids,
                ),
            )
        ]
    plan, told = found[0], []
    name = lazy("The plan %(name)s (%(id)s)", name=repr(plan.name), id=plan.id)
    if plan.interval_length != "once":
        often = (
            lazy("every %(interval)s", interval=plan.interval_length)
            if plan.interval_length
            else lazy("at an unknown interval")
        )
        told.append(
            PlanFault(
                "fees_plan_recurring", lazy("%(name)s is billed %(often)s instead of once", name=name, often=often)
            )
        )
    if plan.locations and location_id not in plan.locations:
        told.append(
            PlanFault("fees_plan_elsewhere", lazy("%(name)s is not available at this site's location", name=name))
        )
    if plan.requires_approval:
        told.append(PlanFault("fees_plan_approval", lazy("%(name)s makes fees that wait for an approval", name=name)))
    return told


# What puts each right, as the end of a sentence; a plan that is missing is made by the fix or by the first billing.
ADVICE = {
    MISSING: BY_HAND,
    GONE: lazy("write the name or the id of a plan that is there into [fees] plan"),
    "fees_plan_twice": lazy("write the id of the right one into [fees] plan"),
    "fees_plan_recurring": joined(lazy("name a one-off plan in [fees] plan, or make one:"), BY_HAND),
    "fees_plan_elsewhere": lazy("add this site's location to the plan in OfficeRnD"),
    "fees_plan_approval": lazy("switch the approval off at the plan in OfficeRnD"),
}


def fees_plan(officernd: OfficeRnD, settings: Settings, *, create: bool) -> Plan | None:
    """Return the fees plan, made if `create` and missing; None if missing and not to be made.

    Raises Refused (code `fees_plan`) with the steps to do by hand where it is wrong, ambiguous or cannot be made.
    """
    wanted, location_id = settings.fees.plan, settings.officernd.location
    plans = officernd.plans()
    wrong = faults(plans, wanted, location_id)
    if wrong and wrong[0].code == MISSING:
        if not create:
            return None
        try:
            plans = [*plans, officernd.create_plan(wanted)]
        except OutcomeUnknown:
            plans = officernd.plans()
        except Refused as error:
            raise _refused(
                PlanFault(
                    MISSING,
                    lazy(
                        "%(text)s and does not let the relay make it (%(message)s)",
                        text=wrong[0].text,
                        message=error.message,
                    ),
                )
            ) from None
        wrong = faults(plans, wanted, location_id)
    if wrong:
        raise _refused(*wrong)
    return named(plans, wanted)[0]


def _refused(*wrong: PlanFault) -> Refused:
    what = joined(*(fault.text for fault in wrong), by="; ")
    advice = joined(*(capital(ADVICE[fault.code]) for fault in wrong), by=". ")
    return Refused(
        lazy("%(what)s. Nothing was billed. %(advice)s.", what=what, advice=advice), system=SYSTEM, code="fees_plan"
    )
