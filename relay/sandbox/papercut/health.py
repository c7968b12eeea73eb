"""The health interface: GET /api/health and below, with its key.

Source: PaperCut manual on monitoring system health: key in the header `Authorization` (no scheme word) or as a query;
status addresses answer 200 or 500 with {"status", "message"}.
"""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import Any

from relay.sandbox.papercut.state import KEY_HEALTH, PaperCutState, Printer

VERSION = "25.0.13 (Build 75001)"
PATHS = ("/api/health", "/api/stats")


def answer(state: PaperCutState, path: str, query: dict[str, list[str]], authorization: str) -> tuple[int, Any]:
    """Return HTTP status and JSON value of one address below /api/health or /api/stats."""
    key = state.key(KEY_HEALTH)
    given = authorization or (query.get("Authorization") or [""])[0]
    if not key or not hmac.compare_digest(given.encode(), key.encode()):
        return state.switches.health_bad_key_status, {"status": "ERROR", "message": "Invalid authorization key."}
    with state.lock:
        return _answer(state, path.rstrip("/"), query)


def _answer(state: PaperCutState, path: str, query: dict[str, list[str]]) -> tuple[int, Any]:
    parts = path.split("/")[3:]
    if path == "/api/health":
        return 200, {
            "applicationServer": {
                "systemInfo": {"version": VERSION, "operatingSystem": "stand-in"},
                "systemMetrics": {"diskSpaceFreeMB": 100_000},
            },
            "license": {"valid": True},
            "printers": {"count": len(state.printers)},
            "devices": {"count": 0},
        }
    if path in ("/api/health/status", "/api/health/application-server/status", "/api/health/site-servers/status"):
        return 200, {"status": "OK", "message": "OK"}
    if path == "/api/health/printers":
        return 200, {"printers": [_printer(printer) for printer in state.printers.values()]}
    if path in ("/api/health/devices", "/api/health/print-providers", "/api/health/site-servers"):
        return 200, {parts[0].replace("-", "_"): []}
    if len(parts) == 3 and parts[0] == "printers" and parts[2] == "status":
        found = next((printer for printer in state.printers.values() if str(printer.printer_id) == parts[1]), None)
        if found is None:
            return 404, {"status": "ERROR", "message": "No such printer."}
        return (500, _printer(found)) if found.disabled else (200, _printer(found))
    if path == "/api/stats/held-jobs-count":
        return 200, {"heldJobsCount": 0}
    if path == "/api/stats/recent-pages-count":
        minutes = (query.get("minutes") or ["60"])[0]
        since = state.clock.now() - timedelta(minutes=int(minutes) if minutes.isdecimal() else 60)
        return 200, {"recentPagesCount": sum(job.pages for job in state.jobs if job.printed and job.at >= since)}
    return 404, {"status": "ERROR", "message": "Unknown address."}


def _printer(printer: Printer) -> dict[str, str]:
    return {
        "id": str(printer.printer_id),
        "name": f"{printer.server}\\{printer.name}",
        "status": "ERROR" if printer.disabled else "OK",
        "message": "DISABLED" if printer.disabled else "OK",
    }
