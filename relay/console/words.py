"""The plain words of the pages: what the rooms call by their own names, said as a front desk would say it.

Nothing here decides; every sentence stands in one place, so that the pages agree with each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from relay import open_items
from relay.counted import counted
from relay.language import N_, Table

WORDS: Mapping[str, Mapping[str, str]] = {
    "standing": Table(
        {
            "active": N_("can print"),
            "excluded": N_("not admitted"),
            "departed": N_("has left"),
            "unlinked": N_("unknown to OfficeRnD"),
            "renaming": N_("being renamed"),
        }
    ),
    "kind": Table(
        {
            "fee": N_("Print fee"),
            "top_up": N_("Member balance"),
            "forgiveness": N_("Forgiven"),
            "credit": N_("Credit"),
            "restoration": N_("Brought back after a restore"),
            "included": N_("Included printing"),
        }
    ),
    "state": Table(
        {
            "posted": N_("done"),
            "planned": N_("waits its turn"),
            "failed": N_("not done yet, tried again next time"),
            "in_doubt": N_("needs a look"),
        }
    ),
    "work": Table(
        {
            "running": N_("under way"),
            "done": N_("done"),
            "failed": N_("not done"),
            "interrupted": N_("interrupted"),
        }
    ),
    "run": Table(
        {
            "run": N_("Daily run"),
            "sync": N_("People brought in line"),
            "settle": N_("Fees billed"),
            "top_up": N_("Member balances added"),
            "jobs": N_("Print jobs read"),
            "recover": N_("Open ends finished"),
            "erase": N_("A person erased"),
            "plan": N_("Look at both systems"),
        }
    ),
    "action": Table(
        {
            "create": N_("Join"),
            "adopt": N_("Take over as they are"),
            "update": N_("Change"),
            "rename": N_("Rename"),
            "unlink": N_("Unlink"),
            "remove": N_("Take away"),
            "group_create": N_("New group"),
            "group_remove": N_("Empty group taken away"),
            "group_members": N_("Group changed"),
        }
    ),
    "severity": Table(
        {"error": N_("Must be put right"), "warning": N_("Should be put right"), "info": N_("Good to know")}
    ),
    "exit": Table(
        {
            "0": N_("done"),
            "1": N_("some of it could not be done"),
            "2": N_("settings need a look"),
            "3": N_("a safety limit holds something"),
            "4": N_("something needs a look"),
            "5": N_("another run was under way"),
        }
    ),
}

# What a limit means, and what letting it pass once would say: code -> (sentence, button).
LIMITS: Mapping[str, tuple[str, str]] = {
    "max_removals_percent": (
        "More people would be taken away at once than your limit allows. That may be right after a company has moved "
        "out, or it may be a wrong rule.",
        "It is right, take them away this time",
    ),
    "max_changes_percent": (
        "More people would change at once than your limit allows, so nothing is done. Look through the list first.",
        "It is right, change them this time",
    ),
    "max_fee": (
        "A single fee is larger than your limit. Mostly that is a wrong price on a printer.",
        "The prices are right, bill it this time",
    ),
    "max_run_total": (
        "All fees together are more than your limit. Mostly that is a wrong price list.",
        "The prices are right, bill them this time",
    ),
    "max_fees_per_person_day": (
        "Somebody would get more fees in one day than your limit allows.",
        "It is right, bill them this time",
    ),
    "max_top_ups": (
        "The balances added in one run are more than your limit allows. Mostly that is a wrong amount in the settings.",
        "The amount is right, add them this time",
    ),
    "plan_changed": (
        "Something changed in OfficeRnD or PaperCut since this list was made, so nothing was done. Look again.",
        "",
    ),
}


@dataclass(frozen=True, slots=True)
class Hold:
    """Why money waits for a person's word: the question, and what may be answered: (answer, button, what it does)."""

    title: str
    question: str
    answers: tuple[tuple[str, str, str], ...]


_BILL = ("bill", "Put it on an invoice", "becomes a fee in OfficeRnD with the next billing")
_FORGIVE = ("forgive", "Forgive it", "is added to the balance in PaperCut, and nobody is billed")

HOLDS: Mapping[str, Hold] = {
    "opening_balance": Hold(
        "Owed from before",
        "This was already owed before OfficeRnD billed the printing. Was it paid in another way?",
        (_BILL, _FORGIVE),
    ),
    "counter_fell": Hold(
        "The number of jobs went down",
        "PaperCut counts fewer jobs for this person than before. Look at their transactions in PaperCut: is the debt "
        "real?",
        (_BILL, _FORGIVE),
    ),
    "unexplained_debt": Hold(
        "A debt without a print job",
        "The balance fell although nothing was printed. Look at their transactions in PaperCut: is the debt real?",
        (_BILL, _FORGIVE),
    ),
    "member_gone": Hold(
        "Has left OfficeRnD",
        "OfficeRnD no longer knows this member, so no fee can be made. Collect it in another way, then clear it here.",
        (("forgive", "Clear it", "is added to the balance in PaperCut, and nobody is billed"),),
    ),
    "foreign_fee": Hold(
        "Somebody else made a print fee",
        "There is a fee on the print fees plan that was not made here. Is OfficeRnD's own connector still switched on?",
        (
            ("bill", "Both fees are right", _BILL[2]),
            ("forgive", "It was billed already", _FORGIVE[2]),
        ),
    ),
    "max_fee": Hold("Larger than your limit for one fee", "Are the prices of the printers right?", (_BILL, _FORGIVE)),
    "max_run_total": Hold(
        "All fees together are above your limit", "Are the prices of the printers right?", (_BILL, _FORGIVE)
    ),
    "max_fees_per_person_day": Hold("Many fees in one day", "Shall this one be billed too?", (_BILL, _FORGIVE)),
    "credit": Hold(
        "Refunded after it was billed",
        "PaperCut gave money back for a job that is already on an invoice. Shall it leave the balance again, so that "
        "you can credit it in OfficeRnD?",
        (("credit", "Yes, I credit it in OfficeRnD", "is taken off the balance in PaperCut, if it is still there"),),
    ),
    "company_gone": Hold(
        "The company has left OfficeRnD",
        "OfficeRnD no longer knows the company that pays, so no fee can be made. Collect it in another way, then clear "
        "it here.",
        (("forgive", "Clear it", "is added to the balance in PaperCut, and nobody is billed"),),
    ),
}

# Why no money of the site moves at all; the last part of an answer says what happens then.
STOPS: Mapping[str, Hold] = {
    "clock_went_back": Hold(
        open_items.STOPS["clock_went_back"],
        "A billing on record is later than the clock says now. Is the clock right again?",
        (("continue", "The clock is right now", "Billing goes on by this clock."),),
    ),
    "old_connector": Hold(
        open_items.STOPS["old_connector"],
        "Several fees on the print fees plan were not made here. Is OfficeRnD's own connector switched off by now?",
        (
            ("bill", "It is off; both fees are right", "What is owed is billed beside those fees."),
            ("forgive", "It is off; those fees billed it already", "What those fees billed is forgiven."),
        ),
    ),
    "restored": Hold(
        open_items.STOPS["restored"],
        "Or somebody changed the shared account that the relay keeps in PaperCut. Which balances are the true ones?",
        (
            (
                "forgive",
                "The ones before: put them back",
                "The balances go back to what was last known, nobody is billed "
                "again, and what was printed since is billed with the next billing.",
            ),
            ("continue", "The ones PaperCut shows now", "Billing goes on from PaperCut's present balances."),
        ),
    ),
    "second_relay": Hold(
        open_items.STOPS["second_relay"],
        "One PaperCut belongs to one site. Is the other one switched off?",
        (("continue", "It is off", "This relay takes the server over."),),
    ),
    "site_renamed": Hold(
        open_items.STOPS["site_renamed"],
        "What the site had open under its old name would be billed again. Put the name back in the settings; if it "
        "must change, finish what is open first.",
        (("continue", "Nothing is open under the old name", "Billing goes on under the new name."),),
    ),
    "ledger_old": Hold(
        open_items.STOPS["ledger_old"],
        "PaperCut knows of later runs. Whoever looks after the computer puts the newest copy of the ledger back, or "
        "rebuilds it.",
        (),
    ),
    "currency_changed": Hold(
        open_items.STOPS["currency_changed"],
        "This site was billed in another currency. Put the currency back in the settings.",
        (),
    ),
    "ledger_lost": Hold(
        open_items.STOPS["ledger_lost"],
        "OfficeRnD holds print fees of this site that the records here do not know. Whoever looks after the computer "
        "puts the newest copy of the ledger back, or rebuilds it.",
        (),
    ),
}


@dataclass(frozen=True, slots=True)
class Question:
    """A question that a front desk can answer by looking into one of the two systems."""

    reference: str
    text: str
    yes: str
    no: str
    amount: str
    username: str
    member_id: str


def question(movement: Any, name: str, payer: str, money: str) -> Question:
    """Given something whose outcome is not known, return what to look at and what Yes and No would mean.

    `name` is the person's, `payer` who is billed (a person or a company), `money` the amount as people read it.
    """
    tail = movement.reference.rsplit("-", 1)[-1]
    if movement.waits_for_fee:
        tail = (movement.fee_reference or movement.reference).rsplit("-", 1)[-1]
        return Question(
            movement.reference,
            f"Open {payer} in OfficeRnD, One-off fees: is there a line of {money} that ends in {tail}?",
            "It is there: the balance in PaperCut is put right with the next billing.",
            "It is not there: it is billed once with the next billing.",
            money,
            movement.username,
            movement.member_id,
        )
    return Question(
        movement.reference,
        f"Open {name} ({movement.username}) in PaperCut, Transaction history: is there a line of {money} that ends in "
        f"{tail}?",
        "It is there: nothing is left to do.",
        "It is not there: it is added once with the next billing.",
        money,
        movement.username,
        movement.member_id,
    )


def plural(number: int, one: str, many: str = "") -> str:
    """Return "1 person", "12 people": the count with its noun."""
    return counted(number, one, many)
