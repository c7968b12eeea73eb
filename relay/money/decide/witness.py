"""The witness: a number that the relay keeps in PaperCut, and what it tells when the two do not agree.

It is the net under everything else: a PaperCut put back from a backup, an older copy of the ledger, a second relay or a
renamed site all show in it before money moves. Plain values; nothing here reads or writes anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

from relay import json_text

Verdict = Literal["", "restored", "ledger_old", "ledger_lost", "second_relay", "site_renamed"]

ABOUT = "Kept by the OfficeRnD relay to notice restored backups: please leave this account and its notes as they are."


@dataclass(frozen=True, slots=True)
class Witness:
    """What stands in the notes: whose they are, the number, and a random mark that no other run gives."""

    site: str
    ledger: str
    number: int
    mark: str


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the ledger knows: the witness in force, and the one whose raise is under way, if any.

    `number` 0: none was ever made. `known_ledgers` are the ledger ids of this database's other sites, by site;
    `raised_from` are the numbers set after a restore, each with the restored one that it rose from.
    """

    current: Witness
    target: Witness | None = None
    known_ledgers: Mapping[str, str] | None = None
    raised_from: Mapping[int, int] = field(default_factory=dict)


def notes_of(witness: Witness) -> str:
    """Return the notes that tell a witness."""
    return json.dumps({"about": ABOUT, **asdict(witness)})


def witness_of(notes: str | None) -> Witness | None:
    """Return the witness in an account's notes, None where they are none of ours or somebody has edited them."""
    try:
        found = json_text.parsed(notes or "")
        return Witness(str(found["site"]), str(found["ledger"]), int(found["number"]), str(found["mark"]))
    except (ValueError, KeyError, TypeError):
        return None


def judge_witness(seen: Witness | None, known: Remembered) -> Verdict:
    """Given what PaperCut's witness says and what the ledger knows, return "" to go on, or which stop it is.

    A witness that is gone, or that cannot be read, is one that was put back to before it was made.
    """
    mine = known.current
    is_first = mine.number == 0  # nothing has moved under a first one that was not yet confirmed
    if seen is None:
        return "" if is_first else "restored"
    if seen.ledger != mine.ledger:
        if seen.site == mine.site:
            return "ledger_lost" if is_first else "second_relay"
        return "site_renamed" if (known.known_ledgers or {}).get(seen.site) == seen.ledger else "second_relay"
    if seen in (mine, known.target):
        return ""
    return "restored" if seen.number <= mine.number else "ledger_old"
