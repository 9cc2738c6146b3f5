"""What booking pages need beside the site's own tags."""

from django import template

from bookings import desk, wording
from bookings.models import Booking

register = template.Library()


@register.filter
def pill(booking: Booking) -> tuple[str, str]:
    """A booking's status in two words, and its tone."""
    return wording.pill(booking)


@register.filter
def length(booking: Booking) -> str:
    """`2 nights`, `3 hours`, `1 appointment`."""
    return desk.write_length(booking)
