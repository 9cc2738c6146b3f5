"""Money a guest paid past the providers: recorded by staff, so that a booking stands while payments are down."""

import datetime as dt

import structlog
from django.db import transaction

from bookings.actors import Actor
from bookings.errors import BookingError, InvalidTransition
from bookings.lifecycle import services as bookings
from bookings.models import Booking
from bookings.states import Status
from core import clock
from core.money import format_minor
from payments.ledger import posting as ledger
from payments.models import Drift, OfflinePayment, Payment, Provider
from payments.reconciliation import services as discrepancies
from payments.settling import manual_records

log = structlog.get_logger(__name__)

# A booking that waits for money, or stands without all of it.
PAYABLE = frozenset({Status.PENDING_PAYMENT, Status.CONFIRMED, Status.COMPLETED, Status.CANCELLED})


class OfflineRefused(BookingError):
    """An offline payment that cannot be: too much, nothing, or of the future; `field` is the form's."""

    code = "invalid_offline_payment"

    def __init__(self, message: str, *, field: str = "amount") -> None:
        super().__init__(message, field=field)


def may_record(booking: Booking) -> bool:
    """Return whether a payment past the providers would be taken for this booking now."""
    return booking.status in PAYABLE and manual_records.missing_minor(booking) > 0


@transaction.atomic
def record(
    *, booking_id: int, actor: Actor, amount_minor: int, method: str, reference: str, received_date: dt.date
) -> Payment:
    """Record money paid past the providers, in minor units; a booking that is then paid in full is confirmed.

    Expects that no pay page is open. Raises: OfflineRefused, InvalidTransition.
    """
    booking = bookings.lock(booking_id)
    list(Payment.objects.select_for_update(no_key=True).filter(booking=booking))
    if booking.status not in PAYABLE:
        raise InvalidTransition("pay", booking.status)
    _check(booking, amount_minor, reference, received_date)
    payment = manual_records.record(booking, provider=Provider.OFFLINE, amount_minor=amount_minor)
    ledger.post_capture(payment, booking, kept_before_minor=ledger.kept_minor(booking, payment.is_live))
    OfflinePayment.objects.create(
        payment=payment, method=method, reference=reference.strip(), received_date=received_date,
        recorded_by=actor.user,
    )  # fmt: skip
    data = {
        "amount_minor": amount_minor,
        "currency": booking.currency,
        "method": method,
        "payment": payment.n,
    }
    bookings.announce(
        booking_id=booking_id, notice="paid_offline", actor=actor, reason=reference.strip(), data=data
    )
    log.info("paid_offline", booking=booking.reference, amount_minor=amount_minor, method=method)
    manual_records.confirm_if_paid(booking_id)
    _close_lost_fee(booking, actor)
    return payment


def _close_lost_fee(booking: Booking, actor: Actor) -> None:
    """A fee that was flagged as lost is found once nothing is missing."""
    if manual_records.missing_minor(booking) > 0:
        return
    for drift in Drift.objects.filter(booking=booking, kind=Drift.Kind.FEE, state=Drift.State.OPEN):
        discrepancies.close(drift, Drift.State.MENDED, note="Paid by hand.", by=actor.user)


def _check(booking: Booking, amount_minor: int, reference: str, received_date: dt.date) -> None:
    if booking.payments.filter(status=Payment.Status.CREATED).exists():
        raise OfflineRefused("The guest's payment page is still open: try again in a moment.")
    missing = manual_records.missing_minor(booking)
    if not 0 < amount_minor <= missing:
        most = format_minor(max(missing, 0), booking.currency)
        raise OfflineRefused(f"More than nothing, and at most the {most} that is missing.")
    if not reference.strip():
        raise OfflineRefused("Give the receipt's or transfer's number.", field="reference")
    if received_date > clock.now().date() + dt.timedelta(days=1):
        raise OfflineRefused("This date lies ahead.", field="received_date")
