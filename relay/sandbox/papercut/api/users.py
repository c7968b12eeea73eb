"""Methods about users: listing, properties, making, renaming, deleting, looking up, account selection."""

from __future__ import annotations

from collections.abc import Callable

from relay.sandbox.papercut import faults, properties, sync
from relay.sandbox.papercut.api.registry import Context, method, page
from relay.sandbox.papercut.faults import ApiFault
from relay.sandbox.papercut.properties import USER
from relay.sandbox.papercut.state import ALL_USERS, PaperCutState, User


@method("isUserExists", "username:s")
def is_user_exists(context: Context, username: str) -> bool:
    return username.strip().lower() in context.state.users


@method("listUserAccounts", "offset:i limit:i")
def list_user_accounts(context: Context, offset: int, limit: int) -> list[str]:
    return page(context.state.usernames(), offset, limit, context.state.switches)


@method("getTotalUsers")
def get_total_users(context: Context) -> int:
    return len(context.state.users)


@method("getUserProperty", "username:s name:s")
def get_user_property(context: Context, username: str, name: str) -> str:
    return properties.read(USER, context.state, context.state.user(username), name)


@method("getUserProperties", "username:s names:[s]")
def get_user_properties(context: Context, username: str, names: list[str]) -> list[str]:
    user = context.state.user(username)
    return [properties.read(USER, context.state, user, name) for name in names]


@method("setUserProperty", "username:s name:s value:s", writes=True)
def set_user_property(context: Context, username: str, name: str, value: str) -> None:
    user = context.state.user(username)
    properties.write(USER, context.state, user, name, value)
    context.state.recorder.user(user)


@method("setUserProperties", "username:s pairs:[[s,s]]", writes=True)
def set_user_properties(context: Context, username: str, pairs: list[list[str]]) -> None:
    state = context.state
    user = state.user(username)
    try:
        properties.write_pairs(USER, state, user, pairs)
    finally:
        state.recorder.user(user)


@method("getUserGroups", "username:s")
def get_user_groups(context: Context, username: str) -> list[str]:
    state = context.state
    groups = state.groups_of(state.user(username).username)
    return [ALL_USERS, *groups] if state.switches.user_groups_with_built_in else groups


@method("addNewUser", "username:s", writes=True, starts_programs=True)
def add_new_user(context: Context, username: str) -> None:
    state = context.state
    if not username.strip():
        raise ApiFault(faults.USERNAME_BLANK, "The username may not be blank.")
    if username.strip().lower() in state.users:
        if state.switches.add_existing_user == "fault":
            raise state.unlisted(f'User "{username}" already exists.')
        return
    sync.add_user_on_demand(state, username)


@method("addNewUsers", writes=True)
def add_new_users(context: Context) -> None:
    context.tasks.start("addNewUsers", lambda report: sync.add_new_users(context.state, report=report))


@method("addNewInternalUser", "username:s password:s full_name:s email:s card:s pin:s send_email:b?", writes=True)
def add_new_internal_user(
    context: Context,
    username: str,
    password: str,
    full_name: str,
    email: str,
    card: str,
    pin: str,
    send_email: bool = False,
) -> None:
    state = context.state
    name = _new_name(state, username)
    if not password:
        raise ApiFault(faults.PASSWORD_BLANK, "The password may not be blank.")
    properties.check_email(state, None, email.strip())
    properties.check_card(state, None, card.strip())
    properties.check_pin(state, pin.strip())
    given = {"password": password, "full_name": full_name, "email": email.strip()}
    given |= {key: text.strip() for key, text in (("primary_card", card), ("pin", pin)) if text.strip()}
    revived = state.revive_user(name) if state.switches.recreate_revives else None
    if revived is not None:
        for key, text in given.items():
            setattr(revived, key, text)
        state.recorder.user(revived)
        return
    user = state.add_user(name, internal=True, **given)
    sync.apply_initial_settings(state, user, [])


def _new_name(state: PaperCutState, username: str) -> str:
    """Return the lower-case name of an internal or renamed user, or refuse it (259, general, unlisted)."""
    name = username.strip().lower()
    if not name:
        raise ApiFault(faults.USERNAME_BLANK, "The username may not be blank.")
    if len(name) > sync.USERNAME_LENGTH or not name.isprintable() or set(name) & set("/\\@"):
        raise ApiFault(faults.GENERAL, f'The username "{username}" is not valid.')
    if name in state.users:
        raise state.unlisted(f'User "{username}" already exists.')
    return name


@method("renameUserAccount", "current:s new:s", writes=True)
def rename_user_account(context: Context, current: str, new: str) -> None:
    user = context.state.user(current)
    context.state.rename_user(user, _new_name(context.state, new))


@method("deleteExistingUser", "username:s redact:b?", writes=True)
def delete_existing_user(context: Context, username: str, redact: bool = False) -> None:
    context.state.delete_user(context.state.user(username), redact=redact)


def _look_up(context: Context, wanted: Callable[[User], bool]) -> str:
    return next((user.username for user in context.state.users.values() if wanted(user)), "")


def _given(text: str, code: int, what: str) -> str:
    if not text.strip():
        raise ApiFault(code, f"The {what} may not be blank.")
    return text.strip()


@method("lookUpUserNameByIDNo", "card:s")
def look_up_by_id_no(context: Context, card: str) -> str:
    card = _given(card, faults.ID_BLANK, "ID")
    return _look_up(context, lambda user: card in (user.primary_card, user.secondary_card))


@method("lookUpUserNameByCardNo", "card:s")
def look_up_by_card_no(context: Context, card: str) -> str:
    return look_up_by_id_no(context, card)


@method("lookUpUserNameByEmail", "email:s")
def look_up_by_email(context: Context, email: str) -> str:
    email = _given(email, faults.EMAIL_BLANK, "email").lower()
    return _look_up(context, lambda user: user.email.lower() == email)


@method("lookUpUserNameBySecondaryUserName", "alias:s")
def look_up_by_alias(context: Context, alias: str) -> str:
    alias = _given(alias, faults.ALIAS_BLANK, "alias").lower()
    return _look_up(context, lambda user: user.alias.lower() == alias)


@method("lookUpUsersByFullName", "full_name:s")
def look_up_by_full_name(context: Context, full_name: str) -> list[str]:
    full_name = _given(full_name, faults.FULL_NAME_BLANK, "full name")
    users = context.state.users
    return [name for name in context.state.usernames() if users[name].full_name == full_name]


@method("disablePrintingForUser", "username:s minutes:i", writes=True)
def disable_printing_for_user(context: Context, username: str, minutes: int) -> None:
    user = context.state.user(username)
    user.disabled = minutes != 0
    context.state.recorder.user(user)


@method("resetUserCounts", "username:s by:s", writes=True)
def reset_user_counts(context: Context, username: str, by: str) -> None:
    user = context.state.user(username)
    user.job_count = user.page_count = 0


@method("reapplyInitialUserSettings", "username:s", writes=True)
def reapply_initial_user_settings(context: Context, username: str) -> None:
    state = context.state
    user = state.user(username)
    sync.apply_initial_settings(state, user, state.groups_of(user.username))


@method("addAdminAccessUser", "username:s", writes=True)
def add_admin_access_user(context: Context, username: str) -> None:
    context.state.user(username).admin = True


@method("removeAdminAccessUser", "username:s", writes=True)
def remove_admin_access_user(context: Context, username: str) -> None:
    context.state.user(username).admin = False


@method("addAdminAccessGroup", "group:s", writes=True)
def add_admin_access_group(context: Context, group: str) -> None:
    context.state.group(group).admin = True


@method("removeAdminAccessGroup", "group:s", writes=True)
def remove_admin_access_group(context: Context, group: str) -> None:
    context.state.group(group).admin = False


@method("setUserAccountSelectionAutoChargePersonal", "username:s confirm:b", writes=True)
def select_personal(context: Context, username: str, confirm: bool) -> None:
    user = context.state.user(username)
    user.selection_mode = (
        "CHARGE_TO_PERSONAL_ACCOUNT_WITH_CONFIRMATION" if confirm else "AUTO_CHARGE_TO_PERSONAL_ACCOUNT"
    )
    user.auto_account = ""


@method("setUserAccountSelectionAutoSelectSharedAccount", "username:s account:s charge_personal:b", writes=True)
def select_shared(context: Context, username: str, account: str, charge_personal: bool) -> None:
    state = context.state
    user = state.user(username)
    if account not in state.shared_accounts:
        raise state.unlisted(f'Shared account "{account}" could not be found.')
    user.selection_mode = "AUTO_CHARGE_TO_SHARED"
    user.auto_account = account


@method(
    "setUserAccountSelectionStandardPopup",
    "username:s personal:b list:b pin:b as_other:b charge_personal:b default:s?",
    writes=True,
)
def select_standard_popup(
    context: Context,
    username: str,
    personal: bool,
    from_list: bool,
    pin: bool,
    as_other: bool,
    charge_personal: bool,
    default: str = "",
) -> None:
    _popup(context.state.user(username), "SHOW_ACCOUNT_SELECTION_POPUP", default)


@method("setUserAccountSelectionAdvancedPopup", "username:s personal:b charge_personal:b default:s?", writes=True)
def select_advanced_popup(
    context: Context, username: str, personal: bool, charge_personal: bool, default: str = ""
) -> None:
    _popup(context.state.user(username), "SHOW_ADVANCED_ACCOUNT_SELECTION_POPUP", default)


def _popup(user: User, mode: str, default: str) -> None:
    user.selection_mode = mode
    user.auto_account = ""
    user.extra = {**(user.extra or {}), "default-shared-account": default}


@method("useCard", "username:s card:s", writes=True)
def use_card(context: Context, username: str, card: str) -> str:
    """Pre-paid top-up cards: the stand-in sells none."""
    if username.strip().lower() not in context.state.users:
        return "UNKNOWN_USER"
    return "INVALID_CARD_NUMBER"
