"""What is wrong only between the keys of `relay.toml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from relay import amounts
from relay.config.sections import SQLITE
from relay.config.values import Section, is_loopback, is_money

LEDGER_URLS = (SQLITE, "postgresql+psycopg://")


def contradictions(sections: Mapping[str, Any]) -> list[str]:
    """Return the problems that only show between keys, wrong ones left out; a section may be missing."""
    problems = []
    members, printing, console, jobs = (sections.get(name) for name in ("members", "print", "console", "jobs"))
    ledger, site, signin, fees = (sections.get(name) for name in ("ledger", "site", "signin", "fees"))
    if site:
        for name, section in sections.items():
            for key, value in _amounts(section):
                if value % amounts.minor_unit(site.currency):
                    problems.append(f"[{name}] {key}: has more digits than {site.currency} has")
    if ledger and not ledger.url.get_secret_value().startswith(LEDGER_URLS):
        problems.append(f"[ledger] url: must begin with {' or '.join(LEDGER_URLS)}")
    if signin and signin.method == "pin" and signin.offline_hours:
        problems.append('[signin] offline_hours: has no meaning with method = "pin": set it to 0')
    if fees and fees.grouping == "company" and fees.bill_to == "member":
        problems.append(
            '[fees] bill_to: grouping = "company" and bill_to = "member" contradict each other: one fee per company is '
            "paid by the company"
        )
    if members and printing:
        names = {
            "[members] individual_group": members.individual_group,
            "[members] unlinked_group": members.unlinked_group,
            "[members] everyone_group": members.everyone_group,
            "[print] blocked_group": printing.blocked_group,
        }
        seen: dict[str, str] = {}
        for place, name in names.items():
            first = seen.setdefault(name.casefold(), place)
            if first != place:
                problems.append(f"{place}: {name!r} is already the group of {first}; each needs a name of its own")
    if members and signin and signin.pin_property:
        for key, value in {"card_property": members.card_property, "username": members.username}.items():
            if value.removeprefix("property:") == signin.pin_property:
                problems.append(
                    f"[signin] pin_property: {signin.pin_property!r} is already what [members] {key} reads; a PIN is a "
                    "secret and needs a property of its own"
                )
    if console and console.password_hash is None:
        host = console.listen.rpartition(":")[0].strip("[]")
        if not is_loopback(host):
            problems.append(
                f"[console] password_hash_file: is required because listen = {console.listen!r} can be reached from "
                "other machines; make one with: papercut-relay password NAME"
            )
        elif console.public_url:
            problems.append(
                "[console] password_hash_file: is required with public_url, since others reach the console through it; "
                "make one with: papercut-relay password NAME"
            )
    if jobs and jobs.source == "database" and jobs.database_url is None:
        problems.append('[jobs] database_url_file: is required with source = "database"')
    if jobs and jobs.source != "database" and jobs.database_url is not None:
        problems.append(f'[jobs] database_url_file: has no meaning with source = "{jobs.source}"')
    return problems


def _amounts(section: Section, place: str = "") -> Iterator[tuple[str, int]]:
    """Yield the amounts that a section gives itself, with their keys: ("max_fee", 200_000_000).

    The defaults fit the euro, and do no harm elsewhere.
    """
    for key in section.model_fields_set:
        value = getattr(section, key)
        if is_money(type(section).model_fields[key]):
            yield f"{place}{key}", value or 0
        elif isinstance(value, tuple):
            for number, row in enumerate(value):
                if isinstance(row, Section):
                    yield from _amounts(row, f"{place}{key}.{number}.")
