import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import clock
from payments.ledger import checkpoints
from payments.models import LedgerEntry, Payout
from payments.payouts import services as payouts
from payments.payouts.balance import Balance, balance_of
from payments.payouts.due import preview
from tests.payments import books
from tests.support import factories

pytestmark = pytest.mark.django_db


def run() -> Payout:
    payouts.begin_run()
    payouts.continue_run()
    return Payout.objects.latest("pk")


def test_venue_without_bookings_has_nothing_of_its_own_currency():
    assert balance_of(factories.venue(currency="UZS")) == [Balance("UZS")]


def test_balance_parts_what_is_due_from_what_waits():
    venue = books.payable_venue()
    books.captured(books.booking(venue=venue))
    books.captured(books.booking(venue=venue, total_minor=5_000, days_ago=0.5))
    books.captured(books.booking(venue=venue, total_minor=2_000, days_ago=-9))
    books.disputed(books.captured(books.booking(venue=venue, total_minor=3_000)), 3_000)

    assert balance_of(venue) == [
        Balance("EUR", available_minor=9_000, pending_minor=6_300, frozen_minor=2_700)
    ]


def test_available_is_what_a_run_would_pay():
    venue = books.payable_venue()
    for days_ago in (5, 2, 0.5, -3):
        books.captured(books.booking(venue=venue, days_ago=days_ago))
    books.disputed(books.captured(books.booking(venue=venue)), 10_000)

    [due] = preview(clock.now(), venue_id=venue.pk)

    assert balance_of(venue)[0].available_minor == due.amount_minor == 18_000


def test_payout_moves_from_available_to_its_way_to_paid_out():
    venue = books.payable_venue()
    books.captured(books.booking(venue=venue))
    payout = run()

    under_way = balance_of(venue)
    payouts.close(payout.pk, Payout.Status.PAID)

    assert under_way == [Balance("EUR", in_transit_minor=9_000)]
    assert balance_of(venue) == [Balance("EUR", paid_out_minor=9_000)]


def test_refund_after_the_payout_leaves_less_than_nothing():
    venue = books.payable_venue()
    payment = books.captured(books.booking(venue=venue))
    payouts.close(run().pk, Payout.Status.PAID)

    books.refunded(payment, 10_000)

    assert balance_of(venue) == [Balance("EUR", available_minor=-9_000, paid_out_minor=9_000)]


def test_paid_booking_that_is_disputed_freezes_nothing_that_is_not_there():
    venue = books.payable_venue()
    payment = books.captured(books.booking(venue=venue))
    payouts.close(run().pk, Payout.Status.PAID)

    books.disputed(payment, 10_000)

    assert balance_of(venue) == [Balance("EUR", paid_out_minor=9_000)]


def test_balance_in_two_currencies_keeps_them_apart():
    venue = books.payable_venue()
    books.captured(books.booking(venue=venue))
    books.captured(books.booking(venue=venue, currency="USD", total_minor=2_000))

    assert balance_of(venue) == [Balance("EUR", available_minor=9_000), Balance("USD", available_minor=1_800)]


def test_balance_takes_the_same_queries_for_many_bookings():
    venue = books.payable_venue()
    room = factories.room(venue=venue)
    books.captured(books.booking(room=room))

    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            balance_of(venue)
        return len(captured)

    before = count()
    for _ in range(5):
        books.captured(books.booking(room=room))
    checkpoints.take(venue.pk, LedgerEntry.objects.latest("pk").pk)

    assert count() == before <= 6
