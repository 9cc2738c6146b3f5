"""Payments' verbs: start a checkout, `sync` what the provider knows, `settle` what a booking should cost.

Messages only say *look again*; these functions make things true, and are safe to run any number of times.
"""

import datetime as dt
import time
from dataclasses import asdict, dataclass

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse

from bookings import services as bookings
from bookings.errors import InvalidTransition
from bookings.models import Booking
from bookings.states import Status
from core import clock
from core.money import to_decimal
from payments import operations, settlement
from payments.models import Payment, PaymentOperation
from payments.providers.base import (
    CheckoutRequest,
    Misconfigured,
    ProviderError,
    ProviderPayment,
    Unavailable,
)
from payments.providers.registry import provider_named
from payments.reconcile import apply

log = structlog.get_logger(__name__)

# Stripe wants at least 30 minutes by its own clock; three more forgive a skewed one.
SESSION_TIME = dt.timedelta(minutes=33)
OUTAGE_PATIENCE = dt.timedelta(minutes=15)
# Between two tries to end a pay page the provider would not end.
END_PAUSE = dt.timedelta(minutes=1)
IN_FLIGHT_SECONDS = 8.0


@dataclass(frozen=True)
class Checkout:
    """A pay page to send the guest to."""

    payment: Payment
    session_ref: str
    url: str

    @property
    def amount(self) -> str:
        return str(to_decimal(self.payment.amount_minor, self.payment.currency))


def start_checkout(booking_id: int) -> Checkout:
    """Open the provider's pay page, or return the one already open.

    Raises: InvalidTransition (nothing to pay now), Unavailable, Misconfigured.
    """
    payment, operation = _open_payment(booking_id)
    if operation is not None:
        log.info("creating_payment_session", booking=payment.booking.reference)
        payment = operations.run(operation).payment
    elif not payment.session_ref:
        payment = _await_session(payment)
    if payment.session_expires_at and payment.session_expires_at <= clock.now():
        sync(payment.pk)
        raise InvalidTransition("pay", "past its payment time")
    if not payment.session_ref and payment.operations.filter(state__in=operations.UNFINISHED).exists():
        raise Unavailable("the provider's answer is still awaited")
    if not payment.session_url:
        log.error("checkout_refused", booking=payment.booking.reference)
        raise Misconfigured("the provider refused to open a pay page")
    return Checkout(payment, payment.session_ref, payment.session_url)


@transaction.atomic
def _open_payment(booking_id: int) -> tuple[Payment, PaymentOperation | None]:
    booking = bookings.lock(booking_id)
    now = clock.now()
    if booking.status != Status.PENDING_PAYMENT or booking.payment_due_at <= now:
        raise InvalidTransition("pay", booking.get_status_display().lower())
    payment = Payment.objects.select_for_update(no_key=True).filter(booking=booking, status="CREATED").first()
    if payment and payment.session_ref:
        return payment, None
    payment = payment or Payment.objects.create(
        booking=booking, provider=Payment.Provider.STRIPE, n=booking.payments.count() + 1,
        is_two_stage=booking.is_two_stage, currency=booking.currency, amount_minor=booking.due_minor,
        is_live=settings.STRIPE_IS_LIVE, next_sync_at=now + SYNC_PAUSES[0][1],
    )  # fmt: skip
    payment.booking = booking
    request = _checkout_request(payment, booking, now)
    return payment, operations.begin(payment, PaymentOperation.Kind.CHECKOUT, asdict(request))


def _checkout_request(payment: Payment, booking: Booking, now: dt.datetime) -> CheckoutRequest:
    back = settings.SITE_URL + reverse("payments:return", args=[booking.reference])
    return CheckoutRequest(
        reference=booking.reference,
        payment_id=str(payment.public_id),
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        is_two_stage=payment.is_two_stage,
        title=f"{booking.room.name}, {booking.venue.name}",
        description=f"Booking {booking.reference} - {booking.venue.name}",
        email=booking.guest_email,
        success_url=back,
        cancel_url=settings.SITE_URL + booking.get_absolute_url(),
        expires_at=int((now + SESSION_TIME).timestamp()),
        page_url=settings.SITE_URL + reverse("payments:card", args=[booking.reference]),
        is_embedded=settings.STRIPE_EMBEDDED,
    )


def _await_session(payment: Payment) -> Payment:
    """A second tab waits for the first one's call; a call whose process is gone is taken over by a sweep."""
    until = time.monotonic() + IN_FLIGHT_SECONDS
    while time.monotonic() < until:
        payment.refresh_from_db()
        is_waiting = payment.operations.filter(state=PaymentOperation.State.OPEN).exists()
        if payment.session_ref or not is_waiting:
            break
        time.sleep(0.1)
    return payment


# --- provider → us --------------------------------------------------------------------------------------------

# (younger than, pause between looks)
SYNC_PAUSES = (
    (dt.timedelta(minutes=15), dt.timedelta(seconds=30)),
    (dt.timedelta(hours=2), dt.timedelta(minutes=5)),
    (dt.timedelta(days=30), dt.timedelta(hours=1)),
)


def sync(payment_id: int) -> Payment:
    """Fetch the provider's state and apply it: forward only, with ledger and the booking's verb, in one transaction.

    A fetch that began before the last one applied is not applied. Raises: Unavailable, Misconfigured.
    """
    payment = _number_fetch(payment_id)
    number = payment.fetch_started
    if not payment.session_ref:
        return _close_unopened(payment)
    began_at = clock.now()
    seen = provider_named(payment.provider).fetch(
        session_ref=payment.session_ref, provider_ref=payment.provider_ref
    )
    with transaction.atomic():
        booking = bookings.lock(payment.booking_id)
        payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
        payment.booking = booking
        if number > payment.fetch_applied:
            _apply(payment, booking, seen, number, began_at)
    return payment


@transaction.atomic
def _close_unopened(payment: Payment) -> Payment:
    """There is no page to read yet. A call under way is resumed, not read; where none is, nobody can pay any more."""
    booking = bookings.lock(payment.booking_id)
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
    payment.booking = booking
    is_under_way = payment.operations.filter(state__in=operations.UNFINISHED).exists()
    if payment.status == "CREATED" and booking.status != Status.PENDING_PAYMENT and not is_under_way:
        payment.status, payment.closed_at, payment.next_sync_at = "FAILED", clock.now(), None
        payment.save(update_fields=["status", "closed_at", "next_sync_at", "updated_at"])
    return payment


def _number_fetch(payment_id: int) -> Payment:
    with transaction.atomic():
        Payment.objects.filter(pk=payment_id).update(fetch_started=F("fetch_started") + 1)
        return Payment.objects.select_related("booking").get(pk=payment_id)


def _apply(
    payment: Payment, booking: Booking, seen: ProviderPayment, number: int, began_at: dt.datetime
) -> None:
    payment.fetch_applied, payment.synced_at = number, began_at
    if mismatch := _mismatch(payment, booking, seen):
        payment.mismatch = mismatch
        payment.next_sync_at = None
        payment.save()
        log.error("payment_mismatch", booking=booking.reference, payment=payment.pk, what=mismatch)
        return
    apply(payment, booking, seen)
    is_refund_pending = any(refund.status == "pending" for refund in seen.refunds)
    payment.next_sync_at = next_look(payment, began_at, is_refund_pending=is_refund_pending)
    payment.save()
    settlement.mark_if_needed(booking)


def _mismatch(payment: Payment, booking: Booking, seen: ProviderPayment) -> str:
    """Money moves on our side only where provider and booking agree on what is paid, and by whom."""
    expected = {
        "amount": (payment.amount_minor, seen.amount_minor),
        "currency": (payment.currency, seen.currency),
        "booking": (booking.reference, seen.reference),
        "live mode": (payment.is_live, seen.is_live),
    }
    wrong = [
        f"{name}: {theirs!r}, not {ours!r}" for name, (ours, theirs) in expected.items() if ours != theirs
    ]
    return "; ".join(wrong)[:200]


def next_look(payment: Payment, now: dt.datetime, *, is_refund_pending: bool) -> dt.datetime | None:
    """Return when to ask the provider again by ourselves: often while young, never once nothing can change."""
    if not payment.is_open and not is_refund_pending:
        return None
    age = now - payment.created_at
    for limit, pause in SYNC_PAUSES:
        if age < limit:
            return now + pause
    return now + dt.timedelta(days=1)


# --- us → provider --------------------------------------------------------------------------------------------


def settle(booking_id: int) -> None:
    """Make what is held and taken equal to what the booking should cost: one missing call at a time, then sync.

    Whatever cannot be done now stays marked and is tried again, later and later.
    """
    for _ in range(settlement.MAX_STEPS):
        work = settlement.begin_next(booking_id)
        if work is None:
            return
        try:
            operations.run(work)
            sync(work.payment_id)
        except ProviderError as error:
            settlement.postpone(booking_id, error)
            return
        if work.state == PaymentOperation.State.REFUSED:
            settlement.postpone_if_unchanged(booking_id, work)
            return


def resume(operation_id: int) -> None:
    """End an operation whose process or answer was lost: read first, then replay it with the same key.

    Raises: Unavailable, Misconfigured.
    """
    operation = operations.lease(operation_id)
    if operation is None:
        return
    sync(operation.payment_id)
    operation.refresh_from_db()
    if operation.state not in operations.UNFINISHED:
        return
    if not operations.is_replayable(operation):
        operations.give_up(operation, "the provider no longer knows the key")
    else:
        operations.run(operation)
        sync(operation.payment_id)
    if operation.kind == PaymentOperation.Kind.CHECKOUT:
        _after_resumed_checkout(operation)


def _after_resumed_checkout(operation: PaymentOperation) -> None:
    """The guest went away when the pay page failed to open: send the way back to it."""
    booking = operation.payment.booking
    try:
        checkout = start_checkout(booking.pk)
    except InvalidTransition:
        return
    bookings.announce(booking_id=booking.pk, notice="payment_available", data={"payment": checkout.payment.n})


def verify(booking_id: int) -> Booking:
    """Look at the provider for every payment of a booking that may still change; returns the booking as it is then.

    A provider that does not answer changes nothing: the booking is shown as it was, and a sweep looks again.
    """
    for payment in Payment.objects.filter(booking_id=booking_id, status__in=["CREATED", "AUTHORIZED"]):
        try:
            sync(payment.pk)
        except ProviderError as error:
            log.warning("verify_failed", payment=payment.pk, error=str(error))
    return Booking.objects.select_related("room", "venue").get(pk=booking_id)


# --- the clock ------------------------------------------------------------------------------------------------


def expire_unpaid(booking_id: int) -> None:
    """Expire a booking whose payment time is over: first end the provider's page, look, and only then free the room.

    While the provider is out of reach the room is kept 15 minutes longer, then freed anyway; money that still
    arrives is given back by `settle`.
    """
    booking = Booking.objects.get(pk=booking_id)
    payment = booking.payments.filter(status="CREATED").first()
    try:
        is_over = payment is None or _end_checkout(payment)
    except ProviderError as error:
        log.warning("expiry_delayed", booking=booking.reference, error=str(error))
        is_over = False
    if is_over or clock.now() >= booking.payment_due_at + OUTAGE_PATIENCE:
        _expire_if_still_unpaid(booking_id)


def _end_checkout(payment: Payment) -> bool:
    """End the pay page and look what came of it; False while that is not known."""
    if unfinished := payment.operations.filter(state__in=operations.UNFINISHED).first():
        resume(unfinished.pk)
        payment.refresh_from_db()
    if not payment.session_ref:
        return not payment.operations.filter(state__in=operations.UNFINISHED).exists()
    if payment.operations.filter(kind="end-checkout", finished_at__gt=clock.now() - END_PAUSE).exists():
        return not sync(payment.pk).is_open
    operation = settlement.begin_end_checkout(payment.pk)
    if operation is None:
        return False
    operations.run(operation)
    sync(payment.pk)
    return True


@transaction.atomic
def _expire_if_still_unpaid(booking_id: int) -> None:
    booking = bookings.lock(booking_id)
    if booking.status == Status.PENDING_PAYMENT and booking.payment_due_at <= clock.now():
        bookings.expire(booking_id=booking_id, reason="The payment did not arrive in time.")
