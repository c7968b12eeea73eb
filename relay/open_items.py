"""What is open at a site, from the ledger alone: questions, held money, doubts, stops, alerts.

`status`, the console's pages and the messages all ask here, so that they tell the same count in the same words. Makes
no remote call and decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from sqlalchemy import Engine

from relay import alerts, amounts, money, people
from relay.alerts import Alert
from relay.config import Settings
from relay.database import reading
from relay.language import N_, gettext, nlazy, translated
from relay.people import OpenQuestion

Kind = Literal["stop", "doubt", "alert", "hold", "question", "unheard"]

# Why no money moves, in a few words: code -> title.
STOPS: Mapping[str, str] = {
    "clock_went_back": N_("The clock of this computer was set back"),
    "old_connector": N_("Somebody else makes print fees"),
    "restored": N_("PaperCut was put back from a backup"),
    "second_relay": N_("Another relay works on this PaperCut"),
    "site_renamed": N_("The site has another name now"),
    "ledger_old": N_("The records here are an older copy"),
    "currency_changed": N_("The currency was changed"),
    "ledger_lost": N_("Fees are missing from the records"),
}
_NAMES_FIRST = ("restored",)  # the titles that begin with a name, which keeps its capital

# What `notify` finds is told as an alert, except where it is told here already as what it is.
TOLD_AS = ("held", "in_doubt", "stopped")


@dataclass(frozen=True, slots=True)
class OpenLine:
    """One kind of open things in one sentence; `subject` is a stop's code or an alert's kind, else ""."""

    kind: Kind
    count: int
    text: str
    subject: str = ""


@dataclass(frozen=True)
class OpenItems:
    """Everything that waits for a person, and `unheard`, which waits for the next run.

    `held` are the held rows as `status` shows them, also those that somebody has answered since.
    """

    questions: tuple[OpenQuestion, ...]
    held: tuple[dict[str, Any], ...]
    doubts: tuple[money.Movement, ...]
    unheard: tuple[money.Movement, ...]
    stops: tuple[dict[str, Any], ...]
    alerts: tuple[Alert, ...]
    currency: str

    @cached_property
    def holds(self) -> tuple[dict[str, Any], ...]:
        """The held rows that nobody has answered."""
        return tuple(hold for hold in self.held if not hold["said"])

    @property
    def held_people(self) -> int:
        return len({hold["member_id"] or hold["username"] for hold in self.holds})

    @property
    def held_amount(self) -> int:
        """The held money that people owe, micros."""
        return sum(max(0, amounts.parse(hold["amount"])) for hold in self.holds)

    @property
    def for_review(self) -> int:
        """How much the console's page of this name asks for, as its navigation tells."""
        return len(self.questions)

    @property
    def for_money(self) -> int:
        return self.held_people + len(self.doubts) + len(self.stops)

    def counts(self) -> dict[str, int]:
        return {
            "questions": len(self.questions),
            "held": self.held_people,
            "in_doubt": len(self.doubts),
            "stops": len(self.stops),
            "alerts": len(self.alerts),
        }

    def lines(self) -> tuple[OpenLine, ...]:
        """Return a sentence for each kind that has something, the most urgent first."""
        found = [
            OpenLine("stop", 1, gettext("No money moves: %(why)s.", why=stop_title(stop)), stop["code"])
            for stop in self.stops
        ]
        if self.doubts:
            found.append(OpenLine("doubt", len(self.doubts), doubts(len(self.doubts))))
        found += [OpenLine("alert", 1, alert.message, alert.kind) for alert in self.alerts]
        if self.holds:
            amount = amounts.with_currency(self.held_amount, self.currency)
            found.append(OpenLine("hold", self.held_people, held(self.held_people, amount)))
        if self.questions:
            found.append(OpenLine("question", len(self.questions), questions(len(self.questions))))
        if self.unheard:
            found.append(OpenLine("unheard", len(self.unheard), unheard(len(self.unheard))))
        return tuple(found)

    def as_json(self) -> dict[str, Any]:
        return {**self.counts(), "lines": [line.text for line in self.lines()]}


def open_items(database: Engine, settings: Settings) -> OpenItems:
    """Return what is open at this moment."""
    site = settings.site.name
    with reading(database) as connection:
        asked = people.open_questions(connection, site)
        told = alerts.open_alerts(connection, site)
    uncertain = money.doubts(database, site)
    return OpenItems(
        questions=asked,
        held=tuple(money.held(database, settings)),
        doubts=tuple(one for one in uncertain if not one.is_unheard),
        unheard=tuple(one for one in uncertain if one.is_unheard),
        stops=tuple(stop for stop in money.stops(database, settings) if not stop["said"]),
        alerts=tuple(alert for alert in told if alert.kind not in TOLD_AS),
        currency=settings.site.currency,
    )


def stop_title(stop: Mapping[str, Any]) -> str:
    code = stop["code"]
    if code not in STOPS:
        return str(stop["message"]).rstrip(".")
    told = translated(STOPS[code])
    is_clause = told == STOPS[code] and code not in _NAMES_FIRST  # other languages keep their capital
    return told[0].lower() + told[1:] if is_clause else told


def doubts(count: int) -> str:
    return nlazy(
        "%(num)s fee or adjustment is in doubt: somebody must check whether it is there.",
        "%(num)s fees or adjustments are in doubt: somebody must check whether they are there.",
        count,
    )


def unheard(count: int) -> str:
    return nlazy(
        "%(num)s fee or adjustment was sent, and its answer is not known: the next run checks whether it arrived.",
        "%(num)s fees or adjustments were sent, and their answers are not known: the next run checks whether they "
        "arrived.",
        count,
    )


def held(people_count: int, amount: str) -> str:
    return nlazy(
        "%(num)s person with held money waits for a decision (%(amount)s).",
        "%(num)s people with held money wait for a decision (%(amount)s).",
        people_count,
        amount=amount,
    )


def questions(count: int) -> str:
    return nlazy("%(num)s question about who is who.", "%(num)s questions about who is who.", count)
