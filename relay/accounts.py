"""The linked accounts as values: who in OfficeRnD is which PaperCut account, as every room needs it.

A shared account that a company pays for stands beside people's accounts and is billed by the same rules. Nothing here
reads or writes; `relay.stored_accounts` does.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime

SHARED = "account:"  # begins the name, and the id, of a shared account that a company pays for


def is_shared(name: str) -> bool:
    """Return whether a username or member id is a shared account's."""
    return name.startswith(SHARED)


@dataclass(frozen=True, slots=True)
class LinkedAccount:
    """Who in OfficeRnD is which account, since when, with what balance (micros) and job counter at that moment.

    `opening_balance` is 0 for an account that a sync made; `opening_jobs` is None where it is not known. Company and
    location are those of the directory in force. `standing` is "active", "excluded" or "departed".

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

    @property
    def is_shared(self) -> bool:
        return is_shared(self.member_id)

    @property
    def is_active(self) -> bool:
        return self.standing == "active"


@dataclass(frozen=True, slots=True)
class SharedAccount:
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
    composed = unicodedata.normalize("NFC", text.strip())
    return unicodedata.normalize("NFC", "".join(letter.lower() for letter in composed))


def email_key(address: str) -> str:
    """Return an e-mail address in comparable form; "" for none."""
    return folded(address)
