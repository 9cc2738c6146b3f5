"""Amounts: decimal numbers of major units on the wire, whole minor units inside."""

from decimal import Decimal
from typing import Any

from sandbox.octo.errors import FORMAT, OctoError

# One unit of account of roughly one US dollar, in minor units: the smallest refund.
DOLLAR = {"UZS": 1_200_000, "USD": 100, "RUB": 9_700}
CURRENCIES = tuple(DOLLAR)
LARGEST_REFUND = {"UZS": 1_000_000_000}
LARGEST = 10**15
UNBROKEN = str.maketrans(", ", "\N{NO-BREAK SPACE}" * 2)


def minor(value: Any, name: str) -> int:
    """A positive wire number in minor units. Raises: OctoError for text, a third decimal, zero or less."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise OctoError(FORMAT, f"{name} must be a number")
    if not 0 < value < LARGEST // 100 or (scaled := Decimal(value) * 100) != scaled.to_integral_value():
        raise OctoError(FORMAT, f"{name} must be positive, with at most two decimals")
    return int(scaled)


def major(amount_minor: int) -> float:
    """The same as a JSON number; a float on the wire, exact to two decimals."""
    return float(Decimal(amount_minor).scaleb(-2))


def formatted(amount_minor: int, currency: str) -> str:
    """For people, and never broken in two: 450 000.00 UZS, $12.50."""
    number = f"{Decimal(amount_minor).scaleb(-2):,.2f}"
    return f"${number}" if currency == "USD" else f"{number} {currency}".translate(UNBROKEN)
