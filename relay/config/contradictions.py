"""What is wrong only between the keys of `relay.toml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from relay import amounts, print_texts
from relay.config.sections import SQLITE
from relay.config.values import Section, is_loopback, is_money
from relay.errors import Problem
from relay.language import lazy, told_any
from relay.remedy import Remedy

LEDGER_URLS = (SQLITE, "postgresql+psycopg://")


def contradictions(sections: Mapping[str, Any]) -> list[Problem]:
    """Return the problems that only show between keys, wrong ones left out; a section may be missing."""
    problems: list[Problem] = []

    def tell(section: str, key: str, clause: str, *remedies: Remedy) -> None:
        problems.append(Problem(clause, section, key, remedies=remedies))

    members, printing, console, jobs = (sections.get(name) for name in ("members", "print", "console", "jobs"))
    ledger, site, signin, fees = (sections.get(name) for name in ("ledger", "site", "signin", "fees"))
    if site:
        for name, section in sections.items():
            for key, value in _amounts(section):
                if value % amounts.minor_unit(site.currency):
                    tell(name, key, lazy("has more decimal places than %(currency)s", currency=site.currency))
        overdraft = members.restricted.removeprefix("overdraft:") if members else "no"
        if overdraft not in ("leave", "no") and amounts.parse(overdraft) % amounts.minor_unit(site.currency):
            tell("members", "restricted", lazy("has more decimal places than %(currency)s", currency=site.currency))
    if ledger and ledger.url.get_secret_value() == SQLITE:
        tell("ledger", "url", lazy("does not name a file, such as sqlite:///ledger.db"))
    if ledger and not ledger.url.get_secret_value().startswith(LEDGER_URLS):
        tell("ledger", "url", lazy("must begin with %(ledger_urls)s", ledger_urls=told_any(*LEDGER_URLS)))
    if signin and signin.method == "pin" and signin.offline_hours:
        tell("signin", "offline_hours", lazy('has no meaning with method = "pin": set it to 0'))
    if fees and fees.grouping == "company" and fees.bill_to == "member":
        tell(
            "fees",
            "bill_to",
            lazy(
                'grouping = "company" and bill_to = "member" contradict each other: one fee per company is '
                "paid by the company"
            ),
        )
    if members and printing:
        names = {
            ("members", "individual_group"): members.individual_group,
            ("members", "unlinked_group"): members.unlinked_group,
            ("members", "everyone_group"): members.everyone_group,
            ("print", "blocked_group"): printing.blocked_group,
        }
        seen: dict[str, tuple[str, str]] = {}
        for (section, key), name in names.items():
            first = seen.setdefault(name.casefold(), (section, key))
            if first != (section, key):
                taken = lazy(
                    "%(name)s is already the group of [%(section)s] %(key)s; each needs a name of its own",
                    name=repr(name),
                    section=first[0],
                    key=first[1],
                )
                tell(section, key, taken)
    if printing:
        for name, wrong in print_texts.problems(printing.language, dict(printing.texts)):
            tell("print.texts", name, wrong)
    if members and signin and signin.pin_property:
        for key, value in {"card_property": members.card_property, "username": members.username}.items():
            if value.removeprefix("property:") == signin.pin_property:
                tell(
                    "signin",
                    "pin_property",
                    lazy(
                        "%(pin_property)s is already what [members] %(key)s reads; a PIN is a "
                        "secret and needs a property of its own",
                        pin_property=repr(signin.pin_property),
                        key=key,
                    ),
                )
    if console and console.password_hash is None:
        host = console.listen.rpartition(":")[0].strip("[]")
        if not is_loopback(host):
            tell(
                "console",
                "password_hash_file",
                lazy(
                    "is required because listen = %(listen)s can be reached from other machines",
                    listen=repr(console.listen),
                ),
                Remedy("password", ("",), lazy("to set one")),
            )
        elif console.public_url:
            tell(
                "console",
                "password_hash_file",
                lazy("is required with public_url, since others reach the console through it"),
                Remedy("password", ("",), lazy("to set one")),
            )
    page = sections.get("members_page")
    if page and page.listen:
        if not page.public_url and not is_loopback(page.listen.rpartition(":")[0].strip("[]")):
            clause = lazy(
                "is required because listen = %(listen)s can be reached from other machines", listen=repr(page.listen)
            )
            tell("members_page", "public_url", clause)
        if console and _meet(page.listen, console.listen):
            tell("members_page", "listen", lazy("is the console's; the members' page needs a port of its own"))
        if console and page.public_url and page.public_url.lower() == console.public_url.lower():
            tell("members_page", "public_url", lazy("is the console's; the members' page needs an address of its own"))
    if jobs and jobs.source == "database" and jobs.database_url is None:
        tell("jobs", "database_url_file", lazy('is required with source = "database"'))
    if jobs and jobs.source != "database" and jobs.database_url is not None:
        tell("jobs", "database_url_file", lazy('has no meaning with source = "%(source)s"', source=jobs.source))
    return problems


def _meet(one: str, other: str) -> bool:
    """Return whether two listeners would want the same port of the same address; one may be all addresses."""
    (host, _, port), (host2, _, port2) = one.rpartition(":"), other.rpartition(":")
    return port == port2 and (host == host2 or not {host, host2}.isdisjoint({"0.0.0.0", "[::]"}))


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
