"""The settle-due mark of a booking, and the choice of the next call; see plan.py for the rules."""

import datetime as dt

import structlog
from django.db import transaction

from bookings.lifecycle import services as bookings
from bookings.models import Booking
from core import clock
from core.queue import ring
from core.retries import Policy
from payments.models import Payment, PaymentOperation, Settlement
from payments.settling import manual_steps, operations
from payments.settling.facts import booking_facts, payment_facts
from payments.settling.plan import (
    BookingFacts,
    PaymentFacts,
    Step,
    capture_at,
    is_paid_unconfirmed,
    lost_fee_minor,
    next_step,
)
from payments.tracking import external_changes

log = structlog.get_logger(__name__)

# More calls than any booking needs in a row; the rest waits for the next round.
MAX_STEPS = 6
RETRIES = Policy(
    first=dt.timedelta(seconds=2), most=dt.timedelta(minutes=15), alarm_after=Settlement.ALARM_AFTER
)


def mark(booking_id: int, *, at: dt.datetime | None = None) -> None:
    """Mark a booking settle-due and ring a worker on commit. Expects a transaction."""
    at = at or clock.now()
    Settlement.objects.get_or_create(booking_id=booking_id)
    Settlement.objects.filter(booking_id=booking_id).update(due_at=at, attempts=0)
    if at <= clock.now():
        ring("payments.tasks.settle_booking", booking_id)


def mark_if_needed(booking: Booking) -> None:
    """Mark a booking settle-due where something is to be done, now or at a known time. Expects its locks.

    A mark that waited for a call under way is cleared with that call's end.
    """
    payments = payment_facts(booking)
    if not payments:
        return
    facts = booking_facts(booking)
    if next_step(facts, payments, clock.now()) or is_paid_unconfirmed(facts, payments):
        mark(booking.pk)
    elif facts.completed_at and next_step(facts, payments, at := capture_at(facts)):
        mark(booking.pk, at=at)
    elif any(payment.is_marked for payment in payments) and not _is_under_way(payments):
        _clear(booking, None)
    _note_lost_fee(booking, facts, payments)


def begin_next(booking_id: int) -> PaymentOperation | None:
    """Choose the next call and commit its row; None when there is none now, and the mark is cleared or moved.

    What needs no provider is done on the way.
    """
    with transaction.atomic():
        booking = bookings.lock(booking_id)
        list(Payment.objects.select_for_update(no_key=True).filter(booking_id=booking_id))
        booking = manual_steps.confirm_paid(booking)
        payments, facts = payment_facts(booking), booking_facts(booking)
        step = next_step(facts, payments, clock.now())
        while step and manual_steps.perform(step, booking):
            payments = payment_facts(booking)
            step = next_step(facts, payments, clock.now())
        if step is None:
            _clear(booking, _due_later(facts, payments))
            _note_lost_fee(booking, facts, payments)
            return None
        operation = _begin(step)
        if operation is None:
            Settlement.objects.filter(booking_id=booking_id).update(due_at=clock.now() + operations.LEASE)
        return operation


def begin_end_checkout(payment_id: int) -> PaymentOperation | None:
    """Commit the row of a call that ends a pay page; None while another call is under way."""
    with transaction.atomic():
        payment = Payment.objects.select_for_update(no_key=True).select_related("booking").get(pk=payment_id)
        params = {"session_ref": payment.session_ref}
        return operations.begin(payment, PaymentOperation.Kind.END_CHECKOUT, params)


def postpone(booking_id: int, error: Exception) -> None:
    """Try again later, and later still each time; after many tries staff are alarmed."""
    with transaction.atomic():
        settlement = Settlement.objects.select_for_update().filter(booking_id=booking_id).first()
        if settlement is None:
            return
        settlement.attempts += 1
        settlement.last_error = f"{type(error).__name__}: {error}"[:2000]
        settlement.due_at = clock.now() + RETRIES.wait_after(settlement.attempts)
        settlement.save()
    if RETRIES.is_alarming(settlement.attempts):
        log.error("settlement_stuck", booking_id=booking_id, attempts=settlement.attempts)


def postpone_if_unchanged(booking_id: int, refused: PaymentOperation) -> None:
    """After a refusal: go on at once if the look that followed changed what is to be done, else later."""
    booking = Booking.objects.get(pk=booking_id)
    step = next_step(booking_facts(booking), payment_facts(booking), clock.now())
    asked = (refused.payment_id, refused.kind, refused.params.get("amount_minor", 0))
    is_same = step and (step.payment_pk, step.kind, step.amount_minor) == asked
    if is_same and refused.kind == PaymentOperation.Kind.REFUND:
        _hand_to_staff(refused)
    elif is_same:
        postpone(booking_id, RuntimeError(f"{refused.key} was refused: {refused.error_code}"))
    else:
        with transaction.atomic():
            mark(booking_id)


def _hand_to_staff(refused: PaymentOperation) -> None:
    """A refund the provider will not make waits for staff; whatever else is to be done goes on."""
    with transaction.atomic():
        booking = bookings.lock(refused.payment.booking_id)
        manual_steps.note_refused(refused, booking)
        mark(booking.pk)


def _begin(step: Step) -> PaymentOperation | None:
    payment = Payment.objects.select_related("booking").get(pk=step.payment_pk)
    if step.kind == PaymentOperation.Kind.END_CHECKOUT:
        params: dict[str, object] = {"session_ref": payment.session_ref}
    else:
        params = {"provider_ref": payment.provider_ref, "amount_minor": step.amount_minor}
    return operations.begin(payment, step.kind, params)


def _note_lost_fee(booking: Booking, facts: BookingFacts, payments: list[PaymentFacts]) -> None:
    if lost_minor := lost_fee_minor(facts, payments):
        external_changes.note_lost_fee(booking, lost_minor)


def _due_later(facts: BookingFacts, payments: list[PaymentFacts]) -> dt.datetime | None:
    """A call under way counts as made, and may still fail: the mark stays until its end is known."""
    if _is_under_way(payments):
        return clock.now() + operations.LEASE
    if facts.completed_at and next_step(facts, payments, at := capture_at(facts)):
        return at
    return None


def _clear(booking: Booking, due_at: dt.datetime | None) -> None:
    Settlement.objects.filter(booking=booking).update(due_at=due_at, attempts=0, last_error="")


def _is_under_way(payments: list[PaymentFacts]) -> bool:
    return any(payment.is_busy for payment in payments)
