"""What PaperCut lets an account print beyond its balance: nothing, up to an overdraft, or whatever it likes. Pure.

Source: PaperCut manual, account options (a restricted user is stopped at zero, or at the overdraft of his own).
"""

from __future__ import annotations

from collections.abc import Mapping

from relay.papercut import keys
from relay.papercut.client import balance_from_text

PROPERTIES = (keys.RESTRICTED, keys.OVERDRAFT)


def left_to_print(balance: int, properties: Mapping[str, str]) -> int | None:
    """Return how much an account may still print for, in micros, by its `PROPERTIES`; None where nothing stops it."""
    if not keys.is_true(properties[keys.RESTRICTED]):
        return None
    try:
        overdraft = balance_from_text(properties[keys.OVERDRAFT] or "0")
    except (ValueError, OverflowError):
        overdraft = 0
    return max(0, balance + overdraft)
