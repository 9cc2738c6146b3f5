"""Payments' verbs: start a checkout, `sync` what the provider knows, `settle` what a booking should cost.

Messages only say *look again*; these functions make things true, and are safe to run any number of times.
"""

import datetime as dt
import time
from dataclasses import asdict, dataclass

import structlog
from django.conf import settings
from django.db import transaction
from django.urls import reverse

from bookings.errors import InvalidTransition, NotChargeable
from bookings.lifecycle import services as bookings
from bookings.lifecycle.deadlines import CHECKOUT_GRACE
from bookings.models import Booking
from bookings.states import Status
from core import clock
from core.money import to_decimal
from payments.lifecycle import refused_pages
from payments.lifecycle.apply import apply
from payments.models import Dispute, Payment, PaymentOperation, Provider
from payments.phrases import DECLINE_MESSAGES
from payments.providers.base import (
    CheckoutRequest,
    ProviderError,
    ProviderPayment,
    Unavailable,
)
from payments.providers.registry import can_end_checkout, choose_provider, provider_for
from payments.settling import manual_records, operations, settle_queue
from payments.settling.local_record import known_of
from rooms.pricing import charge_limits

log = structlog.get_logger(__name__)

# Stripe wants at least 30 minutes by its own clock; three more forgive a skewed one. Octo's page cannot be ended:
# the room waits for it, so it is short.
SESSION_TIMES = {"stripe": dt.timedelta(minutes=33), "octo": dt.timedelta(minutes=20)}
# A page that ends sooner is not worth opening.
SHORTEST_SESSION = dt.timedelta(minutes=2)
# Books that change while a provider is looked at are looked up again so often.
LOOKS = 3
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

    Raises: InvalidTransition (nothing to pay now), NotChargeable (refused for good), Unavailable, Misconfigured.
    """
    payment, operation = _open_payment(booking_id)
    if operation is not None:
        log.info("creating_payment_session", booking=payment.booking.reference)
        payment = operations.run(operation).payment
    elif not payment.session_ref:
        payment = _await_session(payment)
    if payment.session_expires_at and payment.session_expires_at <= clock.now():
        if sync(payment.pk).status == Payment.Status.FAILED:
            return start_checkout(booking_id)
        raise InvalidTransition("pay", "past its payment time")
    if not payment.session_ref and payment.operations.filter(state__in=operations.UNFINISHED).exists():
        raise Unavailable("the provider's answer is still awaited")
    if not payment.session_url:
        if operation is not None:
            refused_pages.end(operation)
        raise NotChargeable(DECLINE_MESSAGES[refused_pages.FAILURE_CODE])
    return Checkout(payment, payment.session_ref, payment.session_url)


@transaction.atomic
def _open_payment(booking_id: int) -> tuple[Payment, PaymentOperation | None]:
    booking = bookings.lock(booking_id)
    now = clock.now()
    if not booking.awaits_payment(now):
        raise InvalidTransition("pay", booking.get_status_display().lower())
    payment = (
        Payment.objects.select_for_update(no_key=True)
        .filter(booking=booking, status=Payment.Status.CREATED)
        .first()
    )
    if payment and payment.session_ref:
        return payment, None
    missing = manual_records.missing_minor(booking)
    if reason := charge_limits.why_not(booking.venue, missing):
        raise NotChargeable(reason)
    payment = payment or Payment(
        booking=booking, n=booking.payments.count() + 1, is_two_stage=booking.is_two_stage,
        currency=booking.currency, amount_minor=missing, next_sync_at=now + SYNC_PAUSES[0][1],
    )  # fmt: skip
    payment.booking = booking
    _freeze_account(payment)
    request = _checkout_request(payment, booking, now)
    return payment, operations.begin(payment, PaymentOperation.Kind.CHECKOUT, asdict(request))


def _freeze_account(payment: Payment) -> None:
    """Give a payment the account its venue uses now, and save it; one that was asked for anywhere keeps what it has."""
    is_asked_for = payment.pk and payment.operations.filter(state__in=operations.UNFINISHED).exists()
    if not is_asked_for:
        payment.provider, payment.account, payment.is_live = choose_provider(payment.booking.venue_id)
        payment.save()


def _session_end(payment: Payment, booking: Booking, now: dt.datetime) -> dt.datetime:
    """Return when a pay page opened now should end. Raises: InvalidTransition when that is too soon to be of use."""
    end = now + SESSION_TIMES[payment.provider]
    if payment.provider == Provider.OCTO and booking.checkout_opened_at and booking.payment_due_at:
        # The booking's deadline has moved for an earlier page, and no page may outlive it.
        end = min(end, booking.payment_due_at - CHECKOUT_GRACE)
        if end - now < SHORTEST_SESSION:
            raise InvalidTransition("pay", "past its payment time")
    return end


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
        expires_at=int(_session_end(payment, booking, now).timestamp()),
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
    for _ in range(LOOKS):
        payment = _number_fetch(payment_id)
        if not payment.session_ref:
            return _close_unopened(payment)
        if seen := _look(payment):
            return seen
    raise Unavailable("our books changed whenever the provider was asked", code="busy")


def _look(payment: Payment) -> Payment | None:
    """Fetch once, and apply; None when what the provider's answer was read with changed meanwhile."""
    number, began_at, known = payment.fetch_started, clock.now(), known_of(payment)
    seen = provider_for(payment).fetch(
        session_ref=payment.session_ref, provider_ref=payment.provider_ref, known=known
    )
    with transaction.atomic():
        booking = bookings.lock(payment.booking_id)
        payment = Payment.objects.select_for_update(no_key=True, of=("self",)).get(pk=payment.pk)
        payment.booking = booking
        if number <= payment.fetch_applied:
            return payment
        if known_of(payment) != known:
            return None
        _apply(payment, booking, seen, number, began_at)
    return payment


@transaction.atomic
def _close_unopened(payment: Payment) -> Payment:
    """There is no page to read yet. A call under way is resumed, not read; where none is, nobody can pay any more."""
    booking = bookings.lock(payment.booking_id)
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
    payment.booking = booking
    is_under_way = payment.operations.filter(state__in=operations.UNFINISHED).exists()
    if (
        payment.status == Payment.Status.CREATED
        and booking.status != Status.PENDING_PAYMENT
        and not is_under_way
    ):
        payment.status, payment.closed_at, payment.next_sync_at = Payment.Status.FAILED, clock.now(), None
        payment.save(update_fields=["status", "closed_at", "next_sync_at", "updated_at"])
    return payment


def _number_fetch(payment_id: int) -> Payment:
    """Count one more look and return the payment, in one statement. Raises: Payment.DoesNotExist."""
    counted = Payment.objects.raw(
        f'UPDATE "{Payment._meta.db_table}" SET fetch_started = fetch_started + 1 WHERE id = %s RETURNING *',  # noqa: S608
        [payment_id],
    )
    for payment in counted:
        return payment
    raise Payment.DoesNotExist


def _apply(
    payment: Payment, booking: Booking, seen: ProviderPayment, number: int, began_at: dt.datetime
) -> None:
    payment.fetch_applied = number
    if not seen.is_unclear:
        # Else it proves nothing: neither that it was unpaid then, nor is any message answered by it.
        payment.synced_at = began_at
    if mismatch := _mismatch(payment, booking, seen):
        payment.mismatch = mismatch
        payment.next_sync_at = None
        payment.save()
        log.error("payment_mismatch", booking=booking.reference, payment=payment.pk, what=mismatch)
        return
    apply(payment, booking, seen)
    payment.next_sync_at = next_look(payment, began_at, is_moving=_is_moving(payment, seen))
    payment.save()
    settle_queue.mark_if_needed(booking)


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


def _is_moving(payment: Payment, seen: ProviderPayment) -> bool:
    """Return whether a payment that is closed may still change by itself: a refund on its way, an open dispute, a
    fee Stripe has yet to tell.
    """
    is_fee_awaited = payment.provider == Provider.STRIPE and payment.status == Payment.Status.CAPTURED
    return (
        any(refund.status == "pending" for refund in seen.refunds)
        or any(dispute.status in Dispute.OPEN for dispute in seen.disputes)
        or (is_fee_awaited and payment.provider_fee_minor is None)
    )


def next_look(payment: Payment, now: dt.datetime, *, is_moving: bool) -> dt.datetime | None:
    """Return when to ask the provider again by ourselves: often while young, never once nothing can change."""
    if not payment.is_open and not is_moving:
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
    for _ in range(settle_queue.MAX_STEPS):
        work = settle_queue.begin_next(booking_id)
        if work is None:
            return
        try:
            operations.run(work)
            sync(work.payment_id)
        except ProviderError as error:
            settle_queue.postpone(booking_id, error)
            return
        if work.state == PaymentOperation.State.REFUSED:
            settle_queue.postpone_if_unchanged(booking_id, work)
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
    if operations.is_replayable(operation):
        operations.run(operation)
        sync(operation.payment_id)
    else:
        operations.give_up(operation, "the provider no longer knows the key")
    if operation.kind == PaymentOperation.Kind.CHECKOUT:
        _after_resumed_checkout(operation)


def _after_resumed_checkout(operation: PaymentOperation) -> None:
    """The guest went away when the pay page failed to open: send the way back to it."""
    booking = operation.payment.booking
    try:
        checkout = start_checkout(booking.pk)
    except (InvalidTransition, NotChargeable):
        return
    bookings.announce(booking_id=booking.pk, notice="payment_available", data={"payment": checkout.payment.n})


# --- the clock ------------------------------------------------------------------------------------------------


def expire_unpaid(booking_id: int) -> None:
    """Expire a booking whose payment time is over: first end the provider's page, look, and only then free the room.

    While the provider is out of reach the room is kept 15 minutes longer, then freed anyway; money that still
    arrives is given back by `settle`.
    """
    booking = Booking.objects.get(pk=booking_id)
    if booking.status != Status.PENDING_PAYMENT:
        return
    payment = booking.payments.filter(status=Payment.Status.CREATED).first()
    try:
        is_over = payment is None or end_checkout(payment)
    except ProviderError as error:
        log.warning("expiry_delayed", booking=booking.reference, error=str(error))
        is_over = False
    due_at = booking.payment_due_at or booking.created_at
    if is_over or clock.now() >= due_at + OUTAGE_PATIENCE:
        _expire_if_still_unpaid(booking_id)


def end_checkout(payment: Payment) -> bool:
    """End the pay page and look what came of it; False while that is not known."""
    if unfinished := payment.operations.filter(state__in=operations.UNFINISHED).first():
        resume(unfinished.pk)
        payment.refresh_from_db()
    if not payment.session_ref:
        return not payment.operations.filter(state__in=operations.UNFINISHED).exists()
    is_just_tried = payment.operations.filter(
        kind="end-checkout", finished_at__gt=clock.now() - END_PAUSE
    ).exists()
    if is_just_tried or not can_end_checkout(payment.provider):
        # Where a page ends by its own time alone, the deadline is later than that.
        return not sync(payment.pk).is_open
    operation = settle_queue.begin_end_checkout(payment.pk)
    if operation is None:
        return False
    operations.run(operation)
    sync(payment.pk)
    return True


@transaction.atomic
def _expire_if_still_unpaid(booking_id: int) -> None:
    booking = bookings.lock(booking_id)
    due_at = booking.payment_due_at or booking.created_at
    if booking.status == Status.PENDING_PAYMENT and due_at <= clock.now():
        bookings.expire(booking_id=booking_id, reason="The payment did not arrive in time.")
