import datetime as dt
import threading

import pytest
from django.db import connection
from django.db.models import Sum

from core import clock
from core.sweeps import RowsFailed
from payments.ledger import posting as ledger
from payments.models import LedgerEntry, PaymentSettings, Payout, PayoutRun, PayoutSkip
from payments.payouts import services as payouts
from payments.payouts.due import preview
from rooms.models import Venue
from tests.payments import books
from tests.support import factories
from tests.support.invariants import check_books

pytestmark = pytest.mark.django_db

Status, Reason = Payout.Status, PayoutSkip.Reason


def run(*, minutes: float = 0) -> PayoutRun:
    """A whole run whose cutoff is some minutes ahead."""
    begun = payouts.begin_run(cutoff_at=clock.now() + dt.timedelta(minutes=minutes))
    payouts.continue_run()
    begun.refresh_from_db()
    return begun


def lines(payout: Payout) -> dict[int, int]:
    return dict(payout.lines.values_list("booking_id", "amount_minor"))


def owed_minor(venue: Venue) -> int:
    return -ledger.balances(venue=venue, account="venue").get("venue", 0)


# --- what is paid ---------------------------------------------------------------------------------------------


def test_run_pays_each_venue_its_bookings_and_posts_them():
    venue = books.payable_venue()
    first, second = books.booking(venue=venue), books.booking(venue=venue, total_minor=5_000)
    books.captured(first)
    books.captured(second)

    made = run()

    payout = Payout.objects.get()
    assert (payout.run, payout.venue, payout.currency, payout.amount_minor) == (made, venue, "EUR", 13_500)
    assert (payout.status, payout.method, payout.destination) == ("ready", "bank", "2606")
    assert lines(payout) == {first.pk: 9_000, second.pk: 4_500}
    assert ledger.balances(transaction__payout=payout) == {"venue": 13_500, "payout": -13_500}
    assert owed_minor(venue) == 0
    assert made.finished_at is not None
    check_books()


def test_run_again_pays_nothing_twice():
    venue = books.payable_venue()
    books.captured(books.booking(venue=venue))

    run()
    run(minutes=1)

    assert Payout.objects.count() == 1


def test_booking_within_the_venues_delay_waits():
    venue = books.payable_venue(settings={"payout_delay_hours": 72})
    books.captured(books.booking(venue=venue, days_ago=3.01, total_minor=7_000))
    books.captured(books.booking(venue=venue, days_ago=2.99))

    run()

    assert Payout.objects.get().amount_minor == 6_300


def test_refund_after_a_payout_is_taken_from_the_next():
    venue = books.payable_venue()
    paid, later = books.booking(venue=venue), books.booking(venue=venue, total_minor=20_000)
    payment = books.captured(paid)
    run()
    books.refunded(payment, 10_000)
    books.captured(later)

    run(minutes=1)

    payout = Payout.objects.latest("pk")
    assert payout.amount_minor == 9_000
    assert lines(payout) == {paid.pk: -9_000, later.pk: 18_000}
    assert owed_minor(venue) == 0
    check_books()


def test_sum_below_zero_is_carried_on_and_taken_from_what_comes():
    venue = books.payable_venue()
    paid, later = books.booking(venue=venue), books.booking(venue=venue, total_minor=20_000)
    payment = books.captured(paid)
    run()
    books.refunded(payment, 10_000)

    second = run(minutes=1)
    books.captured(later)
    run(minutes=2)

    skip = PayoutSkip.objects.get()
    assert (skip.run, skip.amount_minor, skip.reason) == (second, -9_000, Reason.NEGATIVE)
    assert Payout.objects.latest("pk").amount_minor == 9_000
    check_books()


def test_booking_with_an_open_dispute_is_frozen_until_the_case_ends():
    venue = books.payable_venue()
    booking, other = books.booking(venue=venue), books.booking(venue=venue)
    payment = books.captured(booking)
    books.captured(other)
    dispute = books.disputed(payment, 10_000)

    run()
    books.ended(dispute, "won")
    run(minutes=1)

    amounts = [lines(payout) for payout in Payout.objects.order_by("pk")]
    assert amounts == [{other.pk: 9_000}, {booking.pk: 9_000}]
    check_books()


def test_dispute_lost_after_the_payout_is_taken_back():
    venue = books.payable_venue()
    payment = books.captured(books.booking(venue=venue))
    run()
    books.ended(books.disputed(payment, 10_000), "lost")
    later = books.booking(venue=venue, total_minor=30_000)
    books.captured(later)

    run(minutes=1)

    assert lines(Payout.objects.latest("pk")) == {payment.booking_id: -9_000, later.pk: 27_000}
    check_books()


def test_processing_fee_borne_by_the_host_is_not_paid_out():
    venue = books.payable_venue(settings={"processing_fee_bearer": PaymentSettings.FeeBearer.HOST})
    books.captured(books.booking(venue=venue), fee_minor=320)

    run()

    assert Payout.objects.get().amount_minor == 8_680


def test_expert_is_paid_eighty_of_a_hundred():
    venue = books.payable_venue(currency="USD")
    books.captured(books.booking(venue=venue, total_minor=80_000, fee_percent="20"))

    run()

    payout = Payout.objects.get()
    assert (payout.amount_minor, payout.currency) == (64_000, "USD")


def test_booking_rescheduled_after_its_payout_and_refunded_is_netted_though_it_has_not_begun():
    venue = books.payable_venue()
    booking = books.booking(venue=venue)
    payment = books.captured(booking)
    books.captured(books.booking(venue=venue, total_minor=30_000))
    run()
    booking.starts_at, booking.ends_at = (clock.now() + dt.timedelta(days=n) for n in (9, 10))
    booking.save(update_fields=["starts_at", "ends_at"])
    books.refunded(payment, 5_000)

    run(minutes=1)

    assert PayoutSkip.objects.get().amount_minor == -4_500


# --- who waits ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"payout_minimum_minor": 9_001}, Reason.BELOW_MINIMUM),
        ({"bank_account": ""}, Reason.NO_DETAILS),
        ({"account_holder": ""}, Reason.NO_DETAILS),
        ({"payout_method": "stripe"}, Reason.NO_DETAILS),
    ],
)
def test_venue_that_cannot_be_paid_waits_with_its_reason(settings, reason):
    venue = books.payable_venue(settings=settings)
    books.captured(books.booking(venue=venue))

    made = run()

    skip = PayoutSkip.objects.get()
    assert (skip.run, skip.venue, skip.amount_minor, skip.reason) == (made, venue, 9_000, reason)
    assert not Payout.objects.exists()
    assert owed_minor(venue) == 9_000


def test_venue_without_any_settings_waits_for_its_details():
    venue = factories.venue()
    books.captured(books.booking(venue=venue))

    run()

    assert PayoutSkip.objects.get().reason == Reason.NO_DETAILS


def test_sum_of_exactly_the_minimum_is_paid():
    venue = books.payable_venue(settings={"payout_minimum_minor": 9_000})
    books.captured(books.booking(venue=venue))

    run()

    assert Payout.objects.get().amount_minor == 9_000


def test_preview_says_what_the_run_then_does():
    venue, poor = books.payable_venue(), books.payable_venue(settings={"bank_account": ""})
    books.captured(books.booking(venue=venue))
    books.captured(books.booking(venue=venue))
    books.captured(books.booking(venue=poor))

    seen = list(preview(clock.now()))
    run()

    assert [(due.venue_id, due.amount_minor, due.bookings, due.reason) for due in seen] == [
        (venue.pk, 18_000, 2, ""),
        (poor.pk, 9_000, 1, Reason.NO_DETAILS),
    ]
    assert Payout.objects.get().amount_minor == 18_000
    assert PayoutSkip.objects.get().venue == poor


# --- one at a time, and to the end ----------------------------------------------------------------------------


def test_run_interrupted_after_a_venue_goes_on_with_the_next():
    venues = [books.payable_venue() for _ in range(3)]
    for venue in venues:
        books.captured(books.booking(venue=venue))
    begun = payouts.begin_run()
    payouts.pay_venue(begun, venues[0].pk)

    assert payouts.continue_run(seconds=-1).finished_at is None
    payouts.continue_run()

    assert list(Payout.objects.order_by("pk").values_list("venue", flat=True)) == [v.pk for v in venues]
    assert not PayoutRun.objects.filter(finished_at=None).exists()
    check_books()


def test_second_run_while_one_is_under_way_is_refused():
    payouts.begin_run()

    with pytest.raises(payouts.PayoutError, match="under way"):
        payouts.begin_run(cutoff_at=clock.now() + dt.timedelta(hours=1))

    assert PayoutRun.objects.count() == 1


def test_one_venues_trouble_does_not_keep_the_others_waiting():
    broken, fine = books.payable_venue(), books.payable_venue()
    for venue in (broken, fine):
        books.captured(books.booking(venue=venue))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE payments_paymentsettings SET bank_account = 'of a lost key' WHERE venue_id = %s",
            [broken.pk],
        )

    with pytest.raises(RowsFailed, match=f"1 failed: _try_to_pay venue {broken.pk}$"):
        run()

    assert PayoutRun.objects.get().finished_at
    assert Payout.objects.get().venue == fine
    assert PayoutSkip.objects.get().reason == Reason.TROUBLE
    assert owed_minor(broken) == 9_000


@pytest.mark.django_db(transaction=True)
def test_eight_workers_at_one_run_pay_each_venue_once():
    venues = [books.payable_venue() for _ in range(4)]
    for venue in venues:
        books.captured(books.booking(venue=venue))
    begun = payouts.begin_run()

    def work() -> None:
        try:
            payouts.continue_run()
            for venue in venues:
                payouts.pay_venue(begun, venue.pk)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)

    assert sorted(Payout.objects.values_list("venue", flat=True)) == [venue.pk for venue in venues]
    assert all(owed_minor(venue) == 0 for venue in venues)
    check_books()


def test_many_bookings_take_as_many_queries_as_one(django_assert_num_queries):
    venue = books.payable_venue()
    room = factories.room(venue=venue)
    for _ in range(20):
        books.captured(books.booking(room=room))
    begun = payouts.begin_run()

    with django_assert_num_queries(
        10
    ):  # savepoint twice, venue, changes of its payee, settings, time-out, statement, payout, ledger's two
        payouts.pay_venue(begun, venue.pk)

    assert Payout.objects.get().lines.count() == 20


# --- what becomes of a payout ---------------------------------------------------------------------------------


@pytest.fixture
def payout() -> Payout:
    venue = books.payable_venue()
    books.captured(books.booking(venue=venue))
    run()
    return Payout.objects.get()


def test_paid_payout_leaves_our_bank_account(payout):
    staff = factories.staff()

    payouts.close(payout.pk, Status.PAID, by=staff)

    payout.refresh_from_db()
    assert (payout.status, payout.closed_by) == ("paid", staff)
    assert ledger.balances(transaction__payout=payout) == {"venue": 9_000, "payout": 0, "bank": -9_000}
    check_books()


def test_failed_payout_is_owed_again_and_paid_by_the_next_run(payout):
    payouts.close(payout.pk, Status.FAILED, reason="Account closed", by=factories.staff())

    run(minutes=1)

    payout.refresh_from_db()
    again = Payout.objects.latest("pk")
    assert (payout.status, payout.error) == ("failed", "Account closed")
    assert (again.amount_minor, lines(again)) == (9_000, lines(payout))
    assert again.key != payout.key
    check_books()


def test_returned_payout_comes_back_to_our_bank_account_and_is_owed_again(payout):
    payouts.close(payout.pk, Status.PAID)

    payouts.close(payout.pk, Status.RETURNED, reason="Account closed")

    assert set(ledger.balances(transaction__payout=payout).values()) == {0}
    assert owed_minor(payout.venue) == 9_000
    check_books()


@pytest.mark.parametrize(
    ("done", "then"),
    [
        (["paid"], "paid"),
        (["paid"], "failed"),
        ([], "returned"),
        (["failed"], "paid"),
        (["failed"], "failed"),
        (["paid", "returned"], "returned"),
        (["paid", "returned"], "paid"),
    ],
)
def test_payout_cannot_end_twice(payout, done, then):
    for status in done:
        payouts.close(payout.pk, status)
    before = LedgerEntry.objects.aggregate(Sum("pk"))

    with pytest.raises(payouts.PayoutError):
        payouts.close(payout.pk, then)

    assert LedgerEntry.objects.aggregate(Sum("pk")) == before
    check_books()


def test_staff_cannot_call_a_stripe_transfer_paid():
    venue = books.payable_venue(settings={"payout_method": "stripe", "stripe_account_ref": "acct_1"})
    books.captured(books.booking(venue=venue))
    run()
    payout = Payout.objects.get()

    with pytest.raises(payouts.PayoutError, match="Stripe"):
        payouts.close(payout.pk, Status.PAID, by=factories.staff())

    assert (payout.method, payout.destination) == ("stripe", "acct_1")
