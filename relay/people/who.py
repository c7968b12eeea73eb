"""Whom does somebody mean by an e-mail address, username, member id or full name? Asks both systems; writes nothing."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from relay.accounts import email_key, folded, meant
from relay.errors import NotFound, UsageError
from relay.language import lazy
from relay.officernd.client import OfficeRnD
from relay.officernd.model import Member, reads_as_id
from relay.people.memory.snapshot import Snapshot
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


_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
_ACCENTS = re.compile("[\u0300-\u036f]")
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


def searchable(text: str) -> str:
    """Return a text as a search box compares it: without case and accents, and an umlaut also in two letters.

    For finding in lists alone: who is meant by a word is `meant`, where every letter counts.
    """
    if text.isascii():
        return text.lower()
    small = unicodedata.normalize("NFC", text).casefold()
    return "\n".join(dict.fromkeys((_plain(small), _plain(small.translate(_GERMAN)))))


def parts(typed: str) -> list[str]:
    """Return the words that were typed into a search box, as they stand in a `searchable` text."""
    return _plain(unicodedata.normalize("NFC", typed).casefold()).split()


def _plain(text: str) -> str:
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", text.translate(_LETTERS)))


def find(site: Site, word: str, memory: Memory) -> Person:
    """Return whom `word` means. Raises UsageError (`who_unknown`, `who_ambiguous`) where that is nobody or several."""
    word = word.strip()
    key = folded(word)
    link = next((one for one in memory.links.values() if folded(one.member_id) == key), None) or next(
        (one for one in memory.links.values() if folded(one.username) == key and not one.deleted_at), None
    )
    if link is not None:
        return Person(_member(site.officernd, link.member_id), link, link.username)
    if "@" in word:
        return _by_email(site, word, memory)
    member = _member(site.officernd, word.lower()) if reads_as_id(word) else None
    if member is not None:
        return _of(member, memory)
    if word and site.papercut.user_exists(word.lower()):
        return Person(None, None, word.lower())
    return _by_name(site, word, memory)


def find_member(site: Site, word: str, memory: Memory) -> Member:
    """Return the member of OfficeRnD that `word` means, and nobody who has left it."""
    found = find(site, word, memory)
    if found.member is None:
        raise UsageError(
            lazy(
                "%(word)s is not a member in OfficeRnD now: name one by e-mail address, member id or full name.",
                word=word,
            ),
            code="who_unknown",
        )
    return found.member


def _of(member: Member, memory: Memory) -> Person:
    link = memory.links.get(member.id)
    return Person(member, link, link.username if link else memory.answers.get(member.id, ""))


def _by_name(site: Site, word: str, memory: Memory) -> Person:
    """Return the one person of a full name, linked or not, and also who has left and is linked still."""
    members = {one.id: one for one in site.officernd.members()}
    named = [
        *(_Named(one.id, one.name) for one in members.values()),
        *(
            _Named(one.member_id, one.display_name)
            for one in memory.links.values()
            if one.member_id not in members and not one.deleted_at
        ),
    ]
    found = meant(word, named)
    if len(found) > 1:
        ids = ", ".join(sorted(one.member_id for one in found))
        raise UsageError(
            lazy("%(word)s is the name of several people (%(ids)s): name one by id.", word=word, ids=ids),
            code="who_ambiguous",
        )
    if not found:
        raise _unknown(word)
    member_id = found[0].member_id
    if member_id in members:
        return _of(members[member_id], memory)
    return Person(None, memory.links[member_id], memory.links[member_id].username)


@dataclass(frozen=True, slots=True)
class _Named:
    """A full name and whose it is."""

    member_id: str
    full_name: str
    username: str = ""
    email: str = ""


def _by_email(site: Site, word: str, memory: Memory) -> Person:
    # OfficeRnD's filter is an exact match, and addresses are stored in lower case as a rule, not by a rule.
    members = {
        one.id: one
        for spelling in dict.fromkeys((word, word.lower()))
        for one in site.officernd.members_by_email(spelling)
    }
    if len(members) > 1:
        names = ", ".join(f"{one.name} {one.id} ({one.status})" for one in members.values())
        raise UsageError(
            lazy("%(word)s is the address of several members: %(names)s; name one by id.", word=word, names=names),
            code="who_ambiguous",
        )
    for member in members.values():
        return _of(member, memory)
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


ALIKE = 6  # as many as a sentence can name


def alike(seen: Snapshot | None, word: str) -> list[str]:
    """Return people of the last sync in whose name, address or account each part of a word stands, as "Name <email>".

    None where nobody is alike, or so many that naming them helps nobody.
    """
    wanted = parts(word)
    if seen is None or not wanted:
        return []
    texts = [
        *((one.name, one.email) for one in seen.officernd.members.values()),
        *((one.full_name, one.username) for one in seen.papercut.accounts.values()),
    ]
    found = dict.fromkeys(
        f"{name or second} <{second or name}>"
        for name, second in texts
        if all(part in searchable(f"{name} {second}") for part in wanted)
    )
    return list(found) if len(found) <= ALIKE else []


def _unknown(word: str) -> UsageError:
    return UsageError(
        lazy(
            "Neither OfficeRnD nor PaperCut knows %(word)s: give an e-mail address, a PaperCut username, a member id "
            "or a full name.",
            word=repr(word),
        ),
        code="who_unknown",
    )
