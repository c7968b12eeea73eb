"""Installation: where both systems are, and the package that the installer on the PaperCut machine is in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Blueprint, Response, render_template

from relay.console.gate import audited, desk, needs
from relay.held_files import scratch_folder
from relay.language import N_

page = Blueprint("installation", __name__)


@page.get("/installation")
def show() -> str:
    place = desk()
    settings, known = place.settings, place.glance.locations if place.glance else ()
    location = next((one.name for one in known if one.id == settings.officernd.location), settings.officernd.location)
    return render_template("installation.html", settings=settings, location=location, config_file=str(settings.path))


@page.post("/installation/package")
@needs("operate")
def package() -> Any:
    """Make the package anew and send it; it holds no secret."""
    from relay import bundle

    with scratch_folder("package") as folder:
        out = Path(folder) / "papercut-officernd.zip"
        bundle.make_bundle(desk().settings, out, platform=None, with_secrets=False, pass_phrase=None, site_server=False)
        content = out.read_bytes()
    audited(N_("package made"), outcome=f"{len(content)} bytes")
    answer = Response(content, mimetype="application/zip")
    answer.headers["Content-Disposition"] = 'attachment; filename="papercut-officernd.zip"'
    return answer
