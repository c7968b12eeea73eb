"""Memberships written through the API: the resource on which the service's refusals were observed.

Source: officernd-api 2.2 and 3.3 (messages observed on staging, 2026-02).
"""

from __future__ import annotations

from typing import Any

from relay.sandbox.officernd.answers import bad_request, broken_rule, not_found
from relay.sandbox.officernd.bodies import Fields, checked
from relay.sandbox.officernd.fees import check_location
from relay.sandbox.officernd.state import API_USER, OfficeRnDState
from relay.sandbox.officernd.table import Record

CREATE: Fields = {
    "name": "text",
    "startDate": "date",
    "location": "text",
    "plan": "text",
    "company": "text",
    "member": "text",
    "isPersonal": "boolean",
    "type": ("month_to_month", "fixed"),
    "endDate": "date",
    "intervalLength": ("once", "hour", "day", "month"),
    "properties": "object",
}
UPDATE: Fields = {"startDate": "date", "endDate": "date", "price": "number"}


def create_membership(state: OfficeRnDState, body: dict[str, Any]) -> Record:
    """Given a request's body make a membership and return it; equal requests make two."""
    values = checked(body, CREATE, ("name", "startDate", "location", "plan"))
    personal = bool(values.get("isPersonal"))
    holder = "member" if personal else "company"
    if not values.get(holder):
        sentence = f"A {holder} field must be provided if the isPersonal field is set to {str(personal).lower()}."
        raise bad_request(sentence)
    if values.get("type") == "fixed" and not values.get("endDate"):
        raise bad_request("End date is required for fixed memberships")
    if not values["name"]:
        raise broken_rule("Path `name` is required.")
    if values["plan"] not in state.plans:
        raise broken_rule("Specified plan was not found")
    check_location(state, values["location"])
    for field, table in (("member", state.members), ("company", state.companies)):
        if values.get(field) and values[field] not in table:
            raise broken_rule(f"Specified {field} was not found")
    _check_order(values["startDate"], values.get("endDate"))
    started = values["startDate"] <= state.now_text()
    defaults = {
        "isPersonal": False,
        "status": "approved",
        "calculatedStatus": "active" if started else "not_started",
        "type": "month_to_month",
        "intervalLength": "month",
        "intervalCount": 1,
        "isLocked": False,
        "price": 0,
        "discountAmount": 0,
        "calculatedDiscountAmount": 0,
        "properties": {},
    }
    record = {**defaults, **{name: value for name, value in values.items() if value is not None}}
    made = state.add(state.memberships, record, by=API_USER)
    state.touch_holders(made)
    return made


def update_membership(state: OfficeRnDState, identity: str, body: dict[str, Any]) -> Record:
    """Change start, end or price; nothing else may be sent, and `{}` changes nothing."""
    values = checked(body, UPDATE)
    old = state.memberships.get(identity)
    if old is None:
        raise not_found(identity)
    if "startDate" in values and identity in state.invoiced_memberships:
        raise broken_rule("Cannot update membership's start date when the membership is invoiced")
    merged = {**old, **values}
    _check_order(merged["startDate"], merged.get("endDate"))
    record = state.change(state.memberships, identity, values, by=API_USER)
    state.touch_holders(record)
    return record


def delete_membership(state: OfficeRnDState, identity: str) -> Record:
    """Delete a membership that was not invoiced and return it as it was."""
    if identity not in state.memberships:
        raise not_found(identity)
    if identity in state.invoiced_memberships:
        raise broken_rule("Cannot delete invoiced membership")
    record = state.remove(state.memberships, identity)
    state.touch_holders(record)
    return record


def _check_order(start: str, end: str | None) -> None:
    if end and end < start:
        raise broken_rule("Membership startDate should be before the endDate")
