"""What a venue's suspension means for its bookings: undecided requests are declined, unpaid ones end.

A level, not an edge: a sweep looks at whatever a suspended venue still has, however many there are, and uses the
verbs that anybody's decline and expiry go through, so that held money is let go as always. Confirmed bookings stand.
"""

import structlog

from bookings import services
from bookings.actors import CLOCK
from bookings.errors import BookingError
from bookings.models import Booking
from bookings.states import Status
from core import clock
from rooms.models import Venue

log = structlog.get_logger(__name__)

REASON = "The venue takes no bookings at present."


def decline_undecided(limit: int) -> int:
    """Decline the undecided requests of suspended venues, each in a transaction of its own; return how many."""
    rows = Booking.objects.filter(
        status=Status.PENDING_APPROVAL, decision="", venue__status=Venue.Status.SUSPENDED
    ).order_by("pk")
    return sum(_decline(pk) for pk in rows.values_list("pk", flat=True)[:limit])


def end_unpaid() -> int:
    """Let the payment time of unpaid bookings of suspended venues be over; payments' sweep ends page and booking."""
    now = clock.now()
    rows = Booking.objects.filter(status=Status.PENDING_PAYMENT, payment_due_at__gt=now)
    return rows.filter(venue__in=Venue.objects.suspended()).update(payment_due_at=now)


def _decline(booking_id: int) -> int:
    try:
        services.decline(booking_id=booking_id, actor=CLOCK, reason=REASON)
    except BookingError as error:
        # Decided, cancelled or expired between the list and the lock.
        log.info("suspension_skipped", booking_id=booking_id, code=error.code)
        return 0
    return 1
