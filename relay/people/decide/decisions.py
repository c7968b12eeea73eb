"""What becomes of each person and each account: one `AccountDecision` each. Pure.

A decision holds both ends: how the account is to be, and how it stays while the decision is held back. Fields that
PaperCut holds and OfficeRnD does not are echoed, so that nothing is lost by leaving it out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from papercut_scripts import signin_pin
from relay import amounts
from relay.accounts import email_key, folded
from relay.config import Settings
from relay.language import joined, lazy
from relay.officernd.model import Member
from relay.people.decide import cards
from relay.people.decide import group_names as group_names
from relay.people.decide.group_names import CONNECTOR_INDIVIDUALS, CONNECTOR_UNLINKED, GroupNames
from relay.people.decide.matching import Matching, Question, match
from relay.people.decide.rules import Verdict, home_location, judge, make_rules, unknown_settings
from relay.people.decide.usernames import free_name, is_email, rule_name, with_suffix
from relay.people.directory import DirectoryUser, Standing
from relay.people.world import Account, Link, World, is_one_line, one_line, pin_of
from relay.remedy import Remedies, Remedy

Action = Literal[
    "create", "adopt", "update", "rename", "unlink", "remove", "group_create", "group_remove", "group_members"
]
LONGEST_FIELD = 100  # of department and office: the columns' lengths are not documented, groups bear this much
ACTIVE: Standing = "active"
# What may change of an account, as the plan's reasons call it, and the two card numbers as a sentence does.
FIELDS = {
    "full_name": lazy("full_name"),
    "email": lazy("email"),
    "department": lazy("department"),
    "office": lazy("office"),
    "groups": lazy("groups"),
    "disabled": lazy("disabled"),
    "primary_card": lazy("primary_card"),
    "secondary_card": lazy("secondary_card"),
}
CARD_FIELDS = {"primary": lazy("primary card number"), "secondary": lazy("secondary card number")}


@dataclass(frozen=True)
class PlannedChange:
    """One line of the plan. Group changes have neither username nor member id."""

    action: Action
    username: str | None
    member_id: str | None
    reason: str
    before: Mapping[str, object] | None
    after: Mapping[str, object] | None

    def as_json(self) -> dict[str, object]:
        return {
            "action": self.action,
            "username": self.username,
            "member_id": self.member_id,
            "reason": self.reason,
            "before": self.before,
            "after": self.after,
        }


@dataclass(frozen=True)
class AccountDecision:
    """What becomes of one account.

    `username` is its name in PaperCut now, or the one it will get; `desired` how the directory will show it (None: not
    at all), `present` how it shows it when nothing is done. `link` is to be remembered. `disable` True or False sets
    printing off or on; `card` is a card number to write; `fix_initial` asks for the settings of a new account.
    """

    username: str
    desired: DirectoryUser | None
    present: DirectoryUser | None
    change: PlannedChange | None = None
    link: Link | None = None
    create: bool = False
    rename_to: str = ""
    delete: bool = False
    disable: bool | None = None
    card: str = ""
    fix_initial: bool = False

    @property
    def is_removal(self) -> bool:
        return self.change is not None and self.change.action == "remove"


@dataclass
class Decisions:
    """Everything decided: people in order of their usernames, the groups' names, and what to tell a person."""

    people: list[AccountDecision] = field(default_factory=list)
    groups: GroupNames | None = None
    our_groups: frozenset[str] = frozenset()
    hidden_groups: frozenset[str] = frozenset()
    warnings: list[Question] = field(default_factory=list)
    members: Mapping[str, Member] = field(default_factory=dict)
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    matching: Matching = field(default_factory=Matching)


def decide(world: World, settings: Settings, now: datetime) -> Decisions:
    """Return the decision about everybody: given both systems, the settings and what the relay remembers."""
    return _Decider(world, settings, now).run()


class _Decider:
    def __init__(self, world: World, settings: Settings, now: datetime) -> None:
        self.world, self.settings, self.now = world, settings, now
        self.members, self.companies = world.officernd.members, world.officernd.companies
        self.papercut, self.memory = world.papercut, world.memory
        # A name with a control character cannot be asked for line by line; PaperCut leaves such a group as it is.
        self.unusable_groups = frozenset(name for name in self.papercut.groups if not is_one_line(name))
        self.hidden_groups = settings.members.groups_not_ours | self.unusable_groups
        rules = make_rules(settings, world.officernd, now)
        self.company_locations = rules.company_locations
        self.verdicts = {member.id: judge(member, rules) for member in self.members.values()}
        self.matching = match(world, self.verdicts, settings.members)
        self.warnings = [*self._settings_warnings(), *self._waiting_answers(), *self.matching.warnings]
        self.names = self._group_names()
        self.our_groups = frozenset(
            {*settings.own_groups, CONNECTOR_INDIVIDUALS, CONNECTOR_UNLINKED, *self.names.rows} - self.hidden_groups
        )
        self.active = {
            member_id: username
            for member_id, username in (*self.matching.accounts.items(), *self.matching.new.items())
            if member_id in self.members and self.verdicts[member_id].admitted
        }
        self.renames = self._renames()
        self.emails = self._email_holders()
        self.cards = self._cards()
        self._check_pins()

    def run(self) -> Decisions:
        people = [
            *(self._active(member_id, username) for member_id, username in self.active.items()),
            *(
                self._removed(username, member_id, self._link_of(member_id, username), self._why_gone(member_id))
                for member_id, username in self.matching.accounts.items()
                if member_id not in self.active
            ),
            *(
                self._removed(username, "", None, joined(*sorted({self._why_gone(one) for one in member_ids}), by="; "))
                for username, member_ids in self.matching.known.items()
            ),
            *(self._unlinked(username) for username in self.matching.unlinked),
            *(self._doubtful(username, reason) for username, reason in self.matching.doubtful.items()),
        ]
        people.extend(self._held_links())
        people = self._with_logins(people)
        return Decisions(
            sorted(people, key=lambda decision: decision.username),
            self.names,
            self.our_groups,
            self.hidden_groups,
            sorted(map(self._named, self.warnings), key=lambda one: (one.code, one.subject, one.message)),
            self.members,
            self.verdicts,
            self.matching,
        )

    # -- who may print

    def _active(self, member_id: str, username: str) -> AccountDecision:
        member = self.members[member_id]
        account = self.papercut.accounts.get(username)
        former = self.memory.links.get(member_id)
        new_name = self.renames.get(member_id, "")
        desired = self._directory_user(member, account, new_name or username)
        company = self.companies.get(member.company)
        # An account followed to another name is a new link, with the balance that it has then: what was owed on it
        # before is an opening debt, unless the money room sees that balance and counter go on just as they were.
        live = former if former and not former.deleted_at and former.username == username else None
        link = Link(
            member_id=member_id,
            username=username,
            email=member.email.strip(),
            linked_at=live.linked_at if live else None,
            opening_balance=live.opening_balance if live else 0,
            opening_jobs=live.opening_jobs if live else None,
            made_by_us=live.made_by_us if live else account is None,
            initial_done=live.initial_done if live and account else account is not None,
            standing=ACTIVE,
            display_name=desired.full_name,
            company_id=member.company if company else "",
            company_name=company.name if company else "",
            location_id=home_location(member, self.company_locations),
            account_email=account.email if account else "",
            cards_written=self._cards_written(member_id, live, account),
        )
        card = self.cards.get(member_id, "")
        if account is None:
            return self._create(member, desired, link, card)
        present = self._echo(account, ACTIVE, member_id=member_id, groups=self._groups_of(username))
        field_name = self.settings.members.card_attribute
        enable = False if account.disabled and username in self.memory.disabled else None
        before, after = _difference(present, desired)
        if card:
            before[field_name], after[field_name] = getattr(account, field_name), card
            desired = replace(desired, **{field_name: card})  # type: ignore[arg-type]
        if enable is False:
            before["disabled"], after["disabled"] = True, False
        elif account.disabled:
            self._warn(
                "disabled_by_hand",
                username,
                lazy(
                    "%(who)s may print, but somebody switched off printing for %(username)s in PaperCut: "
                    "switch it on there if that is no longer meant.",
                    who=self._who(member_id),
                    username=username,
                ),
            )
        if "@" in username:
            self._warn(
                "at_in_username",
                username,
                lazy(
                    "PaperCut cuts the login name %(username)s of %(who)s at the @, so nobody can log in "
                    "with it: rename the account there (server-command rename-user-account); the relay follows it by "
                    "its address.",
                    username=username,
                    who=self._who(member_id),
                ),
            )
        change = None
        if member_id in self.matching.adopted:
            change = PlannedChange("adopt", username, member_id, self._why_adopted(member, account), before, after)
        elif new_name:
            before["username"], after["username"] = username, new_name
            change = PlannedChange("rename", username, member_id, lazy("the e-mail address has changed"), before, after)
        elif member_id in self.memory.renamed_from:
            change = self._followed(member_id, username, before, after)
        elif after:
            returned = former is not None and former.standing != ACTIVE
            fields = joined(*(FIELDS[name] for name in sorted(after)), by=", ")
            reason = lazy("may print again") if returned else lazy("changed: %(fields)s", fields=fields)
            change = PlannedChange("update", username, member_id, reason, before, after)
        return AccountDecision(
            username,
            desired,
            present,
            change,
            link,
            rename_to=new_name,
            disable=enable,
            card=card,
            fix_initial=not link.initial_done,
        )

    def _create(self, member: Member, desired: DirectoryUser, link: Link, card: str) -> AccountDecision:
        after: dict[str, object] = {
            "full_name": desired.full_name,
            "email": desired.email,
            "department": desired.department,
            "office": desired.office,
            "groups": sorted(desired.groups),
        }
        if card:
            field_name = self.settings.members.card_attribute
            after[field_name] = card
            desired = replace(desired, **{field_name: card})  # type: ignore[arg-type]
        reason = (
            lazy("was lost when PaperCut was put back from a backup")
            if link.linked_at
            else lazy("may print and has no account")
        )
        change = PlannedChange("create", desired.username, member.id, reason, None, after)
        return AccountDecision(desired.username, desired, None, change, link, create=True, card=card, fix_initial=True)

    def _directory_user(self, member: Member, account: Account | None, username: str) -> DirectoryUser:
        echo = account or Account(username)
        company = self.companies.get(member.company)
        location = self.world.officernd.locations.get(home_location(member, self.company_locations))
        department = one_line(company.name, LONGEST_FIELD) if company else self._own_department(member, echo)
        address = member.email.strip() if is_email(member.email) else ""
        published = address if self.emails.get(email_key(address)) == member.id else ""
        if not published and echo.email and email_key(echo.email) not in self.emails:
            published = echo.email
        if email_key(published) == email_key(echo.email):
            published = echo.email  # only another spelling
        group = self.names.by_company[member.company] if company else self.settings.members.individual_group
        return replace(
            self._echo(echo, ACTIVE, member_id=member.id),
            username=username,
            full_name=one_line(member.name) or echo.full_name or address or username,
            email=published,
            department=department,
            office=one_line(location.name, LONGEST_FIELD) if location else echo.office,
            groups=tuple(sorted({group, self.settings.members.everyone_group, *self._foreign_groups(echo.username)})),
            # Exactly as OfficeRnD writes it: whether it tells cases apart at sign-in is not known.
            signin_email=address if address != published else "",
        )

    def _own_department(self, member: Member, account: Account) -> str:
        """Return what stays of the department of somebody without a company: not the name of the one they left."""
        former = self.memory.links.get(member.id)
        ours = bool(former and former.company_name) and account.department == one_line(
            former.company_name if former else "", LONGEST_FIELD
        )
        return "" if ours else account.department

    def _why_adopted(self, member: Member, account: Account) -> str:
        link = self.memory.links.get(member.id)
        if self.memory.answers.get(member.id) == account.username:
            return lazy("linked by a person's answer")
        if link and not link.deleted_at:
            return lazy("the account was made for this member")
        if member.email and email_key(member.email) == email_key(account.email):
            return lazy("the account has the member's e-mail address")
        return lazy("the account has the name that the member would get, and no other address")

    def _renames(self) -> dict[str, str]:
        """Return the new usernames of people whose address changed, where the settings follow addresses."""
        if self.settings.members.rename != "follow_email":
            return {}
        taken = set(self.papercut.accounts) | set(self.matching.new.values())
        taken |= {link.username for link in self.memory.links.values()}
        found: dict[str, str] = {}
        for member_id, username in sorted(self.active.items()):
            member, link = self.members[member_id], self.memory.links.get(member_id)
            if link is None or member_id in self.matching.adopted or member_id in self.matching.new:
                continue
            wanted = rule_name(member, self.settings.members.username)
            same_address = not link.email or email_key(link.email) == email_key(member.email)
            if not wanted or same_address or username in (wanted, with_suffix(wanted, member_id)):
                continue
            name = free_name(wanted, member_id, taken)
            if name != wanted:
                self._warn(
                    "name_taken",
                    name,
                    lazy(
                        "%(who)s would be renamed to %(wanted)s, which is somebody else's, and gets %(name)s.",
                        who=self._who(member_id),
                        wanted=wanted,
                        name=name,
                    ),
                )
            taken.add(name)
            found[member_id] = name
        return found

    def _email_holders(self) -> dict[str, str]:
        """Return who is published with which address: {"ann@example.com": member id, "" for nobody of ours}.

        PaperCut holds an address once (fault 268). Where another account that is not ours has it, it stays there.
        """
        owners = {username: member_id for member_id, username in self.active.items()}
        claims: defaultdict[str, list[str]] = defaultdict(list)
        for member_id in self.active:
            if is_email(self.members[member_id].email):
                claims[email_key(self.members[member_id].email)].append(member_id)
        holders: dict[str, str] = {}
        for address, claimants in claims.items():
            present = self.papercut.by_email.get(address, ())
            others = [username for username in present if username not in owners]
            mine = [owners[username] for username in present if owners.get(username) in claimants]
            holders[address] = "" if others else min(mine or claimants)
            if others:
                for member_id in claimants:
                    self._warn(
                        "email_elsewhere",
                        self.members[member_id].email,
                        lazy(
                            "In PaperCut the address of %(who)s is on the account %(other)s, so their own account "
                            "%(username)s is kept without it; they log in with the username, or with the address "
                            "where nobody else of ours has it.",
                            who=self._who(member_id),
                            other=others[0],
                            username=self.active[member_id],
                        ),
                    )
        return holders

    def _cards(self) -> dict[str, str]:
        """Return the card numbers to write, by member id; one that two people claim is written for neither."""
        key = self.settings.members.card_property
        if not key:
            return {}
        wanted = {
            member_id: one_line(self.members[member_id].properties.get(key, "")).replace(" ", "")
            for member_id in self.active
        }
        claimants: defaultdict[str, set[str]] = defaultdict(set)
        for member_id, card in wanted.items():
            claimants[folded(card)].add(self.active[member_id])
        for account in self.papercut.accounts.values():
            for card in (account.primary_card, account.secondary_card):
                claimants[folded(card)].add(account.username)
        found = {}
        for member_id, card in sorted(wanted.items()):
            if key in self.members[member_id].unusable:
                self._warn(
                    "card_unusable",
                    self.active[member_id],
                    lazy(
                        "The value in %(key)s of %(who)s is a list or a yes or no, not a card number, so none was "
                        "written: correct it in OfficeRnD.",
                        key=key,
                        who=self._who(member_id),
                    ),
                )
            if not card:
                continue
            others = claimants[folded(card)] - {self.active[member_id]}
            held = self.papercut.accounts.get(self.active[member_id])
            if held and folded(card) in (folded(held.primary_card), folded(held.secondary_card)) and not others:
                continue
            if others:
                self._warn(
                    "card_taken",
                    self.active[member_id],
                    lazy(
                        "The card number in %(key)s of %(who)s is also that of "
                        "%(others)s, so it was not written: correct one of them.",
                        key=key,
                        who=self._who(member_id),
                        others=", ".join(sorted(others)[:3]),
                    ),
                )
            elif held and (present := self._foreign_card(member_id, held)):
                self._warn(
                    "card_occupied",
                    self.active[member_id],
                    lazy(
                        "%(who)s has the card number %(card)s in %(key)s, but the %(field)s of %(username)s in "
                        "PaperCut is %(present)s, which the relay did not write, so it stays: empty that field in "
                        "PaperCut if %(key)s is right, otherwise correct %(key)s in OfficeRnD.",
                        who=self._who(member_id),
                        card=cards.tail(card),
                        key=key,
                        field=CARD_FIELDS[self.settings.members.card_field],
                        username=held.username,
                        present=cards.tail(present),
                    ),
                )
            else:
                found[member_id] = card
        return found

    def _foreign_card(self, member_id: str, account: Account) -> str:
        """Return the number in the field for ours where somebody else wrote it, "" where we may write."""
        present = str(getattr(account, self.settings.members.card_attribute)).strip()
        link = self.memory.links.get(member_id)
        written = link.cards_written if link and link.username == account.username and not link.deleted_at else ""
        return "" if cards.is_ours(written, member_id, present) else present

    def _cards_written(self, member_id: str, live: Link | None, account: Account | None) -> str:
        """Return what to remember of our numbers on this account: those there, and the one to be written now."""
        written = live.cards_written if live else ""
        if not (card := self.cards.get(member_id, "")):
            return written
        present = getattr(account, self.settings.members.card_attribute) if account else ""
        return cards.with_intent(written, member_id, present, card)

    def _check_pins(self) -> None:
        key = self.settings.signin.pin_property
        for member_id, username in sorted(self.active.items()):
            member = self.members[member_id]
            filled = key in member.unusable or member.properties.get(key, "").strip()
            if filled and not pin_of(member, key):
                self._warn(
                    "pin_unusable",
                    username,
                    lazy(
                        "The value in %(key)s of %(who)s is not a print PIN of %(digits)s digits, so it opens no "
                        "login: correct it in OfficeRnD.",
                        key=key,
                        who=self._who(member_id),
                        digits=signin_pin.DIGITS,
                    ),
                )

    # -- who may not

    def _removed(self, username: str, member_id: str, link: Link | None, reason: str) -> AccountDecision:
        account = self.papercut.accounts[username]
        standing: Standing = "excluded" if not member_id or member_id in self.members else "departed"
        policy = self.settings.members.departed
        present_groups = self._groups_of(username)
        groups = tuple(sorted({self.settings.print.blocked_group, *self._foreign_groups(username)}))
        former = self.memory.links.get(member_id)
        was_active = former is not None and former.is_active and bool(former.linked_at)
        present = self._echo(
            account,
            ACTIVE if was_active else standing,
            member_id=member_id,
            reason="" if was_active else reason,
            groups=present_groups,
        )
        desired = self._echo(account, standing, member_id=member_id, reason=reason, groups=groups)
        is_zero = amounts.is_nothing(account.balance, self.settings.site.currency)
        delete = policy == "delete" and is_zero and username not in self.memory.open_movements
        if policy == "delete" and not delete:
            why = lazy("money on it is still under way") if is_zero else lazy("its balance is not zero")
            self._warn(
                "waiting_for_balance",
                username,
                lazy("%(username)s is to be deleted and waits, because %(why)s.", username=username, why=why),
            )
        before: dict[str, object] = {}
        after: dict[str, object] = {}
        if delete:
            before, after = {"groups": sorted(present_groups)}, {"deleted": True}
            gone = PlannedChange("remove", username, member_id or None, reason, before, after)
            link = replace(link, standing=standing, account_email=account.email) if link else None
            return AccountDecision(username, None, present, gone, link, delete=True)
        disable = True if policy != "keep" and not account.disabled else None
        if disable:
            before["disabled"], after["disabled"] = False, True
        if set(present_groups) != set(groups):
            before["groups"], after["groups"] = sorted(present_groups), sorted(groups)
        change = PlannedChange("remove", username, member_id or None, reason, before, after) if after else None
        if change is None and member_id in self.memory.renamed_from:
            change = self._followed(member_id, username, before, after)
        link = replace(link, standing=standing, account_email=account.email) if link else None
        return AccountDecision(username, desired, present, change, link, disable=disable)

    def _followed(
        self, member_id: str, username: str, before: Mapping[str, object], after: Mapping[str, object]
    ) -> PlannedChange:
        """Return the change of a link that followed its account: in PaperCut staff made it already."""
        former = self.memory.renamed_from[member_id]
        reason = lazy("the account was renamed from %(former)s in PaperCut", former=former)
        return PlannedChange(
            "adopt", username, member_id, reason, {**before, "username": former}, {**after, "username": username}
        )

    def _why_gone(self, member_id: str) -> str:
        if member_id not in self.members:
            return lazy("is no longer in OfficeRnD")
        return self.verdicts[member_id].reason

    def _link_of(self, member_id: str, username: str) -> Link:
        """Return the link of somebody who may not print: what is remembered, or a first one."""
        former = self.memory.links.get(member_id)
        if former is not None and not former.deleted_at and former.username == username:
            return former
        member = self.members[member_id]
        return Link(
            member_id,
            username,
            email=member.email.strip(),
            made_by_us=False,
            display_name=one_line(member.name),
            location_id=home_location(member, self.company_locations),
        )

    def _unlinked(self, username: str) -> AccountDecision:
        account = self.papercut.accounts[username]
        reason = lazy("OfficeRnD knows nobody with this e-mail address or username")
        present_groups = self._groups_of(username)
        groups = tuple(sorted({self.settings.members.unlinked_group, *self._foreign_groups(username)}))
        present = self._echo(account, "unlinked", reason=reason, groups=present_groups)
        desired = replace(present, groups=groups)
        change = None
        if set(groups) != set(present_groups):
            change = PlannedChange(
                "unlink", username, None, reason, {"groups": sorted(present_groups)}, {"groups": sorted(groups)}
            )
        return AccountDecision(username, desired, present, change)

    def _doubtful(self, username: str, reason: str) -> AccountDecision:
        """Keep an account that a question is about exactly as it is."""
        account = self.papercut.accounts[username]
        present = self._echo(account, "unlinked", reason=reason, groups=self._groups_of(username))
        return AccountDecision(username, present, present)

    def _held_links(self) -> list[AccountDecision]:
        """Remember links whose account is gone: deleted by hand, or deleted by us just before a crash."""
        found = []
        for member_id, link in self.memory.links.items():
            if link.deleted_at or link.username in self.papercut.accounts or member_id in self.matching.new:
                continue
            if member_id in self.matching.accounts:  # followed to another account
                continue
            if member_id in self.matching.gone:
                link = replace(link, standing="gone")
            else:
                link = replace(link, deleted_at=self.now)
            found.append(AccountDecision(link.username, None, None, link=link))
        return found

    # -- groups and names

    def _group_names(self) -> GroupNames:
        # A held member keeps their present group whatever it is called, so only those who may print ask for one.
        needed = {
            self.members[member_id].company
            for member_id in (*self.matching.accounts, *self.matching.new)
            if member_id in self.members and self.verdicts[member_id].admitted and self.members[member_id].company
        }
        known = {*self.matching.accounts.values(), *self.matching.known, *self.matching.doubtful}
        names = group_names.assign(
            {company: self.companies[company].name for company in needed if company in self.companies},
            self.memory,
            {name: group for name, group in self.papercut.groups.items() if name not in self.unusable_groups},
            known,
            self.settings.own_groups,
            self.hidden_groups,
        )
        for company_id, older, name in names.doubts:
            self._warn(
                "group_older",
                older,
                lazy(
                    "PaperCut already has a group %(older)s, which may give rights and has members whom OfficeRnD does "
                    "not know, or none; the company %(company)s gets %(name)s.",
                    older=repr(older),
                    company=repr(self.companies[company_id].name),
                    name=repr(name),
                ),
                (
                    Remedy("link", (company_id, "group:" + older), lazy("if they are the same")),
                    Remedy("link", (company_id, "group:" + name), lazy("to keep it that way")),
                ),
                {"company_id": company_id, "groups": [older, name]},
            )
        for company_id, wanted, name in names.suffixed:
            self._warn(
                "group_name_taken",
                name,
                lazy(
                    "The company %(company)s (%(company_id)s) cannot have the group %(wanted)s, "
                    "which is taken, and gets %(name)s.",
                    company=repr(self.companies[company_id].name),
                    company_id=company_id,
                    wanted=repr(wanted),
                    name=repr(name),
                ),
            )
        for old in (CONNECTOR_INDIVIDUALS, CONNECTOR_UNLINKED):
            if old in self.papercut.groups and old not in self.hidden_groups:
                self._warn(
                    "connector_group",
                    old,
                    lazy(
                        "The group %(old)s of OfficeRnD's own connector is taken over and left empty: remove it from "
                        "PaperCut's group list when no printer or quota refers to it.",
                        old=repr(old),
                    ),
                )
        return names

    def _groups_of(self, username: str) -> tuple[str, ...]:
        groups = self.papercut.groups_of.get(username, ())
        return tuple(group for group in groups if group not in self.hidden_groups) if self.hidden_groups else groups

    def _foreign_groups(self, username: str) -> tuple[str, ...]:
        return tuple(group for group in self._groups_of(username) if group not in self.our_groups)

    def _echo(
        self,
        account: Account,
        standing: Standing,
        *,
        member_id: str = "",
        reason: str = "",
        groups: tuple[str, ...] = (),
    ) -> DirectoryUser:
        """Return an account as PaperCut holds it."""
        return DirectoryUser(**account.fields, groups=groups, member_id=member_id, standing=standing, reason=reason)

    def _with_logins(self, people: list[AccountDecision]) -> list[AccountDecision]:
        """Add what may be typed at the popup; nobody's record stands in the way of somebody who may print."""
        owners: defaultdict[str, set[str]] = defaultdict(set)
        for decision in people:
            user = decision.desired
            if user and user.standing == ACTIVE:
                for login in _logins(user):
                    owners[login].add(user.username)

        def logins(user: DirectoryUser | None) -> DirectoryUser | None:
            if user is None:
                return None
            free = [login for login in _logins(user) if not (owners[login] - {user.username})]
            return replace(user, logins=tuple(free))

        return [
            replace(decision, desired=logins(decision.desired), present=logins(decision.present)) for decision in people
        ]

    # -- telling

    def _named(self, question: Question) -> Question:
        """Return a question with what a reader tells its person by: name, company, and what PaperCut holds of them."""
        member = self.members.get(str(question.facts.get("member_id", "")))
        company = self.companies.get(member.company if member else str(question.facts.get("company_id", "")))
        if member is None and company is None:
            return question
        named = question.facts.get("accounts", ())
        held = [self.papercut.accounts.get(str(name)) for name in (named if isinstance(named, list) else ())]
        facts: dict[str, object] = {
            "name": member.name if member else "",
            "company": company.name if company else "",
            "held": [
                {
                    "username": account.username,
                    "full_name": account.full_name,
                    "email": account.email,
                    "balance": amounts.text(account.balance, self.settings.site.currency),
                }
                for account in held
                if account is not None
            ],
        }
        return replace(question, facts={**question.facts, **facts})

    def _settings_warnings(self) -> list[Question]:
        return [
            *(
                Question(
                    "group_name_unusable",
                    repr(name),
                    lazy(
                        "PaperCut's group %(name)s has a control character in its name, so the user source cannot "
                        "answer about it and it is left as it is: remove it from the group list.",
                        name=repr(name),
                    ),
                )
                for name in sorted(self.unusable_groups)
            ),
            *(
                Question(
                    "unknown_setting",
                    f"members.{key}",
                    lazy(
                        "[members] %(key)s: OfficeRnD has no %(kind)s %(value)s, so it admits nobody; "
                        "correct the settings.",
                        key=key,
                        kind=lazy("location") if key == "locations" else lazy("plan"),
                        value=repr(value),
                    ),
                )
                for key, value in unknown_settings(self.settings, self.world.officernd)
            ),
        ]

    def _waiting_answers(self) -> list[Question]:
        """Return the answers that a scheduled run does not act on, since they take money away from somebody."""
        return [
            Question(
                "answer_waits",
                self.memory.links[member_id].username,
                lazy(
                    "An answer takes the account %(username)s away from "
                    "%(display_name)s (%(member_id)s), but %(why)s; it waits for a "
                    "person.",
                    username=self.memory.links[member_id].username,
                    display_name=self.memory.links[member_id].display_name or lazy("the member"),
                    member_id=member_id,
                    why=why,
                ),
                (Remedy("plan", (), lazy("first, to read it")), Remedy("sync", (), "then")),
                {"member_id": member_id, "why": why},
            )
            for member_id, why in sorted(self.memory.waiting.items())
        ]

    def _who(self, member_id: str) -> str:
        member = self.members[member_id]
        return (
            f"{member.name} ({member_id})" if member.name else lazy("the member (%(member_id)s)", member_id=member_id)
        )

    def _warn(
        self,
        code: str,
        subject: str,
        message: str,
        remedies: Remedies = (),
        facts: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        self.warnings.append(Question(code, subject, message, remedies, facts))


def _logins(user: DirectoryUser) -> list[str]:
    addresses = (user.email, user.signin_email, user.alias)
    return list(dict.fromkeys(text.strip().lower() for text in addresses if text.strip()))


def _difference(present: DirectoryUser, desired: DirectoryUser) -> tuple[dict[str, object], dict[str, object]]:
    """Return the fields that differ between what PaperCut holds and what it is to hold, before and after."""
    before: dict[str, object] = {}
    after: dict[str, object] = {}
    for name in ("full_name", "email", "department", "office"):
        old, new = getattr(present, name), getattr(desired, name)
        if old != new:
            before[name], after[name] = old, new
    if set(present.groups) != set(desired.groups):
        before["groups"], after["groups"] = sorted(present.groups), sorted(desired.groups)
    return before, after
