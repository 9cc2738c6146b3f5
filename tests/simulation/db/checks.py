"""The promises, asked of the database: in one statement after every step, in full once all is quiet."""

from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet, Sum

from bookings.models import Booking, EventReceipt
from bookings.states import BLOCKING, DEAD, Status
from payments.ledger.posting import kept_minor
from payments.models import CreditUse, Dispute, Payment, Refund, WebhookEvent
from tests.simulation.invariants import Violation
from tests.support import invariants

ALWAYS = """
    SELECT 'M1', 'ledger transaction ' || transaction_id FROM payments_ledgerentry
        GROUP BY transaction_id HAVING sum(amount_minor) <> 0
    UNION ALL
    SELECT 'M2', 'payment ' || p.id FROM payments_payment p WHERE NOT (
        p.captured_minor <= p.authorized_minor AND p.authorized_minor <= p.amount_minor
        -- What we gave as a credit or by hand, somebody may give back in the provider's dashboard, too.
        AND (SELECT greatest(coalesce(sum(r.amount_minor) FILTER (WHERE NOT r.is_external), 0),
                    coalesce(sum(r.amount_minor) FILTER (WHERE r.channel = 'provider'), 0)) FROM payments_refund r
             WHERE r.payment_id = p.id AND r.status <> 'failed') <= p.captured_minor)
    UNION ALL
    SELECT 'M6', 'booking ' || booking_id FROM payments_payment WHERE status = 'CREATED'
        GROUP BY booking_id HAVING count(*) > 1
    UNION ALL
    SELECT 'M6', 'payment ' || payment_id FROM payments_paymentoperation WHERE state IN ('open', 'unknown')
        GROUP BY payment_id HAVING count(*) > 1
    UNION ALL
    SELECT 'O3', 'booking ' || b.id FROM bookings_booking b WHERE b.session_id IS NULL
        AND (b.status = ANY(%(blocking)s)) <> EXISTS (
            SELECT 1 FROM rooms_occupancy o WHERE o.reference = b.reference AND o.kind = 'booking')
    UNION ALL
    SELECT 'O2', 'session ' || s.id FROM rooms_session s WHERE s.seats_taken <> (
        SELECT coalesce(sum(b.party_size), 0) FROM bookings_booking b
        WHERE b.session_id = s.id AND b.status = ANY(%(blocking)s)) OR s.seats_taken > s.capacity
    UNION ALL
    SELECT 'O3', 'booking ' || id FROM bookings_booking
        WHERE status = 'PENDING_PAYMENT' AND payment_due_at IS NULL
    UNION ALL
    SELECT 'H1', 'booking ' || b.id FROM bookings_booking b
        WHERE b.version <> (SELECT count(*) FROM bookings_bookingevent e WHERE e.booking_id = b.id)
    UNION ALL
    SELECT 'H3', 'booking ' || booking_id FROM bookings_bookingevent WHERE verb IN ('approve', 'decline')
        GROUP BY booking_id HAVING count(*) > 1
"""
BLOCKING_NAMES = [str(status) for status in BLOCKING]
TERMINAL = DEAD | {Status.COMPLETED}


def prepare() -> None:
    """Have the server keep the plan of the question, on this connection."""
    question = ALWAYS.replace("%(blocking)s", "$1")
    with connection.cursor() as cursor:
        cursor.execute(f"PREPARE always (text[]) AS {question}")


def check_always(world: Any) -> None:
    """Raises: Violation."""
    with connection.cursor() as cursor:
        cursor.execute("EXECUTE always (%s)", [BLOCKING_NAMES])
        if broken := cursor.fetchone():
            raise Violation(*broken)


def check_settled(world: Any) -> None:
    """H4, H5. Raises: Violation."""
    if waiting := WebhookEvent.objects.filter(outcome="waiting").first():
        raise Violation("H5", f"{waiting} was never processed")
    if unheard := EventReceipt.objects.filter(done_at=None).first():
        raise Violation("H4", f"{unheard} was never heard")


def check_quiet(world: Any) -> None:
    """All of it, and that every story is over. Raises: Violation."""
    check_settled(world)
    for booking in Booking.objects.exclude(status__in=TERMINAL):
        raise Violation("C2", f"{booking} is still {booking.status}, and nothing will change that")
    with transaction.atomic():
        # Such a fee counts as not due, and is due again when this is over.
        _lost_fees(world).update(due_minor=0)
        _count_what_banks_gave_back(world.plan.is_live)
        try:
            invariants.check_quiet(Books(world))
        except AssertionError as error:
            text = str(error)
            raise Violation(text.partition(" ")[0], text) from error
        finally:
            transaction.set_rollback(True)


def _count_what_banks_gave_back(is_live: bool) -> None:
    """What was to go back and a bank took instead is not sent once more: the guest has it, so all else may stay."""
    for booking in Booking.objects.filter(payments__disputes__status="lost").distinct():
        lost = Dispute.objects.filter(payment__booking=booking, status="lost")
        gone = lost.aggregate(total=Sum("withdrawn_minor"))["total"]
        # What the provider will not send back any more waits for staff.
        failed = Refund.objects.filter(payment__booking=booking, status="failed", solved_at=None)
        stuck = failed.aggregate(total=Sum("amount_minor", default=0))["total"]
        ended = CreditUse.objects.filter(credit__booking=booking, is_taken_back=True)
        taken_back = ended.aggregate(total=Sum("amount_minor", default=0))["total"]
        settled = kept_minor(booking, is_live) + gone - stuck - taken_back
        if settled - gone <= booking.due_minor < settled <= booking.total_minor:
            Booking.objects.filter(pk=booking.pk).update(due_minor=settled)


def _lost_fees(world: Any) -> QuerySet[Booking]:
    """Cancelled for a fee that no hold can pay any more: it lapsed while nobody swept, or was let go by hand."""
    is_lapsed = Q(payments__closed_at__gte=F("payments__capture_before"))
    is_let_go = Q(payments__session_ref__in=world.let_go)
    found = Booking.objects.filter(
        is_lapsed | is_let_go, status=Status.CANCELLED, due_minor__gt=0, payments__status="VOIDED"
    )
    paid = Payment.objects.filter(status="CAPTURED").values("booking")
    return Booking.objects.filter(pk__in=found.exclude(pk__in=paid).values("pk"))


class Books:
    """The sandbox's control layer, as far as the invariants ask for it."""

    def __init__(self, world: Any) -> None:
        self.world = world

    def control(self, _call: str) -> Any:
        return self.world.sandbox.books()
