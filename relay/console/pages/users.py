"""Users: who may use the console, with which rights, seen last when; added, changed and removed by the `money` role."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for

from relay import passwords
from relay.console.gate import audited, begin_session, desk, needs, tell_refusal, who
from relay.errors import RelayError, UsageError
from relay.language import N_, gettext, translated
from relay.passwords import ROLES, SHORTEST, UsersWritten

page = Blueprint("users", __name__)

_ONE_AT_A_TIME = threading.Lock()  # the file is read, changed and written whole


@page.get("/users")
def show() -> str:
    return _list()


@page.get("/users/one")
@needs("money")
def one() -> Any:
    name = request.args.get("name", "")
    return _one(name) if name in desk().users else redirect(url_for("users.show"))


@page.post("/users/add")
@needs("money")
def add() -> Any:
    name, role, password = _name(), _role(), request.form.get("password", "")[:1024]
    problems = _problems(password)
    try:
        passwords.check_name(name)
    except UsageError as error:
        problems["name"] = error.message
    if name in desk().users:
        problems["name"] = gettext("%(name)s may already use the console.", name=name)
    if problems:
        return _list(name=name, role=role, problems=problems), 400
    added = _change(N_("added the user"), name, role, lambda file: passwords.add(file, name, role, password))
    return redirect(url_for("users.show")) if added else (_list(name=name, role=role), 409)


@page.post("/users/change")
@needs("money")
def change() -> Any:
    """Give somebody another role, and another password where one was typed."""
    name, role, password = _known(), _role(), request.form.get("password", "")[:1024]
    problems = _problems(password) if password or request.form.get("again") else {}
    if problems:
        return _one(name, role, problems), 400
    if not _change(N_("changed the user"), name, role, lambda file: passwords.change(file, name, role, password)):
        return _one(name, role), 409
    if name == who():  # the old session ended with the old password or role
        g.user = desk().users[name]
        begin_session(g.user)
    return redirect(url_for("users.show"))


@page.post("/users/remove")
@needs("money")
def remove() -> Any:
    name = _known()
    if name == who():
        abort(409, gettext("You cannot remove yourself. Nothing was done: ask somebody else who may decide on money."))
    _change(N_("removed the user"), name, "", lambda file: passwords.remove(file, name))
    return redirect(url_for("users.show"))


def _change(action: str, name: str, role: str, call: Callable[[Any], UsersWritten]) -> bool:
    """Change the file of users and take it over at once; return whether it was done, a refusal is told."""
    with _ONE_AT_A_TIME:
        try:
            told = call(desk().settings.path)
        except RelayError as error:
            tell_refusal(action, name, error)
            return False
        desk().refresh(always=True)
    audited(action, name, reason=role and passwords.MAY[role])
    flash(
        translated(told.sentence)
        if role
        else gettext("%(name)s may no longer use the console and is logged out.", name=name),
        "good",
    )
    return True


def _list(name: str = "", role: str = "look", problems: dict[str, str] | None = None) -> str:
    logins = desk().audit.last_logins()
    users = sorted(desk().users.values(), key=lambda user: user.name.casefold())
    return render_template(
        "users.html", users=[(user, logins.get(user.name)) for user in users], **_form(name, role, problems)
    )


def _one(name: str, role: str = "", problems: dict[str, str] | None = None) -> str:
    return render_template("user.html", **_form(name, role or desk().users[name].role, problems))


def _form(name: str, role: str, problems: dict[str, str] | None) -> dict[str, Any]:
    roles = passwords.MAY.items()
    return {"name": name, "role": role, "problems": problems or {}, "roles": roles, "shortest": SHORTEST}


def _problems(password: str) -> dict[str, str]:
    """Return what is wrong with a password that was typed twice, by field."""
    if len(password) < SHORTEST:
        return {"password": gettext("Use at least %(count)s characters.", count=SHORTEST)}
    if password != request.form.get("again", "")[:1024]:
        return {"again": gettext("The two passwords differ. Type the same one twice.")}
    return {}


def _name() -> str:
    return request.form.get("name", "").strip()[:65]


def _known() -> str:
    name = _name()
    if name not in desk().users:
        abort(409, gettext("This user is not there any more. Nothing was done."))
    return name


def _role() -> str:
    role = request.form.get("role", "")
    if role not in ROLES:
        abort(400, gettext("This form is not complete. Nothing was done."))
    return role
