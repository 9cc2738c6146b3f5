"""Looks at the provider that anybody causes by asking: pages, programs, the return from the pay page.

Our allowance of calls at the provider serves everybody; one visitor's questions must not use it up.
"""

import datetime as dt

import structlog

from bookings.models import Booking
from core import clock
from core.web.ratelimit import hit
from payments.lifecycle.services import sync
from payments.models import Payment
from payments.providers.base import ProviderError

log = structlog.get_logger(__name__)

# A page asks every few seconds; what was seen a moment ago is still true, but for a refusal.
FRESH = dt.timedelta(seconds=3)
# While the provider answers nothing, nothing is fresh: this holds then, and against many questions at once.
LOOKS_PER_MINUTE = 20


def verify(booking_id: int) -> Booking:
    """Look at the provider for every payment of a booking that may still change; returns the booking as it is then.

    What was looked at within FRESH, or too often, is taken as it is stored. A provider that does not answer changes
    nothing: the booking is shown as it was, and a sweep looks again.
    """
    for payment in Payment.objects.filter(
        booking_id=booking_id, status__in=[Payment.Status.CREATED, Payment.Status.AUTHORIZED]
    ):
        look(payment)
    return Booking.objects.select_related("room", "venue").get(pk=booking_id)


def look(payment: Payment) -> Payment:
    """Return the payment as the provider knows it, or as it is stored where it was looked at just now."""
    if not payment.is_open or _is_fresh(payment):
        return payment
    if hit("look", str(payment.pk), limit=LOOKS_PER_MINUTE, seconds=60):
        return payment
    try:
        return sync(payment.pk)
    except ProviderError as error:
        log.warning("verify_failed", payment=payment.pk, error=str(error))
        return payment


def _is_fresh(payment: Payment) -> bool:
    """A refusal never is: whoever comes back after one may have paid with another card a moment later."""
    if payment.failure_code or payment.synced_at is None:
        return False
    return clock.now() - payment.synced_at < FRESH
