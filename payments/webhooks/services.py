"""The inbox of providers' messages: kept once, and understood only as *look again*."""

import datetime as dt

import structlog
from django.db import transaction

from core import clock
from core.queue import ring_now
from core.retries import Policy
from payments.lifecycle import services as lifecycle
from payments.models import Payment, Provider, WebhookEvent
from payments.payouts import connected_accounts, transfers
from payments.providers.base import ProviderError, Unavailable
from payments.webhooks import octo as octo_inbox
from payments.webhooks import stripe as stripe_inbox

log = structlog.get_logger(__name__)

Outcome = WebhookEvent.Outcome
RETRIES = Policy(first=dt.timedelta(seconds=30), most=dt.timedelta(hours=1), park_after=20)
# A message asked for again is covered by a look this young.
FRESH = dt.timedelta(seconds=10)


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
    try:
        payment = _payment_of(event)
    except ProviderError as error:
        _retry_later(event, error)
        return
    if payment is None:
        return
    if payment.synced_at and payment.synced_at > (event.replayed_at or event.received_at):
        _end(event, Outcome.PROCESSED, "covered by a later look")
        return
    log.info("webhook_processing", type=event.type, booking=payment.booking.reference)
    try:
        payment = lifecycle.sync(payment.pk)
    except ProviderError as error:
        _retry_later(event, error)
        return
    if problem := payment.mismatch or _contradiction(event, payment):
        _end(event, Outcome.PARKED, problem)
    else:
        _end(event, Outcome.PROCESSED, "")


def replay(event_pk: int) -> None:
    """Put a message back among those waiting, whatever came of it before; the caller rings or processes it.

    A look that is fresh covers it; else it looks again, which changes nothing that was right.
    """
    now = clock.now()
    WebhookEvent.objects.filter(pk=event_pk).update(
        outcome=Outcome.WAITING, attempts=0, next_attempt_at=now, replayed_at=now - FRESH, processed_at=None, note="",
    )  # fmt: skip


def ignore(event_pk: int, reason: str) -> bool:
    """Set aside a message that nothing is to be done about; False when it is not parked any more."""
    parked = WebhookEvent.objects.filter(pk=event_pk, outcome=Outcome.PARKED)
    return bool(parked.update(outcome=Outcome.IGNORED, note=reason[:200], processed_at=clock.now()))


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
            event.next_attempt_at = clock.now() + RETRIES.wait_after(event.attempts)
            event.save(update_fields=["attempts", "next_attempt_at"])
    return event


def _payment_of(event: WebhookEvent) -> Payment | None:
    """Find the payment a message is about; every other message is ended here. Raises: Unavailable, Misconfigured."""
    if event.provider == Provider.OCTO:
        return _octo_payment_of(event)
    subject = stripe_inbox.subject_of(event.payload)
    event.payment = subject.payment
    if subject.parked or subject.ignored:
        outcome = Outcome.PARKED if subject.parked else Outcome.IGNORED
        _end(event, outcome, subject.parked or subject.ignored)
        return None
    if subject.payment is None:
        _end(event, Outcome.PROCESSED, _look_at_transfers(subject))
        return None
    return subject.payment


def _look_at_transfers(subject: stripe_inbox.Subject) -> str:
    """A transfer is asked for at Stripe; an account that changed may let payouts go that wait for it."""
    if subject.payout:
        return transfers.look(subject.payout.pk)
    accounts = connected_accounts.by_stripe().filter(stripe_account_ref=subject.account_ref)
    for pk in accounts.values_list("pk", flat=True):
        connected_accounts.look(pk)
    waiting = list(transfers.to_send().filter(destination=subject.account_ref).values_list("pk", flat=True))
    for payout_id in waiting:
        transfers.send(payout_id)
    return f"{len(waiting)} waiting payouts tried"


def _octo_payment_of(event: WebhookEvent) -> Payment | None:
    """A genuine callback that contradicts our payment is parked: its signature covers only a part of it."""
    payment = octo_inbox.payment_of(event.payload["shop_transaction_id"])
    if payment is None:
        _end(event, Outcome.PARKED, "no such payment here")
        return None
    event.payment = payment
    if not payment.session_ref and payment.is_open:
        payment = lifecycle.sync(payment.pk)  # asks nobody: it closes what can never be paid any more
    if not payment.session_ref and not payment.is_open:
        # Its page opened at Octo, but its answer was lost and the booking ended: no guest was ever led there.
        has_ended = event.type.endswith(("canceled", "created"))
        _end(event, Outcome.IGNORED if has_ended else Outcome.PARKED, "of a page nobody was shown")
        return None
    if not payment.session_ref:
        _retry_later(event, Unavailable("the pay page's own answer is not known yet"))
        return None
    if problem := _contradiction(event, payment):
        _end(event, Outcome.PARKED, problem)
        return None
    return payment


def _contradiction(event: WebhookEvent, payment: Payment) -> str:
    return octo_inbox.contradiction_of(event.payload, payment) if event.provider == Provider.OCTO else ""


def _end(event: WebhookEvent, outcome: str, note: str) -> None:
    event.outcome, event.note, event.processed_at = outcome, note[:200], clock.now()
    event.save(update_fields=["outcome", "note", "processed_at", "payment"])
    if outcome == Outcome.PARKED:
        log.error("webhook_parked", event_id=event.event_id, type=event.type, note=note)


def _retry_later(event: WebhookEvent, error: ProviderError) -> None:
    event.note = str(error)[:200]
    if RETRIES.is_spent(event.attempts):
        _end(event, Outcome.PARKED, event.note)
    else:
        event.save(update_fields=["note", "payment"])
