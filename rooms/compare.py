"""How prices compare: in one currency by fresh rates, and only with prices of the same unit.

What cannot be compared is put side by side in groups, never in one ranking; what is charged stays as it is.
"""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from django.db.models import Case, DecimalField, F, IntegerField, Q, Value, When

from core import rates
from core.money import CURRENCIES
from core.rates import Rates
from rooms.models import Room

KINDS = list(Room.Kind)
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
            "" if self.rates.converts(room.venue.currency, self.currency) else room.venue.currency,
        )

    def about_minor(self, amount_minor: int, currency: str) -> int | None:
        """Return about what an amount comes to in this currency; None in the same one, or where no rate is fresh."""
        if currency == self.currency or not self.rates.converts(currency, self.currency):
            return None
        return self.rates.convert(amount_minor, currency, self.currency)

    def key(self, room: Room, amount_minor: int) -> tuple[int, int, Fraction]:
        """Return where an amount for a room ranks: its group's place, then its price."""
        kind, foreign = self._places(room.kind, room.venue.currency)
        return kind, foreign, amount_minor * self._factor(room.venue.currency)

    def order(self, *, descending: bool) -> list:
        """Return the same as an order of a query over rooms, by their own prices."""
        price = F("price_minor") * self._by_currency(
            {code: Value(_decimal(self._factor(code)), output_field=_NUMBER) for code in CURRENCIES}, _NUMBER
        )
        groups = [
            Case(*(When(kind=kind, then=Value(at)) for at, kind in enumerate(KINDS)), output_field=_INT)
        ]
        foreign = {code: Value(self._places("", code)[1]) for code in CURRENCIES}
        own = [] if self._all_convert else [self._by_currency(foreign, _INT)]
        return [*(groups if self.by_kind else []), *own, price.desc() if descending else price.asc()]

    def within(self, limit_minor: int) -> Q:
        """Return the condition that a room's own price is not beyond a limit, as far as it can be compared."""
        found = Q(pk__in=[])
        for code in CURRENCIES:
            if self.rates.converts(code, self.currency):
                most = min(self.rates.limit(limit_minor, self.currency, code), MOST_MINOR)
                found |= Q(venue__currency=code, price_minor__lte=most)
        return found

    @property
    def _all_convert(self) -> bool:
        return all(self.rates.converts(code, self.currency) for code in CURRENCIES)

    def _factor(self, currency: str) -> Fraction:
        known = self.rates.converts(currency, self.currency)
        return self.rates.factor(currency, self.currency) if known else Fraction(1)

    def _places(self, kind: str, currency: str) -> tuple[int, int]:
        """Return the places of a kind and of a currency among the groups; what converts comes first."""
        foreign = 0 if self.rates.converts(currency, self.currency) else 1 + CURRENCIES.index(currency)
        return (KINDS.index(kind) if self.by_kind and kind else 0), foreign

    @staticmethod
    def _by_currency(values: dict[str, Value], output_field) -> Case:
        whens = [When(venue__currency=code, then=value) for code, value in values.items()]
        return Case(*whens, output_field=output_field)


def comparison(currency: str, now: dt.datetime, *, by_kind: bool = False) -> Comparison:
    """Return how prices compare in a currency at `now`, by the rates of that day."""
    return Comparison(currency, rates.current(now.date()), by_kind)


_INT = IntegerField()


def _decimal(factor: Fraction) -> Decimal:
    return (Decimal(factor.numerator) / factor.denominator).quantize(FACTOR_DIGITS)
