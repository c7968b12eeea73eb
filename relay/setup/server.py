"""PaperCut: where it is, its token, whether it lets us in, how old it is, and whether it asks our programs.

Reads, with one exception that is asked for by name: a token is made in PaperCut, since one that is not there cannot be
tried. Source: PaperCut manual, XML Web Services (token, allowed callers) and server-command.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from relay.checks import reach
from relay.checks import server as program_checks
from relay.checks.model import CheckedSite
from relay.config import Settings
from relay.errors import NotSent, RelayError
from relay.finding import Finding
from relay.installer import config as installer_config
from relay.installer import places, tokens
from relay.language import joined, lazy, nlazy
from relay.papercut import keys
from relay.papercut.client import PaperCut
from relay.people import read
from relay.setup import trial
from relay.setup.values import AnswerProblem, Fact, Prompt, SetupStep, TrialResult, Walk, Workbench

MADE = "make"  # in place of a token: make one


def find_papercut(workbench: Workbench) -> str:
    """Return PaperCut's folder on this machine, "" where it is not here."""
    given = workbench.defaults.get("papercut.install_dir")
    folders = [str(given)] if given is not None else places.candidates(workbench.system)
    return next((folder for folder in folders if places.is_papercut(folder)), "")


def can_make_token(workbench: Workbench, folder: str) -> bool:
    return bool(folder and places.server_command(workbench.system, folder))


def _questions(workbench: Workbench, walk: Walk) -> tuple[Prompt, ...]:
    folder = str(walk.answer("papercut.install_dir")) or find_papercut(workbench)
    how = lazy("For a new installation: PaperCut > Options > Advanced > Config editor > auth.webservices.auth-token.")
    if can_make_token(workbench, folder):
        how = joined(
            how, lazy("Or write “%(made)s”: one is then added at once, beside those that are there.", made=MADE)
        )
    return (
        Prompt(
            "papercut.url",
            "address",
            lazy("Address of PaperCut"),
            lazy("Usually on the same server. https:// with port 9192 works too."),
            (),
            str(workbench.defaults.get("papercut.url", "http://127.0.0.1:9191")),
        ),
        Prompt("papercut.auth_token", "secret", lazy("Web services token"), how),
        Prompt(
            "papercut.install_dir",
            "text",
            lazy("PaperCut's folder on this machine"),
            lazy(
                "For example %(examples)s; empty where PaperCut runs on another machine.",
                examples=places.EXAMPLES[workbench.system],
            ),
            (),
            folder,
            optional=True,
        ),
        Prompt(
            "papercut.ca_file",
            "text",
            lazy("PaperCut's certificate"),
            lazy("Its file, for https:// with a certificate of its own."),
            optional=True,
            more=True,
        ),
    )


def _try(workbench: Workbench, walk: Walk) -> TrialResult:
    problems = dict[str, AnswerProblem]()
    folder, found = str(walk.answer("papercut.install_dir")), dict[str, str]()
    if folder and not places.is_papercut(str(workbench.folder / folder)):
        problems["papercut.install_dir"] = AnswerProblem(
            lazy(
                "%(folder)s is not the folder of a PaperCut server: it has no “server” folder with its settings.",
                folder=folder,
            ),
            lazy(
                "Name the folder above it, such as %(examples)s, or leave this empty.",
                examples=places.EXAMPLES[workbench.system],
            ),
            seen_here=True,
        )
    elif walk.answers["papercut.auth_token"] == MADE:
        try:
            found["papercut.auth_token"] = make_token(workbench, walk, str(workbench.folder / folder) if folder else "")
            walk = replace(walk.with_answers(found), known=replace(walk.known, token_made=True))
        except (RelayError, installer_config.PaperCutUnreachable, OSError) as error:
            problems["papercut.auth_token"] = AnswerProblem(
                lazy("No token could be made: %(error)s.", error=error),
                lazy("Set one in PaperCut's config editor and paste it here."),
            )
    if problems:
        return TrialResult(problems, (), walk.known, found)
    settings = trial.settings(workbench, walk.answers)
    try:
        papercut = PaperCut(settings, workbench.clock)
        users = papercut.total_users()
        side = read.read_papercut(papercut, workbench.progress)
    except RelayError as error:
        name, problem = _blame(error, settings)
        return TrialResult({name: problem}, (), walk.known, found)
    version = papercut.version()
    facts = [
        Fact(
            lazy("PaperCut answers"),
            nlazy(
                "%(num)s account, version %(version)s", "%(num)s accounts, version %(version)s", users, version=version
            )
            if version
            else nlazy("%(num)s account", "%(num)s accounts", users),
        ),
        Fact(lazy("Token and caller"), lazy("accepted, made just now") if found else lazy("accepted")),
        *(_fact(finding) for finding in _look(workbench, settings)),
    ]
    return TrialResult({}, tuple(facts), replace(walk.known, papercut=side, version=version), found)


def make_token(workbench: Workbench, walk: Walk, folder: str) -> str:
    """Add a token of ours to PaperCut's and return it. Needs an administrator on PaperCut's machine.

    What server-command is given stands in the process list for a moment: no token that stays goes that way.
    """
    command = places.server_command(workbench.system, folder)
    if not command:
        raise RelayError(lazy("PaperCut's server-command is not on this machine"))
    made = secrets.token_urlsafe(32)
    settings = trial.settings(workbench, {**walk.answers, "papercut.auth_token": made}).papercut
    web = installer_config.XmlRpc(settings.url, "", str(settings.ca_file or ""))
    tool = installer_config.ServerCommand(command, workbench.run, web)
    before = tool.get(tokens.KEY)
    installer_config.for_tokens(tool).set(tokens.KEY, tokens.with_token(before, tokens.NAME, made))
    return made


def _look(workbench: Workbench, settings: Settings) -> Iterator[Finding]:
    """Return what the checks find wrong about PaperCut's version, callers, programs and security.properties."""
    site = CheckedSite(settings, workbench.clock, workbench.progress)
    for check in (
        reach.papercut,
        reach.version,
        reach.callers,
        program_checks.program_keys,
        program_checks.server_files,
    ):
        try:
            yield from check(site)
        except (RelayError, OSError) as error:
            yield Finding(
                "not_checked", "warning", "PaperCut", lazy("This could not be checked: %(error)s", error=error)
            )


def _fact(finding: Finding) -> Fact:
    return Fact(finding.subject, finding.message, "" if finding.severity == "info" else "warn")


def _blame(error: RelayError, settings: Settings) -> tuple[str, AnswerProblem]:
    if error.code == "caller_not_allowed":
        address = own_address(settings.papercut.url)
        return "papercut.url", AnswerProblem(
            lazy("PaperCut answers, but does not take calls from this machine."),
            lazy(
                "In PaperCut open Options > Advanced > Security, add this address under Allowed XML Web Services "
                "callers and apply."
            ),
            (address,) if address else (),
        )
    if error.code == "token_refused":
        return "papercut.auth_token", AnswerProblem(
            lazy("PaperCut does not accept this token."),
            lazy(
                "Compare it with the key %(auth_token)s at Options > Advanced > Config editor.",
                auth_token=keys.AUTH_TOKEN,
            ),
            (keys.AUTH_TOKEN,),
        )
    if error.code == "tls":
        return "papercut.ca_file", AnswerProblem(error.message)
    if isinstance(error, NotSent):
        return "papercut.url", AnswerProblem(
            lazy("PaperCut cannot be reached at %(url)s.", url=settings.papercut.url),
            lazy("Is its Application Server running, and is this the address of its administration page?"),
        )
    return "papercut.url", AnswerProblem(error.message)


def own_address(url: str) -> str:
    """Return the address that this machine calls `url` from, "" where there is no way to it. Sends nothing."""
    parts = urlsplit(url)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
            way.connect((parts.hostname or "", parts.port or 9191))
            return str(way.getsockname()[0])
    except OSError:
        return ""


PAPERCUT = SetupStep(
    "papercut",
    "PaperCut",
    lazy("Connect PaperCut"),
    lazy("Where it is, and the key that lets the relay in. Every account is read once, to count with."),
    _questions,
    _try,
)
