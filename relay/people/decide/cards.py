"""Card numbers: which of them we wrote ourselves, and how a question names one without telling it. Pure.

What we wrote is remembered as digests, since the ledger needs to recognise a number and not to know it.
"""

from __future__ import annotations

import hashlib

from relay.accounts import folded

MOST_SHOWN = 4


def digest(member_id: str, card: str) -> str:
    """Return by what a number that we wrote for a member is recognised; another member's looks different."""
    return hashlib.sha256(f"{member_id}\n{folded(card)}".encode()).hexdigest()[:32]


def is_ours(written: str, member_id: str, card: str) -> bool:
    """Return whether `written` (digests with blanks between them) tells that we wrote this number."""
    return digest(member_id, card) in written.split()


def with_intent(written: str, member_id: str, present: str, card: str) -> str:
    """Return what to remember before `card` is written over `present`: a killed run leaves one of the two there."""
    kept = [digest(member_id, present)] if present and is_ours(written, member_id, present) else []
    return " ".join(dict.fromkeys([*kept, digest(member_id, card)]))


def tail(card: str) -> str:
    """Return a number's last digits alone, and never more than half of it: "…4711"."""
    shown = min(MOST_SHOWN, len(card) // 2)
    return "…" + (card[-shown:] if shown else "")
