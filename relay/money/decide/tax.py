"""Tax: what a member owes includes it, and a fee's price in OfficeRnD does not. Pure.

PaperCut's prices are what people see at the printer, tax included; OfficeRnD adds the tax to a fee's price. So a fee is
the largest price that, taxed and rounded, is not above the debt; what a whole coin of price cannot reach stays owed.
Amounts are micros; a rate is micros of a percent (20 % is 20_000_000).

Source: OfficeRnD help, taxes (an organisation's prices are either with or without tax).
"""

from __future__ import annotations

HUNDRED = 100_000_000  # percent, in micros


def taxed(price: int, rate: int, coin: int) -> int:
    """Return what the payer pays for a price: with the tax, rounded half up to whole coins."""
    if not rate:
        return price
    exact = price * (HUNDRED + rate)
    return (2 * exact + HUNDRED * coin) // (2 * HUNDRED * coin) * coin


def price_within(debt: int, rate: int, coin: int) -> int:
    """Return the largest price in whole coins of which the taxed one is at most `debt`."""
    price = debt * HUNDRED // (HUNDRED + rate) // coin * coin + coin
    while price and taxed(price, rate, coin) > debt:
        price -= coin
    return price


def least(minimum: int, rate: int, coin: int) -> int:
    """Return the smallest debt worth a fee: what one fee's rounding leaves over must not become another fee."""
    step = coin if not rate else taxed(coin, rate, coin) + coin
    return max(minimum, step)
