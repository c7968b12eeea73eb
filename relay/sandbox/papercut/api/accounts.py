"""Methods about shared accounts. Codes for a missing one are not known: the unlisted fault stands in."""

from __future__ import annotations

import math

from relay.sandbox.papercut import faults, properties
from relay.sandbox.papercut.api.registry import Context, method, page
from relay.sandbox.papercut.faults import ApiFault
from relay.sandbox.papercut.properties import SHARED_ACCOUNT
from relay.sandbox.papercut.state import PaperCutState, SharedAccountRecord


def _account(context: Context, name: str) -> SharedAccountRecord:
    found = context.state.shared_accounts.get(name)
    if found is None:
        raise context.state.unlisted(f'Shared account "{name}" could not be found.')
    return found


@method("listSharedAccounts", "offset:i limit:i")
def list_shared_accounts(context: Context, offset: int, limit: int) -> list[str]:
    return page(sorted(context.state.shared_accounts), offset, limit, context.state.switches)


@method("listUserSharedAccounts", "username:s offset:i limit:i ignore_mode:b?")
def list_user_shared_accounts(
    context: Context, username: str, offset: int, limit: int, ignore_mode: bool = False
) -> list[str]:
    state = context.state
    user = state.user(username)
    groups = {"[All Users]", "!!All Users!!", *state.groups_of(user.username)}
    names = sorted(
        account.name
        for account in state.shared_accounts.values()
        if user.username in account.users or groups & account.groups
    )
    return page(names, offset, limit, state.switches)


@method("isSharedAccountExists", "account:s")
def is_shared_account_exists(context: Context, account: str) -> bool:
    return account in context.state.shared_accounts


@method("addNewSharedAccount", "account:s", writes=True)
def add_new_shared_account(context: Context, account: str) -> None:
    context.state.add_shared_account(_new_name(context.state, account))


def _new_name(state: PaperCutState, name: str) -> str:
    """Return the name of a new or renamed account, `parent` or `parent\\sub`, or refuse it (general, unlisted)."""
    parent, backslash, sub = name.partition("\\")
    if not parent.strip() or (backslash and not sub.strip()):
        raise ApiFault(faults.GENERAL, "The shared account name may not be blank.")
    if "\\" in sub:
        raise ApiFault(faults.GENERAL, f'"{name}" is no shared account name: a sub-account has no sub-accounts.')
    if name in state.shared_accounts:
        raise state.unlisted(f'Shared account "{name}" already exists.')
    if backslash and parent not in state.shared_accounts:
        raise state.unlisted(f'Shared account "{parent}" could not be found.')
    return name


@method("deleteExistingSharedAccount", "account:s", writes=True)
def delete_existing_shared_account(context: Context, account: str) -> None:
    _account(context, account)
    accounts = context.state.shared_accounts
    for name in [name for name in accounts if name == account or name.startswith(account + "\\")]:
        del accounts[name]


@method("renameSharedAccount", "current:s new:s", writes=True)
def rename_shared_account(context: Context, current: str, new: str) -> None:
    state = context.state
    account = _account(context, current)
    below = current + "\\"
    if new.startswith(below) or ("\\" in new and any(name.startswith(below) for name in state.shared_accounts)):
        raise ApiFault(faults.GENERAL, f'Shared account "{current}" cannot become "{new}": there is one level only.')
    state.rename_shared_account(account, _new_name(state, new))


@method("getSharedAccountProperty", "account:s name:s")
def get_property(context: Context, account: str, name: str) -> str:
    return properties.read(SHARED_ACCOUNT, context.state, _account(context, account), name)


@method("getSharedAccountProperties", "account:s names:[s]")
def get_properties(context: Context, account: str, names: list[str]) -> list[str]:
    found = _account(context, account)
    return [properties.read(SHARED_ACCOUNT, context.state, found, name) for name in names]


@method("setSharedAccountProperty", "account:s name:s value:s", writes=True)
def set_property(context: Context, account: str, name: str, value: str) -> None:
    properties.write(SHARED_ACCOUNT, context.state, _account(context, account), name, value)


@method("setSharedAccountProperties", "account:s pairs:[[s,s]]", writes=True)
def set_properties(context: Context, account: str, pairs: list[list[str]]) -> None:
    properties.write_pairs(SHARED_ACCOUNT, context.state, _account(context, account), pairs)


@method("getSharedAccountAccountBalance", "account:s")
def get_balance(context: Context, account: str) -> float:
    return float(_account(context, account).balance)


@method("adjustSharedAccountAccountBalance", "account:s amount:d comment:s", writes=True)
def adjust_balance(context: Context, account: str, amount: float, comment: str) -> None:
    if not math.isfinite(amount):
        raise ApiFault(faults.BALANCE_INVALID, f"{amount} is no valid balance.")
    context.state.transact_shared(_account(context, account), amount, comment, kind="ADJUST")


@method("setSharedAccountAccountBalance", "account:s amount:d comment:s", writes=True)
def set_balance(context: Context, account: str, amount: float, comment: str) -> None:
    found = _account(context, account)
    if not math.isfinite(amount):
        raise ApiFault(faults.BALANCE_INVALID, f"{amount} is no valid balance.")
    context.state.transact_shared(found, amount - found.balance, comment, kind="SET")
    found.balance = amount


@method("getSharedAccountOverdraftMode", "account:s")
def get_overdraft_mode(context: Context, account: str) -> str:
    return _account(context, account).overdraft_mode


@method("setSharedAccountOverdraftMode", "account:s mode:s", writes=True)
def set_overdraft_mode(context: Context, account: str, mode: str) -> None:
    found = _account(context, account)
    if mode not in ("individual", "default"):
        raise ApiFault(faults.OVERDRAFT_INVALID, f'"{mode}" is no overdraft mode: individual or default.')
    found.overdraft_mode = mode


@method("addSharedAccountAccessUser", "account:s username:s", writes=True)
def add_access_user(context: Context, account: str, username: str) -> None:
    _account(context, account).users.add(context.state.user(username).username)


@method("removeSharedAccountAccessUser", "account:s username:s", writes=True)
def remove_access_user(context: Context, account: str, username: str) -> None:
    _account(context, account).users.discard(username.strip().lower())


@method("addSharedAccountAccessGroup", "account:s group:s", writes=True)
def add_access_group(context: Context, account: str, group: str) -> None:
    _account(context, account).groups.add(context.state.group(group).name)


@method("removeSharedAccountAccessGroup", "account:s group:s", writes=True)
def remove_access_group(context: Context, account: str, group: str) -> None:
    _account(context, account).groups.discard(group)


@method("disableSharedAccount", "account:s minutes:i", writes=True)
def disable(context: Context, account: str, minutes: int) -> None:
    _account(context, account).disabled = minutes != 0
