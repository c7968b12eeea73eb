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
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from relay.sandbox.officernd.answers import Answer, Refusal
from relay.sandbox.officernd.api import Request
from relay.sandbox.officernd.records import shown

if TYPE_CHECKING:
    from relay.sandbox.officernd.standin import OfficeRnDStandIn

PREFIX = "/sandbox/"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
Values = dict[str, Any]


def answer(standin: OfficeRnDStandIn, request: Request) -> Answer:
    """Answer one control request. A web page in a browser cannot make one: host and content type are checked."""
    path = urlsplit(request.target).path
    if urlsplit(f"//{request.headers.get('host', '')}").hostname not in _LOOPBACK:
        return _wrong("the control endpoint answers to loopback names only", 403)
    if request.method == "GET" and path == f"{PREFIX}state":
        return Answer(200, state_of(standin))
    command = _COMMANDS.get(path.removeprefix(PREFIX))
    if command is None or request.method != "POST":
        return _wrong(f"there is no {request.method} {path}", 404)
    if not request.headers.get("content-type", "").lower().startswith("application/json"):
        return _wrong("the body must be application/json")
    try:
        values = json.loads(request.body or b"{}")
        if not isinstance(values, dict):
            raise ValueError("the body must be a JSON object")
        with standin.state.lock:
            return Answer(200, command(standin, values))
    except KeyError as missing:
        return _wrong(f"{missing.args[0]} is missing or not known")
    except (ValueError, TypeError, Refusal) as error:
        return _wrong(str(error))


def state_of(standin: OfficeRnDStandIn) -> Values:
    """Return what a test in another process wants to see; no secret and no password is in it."""
    state = standin.state
    with state.lock:
        return {
            "calls": dict(standin.calls),
            "reads": standin.reads,
            "writes": standin.writes,
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
            "faults": [fault.as_json() for fault in standin.faults.waiting()],
            "late": len(standin.api.late),
            "webhooks_delivered": list(standin.webhooks.delivered),
            "webhooks_waiting": standin.webhooks.waiting(),
        }


def _wrong(text: str, status: int = 400) -> Answer:
    return Answer(status, {"error": text})


def _fault(standin: OfficeRnDStandIn, values: Values) -> Values:
    if values.pop("clear", False):
        standin.faults.clear()
        return {"waiting": 0}
    standin.fault(values.pop("route"), values.pop("kind"), **values)
    return {"waiting": len(standin.faults.waiting())}


def _switches(standin: OfficeRnDStandIn, values: Values) -> Values:
    standin.switches.change(values)
    return standin.switches.as_json()


def _bill_run(standin: OfficeRnDStandIn, values: Values) -> Values:
    return {"invoices": standin.bill_run(date.fromisoformat(values["until"]))}


def _lock(standin: OfficeRnDStandIn, values: Values) -> Values:
    day = values["before"]
    standin.state.lock_before(date.fromisoformat(day) if day else None)
    return {"locked_before": standin.state.locked_until[:10]}


def _member(standin: OfficeRnDStandIn, values: Values) -> Values:
    state = standin.state
    return _record(values, state.add_member, state.change_member, state.remove_member)


def _company(standin: OfficeRnDStandIn, values: Values) -> Values:
    state = standin.state
    return _record(values, state.add_company, state.change_company, state.remove_company)


def _membership(standin: OfficeRnDStandIn, values: Values) -> Values:
    state = standin.state
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


def _fee(standin: OfficeRnDStandIn, values: Values) -> Values:
    what = values.pop("do")
    if what == "add":
        return standin.add_fee(**values)
    identity = values.pop("id")
    if what == "rename":
        return standin.rename_fee(identity, values["name"])
    if what == "waive":
        return standin.waive_fee(identity)
    if what == "remove":
        return standin.delete_fee(identity)
    raise ValueError(f"do must be add, rename, waive or remove, not {what!r}")


def _account(standin: OfficeRnDStandIn, values: Values) -> Values:
    email = values["email"]
    if "password" in values:
        standin.state.set_password(email, values["password"], sso_only=bool(values.get("sso_only", False)))
    if "portal_access" in values:
        standin.state.set_portal_access(email, bool(values["portal_access"]))
    return {"email": email}


def _tokens(standin: OfficeRnDStandIn, values: Values) -> Values:
    if values.get("revoke") is not True:
        raise ValueError('the body must be {"revoke": true}')
    standin.revoke_tokens()
    return {"revoked": True}


_COMMANDS: dict[str, Callable[[OfficeRnDStandIn, Values], Values]] = {
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
