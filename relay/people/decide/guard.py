"""Whom the print script refuses, and whom it lets pass although nobody ever saw them log in with OfficeRnD. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal, TypeAlias

from relay.config import Settings
from relay.config.values import groups_among, usernames_among

Refusal: TypeAlias = Literal["", "unlinked", "blocked", "stranger"]


def let_in_unproven(usernames: Collection[str], groups: Mapping[str, Collection[str]], settings: Settings) -> list[str]:
    """Return the accounts that may print without being a member of OfficeRnD, sorted.

    `groups` are PaperCut's with their members. With the guard `members` there are none but those in `exceptions`.
    """
    members = _names(groups, settings.members.everyone_group)
    asked = {group: _names(groups, group) for group in groups_asked(settings)}
    return sorted(
        name
        for name in usernames
        if name not in members and not refusal(name, [group for group, of in asked.items() if name in of], settings)
    )


def refusal(username: str, groups: Collection[str], settings: Settings) -> Refusal:
    """Return why the print script refuses an account in these groups, "" where it lets it pass.

    Source: `refusal` in papercut_scripts/print_hook.js, which says the same.
    """
    chosen, members = settings.print, settings.members
    is_spared = username.lower() in usernames_among(chosen.exceptions) or groups_among(chosen.exceptions) & set(groups)
    if chosen.guard == "off" or is_spared:
        return ""
    if members.unlinked_group in groups:
        return "unlinked"
    if chosen.blocked_group in groups:
        return "blocked"
    return "stranger" if chosen.guard == "members" and members.everyone_group not in groups else ""


def groups_asked(settings: Settings) -> set[str]:
    """Return the groups whose members decide whom the print script refuses."""
    members, chosen = settings.members, settings.print
    return {members.everyone_group, members.unlinked_group, chosen.blocked_group, *groups_among(chosen.exceptions)}


def _names(groups: Mapping[str, Collection[str]], group: str) -> set[str]:
    return {name.lower() for name in groups.get(group, ())}
