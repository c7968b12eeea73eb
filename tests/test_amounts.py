from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay import amounts


@pytest.mark.parametrize(
    ("balance", "currency", "owed"),
    [
        (-7.035, "EUR", "7.03"),
        (-0.004, "EUR", "0.00"),
        (-1e-9, "EUR", "0.00"),
        (-1234567.89, "EUR", "1234567.89"),
        (-7.00, "EUR", "7.00"),
        (-12.9, "JPY", "12"),
        (-0.0019, "KWD", "0.001"),
        (3.5, "EUR", "0.00"),
        (-0.1 - 0.2, "EUR", "0.30"),
    ],
)
def test_never_more_is_billed_than_is_owed(balance: float, currency: str, owed: str) -> None:
    """A float balance becomes whole coins, always rounded in the member's favour."""
    assert owed == amounts.text(amounts.billable(amounts.from_double(balance), currency), currency)


@given(st.integers(-(10**13), 10**13), st.sampled_from(["EUR", "JPY", "KWD", "CLF"]))
def test_what_stays_is_less_than_a_coin(balance: int, currency: str) -> None:
    billed = amounts.billable(balance, currency)
    assert billed % amounts.minor_unit(currency) == 0
    assert 0 <= max(-balance, 0) - billed < amounts.minor_unit(currency)


@given(st.integers(-(10**14), 10**14))
def test_the_wire_loses_nothing(micros: int) -> None:
    assert micros == amounts.from_double(amounts.to_double(micros))


@given(st.integers(-(10**12), 10**12).map(lambda cents: cents * 10_000))
def test_text_is_read_back(micros: int) -> None:
    assert micros == amounts.parse(amounts.text(micros, "EUR"))


@pytest.mark.parametrize("text", ["", "1,50", "1e400", "nan", "inf", "0.0000001", "5 EUR", "--1"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        amounts.parse(text)


def test_finer_than_a_coin_is_shown_as_it_is() -> None:
    assert amounts.text(-35_000, "EUR") == "-0.035"
    assert Decimal("-0.035") == amounts.to_decimal(-35_000)


@pytest.mark.parametrize("double", [float("nan"), float("inf"), -1e17])
def test_a_balance_that_is_no_number_is_refused(double: float) -> None:
    with pytest.raises(ValueError):
        amounts.from_double(double)


def test_currencies_without_coins_are_not_known() -> None:
    assert amounts.known_currency("EUR")
    assert not amounts.known_currency("XAU")
    assert not amounts.known_currency("EURO")
