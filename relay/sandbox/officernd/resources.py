"""The routes of the API below `/organizations/{slug}`: what each may be asked, its scope, and what it does.

Source: officernd-api 1 (scopes), 2.4 (filters), 3 (entities). Anything not listed here does not exist: 404.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from relay.sandbox.officernd import fees, memberships, queries, records, signin, webhooks
from relay.sandbox.officernd.answers import ApiAnswer, bad_request, broken_rule, no_route, not_found, unauthorized
from relay.sandbox.officernd.bodies import Fields, checked
from relay.sandbox.officernd.state import API_USER, OfficeRnDState
from relay.sandbox.officernd.table import Record, Table


@dataclass(frozen=True, slots=True)
class Call:
    """One call that has passed the bearer's check. `identity` is the id of the path, "" where it has none."""

    state: OfficeRnDState
    lists: queries.Lists
    query: queries.Query
    body: dict[str, Any]
    identity: str

    def shows(self, record: Record, status: int = 200, *, deleted: bool = False) -> ApiAnswer:
        return ApiAnswer(status, records.shown(record, self.state.switches, deleted=deleted))


Handler = Callable[[Call], ApiAnswer]


@dataclass(frozen=True, slots=True)
class Route:
    """`pattern` is relative to the organisation: "/members/{id}"; `scope` "" asks for a valid token only."""

    method: str
    pattern: str
    scope: str
    handler: Handler

    @property
    def name(self) -> str:
        return f"{self.method} {self.pattern}"


STAMPS = frozenset({"createdAt", "modifiedAt"})
LISTINGS = {
    "members": queries.Listing(
        equal=frozenset({"_id", "name", "email", "location", "company", "status"}),
        dates=STAMPS,
        sortable=frozenset({"name", "email", "location", "company", "status", "modifiedAt"}),
        properties=True,
        count_by=frozenset({"status", "company", "location"}),
    ),
    "companies": queries.Listing(
        equal=frozenset({"_id", "name", "location", "status"}),
        dates=STAMPS,
        sortable=frozenset({"name", "email", "startDate"}),
        properties=True,
        count_by=frozenset({"status", "location"}),
    ),
    "plans": queries.Listing(equal=frozenset({"name", "code"})),
    "locations": queries.Listing(equal=frozenset({"_id", "name"})),
    "fees": queries.Listing(
        equal=frozenset({"company", "member", "location", "plan"}), dates=frozenset({"issueDate", "modifiedAt"})
    ),
    "custom-properties": queries.Listing(),
    "payments": queries.Listing(
        equal=frozenset({"company", "member", "status"}), dates=frozenset({"date", "modifiedAt"})
    ),
    "passes": queries.Listing(equal=frozenset({"company", "member", "status"})),
    "checkins": queries.Listing(equal=frozenset({"company", "member", "location"}), dates=frozenset({"start"})),
    "webhooks": queries.Listing(),
}
MEMBER_FIELDS: Fields = {
    "name": "text",
    "email": "text",
    "phone": "text",
    "description": "text",
    "location": "text",
    "company": "text",
    "status": ("active", "former", "pending", "contact", "not_approved", "drop-in", "lead"),
    "startDate": "date",
    "isBillingPerson": "boolean",
    "isContactPerson": "boolean",
    "address": "object",
    "tags": "list",
    "properties": "object",
}
COMPANY_FIELDS: Fields = {
    name: kind for name, kind in MEMBER_FIELDS.items() if name not in ("company", "status", "phone")
} | {"url": "text"}
PLAN_FIELDS: Fields = {
    "name": "text",
    "code": "text",
    "type": "text",
    "description": "text",
    "price": "number",
    "locations": "list",
    "intervalLength": ("once", "month"),
    "intervalCount": "number",
    "requiresApproval": "boolean",
}
_MONTH = re.compile(r"^\d{4}-(0[1-9]|1[0-2])$")


def table_of(state: OfficeRnDState, resource: str) -> Table:
    return getattr(state, resource.replace("-", "_"))  # type: ignore[no-any-return]


# -- reading


def _list(call: Call, resource: str) -> ApiAnswer:
    listing = _listing(call, resource)
    query = queries.list_query(call.query, listing, call.state.switches)
    switches = call.state.switches
    shows = _shows(call, resource)
    page = call.lists.page(table_of(call.state, resource), query, lambda row: records.shown(row, switches), shows)
    return ApiAnswer(200, page)


def _count(call: Call, resource: str) -> ApiAnswer:
    switches = call.state.switches
    switch = {"fees": switches.fee_count, "memberships": switches.membership_count}.get(resource, "filtered")
    if switch == "absent":
        raise not_found("count")  # without a route of its own it is the id of a record
    # Memberships ignore every parameter of a count, known or not (2.4, observed); others are strict.
    if switch == "ignoring":
        query = queries.ListQuery()
    else:
        query = queries.count_query(call.query, queries.Listing() if switch == "plain" else _listing(call, resource))
    return ApiAnswer(200, call.lists.count(table_of(call.state, resource), query, _shows(call, resource)))


def _shows(call: Call, resource: str) -> queries.Shows:
    """Return what says whether a record is listed yet; None: all are."""
    if resource != "fees" or call.state.switches.list_lag_s == 0:
        return None
    return lambda fee: fees.is_listed(call.state, fee)


def _one(call: Call, resource: str) -> ApiAnswer:
    select = queries.select_query(call.query)
    record = table_of(call.state, resource).get(call.identity)
    if record is None:
        raise not_found(call.identity)
    return ApiAnswer(200, queries.selected(records.shown(record, call.state.switches), select))


def _listing(call: Call, resource: str) -> queries.Listing:
    if resource == "memberships":
        return queries.Listing(equal=call.state.switches.membership_filters)
    return LISTINGS[resource]


def _organisation(call: Call) -> ApiAnswer:
    made = call.state.organisation
    return ApiAnswer(200, {"_id": made.id, "name": made.name, "slug": made.slug, "imageUrl": "", "description": ""})


def _coin_stats(call: Call) -> ApiAnswer:
    """Return the coins of a company or a member in a month: [{"validFor", "oneOffPlans", "monthly", "once"}]."""
    problems = [
        f"property {name} should not exist" for name in call.query if name not in ("month", "company", "member")
    ]
    month = call.query.get("month")
    if not isinstance(month, str) or not _MONTH.match(month):
        problems.append("month must match YYYY-MM")
    holders = [str(call.query[name]) for name in ("company", "member") if name in call.query]
    if len(holders) != 1:
        problems.append("either company or member must be provided")
    if problems:
        raise bad_request(*problems)
    account = call.state.coins.get(holders[0])
    if account is None:
        return ApiAnswer(200, [])
    used = account.used_in.get(str(month), 0.0)
    monthly = {"total": account.monthly, "used": used, "remaining": account.monthly - used}
    once = {"total": account.once, "used": account.once_used, "remaining": account.once - account.once_used}
    stats = {"validFor": "oneOffPlans", "oneOffPlans": list(account.plans), "monthly": monthly, "once": once}
    return ApiAnswer(200, [stats])


# -- writing


def _create_fee(call: Call) -> ApiAnswer:
    return call.shows(fees.create_fee(call.state, call.body, use_coins=_coins_in_query(call)), 201)


def _update_fee(call: Call) -> ApiAnswer:
    return call.shows(fees.update_fee(call.state, call.identity, call.body, use_coins=_coins_in_query(call)))


def _coins_in_query(call: Call) -> str | None:
    """Return `shouldUseCoins` of the query; whatever else stands there is refused."""
    query = dict(call.query)
    coins = query.pop("shouldUseCoins", None) if call.state.switches.coins_switch_in == "query" else None
    no_query(query)
    return None if coins is None else str(coins)


def _delete_fee(call: Call) -> ApiAnswer:
    no_query(call.query)
    return call.shows(fees.delete_fee(call.state, call.identity), deleted=True)


def _create(call: Call, resource: str, fields: Fields, required: tuple[str, ...], defaults: Record) -> ApiAnswer:
    no_query(call.query)
    values = checked(call.body, fields, required)
    _check_references(call.state, values)
    return call.shows(call.state.add(table_of(call.state, resource), {**defaults, **values}, by=API_USER), 201)


def _update(call: Call, resource: str, fields: Fields) -> ApiAnswer:
    no_query(call.query)
    table = table_of(call.state, resource)
    values = checked(call.body, fields)
    old = table.get(call.identity)
    if old is None:
        raise not_found(call.identity)
    _check_references(call.state, {**old, **values})
    if "properties" in values and call.state.switches.properties_on_put == "merge":
        values["properties"] = {**old.get("properties", {}), **(values["properties"] or {})}
    return call.shows(call.state.change(table, call.identity, values, by=API_USER))


def _delete(call: Call, resource: str) -> ApiAnswer:
    no_query(call.query)
    if call.identity not in table_of(call.state, resource):
        raise not_found(call.identity)
    return call.shows(call.state.remove(table_of(call.state, resource), call.identity), deleted=True)


def _check_references(state: OfficeRnDState, values: Record) -> None:
    if not values.get("name"):
        raise broken_rule("Path `name` is required.")
    if "location" in values:
        fees.check_location(state, values["location"])
    if values.get("company") and values["company"] not in state.companies:
        raise broken_rule("Specified company was not found")


def _portal_access(call: Call) -> ApiAnswer:
    """Switch a member's app access; off deletes the user and keeps the member (4.1). Answers 204."""
    no_query(call.query)
    fields: Fields = {"isPortalAccessEnabled": "boolean", "shouldSendInvitation": "boolean"}
    values = checked(call.body, fields, required=("isPortalAccessEnabled",))
    member = call.state.members.get(call.identity)
    if member is None:
        raise not_found(call.identity)
    if values["isPortalAccessEnabled"] and member["email"].lower() not in call.state.accounts:
        call.state.set_password(member["email"], "")
    call.state.set_portal_access(member["email"], values["isPortalAccessEnabled"])
    return ApiAnswer(204)


def _create_plan(call: Call) -> ApiAnswer:
    """No scope of v2 makes a plan (3.4): whether that is a 404, a 401 or allowed after all is a switch."""
    if call.state.switches.plans_can_be_created == "unauthorized":
        raise unauthorized()
    no_query(call.query)
    values = checked(call.body, PLAN_FIELDS, ("name",))
    _check_references(call.state, values)
    return call.shows(call.state.add_plan(values.pop("name"), **values), 201)


def _create_membership(call: Call) -> ApiAnswer:
    no_query(call.query)
    return call.shows(memberships.create_membership(call.state, call.body), 201)


def _update_membership(call: Call) -> ApiAnswer:
    no_query(call.query)
    return call.shows(memberships.update_membership(call.state, call.identity, call.body))


def _delete_membership(call: Call) -> ApiAnswer:
    no_query(call.query)
    return call.shows(memberships.delete_membership(call.state, call.identity), deleted=True)


def _check_in(call: Call) -> ApiAnswer:
    no_query(call.query)
    if call.identity not in call.state.members:
        raise not_found(call.identity)
    values = checked(call.body, {"location": "text"})
    return call.shows(call.state.check_in(call.identity, location=values.get("location") or ""), 201)


def _create_webhook(call: Call) -> ApiAnswer:
    no_query(call.query)
    return ApiAnswer(201, webhooks.create_webhook(call.state, call.body))


def _billing_settings(call: Call) -> ApiAnswer:
    """Return what the organisation bills by. The address is documented, its fields are the stand-in's own."""
    if call.state.switches.billing_settings == "absent":
        raise no_route("GET", f"/api/v2/organizations/{call.state.organisation.slug}/billing-settings")
    no_query(call.query)
    locked = call.state.locked_until or None
    return ApiAnswer(200, {"pricesIncludeTax": call.state.switches.prices_include_tax, "lockDate": locked})


def _sign_in(call: Call) -> ApiAnswer:
    no_query(call.query)
    return ApiAnswer(call.state.switches.signin_status, signin.sign_in(call.state, call.body))


def no_query(query: queries.Query) -> None:
    """Refuse every query parameter: calls that write take none but their own."""
    if query:
        raise bad_request(*[f"property {name} should not exist" for name in query])


def _reading(resource: str, scope: str, *, count: bool = False) -> list[Route]:
    routes = [Route("GET", f"/{resource}", f"{scope}.read", partial(_list, resource=resource))]
    if count:
        routes.append(Route("GET", f"/{resource}/count", f"{scope}.read", partial(_count, resource=resource)))
    return [*routes, Route("GET", f"/{resource}/{{id}}", f"{scope}.read", partial(_one, resource=resource))]


def _writing(resource: str, scope: str, fields: Fields, required: tuple[str, ...], defaults: Record) -> list[Route]:
    create = partial(_create, resource=resource, fields=fields, required=required, defaults=defaults)
    return [
        Route("POST", f"/{resource}", f"{scope}.create", create),
        Route("PUT", f"/{resource}/{{id}}", f"{scope}.update", partial(_update, resource=resource, fields=fields)),
        Route("DELETE", f"/{resource}/{{id}}", f"{scope}.delete", partial(_delete, resource=resource)),
    ]


_PEOPLE_DEFAULTS: Record = {"email": "", "properties": {}, "tags": []}
_COMMUNITY = "flex.community"
_list_properties = partial(_list, resource="custom-properties")
ROUTES: tuple[Route, ...] = (
    Route("GET", "/", "flex.settings.organization.read", _organisation),
    *_reading("members", f"{_COMMUNITY}.members", count=True),
    *_writing(
        "members",
        f"{_COMMUNITY}.members",
        MEMBER_FIELDS,
        ("name", "location"),
        {**_PEOPLE_DEFAULTS, "company": None, "status": "contact"},
    ),
    Route("PUT", "/members/{id}/portal-access", f"{_COMMUNITY}.members.portalAccess.update", _portal_access),
    *_reading("companies", f"{_COMMUNITY}.companies", count=True),
    *_writing(
        "companies", f"{_COMMUNITY}.companies", COMPANY_FIELDS, ("name",), {**_PEOPLE_DEFAULTS, "status": "lead"}
    ),
    *_reading("memberships", f"{_COMMUNITY}.memberships", count=True),
    Route("POST", "/memberships", f"{_COMMUNITY}.memberships.create", _create_membership),
    Route("PUT", "/memberships/{id}", f"{_COMMUNITY}.memberships.update", _update_membership),
    Route("DELETE", "/memberships/{id}", f"{_COMMUNITY}.memberships.delete", _delete_membership),
    *_reading("plans", "flex.billing.plans", count=True),
    Route("POST", "/plans", "", _create_plan),
    *_reading("locations", "flex.space.locations"),
    *_reading("fees", f"{_COMMUNITY}.fees", count=True),
    Route("POST", "/fees", f"{_COMMUNITY}.fees.create", _create_fee),
    Route("PUT", "/fees/{id}", f"{_COMMUNITY}.fees.update", _update_fee),
    Route("DELETE", "/fees/{id}", f"{_COMMUNITY}.fees.delete", _delete_fee),
    Route("GET", "/custom-properties", "flex.settings.customProperties.read", _list_properties),
    Route("GET", "/coins/stats", "flex.space.coins.read", _coin_stats),
    *_reading("passes", "flex.space.passes"),
    *_reading("checkins", f"{_COMMUNITY}.checkins"),
    Route("POST", "/checkins/{id}", f"{_COMMUNITY}.checkins.create", _check_in),
    *_reading("payments", "flex.billing.payments"),
    Route("GET", "/billing-settings", "", _billing_settings),
    *_reading("webhooks", "flex.settings.webhooks"),
    Route("POST", "/webhooks", "flex.settings.webhooks.create", _create_webhook),
    Route("DELETE", "/webhooks/{id}", "flex.settings.webhooks.delete", partial(_delete, resource="webhooks")),
    Route("POST", "/auth/signin", "flex.user.auth.signin", _sign_in),
)
