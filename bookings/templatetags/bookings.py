"""What booking pages need beside the site's own tags."""

from django import template

from bookings.models import Booking
from bookings.phrases import guest as guest_phrases
from bookings.phrases import host as host_phrases
from core.templatetags.site import timesince_exact

register = template.Library()


@register.filter
def pill(booking: Booking) -> tuple[str, str]:
    """A booking's status in two words, and its tone."""
    return guest_phrases.pill(booking)


@register.filter
def length(booking: Booking) -> str:
    """`2 nights`, `3 hours`, `1 appointment`."""
    return host_phrases.write_length(booking)


@register.filter
def stay_length(booking: Booking) -> str:
    """`2 nights`, `1 hour`, `2 hours 30 minutes`: how long a guest stays, whatever it is sold by."""
    if booking.room.is_by_night:
        return host_phrases.write_length(booking)
    return timesince_exact(booking.starts_at, booking.ends_at)
