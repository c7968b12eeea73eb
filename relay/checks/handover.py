"""The hand-over files: are they there, fresh, for this release and these settings, and in the right hands."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from papercut_scripts import compat
from papercut_scripts import handover as format_
from relay import plain_files
from relay.checks.model import Check, CheckedSite, Fix
from relay.errors import RelayError
from relay.finding import Finding, Severity
from relay.language import lazy, nlazy
from relay.people.act import publish
from relay.remedy import Remedy

PRINT_SCRIPT = "print_hook.js"
_PASTE = "Printers > [Template Printer] (and each printer) > Scripting"


def files(site: CheckedSite) -> Iterator[Finding]:
    home = site.settings.scripts.home
    if not home.is_dir():
        yield Finding(
            "home_missing",
            _severity(home),
            str(home),
            lazy(
                "The folder of the hand-over files %(home)s does not exist here, so PaperCut's two programs cannot "
                "answer: run the installer on the PaperCut server, or correct [scripts] home.",
                home=home,
            ),
            lazy("creates %(home)s for this account alone and writes settings.json into it", home=home),
        )
        return
    yield from _rights(home)
    yield from _settings_file(site, home)
    if not (home / PRINT_SCRIPT).is_file():
        yield Finding(
            "print_script_missing",
            "warning",
            PRINT_SCRIPT,
            lazy("There is no %(home)s to paste into PaperCut: a successful sync writes it.", home=home / PRINT_SCRIPT),
            lazy(
                "writes settings.json and %(print_script)s into %(home)s; PaperCut itself is not touched",
                print_script=PRINT_SCRIPT,
                home=home,
            ),
        )
    else:
        yield Finding(
            "print_script_unreadable",
            "info",
            PRINT_SCRIPT,
            lazy(
                "PaperCut does not say which script a printer has: make sure that %(paste)s holds the text of "
                "%(home)s, as the last sync wrote it.",
                paste=_PASTE,
                home=home / PRINT_SCRIPT,
            ),
        )


def _severity(home: Path) -> Severity:
    """Before the first sync it is no surprise that files are missing: the sync writes them."""
    return "error" if publish.is_published(home) else "warning"


def _rights(home: Path) -> Iterator[Finding]:
    if os.name == "nt":
        return
    found = home.stat()
    why = "" if compat.is_anothers(str(home)) else compat.why_open(str(home))
    if why and not stat.S_IMODE(found.st_mode) & 0o022:
        yield Finding(
            "home_above_open",
            "error",
            str(home),
            lazy(
                "Logins are decided in %(home)s, and %(why)s: take that right away (chmod go-w), or choose another "
                "[scripts] home.",
                home=home,
                why=why,
            ),
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        yield Finding(
            "home_open",
            "error",
            str(home),
            lazy("Other accounts of this machine may enter %(home)s, where logins are decided.", home=home),
            lazy("takes every right on %(home)s from all accounts but its owner's", home=home),
        )
    if found.st_uid != os.geteuid() and os.geteuid() != 0:
        yield Finding(
            "home_of_another_account",
            "error",
            str(home),
            lazy(
                "%(home)s belongs to a different account from the one that runs this command: the relay runs as "
                "the account of PaperCut's server, on Linux `papercut` (sudo -u papercut).",
                home=home,
            ),
        )


def close_home(site: CheckedSite, findings: list[Finding]) -> None:
    site.settings.scripts.home.chmod(0o700)


def _settings_file(site: CheckedSite, home: Path) -> Iterator[Finding]:
    path = home / "settings.json"
    does = lazy("writes %(path)s again from relay.toml; PaperCut itself is not touched", path=path)
    try:
        found = dict(plain_files.json_value(path))
    except FileNotFoundError:
        message = lazy(
            "There is no %(path)s, so the login program refuses everybody: a successful sync writes it.", path=path
        )
        yield Finding("program_settings_missing", _severity(home), str(path), message, does)
        return
    except (OSError, ValueError, TypeError):
        message = lazy("%(path)s cannot be read, so the login program refuses everybody.", path=path)
        yield Finding("program_settings_missing", "error", str(path), message, does)
        return
    wanted = publish.program_settings(site.settings, now=site.clock.now())
    changed = sorted(key for key in wanted if key != "published" and found.get(key) != wanted[key])
    if changed:
        yield Finding(
            "program_settings_old",
            "warning",
            str(path),
            lazy(
                "%(path)s differs from relay.toml in %(changed)s: the login program still works with the old "
                "values until the next successful sync.",
                path=path,
                changed=", ".join(changed),
            ),
            does,
        )


def publish_programs(site: CheckedSite, findings: list[Finding]) -> None:
    publish.publish_programs(site.settings, now=site.clock.now())


def directory(site: CheckedSite) -> Iterator[Finding]:
    """Look at the directory in force: readable, and young enough to be answered from."""
    home = site.settings.scripts.home
    if not publish.is_published(home):
        yield Finding(
            "never_synced",
            "warning",
            str(home / "directory"),
            lazy("No directory has been published yet, so nobody can log in."),
            remedies=(Remedy("plan", (), lazy("first, to read it")), Remedy("sync", (), lazy("then"))),
        )
        yield Finding(
            "not_probed",
            "info",
            lazy("PaperCut and OfficeRnD"),
            lazy(
                "What no document says about these two systems can be asked of them in a minute; it is written "
                "down without names or amounts, for whoever is to help you."
            ),
            remedies=(Remedy("probe", ("site.json",)),),
        )
        return
    try:
        reader = format_.DirectoryInForce(str(home))
        found = reader.read(lambda generation: "all-users")
        publish.current_directory(home)
    except (format_.Doubt, RelayError) as error:
        yield Finding("directory_damaged", "error", str(home / "directory"), str(error))
        return
    now = site.clock.now()
    published = datetime.fromtimestamp(found.published, UTC)
    hours = (now - published).total_seconds() / 3600
    if now.timestamp() > found.stale_after:
        yield Finding(
            "directory_old",
            "error",
            nlazy("%(num)s hour", "%(num)s hours", round(hours)),
            lazy(
                "The directory was published %(hours)s hours ago, more than [scripts] max_age_hours: PaperCut's "
                "sync is refused until people are brought in line. Do that, and find out why it has not happened "
                "by itself.",
                hours=format(hours, ".0f"),
            ),
            remedies=(Remedy("sync"),),
        )
    elif hours > 26:
        yield Finding(
            "directory_ageing",
            "warning",
            nlazy("%(num)s hour", "%(num)s hours", round(hours)),
            lazy(
                "The directory was published %(hours)s hours ago: the daily run has been missed.",
                hours=format(hours, ".0f"),
            ),
            remedies=(Remedy("status", (), lazy("to see why")),),
        )


CHECKS = (
    Check(
        files,
        lazy("The files for PaperCut are in place and match the settings"),
        fixes=(
            Fix("home_missing", publish_programs),
            Fix("home_open", close_home),
            Fix("program_settings_missing", publish_programs),
            Fix("program_settings_old", publish_programs),
            Fix("print_script_missing", publish_programs),
        ),
    ),
    Check(directory, lazy("The directory that PaperCut reads is fresh")),
)
