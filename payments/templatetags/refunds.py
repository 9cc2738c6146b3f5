"""Who may move money, asked in templates."""

from typing import Any

from django import template

from bookings.models import Booking
from rooms.team import permissions

register = template.Library()


@register.filter
def may_refund(user: Any, booking: Booking) -> bool:
    """Return whether a person may give a booking's money back."""
    return bool(user) and permissions.may_manage(user, booking.venue)
