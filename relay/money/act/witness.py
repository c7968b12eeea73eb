"""Keeping the witness in PaperCut: a disabled shared account of ours whose notes hold a number.

Setting a property is repeatable, so the witness itself is never in doubt: intent first, then the notes, then read back.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from relay.errors import BadAnswer
from relay.language import lazy
from relay.money.books import Books
from relay.money.decide.holds import Stop
from relay.money.decide.witness import Remembered, Witness, judge_witness, notes_of, witness_of
from relay.money.ledger import copies
from relay.money.ledger import witness as stored

SYSTEM = "PaperCut"


def look(books: Books) -> tuple[Witness | None, Stop | None]:
    """Return what the witness says, and the stop that follows from it, None to go on."""
    name = books.settings.safety.witness
    seen = witness_of(books.papercut.shared_account_notes(name))
    verdict = judge_witness(seen, known(books))
    return seen, _stop(books, verdict, seen) if verdict else None


def known(books: Books) -> Remembered:
    """Return what the ledger knows of the witness."""
    with books.ledger.read() as connection:
        return stored.remembered(connection, books.name)


def raise_number(books: Books, above: int = 0, raised_from: int | None = None) -> None:
    """Set the next number, counted from the ledger's, and read it back. Raises BadAnswer where it is not seen then.

    `above`: a number that was used elsewhere, which the next one must exceed. `raised_from`: the restored number that
    it rises from, after a person's word.
    """
    with books.ledger.write() as connection:
        now = stored.begin(connection, books.name)
        number = max(now.current.number, now.target.number if now.target else 0, above) + 1
        target = Witness(books.name, now.current.ledger, number, secrets.token_hex(8))
        stored.intend(connection, target, raised_from)
    name = books.settings.safety.witness
    if books.papercut.shared_account_notes(name) is None:
        books.papercut.add_shared_account(name, notes_of(target))
    else:
        books.papercut.set_shared_account_notes(name, notes_of(target))
    if witness_of(books.papercut.shared_account_notes(name)) != target:
        raise BadAnswer(
            lazy(
                "PaperCut does not show the number that was just written into the notes of its shared account "
                "%(name)s, so no money moves: is another relay at work on this server? Look at that account, then run "
                "again.",
                name=name,
            ),
            system=SYSTEM,
            operation="setSharedAccountProperty",
        )
    with books.ledger.write() as connection:
        stored.confirm(connection, target)
    books.ledger.witness = number


def settle_raise(books: Books, seen: Witness | None) -> None:
    """Store a raise that an earlier run had written and not yet confirmed, once PaperCut shows it."""
    now = known(books)
    if seen is not None and seen == now.target:
        with books.ledger.write() as connection:
            stored.confirm(connection, seen)
        now = known(books)
    books.ledger.witness = now.current.number


def _stop(books: Books, verdict: str, seen: Witness | None) -> Stop:
    name = books.settings.safety.witness
    number = known(books).current.number
    facts: Mapping[str, Any] = {
        "site": seen.site if seen else "",
        "ledger": seen.ledger if seen else "",
        "number": seen.number if seen else None,
        "mark": seen.mark if seen else "",
        "expected": number,
    }
    shown = (
        lazy("shows number %(number)s", number=seen.number)
        if seen is not None
        else lazy("is missing, or its notes cannot be read,")
    )
    back = copies.put_back(books.database, books.settings) if verdict in ("ledger_old", "ledger_lost") else ""
    account, stopped = lazy("PaperCut's shared account %(name)s", name=name), lazy("so no money moves")
    message = {
        "restored": lazy(
            "%(account)s %(shown)s where the ledger has number %(number)s: PaperCut was put back from a "
            "backup, or somebody has changed that account, %(stopped)s. Say whether the balances are brought back "
            "to what the journal says, or PaperCut's present ones are right, as they are where only the account was "
            "touched.",
            account=account,
            shown=shown,
            number=number,
            stopped=stopped,
        ),
        "ledger_old": lazy(
            "%(account)s %(shown)s, later than the ledger's number %(number)s: this is an older copy of the "
            "ledger, %(stopped)s. %(back)s, or rebuild it.",
            account=account,
            shown=shown,
            number=number,
            stopped=stopped,
            back=back,
        ),
        "ledger_lost": lazy(
            "%(account)s was written by another ledger of this site: the ledger was lost, or a second relay "
            "works on this server, %(stopped)s. %(back)s, stop the other relay, or, where the ledger is gone for good, "
            "rebuild it and then bring people in line.",
            account=account,
            stopped=stopped,
            back=back,
        ),
        "second_relay": lazy(
            "%(account)s was written by another ledger, for site %(site)s: a second "
            "relay works on this server, this is the wrong server, or the ledger was put back after a rebuild, "
            "%(stopped)s. One PaperCut has one site: stop the other relay, if there is one, then go on.",
            account=account,
            site=seen.site if seen else "",
            stopped=stopped,
        ),
        "site_renamed": lazy(
            "%(account)s is site %(site)s's, and [site] name now says %(name)s, "
            "%(stopped)s: what that site has open would be billed again. Put the name back; if it must change, finish "
            "what is open first, then go on.",
            account=account,
            site=seen.site if seen else "",
            name=books.name,
            stopped=stopped,
        ),
    }[verdict]
    return Stop(verdict, message, facts)
