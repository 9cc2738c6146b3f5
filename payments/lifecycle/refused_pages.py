"""A pay page that the provider refuses for good: the guest is not told to wait, and staff hear of it."""

import structlog
from django.db import transaction

from bookings.actors import PROVIDER
from bookings.lifecycle import services as bookings
from core import clock
from core.money import format_minor
from payments.models import Drift, Payment, PaymentOperation

log = structlog.get_logger(__name__)

# Why a payment failed that no provider was ever going to take; see messages.DECLINE_MESSAGES.
FAILURE_CODE = "not_taken"


@transaction.atomic
def end(operation: PaymentOperation) -> None:
    """Close the payment of a refused page, keep the refusal for staff, and tell them; a second time changes nothing."""
    booking = bookings.lock(operation.payment.booking_id)
    payment = Payment.objects.select_for_update(no_key=True).get(pk=operation.payment_id)
    if payment.status != Payment.Status.CREATED or payment.session_ref:
        return
    payment.status, payment.failure_code = Payment.Status.FAILED, FAILURE_CODE
    payment.closed_at, payment.next_sync_at = clock.now(), None
    payment.save(update_fields=["status", "failure_code", "closed_at", "next_sync_at", "updated_at"])
    amount = format_minor(payment.amount_minor, payment.currency)
    Drift.objects.get_or_create(
        provider=payment.provider, provider_ref=booking.reference, kind=Drift.Kind.REFUSED, state=Drift.State.OPEN,
        defaults={
            "booking": booking, "payment": payment, "ours": f"{amount} to pay",
            "theirs": f"refused: {operation.error_code}"[:200], "cause": operation.error[:255],
        },
    )  # fmt: skip
    data = {"amount_minor": payment.amount_minor, "currency": payment.currency, "payment": payment.n}
    bookings.announce(booking_id=booking.pk, notice="payment_refused", data=data, actor=PROVIDER)
    log.error("checkout_refused", booking=booking.reference, payment=payment.pk, code=operation.error_code)
