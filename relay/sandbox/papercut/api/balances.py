"""Methods that read and move users' balances; every move is a transaction with its comment."""

from __future__ import annotations

import math

from relay.sandbox.papercut import faults
from relay.sandbox.papercut.api.registry import Context, method
from relay.sandbox.papercut.faults import ApiFault
from relay.sandbox.papercut.state import PaperCutState, User


def _amount(value: float) -> float:
    if not math.isfinite(value):
        raise ApiFault(faults.BALANCE_INVALID, f"{value} is no valid balance.")
    return value


def _held(state: PaperCutState, user: User, account: str) -> float:
    """Return what one personal account holds; without a name the total of all."""
    if not account:
        return user.total()
    name = state.personal_account(user, account)
    return user.balance if user.accounts is None else user.accounts[name]


def _set(state: PaperCutState, user: User, balance: float, comment: str, account: str) -> None:
    name = state.personal_account(user, account)
    state.transact(user, balance - _held(state, user, name), comment, kind="SET", account=account)
    # A difference of doubles need not lead exactly to the wanted one.
    if user.accounts is None:
        user.balance = balance
    else:
        user.accounts[name] = balance


def _members(state: PaperCutState, group: str) -> list[User]:
    return [state.users[name] for name in sorted(state.group(group).members)]


@method("getUserAccountBalance", "username:s account:s?")
def get_user_account_balance(context: Context, username: str, account: str = "") -> float:
    return float(_held(context.state, context.state.user(username), account))


@method("adjustUserAccountBalance", "username:s adjustment:d comment:s account:s?", writes=True)
def adjust(context: Context, username: str, adjustment: float, comment: str, account: str = "") -> None:
    """An admin adjustment always goes through, whatever the overdraft."""
    user = context.state.user(username)
    context.state.transact(user, _amount(adjustment), comment, kind="ADJUST", account=account)


@method("adjustUserAccountBalanceByCardNumber", "card:s adjustment:d comment:s account:s?", writes=True)
def adjust_by_card(context: Context, card: str, adjustment: float, comment: str, account: str = "") -> bool:
    card = card.strip()
    for user in context.state.users.values():
        if card and card in (user.primary_card, user.secondary_card):
            context.state.transact(user, _amount(adjustment), comment, kind="ADJUST", account=account)
            return True
    return False


@method("adjustUserAccountBalanceIfAvailable", "username:s adjustment:d comment:s account:s?", writes=True)
def adjust_if_available(context: Context, username: str, adjustment: float, comment: str, account: str = "") -> bool:
    return adjust_leaving(context, username, adjustment, 0.0, comment, account)


@method(
    "adjustUserAccountBalanceIfAvailableLeaveRemaining",
    "username:s adjustment:d remaining:d comment:s account:s?",
    writes=True,
)
def adjust_leaving(
    context: Context, username: str, adjustment: float, remaining: float, comment: str, account: str = ""
) -> bool:
    state = context.state
    user = state.user(username)
    name = state.personal_account(user, account)
    after = _held(state, user, name) + _amount(adjustment)
    if adjustment < 0 and after < remaining - (state.overdraft_of(user) if user.restricted else 0.0):
        return False
    state.transact(user, adjustment, comment, kind="ADJUST", account=account)
    return True


@method("adjustUserAccountBalanceByGroup", "group:s adjustment:d comment:s account:s?", writes=True)
def adjust_group(context: Context, group: str, adjustment: float, comment: str, account: str = "") -> None:
    for user in _members(context.state, group):
        context.state.transact(user, _amount(adjustment), comment, kind="ADJUST", account=account)


@method("adjustUserAccountBalanceByGroupUpTo", "group:s adjustment:d limit:d comment:s account:s?", writes=True)
def adjust_group_up_to(
    context: Context, group: str, adjustment: float, limit: float, comment: str, account: str = ""
) -> None:
    state = context.state
    for user in _members(state, group):
        room = limit - _held(state, user, state.personal_account(user, account))
        if room > 0:
            state.transact(user, min(_amount(adjustment), room), comment, kind="ADJUST", account=account)


@method("setUserAccountBalance", "username:s balance:d comment:s account:s?", writes=True)
def set_balance(context: Context, username: str, balance: float, comment: str, account: str = "") -> None:
    _set(context.state, context.state.user(username), _amount(balance), comment, account)


@method("setUserAccountBalanceByGroup", "group:s balance:d comment:s account:s?", writes=True)
def set_balance_by_group(context: Context, group: str, balance: float, comment: str, account: str = "") -> None:
    for user in _members(context.state, group):
        _set(context.state, user, _amount(balance), comment, account)


@method("getUserOverdraftMode", "username:s")
def get_overdraft_mode(context: Context, username: str) -> str:
    return context.state.user(username).overdraft_mode


@method("setUserOverdraftMode", "username:s mode:s", writes=True)
def set_overdraft_mode(context: Context, username: str, mode: str) -> None:
    user = context.state.user(username)
    if mode not in ("individual", "default"):
        raise ApiFault(faults.OVERDRAFT_INVALID, f'"{mode}" is no overdraft mode: individual or default.')
    user.overdraft_mode = mode
