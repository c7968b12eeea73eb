"""What happened to one person, newest first: links, logins, print jobs, money, what somebody decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, pairwise
from typing import Literal

from sqlalchemy import select

from relay.console import figures, words
from relay.console.desk import Desk
from relay.console.everybody import Someone
from relay.database import reading
from relay.jobs import tables as jobs_tables
from relay.language import N_, WordTable, gettext, ngettext, translated
from relay.money.ledger import tables as money_tables
from relay.people import logins

Kind = Literal["job", "login", "money", "account"]
KINDS: Mapping[Kind, str] = WordTable(  # type: ignore[assignment]
    {"job": N_("Print jobs"), "login": N_("Logins"), "money": N_("Money"), "account": N_("Account")}
)
MOST = 500  # entries of each kind; what is older is in the statements and the books

_ANSWERS = WordTable({"bill": N_("to be billed"), "forgive": N_("to be forgiven"), "credit": N_("to be credited")})


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One thing that happened. `amount` (micros) is what it did to the balance, None where it did nothing to it."""

    at: datetime
    kind: Kind
    text: str
    more: str = ""
    amount: int | None = None
    icon: str = ""


def of_person(place: Desk, person: Someone) -> list[TimelineEntry]:
    """Return everything that is known here of a person, newest first."""
    found: list[TimelineEntry] = []
    if person.username:
        found += [*_jobs(place, person), *_logins(place, person), *_accounts(place, person)]
    if person.member_id:
        found += [*_movements(place, person), *_words(place, person)]
    found += _deeds(place, person)
    return sorted(found, key=lambda entry: entry.at, reverse=True)


def _jobs(place: Desk, person: Someone) -> Iterator[TimelineEntry]:
    for job in figures.jobs_of(place.database, place.settings.site.name, person.member_id, person.username, MOST):
        state = {"refunded": gettext("refunded"), "denied": gettext("refused")}.get(job["state"], "")
        cost = None if job["cost"] is None or job["state"] == "denied" else job["refunded"] - job["cost"]
        account = job["account"] and gettext("charged to the shared account %(account)s", account=job["account"])
        unknown = gettext("cost not known") if job["cost"] is None else ""
        pages = ngettext("%(num)s page", "%(num)s pages", job["pages"])
        text = ", ".join(filter(None, (job["document"] or gettext("A document"), pages, state)))
        yield TimelineEntry(
            job["at"], "job", text, ", ".join(filter(None, (job["printer"], account, unknown))), cost, "printer"
        )


def _logins(place: Desk, person: Someone) -> Iterator[TimelineEntry]:
    for one in logins.of_person(place.settings.scripts.home, person.username, MOST):
        text = gettext("Login refused: %(why)s", why=one.refused) if one.refused else gettext("Logged in")
        yield TimelineEntry(one.at, "login", text, icon="bad" if one.refused else "person")


def _movements(place: Desk, person: Someone) -> Iterator[TimelineEntry]:
    table = money_tables.movements
    query = select(table.c.reference, table.c.created_at).where(
        table.c.site == place.settings.site.name, table.c.member_id == person.member_id
    )
    with reading(place.database) as connection:
        made_at = {row.reference: row.created_at for row in connection.execute(query)}
    for line in figures.movements(place, member_id=person.member_id, count=MOST):
        state = figures.public_state(line)
        stands = "" if state == "posted" else f", {words.WORDS['state'].get(state, state)}"
        text = f"{words.WORDS['kind'][line.kind]}{stands}"
        yield TimelineEntry(made_at[line.reference], "money", text, line.reference, line.amount, "coins")


def _words(place: Desk, person: Someone) -> Iterator[TimelineEntry]:
    """Yield what somebody decided about this person's held money."""
    said, held = money_tables.words, money_tables.holds
    query = (
        select(said.c.at, said.c.answer, said.c.amount, said.c.reason)
        .join(held, said.c.hold_id == held.c.id)
        .where(said.c.site == place.settings.site.name, held.c.member_id == person.member_id)
        .order_by(said.c.at.desc())
        .limit(MOST)
    )
    with reading(place.database) as connection:
        for at, answer, amount, reason in connection.execute(query):
            money = place.formats.money(abs(amount))
            text = gettext("%(money)s: decided, %(answer)s", money=money, answer=_ANSWERS.get(answer, answer))
            yield TimelineEntry(at, "money", text, reason, icon="list")


def _accounts(place: Desk, person: Someone) -> Iterator[TimelineEntry]:
    """Yield since when the account was whose, and of which company."""
    link = figures.linked(place, [person.member_id]).get(person.member_id)
    if link is not None:
        balance = place.formats.money(link.opening_balance)
        kept = gettext("balance of %(balance)s kept", balance=balance) if link.opening_balance else ""
        text = gettext("Linked to the account %(account)s", account=person.username)
        yield TimelineEntry(link.linked_at, "account", text, kept, icon="link")
    table = jobs_tables.people
    query = (
        select(table.c.since, table.c.company_name, table.c.member_id, table.c.full_name)
        .where(table.c.site == place.settings.site.name, table.c.username == person.username)
        .order_by(table.c.since)
    )
    with reading(place.database) as connection:
        rows = list(connection.execute(query))
    for before, row in pairwise(rows):
        if row.member_id != before.member_id:
            text = (
                gettext("The account %(account)s belongs to %(name)s", account=person.username, name=row.full_name)
                if row.full_name
                else gettext("The link was taken away")
            )
            yield TimelineEntry(row.since, "account", text, icon="link")
        elif row.company_name != before.company_name:
            now = gettext("Company: %(name)s", name=row.company_name or gettext("no company"))
            was = gettext("before: %(name)s", name=before.company_name or gettext("none"))
            yield TimelineEntry(row.since, "account", now, was, icon="people")


def _deeds(place: Desk, person: Someone) -> Iterator[TimelineEntry]:
    """Yield what was done to this person from the console."""
    keys = {person.member_id, person.username} - {""}
    found = (
        row
        for row in place.audit.rows()
        if row.get("about") == "people"
        and (row["whom"] in keys if row.get("whom") else row.get("subject") == person.name)
    )
    for row in islice(found, MOST):
        failed = "" if row.get("outcome") in ("done", "started") else f": {translated(row.get('outcome', ''))}"
        text = f"{row.get('who')} {translated(row.get('action', ''))} {person.name}{failed}"
        yield TimelineEntry(row["at"], "account", text, icon="list")
