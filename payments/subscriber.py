"""Hears of booking events: whatever happened, what is held and taken may now differ from what is due."""

from bookings.models import BookingEvent
from payments.models import Payment
from payments.settling import settle_queue


def on_booking_event(event: BookingEvent) -> None:
    """Mark the booking settle-due where it has payments. Runs in the receipt's transaction; only writes rows."""
    if Payment.objects.filter(booking_id=event.booking_id).exists():
        settle_queue.mark_if_needed(event.booking)
