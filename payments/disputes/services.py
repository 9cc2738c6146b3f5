"""Answering a dispute: texts saved as a draft, submitted once with the pack, or the dispute accepted.

The provider takes evidence once. So the pack's bytes are stored before the call, the call is an operation, and one
whose outcome is unknown is read before it is made again.
"""

import structlog
from django.db import transaction

from bookings.lifecycle import services as bookings
from bookings.models import Booking
from core import clock
from core.errors import Refusal
from payments.disputes import evidence, evidence_pdf
from payments.lifecycle import services as lifecycle
from payments.models import Dispute, Payment, PaymentOperation
from payments.providers.base import ProviderError
from payments.settling import operations

log = structlog.get_logger(__name__)

Kind = PaymentOperation.Kind


class CannotAnswer(Refusal):
    """The dispute is not, or no longer, ours to answer; the message says why."""

    def __init__(self, message: str) -> None:
        super().__init__("cannot_answer", message)


def save_draft(*, dispute_id: int, texts: dict[str, str]) -> Dispute:
    """Keep the texts of an answer that is being written. Raises: CannotAnswer, ValueError (unknown field)."""
    with transaction.atomic():
        dispute, _ = _locked(dispute_id)
        _check(dispute)
        dispute.evidence = evidence.checked(texts)
        dispute.save(update_fields=["evidence", "updated_at"])
    return dispute


def submit(*, dispute_id: int, texts: dict[str, str]) -> PaymentOperation:
    """Send the answer with its pack, once; the same again while it is under way is refused.

    Raises: CannotAnswer; Unavailable and Misconfigured, after which a sweep finds out what became of it.
    """
    with transaction.atomic():
        dispute, booking = _locked(dispute_id)
        _check(dispute)
        dispute.evidence = evidence.checked(texts)
        dispute.evidence_pdf = evidence_pdf.pack(dispute, booking)
        params = {"dispute_ref": dispute.provider_ref, "evidence": evidence.as_sent(dispute)}
        dispute.submission = operations.begin(dispute.payment, Kind.EVIDENCE, params)
        if dispute.submission is None:
            raise CannotAnswer("Another call for this payment is under way. Please try again in a minute.")
        dispute.save(update_fields=["evidence", "evidence_pdf", "submission", "updated_at"])
    log.info("dispute_evidence_submitted", booking=booking.reference, dispute=dispute.provider_ref)
    return _run(dispute.submission)


def accept(*, dispute_id: int) -> PaymentOperation:
    """Give the dispute up: the money stays with the guest.

    Raises: CannotAnswer; Unavailable and Misconfigured, after which a sweep finds out what became of it.
    """
    with transaction.atomic():
        dispute, booking = _locked(dispute_id)
        _check(dispute)
        operation = operations.begin(dispute.payment, Kind.ACCEPT, {"dispute_ref": dispute.provider_ref})
        if operation is None:
            raise CannotAnswer("Another call for this payment is under way. Please try again in a minute.")
    log.info("dispute_accepted", booking=booking.reference, dispute=dispute.provider_ref)
    return _run(operation)


def why_not(dispute: Dispute) -> str:
    """Say why a dispute cannot be answered now; empty where it can."""
    if not dispute.is_open:
        return f"This case is over: {dispute.get_status_display().lower()}."
    if dispute.submitted_at:
        return "The answer was sent, and counts once. The bank decides next."
    if dispute.status == Dispute.Status.UNDER_REVIEW:
        return "The bank is deciding."
    if dispute.due_by and dispute.due_by <= clock.now():
        return "The time to answer is over."
    unfinished = dispute.payment.operations.filter(
        kind__in=[Kind.EVIDENCE, Kind.ACCEPT], state__in=operations.UNFINISHED
    )
    return "An answer is on its way to the provider." if unfinished.exists() else ""


def _locked(dispute_id: int) -> tuple[Dispute, Booking]:
    """Lock booking, payment and dispute, in this order."""
    payment_id, booking_id = Dispute.objects.values_list("payment_id", "payment__booking_id").get(
        pk=dispute_id
    )
    booking = bookings.lock(booking_id)
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
    payment.booking = booking
    dispute = Dispute.objects.select_for_update(no_key=True, of=("self",)).get(pk=dispute_id)
    dispute.payment = payment
    return dispute, booking


def _check(dispute: Dispute) -> None:
    if reason := why_not(dispute):
        raise CannotAnswer(reason)


def _run(operation: PaymentOperation) -> PaymentOperation:
    """Make the call, then look: what the provider shows is what counts."""
    operations.run(operation)
    try:
        lifecycle.sync(operation.payment_id)
    except ProviderError as error:
        # The call itself was answered; the sweep of open disputes looks again.
        log.warning("dispute_look_failed", operation=operation.key, error=str(error))
    return operation
