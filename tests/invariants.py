"""The promises about money, checked over everything in the database and the sandbox's own books.

Codes are those of docs/reliability.md: M1-M9 about money, O1/O3 about occupancy, H1-H3 about history.
"""

from itertools import pairwise

from django.db.models import Count, Sum

from bookings.models import Booking, BookingEvent
from bookings.states import ARROWS, BLOCKING, DEAD, Status
from payments.ledger import split
from payments.models import LedgerEntry, LedgerTransaction, Payment, PaymentOperation
from rooms.models import Occupancy


def check_always() -> None:
    """Check what must hold after every step."""
    for movement in LedgerTransaction.objects.annotate(total=Sum("entries__amount_minor")):
        assert movement.total == 0, f"M1 {movement.key} does not balance"
    for payment in Payment.objects.all():
        refunded = payment.refunds.exclude(status="failed").aggregate(total=Sum("amount_minor"))["total"] or 0
        assert 0 <= refunded <= payment.captured_minor <= payment.authorized_minor <= payment.amount_minor, (
            f"M2 {payment}"
        )
    twice = Payment.objects.filter(status="CREATED").values("booking").annotate(n=Count("pk")).filter(n__gt=1)
    assert not twice.exists(), "M6 two ways to pay are open"
    _check_occupancy()
    _check_history()


def check_quiet(sandbox) -> None:
    """Check what must hold once nothing is left to do: ledger, payments and the provider's books agree."""
    check_always()
    theirs = {row["id"]: row for row in sandbox.control("books")["stripe"]["payments"]}
    unfinished = PaymentOperation.objects.filter(state__in=["open", "unknown"])
    assert not unfinished.exists(), f"C2 {list(unfinished)}"
    for booking in Booking.objects.all():
        payments = list(booking.payments.all())
        _check_money(booking, payments)
        for payment in payments:
            if payment.provider_ref:
                _check_against_provider(payment, theirs[payment.provider_ref])


def _check_money(booking: Booking, payments: list[Payment]) -> None:
    entries = LedgerEntry.objects.filter(transaction__booking=booking)
    totals = dict(entries.values_list("account").annotate(Sum("amount_minor")).order_by())
    kept = sum(p.captured_minor for p in payments) - sum(
        refund.amount_minor for p in payments for refund in p.refunds.exclude(status="failed")
    )
    assert totals.get("clearing", 0) == kept, f"M5 {booking} clearing"
    if booking.status in (Status.CONFIRMED, Status.COMPLETED) and booking.capture == "on_confirmation":
        assert not payments or kept == booking.due_minor, f"M3 {booking} {booking.status} keeps {kept}"
    if booking.status in DEAD:
        assert kept == (booking.due_minor if payments else 0), f"M3 {booking} {booking.status} keeps {kept}"
        assert not [p for p in payments if p.status == "AUTHORIZED"], f"M4 {booking} still holds money"
    held = sum(p.authorized_minor for p in payments if p.status == "AUTHORIZED")
    assert totals.get("hold", 0) == held, f"M4 {booking} hold"
    parts = split(kept, booking)
    shares = [-totals.get(account, 0) for account in ("venue", "platform_fee", "tax")]
    assert shares == [parts.venue_minor, parts.fee_minor, parts.tax_minor], f"M9 {booking}"


def _check_against_provider(payment: Payment, row: dict) -> None:
    refunded = payment.refunds.exclude(status="failed").aggregate(total=Sum("amount_minor"))["total"] or 0
    ours = (payment.captured_minor, refunded)
    assert ours == (row["captured_minor"], row["refunded_minor"]), f"C1 {payment}"
    if payment.status == "AUTHORIZED":
        assert row["status"] == "requires_capture", f"C1 {payment}"
    if payment.status == "VOIDED":
        assert row["status"] == "canceled", f"C1 {payment}"


def _check_occupancy() -> None:
    for booking in Booking.objects.filter(session=None):
        rows = Occupancy.objects.filter(reference=booking.reference).count()
        assert rows == (1 if booking.status in BLOCKING else 0), f"O3 {booking} {booking.status}"
    waiting = Booking.objects.filter(status=Status.PENDING_PAYMENT, payment_due_at=None)
    assert not waiting.exists(), "O3 a pending booking without a deadline"
    by_room: dict[int, list[Occupancy]] = {}
    for row in Occupancy.objects.filter(kind__in=["booking", "session"]).order_by("room", "period"):
        by_room.setdefault(row.room_id, []).append(row)
    for rows in by_room.values():
        for earlier, later in pairwise(rows):
            assert earlier.period.upper <= later.period.lower, f"O1 {earlier} and {later}"


def _check_history() -> None:
    for booking in Booking.objects.all():
        events = list(BookingEvent.objects.filter(booking=booking).order_by("version"))
        assert [event.version for event in events] == list(range(1, booking.version + 1)), f"H1 {booking}"
        assert events[-1].to_status == booking.status, f"H1 {booking}"
        for earlier, later in pairwise(events):
            assert earlier.to_status == later.from_status, f"H2 {booking}"
            assert earlier.created_at <= later.created_at, f"T3 {booking}"
        for event in events:
            if event.verb in ARROWS:
                sources, targets = ARROWS[event.verb]
                assert event.from_status in sources, f"H2 {event}"
                assert event.to_status in targets, f"H2 {event}"
            else:
                assert event.from_status == event.to_status, f"H2 {event}"
        decisions = [event.verb for event in events if event.verb in ("approve", "decline")]
        assert len(decisions) <= 1, f"H3 {booking}"
