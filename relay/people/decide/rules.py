"""Member Management: may this member print, and what did each rule say? Pure.

A rule that is not set in the settings says nothing. Every rule is always asked, so that `explain` can show them all.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from relay.accounts import email_key
from relay.config import Settings
from relay.language import Message, joined, lazy
from relay.officernd.model import Member, Plan
from relay.officernd.named import named
from relay.people.decide.usernames import is_email
from relay.people.world import OfficeRnDSide


@dataclass(frozen=True, slots=True)
class RuleResult:
    """One rule's word about one member; `rule` is its key in the settings, or `email`, or `guest`."""

    rule: str
    passed: bool
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """May a member print? `reason` is a clause that says why not; "" for those who may."""

    admitted: bool
    reason: str
    outcomes: tuple[RuleResult, ...]


@dataclass(frozen=True)
class Rules:
    """The settings' rules, made ready for many members."""

    statuses: frozenset[str]
    locations: frozenset[str]
    plans: frozenset[str] | None  # ids; None: the rule is off
    excluded: frozenset[str]
    no_people: tuple[tuple[str, re.Pattern[str]], ...]  # what exclude_names says, and the names that it means
    company_plans: Mapping[str, frozenset[str]]
    member_plans: Mapping[str, frozenset[str]]
    company_locations: Mapping[str, str]
    names: Mapping[str, str]  # of plans and locations, by id
    guests: Mapping[str, str]  # member id -> why they are admitted today


def make_rules(settings: Settings, officernd: OfficeRnDSide, now: datetime) -> Rules:
    """Return the rules of the settings over what was read from OfficeRnD; `now` decides what "today" is."""
    members = settings.members
    plans = None
    company_plans: defaultdict[str, set[str]] = defaultdict(set)
    member_plans: defaultdict[str, set[str]] = defaultdict(set)
    if members.plans:
        plans = plan_ids(members.plans, officernd.plans)
        for membership in officernd.memberships:
            if membership.calculated_status != "active":
                continue
            # Source: OfficeRnD help 249064: a plan on a company admits all its members, one on a member only that one.
            if membership.member:
                member_plans[membership.member].add(membership.plan)
            elif membership.company:
                company_plans[membership.company].add(membership.plan)
    return Rules(
        statuses=frozenset(members.statuses),
        locations=frozenset(members.locations),
        plans=plans,
        excluded=frozenset(map(email_key, members.exclude_emails)),
        no_people=tuple((pattern, _names_like(pattern)) for pattern in members.exclude_names),
        company_plans={key: frozenset(value) for key, value in company_plans.items()},
        member_plans={key: frozenset(value) for key, value in member_plans.items()},
        company_locations={company.id: company.location for company in officernd.companies.values()},
        names={
            **{plan.id: plan.name for plan in officernd.plans},
            **{location.id: location.name for location in officernd.locations.values()},
        },
        guests=_guests(settings, officernd, now),
    )


def plan_ids(wanted: Iterable[str], plans: Iterable[Plan]) -> frozenset[str]:
    """Return the ids of the plans that `wanted` means; an unknown one stands for itself and admits nobody."""
    known = list(plans)
    return frozenset(plan_id for word in wanted for plan_id in [one.id for one in named(known, word)] or [word])


def unknown_settings(settings: Settings, officernd: OfficeRnDSide) -> list[tuple[str, str]]:
    """Return (key, value) of plans and locations in the settings that OfficeRnD does not have."""
    return [
        *(("plans", word) for word in settings.members.plans if not named(officernd.plans, word)),
        *(("locations", word) for word in settings.members.locations if word not in officernd.locations),
    ]


def judge(member: Member, rules: Rules) -> Verdict:
    """Return whether `member` may print, with the outcome of every rule that is set."""
    guest = rules.guests.get(member.id, "")
    outcomes = [_status(member, rules)]
    if rules.locations:
        outcomes.append(_location(member, rules))
    if rules.plans is not None:
        outcomes.append(_plan(member, rules))
    if guest:
        outcomes.append(RuleResult("guest", True, guest))
    excluded = bool(member.email) and email_key(member.email) in rules.excluded
    if rules.excluded:
        text = lazy("the address is in exclude_emails") if excluded else lazy("the address is not in exclude_emails")
        outcomes.append(RuleResult("exclude_emails", not excluded, text))
    if rules.no_people:
        name = _plain(member.name)
        meant = next((pattern for pattern, names in rules.no_people if names.fullmatch(name)), "")
        excluded = excluded or bool(meant)
        text = (
            lazy("the name matches %(meant)s in exclude_names", meant=repr(meant))
            if meant
            else lazy("the name matches nothing in exclude_names")
        )
        outcomes.append(RuleResult("exclude_names", not meant, text))
    failed = [outcome for outcome in outcomes if not outcome.passed]
    # A guest of today is admitted whatever they have bought; being shut out by name is stronger.
    admitted = not excluded and (bool(guest) or not failed)
    reason = "" if admitted else joined(*(outcome.text for outcome in failed), by="; ")
    return Verdict(admitted, reason, tuple(outcomes))


def email_outcome(member: Member) -> RuleResult:
    """Return whether the member has an address to sign in with; without one an account would be of no use."""
    if not member.email.strip():
        return RuleResult("email", False, lazy("OfficeRnD holds no e-mail address"))
    if not is_email(member.email):
        return RuleResult("email", False, lazy("%(email)s is not an e-mail address", email=repr(member.email)))
    return RuleResult("email", True, lazy("the address is %(email)s", email=member.email.strip()))


def home_location(member: Member, company_locations: Mapping[str, str]) -> str:
    """Return the id of the member's own location, else the company's, else ""."""
    return member.location or company_locations.get(member.company, "")


def _told_status(status: str) -> Message:
    """Return a status by OfficeRnD's own word, which the settings' page has in every language."""
    return Message(status, (status.replace("_", " "),))


def _status(member: Member, rules: Rules) -> RuleResult:
    passed = member.status in rules.statuses
    status = _told_status(member.status) if member.status else lazy("none")
    statuses = joined(*map(_told_status, sorted(rules.statuses)), by=", ")
    return RuleResult(
        "statuses",
        passed,
        lazy("the status %(status)s is one of %(statuses)s", status=status, statuses=statuses)
        if passed
        else lazy("the status %(status)s is not one of %(statuses)s", status=status, statuses=statuses),
    )


def _location(member: Member, rules: Rules) -> RuleResult:
    location = home_location(member, rules.company_locations)
    name = rules.names.get(location, location) or "none"
    passed = location in rules.locations
    return RuleResult(
        "locations",
        passed,
        lazy("the location %(name)s is admitted", name=name)
        if passed
        else lazy("the location %(name)s is not admitted", name=name),
    )


def _plan(member: Member, rules: Rules) -> RuleResult:
    assert rules.plans is not None
    own = rules.member_plans.get(member.id, frozenset()) & rules.plans
    shared = rules.company_plans.get(member.company, frozenset()) & rules.plans if member.company else frozenset()
    held = sorted(own | shared)
    if held:
        names = ", ".join(rules.names.get(plan, plan) for plan in held)
        return RuleResult(
            "plans",
            True,
            lazy("the member has an active membership of %(names)s", names=names)
            if own
            else lazy("the company has an active membership of %(names)s", names=names),
        )
    return RuleResult("plans", False, lazy("no active membership of an admitted plan covers the member"))


def _names_like(pattern: str) -> re.Pattern[str]:
    """Return what a pattern of names means; every character but * and ? stands for itself."""
    parts = re.split(r"([*?])", _plain(pattern))
    return re.compile("".join({"*": ".*", "?": "."}.get(part, re.escape(part)) for part in parts))


def _plain(name: str) -> str:
    return " ".join(name.split()).lower()


def _guests(settings: Settings, officernd: OfficeRnDSide, now: datetime) -> dict[str, str]:
    """Return who is admitted for today: holders of a valid pass, and who is checked in at an admitted location."""
    zone = ZoneInfo(settings.site.timezone)
    today = now.astimezone(zone).date()
    here = frozenset(settings.members.locations) or {settings.officernd.location}
    found: dict[str, str] = {}
    if settings.members.admit_passes:
        for item in officernd.passes:
            if (
                item.member
                and item.status in ("", "active", "valid")
                and _covers(item.valid_from, item.valid_to, today)
            ):
                found[item.member] = lazy("a pass is valid today")
    if settings.members.admit_checkins:
        for checkin in officernd.checkins:
            # Who has gone home already keeps today: people print on their way out, and come back.
            if checkin.member and _began(checkin.start, zone) == today and checkin.location in ("", *here):
                found[checkin.member] = lazy("checked in today")
    return found


def _began(start: str, zone: ZoneInfo) -> date | None:
    """Return the site's calendar date of a moment, None for no moment."""
    return datetime.fromisoformat(start.replace("Z", "+00:00")).astimezone(zone).date() if start else None


def _covers(first: str, last: str, today: date) -> bool:
    """Return whether `today` is within two ISO dates, either of which may be open; their time part is ignored."""
    return (not first or date.fromisoformat(first[:10]) <= today) and (
        not last or today <= date.fromisoformat(last[:10])
    )
