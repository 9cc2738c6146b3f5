"""How prices compare: in one currency by fresh rates, and only with prices of the same unit.

What cannot be compared is put side by side in groups, never in one ranking; what is charged stays as it is.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from django.db.models import Case, DecimalField, Field, IntegerField, Q, Value, When
from django.db.models.expressions import Combinable

from core import rates
from core.money import CURRENCIES, Currency
from core.rates import Rates
from rooms.models import Room

# PostgreSQL's numeric takes more digits than a minor unit of any pair of currencies can need.
FACTOR_DIGITS = Decimal("1e-20")
_NUMBER = DecimalField(max_digits=60, decimal_places=20)
MOST_MINOR = 2**63 - 1


@dataclass(frozen=True)
class Group:
    """Rooms whose prices compare. `kind` is empty where kinds need no telling apart, `currency` where all convert."""

    kind: str = ""
    currency: str = ""


@dataclass(frozen=True)
class Comparison:
    """Prices told in `currency`; rooms of different kinds in one ranking only where not `by_kind`."""

    currency: str
    rates: Rates
    by_kind: bool = False

    def group(self, room: Room) -> Group:
        return Group(
            room.kind if self.by_kind else "",
            "" if self._converts(room.venue.currency) else room.venue.currency,
        )

    def about_minor(self, amount_minor: int, currency: str) -> int | None:
        """Return about what an amount comes to in this currency; None in the same one, or where no rate is fresh."""
        if currency == self.currency or not self._converts(currency):
            return None
        return self.rates.convert(amount_minor, currency, self.currency)

    def order(self, price_minor: Combinable, *, descending: bool) -> list:
        """Return the order of a query over rooms: group by group, each by a price in its room's minor units."""
        price = price_minor * self._by_currency(
            {code: Value(_decimal(self._factor(code)), output_field=_NUMBER) for code in CURRENCIES}, _NUMBER
        )
        kinds = Case(
            *(When(kind=kind, then=Value(at)) for at, kind in enumerate(Room.Kind)), output_field=_INT
        )
        alone = {code: Value(at) for at, code in enumerate(CURRENCIES, 1) if not self._converts(code)}
        groups = [kinds] if self.by_kind else []
        if alone:  # what converts comes first
            groups.append(self._by_currency(alone, _INT, default=Value(0)))
        return [*groups, price.desc() if descending else price.asc()]

    def within(self, limit_minor: int) -> Q:
        """Return the condition that a room's own price is not beyond a limit, as far as it can be compared."""
        found = Q(pk__in=[])
        for code in CURRENCIES:
            if self._converts(code):
                most = min(self.rates.limit(limit_minor, self.currency, code), MOST_MINOR)
                found |= Q(venue__currency=code, price_minor__lte=most)
        return found

    def _converts(self, currency: str) -> bool:
        return self.rates.converts(currency, self.currency)

    def _factor(self, currency: str) -> Fraction:
        known = self._converts(currency)
        return self.rates.factor(currency, self.currency) if known else Fraction(1)

    @staticmethod
    def _by_currency(
        values: Mapping[Currency, Value], output_field: Field, default: Value | None = None
    ) -> Case:
        whens = [When(venue__currency=code, then=value) for code, value in values.items()]
        return Case(*whens, default=default, output_field=output_field)


def comparison(currency: str, now: dt.datetime, *, by_kind: bool = False) -> Comparison:
    """Return how prices compare in a currency at `now`, by the rates of that day."""
    return Comparison(currency, rates.current(now.date()), by_kind)


_INT = IntegerField()


def _decimal(factor: Fraction) -> Decimal:
    return (Decimal(factor.numerator) / factor.denominator).quantize(FACTOR_DIGITS)
