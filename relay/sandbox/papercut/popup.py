"""Logging in with name and password as PaperCut does it: the popup, its web page and Mobility Print alike.

Internal users are checked here; everybody else by the auth program. Source: CustomSynAndAuthentication README; field
reports: the exit code is enforced, a returned name is cut at `@`, a clean ERROR is logged nowhere.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from relay.sandbox.papercut import sync
from relay.sandbox.papercut.faults import ApiFault
from relay.sandbox.papercut.programs import ProgramError, run
from relay.sandbox.papercut.state import KEY_ALIASES, KEY_AUTH_ENVIRONMENT, KEY_AUTH_PROGRAM, PaperCutState, User


@dataclass(frozen=True)
class Login:
    """The verdict: `username` is the account that goes on printing, `reason` why not (a stable word).

    Reasons: blank, wrong_password, refused, exit_code, program, no_account. `account` is False where printing goes on
    without an account (on-demand setting "allow").
    """

    ok: bool
    username: str = ""
    reason: str = ""
    asked_program: bool = False
    account: bool = True


def login(state: PaperCutState, typed: str, password: str, *, client_address: str = "") -> Login:
    """Check what a person typed into the popup; a success is remembered for `client_address`."""
    verdict = _verdict(state, typed, password)
    if verdict.ok and client_address:
        with state.lock:
            state.sessions[client_address] = verdict.username
    return verdict


def _verdict(state: PaperCutState, typed: str, password: str) -> Login:
    if not typed.strip() or not password:
        return Login(False, reason="blank")
    with state.lock:
        known = _find(state, typed)
        internal = known is not None and known.internal
    if known is not None and internal and not state.switches.internal_users_reach_auth_program:
        if hmac.compare_digest(known.password.encode(), password.encode()):
            return Login(True, known.username)
        state.note(f'User "{known.username}" failed to authenticate.', "WARN")
        return Login(False, reason="wrong_password")

    sent = known.username if known is not None and state.switches.auth_program_receives == "username" else typed
    try:
        answer = run(
            state,
            state.key(KEY_AUTH_PROGRAM),
            typed=f"{sent}\n{password}\n",
            environment=state.key(KEY_AUTH_ENVIRONMENT),
            keep_open=state.switches.auth_stdin_stays_open,
            timeout_s=state.switches.auth_timeout_s,
        )
    except ProgramError as error:
        state.note(f'User "{cut(typed)}" failed to authenticate: {error}', "ERROR")
        return Login(False, reason="program", asked_program=True)
    if answer.exit_code != 0:
        state.note(f"Auth handler returned non-zero exit code: {answer.exit_code}", "ERROR")
        state.note(f'User "{cut(typed)}" failed to authenticate.', "WARN")
        return Login(False, reason="exit_code", asked_program=True)
    lines = answer.lines()
    if not lines or lines[0].strip() != "OK":
        if state.switches.log_of_clean_refusal:
            state.note(f'User "{cut(typed)}" failed to authenticate.', "WARN")
        return Login(False, reason="refused", asked_program=True)
    if len(lines) > 1:
        return _with_account(state, cut(lines[1]))
    return _with_account(state, known.username if known is not None else cut(typed))


def cut(name: str) -> str:
    """Return a name as PaperCut takes it: what stands behind `@` is a domain to it and falls away."""
    return name.strip().split("@", 1)[0].lower()


def _find(state: PaperCutState, typed: str) -> User | None:
    """Return the account that a typed name means by itself: username, e-mail, alias."""
    name = typed.strip().lower()
    if name in state.users:
        return state.users[name]
    if "@" in name and state.settings.email_login:
        for user in state.users.values():
            if user.email.lower() == name:
                return user
    if state.key(KEY_ALIASES).strip().upper() == "Y":
        for user in state.users.values():
            if user.alias and user.alias.lower() == name:
                return user
    return state.users.get(cut(name))


def _with_account(state: PaperCutState, name: str) -> Login:
    with state.lock:
        if name in state.users:
            return Login(True, name, asked_program=True)
    setting = state.settings.on_demand_creation
    if setting == "allow":
        return Login(True, name, asked_program=True, account=False)
    if setting == "create":
        try:
            return Login(True, sync.add_user_on_demand(state, name).username, asked_program=True)
        except ApiFault:
            pass
    state.note(f'User "{name}" attempted to log in, but they have no account.', "WARN")
    return Login(False, reason="no_account", asked_program=True)
