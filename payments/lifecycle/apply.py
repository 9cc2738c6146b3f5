"""Applies what a provider said to our payment, its refunds, the ledger, and the booking. Expects sync's locks."""

from decimal import Decimal

import structlog
from django.conf import settings

from bookings.lifecycle import services as bookings
from bookings.models import Booking
from bookings.states import DEAD, Status
from core import clock
from core.money import percent_of
from payments.ledger import posting as ledger
from payments.lifecycle import dispute_tracking
from payments.models import Dispute, Payment, PaymentOperation, Provider, Refund
from payments.providers.base import ProviderPayment, ProviderRefund, State
from payments.settling.facts import payment_facts
from payments.settling.plan import advance
from payments.tracking import external_changes, refund_notices
from rooms.models import Room

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
    payment.card_brand = seen.card_brand[:32] or payment.card_brand
    payment.card_last4 = seen.card_last4[:4] or payment.card_last4
    payment.mismatch = ""
    is_news = payment.status != before
    with ledger.together():
        if is_news:
            _enter_status(payment, booking, seen)
        _apply_fee(payment, booking, seen)
    _apply_refunds(payment, booking, seen)
    _become(booking, dispute_tracking.follow(payment, booking, seen))
    calls = list(payment.operations.all())
    _finish_operations(payment, calls, seen)
    if is_news:
        _note_dashboard(payment, booking, before, calls)
    _tell_booking(payment, booking, seen, is_news=is_news)


def _enter_status(payment: Payment, booking: Booking, seen: ProviderPayment) -> None:
    now = clock.now()
    was_held = payment.authorized_minor > 0
    if payment.status in (Payment.Status.AUTHORIZED, Payment.Status.CAPTURED) and not was_held:
        payment.authorized_minor, payment.authorized_at = seen.authorized_minor, now
        payment.capture_before = seen.capture_before
        ledger.post_authorize(payment, booking)
        log.info("payment_authorized", booking=booking.reference, payment=payment.provider_ref)
    if payment.status == Payment.Status.CAPTURED:
        kept = ledger.kept_minor(booking, payment.is_live)
        payment.captured_minor, payment.captured_at = seen.captured_minor, now
        ledger.post_capture(payment, booking, kept_before_minor=kept)
        log.info("payment_captured", booking=booking.reference, payment=payment.provider_ref)
    if payment.status in (Payment.Status.VOIDED, Payment.Status.FAILED):
        payment.closed_at = now
        if was_held:
            ledger.post_void(payment, booking)
        log.info("payment_closed", booking=booking.reference, status=payment.status)


def _note_dashboard(payment: Payment, booking: Booking, before: str, calls: list[PaymentOperation]) -> None:
    """Money taken or let go by somebody in the provider's dashboard is flagged; see adoption.py."""
    if booking.status in DEAD and _is_otherwise_paid(payment, booking):
        return
    if payment.status == Payment.Status.CAPTURED and external_changes.is_captured_elsewhere(payment, calls):
        _become(booking, external_changes.note_capture(payment, booking))
    elif (before, payment.status) == (
        Payment.Status.AUTHORIZED,
        Payment.Status.VOIDED,
    ) and external_changes.is_released_elsewhere(payment, calls):
        _become(booking, external_changes.note_cancel(payment, booking))


def _apply_fee(payment: Payment, booking: Booking, seen: ProviderPayment) -> None:
    """The provider's fee may be told with the capture or days later; it is booked once."""
    if payment.status != Payment.Status.CAPTURED or payment.provider_fee_minor is not None:
        return
    fee_minor = _agreed_fee(payment) if seen.fee_minor is None else seen.fee_minor
    if fee_minor is not None:
        payment.provider_fee_minor = fee_minor
        ledger.post_processing_fee(payment, booking, fee_minor)


def _agreed_fee(payment: Payment) -> int | None:
    """Octo's API tells no fee: where its per cent is set, that is what it keeps."""
    if payment.provider != Provider.OCTO or not settings.OCTO_FEE_PERCENT:
        return None
    return percent_of(payment.captured_minor, Decimal(settings.OCTO_FEE_PERCENT))


def _apply_refunds(payment: Payment, booking: Booking, seen: ProviderPayment) -> None:
    if payment.status != Payment.Status.CAPTURED or not seen.refunds:
        return
    known = {refund.provider_ref: refund for refund in payment.refunds.all()}
    # Ours first: what was on its way back by us is not to be taken for a part of what a dashboard gave.
    for theirs in sorted(seen.refunds, key=lambda one: not one.key):
        refund = known.get(theirs.ref)
        if refund is None:
            refund = _adopt_refund(payment, booking, theirs)
        _follow_refund(refund, booking, theirs)


def _adopt_refund(payment: Payment, booking: Booking, theirs: ProviderRefund) -> Refund:
    kept = ledger.kept_minor(booking, payment.is_live)
    operation = payment.operations.filter(key=theirs.key).first() if theirs.key else None
    refund = Refund.objects.create(
        payment=payment, provider_ref=theirs.ref, amount_minor=theirs.amount_minor, operation=operation,
        is_external=operation is None,
    )  # fmt: skip
    ledger.post_refund(refund, booking, kept_before_minor=kept)
    log.info("payment_refunded", booking=booking.reference, refund=theirs.ref)
    if refund.is_external:
        _become(booking, external_changes.take_over_refund(refund, payment, booking))
    return refund


def _follow_refund(refund: Refund, booking: Booking, theirs: ProviderRefund) -> None:
    """Carry a refund forward; the bank's reference for it, and why it failed, often come later."""
    is_moved = refund.status != theirs.status
    told = {"bank_reference": theirs.bank_reference[:64], "failure_reason": theirs.failure_reason[:64]}
    news = {name: value for name, value in told.items() if value and value != getattr(refund, name)}
    if not is_moved and not news:
        return
    for name, value in news.items():
        setattr(refund, name, value)
    if is_moved:
        refund.status, refund.settled_at = theirs.status, clock.now()
    refund.save()
    if not is_moved:
        return
    if refund.status == Refund.Status.FAILED:
        ledger.post_refund_failed(
            refund, booking, kept_before_minor=ledger.kept_minor(booking, refund.payment.is_live)
        )
        log.error("refund_failed", booking=booking.reference, refund=refund.provider_ref)
        if external_changes.close_if_not_owed(refund, booking):
            return
    _become(booking, refund_notices.tell(refund, booking))


def _finish_operations(payment: Payment, calls: list[PaymentOperation], seen: ProviderPayment) -> None:
    """An operation whose effect can be seen is done, whoever made it so."""
    for operation in calls:
        is_unfinished = operation.state in (OpState.OPEN, OpState.UNKNOWN)
        if is_unfinished and _is_visible(operation, payment, seen):
            operation.state, operation.finished_at = OpState.DONE, clock.now()
            operation.save(update_fields=["state", "finished_at"])


def _is_visible(operation: PaymentOperation, payment: Payment, seen: ProviderPayment) -> bool:
    return {
        Kind.CHECKOUT: bool(payment.session_ref),
        Kind.END_CHECKOUT: not seen.is_session_open,
        Kind.CAPTURE: seen.state == State.CAPTURED,
        Kind.VOID: seen.state in (State.VOIDED, State.FAILED),
        Kind.REFUND: any(refund.key == operation.key for refund in seen.refunds),
        Kind.EVIDENCE: any(
            one.ref == operation.params.get("dispute_ref") and one.has_evidence for one in seen.disputes
        ),
        Kind.ACCEPT: any(
            one.ref == operation.params.get("dispute_ref") and one.status not in Dispute.OPEN
            for one in seen.disputes
        ),
    }[Kind(operation.kind)]


def _tell_booking(payment: Payment, booking: Booking, seen: ProviderPayment, *, is_news: bool) -> None:
    """Call the booking's verb where its arrow allows: asked at every look, so that nothing rests on one message."""
    status = payment.status
    if status == Payment.Status.AUTHORIZED and booking.status == Status.PENDING_PAYMENT:
        _become(
            booking,
            bookings.authorize(booking_id=booking.pk, held_until=payment.capture_before, locked=booking),
        )
    elif booking.status == Status.PENDING_APPROVAL and _is_gone(payment, seen):
        if not _is_otherwise_paid(payment, booking):
            _lose_hold(booking, status)
    elif (
        status == Payment.Status.CAPTURED
        and booking.status == Status.PENDING_PAYMENT
        and _awaits_host(payment, booking)
    ):
        # Nothing lapses any more, so the host has the venue's usual time to answer.
        _become(booking, bookings.authorize(booking_id=booking.pk, held_until=None, locked=booking))
    elif booking.status == Status.PENDING_PAYMENT and _waits_for_another(payment, booking, seen):
        return
    elif status == Payment.Status.CAPTURED and (
        booking.status == Status.PENDING_PAYMENT or booking.is_capturing
    ):
        _become(booking, bookings.confirm(booking_id=booking.pk, paid_at=payment.taken_at, locked=booking))
        if payment.captured_minor < booking.due_minor or seen.refunds:
            _become(booking, external_changes.take_over_shortfall(payment, booking))
    elif (
        is_news
        and status == Payment.Status.CAPTURED
        and booking.status in (Status.CONFIRMED, Status.COMPLETED)
    ):
        _become(booking, external_changes.take_over_shortfall(payment, booking))
    elif is_news and _is_too_late(payment, booking):
        bookings.announce(booking_id=booking.pk, notice="payment_late", data={"payment": payment.n})


def _is_too_late(payment: Payment, booking: Booking) -> bool:
    """Return whether money came for a booking that is over; the fee of a cancellation is not too late."""
    is_money = payment.status in (Payment.Status.AUTHORIZED, Payment.Status.CAPTURED)
    return is_money and booking.status in DEAD and _is_otherwise_paid(payment, booking)


def _awaits_host(payment: Payment, booking: Booking) -> bool:
    """Return whether money that should have been held was taken at once, while a yes is still needed."""
    return (
        payment.is_two_stage and booking.approval == Room.Approval.AFTER_PAYMENT and not booking.is_approved
    )


def _is_gone(payment: Payment, seen: ProviderPayment) -> bool:
    """Return whether nothing is left of what was held: released, or taken and given back in the dashboard."""
    back = sum(refund.amount_minor for refund in seen.refunds if refund.status != "failed")
    return payment.status == Payment.Status.VOIDED or (
        payment.status == Payment.Status.CAPTURED and back >= payment.captured_minor > 0
    )


def _waits_for_another(payment: Payment, booking: Booking, seen: ProviderPayment) -> bool:
    """Return whether a booking that said yes asks for money anew, since what it had was given back."""
    return payment.is_two_stage and booking.is_approved and _is_gone(payment, seen)


def _lose_hold(booking: Booking, payment_status: str) -> None:
    reason = "The bank no longer holds the money."
    if payment_status == Payment.Status.CAPTURED:
        reason = "The payment was given back at the provider."
    if booking.is_approved:
        _become(booking, bookings.capture_failed(booking_id=booking.pk, reason=reason))
    else:
        _become(booking, bookings.expire(booking_id=booking.pk, reason=reason))


def _is_otherwise_paid(payment: Payment, booking: Booking) -> bool:
    """Return whether the booking's other payments hold or keep all that is due."""
    others = [one for one in payment_facts(booking) if one.pk != payment.pk]
    held = sum(one.authorized_minor for one in others if one.status == Payment.Status.AUTHORIZED)
    return held + sum(one.net_minor for one in others) >= booking.due_minor


def _become(booking: Booking, fresh: Booking) -> None:
    """The verb loaded the booking anew; what sync goes on with must be that."""
    booking.__dict__.update(fresh.__dict__)
