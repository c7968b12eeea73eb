"""OfficeRnD: the organisation, the two applications and their permissions, the location. Reads; writes nothing.

Source: OfficeRnD developer reference v2, authentication (scopes; one that is not granted spoils the whole request; the
endpoint allows five calls a minute), locations; help page on applications (Settings > Data & Extensibility).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from papercut_scripts.token_cache import SCOPE as SIGNIN_SCOPE
from relay import http
from relay.config import Settings
from relay.errors import AuthFailed, Refused, RelayError, RemoteError
from relay.language import joined, lazy, nlazy
from relay.officernd import token
from relay.officernd.client import OfficeRnD
from relay.officernd.model import Location
from relay.officernd.named import HasNames, named
from relay.people.world import OfficeRnDSide
from relay.setup import trial
from relay.setup.values import AnswerProblem, Fact, Option, Prompt, SetupStep, TrialResult, Walk, Workbench

WHERE = "Settings > Data & Extensibility > Developer Tools"
# What a permission is for, in the order in which it is shown.
SCOPE_WORDS = {
    "flex.settings.organization.read": lazy("Read the organisation"),
    "flex.community.members.read": lazy("Read members"),
    "flex.community.companies.read": lazy("Read companies"),
    "flex.community.memberships.read": lazy("Read memberships"),
    "flex.billing.plans.read": lazy("Read plans"),
    "flex.space.locations.read": lazy("Read locations"),
    "flex.community.fees.read": lazy("Read fees"),
    "flex.community.fees.create": lazy("Create fees"),
    "flex.space.passes.read": lazy("Read passes"),
    "flex.community.checkins.read": lazy("Read check-ins"),
}


def _questions(workbench: Workbench, walk: Walk) -> tuple[Prompt, ...]:
    side = walk.known.officernd
    locations = list(side.locations.values()) if side else []
    return (
        Prompt(
            "officernd.organization",
            "text",
            lazy("Short name of your organisation in OfficeRnD"),
            lazy("The last part of the address when you are logged in as an administrator."),
        ),
        Prompt("officernd.client_id", "text", lazy("Client ID of the first application, “Print relay”")),
        Prompt("officernd.client_secret", "secret", lazy("Client secret of the first application")),
        Prompt("signin.client_id", "text", lazy("Client ID of the second application, “Print login”")),
        Prompt("signin.client_secret", "secret", lazy("Client secret of the second application")),
        Prompt(
            "officernd.location",
            "text" if not locations else "one",
            lazy("Which location does this PaperCut serve?"),
            lazy("Fees are booked on this location.") if locations else lazy("Offered once OfficeRnD has answered."),
            _location_choices(side, locations),
            optional=True,
            more=not locations,
        ),
        Prompt("officernd.api_url", "text", lazy("Address of OfficeRnD's API"), "", (), _default("api_url"), more=True),
        Prompt("officernd.token_url", "text", lazy("Address of its logins"), "", (), _default("token_url"), more=True),
        Prompt(
            "officernd.ca_file",
            "text",
            lazy("Certificate of a company proxy"),
            lazy("Its file, where a proxy opens encrypted connections."),
            optional=True,
            more=True,
        ),
    )


def _default(key: str) -> str:
    from relay.config.sections import OfficeRnDSection

    return str(OfficeRnDSection.model_fields[key].default)


def _location_choices(side: OfficeRnDSide | None, locations: Sequence[Location]) -> tuple[Option, ...]:
    members = list(side.members.values()) if side else []
    return tuple(
        Option(
            one.id,
            one.name,
            one.timezone,
            nlazy("%(num)s member", "%(num)s members", sum(member.location == one.id for member in members)),
        )
        for one in sorted(locations, key=lambda one: one.name.casefold())
    )


def by_name(value: str, records: Sequence[HasNames]) -> str:
    """Return the id of the record that has this id, code or name; the value itself where none has, or several."""
    found = named(records, value)
    return found[0].id if len(found) == 1 else value


def missing_scopes(settings: Settings, workbench: Workbench, scopes: Sequence[str]) -> list[str]:
    """Return which of `scopes`, refused together, the relay's application lacks. Raises what the endpoint raises."""
    section = settings.officernd
    with token.open_session(section) as session:

        def granted(some: Sequence[str]) -> bool:
            try:
                http.repeat_read(lambda: token.exchange(session, section, " ".join(some)), workbench.clock)
            except AuthFailed as error:
                if error.code != "scope_missing":
                    raise
                return False
            return True

        return token.missing(scopes, granted)


def scopes_problem(settings: Settings, workbench: Workbench) -> AnswerProblem:
    """Return the problem of an application that lacks permissions: each one named, and what to click."""
    wanted = token.scopes(settings)
    fees = [scope for scope in SCOPE_WORDS if scope in token.FEE_SCOPES and scope in wanted]
    rest = [scope for scope in SCOPE_WORDS if scope not in token.FEE_SCOPES and scope in wanted]
    # Fees last: creating them is what is most often forgotten, and a half that is granted is asked for once.
    lacking = missing_scopes(settings, workbench, [*rest, *fees])
    words = joined(*(SCOPE_WORDS[scope].with_text(str.lower) for scope in lacking), by=", ")
    return AnswerProblem(
        lazy("OfficeRnD accepts the key, but this application may not: %(words)s.", words=words),
        nlazy(
            "In OfficeRnD open %(where)s > Print relay > Edit, tick this line "
            "and save. The key stays the same; you paste nothing again.",
            "In OfficeRnD open %(where)s > Print relay > Edit, tick these lines "
            "and save. The key stays the same; you paste nothing again.",
            len(lacking),
            where=WHERE,
        ),
        tuple(lacking),
    )


def _try(workbench: Workbench, walk: Walk) -> TrialResult:
    settings = trial.settings(workbench, walk.answers)
    problems: dict[str, AnswerProblem] = {}
    facts: list[Fact] = []
    known, found = walk.known, dict[str, str]()
    if walk.answers["signin.client_id"] == walk.answers["officernd.client_id"]:
        problems["signin.client_id"] = AnswerProblem(
            lazy("This is the first application again."),
            lazy(
                "Make a second one that may only check passwords (%(signin_scope)s): a stolen copy then opens nothing.",
                signin_scope=SIGNIN_SCOPE,
            ),
            (SIGNIN_SCOPE,),
            seen_here=True,
        )
    try:
        side = _read(OfficeRnD(settings, workbench.clock), workbench)
        known = replace(known, officernd=side)
        facts += _told(side, settings)
    except RelayError as error:
        name, problem = _blame(error, settings, workbench)
        problems[name] = problem
    if "signin.client_id" not in problems:
        problems.update(_try_signin(settings, walk, workbench))
        if not problems.keys() & {"signin.client_id", "signin.client_secret"}:
            facts.append(Fact(lazy("Application for logins"), lazy("may check passwords")))
    if known.officernd is not None and not problems:
        found, wrong, more = _location(walk, known.officernd)
        problems.update(wrong)
        facts += more
    return TrialResult(problems, tuple(facts), known, found)


def _read(officernd: OfficeRnD, workbench: Workbench) -> OfficeRnDSide:
    """Return everything that the later steps count with."""
    organization = officernd.organization()
    progress = workbench.progress
    return OfficeRnDSide(
        organization,
        {member.id: member for member in officernd.members(progress=progress)},
        {company.id: company for company in officernd.companies(progress=progress)},
        {location.id: location for location in officernd.locations()},
        memberships=tuple(officernd.memberships(progress=progress)),
        plans=tuple(officernd.plans()),
    )


def _told(side: OfficeRnDSide, settings: Settings) -> list[Fact]:
    wanted = token.scopes(settings)
    counts = {
        "flex.settings.organization.read": side.organization.name,
        "flex.community.members.read": nlazy("%(num)s member", "%(num)s members", len(side.members)),
        "flex.community.companies.read": nlazy("%(num)s company", "%(num)s companies", len(side.companies)),
        "flex.community.memberships.read": nlazy("%(num)s membership", "%(num)s memberships", len(side.memberships)),
        "flex.billing.plans.read": nlazy("%(num)s plan", "%(num)s plans", len(side.plans)),
        "flex.space.locations.read": nlazy("%(num)s location", "%(num)s locations", len(side.locations)),
    }
    return [Fact(words, counts.get(scope, lazy("granted"))) for scope, words in SCOPE_WORDS.items() if scope in wanted]


def _blame(error: RelayError, settings: Settings, workbench: Workbench) -> tuple[str, AnswerProblem]:
    """Return the question that an error is about, and what to tell there."""
    if error.code == "scope_missing":
        try:
            return "officernd.client_id", scopes_problem(settings, workbench)
        except RelayError as other:
            error = other
    if error.code == "secret_refused":
        return "officernd.client_secret", AnswerProblem(
            lazy("OfficeRnD does not accept this client ID with this secret."),
            lazy(
                "Copy both again from %(where)s > Print relay > View: often a blank or the last letter is lost.",
                where=WHERE,
            ),
            also=("officernd.client_id",),
        )
    if error.code == "organization_not_found" or (
        isinstance(error, Refused) and isinstance(error, RemoteError) and error.operation.rstrip("/") == "GET"
    ):
        return "officernd.organization", AnswerProblem(
            lazy(
                "OfficeRnD knows no organisation %(organization)s for this application.",
                organization=repr(settings.officernd.organization),
            ),
            lazy(
                "Copy the last part of the address when you are logged in as an administrator; the applications must "
                "be made in that organisation."
            ),
        )
    if error.code == "tls":
        return "officernd.ca_file", AnswerProblem(error.message)
    return "officernd.api_url", AnswerProblem(error.message)


def _try_signin(settings: Settings, walk: Walk, workbench: Workbench) -> dict[str, AnswerProblem]:
    """Ask for a token as the login programs will; it is thrown away."""
    section = settings.officernd
    client_id, secret = str(walk.answers["signin.client_id"]), str(walk.answers["signin.client_secret"])
    try:
        with token.open_session(section) as session:
            http.repeat_read(
                lambda: token.exchange(session, section, SIGNIN_SCOPE, client_id=client_id, secret=secret),
                workbench.clock,
            )
    except AuthFailed as error:
        if error.code == "scope_missing":
            return {
                "signin.client_id": AnswerProblem(
                    lazy("OfficeRnD accepts the key, but this application may not check passwords."),
                    lazy(
                        "In OfficeRnD open %(where)s > Print login > Edit, tick this line and save. The key stays the "
                        "same.",
                        where=WHERE,
                    ),
                    (SIGNIN_SCOPE,),
                )
            }
        return {
            "signin.client_secret": AnswerProblem(
                lazy("OfficeRnD does not accept this client ID with this secret."),
                lazy("Copy both again from %(where)s > Print login > View.", where=WHERE),
                also=("signin.client_id",),
            )
        }
    except RelayError as error:
        return {"officernd.token_url": AnswerProblem(error.message)}
    return {}


def _location(walk: Walk, side: OfficeRnDSide) -> tuple[dict[str, str], dict[str, AnswerProblem], list[Fact]]:
    """Return the location's id, given as id, code or name; the only one is taken by itself."""
    locations = list(side.locations.values())
    wanted = str(walk.answer("officernd.location"))
    chosen = locations[0].id if not wanted and len(locations) == 1 else by_name(wanted, locations)
    if chosen not in side.locations:
        offered = ", ".join(sorted(location.name for location in locations))
        text = (
            lazy("OfficeRnD has no location %(wanted)s.", wanted=repr(wanted))
            if wanted
            else lazy("OfficeRnD has answered. Choose the location that this PaperCut serves.")
        )
        return {}, {"officernd.location": AnswerProblem(text, lazy("There are: %(offered)s.", offered=offered))}, []
    place, zone = side.locations[chosen], walk.answer("site.timezone")
    facts = [Fact(lazy("Location"), place.name)]
    if place.timezone and zone and place.timezone != zone:
        text = lazy(
            "OfficeRnD counts the days of %(name)s in %(timezone)s; you have said %(zone)s.",
            name=place.name,
            timezone=place.timezone,
            zone=zone,
        )
        facts.append(Fact(lazy("Time zone"), text, "warn"))
    return {"officernd.location": chosen}, {}, facts


OFFICERND = SetupStep(
    "officernd",
    "OfficeRnD",
    lazy("Connect OfficeRnD"),
    lazy("Make two applications in OfficeRnD and paste what it shows you. About three minutes. Each is tried at once."),
    _questions,
    _try,
)
