"""The native sync: asks the user source and makes users and groups equal to its answers.

Order of a full sync: all-users (or the members of the chosen groups), then the members of every listed group; only when
all is read does anything change. Source: CustomSynAndAuthentication README, PaperCut manual on user and group sync,
field reports where they differ (see the switches).
"""

from __future__ import annotations

from collections.abc import Iterable

from relay.sandbox.papercut import faults
from relay.sandbox.papercut.faults import ApiFault
from relay.sandbox.papercut.programs import ProgramError, ask_user_source, read_record
from relay.sandbox.papercut.state import KEY_LONG_RECORDS, PaperCutState, User
from relay.sandbox.papercut.tasks import Report, TaskFailed

USERNAME_LENGTH = 50
_LATE_FIELDS = ("primary_card", "other_emails", "secondary_card", "alias", "home")
Record = dict[str, str]


def _quiet(_: str) -> None:
    pass


def full_sync(state: PaperCutState, *, delete: bool, update: bool, report: Report = _quiet) -> None:
    """Make users and groups equal to the user source's answers. Raises TaskFailed and then changes nothing."""
    report("Synchronizing users")
    try:
        records = _all_records(state)
        if not records and state.switches.empty_answer_fails:
            raise TaskFailed("Synchronization failed: the user source answered no users.")
        groups = _all_memberships(state, report)
    except ProgramError as error:
        raise TaskFailed(f"Synchronization failed: {error}") from None
    with state.lock:
        added = updated = deleted = 0
        for name, record in records.items():
            user = state.users.get(name)
            if user is None:
                _create(state, record, [group for group, members in groups.items() if name in members])
                added += 1
            elif user.internal and state.switches.source_meets_internal == "leave":
                report(f'User "{name}" is an internal user and was left as it is.')
            elif update and _update(state, user, record):
                updated += 1
        if delete:
            for user in [user for user in state.users.values() if not user.internal and user.username not in records]:
                state.delete_user(user)
                deleted += 1
        _store_memberships(state, groups)
    report(f"Synchronization completed. {added} users added, {updated} updated, {deleted} deleted.")
    state.note(f"User and group synchronization: {added} added, {updated} updated, {deleted} deleted")


def nightly_sync(state: PaperCutState) -> None:
    """Do what happens every night: a full sync that never deletes. Raises TaskFailed."""
    full_sync(state, delete=False, update=state.settings.update_user_details)


def group_sync(state: PaperCutState, *, report: Report = _quiet) -> None:
    """Read the members of every listed group. Raises TaskFailed."""
    try:
        groups = _all_memberships(state, report)
    except ProgramError as error:
        raise TaskFailed(f"Group synchronization failed: {error}") from None
    with state.lock:
        _store_memberships(state, groups)
    report("Group synchronization completed.")


def sync_one_group(state: PaperCutState, name: str) -> None:
    """Read the members of one listed group. Raises the fault 263, or the general one when the source says no."""
    with state.lock:
        state.group(name)
    try:
        members = _members(state, name)
    except ProgramError as error:
        raise ApiFault(faults.GENERAL, f'Group "{name}" could not be synchronized: {error}') from None
    with state.lock:
        _store_memberships(state, {name: members})


def add_group(state: PaperCutState, name: str, *, report: Report = _quiet) -> None:
    """Put a group of the source into the list and read its members. Raises TaskFailed where the source has none."""
    try:
        members = _members(state, name)
    except ProgramError as error:
        if state.switches.add_unknown_group == "nothing":
            raise TaskFailed(f'Group "{name}" could not be added: {error}') from None
        members = set()
    with state.lock:
        group = state.groups.get(name) or state.add_group(name)
        _store_memberships(state, {group.name: members})
    report(f'Group "{name}" added.')


def add_user_on_demand(state: PaperCutState, username: str) -> User:
    """Do what the new-user event does: ask the source for the name and create an external account.

    Raises the fault 262 where the source does not know the name or cannot be asked.
    """
    name = username.strip().lower()
    by_argument = state.switches.details_input == "argument"
    try:
        answer = ask_user_source(
            state,
            "get-user-details",
            *([username.strip()] if by_argument else []),
            typed="" if by_argument else f"{username.strip()}\n",
        )
        lines = answer.lines()
        record = read_record(lines[0], long=_long(state)) if lines else {}
        if not record.get("username"):
            raise ProgramError("get-user-details answered nothing")
        name = record["username"] = record["username"].lower()
        groups = [group for group in list(state.groups) if _is_in_group(state, group, name)]
    except ProgramError as error:
        state.note(f'User "{name}" could not be found in the user source: {error}', "WARN")
        raise ApiFault(faults.USER_NOT_FOUND, f'User "{username}" could not be found in the user source.') from None
    with state.lock:
        user = state.users.get(name)
        if user is None:
            user = _create(state, record, groups)
            if state.switches.joins_groups_on_demand:
                for group in groups:
                    if group in state.groups:
                        state.groups[group].members.add(name)
    return user


def add_new_users(state: PaperCutState, *, report: Report = _quiet) -> None:
    """Create the accounts that the source has and PaperCut has not; touch no other. Raises TaskFailed."""
    try:
        records = _all_records(state)
        fresh = {name: record for name, record in records.items() if name not in state.users}
        groups = _all_memberships(state, report) if fresh else {}
    except ProgramError as error:
        raise TaskFailed(f"New users could not be added: {error}") from None
    with state.lock:
        for name, record in fresh.items():
            if name not in state.users:
                _create(state, record, [group for group, members in groups.items() if name in members])
        _store_memberships(state, groups)
    report(f"{len(fresh)} users added.")


def apply_initial_settings(state: PaperCutState, user: User, groups: Iterable[str]) -> None:
    """Give a user the initial credit and restriction of its groups; All Users counts only where no other group does.

    Source: PaperCut manual on new-user rules: credit is the sum over the matching groups.
    """
    rules = [state.groups[name] for name in groups if name in state.groups]
    telling = [group for group in rules if group.initial_credit or group.restricted is not None]
    if not telling:
        telling = [state.all_users]
    credit = sum(group.initial_credit for group in telling)
    words = [group.restricted for group in telling if group.restricted is not None]
    if words:
        user.restricted = any(words) if state.switches.initial_restriction == "restricted_wins" else all(words)
    if credit:
        state.transact(
            user, credit, "Initial balance", kind="INITIAL", by="[system]", account=state.settings.first_account()
        )


def _long(state: PaperCutState) -> bool:
    return state.key(KEY_LONG_RECORDS).strip().upper() == "Y"


def _all_records(state: PaperCutState) -> dict[str, Record]:
    if state.settings.import_groups:
        lines = [
            line
            for group in state.settings.import_groups
            for line in ask_user_source(state, "group-members", group).lines()
        ]
    else:
        lines = ask_user_source(state, "all-users").lines()
    records: dict[str, Record] = {}
    for line in lines:
        record = read_record(line, long=_long(state))
        name = record["username"] = record["username"].lower()
        if not name or len(name) > USERNAME_LENGTH:
            state.note(f"The user source answered the unusable username {name!r}", "WARN")
            continue
        records[name] = record
    return records


def _all_memberships(state: PaperCutState, report: Report) -> dict[str, set[str]]:
    memberships = {}
    for name in sorted(state.groups):
        try:
            memberships[name] = _members(state, name)
        except ProgramError as error:
            report(f'Group "{name}" was left as it is: {error}')
            state.note(f'Group "{name}" could not be synchronized: {error}', "ERROR")
    return memberships


def _members(state: PaperCutState, group: str) -> set[str]:
    answer = ask_user_source(state, state.switches.group_call, group)
    return {line.split("\t")[0].strip().lower() for line in answer.lines()}


def _is_in_group(state: PaperCutState, group: str, name: str) -> bool:
    pair = (group, name) if state.switches.is_user_in_group_order == "group_user" else (name, group)
    lines = ask_user_source(state, "is-user-in-group", *pair).lines()
    return bool(lines) and lines[0].strip().upper() == "Y"


def _store_memberships(state: PaperCutState, memberships: dict[str, set[str]]) -> None:
    for name, members in memberships.items():
        group = state.groups.get(name)
        if group is not None:
            group.members = {state.users[member].username for member in members if member in state.users}


def _create(state: PaperCutState, record: Record, groups: list[str]) -> User:
    name = record["username"]
    former = state.revive_user(name) if state.switches.recreate_revives else None
    if former is not None:
        _update(state, former, record)
        return former
    user = state.add_user(name)
    _update(state, user, record)
    apply_initial_settings(state, user, groups)
    return user


def _update(state: PaperCutState, user: User, record: Record) -> bool:
    """Take over the record's fields; return whether anything changed."""
    switches = state.switches
    changed = False
    long = _long(state)
    if switches.missing_fields_wipe:
        names = ("full_name", "email", "department", "office", *(_LATE_FIELDS if long else ()))
        record = dict.fromkeys(names, "") | record
    for name, value in record.items():
        if name == "username" or (name == "pin" and not value):
            continue
        wipes = switches.blank_cards_wipe if name in _LATE_FIELDS else switches.blank_details_wipe
        if not value and not wipes:
            continue
        if getattr(user, name) != value:
            setattr(user, name, value)
            changed = True
    if user.internal:
        user.internal = False
        user.password = ""
        changed = True
    if changed:
        state.recorder.user(user)
    return changed
