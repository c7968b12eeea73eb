"""How a member's PaperCut username is made from what OfficeRnD knows. Pure; what is taken is the caller's to know.

Source: PaperCut manual, internal users (lower case; printable; no `/`, `\\`, `@`); reseller help (50 characters);
HexaSpaceRND field report (PaperCut cuts a login name at `@`; `local_domain.tld` is the form of OfficeRnD's connector).
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping, Set
from types import MappingProxyType

from relay.accounts import can_be_a_persons
from relay.officernd.model import Member

LONGEST = 50
_REFUSED = set("@/\\")
NOBODY: Mapping[str, str] = MappingProxyType({})


def rule_name(member: Member, rule: str) -> str:
    """Return the username that `rule` gives a member, "" where it gives none (no e-mail, empty property).

    `rule` is "email_underscore", "email_local" or "property:KEY" as in the settings.
    """
    if rule.startswith("property:"):
        return clean(member.properties.get(rule.removeprefix("property:"), ""))
    if not is_email(member.email):
        return ""
    if rule == "email_local":
        return clean(member.email.strip().rpartition("@")[0])
    return clean(member.email)


def person_name(member: Member) -> str:
    """Return the username proposed for somebody without an address: Émile Ferrant is emile.ferrant. "" for no name.

    Accents go, since the name is typed at a popup; letters without a plain form stay as they are.
    """
    plain = "".join(one for one in unicodedata.normalize("NFD", member.name) if not unicodedata.combining(one))
    return clean(".".join(plain.replace("@", " ").split()))


def connector_name(member: Member) -> str:
    """Return the name that OfficeRnD's own connector gave: ann.lee@example.com is ann.lee_example.com.

    How it shortened long ones is not known; PaperCut holds 50 characters, so the first 50 are compared.
    """
    return _accepted(member.email)[:LONGEST] if is_email(member.email) else ""


def is_email(text: str) -> bool:
    """Return whether `text` can be somebody's address: something on both sides of an `@`."""
    local, _, domain = text.strip().rpartition("@")
    return bool(local and domain) and not any(character.isspace() for character in domain)


def clean(text: str) -> str:
    """Return `text` as a username PaperCut accepts: lower case, what it refuses turned into `_`, at most 50 long."""
    name = _accepted(text)
    return name if len(name) <= LONGEST else with_suffix(name, name)


def _accepted(text: str) -> str:
    lowered = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text.strip()).lower())
    name = "".join(
        "_" if character in _REFUSED or character.isspace() or not character.isprintable() else character
        for character in lowered
    )
    return name if can_be_a_persons(name) else name.replace(":", "_", 1)


def with_suffix(name: str, seed: str) -> str:
    """Return `name` with a short suffix that only depends on `seed`, at most 50 long: ann_example.com-3f9a1c."""
    suffix = "-" + short_hash(seed)
    return name[: LONGEST - len(suffix)] + suffix


def free_name(wanted: str, member_id: str, taken: Set[str], reserved: Mapping[str, str] = NOBODY) -> str:
    """Return `wanted`, with a stable suffix where it is taken; `reserved` are names that somebody has: {name: id}."""
    name, attempt = wanted, 0
    while name in taken or reserved.get(name, member_id) != member_id:
        name = with_suffix(wanted, member_id + ("" if not attempt else f"/{attempt}"))
        attempt += 1
    return name


def short_hash(seed: str) -> str:
    """Return six hex digits that stand for `seed`."""
    return hashlib.sha256(seed.encode("utf-8", "surrogatepass")).hexdigest()[:6]
