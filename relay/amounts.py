"""Money as integers: millionths of the currency's main unit ("micros"), currency digits by ISO 4217.

Print prices have fractions of a cent, so the inner scale is finer than any minor unit. A float exists only in the
XML-RPC adapter (`from_double`, `to_double`); text is parsed with `Decimal`. Sign: positive credits the user.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal

import iso4217

from relay.language import amount, lazy

SCALE_DIGITS = 6
_MOST = 10**12  # main units: far beyond any balance, and well within what the ledger's integers hold
_PLAIN = re.compile(r"-?[0-9]{1,15}(\.[0-9]+)?")


def currencies() -> tuple[str, ...]:
    """Return every code that `known_currency` knows, in the order of the alphabet."""
    return tuple(sorted(one.code for one in iso4217.Currency if known_currency(one.code)))


def known_currency(code: str) -> bool:
    """Return whether `code` is a current ISO 4217 code with a minor unit that our scale can hold."""
    try:
        return iso4217.Currency(code).exponent is not None
    except ValueError:
        return False


def minor_unit(currency: str) -> int:
    """Return the size of the smallest coin in micros: EUR 10_000, JPY 1_000_000, KWD 1_000.

    Source: ISO 4217 list one, through the `iso4217` package.
    """
    exponent = iso4217.Currency(currency).exponent
    assert exponent is not None and 0 <= exponent <= SCALE_DIGITS, f"{currency} has no usable minor unit"
    return int(10 ** (SCALE_DIGITS - exponent))


def digits(currency: str) -> int:
    """Return the number of digits after the point that `currency` is written with."""
    return int(iso4217.Currency(currency).exponent or 0)


def typed(text: str) -> str:
    """Return an amount that somebody has typed with a point, as half of Europe types a comma."""
    text = text.strip()
    return text.replace(",", ".") if text.count(",") == 1 and "." not in text else text


def from_double(value: float) -> int:
    """Return PaperCut's double balance in micros, rounded half even: 1e-9 becomes 0, -7.035 becomes -7_035_000.

    Raises ValueError for what is no amount that an account can hold.
    """
    if abs(value) > _MOST:
        raise ValueError(lazy("%(value)s is not an amount of money", value=str(value)))
    return from_decimal(Decimal(repr(float(value))))


def to_double(micros: int) -> float:
    """Return the double nearest to `micros`, for the XML-RPC adapter only."""
    return float(Decimal(micros).scaleb(-SCALE_DIGITS))


def from_decimal(value: Decimal) -> int:
    if not value.is_finite():
        raise ValueError(lazy("%(value)s is not an amount of money", value=str(value)))
    return int(value.scaleb(SCALE_DIGITS).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def to_decimal(micros: int) -> Decimal:
    return Decimal(micros).scaleb(-SCALE_DIGITS)


def parse(text: str) -> int:
    """Return "12.50" in micros. Raises ValueError for what is no plain finite number or is finer than micros."""
    if not _PLAIN.fullmatch(text.strip()):
        raise ValueError(lazy("%(text)s is not an amount such as 12.50", text=repr(text)))
    value = Decimal(text.strip())
    scaled = value.scaleb(SCALE_DIGITS)
    if scaled != scaled.to_integral_value():
        raise ValueError(
            lazy(
                "%(text)s has more than %(scale_digits)s digits after the point",
                text=repr(text),
                scale_digits=SCALE_DIGITS,
            )
        )
    return int(scaled)


def text(micros: int, currency: str) -> str:
    """Return micros with the currency's digits: "7.00", "-0.035" only where the amount is finer than a coin."""
    places = digits(currency)
    value = to_decimal(micros)
    if micros % minor_unit(currency):
        return format(value.normalize(), "f")
    return format(value.quantize(Decimal(1).scaleb(-places)), "f")


def with_currency(micros: int, currency: str) -> str:
    """Return "7.00 EUR", as sentences say it; on a page it is written as in its language."""
    return amount(text(micros, currency), currency)


def is_nothing(balance: int, currency: str) -> bool:
    """Return whether a balance is less than the smallest coin either way: no settle bills it, nobody can pay it out."""
    return abs(balance) < minor_unit(currency)


def billable(balance: int, currency: str) -> int:
    """Return what a balance in micros owes in whole coins: the only place where money is rounded, and never upwards.

    -7.035 EUR owes 7.03; the rest stays on the balance. A positive balance owes 0.
    """
    if balance >= 0:
        return 0
    coin = minor_unit(currency)
    return (-balance) // coin * coin
