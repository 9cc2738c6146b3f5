"""The promises about money, checked over everything in the database and the sandbox's own books.

Codes are those of docs/reliability.md: M1-M11 about money, O1/O3 about occupancy, H1-H3 about history.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

from django.db import connection, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, Sum

from bookings.models import Booking, BookingEvent
from bookings.states import ARROWS, BLOCKING, DEAD, Status
from core.mode import mode_name
from payments.ledger.posting import SHARES, SHARING, split
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
    PayoutLine,
    Refund,
)
from rooms.models import Occupancy

# A provider's own words for what we call held and released.
PROVIDER_WORDS = {
    "stripe": {"AUTHORIZED": {"requires_capture"}, "CAPTURED": {"succeeded"}, "VOIDED": {"canceled"}},
    "octo": {"AUTHORIZED": {"waiting_for_capture"}, "CAPTURED": {"succeeded"}, "VOIDED": {"canceled"}},
}


@dataclass
class Money:
    """All that was written about the money of one booking; amounts in minor units."""

    booking: Booking
    payments: list[Payment] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    disputes: list[Dispute] = field(default_factory=list)
    # By account, all of them, and those of sharing alone.
    totals: Counter[str] = field(default_factory=Counter)
    shares: Counter[str] = field(default_factory=Counter)
    # Given as credits, paid with credits, and paid out from credits that were given here.
    credits: int = 0
    spent_here: int = 0
    paid_out: int = 0
    # Of credits given here, ended unspent: the guest has got that money from elsewhere.
    taken_back: int = 0

    def refunded(self, **facts: object) -> int:
        """What went back or is on its way, by refunds of which these facts are true."""
        return _sum(one for one in self.refunds if one.status != "failed" and _is_so(one, facts))


@contextmanager
def _moment() -> Iterator[None]:
    """See all tables as they were at one moment, whatever workers write meanwhile; within a test's own transaction
    nobody else writes.
    """
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _moneys() -> list[Money]:
    """Read every table once, whatever the number of bookings."""
    found = {booking.pk: Money(booking) for booking in Booking.objects.all()}
    of_payment = {}
    for payment in Payment.objects.select_related("account").order_by("pk"):
        of_payment[payment.pk] = money = found[payment.booking_id]
        money.payments.append(payment)
    for refund in Refund.objects.order_by("pk"):
        of_payment[refund.payment_id].refunds.append(refund)
    for dispute in Dispute.objects.defer("evidence_pdf").order_by("pk"):
        of_payment[dispute.payment_id].disputes.append(dispute)
    entries = LedgerEntry.objects.exclude(transaction__booking=None)
    kinds = entries.values_list("transaction__booking", "transaction__kind", "account")
    for booking, kind, account, amount in kinds.annotate(Sum("amount_minor")).order_by():
        found[booking].totals[account] += amount
        found[booking].shares[account] += amount if kind in SHARING else 0
    for credit in Credit.objects.exclude(booking=None):
        found[credit.booking_id].credits += credit.amount_minor
    for use in CreditUse.objects.select_related("credit"):
        if use.booking_id:
            found[use.booking_id].spent_here += use.amount_minor
        elif use.is_taken_back:
            found[use.credit.booking_id].taken_back += use.amount_minor
        elif use.credit.booking_id:
            found[use.credit.booking_id].paid_out += use.amount_minor
    return list(found.values())


def _sum(rows: Iterable, name: str = "amount_minor") -> int:
    return sum(getattr(row, name) for row in rows)


def _is_so(row: object, facts: dict[str, object]) -> bool:
    return all(getattr(row, name) == value for name, value in facts.items())


@_moment()
def check_always() -> None:
    """Check what must hold after every step."""
    _check_always(_moneys())


def _check_always(moneys: list[Money]) -> None:
    _check_books(moneys)
    for money in moneys:
        for payment in money.payments:
            _check_amounts(payment, money)
    twice = Payment.objects.filter(status="CREATED").values("booking").annotate(n=Count("pk")).filter(n__gt=1)
    assert not twice.exists(), "M6 two ways to pay are open"
    _check_occupancy([money.booking for money in moneys])
    _check_history([money.booking for money in moneys])


def _check_amounts(payment: Payment, money: Money) -> None:
    # What we gave as a credit, somebody may give back in the provider's dashboard, too.
    ours = money.refunded(payment_id=payment.pk, is_external=False)
    theirs = money.refunded(payment_id=payment.pk, channel="provider")
    amounts = [0, max(ours, theirs), payment.captured_minor, payment.authorized_minor, payment.amount_minor]
    assert amounts == sorted(amounts), f"M2 {payment}"


@_moment()
def check_books() -> None:
    """Check what must hold of the ledger and of payouts, whatever bookings and payments do."""
    _check_books(_moneys())


def _check_books(moneys: list[Money]) -> None:
    for movement in LedgerTransaction.objects.annotate(total=Sum("entries__amount_minor")):
        assert movement.total == 0, f"M1 {movement.key} does not balance"
    by_currency = LedgerEntry.objects.values_list("currency").annotate(Sum("amount_minor")).order_by()
    assert not any(dict(by_currency).values()), f"M1 {dict(by_currency)} do not sum to zero"
    for money in moneys:
        _check_shares(money, -sum(money.shares[account] for account in SHARES))
    for payout in Payout.objects.all():
        _check_payout(payout)
    _check_modes()


@_moment()
def check_quiet(sandbox) -> None:
    """Check what must hold once nothing is left to do: ledger, payments and the provider's books agree."""
    moneys = _moneys()
    _check_always(moneys)
    books = sandbox.control("books")
    theirs = {row["id"]: row for name in PROVIDER_WORDS for row in books[name]["payments"]}
    _check_disputes(books["stripe"].get("disputes", []))
    _check_clearing(books)
    _check_balances(books["stripe"])
    unfinished = PaymentOperation.objects.filter(state__in=["open", "unknown"])
    assert not unfinished.exists(), f"C2 {list(unfinished)}"
    missed = set(Drift.objects.filter(kind=Drift.Kind.FEE).values_list("booking", flat=True))
    for money in moneys:
        _check_money(money, is_fee_missed=money.booking.pk in missed)
        for payment in money.payments:
            if payment.provider_ref:
                _check_against_provider(payment, money, theirs[payment.provider_ref])


def _check_money(money: Money, *, is_fee_missed: bool) -> None:
    booking, payments = money.booking, money.payments
    kept = _sum(payments, "captured_minor") - money.refunded()
    _check_where_it_lies(money)
    failed = _sum(one for one in money.refunds if one.status == "failed" and one.solved_at is None)
    # A failed refund is still owed, in staff's queue, which may list more than is owed: the same money may have failed
    # twice, or have been given back in the dashboard since. Only what is owed can be given.
    settled = kept - min(failed, max(kept - booking.due_minor, 0))
    if booking.status in (Status.CONFIRMED, Status.COMPLETED) and booking.capture == "on_confirmation":
        assert not payments or settled == booking.due_minor, f"M3 {booking} {booking.status} keeps {kept}"
    lost = _sum((one for one in money.disputes if one.status == "lost"), "withdrawn_minor")
    if booking.status in DEAD and not any(one.status in Dispute.OPEN for one in money.disputes):
        # What a bank took back is not refunded once more, even where that leaves less than is due; a fee whose hold
        # ended before it was taken is on staff's list.
        may_differ = {settled - lost} if lost or is_fee_missed else set()
        expected = {booking.due_minor if payments else 0} | may_differ
        assert settled - lost in expected and settled - lost <= booking.due_minor, (
            f"M3 {booking} {booking.status} keeps {kept}"
        )
        assert not [p for p in payments if p.status == "AUTHORIZED"], f"M4 {booking} still holds money"
    held = _sum((p for p in payments if p.status == "AUTHORIZED"), "authorized_minor")
    assert money.totals["hold"] == held == -money.totals["guest"], f"M4 {booking} hold"
    _check_shares(money, kept - lost + money.taken_back)


def _check_shares(money: Money, kept: int) -> None:
    parts = split(kept, money.booking)
    assert [-money.shares[account] for account in SHARES] == [
        parts.venue_minor, parts.fee_minor, parts.tax_minor,
    ], f"M9 {money.booking}"  # fmt: skip


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


def _check_where_it_lies(money: Money) -> None:
    """M5: what lies at providers and in the bank is what was paid, less fees, disputes and credits paid out."""
    booking, totals, disputes = money.booking, money.totals, money.disputes
    # A refund given as a credit has a row of both: the money itself stays.
    as_credit = money.refunded(channel=Refund.Channel.CREDIT)
    paid = _sum(money.payments, "captured_minor") - money.refunded() + as_credit
    gone = _sum((one for one in disputes if one.status != "won"), "withdrawn_minor")
    fees = sum(p.provider_fee_minor or 0 for p in money.payments) + _sum(disputes, "fee_minor")
    by_credit = [payment.pk for payment in money.payments if payment.provider == "credit"]
    returned = sum(money.refunded(payment_id=pk) for pk in by_credit)
    at_hand = totals["clearing"] + totals["venue_shop"] + totals["bank"]
    assert at_hand == paid - money.spent_here - gone - fees - money.paid_out, f"M5 {booking} clearing"
    credit = money.spent_here + money.paid_out + money.taken_back - money.credits - returned
    assert totals["credit"] == credit, f"M5 {booking} credit"
    _check_accounts(money)
    disputed = _sum((one for one in disputes if one.status not in ("won", "lost")), "withdrawn_minor")
    assert totals["disputed"] == disputed, f"M5 {booking} disputed"


def _check_accounts(money: Money) -> None:
    """M10: each account has what was taken there: ours in clearing, a venue's own shop's never."""
    for account, is_own in (("clearing", False), ("venue_shop", True)):
        payments = [
            p for p in money.payments if p.provider in PROVIDER_WORDS and bool(p.account_id) == is_own
        ]
        pks = {payment.pk for payment in payments}
        back = sum(money.refunded(payment_id=pk, channel="provider") for pk in pks)
        disputes = [one for one in money.disputes if one.payment_id in pks]
        gone = _sum((one for one in disputes if one.status != "won"), "withdrawn_minor") + _sum(
            disputes, "fee_minor"
        )
        fees = sum(payment.provider_fee_minor or 0 for payment in payments)
        expected = _sum(payments, "captured_minor") - back - gone - fees
        assert money.totals[account] == expected, f"M10 {money.booking} {account}"


def _check_clearing(books: dict) -> None:
    """M10: what clearing has is what our own accounts hold by the providers' books, each mode by itself."""
    ours: Counter = Counter()
    theirs: Counter = Counter()
    kept = LedgerEntry.objects.filter(
        account="clearing", transaction__kind__in=["capture", "refund", "refund_failed", "own_shop"]
    )
    columns = ("transaction__payment__provider", "currency", "is_live")
    for *key, amount in kept.values_list(*columns).annotate(Sum("amount_minor")).order_by():
        ours[tuple(key)] = amount
    known = set(Payment.objects.exclude(provider_ref="").values_list("provider_ref", flat=True))
    for provider in PROVIDER_WORDS:
        for row in books[provider]["payments"]:
            if row["id"] in known and row["account"] == "platform":
                key = (provider, row["currency"].upper(), row["mode"] == "live")
                theirs[key] += row["captured_minor"] - row["refunded_minor"]
    assert +ours == +theirs, f"M10 clearing has {dict(ours)}, our accounts hold {dict(theirs)}"


def _check_balances(stripe: dict) -> None:
    """M5: what clearing has of Stripe is what the account holds and has paid out, fees, disputes and transfers with it.

    Of each mode and currency by itself. Not asked where money of others is in the account, or was exchanged.
    """
    at_stripe = Q(transaction__payment__provider="stripe") | Q(transaction__payout__method="stripe")
    entries = LedgerEntry.objects.filter(at_stripe, account="clearing").order_by()
    ours = {
        (mode_name(is_live), currency): amount
        for is_live, currency, amount in entries.values_list("is_live", "currency").annotate(
            Sum("amount_minor")
        )
    }
    theirs = {
        (row["mode"], row["currency"].upper()): sum(
            row[f"{name}_minor"] for name in ("available", "pending", "paid_out")
        )
        for row in stripe["balances"]
    }
    known = set(Payment.objects.exclude(provider_ref="").values_list("provider_ref", flat=True))
    is_all_ours = all(row["id"] in known for row in stripe["payments"] if row["captured_minor"])
    moved = {key for key, amount in ours.items() if amount}
    if is_all_ours and moved <= theirs.keys():
        for key, held in theirs.items():
            assert ours.get(key, 0) == held, (
                f"M5 clearing has {ours.get(key, 0)} at Stripe, which has {held}: {key}"
            )


def _check_modes() -> None:
    """M11: test and real money are in no transaction, payout or credit together."""
    mixed = LedgerTransaction.objects.exclude(is_live=F("payment__is_live"))
    assert not mixed.filter(payment__isnull=False).exists(), f"M11 {list(mixed[:5])}"
    payouts = LedgerTransaction.objects.exclude(is_live=F("payout__is_live")).filter(payout__isnull=False)
    assert not payouts.exists(), f"M11 {list(payouts[:5])}"
    entries = LedgerEntry.objects.exclude(is_live=F("transaction__is_live"))
    assert not entries.exists(), f"M11 {list(entries[:5])}"
    same = Payment.objects.filter(
        booking=OuterRef("booking"), is_live=OuterRef("payout__is_live"), captured_minor__gt=0
    )
    lines = PayoutLine.objects.exclude(Exists(same))
    assert not lines.exists(), f"M11 {list(lines[:5])}"


def _check_payout(payout: Payout) -> None:
    assert _sum(payout.lines.all()) == payout.amount_minor, f"M9 {payout} is not the sum of its lines"
    entries = LedgerEntry.objects.filter(transaction__payout=payout).values_list("account")
    totals = defaultdict(int, entries.annotate(Sum("amount_minor")).order_by())
    is_back, amount = payout.status in payout.UNDONE, payout.amount_minor
    source = "clearing" if payout.method == "stripe" else "bank"
    assert totals["venue"] == (0 if is_back else amount), f"M5 {payout} venue"
    assert totals[source] == (-amount if payout.status == "paid" else 0), f"M5 {payout} {source}"


def _check_against_provider(payment: Payment, money: Money, row: dict) -> None:
    ours = (payment.captured_minor, money.refunded(payment_id=payment.pk, channel="provider"))
    assert ours == (row["captured_minor"], row["refunded_minor"]), f"C1 {payment}"
    account = payment.account.shop_id if payment.account_id else "platform"
    assert (row["account"], row["mode"]) == (account, mode_name(payment.is_live)), f"M10 {payment}"
    words = PROVIDER_WORDS[payment.provider].get(payment.status)
    assert not words or row["status"] in words, f"C1 {payment} is {row['status']} there"
    assert row["currency"].upper() == payment.currency, f"C1 {payment}"


def _check_occupancy(bookings: list[Booking]) -> None:
    rows = Counter(Occupancy.objects.exclude(reference="").values_list("reference", flat=True))
    for booking in bookings:
        expected = 1 if booking.status in BLOCKING else 0
        assert booking.session_id or rows[booking.reference] == expected, f"O3 {booking} {booking.status}"
    waiting = Booking.objects.filter(status=Status.PENDING_PAYMENT, payment_due_at=None)
    assert not waiting.exists(), "O3 a pending booking without a deadline"
    by_room: dict[int, list[Occupancy]] = {}
    for row in Occupancy.objects.filter(kind__in=["booking", "session"]).order_by("room", "period"):
        by_room.setdefault(row.room_id, []).append(row)
    for taken in by_room.values():
        for earlier, later in pairwise(taken):
            assert earlier.period.upper <= later.period.lower, f"O1 {earlier} and {later}"


def _check_history(bookings: list[Booking]) -> None:
    events_of = defaultdict(list)
    for event in BookingEvent.objects.order_by("booking", "version"):
        events_of[event.booking_id].append(event)
    for booking in bookings:
        events = events_of[booking.pk]
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
