"""The nouns of the money room and the steps that are possible: effects, fees, movements.

Each remote write is one *effect* with the same few states. A movement is one change of one person's balance; one of
kind `fee` has two effects, the fee in OfficeRnD and then the adjustment in PaperCut, and its `stage` tells both in
one word. Nothing here reads or writes anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from relay.errors import LedgerError

State = Literal[
    "planned",  # decided and stored; certainly not there
    "sent",  # about to be sent, or sent: only evidence can tell
    "posted",  # there
    "failed",  # refused, or looked for and not there: the next settle tries again
    "in_doubt",  # evidence does not decide: waits for more of it, or for a person
    "withdrawn",  # certainly never there, and no longer wanted; its reference is never used again
]
Kind = Literal["fee", "top_up", "forgiveness", "credit", "restoration", "included"]
Stage = Literal["planned", "fee_sent", "fee_posted", "adjustment_sent", "posted", "failed", "in_doubt", "withdrawn"]

STATES: tuple[State, ...] = ("planned", "sent", "posted", "failed", "in_doubt", "withdrawn")
KINDS: tuple[Kind, ...] = ("fee", "top_up", "forgiveness", "credit", "restoration", "included")

# Where an effect may go from each state. `posted` and `withdrawn` are final: a correction is a new movement.
STEPS: Mapping[State, frozenset[State]] = {
    "planned": frozenset({"sent", "posted", "in_doubt", "withdrawn"}),  # posted: found, although we did not know it
    "sent": frozenset({"posted", "planned", "failed", "in_doubt"}),
    "failed": frozenset({"sent", "posted", "planned", "in_doubt", "withdrawn"}),
    "in_doubt": frozenset({"posted", "planned", "failed", "withdrawn"}),  # withdrawn: a person's `none`
    "posted": frozenset(),
    "withdrawn": frozenset(),
}
CLOSED: tuple[State, ...] = ("posted", "withdrawn")


def check_step(reference: str, old: State, new: State) -> None:
    """Raise LedgerError unless an effect may go from `old` to `new`: a wrong step is a bug, so everything stops."""
    if new not in STEPS[old]:
        raise LedgerError(
            f"The ledger holds {reference} as {old}, which cannot become {new}; nothing more was sent. Keep a copy of "
            "the ledger and report this."
        )


@dataclass(frozen=True, slots=True)
class Fee:
    """One fee in OfficeRnD: what will be, or was, sent. `price` in micros, positive.

    `lost`: a request for it had no answer, so it may still come to be there; until it is posted or withdrawn, what is
    sent again is exactly this.
    """

    reference: str
    business_day: date
    sequence: int
    member_id: str  # "" for a fee of a whole company
    company_id: str
    is_personal: bool
    plan_id: str
    location_id: str
    name: str
    price: int
    currency: str
    issue_date: date
    use_coins: bool
    state: State = "planned"
    fee_id: str = ""
    lost: bool = False
    sent_at: datetime | None = None
    note: str = ""

    @property
    def subject_id(self) -> str:
        return self.member_id or self.company_id


@dataclass(frozen=True, slots=True)
class Movement:
    """One change of one person's balance by `amount` micros, positive for the user.

    `wallet_id` is the wallet, and with it the account and the link, that it was decided on; `username` is that
    account's name then. `fee_reference` names the fee that must be posted first (kind `fee` only). `balance_before` and
    `jobs_before` are what PaperCut held when the adjustment was last sent, `witness` the number in force then: the
    evidence that decides an answer which was no plain success; `lost`: there was no answer at all. `bucket` is what a
    forgiveness forgives, `expires` how much of an unused allowance ends with a top-up.
    """

    reference: str
    kind: Kind
    member_id: str
    username: str
    company_id: str
    amount: int
    currency: str
    business_day: date
    sequence: int
    wallet_id: int | None = None
    bucket: Literal["", "opening", "disputed", "owed"] = ""
    expires: int = 0
    state: State = "planned"
    fee_reference: str | None = None
    fee_state: State | None = None
    fee_id: str = ""
    fee_lost: bool = False
    fee_price: int = 0  # of the whole fee, without tax
    period: str | None = None
    lost: bool = False
    by_word: bool = False  # a person said where it stands
    sent_at: datetime | None = None
    balance_before: int | None = None
    jobs_before: int | None = None
    witness: int = 0
    note: str = ""
    task: str = ""  # what is left for staff to do once it is posted

    @property
    def stage(self) -> Stage:
        """Where the whole movement stands, both effects in one word."""
        if self.fee_reference is not None and self.fee_state != "posted":
            assert self.fee_state is not None
            return "fee_sent" if self.fee_state == "sent" else self.fee_state
        if self.state == "planned":
            return "planned" if self.fee_reference is None else "fee_posted"
        return "adjustment_sent" if self.state == "sent" else self.state

    @property
    def waits_for_fee(self) -> bool:
        return self.fee_reference is not None and self.fee_state != "posted"

    @property
    def is_unheard(self) -> bool:
        """Whether it was sent and nobody has heard more of it: a run is at it, or was killed, and the next looks."""
        return self.stage in ("fee_sent", "adjustment_sent")


# What the contract's JSON calls each stage at the end of a run. What is `sent` then was not yet brought to truth.
PUBLIC_STATES: Mapping[Stage, str] = {
    "planned": "planned",
    "fee_sent": "in_doubt",
    "fee_posted": "failed",
    "adjustment_sent": "in_doubt",
    "posted": "posted",
    "failed": "failed",
    "in_doubt": "in_doubt",
    "withdrawn": "failed",
}
