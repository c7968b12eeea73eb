"""A person's word: `resolve` says whether one effect is there, `approve` releases what is held.

Both only write the ledger; the next settle acts on it. Every word is kept with its reason and its time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Engine

from relay import amounts
from relay.database import reading
from relay.errors import EXIT_DONE, UsageError
from relay.money.decide.bill import UNREAD
from relay.money.decide.movement import Movement
from relay.money.ledger import records
from relay.money.ledger.store import Ledger, open_ledger
from relay.money.report.result import movement_json
from relay.site import Site
from relay.stored_accounts import accounts_of, members_with_address

# What no word can release: these are put right in the settings, in PaperCut, or by `rebuild`.
NO_WORD = frozenset({"ledger_lost", "currency_changed", UNREAD})


@dataclass(frozen=True)
class Answer:
    """What a word did, in a sentence and as JSON."""

    message: str
    fields: dict[str, Any]
    exit_code: int = EXIT_DONE

    def as_json(self) -> dict[str, Any]:
        return {"message": self.message, **self.fields}

    def text(self) -> str:
        return self.message


def resolve(site: Site, reference: str, *, as_: Literal["posted", "not-sent"], reason: str) -> Answer:
    """Settle the one effect in doubt that a movement's note names, by a person's word.

    `posted`: it is there, go on from it. `not-sent`: it is not there, the next settle sends it once. Raises UsageError
    for a reference that is unknown or of which nothing is in doubt.
    """
    reason = _reason(reason)
    ledger = open_ledger(site.database, site.settings, site.clock)
    try:
        movement = _movement(ledger, reference.strip().upper())
        detail = {"as": as_, "reason": reason}
        if movement.waits_for_fee:
            assert movement.fee_reference is not None
            if movement.fee_state not in ("sent", "in_doubt") and not movement.fee_lost:
                raise _nothing_in_doubt(movement)
            with ledger.write() as connection:
                if as_ == "posted":
                    ledger.step_fee(
                        connection, movement.fee_reference, "posted", "word", detail, by_word=True, lost=False, note=""
                    )
                    message = f"Fee {movement.fee_reference} counts as posted; the next settle adjusts the balance."
                else:
                    ledger.step_fee(connection, movement.fee_reference, "planned", "word", detail, lost=False, note="")
                    message = (
                        f"Fee {movement.fee_reference} counts as not sent; the next settle bills what is owed once."
                    )
        else:
            # A refused adjustment can be said to be done too: somebody did it by hand, or the account is gone.
            if movement.state not in ("sent", "in_doubt", "failed") and not (movement.note and as_ == "posted"):
                raise _nothing_in_doubt(movement)
            with ledger.write() as connection:
                if as_ == "posted":
                    ledger.step_movement(
                        connection, movement.reference, "posted", "word", detail, by_word=True, lost=False, note=reason
                    )
                    message = f"Adjustment {movement.reference} counts as done."
                else:
                    ledger.step_movement(
                        connection, movement.reference, "planned", "word", detail, by_word=True, lost=False, note=""
                    )
                    message = f"Adjustment {movement.reference} counts as not done; the next settle sends it once."
        return Answer(message, {"movement": movement_json(ledger.movement(movement.reference))})
    finally:
        ledger.release()


def approve(site: Site, who: str, *, as_: Literal["bill", "forgive", "credit"], reason: str) -> Answer:
    """Release what the last settle held of a person, or of the whole site (`who` is the site's name).

    Raises UsageError when nothing of theirs is held, or it cannot be released that way.
    """
    reason = _reason(reason)
    name, currency = site.name, site.settings.site.currency
    ledger = open_ledger(site.database, site.settings, site.clock)
    try:
        member_id = "" if who == name else _member_id(site.database, ledger, name, who)
        with ledger.write() as connection:
            held = {
                hold.code: hold.amount
                for hold in records.holds(connection, name)
                if hold.member_id == member_id and hold.code not in NO_WORD
            }
            if as_ == "credit":
                held = {code: amount for code, amount in held.items() if code == "credit"}
            else:
                held.pop("credit", None)
            if as_ == "bill" and held.pop("member_gone", None) is not None and not held:
                raise UsageError(
                    f"OfficeRnD no longer knows {who}, so no fee can be made for them: collect the money otherwise, "
                    "then approve it --as forgive."
                )
            if not held:
                raise UsageError(
                    f"Nothing of {who} is held that could be released --as {as_}; papercut-relay settle --dry-run "
                    "shows what is held and why."
                )
            records.add_approval(connection, name, member_id, as_, held, reason, site.clock.now())
        total = f"{amounts.text(sum(held.values()), currency)} {currency}"
        done = {"bill": "is billed", "forgive": "is forgiven", "credit": "is taken back for a credit"}[as_]
        what = f"{total} of {who}" if member_id else f"The stop of site {name} is lifted; what it held"
        return Answer(
            f"{what} ({', '.join(sorted(held))}) {done} by the next settle.",
            {
                "who": who,
                "as": as_,
                "held": {code: amounts.text(m, currency) for code, m in held.items()},
            },
        )
    finally:
        ledger.release()


def _reason(text: str) -> str:
    text = " ".join(text.split())
    if not text:
        raise UsageError('--reason needs a text that somebody will understand next year, such as "seen in PaperCut".')
    return text


def _movement(ledger: Ledger, reference: str) -> Movement:
    """Return the movement that a reference names; a shared fee's reference names its first adjustment."""
    found = ledger.named([reference]) or ledger.of_fee(reference)
    if not found:
        raise UsageError(f"The ledger has no movement {reference}: papercut-relay status lists the open ones.")
    return found[0]


def _nothing_in_doubt(movement: Movement) -> UsageError:
    return UsageError(
        f"Nothing of {movement.reference} is in doubt (it is {movement.stage}): papercut-relay status lists what is."
    )


def _member_id(database: Engine, ledger: Ledger, site: str, who: str) -> str:
    wanted = who.strip().casefold()
    accounts = accounts_of(database, site)
    found = [person for person in accounts if wanted in (person.username.casefold(), person.member_id.casefold())]
    if found:
        return found[0].member_id
    if "@" in wanted:
        with reading(database) as connection:
            owners = members_with_address(connection, site, wanted)
        if len(owners) == 1:
            return owners[0]
        if owners:
            raise UsageError(f"{who} is the address of several members ({', '.join(sorted(owners))}): name one by id.")
    movements = ledger.named([who.strip().upper()])
    if movements:
        return movements[0].member_id
    raise UsageError(
        f"{who} is no e-mail address, username, member id or reference of site {site}, nor the site's name: "
        "papercut-relay settle --dry-run shows what is held."
    )
