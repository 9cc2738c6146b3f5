"""Events and their receipts: each subscriber hears of each event at least once, whatever crashed in between."""

import datetime as dt

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from bookings.models import BookingEvent, EventReceipt
from core import clock
from core.queue import ring
from core.retries import Policy

log = structlog.get_logger(__name__)

RETRIES = Policy(first=dt.timedelta(seconds=2), most=dt.timedelta(seconds=256), park_after=8)


def publish(event: BookingEvent) -> None:
    """Write the event's receipts and ring a worker on commit. Expects the verb's transaction."""
    EventReceipt.objects.bulk_create(
        EventReceipt(event=event, subscriber=name) for name in settings.BOOKING_SUBSCRIBERS
    )
    ring("bookings.tasks.deliver_event", event.pk)


def deliver(event_id: int) -> None:
    """Hand an event to every subscriber that has not had it."""
    for receipt_id in open_receipts().filter(event_id=event_id).values_list("pk", flat=True):
        deliver_receipt(receipt_id)


def open_receipts() -> QuerySet[EventReceipt]:
    """Return the receipts that still wait for their handler."""
    return EventReceipt.objects.filter(done_at__isnull=True, parked_at__isnull=True)


def deliver_receipt(receipt_id: int) -> None:
    """Run one receipt's handler and mark it done in one transaction; a failure is counted and retried later."""
    try:
        with transaction.atomic():
            receipt = (
                open_receipts()
                .select_for_update(skip_locked=True, of=("self",))
                .select_related("event__booking__venue", "event__booking__room")
                .filter(pk=receipt_id)
                .first()
            )
            if receipt is None:
                return
            import_string(settings.BOOKING_SUBSCRIBERS[receipt.subscriber])(receipt.event)
            receipt.done_at = clock.now()
            receipt.save(update_fields=["done_at"])
    except Exception as error:  # one subscriber's fault must not stop the others
        log.exception("receipt_failed", receipt=receipt_id)
        _count_failure(receipt_id, error)


def _count_failure(receipt_id: int, error: Exception) -> None:
    with transaction.atomic():
        receipt = open_receipts().select_for_update().filter(pk=receipt_id).first()
        if receipt is None:
            return
        receipt.attempts += 1
        receipt.last_error = f"{type(error).__name__}: {error}"[:2000]
        receipt.next_attempt_at = clock.now() + RETRIES.wait_after(receipt.attempts)
        if RETRIES.is_spent(receipt.attempts):
            receipt.parked_at = clock.now()
            log.error("receipt_parked", receipt=receipt_id, subscriber=receipt.subscriber)
        receipt.save()
