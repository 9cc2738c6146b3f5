"""Where a booking's money is: for its pages, mails and the API."""

from dataclasses import dataclass, field

from bookings.models import Booking
from bookings.states import DEAD, Status
from core import clock
from core.dates import full_moment_in_zone
from payments.models import Payment, PaymentOperation, Refund
from payments.phrases import UNAVAILABLE, decline_message


@dataclass(frozen=True)
class Money:
    """Sums over a booking's payments, in minor units of its currency."""

    currency: str
    held_minor: int = 0
    captured_minor: int = 0
    refunded_minor: int = 0
    released_minor: int = 0
    payments: list[Payment] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)

    @property
    def kept_minor(self) -> int:
        return self.captured_minor - self.refunded_minor

    @property
    def by_provider(self) -> dict[str, int]:
        """Return what was taken, by who moved it."""
        taken: dict[str, int] = {}
        for payment in self.payments:
            taken[payment.provider] = taken.get(payment.provider, 0) + payment.captured_minor
        return taken

    @property
    def charged_minor(self) -> int:
        """What was taken from a card."""
        return self.captured_minor - self.by_provider.get("credit", 0) - self.by_provider.get("offline", 0)

    @property
    def latest(self) -> Payment | None:
        return self.payments[-1] if self.payments else None


def money_of(booking: Booking) -> Money:
    """Return where the booking's money is, with its payments and refunds (two queries)."""
    payments = list(booking.payments.order_by("n").prefetch_related("refunds", "operations"))
    refunds = [refund for payment in payments for refund in payment.refunds.all()]
    return Money(
        currency=booking.currency,
        held_minor=sum(p.authorized_minor for p in payments if p.status == Payment.Status.AUTHORIZED),
        captured_minor=sum(p.captured_minor for p in payments),
        refunded_minor=sum(refund.amount_minor for refund in refunds if refund.status != "failed"),
        released_minor=sum(p.authorized_minor for p in payments if p.status == Payment.Status.VOIDED),
        payments=payments,
        refunds=refunds,
    )


def can_pay(booking: Booking) -> bool:
    """Return whether the guest may pay now."""
    return booking.awaits_payment(clock.now())


def failure_message(booking: Booking, money: Money) -> str:
    """Return what to tell a guest whose last try was refused; empty when nothing was."""
    return decline_message(money.latest.failure_code) if can_pay(booking) and money.latest else ""


def is_unavailable(money: Money) -> bool:
    """Return whether opening the pay page failed last time, so that the guest was asked to wait."""
    if money.latest is None or money.latest.session_ref or money.latest.status != Payment.Status.CREATED:
        return False
    operations = [op for op in money.latest.operations.all() if op.kind == PaymentOperation.Kind.CHECKOUT]
    return bool(operations) and operations[-1].state in ("unknown", "refused")


def is_moving(booking: Booking, money: Money) -> bool:
    """Return whether money of a booking is on its way back: a hold being released, or a refund not sent yet."""
    holds_in_vain = booking.status in DEAD and money.held_minor > 0
    return holds_in_vain or to_send_minor(booking, money) > 0


def to_send_minor(booking: Booking, money: Money) -> int:
    """Return what was decided to go back and is not sent yet; what failed and waits for staff is told apart."""
    if booking.status not in DEAD | {Status.CONFIRMED, Status.COMPLETED}:
        return 0
    failed = [refund for refund in money.refunds if refund.status == "failed" and not refund.solved_at]
    return max(money.kept_minor - booking.due_minor - sum(refund.amount_minor for refund in failed), 0)


def outcome(booking: Booking, money: Money) -> tuple[str, str]:
    """Return what came of a payment, as (word, sentence): authorized, confirmed, working, failed, expired, late."""
    if booking.status == Status.CONFIRMED:
        return "confirmed", "Your booking is confirmed."
    if booking.status == Status.PENDING_APPROVAL and booking.authorized_at:
        return "authorized", _awaiting_host(booking)
    if booking.status in DEAD:
        paid_late = money.held_minor or money.released_minor
        if booking.status == Status.EXPIRED and paid_late:
            return (
                "late",
                "Your payment came after the time for it had ended, so it is released. Nothing was charged.",
            )
        return "expired", "The time to pay has ended. Nothing was charged."
    if message := failure_message(booking, money):
        return "failed", message
    if is_unavailable(money):
        return "failed", UNAVAILABLE
    return "working", "We are waiting for your bank's answer. This page updates by itself."


def _awaiting_host(booking: Booking) -> str:
    """Say when the host answers, and what a no means; the headline has said where the money is."""
    when = f"by {full_moment_in_zone(booking.decide_by, booking.time_zone)}" if booking.decide_by else "next"
    return f"The host answers {when}. If the answer is no, or there is none, nothing is charged."


def payments_json(booking: Booking, money: Money) -> list[dict[str, object]]:
    """Return the payments as the API shows them."""
    return [
        {
            "id": str(payment.public_id),
            "provider": payment.provider,
            "status": payment.status,
            "payment_reference": payment.session_ref,
            "payment_intent_id": payment.provider_ref,
            "amount_minor": payment.amount_minor,
            "authorized_minor": payment.authorized_minor,
            "captured_minor": payment.captured_minor,
            "refunded_minor": sum(r.amount_minor for r in payment.refunds.all() if r.status != "failed"),
            "currency": payment.currency,
            "created_at": payment.created_at.isoformat(),
            "authorized_at": payment.authorized_at and payment.authorized_at.isoformat(),
            "captured_at": payment.captured_at and payment.captured_at.isoformat(),
            "capture_before": payment.capture_before and payment.capture_before.isoformat(),
        }
        for payment in money.payments
    ]
