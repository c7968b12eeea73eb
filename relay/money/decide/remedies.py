"""Which answers release what is held, end a stop, or settle a doubt, and with them the remedies. Pure."""

from __future__ import annotations

from relay.language import lazy
from relay.money.decide.holds import (
    COMPANY_GONE,
    CREDIT,
    FOREIGN_FEE,
    LIMITS,
    MAX_TOP_UPS,
    MEMBER_GONE,
    RESTORED,
    SETTLE_FIRST,
    STOP_ANSWERS,
    UNREAD,
    Answer,
)
from relay.money.decide.movement import PUBLIC_STATES, Movement
from relay.remedy import Remedies, Remedy

# What no word can release: these are put right in the settings or in PaperCut, or lifted for one run.
NO_WORD = frozenset({UNREAD, SETTLE_FIRST, MAX_TOP_UPS})


def answers_to(code: str) -> tuple[Answer, ...]:
    """Return the answers that release what is held for a reason, the likeliest first."""
    if code in NO_WORD:
        return ()
    if code == CREDIT:
        return ("credit",)
    if code in (MEMBER_GONE, COMPANY_GONE, RESTORED):
        return ("forgive",)
    return ("forgive", "bill") if code == FOREIGN_FEE else ("bill", "forgive")


def of_hold(code: str, username: str) -> Remedies:
    """Return what releases what is held of somebody; a limit can be lifted for one run too."""
    if code == MAX_TOP_UPS:
        return (Remedy("allow_top_up", (code,)),)
    if code == RESTORED:
        return (Remedy("approve_amount", (username, "forgive")),)
    lifted = (Remedy("allow_settle", (code,)),) if code in LIMITS else ()
    return (*(Remedy("approve", (username, answer)) for answer in answers_to(code)), *lifted)


def of_refusal(code: str) -> Remedies:
    """Return what is done about everybody who is held for a reason."""
    if code in LIMITS:
        return (
            Remedy("allow_settle", (code,), lazy("if all of it is right")),
            Remedy("show_held", (), lazy("to see whose")),
        )
    return (Remedy("show_held", (), lazy("to see whose")),)


def of_stop(code: str) -> Remedies:
    """Return what ends a stop: an answer, or what was lost put back."""
    if code in ("ledger_lost", "ledger_old"):
        return (Remedy("rebuild", (), lazy("if there is no newer copy of the ledger")),)
    meanings = {
        "forgive": lazy("to forgive what is owed now"),
        "bill": lazy("to bill it"),
        "continue": lazy("to go on"),
    }
    if code == "restored":
        meanings |= {
            "forgive": lazy("to bring the balances back to what the journal says"),
            "continue": lazy("to keep PaperCut's present balances, and hold as unexplained what was billed already"),
        }
    return tuple(Remedy("approve", (code, answer), meanings[answer]) for answer in STOP_ANSWERS.get(code, ()))


def of_movement(movement: Movement) -> Remedies:
    """Return the words that settle the effect in doubt, none where nothing is."""
    if PUBLIC_STATES[movement.stage] != "in_doubt":
        return ()
    reference = movement.fee_reference if movement.waits_for_fee else movement.reference
    assert reference is not None
    return (
        Remedy("resolve", (reference, "posted"), lazy("if it is there")),
        Remedy("resolve", (reference, "not-sent"), lazy("if it is not there")),
    )
