"""Fees: one-off charges made through the API, and what staff and a bill run do with them later.

Source: officernd-api 3.5 (fields, life of a fee), 3.6 (who pays), 3.9 (coins), 2.2 (messages of broken rules; those for
fees follow the ones observed for memberships).
"""

from __future__ import annotations

import math
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from relay.sandbox.officernd.answers import ErrorResponse, bad_request, broken_rule, not_found
from relay.sandbox.officernd.bodies import Fields, checked
from relay.sandbox.officernd.instants import parse_instant
from relay.sandbox.officernd.state import API_USER, OfficeRnDState
from relay.sandbox.officernd.table import Record

CREATE: Fields = {
    "name": "text",
    "issueDate": "date",
    "location": "text",
    "plan": "text",
    "price": "number",
    "quantity": "number",
    "member": "text",
    "company": "text",
    "isPersonal": "boolean",
    "shouldBillInAdvance": "boolean",
    "properties": "object",
}
UPDATE: Fields = {**CREATE, "billToMember": "boolean"}  # an alias of isPersonal
REQUIRED = ("name", "issueDate", "location", "plan", "price")
BAD_ID = "input must be a 24 character hex string, 12 byte Uint8Array, or an integer"


def create_fee(
    state: OfficeRnDState, body: dict[str, Any], *, use_coins: str | None, source: str = "public-api"
) -> Record:
    """Given a request's body make a fee and return it; equal requests make two. Raises the refusals of 2.2 and 3.5."""
    values = checked(body, _with_coins_switch(state, CREATE), REQUIRED)
    if state.switches.negative_price == "refuse" and values["price"] < 0:
        raise bad_request("price must not be less than 0")
    plan = _check_rules(state, values)
    values["price"] = _stored_price(state, values["price"])
    wants_coins = _wants_coins(use_coins, values) is True
    company = values.get("company")
    member = state.members.get(values.get("member") or "")
    if not company and member and not values.get("isPersonal") and state.switches.company_of_fee == "filled":
        company = member["company"]
    record: dict[str, Any] = {
        "name": values["name"],
        "issueDate": values["issueDate"],
        "location": values["location"],
        "plan": values["plan"],
        "planType": "Plan",
        "price": values["price"],
        "quantity": 1 if values.get("quantity") is None else values["quantity"],
        "isPersonal": bool(values.get("isPersonal")),
        "shouldBillInAdvance": bool(values.get("shouldBillInAdvance")),
        "shouldUseCoins": wants_coins,
        "status": "awaiting_approval" if plan["requiresApproval"] else "approved",
        "discountAmount": 0,
        "calculatedDiscountAmount": 0,
        "discountedPrice": values["price"],
        "isRefundable": False,
        "source": source,
        "properties": values.get("properties") or {},
        "_made_s": state.clock.monotonic_s(),
    }
    if member:
        record["member"] = member["_id"]
    if company:
        record["company"] = company
    if wants_coins:
        _pay_with_coins(state, record)
    fee = state.add(state.fees, record, by=API_USER)
    _make_drop_in(state, fee)
    return fee


def update_fee(state: OfficeRnDState, identity: str, body: dict[str, Any], *, use_coins: str | None) -> Record:
    """Change a fee that was not invoiced. Source: corrections, OfficeRnD (PUT /fees/{id})."""
    fields: Fields = {name: kind for name, kind in UPDATE.items() if name in state.switches.fee_update_fields}
    values = {
        name: value for name, value in checked(body, _with_coins_switch(state, fields)).items() if value is not None
    }
    fee = state.fees.get(identity)
    if fee is None:
        raise not_found(identity)
    _check_open(state, "PUT", fee["issueDate"])
    if "payment" in fee:
        raise broken_rule("Cannot update invoiced fee")
    wants_coins = _wants_coins(use_coins, values)
    if "billToMember" in values:
        values["isPersonal"] = values.pop("billToMember")
    if "properties" in values and state.switches.properties_on_put == "merge":
        values["properties"] = {**fee["properties"], **values["properties"]}
    _check_rules(state, {**fee, **values}, method="PUT")
    if "price" in values:
        values["price"] = _stored_price(state, values["price"])
        values["discountedPrice"] = values["price"] - fee["calculatedDiscountAmount"]
    if wants_coins and not fee["shouldUseCoins"]:
        changed = {**fee, **values}
        _pay_with_coins(state, changed)
        values = {name: value for name, value in changed.items() if fee.get(name) != value}
    if wants_coins is not None:
        values["shouldUseCoins"] = wants_coins
    return state.change(state.fees, identity, values, by=API_USER)


def _with_coins_switch(state: OfficeRnDState, fields: Fields) -> Fields:
    return {**fields, "shouldUseCoins": "boolean"} if state.switches.coins_switch_in == "body" else fields


def _wants_coins(in_query: str | None, values: dict[str, Any]) -> bool | None:
    """Return whether coins are to pay, wherever it was said; None where it was not."""
    if in_query is not None and in_query not in ("true", "false"):
        raise bad_request("shouldUseCoins must be a boolean value")
    in_body: bool | None = values.pop("shouldUseCoins", None)
    return in_body if in_query is None else in_query == "true"


def _stored_price(state: OfficeRnDState, price: float) -> float:
    """Return the price that is kept of the one that was sent, e.g. 0.13 of 0.125 where two digits are kept."""
    digits = state.switches.fee_price_digits
    if digits < 0:
        return price
    return float(Decimal(str(price)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))


def is_listed(state: OfficeRnDState, fee: Record) -> bool:
    """Return whether a fee is in lists and counts yet; by its id it is found at once."""
    made_s: float = fee.get("_made_s", -math.inf)
    return made_s + state.switches.list_lag_s <= state.clock.monotonic_s()


def delete_fee(state: OfficeRnDState, identity: str) -> Record:
    """Delete a fee and return it as it was. An invoiced one, or one of a closed period, stays (3.5)."""
    fee = state.fees.get(identity)
    if fee is None:
        raise not_found(identity)
    _check_open(state, "DELETE", fee["issueDate"])
    if "payment" in fee:
        raise broken_rule("Cannot delete invoiced fee")
    return state.remove(state.fees, identity)


def bill_run(state: OfficeRnDState, until: date) -> list[Record]:
    """Put every open fee issued up to `until` on an invoice of its payer and return the invoices.

    Fees of earlier periods are collected too; waived and not approved ones are not (3.5).
    """
    with state.lock:
        last = parse_instant(until.isoformat())[:10]
        payers: dict[tuple[str, str], list[Record]] = {}
        for fee in state.fees:
            billable = fee["status"] == "approved" and not fee.get("_waived") and "payment" not in fee
            if billable and fee["issueDate"][:10] <= last:
                payers.setdefault(payer_of(fee), []).append(fee)
        invoices = [_invoice(state, kind, holder, fees, last) for (kind, holder), fees in sorted(payers.items())]
        state.invoiced_memberships.update(
            row["_id"] for row in state.memberships if row["calculatedStatus"] == "active" and row["startDate"] <= last
        )
        return invoices


def payer_of(fee: Record) -> tuple[str, str]:
    """Return who pays: ("company", id) unless the fee is personal or there is no company (3.6)."""
    if fee.get("company") and not fee["isPersonal"]:
        return "company", fee["company"]
    return "member", fee.get("member", "")


def _check_rules(state: OfficeRnDState, values: Record, method: str = "POST") -> Record:
    """Return the plan. Raises the 500 of the first business rule that is broken."""
    if not values["name"]:
        raise broken_rule("Path `name` is required.")
    plan = state.plans.get(values["plan"])
    if plan is None:
        raise broken_rule("Specified plan was not found")
    check_location(state, values["location"])
    for field in ("member", "company"):
        if values.get(field) and values[field] not in getattr(state, "members" if field == "member" else "companies"):
            raise broken_rule(f"Specified {field} was not found")
    if not values.get("member") and not values.get("company"):
        raise broken_rule("A fee needs a member or a company")
    if plan["intervalLength"] != "once" and state.switches.recurring_plan_for_fee == "refuse":
        raise broken_rule("Specified plan is not a one-off plan")
    if values["location"] not in plan["locations"] and state.switches.plan_at_other_location == "refuse":
        raise broken_rule("Specified plan is not available at the specified office")
    _check_open(state, method, values["issueDate"])
    return plan


def check_location(state: OfficeRnDState, identity: str | None) -> None:
    """Raise the 500 for a location that does not exist, and the other one for what is no id at all (observed)."""
    if identity is None or len(identity) != 24 or identity.strip("0123456789abcdefABCDEF"):
        raise ErrorResponse(500, BAD_ID, with_error=False)
    if identity not in state.locations:
        raise broken_rule("Specified office was not found")


def _check_open(state: OfficeRnDState, method: str, issue_date: str) -> None:
    if method in state.switches.lock_applies_to and issue_date < state.locked_until:
        raise broken_rule("The billing period is locked")


def _pay_with_coins(state: OfficeRnDState, record: Record) -> None:
    kind, holder = payer_of(record)
    # Coins always belong to the company where there is one, even when the fee is personal (3.9).
    account = state.coins.get(record.get("company") or holder)
    if account is None or record["plan"] not in account.plans:
        return
    month = record["issueDate"][:7]
    total = record["price"] * record["quantity"]
    paid = max(0.0, min(total, account.remaining(month)))
    account.spend(month, paid)
    record["_coins"] = paid
    if state.switches.coins_shown_as == "discount" and record["quantity"]:
        each = paid / record["quantity"]
        record |= {"discountAmount": each, "calculatedDiscountAmount": each}
        record["discountedPrice"] = record["price"] - each


def _make_drop_in(state: OfficeRnDState, fee: Record) -> None:
    member = state.members.get(fee.get("member", ""))
    if state.switches.fee_makes_drop_in and member and member["status"] in ("contact", "former", "lead"):
        state.change(state.members, member["_id"], {"status": "drop-in"})


def _invoice(state: OfficeRnDState, kind: str, holder: str, fees: list[Record], day: str) -> Record:
    lines = [{"fee": fee["_id"], "description": fee["name"], "amount": _left_to_pay(fee)} for fee in fees]
    invoice = state.add(
        state.payments,
        {
            "number": f"INV-{len(state.payments) + 1:05d}",
            "documentType": "invoice",
            "status": "awaiting_payment",
            kind: holder,
            "location": fees[0]["location"],
            "date": parse_instant(day),
            "amount": round(sum(line["amount"] for line in lines), 6),
            "lines": lines,
        },
    )
    for fee in fees:
        state.change(state.fees, fee["_id"], {"payment": {"_id": invoice["_id"], "status": invoice["status"]}})
    return invoice


def _left_to_pay(fee: Record) -> float:
    return float(fee["price"] * fee["quantity"] - fee.get("_coins", 0))
