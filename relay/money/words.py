"""A person's word: `resolve` says whether one effect is there, `approve` answers what is held, or a stop.

Both only write the ledger; the next settle acts on it. Every word is kept with its reason and its time, speaks of one
held row or one stop, and is used once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from relay import amounts, language
from relay.accounts import meant
from relay.errors import EXIT_DONE, UsageError
from relay.language import joined, lazy
from relay.money.decide.holds import COMPANY_GONE, MEMBER_GONE, RESTORED, STOP_ANSWERS, Answer, Hold, Stop
from relay.money.decide.movement import Movement
from relay.money.decide.remedies import NO_WORD, answers_to, of_stop
from relay.money.decide.wallet import disputed_again
from relay.money.ledger import holds, journal
from relay.money.ledger.store import Ledger, writing
from relay.money.report.result import movement_json
from relay.remedy import Remedy
from relay.site import Site
from relay.stored_accounts import accounts_of

ENDED_BY = {
    "currency_changed": lazy("set [site] currency back"),
    "ledger_lost": lazy("put the newest copy of the ledger back, or rebuild it"),
    "ledger_old": lazy("put the newest copy of the ledger back, or rebuild it"),
}
DONE = {"bill": lazy("is billed"), "forgive": lazy("is forgiven"), "credit": lazy("is taken back for a credit")}
Effect = Literal["posted", "not-sent", "none"]


@dataclass(frozen=True)
class WordResult:
    """What a word did, in a sentence and as JSON."""

    message: str
    fields: dict[str, Any]
    exit_code: int = EXIT_DONE

    def as_json(self) -> dict[str, Any]:
        return {"message": self.message, **self.fields}


# -- one effect ------------------------------------------------------------------------------------------------------


def resolve(site: Site, reference: str, *, as_: Effect, reason: str) -> WordResult:
    """Settle the one effect in doubt that a movement's note names, by a person's word.

    `posted`: it is there, go on from it. `not-sent`: it is not there, the next settle sends it once. `none`: the fee
    stands and nothing is to be adjusted. Raises UsageError for a reference that is unknown or of which nothing is in
    doubt.
    """
    reason = given_reason(reason)
    with writing(site) as ledger:
        movement = _movement(ledger, reference.strip().upper())
        settled = _resolve_fee if movement.waits_for_fee else _resolve_adjustment
        message = settled(ledger, movement, as_, reason)
        return WordResult(message, {"movement": movement_json(ledger.movement(movement.reference))})


def _resolve_fee(ledger: Ledger, movement: Movement, as_: Effect, reason: str) -> str:
    assert movement.fee_reference is not None
    detail = {"as": as_, "reason": reason}
    if as_ == "none":
        raise UsageError(
            lazy(
                "“none” says that a fee stands and nothing is to be adjusted, but whether %(fee_reference)s stands "
                "is what is in doubt: say “posted” first.",
                fee_reference=movement.fee_reference,
            )
        )
    if movement.fee_state not in ("sent", "in_doubt") and not movement.fee_lost:
        raise _nothing_in_doubt(movement)
    with ledger.write() as connection:
        if as_ == "posted":
            ledger.step_fee(
                connection, movement.fee_reference, "posted", "word", detail, by_word=True, lost=False, note=""
            )
            return lazy(
                "Fee %(fee_reference)s counts as posted; the next settle adjusts the balance.",
                fee_reference=movement.fee_reference,
            )
        if movement.fee_state == "failed":
            ledger.answer_fee(connection, movement.fee_reference, "", lost=False)
        ledger.step_fee(connection, movement.fee_reference, "planned", "word", detail, lost=False, note="")
        return lazy(
            "Fee %(fee_reference)s counts as not sent; the next settle bills what is owed once.",
            fee_reference=movement.fee_reference,
        )


def _resolve_adjustment(ledger: Ledger, movement: Movement, as_: Effect, reason: str) -> str:
    # A refused adjustment can be said to be done too: somebody did it by hand, or the account is gone.
    if movement.state not in ("sent", "in_doubt", "failed") and not (movement.note and as_ != "not-sent"):
        raise _nothing_in_doubt(movement)
    reference, detail = movement.reference, {"as": as_, "reason": reason}
    with ledger.write() as connection:
        if as_ == "posted":
            ledger.step_movement(connection, reference, "posted", "word", detail, by_word=True, lost=False, note=reason)
            return lazy("Adjustment %(reference)s counts as done.", reference=reference)
        if as_ == "none":
            if movement.kind != "fee":
                raise UsageError(
                    lazy(
                        "“none” is for a fee that stands without an adjustment; %(reference)s is a %(kind)s: say "
                        "“posted” or “not-sent”.",
                        reference=reference,
                        kind=movement.kind,
                    )
                )
            if movement.state == "sent":  # nobody looked since: what a person answers is a doubt
                ledger.step_movement(connection, reference, "in_doubt", "word", detail)
            ledger.step_movement(
                connection, reference, "withdrawn", "word", detail, by_word=True, lost=False, note=reason
            )
            if movement.wallet_id is not None:  # what the fee has billed is never billed again
                wallet = journal.wallet(connection, movement.wallet_id)
                after, entry = disputed_again(wallet, movement)
                ledger.book(connection, after, entry, ledger.witness)
            return lazy(
                "Fee %(fee_reference)s stands and nothing is adjusted for it.",
                fee_reference=movement.fee_reference or reference,
            )
        ledger.step_movement(
            connection,
            reference,
            "planned",
            "word",
            detail,
            by_word=True,
            lost=False,
            note="",
            balance_before=None,
            jobs_before=None,
        )
        return lazy("Adjustment %(reference)s counts as not done; the next settle sends it once.", reference=reference)


# -- what is held, and stops -----------------------------------------------------------------------------------------


def approve(site: Site, who: str, *, as_: Answer, reason: str, amount: str = "", by: str = "") -> WordResult:
    """Answer what the last settle held of a person, or a stop: `who` is a stop's code or the site's name.

    `amount` releases only so much of what is held; what a restored PaperCut has forgotten needs it. `by` is who says it
    in the console, where the first of two people has the word; on the command line a later one takes its place. Raises
    UsageError when nothing of theirs is held, or it cannot be answered that way.
    """
    reason = given_reason(reason)
    with writing(site) as ledger:
        if who == site.name or who in STOP_ANSWERS:
            if amount:
                raise UsageError(lazy("A stop is answered as a whole: leave the amount out."))
            return _approve_stop(site, ledger, who, as_, reason, by)
        return _approve_holds(site, ledger, who, as_, reason, amount, by)


def _refuse_a_second(rows: Sequence[Hold | Stop], by: str) -> None:
    """Raise UsageError where somebody in the console would decide what is decided already."""
    if by and any(row.word is not None for row in rows):
        raise UsageError(lazy("This was decided already, and that stands until it is taken back."))


def _approve_stop(site: Site, ledger: Ledger, who: str, as_: Answer, reason: str, by: str) -> WordResult:
    with ledger.write() as connection:
        named = [stop for stop in holds.open_stops(connection, site.name) if who in (site.name, stop.code)]
        wanted = [stop for stop in named if as_ in STOP_ANSWERS.get(stop.code, ())]
        if not wanted:
            raise _not_ended(site, named, as_)
        _refuse_a_second(wanted, by)
        for stop in wanted:
            holds.add_word(connection, site.name, as_, reason, site.clock.now(), stop=stop, by=by)
    codes = [stop.code for stop in wanted]
    return WordResult(
        lazy(
            "The stop of site %(name)s (%(codes)s) is answered with %(said)s; the next run goes by that.",
            name=site.name,
            codes=", ".join(codes),
            said=as_,
        ),
        {"who": who, "as": as_, "held": dict.fromkeys(codes, amounts.text(0, site.settings.site.currency))},
    )


def _not_ended(site: Site, named: Sequence[Stop], as_: Answer) -> UsageError:
    """Return why an answer ends none of the stops that were named."""
    if not named:
        return UsageError(
            lazy("Site %(name)s is not stopped.", name=site.name),
            remedies=(Remedy("status", (), lazy("to see what is open")),),
        )
    stop = named[0]
    answers = STOP_ANSWERS.get(stop.code, ())
    how = (
        f"say {' or '.join(f'“{one}”' for one in answers)}"
        if answers
        else ENDED_BY.get(stop.code, lazy("rebuild the ledger"))
    )
    return UsageError(
        lazy(
            "The stop %(code)s is not ended by “%(said)s”: %(how)s. %(message)s",
            code=stop.code,
            said=as_,
            how=how,
            message=stop.message,
        ),
        remedies=of_stop(stop.code),
    )


def _approve_holds(site: Site, ledger: Ledger, who: str, as_: Answer, reason: str, amount: str, by: str) -> WordResult:
    currency = site.settings.site.currency
    member_id = member_id_of(site, who)
    with ledger.write() as connection:
        found = [
            row
            for row in holds.open_holds(connection, site.name)
            if row.member_id == member_id and row.code not in NO_WORD
        ]
        wanted = [row for row in found if as_ in answers_to(row.code)]
        if not wanted:
            raise not_answerable(who, as_, found)
        _refuse_a_second(wanted, by)
        named = _named(wanted, who, amount, currency)
        for row in wanted:
            holds.add_word(connection, site.name, as_, reason, site.clock.now(), hold=row, amount=named[row.id], by=by)
    total = language.amount(amounts.text(coins(sum(named.values()), currency), currency), currency)
    instead = lazy("This replaces the earlier decision.") if any(row.word for row in wanted) else ""
    person, codes = wanted[0].username, ", ".join(sorted(row.code for row in wanted))
    return WordResult(
        joined(
            lazy(
                "%(total)s of %(person)s (%(codes)s) %(done)s by the next settle.",
                total=total,
                person=person,
                codes=codes,
                done=DONE[as_],
            ),
            instead,
        ),
        {
            "who": who,
            "as": as_,
            "held": {row.code: amounts.text(coins(named[row.id], currency), currency) for row in wanted},
        },
    )


def not_answerable(who: str, as_: Answer, found: Sequence[Hold]) -> UsageError:
    if as_ == "bill" and any(row.code in (MEMBER_GONE, COMPANY_GONE) for row in found):
        return UsageError(
            lazy(
                "OfficeRnD no longer knows %(who)s, or the company that pays, so no fee can be made for them: "
                "collect the money in another way, then forgive it.",
                who=who,
            )
        )
    return UsageError(
        lazy("Nothing held for %(who)s can be released by “%(said)s”.", who=who, said=as_),
        remedies=(Remedy("show_held", (), lazy("to see what is held and why")),),
    )


def _named(rows: Sequence[Hold], who: str, amount: str, currency: str) -> dict[int, int]:
    """Return what a word names of each row, micros: all of it, or the amount given. Raises UsageError."""
    untold = any(row.code == RESTORED for row in rows)
    if not amount:
        if untold:
            raise UsageError(
                lazy(
                    "What the restored PaperCut has forgotten of %(who)s's balance is not known: name the amount, such "
                    "as 5.00, or 0 for nothing.",
                    who=who,
                ),
                remedies=(Remedy("approve_amount", (who, "forgive")),),
            )
        return {row.id: row.amount for row in rows}
    try:
        named = amounts.parse(amount)
    except ValueError as error:
        raise UsageError(lazy("This is not an amount: %(error)s.", error=error)) from None
    if len(rows) > 1:
        codes = ", ".join(sorted(row.code for row in rows))
        raise UsageError(
            lazy(
                "%(who)s has several things held (%(codes)s), so an amount does not say which: leave it out.",
                who=who,
                codes=codes,
            )
        )
    if named < 0 or (not untold and not 0 < named <= rows[0].amount):
        held = amounts.text(coins(rows[0].amount, currency), currency)
        raise UsageError(
            lazy(
                "%(amount)s is not part of what is held for %(who)s: %(held)s.",
                amount=amount,
                who=who,
                held=language.amount(held, currency),
            )
        )
    if not untold and named % amounts.minor_unit(currency):
        raise UsageError(
            lazy("%(amount)s has more decimal places than %(currency)s.", amount=amount, currency=currency)
        )
    return {rows[0].id: named}


def coins(amount: int, currency: str) -> int:
    return amounts.billable(-amount, currency)


def given_reason(text: str) -> str:
    text = " ".join(text.split())
    if not text:
        raise UsageError(lazy("Give a reason that somebody will understand next year, such as “seen in PaperCut”."))
    return text


def _movement(ledger: Ledger, reference: str) -> Movement:
    """Return the movement that a reference names; a shared fee's reference names its first adjustment."""
    found = ledger.named([reference]) or ledger.of_fee(reference)
    if not found:
        raise UsageError(
            lazy("The ledger has no movement %(reference)s.", reference=reference),
            remedies=(Remedy("status", (), lazy("to see the open ones")),),
        )
    return found[0]


def _nothing_in_doubt(movement: Movement) -> UsageError:
    return UsageError(
        lazy(
            "Nothing of %(reference)s is in doubt (it is %(stage)s).",
            reference=movement.reference,
            stage=movement.stage,
        ),
        remedies=(Remedy("status", (), lazy("to see what is")),),
    )


def member_id_of(site: Site, who: str) -> str:
    found = meant(who, accounts_of(site.database, site.name))
    if len(found) > 1:
        ids = ", ".join(sorted(account.member_id for account in found))
        raise UsageError(
            lazy("%(who)s is the address or name of several members (%(ids)s): name one by id.", who=who, ids=ids)
        )
    if found:
        return found[0].member_id
    movements = Ledger(site.database, site.name, site.clock).named([who.strip().upper()])
    if movements:
        return movements[0].member_id
    raise UsageError(
        lazy(
            "%(who)s is not an e-mail address, username, member id, full name or reference of site %(site)s, nor "
            "the site's name or a stop.",
            who=who,
            site=site.name,
        ),
        code="who_unknown",
        remedies=(Remedy("show_held", (), lazy("to see what is held")),),
    )
