"""What the stand-in remembers: the organisation's records, the sign-in accounts, coins, the lock date.

The methods here are what *staff* do in OfficeRnD's own pages: the API's rules do not bind them. The API itself is in
the modules beside this one and changes the same state. One lock guards everything; take it for anything that reads
more than one record while the server runs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from relay.clock import Clock
from relay.sandbox.officernd import records
from relay.sandbox.officernd.instants import instant, parse_instant
from relay.sandbox.officernd.switches import OfficeRnDSwitches
from relay.sandbox.officernd.table import Record, Table
from relay.sandbox.organisation import Organisation, SampleUser

EVENT_NAMES = {
    "members": "member",
    "companies": "company",
    "memberships": "membership",
    "fees": "fee",
    "payments": "invoice",
    "passes": "pass",
}
API_USER = "5f00000000000000000000bb"  # `createdBy` and `modifiedBy` of what came through the API


@dataclass(slots=True)
class SignInAccount:
    """A sign-in account: joined to members by e-mail only. `portal_access` off: OfficeRnD has deleted the user."""

    id: str
    email: str
    name: str
    password: str = field(default="", repr=False)
    sso_only: bool = False
    is_admin: bool = False
    portal_access: bool = True
    failures: int = 0
    locked_until: float = 0.0  # seconds since 1970


@dataclass(slots=True)
class CoinAccount:
    """Coins of a company or of a member without one: monthly ones lapse, one-time ones stay (3.9)."""

    holder: str
    monthly: float = 0.0
    once: float = 0.0
    plans: tuple[str, ...] = ()
    used_in: dict[str, float] = field(default_factory=dict)  # by month, "2026-01"
    once_used: float = 0.0

    def remaining(self, month: str) -> float:
        return self.monthly - self.used_in.get(month, 0.0) + self.once - self.once_used

    def spend(self, month: str, amount: float) -> None:
        """Take `amount`, the monthly coins first."""
        from_month = min(amount, self.monthly - self.used_in.get(month, 0.0))
        self.used_in[month] = self.used_in.get(month, 0.0) + from_month
        self.once_used += amount - from_month


class OfficeRnDState:
    """The organisation as it is now."""

    def __init__(self, organisation: Organisation, switches: OfficeRnDSwitches, clock: Clock) -> None:
        self.lock = threading.RLock()
        self.organisation = organisation
        self.switches = switches
        self.clock = clock
        self.locked_until = ""  # instants before this one lie in a closed billing period; "" for none
        self.on_event: Callable[[str, Record, dict[str, Any]], None] = lambda event, record, previous: None
        self.invoiced_memberships: set[str] = set()
        self._ids = 0
        self.members = Table("members", ("email", "company"))
        self.companies = Table("companies")
        self.memberships = Table("memberships", ("company", "member"))
        self.plans = Table("plans")
        self.locations = Table("locations")
        self.custom_properties = Table("custom-properties")
        self.fees = Table("fees", ("member", "company", "plan"))
        self.payments = Table("payments", ("company", "member"))
        self.passes = Table("passes", ("member",))
        self.checkins = Table("checkins", ("member",))
        self.webhooks = Table("webhooks")
        _fill(self.members, map(records.member_record, organisation.members))
        _fill(self.companies, map(records.company_record, organisation.companies))
        _fill(self.memberships, map(records.membership_record, organisation.memberships))
        _fill(self.plans, map(records.plan_record, organisation.plans))
        _fill(self.locations, map(records.location_record, organisation.locations))
        _fill(self.custom_properties, map(records.property_record, organisation.custom_properties))
        self.accounts: dict[str, SignInAccount] = {user.email.lower(): _account(user) for user in organisation.users}
        self.coins: dict[str, CoinAccount] = {
            row.holder: CoinAccount(row.holder, monthly=row.monthly, plans=row.plans) for row in organisation.coins
        }

    # -- for the rooms beside

    def now_s(self) -> float:
        """Return the seconds since 1970 by the stand-in's clock."""
        return self.clock.now().timestamp()

    def now_text(self) -> str:
        return instant(self.clock.now())

    def new_id(self) -> str:
        """Return an id that sorts after every older one."""
        self._ids += 1
        return f"{max(0, int(self.now_s())):08x}5f5f5f5f5f{self._ids:06x}"

    def add(self, table: Table, values: Record, *, by: str = records.STAFF) -> Record:
        """Add a record with a new id and the four stamps; tell the webhooks."""
        now = self.now_text()
        stamps = {"createdAt": now, "createdBy": by, "modifiedAt": now, "modifiedBy": by}
        record = {"_id": self.new_id(), **values, **stamps}
        table.put(record)
        self._tell(table, "created", record, {})
        return record

    def change(self, table: Table, identity: str, values: Record, *, by: str = records.STAFF) -> Record:
        """Change fields of a record. One that stays the same keeps its `modifiedAt` (observed). Raises KeyError."""
        old = table[identity]
        previous = {name: old.get(name) for name, value in values.items() if old.get(name) != value}
        if not previous:
            return old
        record = {**old, **values, "modifiedAt": self.now_text(), "modifiedBy": by}
        table.put(record)
        if table is self.members and old["email"] != record["email"] and record["email"]:
            self._move_account(old["email"], record["email"])
        self._tell(table, "updated", record, previous)
        return record

    def remove(self, table: Table, identity: str) -> Record:
        """Remove a record. Raises KeyError."""
        record = table.remove(identity)
        self._tell(table, "removed", record, {})
        return record

    def _tell(self, table: Table, what: str, record: Record, previous: dict[str, Any]) -> None:
        name = EVENT_NAMES.get(table.name)
        if name:
            visible = {field: value for field, value in previous.items() if field[0] != "_"}
            self.on_event(f"{name}.{what}", record, visible)

    # -- what staff do

    def add_member(self, name: str, email: str = "", *, password: str = "", **fields: Any) -> Record:
        """Add an active member at the first location; with a password, an account as well. Returns the record."""
        with self.lock:
            first = next(iter(self.locations))["_id"]
            values = {
                "name": name,
                "email": email,
                "location": first,
                "company": None,
                "status": "active",
                "startDate": self.now_text()[:10] + "T00:00:00.000Z",
                "properties": {},
                **fields,
            }
            record = self.add(self.members, values)
            if password:
                self.set_password(email, password)
            return record

    def change_member(self, identity: str, **fields: Any) -> Record:
        """Change a member as staff may. Raises KeyError.

        Setting somebody in a company by hand to former or contact revokes their app access (3.1).
        """
        with self.lock:
            record = self.change(self.members, identity, fields)
            if fields.get("status") in ("former", "contact") and record["company"]:
                self.set_portal_access(record["email"], False)
            return record

    def _move_account(self, old_email: str, new_email: str) -> None:
        """Give the account another address, unless somebody else still uses the old one (4.1: a switch)."""
        account = self.accounts.get(old_email.lower())
        if not self.switches.account_follows_email or account is None or self.members.find(email=old_email):
            return
        del self.accounts[old_email.lower()]
        account.email = new_email
        self.accounts[new_email.lower()] = account

    def remove_member(self, identity: str) -> Record:
        with self.lock:
            return self.remove(self.members, identity)

    def add_company(self, name: str, **fields: Any) -> Record:
        with self.lock:
            first = next(iter(self.locations))["_id"]
            values = {"name": name, "email": "", "location": first, "status": "active", "properties": {}, **fields}
            return self.add(self.companies, values)

    def change_company(self, identity: str, **fields: Any) -> Record:
        with self.lock:
            return self.change(self.companies, identity, fields)

    def remove_company(self, identity: str) -> Record:
        with self.lock:
            return self.remove(self.companies, identity)

    def add_membership(self, plan: str, *, company: str = "", member: str = "", **fields: Any) -> Record:
        """Add an active membership of a plan (an id) for a whole company or for one member."""
        with self.lock:
            holder = self.members[member] if member else self.companies[company]
            start = self.now_text()
            values = {
                "name": self.plans[plan]["name"],
                "isPersonal": not company,
                "status": "approved",
                "calculatedStatus": "active",
                "type": "month_to_month",
                "location": holder["location"],
                "plan": plan,
                "startDate": start,
                "endDate": None,
                "intervalLength": "month",
                "intervalCount": 1,
                "isLocked": False,
                "price": self.plans[plan]["price"],
                "properties": {},
                **({"company": company} if company else {}),
                **({"member": member} if member else {}),
                **fields,
            }
            record = self.add(self.memberships, values)
            self.touch_holders(record)
            return record

    def change_membership(self, identity: str, **fields: Any) -> Record:
        with self.lock:
            record = self.change(self.memberships, identity, fields)
            self.touch_holders(record)
            return record

    def remove_membership(self, identity: str) -> Record:
        with self.lock:
            record = self.remove(self.memberships, identity)
            self.touch_holders(record)
            return record

    def touch_holders(self, membership: Record) -> None:
        """Move the members' `modifiedAt` along with their membership's, where the switch says that OfficeRnD does."""
        if not self.switches.membership_bumps_member:
            return
        if "member" in membership:
            holders = [self.members.get(membership["member"])]
        else:
            holders = list(self.members.find(company=membership.get("company")))
        for member in holders:
            if member is not None:
                self.members.put({**member, "modifiedAt": self.now_text()})

    def add_plan(self, name: str, *, code: str = "", price: float = 0.0, **fields: Any) -> Record:
        """Add a one-off service sold at every location."""
        with self.lock:
            values = {
                "name": name,
                "code": code,
                "type": "service",
                "price": price,
                "locations": [row["_id"] for row in self.locations],
                "intervalLength": "once",
                "intervalCount": 1,
                "requiresApproval": False,
                "properties": {},
                **fields,
            }
            return self.add(self.plans, values)

    def set_password(self, email: str, password: str, *, sso_only: bool = False) -> SignInAccount:
        """Give an address an account with that password ("": invited, none made yet)."""
        with self.lock:
            old = self.accounts.get(email.lower())
            name = old.name if old else email.partition("@")[0]
            account = SignInAccount(old.id if old else self.new_id(), email, name, password, sso_only)
            self.accounts[email.lower()] = account
            return account

    def set_portal_access(self, email: str, enabled: bool) -> None:
        with self.lock:
            account = self.accounts.get(email.lower())
            if account is not None:
                account.portal_access = enabled

    def grant_coins(self, holder: str, plans: Iterable[str], *, monthly: float = 0.0, once: float = 0.0) -> CoinAccount:
        """Give a company (or a member without one) coins for one-off fees of `plans` (ids)."""
        with self.lock:
            self.coins[holder] = CoinAccount(holder, monthly=monthly, once=once, plans=tuple(plans))
            return self.coins[holder]

    def lock_before(self, day: date | None) -> None:
        """Close every billing period before `day`; None opens them again."""
        with self.lock:
            self.locked_until = parse_instant(day.isoformat()) if day else ""

    def add_pass(self, member: str, *, count: int = 1, **fields: Any) -> Record:
        with self.lock:
            values = {"member": member, "count": count, "usedCount": 0, "status": "active", "validFrom": None}
            return self.add(self.passes, {**values, "validTo": None, "isPersonal": False, **fields})

    def check_in(self, member: str, *, location: str = "", **fields: Any) -> Record:
        with self.lock:
            place = location or self.members[member]["location"]
            values = {"member": member, "location": place, "start": self.now_text(), "end": None, **fields}
            return self.add(self.checkins, values)


def _fill(table: Table, rows: Iterable[Record]) -> None:
    for row in rows:
        table.put(row)


def _account(user: SampleUser) -> SignInAccount:
    return SignInAccount(user.id, user.email, user.name, user.password, user.sso_only, user.is_admin)
