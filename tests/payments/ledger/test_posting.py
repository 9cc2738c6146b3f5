from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookings.models import Booking
from payments.ledger import posting as ledger
from payments.models import CreditUse, LedgerEntry, LedgerTransaction, PaymentSettings, Provider, Refund
from tests.payments import books
from tests.support import factories

AMOUNTS = st.integers(min_value=0, max_value=10**12)


def balances(booking: Booking) -> dict[str, int]:
    return {
        account: total for account, total in ledger.balances(transaction__booking=booking).items() if total
    }


# --- the split, as a pure function ---------------------------------------------------------------------------


@given(kept=AMOUNTS, total=AMOUNTS, tax=AMOUNTS, percent=st.decimals(0, 100, places=2))
def test_split_parts_add_up_to_what_is_kept(kept, total, tax, percent):
    booking = Booking(total_minor=total, tax_minor=min(tax, total), fee_percent=percent)

    parts = ledger.split(kept, booking)

    assert parts.venue_minor + parts.fee_minor + parts.tax_minor == kept
    if kept <= total:
        assert min(parts.fee_minor, parts.tax_minor) >= 0
        assert parts.tax_minor <= booking.tax_minor


@given(kept=AMOUNTS)
def test_split_of_what_is_lost_is_the_mirror_of_what_is_kept(kept):
    booking = Booking(total_minor=10**12, tax_minor=7 * 10**10 + 1, fee_percent=Decimal("12.5"))

    parts, mirror = ledger.split(kept, booking), ledger.split(-kept, booking)

    assert (mirror.venue_minor, mirror.fee_minor, mirror.tax_minor) == (
        -parts.venue_minor, -parts.fee_minor, -parts.tax_minor,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kept", "tax", "percent", "parts"),
    [
        (80_000, 0, "20", (64_000, 16_000, 0)),  # an expert's 80/20
        (10_000, 0, "10", (9_000, 1_000, 0)),
        (10_000, 1_000, "10", (8_100, 900, 1_000)),
        (9_999, 0, "10", (8_999, 1_000, 0)),  # 999.9 rounds up; the venue takes the remainder
        (1, 0, "50", (0, 1, 0)),
        (0, 0, "10", (0, 0, 0)),
    ],
)
def test_split_of_known_amounts_rounds_by_the_one_rule(kept, tax, percent, parts):
    booking = Booking(total_minor=max(kept, 1), tax_minor=tax, fee_percent=Decimal(percent))

    split = ledger.split(kept, booking)

    assert (split.venue_minor, split.fee_minor, split.tax_minor) == parts


def test_split_of_a_free_booking_is_the_venues_alone():
    assert ledger.split(500, Booking(total_minor=0, fee_percent=Decimal(10))) == ledger.Split(500, 0, 0)


# --- any sequence keeps the shares equal to the split ----------------------------------------------------------

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["capture", "by hand", "refund", "fail", "dispute", "won", "lost", "credit", "fee"]),
        st.integers(min_value=1, max_value=9_999),
    ),
    max_size=8,
)


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, tax=st.integers(0, 3_000), percent=st.decimals(0, 100, places=2))
def test_any_sequence_of_movements_shares_are_the_split_of_what_is_kept(db, steps, tax, percent):
    booking = books.booking(room=_the_room(), total_minor=9_999, tax_minor=tax, fee_percent=percent)
    walk = Walk(booking)

    for verb, amount in steps:
        walk.take(verb, amount)

    assert ledger.kept_minor(booking, False) == walk.kept
    shared = LedgerEntry.objects.filter(transaction__booking=booking, transaction__kind__in=ledger.SHARING)
    totals = dict(shared.values_list("account").annotate(Sum("amount_minor")).order_by())
    parts = ledger.split(walk.kept, booking)
    assert [-totals.get(account, 0) for account in ledger.SHARES] == [
        parts.venue_minor, parts.fee_minor, parts.tax_minor,
    ]  # fmt: skip
    everything = LedgerEntry.objects.filter(transaction__booking=booking)
    assert (everything.aggregate(Sum("amount_minor"))["amount_minor__sum"] or 0) == 0


def _the_room():
    from rooms.models import Room

    return Room.objects.first() or factories.room(venue=books.payable_venue())


class Walk:
    """Takes what steps can be taken, and counts by itself what is kept."""

    def __init__(self, booking: Booking) -> None:
        self.booking, self.kept = booking, 0
        self.payments, self.refunds, self.disputes, self.feeless = [], [], [], []

    def take(self, verb: str, amount: int) -> None:
        getattr(self, f"_{verb.replace(' ', '_')}")(amount)

    def _capture(self, amount: int) -> None:
        self.payments.append(books.captured(self.booking, amount))
        self.feeless.append(self.payments[-1])
        self.kept += amount

    def _by_hand(self, amount: int) -> None:
        self.payments.append(books.captured(self.booking, amount, provider=Provider.OFFLINE))
        self.kept += amount

    def _refund(self, amount: int) -> None:
        if self.payments:
            self.refunds.append(books.refunded(self.payments[-1], amount))
            self.kept -= amount

    def _fail(self, _amount: int) -> None:
        if self.refunds:
            refund = self.refunds.pop()
            books.came_back(refund)
            self.kept += refund.amount_minor

    def _dispute(self, amount: int) -> None:
        if self.payments:
            self.disputes.append(books.disputed(self.payments[-1], amount, fee_minor=1_500))

    def _won(self, _amount: int) -> None:
        if self.disputes:
            books.ended(self.disputes.pop(), "won")

    def _lost(self, _amount: int) -> None:
        if self.disputes:
            dispute = self.disputes.pop()
            books.ended(dispute, "lost")
            self.kept -= dispute.withdrawn_minor

    def _credit(self, amount: int) -> None:
        books.credited(self.booking, amount)
        self.kept -= amount

    def _fee(self, amount: int) -> None:
        if self.feeless:
            ledger.post_processing_fee(self.feeless.pop(), self.booking, amount)


# --- where the money lies ------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestPosting:
    def test_capture_after_a_hold_lies_at_the_provider(self):
        booking = books.booking(total_minor=10_000, tax_minor=1_000)

        books.captured(booking)

        assert balances(booking) == {"clearing": 10_000, "venue": -8_100, "platform_fee": -900, "tax": -1_000}

    def test_capture_of_money_paid_by_hand_lies_in_our_bank_account(self):
        booking = books.booking()

        books.captured(booking, provider=Provider.OFFLINE)

        assert balances(booking) == {"bank": 10_000, "venue": -9_000, "platform_fee": -1_000}

    def test_refund_by_hand_leaves_our_bank_account(self):
        booking = books.booking()
        payment = books.captured(booking)

        books.refunded(payment, 10_000, channel=Refund.Channel.HAND)

        assert balances(booking) == {"clearing": 10_000, "bank": -10_000}
        assert ledger.kept_minor(booking, False) == 0

    def test_processing_fee_is_the_platforms_unless_agreed_otherwise(self):
        booking = books.booking()

        books.captured(booking, fee_minor=320)

        assert balances(booking) == {
            "clearing": 9_680, "processing_fee": 320, "venue": -9_000, "platform_fee": -1_000,
        }  # fmt: skip

    def test_processing_fee_borne_by_the_host_lowers_what_the_venue_is_owed(self):
        venue = books.payable_venue(settings={"processing_fee_bearer": PaymentSettings.FeeBearer.HOST})
        booking = books.booking(venue=venue)

        books.captured(booking, fee_minor=320)

        assert balances(booking) == {"clearing": 9_680, "venue": -8_680, "platform_fee": -1_000}
        assert ledger.kept_minor(booking, False) == 10_000

    def test_processing_fee_of_nothing_is_not_booked(self):
        booking = books.booking()

        books.captured(booking, fee_minor=0)

        assert not LedgerTransaction.objects.filter(booking=booking, kind="processing_fee").exists()

    def test_dispute_while_open_leaves_the_shares_alone(self):
        booking = books.booking()
        payment = books.captured(booking)

        books.disputed(payment, 10_000, fee_minor=1_500)

        assert balances(booking) == {
            "clearing": -1_500, "disputed": 10_000, "processing_fee": 1_500, "venue": -9_000,
            "platform_fee": -1_000,
        }  # fmt: skip
        assert ledger.kept_minor(booking, False) == 10_000

    def test_dispute_won_is_as_if_it_had_never_been_but_for_the_fee(self):
        booking = books.booking()
        dispute = books.disputed(books.captured(booking), 10_000, fee_minor=1_500)

        books.ended(dispute, "won")

        assert balances(booking) == {
            "clearing": 8_500, "processing_fee": 1_500, "venue": -9_000, "platform_fee": -1_000,
        }  # fmt: skip

    def test_dispute_lost_takes_the_shares_back(self):
        booking = books.booking()
        dispute = books.disputed(books.captured(booking), 10_000)

        books.ended(dispute, "lost")

        assert balances(booking) == {}
        assert ledger.kept_minor(booking, False) == 0

    def test_credit_given_turns_the_shares_into_a_debt(self):
        booking = books.booking()
        books.captured(booking)

        books.credited(booking, 10_000)

        assert balances(booking) == {"clearing": 10_000, "credit": -10_000}

    def test_credit_spent_elsewhere_is_shared_there_and_the_debt_ends_where_it_stood(self):
        first, second = books.booking(), books.booking()
        books.captured(first)
        credit = books.credited(first, 10_000)
        use = CreditUse.objects.create(credit=credit, booking=second, amount_minor=10_000)

        ledger.post_credit_used(use)

        assert ledger.kept_minor(second, False) == 10_000
        assert balances(second) == {"credit": 10_000, "venue": -9_000, "platform_fee": -1_000}
        assert ledger.balances(venue=first.venue, account="credit") == {"credit": 0}

    def test_credit_paid_out_by_hand_leaves_our_bank_account(self):
        booking = books.booking()
        books.captured(booking)
        use = CreditUse.objects.create(credit=books.credited(booking, 10_000), amount_minor=4_000)

        ledger.post_credit_used(use)

        assert balances(booking) == {"clearing": 10_000, "credit": -6_000, "bank": -4_000}

    def test_posting_twice_is_refused_and_leaves_one(self):
        booking = books.booking()
        payment = books.captured(booking, fee_minor=320)

        with pytest.raises(IntegrityError), transaction.atomic():
            ledger.post_processing_fee(payment, booking, 320)

        assert LedgerTransaction.objects.filter(booking=booking, kind="processing_fee").count() == 1


@pytest.mark.django_db(transaction=True)
def test_transaction_that_does_not_balance_is_refused_by_the_database():
    booking = books.booking()

    with pytest.raises(IntegrityError, match="does not balance"), transaction.atomic():
        ledger._post("odd", "capture", {"clearing": 100, "venue": -99}, booking=booking)

    assert LedgerTransaction.objects.count() == 0
