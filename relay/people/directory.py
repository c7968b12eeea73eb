"""The nouns of the people room, as plain values: what is published to PaperCut's side.

Nothing here reads or writes anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

Standing = Literal[
    "active",  # may print: the login is checked at OfficeRnD
    "excluded",  # OfficeRnD knows the person, the Member Management rules do not admit them
    "departed",  # was ours, has left OfficeRnD
    "unlinked",  # an account of PaperCut that OfficeRnD does not know
    "renaming",  # a rename is under way: neither name may be answered until it is over
]


@dataclass(frozen=True, slots=True)
class UserRecord:
    """PaperCut's user record.

    Source: PaperCut CustomSynAndAuthentication README (fields 1-10; field 11, the PIN, is never sent).
    """

    username: str
    full_name: str = ""
    email: str = ""
    department: str = ""
    office: str = ""
    primary_card: str = ""
    other_emails: str = ""
    secondary_card: str = ""
    alias: str = ""
    home: str = ""

    @property
    def fields(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in UserRecord.__slots__}


@dataclass(frozen=True, slots=True)
class DirectoryUser(UserRecord):
    """One line of the directory: the fields of PaperCut's user record, and who the person is to us.

    Fields that PaperCut holds and OfficeRnD does not are echoed as PaperCut holds them, since a blank field may wipe
    the stored value. `logins` are further names that may be typed at the popup (e-mail, alias), lower case; a name that
    two users share stands with neither. `reason` is why somebody may not print, as a clause for logs and `explain`.
    `signin_email` is the address to ask OfficeRnD with where `email` must stay empty or different in PaperCut, because
    another account already holds it there; "" means `email`.
    """

    groups: tuple[str, ...] = ()
    member_id: str = ""
    standing: Standing = "active"
    reason: str = ""
    logins: tuple[str, ...] = ()
    signin_email: str = ""


@dataclass(frozen=True, slots=True)
class Directory:
    """Everybody and every group that PaperCut's side may answer about.

    `users` are sorted by username; `groups` holds every listed group in order, also those without a member.
    `echoed` are (group, username) of people who are in a group of PaperCut's list without being users of the
    directory, internal users for instance: only the answers for that group carry their bare names, so that no sync
    takes them out of it.
    """

    users: tuple[DirectoryUser, ...]
    groups: tuple[str, ...] = field(default=())
    echoed: tuple[tuple[str, str], ...] = ()

    def members_of(self) -> dict[str, list[DirectoryUser]]:
        """Return every group with its users, in the directory's order: {"Acme": [DirectoryUser(...)]}."""
        members: dict[str, list[DirectoryUser]] = {group: [] for group in self.groups}
        for user in self.users:
            for group in user.groups:
                members[group].append(user)
        return members


def directory_of(
    users: Iterable[DirectoryUser], groups: Iterable[str] = (), echoed: Iterable[tuple[str, str]] = ()
) -> Directory:
    """Return the directory of `users`, sorted, with `groups` and every group that a user or an echoed name is in."""
    ordered = tuple(sorted(users, key=lambda user: user.username))
    pairs = tuple(sorted(echoed))
    names = {*groups, *(group for group, _ in pairs)}
    for user in ordered:
        names.update(user.groups)
    return Directory(ordered, tuple(sorted(names)), pairs)
