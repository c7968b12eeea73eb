"""References: the one name that a movement has in the ledger, in the fee's name and in the adjustment's comment.

`PRF-250312-4HW0PZ-7QK2M9FA` is a fee of one subject on 12 March 2025. The third part is random, so that an older copy
of the ledger never gives a reference a second time (version 0.2 counted there). The last part is computed from
everything before it, the site and the subject, so a reference found in a fee can be checked against the fee's member
without a ledger. Nothing here reads or writes anything.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date

from relay.money.decide.movement import Kind

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no letter looks like a digit
NONCE_LENGTH = 6
_KIND_LETTERS: dict[str, str] = {
    "fee": "F",
    "top_up": "T",
    "forgiveness": "G",
    "credit": "C",
    "restoration": "R",
    "included": "N",
}
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
_TOKEN = re.compile(
    r"(?<![0-9A-Z])PR[FTGCRN]-\d{6}-[0-9A-HJKMNP-TV-Z]{1,6}-[0-9A-HJKMNP-TV-Z]{8}(?![0-9A-Z])", re.IGNORECASE
)


def make(kind: Kind, site: str, subject_id: str, business_day: date, nonce: str) -> str:
    """Return the reference of a movement of `kind` for a member or company on a business day."""
    head = f"PR{_KIND_LETTERS[kind]}-{business_day:%y%m%d}-{nonce}"
    digest = hashlib.sha256("\x1f".join((head, site, subject_id)).encode()).digest()
    number = int.from_bytes(digest[:5], "big")
    code = "".join(LETTERS[number >> shift & 31] for shift in range(35, -1, -5))
    return f"{head}-{code}"


def part(fee_reference: str, ordinal: int) -> str:
    """Return the reference of one person's adjustment under a fee that several people share."""
    return f"{fee_reference}/{ordinal}"


def find(text: str) -> list[str]:
    """Return the references inside a text that people may have edited around them: any case, any dash."""
    return [match.group().upper() for match in _TOKEN.finditer(text.translate(_DASHES))]


def disarmed(text: str) -> str:
    """Return a text that somebody else wrote, such as a document's name, so that no reference is found in it."""
    plain = text.translate(_DASHES)
    return _TOKEN.sub(lambda match: match.group().replace("-", " "), plain) if _TOKEN.search(plain) else text


def kind(text: str) -> str:
    """Return the kind of the movement that a reference names, "" for what is none."""
    return next((kind for kind, letter in _KIND_LETTERS.items() if text.startswith(f"PR{letter}-")), "")


def belongs(reference: str, site: str, subject_id: str) -> bool:
    """Return whether a reference found somewhere was made by this site for this subject."""
    day = business_day(reference)
    if not kind(reference) or day is None:
        return False
    return make(kind(reference), site, subject_id, day, reference.split("-")[2]) == reference  # type: ignore[arg-type]


def business_day(reference: str) -> date | None:
    """Return the business day that a reference names, None where it names no real date."""
    digits = reference.split("-")[1]
    try:
        return date(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:6]))
    except ValueError:
        return None
