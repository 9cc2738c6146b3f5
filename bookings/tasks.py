"""Workers' entries of bookings: each loads by id, calls a service, and is safe to run twice."""

import structlog
from celery import shared_task

from bookings import bulk, outbox, reminders, services, suspension
from bookings.deadlines import COMPLETE_AFTER, LAPSE_MARGIN
from bookings.errors import BookingError
from bookings.models import Booking, BulkCancellation
from bookings.states import Status
from core import clock

log = structlog.get_logger(__name__)

BATCH = 200


@shared_task
def deliver_event(event_id: int) -> None:
    """Hand one event to its subscribers."""
    outbox.deliver(event_id)


@shared_task
def sweep_receipts() -> None:
    """Deliver receipts whose doorbell was lost or whose handler failed before."""
    due = outbox.open_receipts().filter(next_attempt_at__lte=clock.now()).order_by("next_attempt_at")
    for receipt_id in due.values_list("pk", flat=True)[:BATCH]:
        outbox.deliver_receipt(receipt_id)


@shared_task
def sweep_deadlines() -> None:
    """Expire requests nobody answered, complete past stays, send the reminders due."""
    now = clock.now()
    undecided = Booking.objects.filter(status=Status.PENDING_APPROVAL, decision="", decide_by__lte=now)
    for booking_id in undecided.values_list("pk", flat=True)[:BATCH]:
        _try(
            services.expire, booking_id=booking_id, reason="The host did not answer in time.",
            listed_as=Status.PENDING_APPROVAL,
        )  # fmt: skip
    for booking_id in _to_complete(now):
        _try(services.complete, booking_id=booking_id)
    reminders.send_due_reminders(now)


@shared_task
def sweep_suspended() -> None:
    """Decline what suspended venues have not answered, and end what is unpaid there."""
    suspension.end_unpaid()
    suspension.decline_undecided(BATCH)


@shared_task
def cancel_in_bulk(bulk_id: int) -> None:
    """Cancel the bookings of one bulk cancellation."""
    bulk.work(bulk_id)


@shared_task
def sweep_bulk_cancellations() -> None:
    """Go on with bulk cancellations whose worker is gone."""
    unfinished = BulkCancellation.objects.filter(finished_at=None).order_by("created_at")
    for bulk_id in unfinished.values_list("pk", flat=True)[:BATCH]:
        bulk.work(bulk_id)


def _to_complete(now) -> list[int]:
    confirmed = Booking.objects.filter(status=Status.CONFIRMED)
    past = confirmed.filter(ends_at__lte=now - COMPLETE_AFTER).values_list("pk", flat=True)[:BATCH]
    lapsing = confirmed.filter(
        paid_at__isnull=True, held_until__lte=now + LAPSE_MARGIN, ends_at__lte=now
    ).values_list("pk", flat=True)[:BATCH]
    return list({*past, *lapsing})


def _try(verb, *, booking_id: int, **arguments) -> None:
    try:
        verb(booking_id=booking_id, **arguments)
    except BookingError as error:
        # Somebody was quicker between the list and the lock.
        log.info("sweep_skipped", booking_id=booking_id, code=error.code)
