"""What a venue's suspension means for its bookings: undecided requests are declined, unpaid ones end.

A level, not an edge: a sweep looks at whatever a suspended venue still has, however many there are, and uses the
verbs that anybody's decline and expiry go through, so that held money is let go as always. Confirmed bookings stand.
"""

from bookings.actors import CLOCK
from bookings.errors import BookingError
from bookings.lifecycle import services as bookings
from bookings.models import Booking
from bookings.states import Status
from core import clock
from core.sweeps import Round
from rooms.models import Venue

REASON = "The venue takes no bookings at present."


def decline_undecided() -> None:
    """Decline the undecided requests of suspended venues, each in a transaction of its own. Raises: RowsFailed."""
    rows = Booking.objects.filter(
        status=Status.PENDING_APPROVAL, decision="", venue__status=Venue.Status.SUSPENDED
    ).order_by("pk")
    # One may be decided, cancelled or expired between the list and the lock.
    with Round(BookingError) as this:
        this.each(rows, bookings.decline, by="booking_id", name="reference", actor=CLOCK, reason=REASON)


def end_unpaid() -> int:
    """Let the payment time of unpaid bookings of suspended venues be over; payments' sweep ends page and booking."""
    now = clock.now()
    rows = Booking.objects.filter(status=Status.PENDING_PAYMENT, payment_due_at__gt=now)
    return rows.filter(venue__in=Venue.objects.suspended()).update(payment_due_at=now)
