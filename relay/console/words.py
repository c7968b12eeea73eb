"""The plain words of the pages: what the rooms call by their own names, said as a front desk would say it.

Nothing here decides; every sentence stands in one place, so that the pages agree with each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from relay import open_items
from relay.language import N_, WordTable, gettext, ngettext, translated
from relay.people.decide.questions import Kind

_TEXTS: Mapping[str, Mapping[str, str]] = {
    "standing": {
        "active": N_("can print"),
        "excluded": N_("not admitted"),
        "departed": N_("has left"),
        "unlinked": N_("unknown to OfficeRnD"),
        "renaming": N_("being renamed"),
    },
    "kind": {
        "fee": N_("Print fee"),
        "top_up": N_("Member balance"),
        "forgiveness": N_("Forgiven"),
        "credit": N_("Credit"),
        "restoration": N_("Brought back after a restore"),
        "included": N_("Included printing"),
    },
    "state": {
        "posted": N_("done"),
        "planned": N_("waits its turn"),
        "failed": N_("not done yet, tried again next time"),
        "in_doubt": N_("needs a look"),
        "sent": N_("sent, the next run looks"),
    },
    "work": {
        "running": N_("under way"),
        "done": N_("done"),
        "failed": N_("not done"),
        "interrupted": N_("interrupted"),
    },
    "run": {
        "run": N_("Daily run"),
        "sync": N_("People brought in line"),
        "settle": N_("Fees billed"),
        "top_up": N_("Member balances added"),
        "jobs": N_("Print jobs read"),
        "recover": N_("Unfinished work completed"),
        "erase": N_("A person erased"),
        "plan": N_("Look at both systems"),
    },
    "action": {
        "create": N_("Join"),
        "adopt": N_("Take over as they are"),
        "update": N_("Change"),
        "rename": N_("Rename"),
        "unlink": N_("Unlink"),
        "remove": N_("Take away"),
        "group_create": N_("New group"),
        "group_remove": N_("Empty group taken away"),
        "group_members": N_("Group changed"),
    },
    "severity": {"error": N_("Must be put right"), "warning": N_("Should be put right"), "info": N_("Good to know")},
    "exit": {
        "0": N_("done"),
        "1": N_("some of it could not be done"),
        "2": N_("settings need a look"),
        "3": N_("a safety limit holds something"),
        "4": N_("something needs a look"),
        "5": N_("another run was under way"),
    },
}
WORDS: Mapping[str, Mapping[str, str]] = {name: WordTable(texts) for name, texts in _TEXTS.items()}

# What a limit means, and what letting it pass once would say: code -> (sentence, button).
LIMITS: Mapping[str, tuple[str, str]] = {
    "max_removals_percent": (
        N_(
            "More people would be taken away at once than your limit allows. That may be right after a company has "
            "moved out, or it may be a wrong rule."
        ),
        N_("It is right, take them away this time"),
    ),
    "max_changes_percent": (
        N_("More people would change at once than your limit allows, so nothing is done. Look through the list first."),
        N_("It is right, change them this time"),
    ),
    "max_fee": (
        N_("A single fee is larger than your limit. Usually that is a wrong price on a printer."),
        N_("The prices are right, bill it this time"),
    ),
    "max_run_total": (
        N_("All fees together are more than your limit. Usually that is a wrong price list."),
        N_("The prices are right, bill them this time"),
    ),
    "max_fees_per_person_day": (
        N_("Somebody would get more fees in one day than your limit allows."),
        N_("It is right, bill them this time"),
    ),
    "max_top_ups": (
        N_(
            "The balances added in one run are more than your limit allows. Usually that is a wrong amount in the "
            "settings."
        ),
        N_("The amount is right, add them this time"),
    ),
    "plan_changed": (
        N_("Something changed in OfficeRnD or PaperCut since this list was made, so nothing was done. Look again."),
        "",
    ),
}


def refusal(refused: Mapping[str, Any]) -> tuple[str, str]:
    """Return what a limit has stopped, and the words of the button that lifts it once, "" for what nothing lifts."""
    stopped, lift = LIMITS.get(refused["code"], (refused["message"], ""))
    return translated(stopped), translated(lift)


@dataclass(frozen=True, slots=True)
class HoldWords:
    """Why money waits for a person's word: the question, and what may be answered: (answer, button, what it does)."""

    title: str
    question: str
    answers: tuple[tuple[str, str, str], ...]

    def told(self) -> list[tuple[str, str, str]]:
        """Return the answers in the language of the page."""
        return [(answer, translated(button), translated(does)) for answer, button, does in self.answers]


_BILL = ("bill", N_("Put it on an invoice"), N_("becomes a fee in OfficeRnD with the next billing"))
_FORGIVE = ("forgive", N_("Forgive it"), N_("is added to the balance in PaperCut, and nobody is billed"))
_CLEAR = ("forgive", N_("Clear it"), _FORGIVE[2])

HOLDS: Mapping[str, HoldWords] = {
    "opening_balance": HoldWords(
        N_("Owed from before"),
        N_("This was already owed before OfficeRnD billed the printing. Was it paid in another way?"),
        (_BILL, _FORGIVE),
    ),
    "counter_fell": HoldWords(
        N_("The number of jobs went down"),
        N_(
            "PaperCut counts fewer jobs for this person than before. Look at their transactions in PaperCut: is the "
            "debt real?"
        ),
        (_BILL, _FORGIVE),
    ),
    "unexplained_debt": HoldWords(
        N_("A debt without a print job"),
        N_("The balance fell although nothing was printed. Look at their transactions in PaperCut: is the debt real?"),
        (_BILL, _FORGIVE),
    ),
    "member_gone": HoldWords(
        N_("Has left OfficeRnD"),
        N_(
            "OfficeRnD no longer knows this member, so no fee can be made. Collect it in another way, then clear it "
            "here."
        ),
        (_CLEAR,),
    ),
    "foreign_fee": HoldWords(
        N_("Somebody else made a print fee"),
        N_(
            "There is a fee on the print fees plan that was not made here. Is OfficeRnD's own connector still "
            "switched on?"
        ),
        (("bill", N_("Both fees are right"), _BILL[2]), ("forgive", N_("It was billed already"), _FORGIVE[2])),
    ),
    "max_fee": HoldWords(
        N_("Larger than your limit for one fee"), N_("Are the prices of the printers right?"), (_BILL, _FORGIVE)
    ),
    "max_run_total": HoldWords(
        N_("All fees together are above your limit"), N_("Are the prices of the printers right?"), (_BILL, _FORGIVE)
    ),
    "max_fees_per_person_day": HoldWords(
        N_("Many fees in one day"), N_("Should this one be billed too?"), (_BILL, _FORGIVE)
    ),
    "credit": HoldWords(
        N_("Refunded after it was billed"),
        N_(
            "PaperCut gave money back for a job that is already on an invoice. Should it be taken off the balance "
            "again, so that you can credit it in OfficeRnD?"
        ),
        (
            (
                "credit",
                N_("Yes, I will credit it in OfficeRnD"),
                N_("is taken off the balance in PaperCut, if it is still there"),
            ),
        ),
    ),
    "company_gone": HoldWords(
        N_("The company has left OfficeRnD"),
        N_(
            "OfficeRnD no longer knows the company that pays, so no fee can be made. Collect it in another way, then "
            "clear it here."
        ),
        (_CLEAR,),
    ),
}

# Why no money of the site moves at all; the last part of an answer says what happens then.
STOPS: Mapping[str, HoldWords] = {
    "clock_went_back": HoldWords(
        open_items.STOPS["clock_went_back"],
        N_("A billing on record is later than the clock says now. Is the clock right again?"),
        (("continue", N_("The clock is right now"), N_("Billing goes on by this clock.")),),
    ),
    "old_connector": HoldWords(
        open_items.STOPS["old_connector"],
        N_("Several fees on the print fees plan were not made here. Is OfficeRnD's own connector switched off now?"),
        (
            ("bill", N_("It is off; both fees are right"), N_("What is owed is billed beside those fees.")),
            ("forgive", N_("It is off; those fees billed it already"), N_("What those fees billed is forgiven.")),
        ),
    ),
    "restored": HoldWords(
        open_items.STOPS["restored"],
        N_(
            "Or somebody changed the shared account that the relay keeps in PaperCut. Which balances are the true ones?"
        ),
        (
            (
                "forgive",
                N_("The ones before: put them back"),
                N_(
                    "The balances go back to what was last known, nobody is billed "
                    "again, and what was printed since is billed with the next billing."
                ),
            ),
            ("continue", N_("The ones PaperCut shows now"), N_("Billing goes on from PaperCut's present balances.")),
        ),
    ),
    "second_relay": HoldWords(
        open_items.STOPS["second_relay"],
        N_("One PaperCut belongs to one site. Is the other one switched off?"),
        (("continue", N_("It is off"), N_("This relay takes the server over.")),),
    ),
    "site_renamed": HoldWords(
        open_items.STOPS["site_renamed"],
        N_(
            "What the site had open under its old name would be billed again. Put the name back in the settings; if it "
            "must change, finish what is open first."
        ),
        (("continue", N_("Nothing is open under the old name"), N_("Billing goes on under the new name.")),),
    ),
    "ledger_old": HoldWords(
        open_items.STOPS["ledger_old"],
        N_(
            "PaperCut knows of later runs. Whoever looks after the computer has to put the newest copy of the "
            "ledger back, or rebuild it."
        ),
        (),
    ),
    "currency_changed": HoldWords(
        open_items.STOPS["currency_changed"],
        N_("This site was billed in another currency. Put the currency back in the settings."),
        (),
    ),
    "ledger_lost": HoldWords(
        open_items.STOPS["ledger_lost"],
        N_(
            "OfficeRnD holds print fees of this site that the records here do not know. Whoever looks after the "
            "computer has to put the newest copy of the ledger back, or rebuild it."
        ),
        (),
    ),
}


@dataclass(frozen=True, slots=True)
class LookUp:
    """A question that a front desk can answer by looking into one of the two systems."""

    reference: str
    username: str
    text: str
    yes: str
    no: str


def question(movement: Any, name: str, payer: str, money: str) -> LookUp:
    """Given something whose outcome is not known, return what to look at and what Yes and No would mean.

    `name` is the person's, `payer` who is billed (a person or a company), `money` the amount as people read it.
    """
    is_fee = movement.waits_for_fee
    looked_for = (movement.fee_reference or movement.reference) if is_fee else movement.reference
    tail = looked_for.rsplit("-", 1)[-1]
    if is_fee:
        text = gettext(
            "Open %(payer)s in OfficeRnD, One-off fees: is there a line of %(money)s that ends in %(tail)s?",
            payer=payer,
            money=money,
            tail=tail,
        )
        yes = gettext("It is there: the balance in PaperCut is put right with the next billing.")
        no = gettext("It is not there: it is billed once with the next billing.")
    else:
        text = gettext(
            "Open %(name)s (%(username)s) in PaperCut, Transaction history: is there a line of %(money)s that ends in "
            "%(tail)s?",
            name=name,
            username=movement.username,
            money=money,
            tail=tail,
        )
        yes = gettext("It is there: nothing is left to do.")
        no = gettext("It is not there: it is added once with the next billing.")
    return LookUp(movement.reference, movement.username, text, yes, no)


def question_title(kind: Kind, count: int) -> str:
    """Return what several questions of one kind are called: "3 people have no account name"."""
    return ngettext(kind.one, kind.many.replace("{count}", "%(num)s"), count)
