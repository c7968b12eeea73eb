"""What waits for a person, and the words that a person may give on it. Plain values; nothing here reads or writes.

A *hold* is one person's money that waits for one reason. A *stop* is why no money of the site moves. A *word* speaks of
one hold or one stop, names the amount that was there, and is used once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from relay.accounts import LinkedAccount

Answer = Literal["bill", "forgive", "credit", "continue"]
ANSWERS: tuple[Answer, ...] = ("bill", "forgive", "credit", "continue")

OPENING = "opening_balance"
UNEXPLAINED = "unexplained_debt"
COUNTER_FELL = "counter_fell"
MEMBER_GONE = "member_gone"
COMPANY_GONE = "company_gone"
FOREIGN_FEE = "foreign_fee"
CREDIT = "credit"
RESTORED = "restored"  # what a restored PaperCut has forgotten of a balance, and nobody can tell
UNREAD = "unread"  # of an account that was not decided on, since PaperCut did not tell its state
LIMITS = ("max_fee", "max_run_total", "max_fees_per_person_day")
MAX_TOP_UPS = "max_top_ups"
SETTLE_FIRST = "settle_first"

# The bucket that a hold's money lies in; of every other code it is what is owed.
OPENING_BUCKET: Literal["opening"] = "opening"
DISPUTED_BUCKET: Literal["disputed"] = "disputed"
BUCKETS: Mapping[str, Literal["opening", "disputed"]] = {
    OPENING: OPENING_BUCKET,
    UNEXPLAINED: DISPUTED_BUCKET,
    COUNTER_FELL: DISPUTED_BUCKET,
}

# Which answers end which stop. Where there is none, something else does: the setting put right, or `rebuild`.
STOP_ANSWERS: Mapping[str, tuple[Answer, ...]] = {
    "clock_went_back": ("continue",),
    "site_renamed": ("continue",),
    "second_relay": ("continue",),
    "old_connector": ("bill", "forgive", "continue"),
    "restored": ("forgive", "continue"),
    "currency_changed": (),
    "ledger_lost": (),
    "ledger_old": (),
}


@dataclass(frozen=True, slots=True)
class Held:
    """One person's money that this run leaves waiting, micros, with the reason's code and its sentence."""

    account: LinkedAccount
    amount: int
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Word:
    """A person's word that was not used yet: the answer, the micros that it named, who gave it, when and why.

    `by` is a user of the console; "" for a word that was given on the command line.
    """

    id: int
    answer: Answer
    amount: int
    by: str = ""
    reason: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """A stored row of what waits, with the word given on it, if any."""

    id: int
    member_id: str
    username: str
    code: str
    amount: int
    reason: str
    word: Word | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """Why no money of the site moves. `facts` is what was seen; a word is good for just these facts.

    `message` is the sentence for an operator. `id` is 0 before it is stored.
    """

    code: str
    message: str
    facts: Mapping[str, Any]
    id: int = 0
    word: Word | None = None
    since: datetime | None = None

    def is_the_same(self, other: Stop) -> bool:
        return (self.code, dict(self.facts)) == (other.code, dict(other.facts))
