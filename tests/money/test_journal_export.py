"""The journal for others: its lines add up, no cell is a formula, and Beancount finds every micro in its place."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from relay import amounts, cli, money, spreadsheet
from relay.accounts import LinkedAccount
from relay.money.decide import wallet as wallets
from relay.money.decide.explain import Buckets
from relay.money.decide.wallet import Entry, Sides, Wallet
from relay.money.ledger import journal as stored
from relay.money.report.journal import CSV_COLUMNS, Journal
from tests.support.bean_check import checked, complaints
from tests.support.money_world import Site, lose
from tests.support.postgresql_server import server
from tests.support.settings_example import example_settings, written_settings

FIRST = date(2026, 11, 23)
WILD = '=HYPERLINK("x");@SUM(1)\\'
SECTIONS = {"top_up": {"amount": "1.50", "every": "day"}}
ASSERTION = re.compile(r"^(\S+) balance (\S+)  (\S+) ~ \S+ EUR$", re.MULTILINE)
NUMBER = re.compile(r"-?\d+\.\d{6}(?= (?:~ 0\.0000005 )?EUR$)", re.MULTILINE)


@pytest.fixture
def sections() -> dict[str, dict[str, Any]]:
    return SECTIONS


def tell(site: Site) -> None:
    """Four days of printing, fees, top-ups, cash, words, a lost answer, a shared account and an account linked anew."""
    site.person("ann.lee@example.com", balance=-3.0)
    site.person("bob", balance=2.0)
    site.person(WILD)
    site.shared("Acme\\Projects")
    for cost in (7.035, 0.25):
        for name in site.papercut.accounts:
            site.prints(name, cost)
        site.settle()
        site.top_up()
        site.clock.move(days=1)
    site.approve("ann.lee@example.com", "bill")
    site.papercut.accounts["bob"].balance -= 20  # charged by hand
    site.papercut.accounts[WILD].balance += 0.3
    site.settle()
    site.approve("bob", "forgive")
    site.settle()
    site.clock.move(days=1)
    site.prints(WILD, 4.1)
    site.faults.always = lose
    site.settle()
    site.faults.clear()
    site.clock.move(minutes=2)
    site.settle()
    balance, jobs = site.balance("bob"), site.papercut.accounts["bob"].jobs
    site.relink("bob", linked_at=site.clock.now(), opening_balance=balance, opening_jobs=jobs)
    site.prints("bob", 12.5)
    site.settle()


def assertions(text: str) -> dict[tuple[str, date], int]:
    """Return the asserted amounts by account and day, with PaperCut's sign."""
    return {
        (account, date.fromisoformat(day)): -amounts.parse(number) for day, account, number in ASSERTION.findall(text)
    }


def test_beancount_accepts_what_happened(site: Site) -> None:
    tell(site)
    found = checked(site)
    text = found.as_beancount()
    assert {row["kind"] for row in found.rows} == {"opening", "reading", "movement", "word"}
    assert text.count(" * ") == len(found.rows)
    (ann,) = (wallet for wallet in found.wallets if wallet.username == "ann.lee@example.com")
    assert f"  Liabilities:Wallet:M{ann.member_id}:W{ann.id}:Opening  3.000000 EUR" in text
    assert '* "=HYPERLINK(\\"x\\");@SUM(1)\\\\" "reading' in text


def test_a_wallet_is_asserted_for_each_day_by_its_last_reading(site: Site) -> None:
    """Recomputed here from the entries: each recorded balance, and what is asserted of each wallet and day."""
    tell(site)
    found = checked(site)
    wallet_of = {row["id"]: row["wallet_id"] for row in found.rows}
    held: defaultdict[int, int] = defaultdict(int)
    ends: dict[tuple[str, date], int] = {}
    for entry in found.as_json()["entries"]:
        wallet = wallet_of[entry["id"]]
        held[wallet] += sum(amounts.parse(entry["lines"].get(name, "0")) for name in Buckets._fields)
        assert held[wallet] == amounts.parse(entry["balance"])
        ends[f"W{wallet}", date.fromisoformat(entry["day"]) + timedelta(days=1)] = held[wallet]
    told = assertions(found.as_beancount())
    whole = {(account.rpartition(":")[2], day): amount for (account, day), amount in told.items()}
    assert {key: amount for key, amount in whole.items() if key[0].startswith("W")} == ends
    assert len(ends) > 10
    for wallet in found.wallets:
        buckets = {
            account.rpartition(":")[2].lower(): amount
            for (account, _), amount in told.items()
            if f":W{wallet.id}:" in account
        }
        assert buckets == wallet.buckets._asdict()


def test_a_single_micro_anywhere_is_refused(site: Site) -> None:
    tell(site)
    text = checked(site).as_beancount()
    numbers = list(NUMBER.finditer(text))
    assert len(numbers) > 100
    for number in numbers:
        wrong = format(amounts.to_decimal(amounts.parse(number[0]) + 1), "f")
        assert complaints(text[: number.start()] + wrong + text[number.end() :]), text[: number.end()].splitlines()[-1]


def test_a_micro_in_another_bucket_is_refused(site: Site) -> None:
    """The transaction and the wallet's balance are right then; what the wallet keeps beside the journal is not."""
    site.person("ann", prints=1.0)
    site.settle()
    text = checked(site).as_beancount()
    assert complaints(text.replace(":Owed  ", ":Own  ", 1))


def test_a_damaged_journal_is_refused(site: Site) -> None:
    tell(site)
    with site.database.begin() as connection:
        connection.exec_driver_sql("UPDATE journal SET owed = owed + 1, printed = printed + 1 WHERE id = 4")
    assert complaints(money.journal(site.context).as_beancount())


def test_json_lines_add_up_to_zero(site: Site) -> None:
    tell(site)
    before, calls = site.ledger_rows(), len(site.papercut.calls) + len(site.officernd.calls)
    told = json.loads(money.journal(site.context).render("json"))
    assert (site.ledger_rows(), len(site.papercut.calls) + len(site.officernd.calls)) == (before, calls)
    assert (told["site"], told["currency"]) == ("hq", "EUR")
    for entry in told["entries"]:
        assert sum(amounts.parse(amount) for amount in entry["lines"].values()) == 0
        assert all(
            re.fullmatch(r"-?\d+\.\d{6}", amount) and amounts.parse(amount) for amount in entry["lines"].values()
        )
        assert entry["at"].endswith("+02:00") and entry["day"] == entry["at"][:10]
    first = next(entry for entry in told["entries"] if entry["username"] == "ann.lee@example.com")
    assert (first["kind"], first["balance"]) == ("opening", "-3.000000")
    assert first["lines"] == {"opening": "-3.000000", "linked": "3.000000"}
    assert list(first) == [
        *("id", "at", "day", "kind", "cause", "member_id", "username", "lines", "balance"),
        *("jobs", "witness", "since", "doubt", "inferred"),
    ]


def test_csv_has_a_row_a_line_and_no_formula(site: Site) -> None:
    tell(site)
    found = money.journal(site.context)
    text = found.render("csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert tuple(rows[0]) == CSV_COLUMNS
    entries = found.as_json()["entries"]
    told = [(row["id"], row["line"], row["amount"]) for row in rows if row["line"]]
    assert told == [(str(one["id"]), *line) for one in entries for line in one["lines"].items()]
    assert {row["id"] for row in rows} == {str(one["id"]) for one in entries}
    for delimiter in ",;\t":
        for row in csv.reader(io.StringIO(text), delimiter=delimiter):
            wild = [cell for cell in row if cell.lstrip(' "').startswith(("=", "+", "-", "@", "\t", "\r"))]
            assert [cell for cell in wild if delimiter != "," or not re.fullmatch(r"-\d+\.\d{6}", cell)] == []


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\t=", ' "=', "x;=", "x\t@", "x; -", "x\n="])
def test_no_cell_from_outside_is_a_formula(start: str) -> None:
    for part in re.split(r"[;\t\r\n]", spreadsheet.cell(f"{start}1+1")):
        assert not part.lstrip(' "').startswith(("=", "+", "-", "@"))
    assert not spreadsheet.cell(f"{start}1").startswith(("\t", "\r"))


def test_plain_cells_stay_as_they_are() -> None:
    values = ["ann.lee", "o'neill-smith; x", -1, 2.5]
    assert [spreadsheet.cell(value) for value in values] == values
    assert [spreadsheet.cell(value) for value in (None, True, False)] == ["", "yes", "no"]


@pytest.mark.parametrize("days", range(-1, 6))
def test_since_sums_up_what_was_before(site: Site, days: int) -> None:
    tell(site)
    since = FIRST + timedelta(days=days)
    found = checked(site, since=since)
    whole = money.journal(site.context)
    assert list(found.rows) == [row for row in whole.rows if row["day"] >= since]
    text, told = found.as_beancount(), assertions(whole.as_beancount())
    assert text.count(f'"Everything before {since}"') == (1 if days > 0 else 0)
    whole_days = {key: amount for key, amount in assertions(text).items() if key[1] > since}
    assert whole_days == {key: amount for key, amount in told.items() if key[1] > since}
    if days > 0:
        opening = text.index("Everything before")
        number = NUMBER.search(text, opening)
        assert number is not None
        assert complaints(text[: number.start()] + "1.234567" + text[number.end() :])


def test_an_entry_of_an_earlier_day_stands_on_that_day(site: Site) -> None:
    """A movement found after later readings: the days between are asserted with it, and every number can still fail."""
    with site.database.begin() as connection:
        link = LinkedAccount("m-1 ü", "ann", site.clock.now())
        (mine,) = stored.add_wallets(connection, "hq", [Wallet.empty(link)])
        for kind, change, sides, balance, day in (
            ("reading", Buckets(owed=-5), Sides(printed=-5), -5, 1),
            ("reading", Buckets(owed=-1), Sides(printed=-1), -6, 3),
            ("movement", Buckets(owed=5), Sides(fees=5), -1, 2),
            ("reading", Buckets(owed=-2), Sides(printed=-2), -3, 4),
        ):
            entry = Entry(kind, change, sides, balance, 1, FIRST + timedelta(days=day))  # type: ignore[arg-type]
            stored.add_entry(connection, "hq", mine.id, entry, site.clock.now(), 1, 1)
        stored.store_wallets(connection, [wallets.replace(mine, buckets=Buckets(owed=-3))])
    text = checked(site).as_beancount()
    told = {day: amount for (account, day), amount in assertions(text).items() if account.endswith(f":W{mine.id}")}
    assert told == {FIRST + timedelta(days=day + 1): amount for day, amount in ((1, -5), (2, 0), (3, -1), (4, -3))}
    for day in range(6):
        checked(site, since=FIRST + timedelta(days=day))


@pytest.mark.parametrize(("currency", "cost"), [("JPY", 703.5), ("KWD", 7.0355), ("EUR", 7.035)])
def test_currencies(tmp_path: Path, currency: str, cost: float) -> None:
    site = Site(tmp_path, {"site": {"currency": currency}})
    site.person("ann", balance=-cost, prints=cost)
    assert site.settle(allow=("max_fee",)).exit_code == 0
    text = checked(site).as_beancount()
    assert f'option "operating_currency" "{currency}"' in text
    assert f"Income:Printed  -{cost:.6f} {currency}\n" in text


def test_an_empty_journal_is_one_too(site: Site) -> None:
    for since in (None, FIRST, date.min):
        found = checked(site, since=since)
        assert found.as_json()["entries"] == []
        assert found.render("csv").split("\r\n") == [",".join(CSV_COLUMNS), ""]


@pytest.mark.needs("postgresql")
def test_postgresql_tells_the_same(tmp_path: Path, site: Site) -> None:
    tell(site)
    with server() as url:
        other = Site(tmp_path, SECTIONS, url=url)
        tell(other)
        for since in (None, FIRST + timedelta(days=2)):
            assert shape(checked(other, since=since)) == shape(checked(site, since=since))
        other.database.dispose()


def shape(found: Journal) -> list[tuple[object, ...]]:
    """Return a journal without what is random in it."""
    return [(entry["kind"], entry["day"], entry["lines"], entry["balance"]) for entry in found.as_json()["entries"]]


def test_the_command_writes_each_format(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    settings = example_settings(tmp_path)
    settings.site.state_dir.mkdir()
    site = Site(tmp_path, {}, url=settings.ledger_url)
    tell(site)
    site.database.dispose()
    file = written_settings(tmp_path)

    def run(*words: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(["--config", str(file), "journal", *words])
        return int(left.value.code or 0), capsysbinary.readouterr().out.decode()

    whole = money.journal(site.context)
    site.database.dispose()
    assert run() == (0, whole.as_csv())
    assert run("--format", "beancount") == (0, whole.as_beancount())
    assert run("--json") == run("--format", "json") == (0, whole.json_text())
    code, later = run("--since", "2026-11-25", "--format", "json")
    assert (code, {entry["day"] for entry in json.loads(later)["entries"]}) == (0, {"2026-11-25", "2026-11-26"})
    assert run("--since", "yesterday")[0] == 2
