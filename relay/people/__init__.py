"""People: who may print, who is who, and the sync that makes PaperCut say so. The functions below are the way in.

The names are looked up on first use, because the money and jobs rooms import single modules of this one.
"""

from __future__ import annotations

import importlib
from typing import Any

_PUBLIC = {
    "make_plan": "relay.people.synchronise",
    "sync": "relay.people.synchronise",
    "link": "relay.people.answers",
    "unlink": "relay.people.answers",
    "not_same": "relay.people.answers",
    "issue_pin": "relay.people.answers",
    "revoke_pin": "relay.people.answers",
    "explain": "relay.people.explanation",
    "readiness": "relay.people.ready",
}


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)
