"""Money that waits for a word as one table: filtered, ordered, with who pays and the last print. Writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from werkzeug.datastructures import MultiDict

from relay import amounts, jobs
from relay.accounts import SHARED, folded, is_shared
from relay.console import figures, words
from relay.console.desk import Desk
from relay.database import reading
from relay.language import gettext, translated
from relay.money.decide.holds import RESTORED
from relay.money.decide.remedies import answers_to

SHOWN = 50
SMALL, LARGE = Decimal(1), Decimal(10)
ORDERS = ("amount", "since", "name")


@dataclass(frozen=True, slots=True)
class Filter:
    """What the table shows; every field is "" for no restriction. `everybody` ticks all that are found."""

    find: str = ""
    code: str = ""
    pays: str = ""  # company | person
    least: str = ""  # small | large
    order: str = "amount"
    page: int = 1
    everybody: bool = False

    def address(self, **other: Any) -> dict[str, Any]:
        """Return the arguments of the page with some replaced, without those that say nothing."""
        values = {name: getattr(self, name) for name in ("find", "code", "pays", "least", "order")} | other
        return {name: value for name, value in values.items() if value and (name, value) != ("order", "amount")}


def filter_of(arguments: MultiDict[str, str]) -> Filter:
    """Return the filter that a page's address or a form says; what it cannot be is left out."""
    return Filter(
        " ".join(arguments.get("find", "").split())[:100],
        arguments.get("code", "")[:40],
        arguments.get("pays", "") if arguments.get("pays") in ("company", "person") else "",
        arguments.get("least", "") if arguments.get("least") in ("small", "large") else "",
        arguments.get("order", "") if arguments.get("order") in ORDERS else "amount",
        max(1, arguments.get("page", 1, type=int)),
        bool(arguments.get("all")),
    )


@dataclass(frozen=True)
class HeldTable:
    """The part of what waits that a filter finds. `rows` are those shown; `codes` count the rows of all that waits."""

    rows: list[dict[str, Any]]
    count: int
    people: int
    total: str
    waiting: int
    codes: Mapping[str, int]
    answers: tuple[str, ...]
    page: int
    pages: int


def table(place: Desk, wanted: Filter, undecided: Iterable[Mapping[str, Any]]) -> HeldTable:
    """Return what waits for an answer that can be given to many, as `wanted` says."""
    currency = place.settings.site.currency
    all_rows = [_row(item) for item in undecided if item["code"] != RESTORED and answers_to(item["code"])]
    found = [row for row in all_rows if _matches(row, wanted)]
    found.sort(key=lambda row: (row["name"].casefold(), row["id"]))
    if wanted.order == "amount":
        found.sort(key=lambda row: row["value"], reverse=True)
    elif wanted.order == "since":
        found.sort(key=lambda row: str(row["since"]))
    pages = max(1, -(-len(found) // SHOWN))
    page = min(wanted.page, pages)
    shown = found if wanted.everybody else found[(page - 1) * SHOWN : page * SHOWN]
    with reading(place.database) as connection:
        prints = jobs.last_prints(connection, place.settings.site.name, [row["member_id"] for row in shown])
    for row in shown:
        row["printed"] = prints.get(row["member_id"])
    return HeldTable(
        shown,
        len(found),
        len({row["member_id"] for row in found}),
        total(found, currency),
        len(all_rows),
        dict(Counter(row["code"] for row in all_rows).most_common()),
        tuple(dict.fromkeys(answer for row in found for answer in answers_to(row["code"]))),
        page,
        pages,
    )


def others(undecided: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what waits for something else than a word that many can be given: an amount, a setting, PaperCut."""
    return [_row(item) for item in undecided if item["code"] == RESTORED or not answers_to(item["code"])]


def decided(items: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what somebody has decided on and the next billing will do, the newest decision first."""
    found = sorted((_row(item) for item in items if item["said"]), key=lambda row: row["name"].casefold())
    return sorted(found, key=lambda row: str(row["said_at"]), reverse=True)


def sums(rows: Iterable[Mapping[str, Any]], currency: str) -> dict[str, str]:
    """Return what is to be billed, forgiven and taken back in all: {"bill": "155.50"}."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["said"], []).append(row)
    return {said: total(of_it, currency) for said, of_it in sorted(found.items())}


def _row(item: Mapping[str, Any]) -> dict[str, Any]:
    shared = is_shared(item["member_id"])
    hold = words.HOLDS.get(item["code"])
    return {
        **item,
        "name": gettext("%(name)s (shared account)", name=item["username"].removeprefix(SHARED))
        if shared
        else item["name"],
        "value": Decimal(item["amount"]),
        "why": translated(hold.title) if hold else item["code"].replace("_", " ").capitalize(),
    }


def _matches(row: Mapping[str, Any], wanted: Filter) -> bool:
    text = folded(f"{row['name']}\n{row['username']}\n{row['payer']}")
    return (
        all(word in text for word in folded(wanted.find).split())
        and wanted.code in ("", row["code"])
        and (not wanted.pays or row["by_company"] is (wanted.pays == "company"))
        and (wanted.least != "small" or row["value"] < SMALL)
        and (wanted.least != "large" or row["value"] > LARGE)
    )


def total(rows: Iterable[Mapping[str, Any]], currency: str) -> str:
    return amounts.text(sum(amounts.parse(row["amount"]) for row in rows), currency)


def found(place: Desk, wanted: Filter) -> set[int]:
    """Return the rows that a filter finds, all of them."""
    everybody = table(place, replace(wanted, everybody=True), figures.undecided(place))
    return {row["id"] for row in everybody.rows}
