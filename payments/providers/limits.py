"""The least and the most that can be charged, as each provider tells it through its contract."""

from bookings.models import Booking
from payments.providers.base import Limits
from payments.providers.registry import PROVIDERS
from rooms.pricing import charge_limits


def limits_of(provider: str, currency: str) -> Limits:
    """Return a provider's limits in a currency (the setting CHARGE_LIMITS); a word that names none has no limits."""
    known = PROVIDERS.get(provider)
    return known.limits(currency) if known else Limits()


def part_by_credit(booking: Booking, spendable_minor: int, missing_minor: int) -> int:
    """Return how much of what is missing a credit should pay: all of it, or so much that the rest can be charged.

    0 where it can do neither. Amounts in minor units.
    """
    part = min(spendable_minor, missing_minor)
    rest = missing_minor - part
    least, _most = charge_limits.limits_of(booking.venue)
    if not rest or rest >= least or not booking.venue.takes_online_payment:
        return part
    return max(missing_minor - least, 0)
