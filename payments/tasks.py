"""Workers' entries of payments: doorbells and sweeps. Each is safe to run twice, also at once."""

import datetime as dt

from celery import shared_task

from bookings.errors import BookingError
from bookings.models import Booking
from bookings.states import Status
from core import clock
from core.sweeps import BATCH, Round
from payments.ledger import checkpoints
from payments.lifecycle import services as lifecycle
from payments.models import Payment, PaymentOperation, Settlement, WebhookEvent
from payments.monitoring import heartbeats
from payments.payouts import connected_accounts, transfers
from payments.payouts import services as payouts
from payments.providers.base import ProviderError
from payments.reconciliation import runs
from payments.settling.operations import UNFINISHED
from payments.webhooks import services as webhooks

# A worker kills what runs longer than 100 s; the next round goes on.
NIGHTLY_SECONDS = 60


@shared_task
def settle_booking(booking_id: int) -> None:
    """Settle one booking's money."""
    lifecycle.settle(booking_id)


@shared_task
def process_webhook(event_pk: int) -> None:
    """Look at the payment a provider's message is about."""
    webhooks.process(event_pk)


@shared_task
def sweep_webhooks() -> None:
    """Process messages whose doorbell was lost or whose look failed."""
    waiting = WebhookEvent.objects.filter(outcome="waiting", next_attempt_at__lte=clock.now())
    with _round() as this:
        this.each(waiting.order_by("next_attempt_at"), webhooks.process, name="event_id")


@shared_task
def sweep_operations() -> None:
    """End operations whose process died or whose answer was lost."""
    lost = PaymentOperation.objects.filter(state__in=UNFINISHED, lease_until__lte=clock.now())
    with _round() as this:
        this.each(lost.order_by("lease_until"), lifecycle.resume, name="key")


@shared_task
def sweep_settlements() -> None:
    """Settle bookings whose mark is due."""
    due = Settlement.objects.filter(due_at__lte=clock.now()).order_by("due_at")
    with _round() as this:
        this.each(due, lifecycle.settle, field="booking_id", name="booking__reference")


@shared_task
def sweep_unpaid() -> None:
    """Expire bookings whose payment did not come in time."""
    late = Booking.objects.filter(status=Status.PENDING_PAYMENT, payment_due_at__lte=clock.now())
    with _round() as this:
        this.each(late.order_by("payment_due_at"), lifecycle.expire_unpaid, name="reference")


@shared_task
def sweep_open_payments() -> None:
    """Look at open payments nobody told us of for a while."""
    now = clock.now()
    due = Payment.objects.filter(next_sync_at__lte=now).select_related("booking").order_by("next_sync_at")
    with _round() as this:
        for payment in due[:BATCH]:
            this.attempt(_look_again, payment, now, name=payment.booking.reference)


def _look_again(payment: Payment, now: dt.datetime) -> None:
    # Claimed by moving its time, so that two sweeps don't ask twice and a failing one doesn't block the rest.
    moved = Payment.objects.filter(pk=payment.pk, next_sync_at=payment.next_sync_at)
    if moved.update(next_sync_at=lifecycle.next_look(payment, now, is_moving=True)):
        lifecycle.sync(payment.pk)


@shared_task
def run_payouts() -> None:
    """Go on with the payout run under way."""
    payouts.continue_run()


@shared_task
def send_payout(payout_pk: int) -> None:
    """Send one payout through its provider."""
    with _round() as this:
        this.attempt(transfers.send, payout_pk)


@shared_task
def sweep_payouts() -> None:
    """Begin the weekly run when its hour has come, go on with an interrupted one, send what waits."""
    with _round() as this:
        this.attempt(payouts.begin_weekly_run)
        this.attempt(payouts.continue_run)
        this.each(transfers.to_send(), transfers.send, name="key")


@shared_task
def look_at_payee(venue_pk: int) -> None:
    """Ask Stripe whether it would pay a venue's account."""
    with _round() as this:
        this.each(
            connected_accounts.by_stripe().filter(venue=venue_pk), connected_accounts.look, name="venue__slug"
        )


@shared_task
def sweep_payees() -> None:
    """Ask about accounts entered of which the doorbell was lost, and about each once a day."""
    with _round() as this:
        this.each(connected_accounts.due(), connected_accounts.look, name="venue__slug")


@shared_task
def sweep_reconciliation() -> None:
    """Begin tonight's comparisons with the providers when their hour has come, go on with those begun."""
    with _round() as this:
        this.attempt(heartbeats.late)
        this.attempt(runs.nightly, seconds=NIGHTLY_SECONDS)


@shared_task
def take_checkpoints() -> None:
    """Make and verify each venue's ledger checkpoint, nightly."""
    checkpoints.take_all()


def _round() -> Round:
    """A provider that is away, and a booking that moved on meanwhile, are no faults: the next round asks again."""
    return Round(ProviderError, BookingError)
