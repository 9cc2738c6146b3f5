"""What can be charged online at all: the least and the most of a venue's payment provider, asked before anything is
sold. Rooms know no provider: the setting CHARGE_LIMITS names whom to ask.
"""

from django.conf import settings
from django.utils.module_loading import import_string

from core.money import format_minor, percent_of
from rooms.availability.stays import InvalidStay
from rooms.models import Room, Venue
from rooms.pricing.quotes import Quote

# Where a guest has to look, and what to choose fewer or more of.
CHOSEN = {
    Room.Unit.NIGHT: ("check_out", "nights"),
    Room.Unit.HOUR: ("end", "hours"),
    Room.Unit.APPOINTMENT: ("start", "appointments"),
    Room.Unit.SEAT: ("party_size", "seats"),
}


def limits_of(venue: Venue) -> tuple[int, int | None]:
    """Return the least and the most, in minor units, that can be charged for a venue; None: no most is known."""
    limits = import_string(settings.CHARGE_LIMITS)(venue.payment_provider, venue.currency)
    return limits.least_minor, limits.most_minor


def why_not(venue: Venue, amount_minor: int, *, unit: str = "") -> str:
    """Say why an amount cannot be paid online, `unit` being what may be chosen otherwise; empty where it can.

    Nothing to pay, and venues without online payment, ask nobody.
    """
    if not amount_minor or not venue.takes_online_payment:
        return ""
    least, most = limits_of(venue)
    if most is not None and amount_minor > most:
        limit, otherwise = format_minor(most, venue.currency), f": choose fewer {unit}" if unit else ""
        return f"This costs more than can be paid online, {limit}{otherwise}."
    if amount_minor < least:
        limit, otherwise = format_minor(least, venue.currency), f": choose more {unit}" if unit else ""
        return f"This costs less than can be paid online, {limit}{otherwise}."
    return ""


def check(room: Room, price: Quote) -> None:
    """Refuse a stay that nobody could pay. Raises: InvalidStay, by the field to change."""
    field, unit = CHOSEN[Room.Unit(room.unit)]
    if reason := why_not(room.venue, price.total_minor, unit=unit):
        raise InvalidStay(field, "not_chargeable", reason)


def why_never(room: Room) -> str:
    """Say why no stay in a room could be paid online, at its own price; empty where one could."""
    venue = room.venue
    shortest, longest = (_cost(room, units) for units in (room.min_units, room.max_units))
    if not longest or not venue.takes_online_payment:
        return ""
    least, most = limits_of(venue)
    if most is not None and shortest > most:
        return "Even the shortest stay costs more than the payment provider can take at once."
    if longest < least:
        return "Even the longest stay costs less than the payment provider can take."
    return ""


def _cost(room: Room, units: int) -> int:
    net = room.price_minor * units + room.cleaning_fee_minor
    return net + percent_of(net, room.venue.tax_percent)
