"""Backups of the whole server as one value, and putting one back.

A backup holds what PaperCut's database holds: users, balances, counters, groups, shared accounts, printers, jobs,
transactions, keys, the administrator's settings, and the next free ids. What lies in files beside it survives a
restore: print logs, server.log, security.properties. Source: web-services notes 4 (`server/data/backups`, `db-tools`).
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from datetime import datetime

from relay.sandbox.late import LateEffects
from relay.sandbox.papercut.state import PaperCutState
from relay.sandbox.papercut.tasks import TaskSlot


@dataclass(frozen=True)
class Backup:
    """The database as it was `at` that moment; may be put back any number of times, for this process only."""

    at: datetime
    content: bytes = field(repr=False)


def backup(state: PaperCutState) -> Backup:
    """Return the state's database as a value."""
    with state.lock:
        return Backup(state.clock.now(), pickle.dumps(state.held()))


def restore(state: PaperCutState, tasks: TaskSlot, late: LateEffects, held: Backup) -> None:
    """Put a backup in the place of the database. Objects that were taken out of the state before mean nothing then.

    A restored server was down: what would have come late never comes, and nobody is logged in.
    """
    with late.dropped():
        tasks.join()
        with state.lock:
            state.put_back(pickle.loads(held.content))
