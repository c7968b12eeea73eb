"""The linked accounts as values: who in OfficeRnD is which PaperCut account, as every room needs it.

A shared account that a company pays for stands beside people's accounts and is billed by the same rules. Nothing here
reads or writes; `relay.stored_accounts` does.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

SHARED = "account:"  # begins the name, and the id, of a shared account that a company pays for
GROUP = "group:"  # begins a group's name in a list of accounts and groups


def is_shared(name: str) -> bool:
    """Return whether a username or member id is a shared account's."""
    return name.startswith(SHARED)


def can_be_a_persons(username: str) -> bool:
    """Return whether a username is read as one everywhere: `account:x` is a shared account, and `group:x` a group."""
    return not username.lower().startswith((SHARED, GROUP))


@dataclass(frozen=True, slots=True)
class LinkedAccount:
    """Who in OfficeRnD is which account, since when, with what balance (micros) and job counter at that moment.

    `opening_balance` is 0 for an account that a sync made; `opening_jobs` is None where it is not known. Company and
    location are those of the directory in force. `email` is the member's; `account_email` the account's own in PaperCut
    when a sync last saw it. `standing` is "active", "excluded" or "departed".

    A shared account has "account:NAME" for its username, "account:ID" for its member id, and always a company, which
    pays.
    """

    member_id: str
    username: str
    linked_at: datetime
    opening_balance: int = 0
    company_id: str = ""
    company_name: str = ""
    full_name: str = ""
    standing: str = "active"
    opening_jobs: int | None = None
    location_id: str = ""
    email: str = ""
    account_email: str = ""

    @property
    def is_shared(self) -> bool:
        return is_shared(self.member_id)

    @property
    def is_active(self) -> bool:
        return self.standing == "active"


@dataclass(frozen=True, slots=True)
class SharedLink:
    """A shared account (`parent\\sub` for a nested one) whose cost a company pays from `linked_at` on.

    `opening_balance` (micros) is the balance at that moment.
    """

    account_id: str
    name: str
    company_id: str
    company_name: str
    linked_at: datetime
    opening_balance: int
    unlinked_at: datetime | None = None


def folded(text: str) -> str:
    """Return an address, username, id or card number in comparable form: case does not matter, letters do.

    Folding for search would make one of `straße` and `strasse`, which are two addresses. Letter by letter, since what a
    capital becomes must not hang on its neighbours.
    """
    text = text.strip()
    if text.isascii():
        return text.lower()
    composed = unicodedata.normalize("NFC", text)
    return unicodedata.normalize("NFC", "".join(letter.lower() for letter in composed))


class Nameable(Protocol):
    """Somebody who can be meant by a word; whatever of it is not known is ""."""

    @property
    def member_id(self) -> str: ...
    @property
    def username(self) -> str: ...
    @property
    def email(self) -> str: ...
    @property
    def full_name(self) -> str: ...


Meant = TypeVar("Meant", bound=Nameable)


def meant(word: str, people: Iterable[Meant]) -> list[Meant]:
    """Return whom a word means among people: by member id or username, else by e-mail, else by the full name.

    It is the same everywhere that a person is named, in any case. More than one is for the caller to tell.
    """
    key, everybody = folded(" ".join(word.split())), list(people)
    ways: tuple[Callable[[Meant], tuple[str, ...]], ...] = (
        lambda one: (one.member_id, one.username),
        lambda one: (one.email,),
        lambda one: (" ".join(one.full_name.split()),),
    )
    found = ([one for one in everybody if key and key in map(folded, names(one))] for names in ways)
    return next((those for those in found if those), [])


def email_key(address: str) -> str:
    """Return an e-mail address in comparable form; "" for none."""
    return folded(address)
