"""What needs no system: language, time zone, currency, the console's password, the schedule and the folders."""

from __future__ import annotations

import os
import re
import zoneinfo
from functools import cache
from pathlib import Path

from relay import passwords
from relay.amounts import currencies
from relay.checks.server import read_by
from relay.errors import UsageError
from relay.installer import places, windows
from relay.language import lazy
from relay.print_texts import LANGUAGES
from relay.private_files import can_be_made
from relay.setup.values import AnswerProblem, Fact, Option, Prompt, SetupStep, TrialResult, Walk, Workbench

WINDOWS_ZONE = "SYSTEM\\CurrentControlSet\\Control\\TimeZoneInformation"  # a key of its registry


def local_zone() -> str:
    """Return this machine's IANA time zone, "" where it does not say."""
    localtime = Path("/etc/localtime")
    named = os.environ.get("TZ", "")
    found = re.search(r"zoneinfo/(?:posix/|right/)?(.+)$", str(localtime.resolve())) if localtime.exists() else None
    for name in (named, found.group(1) if found else "", windows_zone() if os.name == "nt" else ""):
        if name in _zones():
            return name
    return ""


def windows_zone() -> str:
    """Return Windows' time zone by the name that the rest of the world has for it, "" where there is none.

    Source: Windows' registry; CLDR's table of Windows' zones, in babel.
    """
    from babel.core import get_global  # only who is asked pays for loading it

    named = str(windows.registry_values(WINDOWS_ZONE).get("timezonekeyname"))
    return str(get_global("windows_zone_mapping").get(named, ""))


@cache
def _zones() -> tuple[str, ...]:
    """Return the time zones of a place, by name; reading them opens hundreds of files."""
    return tuple(sorted(name for name in zoneinfo.available_timezones() if "/" in name))


def _language_questions(workbench: Workbench, walk: Walk) -> tuple[Prompt, ...]:
    return (
        Prompt(
            "print.language",
            "one",
            lazy("Language of the messages at the printer"),
            choices=tuple(Option(code, LANGUAGES[code][0]) for code in LANGUAGES),
            default="en",
        ),
        Prompt(
            "site.timezone",
            "text",
            lazy("Time zone"),
            lazy("A fee belongs to the day that it is here, not in London. For example Europe/Sofia."),
            default=local_zone(),
            suggestions=_zones(),
        ),
        Prompt(
            "site.currency",
            "text",
            lazy("Currency"),
            lazy("Its three letters, the ones that OfficeRnD bills in."),
            (),
            "EUR",
            suggestions=currencies(),
        ),
        Prompt(
            "site.name",
            "text",
            lazy("Short name of this site"),
            lazy("For your own use, where there are several."),
            (),
            "hq",
            more=True,
        ),
    )


def _try_language(workbench: Workbench, walk: Walk) -> TrialResult:
    code = str(walk.answers["print.language"])
    found = {} if walk.answer("console.locale") else {"console.locale": LANGUAGES[code][1]}
    zone = str(walk.answers["site.timezone"])
    here = workbench.clock.now().astimezone(zoneinfo.ZoneInfo(zone))
    facts = (
        Fact(lazy("At the printer"), LANGUAGES[code][0], ""),
        Fact(lazy("Time zone"), lazy("%(zone)s, where it is %(time)s now", zone=zone, time=format(here, "%H:%M"))),
        Fact(lazy("Currency"), str(walk.answers["site.currency"]), ""),
    )
    return TrialResult(facts=facts, known=walk.known, found=found)


LANGUAGE = SetupStep(
    "language",
    lazy("Language and currency"),
    lazy("Language and currency"),
    lazy("What members read at the printer, and how days and amounts are counted."),
    _language_questions,
    _try_language,
)


def _password_questions(workbench: Workbench, walk: Walk) -> tuple[Prompt, ...]:
    return (
        Prompt("console.name", "text", lazy("Your name for logging in"), lazy("Letters, digits, dots and dashes.")),
        Prompt(
            "console.password",
            "secret",
            lazy("Password for the console"),
            lazy(
                "At least %(shortest)s characters. It is asked for before anything that moves money.",
                shortest=passwords.SHORTEST,
            ),
        ),
    )


def _try_password(workbench: Workbench, walk: Walk) -> TrialResult:
    name, password = str(walk.answers["console.name"]), str(walk.answers["console.password"])
    problems = {}
    try:
        passwords.check_name(name)
    except UsageError as error:
        problems["console.name"] = AnswerProblem(error.message, seen_here=True)
    if len(password) < passwords.SHORTEST:
        text = lazy(
            "Use at least %(shortest)s characters; this has %(length)s.",
            shortest=passwords.SHORTEST,
            length=len(password),
        )
        problems["console.password"] = AnswerProblem(text, seen_here=True)
    fact = Fact(name, lazy("may decide on money. The password has %(length)s characters.", length=len(password)))
    return TrialResult(problems, () if problems else (fact,), walk.known)


PASSWORD = SetupStep(
    "password",
    lazy("Password"),
    lazy("Who may use the console?"),
    lazy("The console can bill people, so it asks who you are. More people can be added later."),
    _password_questions,
    _try_password,
)


def _schedule_questions(workbench: Workbench, walk: Walk) -> tuple[Prompt, ...]:
    where = places.Places(workbench.system)
    return (
        Prompt(
            "schedule.daily_at",
            "time",
            lazy("Time of the daily run"),
            lazy(
                "People are brought in line and what is owed is billed. The first one starts when you say so on Today."
            ),
            (),
            "07:30",
        ),
        Prompt(
            "schedule.sync_every_minutes",
            "number",
            lazy("Look for new members every … minutes"),
            lazy("Between the daily runs. 0: never."),
            (),
            15,
        ),
        Prompt(
            "site.state_dir",
            "text",
            lazy("Folder of the relay's own files"),
            lazy("Its ledger is in it: on a disk that is backed up."),
            (),
            str(workbench.defaults.get("site.state_dir", where.state)),
            more=True,
        ),
        Prompt(
            "scripts.home",
            "text",
            lazy("Folder that PaperCut's programs read from"),
            lazy("The one that the installer has pointed them to."),
            (),
            str(workbench.defaults.get("scripts.home") or _pointed(walk) or where.home),
            more=True,
        ),
    )


def _pointed(walk: Walk) -> str:
    """Return where installed programs look for their files, "" where none are on this machine."""
    folder = walk.answer("papercut.install_dir")
    return read_by(places.program_folder(str(folder))) if folder else ""


def _try_schedule(workbench: Workbench, walk: Walk) -> TrialResult:
    problems = {}
    for name in ("site.state_dir", "scripts.home"):
        folder = workbench.folder / str(walk.answers[name])
        if not can_be_made(folder):
            problems[name] = AnswerProblem(
                lazy("This account may not write %(folder)s.", folder=folder),
                lazy("Name a folder of its own, or start this as the account that PaperCut's server runs as."),
                seen_here=True,
            )
    facts = [
        Fact(
            lazy("Every day"),
            lazy("at %(time)s. Nothing runs before you start the first one.", time=walk.answers["schedule.daily_at"]),
            "",
        )
    ]
    pointed, home = _pointed(walk), workbench.folder / str(walk.answers["scripts.home"])
    if pointed and Path(pointed).resolve() != home.resolve():
        facts.append(
            Fact(
                lazy("PaperCut's programs"),
                lazy(
                    "read %(pointed)s and not %(home)s, so that nobody could log in: name %(pointed)s as the folder "
                    "that they read from.",
                    pointed=pointed,
                    home=home,
                ),
                "warn",
            )
        )
    return TrialResult(problems, () if problems else tuple(facts), walk.known)


SCHEDULE = SetupStep(
    "schedule",
    lazy("Daily run"),
    lazy("When should it run?"),
    lazy("Once a day, by itself. If a day is missed it is made up for, and never done twice."),
    _schedule_questions,
    _try_schedule,
)
