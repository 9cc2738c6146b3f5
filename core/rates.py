"""Exchange rates to compare prices by: stored, dated, exact. What is charged stays in its own currency."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from core.models import ExchangeRate
from core.money import exponent, round_minor

BASE = "EUR"
# Markets rest on weekends; an older rate is none.
MOST_BUSINESS_DAYS = 3
FRIDAY = 4


class NoRate(LookupError):
    """There is no fresh rate between two currencies."""


@dataclass(frozen=True)
class Rates:
    """Fresh rates of one moment: units of each currency for one of BASE. `as_of` is the oldest among them."""

    per_base: Mapping[str, Decimal] = field(default_factory=dict)
    as_of: dt.date | None = None

    def __bool__(self) -> bool:
        return bool(self.per_base)

    def factor(self, currency: str, into: str) -> Fraction:
        """Return what a minor unit of `currency` comes to in minor units of `into`, exactly. Raises: NoRate."""
        if currency == into:
            return Fraction(1)
        try:
            rate = Fraction(self._per_base(into)) / Fraction(self._per_base(currency))
        except KeyError as error:
            raise NoRate(f"{currency} to {into}") from error
        return rate * Fraction(10) ** (exponent(into) - exponent(currency))

    def converts(self, currency: str, into: str) -> bool:
        """Return whether there are fresh rates of both."""
        return currency == into or all(code == BASE or code in self.per_base for code in (currency, into))

    def convert(self, amount_minor: int, currency: str, into: str) -> int:
        """Return about what an amount comes to in minor units of another currency, rounded. Raises: NoRate."""
        exact = amount_minor * self.factor(currency, into)
        return round_minor(Decimal(exact.numerator) / exact.denominator)

    def limit(self, amount_minor: int, currency: str, within: str) -> int:
        """Return the greatest amount in `within` that is not beyond a limit in `currency`. Raises: NoRate."""
        return int(amount_minor * self.factor(currency, within) // 1)

    def _per_base(self, currency: str) -> Decimal:
        return Decimal(1) if currency == BASE else self.per_base[currency]


def current(today: dt.date) -> Rates:
    """Return the newest rate of each currency that is not stale on a day; without any fresh one, no rates."""
    newest = (
        ExchangeRate.objects.filter(as_of__lte=today)
        .order_by("currency", "-as_of")
        .distinct("currency")
        .values_list("currency", "per_base", "as_of")
    )
    fresh = [row for row in newest if business_days_between(row[2], today) <= MOST_BUSINESS_DAYS]
    return Rates({row[0]: row[1] for row in fresh}, min((row[2] for row in fresh), default=None))


def business_days_between(first: dt.date, last: dt.date) -> int:
    """Return how many days from Monday to Friday come after `first`, up to and including `last`."""
    weeks, rest = divmod((last - first).days, 7)
    days = (first + dt.timedelta(days=n) for n in range(1, rest + 1))
    return weeks * 5 + sum(day.weekday() <= FRIDAY for day in days)
