"""Steps of `settle` that call nobody: money paid with a credit or by hand. Expects settlement's locks."""

import structlog

from bookings.actors import CLOCK
from bookings.lifecycle import services as bookings
from bookings.models import Booking
from core import clock
from payments.ledger import posting as ledger
from payments.models import Payment, PaymentOperation, Provider, Refund
from payments.settling.facts import booking_facts, payment_facts
from payments.settling.plan import Step, is_paid_unconfirmed
from payments.tracking import external_changes, refund_notices

log = structlog.get_logger(__name__)

# How the money of each goes back, and whether it is there at once.
BACK = {
    Provider.CREDIT: (Refund.Channel.CREDIT, Refund.Status.SUCCEEDED),
    Provider.OFFLINE: (Refund.Channel.HAND, Refund.Status.PENDING),
}


def confirm_paid(booking: Booking) -> Booking:
    """Confirm an approved booking that was paid in full before the host's yes; returns it as it is then."""
    if not is_paid_unconfirmed(booking_facts(booking), payment_facts(booking)):
        return booking
    payment = booking.payments.filter(status=Payment.Status.CAPTURED).latest("captured_at")
    booking = bookings.confirm(booking_id=booking.pk, paid_at=payment.taken_at)
    return external_changes.take_over_shortfall(payment, booking)


def perform(step: Step, booking: Booking) -> bool:
    """Do a refund no provider is called for; False where one must be.

    What was paid with a credit goes back to it; what was paid by hand waits in the queue until staff paid it back.
    """
    if step.kind != PaymentOperation.Kind.REFUND:
        return False
    payment = Payment.objects.get(pk=step.payment_pk)
    if payment.provider not in BACK:
        return False
    channel, status = BACK[Provider(payment.provider)]
    refund = add_refund(payment, booking, step.amount_minor, channel=channel, status=status)
    refund_notices.tell(refund, booking, actor=CLOCK)
    return True


def add_refund(
    payment: Payment, booking: Booking, amount_minor: int, *, channel: str, status: str, **fields: object
) -> Refund:
    """Write down a refund the provider does not make, with its ledger entries, in minor units.

    One that becomes a credit of its own is booked with that credit, by the caller.
    """
    now = clock.now()
    refund = Refund.objects.create(
        payment=payment, amount_minor=amount_minor, channel=channel, status=status,
        provider_ref=f"{channel}-{payment.key_stem}-{payment.refunds.count() + 1}",
        settled_at=now if status == Refund.Status.SUCCEEDED else None, **fields,
    )  # fmt: skip
    if channel == Refund.Channel.HAND or payment.provider == Provider.CREDIT:
        kept = ledger.kept_minor(booking, payment.is_live)
        ledger.post_refund(refund, booking, kept_before_minor=kept)
    log.info("refund_written_down", booking=booking.reference, channel=channel, refund=refund.provider_ref)
    return refund


def note_refused(refused: PaymentOperation, booking: Booking) -> None:
    """Put a refund the provider refused for good into staff's queue; nothing was booked for it."""
    refund, is_new = Refund.objects.get_or_create(
        operation=refused,
        defaults={
            "payment": refused.payment, "provider_ref": f"refused-{refused.key}",
            "amount_minor": refused.params["amount_minor"], "status": Refund.Status.FAILED,
            "channel": Refund.Channel.NONE, "failure_reason": refused.error_code, "settled_at": clock.now(),
        },
    )  # fmt: skip
    if is_new:
        refund_notices.tell(refund, booking, actor=CLOCK)
        log.error("refund_refused", booking=booking.reference, refund=refund.provider_ref)
