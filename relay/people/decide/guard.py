"""Whom the print script lets pass although nobody ever saw them log in with OfficeRnD. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from relay.config import Settings
from relay.config.values import groups_among, usernames_among


def let_in_unproven(usernames: Collection[str], groups: Mapping[str, Collection[str]], settings: Settings) -> list[str]:
    """Return the accounts that may print without being a member of OfficeRnD, sorted.

    `groups` are PaperCut's with their members. With the guard `members` there are none but those in `exceptions`.
    """
    chosen = settings.print
    members = _names(groups, settings.members.everyone_group)
    if chosen.guard == "members":
        refused = set(usernames) - members
    elif chosen.guard == "blocked":
        refused = _names(groups, settings.members.unlinked_group) | _names(groups, chosen.blocked_group)
    else:
        refused = set()
    spared = usernames_among(chosen.exceptions).union(
        *(_names(groups, group) for group in groups_among(chosen.exceptions))
    )
    return sorted(name for name in usernames if name not in members and (name not in refused or name in spared))


def _names(groups: Mapping[str, Collection[str]], group: str) -> set[str]:
    return {name.lower() for name in groups.get(group, ())}
