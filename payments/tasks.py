"""Workers' entries of payments: doorbells and sweeps. Each is safe to run twice, also at once."""

import time
from collections.abc import Callable

import structlog
from celery import shared_task

from bookings.errors import BookingError
from bookings.models import Booking
from bookings.states import Status
from core import clock
from payments import checkpoints, heartbeats, payable, payouts, reconciliation, services, transfers, webhooks
from payments.models import Payment, PaymentOperation, Settlement, WebhookEvent
from payments.operations import UNFINISHED
from payments.providers.base import ProviderError

log = structlog.get_logger(__name__)

BATCH = 100
# A sweep with more to do than one batch goes on this long: after a lost Redis thousands of messages may wait.
ROUND_SECONDS = 10
# A worker kills what runs longer than 100 s; the next round goes on.
NIGHTLY_SECONDS = 60


@shared_task
def settle_booking(booking_id: int) -> None:
    """Settle one booking's money."""
    services.settle(booking_id)


@shared_task
def process_webhook(event_pk: int) -> None:
    """Look at the payment a provider's message is about."""
    webhooks.process(event_pk)


@shared_task
def sweep_webhooks() -> None:
    """Process messages whose doorbell was lost or whose look failed."""
    waiting = WebhookEvent.objects.filter(outcome="waiting", next_attempt_at__lte=clock.now())
    _each(waiting.order_by("next_attempt_at"), webhooks.process)


@shared_task
def sweep_operations() -> None:
    """End operations whose process died or whose answer was lost."""
    lost = PaymentOperation.objects.filter(state__in=UNFINISHED, lease_until__lte=clock.now())
    _each(lost.order_by("lease_until"), services.resume)


@shared_task
def sweep_settlements() -> None:
    """Settle bookings whose mark is due."""
    due = Settlement.objects.filter(due_at__lte=clock.now()).order_by("due_at")
    _each(due, services.settle, field="booking_id")


@shared_task
def sweep_unpaid() -> None:
    """Expire bookings whose payment did not come in time."""
    late = Booking.objects.filter(status=Status.PENDING_PAYMENT, payment_due_at__lte=clock.now())
    _each(late.order_by("payment_due_at"), services.expire_unpaid)


@shared_task
def sweep_open_payments() -> None:
    """Look at open payments nobody told us of for a while."""
    now = clock.now()
    due = Payment.objects.filter(next_sync_at__lte=now).order_by("next_sync_at")
    for payment in due[:BATCH]:
        # Claimed by moving its time, so that two sweeps don't ask twice and a failing one doesn't block the rest.
        moved = Payment.objects.filter(pk=payment.pk, next_sync_at=payment.next_sync_at)
        if moved.update(next_sync_at=services.next_look(payment, now, is_moving=True)):
            _try(services.sync, payment.pk)


@shared_task
def run_payouts() -> None:
    """Go on with the payout run under way."""
    payouts.continue_run()


@shared_task
def send_payout(payout_pk: int) -> None:
    """Send one payout through its provider."""
    _try(transfers.send, payout_pk)


@shared_task
def sweep_payouts() -> None:
    """Begin the weekly run when its hour has come, go on with an interrupted one, send what waits."""
    payouts.begin_weekly_run()
    payouts.continue_run()
    _each(transfers.to_send(), transfers.send)


@shared_task
def look_at_payee(venue_pk: int) -> None:
    """Ask Stripe whether it would pay a venue's account."""
    for pk in payable.by_stripe().filter(venue=venue_pk).values_list("pk", flat=True):
        _try(payable.look, pk)


@shared_task
def sweep_payees() -> None:
    """Ask about accounts entered of which the doorbell was lost, and about each once a day."""
    _each(payable.due(), payable.look)


@shared_task
def sweep_reconciliation() -> None:
    """Begin tonight's comparisons with the providers when their hour has come, go on with those begun."""
    heartbeats.late()
    reconciliation.nightly(seconds=NIGHTLY_SECONDS)


@shared_task
def take_checkpoints() -> None:
    """Make and verify each venue's ledger checkpoint, nightly."""
    checkpoints.take_all()


def _each(rows, work: Callable[[int], object], *, field: str = "pk") -> None:
    """Work on each row once, a batch at a time; what stays due, or the time does not reach, is for the next round."""
    until, tried = time.monotonic() + ROUND_SECONDS, set[int]()
    while batch := [pk for pk in rows.values_list(field, flat=True)[:BATCH] if pk not in tried]:
        for pk in batch:
            if time.monotonic() > until:
                return
            _try(work, pk)
        tried.update(batch)


def _try(work: Callable[[int], object], pk: int) -> None:
    """One row's trouble must not keep the others waiting."""
    try:
        work(pk)
    except (ProviderError, BookingError) as error:
        log.warning("sweep_retries_later", work=work.__name__, pk=pk, error=str(error))
    except Exception:
        log.exception("sweep_failed", work=work.__name__, pk=pk)
