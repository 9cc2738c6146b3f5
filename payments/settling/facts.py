"""What the plan needs to know, read from the database: a booking's demand, and where each payment stands."""

import threading
from typing import TYPE_CHECKING, TypedDict

from django.db.models import BigIntegerField, Exists, OuterRef, Q, Subquery, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce

from bookings.models import Booking
from bookings.states import Status
from payments.models import CreditUse, Dispute, Payment, PaymentOperation, Settlement
from payments.providers.registry import can_end_checkout
from payments.settling.plan import BookingFacts, PaymentFacts

FAILED = Q(refunds__status="failed")
# While a chargeback is open the provider refuses refunds; one in full ends an inquiry.
OPEN = Dispute.objects.filter(
    payment=OuterRef("pk"), status__in=[Dispute.Status.NEEDS_RESPONSE, Dispute.Status.UNDER_REVIEW]
)
# Refunds that were called for and whose row no sync has written yet: another worker must not begin them again.
CALLED = (
    PaymentOperation.objects.filter(
        payment=OuterRef("pk"), kind=PaymentOperation.Kind.REFUND, refund__isnull=True
    )
    .exclude(state=PaymentOperation.State.REFUSED)
    .order_by()
    .values("payment")
    .annotate(total=Sum(Cast(KeyTextTransform("amount_minor", "params"), BigIntegerField())))
    .values("total")
)
UNDER_WAY = PaymentOperation.objects.filter(
    payment=OuterRef("pk"), state__in=[PaymentOperation.State.OPEN, PaymentOperation.State.UNKNOWN]
)
# Credits given of a payment that ended because the guest got the money from elsewhere: not given back any more.
TAKEN_BACK = (
    CreditUse.objects.filter(credit__refund__payment=OuterRef("pk"), is_taken_back=True)
    .order_by()
    .values("credit__refund__payment")
    .annotate(total=Sum("amount_minor"))
    .values("total")
)
CASES = Dispute.objects.filter(payment=OuterRef("pk"), status__in=Dispute.OPEN)
MARKED = Settlement.objects.filter(booking=OuterRef("booking_id"), due_at__isnull=False)
# What a bank took back and did not return: of open cases and lost ones.
GONE = (
    Dispute.objects.filter(payment=OuterRef("pk"), status__in=[*Dispute.OPEN, Dispute.Status.LOST])
    .order_by()
    .values("payment")
    .annotate(total=Sum("withdrawn_minor"))
    .values("total")
)


class _Kept(threading.local):
    """A thread's own query, put together once: Django needs longer for that than PostgreSQL for the answer.

    Not one for all threads: Django counts in the queries nested in it while it writes their SQL.
    """

    def __init__(self) -> None:
        # A payment that provider and booking disagree on is left to staff.
        agreed = Payment.objects.filter(mismatch="").order_by("n")
        self.payments = agreed.annotate(
            refunded=Sum("refunds__amount_minor", filter=~FAILED, default=0)
            + Coalesce(Subquery(CALLED), 0)
            - Coalesce(Subquery(TAKEN_BACK), 0),
            stuck=Sum("refunds__amount_minor", filter=FAILED & Q(refunds__solved_at=None), default=0),
            disputed=Subquery(GONE),
            is_disputed=Exists(OPEN),
            has_case=Exists(CASES),
            is_busy=Exists(UNDER_WAY),
            is_marked=Exists(MARKED),
        )


kept = _Kept()

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    class Sums(TypedDict):
        refunded: int
        stuck: int
        disputed: int | None
        is_disputed: bool
        has_case: bool
        is_busy: bool
        is_marked: bool

    Counted = WithAnnotations[Payment, Sums]


def booking_facts(booking: Booking) -> BookingFacts:
    """Return what the plan needs to know of a booking."""
    return BookingFacts(
        status=booking.status,
        is_approved=booking.is_approved,
        capture=booking.capture,
        due_minor=booking.due_minor,
        completed_at=booking.closed_at if booking.status == Status.COMPLETED else None,
        held_until=booking.held_until,
    )


def payment_facts(booking: Booking) -> list[PaymentFacts]:
    """Return where each payment stands, in order; one that provider and booking disagree on is left out."""
    return [_facts(payment) for payment in kept.payments.filter(booking_id=booking.pk)]


def _facts(payment: "Counted") -> PaymentFacts:
    return PaymentFacts(
        pk=payment.pk,
        status=payment.status,
        is_two_stage=payment.is_two_stage,
        authorized_minor=payment.authorized_minor,
        captured_minor=payment.captured_minor,
        refunded_minor=payment.refunded,
        has_session=bool(payment.session_ref) and can_end_checkout(payment.provider),
        stuck_minor=payment.stuck,
        disputed_minor=payment.disputed or 0,
        is_disputed=payment.is_disputed,
        has_case=payment.has_case,
        is_busy=payment.is_busy,
        is_marked=payment.is_marked,
    )
