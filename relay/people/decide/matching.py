"""Who is who: which PaperCut account belongs to which member of OfficeRnD. Pure.

A stored link is the truth and survives every change of e-mail, name and company. Without one: a person's answer, else
the e-mail, else the exact name that the rule or OfficeRnD's own connector gives. Two candidates are a question, never
a guess: nobody involved is touched until somebody answers it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from relay.accounts import can_be_a_persons, email_key
from relay.config.sections import MembersSection
from relay.language import lazy, nlazy, told_all
from relay.officernd.model import Member
from relay.people.decide.rules import Verdict, email_outcome
from relay.people.decide.usernames import connector_name, free_name, is_email, person_name, rule_name, with_suffix
from relay.people.world import Account, Link, World, name_key
from relay.remedy import Remedies, Remedy, as_json


@dataclass(frozen=True, slots=True)
class Question:
    """Something a person should know or answer; the rest of the plan goes on without it.

    `facts` are what the message tells, by name: {"member_id": "5f3", "accounts": ["ann", "ann2"]}.
    """

    code: str
    subject: str
    message: str
    remedies: Remedies = ()
    facts: Mapping[str, object] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        return {
            "code": self.code,
            "subject": self.subject,
            "message": self.message,
            "facts": dict(self.facts),
            "remedies": as_json(self.remedies),
        }


@dataclass
class Matching:
    """The result, by member id: `accounts` (existing, username), `adopted` (which of them are new links), `new`
    (usernames to be made), `doubts` (why nothing is done), `gone` (account deleted by hand), `not_made` (no username
    can be made, and why). By username: `known` (accounts of people whom the rules exclude, without a sure link),
    `doubtful` (accounts that a question is about), `unlinked` (accounts that OfficeRnD does not know).
    """

    accounts: dict[str, str] = field(default_factory=dict)
    adopted: set[str] = field(default_factory=set)
    new: dict[str, str] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)
    not_made: dict[str, str] = field(default_factory=dict)
    known: dict[str, tuple[str, ...]] = field(default_factory=dict)
    doubtful: dict[str, str] = field(default_factory=dict)
    unlinked: list[str] = field(default_factory=list)
    warnings: list[Question] = field(default_factory=list)


def match(world: World, verdicts: Mapping[str, Verdict], settings: MembersSection) -> Matching:
    """Return who is who. `verdicts` are those of every member."""
    return _Matcher(world, verdicts, settings).run()


class _Matcher:
    """The state of one matching: what is already claimed, in steps from the surest evidence to the weakest."""

    def __init__(self, world: World, verdicts: Mapping[str, Verdict], settings: MembersSection) -> None:
        self.members = world.officernd.members
        self.memory = world.memory
        self.papercut = world.papercut
        self.verdicts = verdicts
        self.rule = settings.username
        self.not_ours = settings.usernames_not_ours
        self.found = Matching()
        self.claimed: set[str] = set()

    def run(self) -> Matching:
        self.take_links()
        self.take_answers()
        admitted = [member for member in self.unresolved() if self.verdicts[member.id].admitted]
        excluded = [member for member in self.unresolved() if not self.verdicts[member.id].admitted]
        self.adopt_admitted(self.without_shared_emails(admitted))
        self.recognise_excluded(excluded)
        self.name_the_new()
        self.found.unlinked = [
            account.username
            for account in self.papercut.accounts.values()
            if self.is_ours(account.username)
            and account.username not in self.claimed
            and account.username not in self.found.known
            and account.username not in self.found.doubtful
        ]
        return self.found

    # -- sure evidence

    def take_links(self) -> None:
        missing: list[Link] = []
        for link in sorted(self.memory.links.values(), key=lambda link: link.member_id):
            if link.deleted_at:
                continue
            member_id, username = link.member_id, link.username
            if username in self.not_ours:
                self.found.doubts[member_id] = lazy("the account %(username)s is listed in not_ours", username=username)
                continue
            if not can_be_a_persons(username):
                self.found.doubts[member_id] = lazy(
                    "the account %(username)s is named like a shared account or a group; rename it in PaperCut",
                    username=username,
                )
                continue
            account = self.papercut.accounts.get(username)
            admitted = member_id in self.members and self.verdicts[member_id].admitted
            if account is not None and account.internal:
                self.doubt(
                    member_id,
                    "internal_user",
                    lazy(
                        "The account %(username)s of %(who)s is an internal user now, and PaperCut never asks "
                        "OfficeRnD for those. Rename or delete it in PaperCut, or take the link away.",
                        username=username,
                        who=self.who(member_id),
                    ),
                    lazy("the account is an internal user"),
                    (Remedy("unlink", (member_id,)),),
                    {"accounts": [username]},
                )
            elif account is not None:
                self.claim(member_id, username)
                if not link.linked_at:
                    self.found.adopted.add(member_id)
            elif admitted and not link.linked_at:
                self.found.new[member_id] = username
            elif admitted:
                missing.append(link)
        for link in missing:
            self.follow_or_miss(link)

    def follow_or_miss(self, link: Link) -> None:
        """Decide about an account that is gone: renamed by hand where one has the member's address, else deleted."""
        followed = self.by_email(self.members[link.member_id])
        if len(followed) == 1:
            self.claim(link.member_id, followed[0])
            self.found.adopted.add(link.member_id)
            return
        if self.memory.is_restored and link.standing != "gone":  # the backup is older than the account
            self.found.new[link.member_id] = link.username
            return
        self.found.gone[link.member_id] = link.username
        self.warn(
            "deleted_by_hand",
            link.username,
            lazy(
                "The account %(username)s of %(who)s was deleted in PaperCut and stays so.",
                username=link.username,
                who=self.who(link.member_id),
            ),
            (Remedy("link", (link.member_id, link.username), lazy("to have it made again by the next sync")),),
            {"member_id": link.member_id, "accounts": [link.username]},
        )

    def take_answers(self) -> None:
        for member_id, username in sorted(self.memory.answers.items()):
            if self.is_resolved(member_id) or member_id not in self.members:
                continue
            account = self.papercut.accounts.get(username)
            if username in self.claimed or (account is not None and not self.is_ours(username)):
                self.doubt(
                    member_id,
                    "answer_unusable",
                    lazy(
                        "%(who)s was linked to %(username)s, but that account belongs to somebody else, is "
                        "internal or is listed in not_ours. Link another name, or take the link away.",
                        who=self.who(member_id),
                        username=username,
                    ),
                    lazy("the linked account %(username)s cannot be used", username=username),
                    (Remedy("link", (member_id, "")), Remedy("unlink", (member_id,))),
                    {"accounts": [username]},
                )
            elif account is not None:
                self.claim(member_id, username)
                self.found.adopted.add(member_id)
            elif self.verdicts[member_id].admitted:
                self.found.new[member_id] = username

    # -- evidence that may be doubtful

    def without_shared_emails(self, admitted: list[Member]) -> list[Member]:
        """Return those whose address no other admitted member has; the others are a question each."""
        sharing: defaultdict[str, list[Member]] = defaultdict(list)
        for member in self.members.values():
            if member.email and self.verdicts[member.id].admitted:
                sharing[email_key(member.email)].append(member)
        alone = []
        for member in admitted:
            others = [other for other in sharing.get(email_key(member.email), []) if other.id != member.id]
            if not others:
                alone.append(member)
                continue
            told = [f"{other.name} ({other.id})" for other in others[:3]]
            names = told_all(*told)
            if len(others) > 3:
                names = lazy("%(names)s and %(count)s more", names=", ".join(told), count=len(others) - 3)
            suggestion = rule_name(member, self.rule)
            if suggestion and member.id != min(one.id for one in (member, *others)):
                suggestion = with_suffix(suggestion, member.id)
            is_held = suggestion in self.by_email(member)  # an account that stands is taken, not made
            if suggestion in self.papercut.accounts and not is_held:
                suggestion = with_suffix(suggestion, member.id)
            self.doubt(
                member.id,
                "shared_email",
                lazy(
                    "%(who)s has the address %(email)s together with %(names)s, so nothing is guessed. Give each a "
                    "username of their own.",
                    who=self.who(member.id),
                    email=member.email,
                    names=names,
                ),
                lazy("the address %(email)s belongs to several members", email=member.email),
                (Remedy("link" if is_held else "link_new", (member.id, suggestion)),),
                {"email": member.email, "members": [one.id for one in (member, *others)]},
            )
            for username in self.by_email(member):
                self.found.doubtful[username] = lazy("several members have the address %(email)s", email=member.email)
        return alone

    def adopt_admitted(self, admitted: list[Member]) -> None:
        by_name: dict[str, list[str]] = {}
        wanted: defaultdict[str, list[str]] = defaultdict(list)
        for member in admitted:
            candidates = self.by_email(member)
            if len(candidates) == 1:
                self.claim(member.id, candidates[0])
                self.found.adopted.add(member.id)
            elif candidates:
                self.ask_which(member, candidates, lazy("have the address %(email)s", email=member.email))
            elif not self.held_by_foreign(member):
                by_name[member.id] = []
        for member_id in by_name:
            by_name[member_id] = self.by_name(self.members[member_id])
            for username in by_name[member_id]:
                wanted[username].append(member_id)
        for member_id, candidates in by_name.items():
            member = self.members[member_id]
            rivals = sorted({other for username in candidates for other in wanted[username]} - {member_id})
            if rivals:
                self.ask_whose(member, candidates, rivals)
            elif len(candidates) > 1:
                self.ask_which(member, candidates, lazy("carry a name that fits"))
            elif candidates:
                self.claim(member_id, candidates[0])
                self.found.adopted.add(member_id)
            else:
                self.found.new[member_id] = ""

    def recognise_excluded(self, excluded: list[Member]) -> None:
        """Find the accounts of people whom OfficeRnD knows and the rules exclude."""
        accounts_of = {member.id: self.by_email(member) or self.by_name(member) for member in excluded}
        members_of: defaultdict[str, list[str]] = defaultdict(list)
        for member_id, usernames in accounts_of.items():
            for username in usernames:
                members_of[username].append(member_id)
        for username, member_ids in members_of.items():
            if username in self.found.doubtful:
                continue
            if len(member_ids) == 1 and len(accounts_of[member_ids[0]]) == 1:
                self.claim(member_ids[0], username)
                self.found.adopted.add(member_ids[0])
            else:
                self.found.known[username] = tuple(sorted(member_ids))

    def name_the_new(self) -> None:
        """Give everybody who gets an account a name that is free; a name once reserved is kept."""
        links = self.memory.links
        reserved = {link.username: link.member_id for link in links.values()}
        taken = set(self.papercut.accounts) | {
            account.alias.lower() for account in self.papercut.accounts.values() if account.alias
        }
        taken.update(username for username in self.found.new.values() if username)
        nameless = []
        for member_id in sorted(member_id for member_id, username in self.found.new.items() if not username):
            member = self.members[member_id]
            former = links.get(member_id)
            wanted = former.username if former else rule_name(member, self.rule)
            if not wanted:
                del self.found.new[member_id]
                nameless.append(member)
                continue
            name = free_name(wanted, member_id, taken, reserved)
            if name != wanted:
                self.warn(
                    "name_taken",
                    name,
                    lazy(
                        "%(who)s would be %(wanted)s, which is somebody else's, and gets %(name)s.",
                        who=self.who(member_id),
                        wanted=wanted,
                        name=name,
                    ),
                    (
                        Remedy(
                            "link",
                            (member_id, wanted),
                            lazy("if %(wanted)s is theirs, before the next sync", wanted=wanted),
                        ),
                    ),
                    {"member_id": member_id, "accounts": [wanted, name]},
                )
            taken.add(name)
            self.found.new[member_id] = name
        for member in nameless:
            proposal = free_name(person_name(member), member.id, taken, reserved) if person_name(member) else ""
            taken.add(proposal)
            self.cannot_be_named(member, proposal)

    def cannot_be_named(self, member: Member, proposal: str) -> None:
        outcome = email_outcome(member)
        code = "no_username" if outcome.passed else "no_email"
        why = outcome.text
        key = self.rule.removeprefix("property:")
        if key != self.rule and key in member.unusable:
            code = "username_unusable"
            why = lazy("the value in %(key)s is a list or a yes or no, not a name", key=key)
            advice = lazy("correct %(key)s in OfficeRnD", key=key)
        elif key != self.rule:
            why = lazy("the custom property %(key)s is empty", key=key)
            advice = lazy("fill %(key)s in OfficeRnD", key=key)
        elif member.email.strip():
            advice = lazy("correct the address in OfficeRnD")
        else:
            advice = lazy("enter an address in OfficeRnD")
        self.found.not_made[member.id] = why
        self.warn(
            code,
            member.name or member.id,
            lazy(
                "%(who)s may print but gets no account, because %(why)s. It is best to %(advice)s; otherwise give "
                "the account a name here.",
                who=self.who(member.id),
                why=why,
                advice=advice,
            ),
            (Remedy("link_new", (member.id, proposal)),),
            {"member_id": member.id, "why": why},
        )

    # -- candidates

    def by_email(self, member: Member) -> list[str]:
        """Return the free accounts of ours that hold the member's address."""
        if not is_email(member.email):
            return []
        return self.free(member, self.papercut.by_email.get(email_key(member.email), ()))

    def by_name(self, member: Member) -> list[str]:
        """Return the free accounts whose exact name the rule or OfficeRnD's connector gives, without other e-mail."""
        names = dict.fromkeys(name for name in (rule_name(member, self.rule), connector_name(member)) if name)
        return [
            username
            for username in self.free(member, names)
            if email_key(self.papercut.accounts[username].email) in ("", email_key(member.email))
            and self.may_be(member, self.papercut.accounts[username])
        ]

    def may_be(self, member: Member, account: Account) -> bool:
        """Return whether a name alone is evidence enough.

        The connector's form holds the whole address. A bare local part does not: `reception` without an address but
        with another person's name is not taken over by somebody who is called reception@ elsewhere.
        """
        if account.email or account.username == connector_name(member) or not account.full_name:
            return True
        return name_key(account.full_name) in (name_key(member.name), name_key(account.username))

    def free(self, member: Member, usernames: Iterable[str]) -> list[str]:
        return [
            username
            for username in usernames
            if self.is_ours(username)
            and can_be_a_persons(username)
            and username not in self.claimed
            and (member.id, username) not in self.memory.denied
        ]

    def is_ours(self, username: str) -> bool:
        """Return whether an account exists that the relay may plan for."""
        account = self.papercut.accounts.get(username)
        return account is not None and not account.internal and username not in self.not_ours

    def held_by_foreign(self, member: Member) -> bool:
        """Return whether an account that is not ours to touch already stands for this person; an internal one warns."""
        if not is_email(member.email):
            return False
        for username in self.papercut.by_email.get(email_key(member.email), ()):
            if username in self.not_ours:
                self.found.doubts[member.id] = lazy(
                    "the account %(username)s with this address is listed in not_ours", username=username
                )
                return True
            if self.papercut.accounts[username].internal and (member.id, username) not in self.memory.denied:
                self.warn(
                    "internal_user",
                    username,
                    lazy(
                        "%(who)s has the address of %(username)s, an internal user, whose password PaperCut "
                        "never asks OfficeRnD for, so a second account is made. Rename or delete the internal one, or "
                        "say that it is not theirs.",
                        who=self.who(member.id),
                        username=username,
                    ),
                    (Remedy("not_same", (member.id, username)),),
                    {"member_id": member.id, "accounts": [username]},
                )
        return False

    # -- small things

    def unresolved(self) -> list[Member]:
        return [self.members[member_id] for member_id in sorted(self.members) if not self.is_resolved(member_id)]

    def is_resolved(self, member_id: str) -> bool:
        found = self.found
        return any(member_id in part for part in (found.accounts, found.new, found.gone, found.doubts))

    def claim(self, member_id: str, username: str) -> None:
        self.found.accounts[member_id] = username
        self.claimed.add(username)

    def who(self, member_id: str) -> str:
        member = self.members.get(member_id)
        if member is None:
            return lazy("%(member_id)s (a former member)", member_id=member_id)
        return (
            f"{member.name} ({member_id})" if member.name else lazy("The member (%(member_id)s)", member_id=member_id)
        )

    def warn(self, code: str, subject: str, message: str, remedies: Remedies, facts: Mapping[str, object]) -> None:
        self.found.warnings.append(Question(code, subject, message, remedies, facts))

    def doubt(
        self, member_id: str, code: str, message: str, reason: str, remedies: Remedies, facts: Mapping[str, object]
    ) -> None:
        self.found.doubts[member_id] = reason
        member = self.members.get(member_id)
        subject = (member.email or member.name) if member else member_id
        self.warn(code, subject, message, remedies, {"member_id": member_id, **facts})

    def ask_which(self, member: Member, candidates: list[str], what: str) -> None:
        self.doubt(
            member.id,
            "two_accounts",
            lazy(
                "The accounts %(candidates)s %(what)s, and only one can be %(who)s. Say "
                "which is theirs, or which is not.",
                candidates=told_all(*candidates),
                what=what,
                who=self.who(member.id),
            ),
            lazy("the accounts %(candidates)s could all be theirs", candidates=", ".join(candidates)),
            (
                *(Remedy("link", (member.id, username)) for username in candidates),
                *(Remedy("not_same", (member.id, username)) for username in candidates),
            ),
            {"accounts": candidates},
        )
        for username in candidates:
            self.found.doubtful[username] = nlazy(
                "it may be %(name)s's, as may %(num)s other account",
                "it may be %(name)s's, as may %(num)s other accounts",
                len(candidates) - 1,
                name=member.name,
            )

    def ask_whose(self, member: Member, candidates: list[str], rivals: list[str]) -> None:
        others = told_all(*(self.who(member_id) for member_id in rivals[:3]))
        self.doubt(
            member.id,
            "two_members",
            lazy(
                "The account %(username)s could belong to %(who)s or to %(others)s. Say whose it is.",
                username=candidates[0],
                who=self.who(member.id),
                others=others,
            ),
            lazy("the account %(username)s could also belong to somebody else", username=candidates[0]),
            (Remedy("link", (member.id, candidates[0])), Remedy("not_same", (member.id, candidates[0]))),
            {"accounts": candidates, "members": [member.id, *rivals]},
        )
        for username in candidates:
            self.found.doubtful[username] = lazy("several members could be meant by its name")
