"""Workers' entries of bookings: each loads by id, calls a service, and is safe to run twice."""

import datetime as dt

from celery import shared_task
from django.db.models import Q, QuerySet

from bookings.bulk import services as bulk
from bookings.errors import BookingError
from bookings.lifecycle import outbox, reminders, suspension
from bookings.lifecycle import services as bookings
from bookings.lifecycle.deadlines import COMPLETE_AFTER, LAPSE_MARGIN
from bookings.models import Booking, BulkCancellation
from bookings.states import Status
from core import clock
from core.sweeps import Round


@shared_task
def deliver_event(event_id: int) -> None:
    """Hand one event to its subscribers."""
    outbox.deliver(event_id)


@shared_task
def sweep_receipts() -> None:
    """Deliver receipts whose doorbell was lost or whose handler failed before."""
    due = outbox.open_receipts().filter(next_attempt_at__lte=clock.now()).order_by("next_attempt_at")
    with Round() as this:
        this.each(due, outbox.deliver_receipt, name="event__booking__reference")


@shared_task
def sweep_deadlines() -> None:
    """Expire requests nobody answered, complete past stays, send the reminders due."""
    now = clock.now()
    undecided = Booking.objects.filter(status=Status.PENDING_APPROVAL, decision="", decide_by__lte=now)
    # Somebody may be quicker between the list and the lock.
    with Round(BookingError) as this:
        this.each(
            undecided.order_by("decide_by"), bookings.expire, by="booking_id", name="reference",
            reason="The host did not answer in time.", listed_as=Status.PENDING_APPROVAL,
        )  # fmt: skip
        this.each(_to_complete(now), bookings.complete, by="booking_id", name="reference")
        this.attempt(reminders.send_due_reminders, now)


@shared_task
def sweep_suspended() -> None:
    """Decline what suspended venues have not answered, and end what is unpaid there."""
    with Round() as this:
        this.attempt(suspension.end_unpaid)
        this.attempt(suspension.decline_undecided)


@shared_task
def cancel_in_bulk(bulk_id: int) -> None:
    """Cancel the bookings of one bulk cancellation."""
    bulk.work(bulk_id)


@shared_task
def sweep_bulk_cancellations() -> None:
    """Go on with bulk cancellations whose worker is gone."""
    with Round() as this:
        this.each(BulkCancellation.objects.filter(finished_at=None).order_by("created_at"), bulk.work)


def _to_complete(now: dt.datetime) -> QuerySet[Booking]:
    """Return what is over for long, or whose held money lapses soon."""
    is_past = Q(ends_at__lte=now - COMPLETE_AFTER)
    is_lapsing = Q(paid_at__isnull=True, held_until__lte=now + LAPSE_MARGIN, ends_at__lte=now)
    return Booking.objects.filter(is_past | is_lapsing, status=Status.CONFIRMED).order_by("ends_at")
