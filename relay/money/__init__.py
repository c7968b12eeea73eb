"""The money room's front: what a run, the command line and the console call, by name."""

from relay.money.decide.holds import STOP_ANSWERS
from relay.money.decide.movement import Movement
from relay.money.ledger.payers import forgotten
from relay.money.rebuild import rebuild
from relay.money.report.discrepancies import discrepancies
from relay.money.report.journal import journal
from relay.money.report.status import (
    doubtful,
    doubts,
    first_run,
    held,
    know_timezone,
    last_readings,
    last_runs,
    members_with_debts,
    members_with_open_movements,
    open_movements,
    record_run,
    stops,
    uncounted,
)
from relay.money.settle import check_codes, recover, settle
from relay.money.top_up import top_up
from relay.money.witness import keep_witness, standing
from relay.money.words import approve, resolve
from relay.money.words_on_many import approve_all, chosen, decided, held_for, withdraw

__all__ = [
    "Movement",
    "STOP_ANSWERS",
    "approve",
    "approve_all",
    "check_codes",
    "chosen",
    "decided",
    "discrepancies",
    "doubtful",
    "doubts",
    "forgotten",
    "held",
    "held_for",
    "journal",
    "know_timezone",
    "keep_witness",
    "last_readings",
    "first_run",
    "last_runs",
    "members_with_open_movements",
    "members_with_debts",
    "open_movements",
    "rebuild",
    "record_run",
    "recover",
    "resolve",
    "settle",
    "standing",
    "stops",
    "top_up",
    "uncounted",
    "withdraw",
]
