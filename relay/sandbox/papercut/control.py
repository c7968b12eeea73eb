"""The stand-in's own addresses below /sandbox, kept apart from PaperCut's: JSON, loopback only.

    POST /sandbox/popup     {"username", "password", "client"?}                  log in as the popup does
    POST /sandbox/print     {"login": [name, password] or "user", "printer"?, "pages"?, "colour_pages"?, "copies"?,
                             "duplex"?, "document"?, "client"?, "account"?, "cost"?, ...}   print a job
                            with "kind": "copy" a copy at a device: no script, no document, no row in the logs
    POST /sandbox/refund    {"job", "amount"?}                                   give a job's price back
    POST /sandbox/account   {"name", "balance"?}                                 make a shared account
    POST /sandbox/backup    {"name"}                                             keep the whole database under a name
    POST /sandbox/restore   {"name"}                                             put that one back (see `backups`)
    POST /sandbox/database  {"release": true}                                    end the lag of the database so far
    POST /sandbox/fault     {"method", "kind", "times"?, "after"?, "containing"?, "delay_s"?, "code"?, "text"?}
                            {"clear": true}                                      faults on purpose (see `injection`)
    POST /sandbox/switches  {"name": value, ...}                                 positions (see `switches`)
    POST /sandbox/settings  {"name": value, ...}                                 the administrator's screens
    POST /sandbox/nightly   {}                                                   what happens at night, now
    POST /sandbox/restart   {}                                                   security.properties is read again
    POST /sandbox/reset-counts {}
    GET  /sandbox           a page to do the first two by hand
    GET  /sandbox/state     counts of calls, writes and effects still to come late, switches, settings, groups,
                            printers, last jobs, backups
    GET  /sandbox/users     every user with balance, groups and counters; ?username=ann for one
    GET  /sandbox/jobs, /sandbox/transactions   ?username=ann for one person

    curl -H 'Content-Type: application/json' -d '{"login": ["ann@example.com", "..."], "pages": 3}' \\
        http://127.0.0.1:9191/sandbox/print

A POST must be `application/json`, so that no foreign web page can print; answers are JSON, 400 with {"error"} for what
cannot be done, and never show a password, token or PIN.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime
from typing import Any

from relay.sandbox.papercut import backups, nightly, popup, printing, security
from relay.sandbox.papercut.api.registry import Context
from relay.sandbox.papercut.faults import ApiFault
from relay.sandbox.papercut.injection import KINDS
from relay.sandbox.papercut.printing import PrintRefused
from relay.sandbox.papercut.state import AdminSettings, PaperCutState, User
from relay.sandbox.papercut.tasks import TaskFailed

PATH = "/sandbox"
_SECRET_SETTINGS = ("admin_password",)


class BadRequest(Exception):
    """A request that cannot be meant; the text says why."""


def get(context: Context, path: str, query: dict[str, list[str]]) -> tuple[int, Any]:
    """Return HTTP status and JSON value of a GET."""
    state = context.state
    username = (query.get("username") or [""])[0].lower()
    with state.lock:
        if path == "/sandbox/state":
            return 200, _state(context)
        if path == "/sandbox/users":
            users = [state.users[name] for name in state.usernames() if username in ("", name)]
            return 200, {"users": [user_as_json(state, user) for user in users]}
        if path == "/sandbox/jobs":
            return 200, {"jobs": [as_json(job) for job in state.jobs if username in ("", job.username)]}
        if path == "/sandbox/transactions":
            entries = [entry for entry in state.transactions if username in ("", entry.username)]
            return 200, {"transactions": [as_json(entry) for entry in entries]}
    return 404, {"error": f"there is no {path}"}


def post(context: Context, path: str, body: Any) -> tuple[int, Any]:
    """Return HTTP status and JSON value of a POST with the JSON object `body`."""
    action = _ACTIONS.get(path)
    if action is None:
        return 404, {"error": f"there is no {path}"}
    if not isinstance(body, dict):
        return 400, {"error": "the body must be a JSON object"}
    try:
        return 200, action(context, body)
    except (BadRequest, PrintRefused, TaskFailed, ValueError) as error:
        return 400, {"error": str(error)}
    except ApiFault as fault:
        return 400, {"error": fault.text}


def _popup(context: Context, body: dict[str, Any]) -> Any:
    given = _fields(body, username=str, password=str, client=str)
    verdict = popup.login(
        context.state, given.get("username", ""), given.get("password", ""), client_address=given.get("client", "")
    )
    return as_json(verdict)


_PAPER: dict[str, type] = {
    "login": list,
    "user": str,
    "printer": str,
    "pages": int,
    "colour_pages": int,
    "copies": int,
    "duplex": bool,
    "paper_size": str,
    "account": str,
    "comment": str,
    "cost": float,
}
_COMPUTER: dict[str, type] = {"document": str, "client": str, "client_running": bool, "web_print": bool}


def _print(context: Context, body: dict[str, Any]) -> Any:
    kind = body.pop("kind", "print")
    if kind not in ("print", "copy"):
        raise BadRequest(f"kind is print or copy, not {kind!r}")
    given = _fields(body, **_PAPER, **(_COMPUTER if kind == "print" else {}))
    login = given.pop("login", None)
    if login is not None and not (len(login) == 2 and all(isinstance(part, str) for part in login)):
        raise BadRequest("login is [name, password]")
    state = context.state
    make = printing.print_job if kind == "print" else printing.copy_job
    job = make(state, login=tuple(login) if login else None, **given)
    with state.lock:
        user = state.user(job.username)
        return {"job": as_json(job), "user": user_as_json(state, user)}


def _refund(context: Context, body: dict[str, Any]) -> Any:
    given = _fields(body, job=int, amount=float, comment=str)
    if "job" not in given:
        raise BadRequest("job is missing")
    return as_json(printing.refund(context.state, given["job"], given.get("amount"), given.get("comment", "")))


def _account(context: Context, body: dict[str, Any]) -> Any:
    state = context.state
    given = _fields(body, name=str, balance=float)
    name = given.get("name", "")
    if not name.strip() or name in state.shared_accounts:
        raise BadRequest("name is that of a shared account which is not there yet, such as Acme or Acme\\Projects")
    with state.lock:
        account = state.add_shared_account(name, balance=given.get("balance", 0.0))
    return {"name": account.name, "account_id": account.account_id, "balance": account.balance}


def _backup(context: Context, body: dict[str, Any]) -> Any:
    name = _fields(body, name=str).get("name", "")
    if not name.strip():
        raise BadRequest("name is missing: what the backup is to be called")
    held = context.backups[name] = backups.backup(context.state)
    return {"name": name, "at": held.at.isoformat()}


def _restore(context: Context, body: dict[str, Any]) -> Any:
    name = _fields(body, name=str).get("name", "")
    held = context.backups.get(name)
    if held is None:
        raise BadRequest(f"there is no backup {name!r}, but {', '.join(map(repr, context.backups)) or 'none at all'}")
    backups.restore(context.state, context.tasks, context.late, held)
    return {"name": name, "at": held.at.isoformat()}


def _database(context: Context, body: dict[str, Any]) -> Any:
    if body != {"release": True}:
        raise BadRequest('the body must be {"release": true}')
    context.state.recorder.release()
    return {"released": True}


def _fault(context: Context, body: dict[str, Any]) -> Any:
    if body.get("clear") is True:
        context.faults.clear()
        return {"cleared": True}
    given = _fields(body, method=str, kind=str, times=int, after=int, containing=str, delay_s=float, code=int, text=str)
    if "method" not in given or given.get("kind") not in KINDS or given["kind"] == "call":
        raise BadRequest(f"a fault needs a method and a kind: {', '.join(kind for kind in KINDS if kind != 'call')}")
    rule = context.faults.add(given.pop("method"), given.pop("kind"), **given)
    return {"method": rule.method, "kind": rule.kind, "times": rule.times}


def _switches(context: Context, body: dict[str, Any]) -> Any:
    state = context.state
    with state.lock:
        for name, value in body.items():
            state.switches.set(name, value)
        return dataclasses.asdict(state.switches)


def _settings(context: Context, body: dict[str, Any]) -> Any:
    state = context.state
    with state.lock:
        for name, value in body.items():
            held = getattr(state.settings, name, None)
            if name not in {entry.name for entry in dataclasses.fields(AdminSettings)} or name in _SECRET_SETTINGS:
                raise BadRequest(f"there is no setting {name!r}")
            if isinstance(held, tuple) and isinstance(value, list):
                value = tuple(value)
            if isinstance(held, float) and type(value) is int:
                value = float(value)
            if type(value) is not type(held):
                raise BadRequest(f"setting {name} takes a {type(held).__name__}, not {value!r}")
            setattr(state.settings, name, value)
        return _settings_as_json(state)


def _nightly(context: Context, body: dict[str, Any]) -> Any:
    nightly.run_night(context.state)
    return {"done": True}


def _restart(context: Context, body: dict[str, Any]) -> Any:
    """Read security.properties again, as the Application Server does when it starts."""
    context.state.security = security.read(context.state.data_dir)
    return {"done": True}


def _reset_counts(context: Context, body: dict[str, Any]) -> Any:
    context.faults.reset_counts()
    return {"done": True}


_ACTIONS: dict[str, Callable[[Context, dict[str, Any]], Any]] = {
    "/sandbox/popup": _popup,
    "/sandbox/print": _print,
    "/sandbox/refund": _refund,
    "/sandbox/account": _account,
    "/sandbox/backup": _backup,
    "/sandbox/restore": _restore,
    "/sandbox/database": _database,
    "/sandbox/fault": _fault,
    "/sandbox/switches": _switches,
    "/sandbox/settings": _settings,
    "/sandbox/nightly": _nightly,
    "/sandbox/restart": _restart,
    "/sandbox/reset-counts": _reset_counts,
}


def _fields(body: dict[str, Any], **kinds: type) -> dict[str, Any]:
    """Return the body's fields, refusing unknown names and other types."""
    for name, value in body.items():
        kind = kinds.get(name)
        if kind is None:
            raise BadRequest(f"unknown field {name!r}; known are {', '.join(kinds)}")
        if kind is float and type(value) is int:
            body = {**body, name: float(value)}
        elif type(value) is not kind:
            raise BadRequest(f"field {name} takes a {kind.__name__}, not {value!r}")
    return dict(body)


def _state(context: Context) -> dict[str, Any]:
    state = context.state
    return {
        "now": state.now().isoformat(),
        "users": len(state.users),
        "internal_users": sum(user.internal for user in state.users.values()),
        "groups": {group.name: len(group.members) for group in sorted(state.groups.values(), key=lambda g: g.name)},
        "printers": [
            {
                "printer": f"{printer.server}\\{printer.name}",
                "page_cost": printer.page_cost,
                "colour_page_cost": printer.colour_page_cost,
                "duplex_discount_percent": printer.duplex_discount_percent,
                "unauthenticated": printer.unauthenticated,
            }
            for printer in state.printers.values()
        ],
        "jobs": [as_json(job) for job in state.jobs[-20:]],
        "transactions": len(state.transactions),
        "server_log": state.server_log[-20:],
        "calls": dict(sorted(context.faults.calls.items())),
        "writes": dict(sorted(context.faults.writes.items())),
        "late": len(context.late),
        "backups": {name: held.at.isoformat() for name, held in context.backups.items()},
        "switches": dataclasses.asdict(state.switches),
        "settings": _settings_as_json(state),
    }


def _settings_as_json(state: PaperCutState) -> dict[str, Any]:
    values = dataclasses.asdict(state.settings)
    return {name: value for name, value in values.items() if name not in _SECRET_SETTINGS}


def user_as_json(state: PaperCutState, user: User) -> dict[str, Any]:
    """Return what an operator may see of a user: no password, no PIN."""
    return {
        "username": user.username,
        "full_name": user.full_name,
        "email": user.email,
        "department": user.department,
        "office": user.office,
        "card": user.primary_card,
        "internal": user.internal,
        "disabled": user.disabled,
        "restricted": user.restricted,
        "balance": user.total(),
        "jobs": user.job_count,
        "pages": user.page_count,
        "groups": state.groups_of(user.username),
    }


def as_json(value: Any) -> dict[str, Any]:
    """Return a dataclass as JSON values, times as ISO 8601."""
    return {
        name: item.isoformat() if isinstance(item, datetime) else item
        for name, item in dataclasses.asdict(value).items()
    }
