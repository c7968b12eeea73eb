"""Renders `print_hook.js`: the print script with one site's settings and texts between their marks.

Decides nothing; `publish.py` writes the result.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import papercut_scripts
from relay import amounts, print_texts

if TYPE_CHECKING:
    from relay.config import Settings

FOLDER = Path(papercut_scripts.__file__).parent
_BETWEEN_MARKS = re.compile(r"(/\* settings:.*?\*/\n).*?(\n/\* end of settings \*/)", re.DOTALL)


def render(settings: Settings) -> str:
    """Return the whole script for `settings`, ready to be pasted into PaperCut; ASCII only."""
    template = print_texts.SCRIPT.read_text(encoding="utf-8")
    assignment = f"var SETTINGS = {json.dumps(script_settings(settings), indent=2)};"
    script, found = _BETWEEN_MARKS.subn(lambda marks: marks[1] + assignment + marks[2], template)
    assert found == 1, "print_hook.js has lost the marks around its settings"
    texts = print_texts.of_site(settings.print.language, settings.print.contact, dict(settings.print.texts))
    script, found = print_texts.TABLE.subn(lambda marks: marks[1] + json.dumps(texts, indent=2) + marks[3], script)
    assert found == 1, "print_hook.js has lost the marks around its texts"
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
