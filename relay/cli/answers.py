"""The fields that a command's JSON answer has even when it failed, so that a reader finds what it expects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from relay import amounts
from relay.cli.app import OUTSIDE


def usual_fields(command: str) -> dict[str, Any]:
    """Return the fields that a command's answer has even when it failed, so that a reader finds what it expects."""
    if command in ("plan", "sync"):
        users = dict.fromkeys(("create", "adopt", "update", "rename", "unlink", "remove", "unchanged"), 0)
        groups = dict.fromkeys(("create", "remove", "membership_changes", "unchanged"), 0)
        lists: dict[str, list[Any]] = {"changes": [], "warnings": [], "refused": []}
        return {"hash": None, "applied": False, "users": users, "groups": groups, **lists}
    if command in ("settle", "top-up"):
        return {"movements": [], "total": amounts.text(0, OUTSIDE.currency), "held": [], "in_doubt": 0, "refused": []}
    if command == "run":
        return {"business_day": None, "due": None, "sync": None, "settle": None, "top_up": None, "jobs": None}
    if command == "check":
        return {"findings": [], "ok": False}
    return {}


def whole(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run's answer in which a failed part has its command's usual fields, and the run its first failure."""
    whole = dict(answer)
    for name in ("sync", "settle", "top_up", "jobs"):
        part = answer[name]
        if part and "error" in part:
            whole[name] = {**usual_fields(name.replace("_", "-")), **part}
            whole.setdefault("error", part["error"])
    return whole
