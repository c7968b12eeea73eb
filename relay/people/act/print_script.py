"""Renders `print_hook.js`: the print script with one site's settings between its two marks.

Decides nothing; `publish.py` writes the result.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import papercut_scripts
from relay import amounts

if TYPE_CHECKING:
    from relay.config import Settings

FOLDER = Path(papercut_scripts.__file__).parent
_BETWEEN_MARKS = re.compile(r"(/\* settings:.*?\*/\n).*?(\n/\* end of settings \*/)", re.DOTALL)


def render(settings: Settings) -> str:
    """Return the whole script for `settings`, ready to be pasted into PaperCut; ASCII only."""
    template = (FOLDER / "print_hook.js").read_text(encoding="utf-8")
    assignment = f"var SETTINGS = {json.dumps(script_settings(settings), indent=2)};"
    script, found = _BETWEEN_MARKS.subn(lambda marks: marks[1] + assignment + marks[2], template)
    assert found == 1, "print_hook.js has lost the marks around its settings"
    return script


def script_settings(settings: Settings) -> dict[str, object]:
    """Return what the print script knows of a site; amounts are micros, so that it compares whole numbers."""
    chosen = settings.print
    billed = settings.fees.managed_in == "officernd"
    return {
        "site": settings.site.name,
        "guard": chosen.guard,
        "unlinked_group": settings.members.unlinked_group,
        "blocked_group": chosen.blocked_group,
        "everyone_group": settings.members.everyone_group,
        "individual_group": settings.members.individual_group,
        "exceptions": list(chosen.exceptions),
        "confirm_above_micros": chosen.confirm_above,
        "confirm_pages": chosen.confirm_pages,
        "colour_question": chosen.colour_question,
        "language": chosen.language,
        "on_error": chosen.on_error,
        "currency": settings.site.currency,
        "digits": amounts.digits(settings.site.currency),
        "invoiced": settings.fees.bill_to if billed else "nobody",
        "live": _live(settings),
    }


def _live(settings: Settings) -> dict[str, object] | None:
    if not settings.print.live_users:
        return None
    return {
        "users": list(settings.print.live_users),
        "jython": str(settings.print.live_jython.absolute()) if settings.print.live_jython else "",
        "folder": str(FOLDER.absolute()),
        "home": str(settings.scripts.home.absolute()),
    }
