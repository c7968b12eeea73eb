"""Whom does somebody mean by an e-mail address, a username or a member id? Asks both systems; writes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from relay.accounts import email_key
from relay.errors import NotFound, RelayError
from relay.officernd.client import OfficeRnD
from relay.officernd.model import Member
from relay.people.world import Link, Memory
from relay.site import Site


@dataclass(frozen=True)
class Person:
    """What a word was found to mean: a member, a link, a PaperCut username; any of them may be missing."""

    member: Member | None
    link: Link | None
    username: str

    @property
    def member_id(self) -> str:
        return self.member.id if self.member else self.link.member_id if self.link else ""


def find(site: Site, word: str, memory: Memory) -> Person:
    """Return whom `word` means. Raises RelayError (`who_unknown`, `who_ambiguous`) where that is nobody or several."""
    word = word.strip()
    link = memory.links.get(word) or next(
        (one for one in memory.links.values() if one.username == word.lower() and not one.deleted_at), None
    )
    if link is not None:
        return Person(_member(site.officernd, link.member_id), link, link.username)
    if "@" in word:
        return _by_email(site, word, memory)
    member = _member(site.officernd, word) if is_id(word) else None
    if member is not None:
        return Person(member, None, memory.answers.get(member.id, ""))
    if site.papercut.user_exists(word.lower()):
        return Person(None, None, word.lower())
    raise _unknown(word)


def find_member(site: Site, word: str, memory: Memory) -> Member:
    """Return the member of OfficeRnD that `word` means, and nobody who has left it."""
    found = find(site, word, memory)
    if found.member is None:
        raise RelayError(
            f"{word} is no member of OfficeRnD now: name one by e-mail address or member id.", code="who_unknown"
        )
    return found.member


def _by_email(site: Site, word: str, memory: Memory) -> Person:
    # OfficeRnD's filter is an exact match, and addresses are stored in lower case as a rule, not by a rule.
    members = {
        one.id: one
        for spelling in dict.fromkeys((word, word.lower()))
        for one in site.officernd.members_by_email(spelling)
    }
    if len(members) > 1:
        names = ", ".join(f"{one.name} {one.id} ({one.status})" for one in members.values())
        raise RelayError(f"{word} is the address of several members: {names}; name one by id.", code="who_ambiguous")
    for member in members.values():
        link = memory.links.get(member.id)
        return Person(member, link, link.username if link else memory.answers.get(member.id, ""))
    held = [one for one in memory.links.values() if email_key(one.email) == email_key(word) and not one.deleted_at]
    if len(held) == 1:
        return Person(_member(site.officernd, held[0].member_id), held[0], held[0].username)
    username = site.papercut.look_up_by_email(word)
    if username:
        return Person(None, next((one for one in memory.links.values() if one.username == username), None), username)
    raise _unknown(word)


def _member(officernd: OfficeRnD, member_id: str) -> Member | None:
    try:
        return officernd.member(member_id)
    except NotFound:
        return None


def is_id(word: str) -> bool:
    """Return whether a word has the form of an OfficeRnD id. Source: developer reference (24 hex digits)."""
    return len(word) == 24 and all(character in "0123456789abcdefABCDEF" for character in word)


def _unknown(word: str) -> RelayError:
    return RelayError(
        f"Neither OfficeRnD nor PaperCut knows {word!r}: give an e-mail address, a PaperCut username or a member id.",
        code="who_unknown",
    )
