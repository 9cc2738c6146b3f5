"""Applies what a provider said to our payment, its refunds, the ledger, and the booking. Expects sync's locks."""

import structlog

from bookings import services as bookings
from bookings.models import Booking
from bookings.states import DEAD, Status
from core import clock
from payments import ledger
from payments.models import Payment, PaymentOperation, Refund
from payments.plan import advance
from payments.providers.base import ProviderPayment, ProviderRefund, State

log = structlog.get_logger(__name__)

Kind, OpState = PaymentOperation.Kind, PaymentOperation.State


def apply(payment: Payment, booking: Booking, seen: ProviderPayment) -> None:
    """Carry the provider's state forward and tell the booking, which becomes what its verb made it.

    The payment itself is left for the caller to save, once.
    """
    before = payment.status
    payment.status = advance(before, seen.state)
    payment.session_ref = payment.session_ref or seen.session_ref
    payment.provider_ref = seen.provider_ref or payment.provider_ref
    payment.charge_ref = seen.charge_ref or payment.charge_ref
    payment.failure_code = seen.failure_code[:64]
    payment.mismatch = ""
    if payment.status != before:
        _enter_status(payment, booking, seen)
    _apply_refunds(payment, booking, seen)
    _finish_operations(payment, seen)
    _tell_booking(payment, booking, is_news=payment.status != before)


def _enter_status(payment: Payment, booking: Booking, seen: ProviderPayment) -> None:
    now = clock.now()
    was_held = payment.authorized_minor > 0
    if payment.status in ("AUTHORIZED", "CAPTURED") and not was_held:
        payment.authorized_minor, payment.authorized_at = seen.authorized_minor, now
        payment.capture_before = seen.capture_before
        ledger.post_authorize(payment, booking)
        log.info("payment_authorized", booking=booking.reference, payment=payment.provider_ref)
    if payment.status == "CAPTURED":
        kept = ledger.kept_minor(booking)
        payment.captured_minor, payment.captured_at = seen.captured_minor, now
        ledger.post_capture(payment, booking, kept_before_minor=kept)
        log.info("payment_captured", booking=booking.reference, payment=payment.provider_ref)
    if payment.status in ("VOIDED", "FAILED"):
        payment.closed_at = now
        if was_held:
            ledger.post_void(payment, booking)
        log.info("payment_closed", booking=booking.reference, status=payment.status)


def _apply_refunds(payment: Payment, booking: Booking, seen: ProviderPayment) -> None:
    if payment.status != "CAPTURED" or not seen.refunds:
        return
    known = {refund.provider_ref: refund for refund in payment.refunds.all()}
    for theirs in seen.refunds:
        refund = known.get(theirs.ref)
        if refund is None:
            refund = _adopt_refund(payment, booking, theirs)
        if refund.status != theirs.status:
            _move_refund(refund, booking, theirs.status)


def _adopt_refund(payment: Payment, booking: Booking, theirs: ProviderRefund) -> Refund:
    kept = ledger.kept_minor(booking)
    refund = Refund.objects.create(
        payment=payment, provider_ref=theirs.ref, amount_minor=theirs.amount_minor,
        operation=payment.operations.filter(key=theirs.key).first() if theirs.key else None,
    )  # fmt: skip
    ledger.post_refund(refund, booking, kept_before_minor=kept)
    log.info("payment_refunded", booking=booking.reference, refund=theirs.ref)
    return refund


def _move_refund(refund: Refund, booking: Booking, status: str) -> None:
    refund.status = status
    refund.settled_at = clock.now()
    refund.save()
    if status == Refund.Status.FAILED:
        ledger.post_refund_failed(refund, booking, kept_before_minor=ledger.kept_minor(booking))
        log.error("refund_failed", booking=booking.reference, refund=refund.provider_ref)


def _finish_operations(payment: Payment, seen: ProviderPayment) -> None:
    """An operation whose effect can be seen is done, whoever made it so."""
    for operation in payment.operations.filter(state__in=(OpState.OPEN, OpState.UNKNOWN)):
        if _is_visible(operation, payment, seen):
            operation.state, operation.finished_at = OpState.DONE, clock.now()
            operation.save(update_fields=["state", "finished_at"])


def _is_visible(operation: PaymentOperation, payment: Payment, seen: ProviderPayment) -> bool:
    return {
        Kind.CHECKOUT: bool(payment.session_ref),
        Kind.END_CHECKOUT: not seen.is_session_open,
        Kind.CAPTURE: seen.state == State.CAPTURED,
        Kind.VOID: seen.state in (State.VOIDED, State.FAILED),
        Kind.REFUND: any(refund.key == operation.key for refund in seen.refunds),
    }[Kind(operation.kind)]


def _tell_booking(payment: Payment, booking: Booking, *, is_news: bool) -> None:
    """Call the booking's verb where its arrow allows: asked at every look, so that nothing rests on one message."""
    status = payment.status
    if status == "AUTHORIZED" and booking.status == Status.PENDING_PAYMENT:
        _become(booking, bookings.authorize(booking_id=booking.pk, held_until=payment.capture_before))
    elif status == "CAPTURED" and (booking.status == Status.PENDING_PAYMENT or booking.is_capturing):
        _become(booking, bookings.confirm(booking_id=booking.pk, paid_at=payment.captured_at))
    elif status == "VOIDED" and booking.status == Status.PENDING_APPROVAL and not _is_otherwise_paid(payment):
        _lose_hold(booking)
    elif is_news and status in ("AUTHORIZED", "CAPTURED") and booking.status in DEAD:
        bookings.announce(booking_id=booking.pk, notice="payment_late", data={"payment": payment.n})


def _lose_hold(booking: Booking) -> None:
    reason = "The bank no longer holds the money."
    if booking.is_approved:
        _become(booking, bookings.capture_failed(booking_id=booking.pk, reason=reason))
    else:
        _become(booking, bookings.expire(booking_id=booking.pk, reason=reason))


def _is_otherwise_paid(payment: Payment) -> bool:
    others = Payment.objects.filter(booking_id=payment.booking_id, status__in=["AUTHORIZED", "CAPTURED"])
    return others.exclude(pk=payment.pk).exists()


def _become(booking: Booking, fresh: Booking) -> None:
    """The verb loaded the booking anew; what sync goes on with must be that."""
    booking.__dict__.update(fresh.__dict__)
