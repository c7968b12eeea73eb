"""The money room's front: what a run and the command line call, by name.

The names are looked up on first use, because settings and clients import `relay.money.amounts` from below.
"""

from __future__ import annotations

import importlib
from typing import Any

_PUBLIC = {
    "settle": "relay.money.settlement",
    "recover": "relay.money.settlement",
    "top_up": "relay.money.top_ups",
    "resolve": "relay.money.words",
    "approve": "relay.money.words",
    "discrepancies": "relay.money.reconciliation",
    "rebuild": "relay.money.rebuilding",
    "open_movements": "relay.money.reports",
    "held": "relay.money.reports",
    "last_runs": "relay.money.reports",
    "record_run": "relay.money.reports",
}


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)
