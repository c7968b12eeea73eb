"""The answer of `settle`, `top-up` and recovery: what this run did, what waits, what is in doubt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from relay import amounts
from relay.errors import EXIT_DONE, EXIT_FAILED, EXIT_IN_DOUBT, EXIT_REFUSED, RelayError, UnsafePlan
from relay.money.decide.holds import Held
from relay.money.decide.movement import PUBLIC_STATES, Movement
from relay.money.decide.remedies import of_hold, of_movement
from relay.money.ledger.store import Ledger
from relay.remedy import Note, as_json


@dataclass(frozen=True)
class MoneyResult:
    """`movements` is what this run did, planned or failed, and everything still in doubt, in the ledger's own words."""

    currency: str
    movements: tuple[Movement, ...] = ()
    held: tuple[Held, ...] = ()
    refused: tuple[UnsafePlan, ...] = ()
    problems: tuple[RelayError, ...] = ()
    notes: tuple[Note, ...] = ()
    showing: bool = False  # dry run and shadow mode: the total is of what is planned

    @property
    def in_doubt(self) -> int:
        return sum(1 for movement in self.movements if PUBLIC_STATES[movement.stage] == "in_doubt")

    @property
    def exit_code(self) -> int:
        if self.in_doubt:
            return EXIT_IN_DOUBT
        if self.refused or any(isinstance(problem, UnsafePlan) for problem in self.problems):
            return EXIT_REFUSED
        if self.undone or self.problems:
            return EXIT_FAILED
        return EXIT_DONE

    @property
    def undone(self) -> list[Movement]:
        """The movements that this run certainly did not bring to their end."""
        states = () if self.showing else ("failed", "planned")
        return [movement for movement in self.movements if PUBLIC_STATES[movement.stage] in states]

    @property
    def total(self) -> int:
        """The sum of the fees' prices, each once however many people share it."""
        counted = "planned" if self.showing else "posted"
        fees = {
            movement.fee_reference: movement.fee_price
            for movement in self.movements
            if movement.kind == "fee" and PUBLIC_STATES[movement.stage] == counted
        }
        return sum(fees.values())

    def as_json(self) -> dict[str, Any]:
        """Return the contract's fields; `notes` and `error` only where there is something to say."""
        answer: dict[str, Any] = {
            "movements": [movement_json(movement) for movement in self.movements],
            "total": amounts.text(self.total, self.currency),
            "held": [
                {
                    "username": item.account.username,
                    "member_id": item.account.member_id,
                    "amount": amounts.text(amounts.billable(-item.amount, self.currency), self.currency),
                    "reason": item.reason,
                    "code": item.code,
                    "remedies": as_json(of_hold(item.code, item.account.username)),
                }
                for item in self.held
            ],
            "in_doubt": self.in_doubt,
            "refused": [refusal.as_json() for refusal in self.refused],
        }
        if self.notes:
            answer["notes"] = [note.as_json() for note in self.notes]
        if self.problems:
            first = self.problems[0]
            answer["error"] = first.as_json()
        elif undone := self.undone:
            more = f" (and {len(undone) - 1} more)" if len(undone) > 1 else ""
            told = next((movement for movement in undone if movement.note), undone[0])
            why = told.note or "was not begun; the next run tries again."
            answer["error"] = {
                "code": "changes_failed",
                "message": f"{told.username}: {why}{more}",
                "remedies": as_json(of_movement(told)),
            }
        return answer


def movement_json(movement: Movement) -> dict[str, Any]:
    """Return one movement as the contract shows it; `stage` tells more finely where it stands."""
    return {
        "reference": movement.reference,
        "kind": movement.kind,
        "username": movement.username,
        "member_id": movement.member_id,
        "company_id": movement.company_id,
        "amount": amounts.text(movement.amount, movement.currency),
        "currency": movement.currency,
        "state": PUBLIC_STATES[movement.stage],
        "stage": movement.stage,
        "fee_id": movement.fee_id,
        "note": movement.note or (movement.task if movement.stage == "posted" else ""),
        "remedies": as_json(of_movement(movement)),
    }


def told(ledger: Ledger) -> tuple[Movement, ...]:
    """Return the movements that an answer tells: those this run touched, and all that are in doubt."""
    found = {movement.reference: movement for movement in ledger.named(ledger.touched)}
    for movement in ledger.in_doubt():
        found.setdefault(movement.reference, movement)
    # A withdrawn fee is one that was never made and is no longer owed: there is nothing to tell of it.
    shown = [movement for movement in found.values() if movement.stage != "withdrawn" or movement.kind == "credit"]
    return tuple(sorted(shown, key=lambda movement: (movement.business_day, movement.username, movement.reference)))
