"""The money journal for others to read: JSON, CSV, and a Beancount ledger that any checker can add up again.

Reads the ledger only. Amounts have six decimals in every format, since print prices are finer than a coin. In JSON and
CSV a bucket's line has the sign of PaperCut's balance and a counter side the opposite one, so the lines of an entry add
up to zero. Beancount has the site's point of view, every sign turned: what a member owes is positive.

Source: https://beancount.github.io/docs/beancount_language_syntax.html (accounts, strings, balance assertions)
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping

from relay import amounts, spreadsheet
from relay.accounts import SHARED
from relay.money.decide.explain import Buckets
from relay.money.decide.wallet import Sides, Wallet
from relay.money.ledger import journal as stored
from relay.money.ledger.store import Ledger
from relay.site import Site

Format = Literal["csv", "json", "beancount"]
CSV_COLUMNS = (
    "id", "at", "day", "kind", "cause", "member_id", "username", "line", "amount", "balance", "jobs", "witness",
    "since", "doubt", "inferred",
)  # fmt: skip
_SIDES = {
    "linked": "Equity:Linked",
    "printed": "Income:Printed",
    "outside": "Equity:Outside",
    "fees": "Assets:OfficeRnD:Fees",
    "granted": "Expenses:Granted",
    "included": "Expenses:Included",
    "forgiven": "Expenses:Forgiven",
    "restored": "Equity:Restored",
}
_EARLIER = "Equity:Opening-Balances"
_EXACTLY = "~ 0.0000005"  # by itself a balance assertion lets a micro more or less pass


@dataclass(frozen=True)
class Journal:
    """Entries of the journal in their order, what stood before them by wallet id, and the wallets as they are now."""

    site: str
    currency: str
    timezone: str
    since: date | None
    rows: tuple[RowMapping, ...]
    before: Mapping[int, Buckets]
    wallets: tuple[Wallet, ...]

    def render(self, format_: Format) -> str:
        """Return the journal as text of this format, with a line end."""
        return {"csv": self.as_csv, "json": self.json_text, "beancount": self.as_beancount}[format_]()

    # -- JSON and CSV ------------------------------------------------------------------------------------------------

    def json_text(self) -> str:
        return json.dumps(self.as_json(), ensure_ascii=False, indent=1) + "\n"

    def as_json(self) -> dict[str, Any]:
        """Return the journal as plain values; the lines of each entry add up to zero."""
        return {"site": self.site, "currency": self.currency, "entries": [self._entry_json(row) for row in self.rows]}

    def as_csv(self) -> str:
        """Return one row a line of an entry; an entry without lines, which only counts jobs, has one row too."""
        out = io.StringIO()
        table = csv.writer(out)
        table.writerow(CSV_COLUMNS)
        for entry in self.as_json()["entries"]:
            own = {"balance": entry["balance"]}  # sums of our own stay numbers
            outside = {name: spreadsheet.cell(value) for name, value in entry.items()}
            for line, amount in (entry["lines"] or {"": ""}).items():
                cells = outside | own | {"line": line, "amount": amount}
                table.writerow([cells[name] for name in CSV_COLUMNS])
        return out.getvalue()

    def _entry_json(self, row: RowMapping) -> dict[str, Any]:
        return {
            "id": row["id"],
            "at": self._at(row),
            "day": row["day"].isoformat(),
            "kind": row["kind"],
            "cause": row["cause"],
            "member_id": row["member_id"],
            "username": row["username"],
            "lines": {name: _money(amount) for name, amount in _lines(row)},
            "balance": _money(row["balance"]),
            "jobs": row["jobs"],
            "witness": row["witness"],
            "since": row["since"],
            "doubt": row["doubt"],
            "inferred": row["inferred"],
        }

    def _at(self, row: RowMapping) -> str:
        return str(row["at"].astimezone(ZoneInfo(self.timezone)).isoformat())

    # -- Beancount ---------------------------------------------------------------------------------------------------

    def as_beancount(self) -> str:
        """Return a Beancount ledger: accounts, a transaction an entry, and assertions on what each day left behind.

        A wallet is asserted for each of its days, with the balance that the day's last entry recorded; each of its
        buckets at the end, with what the ledger keeps beside the journal.
        """
        head = [
            f'option "title" {_quoted(f"The money journal of {self.site}")}',
            f'option "operating_currency" "{self.currency}"',
        ]
        dated = [*self._transactions(), *self._day_ends(), *self._last_ends()]
        in_order = [text for _, _, text in sorted(dated, key=lambda one: one[:2])]
        return "\n".join([*head, "", *self._opens(), "", *in_order]) + "\n"

    def _opens(self) -> Iterator[str]:
        """Yield every account that is used, open from the first day on."""
        if not self._names:
            return
        first = self._day_before if self.before else min(row["day"] for row in self.rows)
        wallets = [f"{root}{part}" for root in self._names.values() for part in ("", *map(_part, Buckets._fields))]
        for account in (*_SIDES.values(), _EARLIER, *wallets):
            yield f"{first} open {account} {self.currency}"

    def _transactions(self) -> Iterator[tuple[date, int, str]]:
        if any(any(buckets) for buckets in self.before.values()):
            yield self._day_before, 0, self._opening()
        for row in self.rows:
            yield row["day"], row["id"], self._transaction(row)

    def _opening(self) -> str:
        """Return the one transaction that stands for everything before the first day."""
        postings = [
            (self._names[wallet_id] + _part(name), amount)
            for wallet_id, buckets in self.before.items()
            for name, amount in buckets._asdict().items()
        ]
        postings.append((_EARLIER, -sum(amount for _, amount in postings)))
        return "\n".join([f'{self._day_before} * "Everything before {self.since}"', *self._postings(postings)])

    def _transaction(self, row: RowMapping) -> str:
        said = ", ".join(filter(None, (row["kind"], row["doubt"], "inferred" if row["inferred"] else "")))
        root = self._names[row["wallet_id"]]
        facts = {"entry": str(row["id"]), "cause": row["cause"], "at": self._at(row)}
        return "\n".join(
            [
                f"{row['day']} * {_quoted(row['username'])} {_quoted(said)}",
                *(f"  {name}: {_quoted(value)}" for name, value in facts.items() if value),
                *self._postings((_SIDES.get(name, root + _part(name)), amount) for name, amount in _lines(row)),
            ]
        )

    def _postings(self, lines: Iterable[tuple[str, int]]) -> list[str]:
        return [f"  {account}  {_money(-amount)} {self.currency}" for account, amount in lines if amount]

    def _day_ends(self) -> Iterator[tuple[date, int, str]]:
        """Yield what each wallet holds after each of its days, as recorded by the last entry of that day."""
        last = {(row["wallet_id"], row["day"]): row["standing"] for row in self.rows}
        for (wallet_id, day), standing in last.items():
            yield self._assertion(day + timedelta(days=1), self._names[wallet_id], standing)

    def _last_ends(self) -> Iterator[tuple[date, int, str]]:
        """Yield what each bucket holds in the end, as the wallets say."""
        last = dict.fromkeys(self.before, self._day_before) if self.before else {}
        for row in self.rows:
            last[row["wallet_id"]] = max(row["day"], last.get(row["wallet_id"], row["day"]))
        for wallet in self.wallets:
            for name, amount in wallet.buckets._asdict().items() if wallet.id in last else ():
                yield self._assertion(last[wallet.id] + timedelta(days=1), self._names[wallet.id] + _part(name), amount)

    def _assertion(self, day: date, account: str, amount: int) -> tuple[date, int, str]:
        """Return an assertion with its place: at the beginning of a day, as Beancount checks it."""
        return day, -1, f"{day} balance {account}  {_money(-amount)} {_EXACTLY} {self.currency}"

    @property
    def _day_before(self) -> date:
        assert self.since is not None, "without a first day nothing stands before it"
        return self.since - timedelta(days=1)

    @cached_property
    def _names(self) -> dict[int, str]:
        """The account of each wallet that has an entry, by its id."""
        used = {row["wallet_id"] for row in self.rows} | set(self.before)
        return {wallet.id: _account(wallet) for wallet in self.wallets if wallet.id in used}


def journal(site: Site, *, since: date | None = None) -> Journal:
    """Return the journal of a site as of one moment, from the business day `since` on (None: all of it)."""
    with Ledger(site.database, site.name, site.clock).read() as connection:
        return Journal(
            site.name,
            site.settings.site.currency,
            site.settings.site.timezone,
            since,
            tuple(stored.entries(connection, site.name, since)),
            stored.sums_before(connection, site.name, since) if since is not None else {},
            tuple(stored.wallets(connection, site.name)),
        )


def _lines(row: RowMapping) -> list[tuple[str, int]]:
    """Return an entry's lines that are not zero: buckets as they changed, sides with the opposite sign."""
    buckets = [(name, int(row[name])) for name in Buckets._fields]
    sides = [(name, -int(row[name])) for name in Sides._fields]
    return [(name, amount) for name, amount in (*buckets, *sides) if amount]


def _money(micros: int) -> str:
    return format(amounts.to_decimal(micros), "f")


def _account(wallet: Wallet) -> str:
    """Return the account of a wallet: the member's id and the wallet's, since each link has a wallet of its own."""
    shared = wallet.member_id.startswith(SHARED)
    plain = wallet.member_id.removeprefix(SHARED)
    if re.fullmatch(r"[A-Za-z0-9]+", plain):
        member = f"{'S' if shared else 'M'}{plain}"
    else:
        member = f"X{wallet.member_id.encode().hex()}"
    return f"Liabilities:Wallet:{member}:W{wallet.id}"


def _part(bucket: str) -> str:
    """Return the last component of a bucket's account."""
    return f":{bucket.capitalize()}"


def _quoted(text: str) -> str:
    """Return a Beancount string on one line, whatever a name holds."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return '"' + printable.replace("\\", r"\\").replace('"', r"\"") + '"'
