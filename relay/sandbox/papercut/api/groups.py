"""Methods about groups: the group list, members, quotas."""

from __future__ import annotations

from relay.sandbox.papercut import faults, sync
from relay.sandbox.papercut.api.registry import Context, method, page
from relay.sandbox.papercut.faults import ApiFault
from relay.sandbox.papercut.state import ALL_USERS, INTERNAL_USERS

PERIODS = ("NONE", "DAILY", "WEEKLY", "MONTHLY")


@method("listUserGroups", "offset:i limit:i")
def list_user_groups(context: Context, offset: int, limit: int) -> list[str]:
    state = context.state
    names = [ALL_USERS, *sorted(state.groups)]
    if any(user.internal for user in state.users.values()):
        names.insert(1, INTERNAL_USERS)
    return page(names, offset, limit, state.switches)


@method("isGroupExists", "group:s")
def is_group_exists(context: Context, group: str) -> bool:
    return group in context.state.groups or group in (ALL_USERS, INTERNAL_USERS)


@method("getGroupMembers", "group:s offset:i limit:i")
def get_group_members(context: Context, group: str, offset: int, limit: int) -> list[str]:
    return page(sorted(context.state.group(group).members), offset, limit, context.state.switches)


@method("addNewGroup", "group:s", writes=True)
def add_new_group(context: Context, group: str) -> None:
    """Put a group of the directory into the list: a background task, which reads the group's members."""
    if not group.strip():
        raise ApiFault(faults.GROUP_NAME_BLANK, "The group name may not be blank.")
    state = context.state
    context.tasks.start(
        "addNewGroup",
        lambda report: sync.add_group(state, group, report=report),
        hold_s=state.switches.add_group_task_s,
    )


@method("syncGroup", "group:s", writes=True, starts_programs=True)
def sync_group(context: Context, group: str) -> bool:
    sync.sync_one_group(context.state, group)
    return True


@method("removeGroup", "group:s", writes=True)
def remove_group(context: Context, group: str) -> None:
    context.state.group(group)
    context.state.groups.pop(group, None)


@method("addUserToGroup", "username:s group:s", writes=True)
def add_user_to_group(context: Context, username: str, group: str) -> None:
    _change_membership(context, username, group).add(context.state.user(username).username)


@method("removeUserFromGroup", "username:s group:s", writes=True)
def remove_user_from_group(context: Context, username: str, group: str) -> None:
    _change_membership(context, username, group).discard(context.state.user(username).username)


def _change_membership(context: Context, username: str, group: str) -> set[str]:
    state = context.state
    state.user(username)
    members = state.group(group).members
    if state.switches.membership_by_api == "refuse":
        raise ApiFault(faults.GENERAL, f'Group "{group}" belongs to the directory and cannot be changed here.')
    return members


@method("getGroupQuota", "group:s")
def get_group_quota(context: Context, group: str) -> dict[str, object]:
    quota = context.state.group(group).quota
    return {
        "QuotaAmount": float(quota.amount),
        "QuotaPeriod": quota.period,
        "QuotaMaxAccumulation": float(quota.max_accumulation),
    }


@method("setGroupQuota", "group:s amount:d period:s max_accumulation:d", writes=True)
def set_group_quota(context: Context, group: str, amount: float, period: str, max_accumulation: float) -> None:
    quota = context.state.group(group).quota
    if period not in PERIODS:
        raise ApiFault(faults.PERIOD_INVALID, f"The supplied schedule period '{period}' is invalid or unsupported.")
    if not (amount >= 0 and max_accumulation >= 0):
        raise ApiFault(faults.GENERAL, "A quota may not be negative.")
    quota.amount, quota.period, quota.max_accumulation = amount, period, max_accumulation
