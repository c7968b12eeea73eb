"""The control endpoint beside the API, for a person or a test that drives the sandbox from another process.

JSON over loopback only, on the stand-in's own port; the API itself knows nothing of it. A wrong request is a 400 with
`{"error": "..."}` and changes nothing.

    GET  /sandbox/state       calls by route, numbers of records, every fee, switches, waiting faults, effects still to
                              come late, lock date
    POST /sandbox/fault       {"route": "POST /fees", "kind": "lost_after", "times": 1}; {"clear": true} removes all
    POST /sandbox/switches    {"signin_wrong_password": 400, "latency_s": 0.12}
    POST /sandbox/bill-run    {"until": "2026-01-31"}
    POST /sandbox/lock        {"before": "2026-01-01"}; null opens every period
    POST /sandbox/member      {"do": "add", "name": "…", "email": "…", "password": "…"},
                              {"do": "change", "id": "…", "status": "former"}, {"do": "remove", "id": "…"}
    POST /sandbox/company     the same three
    POST /sandbox/membership  {"do": "add", "plan": "…", "company": "…", "member": "…"}, and the other two
    POST /sandbox/fee         {"do": "add", "source": "admin", …the body of POST /fees},
                              {"do": "rename", "id": "…", "name": "…"},
                              {"do": "waive", "id": "…"}, {"do": "remove", "id": "…"}
    POST /sandbox/account     {"email": "…", "password": "…", "sso_only": false}; {"email": "…", "portal_access": false}
    POST /sandbox/tokens      {"revoke": true}: every token given out becomes a bad one
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from relay.sandbox.officernd import fees
from relay.sandbox.officernd.answers import ApiAnswer, ErrorResponse
from relay.sandbox.officernd.api import Api, Request
from relay.sandbox.officernd.faults import RouteFault
from relay.sandbox.officernd.records import shown
from relay.sandbox.officernd.webhooks import Deliveries

PREFIX = "/sandbox/"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
Values = dict[str, Any]


def answer(api: Api, webhooks: Deliveries, request: Request) -> ApiAnswer:
    """Answer one control request. A web page in a browser cannot make one: host and content type are checked."""
    path = urlsplit(request.target).path
    if urlsplit(f"//{request.headers.get('host', '')}").hostname not in _LOOPBACK:
        return _wrong("the control endpoint answers to loopback names only", 403)
    if request.method == "GET" and path == f"{PREFIX}state":
        return ApiAnswer(200, _state(api, webhooks))
    command = _COMMANDS.get(path.removeprefix(PREFIX))
    if command is None or request.method != "POST":
        return _wrong(f"there is no {request.method} {path}", 404)
    if not request.headers.get("content-type", "").lower().startswith("application/json"):
        return _wrong("the body must be application/json")
    try:
        values = json.loads(request.body or b"{}")
        if not isinstance(values, dict):
            raise ValueError("the body must be a JSON object")
        with api.state.lock:
            return ApiAnswer(200, command(api, values))
    except KeyError as missing:
        return _wrong(f"{missing.args[0]} is missing or not known")
    except (ValueError, TypeError, ErrorResponse) as error:
        return _wrong(str(error))


def _state(api: Api, webhooks: Deliveries) -> Values:
    """Return what a test in another process wants to see; no secret and no password is in it."""
    state = api.state
    with state.lock:
        return {
            "calls": dict(api.calls),
            "reads": api.reads,
            "writes": api.writes,
            "counts": {
                "members": len(state.members),
                "companies": len(state.companies),
                "memberships": len(state.memberships),
                "fees": len(state.fees),
                "payments": len(state.payments),
            },
            "fees": [{**shown(fee, state.switches), "waived": bool(fee.get("_waived"))} for fee in state.fees],
            "payments": list(state.payments),
            "locked_before": state.locked_until[:10],
            "switches": state.switches.as_json(),
            "faults": [fault.as_json() for fault in api.faults.waiting()],
            "late": len(api.late),
            "webhooks_delivered": list(webhooks.delivered),
            "webhooks_waiting": webhooks.waiting(),
        }


def _wrong(text: str, status: int = 400) -> ApiAnswer:
    return ApiAnswer(status, {"error": text})


def _fault(api: Api, values: Values) -> Values:
    if values.pop("clear", False):
        api.faults.clear()
        return {"waiting": 0}
    api.faults.add(RouteFault(values.pop("route"), values.pop("kind"), **values))
    return {"waiting": len(api.faults.waiting())}


def _switches(api: Api, values: Values) -> Values:
    api.state.switches.change(values)
    return api.state.switches.as_json()


def _bill_run(api: Api, values: Values) -> Values:
    return {"invoices": fees.bill_run(api.state, date.fromisoformat(values["until"]))}


def _lock(api: Api, values: Values) -> Values:
    day = values["before"]
    api.state.lock_before(date.fromisoformat(day) if day else None)
    return {"locked_before": api.state.locked_until[:10]}


def _member(api: Api, values: Values) -> Values:
    state = api.state
    return _record(values, state.add_member, state.change_member, state.remove_member)


def _company(api: Api, values: Values) -> Values:
    state = api.state
    return _record(values, state.add_company, state.change_company, state.remove_company)


def _membership(api: Api, values: Values) -> Values:
    state = api.state
    return _record(values, state.add_membership, state.change_membership, state.remove_membership)


def _record(
    values: Values, add: Callable[..., Values], change: Callable[..., Values], remove: Callable[[str], Values]
) -> Values:
    what = values.pop("do")
    if what == "add":
        return add(**values)
    if what == "change":
        return change(values.pop("id"), **values)
    if what == "remove":
        return remove(values.pop("id"))
    raise ValueError(f"do must be add, change or remove, not {what!r}")


def _fee(api: Api, values: Values) -> Values:
    what = values.pop("do")
    if what == "add":
        return fees.create_fee(api.state, values, use_coins=None, source=values.pop("source", "admin"))
    identity = values.pop("id")
    if what == "rename":
        return api.state.change(api.state.fees, identity, {"name": values["name"]})
    if what == "waive":
        return api.state.change(api.state.fees, identity, {"_waived": True})
    if what == "remove":
        return api.state.remove(api.state.fees, identity)
    raise ValueError(f"do must be add, rename, waive or remove, not {what!r}")


def _account(api: Api, values: Values) -> Values:
    email = values["email"]
    if "password" in values:
        api.state.set_password(email, values["password"], sso_only=bool(values.get("sso_only", False)))
    if "portal_access" in values:
        api.state.set_portal_access(email, bool(values["portal_access"]))
    return {"email": email}


def _tokens(api: Api, values: Values) -> Values:
    if values.get("revoke") is not True:
        raise ValueError('the body must be {"revoke": true}')
    api.tokens.revoke_all()
    return {"revoked": True}


_COMMANDS: dict[str, Callable[[Api, Values], Values]] = {
    "fault": _fault,
    "switches": _switches,
    "bill-run": _bill_run,
    "lock": _lock,
    "member": _member,
    "company": _company,
    "membership": _membership,
    "fee": _fee,
    "account": _account,
    "tokens": _tokens,
}
