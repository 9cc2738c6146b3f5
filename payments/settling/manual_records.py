"""Payments that no provider moves: written down as taken, and the booking confirmed once all is paid."""

import datetime as dt

from bookings.lifecycle import services as bookings
from bookings.models import Booking
from bookings.states import Status
from core import clock
from core.mode import site_is_live
from payments.models import Payment
from payments.settling.facts import payment_facts
from rooms.models import Room


def missing_minor(booking: Booking) -> int:
    """Return what is still to be paid of what the booking costs: neither taken nor held; minor units."""
    payments = payment_facts(booking)
    held = sum(one.authorized_minor for one in payments if one.status == Payment.Status.AUTHORIZED)
    return booking.due_minor - held - sum(one.net_minor for one in payments)


def record(
    booking: Booking,
    *,
    provider: str,
    amount_minor: int,
    received_at: dt.datetime | None = None,
    is_live: bool | None = None,
) -> Payment:
    """Write a payment that was taken past the providers. Expects the booking's lock.

    Money by hand has the site's mode; a credit's is the one it was given in.
    """
    now = clock.now()
    return Payment.objects.create(
        booking=booking, provider=provider, n=booking.payments.count() + 1, status=Payment.Status.CAPTURED,
        is_two_stage=False, currency=booking.currency, amount_minor=amount_minor, authorized_minor=amount_minor,
        captured_minor=amount_minor, authorized_at=now, captured_at=received_at or now,
        is_live=site_is_live() if is_live is None else is_live,
    )  # fmt: skip


def confirm_if_paid(booking_id: int) -> Booking:
    """Call the booking's verb once nothing is missing: confirmed, or with the host where a yes is needed first."""
    booking = bookings.lock(booking_id)
    if booking.status != Status.PENDING_PAYMENT or missing_minor(booking) > 0:
        return booking
    if booking.approval == Room.Approval.AFTER_PAYMENT and not booking.is_approved:
        return bookings.authorize(booking_id=booking_id, held_until=None)
    last = booking.payments.filter(status=Payment.Status.CAPTURED).latest("captured_at")
    return bookings.confirm(booking_id=booking_id, paid_at=last.taken_at)
