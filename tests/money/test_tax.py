"""Tax: PaperCut's prices include it and OfficeRnD adds it again: the taxed price is never above the debt."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay import amounts
from relay.money.decide import tax
from relay.money.ledger.store import Ledger
from tests.support.money_acts import lose_the_ledger, rebuild
from tests.support.money_world import Site

RATES = st.integers(1, 99_999_999)
COINS = st.sampled_from([1_000, 10_000, 1_000_000])


@pytest.fixture
def sections() -> dict[str, dict[str, Any]]:
    return {"fees": {"tax_percent": "20"}}


@pytest.mark.parametrize(
    ("debt", "percent", "price", "paid"),
    [
        ("12.00", "20", "10.00", "12.00"),
        ("0.05", "20", "0.04", "0.05"),
        ("0.03", "20", "0.02", "0.02"),
        ("1.05", "20", "0.87", "1.04"),
        ("7.03", "7.7", "6.53", "7.03"),
        ("10.00", "0", "10.00", "10.00"),
        ("0.01", "20", "0.01", "0.01"),
    ],
)
def test_the_price_is_the_largest_that_taxed_is_not_above_the_debt(
    debt: str, percent: str, price: str, paid: str
) -> None:
    found = tax.price_within(amounts.parse(debt), amounts.parse(percent), 10_000)
    assert amounts.text(found, "EUR") == price
    assert amounts.text(tax.taxed(found, amounts.parse(percent), 10_000), "EUR") == paid


@given(st.integers(0, 10**7), RATES, COINS)
def test_no_price_over_bills_and_no_larger_one_would_do(coins: int, rate: int, coin: int) -> None:
    debt = coins * coin
    price = tax.price_within(debt, rate, coin)
    assert tax.taxed(price, rate, coin) <= debt < tax.taxed(price + coin, rate, coin)
    assert debt - tax.taxed(price, rate, coin) < tax.least(coin, rate, coin)  # the rest makes no fee of its own


def test_the_adjustment_is_the_taxed_price_and_the_rest_stays_owed(site: Site) -> None:
    ann = site.person("ann", prints=1.05)
    result = site.settle()
    assert (result.exit_code, site.billed(ann), site.balance("ann")) == (0, 870_000, -10_000)
    answer = result.as_json()
    assert (answer["total"], [item["amount"] for item in answer["movements"]]) == ("0.87", ["1.04"])
    before = site.ledger_rows()["movements"]
    assert (site.settle().movements, site.ledger_rows()["movements"]) == ((), before)
    site.prints("ann", 0.02)
    site.settle()
    assert (site.billed(ann), site.balance("ann")) == (890_000, -10_000)


def test_a_dry_run_tells_prices_too(site: Site) -> None:
    site.person("ann", prints=1.2)
    answer = site.settle(dry_run=True).as_json()
    assert (answer["total"], answer["movements"][0]["amount"]) == ("1.00", "1.20")


def test_one_fee_of_a_company_is_taxed_once(site: Site) -> None:
    site.configure(fees={"grouping": "company"})
    for name, cost in (("ann", 0.02), ("bob", 1.03)):
        site.person(name, company_id="c1", company_name="Acme", prints=cost)
    result = site.settle()
    (fee,) = site.officernd.held_fees.values()
    assert (amounts.from_decimal(fee.price), result.total) == (870_000, 870_000)
    assert (site.balance("ann"), site.balance("bob")) == (0, -10_000)


def test_limits_count_the_debt(site: Site) -> None:
    site.configure(safety={"max_fee": "1.00"})
    site.person("ann", prints=1.19)  # a price of 0.99
    assert [item.code for item in site.settle().held] == ["max_fee"]


def test_a_rebuilt_ledger_adjusts_by_what_was_paid(site: Site) -> None:
    ann = site.person("ann", prints=1.2)
    site.settle()
    lose_the_ledger(site)
    assert rebuild(site).exit_code in (0, 4)
    (movement,) = Ledger(site.database, site.settings.site.name, site.clock).movements()
    assert (movement.member_id, movement.amount, movement.fee_price) == (ann, 1_200_000, 1_000_000)
