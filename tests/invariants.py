"""The promises about money, checked over everything in the database and the sandbox's own books.

Codes are those of docs/reliability.md: M1-M9 about money, O1/O3 about occupancy, H1-H3 about history.
"""

from collections import defaultdict
from itertools import pairwise

from django.db.models import Count, QuerySet, Sum

from bookings.models import Booking, BookingEvent
from bookings.states import ARROWS, BLOCKING, DEAD, Status
from payments.ledger import SHARES, SHARING, kept_minor, split
from payments.models import (
    Credit,
    CreditUse,
    Dispute,
    Drift,
    LedgerEntry,
    LedgerTransaction,
    Payment,
    PaymentOperation,
    Payout,
    Refund,
)
from rooms.models import Occupancy

# A provider's own words for what we call held and released.
PROVIDER_WORDS = {
    "stripe": {"AUTHORIZED": {"requires_capture"}, "CAPTURED": {"succeeded"}, "VOIDED": {"canceled"}},
    "octo": {"AUTHORIZED": {"waiting_for_capture"}, "CAPTURED": {"succeeded"}, "VOIDED": {"canceled"}},
}


def check_always() -> None:
    """Check what must hold after every step."""
    check_books()
    for payment in Payment.objects.all():
        refunds = payment.refunds.exclude(status="failed")
        # What we gave as a credit, somebody may give back in the provider's dashboard, too.
        refunded = max(_total(refunds.filter(is_external=False)), _total(refunds.filter(channel="provider")))
        assert 0 <= refunded <= payment.captured_minor <= payment.authorized_minor <= payment.amount_minor, (
            f"M2 {payment}"
        )
    twice = Payment.objects.filter(status="CREATED").values("booking").annotate(n=Count("pk")).filter(n__gt=1)
    assert not twice.exists(), "M6 two ways to pay are open"
    _check_occupancy()
    _check_history()


def check_books() -> None:
    """Check what must hold of the ledger and of payouts, whatever bookings and payments do."""
    for movement in LedgerTransaction.objects.annotate(total=Sum("entries__amount_minor")):
        assert movement.total == 0, f"M1 {movement.key} does not balance"
    by_currency = LedgerEntry.objects.values_list("currency").annotate(Sum("amount_minor")).order_by()
    assert not any(dict(by_currency).values()), f"M1 {dict(by_currency)} do not sum to zero"
    for booking in Booking.objects.all():
        _check_shares(booking, kept_minor(booking))
    for payout in Payout.objects.all():
        _check_payout(payout)


def check_quiet(sandbox) -> None:
    """Check what must hold once nothing is left to do: ledger, payments and the provider's books agree."""
    check_always()
    books = sandbox.control("books")
    theirs = {row["id"]: row for name in PROVIDER_WORDS for row in books[name]["payments"]}
    _check_disputes(books["stripe"].get("disputes", []))
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
    totals = defaultdict(int, entries.values_list("account").annotate(Sum("amount_minor")).order_by())
    refunds = Refund.objects.filter(payment__booking=booking).exclude(status="failed")
    credits = _total(Credit.objects.filter(booking=booking))
    # A refund given as a credit has a row of both: the money itself stays.
    paid = sum(p.captured_minor for p in payments) - _total(refunds.exclude(channel=Refund.Channel.CREDIT))
    kept = sum(p.captured_minor for p in payments) - _total(refunds)
    _check_where_it_lies(booking, payments, totals, paid, credits)
    failed = Refund.objects.filter(payment__booking=booking, status="failed", solved_at=None)
    # A failed refund is still owed, in staff's queue, which may list more than is owed: the same money may have failed
    # twice, or have been given back in the dashboard since. Only what is owed can be given.
    settled = kept - min(_total(failed), max(kept - booking.due_minor, 0))
    if booking.status in (Status.CONFIRMED, Status.COMPLETED) and booking.capture == "on_confirmation":
        assert not payments or settled == booking.due_minor, f"M3 {booking} {booking.status} keeps {kept}"
    disputes = Dispute.objects.filter(payment__booking=booking)
    lost = _total(disputes.filter(status="lost"), "withdrawn_minor")
    if booking.status in DEAD and not disputes.filter(status__in=Dispute.OPEN).exists():
        # What a bank took back is not refunded once more, even where that leaves less than is due; a fee whose hold
        # ended before it was taken is on staff's list.
        is_missed = Drift.objects.filter(booking=booking, kind=Drift.Kind.FEE).exists()
        expected = {booking.due_minor if payments else 0} | ({settled - lost} if lost or is_missed else set())
        assert settled - lost in expected and settled - lost <= booking.due_minor, (
            f"M3 {booking} {booking.status} keeps {kept}"
        )
        assert not [p for p in payments if p.status == "AUTHORIZED"], f"M4 {booking} still holds money"
    held = sum(p.authorized_minor for p in payments if p.status == "AUTHORIZED")
    assert totals["hold"] == held == -totals["guest"], f"M4 {booking} hold"
    _check_shares(booking, kept - lost)


def _check_shares(booking: Booking, kept: int) -> None:
    shared = LedgerEntry.objects.filter(transaction__booking=booking, transaction__kind__in=SHARING)
    shares = defaultdict(int, shared.values_list("account").annotate(Sum("amount_minor")).order_by())
    parts = split(kept, booking)
    assert [-shares[account] for account in SHARES] == [
        parts.venue_minor, parts.fee_minor, parts.tax_minor,
    ], f"M9 {booking}"  # fmt: skip


# How the provider's words for a dispute read in ours.
DISPUTE_WORDS = {
    "needs_response": "needs_response", "under_review": "under_review", "won": "won", "lost": "lost",
    "warning_needs_response": "inquiry", "warning_under_review": "inquiry", "warning_closed": "closed",
}  # fmt: skip


def _check_disputes(theirs: list[dict]) -> None:
    """Every dispute at the provider is a case here, as it stands there, and there are no others."""
    rows = {dispute.provider_ref: dispute for dispute in Dispute.objects.defer("evidence_pdf")}
    assert rows.keys() == {row["id"] for row in theirs}, "C1 disputes"
    for row in theirs:
        dispute = rows[row["id"]]
        assert dispute.status == DISPUTE_WORDS[row["status"]], f"C1 {dispute} is {row['status']} there"
        assert dispute.amount_minor == row["amount_minor"], f"C1 {dispute} amount"
        gone = dispute.withdrawn_minor if dispute.status != "won" else 0
        assert gone == row["withdrawn_minor"], f"C1 {dispute} withdrawn"


def _check_where_it_lies(
    booking: Booking, payments: list[Payment], totals: dict[str, int], paid: int, credits: int
) -> None:
    """M5: what lies at providers and in the bank is what was paid, less fees, disputes and credits paid out."""
    disputes = Dispute.objects.filter(payment__booking=booking)
    gone = _total(disputes.exclude(status="won"), "withdrawn_minor")
    fees = sum(p.provider_fee_minor or 0 for p in payments) + _total(disputes, "fee_minor")
    spent_here = _total(CreditUse.objects.filter(booking=booking))
    refunds = Refund.objects.filter(payment__booking=booking, payment__provider="credit")
    returned = _total(refunds.exclude(status="failed"))
    paid_out = _total(CreditUse.objects.filter(credit__booking=booking, booking=None))
    at_hand = totals["clearing"] + totals["bank"]
    assert at_hand == paid - spent_here - gone - fees - paid_out, f"M5 {booking} clearing"
    assert totals["credit"] == spent_here + paid_out - credits - returned, f"M5 {booking} credit"
    is_open = disputes.exclude(status__in=["won", "lost"])
    assert totals["disputed"] == _total(is_open, "withdrawn_minor"), f"M5 {booking} disputed"


def _check_payout(payout: Payout) -> None:
    assert _total(payout.lines.all()) == payout.amount_minor, f"M9 {payout} is not the sum of its lines"
    entries = LedgerEntry.objects.filter(transaction__payout=payout).values_list("account")
    totals = defaultdict(int, entries.annotate(Sum("amount_minor")).order_by())
    is_back, amount = payout.status in payout.UNDONE, payout.amount_minor
    source = "clearing" if payout.method == "stripe" else "bank"
    assert totals["venue"] == (0 if is_back else amount), f"M5 {payout} venue"
    assert totals[source] == (-amount if payout.status == "paid" else 0), f"M5 {payout} {source}"


def _total(rows: QuerySet, field: str = "amount_minor") -> int:
    return rows.aggregate(total=Sum(field))["total"] or 0


def _check_against_provider(payment: Payment, row: dict) -> None:
    refunded = _total(payment.refunds.filter(channel="provider").exclude(status="failed"))
    ours = (payment.captured_minor, refunded)
    assert ours == (row["captured_minor"], row["refunded_minor"]), f"C1 {payment}"
    words = PROVIDER_WORDS[payment.provider].get(payment.status)
    assert not words or row["status"] in words, f"C1 {payment} is {row['status']} there"
    assert row["currency"].upper() == payment.currency, f"C1 {payment}"


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
