"""OfficeRnD's nouns as frozen values: translated once, here, from the JSON of its API v2.

Ids are 24 hex digits as text; what OfficeRnD leaves out or answers as null is "". What people and money are decided by
(ids, states, addresses) is text or nothing: of another kind, it cannot be read. Nothing here decides anything.

Source: OfficeRnD developer reference v2, the `getitems` pages of members, companies, memberships, plans, locations,
fees, passes and check-ins; field names of v1 are not accepted.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from string import hexdigits
from typing import Any, TypeGuard

from relay import amounts, foreign

ID = re.compile(r"(?=.*[^.])[\w.:-]{1,200}", re.ASCII)  # nothing that means another place within an address
MOST = Decimal(10) ** 12  # of a price or a quantity


@dataclass(frozen=True, slots=True)
class Organization:
    id: str
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """A person. `email` is neither always present nor unique; `location` and `company` are ids.

    `unusable` are the custom properties that hold a list, a yes or no, a story, or something nested: no card number,
    username or PIN can be read from those. Source: corrections to the reference, one real page.
    """

    id: str
    name: str
    email: str = ""
    status: str = ""
    location: str = ""
    company: str = ""
    properties: Mapping[str, str] = field(default_factory=dict, hash=False)
    modified_at: str = ""
    unusable: Collection[str] = field(default=(), hash=False)


@dataclass(frozen=True, slots=True)
class Company:
    id: str
    name: str
    email: str = ""
    status: str = ""
    location: str = ""
    properties: Mapping[str, str] = field(default_factory=dict, hash=False)
    modified_at: str = ""


@dataclass(frozen=True, slots=True)
class Membership:
    """A recurring plan of a company or of a member; without `member` it covers the whole company."""

    id: str
    name: str = ""
    company: str = ""
    member: str = ""
    plan: str = ""
    status: str = ""
    calculated_status: str = ""
    location: str = ""
    is_personal: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A product; `interval_length` "once" is what a fee needs. No `locations` means all of them."""

    id: str
    name: str
    code: str = ""
    interval_length: str = ""
    type: str = ""
    locations: tuple[str, ...] = ()
    requires_approval: bool = False
    price: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Location:
    id: str
    name: str
    code: str = ""
    timezone: str = ""


@dataclass(frozen=True, slots=True)
class RemoteFee:
    """A one-off charge as OfficeRnD holds it; `payment_status` is "" until it stands on an invoice."""

    id: str
    name: str
    issue_date: date
    location: str
    plan: str
    price: Decimal
    quantity: Decimal = Decimal(1)
    member: str = ""
    company: str = ""
    is_personal: bool = False
    status: str = ""
    payment_status: str = ""
    modified_at: str = ""
    source: str = ""

    @property
    def amount(self) -> int:
        """Return what it charges, in micros."""
        return amounts.from_decimal(self.price * self.quantity)


@dataclass(frozen=True, slots=True)
class CountedFees:
    """A list of fees; `is_counted`: it agreed with OfficeRnD's own count, so what is not in it is not there."""

    fees: tuple[RemoteFee, ...] = ()
    is_counted: bool = False


@dataclass(frozen=True, slots=True)
class NewFee:
    """A fee to be created; `issue_date` is a calendar date and is never shifted to UTC."""

    name: str
    issue_date: date
    location: str
    plan: str
    price: Decimal
    member: str = ""
    company: str = ""
    is_personal: bool = False
    use_coins: bool = False


@dataclass(frozen=True, slots=True)
class Pass:
    id: str
    member: str = ""
    company: str = ""
    status: str = ""
    valid_from: str = ""
    valid_to: str = ""


@dataclass(frozen=True, slots=True)
class CheckIn:
    id: str
    member: str = ""
    location: str = ""
    start: str = ""
    end: str = ""


def is_id(value: object) -> TypeGuard[str]:
    """Return whether a value can be an id of OfficeRnD's."""
    return isinstance(value, str) and ID.fullmatch(value) is not None


def reads_as_id(word: str) -> bool:
    """Return whether a word that a person wrote means a record by its id, for it can hardly be a name.

    Source: developer reference (24 hex digits).
    """
    return len(word) == 24 and all(character in hexdigits for character in word)


def _text(record: Mapping[str, Any], key: str) -> str:
    """Return a text, "" where there is none. Raises ValueError for what is none."""
    value = record.get(key)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{key} is no text")
    return foreign.text(value or "")


def _line(record: Mapping[str, Any], key: str) -> str:
    """Return a text on one line, as long as one is shown."""
    return foreign.name(_text(record, key))


def _label(record: Mapping[str, Any], key: str) -> str:
    """Return what is only shown or compared with settings, where a number is as good as a text."""
    value = record.get(key)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return str(value) if is_number else _line(record, key)


def _id(record: Mapping[str, Any], key: str = "_id") -> str:
    """Return a record's own id."""
    value = record.get(key)
    if not is_id(value):
        raise ValueError(f"no usable {key}")
    return value


def _reference(record: Mapping[str, Any], key: str) -> str:
    """Return the id of another record, also of one that is populated ({"_id": ...}); "" without one."""
    value = record.get(key)
    if isinstance(value, Mapping):
        return _id(value)
    return _id(record, key) if value not in (None, "") else ""


def _number(record: Mapping[str, Any], key: str, default: str = "0") -> Decimal:
    value = record.get(key)
    # Through text, so that 7.1 stays 7.1 and does not become the double nearest to it.
    number = Decimal(str(default if value is None else value))
    if not number.is_finite() or abs(number) > MOST:
        raise ValueError(f"{key} is no number that can be meant")
    return number


def _properties(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the custom properties that are texts or numbers, as text; the map can be missing when it is empty."""
    values = record.get("properties") or {}
    return {
        foreign.name(str(key)): foreign.text(_plain(value))
        for key, value in values.items()
        if value is not None and not _is_unusable(value)
    }


def _unusable(record: Mapping[str, Any]) -> tuple[str, ...]:
    values = record.get("properties") or {}
    return tuple(
        sorted(foreign.name(str(key)) for key, value in values.items() if value is not None and _is_unusable(value))
    )


def _is_unusable(value: object) -> bool:
    if isinstance(value, str):
        return len(value) > foreign.LONGEST
    return isinstance(value, bool) or not isinstance(value, (int, float))


def _plain(value: str | float) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def organization(record: Mapping[str, Any]) -> Organization:
    return Organization(_id(record), _label(record, "slug"), _label(record, "name"))


def member(record: Mapping[str, Any]) -> Member:
    return Member(
        id=_id(record),
        name=_label(record, "name"),
        email=_line(record, "email"),
        status=_line(record, "status"),
        location=_reference(record, "location"),
        company=_reference(record, "company"),
        properties=_properties(record),
        modified_at=_line(record, "modifiedAt"),
        unusable=_unusable(record),
    )


def company(record: Mapping[str, Any]) -> Company:
    return Company(
        id=_id(record),
        name=_label(record, "name"),
        email=_line(record, "email"),
        status=_line(record, "status"),
        location=_reference(record, "location"),
        properties=_properties(record),
        modified_at=_line(record, "modifiedAt"),
    )


def membership(record: Mapping[str, Any]) -> Membership:
    return Membership(
        id=_id(record),
        name=_label(record, "name"),
        company=_reference(record, "company"),
        member=_reference(record, "member"),
        plan=_reference(record, "plan"),
        status=_line(record, "status"),
        calculated_status=_line(record, "calculatedStatus"),
        location=_reference(record, "location"),
        is_personal=record.get("isPersonal") is True,
    )


def plan(record: Mapping[str, Any]) -> Plan:
    return Plan(
        id=_id(record),
        name=_label(record, "name"),
        code=_label(record, "code"),
        interval_length=_line(record, "intervalLength"),
        type=_line(record, "type"),
        locations=tuple(_reference({"location": item}, "location") for item in record.get("locations") or ()),
        requires_approval=record.get("requiresApproval") is True,
        price=_number(record, "price"),
    )


def location(record: Mapping[str, Any]) -> Location:
    return Location(_id(record), _label(record, "name"), _label(record, "code"), _label(record, "timezone"))


def fee(record: Mapping[str, Any]) -> RemoteFee:
    payment = record.get("payment")
    return RemoteFee(
        id=_id(record),
        name=_text(record, "name"),
        issue_date=day(_line(record, "issueDate")),
        location=_reference(record, "location"),
        plan=_reference(record, "plan"),
        price=_number(record, "price"),
        quantity=_number(record, "quantity", "1"),
        member=_reference(record, "member"),
        company=_reference(record, "company"),
        is_personal=record.get("isPersonal") is True,
        status=_line(record, "status"),
        payment_status=_line(payment, "status") if isinstance(payment, Mapping) else "",
        modified_at=_line(record, "modifiedAt"),
        source=_label(record, "source"),
    )


def pass_(record: Mapping[str, Any]) -> Pass:
    return Pass(
        id=_id(record),
        member=_reference(record, "member"),
        company=_reference(record, "company"),
        status=_line(record, "status"),
        valid_from=_line(record, "validFrom"),
        valid_to=_line(record, "validTo"),
    )


def checkin(record: Mapping[str, Any]) -> CheckIn:
    return CheckIn(
        id=_id(record),
        member=_reference(record, "member"),
        location=_reference(record, "location"),
        start=_line(record, "start"),
        end=_line(record, "end"),
    )


def day(text: str) -> date:
    """Return the calendar date of an ISO date or time: the time part of a date-only value is to be ignored.

    Source: OfficeRnD support, as quoted in n8n-nodes-officernd (date-only values carry midnight UTC).
    """
    return date.fromisoformat(text[:10])


def moment(at: datetime) -> str:
    """Return a time as OfficeRnD's filters take it: 2026-11-23T07:30:00.000Z."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def issue_date(value: date) -> str:
    """Return a fee's issue date as it is sent: midnight UTC of the calendar date, never shifted."""
    return f"{value.isoformat()}T00:00:00.000Z"


def prices_include_tax(billing_settings: Any) -> bool | None:
    """Return what an organisation's billing settings say of its prices; None where no field says it in known words.

    Source: corrections to the reference (GET /billing-settings is documented, the names of its fields are unknown).
    """
    for name, value in billing_settings.items() if isinstance(billing_settings, dict) else ():
        word = str(name).lower()
        if isinstance(value, bool) and "incl" in word and ("tax" in word or "vat" in word):
            return value
    return None
