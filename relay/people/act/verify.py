"""Is PaperCut what the directory says? Compares what was read back with what was meant. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Set
from dataclasses import dataclass

from relay.accounts import email_key
from relay.language import lazy, told_all
from relay.people.directory import Directory, DirectoryUser
from relay.people.world import Account

DETAILS = ("full_name", "department", "office", "email")  # e-mail last: it is the one that may be refused
ECHOED = ("primary_card", "other_emails", "secondary_card", "alias", "home")
_FIELDS = {
    "full_name": lazy("full name"),
    "department": lazy("department"),
    "office": lazy("office"),
    "email": lazy("email"),
    "primary_card": lazy("primary card"),
    "other_emails": lazy("other emails"),
    "secondary_card": lazy("secondary card"),
    "alias": lazy("alias"),
    "home": lazy("home"),
}


@dataclass(frozen=True, slots=True)
class Differences:
    """What is not as meant: accounts that are missing, fields by username with the value meant, groups by name."""

    missing: tuple[str, ...]
    fields: Mapping[str, Mapping[str, str]]
    groups: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.missing or self.fields or self.groups)

    def sentences(self) -> list[tuple[str, str]]:
        """Return (whom or which group, what is wrong) for everything that differs."""
        return [
            *(
                (username, lazy("%(username)s has no account in PaperCut", username=username))
                for username in self.missing
            ),
            *(
                (
                    username,
                    lazy(
                        "%(username)s does not have the intended %(fields)s",
                        username=username,
                        fields=told_all(*(_FIELDS[name] for name in values)),
                    ),
                )
                for username, values in self.fields.items()
            ),
            *(
                (group, lazy("the group %(group)s does not have the intended members", group=repr(group)))
                for group in self.groups
            ),
        ]


def differences(
    directory: Directory,
    accounts: Mapping[str, Account],
    groups: Mapping[str, Set[str]],
    *,
    users: Set[str] | None = None,
    only_groups: Set[str] | None = None,
    new: Set[str] = frozenset(),
    echoed: bool = True,
) -> Differences:
    """Return what differs between a directory and what was read back.

    `users` and `only_groups` limit the question to what was read. Fields that are only `echoed`, such as a card number,
    are not compared of `new` accounts, where PaperCut may have filled them by itself, nor where no sync carried them.
    """
    asked = [user for user in directory.users if users is None or user.username in users]
    missing = tuple(user.username for user in asked if user.username not in accounts)
    fields: dict[str, dict[str, str]] = {}
    for user in asked:
        account = accounts.get(user.username)
        if account is None:
            continue
        names = (*DETAILS, *ECHOED) if echoed and user.username not in new else DETAILS
        wrong = {name: getattr(user, name) for name in names if not _same(name, getattr(user, name), account)}
        if wrong:
            fields[user.username] = wrong
    meant = wanted_members(directory)
    wrong_groups = tuple(
        sorted(
            group
            for group, members in meant.items()
            if (only_groups is None or group in only_groups) and members != set(groups.get(group, ()))
        )
    )
    return Differences(missing, fields, wrong_groups)


def wanted_members(directory: Directory) -> dict[str, set[str]]:
    """Return the usernames that belong in every group, echoed names included."""
    members = {group: {user.username for user in users} for group, users in directory.members_of().items()}
    for group, username in directory.echoed:
        members[group].add(username)
    return members


def echo_of(user: DirectoryUser, account: Account) -> dict[str, str]:
    """Return the echoed fields that PaperCut meanwhile holds otherwise, such as a card of its own making."""
    return {name: getattr(account, name) for name in ECHOED if getattr(user, name) != getattr(account, name)}


def _same(name: str, meant: str, account: Account) -> bool:
    found = getattr(account, name)
    if name == "email":
        return email_key(meant) == email_key(found)
    return _plain(meant) == _plain(found)


def _plain(text: str) -> str:
    """Return a value as a user record can carry it: control characters are blanks there."""
    return "".join(" " if unicodedata.category(c) == "Cc" else c for c in text).strip()
