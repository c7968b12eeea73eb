"""What a sync knows before it decides: both systems as they were read, and what the relay remembers.

Plain values without I/O; `read.py` makes them, `plan.py` decides on them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

from papercut_scripts import signin_pin
from relay.accounts import email_key
from relay.officernd.model import CheckIn, Company, Location, Member, Membership, Organization, Pass, Plan
from relay.people.directory import UserRecord

HIDDEN = "(hidden) "  # before the name of a property: it holds something that was not kept between two syncs
SETTLING_IN = timedelta(days=7)  # what an interrupted sync began is no news of the day for so long


@dataclass(frozen=True, slots=True)
class Account(UserRecord):
    """A PaperCut account as PaperCut holds it. `balance` in micros; `disabled`: printing is switched off.

    `jobs` is how many it ever printed, None where that is not known; it moves while we work and makes no difference.
    """

    disabled: bool = False
    balance: int = 0
    internal: bool = False
    jobs: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class OfficeRnDSide:
    """What OfficeRnD says. `memberships`, `passes` and `checkins` are read only where a rule asks for them."""

    organization: Organization
    members: Mapping[str, Member]
    companies: Mapping[str, Company]
    locations: Mapping[str, Location]
    memberships: tuple[Membership, ...] = ()
    plans: tuple[Plan, ...] = ()
    passes: tuple[Pass, ...] = ()
    checkins: tuple[CheckIn, ...] = ()


@dataclass(frozen=True)
class PaperCutSide:
    """What PaperCut holds: every account by username, and the listed groups with their members' usernames.

    `record_fields` is 5, or 10 where the server takes cards and further fields from the user source.
    """

    accounts: Mapping[str, Account]
    groups: Mapping[str, frozenset[str]]
    record_fields: int = 5

    @cached_property
    def groups_of(self) -> dict[str, tuple[str, ...]]:
        """Return each username's listed groups, sorted: {"ann": ("Acme",)}; who is in none is left out."""
        found: dict[str, list[str]] = {}
        for group in sorted(self.groups):
            for username in self.groups[group]:
                found.setdefault(username, []).append(group)
        return {username: tuple(groups) for username, groups in found.items()}

    @cached_property
    def by_email(self) -> dict[str, tuple[str, ...]]:
        """Return the usernames that hold an e-mail, by the address in comparable form."""
        found: dict[str, list[str]] = {}
        for username in sorted(self.accounts):
            key = email_key(self.accounts[username].email)
            if key:
                found.setdefault(key, []).append(username)
        return {key: tuple(usernames) for key, usernames in found.items()}


@dataclass(frozen=True, slots=True)
class Link:
    """A member's account, as the relay remembers it across every change of e-mail, name and company.

    `linked_at` is None until the account was seen in PaperCut under this name; a link that was seen and whose account
    is gone was deleted by hand. `opening_balance` (micros) and `opening_jobs` (None: not known) are the balance and the
    job counter at the moment of linking. `email` is the address that the username was last checked against.
    `account_email` is the one that the account itself was last seen with, by which a renamed one is found again.
    `initial_done`: the settings of a new account are written. `cards_written` tells our card numbers, see `cards`.
    `standing` and the fields after it are those of the directory in force.
    """

    member_id: str
    username: str
    email: str = ""
    linked_at: datetime | None = None
    opening_balance: int = 0
    made_by_us: bool = False
    initial_done: bool = True
    standing: str = "active"
    display_name: str = ""
    company_id: str = ""
    company_name: str = ""
    location_id: str = ""
    deleted_at: datetime | None = None
    opening_jobs: int | None = None
    account_email: str = ""
    cards_written: str = ""

    @property
    def is_active(self) -> bool:
        return self.standing == "active" and self.deleted_at is None


@dataclass(frozen=True, slots=True)
class CompanyGroup:
    """A group of ours: its company ("" for one whose company has another group now), whether we made it."""

    name: str
    company_id: str = ""
    base_key: str = ""
    made_by_us: bool = True


@dataclass(frozen=True, slots=True)
class Rename:
    """A rename that was written down before it was sent, and whose end is not yet written down."""

    old: str
    new: str
    member_id: str


@dataclass(frozen=True, slots=True)
class Memory:
    """What the relay remembers of a site.

    `answers` are (member id, username) a person named with `link`; `denied` those ruled out with `not-same`;
    `group_answers` are (company id, group). `disabled` are usernames whose printing we switched off. `open_movements`
    are usernames with money under way. `synced_at` is when the last successful sync ended. `readings` are the last
    believed (balance in micros, job counter), by member id. `renamed_from` are the usernames that links had before they
    followed an account which staff renamed. `indebted` are the members whose wallet holds a debt. `dropped` are the
    members whose link an answer has ended; `waiting` those whose answer waits for a person to apply it, and what it
    would take away. `is_restored`: PaperCut was put back from a backup, so an account that is missing was not deleted.
    """

    links: Mapping[str, Link] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    denied: frozenset[tuple[str, str]] = frozenset()
    group_answers: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, CompanyGroup] = field(default_factory=dict)
    disabled: frozenset[str] = frozenset()
    renames: tuple[Rename, ...] = ()
    open_movements: frozenset[str] = frozenset()
    readings: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    renamed_from: Mapping[str, str] = field(default_factory=dict)
    indebted: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()
    waiting: Mapping[str, str] = field(default_factory=dict)
    is_restored: bool = False
    organization_id: str = ""
    synced_at: datetime | None = None

    def is_contradicted(self, link: Link) -> bool:
        """Return whether a person has said since that a linked account is not this member's, or that another one is."""
        answer = self.answers.get(link.member_id, link.username)
        return answer != link.username or (link.member_id, link.username) in self.denied

    def is_settling_in(self, member_id: str, now: datetime) -> bool:
        """Return whether an account was linked by a sync that has not come to its end, no longer than a week ago."""
        link = self.links.get(member_id)
        if link is None or link.linked_at is None:
            return False
        unfinished = self.synced_at is None or link.linked_at > self.synced_at
        return unfinished and now - link.linked_at < SETTLING_IN


@dataclass(frozen=True)
class World:
    officernd: OfficeRnDSide
    papercut: PaperCutSide
    memory: Memory


def one_line(text: str, limit: int = 0) -> str:
    """Return `text` in composed Unicode form without control characters, blanks collapsed, at most `limit` long.

    PaperCut's user record cannot escape TAB or line ends, so they become blanks before anything is compared.
    """
    composed = unicodedata.normalize("NFC", text)
    # Invisible format characters (Cf) would make two names look equal that are not; surrogates cannot be sent at all.
    plain = "".join(c for c in composed if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    joined = " ".join(plain.split())
    return joined[:limit].rstrip() if limit and len(joined) > limit else joined


def is_one_line(text: str) -> bool:
    """Return whether a name can stand alone on a line of the user source's answers."""
    return bool(text) and not any(unicodedata.category(c) in ("Cc", "Zl", "Zp", "Cs") for c in text)


def name_key(text: str) -> str:
    """Return the form in which two names count as the same: case and Unicode form do not matter."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", one_line(text)).casefold())


def pin_of(member: Member, key: str) -> str:
    """Return the digits of the print PIN in a member's custom property, "" where none is in it."""
    return signin_pin.normal(one_line(member.properties.get(key, ""))) or "" if key else ""


def without_pin(member: Member, key: str) -> Member:
    """Return a member as it may be kept on the disk: a print PIN is hidden, in whatever shape."""
    if key not in member.properties:
        return member
    kept = {name: value for name, value in member.properties.items() if name != key}
    return replace(member, properties={**kept, HIDDEN + key: ""})
