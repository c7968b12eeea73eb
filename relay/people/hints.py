"""What may stop somebody at a printer whom the rules let print: a refused login, an empty account, an old list.

Everything is handed in, so that `explain`, which asks both systems, and a page that asks neither tell the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from relay import amounts, language
from relay.config import Settings
from relay.language import lazy
from relay.people.logins import LoginTrace
from relay.remedy import Note, Remedy

LATELY = timedelta(days=1)  # a login refused before that is nobody's question today

# What somebody who was refused for this reason does next; the others end by themselves or are told with a remedy.
_NEXT = {
    "wrong_password": lazy("They choose a new password in the member portal, under “Forgot password”."),
    "wrong_pin": lazy("Whoever has forgotten the PIN gets a new one."),
    "unknown": lazy("They type their OfficeRnD e-mail address, not another one."),
}


@dataclass(frozen=True, slots=True)
class AtThePrinter:
    """What is known of somebody beside the rules: the last logins, the balance in micros (None where nobody has read
    it), whether PaperCut restricts the account (None where it was not asked), and when people were last synced."""

    member_id: str
    can_log_in: bool
    trace: LoginTrace | None
    balance: int | None
    is_restricted: bool | None
    synced_at: datetime | None


def hints(settings: Settings, now: datetime, seen: AtThePrinter) -> tuple[Note, ...]:
    """Return what may stop somebody, what was seen last first."""
    return (*_login(settings, now, seen), *_money(settings, seen), *_age(settings, now, seen.synced_at))


def _login(settings: Settings, now: datetime, seen: AtThePrinter) -> Iterator[Note]:
    refused, accepted = (seen.trace.refused, seen.trace.accepted_at) if seen.trace else (None, None)
    if refused and now - refused.at < LATELY and (accepted is None or accepted < refused.at):
        at = language.moment(refused.at, settings.site.timezone)
        told = lazy("Their login on %(at)s was refused, because %(why)s.", at=at, why=refused.meaning)
        remedies = refused.remedies
        if refused.reason in ("wrong_password", "wrong_pin") and seen.member_id:
            remedies = (Remedy("issue_pin", (seen.member_id,), lazy("to let them print now")),)
        yield Note(language.joined(told, _NEXT.get(refused.reason, "")), remedies)
    elif seen.can_log_in and accepted is None:
        yield Note(
            lazy("No login of theirs is on record. At the login window they type their user name and their print PIN.")
            if settings.signin.method == "pin"
            else lazy(
                "No login of theirs is on record. At the login window they type the e-mail address and the password of "
                "their OfficeRnD account."
            )
        )


def _money(settings: Settings, seen: AtThePrinter) -> Iterator[Note]:
    balance = seen.balance
    if balance is None or balance > 0 or seen.is_restricted is False or not (balance or seen.is_restricted):
        return
    amount = amounts.with_currency(balance, settings.site.currency)
    told = (
        lazy("PaperCut restricts the account, and its balance is %(balance)s: it may refuse a job.", balance=amount)
        if seen.is_restricted
        else lazy("The balance is %(balance)s: a restricted account may be refused a job.", balance=amount)
    )
    yield Note(told, (Remedy("settle", (), lazy("to bill what they owe")),) if balance < 0 else ())


def _age(settings: Settings, now: datetime, synced_at: datetime | None) -> Iterator[Note]:
    hours = (now - synced_at).total_seconds() / 3600 if synced_at else 0
    if hours > settings.scripts.max_age_hours:
        yield Note(
            lazy(
                "People were last brought in line %(hours)s hours ago: PaperCut does not know yet who is new since "
                "then or has changed.",
                hours=format(hours, ".0f"),
            ),
            (Remedy("sync"),),
        )
