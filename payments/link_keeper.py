"""What payments know of how long a guest still needs a booking's link; see settings.BOOKING_LINK_KEEPERS."""

import datetime as dt

from django.db.models import F, Max, Q
from django.db.models.functions import Coalesce, Greatest

from bookings.models import Booking
from core import clock
from payments.models import Dispute, Refund


def last_money_at(booking: Booking) -> dt.datetime | None:
    """Return when money or a dispute last moved; now while a refund is under way or a dispute open."""
    refunds = Refund.objects.filter(payment__booking=booking)
    disputes = Dispute.objects.filter(payment__booking=booking)
    is_open = Q(status__in=Dispute.OPEN)
    is_waiting = Q(status=Refund.Status.PENDING) | Q(status=Refund.Status.FAILED, solved_at__isnull=True)
    if disputes.filter(is_open).exists() or refunds.filter(is_waiting).exists():
        return clock.now()
    # PostgreSQL's GREATEST takes no notice of what is NULL.
    last_refund = refunds.aggregate(at=Max(Greatest("created_at", "settled_at", "solved_at")))["at"]
    last_dispute = disputes.aggregate(at=Max(Coalesce(F("closed_at"), F("opened_at"))))["at"]
    return max((moment for moment in (last_refund, last_dispute) if moment), default=None)
