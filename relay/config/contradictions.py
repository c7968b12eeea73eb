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
    parts = (_decimals, _ledger, _login, _groups, _texts, _pins, _console, _members_page, _jobs)
    return [problem for part in parts for problem in part(sections)]


def _decimals(sections: Mapping[str, Any]) -> Iterator[Problem]:
    site, members = sections.get("site"), sections.get("members")
    if site is None:
        return
    more = lazy("has more decimal places than %(currency)s", currency=site.currency)
    for name, section in sections.items():
        for key, value in _amounts(section):
            if value % amounts.minor_unit(site.currency):
                yield Problem(more, name, key)
    overdraft = members.restricted.removeprefix("overdraft:") if members else "no"
    if overdraft not in ("leave", "no") and amounts.parse(overdraft) % amounts.minor_unit(site.currency):
        yield Problem(more, "members", "restricted")


def _ledger(sections: Mapping[str, Any]) -> Iterator[Problem]:
    ledger = sections.get("ledger")
    if ledger and ledger.url.get_secret_value() == SQLITE:
        yield Problem(lazy("does not name a file, such as sqlite:///ledger.db"), "ledger", "url")
    if ledger and not ledger.url.get_secret_value().startswith(LEDGER_URLS):
        yield Problem(lazy("must begin with %(ledger_urls)s", ledger_urls=told_any(*LEDGER_URLS)), "ledger", "url")


def _login(sections: Mapping[str, Any]) -> Iterator[Problem]:
    signin, fees = sections.get("signin"), sections.get("fees")
    if signin and signin.method == "pin" and signin.offline_hours:
        yield Problem(lazy('has no meaning with method = "pin": set it to 0'), "signin", "offline_hours")
    if fees and fees.grouping == "company" and fees.bill_to == "member":
        yield Problem(
            lazy(
                'grouping = "company" and bill_to = "member" contradict each other: one fee per company is '
                "paid by the company"
            ),
            "fees",
            "bill_to",
        )


def _groups(sections: Mapping[str, Any]) -> Iterator[Problem]:
    members, printing = sections.get("members"), sections.get("print")
    if not (members and printing):
        return
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
            yield Problem(taken, section, key)


def _texts(sections: Mapping[str, Any]) -> Iterator[Problem]:
    printing = sections.get("print")
    if printing:
        for name, wrong in print_texts.problems(printing.language, dict(printing.texts)):
            yield Problem(wrong, "print.texts", name)


def _pins(sections: Mapping[str, Any]) -> Iterator[Problem]:
    members, signin = sections.get("members"), sections.get("signin")
    if members and signin and signin.pin_property:
        for key, value in {"card_property": members.card_property, "username": members.username}.items():
            if value.removeprefix("property:") == signin.pin_property:
                read = lazy(
                    "%(pin_property)s is already what [members] %(key)s reads; a PIN is a "
                    "secret and needs a property of its own",
                    pin_property=repr(signin.pin_property),
                    key=key,
                )
                yield Problem(read, "signin", "pin_property")


def _console(sections: Mapping[str, Any]) -> Iterator[Problem]:
    console = sections.get("console")
    if console and console.password_hash is None:
        remedies = (Remedy("password", ("",), lazy("to set one")),)
        if _is_open(console.listen):
            yield Problem(_reached(console.listen), "console", "password_hash_file", remedies=remedies)
        elif console.public_url:
            public = lazy("is required with public_url, since others reach the console through it")
            yield Problem(public, "console", "password_hash_file", remedies=remedies)


def _members_page(sections: Mapping[str, Any]) -> Iterator[Problem]:
    page, console = sections.get("members_page"), sections.get("console")
    if not (page and page.listen):
        return
    if not page.public_url and _is_open(page.listen):
        yield Problem(_reached(page.listen), "members_page", "public_url")
    if console and _meet(page.listen, console.listen):
        port = lazy("is the console's; the members' page needs a port of its own")
        yield Problem(port, "members_page", "listen")
    if console and page.public_url and page.public_url.lower() == console.public_url.lower():
        address = lazy("is the console's; the members' page needs an address of its own")
        yield Problem(address, "members_page", "public_url")


def _jobs(sections: Mapping[str, Any]) -> Iterator[Problem]:
    jobs = sections.get("jobs")
    if jobs and jobs.source == "database" and jobs.database_url is None:
        yield Problem(lazy('is required with source = "database"'), "jobs", "database_url_file")
    if jobs and jobs.source != "database" and jobs.database_url is not None:
        idle = lazy('has no meaning with source = "%(source)s"', source=jobs.source)
        yield Problem(idle, "jobs", "database_url_file")


def _is_open(listen: str) -> bool:
    """Return whether other machines reach a listener."""
    return not is_loopback(listen.rpartition(":")[0].strip("[]"))


def _reached(listen: str) -> str:
    return lazy("is required because listen = %(listen)s can be reached from other machines", listen=repr(listen))


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
