"""A person's answers to doubts about who is who: link, unlink, not-same. They are kept; the next sync acts on them."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from pathlib import Path

from relay import amounts
from relay.accounts import GROUP, SHARED, SharedLink
from relay.config import Settings
from relay.errors import NotFound, RelayError, UsageError
from relay.language import joined, lazy, told_any
from relay.officernd.client import OfficeRnD
from relay.officernd.model import Company, Member
from relay.papercut import keys
from relay.papercut.client import PaperCut
from relay.people import who
from relay.people.act import pins
from relay.people.decide.usernames import clean, is_email
from relay.people.memory import links, questions
from relay.people.sync import remembered
from relay.people.world import Link, Memory, is_one_line, name_key
from relay.remedy import Remedies, Remedy, as_json
from relay.site import Site
from relay.stored_accounts import shared_accounts

LONGEST_ACCOUNT = 240  # "account:NAME" must fit where the ledger keeps usernames


@dataclass(frozen=True)
class Answer:
    """What an answer changed, in a sentence that says what happens next."""

    what: str
    subject_id: str
    name: str
    sentence: str
    remedies: Remedies = ()
    behind: str = ""  # a sentence about an account that somebody loses by it
    exit_code: int = 0

    def as_json(self) -> dict[str, object]:
        return {
            "done": self.what,
            "member_id": self.subject_id,
            "name": self.name,
            "message": self.sentence,
            "remedies": as_json(self.remedies),
        }


def link(site: Site, *, member: str, username: str, new: bool = False) -> Answer:
    """Say that a member is an account, or with `new` that a new one of this name is to be made; the next sync does it.

    A name that PaperCut does not have is a mistake unless it is said to be `new`, or is that of the member's own
    account which was deleted by hand. Raises UsageError, which names what is alike and what would stay behind.

    With `group:NAME` for the account, `member` names a company (id or name), and the group becomes its own; with
    `account:NAME` the company pays for PaperCut's shared account of that name from now on.
    """
    if new and username.startswith((GROUP, SHARED)):
        raise UsageError(lazy("Only an account of a person can be a new one: leave --new out."))
    if username.startswith(GROUP):
        return _link_group(site, member, username.removeprefix(GROUP))
    if username.startswith(SHARED):
        return _link_shared(site, member, username.removeprefix(SHARED))
    name = checked_username(site.settings, username)
    memory = remembered(site)
    found = who.find_member(site, member, memory)
    _refuse_internal(site.papercut, name)
    owner = next((one for one in memory.links.values() if one.username == name and not one.deleted_at), None)
    exists, is_own = site.papercut.user_exists(name), owner is not None and owner.member_id == found.id
    if owner is not None and not is_own and not memory.is_contradicted(owner):
        raise RelayError(
            lazy(
                "%(name)s is already linked to %(display_name)s (%(member_id)s).",
                name=name,
                display_name=owner.display_name or lazy("the member"),
                member_id=owner.member_id,
            ),
            code="already_linked",
            remedies=(Remedy("unlink", (owner.member_id,), lazy("if that is wrong, before you link again")),),
        )
    left = _left_behind(site, memory, found, name)
    if not exists and not is_own and not new:
        raise _no_such_account(site.papercut, found, name, left)
    if exists and new:
        raise UsageError(
            lazy("PaperCut already has an account %(name)s, so it is not a new one: leave --new out.", name=name)
        )
    now = site.clock.now()
    with site.database.begin() as connection:
        links.drop_answers(connection, site.name, "not_same", found.id, name)
        questions.answered(connection, site.name, found.id, now)
        if not is_own:
            links.store_answer(connection, site.name, "link", found.id, name, site.clock.now())
        else:  # back to the account that they have: as if nothing had been said in between
            links.drop_answers(connection, site.name, "link", found.id)
        if owner is not None and is_own and not exists and not _is_renamed(site.papercut, owner):
            # Deleted by hand, and wanted back: as if it had never been seen.
            again = replace(owner, linked_at=None, made_by_us=True, initial_done=False, standing="active")
            links.store_links(connection, site.name, [again])
    what = lazy("the new PaperCut account") if new else lazy("the PaperCut account")
    return Answer(
        "link",
        found.id,
        name,
        joined(
            lazy(
                "%(name)s (%(id)s) is %(what)s %(username)s from the next sync on.",
                name=found.name,
                id=found.id,
                what=what,
                username=name,
            ),
            left,
        ),
        (Remedy("sync"),),
        left,
    )


def _is_renamed(papercut: PaperCut, link: Link) -> bool:
    """Return whether a linked account that is gone seems to have another name: then the next sync follows it."""
    address = link.account_email or link.email
    return bool(link.standing != "gone" and is_email(address) and papercut.look_up_by_email(address.strip()))


def _left_behind(site: Site, memory: Memory, member: Member, name: str) -> str:
    """Return a sentence about the account that a member has, or would get, and loses to another one; "" for none."""
    held = memory.links.get(member.id)
    present = held.username if held is not None and not held.deleted_at else ""
    if not present and is_email(member.email):
        present = site.papercut.look_up_by_email(member.email.strip()).lower()
    if not present or present == name:
        return ""
    try:
        balance = amounts.with_currency(site.papercut.balance(present), site.settings.site.currency)
    except NotFound:
        return ""
    return lazy(
        "Their account %(present)s stays behind with its balance of %(balance)s and its history.",
        present=present,
        balance=balance,
    )


def _no_such_account(papercut: PaperCut, member: Member, name: str, left: str) -> UsageError:
    alike = difflib.get_close_matches(name, [one.lower() for one in papercut.usernames()], n=3)
    hint = lazy("did you mean %(alike)s?", alike=told_any(*alike)) if alike else lazy("no name there is much like it.")
    return UsageError(
        joined(
            lazy(
                "PaperCut has no account %(username)s; %(hint)s If %(name)s is to have a new account of that name, say "
                "so.",
                username=name,
                hint=hint,
                name=member.name,
            ),
            left,
        ),
        code="no_such_account",
        remedies=(Remedy("link_new", (member.id, name), lazy("to have one made")),),
    )


def unlink(site: Site, who: str) -> Answer:
    """Say that a link is wrong: it is dropped, and the two are never linked again by themselves."""
    if who.startswith(SHARED):
        return _unlink_shared(site, who.removeprefix(SHARED))
    memory = remembered(site)
    if who in memory.group_answers:
        with site.database.begin() as connection:
            links.drop_answers(connection, site.name, "group", who)
        return Answer(
            "unlink", who, memory.group_answers[who], lazy("The company's group is decided by the rules again.")
        )
    found = _find(site, who, memory)
    answered = memory.answers.get(found.member_id)
    if found.link is None and answered is None:
        raise RelayError(lazy("%(who)s is not linked to any PaperCut account.", who=who), code="not_linked")
    name = found.link.username if found.link else str(answered)
    now = site.clock.now()
    with site.database.begin() as connection:
        links.drop_answers(connection, site.name, "link", found.member_id)
        links.store_answer(connection, site.name, "not_same", found.member_id, name, now)
        questions.answered(connection, site.name, found.member_id, now)
    return Answer(
        "unlink",
        found.member_id,
        name,
        lazy(
            "%(member_id)s and the PaperCut account %(name)s are no longer linked after the next sync, which looks "
            "for another account and treats %(name)s as nobody's.",
            member_id=found.member_id,
            name=name,
        ),
        remedies=(Remedy("plan", (), "first"), Remedy("sync", (), "then")),
    )


def not_same(site: Site, *, member: str, username: str) -> Answer:
    """Say that a member is not an account, so that the two are never linked by themselves."""
    memory = remembered(site)
    found = who.find_member(site, member, memory)
    name = username.strip().lower()
    now = site.clock.now()
    with site.database.begin() as connection:
        if memory.answers.get(found.id) == name:
            links.drop_answers(connection, site.name, "link", found.id)
        links.store_answer(connection, site.name, "not_same", found.id, name, site.clock.now())
        questions.answered(connection, site.name, found.id, now)
    return Answer(
        "not_same",
        found.id,
        name,
        lazy(
            "%(name)s (%(id)s) is not the PaperCut account %(username)s; the next sync goes on without it.",
            name=found.name,
            id=found.id,
            username=name,
        ),
        (Remedy("plan"),),
    )


def issue_pin(site: Site, who: str) -> Answer:
    """Make a print PIN for a member; it stands in the answer and nowhere else."""
    found = _find(site, who, remembered(site))
    if not found.member_id:
        raise UsageError(
            lazy("%(who)s is not a member in OfficeRnD, and a PIN belongs to a member.", who=who), code="who_unknown"
        )
    pin = pins.issue_pin(Path(site.settings.scripts.home), found.member_id)
    return Answer(
        "pin",
        found.member_id,
        pin,
        lazy("The print PIN of %(who)s is %(pin)s. It is not shown again.", who=who, pin=pin),
    )


def revoke_pin(site: Site, who: str) -> Answer:
    """Make a member's print PIN worthless."""
    found = _find(site, who, remembered(site))
    home = site.settings.scripts.home
    source = pins.source_of(home, found.member_id)
    had = bool(found.member_id) and pins.revoke_pin(Path(home), found.member_id)
    sentence = (
        lazy("The print PIN of %(who)s no longer works.", who=who)
        if had
        else lazy("%(who)s had no print PIN.", who=who)
    )
    if source:
        more = lazy(
            "It came from %(source)s in OfficeRnD: clear it there too, or the next sync brings it back.", source=source
        )
        sentence = joined(sentence, more)
    return Answer("pin_revoked", found.member_id, "", sentence)


_find = who.find


def _link_group(site: Site, company: str, group: str) -> Answer:
    """Say which group is a company's, older groups with rights of their own included."""
    is_own = name_key(group) in map(name_key, site.settings.own_groups)
    if is_own or not is_one_line(group) or len(group) > 100 or keys.is_built_in(group):
        raise UsageError(lazy("%(group)s cannot be a company's group.", group=repr(group)))
    found = _company(site.officernd, company)
    now = site.clock.now()
    with site.database.begin() as connection:
        links.store_answer(connection, site.name, "group", found.id, group, site.clock.now())
        questions.answered(connection, site.name, found.id, now)
    return Answer(
        "link",
        found.id,
        group,
        lazy(
            "The members of %(name)s are in the group %(group)s from the next sync on.",
            name=found.name,
            group=repr(group),
        ),
        (Remedy("plan"),),
    )


def _link_shared(site: Site, word: str, name: str) -> Answer:
    """Let a company pay for a shared account from now on; what was charged to it before is its opening balance."""
    if not is_one_line(name) or len(name) > LONGEST_ACCOUNT:
        raise UsageError(
            lazy(
                "%(name)s cannot be a shared account: one line of at most %(longest_account)s characters, such as "
                "account:Acme.",
                name=repr(name),
                longest_account=LONGEST_ACCOUNT,
            )
        )
    if name_key(name) == name_key(site.settings.safety.witness):
        raise RelayError(
            lazy(
                "%(name)s is the shared account in which the relay notices restored backups; no company can pay for "
                "it.",
                name=name,
            ),
            code="not_ours",
        )
    company = _company(site.officernd, word)
    listed = site.papercut.shared_accounts()
    if name not in listed:  # as PaperCut spells it, and so its logs
        spelt = [one for one in listed if name_key(one) == name_key(name)]
        if not spelt:
            near = ", ".join(difflib.get_close_matches(name, listed))
            raise UsageError(
                f"PaperCut has no shared account {name!r}{f', but {near}' if near else ''}.", code="no_such_account"
            )
        name = spelt[0]
    held = site.papercut.shared_account(name)
    with site.database.begin() as connection:
        known = {one.account_id: one for one in shared_accounts(connection, site.name) if one.unlinked_at is None}
        former = known.get(held.account_id)
        if former is not None and former.company_id != company.id:
            raise RelayError(
                lazy(
                    "The shared account %(name)s is already paid by %(company_name)s (%(company_id)s).",
                    name=name,
                    company_name=former.company_name,
                    company_id=former.company_id,
                ),
                code="already_linked",
                remedies=(Remedy("unlink", (SHARED + former.name,), lazy("if that is wrong, before you link again")),),
            )
        namesake = next((one for one in known.values() if one.name == name and one.account_id != held.account_id), None)
        if namesake is not None:  # two links of one name would bill its balance twice
            raise RelayError(
                lazy(
                    "The shared account %(name)s is now a different account from the one that %(company_name)s "
                    "pays for. Then link again.",
                    name=name,
                    company_name=namesake.company_name,
                ),
                code="already_linked",
                remedies=(
                    Remedy(
                        "link_shared", (namesake.company_id, ""), lazy("if that one was renamed, with its new name")
                    ),
                    Remedy("unlink", (SHARED + name,), "else"),
                ),
            )
        account = SharedLink(held.account_id, name, company.id, company.name, site.clock.now(), held.balance)
        if former is not None:  # only a name has changed
            account = replace(account, linked_at=former.linked_at, opening_balance=former.opening_balance)
        links.store_shared_account(connection, site.name, account)
    told = lazy(
        "%(company)s pays for what is charged to the shared account %(account)s from now on",
        company=company.name,
        account=name,
    )
    owed = lazy(
        "the %(balance)s owed on it so far are an opening balance",
        balance=amounts.with_currency(-held.balance, site.settings.site.currency),
    )
    return Answer(
        "link",
        company.id,
        f"{SHARED}{name}",
        lazy("%(what)s.", what=joined(told, owed if held.balance < 0 and former is None else "", by="; ")),
        (Remedy("show_held"),),
    )


def _unlink_shared(site: Site, name: str) -> Answer:
    """Let nobody pay for a shared account any more."""
    with site.database.begin() as connection:
        found = [one for one in shared_accounts(connection, site.name) if one.name == name and one.unlinked_at is None]
        if not found:
            raise UsageError(lazy("No company pays for a shared account %(name)s.", name=repr(name)), code="not_linked")
        links.store_shared_account(connection, site.name, replace(found[0], unlinked_at=site.clock.now()))
    return Answer(
        "unlink",
        found[0].company_id,
        f"{SHARED}{name}",
        lazy(
            "%(company_name)s no longer pays for the shared account %(name)s; what is charged to it is billed to "
            "nobody.",
            company_name=found[0].company_name,
            name=name,
        ),
    )


def _company(officernd: OfficeRnD, word: str) -> Company:
    """Return the company that an id or a name means."""
    found = [one for one in officernd.companies() if word == one.id or name_key(one.name) == name_key(word)]
    if len(found) != 1:
        none = lazy("OfficeRnD knows no company %(word)s: give the company's id.", word=repr(word))
        several = lazy(
            "OfficeRnD knows %(count)s companies %(word)s: give the company's id.", count=len(found), word=repr(word)
        )
        raise UsageError(several if found else none, code="who_unknown")
    return found[0]


def checked_username(settings: Settings, username: str) -> str:
    """Return the username as PaperCut writes it, or raise why no member may be linked to it; asks nobody."""
    name = username.strip().lower()
    if not name or clean(name) != name:
        raise UsageError(
            lazy(
                "%(username)s cannot be a PaperCut username: at most 50 characters, without @, / and \\; "
                "such as %(clean)s.",
                username=repr(username),
                clean=clean(name) or "ann.lee_example.com",
            )
        )
    if name in settings.members.usernames_not_ours:
        raise RelayError(
            lazy("%(name)s is listed in [members] not_ours: take it out of there first.", name=name), code="not_ours"
        )
    return name


def _refuse_internal(papercut: PaperCut, name: str) -> None:
    """Raise RelayError when the account of that name is an internal user; one that does not exist is none."""
    try:
        internal = keys.is_true(papercut.user_properties(name, [keys.INTERNAL])[keys.INTERNAL])
    except NotFound:
        return
    if internal:
        raise RelayError(
            lazy(
                "%(name)s is an internal user, whose password PaperCut never asks OfficeRnD for: link another name, or "
                "delete the internal user in PaperCut first.",
                name=name,
            ),
            code="internal_user",
        )
