"""`POST /auth/signin`: e-mail and password of a sign-in account. Which refusal looks how is unknown, hence switches.

A user is no member: an admin passes, and so does somebody whose membership ended. Source: officernd-api 4.1 and 4.2.
"""

from __future__ import annotations

import secrets
from typing import Any

from relay.sandbox.officernd.answers import ErrorResponse, unauthorized
from relay.sandbox.officernd.bodies import Fields, checked
from relay.sandbox.officernd.state import OfficeRnDState, SignInAccount
from relay.sandbox.officernd.table import Record

FIELDS: Fields = {"email": "text", "password": "text"}


def sign_in(state: OfficeRnDState, body: dict[str, Any]) -> Record:
    """Return the *user* whose password this is: `_id`, `email`, `name`. Raises the refusal that the switches say."""
    values = checked(body, FIELDS, required=("email", "password"))
    switches, now = state.switches, state.now_s()
    account = _account(state, values["email"])
    if account is None:
        raise _refuse(state, switches.signin_unknown_email)
    if now < account.locked_until:
        raise _refuse(state, switches.signin_lockout_status)
    if not account.portal_access:
        raise _refuse(state, switches.signin_portal_access_off)
    if account.sso_only or switches.organisation_is_sso_only:
        raise _refuse(state, switches.signin_sso_only)
    if not account.password:
        raise _refuse(state, switches.signin_no_password)
    if not secrets.compare_digest(account.password.encode(), values["password"].encode("utf-8", "surrogatepass")):
        account.failures += 1
        if switches.signin_lockout_after and account.failures >= switches.signin_lockout_after:
            account.locked_until, account.failures = now + 60 * switches.signin_lockout_minutes, 0
        raise _refuse(state, switches.signin_wrong_password)
    if account.is_admin and not switches.signin_admits_admins:
        raise _refuse(state, switches.signin_unknown_email)
    account.failures = 0
    return {"_id": account.id, "email": account.email, "name": account.name, "image": ""}


def _account(state: OfficeRnDState, email: str) -> SignInAccount | None:
    account = state.accounts.get(email.lower())
    if account and state.switches.signin_email_case_sensitive and account.email != email:
        return None
    return account


def _refuse(state: OfficeRnDState, status: int) -> ErrorResponse:
    if status == 401 and state.switches.signin_refusal_like_bad_token:
        return unauthorized()
    return ErrorResponse(status, "Too many attempts" if status == 429 else "Invalid email or password")
