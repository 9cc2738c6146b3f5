"""The inbox of providers' messages: kept once, and understood only as *look again*."""

import datetime as dt

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from bookings.doorbell import ring_now
from core import clock
from payments import services
from payments.models import Payment, WebhookEvent
from payments.providers.base import ProviderError

log = structlog.get_logger(__name__)

Outcome = WebhookEvent.Outcome
PARK_AFTER = 20
OURS = ("checkout.session.", "payment_intent.", "charge.", "refund.")


def receive(*, provider: str, event: dict) -> None:
    """Keep one verified message; the same event again changes nothing. Rings a worker after the commit."""
    WebhookEvent.objects.bulk_create(
        [WebhookEvent(provider=provider, event_id=event["id"], type=event["type"], payload=event)],
        ignore_conflicts=True,
    )
    pk = WebhookEvent.objects.values_list("pk", flat=True).get(provider=provider, event_id=event["id"])
    log.info("webhook_received", event_id=event["id"], type=event["type"])
    ring_now("payments.tasks.process_webhook", pk)


def process(event_pk: int) -> None:
    """Look at the payment a message is about, unless a look begun after its arrival has covered it.

    Raises: nothing; a provider that does not answer leaves the message waiting.
    """
    event = _claim(event_pk)
    if event is None:
        return
    payment = _payment_of(event)
    if payment is None:
        return
    if payment.synced_at and payment.synced_at > event.received_at:
        _end(event, Outcome.PROCESSED, "covered by a later look")
        return
    log.info("webhook_processing", type=event.type, booking=payment.booking.reference)
    try:
        payment = services.sync(payment.pk)
    except ProviderError as error:
        _retry_later(event, error)
        return
    if payment.mismatch:
        _end(event, Outcome.PARKED, payment.mismatch)
    else:
        _end(event, Outcome.PROCESSED, "")


def _claim(event_pk: int) -> WebhookEvent | None:
    """Take a waiting message; its next try moves away, so that doorbell and sweep don't work at once."""
    with transaction.atomic():
        event = (
            WebhookEvent.objects.select_for_update(skip_locked=True)
            .filter(pk=event_pk, outcome=Outcome.WAITING, next_attempt_at__lte=clock.now())
            .first()
        )
        if event:
            event.attempts += 1
            event.next_attempt_at = clock.now() + dt.timedelta(seconds=min(15 * 2**event.attempts, 3600))
            event.save(update_fields=["attempts", "next_attempt_at"])
    return event


def _payment_of(event: WebhookEvent) -> Payment | None:
    """Find what the message is about; what is not ours is ignored, what claims to be and is not is parked."""
    if not event.type.startswith(OURS):
        return _end(event, Outcome.IGNORED, "not about a payment")
    data = event.payload.get("data")
    subject = _dict(data.get("object")) if isinstance(data, dict) else {}
    metadata = _dict(subject.get("metadata"))
    payment = _find_payment(subject, metadata)
    if payment is None:
        if metadata.get("booking_reference"):
            return _end(event, Outcome.PARKED, "no such payment here")
        return _end(event, Outcome.IGNORED, "not a payment of ours")
    if bool(event.payload.get("livemode")) != settings.STRIPE_IS_LIVE:
        return _end(event, Outcome.PARKED, "live and test mode mixed")
    event.payment = payment
    return payment


def _find_payment(subject: dict, metadata: dict) -> Payment | None:
    named = [subject.get("id"), subject.get("payment_intent"), subject.get("charge")]
    refs = [ref for ref in named if isinstance(ref, str) and ref]
    rows = Payment.objects.select_related("booking")
    known = Q(session_ref__in=refs) | Q(provider_ref__in=refs) | Q(charge_ref__in=refs)
    if payment := rows.filter(known).first():
        return payment
    try:
        return rows.filter(
            public_id=metadata.get("payment_id"), booking__reference=metadata.get("booking_reference")
        ).first()
    except (ValueError, TypeError, ValidationError):
        return None


def _dict(value: object) -> dict:
    return value if isinstance(value, dict) else {}


def _end(event: WebhookEvent, outcome: str, note: str) -> None:
    event.outcome, event.note, event.processed_at = outcome, note[:200], clock.now()
    event.save(update_fields=["outcome", "note", "processed_at", "payment"])
    if outcome == Outcome.PARKED:
        log.error("webhook_parked", event_id=event.event_id, type=event.type, note=note)


def _retry_later(event: WebhookEvent, error: ProviderError) -> None:
    event.note = str(error)[:200]
    if event.attempts >= PARK_AFTER:
        _end(event, Outcome.PARKED, event.note)
    else:
        event.save(update_fields=["note", "payment"])
