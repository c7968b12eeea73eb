"""The records of the API as dicts, made from the plain organisation, and how they are shown.

Keys that begin with `_` (other than `_id`) are the stand-in's own and are never shown. Inside, a missing e-mail is ""
and a missing company is None; the switches say how such gaps look outside.

Source: officernd-api 3.1 to 3.10 (field names of v2).
"""

from __future__ import annotations

from typing import Any

from relay.sandbox import organisation
from relay.sandbox.officernd.instants import instant
from relay.sandbox.officernd.switches import OfficeRnDSwitches
from relay.sandbox.officernd.table import Record

STAFF = "5f00000000000000000000aa"  # who made what the API did not make


def shown(record: Record, switches: OfficeRnDSwitches, *, deleted: bool = False) -> Record:
    """Return the record as the API answers it. A deleted one always carries `properties` (2.2, observed)."""
    visible = {name: value for name, value in record.items() if name[0] != "_" or name == "_id"}
    if visible.get("email") == "":
        if switches.missing_email == "absent":
            del visible["email"]
        elif switches.missing_email == "null":
            visible["email"] = None
    if visible.get("properties") == {} and switches.empty_properties == "absent" and not deleted:
        del visible["properties"]
    if record.get("_waived"):
        if switches.waived_shown_as == "status":
            visible["status"] = "waived"
        elif switches.waived_shown_as == "payment":
            visible["payment"] = {"_id": record["_id"], "status": "voided"}
    return visible


def stamped(created: str, modified: str) -> dict[str, str]:
    return {"createdAt": created, "createdBy": STAFF, "modifiedAt": modified, "modifiedBy": STAFF}


def member_record(member: organisation.SampleMember) -> Record:
    start = instant(member.start)
    return {
        "_id": member.id,
        "name": member.name,
        "email": member.email,
        "location": member.location,
        "company": member.company or None,
        "status": member.status,
        "startDate": start,
        "isBillingPerson": False,
        "isContactPerson": False,
        "tags": [],
        "portalPrivacy": {"isVisible": True, "showContactDetails": False, "showSocialProfiles": False},
        "properties": dict(member.properties),
        **stamped(start, member.modified),
    }


def company_record(company: organisation.SampleCompany) -> Record:
    start = instant(company.start)
    return {
        "_id": company.id,
        "name": company.name,
        "email": company.email,
        "location": company.location,
        "status": company.status,
        "startDate": start,
        "hasActiveMembersAllowance": False,
        "tags": [],
        "properties": dict(company.properties),
        **stamped(start, company.modified),
    }


def membership_record(membership: organisation.SampleMembership) -> Record:
    start = instant(membership.start)
    record: dict[str, Any] = {
        "_id": membership.id,
        "name": membership.name,
        "isPersonal": membership.personal,
        "status": "not_approved" if membership.calculated_status == "not_approved" else "approved",
        "calculatedStatus": membership.calculated_status,
        "type": "month_to_month",
        "location": membership.location,
        "plan": membership.plan,
        "startDate": start,
        "endDate": instant(membership.end) if membership.end else None,
        "intervalLength": "month",
        "intervalCount": 1,
        "isLocked": False,
        "price": membership.price,
        "deposit": 0,
        "discountAmount": 0,
        "calculatedDiscountAmount": 0,
        "discountedPrice": membership.price,
        "properties": {},
        **stamped(start, start),
    }
    if membership.company:
        record["company"] = membership.company
    if membership.member:
        record["member"] = membership.member
    return record


def plan_record(plan: organisation.SamplePlan) -> Record:
    return {
        "_id": plan.id,
        "name": plan.name,
        "code": plan.code,
        "type": plan.type,
        "price": plan.price,
        "deposit": 0,
        "locations": list(plan.locations),
        "intervalLength": plan.interval,
        "intervalCount": 1,
        "setupFees": [],
        "discounts": [],
        "credits": [],
        "useCoins": True,
        "requiresApproval": plan.requires_approval,
        "shouldProrate": False,
        "properties": {},
    }


def location_record(location: organisation.SampleLocation) -> Record:
    return {
        "_id": location.id,
        "name": location.name,
        "code": location.code,
        "address": location.address,
        "timezone": location.timezone,
        "isOpen": True,
        "isPublic": True,
        "properties": {},
    }


def property_record(row: organisation.CustomProperty) -> Record:
    return {
        "_id": row.id,
        "key": row.key,
        "title": row.title,
        "placeholder": "",
        "type": row.type,
        "privacy": row.privacy,
        "targets": list(row.targets),
        "values": [],
        "rates": [],
    }
