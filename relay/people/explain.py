"""Why somebody may or may not print: every rule's verdict, the link, the account, the login. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from relay import amounts
from relay.accounts import email_key
from relay.config import Settings
from relay.database import reading
from relay.errors import EXIT_DONE, NotFound, RelayError, UsageError
from relay.language import joined, lazy
from relay.officernd.model import Member
from relay.papercut import keys
from relay.papercut.client import PaperCut
from relay.papercut.restriction import PROPERTIES, left_to_print
from relay.people import read, who
from relay.people.act import pins
from relay.people.act.publish import current_directory
from relay.people.decide.guard import refusal
from relay.people.decide.rules import RuleResult, Verdict, email_outcome, judge, make_rules
from relay.people.directory import DirectoryUser
from relay.people.hints import AtThePrinter, hints
from relay.people.logins import LoginTrace, last_login
from relay.people.memory import snapshot
from relay.people.memory.links import last_sync
from relay.people.memory.questions import answered_at
from relay.people.ready import readiness
from relay.people.sync import remembered
from relay.people.world import Account, Memory, OfficeRnDSide
from relay.progress import Progress
from relay.remedy import Note, Remedy
from relay.site import Site


@dataclass(frozen=True)
class Explanation:
    """The answer: facts for a program in `facts`, the same for a person in `lines`."""

    facts: dict[str, object]
    lines: tuple[Note, ...]
    exit_code: int = EXIT_DONE

    def as_json(self) -> dict[str, object]:
        return self.facts


def explain(site: Site, who: str) -> Explanation:
    """Return why `who` (e-mail, username or member id) may or may not print and log in."""
    settings, papercut = site.settings, site.papercut
    memory = remembered(site)
    person = _find(site, who, memory)
    with reading(site.database) as connection:
        synced = last_sync(connection, site.name)
    verdict = _verdicts(site, [person.member])[person.member.id] if person.member else None
    may_print = verdict is not None and verdict.admitted
    rules = [*verdict.outcomes, email_outcome(person.member)] if verdict and person.member else []
    account = _account(papercut, person.username)
    groups = [name for name in papercut.user_groups(person.username) if not keys.is_built_in(name)] if account else []
    listed = _listed(settings, person)
    doubts = _doubts(site, memory, person) if may_print else []
    pin = pins.source_of(settings.scripts.home, person.member_id)
    trace = last_login(settings.scripts.home, person.username or who)
    seen = _Seen(settings, person, rules, may_print, account, groups, listed, doubts, pin, trace, synced)
    obstacles = _obstacles(seen)
    balance = account.balance if account else None
    at_printer = AtThePrinter(
        person.member_id, not obstacles, trace, balance, _is_restricted(papercut, account), synced
    )
    stops = hints(settings, site.clock.now(), at_printer)
    facts: dict[str, object] = {
        "who": who,
        "member_id": person.member_id or None,
        "name": person.member.name if person.member else None,
        "email": person.member.email if person.member else None,
        "status": person.member.status if person.member else None,
        "may_print": may_print,
        "rules": [{"rule": one.rule, "passed": one.passed, "text": one.text} for one in rules],
        "username": person.username or None,
        "linked_at": person.link.linked_at.isoformat() if person.link and person.link.linked_at else None,
        "opening_balance": amounts.text(person.link.opening_balance, settings.site.currency) if person.link else None,
        "account": _account_facts(settings, account, groups),
        "directory": {"standing": listed.standing, "reason": listed.reason} if listed else None,
        "doubts": [doubt.as_json() for doubt in doubts],
        "can_log_in": not obstacles,
        "why_not": [obstacle.as_json() for obstacle in obstacles],
        "hints": [hint.as_json() for hint in stops],
        "print_pin": None if pin is None else "property" if pin else "issued",
        "last_login": trace.as_json() if trace else None,
        "last_sync": synced.isoformat() if synced else None,
    }
    return Explanation(facts, tuple(_lines(seen, facts, obstacles, stops)))


@dataclass(frozen=True)
class _Seen:
    """What both systems, the ledger and the files of PaperCut's side say of one person."""

    settings: Settings
    person: who.Person
    rules: list[RuleResult]
    may_print: bool
    account: Account | None
    groups: list[str]
    listed: DirectoryUser | None
    doubts: list[Note]
    pin: str | None
    trace: LoginTrace | None
    synced: datetime | None


def _find(site: Site, word: str, memory: Memory) -> who.Person:
    """Return whom a word means. Where it is nobody's whole name, whose name it is a part of is told."""
    try:
        return who.find(site, word, memory)
    except UsageError as error:
        alike = who.alike(snapshot.load(site.settings), word) if error.code == "who_unknown" else []
        if not alike:
            raise
        raise UsageError(
            lazy(
                "%(word)s is nobody's whole name. Alike: %(names)s. Name one by e-mail address, account or member id.",
                word=repr(word),
                names="; ".join(alike),
            ),
            code=error.code,
        ) from None


def _is_restricted(papercut: PaperCut, account: Account | None) -> bool | None:
    """Return whether PaperCut lets the account print for nothing more, None where there is no account."""
    if account is None:
        return None
    return left_to_print(account.balance, papercut.user_properties(account.username, PROPERTIES)) == 0


def _verdicts(site: Site, members: Sequence[Member]) -> dict[str, Verdict]:
    """Return what the rules say of members, by id, as a plan would judge, read for these alone."""
    companies, now = {}, site.clock.now()
    for company in sorted({member.company for member in members} - {""}):
        with suppress(NotFound):
            companies[company] = site.officernd.company(company)
    side = OfficeRnDSide(site.officernd.organization(), {one.id: one for one in members}, companies, {})
    side = read.catalogue(replace(site, progress=Progress()), side, now)
    rules = make_rules(site.settings, side, now)
    return {member.id: judge(member, rules) for member in members}


def _account(papercut: PaperCut, username: str) -> Account | None:
    if not username:
        return None
    return read.read_accounts(papercut, [username], Progress()).get(username)


def _account_facts(settings: Settings, account: Account | None, groups: list[str]) -> dict[str, object] | None:
    if account is None:
        return None
    return {
        "internal": account.internal,
        "printing_disabled": account.disabled,
        "balance": amounts.text(account.balance, settings.site.currency),
        "email": account.email,
        "groups": groups,
    }


def _listed(settings: Settings, person: who.Person) -> DirectoryUser | None:
    """Return how the directory in force shows somebody."""
    try:
        directory = current_directory(Path(settings.scripts.home))
    except RelayError:
        return None
    users = directory.users if directory else ()
    return next((user for user in users if person.username and user.username == person.username), None)


def _doubts(site: Site, memory: Memory, person: who.Person) -> list[Note]:
    """Return the questions that hold somebody whom the rules admit and who has no account."""
    member = person.member
    if member is None or (person.link and not person.link.deleted_at) or member.id in memory.answers:
        return []
    others = _sharing(site, member)
    if others:
        names = ", ".join(f"{one.name} ({one.id})" for one in others)
        told = lazy("the address %(email)s is also that of %(names)s", email=member.email, names=names)
        return [Note(told, (Remedy("link", (member.id, "")),))]
    with reading(site.database) as connection:
        if answered_at(connection, site.name, member.id):
            return []
    rule, why = readiness(site.settings).left_out.get(member.id, ("", ""))
    return [Note(why, (Remedy("plan"),))] if rule == "held_by_a_doubt" else []


def _sharing(site: Site, member: Member) -> list[Member]:
    """Return the other members of the same address whom the rules admit too; whoever they refuse asks nothing."""
    if not member.email:
        return []
    found = [
        one
        for one in site.officernd.members_by_email(member.email)
        if one.id != member.id and email_key(one.email) == email_key(member.email)
    ]
    verdicts = _verdicts(site, found) if found else {}
    return [one for one in found if verdicts[one.id].admitted]


def _obstacles(seen: _Seen) -> list[Note]:
    """Return everything that stands between somebody and a login or a print, the first cause first."""
    settings, person, account, listed = seen.settings, seen.person, seen.account, seen.listed
    found: list[Note] = []

    def add(clause: str, *remedies: Remedy) -> None:
        found.append(Note(clause, remedies))

    if person.member is None:
        add(lazy("OfficeRnD does not know them") if not person.link else lazy("they are no longer in OfficeRnD"))
    elif not seen.may_print:
        found.extend(Note(one.text) for one in seen.rules if not one.passed and one.rule != "email")
    if settings.signin.method == "pin":
        if seen.may_print and seen.pin is None:
            add(lazy("there is no print PIN to log in with"), Remedy("issue_pin", (person.member_id,)))
    elif seen.pin is None:
        found.extend(Note(one.text) for one in seen.rules if one.rule == "email" and not one.passed)
    found.extend(seen.doubts)
    if person.username.lower() in settings.members.usernames_not_ours:
        add(lazy("the account %(username)s is listed in [members] not_ours", username=person.username))
    if account is None:
        if person.link and person.link.standing == "gone":
            add(
                lazy("the account %(username)s was deleted in PaperCut", username=person.username),
                Remedy("sync_member", (person.member_id,)),
            )
        elif seen.may_print and not seen.doubts:
            add(lazy("there is no PaperCut account yet"), Remedy("sync"))
        return found
    if account.internal:
        add(
            lazy(
                "%(username)s is an internal user, whose password PaperCut never asks OfficeRnD for",
                username=account.username,
            )
        )
    if account.disabled:
        add(lazy("printing is switched off for the account in PaperCut"))
    refused = refusal(account.username, seen.groups, settings)
    if refused in ("unlinked", "blocked"):
        group = settings.members.unlinked_group if refused == "unlinked" else settings.print.blocked_group
        add(lazy("the print script refuses the group %(group)s", group=group))
    elif refused:
        add(
            lazy(
                "the print script refuses anybody who is not in %(everyone_group)s",
                everyone_group=settings.members.everyone_group,
            )
        )
    if listed is None and not account.internal:
        add(lazy("the list that PaperCut was given does not show the account"), Remedy("sync"))
    elif listed is not None and listed.standing != "active":
        add(
            joined(
                lazy("the list that PaperCut was given says %(standing)s", standing=lazy(listed.standing)),
                listed.reason,
                by=": ",
            )
        )
    return found


def _lines(seen: _Seen, facts: dict[str, object], obstacles: list[Note], stops: Sequence[Note]) -> list[Note]:
    settings, person, trace, synced = seen.settings, seen.person, seen.trace, seen.synced
    member, link = person.member, person.link
    zone = ZoneInfo(settings.site.timezone)
    lines: list[str] = []
    if member:
        lines.append(f"{member.name or 'No name'} <{member.email or 'no e-mail'}>, member {member.id}, {member.status}")
    else:
        lines.append(f"{facts['who']}: no member of OfficeRnD")
    lines.append(f"May print: {'yes' if facts['may_print'] else 'no'}")
    lines.extend(f"  {'yes' if one.passed else 'NO '}  {one.rule}: {one.text}" for one in seen.rules)
    if link and link.linked_at:
        lines.append(f"Linked to {link.username} since {_local(link.linked_at, zone)}")
    elif person.username:
        lines.append(f"PaperCut account {person.username}, not linked")
    else:
        lines.append("Not linked to a PaperCut account")
    account = facts["account"]
    if isinstance(account, dict):
        kind = "internal" if account["internal"] else "from the user source"
        switched = "off" if account["printing_disabled"] else "on"
        lines.append(f"  {kind}, printing {switched}, balance {account['balance']}")
        lines.append(f"  groups: {', '.join(account['groups']) or 'none'}")
    why_not: list[Note] = []
    if obstacles:
        why_not = [Note("Cannot log in and print, because:")]
        why_not += [Note(f"  - {obstacle.message}", obstacle.remedies) for obstacle in obstacles]
    elif settings.signin.method == "pin" or not (member and member.email):
        lines.append("Can log in with the print PIN.")
    else:
        also = ", or with the print PIN" if facts["print_pin"] else ""
        lines.append(
            f"Can log in with the OfficeRnD address and password (whether one was ever set, OfficeRnD hides){also}."
        )
    if stops:
        why_not.append(Note("What may stop them:"))
        why_not += [Note(f"  - {hint.message}", hint.remedies) for hint in stops]
    lately = []
    if trace and trace.accepted_at:
        lately.append(Note(f"Last login: {_local(trace.accepted_at, zone)}"))
    if trace and trace.refused:
        refused = trace.refused
        lately.append(
            Note(f"Last refused login: {_local(refused.at, zone)}, because {refused.meaning}", refused.remedies)
        )
    lately.append(Note(f"Last sync: {_local(synced, zone) if synced else 'never'}"))
    return [*map(Note, lines), *why_not, *lately]


def _local(moment: datetime, zone: ZoneInfo) -> str:
    """Return a moment as the site's people read it."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
