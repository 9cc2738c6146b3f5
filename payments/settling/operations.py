"""Calls that change something at a provider: committed first, made outside transactions, recorded, replayed.

The operation's key is the idempotency key, so a call whose answer was lost may be made again as stored.
"""

import datetime as dt
from collections.abc import Callable, Mapping

import structlog
from django.db import transaction

from bookings.lifecycle import services as bookings
from bookings.states import Status
from core import clock
from core.retries import Policy
from payments.models import Payment, PaymentOperation
from payments.models import Provider as ProviderName
from payments.providers.base import (
    CheckoutRequest,
    CheckoutSession,
    Declined,
    Misconfigured,
    Provider,
    Unavailable,
)
from payments.providers.registry import provider_for
from payments.settling.local_record import known_of

log = structlog.get_logger(__name__)

Kind, OpState = PaymentOperation.Kind, PaymentOperation.State
UNFINISHED = (OpState.OPEN, OpState.UNKNOWN)
# Done only once a look has seen their effect: between the provider's answer and that look another worker, or the
# sweep after a crash, would plan from what is no longer so, and move the same money again.
SEEN_TO_BE_DONE = (Kind.CAPTURE, Kind.VOID, Kind.REFUND)
# Octo shows a refund only once it has arrived: its answer to the call is all there is, and the look comes after.
TAKEN_AT_ITS_WORD = ((ProviderName.OCTO, Kind.REFUND),)

# Longer than the provider's connect and read time-outs together.
LEASE = dt.timedelta(seconds=30)
# Providers keep an idempotency key at least 24 h; later the same key would be a new call.
KEY_LIFE = dt.timedelta(hours=23)
RETRIES = Policy(first=dt.timedelta(seconds=2), most=dt.timedelta(minutes=5))


def begin(payment: Payment, kind: str, params: Mapping[str, object]) -> PaymentOperation | None:
    """Write an operation's row; None while another of this payment is unfinished. Expects the payment locked."""
    if payment.operations.filter(state__in=UNFINISHED).exists():
        return None
    n = payment.operations.filter(kind=kind).count() + 1
    return PaymentOperation.objects.create(
        payment=payment, kind=kind, params=params, key=f"{payment.key_stem}-{kind}-{n}", attempts=1,
        lease_until=clock.now() + LEASE,
    )  # fmt: skip


def run(operation: PaymentOperation) -> PaymentOperation:
    """Make the call and record its outcome; the caller holds the operation's lease, and looks (`sync`) right after:
    that ends a call that moved money.

    Raises: Unavailable and Misconfigured, after recording them. A refusal is recorded and returned.
    """
    payment = operation.payment
    try:
        result = _call(provider_for(payment), operation)
    except Declined as error:
        log.warning("operation_refused", operation=operation.key, code=error.code)
        return _finish(operation, OpState.REFUSED, error)
    except Misconfigured as error:
        log.error("provider_misconfigured", operation=operation.key, code=error.code, error=str(error))
        _finish(operation, OpState.REFUSED, error)
        raise
    except Unavailable as error:
        log.warning("provider_unavailable", operation=operation.key, code=error.code, error=str(error))
        _finish(operation, OpState.REFUSED if error.is_final else OpState.UNKNOWN, error)
        raise
    log.info("operation_done", operation=operation.key, booking=payment.booking.reference)
    return _record(operation, result)


def lease(operation_id: int) -> PaymentOperation | None:
    """Take over an unfinished operation whose process is gone; None when it is finished or still in good hands."""
    with transaction.atomic():
        operation = (
            PaymentOperation.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("payment__booking")
            .filter(pk=operation_id, state__in=UNFINISHED, lease_until__lte=clock.now())
            .first()
        )
        if operation:
            operation.attempts += 1
            operation.lease_until = clock.now() + max(LEASE, _pause(operation))
            operation.save(update_fields=["attempts", "lease_until"])
    return operation


def give_up(operation: PaymentOperation, reason: str) -> PaymentOperation:
    """End an operation that may not be replayed any more: the next attempt has a key of its own."""
    return _finish(operation, OpState.REFUSED, Declined(reason, code="given_up"))


def is_replayable(operation: PaymentOperation) -> bool:
    """Return whether the provider still knows the key."""
    return clock.now() - operation.created_at < KEY_LIFE


def _call(provider: Provider, operation: PaymentOperation) -> CheckoutSession | None:
    params, key = operation.params, operation.key
    known = known_of(operation.payment)
    calls: dict[str, Callable[[], CheckoutSession | None]] = {
        Kind.CHECKOUT: lambda: provider.open_checkout(CheckoutRequest(**params), key=key),
        Kind.END_CHECKOUT: lambda: provider.end_checkout(params["session_ref"], key=key),
        Kind.CAPTURE: lambda: provider.capture(
            params["provider_ref"], params["amount_minor"], key=key, known=known
        ),
        Kind.VOID: lambda: provider.void(params["provider_ref"], key=key, known=known),
        Kind.REFUND: lambda: provider.refund(
            params["provider_ref"], params["amount_minor"], key=key, known=known
        ),
        Kind.EVIDENCE: lambda: provider.submit_evidence(
            params["dispute_ref"], params["evidence"], _pack(operation), key=key
        ),
        Kind.ACCEPT: lambda: provider.accept_dispute(params["dispute_ref"], key=key),
    }
    return calls[operation.kind]()


def _pack(operation: PaymentOperation) -> bytes | None:
    """The evidence pack is stored beside its dispute, so that a replay sends the very same bytes."""
    pdf = operation.dispute.evidence_pdf
    return bytes(pdf) if pdf else None


def _record(operation: PaymentOperation, result: CheckoutSession | None) -> PaymentOperation:
    if (operation.payment.provider, operation.kind) in TAKEN_AT_ITS_WORD:
        return _finish_unseen(operation)
    if operation.kind in SEEN_TO_BE_DONE:
        return operation
    if result is None:
        return _finish(operation, OpState.DONE, None)
    with transaction.atomic():
        payment = operation.payment
        booking = bookings.lock(payment.booking_id)
        locked = operation.payment = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
        if not PaymentOperation.objects.filter(pk=operation.pk, state__in=UNFINISHED).exists():
            # Another process took this call over while we were away, and another page may have been paid since.
            operation.refresh_from_db(fields=["state", "finished_at"])
            return operation
        locked.session_ref, locked.session_url = result.ref, result.url
        locked.session_expires_at, locked.client_secret = result.expires_at, result.client_secret
        locked.save(
            update_fields=["session_ref", "session_url", "session_expires_at", "client_secret", "updated_at"]
        )
        if booking.status == Status.PENDING_PAYMENT:
            bookings.hold_for_checkout(booking_id=booking.pk, session_ends_at=result.expires_at)
        log.info("payment_session_created", session=result.ref, booking=booking.reference)
        return _finish(operation, OpState.DONE, None)


@transaction.atomic
def _finish_unseen(operation: PaymentOperation) -> PaymentOperation:
    """Should this process die before its look, a sweep looks in its place."""
    Payment.objects.filter(pk=operation.payment_id).update(next_sync_at=clock.now())
    return _finish(operation, OpState.DONE, None)


def _finish(
    operation: PaymentOperation, state: str, error: Declined | Unavailable | Misconfigured | None
) -> PaymentOperation:
    operation.state = state
    if error is not None:
        operation.error_code, operation.error = error.code[:64], str(error)[:2000]
        operation.provider_request_id = error.request_id[:64]
    if state == OpState.UNKNOWN:
        operation.lease_until = clock.now() + _pause(operation)
    else:
        operation.finished_at = clock.now()
    # A sync may have read the outcome meanwhile: what is finished stays finished.
    PaymentOperation.objects.filter(pk=operation.pk, state__in=UNFINISHED).update(
        state=operation.state, error_code=operation.error_code, error=operation.error,
        provider_request_id=operation.provider_request_id, lease_until=operation.lease_until,
        finished_at=operation.finished_at,
    )  # fmt: skip
    operation.refresh_from_db(fields=["state", "finished_at"])
    return operation


def _pause(operation: PaymentOperation) -> dt.timedelta:
    return RETRIES.wait_after(operation.attempts)
