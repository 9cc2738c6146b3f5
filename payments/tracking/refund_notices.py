"""Tells a booking what became of a refund, so that its pages, mails and history say so. Expects the booking's lock."""

from bookings.actors import PROVIDER, Actor
from bookings.lifecycle import services as bookings
from bookings.models import Booking
from payments.models import Refund
from payments.tracking import refund_display

NOTICES = {Refund.Status.SUCCEEDED: "refund_confirmed", Refund.Status.FAILED: "refund_failed"}


def tell(refund: Refund, booking: Booking, *, actor: Actor = PROVIDER, reason: str = "") -> Booking:
    """Announce that a refund arrived or failed, once each; returns the booking as it is then.

    The guest hears "refunded" only here: when the provider, or the person who paid it back, says so.
    """
    notice = NOTICES.get(Refund.Status(refund.status))
    if notice is None:
        return booking
    return bookings.announce(
        booking_id=booking.pk, notice=notice, actor=actor, reason=reason, data=facts_of(refund)
    )


def facts_of(refund: Refund) -> dict:
    """Return what an event, and the mail about it, says of a refund; the amount in minor units."""
    return {
        "refund": refund.provider_ref,
        "amount_minor": refund.amount_minor,
        "currency": refund.payment.currency,
        "provider": refund.payment.provider,
        "channel": refund.channel,
        "bank_reference": refund.bank_reference,
        "failure_reason": refund.failure_reason,
        **refund_display.event_facts(
            refund.payment.provider,
            refund.channel,
            refund_display.began_at(refund),
            refund.payment.booking.time_zone,
        ),
    }
