"""Which PaperCut group stands for which company. Pure.

A company's name becomes a group's name once; it stays with the company until the company is renamed. A group that was
there before the integration may give rights in PaperCut, so it is taken over only where every present member of it is
somebody OfficeRnD knows, or a person said so; else the company gets a name with a suffix.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace

from relay.papercut import keys
from relay.people.decide.usernames import short_hash
from relay.people.world import CompanyGroup, Memory, name_key, one_line

LONGEST = 100
# OfficeRnD's own connector kept its people in these two. Source: HexaSpaceRND field report.
CONNECTOR_INDIVIDUALS = "[Individual Members]"
CONNECTOR_UNLINKED = "[Users not linked to OfficeRnD]"


@dataclass(frozen=True, slots=True)
class GroupNames:
    """`by_company` maps company ids to group names; `rows` are all groups of ours as they are to be remembered.

    `doubts` are (company id, the older group's name, the name with suffix), `suffixed` the same where two companies
    are called alike.
    """

    by_company: Mapping[str, str]
    rows: Mapping[str, CompanyGroup]
    taken_over: frozenset[str]
    doubts: tuple[tuple[str, str, str], ...]
    suffixed: tuple[tuple[str, str, str], ...]


def base_name(company_name: str) -> str:
    """Return a company's name as a group's name: one line, at most 100 characters; "" where nothing is left."""
    # A name beginning with !! would be taken for one of PaperCut's own.
    plain = one_line(company_name)
    return one_line(plain.lstrip("!") if keys.is_built_in(plain) else plain, LONGEST)


def assign(
    companies: Mapping[str, str],
    memory: Memory,
    listed: Mapping[str, Set[str]],
    known_usernames: Set[str],
    reserved: Iterable[str],
    foreign: Set[str],
) -> GroupNames:
    """Return the group of every company in `companies` (id -> name), in an order that does not depend on reading.

    `listed` is PaperCut's group list with members; `known_usernames` are accounts of people OfficeRnD knows;
    `reserved` are the names no company may have; `foreign` are listed groups that the settings call not ours.
    """
    reserved_keys = {
        name_key(name) for name in (*keys.OWN_GROUPS, CONNECTOR_INDIVIDUALS, CONNECTOR_UNLINKED, *reserved)
    }
    by_key = {name_key(name): name for name in sorted(listed, reverse=True)}
    rows = dict(memory.groups)
    kept = {
        row.company_id: row.name
        for row in memory.groups.values()
        if row.company_id in companies
        and row.base_key == name_key(companies[row.company_id])
        and memory.group_answers.get(row.company_id, row.name) == row.name
    }
    result = dict(kept)
    doubts: list[tuple[str, str, str]] = []
    for company_id, name in sorted(kept.items()):  # a doubt stands until somebody answers it
        older = by_key.get(name_key(base_name(companies[company_id])), name)
        if older not in memory.groups and older not in foreign and company_id not in memory.group_answers:
            doubts.append((company_id, older, name))
    used = {name_key(name) for name in kept.values()}
    taken_over: set[str] = set()
    suffixed: list[tuple[str, str, str]] = []

    def give(company_id: str, name: str, *, made_by_us: bool) -> None:
        result[company_id] = name
        used.add(name_key(name))
        before = rows.get(name)
        made = before.made_by_us if before else made_by_us
        rows[name] = CompanyGroup(name, company_id, name_key(companies[company_id]), made)

    fresh = sorted(set(companies) - set(kept))
    for company_id in fresh:  # a person's word goes before every rule
        answer = memory.group_answers.get(company_id)
        if answer and name_key(answer) not in used and answer not in foreign:
            existing = by_key.get(name_key(answer), answer)
            give(company_id, existing, made_by_us=existing not in listed)
            taken_over.update({existing} & listed.keys())
    for company_id in fresh:
        if company_id in result:
            continue
        base = base_name(companies[company_id])
        existing = by_key.get(name_key(base), "")
        alternative = _suffixed(base or "Company", company_id)
        cut = base != one_line(companies[company_id])
        if not base or cut or name_key(base) in reserved_keys or name_key(base) in used:
            give(company_id, by_key.get(name_key(alternative), alternative), made_by_us=True)
            if not cut:
                suffixed.append((company_id, base, alternative))
        elif not existing:
            give(company_id, base, made_by_us=True)
        elif existing in rows:
            give(company_id, existing, made_by_us=True)
        elif existing not in foreign and listed[existing] and listed[existing] <= known_usernames:
            give(company_id, existing, made_by_us=False)
            taken_over.add(existing)
        else:
            give(company_id, alternative, made_by_us=True)
            doubts.append((company_id, existing, alternative))
    current = set(result.values())
    for name, row in rows.items():
        if row.company_id and name not in current:
            rows[name] = replace(row, company_id="")
    return GroupNames(result, rows, frozenset(taken_over), tuple(doubts), tuple(suffixed))


def _suffixed(base: str, company_id: str) -> str:
    suffix = f" ({short_hash(company_id)})"
    return base[: LONGEST - len(suffix)].rstrip() + suffix
